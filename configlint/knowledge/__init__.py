"""What is known of releases, accelerators and models: data files, and their loader.

Profiles are found by name alone: the file `hardware/<name>.yaml` or `models/<name>.yaml`. Of releases, what
`_generated` holds is made from schemas/training_arguments.json, of all else from the YAML files here.
"""

from __future__ import annotations

import os
import re
from functools import cache

from configlint.core.document import plain
from configlint.core.profile import Accelerator, Instance, Model, Trainer, bare
from configlint.core.release import Constructor, Layer, Release, Version, same_names
from configlint.core.source import Source
from configlint.core.typing import Any
from configlint.host.read import read_bytes
from configlint.knowledge._generated import trainers as _trainers
from configlint.knowledge._generated import transformers as _transformers
from configlint.syntax import read

_HERE = os.path.dirname(__file__)


@cache
def find_release(transformers: str | None, trl: str | None, trainer: str | None) -> Release:
    """What the trainer's class takes in these releases: without one, in the newest that goes with the other; of
    one that there is no data of, in the last before it. A class that is not known is taken for one of
    Transformers' own kind."""
    known = {"transformers": _transformers.RELEASES}
    version = _nearest(transformers, _transformers.RELEASES)
    asks_for = None
    if trainer not in _transformers.TRAINERS:
        from configlint.knowledge._generated import trl as _trl  # 0.5 ms, for TRL's trainers only

        trl_version = _nearest(trl, _trl.RELEASES)
        if trl is None:
            fitting = [release for release in _trl.RELEASES if _fits(release, version)]
            trl_version = fitting[-1] if fitting else _trl.RELEASES[0]
        asks_for = asked_for(trl_version)
        if transformers is None and trainer in _trl.TRAINERS:
            version = min(version, asks_for[1])
    layers = [Layer("transformers", version, _transformers.GROUPS["TrainingArguments"])]
    others = {name: Layer("transformers", version, group) for name, group in _transformers.GROUPS.items()}
    config_class = _transformers.TRAINERS.get(trainer or "")
    if config_class is None:
        known["trl"] = _trl.RELEASES
        others |= {name: Layer("trl", trl_version, group) for name, group in _trl.GROUPS.items()}
        config_class = _trl.TRAINERS.get(trainer or "")
    if config_class and config_class != "TrainingArguments":
        layers.append(others[config_class])
    arguments = {name: argument for layer in layers for name, argument in layer.held().items()}
    same = same_names(tuple(layers), arguments)
    traits = Trainer(**_trainers.ROWS.get(trainer or "", {}))
    return Release(config_class, tuple(layers), arguments, same, others, known, asks_for, traits)


def find_constructor(transformers: str | None, trl: str | None, trainer: str) -> Constructor | None:
    """What a trainer is constructed with in these releases; None where they lack it, or it takes anything."""
    from configlint.knowledge._generated.constructors import TRAINERS  # for calls of trainers only

    package = next((package for package, trainers in TRAINERS.items() if trainer in trainers), None)
    if package is None:
        return None
    release = find_release(transformers, trl, trainer)
    version = release.trl if package == "trl" else release.transformers
    keywords = Layer(package, version or release.transformers, TRAINERS[package][trainer])
    held = keywords.held()
    return Constructor(trainer, keywords, release) if held and "**" not in held else None


def trl_dataclasses() -> dict[str, dict[str, Any]]:
    """The dataclasses of TRL's that scripts parse beside a config class: the life of each field."""
    from configlint.knowledge._generated.dataclasses import CLASSES  # for scripts that parse them only

    return CLASSES


def is_of_transformers(trainer: object) -> bool:
    """Whether a trainer is Transformers' own, as it is where none is named."""
    return trainer is None or (isinstance(trainer, str) and trainer in _transformers.TRAINERS)


def trainer_of(script: str) -> str | None:
    """The trainer that one of TRL's own scripts builds."""
    return next((name for name, traits in _trainers.ROWS.items() if traits.get("script") == script), None)


def trl_trainers() -> tuple[str, ...]:
    """The trainers of TRL whose config classes are known."""
    from configlint.knowledge._generated import trl as _trl

    return tuple(_trl.TRAINERS)


def trainers() -> dict[str, str]:
    """The trainers that there is data of, and the config class of each."""
    from configlint.knowledge._generated import trl as _trl

    return _transformers.TRAINERS | _trl.TRAINERS


@cache
def argument_names(trainer: str | None) -> frozenset[str]:
    """The arguments that a trainer's config class has in any release; of one that is not known, those of all of
    TRL's."""
    names = frozenset(_transformers.GROUPS["TrainingArguments"])
    if is_of_transformers(trainer):
        return names
    from configlint.knowledge._generated import trl as _trl

    classes = [_trl.TRAINERS[trainer]] if trainer in _trl.TRAINERS else _trl.TRAINERS.values()
    return names.union(*(_trl.GROUPS[name] for name in classes))


def releases(package: str) -> tuple[Version, ...]:
    """The releases of transformers or trl that there is data of."""
    if package == "transformers":
        return _transformers.RELEASES
    from configlint.knowledge._generated import trl as _trl

    return _trl.RELEASES


def release_known(package: str, text: str | None) -> str | None:
    """The release that is meant, or the last before it that there is data of."""
    return None if text is None else ".".join(map(str, _nearest(text, releases(package))))


def asked_for(trl: Version) -> tuple[Version, Version]:
    """The oldest and the newest release of Transformers that one of TRL can be installed with."""
    from configlint.knowledge._generated.trl import NEWEST, OLDEST

    oldest = max((needed for release, needed in OLDEST.items() if release <= trl), default=(4, 31))
    return oldest, NEWEST.get(trl, _transformers.RELEASES[-1])


def _fits(trl: Version, transformers: Version) -> bool:
    oldest, newest = asked_for(trl)
    return oldest <= transformers <= newest


def _nearest(text: str | None, releases: tuple[Version, ...]) -> Version:
    """The last of the releases up to the one that is meant."""
    try:
        major, minor = (text or "").split(".")[:2]
        meant = int(major), int(minor)
    except ValueError:
        return releases[-1]
    return max((release for release in releases if release <= meant), default=releases[0])


@cache
def find_accelerator(name: str) -> Accelerator | Instance | tuple[str, ...]:
    """The bundled accelerator that has this name or that drivers print so; the machine of a cloud's instance type;
    or the names of all profiles."""
    profile = _profile("hardware", name)
    return _accelerator(name, profile) if profile else _also_named(name) or names("hardware")


def _accelerator(name: str, profile: dict[str, Any]) -> Accelerator:
    context = profile.get("context_mib")
    fields = {
        key: field["value"] if isinstance(field, dict) else field
        for key, field in profile.items()
        if key not in ("context_mib", "printed")
    }
    fields["context_mib"] = _range(context) if context else None
    capability = fields.get("compute_capability")
    major, _, minor = str(capability or "").partition(".")
    fields["compute_capability"] = (int(major), int(minor)) if capability else None
    fields["dtypes"] = frozenset(fields["dtypes"])
    return Accelerator(**{**fields, "name": name})


def _also_named(name: str) -> Accelerator | Instance | None:
    """What has another name than its profile's; None of a name that several devices have."""
    from configlint.knowledge._generated.machines import INSTANCES, PRINTED  # for these names only

    known = bare(name)
    machine, profile, devices = INSTANCES.get(known, ("", "", 0))
    meant = (profile,) if machine else PRINTED.get(known, ())
    accelerator = find_accelerator(meant[0]) if len(meant) == 1 else None
    if not isinstance(accelerator, Accelerator):
        return None
    return Instance(machine, accelerator, devices) if machine else accelerator


def instances() -> tuple[str, ...]:
    """The instance types of clouds that are known, as the clouds write them."""
    from configlint.knowledge._generated.machines import INSTANCES

    return tuple(dict.fromkeys(machine for machine, _, _ in INSTANCES.values()))


def instances_like(name: str) -> tuple[str, ...]:
    """Those with the numbers of a name, which may be one of them misspelt: with others it is another machine."""
    numbers = re.findall(r"\d+", name)
    return tuple(machine for machine in instances() if re.findall(r"\d+", machine) == numbers)


@cache
def find_communication(vendor: str) -> dict[str, tuple[float, float]] | None:
    """What a vendor's collective library takes of a device's memory beside PyTorch's allocator, low and high in
    MiB, for each communicator: `first_mib` and `further_mib`. It is a file of its own, which one device never
    needs; None of a vendor that nothing is known of."""
    found = parsed("communication.yaml").get(vendor)
    return {key: _range(amounts) for key, amounts in found.items()} if found else None


def find_model(name: str, folder: str) -> Model | tuple[str, ...]:
    """The bundled model of that name or hub id, or a config.json by its path from `folder`;
    else all names there are."""
    if name not in names("models"):
        path = os.path.join(folder, name)
        if os.path.isdir(path):
            path = os.path.join(path, "config.json")
        if os.path.isfile(path):
            return _from_config(path, name)
        name = _of_hub_id(name) or name
    profile = _profile("models", name)
    if profile is None:
        return names("models")
    layers, hub_ids = tuple(profile["layers"]), tuple(profile["hub_ids"])
    return Model(name, profile["config"], profile["parameters"]["value"], layers, hub_ids)


def find_by_hub_id(hub_id: str) -> Model | None:
    """The bundled model that is published under an id of the Hub."""
    name = _of_hub_id(hub_id)
    found = find_model(name, "") if name else None
    return found if isinstance(found, Model) else None


def is_hub_id(name: str, folder: str) -> bool:
    """Whether a name is `owner/name` as the Hub has it, and no path from `folder`."""
    if not re.fullmatch(r"\w[\w.-]*/\w[\w.-]*", name) or name.endswith(".json"):
        return False
    return not os.path.exists(os.path.join(folder, name))


@cache
def names(kind: str) -> tuple[str, ...]:
    """The profiles there are of a kind: `hardware` or `models`."""
    return tuple(sorted(file[:-5] for file in os.listdir(os.path.join(_HERE, kind)) if file.endswith(".yaml")))


# Who has the models that the Hub still knows by names without an owner, such as gpt2.
# Source: huggingface.co/openai-community/gpt2 and the others, to which the old addresses lead
_FIRST_OWNERS = ("FacebookAI", "google-bert", "google-t5", "openai-community")


@cache
def _of_hub_id(hub_id: str) -> str | None:
    """The bundled model with that hub id. To parse all profiles costs 40 ms, so only what holds the text is."""
    if "/" not in hub_id:
        ids = (_profile("models", hub_id) or {})["hub_ids"] if hub_id in names("models") else ()
        return hub_id if any(each.partition("/")[0] in _FIRST_OWNERS for each in ids) else None
    for model in names("models"):
        with open(os.path.join(_HERE, "models", model + ".yaml"), encoding="utf-8") as file:
            if hub_id in file.read() and hub_id in (_profile("models", model) or {})["hub_ids"]:
                return model
    return None


def _from_config(path: str, name: str) -> Model | tuple[str, ...]:
    try:
        config = _config(read_bytes(path))
    except (OSError, ValueError, RecursionError):
        return names("models")
    return Model(name, config) if isinstance(config, dict) else names("models")


# All targets of a spec have the same one, and what memory it takes is known again by that.
@cache
def _config(text: bytes) -> object:
    import json

    return json.loads(text)


def _range(amounts: dict[str, dict[str, float]]) -> tuple[float, float]:
    return amounts["low"]["value"], amounts["high"]["value"]


@cache
def _profile(kind: str, name: str) -> dict[str, Any] | None:
    if name not in names(kind):  # not isfile: some file systems take T4 for t4
        return None
    return parsed(os.path.join(kind, name + ".yaml")) or None


def parsed(name: str) -> dict[str, Any]:
    """The mapping that a file here holds."""
    path = os.path.join(_HERE, name)
    with open(path, encoding="utf-8") as file:
        document, _ = read(Source(path, file.read()))
    content: Any = plain(document) if document else {}
    return content if isinstance(content, dict) else {}
