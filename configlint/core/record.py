"""`NamedTuple`, made for a tenth of what `typing` takes: that compiles each annotation and each constructor, and a
start makes sixty of these."""

from __future__ import annotations

from configlint.core.typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple
else:
    from functools import cache
    from operator import itemgetter
    from types import FunctionType

    try:
        from _collections import _tuplegetter
    except ImportError:

        def _tuplegetter(number, doc):
            return property(itemgetter(number), doc=doc)

    class _Record(tuple):
        """What all named tuples can do."""

        __slots__ = ()

        @classmethod
        def _make(cls, values):
            made = tuple.__new__(cls, values)
            if len(made) != len(cls._fields):
                raise TypeError(f"{cls.__name__} has {len(cls._fields)} fields, got {len(made)}")
            return made

        def _replace(self, /, **changes):
            changed = tuple.__new__(type(self), map(changes.pop, self._fields, self))
            if changes:
                raise TypeError(f"{type(self).__name__} has no field {', '.join(changes)}")
            return changed

        def _asdict(self):
            return dict(zip(self._fields, self, strict=True))

        def __getnewargs__(self):
            return tuple(self)

        def __repr__(self):
            values = (f"{field}={value!r}" for field, value in zip(self._fields, self, strict=True))
            return f"{type(self).__name__}({', '.join(values)})"

    class _Maker(type):
        def __new__(cls, name, bases, body):
            if not bases:
                return super().__new__(cls, name, bases, body)
            fields = tuple(body["__annotations__"])
            defaults = {field: body[field] for field in fields if field in body}
            assert fields[len(fields) - len(defaults) :] == tuple(defaults), (
                f"{name}: a default before a field without"
            )
            body |= {field: _tuplegetter(number, None) for number, field in enumerate(fields)}
            body |= {"_fields": fields, "__match_args__": fields, "_field_defaults": defaults, "__slots__": ()}
            body["__new__"] = _constructor(fields, tuple(defaults.values()))
            return type(name, (_Record, *bases[1:]), body)

    class NamedTuple(metaclass=_Maker):
        __slots__ = ()

    def _constructor(fields, defaults):
        """The constructor of that many fields, with these names."""
        code = _code(len(fields)).replace(co_varnames=("cls", *fields), co_name="__new__")
        return FunctionType(code, {"new": tuple.__new__}, "__new__", defaults)

    @cache
    def _code(count):
        names = "".join(f"_{number}, " for number in range(count))
        return eval(f"lambda cls, {names}: new(cls, ({names}))").__code__
