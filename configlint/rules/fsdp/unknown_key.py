"""The Trainer silently ignores an FSDP setting.

It reads only the keys that it knows, under its own names, and most of Accelerate's names are not among them: a job
that was to offload, or to shard in another way, trains without.

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

from collections.abc import Iterator, Sequence

from configlint.core.diagnostic import Severity
from configlint.core.fsdp import words
from configlint.core.plan import Plan
from configlint.core.release import Argument, Layer, Version, written
from configlint.core.remedy import Drop, Meant, Move, Remedy, Say
from configlint.core.rule import Finding, rule
from configlint.rules.argument import is_compiled
from configlint.rules.fsdp import in_place_of
from configlint.rules.fsdp import version as version_of_fsdp

# What Accelerate's own file calls it, without the `fsdp_` in front.
_ACCELERATES = {"offload_params": "cpu_offload", "sharding_strategy": "reshard_after_forward"}


@rule(Severity.ERROR, fixes=True, when=lambda plan: plan.given("parallel.fsdp"))
def check(plan: Plan) -> Iterator[Finding]:
    keys = plan.spec.tree("parallel.fsdp")
    layer = plan.release.others["fsdp_config"]
    known = layer.held() if keys else {}
    # Before 5.10 `compile` writes some of them as words of `fsdp`.
    compiled = words(plan) if keys and is_compiled(plan) else {}
    for key in keys:
        if key in compiled:
            continue
        # Since 4.52 the Trainer takes them from a mapping with Accelerate's prefix too.
        bare = key.removeprefix("fsdp_") if plan.release.transformers >= (4, 52) else key
        if bare in known:
            continue
        path, later = f"parallel.fsdp.{key}", _later(layer, known, bare)
        message = f"the Trainer of transformers {written(layer.version)} silently ignores `{key}` in fsdp_config"
        remedies = _remedies(plan, known, bare, path)
        if later:
            upgrade = f"run the job with transformers {written(later)} or newer"
            remedies = [Drop(path), Say(upgrade, needs=("transformers",))]
        yield Finding(path, message, remedies, on_key=True)


def _later(layer: Layer, known: dict[str, Argument], bare: str) -> Version | None:
    """The later release that has the key, where no other name has it here."""
    life = layer.arguments[bare]["life"] if bare in layer.arguments else ()
    return life[0][0] if life and life[0][0] > layer.version and f"fsdp_{bare}" not in known else None


def _remedies(plan: Plan, known: dict[str, Argument], bare: str, path: str) -> Sequence[Remedy]:
    name = bare.removeprefix("fsdp_")
    if name == "sharding_strategy" and version_of_fsdp(plan) == 2 and (acts := in_place_of(plan, path)):
        return [acts]
    meant = _ACCELERATES.get(name)
    if meant and meant in known:
        to = f"parallel.fsdp.{meant}"
        is_certain = isinstance(plan.spec.settings[path].value, bool)
        return [Drop(path) if plan.given(to) else Move(path, to, safe=is_certain)]
    close = plan.nearest(bare, known)
    return [Meant(path, f"parallel.fsdp.{close}") if close else Drop(path)]
