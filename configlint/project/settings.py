"""`[tool.configlint]` in pyproject.toml, or configlint.toml: read, checked, each value at its line."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from functools import cache, cached_property

from configlint import __version__
from configlint.core.errors import UsageError
from configlint.core.regex import postponed, regex
from configlint.core.selecting import Selection, unknown
from configlint.core.source import Source, Span
from configlint.core.spec import Setting
from configlint.core.typing import TYPE_CHECKING, Any
from configlint.core.wording import code, in_a_line, listing, nearest
from configlint.frontends import FRONT_ENDS
from configlint.host.read import read_bytes, readable, reason

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

_TABLE = "tool.configlint"
_FILES = ("configlint.toml", "pyproject.toml")
_HARDWARE = r"(?:(\d+)x)?(\d+)x(.+)"
_NOUNS = {"string": "a string", "array": "a list of strings", "object": "a table"}
# As in schemas/settings.schema.json; what is not in this form is said by that.
_OPERATION = r"(==|!=|<=?|>=?|~=(?= *[0-9]+\.)) *([0-9]+(?:\.[0-9]+)*)"
_RANGE = rf" *{_OPERATION}(?: *, *{_OPERATION})* *"
# What a pattern of the schema asks for, by key.
FORMS = {
    "transformers": 'a release such as "5.23"',
    "trl": 'a release such as "1.16"',
    "required-version": 'a range of versions such as ">=0.1,<0.2"',
    "hardware": 'devices and accelerator, such as "8xa100-80gb" or, with nodes, "4x8xh100-80gb"',
}


class Settings:
    """The settings of one file, with globs that are relative to its folder; without one, none of anything."""

    def __init__(
        self, source: Source | None = None, values: dict[str, Any] | None = None, folder: str = ""
    ) -> None:
        self.source, self.values, self.folder = source, values or {}, folder

    @cached_property
    def releases(self) -> dict[str, Setting]:
        """The releases that they state, by package."""
        return {key: self._setting(key, self.values[key]) for key in ("transformers", "trl") if key in self.values}

    @cached_property
    def hardware(self) -> dict[str, Setting]:
        """The hardware, for files that cannot say it."""
        said = self.values.get("hardware")
        return {path: self._setting("hardware", value) for path, value in machine(said).items()} if said else {}

    def excludes(self, path: str) -> bool:
        return "exclude" in self.values and self._matches(self.values["exclude"], path)

    def includes(self, path: str) -> bool:
        return "include" not in self.values or self._matches(self.values["include"], path)

    def dialect(self, path: str) -> str | None:
        """The dialect that a file is said to be of."""
        formats: dict[str, str] = self.values.get("format", {})
        return next((name for glob, name in formats.items() if self._matches([glob], path)), None)

    def selection(self, path: str) -> Selection:
        """Which rules count for a file."""
        here = self.ignored_in(path)
        return self._selection._replace(ignore=(*self._selection.ignore, *here)) if here else self._selection

    def ignored_in(self, path: str) -> tuple[str, ...]:
        """What `per-file` says of a file."""
        per_file: dict[str, list[str]] = self.values.get("per-file", {})
        return tuple(name for glob, names in per_file.items() if self._matches([glob], path) for name in names)

    @cached_property
    def _selection(self) -> Selection:
        select = tuple(self.values["select"]) if "select" in self.values else None
        return Selection(select, tuple(self.values.get("ignore", ())), self.values.get("severity", {}))

    def _matches(self, patterns: list[str], path: str) -> bool:
        relative = os.path.relpath(os.path.abspath(path), self.folder).replace(os.sep, "/")
        if not any(_could_match(pattern, relative) for pattern in patterns):
            return False
        return _compiled(tuple(patterns)).match_file(relative)

    def _setting(self, key: str, value: object) -> Setting:
        assert self.source is not None
        span = _place(self.source, key)
        return Setting(value, (key,), span, span)


def _could_match(pattern: str, path: str) -> bool:
    """Whether a path has what a pattern has beside its wildcards: for most this is all there is to ask."""
    if "[" in pattern or "\\" in pattern:
        return True
    return all(part in path for part in re.split(r"[*?/!]+", pattern.strip()))


@cache
def _compiled(patterns: tuple[str, ...]) -> GitIgnoreSpec:
    from configlint.host.patterns import compiled  # 20 ms

    return compiled(patterns)


def machine(said: str) -> dict[str, object]:
    """What `8xa100-80gb` or `4x8xh100-80gb` says of the machine, by canonical paths; nothing where it is not in
    this form. Nothing else than data parallelism is meant by it."""
    match = re.fullmatch(_HARDWARE, said)
    if match is None:
        return {}
    nodes, devices, accelerator = match.groups()
    return {
        "hardware.accelerator": accelerator.lower(),
        "hardware.devices_per_node": int(devices),
        "hardware.nodes": int(nodes or 1),
        "hardware.reserved": 0,
        "parallel.tensor": 1,
        "parallel.context": 1,
        "parallel.sequence": 1,
    }


def settings_in(folder: str, names: set[str], rules: Collection[str]) -> Settings | None:
    """The settings in a folder that has files of these names; None where it has none. `rules` are the names that
    they may select.

    Raises:
        UsageError: there is no reading them, or they are not as they must be.
    """
    for path, data in readable(folder, [name for name in _FILES if name in names]):
        if found := _settings(path, data, folder, rules):
            return found
    return None


def settings_of(path: str, rules: Collection[str]) -> Settings:
    """The settings in the file that the command line names; their globs are relative to the current folder.

    Raises:
        UsageError: there is no reading them, or they are not as they must be.
    """
    try:
        found = _settings(path, read_bytes(path), os.getcwd(), rules)
    except (OSError, ValueError) as error:
        raise UsageError(f"--config {path}: {reason(error)}") from error
    if found is None:
        raise UsageError(f"--config {path}: it has no table [{_TABLE}]")
    return found


def _settings(path: str, data: bytes, folder: str, rules: Collection[str]) -> Settings | None:
    is_table = path.endswith("pyproject.toml")
    values = (
        _table(path, data, _TABLE if is_table else None) if not is_table or b"tool.configlint" in data else None
    )
    if values is None:
        return None
    source = Source(os.path.relpath(path), data.decode(errors="replace"))
    _refuse_version(source, values)
    _refuse(source, values, rules)
    return Settings(source, values, folder)


def _refuse_version(source: Source, values: Any) -> None:
    """Raises:
    UsageError: the settings are for another version of configlint; all else in them is then not looked at.
    """
    wanted = values.get("required-version") if isinstance(values, dict) else None
    if not isinstance(wanted, str) or not re.fullmatch(_RANGE, wanted):
        return
    if not all(_allows(*each) for each in re.findall(_OPERATION, wanted)):
        line = _place(source, "required-version").line
        message = f"`required-version` is {in_a_line(wanted)}, but this is configlint {__version__}"
        raise UsageError(f"{source.name}:{line}: {message}")


def _allows(operator: str, number: str) -> bool:
    """Whether the running version is in a range. Source: PEP 440."""
    wanted = [int(part) for part in number.split(".") if part]
    running = [int(part) for part in re.findall(r"[0-9]+", __version__)[:3]]
    here, there = (each + [0] * (9 - len(each)) for each in (running, wanted))
    if operator == "~=":
        return here >= there and running[: len(wanted) - 1] == wanted[:-1]
    holds = {"==": here == there, "!=": here != there, "<": here < there, ">": here > there}
    holds |= {"<=": here <= there, ">=": here >= there}
    return holds[operator]


def _table(path: str, data: bytes, table: str | None) -> Any:
    """What a file says, or one table of it; None where it has no such table.

    Raises:
        UsageError: it is not TOML.
    """
    with postponed("tomllib"):  # it compiles more than most settings need
        import tomllib

    try:
        found: Any = tomllib.loads(data.decode())
        for key in table.split(".") if table else ():
            found = found.get(key)
            if not isinstance(found, dict):
                return found
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{os.path.relpath(path)} is not valid TOML: {in_a_line(str(error))}") from error
    return found


def _refuse(source: Source, values: Any, rules: Collection[str]) -> None:
    """Raises:
    UsageError: a key is unknown, or a value is not what it must be; with its line.
    """
    from configlint.knowledge._generated.settings_form import JsonSchemaValueException, validate

    try:
        validate(values)
    except JsonSchemaValueException:
        raise UsageError(*_problems(source, values)) from None
    for glob, name in values.get("format", {}).items():
        if name not in FRONT_ENDS:
            close = nearest(name, FRONT_ENDS) or " or ".join(FRONT_ENDS)
            message = f"format {in_a_line(glob)} must name a dialect, got {in_a_line(name)}: did you mean {close}?"
            raise UsageError(f"{source.name}:{_place(source, glob).line}: {message}")
    if problems := list(_unknown_rules(source, values, rules)):
        raise UsageError(*problems)


def _unknown_rules(source: Source, values: Any, rules: Collection[str]) -> Iterator[str]:
    """What is wrong with the names of rules, each with its line."""
    named = [(key, name) for key in ("select", "ignore", "severity") for name in values.get(key, ())]
    named += [(glob, name) for glob, names in values.get("per-file", {}).items() for name in names]
    for key, name in named:
        if problem := unknown(name, rules):
            first = _place(source, key).line
            below = enumerate(source.lines()[first - 1 :], first)
            line = next((number for number, text in below if f'"{name}"' in text or f"'{name}'" in text), first)
            yield f"{source.name}:{line}: {in_a_line(problem)}"


def _problems(source: Source, values: Any) -> list[str]:
    import json

    import jsonschema  # 100 ms, and only for settings that are wrong

    from configlint.knowledge.schemas import schema_text

    schema = json.loads(schema_text("settings"))
    lines = []
    for error in jsonschema.Draft7Validator(schema).iter_errors(values):
        route = [str(step) for step in error.absolute_path]
        if error.validator == "additionalProperties":
            known = list(schema["properties"])
            for key in values.keys() - set(known):
                close = nearest(key, known)
                hint = f"did you mean `{close}`?" if close else f"expected {', '.join(known)}"
                lines.append((_place(source, key).line, f"unknown setting `{in_a_line(key)}`: {hint}"))
        else:
            key = route[0] if route else _TABLE
            choices = listing(error.validator_value, "or") if error.validator == "enum" else None
            want = choices or FORMS.get(key) or _NOUNS.get(str(error.validator_value), str(error.validator_value))
            got = in_a_line(code(error.instance))
            lines.append((_place(source, *reversed(route or [key])).line, f"`{key}` must be {want}, got {got}"))
    return [f"{source.name}:{line}: {message}" for line, message in sorted(set(lines))]


def _place(source: Source, *keys: str) -> Span:
    """Where the first of some keys that begins a line is set, in the table if there is one; its start where none
    does."""
    lines = source.lines()
    header = regex(rf"\s*\[\s*{re.escape(_TABLE)}\b")
    first = next((number for number, line in enumerate(lines) if header.match(line)), 0)
    for key in keys:
        entry = regex(rf"""\s*(["']?){re.escape(key)}\1\s*=""")
        for number, line in enumerate(lines[first:], first + 1):
            if match := entry.match(line):
                start = match.end() - len(match[0].lstrip()) + 1
                return Span(source, number, start, number, len(line.rstrip()) + 1)
    return Span(source, first + 1, 1, first + 1, len(lines[first]) + 1)
