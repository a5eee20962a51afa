"""`device_map` spreads the model over all devices in a job of several processes.

`device_map` is for one process that uses all devices. In a distributed job each process spreads its own copy of the
model over the same devices, and Accelerate rejects such a model once it is loaded.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    launch: {script: train.py}
    arguments: {device_map: auto}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    launch: {script: train.py}

Source: accelerate 1.15 accelerator.py, Accelerator.prepare; transformers 5.23 integrations/accelerate.py,
check_and_set_device_map
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Drop
from configlint.core.rule import Finding, rule

_PATH = "arguments.device_map"
_SPREADING = ("auto", "balanced", "balanced_low_0", "sequential")


# What the script does with its argument is its own: most hand it to from_pretrained.
@rule(Severity.WARNING, when=lambda plan: plan.given("arguments.device_map"))
def check(plan: Plan) -> Iterator[Finding]:
    device_map, world = plan.arguments.get("device_map"), plan.parallel.world
    if device_map in _SPREADING and world and world > 1:
        yield Finding(
            _PATH,
            f"`{plan.name(_PATH)}` {device_map} spreads the model over all devices in each of {world} processes",
            [Drop(_PATH, why="each process then loads the model onto its own device")],
        )
