"""`launch.env` sets a variable that the launcher sets.

The launcher gives each process its own rank, world size and address. One value for all processes makes the job
hang or train with another number of replicas than planned. Variables of Accelerate for precision, compilation and
sharding contradict the JSON that configlint writes.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    launch: {script: train.py, env: {WORLD_SIZE: 8}}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    launch: {script: train.py, env: {NCCL_DEBUG: WARN}}

Source: torch 2.13 distributed/elastic/agent/server/local_elastic_agent.py; accelerate 1.15 utils/launch.py
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Drop
from configlint.core.rule import Finding, rule
from configlint.core.wording import listing

_NAMES = (
    "GROUP_RANK",
    "GROUP_WORLD_SIZE",
    "LOCAL_RANK",
    "LOCAL_WORLD_SIZE",
    "NODE_RANK",
    "RANK",
    "ROLE_RANK",
    "ROLE_WORLD_SIZE",
    "TORCHELASTIC_MAX_RESTARTS",
    "TORCHELASTIC_RESTART_COUNT",
    "TORCHELASTIC_RUN_ID",
    "TORCHELASTIC_USE_AGENT_STORE",
    "WORLD_SIZE",
)
_STARTS = ("ACCELERATE_", "FSDP_", "PARALLELISM_CONFIG_", "PET_")
# The settings that say the same, by the start of the variable.
_INSTEAD = {
    "ACCELERATE_DEEPSPEED_": ("parallel.data", "parallel.deepspeed"),
    "ACCELERATE_DYNAMO_": ("training.torch_compile",),
    "ACCELERATE_GRADIENT_ACCUMULATION_STEPS": ("batch.accumulation",),
    "ACCELERATE_GRADIENT_CLIPPING": ("training.max_grad_norm",),
    "ACCELERATE_MIXED_PRECISION": ("training.bf16", "training.fp16"),
    "ACCELERATE_TORCH_DEVICE": ("hardware.accelerator",),
    "ACCELERATE_USE_CPU": ("hardware.accelerator",),
    "ACCELERATE_USE_DEEPSPEED": ("parallel.data",),
    "ACCELERATE_USE_FSDP": ("parallel.data",),
    "FSDP_": ("parallel.data", "parallel.fsdp"),
}
# What Accelerate reads and no spec decides: how much is logged, and how a process is bound to its node.
_FREE = (
    "ACCELERATE_CPU_AFFINITY",
    "ACCELERATE_DEBUG_MODE",
    "ACCELERATE_DISABLE_RICH",
    "ACCELERATE_ENABLE_RICH",
    "ACCELERATE_LOG_LEVEL",
)
# Where the nodes meet, a job of Slurm finds out when it runs; launch.sh sets what is written after that.
_ADDRESS = ("MASTER_ADDR", "MASTER_PORT")


@rule(Severity.ERROR, when=lambda plan: plan.given("launch.env"))
def check(plan: Plan) -> Iterator[Finding]:
    for name in plan.spec.section("launch.env"):
        path = f"launch.env.{name}"
        if name in _ADDRESS and plan.given("launch.slurm") and plan.hardware.nodes != 1:
            message = f"`{name}` overrides what job.sbatch sets for the allocated nodes"
            yield Finding(path, message, [Drop(path)], on_key=True)
        elif name in _NAMES or (name.startswith(_STARTS) and name not in _FREE):
            message = f"`{name}` is set by the launcher"
            yield Finding(path, message, [Drop(path, why=_why(plan, name))], on_key=True)


def _why(plan: Plan, name: str) -> str:
    """What decides on the variable instead."""
    instead = next((paths for start, paths in _INSTEAD.items() if name.startswith(start)), ())
    if instead:
        return f"set {listing((f'`{plan.name(path)}`' for path in instead), 'or')} instead"
    return f"the launcher takes it from `{plan.name('hardware')}` and `{plan.name('parallel')}`"
