"""A variable of the launcher is set by hand.

Ranks, world size and addresses are the launcher's to say, to each process its own. Set for all, they make
every process believe the same: the job hangs, or trains with other replicas than were planned. What Accelerate's
launcher would say of precision, compilation and sharding is in the JSON, which would be contradicted.

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
from configlint.core.rule import Finding, rule

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
# What says the same in a spec, by the start of the variable.
_INSTEAD = {
    "ACCELERATE_DEEPSPEED_": "parallel.data, zero0 to zero3, and parallel.deepspeed",
    "ACCELERATE_DYNAMO_": "training.torch_compile and its like",
    "ACCELERATE_GRADIENT_ACCUMULATION_STEPS": "batch",
    "ACCELERATE_GRADIENT_CLIPPING": "training.max_grad_norm",
    "ACCELERATE_MIXED_PRECISION": "training.bf16 or training.fp16",
    "ACCELERATE_TORCH_DEVICE": "hardware.accelerator",
    "ACCELERATE_USE_CPU": "hardware.accelerator",
    "ACCELERATE_USE_DEEPSPEED": "parallel.data: zero0 to zero3",
    "ACCELERATE_USE_FSDP": "parallel.data: fsdp",
    "FSDP_": "parallel.data: fsdp, and parallel.fsdp",
}
# What Accelerate reads and no spec decides: how much is said, and how a process is bound to its node.
_FREE = (
    "ACCELERATE_CPU_AFFINITY",
    "ACCELERATE_DEBUG_MODE",
    "ACCELERATE_DISABLE_RICH",
    "ACCELERATE_ENABLE_RICH",
    "ACCELERATE_LOG_LEVEL",
)
_SET = "leave it out: the launcher sets it from hardware and parallel"
# Where the nodes meet, a job of Slurm finds out when it runs; launch.sh sets what is written after that.
_ADDRESS = ("MASTER_ADDR", "MASTER_PORT")


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    for name in plan.spec.section("launch.env"):
        if name in _ADDRESS and plan.given("launch.slurm") and plan.hardware.nodes != 1:
            help = "leave it out: job.sbatch sets it from the nodes that the job gets"
            yield Finding(f"launch.env.{name}", f"`{name}` is the job's to set", help, on_key=True)
        elif name in _NAMES or (name.startswith(_STARTS) and name not in _FREE):
            instead = next((said for start, said in _INSTEAD.items() if name.startswith(start)), None)
            help = f"leave it out, and say it in {instead}" if instead else _SET
            yield Finding(f"launch.env.{name}", f"`{name}` is the launcher's to set", help, on_key=True)
