"""An argument contradicts the spec's own sections.

Memory and the rules are computed from what the spec says of the model, the tuning and the data; the script trains
with what the arguments say. Where the two differ, configlint checks another training than the job's: a spec that
fits with sequences of 2,048 tokens runs out of memory with 8,192.

What the spec says is passed to TRL's own scripts, so it need not be written again. A fact that is only in
`training` or `arguments` is taken from there.

Bad:

    trainer: SFTTrainer
    model: {config: meta-llama/Llama-3.1-8B, sequence_length: 2048}
    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {max_length: 8192}
    launch: {module: trl.scripts.sft}

Good:

    trainer: SFTTrainer
    model: {config: meta-llama/Llama-3.1-8B, sequence_length: 8192}
    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    launch: {module: trl.scripts.sft}

Source: trl 1.16 trainer/model_config.py, trainer/sft_config.py and scripts/sft.py
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.profile import Model
from configlint.core.remedy import Drop, Put, Remedy
from configlint.core.rule import Finding, rule
from configlint.core.spec import Setting
from configlint.core.wording import code
from configlint.knowledge import facts
from configlint.knowledge.facts import BITS, METHOD, MODEL, QUANTIZED, USE_PEFT, WEIGHTS

# What a config.json calls the size of a layer and their number.
_SIZES = ("hidden_size", "d_model", "n_embd", "num_hidden_layers", "num_layers", "n_layer")


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    for path in facts.FACTS:
        yield from _of_fact(plan, path)
    if plan.script:
        yield from _of_tuning(plan)
        yield from _of_model(plan)


def _written(plan: Plan, path: str) -> Setting | None:
    """A setting that somebody wrote there, not under another name."""
    setting = plan.spec.settings.get(path)
    return setting if setting and setting.of is None and not setting.mapping else None


def _of_fact(plan: Plan, path: str) -> Iterator[Finding]:
    setting, settings = _written(plan, path), plan.spec.settings
    ours = facts.accepted(path, setting.value) if setting else None
    if setting is None or ours is None:
        return
    inner = facts.in_model_init_kwargs(path, settings, plan.script)
    if inner is not None:
        if facts.accepted(path, inner) not in (None, ours):
            yield _finding(plan, facts.KWARGS, path, [Put(path, inner)], inner)
        return
    argument = facts.written(path, settings, plan.release, plan.script)
    other = _written(plan, argument) if argument else None
    if argument and other and _differs(plan, argument, path, ours):
        yield _finding(plan, argument, path, _remedies(plan, argument, path))


def _differs(plan: Plan, argument: str, path: str, ours: object) -> bool:
    """A null length cuts nothing, and says nothing of how long samples are; of a wrong type other rules speak."""
    value = plan.spec.settings[argument].value
    if value is None:
        fits = any(use.path == argument and use.fits for use in plan.uses)
        return fits and path != "model.sequence_length"
    return facts.accepted(path, value) not in (None, ours)


def _remedies(plan: Plan, argument: str, path: str) -> list[Remedy]:
    ours, other = plan.spec.settings[path], plan.spec.settings[argument]
    # Without it the script is told what the spec says, if nothing is inherited then.
    told = (
        Drop(argument)
        if plan.script and not other.overrides
        else Put(argument, facts.as_argument(path, ours.value))
    )
    return [told] if other.value is None else [told, Put(path, other.value)]


def _of_tuning(plan: Plan) -> Iterator[Finding]:
    method, adapts = _written(plan, METHOD), _written(plan, USE_PEFT)
    if method is None or method.value not in ("full", "lora", "qlora"):
        return
    if adapts and isinstance(adapts.value, bool) and adapts.value != (method.value != "full"):
        yield _of_adapters(plan, adapts.value)
        return
    size, owner = (plan.tuning.bits, BITS) if _written(plan, BITS) else (4, METHOD)
    for bits, path in QUANTIZED.items():
        quantized = _written(plan, path)
        if quantized is None or not facts.reads(path, plan.release, plan.script):
            continue
        if quantized.value is True and method.value != "qlora":
            yield _finding(plan, path, METHOD, [Drop(path), Put(METHOD, "qlora")])
        elif method.value == "qlora" and isinstance(quantized.value, bool) and quantized.value != (bits == size):
            yield from _of_size(plan, path, bits, owner)


def _of_adapters(plan: Plan, adapts: bool) -> Finding:
    quantized = [path for path in QUANTIZED.values() if (held := _written(plan, path)) and held.value is True]
    if not adapts:
        return _finding(plan, USE_PEFT, METHOD, [Drop(USE_PEFT), *([] if quantized else [Put(METHOD, "full")])])
    # Without adapters nothing may be quantized.
    told: Remedy = (Drop(USE_PEFT), *map(Drop, quantized)) if quantized else Drop(USE_PEFT)
    return _finding(plan, USE_PEFT, METHOD, [told, Put(METHOD, "qlora" if quantized else "lora")])


def _of_size(plan: Plan, path: str, bits: int, owner: str) -> Iterator[Finding]:
    """Weights that are to be of so many bits, or not."""
    if plan.spec.settings[path].value is True:
        if owner == BITS:
            yield _finding(plan, path, BITS, [Drop(path), Put(BITS, bits)])
    elif not _is_quantized_otherwise(plan, path) and bits == (plan.tuning.bits or 4):
        yield _finding(plan, path, owner, [Drop(path)])


def _is_quantized_otherwise(plan: Plan, path: str) -> bool:
    others = (plan.spec.settings.get(each) for each in QUANTIZED.values() if each != path)
    return any(other is not None and other.of is None and other.value is True for other in others)


def _of_model(plan: Plan) -> Iterator[Finding]:
    """Only of an id that is known: a local path, or a fine-tuned one, can be of any architecture."""
    if plan.model is None or plan.weights is None or not _written(plan, MODEL) or not _written(plan, WEIGHTS):
        return
    if _shape(plan.model) != _shape(plan.weights):
        same = [Put(WEIGHTS, hub_id) for hub_id in plan.model.hub_ids[:1]]
        yield _finding(plan, WEIGHTS, MODEL, [Put(MODEL, plan.weights.name), *same])


def _shape(model: Model) -> dict[str, object]:
    """What two models of one architecture have in common."""
    inner = model.config.get("text_config")
    config = inner if isinstance(inner, dict) else model.config
    return {"type": model.config.get("model_type")} | {name: config[name] for name in _SIZES if name in config}


def _finding(plan: Plan, argument: str, path: str, remedies: list[Remedy], value: object = None) -> Finding:
    held = plan.spec.settings[argument].value if value is None else value
    ours = f"`{plan.name(path)}` {code(plan.spec.settings[path].value)}"
    message = f"`{plan.name(argument)}` {code(held)} contradicts {ours}"
    return Finding(argument, message, remedies, related=((path, f"configlint computes with {ours}"),))
