"""One process may see several devices.

`accelerate launch` starts a single process without a rank. On a host with several devices the Trainer
then wraps the model in nn.DataParallel, and every device takes per_device samples: the batch is
multiplied by the number of devices that happen to be visible. torchrun gives the one process a rank.

Bad:

    batch: {effective: 32}
    hardware: {accelerator: a100-80gb, devices_per_node: 1}
    launch: {script: train.py, launcher: accelerate}

Good:

    batch: {effective: 32}
    hardware: {accelerator: a100-80gb, devices_per_node: 1}
    launch: {script: train.py, launcher: torchrun}

Source: transformers 5.23 training_args.py, _setup_devices and train_batch_size; accelerate 1.15
commands/launch.py (several processes are asked for by --multi_gpu, which refuses one)
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.diagnostic import Severity
from configlint.plan import Plan
from configlint.rule import Finding, rule


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    accelerator = plan.hardware.accelerator
    if plan.launch.launcher != "accelerate" or plan.parallel.world != 1:
        return
    # nn.DataParallel is for devices that PyTorch calls cuda: NVIDIA's and AMD's.
    if accelerator is None or accelerator.vendor in ("cpu", "intel"):
        return
    help = "leave out launcher: torchrun gives the process a rank, and one device"
    devices = plan.hardware.devices_per_node or 1
    if devices > 1:
        message = f"accelerate's one process takes all {devices} devices, and trains {devices} times the batch"
        yield Finding("launch.launcher", message, help)
    else:
        message = "accelerate's one process takes every device of the host, and multiplies the batch by them"
        yield Finding("launch.launcher", message, help, Severity.WARNING)
