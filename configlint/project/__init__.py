"""What a project says of all its files: its settings, and the releases that it pins.

Both are looked for in the folder of a file and upward, not beyond the root of its repository; the nearest counts.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from configlint.core.spec import Setting
from configlint.project.settings import Settings, settings_in

__all__ = ["Projects", "Settings"]

_MAY_PIN = (".lock", ".toml", ".txt", "setup.py")


class Project(NamedTuple):
    """What holds in a folder: the settings, the releases that are pinned, and the environment that is there."""

    settings: Settings
    pins: dict[str, Setting]
    environment: str | None = None


class Projects:
    """The projects of a run; each folder is looked at once."""

    def __init__(self) -> None:
        self._found: dict[str, Project] = {}

    def settings(self, path: str) -> Settings:
        """Those of the folder that a file is in.

        Raises:
            UsageError: there is no reading them.
        """
        return self._of(os.path.dirname(path)).settings

    def pins(self, path: str) -> dict[str, Setting]:
        """The releases that are pinned for a file, by package."""
        return self._of(os.path.dirname(path)).pins

    def environment(self, path: str) -> str | None:
        """The virtual environment of a file's project, if there is one."""
        return self._of(os.path.dirname(path)).environment

    def _of(self, folder: str) -> Project:
        """What holds in a folder, under the name that it is called by."""
        if folder not in self._found:
            place = os.path.abspath(folder)
            self._found[folder] = self._look(place) if folder == place else self._of(place)
        return self._found[folder]

    def _look(self, folder: str) -> Project:
        try:
            names = set(os.listdir(folder))
        except OSError:
            names = set()
        above = Project(Settings(), {})
        parent = os.path.dirname(folder)
        if ".git" not in names and parent != folder:
            above = self._of(parent)
        pinned = above.pins
        if any(name.endswith(_MAY_PIN) for name in names):
            from configlint.project.pins import pins

            pinned = pinned | pins(folder, names)
        environment = os.path.join(folder, ".venv") if ".venv" in names else above.environment
        return Project(settings_in(folder, names) or above.settings, pinned, environment)
