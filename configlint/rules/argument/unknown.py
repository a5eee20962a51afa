"""A key of `training` is no argument of the trainer's class.

The class refuses what it does not know: the job dies at its start, after the queue. TRL's own scripts drop
what they do not know in `arguments` without a word, so for them that is looked at too. What a class of your
own has beside TrainingArguments is not known, and not judged.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {learning_rat: 2.0e-5}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {learning_rate: 2.0e-5}

Source: schemas/training_arguments.json, read from the wheels; transformers 5.23 hf_argparser.py, parse_dict;
trl 1.16 scripts/utils.py, parse_args_and_config
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.diagnostic import Severity
from configlint.plan import Plan, Use
from configlint.release import written
from configlint.rule import Finding, rule
from configlint.rules.argument import uses
from configlint.rules.batch import DERIVED
from configlint.wording import nearest

# What people write in `training`, and where it belongs.
_SECTIONS = {
    "batch.effective": ("effective_batch_size", "global_batch_size", "total_batch_size", "train_batch_size"),
    "batch.per_device": ("batch_size", "micro_batch_size", "micro_train_batch_size", "per_device_batch_size"),
    "batch.accumulation": ("accumulation_steps", "grad_accum_steps", "gradient_accumulation"),
    "hardware.devices_per_node": ("gpus", "gpus_per_node", "n_gpu", "nproc_per_node", "num_gpus", "num_processes"),
    "hardware.nodes": ("nnodes", "num_machines", "num_nodes"),
    "model.attention": ("attn_implementation", "flash_attention", "use_flash_attention_2"),
    "model.sequence_length": ("max_length", "max_seq_len", "max_seq_length", "sequence_len", "sequence_length"),
    "model.dtype": ("dtype", "torch_dtype"),
    "tuning": ("lora_alpha", "lora_r", "lora_target_modules", "load_in_4bit", "use_peft"),
    "launch.env": ("env",),
}
_BELONGS = {name: section for section, names in _SECTIONS.items() for name in names}


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    release = plan.release
    for use in uses(plan):
        if use.argument is not None:
            continue
        if use.path.startswith("arguments."):
            yield _dropped(plan, use)
        elif release.config_class and not release.lives(use.name):
            layer = release.layers[-1]
            where = f"{release.config_class} in {layer.package} {written(layer.version)}"
            yield Finding(
                use.path,
                f"`{use.name}` is no argument of {where}",
                _help(use.name, [*release.arguments]) or "what only the script reads belongs in arguments",
                on_key=True,
            )


def _dropped(plan: Plan, use: Use) -> Finding:
    layer = plan.release.others[plan.launch.module or ""]
    return Finding(
        use.path,
        f"{plan.launch.module} reads no `{use.name}` in trl {written(layer.version)}, and drops it without a word",
        _help(use.name, [*layer.held(), *plan.release.arguments]),
        on_key=True,
    )


def _help(name: str, names: list[str]) -> str | None:
    section = _BELONGS.get(name)
    close = nearest(name, names)
    if section and not (close and close.startswith(name)):
        return f"it belongs in {section}"
    if close in DERIVED:
        return f"did you mean `{close}`? That is derived: it comes from {DERIVED[close]}"
    return f"did you mean `{close}`?" if close else None
