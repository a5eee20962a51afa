"""The Trainer reads no such setting of FSDP, and drops it without a word.

It reads those that it knows, under its own names. Most of Accelerate's are none of them: a job that was to
offload, or to shard in another way, trains without.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: fsdp, fsdp: {offload_params: true}}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: fsdp, fsdp: {cpu_offload: true}}

Source: transformers 5.23 training_args.py, _process_fsdp_args; run: `offload_params` in fsdp_config has no effect
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.release import Argument, Layer, written
from configlint.core.rule import Finding, rule
from configlint.rules.fsdp import in_place_of
from configlint.rules.fsdp import version as version_of_fsdp

# What Accelerate's own file calls it, without the `fsdp_` in front.
_ACCELERATES = {
    "auto_wrap_policy": "transformer_layer_cls_to_wrap or min_num_params",
    "offload_params": "cpu_offload",
    "sharding_strategy": "reshard_after_forward",
}


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    keys = plan.spec.tree("parallel.fsdp")
    layer = plan.release.others["fsdp_config"]
    known = layer.held() if keys else {}
    for key in keys:
        # Since 4.52 the Trainer takes them from a mapping with Accelerate's prefix too.
        bare = key.removeprefix("fsdp_") if plan.release.transformers >= (4, 52) else key
        if bare in known:
            continue
        yield Finding(
            f"parallel.fsdp.{key}",
            f"the Trainer reads no `{key}` in fsdp_config in transformers {written(layer.version)}, and drops it",
            _help(plan, layer, known, bare, f"parallel.fsdp.{key}"),
            on_key=True,
        )


def _help(plan: Plan, layer: Layer, known: dict[str, Argument], bare: str, path: str) -> str | None:
    name = bare.removeprefix("fsdp_")
    life = layer.arguments[bare]["life"] if bare in layer.arguments else ()
    if life and life[0][0] > layer.version and f"fsdp_{bare}" not in known:
        return f"it is there from transformers {written(life[0][0])} on"
    if name == "sharding_strategy" and version_of_fsdp(plan) == 2:
        return in_place_of(plan, plan.spec.settings[path].value)
    meant = _ACCELERATES.get(name)
    close = meant if meant and meant in known else plan.nearest(bare, known)
    return f"did you mean `{close}`?" if close else None
