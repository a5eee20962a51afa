"""What is trained, and for which task: what was written, and what PEFT makes of the rest."""

from __future__ import annotations

from configlint.core.plan import Tuning
from configlint.core.profile import Model
from configlint.core.values import flag, positive, real, text
from configlint.solver.ledger import Ledger

# Source: peft 0.21, tuners/lora/config.py.
_RANK = 8
_BITS = 4


def solve_tuning(ledger: Ledger) -> Tuning:
    method = ledger.given_or("tuning.method", text, "full", "all weights are trained")
    if method not in ("lora", "qlora"):
        return Tuning(method)
    return Tuning(
        method=method,
        rank=ledger.given_or("tuning.rank", positive, _RANK, "PEFT's default"),
        alpha=ledger.given("tuning.alpha", positive),
        dropout=ledger.given("tuning.dropout", share),
        target_modules=ledger.given("tuning.target_modules", names) or (),
        modules_to_save=ledger.given("tuning.modules_to_save", names) or (),
        dora=ledger.given("tuning.dora", flag),
        bits=ledger.given_or("tuning.bits", bits, _BITS, "QLoRA's own") if method == "qlora" else None,
    )


def solve_task(ledger: Ledger, model: Model | None) -> str | None:
    """What the model is loaded for."""
    own = model.task if model else None
    if own is None:
        return ledger.given("model.task", text)
    return ledger.given_or("model.task", text, own, "the architectures of its config.json")


def unmodelled(tuning: Tuning, task: str | None, model: Model) -> tuple[str, ...]:
    """The paths of what the closed form does not know of: a figure without it would be another training's."""
    found = {
        "model.task": task is not None and task != model.task,
        "tuning.dropout": (tuning.dropout or 0) > 0,
        "tuning.modules_to_save": tuning.modules_to_save != (),
        "tuning.dora": tuning.dora is True,
        "tuning.bits": tuning.bits == 8,
    }
    return tuple(path for path, holds in found.items() if holds)


def names(value: object) -> tuple[str, ...] | None:
    """One name or several."""
    if isinstance(value, list):
        return tuple(str(name) for name in value)
    return (value,) if isinstance(value, str) else None


def share(value: object) -> float | None:
    """From 0 to below 1."""
    number = real(value)
    return number if number is not None and 0 <= number < 1 else None


def bits(value: object) -> int | None:
    """Those of a quantized weight."""
    return value if value in (4, 8) and isinstance(value, int) else None
