"""What each program calls a setting: names to canonical paths and back."""

from __future__ import annotations

from functools import cache

from configlint.knowledge._generated.names import ALIASES, FILES, NAMES, VALUES

__all__ = ["ALIASES", "BATCH_ARGUMENTS", "FILES", "NAMES", "VALUES", "meanings", "owners", "paths", "spellings"]

# The programs whose names people bring along, those of which a name is surest first.
_PEOPLE = (
    "training_arguments", "elsewhere", "trl", "script", "accelerate", "torchrun", "sbatch", "axolotl",
    "deepspeed",
)  # fmt: skip

# Arguments of the trainer that are factors of the batch, wherever a spec has them, and whose they are.
BATCH_ARGUMENTS = {
    f"{section}.{name}": path
    for path in ("batch.per_device", "batch.accumulation")
    for name in NAMES[path]["training_arguments"]
    for section in ("training", "arguments")
}


def spellings(program: str) -> dict[str, str]:
    """Canonical paths to the names that a program wants."""
    return {path: names[program][0] for path, names in NAMES.items() if program in names}


@cache
def paths(*programs: str) -> dict[str, str]:
    """The names that some programs have, to canonical paths; of a name that several have, the first's."""
    found: dict[str, str] = {}
    for program in programs:
        for path, names in NAMES.items():
            for name in names.get(program, ()):
                found.setdefault(name, path)
    return found


@cache
def _meanings(*programs: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for program in programs:
        for path, names in NAMES.items():
            for name in names.get(program, ()):
                found[name] = (*found.get(name, ()), path)
    return found


def meanings(name: str, section: str | None = None, *programs: str) -> tuple[str, ...]:
    """The canonical paths of what any program or people call so, in a section of a spec only those that are in it:
    case and hyphens do not count."""
    found = _meanings(*programs, *_PEOPLE).get(name.lower().replace("-", "_"), ())
    return tuple(path for path in found if section in (None, path.rpartition(".")[0]))


@cache
def owners() -> dict[str, tuple[str, ...]]:
    """The arguments of TrainingArguments that a spec's own sections decide on, and where."""
    found: dict[str, tuple[str, ...]] = {}
    for path, names in NAMES.items():
        for name in (*names.get("training_arguments", ()), *names.get("derived", ())):
            found[name] = (*found.get(name, ()), path)
    return found
