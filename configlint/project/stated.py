"""The machine and the total batch of a run, for files that cannot say them: a comment in the file, or options.

`# configlint: hardware=8xh100-80gb effective=128` in a script or a TrainingArguments file; `--hardware` and
`--effective` for all files of a run, which win.
"""

from __future__ import annotations

from configlint.core.errors import UsageError
from configlint.core.regex import regex
from configlint.core.source import Source, Span
from configlint.core.spec import Setting
from configlint.project.settings import FORMS, machine

_COMMENT = regex(r"#[ \t]*configlint:[ \t]*((?:(?:hardware|effective)=\S+[ \t]*)+)")
_WORD = regex(r"(hardware|effective)=(\S+)")
_FORM = FORMS | {"effective": "a number of samples"}

Settings = dict[str, Setting]


def in_comments(source: Source) -> Settings:
    """What comments of a file state.

    Raises:
        UsageError: it is not in the form that it must have.
    """
    found: Settings = {}
    for comment in _COMMENT.finditer(source.text) if "configlint:" in source.text else ():
        for word in _WORD.finditer(comment[1]):
            start = comment.start(1) + word.start(2)
            line = source.text.count("\n", 0, start) + 1
            column = start - source.text.rfind("\n", 0, start)
            place = Span(source, line, column, line, column + len(word[2]))
            said = _said(word[1], word[2], place)
            if not said:
                name, shown = source.shown(line)
                raise UsageError(f"{name}:{shown}: `{word[1]}` must be {_FORM[word[1]]}, got {word[2]}")
            found |= said
    return found


def in_options(hardware: str | None, effective: int | None) -> Settings:
    """What options of the command line state.

    Raises:
        UsageError: they are not in the form that they must have.
    """
    found: Settings = {}
    for name, value in (("hardware", hardware), ("effective", effective)):
        if value is not None:
            source = Source(f"--{name}", str(value))
            said = _said(name, str(value), Span(source, 1, 1, 1, len(source.text) + 1))
            if not said:
                raise UsageError(f"--{name} must be {_FORM[name]}, got {value}")
            found |= said
    return found


def _said(name: str, value: str, place: Span) -> Settings:
    if name == "hardware":
        return {path: Setting(held, (name,), place, place) for path, held in machine(value).items()}
    number = int(value) if value.isdecimal() and len(value) < 10 else 0
    return {"batch.effective": Setting(number, (name,), place, place)} if number else {}
