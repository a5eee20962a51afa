"""DeepSpeed does not know the key.

At the top level of its config DeepSpeed silently ignores unknown keys: a misspelt `communication_data_type` changes
nothing, and the job trains something other than what is written. In zero_optimization, fp16, bf16, the monitors
and most other sections it rejects them when the engine is built: the job fails after it has queued and loaded the
model.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero3, deepspeed: {zero_optimization: {overlap_com: true}}}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero3, deepspeed: {zero_optimization: {overlap_comm: true}}}

Source: deepspeed 0.19.8 runtime/config.py, DeepSpeedConfig._initialize_params; runtime/config_utils.py,
DeepSpeedConfigModel (extra="forbid"), and the models that schemas/deepspeed_config.py reads; accelerate 1.15
commands/launch.py and utils/dataclasses.py, DeepSpeedPlugin
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Drop, Meant, Move, Remedy, Say
from configlint.core.rule import Finding, rule
from configlint.knowledge._generated.deepspeed import OPEN, REMOVED, SECTIONS
from configlint.knowledge.naming import paths
from configlint.rules.batch._remedies import remedies as derived
from configlint.rules.deepspeed import OFFLOADS, SECTION, is_configured, settings, stage

_GATHER = "zero_optimization.stage3_gather_16bit_weights_on_model_save"
# Accelerate's own names, in its file and its command, for what DeepSpeed's config holds.
_ACCELERATES = {
    "offload_optimizer_device": f"{OFFLOADS[0]}.device",
    "offload_optimizer_nvme_path": f"{OFFLOADS[0]}.nvme_path",
    "offload_param_device": f"{OFFLOADS[1]}.device",
    "offload_param_nvme_path": f"{OFFLOADS[1]}.nvme_path",
    "zero3_save_16bit_model": _GATHER,
}
_NODES = (
    *("deepspeed_exclusion_filter", "deepspeed_hostfile", "deepspeed_inclusion_filter"),
    "deepspeed_multinode_launcher",
)
# Why those of Accelerate's can go that are said elsewhere.
_WHY: dict[str, Callable[[Plan], str]] = {
    **dict.fromkeys(_NODES, lambda plan: "the launcher starts every node"),
    "zero3_init_flag": lambda plan: "under ZeRO-3 the Trainer loads the model in shards anyway",
    **dict.fromkeys(("stage", "zero_stage"), lambda plan: f"`{plan.name('parallel.data')}` sets the stage"),
}


@rule(Severity.ERROR, fixes=True, when=is_configured)
def check(plan: Plan) -> Iterator[Finding]:
    if stage(plan) is None:
        return
    for key, _ in settings(plan):
        section, _, name = key.rpartition(".")
        known = SECTIONS.get(section)
        if known is None or section in OPEN or name in known or key in REMOVED:
            continue
        choices = _remedies(plan, SECTION + key, name, section)
        if section:
            message = f"DeepSpeed rejects the unknown key `{name}` in `{section}`"
            yield Finding(SECTION + key, message, choices, on_key=True)
        # A remark is what JSON has no other place for.
        elif not name.lstrip("_/#").startswith("comment"):
            message = f"DeepSpeed silently ignores the unknown key `{name}`"
            # What was meant for another key is not trained as it is written.
            is_meant = any(isinstance(choice, Meant | Move) for choice in choices)
            yield Finding(SECTION + key, message, choices, None if is_meant else Severity.WARNING, on_key=True)


def _remedies(plan: Plan, path: str, name: str, section: str) -> Sequence[Remedy]:
    if name == "deepspeed_config_file":
        return [Say("write the contents of that file here instead")]
    if name in _WHY:
        return [Drop(path, _WHY[name](plan))]
    if name in _ACCELERATES:
        return [_moved(plan, path, _ACCELERATES[name], safe=True)]
    places = _elsewhere(name, section)
    if places:
        key = f"{places[0]}.{name}".lstrip(".")
        owner = paths("deepspeed").get(key)
        return derived(plan, path, key, (owner,)) if owner else [_moved(plan, path, key, len(places) == 1)]
    close = plan.nearest(name, SECTIONS[section])
    return [Meant(path, f"{path.rpartition('.')[0]}.{close}") if close else Drop(path)]


def _elsewhere(name: str, section: str) -> list[str]:
    """The sections that a key can belong to, the likeliest first: below the one where it stands, or the only one
    that has it."""
    places = [place for place, keys in SECTIONS.items() if place != section and name in keys]
    below = [place for place in places if section and place.startswith(f"{section}.")]
    if below:
        return sorted(below)  # the optimizer's offload before that of parameters
    return places if len(places) == 1 else []


def _moved(plan: Plan, path: str, key: str, safe: bool) -> Remedy:
    """To where it has an effect, if there is one that is not taken yet."""
    if stage(plan) != 3 and (key == _GATHER or key.startswith(OFFLOADS[1])):
        return Drop(path, "only ZeRO-3 uses it")
    if plan.given(SECTION + key):
        return Drop(path, f"`{key}` is set already")
    return Move(path, SECTION + key, safe=safe)
