"""TRL's trainer reads a stream through Accelerate's dispatcher, which cannot join batches of different lengths.

Rank 0 reads the batches of all ranks from a streaming data set and joins them to send each its part. Each is
padded to its own longest example, so they have different lengths and the first step fails. TRL sets
`dispatch_batches` to false by itself since 0.27 (SFTTrainer, DPOTrainer, RewardTrainer) and 1.8 (KTOTrainer).

Bad:

    transformers: "4.57"
    trl: "0.24"
    trainer: SFTTrainer
    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    data: {streaming: true}
    training: {max_steps: 1000}

Good:

    transformers: "4.57"
    trl: "0.24"
    trainer: SFTTrainer
    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    data: {streaming: true}
    training: {max_steps: 1000, accelerator_config: {dispatch_batches: false}}

Source: accelerate 1.15 data_loader.py, DataLoaderDispatcher._fetch_batches; trl 0.14 to 1.16 trainer/*_trainer.py,
__init__
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule
from configlint.core.values import mapping
from configlint.rules.batch import is_packed
from configlint.rules.data import dispatches, stream

_CONFIG = "accelerator_config"


@rule(Severity.ERROR, when=lambda plan: plan.release.trl is not None)
def check(plan: Plan) -> Iterator[Finding]:
    config = mapping(plan.training.get(_CONFIG)) or {}
    until, trl = plan.release.trainer.undispatched, plan.release.trl
    if until is None or trl is None or trl >= until or plan.data.streaming is not True:
        return
    if (plan.writes(_CONFIG) and not config) or config.get("split_batches") is True or is_packed(plan):
        return
    if (plan.parallel.replicas or 1) == 1 or dispatches(plan) is False:
        return
    path = f"training.{_CONFIG}"
    yield Finding(
        path if plan.given(path) else stream(plan),
        "rank 0 joins the batches of all ranks, which fails because batches of a stream have different lengths",
        [Put(path, {**config, "dispatch_batches": False})],
    )
