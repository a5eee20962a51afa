"""What a project says of all its files: its settings, and the releases that it pins.

Both are looked for in the folder of a file and upward, not beyond the root of its repository; the nearest counts.
"""

from __future__ import annotations

import os
from collections.abc import Collection

from configlint.core.errors import UsageError
from configlint.core.record import NamedTuple
from configlint.core.selecting import Selection, unknown
from configlint.core.spec import Setting
from configlint.core.wording import in_a_line
from configlint.project.settings import Settings, settings_in, settings_of

__all__ = ["NO_OPTIONS", "Options", "Projects", "Settings"]

_MAY_PIN = (".lock", ".toml", ".txt", "setup.py")


class Project(NamedTuple):
    """What holds in a folder: the settings, the releases that are pinned, and the environment that is there."""

    settings: Settings
    pins: dict[str, Setting]
    environment: str | None = None


class Options(NamedTuple):
    """What the command line says in place of settings (`select`, the settings file of `config`, none of any with
    `isolated`) or beside them (`ignore`, `exclude`), and whether no ignore comment holds."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    config: str | None = None
    isolated: bool = False
    no_ignores: bool = False


NO_OPTIONS = Options()


class Projects:
    """The projects of a run; each folder is looked at once. `rules` are the names that settings may select.

    Raises:
        UsageError: the options name an unknown rule, or a file that has no settings.
    """

    def __init__(self, options: Options = NO_OPTIONS, rules: Collection[str] = ()) -> None:
        for option, names in (("--select", options.select), ("--ignore", options.ignore)):
            if problem := next(filter(None, (unknown(name, rules) for name in names)), None):
                raise UsageError(f"{option}: {in_a_line(problem)}")
        self._options, self._rules = options, rules
        self._fixed = Settings() if options.isolated else None
        if options.config is not None:
            self._fixed = settings_of(options.config, rules)
        self._named = Settings(None, {"exclude": list(options.exclude)}) if options.exclude else Settings()
        self._found: dict[str, Project] = {}

    def excludes(self, path: str) -> bool:
        """Whether a file is passed over, by settings or options."""
        return self.settings(path).excludes(path) or self._named.excludes(path)

    def selection(self, path: str) -> Selection:
        """Which rules count for a file."""
        found, options = self.settings(path).selection(path), self._options
        if options.select:
            found = found._replace(select=options.select, ignore=self.settings(path).ignored_in(path))
        return found._replace(ignore=(*found.ignore, *options.ignore)) if options.ignore else found

    def settings(self, path: str) -> Settings:
        """Those of the folder that a file is in.

        Raises:
            UsageError: there is no reading them.
        """
        return self._fixed or self._of(os.path.dirname(path)).settings

    def pins(self, path: str) -> dict[str, Setting]:
        """The releases that are pinned for a file, by package."""
        return self._of(os.path.dirname(path)).pins

    def releases(self, path: str) -> dict[str, str]:
        """The releases that the project states for a file, by package: its settings before what it pins."""
        stated = self.pins(path) | self.settings(path).releases
        return {package: str(setting.value) for package, setting in stated.items()}

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
        found = None if self._fixed else settings_in(folder, names, self._rules)
        return Project(found or above.settings, pinned, environment)
