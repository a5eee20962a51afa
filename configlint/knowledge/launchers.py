"""What is known of launchers, by the words of `launch.launcher`."""

from __future__ import annotations

from configlint.core.record import NamedTuple
from configlint.knowledge._generated.launchers import ROWS


class Launcher(NamedTuple):
    """How a launcher is called; what each trait means stands in launchers.yaml."""

    package: str
    command: tuple[str, ...]
    rendezvous: tuple[str, str, str]
    one_node: tuple[str, ...] = ()
    several_nodes: tuple[str, ...] = ()
    config: tuple[str, str] | None = None

    @property
    def file(self) -> str | None:
        """The name of its own file, where it has one."""
        return self.config[1] if self.config else None


def find_launcher(name: str | None) -> Launcher:
    """The launcher of that name; of another word, which is an error, the default."""
    return Launcher(**ROWS.get(name or "", next(iter(ROWS.values()))))
