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

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan, Use
from configlint.core.release import Argument, written
from configlint.core.rule import Finding, rule
from configlint.core.spec import DERIVED
from configlint.rules.argument import is_deprecated, is_scripts, layer_of

# What people write in `training`, and where it belongs.
_OWNED = {
    "batch.effective": ("effective_batch_size", "global_batch_size", "total_batch_size", "train_batch_size"),
    "batch.per_device": ("batch_size", "micro_batch_size", "micro_train_batch_size", "per_device_batch_size"),
    "batch.accumulation": ("accumulation_steps", "grad_accum_steps", "gradient_accumulation"),
    "hardware.devices_per_node": ("gpus", "gpus_per_node", "n_gpu", "nproc_per_node", "num_gpus", "num_processes"),
    "hardware.nodes": ("nnodes", "num_machines", "num_nodes"),
    "launch.env": ("env",),
}
# What the script reads, and the section that tells configlint of it, if one does.
_SCRIPTS = {
    "model.attention": ("attn_implementation", "flash_attention", "use_flash_attention_2"),
    "model.sequence_length": ("max_length", "max_seq_len", "max_seq_length", "sequence_len", "sequence_length"),
    "model.dtype": ("dtype", "torch_dtype"),
    "model.config": ("model", "model_name", "model_name_or_path"),
    "tuning": ("load_in_4bit", "load_in_8bit", "lora_alpha", "use_lora", "use_peft"),
    "tuning.rank": ("lora_r", "lora_rank"),
    "tuning.target_modules": ("lora_target_modules", "target_modules"),
    "": ("dataset", "dataset_mixer", "dataset_name", "datasets"),
}
# What other programs call it.
_MEANT = {
    "learning_rate": ("lr",),
    "lr_scheduler_type": ("lr_scheduler", "scheduler", "scheduler_type"),
    "max_grad_norm": ("clip_grad_norm", "gradient_clip_val", "gradient_clipping"),
    "max_steps": ("num_steps", "num_training_steps", "train_iters"),
    "num_train_epochs": ("epochs", "max_epochs", "num_epochs"),
    "optim": ("optimizer",),
    "per_device_eval_batch_size": ("eval_batch_size", "eval_micro_batch_size", "micro_eval_batch_size"),
    "warmup_steps": ("num_warmup_steps", "warmup", "warmup_iters"),
}
_OWNERS, _READERS, _NAMES = (
    {name: place for place, names in table.items() for name in names} for table in (_OWNED, _SCRIPTS, _MEANT)
)

_SCRIPTS_OWN = "what only the script reads belongs in arguments"


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    release = plan.release
    script = release.others.get(plan.launch.module or "")
    known = (script.held() if script else {}) | release.arguments
    for use in plan.uses:
        if use.argument is not None or layer_of(plan, use) is not None:
            continue
        if is_scripts(use):
            yield _dropped(plan, use, known)
        elif release.config_class:
            layer = release.layers[-1]
            where = f"{release.config_class} in {layer.package} {written(layer.version)}"
            yield Finding(
                use.path,
                f"`{use.name}` is no argument of {where}",
                _of_seq2seq(plan, use.name)
                or _of_script(use.name)
                or _meant(plan, use.name, release.arguments)
                or _SCRIPTS_OWN,
                on_key=True,
            )


def _dropped(plan: Plan, use: Use, known: dict[str, Argument]) -> Finding:
    layer = plan.release.others[plan.launch.module or ""]
    return Finding(
        use.path,
        f"{plan.launch.module} reads no `{use.name}` in trl {written(layer.version)}, and drops it without a word",
        _meant(plan, use.name, known),
        on_key=True,
    )


def _of_seq2seq(plan: Plan, name: str) -> str | None:
    known = plan.release.others["Seq2SeqTrainingArguments"]
    if plan.release.config_class != "TrainingArguments" or known.get(name) is None:
        return None
    return "Seq2SeqTrainingArguments has it: write `trainer: Seq2SeqTrainer`, if the script builds that"


def _of_script(name: str) -> str | None:
    if name not in _READERS:
        return None
    return f"{_SCRIPTS_OWN}; {_READERS[name]} tells configlint of it" if _READERS[name] else _SCRIPTS_OWN


def _meant(plan: Plan, name: str, known: dict[str, Argument]) -> str | None:
    close = _NAMES[name] if _NAMES.get(name) in known else plan.nearest(name, known)
    if close and is_deprecated(known[close]):
        close = known[close].facts.get("by")
    if name in _OWNERS and not (close and close.startswith(name)):
        return f"it belongs in {_OWNERS[name]}"
    if close in DERIVED:
        return f"did you mean `{close}`? That is derived: it comes from {DERIVED[close]}"
    return f"did you mean `{close}`?" if close else None
