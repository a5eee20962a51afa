"""torch_compile is false, and the model is compiled all the same.

torch_compile_backend and torch_compile_mode turn torch_compile on, whatever it says.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {torch_compile: false, torch_compile_mode: max-autotune}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {torch_compile: false}

Source: transformers 5.23 training_args.py, __post_init__; run: torch_compile false with a mode becomes true
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.core.values import text


@rule(Severity.WARNING)
def check(plan: Plan) -> Iterator[Finding]:
    if plan.training.get("torch_compile") is not False:
        return
    for name in ("torch_compile_backend", "torch_compile_mode"):
        value = text(plan.training.get(name))
        if value is not None:
            yield Finding(
                f"training.{name}",
                f"{name} {value} turns torch_compile on, which is to be false",
                "delete it",
                related=(("training.torch_compile", "torch_compile false"),),
                on_key=True,
            )
