"""Calls of TrainingArguments and TRL's config classes in Python: a plan for each.

What the class does not get has its default, unless the call takes `**options` that cannot be read. The machine is
the launcher's affair.

Source: transformers 5.24 training_args.py (output_dir comes first); trl 1.16, trl/trainer
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from configlint.core.dialect import Dialect
from configlint.core.document import Entry, Mapping, Node, Scalar
from configlint.core.regex import regex
from configlint.core.spec import Setting, Spec
from configlint.core.values import AT_RUNTIME
from configlint.core.writing import python
from configlint.frontends.values import value_of
from configlint.knowledge._generated.trainers import ROWS
from configlint.knowledge._generated.transformers import TRAINERS
from configlint.syntax.python import DECLARED, OPEN

# Importing it replaces the config classes of TRL by others. Source: unsloth 2026.10.9, models/rl.py and trainer.py
_UNSLOTH = regex(r"^[ \t]*(?:import|from)[ \t]+unsloth\b", re.MULTILINE)
_OF_UNSLOTH = frozenset([
    "unsloth_grpo_mini_batch", "unsloth_logit_chunk_multiplier", "unsloth_num_chunks", "vllm_sampling_params",
    "max_seq_length", "embedding_learning_rate",
])  # fmt: skip
_PACKAGES = ("transformers", "trl")
_FIRST = "output_dir"


@cache
def classes() -> dict[str, str]:
    """The config classes that are looked for, and the trainer that each configures."""
    of_trl = {trainer.replace("Trainer", "Config"): trainer for trainer in ROWS if trainer not in TRAINERS}
    return {config: trainer for trainer, config in TRAINERS.items()} | of_trl


def is_call(name: str) -> bool:
    """Whether a function, by package and name, is one of those classes."""
    package, _, config = name.partition("#")[0].partition(".")
    return package in _PACKAGES and config in classes()


def specs(document: Mapping, dialect: Dialect, paths: dict[str, str]) -> Iterator[Spec]:
    """The spec of each call; `paths` are the canonical ones of names that have one."""
    source = document.span.source
    is_replaced = _UNSLOTH.search(source.text) is not None
    for number, (name, (function, call)) in enumerate(document.entries.items()):
        if not is_call(name) or not isinstance(call, Mapping):
            continue
        declared = call.entries.get(DECLARED)
        own = declared.value.entries if declared and isinstance(declared.value, Mapping) else {}
        passed = {_name(key): argument for key, argument in call.entries.items() if key != DECLARED}
        config, place = name.partition("#")[0].partition(".")[2], function.span
        settings = {"trainer": Setting(classes()[config], (config,), place, place), **_settings(own, paths)}
        reader = dialect.readers["python"]._replace(
            redeclared=frozenset(own) | (_OF_UNSLOTH if is_replaced else frozenset()), replaces_batch=is_replaced
        )
        settings |= _settings(passed, paths)
        yield Spec(source, settings, dialect, reader, call=place, number=number, open=OPEN in passed)


def counts(document: Node, paths: dict[str, str]) -> Iterator[tuple[str, tuple[Scalar, Node]]]:
    """What calls pass under names that have a canonical path, as far as it can be seen, each value as Python has
    it: what stands there may be another name of it."""
    for name, (_, call) in document.entries.items() if isinstance(document, Mapping) else ():
        for argument, (key, node) in call.entries.items() if is_call(name) and isinstance(call, Mapping) else ():
            value = _value(node)
            if argument in paths and value is not AT_RUNTIME:
                yield paths[argument], (key, node._replace(raw=python(value)) if isinstance(node, Scalar) else node)


def _settings(arguments: dict[str, Entry], paths: dict[str, str]) -> dict[str, Setting]:
    """The arguments under their paths; what is passed by position after the first is nobody's."""
    return {
        paths.get(name, f"training.{name}"): Setting(_value(value), (name,), key.span, value.span)
        for name, (key, value) in arguments.items()
        if name != OPEN and not name.isdecimal()
    }


def _name(key: str) -> str:
    return _FIRST if key == "0" else key


def _value(node: Node) -> object:
    found = value_of(node, "python")
    return AT_RUNTIME if _is_computed(found) else found


def _is_computed(value: object) -> bool:
    """Whether some part of a value is only known at runtime."""
    if isinstance(value, dict):
        return any(map(_is_computed, value.values()))
    if isinstance(value, list):
        return any(map(_is_computed, value))
    return value is AT_RUNTIME
