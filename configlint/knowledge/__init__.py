"""What is known of releases, accelerators and models: data files, and their loader.

Both profiles are found by name alone: the file `hardware/<name>.yaml` or `models/<name>.yaml`.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from configlint.document import plain
from configlint.profile import Accelerator, Model
from configlint.source import Source
from configlint.syntax import read

# Source: https://pypi.org/project/transformers/, 2026-11.
newest_transformers = "5.23"

_HERE = os.path.dirname(__file__)


@cache
def find_accelerator(name: str) -> Accelerator | tuple[str, ...]:
    """The bundled accelerator of that name, or all names there are."""
    profile = _profile("hardware", name)
    if profile is None:
        return names("hardware")
    fields = {key: field["value"] if isinstance(field, dict) else field for key, field in profile.items()}
    capability = fields.get("compute_capability")
    major, _, minor = str(capability or "").partition(".")
    fields["compute_capability"] = (int(major), int(minor)) if capability else None
    fields["dtypes"] = frozenset(fields["dtypes"])
    return Accelerator(**{**fields, "name": name})


def find_model(name: str, folder: str) -> Model | tuple[str, ...]:
    """The bundled model of that name or hub id, or a config.json by its path from `folder`;
    else all names there are."""
    if name not in names("models"):
        path = os.path.join(folder, name)
        if os.path.isdir(path):
            path = os.path.join(path, "config.json")
        if os.path.isfile(path):
            return _from_config(path, name)
        hub_ids = {
            hub_id: model for model in names("models") for hub_id in (_profile("models", model) or {})["hub_ids"]
        }
        name = hub_ids.get(name, name)
    profile = _profile("models", name)
    if profile is None:
        return names("models")
    return Model(name, profile["config"], profile["parameters"]["value"])


@cache
def names(kind: str) -> tuple[str, ...]:
    """The profiles there are of a kind: `hardware` or `models`."""
    return tuple(sorted(file[:-5] for file in os.listdir(os.path.join(_HERE, kind)) if file.endswith(".yaml")))


def _from_config(path: str, name: str) -> Model | tuple[str, ...]:
    import json

    try:
        with open(path, encoding="utf-8") as file:
            config = json.load(file)
    except (OSError, ValueError, RecursionError):
        return names("models")
    return Model(name, config) if isinstance(config, dict) else names("models")


@cache
def _profile(kind: str, name: str) -> dict[str, Any] | None:
    path = os.path.join(_HERE, kind, name + ".yaml")
    if name not in names(kind):  # not isfile: some file systems take T4 for t4
        return None
    with open(path, encoding="utf-8") as file:
        document, _ = read(Source(path, file.read()))
    profile = plain(document) if document else None
    return profile if isinstance(profile, dict) else None
