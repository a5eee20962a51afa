"""Calls of TrainingArguments and TRL's config classes in Python, with the trainers that get them: a plan for each.

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
from configlint.frontends.linked import linked, takers
from configlint.frontends.values import below, seen
from configlint.knowledge._generated.trainers import ROWS
from configlint.knowledge._generated.transformers import TRAINERS
from configlint.syntax.python import ASKED, DECLARED, LINKED, OPEN, STORED

# Importing it replaces the config classes of TRL by others. Source: unsloth 2026.10.9, models/rl.py and trainer.py
_UNSLOTH = regex(r"^[ \t]*(?:import|from)[ \t]+unsloth\b", re.MULTILINE)
_OF_UNSLOTH = frozenset([
    "unsloth_grpo_mini_batch", "unsloth_logit_chunk_multiplier", "unsloth_num_chunks", "vllm_sampling_params",
    "max_seq_length", "embedding_learning_rate",
])  # fmt: skip
_PACKAGES = ("transformers", "trl")
_FIRST = "output_dir"
# What the document has of a call beside its arguments.
_BESIDE = (DECLARED, STORED, LINKED, ASKED)


@cache
def classes() -> dict[str, str]:
    """The config classes that are looked for, and the trainer that each configures."""
    of_trl = {trainer.replace("Trainer", "Config"): trainer for trainer in ROWS if trainer not in TRAINERS}
    return {config: trainer for trainer, config in TRAINERS.items()} | of_trl


def functions() -> frozenset[str]:
    """What is looked for in code: the config classes, and the trainers."""
    return frozenset((*classes(), *classes().values()))


def is_call(name: str) -> bool:
    """Whether a function, by package and name, is one of those."""
    return _of(name) in functions()


def specs(document: Mapping, dialect: Dialect, paths: dict[str, str]) -> Iterator[Spec]:
    """The spec of each call of a config class, with what its trainer is constructed with; and of each trainer whose
    config cannot be seen, or has a trainer already. `paths` are the canonical ones of names that have one."""
    is_replaced = _UNSLOTH.search(document.span.source.text) is not None
    trainer_of, taken = _trainers(document), takers(document)
    calls = {name: entry for name, entry in document.entries.items() if is_call(name)}
    for number, (name, (function, call)) in enumerate(calls.items()):
        if not isinstance(call, Mapping) or name in trainer_of.values():
            continue
        trainer = trainer_of.get(name, name)
        spec = _spec_of(function, call, is_replaced, dialect, paths)
        built = {}
        if _of(trainer) not in classes():
            built = _constructor(trainer, document, is_replaced)
            built |= {} if is_replaced else linked(trainer, document, spec.settings, taken)
        yield spec._replace(settings=spec.settings | built, number=number)


def _spec_of(function: Scalar, call: Mapping, is_replaced: bool, dialect: Dialect, paths: dict[str, str]) -> Spec:
    """What a config class is called with; of a trainer alone that is unknown."""
    place, name = function.span, _of(function.raw)
    source, reader = place.source, dialect.readers["python"]
    settings = {"trainer": Setting(classes().get(name, name), (name,), place, place)}
    if name not in classes():
        return Spec(source, settings, dialect, reader, call=place, open=True)
    own, passed = below(call, DECLARED), _passed(call)
    redeclared = frozenset(own) | (_OF_UNSLOTH if is_replaced else frozenset())
    reader = reader._replace(redeclared=redeclared, replaces_batch=is_replaced)
    settings |= _settings(own, paths) | _settings(passed, paths)
    # Which argument stands at which place differs between releases.
    is_open = OPEN in passed or any(name.isdecimal() for name in passed)
    return Spec(source, settings, dialect, reader, call=place, open=is_open)


def counts(document: Node, paths: dict[str, str]) -> Iterator[tuple[str, tuple[Scalar, Node]]]:
    """What calls pass under names that have a canonical path, as far as it can be seen, each value as Python has
    it: what stands there may be another name of it."""
    for name, (_, call) in document.entries.items() if isinstance(document, Mapping) else ():
        is_config = isinstance(call, Mapping) and _of(name) in classes()
        for argument, (key, node) in _passed(call).items() if is_config and isinstance(call, Mapping) else ():
            value = seen(node)
            if argument in paths and value is not AT_RUNTIME:
                yield paths[argument], (key, node._replace(raw=python(value)) if isinstance(node, Scalar) else node)


def _of(name: str) -> str:
    """The function, without the number of the call; nothing where it is of another package."""
    package, _, function = name.partition("#")[0].partition(".")
    return function if package in _PACKAGES else ""


def _trainers(document: Mapping) -> dict[str, str]:
    """The calls of config classes that a trainer gets, and the call of the first one that does."""
    found: dict[str, str] = {}
    for name, (_, call) in document.entries.items():
        config = _config_of(call) if _of(name) in classes().values() and isinstance(call, Mapping) else None
        if config:
            found.setdefault(config, name)
    return found


def _config_of(trainer: Mapping) -> str | None:
    """The call that made the config of a trainer, which is `args` or stands somewhere without a name; None where
    that cannot be seen."""
    for name, (_, made) in below(trainer, LINKED).items():
        if (name == "args" or name.isdecimal()) and isinstance(made, Scalar) and _of(made.raw) in classes():
            return made.raw
    return None


def _constructor(name: str, document: Mapping, is_replaced: bool) -> dict[str, Setting]:
    """The keywords that a trainer is constructed with, in a section whose value is its name; none where the trainer
    is replaced by one that takes others."""
    function, call = document.entries[name]
    place = function.span
    settings = {"constructor": Setting(_of(name), (_of(name),), place, place, mapping=True)}
    for keyword, (key, value) in call.entries.items() if isinstance(call, Mapping) and not is_replaced else ():
        if keyword.isidentifier() and keyword != DECLARED:
            settings[f"constructor.{keyword}"] = Setting(seen(value), (keyword,), key.span, value.span)
    return settings


def _passed(call: Mapping) -> dict[str, Entry]:
    """The arguments of a config, those that are set afterwards among them."""
    named = {_name(key): entry for key, entry in call.entries.items() if key not in _BESIDE}
    return named | below(call, STORED)


def _settings(arguments: dict[str, Entry], paths: dict[str, str]) -> dict[str, Setting]:
    """The arguments under their paths, but those that are passed by position after the first."""
    return {
        paths.get(name, f"training.{name}"): Setting(seen(value), (name,), key.span, value.span)
        for name, (key, value) in arguments.items()
        if name != OPEN and not name.isdecimal()
    }


def _name(key: str) -> str:
    return _FIRST if key == "0" else key
