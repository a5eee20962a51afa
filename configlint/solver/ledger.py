"""The table of origins while it is being filled."""

from __future__ import annotations

from collections.abc import Callable

from configlint.core.plan import Origin, argument_path
from configlint.core.release import Release
from configlint.core.script import script_of
from configlint.core.spec import Spec
from configlint.core.typing import TypeVar

T = TypeVar("T")


class Ledger:
    """Every value of a plan passes through here, so that none is without an origin."""

    def __init__(self, spec: Spec, release: Release) -> None:
        self.spec = spec
        self.release = release
        self.script = script_of(spec, release)
        self.origins: dict[str, Origin] = {}
        self._says_all = "*" in spec.dialect.names  # asked for each value of a plan

    def given(self, path: str, accept: Callable[[object], T | None]) -> T | None:
        """What the user wrote at `path`, if `accept` can make a value of it."""
        setting = self.spec.settings.get(path)
        value = accept(setting.value) if setting and not setting.mapping else None
        if value is not None:
            self.origins[path] = Origin(value, "given", setting=setting)
        return value

    def given_or(self, path: str, accept: Callable[[object], T | None], default: T, why: str) -> T | None:
        """Likewise, with a default where nothing was written; None where something wrong was, or where it is said
        elsewhere than in such a file."""
        if path in self.spec.settings:
            return self.given(path, accept)
        is_said = self._says_all or self.spec.dialect.route(path) or path.rpartition(".")[0] in self.spec.settings
        if not is_said:
            return None
        return self.default(path, default, why)

    def default(self, path: str, value: T, why: str) -> T:
        self.origins[path] = Origin(value, "default", why)
        return value

    def meant(self, path: str, value: object) -> None:
        """What the user wrote at `path` is another name of `value`."""
        origin = self.origins.get(path)
        if origin is not None and origin.value != value:
            self.origins[path] = origin._replace(value=value, why=f"as {origin.value}")

    def path(self, name: str) -> str:
        """Where an argument of the trainer's class stands: under the name that was written, or the release's."""
        return argument_path(self.spec, self.release, name)

    def argument(self, name: str, accept: Callable[[object], T | None]) -> T | None:
        """An argument of the trainer's class, as written or by the class's default."""
        path = self.path(name)
        if path in self.spec.settings:
            return self.given(path, accept)
        if self.spec.open:
            return None
        found = self.release.arguments.get(path.rpartition(".")[2])
        value = accept(self.release.default(name))
        if value is not None:
            owner = "TRL" if found and found.layer.package == "trl" else "the Trainer"
            self.origins[path] = Origin(value, "default", f"{owner}'s default")
        return value

    def derived(self, path: str, value: T | None, formula: str, *inputs: str) -> T | None:
        """A computed value; `formula` is over the last names of `inputs`, which are paths."""
        if value is not None:
            self.origins[path] = Origin(value, "derived", formula, inputs)
        return value
