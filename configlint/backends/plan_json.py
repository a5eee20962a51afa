"""plan.json: the reckoning, for people and programs; nothing in it depends on the machine or the day."""

from __future__ import annotations

import os
from collections.abc import Sequence

from configlint.backends.json_text import dump
from configlint.core.artifact import Artifact
from configlint.core.digests import UNSEALED, digest, sealed
from configlint.core.plan import Origin, Plan, with_numbers
from configlint.core.values import text

NAME = "plan.json"


def emit(plan: Plan, others: Sequence[Artifact] = ()) -> list[Artifact]:
    """`others` are the files beside it. By the digests, theirs and its own, a later compilation knows what it may
    replace, and what it has to remove."""
    batch, hardware, parallel, schedule = plan.batch, plan.hardware, plan.parallel, plan.schedule
    document = {
        "version": 2,
        "digest": UNSEALED,
        "files": {other.name: digest(other.data) for other in others},
        "spec": os.path.basename(plan.spec.source.name),
        "target": plan.spec.target,
        "releases": {"transformers": plan.transformers, **({"trl": plan.trl} if plan.trl else {})},
        "arithmetic": {  # not `batch`: a root key of that name would make this file a spec
            "effective": batch.effective,
            "per_device": batch.per_device,
            "accumulation": batch.accumulation,
            "replicas": parallel.replicas,
        },
        "mesh": {
            "accelerator": hardware.accelerator_name,
            "nodes": hardware.nodes,
            "devices_per_node": hardware.devices_per_node,
            "reserved": hardware.reserved,
            "world": parallel.world,
            "data": parallel.data,
            "shard": parallel.shard,
            "copies": parallel.copies,
            "tensor": parallel.tensor,
            "context": parallel.context,
            "sequence": parallel.sequence,
        },
        "facts": _facts(plan),
        "schedule": {name: value for name, value in schedule._asdict().items() if value is not None},
        "derived": {
            path: _derived(plan, origin) for path, origin in plan.origins.items() if origin.how == "derived"
        },
    }
    return [Artifact(NAME, sealed(dump(document) + "\n"))]


def _facts(plan: Plan) -> dict[str, dict[str, object]]:
    """What is known of the model, the tuning and the data, for a script that is told nothing of it."""
    config = plan.spec.settings.get("model.config")
    model = {
        "config": text(config.value) if config else None,
        "sequence_length": plan.sequence_length,
        **plan.loaded._asdict(),
    }
    sections = {"model": model, "tuning": plan.tuning._asdict(), "data": plan.data._asdict()}
    return {
        name: {key: value for key, value in held.items() if value not in (None, ())}
        for name, held in sections.items()
    }


def _derived(plan: Plan, origin: Origin) -> dict[str, object]:
    return {
        "value": origin.value,
        "formula": origin.why,
        "numbers": with_numbers(plan, origin),
        "inputs": {path: plan.origins[path].value for path in origin.inputs},
    }
