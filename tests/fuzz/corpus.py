"""What inputs are made of: the repository's examples, fixtures and rule pages, and the names that it knows.

All is read as data; none of the program's code runs, so that a fault of it cannot change what an input is.
"""

from __future__ import annotations

import json
import re
import textwrap
from pathlib import Path
from typing import Any, NamedTuple

from tree import Node, entry, parse, scalar, slots

# What a spec that compiles does not write.
_DERIVED = (
    "per_device_train_batch_size", "gradient_accumulation_steps", "fsdp", "fsdp_config", "deepspeed", "local_rank",
    "use_cpu",
)  # fmt: skip
ROOT = Path(__file__).parents[2]


class Corpus(NamedTuple):
    """`good` are the documents with a plan in which their rules find no error. `values` are those that were seen
    under a key, and under a section's (`batch.per_device`); `keys` those that were seen in a section. `arguments`
    are what `training` can hold, by name, `current` those of them that every trainer takes in the newest release.
    `nasty` is what nobody thought of, as it stands in a file."""

    documents: list[Node]
    good: list[Node]
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
    texts = [
        *examples.values(),
        *(part for path in _files("tests/rules", "**/*.yaml") for part in re.split(r"(?m)^---\n", _text(path))),
        *(text for path in modules for text in _on_page(_text(path))),
    ]
    documents = [tree for tree in map(_spec, texts) if tree is not None]
    history = json.loads(_text(ROOT / "schemas" / "training_arguments.json"))
    values, keys = _seen(documents)
    _add_format(values, keys)
    hardware, models = (_files(f"configlint/knowledge/{kind}", "*.yaml") for kind in ("hardware", "models"))
    for key in ("accelerator", "hardware.accelerator"):
        _add(values, key, [path.stem for path in hardware])
    for key in ("config", "model.config"):
        _add(values, key, [path.stem for path in models])
    for package in ("transformers", "trl"):
        _add(values, package, history[package]["releases"], quoted=True)
    _add(values, "trainer", history["trl"]["trainers"])
    common = history["transformers"]["groups"]
    groups = [*history["trl"]["groups"].values(), *common.values(), common["TrainingArguments"]]
    arguments = {name: argument for group in groups for name, argument in group.items()}
    profiles = [tree for tree in map(parse, map(_text, models)) if tree is not None]
    return Corpus(
        documents,
        [tree for text in texts if "# error" not in text and (tree := _spec(text)) is not None and _is_plan(tree)],
        texts,
        {name: tree for name, text in examples.items() if (tree := parse(text)) is not None},
        {key: list(found.values()) for key, found in values.items() if found},
        {section: list(found) for section, found in keys.items() if found},
        arguments,
        [
            name
            for name, argument in history["transformers"]["groups"]["TrainingArguments"].items()
            if _lives(argument)
        ],
        [*(path.stem for path in [*hardware, *models]), *history["trl"]["trainers"], *arguments, *keys["root"]],
        [f"{path.parent.name}/{path.stem.replace('_', '-')}" for path in modules],
        [config for tree in profiles if (config := entry(tree, "config")) is not None],
        _text(Path(__file__).with_name("nasty.txt")).splitlines(),
    )


Values = dict[str, dict[str, Node]]  # by their texts, so that each is there once
Keys = dict[str, dict[str, None]]


def _is_plan(tree: Node) -> bool:
    return entry(tree, "batch", "effective") is not None and entry(tree, "hardware", "devices_per_node") is not None


def _lives(argument: dict[str, Any]) -> bool:
    return argument["life"][-1][1] is None and "deprecated" not in argument


def _files(folder: str, pattern: str) -> list[Path]:
    return sorted((ROOT / folder).glob(pattern))


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _on_page(text: str) -> list[str]:
    """The specs on a rule's page."""
    found = re.findall(r"(?m)^(Bad|Good):\n\n((?:    .*\n|\n)+)", text)
    return [textwrap.dedent(part) + ("# error\n" if kind == "Bad" else "") for kind, part in found]


def _spec(text: str) -> Node | None:
    tree = parse(text)
    return tree if tree is not None and tree.kind == "map" and tree.entries else None


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
            _add(values, f"{section}.{name}", [word for word in described.get("enum", ()) if isinstance(word, str)])


def _add(values: Values, key: str, names: list[str], quoted: bool = False) -> None:
    nodes = [scalar(name, '"' if quoted else "") for name in names]
    values.setdefault(key, {}).update((repr(node), node) for node in nodes)
