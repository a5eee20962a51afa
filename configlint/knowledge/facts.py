"""Facts of a training that a spec states in its own sections and TRL's scripts take as arguments: what each side
calls them, and what each side writes.

Source: trl 0.13 to 1.16, trainer/model_config.py, trainer/utils.py (get_peft_config, get_quantization_config) and
scripts/; peft 0.21, tuners/lora/config.py
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from configlint.core.release import Release
from configlint.core.script import Script
from configlint.core.spec import Setting
from configlint.core.values import flag, mapping, names, positive, share, text
from configlint.knowledge.naming import NAMES

Settings = Mapping[str, Setting]

# What a fact must be to be handed over and compared. How the model is quantized and what is trained of it are two
# facts here and two or three arguments there, in another form: see `METHOD` and `BITS`.
_ACCEPTED: dict[str, Callable[[object], object]] = {
    "data.packed": flag,
    "data.streaming": flag,
    "model.attention": text,
    "model.dtype": text,
    "model.sequence_length": positive,
    "tuning.alpha": positive,
    "tuning.dora": flag,
    "tuning.dropout": share,
    "tuning.modules_to_save": names,
    "tuning.rank": positive,
    "tuning.target_modules": names,
}
FACTS = tuple(_ACCEPTED)
# Of these the argument is one of the trainer's class, which scripts of other people hand to it too.
OF_CLASS = ("data.packed", "model.sequence_length")
MODEL, WEIGHTS = "model.config", "arguments.model_name_or_path"
METHOD, USE_PEFT = "tuning.method", "arguments.use_peft"
# What describes adapters, and nothing else.
OF_ADAPTERS = tuple(
    f"tuning.{name}" for name in ("rank", "alpha", "dropout", "target_modules", "modules_to_save", "dora")
)
BITS, QUANTIZED = "tuning.bits", {4: "arguments.load_in_4bit", 8: "arguments.load_in_8bit"}
TASK = "arguments.lora_task_type"
# From 1.14 on the scripts put it over what their arguments say.
KWARGS, _KWARGS_WIN = "training.model_init_kwargs", (1, 14)
# PEFT's names of tasks. Adapters are for causal-lm by default.
PEFT_TASKS = {"sequence-classification": "SEQ_CLS"}


def accepted(path: str, value: object) -> object:
    """The value of a fact in a form that can be compared with that of the other side; None where it is none."""
    found = _ACCEPTED[path](value)
    return frozenset(found) if isinstance(found, tuple) else found


def arguments(path: str, settings: Settings) -> tuple[str, ...]:
    """The paths of a fact's arguments, the newest first."""
    if path in OF_CLASS:
        return tuple(f"training.{name}" for name in NAMES[path]["trl"])
    mixture = settings.get("arguments.datasets")
    if path == "data.streaming" and mixture is not None and mixture.value:
        return ("arguments.streaming",)  # of a mixture of data sets, dataset_streaming is ignored
    return tuple(f"arguments.{name}" for name in NAMES[path]["trl"])


def reads(path: str, release: Release, script: Script | None) -> bool:
    """Whether an argument reaches the training: the trainer's class has it, or TRL's script reads it."""
    section, _, name = path.partition(".")
    if section == "training":
        return name in release.arguments
    return script is not None and script.reads(name)


def in_model_init_kwargs(path: str, settings: Settings, script: Script | None) -> object:
    """What `model_init_kwargs` says of a fact, where it wins over the arguments; None where it says nothing."""
    setting = settings.get(KWARGS)
    if path not in ("model.attention", "model.dtype") or script is None or setting is None:
        return None
    held = (mapping(setting.value) or {}) if script.parser.version >= _KWARGS_WIN else {}
    return next((held[name] for name in NAMES[path]["trl"] if name in held), None)


def written(path: str, settings: Settings, release: Release, script: Script | None) -> str | None:
    """The argument in which a fact is written and read."""
    return next(
        (each for each in arguments(path, settings) if each in settings and reads(each, release, script)), None
    )


def is_lone_module(value: object) -> bool:
    """Whether `lora_target_modules` matches no module: ModelConfig makes a name of a list of one, and PEFT takes a
    name for a pattern that the whole path of a module must match. Only in a list of two does it look at the end."""
    return _is_lone(value, r"\w+")


def _is_lone(value: object, pattern: str) -> bool:
    return isinstance(value, list) and len(value) == 1 and bool(re.fullmatch(pattern, str(value[0])))


def as_argument(path: str, value: object) -> object:
    """A fact of a spec as TRL's parser takes it."""
    if path == "tuning.target_modules":
        if isinstance(value, str):
            return [value]
        # The end of a path has dots in it: self_attn.q_proj.
        return value * 2 if isinstance(value, list) and _is_lone(value, r"[\w.]+") else value
    if path == "tuning.dropout":
        return share(value)
    return [value] if path == "tuning.modules_to_save" and isinstance(value, str) else value
