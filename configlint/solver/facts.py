"""One fact, one place: what is written under one of its names stands under the others too.

What the spec says of the model, the tuning and the data is handed to TRL's own scripts as arguments; what stands
only in the arguments is what the spec says. Each setting that comes in addition has the place of the one that it
repeats, so that a finding about either points at what somebody wrote. Two that are written stay as they are.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from configlint.core.profile import Model
from configlint.core.release import Release
from configlint.core.script import Script, script_of
from configlint.core.spec import Setting, Spec, as_written
from configlint.core.typing import Protocol
from configlint.core.values import bits, text
from configlint.knowledge import facts
from configlint.knowledge.facts import BITS, METHOD, MODEL, QUANTIZED, TASK, USE_PEFT, WEIGHTS

_METHODS = ("full", "lora", "qlora")

Settings = dict[str, Setting]
Added = Iterator[tuple[str, Setting]]


class Hub(Protocol):
    """What is known of names on the Hub."""

    def find_by_hub_id(self, hub_id: str) -> Model | None: ...

    def is_hub_id(self, name: str, folder: str) -> bool: ...


def joined(spec: Spec, release: Release, hub: Hub) -> Spec:
    """The spec with each fact under all the names that it has."""
    settings, script = as_written(spec.settings), script_of(spec, release)
    added = dict(_taken(settings, release, script))
    if script is not None:
        added |= dict(_taken_of_model(settings, hub))
        added |= dict(_told(settings, script))
        added |= dict(_told_of_tuning(settings, script))
        added |= dict(_told_of_model(settings, script, hub))
    return spec._replace(settings=settings | added) if added or settings is not spec.settings else spec


def _same(setting: Setting, of: str, value: object) -> Setting:
    return setting._replace(value=value, of=of)


def _value(settings: Settings, path: str) -> object:
    setting = settings.get(path)
    return setting.value if setting and not setting.mapping else None


def _is_written(settings: Settings, argument: str) -> bool:
    """Whether an argument is written, in the section where it belongs or in the other."""
    name = argument.partition(".")[2]
    return f"training.{name}" in settings or f"arguments.{name}" in settings


# What is written in the arguments


def _taken(settings: Settings, release: Release, script: Script | None) -> Added:
    for path in facts.FACTS:
        if path in settings:
            continue
        argument = facts.written(path, settings, release, script)
        wins = facts.in_model_init_kwargs(path, settings, script)
        if wins is not None and facts.accepted(path, wins) is not None:
            yield path, _same(settings[facts.KWARGS], facts.KWARGS, wins)
        elif argument and _says(path, settings[argument].value):
            yield path, settings[argument]._replace(of=argument)
    if script is not None:
        yield from _taken_of_tuning(settings, script)


def _says(path: str, value: object) -> bool:
    """Whether an argument says something of a fact."""
    is_lone = path == "tuning.target_modules" and facts.is_lone_module(value)
    return facts.accepted(path, value) is not None and not is_lone


def _taken_of_tuning(settings: Settings, script: Script) -> Added:
    read = [size for size, path in QUANTIZED.items() if script.reads(path.partition(".")[2])]
    size = next((size for size in read if _value(settings, QUANTIZED[size]) is True), None)
    if size and BITS not in settings:
        yield BITS, _same(settings[QUANTIZED[size]], QUANTIZED[size], size)
    adapts = _value(settings, USE_PEFT)
    if METHOD not in settings and isinstance(adapts, bool):
        method = "full" if not adapts else "qlora" if size else "lora"
        yield METHOD, _same(settings[USE_PEFT], USE_PEFT, method)


def _taken_of_model(settings: Settings, hub: Hub) -> Added:
    name = text(_value(settings, WEIGHTS))
    if name and MODEL not in settings and hub.find_by_hub_id(name):
        yield MODEL, settings[WEIGHTS]._replace(of=WEIGHTS)


# What is written in the spec's own sections


def _told(settings: Settings, script: Script) -> Added:
    for path in facts.FACTS:
        value, paths = _value(settings, path), facts.arguments(path, settings)
        if facts.accepted(path, value) is None or any(_is_written(settings, each) for each in paths):
            continue
        argument = next((each for each in paths if facts.reads(each, script.release, script)), None)
        if argument:
            yield argument, _same(settings[path], path, facts.as_argument(path, value))


def _told_of_tuning(settings: Settings, script: Script) -> Added:
    method = _value(settings, METHOD)
    if method not in _METHODS:
        return
    if not _is_written(settings, USE_PEFT):
        yield USE_PEFT, _same(settings[METHOD], METHOD, method != "full")
    if method == "qlora" and not any(_is_written(settings, path) for path in QUANTIZED.values()):
        size, owner = (bits(_value(settings, BITS)), BITS) if BITS in settings else (4, METHOD)
        if size and script.reads(QUANTIZED[size].partition(".")[2]):
            yield QUANTIZED[size], _same(settings[owner], owner, True)
    task = facts.PEFT_TASKS.get(script.release.trainer.task or "")
    if method != "full" and task and not _is_written(settings, TASK):
        yield TASK, _same(settings[METHOD], METHOD, task)


def _told_of_model(settings: Settings, script: Script, hub: Hub) -> Added:
    """A bundled profile's name, or a path, says what the model is like, not which weights it starts from."""
    name = text(_value(settings, MODEL))
    if name is None or _is_written(settings, WEIGHTS) or not script.reads(WEIGHTS.partition(".")[2]):
        return
    if hub.is_hub_id(name, os.path.dirname(settings[MODEL].span.source.name)):
        yield WEIGHTS, settings[MODEL]._replace(of=MODEL)
