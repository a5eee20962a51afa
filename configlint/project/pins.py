"""The releases of Transformers and TRL that a project pins: in its lock file, pyproject.toml, requirements or
setup.py; and those that a script or a notebook installs.

Files are searched as bytes: what is looked for has a form of its own, and a lock file can be large.
Source: PEP 440 and PEP 508; uv 0.9 and poetry 2.2, whose lock files have a name and a version on two lines.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from configlint.core.regex import regex
from configlint.core.release import Version, written
from configlint.core.source import Source, Span
from configlint.core.spec import Setting
from configlint.host.read import readable
from configlint.knowledge import releases

_PACKAGES = (b"transformers", b"trl")
_LOCKS = ("uv.lock", "poetry.lock", "pdm.lock")
_NAME = "(transformers|trl)"
_OPERATORS = r"(===?|~=|<=?|>=?|!=|\^|~)\s*v?(\d+(?:\.\d+)*(?:\.\*)?)"
_NEEDS = rf"{_NAME}[ \t]*(?:\[[^\]\n]*\])?[ \t]*({_OPERATORS}[^;#\"'\n]*)"
# Where a package and what is needed of it stand, by the kind of file; poetry has them as a key and its value.
_LOCKED = rf"""^name = "{_NAME}"\r?\nversion = "(\d+\.\d+[^"]*)\""""
_REQUIREMENTS = regex(r"requirements?\b.*\.txt")
_REQUIRED = rf"^[ \t]*{_NEEDS}"
_QUOTED = rf"""["']{_NEEDS}"""
_POETRY = rf"""^{_NAME}[ \t]*=[ \t]*(?:\{{[^\n]*?version[ \t]*=[ \t]*)?["']([^"'\n]+)"""
# A patch release that no package has reached.
_LAST_PATCH = 999


def pins(folder: str, names: set[str]) -> dict[str, Setting]:
    """The releases that the files of a folder pin, each with its place."""
    found: dict[str, Setting] = {}
    requirements = sorted(filter(_REQUIREMENTS.fullmatch, names))
    held = [name for name in (*_LOCKS, "pyproject.toml", *requirements, "setup.py") if name in names]
    for path, data in readable(folder, held):
        if any(package in data for package in _PACKAGES):
            for package, pin in _pins(path, data):
                found.setdefault(package, pin)
    return found


def _pins(path: str, data: bytes) -> Iterator[tuple[str, Setting]]:
    text = data.decode(errors="replace")
    is_lock = path.endswith(".lock")
    patterns = [_LOCKED] if is_lock else [_REQUIRED] if path.endswith(".txt") else [_QUOTED]
    if patterns == [_QUOTED] and b"poetry" in data:
        patterns.append(_POETRY)
    for pattern in patterns:
        for match in re.finditer(pattern, text, re.MULTILINE):
            release = match[2] if is_lock else _release(match[2], releases(match[1]))
            is_comment = "#" in text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
            if release and not is_comment:
                yield match[1], _setting(path, text, match, release)


def _setting(path: str, text: str, match: re.Match[str], release: str) -> Setting:
    line = text.count("\n", 0, match.start(2))
    column = match.start(2) - text.rfind("\n", 0, match.start(2))
    # Of a lock file of megabytes, the line is enough.
    span = Span(Source(os.path.relpath(path), ""), line + 1, column, line + 1, column + len(match[2].rstrip()))
    return Setting(release, (match[1],), span, span)


def _release(needed: str, known: tuple[Version, ...]) -> str | None:
    """The exact release that is asked for, or the newest known one that a range with an upper bound allows."""
    parts = re.findall(_OPERATORS, needed)
    if not parts and re.fullmatch(r"\d+\.\d+(\.\d+)*", needed.strip()):
        return needed.strip()  # poetry's way to say it
    exact = [number for sign, number in parts if sign in ("==", "===") and not number.endswith("*")]
    if exact:
        return exact[0] if "." in exact[0] else None
    bounds = [bound for sign, number in parts for bound in _bounds(sign, number)]
    if not any(sign in ("<", "<=") for sign, _ in bounds):
        return None
    fitting = [version for version in known if all(_fits(version, *bound) for bound in bounds)]
    return written(fitting[-1]) if fitting else None


def _bounds(sign: str, number: str) -> list[tuple[str, tuple[int, ...]]]:
    """What an operator asks for, as bounds."""
    version = tuple(int(part) for part in number.removesuffix(".*").split("."))
    if sign in ("<", "<=", ">", ">="):
        return [(sign, version)]
    if sign == "!=":
        return []
    if sign == "^":  # poetry: up to the next first number that is not 0
        kept = next((index for index, part in enumerate(version) if part), 0) + 1
    elif sign == "==":
        kept = len(version)
    else:
        kept = len(version) - 1 if sign == "~=" else min(len(version), 2)
    return [(">=", version), ("<", (*version[: kept - 1], version[kept - 1] + 1))] if kept else []


def _fits(version: Version, sign: str, bound: tuple[int, ...]) -> bool:
    """Whether some patch of a release is within a bound."""
    if sign in (">", ">="):
        return (*version, _LAST_PATCH) >= bound
    return (*version, 0) < bound if sign == "<" else version <= bound


# A command that installs, in a cell or a comment; a file that a cell writes; the block of PEP 723.
_PIP = r"[^#\n]*?\bpip3?[ \t]+install\b((?:[^\n\\]|\\.|\\\n)*)"
_INSTALL = regex(rf"^[ \t]*[!%]{_PIP}", re.MULTILINE)
# Of a script, comments too: what Databricks, jupytext and nbconvert make of a notebook.
_IN_COMMENT = regex(rf"^[ \t]*(?:#[ \t]*)?(?:MAGIC[ \t]+)?(?:[!%]|get_ipython\(\)\.){_PIP}", re.MULTILINE)
_WRITTEN = regex(r"^%%writefile[ \t]+\S*requirements?\S*\.txt[ \t]*\n((?:.*\n?)*)", re.MULTILINE)
_BLOCK = regex(r"^# /// script[ \t]*\n((?:#.*\n)+?)# ///[ \t]*$", re.MULTILINE)
_NAMED = regex(rf"(?<![\w./@=-]){_NAME}(?:\[[^\]\n]*\])?(?![\w./-])[ \t]*((?:{_OPERATORS}[ \t]*,?[ \t]*)*)")


def pins_in(source: Source) -> dict[str, Setting]:
    """The releases that a script or a notebook installs itself, each with its place: of several lines, the last
    that names a package counts, with a release or not."""
    found: dict[str, Setting] = {}
    for start, text in _installing(source):
        for match in _NAMED.finditer(text):
            found.pop(match[1], None)
            if release := _release(match[2], releases(match[1])):
                before = source.text[: start + match.start()]
                line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
                span = Span(source, line, column, line, column + len(match[0].rstrip()))
                found[match[1]] = Setting(release, (match[1],), span, span)
    return found


def _installing(source: Source) -> Iterator[tuple[int, str]]:
    """The pieces of a text that name what is installed, in order, and where each starts."""
    if "pip" not in source.text and "requirement" not in source.text and "/// script" not in source.text:
        return
    pieces = []
    for pattern in (_INSTALL if source.notebook else _IN_COMMENT, _BLOCK):
        pieces += [(match.start(1), match[1]) for match in pattern.finditer(source.text)]
    lines, starts = source.lines(), source.line_starts()
    cells = [cell.first_line for cell in source.notebook.cells] if source.notebook else []
    for first, end in zip(cells, [*cells[1:], len(lines) + 1], strict=True) if cells else ():
        start = starts[first - 1]
        cell = "\n".join(lines[first - 1 : end - 1])
        pieces += [(start + match.start(1), match[1]) for match in _WRITTEN.finditer(cell)]
    yield from sorted(pieces)
