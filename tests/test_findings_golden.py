"""What is said of the rules' fixtures, pinned to the letter: a section for each rule in findings_golden.txt.

`pytest tests/test_findings_golden.py --write-golden` writes them anew; read the diff. The marks in the fixtures say
what is meant; here no word, place or remedy may change unseen, nor the releases and trainers that it is said of.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from conftest import plans
from test_rules import ALL, cases, example, findings

from configlint import knowledge
from configlint.core.arithmetic import last_that
from configlint.core.diagnostic import Diagnostic
from configlint.core.release import written
from configlint.core.rule import Rule
from configlint.core.source import Span

TABLE = Path(__file__).with_name("findings_golden.txt")
RELEASES = {name: [written(release) for release in knowledge.releases(name)] for name in ("transformers", "trl")}

Said = set[tuple[str, str | None]]  # rules and paths


def said(rule: Rule) -> str:
    """All that a rule says of the bad example on its page, and of the cases of its fixture."""
    return "".join(f"{line}\n" for text in (example(rule, "Bad"), *cases(rule)) for line in of_case(rule, text))


def of_case(rule: Rule, text: str) -> Iterator[str]:
    @cache
    def at(trainer: str | None = None, **releases: str) -> Said:
        """What is said for another trainer or release."""
        heads = {**releases, **({"trainer": trainer} if trainer else {})}
        rest = re.sub(rf"^({'|'.join(heads)}): .*\n", "", text, flags=re.MULTILINE)
        changed = "".join(f'{name}: "{value}"\n' for name, value in heads.items()) + rest
        return {(each.rule, each.path) for each in findings(rule, changed)}

    for found in findings(rule, text):
        yield from shown(found)
        yield from (f"    {line}" for line in spread(text, (found.rule, found.path), at))


def spread(text: str, key: tuple[str, str | None], at: Callable[..., Said]) -> Iterator[str]:
    """The releases around that of the spec, and the trainers, for which the same is said; where it is for all of
    them, nothing."""
    release = plans(text)[0].release
    found: dict[str, dict[str, None]] = {}  # trainers, each once
    if line := bounds("transformers", written(release.transformers), lambda each: key in at(transformers=each)):
        found[line] = {}
    for trainer in ("Trainer", *knowledge.trl_trainers()) if release.trl else ():
        for start in dict.fromkeys((written(release.trl or ()), RELEASES["trl"][-1])):
            if line := bounds("trl", start, lambda each, trainer=trainer: key in at(trainer, trl=each)):
                found.setdefault(line, {})[trainer] = None
    yield from (f"{line}{' of ' if trainers else ''}{', '.join(trainers)}" for line, trainers in found.items())


def bounds(name: str, start: str, holds: Callable[[str], bool]) -> str | None:
    every = RELEASES[name]
    place = every.index(start)
    if not holds(start):
        return None
    low, high = last_that(holds, every[place::-1]), last_that(holds, every[place:])
    if high == every[-1]:
        return None if low == every[0] else f"{name} {low} or newer"
    return f"{name} {high} or older" if low == every[0] else f"{name} {low} to {high}"


def shown(found: Diagnostic) -> Iterator[str]:
    row = f"[{found.rule.partition('/')[2]}]" if found.table else ""
    targets = "".join(f" [{target}]" for target in found.targets if target)
    compiled = " (compiled all the same)" if found.compiled else ""
    yield f"{found.severity.value}{row} at {underlined(found.span)}{targets}{compiled}: {found.message}"
    yield from (f"    beside {underlined(related.span)}: {related.message}" for related in found.related)
    if found.help:
        yield f"    help: {found.help}"


def underlined(span: Span) -> str:
    """The first line of what is underlined."""
    line = span.source.lines()[span.line - 1]
    return line[span.column - 1 : span.end_column - 1 if span.end_line == span.line else None]


def sections() -> dict[str, str]:
    """What was said when the table was written, by rule."""
    parts = re.split(r"^# (.+)\n", TABLE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_the_table_has_a_section_for_each_rule(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--write-golden"):
        TABLE.write_text("".join(f"# {rule.name}\n{said(rule)}" for rule in ALL), encoding="utf-8")
    assert [*sections()] == [rule.name for rule in ALL]


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.name)
def test_nothing_that_a_rule_says_changes_unseen(rule: Rule) -> None:
    assert said(rule) == sections()[rule.name]
