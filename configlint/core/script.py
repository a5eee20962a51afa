"""A script of TRL's own: what its parser has beside the trainer's class, and what the script makes of it."""

from __future__ import annotations

from configlint.core.record import NamedTuple
from configlint.core.release import Argument, Layer, Release
from configlint.core.spec import Spec


class Script(NamedTuple):
    """`parser` has the script's arguments over TRL's releases, `release` those of the trainer's class."""

    module: str
    parser: Layer
    release: Release

    def argument(self, name: str) -> Argument | None:
        """An argument that its parser has in this release."""
        return self.parser.get(name)

    def reads(self, name: str) -> bool:
        """Whether the script makes anything of it: some take arguments that only the scripts of other trainers
        read."""
        argument = self.parser.get(name)
        return argument is not None and argument.facts.get("read", (0, 0)) <= self.parser.version

    def default(self, name: str) -> object:
        """What the script makes of an argument that is left out; None where that is not known."""
        argument = self.parser.get(name) if self.reads(name) else None
        return argument.default if argument else None


def script_of(spec: Spec, release: Release) -> Script | None:
    """The script that a spec launches, if it is one of TRL's own that builds the spec's trainer."""
    module = spec.settings.get("launch.module")
    if module is None or module.value != release.trainer.script or "launch.script" in spec.settings:
        return None
    parser = release.others.get(str(module.value))
    return Script(str(module.value), parser, release) if parser and parser.is_there else None
