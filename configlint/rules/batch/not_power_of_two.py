"""The effective batch is no power of two.

Kernels, memory and data sets are cut in powers of two, and results of other runs are reported for
them: a batch between two of them wastes a little and compares with nothing. Where the replicas are
no power of two, no batch over them can be one; that is said as advice, with the counts that could.

Bad:

    batch: {effective: 48}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}

Source: NVIDIA, Deep Learning Performance: Matrix Multiplication Background, on tile and wave quantization
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.arithmetic import is_power_of_two, reachable
from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.rules.batch import factored


@rule(Severity.WARNING)
def check(plan: Plan) -> Iterator[Finding]:
    batch, replicas = plan.batch, plan.parallel.replicas
    effective = batch.effective
    if not effective or not replicas or is_power_of_two(effective):
        return
    below = 1 << (effective.bit_length() - 1)
    message = f"an effective batch of {effective} is no power of two"
    if not is_power_of_two(replicas):
        if batch.trained == effective:
            help = f"none can be reached with {replicas} replicas: {_around(replicas)} replicas could"
            yield Finding("batch.effective", message, help, Severity.INFO)
        return
    # A power of two is in reach if it is itself the nearest that can be trained.
    powers = [size for size in (below, 2 * below) if size >= replicas] or [replicas]
    near = [size for size in powers if reachable(batch, size, replicas)[0] == size]
    if near:
        help = f"nearest: {', '.join(factored(plan, size) for size in near)}"
    else:
        powers_in_words = " or ".join(map(str, powers))
        help = f"write effective: {powers_in_words}, and leave per_device and accumulation to be derived"
    yield Finding("batch.effective", message, help)


def _around(replicas: int) -> str:
    below = 1 << (replicas.bit_length() - 1)
    return f"{below} or {2 * below}"
