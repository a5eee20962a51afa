"""All devices of the node train, but vLLM's server is expected on the same host.

With `vllm_mode: server` the trainer waits for a server at `vllm_server_host`, this host by default. Where no device
is left for it, the two share one: NCCL refuses two processes on one device, or the memory runs out. A server on
another host has its address in `vllm_server_host` or `vllm_server_base_url`.

Bad:

    trainer: GRPOTrainer
    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    training: {use_vllm: true, vllm_mode: server, num_generations: 8}

Good:

    trainer: GRPOTrainer
    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8, reserved: 4}
    training: {use_vllm: true, vllm_mode: server, num_generations: 8}

Source: trl 1.16 trainer/grpo_config.py, vllm_server_host; generation/vllm_client.py, init_communicator
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Say
from configlint.core.rule import Finding, rule

_RESERVED = "hardware.reserved"
_HERE = ("0.0.0.0", "127.0.0.1", "localhost")


@rule(Severity.INFO, when=lambda plan: plan.writes("vllm_mode"))
def check(plan: Plan) -> Iterator[Finding]:
    if plan.release.trl is None or plan.argument("use_vllm") is not True or plan.argument("vllm_mode") != "server":
        return
    if plan.argument("vllm_server_base_url") is not None or plan.argument("vllm_server_host") not in _HERE:
        return
    devices = _all_devices(plan)
    if devices is None or plan.parallel.world != devices:
        return  # of a larger node, others may be left
    message = f"all {devices} devices train, so none is left for the vLLM server on this host"
    host = plan.name("training.vllm_server_host")
    help = f"keep some for it with `{plan.name(_RESERVED)}`, or set `{host}` to the host that it runs on"
    yield Finding(plan.path("vllm_mode"), message, [Say(help, needs=(_RESERVED,))])


def _all_devices(plan: Plan) -> int | None:
    """The devices of the one node, where it has as many as such a node usually has; single cards are in any."""
    hardware = plan.hardware
    usual = hardware.instance.devices if hardware.instance else None
    if usual is None and hardware.accelerator is not None:
        usual = hardware.accelerator.devices_per_node
    is_whole = hardware.nodes == 1 and usual == hardware.devices_per_node
    return usual if is_whole and usual != 1 else None
