"""training_args.json: one flat object, as `HfArgumentParser.parse_json_file` reads it.

`training` and `arguments` as given, what was derived, and the sharding, which is here and nowhere else; in the
spelling of the release that runs the job.
"""

from __future__ import annotations

from configlint.backends.distributed_config import loads_sharded
from configlint.backends.json_text import dump
from configlint.core import fsdp
from configlint.core.artifact import Artifact
from configlint.core.plan import Plan
from configlint.core.release import Version
from configlint.knowledge.naming import paths


def emit(plan: Plan) -> list[Artifact]:
    return [Artifact("training_args.json", dump(arguments(plan)) + "\n")]


def arguments(plan: Plan) -> dict[str, object]:
    """What the JSON holds."""
    derived = {
        "per_device_train_batch_size": plan.batch.per_device,
        "gradient_accumulation_steps": plan.batch.accumulation,
        **({"use_cpu": True} if plan.hardware.is_cpu else {}),
        **_sharding(plan),
    }
    spelling = plan.release.spelling
    own = {spelling(name) or name: value for name, value in {**plan.training, **derived}.items()}
    return {**plan.arguments, **own}


def _sharding(plan: Plan) -> dict[str, object]:
    data = plan.parallel.data or "ddp"
    if loads_sharded(plan):
        return {}  # by distributed_config.json
    if data == "fsdp":
        return _fsdp(plan)
    if data.startswith("zero"):
        return {"deepspeed": deepspeed(plan)}
    return {}


def _fsdp(plan: Plan) -> dict[str, object]:
    """FSDP2 since the Trainer has it; the releases before know the first FSDP only."""
    release, further = plan.release.transformers, plan.spec.tree("parallel.fsdp")
    if release >= fsdp.KEYS:
        return {"fsdp": True, "fsdp_config": {"version": 2, **further}}
    words = fsdp.words(plan)
    text = " ".join([fsdp.sharding(plan), "auto_wrap", *(word for word in words.values() if word == "offload")])
    kept = {key: value for key, value in further.items() if key not in words}
    return {"fsdp": text, "fsdp_config": {**(_fsdp2(release, kept) if release >= fsdp.FSDP2 else {}), **kept}}


def _fsdp2(release: Version, further: dict[str, object]) -> dict[str, object]:
    """What is written where `further` does not say otherwise: until 5.3 FSDP2 keeps the weights gathered."""
    is_first = str(further.get("version", further.get("fsdp_version"))) == "1"
    resharded = {"reshard_after_forward": True} if release < (5, 4) and not is_first else {}
    return {"version": 2, **resharded}


def deepspeed(plan: Plan) -> dict[str, object]:
    """The DeepSpeed config: whatever the Trainer knows is `auto`, so that there is one truth.

    Source: transformers 5.23 integrations/deepspeed.py, trainer_config_process and _finalize.
    """
    stage, auto = int((plan.parallel.data or "zero0")[-1]), "auto"
    zero: dict[str, object] = {"stage": stage}
    if stage == 3:
        # Without it the last checkpoint has no weights, only shards; source: trainer.py, save_model.
        zero["stage3_gather_16bit_weights_on_model_save"] = True
    own: dict[str, object] = {
        "bf16": {"enabled": auto},
        "fp16": {"enabled": auto},
        "gradient_accumulation_steps": auto,
        "gradient_clipping": auto,
        "train_batch_size": auto,
        "train_micro_batch_size_per_gpu": auto,
        "zero_optimization": zero,
    }
    if plan.parallel.tensor not in (None, 1):
        own["tensor_parallel"] = {"autotp_size": plan.parallel.tensor}
    # For `auto` the Trainer takes each device for a replica, which ZeRO 3 refuses of a tensor-parallel model. On a
    # CPU it refuses what several processes train: it reads this when it cuts the model up, and Accelerate has not
    # told DeepSpeed of the others. Without a number DeepSpeed reckons it itself.
    if plan.parallel.tensor not in (None, 1) or (stage == 3 and plan.hardware.is_cpu):
        del own["train_batch_size"]
    return _merged(own, _further(plan))


def _further(plan: Plan) -> dict[str, object]:
    """What is written beside that: an `auto` in the place of what is derived says no more, and goes, also where
    there is to be nothing."""
    tree = plan.spec.tree("parallel.deepspeed")
    for path in paths("deepspeed"):
        section, _, key = path.rpartition(".")
        holder = tree.get(section) if section else tree
        if isinstance(holder, dict) and holder.get(key) == "auto":
            del holder[key]
            if not holder and section:
                del tree[section]
    return tree


def _merged(base: dict[str, object], further: dict[str, object]) -> dict[str, object]:
    result = dict(base)
    for key, value in further.items():
        old = result.get(key)
        result[key] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return result
