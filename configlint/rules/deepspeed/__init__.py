"""DeepSpeed: the config that configlint does not derive, and what the engine does with it."""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.plan import Plan
from configlint.core.remedy import Drop, Put, Remedy
from configlint.core.spec import Setting
from configlint.core.wording import code

SECTION = "parallel.deepspeed."
# What of its config is about offloading, below SECTION.
OFFLOADS = ("zero_optimization.offload_optimizer", "zero_optimization.offload_param")


def applies(plan: Plan) -> bool:
    return stage(plan) is not None or plan.given("parallel.deepspeed")


def is_configured(plan: Plan) -> bool:
    return stage(plan) is not None and plan.given("parallel.deepspeed")


def shares_sequences(plan: Plan) -> bool:
    return stage(plan) is not None and plan.parallel.sequence != 1


def sets(plan: Plan, key: str) -> bool:
    return stage(plan) is not None and plan.given(SECTION + key)


def stage(plan: Plan) -> int | None:
    """ZeRO's stage; None where DeepSpeed does not train."""
    data = plan.parallel.data or ""
    return int(data[4:]) if data.startswith("zero") and data[4:] in ("0", "1", "2", "3") else None


def zero(plan: Plan) -> str:
    """The stage in a sentence."""
    return f"ZeRO-{stage(plan)}"


def chosen(plan: Plan) -> tuple[str, str]:
    """The related place that sets the stage."""
    return "parallel.data", f"`{plan.name('parallel.data')}` is {plan.parallel.data}"


def with_data(plan: Plan, data: str) -> Remedy:
    """To train in another way; a stage in DeepSpeed's config would contradict it."""
    put, written = Put("parallel.data", data), SECTION + "zero_optimization.stage"
    contradicts = plan.given(written) and plan.spec.settings[written].value != "auto"
    return (put, Drop(written)) if contradicts else put


def got(value: object) -> str:
    """A value in a sentence, where a string would be taken for something else."""
    return f'the string "{value}"' if isinstance(value, str) else code(value)


def settings(plan: Plan) -> Iterator[tuple[str, Setting]]:
    """What is written in its config, under its own names: `zero_optimization.overlap_comm`."""
    for path, setting in plan.spec.settings.items():
        if path.startswith(SECTION):
            yield path.removeprefix(SECTION), setting


def value(plan: Plan, key: str) -> object:
    """A value of its config; None where it is not written, or a mapping."""
    setting = plan.spec.settings.get(SECTION + key)
    return None if setting is None or setting.mapping else setting.value


def offloads(plan: Plan, key: str = OFFLOADS[0]) -> bool:
    """Whether the optimizer, or what else `key` is about, goes to the host or a disk."""
    return value(plan, f"{key}.device") in ("cpu", "nvme")


def kind(plan: Plan, block: str) -> str | None:
    """The `type` of DeepSpeed's own `optimizer` or `scheduler`."""
    name = value(plan, f"{block}.type")
    return name if isinstance(name, str) else None


def warmup_steps(plan: Plan) -> int | None:
    """The Trainer's warmup, in optimizer steps; None where it is written and not known."""
    if plan.schedule.warmup_steps is None and not plan.writes("warmup_steps", "warmup_ratio"):
        return 0
    return plan.schedule.warmup_steps
