"""A single process may use several devices.

A script started with plain `python` is one process without a rank. Where it sees several devices, the Trainer
wraps the model in nn.DataParallel and every device takes per_device samples, so the batch is multiplied by the
number of visible devices. torchrun and the launch files that configlint compiles give even a single process a
rank and one device.

Bad:

    batch: {effective: 32}
    hardware: {accelerator: a100-80gb, devices_per_node: 2, reserved: 1}

Good:

    batch: {effective: 32}
    hardware: {accelerator: a100-80gb, devices_per_node: 2, reserved: 1}
    launch: {script: train.py}

Source: transformers 5.23 training_args.py, _setup_devices and train_batch_size
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule


@rule(Severity.ERROR, when=lambda plan: plan.parallel.world == 1)
def check(plan: Plan) -> Iterator[Finding]:
    accelerator, devices = plan.hardware.accelerator, plan.hardware.devices_per_node
    if plan.parallel.world != 1 or plan.given("launch") or accelerator is None or devices is None:
        return
    # nn.DataParallel is for devices that PyTorch calls cuda: NVIDIA's and AMD's.
    if accelerator.vendor in ("cpu", "intel"):
        return
    script = Put("launch.script", "train.py", "then run the launch.sh that `configlint compile` writes")
    message = "a script started with plain `python` uses"
    if devices > 1:
        message += f" all {devices} devices and multiplies the batch by {devices}"
        yield Finding("hardware.devices_per_node", message, [script])
    elif (accelerator.devices_per_node or 1) > 1:
        message += " every device of the host and multiplies the batch by their number"
        yield Finding("hardware.devices_per_node", message, [script], Severity.INFO)
