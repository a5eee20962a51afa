"""The effective batch cannot be reached on this hardware.

An optimizer step trains per_device x accumulation x replicas samples, so the effective batch must be a multiple
of the replicas and of every factor that is pinned. Where it is not, people round by hand and train a different
batch than they report; DeepSpeed rounds a factor down and then fails on its own assertion once the job starts.

Bad:

    batch: {effective: 100}
    hardware: {accelerator: h100-80gb, devices_per_node: 8, nodes: 3}

Good:

    batch: {effective: 96}
    hardware: {accelerator: h100-80gb, devices_per_node: 8, nodes: 3}

Source: deepspeed 0.19.8 runtime/config.py, _set_batch_related_parameters and _batch_assertion
"""

from __future__ import annotations

from collections.abc import Iterator
from math import gcd

from configlint.core.arithmetic import divisors, reachable
from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule
from configlint.core.values import positive
from configlint.core.wording import count, listing
from configlint.rules.batch import is_partial, replicas_in_words
from configlint.rules.batch._totals import total


@rule(Severity.ERROR, when=lambda plan: plan.batch.trained != plan.batch.effective)
def check(plan: Plan) -> Iterator[Finding]:
    batch, replicas = plan.batch, plan.parallel.replicas
    effective = batch.effective
    if not effective or not replicas or (batch.pinned_per_device and batch.pinned_accumulation):
        return
    if batch.trained in (None, effective) or (plan.parallel.world or 0) % (plan.hardware.nodes or 1):
        return  # hardware/uneven-nodes is the cause, and its remedy makes other replicas
    if plan.parallel.data == "fsdp" and plan.parallel.copies is None:
        return  # so is parallel/unbuilt-mesh
    if is_partial(plan):
        return  # batch/partial-sequence says what can be reached
    over = [count(replicas, "replica")]
    if batch.pinned_per_device:
        over.append(f"`{plan.name('batch.per_device')}` {batch.pinned_per_device}")
    if batch.pinned_accumulation:
        over.append(f"`{plan.name('batch.accumulation')}` {batch.pinned_accumulation}")
        if batch.max_per_device:
            over.append(f"`{plan.name('batch.per_device.max')}` {batch.max_per_device}")
    sizes = [
        size for size in dict.fromkeys(reachable(batch, effective, replicas * _groups(plan, replicas))) if size
    ]
    totals = [total(plan, size) for size in sizes]
    yield Finding(
        "batch.effective",
        f"{count(effective, 'sample')} cannot be split over {listing(over)}",
        [*_smaller(plan, effective, replicas), *totals][:2],
        related=(replicas_in_words(plan),),
    )


def _smaller(plan: Plan, effective: int, replicas: int) -> list[Put]:
    """The largest per-device batch below the pinned one that makes the effective batch on this hardware."""
    pinned = plan.batch.pinned_per_device
    if not pinned or effective % replicas or plan.release.trainer.completions is not None:
        return []
    return [Put("batch.per_device", divisors(effective // replicas, pinned)[-1])]


def _groups(plan: Plan, replicas: int) -> int:
    """What a batch must be a multiple of beside the replicas, so that a step that is generated at once holds whole
    groups of completions."""
    since, group = plan.release.trainer.completions, positive(plan.argument("num_generations"))
    if since is None or (plan.release.trl or since) < since or not group or plan.batch.pinned_accumulation:
        return 1
    if plan.writes("generation_batch_size", "steps_per_generation"):
        return 1
    return group // gcd(group, replicas * (plan.batch.pinned_per_device or 1))
