"""torch_compile is false, but another argument turns it on.

torch_compile_backend and torch_compile_mode each turn torch_compile on, whatever its own value is.

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
from configlint.core.remedy import Drop, Put
from configlint.core.rule import Finding, rule
from configlint.core.values import text


@rule(Severity.WARNING, when=lambda plan: plan.writes("torch_compile"))
def check(plan: Plan) -> Iterator[Finding]:
    if plan.training.get("torch_compile") is not False:
        return
    for name in ("torch_compile_backend", "torch_compile_mode"):
        if text(plan.training.get(name)) is not None:
            path, switch = f"training.{name}", plan.name("training.torch_compile")
            yield Finding(
                path,
                f"`{plan.name(path)}` turns `{switch}` on, but it is set to false",
                [Drop(path), Put("training.torch_compile", True)],
                related=(("training.torch_compile", f"`{switch}` is set to false here"),),
                on_key=True,
            )
