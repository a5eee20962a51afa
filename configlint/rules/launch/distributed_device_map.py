"""One model is to be spread over all devices, by each of several processes.

device_map is for one process that uses all devices. In a distributed job each process would spread a model of its
own over the same devices, and Accelerate refuses to train it: after the loading of the model, on every process.

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
from configlint.core.rule import Finding, rule

_SPREADING = ("auto", "balanced", "balanced_low_0", "sequential")


# What the script does with its argument is its own: most hand it to from_pretrained.
@rule(Severity.WARNING)
def check(plan: Plan) -> Iterator[Finding]:
    device_map, world = plan.arguments.get("device_map"), plan.parallel.world
    if device_map in _SPREADING and world and world > 1:
        yield Finding(
            "arguments.device_map",
            f"device_map {device_map} would spread a model over all devices in each of {world} processes",
            "delete it: each process loads the model for the device of its own",
        )
