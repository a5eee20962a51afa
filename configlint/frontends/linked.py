"""What a trainer gets beside its config: the adapters that it trains.

They are read where they stand in the trainer's call, or under a name that is bound once, and so is the model, of
which it counts here whether its weights are quantized. What cannot be seen is `AT_RUNTIME`, or left out.

Source: peft 0.21 tuners/lora/config.py; transformers 5.24 utils/quantization_config.py
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.document import Entry, Mapping, Scalar
from configlint.core.regex import regex
from configlint.core.spec import Setting
from configlint.core.values import AT_RUNTIME
from configlint.frontends.values import below, seen
from configlint.knowledge.facts import BITS, METHOD
from configlint.syntax.python import ASKED, DECLARED, LINKED, OPEN, STORED

FUNCTIONS = frozenset(["LoraConfig", "BitsAndBytesConfig", "from_pretrained"])
_LORA, _QUANTIZED = "peft.LoraConfig", "transformers.BitsAndBytesConfig"
_LOADED = regex(r"transformers\.(AutoModelFor\w+)\.from_pretrained(?:#\d+)?")
_OF_ADAPTERS = {
    "r": "tuning.rank",
    "lora_alpha": "tuning.alpha",
    "lora_dropout": "tuning.dropout",
    "target_modules": "tuning.target_modules",
    "modules_to_save": "tuning.modules_to_save",
    "use_dora": "tuning.dora",
}
# What decides on nothing that a plan has.
_BESIDE_ADAPTERS = frozenset(["task_type", "inference_mode", "use_rslora", "init_lora_weights"])
_SIZES = {"load_in_4bit": 4, "load_in_8bit": 8}

Settings = dict[str, Setting]


def linked(name: str, document: Mapping) -> Settings:
    """The settings of what a trainer gets, by the name of its call."""
    trainer = document.entries[name].value
    if not isinstance(trainer, Mapping):
        return {}
    loaded, adapters = _made(trainer, document, "model", "0"), _made(trainer, document, "peft_config")
    size = _size(loaded, document)
    return dict(_tuning(adapters, size)) if adapters and _of(adapters) == _LORA else {}


def _made(call: Mapping, document: Mapping, *names: str) -> Entry | None:
    """The call that made one of the arguments of another."""
    links = below(call, LINKED)
    made = next((links[name].value for name in names if name in links), None)
    return document.entries[made.raw] if isinstance(made, Scalar) else None


def _of(made: Entry) -> str:
    """The function that was called, without the number of the call."""
    return made.key.raw.partition("#")[0]


def _passed(made: Entry) -> dict[str, Entry]:
    """What a call passes, and what is set afterwards."""
    if not isinstance(made.value, Mapping):
        return {}
    beside = (DECLARED, STORED, LINKED, ASKED)
    named = {name: entry for name, entry in made.value.entries.items() if name not in beside}
    return named | below(made.value, STORED)


def _unknown(made: Entry) -> Setting:
    """What cannot be seen of a call, nor written in it."""
    return Setting(AT_RUNTIME, (), made.key.span, made.key.span)


def _tuning(made: Entry, size: object) -> Iterator[tuple[str, Setting]]:
    """The adapters, on weights of `size` bits."""
    place = made.key.span
    yield "tuning", Setting("LoraConfig", ("LoraConfig",), place, place, mapping=True)
    method = AT_RUNTIME if size is AT_RUNTIME else "qlora" if size else "lora"
    yield METHOD, Setting(method, (), place, place)
    if size is not None:
        yield BITS, Setting(size, (), place, place)
    for name, (key, node) in _passed(made).items():
        value = seen(node)
        if name in _OF_ADAPTERS and value is not None:
            yield _OF_ADAPTERS[name], Setting(value, (name,), key.span, node.span)
    if any(_is_other(name, entry) for name, entry in _passed(made).items()):
        # Which modules have adapters, and of which rank.
        yield "tuning.target_modules", _unknown(made)


def _is_other(name: str, entry: Entry) -> bool:
    """Whether something else is said of adapters than what a plan has."""
    value = seen(entry.value)
    is_none = value is None or (isinstance(value, str) and value == "none")
    return name not in _OF_ADAPTERS and name not in _BESIDE_ADAPTERS and not is_none


def _size(loaded: Entry | None, document: Mapping) -> object:
    """The bits of a weight as bitsandbytes loads it; None where none are quantized, or nobody sees the loading."""
    if loaded is None or not _LOADED.fullmatch(loaded.key.raw) or not isinstance(loaded.value, Mapping):
        return None
    passed, quantized = _passed(loaded), _made(loaded.value, document, "quantization_config")
    if quantized and _of(quantized) == _QUANTIZED:
        return _size_of(_passed(quantized))
    is_hidden = OPEN in passed or not _is_none(passed.get("quantization_config"))
    return AT_RUNTIME if is_hidden else _size_of(passed)


def _size_of(passed: dict[str, Entry]) -> object:
    values = {name: seen(passed[name].value) for name in _SIZES if name in passed}
    if OPEN in passed or any(not isinstance(value, bool) for value in values.values()):
        return AT_RUNTIME
    return next((_SIZES[name] for name, value in values.items() if value is True), None)


def _is_none(entry: Entry | None) -> bool:
    return entry is None or seen(entry.value) is None
