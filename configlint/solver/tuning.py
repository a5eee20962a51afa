"""What is trained, and how the model is loaded: what was written, else what TRL's script or PEFT makes of it."""

from __future__ import annotations

from collections.abc import Callable

from configlint.core.plan import Loaded, Tuning
from configlint.core.profile import Model
from configlint.core.spec import Spec
from configlint.core.typing import TypeVar
from configlint.core.values import bits, flag, names, positive, share, text
from configlint.knowledge.facts import BITS, METHOD, OF_ADAPTERS, arguments
from configlint.solver.ledger import Ledger

T = TypeVar("T")

# Source: peft 0.21, tuners/lora/config.py.
_RANK = 8
_BITS = 4
# From which release of TRL on; before, Transformers decides. Source: trl 0.25 to 1.16, create_model_from_path.
_BY_ID = (((0, 27), "float32"), ((0, 26), "auto"))


def solve_tuning(ledger: Ledger) -> Tuning:
    method = None
    if not is_forgotten(ledger.spec):
        method = ledger.given_or(METHOD, text, "full", "all weights are trained")
    if method not in ("lora", "qlora"):
        quantized = ledger.spec.settings.get(BITS)
        # The script quantizes what it loads, also where it trains no adapters.
        return Tuning(method, bits=ledger.given(BITS, bits) if quantized and quantized.of else None)
    rank = _or_of_script(ledger, "tuning.rank", positive)
    return Tuning(
        method=method,
        rank=rank or ledger.given_or("tuning.rank", positive, _RANK, "PEFT's default"),
        alpha=_or_of_script(ledger, "tuning.alpha", positive),
        dropout=_or_of_script(ledger, "tuning.dropout", share),
        target_modules=ledger.given("tuning.target_modules", names) or (),
        modules_to_save=ledger.given("tuning.modules_to_save", names) or (),
        dora=ledger.given("tuning.dora", flag),
        bits=ledger.given_or(BITS, bits, _BITS, "QLoRA's default") if method == "qlora" else None,
    )


def is_forgotten(spec: Spec) -> bool:
    """Whether adapters are described, and nothing says that they are trained."""
    return METHOD not in spec.settings and not spec.settings.keys().isdisjoint(OF_ADAPTERS)


def _or_of_script(ledger: Ledger, path: str, accept: Callable[[object], T | None]) -> T | None:
    """What was written, or what TRL's script makes of the argument that was left out."""
    names, default = arguments(path, ledger.spec.settings), None
    if ledger.script and ledger.spec.settings.keys().isdisjoint(names):
        default = next((ledger.script.default(name.partition(".")[2]) for name in names), None)
    value = accept(default)
    return ledger.given(path, accept) if value is None else ledger.given_or(path, accept, value, "TRL's default")


def solve_loaded(ledger: Ledger, model: Model | None) -> Loaded:
    return Loaded(
        task=_task(ledger, model),
        dtype=_or_of_script(ledger, "model.dtype", text) or _of_trainer(ledger),
        attention=ledger.given("model.attention", text),
    )


def _of_trainer(ledger: Ledger) -> str | None:
    """The dtype in which TRL's trainers load a model whose id they are given."""
    model, trl = ledger.spec.settings.get("model"), ledger.release.trl
    is_loaded = ledger.spec.call is not None and model is not None and model.keys == ("model",)
    if trl is None or not is_loaded or "model.dtype" in ledger.spec.settings:
        return None
    dtype = next((dtype for since, dtype in _BY_ID if trl >= since), None)
    return ledger.default("model.dtype", dtype, "TRL's default") if dtype else None


def _task(ledger: Ledger, model: Model | None) -> str | None:
    if ledger.release.trainer.task:
        return ledger.given_or("model.task", text, ledger.release.trainer.task, "the trainer's task")
    if model is None or model.task is None:
        return ledger.given("model.task", text)
    return ledger.given_or("model.task", text, model.task, "the architectures of its config.json")
