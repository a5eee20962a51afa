"""The batch: what is trained is what is written."""

from __future__ import annotations

from configlint.core.plan import Plan
from configlint.core.remedy import Drop, Remedy, Say
from configlint.core.values import mapping, positive
from configlint.core.wording import count
from configlint.knowledge.naming import BATCH_ARGUMENTS


def applies(plan: Plan) -> bool:
    return True


def place(plan: Plan) -> str:
    """Where the batch is written: in its section, or as the arguments that belong there."""
    if "batch" in plan.spec.settings:
        return "batch"
    return next((path for path in plan.spec.settings if path in BATCH_ARGUMENTS), "batch")


def is_fine_tuning(plan: Plan) -> bool:
    """Whether a language model is fine-tuned on texts, as far as it can be seen: not pretrained, not trained on
    preferences or rewards, no encoder or vision model, and with one example in each row."""
    trainer = plan.release.trainer
    if not trainer.fine_tunes or (trainer.pretrains and not plan.tuning.adapts):
        return False
    return not is_packed(plan) and plan.model is not None and plan.loaded.task == "causal-lm"


def is_packed(plan: Plan) -> bool:
    return plan.data.packed is True or plan.argument("packing") is True


def unit(plan: Plan) -> str:
    """What `data.train_examples` counts."""
    if plan.generation:
        return "prompt"
    return "packed row" if is_packed(plan) else "example"


def is_unreachable(plan: Plan) -> bool:
    """Whether the effective batch cannot be trained: what depends on what is trained instead is not known yet."""
    batch = plan.batch
    return batch.effective is not None and batch.trained not in (None, batch.effective)


def is_partial(plan: Plan) -> bool:
    """Whether the batch in tokens is no whole number of sequences, so that no number of samples was asked for."""
    setting = plan.spec.settings.get("batch.effective_tokens")
    tokens = positive(setting.value) if setting else None
    return tokens is not None and tokens % (plan.sequence_length or 1) != 0


def is_beyond_data(plan: Plan) -> bool:
    """Whether the data set is too small for a step, or for a batch over all replicas."""
    batch, examples, batches = plan.batch, plan.data.train_examples, plan.schedule.batches_per_epoch
    least = smallest_data(plan)
    is_read_again = plan.data.streaming and not plan.generation
    is_starved = bool(examples and least and examples < least and not is_read_again)
    return is_starved or bool(batches and batch.accumulation and batch.accumulation > batches)


def smallest_data(plan: Plan) -> int | None:
    """The examples of a micro-batch over all replicas, or the prompts of a generation batch."""
    if plan.generation:
        return plan.generation.prompts
    per_device, replicas = plan.batch.per_device, plan.parallel.replicas
    return per_device * replicas if per_device and replicas else None


def is_run_wrong(plan: Plan) -> bool:
    """Whether another rule says that the batch, the data or the number of steps is wrong: the length of the run is
    only what comes of it."""
    schedule = plan.schedule
    return is_unreachable(plan) or is_beyond_data(plan) or (schedule.max_steps == 0 and schedule.total_steps == 1)


def accelerator_config(plan: Plan) -> dict[str, object]:
    """`training.accelerator_config` where it can be seen; empty where it is the path of a file."""
    return mapping(plan.training.get("accelerator_config")) or {}


def without(plan: Plan, key: str) -> Remedy:
    """To remove a key of `training.accelerator_config`: all of it where it holds nothing else."""
    path, config = "training.accelerator_config", accelerator_config(plan)
    left = [value for name, value in config.items() if name != key]
    return Say(f"remove `{key}` from `{plan.name(path)}`") if left else Drop(path)


def replicas_in_words(plan: Plan) -> tuple[str, str]:
    """The place and the formula of the data-parallel degree, to stand beside a finding."""
    hardware, parallel = plan.hardware, plan.parallel
    nodes, devices = count(hardware.nodes or 1, "node"), count(hardware.devices_per_node or 1, "device")
    world = f"{nodes} x {devices}"
    if hardware.reserved:
        world += f" - {hardware.reserved} reserved"
    split = [
        f"{kind} {size}" for kind in ("tensor", "context", "sequence") if (size := getattr(parallel, kind)) != 1
    ]
    if split:
        world = f"({world}) / {' / '.join(split)}"
    return "hardware.devices_per_node", f"{count(parallel.replicas or 1, 'replica')} = {world}"
