"""What inputs are made of: the repository's examples, fixtures and rule pages, and the names that it knows.

All is read as data; none of the program's code runs, so that a fault of it cannot change what an input is.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from tree import Node, entry, parse, scalar, slots

# What a spec that compiles does not write.
_DERIVED = (
    "per_device_train_batch_size", "gradient_accumulation_steps", "fsdp", "fsdp_config", "deepspeed", "local_rank",
    "use_cpu",
)  # fmt: skip
_FLAT = {"output_dir": "out", "per_device_train_batch_size": 4, "num_train_epochs": 3}
_FOUND = re.compile("# (error|warning|info):")  # at the end of a line in which a rule finds something
ROOT = Path(__file__).parents[2]


class Corpus(NamedTuple):
    """`good` are the documents with a plan in which their rules find no error, `fixable` those in which one finds
    what it can fix. `values` are those that were seen under a key, and under a section's (`batch.per_device`);
    `keys` those that were seen in a section. `arguments` are what `training` can hold, by name, `current` those of
    them that every trainer takes in the newest release. `nasty` is what nobody thought of, as a file has it."""

    documents: list[Node]
    good: list[Node]
    fixable: list[Node]
    texts: list[str]
    examples: dict[str, Node]
    values: dict[str, list[Node]]
    keys: dict[str, list[str]]
    arguments: dict[str, Any]
    current: list[str]
    names: list[str]
    rules: list[str]
    configs: list[Node]
    nasty: list[str]


def corpus() -> Corpus:
    examples = {path.name: _text(path) for path in _files("examples", "*.yaml")}
    modules = [path for path in _files("configlint/rules", "**/*.py") if not path.stem.startswith("_")]
    fixing = [_specs(path) for path in modules if "fixes=True" in _text(path)]
    texts = [*examples.values(), *(text for path in modules for text in _specs(path))]
    documents = _trees([*texts, *_flat(texts)])
    history = json.loads(_text(ROOT / "schemas" / "training_arguments.json"))
    values, keys = _seen(documents)
    _add_format(values, keys)
    hardware, models = (_files(f"configlint/knowledge/{kind}", "*.yaml") for kind in ("hardware", "models"))
    _add(values, "hardware", "accelerator", [path.stem for path in hardware])
    _add(values, "model", "config", [path.stem for path in models])
    _add(values, "root", "trainer", history["trl"]["trainers"])
    for package in ("transformers", "trl"):
        _add(values, "root", package, history[package]["releases"], quoted=True)
    common = history["transformers"]["groups"]
    groups = [*history["trl"]["groups"].values(), *common.values()]
    arguments = {name: argument for group in groups for name, argument in group.items()}
    return Corpus(
        documents,
        list(filter(_is_plan, _trees(text for text in texts if "# error:" not in text))),
        _trees(text for found in fixing for text in found if _FOUND.search(text)),
        texts,
        {name: tree for name, text in examples.items() for tree in _trees([text])},
        {key: list(found.values()) for key, found in values.items() if found},
        {section: list(found) for section, found in keys.items() if found},
        arguments,
        [name for name, argument in common["TrainingArguments"].items() if _lives(name, argument)],
        [*(path.stem for path in [*hardware, *models]), *history["trl"]["trainers"], *arguments, *keys["root"]],
        [f"{path.parent.name}/{path.stem.replace('_', '-')}" for path in modules],
        [config for tree in _trees(map(_text, models)) if (config := entry(tree, "config")) is not None],
        _text(Path(__file__).with_name("nasty.txt")).splitlines(),
    )


_SCRIPT = re.compile(r"(?m)^(?:import|from) ")

Values = dict[str, dict[str, Node]]  # by their texts, so that each is there once
Keys = dict[str, dict[str, None]]


def _is_plan(tree: Node) -> bool:
    return entry(tree, "batch", "effective") is not None and entry(tree, "hardware", "devices_per_node") is not None


def _lives(name: str, argument: dict[str, Any]) -> bool:
    return name not in _DERIVED and argument["life"][-1][1] is None and "deprecated" not in argument


def _files(folder: str, pattern: str) -> list[Path]:
    return sorted((ROOT / folder).glob(pattern))


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _specs(module: Path) -> list[str]:
    """The specs on a rule's page and in its fixture; one in which it finds something has a mark."""
    page = re.findall(r"(?m)^(Bad|Good):\n\n((?:    .*\n|\n)+)", _text(module))
    fixture = ROOT / "tests" / "rules" / module.parent.name / f"{module.stem}.yaml"
    cases = [
        *(textwrap.dedent(text) + ("# error: x\n" if kind == "Bad" else "") for kind, text in page),
        *re.split(r"(?m)^---.*\n", _text(fixture)),
    ]
    return [case for case in cases if not _SCRIPT.search(case)]


def _trees(texts: Iterable[str]) -> list[Node]:
    """Those that can be read and hold something."""
    trees = map(parse, texts)
    return [tree for tree in trees if tree is not None and tree.kind == "map" and tree.entries]


def _flat(texts: Iterable[str]) -> list[str]:
    """What stands in `training`, as a flat file that HfArgumentParser reads; of a few of the texts."""
    found = {}
    for text in texts:
        document = yaml.safe_load(text)
        if isinstance(document, dict) and isinstance(document.get("training"), dict):
            arguments = {**_FLAT, **document["training"]}
            found[tuple(arguments)] = yaml.safe_dump(arguments, sort_keys=False)
    return list(found.values())[::8]


def _seen(documents: list[Node]) -> tuple[Values, Keys]:
    values: Values = {}
    keys: Keys = {}
    for document in documents:
        for slot in slots(Node("map", entries=[(scalar("root"), document)])):
            if slot.key is not None:
                values.setdefault(slot.key.text, {}).setdefault(repr(slot.value), slot.value)
                keys.setdefault(slot.key.text, {}).update((key.text, None) for key, _ in slot.value.entries)
                for key, value in slot.value.entries:
                    values.setdefault(f"{slot.key.text}.{key.text}", {}).setdefault(repr(value), value)
    return values, keys


def _add_format(values: Values, keys: Keys) -> None:
    """The sections and keys of the format, and the words that they allow."""
    schema = json.loads(_text(ROOT / "schemas" / "spec.schema.json"))
    keys["root"].update((name, None) for name in schema["properties"])
    for section, definition in schema["definitions"].items():
        for name, described in definition.get("properties", {}).items():
            keys.setdefault(section, {})[name] = None
            _add(values, section, name, [word for word in described.get("enum", ()) if isinstance(word, str)])


def _add(values: Values, section: str, key: str, names: list[str], quoted: bool = False) -> None:
    nodes = [scalar(name, '"' if quoted else "") for name in names]
    for path in (key, f"{section}.{key}"):
        values.setdefault(path, {}).update((repr(node), node) for node in nodes)
