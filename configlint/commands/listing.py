"""`list`: what is known by name. A kind is a function that yields its rows, and the columns that people see."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from configlint import knowledge
from configlint.commands.meanings import added, default, derived_from, meaning
from configlint.core.profile import Accelerator, Model
from configlint.core.record import NamedTuple
from configlint.core.release import Release, Version, written

_Row = dict[str, object]


def as_json(kind: str, rows: list[_Row]) -> str:
    """Version 1 of the list for programs."""
    return json.dumps({"version": 1, kind: rows}, indent=2, ensure_ascii=False) + "\n"


def as_text(kind: str, rows: list[_Row]) -> str:
    """The rows in columns, what people ask for first."""
    cells = [[shown(row[key]) for key, shown in _COLUMNS[kind].items()] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ("  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)) for row in cells)
    return "".join(f"{line.rstrip()}\n" for line in lines)


class Asked(NamedTuple):
    """The releases and the trainer whose names are asked for."""

    transformers: str | None = None
    trl: str | None = None
    trainer: str = "Trainer"

    @property
    def release(self) -> Release:
        return knowledge.find_release(self.transformers, self.trl, self.trainer)


def _accelerators(asked: Asked) -> Iterator[_Row]:
    from configlint.knowledge._generated.machines import INSTANCES

    for name in knowledge.names("hardware"):
        found = knowledge.find_accelerator(name)
        if isinstance(found, Accelerator):
            machines = [machine for machine, profile, _ in INSTANCES.values() if profile == name]
            yield {
                "name": name,
                "vendor": found.vendor,
                "memory_gib": found.memory_gib,
                "instances": [*dict.fromkeys(machines)],
            }


def _models(asked: Asked) -> Iterator[_Row]:
    for name in knowledge.names("models"):
        found = knowledge.find_model(name, "")
        if isinstance(found, Model):
            yield {"name": name, "parameters": found.parameters, "hub_ids": [*found.hub_ids]}


def _trainers(asked: Asked) -> Iterator[_Row]:
    for name, config_class in knowledge.trainers().items():
        release = asked._replace(trainer=name).release
        if release.layers[-1].is_there:
            yield {
                "name": name,
                "package": release.layers[-1].package,
                "config_class": config_class,
                "module": release.script,
            }


def _optimizers(asked: Asked) -> Iterator[_Row]:
    from configlint.knowledge.optimizers import find_optimizer

    argument = asked.release.arguments["optim"]
    oldest = knowledge.releases("transformers")[0]
    for name in sorted(map(str, argument.choices)):
        first = min(release for release, choices in argument.facts["choices"] if name in choices)
        found = find_optimizer(name)
        yield {
            "name": name,
            "since": _since(first if first > oldest else None),
            "requires": "bitsandbytes" if found and found.bitsandbytes else None,
            "memory": bool(found and found.memory),
        }


def _arguments(asked: Asked) -> Iterator[_Row]:
    release = asked.release
    for name, argument in sorted(release.arguments.items()):
        decides = derived_from(name)
        yield {
            "name": name,
            "types": [*dict.fromkeys(argument.kinds)],
            "default": default(argument),
            "since": _since(added(release, name)[1]),
            "meaning": f"Set by configlint from {decides}." if decides else meaning(release, argument),
        }


def _since(first: Version | None) -> str | None:
    """The release that added it; None for what the oldest known release has."""
    return written(first) if first else None


KINDS: dict[str, Callable[[Asked], Iterator[_Row]]] = {
    "accelerators": _accelerators,
    "models": _models,
    "trainers": _trainers,
    "optimizers": _optimizers,
    "arguments": _arguments,
}


def _word(value: object) -> str:
    return "" if value is None else str(value)


def _words(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else ""


# The keys of a row that people see, and how.
_COLUMNS: dict[str, dict[str, Callable[[object], str]]] = {
    "accelerators": {"name": str, "memory_gib": lambda value: f"{value} GiB" if value else "", "instances": _words},
    "models": {"name": str, "parameters": "{:,}".format, "hub_ids": _words},
    "trainers": {"name": str, "config_class": str, "package": str, "module": _word},
    "optimizers": {
        "name": str,
        "since": lambda value: f"since {value}" if value else "",
        "memory": lambda value: "" if value else "memory is not modelled",
        "requires": lambda value: f"requires {value}" if value else "",
    },
    "arguments": {
        "name": str,
        "types": lambda value: " or ".join(value) if isinstance(value, list) else "",
        "default": str,
        "meaning": str,
    },
}
