"""Models in the Hub's cache on this machine: what earlier downloads left there. Nothing is fetched."""

from __future__ import annotations

import json
import os

from configlint.core.profile import Model
from configlint.core.regex import regex
from configlint.host.read import read_bytes

_ID = regex(r"(\w[\w.-]*)/(\w[\w.-]*)")
_COMMIT = regex(r"[0-9a-f]{40}")


def find_cached(hub_id: str) -> Model | None:
    """The model of an id, if its config.json is in the cache: of the branch main, else of the only revision.

    Source: huggingface_hub 1.x, constants.py (where the cache is), file_download.py (models--owner--name, refs,
    snapshots).
    """
    parts = _ID.fullmatch(hub_id)
    if parts is None:
        return None
    home = os.path.join(_cache(), f"models--{parts[1]}--{parts[2]}")
    commit = _commit(home)
    if commit is None:
        return None
    try:
        config = json.loads(read_bytes(os.path.join(home, "snapshots", commit, "config.json")))
    except (OSError, ValueError, RecursionError):
        return None
    return Model(hub_id, config) if isinstance(config, dict) else None


def _cache() -> str:
    if place := os.environ.get("HF_HUB_CACHE"):
        return os.path.expanduser(place)
    caches = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    home = os.environ.get("HF_HOME") or os.path.join(caches, "huggingface")
    return os.path.join(os.path.expanduser(home), "hub")


def _commit(home: str) -> str | None:
    try:
        named = read_bytes(os.path.join(home, "refs", "main")).decode("ascii").strip()
    except (OSError, ValueError):
        named = ""
    if _COMMIT.fullmatch(named):
        return named
    try:
        found = [name for name in os.listdir(os.path.join(home, "snapshots")) if _COMMIT.fullmatch(name)]
    except OSError:
        return None
    return found[0] if len(found) == 1 else None
