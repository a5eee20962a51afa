"""Rules to text: a page, or the list."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from configlint.core.rule import Rule


def as_text(rule: Rule) -> str:
    fix = "\nFix: `configlint check --fix` can fix it.\n" if rule.fixes else ""
    return f"{rule.name} ({rule.severity.value})\n\n{rule.page}\n{fix}"


def listing(rules: list[Rule]) -> str:
    width = max(len(rule.name) for rule in rules)
    return "".join(f"{rule.name:{width}}  {rule.severity.value:7}  {_summary(rule)}\n" for rule in rules)


def as_json(rules: Iterable[Rule]) -> str:
    """Version 1 of the list for programs."""
    entries = [
        {
            "name": rule.name,
            "severity": rule.severity.value,
            "summary": _summary(rule),
            "fix": rule.fixes,
            "source": _source(rule),
        }
        for rule in rules
    ]
    return json.dumps({"version": 1, "rules": entries}, indent=2, ensure_ascii=False) + "\n"


def _summary(rule: Rule) -> str:
    return rule.page.partition("\n")[0]


def _source(rule: Rule) -> str | None:
    match = re.search(r"^Source: (.+(?:\n\S.*)*)", rule.page, re.MULTILINE)
    return " ".join(match[1].split()) if match else None
