"""Rules to text: a page, or the list."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from textwrap import dedent

from configlint.core.record import NamedTuple
from configlint.core.regex import regex
from configlint.core.rule import Row, Rule

# The address under which the site that docs/build_site.py makes is published; None: nowhere yet.
SITE: str | None = None
# What starts markup; an underscore within a word does not.
_MARKUP = regex(r"[*<\[\\]|(?<![^\W_])_|_(?![^\W_])")


class Page(NamedTuple):
    """What there is to read under a name: of a rule, or of a row of one."""

    name: str
    severity: str
    text: str
    fixes: bool

    @property
    def summary(self) -> str:
        """The sentence that it begins with."""
        return self.text.partition("\n")[0]


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


def address(name: str) -> str | None:
    """The page of a rule on the published site, in the layout of docs/build_site.py."""
    return f"{SITE}rules/{name}/" if SITE else None


def as_text(page: Page) -> str:
    fix = "\nFix: `configlint check --fix` can fix it.\n" if page.fixes else ""
    return f"{page.name} ({page.severity})\n\n{page.text}\n{fix}"


def as_markdown(page: Page) -> str:
    """The page in Markdown: a heading, and each example in a fence."""
    fix = ", fixed by `configlint check --fix`" if page.fixes else ""
    # Prose and examples take turns; an example is indented and may have blank lines.
    parts = re.split(r"((?:^    .*\n(?:\n(?=    ))?)+)", page.text + "\n", flags=re.MULTILINE)
    body = [fenced(dedent(part)) if index % 2 else literal(part) for index, part in enumerate(parts)]
    return "\n\n".join([f"# {page.name}", f"{page.severity.capitalize()}{fix}.", *filter(None, body)]) + "\n"


def fenced(example: str) -> str:
    """A spec or a script as a block of code."""
    is_script = re.search(r"^(?:import|from) ", example, re.MULTILINE)
    return f"```{'python' if is_script else 'yaml'}\n{example.strip()}\n```"


def literal(prose: str) -> str:
    """Text in which Markdown finds no markup, save code; addresses become links."""
    spans = re.split(r"(`[^`]*`|https?://[^\s,;)]+)", prose.strip())
    plain, marked = (_MARKUP.sub(r"\\\g<0>", span) for span in spans[::2]), map(_link, spans[1::2])
    return "".join(part for pair in zip_longest(plain, marked, fillvalue="") for part in pair)


def _link(span: str) -> str:
    return f"<{span}>" if span.startswith("http") else span


def table(rule: Rule) -> str:
    """The page of a table, with the names of its rows."""
    return f"{rule.name}\n\n{rule.page}\n\nEach defect has a name of its own:\n\n{listing(pages([rule]))}"


def listing(found: Iterable[Page]) -> str:
    every = list(found)
    width = max(len(page.name) for page in every)
    return "".join(f"{page.name:{width}}  {page.severity:7}  {page.summary}\n" for page in every)


def as_json(found: Iterable[Page]) -> str:
    """Version 1 of the list for programs."""
    entries = [
        {
            "name": page.name,
            "severity": page.severity,
            "summary": page.summary,
            "fix": page.fixes,
            "source": _source(page),
        }
        for page in found
    ]
    return json.dumps({"version": 1, "rules": entries}, indent=2, ensure_ascii=False) + "\n"


def _source(page: Page) -> str | None:
    match = re.search(r"^Source: (.+(?:\n\S.*)*)", page.text, re.MULTILINE)
    return " ".join(match[1].split()) if match else None
