"""TRL: what its config classes and trainers require of their arguments together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from configlint.core.plan import Plan, Use
from configlint.core.release import Version
from configlint.core.values import flag, text
from configlint.core.wording import code


def applies(plan: Plan) -> bool:
    return plan.release.trl is not None


def concerns(plan: Plan, since: Mapping[str, Version], until: Version | None = None) -> bool:
    """Whether the trainer is among some, and TRL's release not before the one that stands beside it."""
    first, trl = since.get(plan.trainer or ""), plan.release.trl
    return first is not None and trl is not None and first <= trl and (until is None or trl < until)


def has(plan: Plan, name: str) -> bool:
    """Whether the release has an argument, under this name or one that means the same."""
    return plan.path(name).removeprefix("training.") in plan.release.arguments


def is_on(plan: Plan, name: str) -> bool | None:
    """Whether a switch is on; None where that is not known."""
    return flag(plan.argument(name))


def is_word(plan: Plan, name: str, *words: str) -> bool | None:
    """Whether an argument is one of some words; None where it is not text."""
    value = text(plan.argument(name))
    return None if value is None else value in words


def valued(plan: Plan, name: str) -> str:
    """The value of an argument, and whose default it is if nobody wrote it."""
    whose = "" if plan.given(plan.path(name)) else f" ({plan.release.config_class}'s default)"
    return code(plan.argument(name)) + whose


def is_adapted(plan: Plan) -> bool:
    """Whether an adapter is trained: the reference is then the base model without it."""
    return plan.tuning.adapts


def losses(plan: Plan) -> list[str]:
    """The loss types, of which DPO takes one or several; none where they are of another type."""
    value = plan.argument("loss_type")
    values: list[object] = value if isinstance(value, list) else [value]
    words = [each for each in values if isinstance(each, str)]
    return words if len(words) == len(values) else []


def changed(plan: Plan, names: tuple[str, ...]) -> Iterator[Use]:
    """Those of some arguments that were written with another value than their default. A name that ends in `*`
    stands for all that begin so."""
    for use in plan.uses:
        wanted = any(use.name.startswith(name[:-1]) if name.endswith("*") else use.name == name for name in names)
        if wanted and use.path.startswith("training.") and use.argument and use.value != use.argument.default:
            yield use
