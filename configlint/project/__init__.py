"""What a project says of all its files: its settings, and the releases that it pins.

Both are looked for in the folder of a file and upward, not beyond the root of its repository; the nearest counts.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from configlint.core.spec import Setting
from configlint.project.pins import pins
from configlint.project.settings import Settings, settings_in

__all__ = ["Project", "Projects", "Settings"]


class Project(NamedTuple):
    """What holds in a folder: settings by their file's, pins by package."""

    settings: Settings
    pins: dict[str, Setting]


class Projects:
    """The projects of a run; each folder is looked at once."""

    def __init__(self) -> None:
        self._found: dict[str, Project] = {}

    def of(self, path: str) -> Project:
        """That of the folder that a file is in.

        Raises:
            UsageError: there is no reading the settings.
        """
        return self._of_folder(os.path.dirname(os.path.abspath(path)))

    def _of_folder(self, folder: str) -> Project:
        if folder not in self._found:
            self._found[folder] = self._look(folder)
        return self._found[folder]

    def _look(self, folder: str) -> Project:
        try:
            names = set(os.listdir(folder))
        except OSError:
            names = set()
        above, parent = Project(Settings(), {}), os.path.dirname(folder)
        if ".git" not in names and parent != folder:
            above = self._of_folder(parent)
        return Project(settings_in(folder, names) or above.settings, {**above.pins, **pins(folder, names)})
