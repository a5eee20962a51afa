"""The Transformers release that runs the job does not support this mesh.

Each kind of parallelism was added to the Trainer in a release of its own. With an older one the job fails when the
model is loaded or the Trainer is built, or the Trainer does not know that devices share samples and trains a
different batch size than is written. Copies of the model in shards can have any size from 5.0 on; from 4.36 on each
node can hold one, which `compile` writes as `hybrid_shard`.

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

Source: transformers 4.35, 4.36 trainer_utils.py, FSDPOption; torch 2.13 distributed/fsdp/_init_utils.py,
_init_intra_and_inter_node_groups; transformers 4.57, 5.0 training_args.py, _process_fsdp_args (FSDP 2), and
trainer.py, get_total_train_batch_size and get_sp_size; 5.13, 5.18, 5.22, 5.23 distributed/configuration_utils.py,
DistributedConfig, and trainer.py, _build_accelerator_args; run: 5.18 and 5.23 with four processes
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.fsdp import BY_NODE, FSDP2, node
from configlint.core.plan import Plan
from configlint.core.record import NamedTuple
from configlint.core.release import Version, written
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule
from configlint.core.wording import count
from configlint.rules.parallel import degree, is_meshed

_OURS = "transformers"


class Need(NamedTuple):
    """A part of the mesh, the degree that asks for it, the release that added it, and what any release has."""

    kind: str
    words: str
    since: Version
    instead: Put | None = None


@rule(Severity.ERROR, when=is_meshed)
def check(plan: Plan) -> Iterator[Finding]:
    version = plan.release.transformers
    for need in _needs(plan):
        if version < need.since:
            since, named = written(need.since), plan.runs(_OURS, version)
            upgrade = Put(_OURS, since, why="once it is installed")
            yield Finding(
                f"parallel.{need.kind}",
                f"{degree(plan, need.kind)}{need.words} was added in transformers {since}; this job runs {named}",
                [need.instead, upgrade] if need.instead else [upgrade],
                related=((_OURS, f"transformers {named}"),) if plan.given(_OURS) else (),
            )


def _needs(plan: Plan) -> Iterator[Need]:
    parallel = plan.parallel
    replicas, zero = parallel.replicas, parallel.uses_deepspeed
    if parallel.context not in (None, 1) and parallel.data == "fsdp":
        yield Need("context", " with FSDP 2", (5, 0))
    if parallel.sequence not in (None, 1) and zero:
        yield Need("sequence", "", (5, 0))
    if parallel.data == "fsdp" and parallel.tensor == 1 and parallel.copies not in (None, 1):
        yield from _copies(plan)
    if parallel.tensor not in (None, 1) and not zero and replicas is not None:
        yield _tensor(plan, replicas)


def _copies(plan: Plan) -> Iterator[Need]:
    """A copy for each node is older than copies of any size."""
    words = f" with {count(plan.parallel.copies or 0, 'copy', 'copies')}"
    size, nodes = node(plan), plan.hardware.nodes
    if plan.parallel.shard == size:
        yield Need("shard", words, BY_NODE)
        return
    instead = None
    if size and (nodes == 1 or plan.release.transformers >= BY_NODE):
        instead = Put("parallel.shard", size, why="" if nodes == 1 else "each node holds one copy of the model")
    yield Need("shard", words, FSDP2, instead)


def _tensor(plan: Plan, replicas: int) -> Need:
    """What of DistributedConfig a tensor-parallel model needs."""
    parallel = plan.parallel
    sharded = parallel.data == "fsdp"
    copies = parallel.copies if sharded else replicas
    if copies not in (None, 1):
        # One copy in shards is older.
        one = Put("parallel.shard", replicas) if sharded else Put("parallel.data", "fsdp")
        words = f" with {count(copies or 0, 'copy', 'copies')}"
        return Need("tensor", words, (5, 23), one if plan.release.transformers >= (5, 18) else None)
    if replicas != 1:
        return Need("tensor", f" with {degree(plan, 'shard')}", (5, 18))
    return Need("tensor", "", (5, 13))
