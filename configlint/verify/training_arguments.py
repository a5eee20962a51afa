"""training_args.json held against the installed transformers' own class.

The class is constructed in a process of its own, where this machine's answers are replaced by the spec's
accelerator's, so that the verdict is the same on a login node and on the cluster.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from configlint.child import ask
from configlint.diagnostic import Diagnostic, Severity
from configlint.plan import Plan
from configlint.profile import lacks
from configlint.source import start_of

TIMEOUT_SECONDS = 180


class Verdict(NamedTuple):
    """`by` names what accepted, with its release, and is None where nothing did; `unverified` says what
    could not be verified, and why; `diagnostics` is what it refused."""

    by: str | None
    unverified: tuple[str, ...]
    diagnostics: tuple[Diagnostic, ...]


def verify(plans: Sequence[Plan], arguments: Sequence[dict[str, object]]) -> list[Verdict]:
    """What the installed class says of each plan's JSON."""
    if find_spec("transformers") is None:
        return [Verdict(None, ("transformers is not installed",), ()) for _ in plans]
    jobs = [question(plan, values) for plan, values in zip(plans, arguments, strict=True)]
    answer = ask(Path(__file__).with_name("construct.py"), jobs, TIMEOUT_SECONDS)
    if isinstance(answer, str):
        return [Verdict(None, (f"transformers {answer}",), ()) for _ in plans]
    return [_verdict(plan, result) for plan, result in zip(plans, answer, strict=True)]


def question(plan: Plan, arguments: dict[str, object]) -> dict[str, object]:
    """A job of construct.py."""
    accelerator = plan.hardware.accelerator
    return {
        "arguments": arguments,
        "script": sorted(plan.arguments.keys() - plan.training.keys()),
        "config_class": plan.release.config_class,
        "trainer": plan.trainer,
        "transformers": plan.transformers,
        "trl": plan.trl,
        "folder": os.path.abspath(plan.launch.workdir),
        # What torch would say there: it counts bfloat16 that NVIDIA's older ones emulate. One of which
        # nothing is known is given the benefit of the doubt. Source: torch 2.13 cuda/__init__.py.
        "bf16": accelerator is None or accelerator.vendor == "nvidia" or not lacks(accelerator, "bfloat16"),
        "tf32": accelerator is None or not lacks(accelerator, "tf32"),
    }


def _verdict(plan: Plan, result: dict[str, object]) -> Verdict:
    """Of construct.py's result: by, unverified, error."""
    unverified = tuple(str(reason) for reason in result["unverified"])  # type: ignore[attr-defined]
    if result["error"] is None:
        return Verdict(str(result["by"]) if result["by"] else None, unverified, ())
    refusal = refused(plan, "transformers", f"{result['by']} refuses this", str(result["error"]))
    return Verdict(None, unverified, (refusal,))


def refused(plan: Plan, library: str, lead: str, message: str, otherwise: str = "training") -> Diagnostic:
    """A library's words as a finding at the argument that they are about, else at the section `otherwise`."""
    path = _named(plan, message)
    setting = plan.spec.settings.get(path or otherwise)
    span = setting.key if setting else start_of(plan.spec.source)
    return Diagnostic(
        f"verify/{library}",
        Severity.ERROR,
        f"{lead}: {message}",
        span,
        path=path,
        targets=(plan.spec.target,) if plan.spec.target else (),
    )


def _named(plan: Plan, message: str) -> str | None:
    """The argument that a message is about: the class names no place, but mostly the argument."""
    words = set(re.findall(r"\w+", message))
    paths = [f"training.{name}" for name in plan.training] + [f"arguments.{name}" for name in plan.arguments]
    # A number in a message may be any other.
    texts = {path: plan.spec.settings[path].value for path in paths}
    values = {value: path for path, value in texts.items() if isinstance(value, str)}
    named = [path for path in paths if path.rpartition(".")[2] in words]
    return named[0] if named else next((values[word] for word in values if word in words), None)
