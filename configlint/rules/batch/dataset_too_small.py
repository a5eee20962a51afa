"""The data set is smaller than one micro-batch across all replicas.

Samples are repeated until every replica has a full batch, so the same example counts several times in one step;
a single replica trains a smaller batch instead. With `dataloader_drop_last` no batch is left, and the Trainer
fails with a message about a data loader without length. So does a trainer that generates (GRPO, RLOO) with fewer
prompts than a generation batch takes: it leaves out prompts that do not fill one.

Bad:

    batch: {effective: 64, per_device: 8}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    data: {train_examples: 40}

Good:

    batch: {effective: 16, per_device: 2}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    data: {train_examples: 40}

Source: accelerate 1.15 data_loader.py, BatchSamplerShard (even_batches); transformers 5.23 trainer.py,
set_initial_training_values; trl 1.16 trainer/utils.py, RepeatSampler
"""

from __future__ import annotations

from collections.abc import Iterator
from math import gcd

from configlint.core.arithmetic import is_power_of_two
from configlint.core.diagnostic import Severity
from configlint.core.plan import Generation, Plan
from configlint.core.remedy import Act, Drop, Put, Remedy, Say
from configlint.core.rule import Finding, rule
from configlint.core.wording import count
from configlint.rules.batch import accelerator_config, is_unreachable, replicas_in_words, smallest_data, unit
from configlint.rules.batch._totals import total


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    examples, per_device, replicas = plan.data.train_examples, plan.batch.per_device, plan.parallel.replicas
    least = smallest_data(plan)
    if not examples or not per_device or not replicas or not least or examples >= least:
        return
    if plan.data.streaming and not plan.generation:
        return  # it is read again
    if is_unreachable(plan):
        return  # with too many replicas for the batch, there are too many for the data too
    if plan.generation:
        yield _without_generation(plan, examples, plan.generation)
        return
    if plan.spec.call and plan.release.trainer.generates:
        return  # how it goes through the prompts is not known
    drops = plan.training.get("dataloader_drop_last") is True
    if drops:
        follows = f"`{plan.name('training.dataloader_drop_last')}` leaves no batch to train"
    elif replicas == 1:
        follows = f"a step trains {examples} samples"
    elif accelerator_config(plan).get("even_batches") is False:
        return  # nothing is repeated: batch/uneven-ranks
    else:
        follows = "samples repeat"
    yield Finding(
        "data.train_examples",
        f"{count(examples, unit(plan))} do not fill one batch ({per_device} x {count(replicas, 'replica')}),"
        f" so {follows}",
        [_remedy(plan, examples, replicas)],
        None if drops else Severity.WARNING,
        related=(replicas_in_words(plan),),
    )


def _without_generation(plan: Plan, prompts: int, generation: Generation) -> Finding:
    group, path = plan.name(plan.path("num_generations")), plan.path("steps_per_generation")
    remedies: list[Remedy] = [
        Say(f"train on {generation.prompts:,} prompts or more", needs=("data.train_examples",))
    ]
    if (steps := _fewer_steps(plan, prompts, generation)) and not plan.writes("generation_batch_size"):
        remedies.insert(0, Put(path, steps))
    return Finding(
        "data.train_examples",
        f"{count(prompts, 'prompt')} do not fill one generation batch of {generation.batch:,} completions"
        f" (`{group}` {generation.group} x {count(generation.prompts, 'prompt')}), so nothing is trained",
        remedies,
        related=(replicas_in_words(plan),),
    )


def _fewer_steps(plan: Plan, prompts: int, generation: Generation) -> int:
    """For how many micro-batches whole groups of so few prompts last; 0 where those would not make a step."""
    micro = generation.batch // generation.steps
    whole = generation.group // gcd(generation.group, micro)
    steps = prompts * generation.group // micro // whole * whole
    return steps if steps * generation.iterations >= (plan.batch.accumulation or 1) else 0


def _remedy(plan: Plan, examples: int, replicas: int) -> Remedy:
    if examples < replicas:
        return Say(f"use at most {count(examples, 'replica')}", needs=("hardware.devices_per_node",))
    share = examples // replicas
    if is_power_of_two(replicas):
        share = 1 << (share.bit_length() - 1)
    stated = plan.given("batch.effective") or plan.given("batch.effective_tokens")
    acts: list[Act] = [total(plan, share * replicas)] if stated else []
    if plan.batch.pinned_per_device:
        acts.append(Put("batch.per_device", share))
    if plan.batch.pinned_accumulation:
        acts.append(Drop("batch.accumulation") if stated else Put("batch.accumulation", 1))
    return tuple(acts)
