"""The names of `typing` that this package uses. Only a type checker needs what they mean, and loading
`typing` would add a fifteenth to a check."""

from __future__ import annotations

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import IO as IO
    from typing import Any as Any
    from typing import AnyStr as AnyStr
    from typing import Literal as Literal
    from typing import Protocol as Protocol
    from typing import TypeVar as TypeVar
    from typing import cast as cast
else:
    IO = Any = AnyStr = Literal = None

    class Protocol:
        """What a class like this would promise is checked before it runs."""

    def TypeVar(name):  # noqa: N802
        """A name in annotations, which are not evaluated."""
        return name

    def cast(kind, value):
        return value
