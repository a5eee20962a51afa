"""Rules to text: a page, or the list."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from configlint.core.record import NamedTuple
from configlint.core.rule import Row, Rule


class Page(NamedTuple):
    """What there is to read under a name: of a rule, or of a row of one."""

    name: str
    severity: str
    text: str
    fixes: bool


def pages(rules: Iterable[Rule]) -> Iterator[Page]:
    """One for each name that a finding can have."""
    for rule in rules:
        if rule.rows:
            yield from (_of_row(rule, name, row) for name, row in rule.rows.items())
        else:
            yield Page(rule.name, rule.severity.value, rule.page, rule.fixes)


def _of_row(rule: Rule, name: str, row: Row) -> Page:
    """The sentence of a row, and of its table's page what holds for all rows: the examples are those of one."""
    _, *paragraphs = rule.page.split("\n\n")
    names = [paragraph.partition(":")[0] for paragraph in paragraphs]
    shared, source = paragraphs[: names.index("Bad")], paragraphs[names.index("Source") :]
    text = "\n\n".join([row.page, *shared, *source])
    return Page(rule.named(name), (row.severity or rule.severity).value, text, row.fixes)


def as_text(page: Page) -> str:
    fix = "\nFix: `configlint check --fix` can fix it.\n" if page.fixes else ""
    return f"{page.name} ({page.severity})\n\n{page.text}\n{fix}"


def table(rule: Rule) -> str:
    """The page of a table, with the names of its rows."""
    return f"{rule.name}\n\n{rule.page}\n\nEach defect has a name of its own:\n\n{listing(pages([rule]))}"


def listing(found: Iterable[Page]) -> str:
    every = list(found)
    width = max(len(page.name) for page in every)
    return "".join(f"{page.name:{width}}  {page.severity:7}  {_summary(page)}\n" for page in every)


def as_json(found: Iterable[Page]) -> str:
    """Version 1 of the list for programs."""
    entries = [
        {
            "name": page.name,
            "severity": page.severity,
            "summary": _summary(page),
            "fix": page.fixes,
            "source": _source(page),
        }
        for page in found
    ]
    return json.dumps({"version": 1, "rules": entries}, indent=2, ensure_ascii=False) + "\n"


def _summary(page: Page) -> str:
    return page.text.partition("\n")[0]


def _source(page: Page) -> str | None:
    match = re.search(r"^Source: (.+(?:\n\S.*)*)", page.text, re.MULTILINE)
    return " ".join(match[1].split()) if match else None
