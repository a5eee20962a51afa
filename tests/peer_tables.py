"""The tables of what other projects' tests assert, and a spec's findings as `check` has them."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from conftest import parsed

from configlint.core.diagnostic import Diagnostic, Severity
from configlint.core.plan import Plan
from configlint.frontends import spec as spec_yaml
from configlint.pipeline import judge
from configlint.session import Session

TABLES = Path(__file__).parent / "peers"


def rows(name: str) -> list[dict[str, str]]:
    """The rows of a table, without the comment above them."""
    lines = (TABLES / name).read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def checked(spec: dict[str, Any]) -> tuple[Plan, list[Diagnostic]]:
    """The plan of a spec, and what is said of it."""
    loaded = Session().load(parsed(json.dumps(spec)), spec_yaml)
    diagnostics, crashes = judge(loaded.plans, loaded.diagnostics)
    assert crashes == []
    (plan,) = loaded.plans
    return plan, [*loaded.diagnostics, *diagnostics]


def errors(found: list[Diagnostic]) -> dict[str, str]:
    """What is wrong, by rule."""
    return {each.rule: each.message for each in found if each.severity is Severity.ERROR}
