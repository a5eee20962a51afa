"""Every rule is held to its page and to its fixture.

A fixture holds specs with `---` between them, and `# error: part of what is said` (or warning, info)
at the end of each line that the rule under test must name. Only that rule is looked at.
"""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest
from conftest import plans

from configlint import rules
from configlint.core.diagnostic import Diagnostic
from configlint.core.rule import Rule
from configlint.lint import lint

FIXTURES = Path(__file__).parent / "rules"
ALL = list(rules.all_rules())
MARK = re.compile(r"# (error|warning|info): (.+)$")


def findings(rule: Rule, text: str) -> list[Diagnostic]:
    found = []
    for plan in plans(text):
        diagnostics, crashes = lint(plan, [rule])
        if crashes:
            raise crashes[0]
        assert not diagnostics or rule in rules.for_plan(plan), "what finds something is loaded"
        found += diagnostics
    return found


def example(rule: Rule, kind: str) -> str:
    """The spec below `Bad:` or `Good:` on a rule's page."""
    match = re.search(rf"^{kind}:\n\n((?:    .*\n|\n)+)", rule.page + "\n", re.MULTILINE)
    assert match, f"{rule.name} has no {kind} example"
    return textwrap.dedent(match[1])


def cases(rule: Rule) -> list[str]:
    """The specs of a rule's fixture, blank lines before each so that line numbers are the file's."""
    text = (FIXTURES / f"{rule.name.replace('-', '_')}.yaml").read_text(encoding="utf-8")
    parts = re.split(r"^---\n", text, flags=re.MULTILINE)
    starts = [sum(part.count("\n") + 1 for part in parts[:index]) for index in range(len(parts))]
    return ["\n" * start + part for start, part in zip(starts, parts, strict=True)]


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.name)
def test_the_bad_example_fires_and_the_good_one_is_silent(rule: Rule) -> None:
    assert findings(rule, example(rule, "Bad"))
    assert findings(rule, example(rule, "Good")) == []


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.name)
def test_the_page_says_what_is_wrong_and_names_a_source(rule: Rule) -> None:
    first = rule.page.partition("\n")[0]
    assert first.endswith("."), "the first line is one sentence"
    assert re.search(r"^Source: .+", rule.page, re.MULTILINE)


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.name)
def test_in_the_fixture_exactly_the_marked_lines_fire(rule: Rule) -> None:
    fired = silent = 0
    for case in cases(rule):
        marks = {
            number: match.groups()
            for number, line in enumerate(case.split("\n"), 1)
            if (match := MARK.search(line))
        }
        found = findings(rule, case)
        assert {diagnostic.span.line for diagnostic in found} == marks.keys(), f"{found}\nin\n{case.strip()}"
        for diagnostic in found:
            severity, part = marks[diagnostic.span.line]
            assert diagnostic.severity.value == severity
            assert part in f"{diagnostic.message} ({diagnostic.help})"
        fired += bool(marks)
        silent += not marks
    assert fired, "no case fires"
    assert silent, "no case is silent"


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.name)
def test_messages_are_sentences_in_lower_case(rule: Rule) -> None:
    for diagnostic in findings(rule, example(rule, "Bad")):
        assert not diagnostic.message.endswith(".")
        word = diagnostic.message.split()[0].removesuffix("'s")
        assert not word[0].isupper() or word[1:] != word[1:].lower(), "only names begin with a capital: FSDP"


def test_there_is_no_fixture_without_a_rule() -> None:
    fixtures = {path.relative_to(FIXTURES).with_suffix("").as_posix() for path in FIXTURES.rglob("*.yaml")}
    assert fixtures == {rule.name.replace("-", "_") for rule in ALL}


def test_names_are_known_without_importing_the_rules() -> None:
    assert rules.rule_names() == {rule.name for rule in ALL}
