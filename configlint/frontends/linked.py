"""What a trainer gets beside its config: the model that it starts from, and the adapters that it trains.

Each is read where it stands in the trainer's call, or under a name that is bound once. What the script may do to
the model in between is not known: where it does anything, its dtype, and whether all of it is trained, are
`AT_RUNTIME`.

Source: peft 0.21 tuners/lora/config.py; transformers 5.24 modeling_utils.py, from_pretrained, and
utils/quantization_config.py; trl 1.16 trainer/utils.py, create_model_from_path
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.document import Entry, Mapping, Node, Scalar
from configlint.core.regex import regex
from configlint.core.spec import Setting
from configlint.core.values import AT_RUNTIME
from configlint.frontends.values import below, seen
from configlint.knowledge import find_by_hub_id
from configlint.knowledge.facts import BITS, METHOD, MODEL
from configlint.syntax.python import ASKED, DECLARED, LINKED, OPEN, STORED

_LORA, _QUANTIZED = "peft.LoraConfig", "transformers.BitsAndBytesConfig"
_ADAPTED, _PREPARED = _WRAPPERS = ("peft.get_peft_model", "peft.prepare_model_for_kbit_training")
FUNCTIONS = frozenset([each.partition(".")[2] for each in (_LORA, _QUANTIZED, *_WRAPPERS)] + ["from_pretrained"])
# Nobody wraps a model more often.
_MOST_WRAPPERS = 10
# The arguments of get_peft_model that change nothing of the adapters, and the one of the preparation that counts.
_OF_ADAPTED = frozenset(["0", "1", "model", "peft_config", "adapter_name"])
_CHECKPOINTS = "use_gradient_checkpointing"
_LOADED = regex(r"transformers\.(AutoModelFor\w+)\.from_pretrained(?:#\d+)?")
_TASKS = {
    "AutoModelForCausalLM": "causal-lm",
    "AutoModelForImageTextToText": "image-text-to-text",
    "AutoModelForMaskedLM": "masked-lm",
    "AutoModelForQuestionAnswering": "question-answering",
    "AutoModelForSeq2SeqLM": "seq2seq",
    "AutoModelForSequenceClassification": "sequence-classification",
    "AutoModelForTokenClassification": "token-classification",
}
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
# These load a model by its id, each in the same way.
_LOADING = frozenset(f"trl.{name}Trainer" for name in ("DPO", "GRPO", "RLOO", "Reward", "SFT"))
_NESTED = "bnb_4bit_use_double_quant"
_DTYPE = regex(r"torch\.(float16|bfloat16|float32)")
_OF_MODEL = {"dtype": "model.dtype", "torch_dtype": "model.dtype", "attn_implementation": "model.attention"}
_NAME = "pretrained_model_name_or_path"
# All else that a model is loaded with can make another model of it.
_ARGUMENTS = frozenset([
    "0", _NAME, *_OF_MODEL, *_SIZES, "quantization_config", "device_map", "trust_remote_code", "use_cache",
    "low_cpu_mem_usage", "token", "use_auth_token", "cache_dir", "revision", "local_files_only", "num_labels",
    "id2label", "label2id", "problem_type", "force_download", "use_safetensors",
])  # fmt: skip
# What is asked of a model without a change of what is trained, or how.
_HARMLESS = frozenset([
    "config", "generation_config", "device", "dtype", "eval", "generate", "name_or_path", "num_parameters",
    "get_memory_footprint", "get_nb_trainable_parameters", "hf_device_map", "print_trainable_parameters",
    "push_to_hub", "resize_token_embeddings", "save_pretrained",
])  # fmt: skip
# With these a trainer trains in a way of its own.
_OWN_WAY = ("optimizers", "optimizer_cls_and_kwargs", "compute_loss_func", "model_init", OPEN)
# Places after the data sets, where trainers have one or another of these.
_LATER = tuple(map(str, range(6, 20)))

Settings = dict[str, Setting]


def takers(document: Mapping) -> dict[str, int]:
    """How many calls get what each call made, by its name."""
    found: dict[str, int] = {}
    for _, call in document.entries.values():
        for _, link in below(call, LINKED).values() if isinstance(call, Mapping) else ():
            if isinstance(link, Scalar):
                found[link.raw] = found.get(link.raw, 0) + 1
    return found


def linked(name: str, document: Mapping, config: Settings, taken: dict[str, int]) -> Settings:
    """The settings of what a trainer gets, by the name of its call; `config` are those of its config, `taken` what
    `takers` says."""
    trainer = document.entries[name]
    loaded, wrappers = _model_of(trainer, document)
    if loaded and not _LOADED.fullmatch(loaded.key.raw):
        loaded = None
    weights = _weights(loaded, document) if loaded else {}
    model = dict(_loaded(loaded) if loaded else _named(trainer, config))
    is_usual = _is_usual(trainer) and all(_is_left_alone(made, taken) for made in (loaded, *wrappers) if made)
    prepared = [made for made in wrappers if _of(made) == _PREPARED]
    if model and not (is_usual and (not prepared or _is_usual_below(prepared, config, weights))):
        model["model.dtype"] = _unknown(trainer)
    adapters = [_made(made, document, *places) for made, places in _adapted(trainer, wrappers)]
    if len(adapters) == 1 and adapters[0] and _of(adapters[0]) == _LORA:
        return model | dict(_tuning(adapters[0], weights))
    is_whole = not adapters and not prepared and _size_of(weights) is None and is_usual
    method = _unknown(trainer)._replace(value="full") if is_whole else _unknown(trainer)
    return model | {METHOD: method} if model else {}


def _model_of(trainer: Entry, document: Mapping) -> tuple[Entry | None, list[Entry]]:
    """The call that made the model, and those that it went through, the last first."""
    made: list[Entry] = []
    found = _made(trainer, document, "model", "0")
    while found and _of(found) in _WRAPPERS and len(made) < _MOST_WRAPPERS:
        made.append(found)
        found = _made(found, document, "model", "0")
    return found, made


def _adapted(trainer: Entry, wrappers: list[Entry]) -> Iterator[tuple[Entry, tuple[str, ...]]]:
    """Who adds adapters, and the arguments that say which."""
    if not _is_none(_passed(trainer).get("peft_config")):
        yield trainer, ("peft_config",)
    for made in wrappers:
        if _of(made) == _ADAPTED:
            yield made, ("peft_config", "1") if _passed(made).keys() <= _OF_ADAPTED else ()


def _is_usual_below(prepared: list[Entry], config: Settings, weights: dict[str, Entry]) -> bool:
    """Whether PEFT's preparation does to weights only what a plan has of those that are quantized: it checkpoints
    activations, too, unless it is told not to, and of weights that are not quantized it makes float32."""
    passed = [_passed(made) for made in prepared]
    checkpoints = config.get("training.gradient_checkpointing")
    is_told = all(_CHECKPOINTS in each and seen(each[_CHECKPOINTS].value) is False for each in passed)
    return _size_of(weights) in _SIZES.values() and (
        is_told or (checkpoints is not None and checkpoints.value is True)
    )


def _made(call: Entry, document: Mapping, *names: str) -> Entry | None:
    """The call that made one of the arguments of another."""
    links = _beside(call, LINKED)
    made = next((links[name].value for name in names if name in links), None)
    return document.entries[made.raw] if isinstance(made, Scalar) else None


def _of(made: Entry) -> str:
    """The function that was called, without the number of the call."""
    return made.key.raw.partition("#")[0]


def _passed(made: Entry) -> dict[str, Entry]:
    """What a call passes, and what is set afterwards."""
    entries = made.value.entries if isinstance(made.value, Mapping) else {}
    beside = (DECLARED, STORED, LINKED, ASKED)
    return {name: entry for name, entry in entries.items() if name not in beside} | _beside(made, STORED)


def _beside(made: Entry, word: str) -> dict[str, Entry]:
    return below(made.value, word) if isinstance(made.value, Mapping) else {}


def _unknown(made: Entry) -> Setting:
    """What cannot be seen of a call, nor written in it."""
    return Setting(AT_RUNTIME, (), made.key.span, made.key.span)


def _is_usual(trainer: Entry) -> bool:
    """Whether a trainer is the class that was imported, and trains as its config says."""
    start, end = trainer.key.span.column - 1, trainer.key.span.end_column - 1
    written = trainer.key.span.source.lines()[trainer.key.span.line - 1][start:end]
    is_itself = written.rpartition(".")[2] == _of(trainer).rpartition(".")[2]
    passed = _passed(trainer).keys()
    return is_itself and passed.isdisjoint((*_OWN_WAY, *_LATER)) and "model" not in _beside(trainer, STORED)


def _is_left_alone(made: Entry, taken: dict[str, int]) -> bool:
    """Whether nothing is done to a model before it is trained that would change how, and nobody else gets it."""
    return taken.get(made.key.raw) == 1 and _beside(made, ASKED).keys() <= _HARMLESS and not _beside(made, STORED)


def _named(trainer: Entry, config: Settings) -> Iterator[tuple[str, Setting]]:
    """The model that a trainer of TRL loads itself."""
    passed = _passed(trainer)
    entry = passed.get("model") or passed.get("0")
    model = dict(_bundled(entry, "model")) if entry and _of(trainer) in _LOADING else {}
    if entry and model:
        yield "model", Setting(None, ("model",), entry.key.span, entry.value.span, mapping=True)
        yield from model.items()
        if "training.model_init_kwargs" in config:
            yield "model.dtype", _unknown(trainer)


def _loaded(made: Entry) -> Iterator[tuple[str, Setting]]:
    """The model that a script loads, as it is loaded."""
    passed, place, name = _passed(made), made.key.span, _of(made).split(".")[1]
    yield "model", Setting(None, (name,), place, place, mapping=True)
    if OPEN in passed:
        yield "model.dtype", _unknown(made)
    for argument, (key, node) in passed.items():
        value = _dtype(node) if argument in _OF_MODEL else None
        if value is not None:
            yield _OF_MODEL[argument], Setting(value, (argument,), key.span, node.span)
    entry, is_other = passed.get(_NAME) or passed.get("0"), not passed.keys() <= _ARGUMENTS
    if entry and name in _TASKS and not is_other:
        yield "model.task", Setting(_TASKS[name], (), place, place)
        yield from _bundled(entry, _NAME)


def _bundled(entry: Entry, name: str) -> Iterator[tuple[str, Setting]]:
    """A model of the Hub that there is a profile of; `name` is the argument that has its id."""
    key, node = entry
    hub_id = seen(node)
    # What a rule would call unknown may be a folder, or any other model.
    if isinstance(hub_id, str) and find_by_hub_id(hub_id):
        yield MODEL, Setting(hub_id, (name,), key.span, node.span)


def _dtype(node: Node) -> object:
    """A value, or the word for one of PyTorch's dtypes."""
    found = _DTYPE.fullmatch(node.raw) if isinstance(node, Scalar) and not node.quoted else None
    return found[1] if found else seen(node)


def _tuning(made: Entry, weights: dict[str, Entry]) -> Iterator[tuple[str, Setting]]:
    """The adapters, on weights that are quantized in this way."""
    place, size = made.key.span, _size_of(weights)
    yield "tuning", Setting("LoraConfig", ("LoraConfig",), place, place, mapping=True)
    method = AT_RUNTIME if size is AT_RUNTIME else "qlora" if size else "lora"
    yield METHOD, Setting(method, (), place, place)
    if size is not None:
        yield BITS, Setting(size, (), place, place)
    if _NESTED in weights:
        key, node = weights[_NESTED]
        yield "tuning.nested_scales", Setting(seen(node), (_NESTED,), key.span, node.span)
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


def _weights(loaded: Entry, document: Mapping) -> dict[str, Entry]:
    """What says how bitsandbytes quantizes them; what cannot be seen is under `OPEN`."""
    passed, quantized = _passed(loaded), _made(loaded, document, "quantization_config")
    if quantized and _of(quantized) == _QUANTIZED:
        return _passed(quantized)
    hidden = passed.get("quantization_config")
    return passed if hidden is None or _is_none(hidden) else passed | {OPEN: hidden}


def _size_of(passed: dict[str, Entry]) -> object:
    """The bits of a weight; None where they are not quantized."""
    values = {name: seen(passed[name].value) for name in (*_SIZES, _NESTED) if name in passed}
    if OPEN in passed or any(not isinstance(value, bool) for value in values.values()):
        return AT_RUNTIME
    return next((size for name, size in _SIZES.items() if values.get(name)), None)


def _is_none(entry: Entry | None) -> bool:
    return entry is None or seen(entry.value) is None
