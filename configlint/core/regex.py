"""Regular expressions that are compiled when they are first used: a start uses few of those that it loads."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from configlint.core.typing import Any, AnyStr, cast


class _Pattern:
    def __init__(self, *arguments: Any) -> None:
        self._arguments = arguments

    def __getattr__(self, name: str) -> Any:
        # The attribute is the compiled pattern's own from then on.
        self.__dict__[name] = found = getattr(re.compile(*self._arguments), name)
        return found


def regex(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """What `re.compile` gives, except that an error in it is raised when it is used."""
    return cast("re.Pattern[AnyStr]", _Pattern(text, flags))


@contextmanager
def postponed(package: str) -> Iterator[None]:
    """Inside, what the modules of that package compile is compiled when it is used."""
    compile = re.compile

    def later(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
        caller = sys._getframe(1).f_globals["__name__"]
        return (regex if caller.startswith(f"{package}.") else compile)(text, flags)

    re.compile = later  # type: ignore[assignment]
    try:
        yield
    finally:
        re.compile = compile
