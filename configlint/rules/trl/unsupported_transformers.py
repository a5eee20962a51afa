"""TRL's release does not work with that of Transformers.

Each release of TRL names the oldest Transformers that it is made for, and pip does not install the two
together. Where somebody forces it, what the trainer imports or overrides is missing.

Bad:

    transformers: "4.50"
    trl: "1.16"
    trainer: SFTTrainer
    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}

Good:

    transformers: "5.23"
    trl: "1.16"
    trainer: SFTTrainer
    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}

Source: METADATA of the wheels of trl 0.9 to 1.16, Requires-Dist: transformers
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.release import written
from configlint.core.rule import Finding, rule


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    trl, transformers = plan.release.trl, plan.release.transformers
    if trl is None or plan.release.asks_for is None or not plan.given("trl") or not plan.given("transformers"):
        return
    oldest, newest = plan.release.asks_for
    if not oldest <= transformers <= newest:
        bound = f"{written(oldest)} or newer" if transformers < oldest else f"{written(newest)} or older"
        yield Finding(
            "transformers",
            f"trl {written(trl)} asks for transformers {bound}, not {plan.transformers}",
            "name releases that are installed together",
            related=(("trl", f"trl {written(trl)}"),),
        )
