"""What is said of the rules' fixtures, pinned to the letter: a section for each rule in findings_golden.txt.

`pytest tests/test_findings_golden.py --write-golden` writes them anew; read the diff. The marks in the fixtures say
what is meant; here no word, place or remedy may change unseen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_rules import ALL, cases, example, findings

from configlint.core.diagnostic import Diagnostic
from configlint.core.rule import Rule
from configlint.core.source import Span

TABLE = Path(__file__).with_name("findings_golden.txt")


def said(rule: Rule) -> str:
    """All that a rule says of the bad example on its page, and of the cases of its fixture."""
    found = [each for text in (example(rule, "Bad"), *cases(rule)) for each in findings(rule, text)]
    return "".join(f"{line}\n" for each in found for line in shown(each))


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
