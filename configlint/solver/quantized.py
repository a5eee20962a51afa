"""How the weights below adapters are stored: as the script quantizes them, or as the checkpoint already is."""

from __future__ import annotations

from configlint.core.plan import Tuning
from configlint.core.profile import Model
from configlint.core.record import NamedTuple
from configlint.core.values import flag, mapping, text
from configlint.solver.ledger import Ledger

# An argument of TRL's scripts, and what a script of one's own passes; both have the same default.
_NESTED = ("arguments.use_bnb_nested_quant", "tuning.nested_scales")


class Stored(NamedTuple):
    """`bits` are 0 where nothing is quantized; `nested` says that the scales of 4-bit weights are, too."""

    bits: int = 0
    nested: bool = False


def stored(ledger: Ledger, tuning: Tuning, model: Model) -> Stored | None:
    """None where the checkpoint is quantized in another way than bitsandbytes', or cannot be trained as it is."""
    config = mapping(model.config.get("quantization_config"))
    if config is None:
        nested = any(ledger.given(path, flag) for path in _NESTED)
        return Stored(tuning.bits or 0, nested) if tuning.method == "qlora" else Stored()
    by = text(config.get("quant_method")) or "bitsandbytes"
    bits = next((bits for bits in (4, 8) if flag(config.get(f"load_in_{bits}bit"))), 0)
    if by != "bitsandbytes" or not bits or tuning.method not in ("lora", "qlora"):
        return None
    return Stored(bits, flag(config.get("bnb_4bit_use_double_quant")) or False)
