"""What an argument means, where it comes from and what it is by default, in words."""

from __future__ import annotations

import json
from functools import cache

from configlint import knowledge
from configlint.core.release import UNKNOWN, Argument, Layer, Release, Version, at, is_required, written
from configlint.core.typing import Any
from configlint.core.wording import code, listing
from configlint.knowledge.naming import owners
from configlint.knowledge.schemas import schema_text


def meaning(release: Release, argument: Argument) -> str:
    """A sentence; empty where there is none."""
    # What a class of TRL's only overrides is described where it comes from.
    groups = [
        _says()[argument.layer.package]["groups"][_group(release, argument.layer)],
        _says()["transformers"]["groups"]["TrainingArguments"],
    ]
    return next((group[argument.name]["says"] for group in groups if "says" in group.get(argument.name, {})), "")


def derived_from(name: str) -> str | None:
    """What decides on an argument that configlint sets itself."""
    return listing(owners()[name], "or") if name in owners() else None


def default(argument: Argument) -> str:
    """Its default as a value, or in words where that depends on what is installed."""
    if argument.default is not UNKNOWN:
        return code(argument.default)
    if is_required(argument):
        return "required"
    held = at(argument.facts, "default", argument.layer.version)
    choices = held.get("one_of") if isinstance(held, dict) else None
    return listing(map(code, choices), "or") if choices else "not known"


def added(found: Release, name: str) -> tuple[str, Version | None]:
    """The package and its release that added an argument; None for one that the oldest known release has."""
    layer = found.lives(name)[-1]
    first = min(first for first, _ in layer.arguments[name]["life"])
    return layer.package, None if first == knowledge.releases(layer.package)[0] else first


def since(found: Release, name: str) -> str:
    """The same as a sentence."""
    package, first = added(found, name)
    if first is None:
        return f"In {package} {written(knowledge.releases(package)[0])} or earlier."
    return f"Since {package} {written(first)}."


def _group(release: Release, layer: Layer) -> str:
    return "TrainingArguments" if layer is release.layers[0] else str(release.config_class)


@cache
def _says() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(schema_text("training_arguments", ".json"))
    return found
