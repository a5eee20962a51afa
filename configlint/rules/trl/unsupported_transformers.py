"""The release of TRL does not support the release of Transformers.

Each release of TRL names the oldest Transformers that it supports, and pip does not install the two together. If
the installation is forced, the trainer fails where it imports or overrides what is missing.

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
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule


@rule(Severity.ERROR, when=lambda plan: plan.given("transformers") and plan.given("trl"))
def check(plan: Plan) -> Iterator[Finding]:
    trl, transformers = plan.release.trl, plan.release.transformers
    if trl is None or plan.release.asks_for is None or not plan.given("trl") or not plan.given("transformers"):
        return
    oldest, newest = plan.release.asks_for
    if not oldest <= transformers <= newest:
        bound, side = (oldest, "newer") if transformers < oldest else (newest, "older")
        yield Finding(
            "transformers",
            f"trl {written(trl)} requires transformers {written(bound)} or {side}, got {plan.transformers}",
            [Put("transformers", written(bound))],
            related=(("trl", f"`{plan.name('trl')}` is {written(trl)}"),),
        )
