"""The schema that editors read: the spec's own, with the arguments of all releases in `training`.

An editor sees one file. Of a release or a trainer that a base states, it says nothing that does not hold for all.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import groupby

from configlint import knowledge
from configlint.commands.known import refuse_unknown_releases
from configlint.core.record import NamedTuple
from configlint.core.release import UNKNOWN, Argument, Layer, Version, written
from configlint.core.typing import Any
from configlint.core.wording import code, listing
from configlint.knowledge.naming import owners
from configlint.knowledge.schemas import schema_text

Schema = dict[str, Any]
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_RELEASES = ("transformers", "trl")


def text(schema: Schema) -> str:
    """A schema as a file, in which each rule is one of many lines and not hundreds."""

    def one_a_line(held: Iterable[str], marks: str) -> str:
        return marks[0] + ",".join(f"\n  {each}" for each in held) + f"\n {marks[1]}"

    compact = partial(json.dumps, ensure_ascii=False)
    lines = {key: compact(held) for key, held in schema.items()}
    lines["definitions"] = one_a_line(
        [f"{compact(name)}: {compact(held)}" for name, held in schema["definitions"].items()], "{}"
    )
    lines["allOf"] = one_a_line(map(compact, schema["allOf"]), "[]")
    return "{" + ",".join(f"\n {compact(key)}: {line}" for key, line in lines.items()) + "\n}\n"


class _Class(NamedTuple):
    """What a trainer's config class adds to those that it derives from; `layer` is of the release that holds where
    none is stated. `also` has the trainers whose own classes have an argument too."""

    trainer: str
    layer: Layer
    texts: dict[str, str]
    others: dict[str, Layer]
    also: dict[str, tuple[str, ...]]


class _Rule(NamedTuple):
    """What holds for a section `training` of specs for some trainers, and, with a layer, of some of its releases;
    for None, where a base states the release."""

    trainers: Schema
    section: Schema
    layer: Layer | None = None
    releases: tuple[Version, ...] | None = None


def bundle(transformers: str | None = None, trl: str | None = None) -> Schema:
    """One JSON Schema for specs: spec.schema.json with the arguments filled in. Specs that state no release are of
    these, without one of the newest.

    Raises:
        UsageError: there is no data of such a release.
    """
    refuse_unknown_releases(transformers, trl)
    schema: Schema = {"$id": "https://www.schemastore.org/configlint.json", **json.loads(schema_text())}
    schema["title"] = "configlint spec"
    classes = _classes(transformers, trl)
    base = classes["Trainer"]
    schema["definitions"]["training"] |= {
        "properties": _shown(base),
        "propertyNames": {"allOf": [_refusal(name, _decided(name)) for name in sorted(owners())]},
    }
    _propose(schema["definitions"])
    schema["definitions"] |= dict(_conditions(base.layer))
    shown = [_Rule(_for(trainer), {"properties": _shown(of)}) for trainer, of in classes.items() if of is not base]
    return _ruled(schema, [*shown, *_closed(classes), *_over_releases(classes), *_over_trainers(classes)])


def _classes(transformers: str | None, trl: str | None) -> dict[str, _Class]:
    """The class that configures each trainer."""
    says = json.loads(schema_text("training_arguments", ".json"))
    found = {trainer: knowledge.find_release(transformers, trl, trainer) for trainer in knowledge.trainers()}
    classes = {}
    for trainer, release in found.items():
        layer = release.layers[-1]
        groups = (
            says["transformers"]["groups"]["TrainingArguments"],
            says[layer.package]["groups"][release.config_class],
        )
        # What a class only overrides is described where it comes from.
        texts = {name: facts["says"] for group in groups for name, facts in group.items() if "says" in facts}
        also = {
            name: tuple(other for other in _related(trainer, found) if name in found[other].layers[-1].arguments)
            for name in layer.arguments
        }
        classes[trainer] = _Class(trainer, layer, texts, release.others, also)
    return classes


def _related(trainer: str, trainers: Iterable[str]) -> list[str]:
    """The trainers whose classes derive from this one's, or the one whose class this one's derives from."""
    return [other for other in trainers if other != trainer] if trainer == "Trainer" else ["Trainer"]


def _propose(definitions: Schema) -> None:
    """What an editor proposes; other values are none the less right, such as what drivers print."""
    for package in _RELEASES:
        definitions[package]["examples"] = [written(version) for version in reversed(knowledge.releases(package))]
    definitions["trainer"]["examples"] = [*knowledge.trainers()]
    definitions["model"]["properties"]["config"]["examples"] = [*knowledge.names("models")]
    machines = [*knowledge.names("hardware"), *knowledge.instances()]
    definitions["hardware"]["properties"]["accelerator"]["examples"] = machines


# For which specs something holds


def _ruled(schema: Schema, rules: Iterable[_Rule]) -> Schema:
    """The schema with what holds for `training` under conditions: for a target's too, unless the target states
    another trainer; of a release that it states itself, what holds in that."""
    definitions, branches = schema["definitions"], []
    own: dict[str, list[Schema]] = defaultdict(list)
    names: dict[tuple[str, tuple[Version, ...]], str] = {}
    for number, rule in enumerate(rules, 1):
        definitions[f"training-{number}"] = rule.section
        training = {"training": _ref(f"training-{number}")}
        release: Schema = {}
        if rule.layer and rule.releases:
            name = names.setdefault((rule.layer.package, rule.releases), f"release-{len(names) + 1}")
            definitions[name] = _stated(rule.layer.package, rule.releases)
            states = {"allOf": [_ref("same-trainer"), _ref(name)]}
            own[json.dumps(rule.trainers)].append({"if": states, "then": {"properties": training}})
            release = _in(rule.layer, rule.releases, _ref(name))
        elif rule.layer:
            release = _ref(f"open-{rule.layer.package}")
        same = _ref("same-release" if rule.layer else "same-trainer")
        targets = _for_targets({"if": same, "then": {"properties": training}})
        branches.append({"if": {"allOf": [rule.trainers, release]}, "then": {"properties": training | targets}})
    for trainers, held in own.items():
        branches.append({"if": json.loads(trainers), "then": {"properties": _for_targets({"allOf": held})}})
    return schema | {"allOf": branches}


def _for_targets(holds: Schema) -> Schema:
    return {"targets": {"additionalProperties": holds}}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/definitions/{name}"}


def _conditions(layer: Layer) -> Iterator[tuple[str, Schema]]:
    """What is asked again and again. A spec that states the release of TRL alone is of the newest Transformers that
    goes with it."""
    newest = knowledge.releases("transformers")[-1]
    older = tuple(each for each in knowledge.releases("trl") if knowledge.asked_for(each)[1] < newest)
    doubts: Schema = {
        "transformers": _stated("trl", older) if layer.version == newest else {"required": ["trl"]},
        "trl": {"required": ["transformers"]},
    }
    yield "same-trainer", {"not": {"required": ["trainer"]}}
    yield "same-release", {"not": {"anyOf": [{"required": [key]} for key in (*_RELEASES, "trainer")]}}
    for package, doubt in doubts.items():
        unclear = {"anyOf": [{"required": ["extends"]}, doubt]}
        yield f"open-{package}", {"not": {"required": [package]}, **unclear}
        yield f"default-{package}", {"not": {"anyOf": [{"required": [package]}, *unclear["anyOf"]]}}


def _for(trainer: str | None) -> Schema:
    """Whether a spec is for a trainer; for None, whether its base says for which."""
    if trainer is None:
        return {"required": ["extends"], "not": {"required": ["trainer"]}}
    if trainer != "Trainer":
        return {"properties": {"trainer": {"const": trainer}}, "required": ["trainer"]}
    stated = {"anyOf": [{"required": ["trainer"]}, {"not": {"required": ["extends"]}}]}
    return {"properties": {"trainer": {"enum": ["Trainer", None]}}, **stated}


def _unless(trainers: tuple[str, ...]) -> Schema:
    """Whether a spec is for none of some trainers."""
    if not trainers:
        return {}
    return {"properties": {"trainer": {"not": {"enum": [*trainers]}}}, "not": _for(None)}


def _in(layer: Layer, releases: tuple[Version, ...], stated: Schema) -> Schema:
    """Whether a spec is for one of some releases: where it states none, for the layer's."""
    if releases == knowledge.releases(layer.package):
        return {}
    return {"anyOf": [stated, _ref(f"default-{layer.package}")]} if layer.version in releases else stated


def _stated(package: str, releases: tuple[Version, ...]) -> Schema:
    """Whether one of some releases is stated."""
    minors: dict[int, list[str]] = defaultdict(list)
    for major, minor in releases:
        minors[major].append(str(minor))
    pattern = "|".join(rf"{major}\.({'|'.join(held)})" for major, held in minors.items())
    stated = {"properties": {package: {"type": "string", "pattern": rf"^({pattern})(\.|$)"}}}
    return {**stated, "required": [package]}


# What holds


def _closed(classes: dict[str, _Class]) -> Iterator[_Rule]:
    """The names that a class has in any release, and no others; any of a trainer that is not
    known, or that a base states."""
    shared = classes["Trainer"].layer.arguments.keys()
    for trainer, of in classes.items():
        missing = f"{knowledge.trainers()[trainer]} has no argument of this name"
        yield _Rule(_for(trainer), _only(shared | of.layer.arguments.keys(), missing))


def _only(names: Iterable[str], otherwise: str) -> Schema:
    message = f"{otherwise}: put script-only settings under `arguments`"
    return {"propertyNames": {"pattern": f"^({'|'.join(sorted(names))})$", "errorMessage": message}}


def _over_releases(classes: dict[str, _Class]) -> Iterator[_Rule]:
    """What each class takes in which releases. What a trainer's own class declares anew holds for that trainer."""
    for trainer, of in classes.items():
        ages: dict[tuple[tuple[str, ...], tuple[Version, ...] | None], list[Schema]] = defaultdict(list)
        for name in sorted(of.layer.arguments.keys() - owners().keys()):
            for releases, section in _ages(name, of):
                ages[of.also[name] if trainer == "Trainer" else (), releases].append(section)
        for (others, releases), sections in ages.items():
            trainers = _unless(others) if trainer == "Trainer" else _for(trainer)
            yield _Rule(trainers, _joined(sections), of.layer, releases)


def _over_trainers(classes: dict[str, _Class]) -> Iterator[_Rule]:
    """Where a base states the trainer, what one of those takes that declare an argument."""
    base = classes["Trainer"]
    takers = {name: [base, *map(classes.get, others)] for name, others in base.also.items() if others}
    names = takers.keys() - owners().keys()
    ever = {name: [held for of in takers[name] if of for held in _ever(of.layer, name)] for name in sorted(names)}
    yield _Rule(_for(None), {"properties": {name: _takes(held, base.others) for name, held in ever.items()}})


def _joined(sections: list[Schema]) -> Schema:
    joined: Schema = {}
    if properties := {name: held for each in sections for name, held in each.get("properties", {}).items()}:
        joined["properties"] = properties
    if names := [each["propertyNames"] for each in sections if "propertyNames" in each]:
        joined["propertyNames"] = {"allOf": names}
    return joined


def _ages(name: str, of: _Class) -> Iterator[tuple[tuple[Version, ...] | None, Schema]]:
    """The releases between which an argument changes, each time with what the section takes in them; last, for
    None, what it takes in any."""
    known = knowledge.releases(of.layer.package)
    states = [(version, _state(name, of._replace(layer=of.layer._replace(version=version)))) for version in known]
    ages = [([*held], state) for state, held in groupby(states, key=lambda each: each[1])]
    for held, state in ages:
        if state:
            yield tuple(version for version, _ in held), state
    if len(ages) > 1:
        yield None, {"properties": {name: _takes(_ever(of.layer, name), of.others)}}


def _state(name: str, of: _Class) -> Schema:
    """What a section of one release takes."""
    facts, layer = of.layer.arguments[name], of.layer
    argument = layer.get(name)
    if argument is None:
        return {} if of.trainer != "Trainer" and of.also[name] else {"propertyNames": _absent(name, layer)}
    takes = _takes([argument], of.others)
    if _is_deprecated(argument) and ("by" not in facts or layer.get(facts["by"])):
        since = f"`{name}` was deprecated in {layer.package} {written(facts['deprecated'])}"
        takes |= {"deprecated": True, "deprecationMessage": since + _instead(facts, layer)}
    return {"properties": {name: takes}}


def _absent(name: str, layer: Layer) -> Schema:
    """The name is refused; that of an argument that was renamed has the new one as its only remedy."""
    facts = layer.arguments[name]
    went = [last for _, last in facts["life"] if last and last <= layer.version]
    if not went:
        return _refusal(name, f"`{name}` was added in {layer.package} {written(facts['life'][0][0])}")
    new = [facts["by"]] if facts.get("same_value") and layer.get(facts["by"]) else []
    message = f"`{name}` was removed in {layer.package} {written(went[-1])}{_instead(facts, layer)}"
    return _refusal(name, message, new)


def _instead(facts: dict[str, Any], layer: Layer) -> str:
    help = facts.get("help", "")
    if layer.get(facts.get("by", "")):
        return f": write `{facts['by']}`" + (f" ({help})" if help else "")
    return f": {help}" if help else ""


def _refusal(name: str, message: str, instead: list[str] | None = None) -> Schema:
    """A key that is not accepted, with what an editor can put in its place."""
    remedy: Schema = {"enum": instead} if instead else {"pattern": "^$"}
    return {"if": {"const": name}, "then": {**remedy, "errorMessage": message}}


def _decided(name: str) -> str:
    return f"`{name}` is set by configlint from {listing(owners()[name], 'or')}: do not write it here"


# An argument


def _shown(of: _Class) -> Schema:
    """What an editor shows of the arguments of a class, and which it proposes."""
    shown: Schema = {}
    for name in sorted(of.layer.arguments):
        argument = of.layer.get(name)
        shown[name] = {"description": _description(name, argument, of)}
        if argument is None or name in owners():
            shown[name]["doNotSuggest"] = True
        elif argument.default is not UNKNOWN and argument.default is not None:
            shown[name]["default"] = argument.default
    return shown


def _takes(held: list[Argument], others: dict[str, Layer]) -> Schema:
    """The values that an argument takes, in one of several forms."""
    facts = held[0].facts
    schema: Schema = _kinds(held)
    if all(argument.choices for argument in held) and not facts.get("open"):
        words = [*dict.fromkeys(choice for argument in held for choice in argument.choices)]
        schema |= _choices(held[0].name, words, schema.get("type", ()))
    schema |= {bound: facts[bound] for bound in _BOUNDS if all(bound in argument.facts for argument in held)}
    if inner := others.get(facts.get("keys", "")):
        keys: Schema = {key: {} for key in inner.arguments}
        schema |= {"properties": keys, "additionalProperties": False}
    return schema


def _ever(layer: Layer, name: str) -> list[Argument]:
    """An argument in each release that has it."""
    layers = [layer._replace(version=release) for release in knowledge.releases(layer.package)]
    return [argument for each in layers if (argument := each.get(name))]


def _kinds(held: list[Argument]) -> Schema:
    if not all(argument.kinds for argument in held):
        return {}
    return {"type": [*dict.fromkeys(kind for argument in held for kind in argument.kinds)]}


def _choices(name: str, words: list[object], kinds: Iterable[str]) -> Schema:
    """Words that an argument takes: alone, or in a list."""
    if "array" not in kinds:
        return {"enum": words + ([None] if "null" in kinds else [])}
    if name == "debug":
        return {}  # words between blanks
    return {
        "if": {"type": "string"},
        "then": {"enum": words},
        "else": {"items": {"enum": words}},
    }


def _description(name: str, argument: Argument | None, of: _Class) -> str:
    if name in owners():
        return f"Set by configlint from {listing(owners()[name], 'or')}: do not write it here."
    return " ".join([of.texts.get(name, ""), *(_further(argument) if argument else _life(name, of.layer))]).strip()


def _further(argument: Argument) -> Iterator[str]:
    """Sentences that the facts make."""
    default, choices = argument.default, [code(choice) for choice in argument.choices]
    if 0 < len(choices) < 8:
        yield f"{listing(choices, 'or')}."
    if default is not UNKNOWN and default not in (None, "", [], {}):
        yield f"Default: {code(default)}."
    if _is_deprecated(argument):
        yield f"Deprecated since {argument.layer.package} {written(argument.facts['deprecated'])}."


def _life(name: str, layer: Layer) -> Iterator[str]:
    first, last = layer.arguments[name]["life"][-1]
    until = f" to before {written(last)}" if last else ""
    yield f"Only in {layer.package} from {written(first)}{until}."


def _is_deprecated(argument: Argument) -> bool:
    since = argument.facts.get("deprecated")
    return bool(since and since <= argument.layer.version)
