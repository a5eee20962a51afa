"""The tables of what other projects' tests assert and train with, as specs, and what `check` says of these."""

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

HERE = Path(__file__).parent
TABLES, ACCEPTED = HERE / "peers", HERE / "accepted"


def rows(name: str) -> list[dict[str, str]]:
    """The rows of a table, without the comment above them."""
    lines = (TABLES / name).read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def of_keywords(keywords: dict[str, Any]) -> dict[str, Any]:
    """The spec of what a config class of Transformers' or TRL's is given, on one device."""
    training = dict(keywords)
    is_cpu = training.pop("use_cpu", False)
    return {
        "batch": {
            "per_device": training.pop("per_device_train_batch_size", 8),
            "accumulation": training.pop("gradient_accumulation_steps", 1),
        },
        "hardware": {"accelerator": "cpu" if is_cpu else "h100-80gb", "devices_per_node": 1},
        "training": training,
    }


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
