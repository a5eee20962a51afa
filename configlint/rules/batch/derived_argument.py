"""A training argument is set that configlint derives.

Batch size, accumulation and sharding have one owner each, in the sections of the spec; a second value
in `training`, `arguments` or the DeepSpeed config would win or lose without a word.

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

from configlint.diagnostic import Severity
from configlint.plan import Plan
from configlint.rule import Finding, rule
from configlint.spec import DERIVED
from configlint.values import positive

_DEEPSPEED = {
    "train_batch_size": "batch.effective",
    "train_micro_batch_size_per_gpu": "batch.per_device",
    "gradient_accumulation_steps": "batch.accumulation",
    "gradient_clipping": "training.max_grad_norm",
    "bf16.enabled": "training.bf16",
    "fp16.enabled": "training.fp16",
    "zero_optimization.stage": "parallel.data",
    "tensor_parallel.autotp_size": "parallel.tensor",
}
_OWNERS = {
    **{f"{section}.{name}": owner for section in ("training", "arguments") for name, owner in DERIVED.items()},
    **{f"parallel.deepspeed.{name}": owner for name, owner in _DEEPSPEED.items()},
}


# A value in the place of the section that holds one of them sets it too: `bf16: true`.
_SECTIONS = {path.rpartition(".")[0]: owner for path, owner in _OWNERS.items() if path.count(".") == 3}


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    settings = plan.spec.settings
    for path, owner in _OWNERS.items():
        if path in settings:
            yield _finding(plan, path, owner)
    for path, owner in _SECTIONS.items():
        if path in settings and not settings[path].mapping:
            yield _finding(plan, path, owner)


def _finding(plan: Plan, path: str, owner: str) -> Finding:
    name = path.removeprefix("training.").removeprefix("arguments.").removeprefix("parallel.deepspeed.")
    return Finding(path, f"`{name}` is derived", _help(plan, path, owner), on_key=True)


def _help(plan: Plan, path: str, owner: str) -> str:
    """To delete it is right where its owner says something; else what was meant would be lost."""
    value = positive(plan.spec.settings[path].value)
    if owner in ("batch.per_device", "batch.accumulation") and value and not plan.given(owner):
        return f"move it: `batch: {{{owner.rpartition('.')[2]}: {value}}}`"
    if path in ("training.fsdp", "training.deepspeed") and not plan.given("parallel.data"):
        data = "fsdp" if path == "training.fsdp" else "zero2"
        return f"write `parallel: {{data: {data}}}` in its place: {owner} decides on it"
    return f"delete it: it comes from {owner}"
