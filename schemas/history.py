"""Make schemas/training_arguments.json: the life of every argument over the releases.

    python schemas/history.py                 takes in the releases on PyPI that it does not have yet
    python schemas/history.py --all           reads all releases anew
    python schemas/history.py --wheels DIR    keeps the wheels there
    python schemas/history.py --missing       only lists the releases that there is no data of, DeepSpeed's too:
                                              exit code 1 where there are some

What the wheels say comes from wheels.py; what they do not say, such as what took an argument's place, stands
in arguments.yaml, and is joined in by generate.py.
"""

from __future__ import annotations

import argparse
import ast
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import wheels
from wheels import Arguments, Package

HERE = Path(__file__).resolve().parent
TARGET = HERE / "training_arguments.json"
DEEPSPEED = HERE / "deepspeed_config.json"
FIRST = {"transformers": (4, 30), "trl": (0, 9)}
# The config classes of the trainers that TRL's own scripts train with, and of two that compare answers; TRL has
# those among its experiments since 0.26.
TRL_CLASSES = (
    "SFTConfig",
    "DPOConfig",
    "GRPOConfig",
    "RewardConfig",
    "KTOConfig",
    "RLOOConfig",
    "DistillationConfig",
    "ORPOConfig",
    "CPOConfig",
)
# The dataclasses beside them that scripts parse their own arguments with.
TRL_DATACLASSES = (
    "ModelConfig",
    "ScriptArguments",
    "DatasetMixtureConfig",
    "GRPOScriptArguments",
    "RLOOScriptArguments",
    # up to 0.12
    "SFTScriptArguments",
    "DPOScriptArguments",
    "RewardScriptArguments",
)
_ARGS = "transformers/training_args.py"
_TRAINERS = {"Trainer": "transformers/trainer.py", "Seq2SeqTrainer": "transformers/trainer_seq2seq.py"}

FACTS = ("type", "default", "choices")
# What a fact is where a release says nothing of it.
_ABSENT: dict[str, Any] = {"type": [], "default": {"required": True}, "choices": []}

# One release: {group: {name: argument}}, a group being a config class, a scheduler's keywords, a config's keys.
Snapshot = dict[str, Arguments]


def read_transformers(package: Package) -> Snapshot:
    """All that a release of Transformers knows of its arguments."""
    enums = _transformers_enums(package)
    snapshot: Snapshot = {}
    for name, module in {
        "TrainingArguments": _ARGS,
        "Seq2SeqTrainingArguments": "transformers/training_args_seq2seq.py",
        "AcceleratorConfig": "transformers/trainer_pt_utils.py",
    }.items():
        for node in package.classes(module):
            if node.name == name:
                snapshot[name] = wheels.arguments(node, enums)
    reporters = [
        ast.literal_eval(key)
        for module in ("integrations.py", "integrations/integration_utils.py")  # until 4.32, and since
        for key in wheels.mapping(package, f"transformers/{module}", "INTEGRATION_TO_CALLBACK")
    ]
    snapshot["TrainingArguments"]["report_to"]["choices"] = ["all", "none", *sorted(reporters)]
    modules = ["training_args", "trainer", "integrations/tpu", "trainer_utils", "integrations/fsdp"]
    keys = wheels.keys_of(package, "fsdp_config", [f"transformers/{name}.py" for name in modules])
    snapshot["fsdp_config"] = {key: {} for key in keys}
    for trainer, module in _TRAINERS.items():
        for node in package.classes(module):
            if node.name == trainer:
                snapshot[trainer] = wheels.keywords(node)
    return snapshot | dict(_schedulers(package, enums))


def _transformers_enums(package: Package) -> wheels.Words:
    enums = wheels.enums(package, [_ARGS, "transformers/trainer_utils.py", "transformers/debug_utils.py"])
    levels = wheels.mapping(package, "transformers/utils/logging.py", "log_levels")
    names = [*(ast.literal_eval(level) for level in levels), "passive"]
    return {**enums, "trainer_log_levels": {name: name for name in names}}


def _schedulers(package: Package, enums: wheels.Words) -> Iterator[tuple[str, Arguments]]:
    """The keywords of each schedule that `lr_scheduler_kwargs` can give, as `scheduler:<name>`."""
    module = "transformers/optimization.py"
    not_given = ("optimizer", "num_warmup_steps", "num_training_steps", "last_epoch")
    for key, function in wheels.mapping(package, module, "TYPE_TO_SCHEDULER_FUNCTION").items():
        word = enums["SchedulerType"][ast.unparse(key).partition(".")[2]]
        taken = wheels.parameters(package, module, ast.unparse(function))
        if word in ("constant", "constant_with_warmup"):
            taken = {}  # get_scheduler hands them none
        yield f"scheduler:{word}", {name: value for name, value in taken.items() if name not in not_given}


def read_trl(package: Package) -> Snapshot:
    """The fields that TRL's config classes add to TrainingArguments, or give another default; what its trainers are
    constructed with; and what the parsers of its scripts read beside them."""
    snapshot: Snapshot = {}
    for name in TRL_CLASSES:
        if fields := _with_bases(package, name):
            snapshot[name] = fields
        trainer = name.replace("Config", "Trainer")
        if node := package.find(trainer, r"^trl/(trainer|experimental/\w+)/\w+_trainer\.py$"):
            snapshot[trainer] = wheels.keywords(node)
    for name in TRL_DATACLASSES:
        if fields := _with_bases(package, name):
            snapshot[name] = fields
    for module in sorted(package.modules):
        if module.startswith("trl/scripts/"):
            for names in _parsers(package.tree(module)):
                script = module.removesuffix(".py").replace("/", ".")
                others = [_with_bases(package, name) for name in names if name not in TRL_CLASSES]
                snapshot[script] = {key: value for fields in others for key, value in fields.items()}
    return snapshot


def _with_bases(package: Package, name: str) -> Arguments:
    node = package.find(name, r"^trl/.*(config|args|utils)\.py$|^trl/scripts/")
    if node is None:
        return {}
    fields: Arguments = {}
    for base in reversed(node.bases):
        fields |= _with_bases(package, ast.unparse(base))
    # An enum of TRL's own stands beside the class.
    enums = wheels.enums(package, [module for module in package.modules if module.endswith("_config.py")])
    return fields | wheels.arguments(node, enums)


def _parsers(tree: ast.Module) -> Iterator[list[str]]:
    """The dataclasses that a script's parser is made of."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "dataclass_types":
            names = [ast.unparse(each) for each in getattr(node.value, "elts", [])]
            if len(names) > 1:
                yield names


READERS = {"transformers": read_transformers, "trl": read_trl}


def compressed(snapshots: dict[str, Snapshot]) -> dict[str, Any]:
    """Snapshots, oldest release first, as the life of each argument: `life` lists from which release (with)
    to which (without), and each fact stands at the release from which it held."""
    groups: dict[str, dict[str, Any]] = {}
    before: Snapshot = {}
    for release, snapshot in snapshots.items():
        for group, arguments in snapshot.items():
            for name, facts in arguments.items():
                life = groups.setdefault(group, {}).setdefault(name, {"life": []})
                if name not in before.get(group, {}):
                    life["life"].append([release, None])
                for fact in FACTS:
                    value = facts.get(fact, _ABSENT[fact])
                    if not _is_equal(_held(life, fact), value):
                        life.setdefault(fact, {})[release] = value
        for group, arguments in before.items():
            for name in arguments.keys() - snapshot.get(group, {}).keys():
                groups[group][name]["life"][-1][1] = release
        before = snapshot
    return {"releases": [*snapshots], "groups": _sorted(groups)}


def expanded(package: dict[str, Any]) -> dict[str, Snapshot]:
    """The other way: a snapshot a release."""
    order = {release: index for index, release in enumerate(package["releases"])}
    snapshots: dict[str, Snapshot] = {release: {} for release in order}
    for group, arguments in package["groups"].items():
        for name, life in arguments.items():
            for release, index in order.items():
                if any(order[first] <= index < order.get(last, len(order)) for first, last in life["life"]):
                    held = {fact: _held(life, fact, order, index) for fact in FACTS}
                    facts = {fact: value for fact, value in held.items() if value != _ABSENT[fact]}
                    snapshots[release].setdefault(group, {})[name] = facts
    return snapshots


def _held(life: dict[str, Any], fact: str, order: dict[str, int] | None = None, index: int = 0) -> Any:
    """The last value of a fact, or the last at a release."""
    changes = life.get(fact, {})
    values = [value for release, value in changes.items() if order is None or order[release] <= index]
    return values[-1] if values else _ABSENT[fact]


def _is_equal(one: Any, other: Any) -> bool:
    """As JSON, where 0 is not false."""
    return json.dumps(one) == json.dumps(other)


def _sorted(groups: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {group: dict(sorted(arguments.items())) for group, arguments in sorted(groups.items())}


def missing() -> list[str]:
    """The releases on PyPI, of each minor one the newest patch, that there is no data of."""
    held = json.loads(TARGET.read_text(encoding="utf-8"))
    known = {package: set(held[package]["releases"]) for package in READERS}
    # Of DeepSpeed there is data of one release.
    major, minor = json.loads(DEEPSPEED.read_text(encoding="utf-8"))["release"].split(".")[:2]
    known["deepspeed"] = {f"{major}.{minor}"}
    first = {**FIRST, "deepspeed": (int(major), int(minor))}
    return [
        f"{package} {version}"
        for package, releases in known.items()
        for release, version in wheels.releases(package, first[package]).items()
        if release not in releases
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--all", action="store_true", help="read all releases anew")
    parser.add_argument("--wheels", type=Path, metavar="DIR", help="keep the wheels there")
    parser.add_argument("--missing", action="store_true", help="only list the releases that there is no data of")
    options = parser.parse_args()
    try:
        if not options.missing:
            take_in(options.all, options.wheels)
            return 0
        lacking = missing()
    except subprocess.CalledProcessError as error:
        parser.error(f"PyPI cannot be asked: {error}")
    print("\n".join(lacking) or "there is data of all releases")
    return int(bool(lacking))


def take_in(anew: bool, kept: Path | None) -> None:
    """Read the releases on PyPI that there is no data of yet, or all; the wheels stay in `kept`."""
    old = json.loads(TARGET.read_text(encoding="utf-8")) if TARGET.exists() and not anew else {}
    new = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = kept or Path(temporary)
        for package, reader in READERS.items():
            snapshots = expanded(old[package]) if package in old else {}
            for release, version in wheels.releases(package, FIRST[package]).items():
                if release not in snapshots:
                    print(package, version)
                    wheel = wheels.download(package, version, folder)
                    snapshots[release] = reader(Package(wheels.sources(wheel)))
            new[package] = compressed(snapshots)
    TARGET.write_text(text(new), encoding="utf-8", newline="\n")
    print("now: python schemas/generate.py")


def text(history: dict[str, Any]) -> str:
    """As JSON, an argument a line, so that a diff shows what a release changed."""
    lines = []
    for package, content in history.items():
        groups = []
        for group, arguments in content["groups"].items():
            rows = [f"        {json.dumps(name)}: {json.dumps(facts)}" for name, facts in arguments.items()]
            groups.append(f"      {json.dumps(group)}: {{\n" + ",\n".join(rows) + "\n      }")
        releases = json.dumps(content["releases"])
        body = ",\n".join(groups)
        trainers = f'    "trainers": {json.dumps(content["trainers"])},\n' if "trainers" in content else ""
        head = f'    "releases": {releases},\n{trainers}'
        lines.append(f'  "{package}": {{\n{head}    "groups": {{\n{body}\n    }}\n  }}')
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    sys.exit(main())
