"""Every rule is held to its page and to its fixture.

A fixture holds specs with `---` between them, and `# error: part of what is said` (or warning, info)
at the end of each line that the rule under test must name. Only that rule is looked at. Where it is a table of
defects, a mark names the row too, `# error[row]: part of what is said`, and each row has a mark.

Below a case of which `--fix` makes another text stands `--- # fixed` and that text, without comments.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import pytest
from conftest import name_of, parsed, plans

from configlint import rules
from configlint.core.diagnostic import Diagnostic
from configlint.core.rule import Rule
from configlint.fixing.edits import fixed
from configlint.fixing.sure import sure
from configlint.lint import lint
from configlint.reporters.pages import Page, pages

FIXTURES = Path(__file__).parent / "rules"
ALL = list(rules.all_rules())
MARK = re.compile(r"# (error|warning|info)(?:\[([\w-]+)\])?: (.+)$")
COMMENT = re.compile(r"^ *#.*\n|  # .*$", re.MULTILINE)
FIXED = "--- # fixed\n"


@pytest.fixture(autouse=True, scope="module")
def beside_a_script(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The specs of pages and fixtures lie in a folder with the scripts that they start."""
    folder = tmp_path_factory.mktemp("specs")
    (folder / "train.py").touch()
    for script in FIXTURES.glob("*.txt"):
        shutil.copy(script, folder / f"{script.stem}.py")
    with chdir(folder):
        yield


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


def parts(rule: Rule) -> list[str]:
    """The cases of a rule's fixture, each with what stands below it."""
    text = (FIXTURES / f"{rule.name.replace('-', '_')}.yaml").read_text(encoding="utf-8")
    return re.split(r"^---\n", text, flags=re.MULTILINE)


def cases(rule: Rule) -> list[str]:
    """The specs of a rule's fixture, blank lines before each so that line numbers are the file's."""
    every = parts(rule)
    starts = [sum(part.count("\n") + 1 for part in every[:index]) for index in range(len(every))]
    return ["\n" * start + part.partition(FIXED)[0] for start, part in zip(starts, every, strict=True)]


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.name)
def test_the_bad_example_fires_and_the_good_one_is_silent(rule: Rule) -> None:
    assert findings(rule, example(rule, "Bad"))
    assert findings(rule, example(rule, "Good")) == []


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.name)
def test_the_page_says_what_is_wrong_and_names_a_source(rule: Rule) -> None:
    first = rule.page.partition("\n")[0]
    assert first.endswith("."), "the first line is one sentence"
    assert re.search(r"^Source: .+", rule.page, re.MULTILINE)


@pytest.mark.parametrize("page", [*pages(ALL)], ids=lambda page: page.name)
def test_each_name_has_a_page_of_its_own_with_a_source(page: Page) -> None:
    assert page.text.partition("\n")[0].endswith("."), "the first line is one sentence"
    assert re.search(r"^Source: .+", page.text, re.MULTILINE)


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.name)
def test_in_the_fixture_exactly_the_marked_lines_fire(rule: Rule) -> None:
    fired = silent = 0
    names: set[str] = set()
    for case in cases(rule):
        marks = {
            number: match.groups()
            for number, line in enumerate(case.split("\n"), 1)
            if (match := MARK.search(line))
        }
        found = findings(rule, case)
        assert {diagnostic.span.line for diagnostic in found} == marks.keys(), f"{found}\nin\n{case.strip()}"
        for diagnostic in found:
            severity, row, part = marks[diagnostic.span.line]
            assert diagnostic.severity.value == severity
            assert diagnostic.rule == (rule.named(row) if row else rule.name)
            names.add(diagnostic.rule)
            assert part in f"{diagnostic.message} ({diagnostic.help})"
        fired += bool(marks)
        silent += not marks
    assert fired, "no case fires"
    assert names == {*rule.names}, "a row has no mark"
    assert silent, "no case is silent"


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.name)
def test_what_fixes_make_of_a_case_stands_below_it(rule: Rule) -> None:
    names = set()
    for part in parts(rule):
        case, _, meant = part.partition(FIXED)
        text = COMMENT.sub("", case)
        name = name_of(text)
        document, solved = parsed(text, name).document, plans(text, name)
        assert document is not None
        found = [each for plan in solved for each in lint(plan, [rule])[0]]
        mended = [each for each in sure(found, solved, {name: document}) if each.fix]
        edits = [each.fix for each in mended if each.fix]
        assert (fixed(document, edits).text if edits else "") == meant
        names |= {each.rule for each in mended}
    assert names == {page.name for page in pages([rule]) if page.fixes}


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.name)
def test_messages_are_sentences_in_lower_case(rule: Rule) -> None:
    for diagnostic in findings(rule, example(rule, "Bad")):
        assert not diagnostic.message.endswith(".")
        word = diagnostic.message.split()[0].removesuffix("'s")
        assert not word[0].isupper() or word[1:] != word[1:].lower(), "only names begin with a capital: FSDP"


def test_there_is_no_fixture_without_a_rule() -> None:
    fixtures = {path.relative_to(FIXTURES).with_suffix("").as_posix() for path in FIXTURES.rglob("*.yaml")}
    assert fixtures == {rule.name.replace("-", "_") for rule in ALL}


def test_a_name_is_that_of_one_defect() -> None:
    names = Counter(name for rule in ALL for name in {rule.name, *rule.names})
    assert [name for name, number in names.items() if number > 1] == []


def test_no_old_name_is_a_name_and_each_stands_for_some() -> None:
    for old, new in rules.RENAMED.items():
        assert not rules.is_name(old)
        assert {*new} <= rules.rule_names()


def test_names_of_rules_are_known_without_importing_them() -> None:
    code = (
        "import sys; from configlint import rules; assert rules.is_name('argument/no-steps');"
        "print([name for name in sys.modules if name.startswith('configlint.rules.')])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "['configlint.rules._index']\n"


@pytest.mark.parametrize("name", ["argument/no_steps", "argument/", "argument", "nowhere/no-steps", "trl/x", ""])
def test_other_names_are_not_known(name: str) -> None:
    assert not rules.is_name(name)


def test_all_names_are_known() -> None:
    assert all(map(rules.is_name, rules.rule_names()))
