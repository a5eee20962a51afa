"""The schema that editors read: the spec's own, with the arguments of one release in `training`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from configlint import knowledge
from configlint.commands.known import refuse_unknown_releases
from configlint.commands.meanings import derived_from, meaning
from configlint.core.release import UNKNOWN, Argument, Release, Version, written
from configlint.core.wording import code, listing
from configlint.knowledge.schemas import schema_text

Schema = dict[str, Any]
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")


def bundle(transformers: str | None = None, trl: str | None = None) -> Schema:
    """One JSON Schema for specs of these releases, without one the newest: spec.schema.json with the arguments
    filled in.

    Raises:
        UsageError: there is no data of such a release.
    """
    refuse_unknown_releases(transformers, trl)
    schema: Schema = json.loads(schema_text())
    training = arguments(transformers, trl)
    schema["properties"]["training"] = schema["definitions"]["training"] | training.pop("training")
    schema["definitions"]["target"]["properties"]["training"] = {"$ref": "#/properties/training"}
    schema["definitions"]["hardware"]["properties"]["accelerator"] |= _accelerators()
    return schema | training


def beside_spec() -> Schema:
    """The same for the newest releases, as a schema that refers to spec.schema.json beside it; a spec that names
    another release is left to that one."""
    own = arguments()
    training, hardware = ({"$ref": f"#/definitions/{name}"} for name in ("training", "hardware"))
    target = {"properties": {"training": training}}
    machines = {"hardware": hardware, "targets": {"additionalProperties": {"properties": {"hardware": hardware}}}}
    newest = {"properties": {"transformers": _pattern(knowledge.releases("transformers")[-1])}}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "configlint spec, with the arguments of the newest releases",
        "allOf": [{"$ref": "spec.schema.json"}, {"properties": machines}, *own["allOf"]],
        "if": newest,
        "then": {"properties": {"training": training, "targets": {"additionalProperties": target}}},
        "definitions": {
            "training": own["training"],
            "hardware": {"properties": {"accelerator": _accelerators()}},
        },
    }


def _accelerators() -> Schema:
    """What an editor proposes; other names are none the less right, such as those that drivers print."""
    return {"examples": [*knowledge.names("hardware"), *knowledge.instances()]}


def arguments(transformers: str | None = None, trl: str | None = None) -> Schema:
    """`training`, the schema of that section for the Trainer; and `allOf`, what another trainer makes of it."""
    release = knowledge.find_release(transformers, None, "Trainer")
    own = {name: _argument(release, argument) for name, argument in sorted(release.arguments.items())}
    closed = {"if": _of(release, {"enum": ["Trainer", None]}), "then": _only([*own])}
    return {"training": {"properties": own}, "allOf": [closed, *_trainers(transformers, trl)]}


def _trainers(transformers: str | None, trl: str | None) -> Iterator[Schema]:
    """What other trainers' classes take beside, each where its trainer is the one that is named."""
    for trainer in ("Seq2SeqTrainer", *knowledge.trl_trainers()):
        release = knowledge.find_release(transformers, trl, trainer)
        beside = release.layers[-1].held()
        own = {name: _argument(release, argument) for name, argument in sorted(beside.items())}
        named = {"required": ["trainer"], **_of(release, {"const": trainer})}
        yield {"if": named, "then": _only(sorted(release.arguments), own)}


def _of(release: Release, trainer: Schema) -> Schema:
    """Whether a spec is for this class in these releases, as far as it can be seen: a base may say otherwise."""
    versions = {layer.package: _pattern(layer.version) for layer in release.layers}
    return {"properties": {**versions, "trainer": trainer}, "not": {"required": ["extends"]}}


def _pattern(version: Version) -> Schema:
    return {"pattern": rf"^{version[0]}\.{version[1]}(\.|$)"}


def _only(names: list[str], arguments: Schema | None = None) -> Schema:
    """`training` takes these names and no others."""
    further = {"properties": arguments} if arguments else {}
    return {"properties": {"training": {**further, "propertyNames": {"enum": names}}}}


def _argument(release: Release, argument: Argument) -> Schema:
    """One argument: what it takes, and what an editor shows of it."""
    if decides := derived_from(argument.name):
        return {"description": f"Set by configlint from {decides}: do not write it here.", "not": {}}
    facts = argument.facts
    schema: Schema = {"description": " ".join([meaning(release, argument), *_further(argument)]).strip()}
    schema |= _types(argument)
    if argument.choices and not facts.get("open"):
        schema |= _choices(argument)
    schema |= {bound: facts[bound] for bound in _BOUNDS if bound in facts}
    if inner := release.others.get(facts.get("keys", "")):
        keys = {name: _types(key) for name, key in inner.held().items()}
        schema |= {"properties": keys, "additionalProperties": False}
    if argument.default is not UNKNOWN and argument.default is not None:
        schema["default"] = argument.default
    if _is_deprecated(argument):
        schema |= {"deprecated": True, "deprecationMessage": facts.get("help") or f"write {facts['by']}"}
    return schema


def _types(argument: Argument) -> Schema:
    return {"type": [*dict.fromkeys(argument.kinds)]} if argument.kinds else {}


def _further(argument: Argument) -> list[str]:
    """Sentences that the facts make."""
    default, choices = argument.default, [code(choice) for choice in argument.choices]
    sentences = [f"{listing(choices, 'or')}."] if 0 < len(choices) < 8 else []
    if default is not UNKNOWN and default not in (None, "", [], {}):
        sentences.append(f"Default: {code(default)}.")
    if _is_deprecated(argument):
        since = written(argument.facts["deprecated"])
        sentences.append(f"Deprecated since {argument.layer.package} {since}.")
    return sentences


def _is_deprecated(argument: Argument) -> bool:
    since = argument.facts.get("deprecated")
    return bool(since and since <= argument.layer.version)


def _choices(argument: Argument) -> Schema:
    """Words that an argument takes: alone, or in a list."""
    words: list[object] = [*argument.choices]
    if "array" not in argument.kinds:
        return {"enum": words + ([None] if "null" in argument.kinds else [])}
    if argument.name == "debug":
        return {}  # words between blanks
    return {
        "if": {"type": "string"},
        "then": {"enum": words},
        "else": {"items": {"enum": words}},
    }
