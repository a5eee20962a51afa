"""A setting of adapters has no effect with this tuning method.

`rank`, `target_modules` and the like describe adapters, and `bits` the weights below those of QLoRA. Without
`tuning.method` all weights are trained: a job that was meant to train adapters needs several times the memory, and
its learning rate is far too high. `bits` with `method: lora` quantizes nothing.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    tuning: {rank: 16, target_modules: all-linear}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    tuning: {method: lora, rank: 16, target_modules: all-linear}

Source: configlint's own format, schemas/spec.schema.json
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Drop, Put, Remedy
from configlint.core.rule import Finding, rule
from configlint.core.wording import listing

_METHOD, _BITS = "tuning.method", "tuning.bits"
_OF_ADAPTERS = tuple(
    f"tuning.{key}" for key in ("rank", "alpha", "dropout", "target_modules", "modules_to_save", "dora")
)


@rule(Severity.WARNING, when=lambda plan: plan.given("tuning"))
def check(plan: Plan) -> Iterator[Finding]:
    method, is_written = plan.tuning.method, plan.given(_METHOD)
    if method == "full" and not is_written:
        unused = [path for path in (*_OF_ADAPTERS, _BITS) if _is_written(plan, path)]
    elif method == "lora":
        unused = [_BITS] if _is_written(plan, _BITS) else []
    else:
        return  # who writes `full` has switched the adapters off
    if unused:
        names = listing(f"`{plan.name(path)}`" for path in unused)
        said = f"`{plan.name(_METHOD)}` {method}{'' if is_written else ' (the default)'}"
        message = f"{names} {'has' if len(unused) == 1 else 'have'} no effect with {said}"
        yield Finding(unused[0], message, _remedies(unused), on_key=True)


def _remedies(unused: list[str]) -> list[Remedy]:
    method = "qlora" if _BITS in unused else "lora"
    return [Put(_METHOD, method), tuple(Drop(path) for path in unused)]


def _is_written(plan: Plan, path: str) -> bool:
    """Whether the spec itself says it; of what stands in the script's arguments, TRL's own rules speak."""
    setting = plan.spec.settings.get(path)
    return setting is not None and setting.of is None and setting.value is not None and setting.value is not False
