"""A key inside an argument is none that its reader knows.

`accelerator_config` fails on it when the class is built. Of FSDP's settings the Trainer reads those that it
knows and drops the others without a word, among them most of Accelerate's: a job that was to offload or to
shard in another way trains without.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {accelerator_config: {split_batch: true}}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {accelerator_config: {even_batches: true}}

Source: transformers 5.23 trainer_pt_utils.py, AcceleratorConfig; training_args.py, _process_fsdp_args; run:
`offload_params` in fsdp_config has no effect; accelerate 1.15 utils/dataclasses.py, GradientAccumulationPlugin
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from configlint.diagnostic import Severity
from configlint.plan import Plan
from configlint.release import written
from configlint.rule import Finding, rule
from configlint.values import mapping
from configlint.wording import nearest

_ACCUMULATION = ("num_steps", "adjust_scheduler", "sync_with_dataloader", "sync_each_batch")
# What Accelerate's own file calls it, without the `fsdp_` in front.
_ACCELERATES = {
    "auto_wrap_policy": "transformer_layer_cls_to_wrap or min_num_params",
    "offload_params": "cpu_offload",
    "sharding_strategy": "reshard_after_forward",
}


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    config = mapping(plan.training.get("accelerator_config")) or {}
    if config:
        known = plan.release.others["AcceleratorConfig"].held()
        yield from _unknown("training.accelerator_config", "accelerator_config", config, known or config)
    inner = mapping(config.get("gradient_accumulation_kwargs")) or {}
    yield from _unknown("training.accelerator_config", "gradient_accumulation_kwargs", inner, _ACCUMULATION)
    yield from _fsdp(plan)


def _unknown(path: str, name: str, keys: Iterable[str], known: Iterable[str]) -> Iterator[Finding]:
    for key in keys:
        if key not in known:
            yield Finding(path, f"{name} has no key `{key}`", _meant(nearest(key, known)))


def _fsdp(plan: Plan) -> Iterator[Finding]:
    keys = plan.spec.tree("parallel.fsdp")
    layer = plan.release.others["fsdp_config"]
    known = layer.held() if keys else {}
    for key in keys:
        # Since 4.52 the Trainer takes them from a mapping with Accelerate's prefix too.
        bare = key.removeprefix("fsdp_") if plan.release.transformers >= (4, 52) else key
        if bare in known:
            continue
        meant = _ACCELERATES.get(bare.removeprefix("fsdp_"))
        close = meant if meant and meant in known else nearest(bare, known)
        yield Finding(
            f"parallel.fsdp.{key}",
            f"the Trainer reads no `{key}` in fsdp_config in transformers {written(layer.version)}, and drops it",
            _meant(close),
            on_key=True,
        )


def _meant(name: str | None) -> str | None:
    return f"did you mean `{name}`?" if name else None
