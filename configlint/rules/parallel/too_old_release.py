"""The release of Transformers that is named cannot train on this mesh.

Each kind of parallelism came to the Trainer with a release of its own. Before, the job fails when the model is
loaded or the Trainer is built, or the Trainer does not count the devices that see the same samples, and
trains another batch than is written.

Bad:

    transformers: "4.57"
    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: fsdp, shard: 4}

Good:

    transformers: "5.23"
    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: fsdp, shard: 4}

Source: transformers 4.57, 5.0 training_args.py, _process_fsdp_args (FSDP 2), and trainer.py,
get_total_train_batch_size and get_sp_size; 5.13, 5.18, 5.22, 5.23 distributed/configuration_utils.py,
DistributedConfig, and trainer.py, _build_accelerator_args; run: 5.18 and 5.23 with four processes
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.release import Version
from configlint.core.rule import Finding, rule
from configlint.core.wording import count


class Need(NamedTuple):
    """A part of the mesh, the key that asks for it, and the release that it came with."""

    path: str
    words: str
    since: Version
    instead: str = ""


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    version = plan.release.transformers
    for need in _needs(plan):
        if version < need.since:
            asked, named = (".".join(map(str, release)) for release in (need.since, version))
            yield Finding(
                need.path,
                f"{need.words} came with transformers {asked}, and the spec is for {named}",
                f'write `transformers: "{asked}"` or newer, where it is installed{need.instead}',
                related=(("transformers", f"transformers {named}"),) if plan.given("transformers") else (),
            )


def _needs(plan: Plan) -> Iterator[Need]:
    parallel = plan.parallel
    replicas, zero = parallel.replicas, parallel.uses_deepspeed
    if parallel.context not in (None, 1) and parallel.data == "fsdp":
        yield Need("parallel.context", f"context {parallel.context} with FSDP 2", (5, 0))
    if parallel.sequence not in (None, 1) and zero:
        yield Need("parallel.sequence", f"sequence {parallel.sequence}", (5, 0))
    if parallel.data == "fsdp" and parallel.tensor == 1 and parallel.copies not in (None, 1):
        yield Need("parallel.shard", f"{count(parallel.copies or 0, 'copy', 'copies')} in shards", (5, 0))
    if parallel.tensor not in (None, 1) and not zero and replicas is not None:
        yield _tensor(plan, replicas)


def _tensor(plan: Plan, replicas: int) -> Need:
    """What of DistributedConfig a tensor-parallel model needs."""
    parallel = plan.parallel
    sharded = parallel.data == "fsdp"
    copies = parallel.copies if sharded else replicas
    words = f"tensor {parallel.tensor}"
    if copies not in (None, 1):
        instead = ", or data: fsdp, which shares one copy out" if not sharded else ", or leave shard out"
        older = plan.release.transformers < (5, 18)
        words += f" in {count(copies or 0, 'copy', 'copies')}"
        return Need("parallel.tensor", words, (5, 23), "" if older else instead)
    if replicas != 1:
        return Need("parallel.tensor", f"{words} with shard {parallel.shard}", (5, 18))
    return Need("parallel.tensor", words, (5, 13))
