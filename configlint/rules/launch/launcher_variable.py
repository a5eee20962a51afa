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

Source: torch 2.13 distributed/elastic/agent/server/local_elastic_agent.py and distributed/run.py; accelerate 1.15
utils/launch.py; each variable: configlint/knowledge/variables.yaml
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Drop
from configlint.core.rule import Finding, rule
from configlint.core.wording import listing
from configlint.knowledge import variables

# Where the nodes meet, a job of Slurm finds out when it runs; launch.sh sets what is written after that.
_ADDRESS = "MASTER_ADDR"


@rule(Severity.ERROR, when=lambda plan: plan.given("launch.env"))
def check(plan: Plan) -> Iterator[Finding]:
    for name in plan.spec.section("launch.env"):
        path = f"launch.env.{name}"
        instead = variables.instead(name)
        if name == _ADDRESS and plan.given("launch.slurm") and plan.hardware.nodes != 1:
            message = f"`{name}` overrides what job.sbatch sets for the allocated nodes"
            yield Finding(path, message, [Drop(path)], on_key=True)
        elif instead is not None:
            message = f"`{name}` is set by the launcher"
            yield Finding(path, message, [Drop(path, why=_why(plan, instead))], on_key=True)


def _why(plan: Plan, instead: tuple[str, ...]) -> str:
    """What decides on the variable."""
    if instead:
        return f"set {listing((f'`{plan.name(path)}`' for path in instead), 'or')} instead"
    return f"the launcher takes it from `{plan.name('hardware')}` and `{plan.name('parallel')}`"
