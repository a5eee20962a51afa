"""FSDP's settings in the releases that have words for them.

From 5.10 on the Trainer reads all of them in fsdp_config. Until 5.9 `fsdp` is a text: `auto_wrap`, without which
the model is one unit, `offload`, and how to shard, which 5.0 to 5.9 read in fsdp_config too. Releases before 5.0
have the first version of FSDP alone.

Source: transformers 4.30 to 4.57 training_args.py, __post_init__; 5.0 to 5.9 _process_fsdp_args; trainer_utils.py,
FSDPOption; torch 2.13 distributed/fsdp/_init_utils.py, _init_intra_and_inter_node_groups
"""

from __future__ import annotations

from configlint.core.plan import Plan
from configlint.core.release import Version

# The first release that has them all in fsdp_config, and the first with the second version of FSDP.
KEYS: Version = (5, 10)
FSDP2: Version = (5, 0)
# The first with `hybrid_shard`: a copy of the model for each node.
BY_NODE: Version = (4, 36)
_SHARDING = {"true": "full_shard", "none": "full_shard", "full_shard": "full_shard"} | dict.fromkeys(
    ("false", "shard_grad_op"), "shard_grad_op"
)
_OFFLOAD = {True: "offload", False: "", None: ""}


def words(plan: Plan) -> dict[str, str]:
    """The keys of its section, as they are written, that are words of `fsdp` in this release; "" where it is so
    without a word."""
    found = {}
    for key, value in plan.spec.tree("parallel.fsdp").items():
        word = _word(plan.release.transformers, key.removeprefix("fsdp_"), value)
        if word is not None:
            found[key] = word
    return found


def _word(release: Version, name: str, value: object) -> str | None:
    if name == "cpu_offload" and release < KEYS and (value is None or isinstance(value, bool)):
        return _OFFLOAD[value]
    if name == "reshard_after_forward" and release < FSDP2:
        return _SHARDING.get(str(value).lower())
    return "" if name == "version" and release < FSDP2 and str(value) == "1" else None


def is_by_node(plan: Plan) -> bool:
    """Whether each node is to hold a copy of the model, and the release has a word for that."""
    is_hybrid = plan.parallel.data == "fsdp" and plan.parallel.copies not in (None, 1)
    return is_hybrid and plan.parallel.shard == node(plan) and BY_NODE <= plan.release.transformers < FSDP2


def node(plan: Plan) -> int | None:
    """How many devices share a copy by that word: all that a node has; None where not all of them train."""
    hardware = plan.hardware
    return hardware.devices_per_node if hardware.reserved == 0 and not hardware.is_cpu else None


def sharding(plan: Plan) -> str:
    """The word for how to shard."""
    is_kept = "shard_grad_op" in words(plan).values()
    if is_by_node(plan):
        return "hybrid_shard_zero2" if is_kept else "hybrid_shard"
    return "shard_grad_op" if is_kept else "full_shard"
