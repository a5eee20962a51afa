"""`transformer_layer_cls_to_wrap` names a class of layers that the model does not have.

Accelerate looks the class up in the model by its name. Where no module is of it, the job fails once the model is
loaded: "Could not find the transformer layer class". Without the setting FSDP wraps the layers that Transformers
names for the model.

Bad:

    model: {config: llama-3.2-1b, sequence_length: 512}
    batch: {effective: 8}
    hardware: {accelerator: a100-80gb, devices_per_node: 4}
    parallel: {data: fsdp, fsdp: {transformer_layer_cls_to_wrap: MistralDecoderLayer}}

Good:

    model: {config: llama-3.2-1b, sequence_length: 512}
    batch: {effective: 8}
    hardware: {accelerator: a100-80gb, devices_per_node: 4}
    parallel: {data: fsdp, fsdp: {transformer_layer_cls_to_wrap: LlamaDecoderLayer}}

Source: accelerate 1.15 utils/dataclasses.py, set_auto_wrap_policy; transformers 5.23 models/*/modeling_*.py
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.regex import regex
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule
from configlint.core.wording import listing, one_off
from configlint.rules.argument._resolved import is_fsdp
from configlint.rules.fsdp import is_configured, place, value

_KEY = "transformer_layer_cls_to_wrap"
_LAYER = regex(r"(Decoder|Encoder)?(Layer|Block)$")


@rule(Severity.ERROR, when=is_configured)
def check(plan: Plan) -> Iterator[Finding]:
    layers = plan.model.layers if plan.model else ()
    if plan.model is None or not layers or not is_fsdp(plan):
        return
    path = place(plan, _KEY)
    wrong = [name for name in _names(value(plan, _KEY)) if _is_of_another(name, layers)]
    if wrong:
        yield Finding(
            path,
            f"{plan.model.name} has no {listing(wrong, 'or')} to wrap: its layers are {listing(layers)}",
            [Put(path, layers[0] if len(layers) == 1 else list(layers))],
            related=(("model.config", f"`{plan.name('model.config')}` is {plan.model.name}"),),
        )


def _names(written: object) -> list[str]:
    """A list of names, or a text with commas between them."""
    each = written if isinstance(written, list) else str(written or "").split(",")
    return [name.strip() for name in each if isinstance(name, str) and name.strip()]


def _is_of_another(name: str, layers: tuple[str, ...]) -> bool:
    """Whether a class is a layer by its name, and none of this model: Transformers begins the name of each with
    that of the architecture. Of other modules, which can be wrapped too, nothing is known."""
    families = tuple(_LAYER.sub("", layer) for layer in layers)
    is_other = bool(_LAYER.search(name)) and not name.startswith(families)
    return name not in layers and (is_other or one_off(name, layers) is not None)
