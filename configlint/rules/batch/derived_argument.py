"""A training argument is set that configlint derives.

Batch size, accumulation and sharding are each set in one section of the spec; a second value in `training`,
`arguments` or the DeepSpeed config would silently override it or be ignored. A DeepSpeed config may repeat what the
spec says: `auto`, or the ZeRO stage that `parallel.data` names.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {gradient_accumulation_steps: 4}

Good:

    batch: {effective: 64, accumulation: 4}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {learning_rate: 2.0e-5}

Source: transformers 5.23 training_args.py; integrations/deepspeed.py, trainer_config_process
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.core.values import whole
from configlint.core.wording import code, listing
from configlint.knowledge.naming import owners, paths

_DEEPSPEED = "parallel.deepspeed."
_STAGE = f"{_DEEPSPEED}zero_optimization.stage"
_OWNERS = {
    **{f"{section}.{name}": owner for section in ("training", "arguments") for name, owner in owners().items()},
    **{f"{_DEEPSPEED}{name}": (owner,) for name, owner in paths("deepspeed").items()},
}


# A value in the place of the section that holds one of them sets it too: `bf16: true`.
_SECTIONS = {path.rpartition(".")[0]: owner for path, owner in _OWNERS.items() if path.count(".") == 3}


@rule(Severity.ERROR, fixes=True)
def check(plan: Plan) -> Iterator[Finding]:
    settings = plan.spec.settings
    for path, owner in _OWNERS.items():
        if path in settings and plan.can_say(*owner) and not _says_the_same(plan, path):
            yield _finding(plan, path, owner)
    for path, owner in _SECTIONS.items():
        if path in settings and not settings[path].mapping:
            yield _finding(plan, path, owner)


def _says_the_same(plan: Plan, path: str) -> bool:
    """Whether a key of DeepSpeed's says no more than its owner, or is not read in this plan."""
    setting, data = plan.spec.settings[path], plan.parallel.data or ""
    if not path.startswith(_DEEPSPEED):
        return False
    if path == _STAGE:
        is_read = data.startswith("zero") or not plan.spec.is_shared(setting)
        return setting.value == "auto" or not is_read or data == f"zero{whole(setting.value)}"
    if path.endswith(".autotp_size") and setting.value == plan.parallel.tensor:
        return True
    return setting.value == "auto"


def _finding(plan: Plan, path: str, owner: tuple[str, ...]) -> Finding:
    from configlint.rules.batch._remedies import remedies  # needed only where something is wrong

    key = path.removeprefix("training.").removeprefix("arguments.").removeprefix(_DEEPSPEED)
    names = [f"`{plan.name(each)}`" for each in owner]
    message = f"`{plan.name(path)}` is derived from {listing(names, 'or')}"
    if path == _STAGE and plan.parallel.data:
        default = "" if plan.given("parallel.data") else " (configlint's default)"
        stage = code(plan.spec.settings[path].value)
        message = f"`{plan.name(path)}` {stage} contradicts {names[0]} {plan.parallel.data}{default}"
    return Finding(path, message, remedies(plan, path, key, owner), on_key=True)
