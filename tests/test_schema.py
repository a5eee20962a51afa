"""The form of a spec: the generated check, jsonschema and the sentences agree."""

from __future__ import annotations

import json
import math
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import generate
import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from configlint import knowledge
from configlint.core.diagnostic import Diagnostic
from configlint.core.document import plain
from configlint.core.profile import Accelerator, Instance, Model, bare
from configlint.core.source import Source
from configlint.frontends.spec.schema import validate
from configlint.knowledge._generated import machines
from configlint.knowledge._generated.spec_form import JsonSchemaValueException
from configlint.knowledge._generated.spec_form import validate as is_valid
from configlint.knowledge.schemas import schema_text
from configlint.syntax import read

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "configlint"

# Every key of spec.schema.json, none of the values null.
EVERY_KEY: dict[str, Any] = {
    "configlint": 1,
    "extends": "../team.yaml",
    "transformers": "5.23",
    "trl": "1.16.0",
    "trainer": "SFTTrainer",
    "model": {
        "config": "llama-3.1-8b",
        "sequence_length": 4096,
        "attention": "sdpa",
        "dtype": "bfloat16",
        "task": "causal-lm",
    },
    "tuning": {
        "method": "qlora",
        "rank": 16,
        "target_modules": ["q_proj", "v_proj"],
        "alpha": 32,
        "dropout": 0.05,
        "modules_to_save": ["lm_head"],
        "dora": False,
        "bits": 4,
    },
    "batch": {"effective": 64, "effective_tokens": 262144, "per_device": {"max": 4}, "accumulation": 8},
    "hardware": {
        "accelerator": {
            "name": "h100-80gb",
            "memory": 79.6,
            "vendor": "nvidia",
            "compute_capability": "9.0",
            "dtypes": ["float32", "bfloat16"],
        },
        "devices_per_node": 8,
        "nodes": 2,
        "reserved": 1,
        "headroom": 0.1,
    },
    "parallel": {
        "data": "fsdp",
        "shard": 8,
        "tensor": 1,
        "context": 1,
        "sequence": 1,
        "fsdp": {"reshard_after_forward": True},
        "deepspeed": {"zero_optimization": {"overlap_comm": True}},
    },
    "data": {"train_examples": 51760, "eval_examples": 0, "packed": False, "streaming": False},
    "training": {"learning_rate": 2e-5, "num_train_epochs": 3, "bf16": True, "optim_args": None},
    "arguments": {"model_name_or_path": "meta-llama/Llama-3.1-8B"},
    "launch": {
        "script": "train.py",
        "module": "trl.scripts.sft",
        "config_flag": "--config",
        "workdir": ".",
        "launcher": "torchrun",
        "env": {"NCCL_DEBUG": "WARN", "OMP_NUM_THREADS": 8, "_X": True},
        "setup": "source .venv/bin/activate",
        "slurm": {"partition": "gpu", "time": "24:00:00", "exclusive": True, "cpus-per-task": 12},
    },
    "targets": {
        "laptop": {"hardware": {"accelerator": "rtx-4090", "devices_per_node": 1}},
        "node-2_b": {"batch": {"per_device": 2}, "transformers": "4.57.1", "parallel": {"data": "zero3"}},
    },
}


def load_schema(name: str = "spec") -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(schema_text(name))
    return schema


# What is in Python's patterns a line's end is in JSON Schema's the text's end; schema.py does the same.
STRICT = jsonschema.Draft7Validator(json.loads(json.dumps(load_schema()).replace('$"', r'\\Z"')))
FORGIVING = jsonschema.Draft7Validator(load_schema())


def agreed(document: object) -> bool:
    """The verdict on a document, the same of the generated check and of jsonschema."""
    try:
        is_valid(document)
        fast = True
    except JsonSchemaValueException:
        fast = False
    assert fast == STRICT.is_valid(document), f"generated check: {fast}, jsonschema: {not fast}: {document}"
    return fast


def found_in(text: str) -> list[Diagnostic]:
    node, diagnostics = read(Source("train.yaml", text))
    assert diagnostics == []
    assert node is not None
    return validate(node)


# The generated check


def test_what_is_generated_is_current() -> None:
    stale = [path.name for path, text in generate.outputs() if path.read_text(encoding="utf-8") != text]
    assert stale == [], "run python schemas/generate.py"


def test_the_generated_check_imports_nothing_heavy() -> None:
    written = (PACKAGE / "knowledge" / "_generated" / "spec_form.py").read_text(encoding="utf-8")
    assert re.findall(r"^(?:import|from) .+", written, re.MULTILINE) == ["from configlint.core.regex import regex"]


def test_a_spec_with_every_key_is_valid() -> None:
    assert agreed(EVERY_KEY)
    definitions = load_schema()["definitions"]
    assert EVERY_KEY.keys() == load_schema()["properties"].keys()
    for name, form in definitions.items():
        if name not in ("target",) and form.get("properties"):
            assert EVERY_KEY[name].keys() == form["properties"].keys(), name


def paths(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The place of everything in a document."""
    yield path
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from paths(inner, (*path, key))


PATHS = [path for path in paths(EVERY_KEY) if path]
ODD: list[Any] = [
    None, True, False, 0, 1, -1, 2, 0.5, 1.0, 2.0, 0.0, -0.5, 10**30, 1e300, math.inf, math.nan,
    "", "x", "64", "5.2", "5.20.1", "5.23\n", "a b", "1a", "a.b", "a.b\n", "ddp", "zero4", "cpu",
    [], [1], ["a"], [None], [["a"]],
    {}, {"x": {}}, {"max": 4}, {"max": 0}, {"max": "4"}, {"max": 4, "min": 1}, {"name": "x"},
    {"name": "x", "memory": 1},
]  # fmt: skip


def changed(document: Any, path: tuple[str | int, ...], change: Any) -> Any:
    """A copy with `change(container, key)` done at a path."""
    document = json.loads(json.dumps(document))
    container = document
    for step in path[:-1]:
        container = container[step]
    change(container, path[-1])
    return document


@pytest.mark.parametrize("path", PATHS, ids=lambda path: ".".join(map(str, path)))
def test_the_verdicts_agree_wherever_a_value_is_changed(path: tuple[str | int, ...]) -> None:
    def replace(odd: object) -> Any:
        def change(container: Any, key: Any) -> None:
            container[key] = odd

        return change

    def rename(container: Any, key: Any) -> None:
        container[f"{key}x"] = container.pop(key)

    verdicts = {agreed(changed(EVERY_KEY, path, replace(odd))) for odd in ODD}
    agreed(changed(EVERY_KEY, path, lambda container, key: container.pop(key)))
    if isinstance(path[-1], str):
        agreed(changed(EVERY_KEY, path, rename))
    # Below these, everything goes.
    if "training" not in path[:-1] and not {"arguments", "fsdp", "deepspeed", "dtypes"} & set(path[:-1]):
        assert verdicts == {True, False}


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 5))
def test_the_verdicts_agree_on_specs_with_several_changes(seed: int, count: int) -> None:
    dice = random.Random(seed)
    document: Any = EVERY_KEY
    for _ in range(count):
        path = dice.choice([path for path in paths(document) if path])
        odd, kind = dice.choice(ODD), dice.choice(["drop", "rename", "replace", "replace", "add"])

        def change(container: Any, key: Any, odd: object = odd, kind: str = kind) -> None:
            if kind == "drop" or (kind == "rename" and isinstance(container, list)):
                container.pop(key)
            elif kind == "rename":
                container[dice.choice(["x", "max", "data", "a b", ""])] = container.pop(key)
            elif kind == "add" and isinstance(container, dict):
                container[dice.choice(["x", "max", "data", "1a", "a\n"])] = odd
            else:
                container[key] = odd

        document = changed(document, path, change)
    agreed(document)


SMALL: list[Any] = [
    None, [], "x", 1, {}, {"batch": None}, {"x": 1}, {"": 1},
    {"targets": {"a": None}}, {"targets": {"a b": {}}}, {"targets": {"": {}}}, {"targets": {"a\n": {}}},
    {"launch": {"env": {"1": "x"}}}, {"launch": {"env": {"A-B": "x"}}},
    {"launch": {"env": {"{A}": "x", "{data}": [1]}}},
]  # fmt: skip


@pytest.mark.parametrize("document", SMALL)
def test_the_verdicts_agree_on_small_documents(document: object) -> None:
    agreed(document)


def test_nothing_is_required_and_every_section_may_be_null() -> None:
    assert agreed({})
    assert agreed({key: None for key in EVERY_KEY if key != "configlint"})


WORDED: list[Any] = [None, True, -1, 0.5, math.inf, "", "a b", "5.23\n", [None], {}, {"x": {}}, {"max": "4"}]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: ".".join(map(str, path)))
def test_whatever_the_check_refuses_is_worded_at_a_place(path: tuple[str | int, ...]) -> None:
    for odd in WORDED:

        def change(container: Any, key: Any, odd: object = odd) -> None:
            container[key] = odd

        text = json.dumps(changed(EVERY_KEY, path, change), indent=1)
        text = text.replace("NaN", ".nan").replace("Infinity", ".inf")
        node, diagnostics = read(Source("train.json", text))
        assert node is not None
        assert diagnostics == []
        found = validate(node)
        assert bool(found) != agreed(plain(node))
        assert len(found) == len(set(found)), "said twice"
        for diagnostic in found:
            sentence = f"{diagnostic.message} {diagnostic.help}" if diagnostic.help else diagnostic.message
            assert not re.search(r"\bNone\b|\bTrue\b|\bFalse\b|[\[{]'|\bdict\b|  | :", sentence), sentence
            assert sentence.isprintable()
            assert diagnostic.rule.startswith("schema/")
            assert not diagnostic.message.endswith(".")
            assert diagnostic.span.line > 1 or not diagnostic.path


# Sentences

MESSAGES = {
    "unknown key, with the nearest": (
        "batch:\n  efective: 64\n",
        "2:3 schema/unknown-key `batch` has no key `efective` | did you mean `effective`?",
    ),
    "unknown key at the root": (
        "batch: {}\nhardwear: {}\n",
        "2:1 schema/unknown-key a spec has no key `hardwear` | did you mean `hardware`?",
    ),
    "hyphens for underscores": (
        "batch:\n  per-device: 1\n",
        "2:3 schema/unknown-key `batch` has no key `per-device` | did you mean `per_device`?",
    ),
    "a field of the config class at the root": (
        "learning_rate: 2e-5\n",
        "1:1 schema/unknown-key a spec has no key `learning_rate` | move it to `training`",
    ),
    "a field of the config class at the root, with hyphens": (
        "learning-rate: 2e-5\n",
        "1:1 schema/unknown-key a spec has no key `learning-rate` | did you mean `training.learning_rate`?",
    ),
    "a field of a trainer of TRL at the root": (
        "trainer: GRPOTrainer\nnum_generations: 8\n",
        "2:1 schema/unknown-key a spec has no key `num_generations` | move it to `training`",
    ),
    "a field of the config class in another section": (
        "batch: {num_train_epochs: 3}\n",
        "1:9 schema/unknown-key `batch` has no key `num_train_epochs` | move it to `training`",
    ),
    "a word that nothing knows at the root": (
        "zzz: 1\n",
        "1:1 schema/unknown-key a spec has no key `zzz`"
        " | put arguments of the trainer under `training` and those of your script under `arguments`",
    ),
    "an argument at the root that a section says in another form": (
        "fsdp_config: fsdp.json\n",
        "1:1 schema/unknown-key a spec has no key `fsdp_config` | set `parallel.fsdp` instead",
    ),
    "an argument at the root that is a section": (
        "fsdp_config: {version: 2}\n",
        "1:1 schema/unknown-key a spec has no key `fsdp_config` | move it to `parallel.fsdp`",
    ),
    "an argument at the root that a section says": (
        "per_device_train_batch_size: 2\n",
        "1:1 schema/unknown-key a spec has no key `per_device_train_batch_size` | move it to `batch.per_device`",
    ),
    "what TRL calls a setting, at the root": (
        "max_seq_length: 2048\n",
        "1:1 schema/unknown-key a spec has no key `max_seq_length` | did you mean `model.sequence_length`?",
    ),
    "what only the script reads at the root": (
        "dataset: trl-lib/Capybara\n",
        "1:1 schema/unknown-key a spec has no key `dataset` | move it to `arguments`",
    ),
    "DeepSpeed's stage at the root": (
        "deepspeed: configs/ds_zero3.json\n",
        "1:1 schema/unknown-key a spec has no key `deepspeed` | write `data: zero3` in `parallel`",
    ),
    "DeepSpeed's config without a stage at the root": (
        "deepspeed: ds_config.json\n",
        "1:1 schema/unknown-key a spec has no key `deepspeed`"
        " | write `data: zero2` or `data: zero3` (the ZeRO stage) in `parallel`",
    ),
    "a sharding strategy of FSDP in place of its settings": (
        "parallel: {fsdp: full_shard auto_wrap}\n",
        '1:18 schema/wrong-type `parallel.fsdp` must be a mapping, got the string "full_shard auto_wrap"'
        " | write `data: fsdp` in `parallel`",
    ),
    "a sharding strategy of FSDP with copies": (
        "parallel: {fsdp: hybrid_shard}\n",
        '1:18 schema/wrong-type `parallel.fsdp` must be a mapping, got the string "hybrid_shard"'
        " | write `data: fsdp` in `parallel` and set `shard` to the number of devices that share one copy",
    ),
    "a stage in place of DeepSpeed's settings": (
        "parallel: {deepspeed: zero3}\n",
        '1:23 schema/wrong-type `parallel.deepspeed` must be a mapping, got the string "zero3"'
        " | write `data: zero3` in `parallel`",
    ),
    "a key of another section at the root": (
        "batch: {}\ntensor: 2\n",
        "2:1 schema/unknown-key a spec has no key `tensor` | move it to `parallel`",
    ),
    "a key of another section": (
        "hardware:\n  per_device: 2\n",
        "2:3 schema/unknown-key `hardware` has no key `per_device` | move it to `batch`",
    ),
    "a key of another section that is like one of this": (
        "model: {sequence: 2}\n",
        "1:9 schema/unknown-key `model` has no key `sequence`"
        " | did you mean `sequence_length` or `parallel.sequence`?",
    ),
    "a key of no section": (
        "data:\n  zzz: 2\n",
        "2:3 schema/unknown-key `data` has no key `zzz`"
        " | expected train_examples, eval_examples, packed or streaming;"
        " put what the script reads under `arguments`",
    ),
    "an unknown key in a target": (
        "targets:\n  big:\n    hardware: {node: 2}\n",
        "3:16 schema/unknown-key `targets.big.hardware` has no key `node` | did you mean `nodes`?",
    ),
    "a key that no target has": (
        "targets: {big: {extends: other.yaml}}\n",
        "1:17 schema/unknown-key `targets.big` has no key `extends` | expected transformers, trl,"
        " trainer, model, tuning, batch, hardware, parallel, data, training, arguments or launch",
    ),
    "a text for a number": (
        "batch:\n  effective: many\n",
        '2:14 schema/wrong-type `batch.effective` must be an integer, got the string "many"',
    ),
    "a quoted number": (
        "batch:\n  effective: '64'\n",
        '2:14 schema/wrong-type `batch.effective` must be an integer, got the string "64"'
        " | write `64` without quotes",
    ),
    "a fraction for a whole number": (
        "batch: {effective: 8.5}\n",
        "1:20 schema/wrong-type `batch.effective` must be an integer, got 8.5",
    ),
    "a section for a number": (
        "batch:\n  effective: {max: 3}\n",
        "2:3 schema/wrong-type `batch.effective` must be an integer, got a mapping",
    ),
    "a list for a section": (
        "batch: [64]\n",
        "1:8 schema/wrong-type `batch` must be a mapping, got a list",
    ),
    "a number for a section": (
        "batch: 64\n",
        "1:8 schema/wrong-type `batch` must be a mapping, got 64 | write `batch: {effective: 64}`",
    ),
    "a name for a section": (
        "model: meta-llama/Llama-3.1-8B\n",
        '1:8 schema/wrong-type `model` must be a mapping, got the string "meta-llama/Llama-3.1-8B"'
        " | write `model: {config: meta-llama/Llama-3.1-8B}`",
    ),
    "a script for a section": (
        "launch: train.py\n",
        '1:9 schema/wrong-type `launch` must be a mapping, got the string "train.py"'
        " | write `launch: {script: train.py}`",
    ),
    "the name of a data set for a section": (
        "data: trl-lib/Capybara\n",
        '1:7 schema/wrong-type `data` must be a mapping, got the string "trl-lib/Capybara" | put what the script'
        " reads under `arguments`: `arguments: {dataset_name: trl-lib/Capybara}`, or as your script calls it",
    ),
    "a sentence for a section": (
        "data: the usual\n",
        '1:7 schema/wrong-type `data` must be a mapping, got the string "the usual"'
        " | put what the script reads under `arguments`",
    ),
    "what nvidia-smi prints for a section": (
        "hardware: NVIDIA A100-SXM4-80GB\n",
        '1:11 schema/wrong-type `hardware` must be a mapping, got the string "NVIDIA A100-SXM4-80GB"'
        " | write `hardware: {accelerator: NVIDIA A100-SXM4-80GB}`",
    ),
    "several devices for a section": (
        "hardware: 8xa100-80gb\n",
        '1:11 schema/wrong-type `hardware` must be a mapping, got the string "8xa100-80gb"'
        " | write `hardware: {accelerator: a100-80gb, devices_per_node: 8}`",
    ),
    "several nodes for a section": (
        "hardware: 4 x 8 x H100\n",
        '1:11 schema/wrong-type `hardware` must be a mapping, got the string "4 x 8 x H100"'
        " | write `hardware: {accelerator: H100, devices_per_node: 8, nodes: 4}`",
    ),
    "a word for a section that its key does not take": (
        "parallel: hsdp\n",
        '1:11 schema/wrong-type `parallel` must be a mapping, got the string "hsdp"'
        " | in `parallel.data`, write `fsdp` and set `shard` to the number of devices that share one copy",
    ),
    "a misspelt word for a section": (
        "tuning: LoRA\n",
        '1:9 schema/wrong-type `tuning` must be a mapping, got the string "LoRA" | write `tuning: {method: lora}`',
    ),
    "a word for a section that is like none": (
        "parallel: megatron\n",
        '1:11 schema/wrong-type `parallel` must be a mapping, got the string "megatron"',
    ),
    "tokens for samples": (
        "batch: {effective: 4M tokens}\n",
        '1:20 schema/wrong-type `batch.effective` must be an integer, got the string "4M tokens"'
        " | write `effective_tokens: 4194304` instead",
    ),
    "tokens for a section": (
        "batch: 500000 tokens\n",
        '1:8 schema/wrong-type `batch` must be a mapping, got the string "500000 tokens"'
        " | write `batch: {effective_tokens: 500000}`",
    ),
    "millions of tokens": (
        "batch: {effective_tokens: 4M}\n",
        '1:27 schema/wrong-type `batch.effective_tokens` must be an integer, got the string "4M" | write `4194304`',
    ),
    "thousands of examples": (
        "data: {train_examples: 1.5k}\n",
        '1:24 schema/wrong-type `data.train_examples` must be an integer, got the string "1.5k" | write `1500`',
    ),
    "memory with a unit": (
        "hardware: {accelerator: {name: a, memory: 80 GB}}\n",
        '1:43 schema/wrong-type `hardware.accelerator.memory` must be a number, got the string "80 GB"'
        " | write `80`",
    ),
    "a percentage for a share": (
        "hardware: {headroom: 10}\n",
        "1:22 schema/out-of-range `hardware.headroom` must be less than 1, got 10"
        " | write `0.1`: it is a share, not a percentage",
    ),
    "a percentage with its sign": (
        "hardware: {headroom: 10%}\n",
        '1:22 schema/wrong-type `hardware.headroom` must be a number, got the string "10%" | write `0.1`',
    ),
    "what is computed by itself": (
        "batch: {per_device: auto}\n",
        '1:21 schema/wrong-type `batch.per_device` must be an integer or a mapping, got the string "auto"'
        " | remove it: configlint computes it",
    ),
    "arguments of the script in launch": (
        "launch: {script: a.py, args: [--a]}\n",
        "1:24 schema/unknown-key `launch` has no key `args` | put what the script reads under `arguments`",
    ),
    "a number or a section": (
        "batch: {per_device: yes}\n",
        '1:21 schema/wrong-type `batch.per_device` must be an integer or a mapping, got the string "yes"',
    ),
    "yes for true": (
        "data: {packed: yes}\n",
        '1:16 schema/wrong-type `data.packed` must be true or false, got the string "yes" | write `true`',
    ),
    "an unquoted version": (
        "transformers: 5.20\n",
        '1:15 schema/wrong-type `transformers` must be a string, got the number 5.20 | write `"5.20"`',
    ),
    "true for a text": (
        "trainer: true\n",
        '1:10 schema/wrong-type `trainer` must be a string, got the boolean true | write `"true"`',
    ),
    "a number in a list of texts": (
        "tuning: {target_modules: [a, 1]}\n",
        '1:30 schema/wrong-type `tuning.target_modules.1` must be a string, got the number 1 | write `"1"`',
    ),
    "no version": (
        "transformers: newest\n",
        '1:15 schema/wrong-value `transformers` must be a version such as "5.23", got newest',
    ),
    "a version and a line break": (
        'transformers: "5.23\\n"\n',
        '1:15 schema/wrong-value `transformers` must be a version such as "5.23", got 5.23\\n',
    ),
    "no compute capability": (
        "hardware: {accelerator: {name: x, memory: 1, compute_capability: '9'}}\n",
        '1:66 schema/wrong-value `hardware.accelerator.compute_capability` must be a version such as "9.0", got 9',
    ),
    "a path for a module": (
        "launch: {module: scripts/train.py}\n",
        "1:18 schema/wrong-value `launch.module` must be a module name such as"
        " `trl.scripts.sft`, got scripts/train.py",
    ),
    "zero": (
        "hardware:\n  nodes: 0\n",
        "2:10 schema/out-of-range `hardware.nodes` must be 1 or more, got 0",
    ),
    "all of the memory": (
        "hardware: {headroom: 1.0}\n",
        "1:22 schema/out-of-range `hardware.headroom` must be less than 1, got 1.0",
    ),
    "more than anybody has": (
        "hardware:\n  nodes: 10000000000\n",
        "2:10 schema/out-of-range `hardware.nodes` must be 1,000,000,000 or less, got 10000000000",
    ),
    "no memory": (
        "hardware: {accelerator: {name: x, memory: 0}}\n",
        "1:43 schema/out-of-range `hardware.accelerator.memory` must be more than 0, got 0",
    ),
    "bits in quotes": (
        'tuning: {bits: "4"}\n',
        '1:16 schema/wrong-type `tuning.bits` must be an integer, got the string "4" | write `4` without quotes',
    ),
    "bits that no weight has": (
        "tuning: {bits: 2}\n",
        "1:16 schema/wrong-choice `tuning.bits` must be 4 or 8, got 2",
    ),
    "a misspelt setting of adapters": (
        "tuning: {modules_to_safe: [lm_head]}\n",
        "1:10 schema/unknown-key `tuning` has no key `modules_to_safe` | did you mean `modules_to_save`?",
    ),
    "PEFT's word for a task": (
        "model: {task: SEQ_CLS}\n",
        "1:15 schema/wrong-choice `model.task` must be causal-lm, masked-lm, seq2seq, sequence-classification,"
        " token-classification, question-answering, multiple-choice, image-text-to-text, image-classification,"
        " audio-classification, speech-seq2seq or feature-extraction, got SEQ_CLS"
        " | write `sequence-classification`",
    ),
    "a wrong choice": (
        "parallel: {data: zero4}\n",
        "1:18 schema/wrong-choice `parallel.data` must be ddp, fsdp, zero0, zero1, zero2 or zero3, got zero4",
    ),
    "a misspelt choice": (
        "parallel: {data: fdsp}\n",
        "1:18 schema/wrong-choice `parallel.data` must be ddp, fsdp, zero0, zero1, zero2 or zero3, got fdsp"
        " | did you mean `fsdp`?",
    ),
    "another program's choice": (
        "parallel: {data: hsdp}\n",
        "1:18 schema/wrong-choice `parallel.data` must be ddp, fsdp, zero0, zero1, zero2 or zero3, got hsdp"
        " | write `fsdp` and set `shard` to the number of devices that share one copy",
    ),
    "another program's choice in a target": (
        "targets: {big: {parallel: {data: DeepSpeed}}}\n",
        "1:34 schema/wrong-choice `targets.big.parallel.data` must be ddp, fsdp, zero0, zero1,"
        " zero2 or zero3, got DeepSpeed | write `zero2` or `zero3` (the ZeRO stage)",
    ),
    "another program's key": (
        "parallel: {tensor_parallel_size: 2}\n",
        "1:12 schema/unknown-key `parallel` has no key `tensor_parallel_size` | did you mean `tensor`?",
    ),
    "the Trainer's name for a setting of the section": (
        "batch: {per_device_train_batch_size: 2}\n",
        "1:9 schema/unknown-key `batch` has no key `per_device_train_batch_size` | did you mean `per_device`?",
    ),
    "PEFT's name for a setting of the section": (
        "tuning: {lora_r: 16}\n",
        "1:10 schema/unknown-key `tuning` has no key `lora_r` | did you mean `rank`?",
    ),
    "a name for a setting of the section whose value has another form": (
        "tuning: {load_in_4bit: true}\n",
        "1:10 schema/unknown-key `tuning` has no key `load_in_4bit` | set `bits` instead",
    ),
    "what people call a setting in its section": (
        "hardware: {gpu: Tesla T4, count: 1}\n",
        "1:12 schema/unknown-key `hardware` has no key `gpu` | did you mean `accelerator`?\n"
        "1:27 schema/unknown-key `hardware` has no key `count` | did you mean `devices_per_node`?",
    ),
    "a general word outside of the section that has it": (
        "launch: {count: 1}\n",
        "1:10 schema/unknown-key `launch` has no key `count` | expected script, module, config_flag, workdir,"
        " launcher, env, setup or slurm",
    ),
    "a command for the script": (
        "launch: {command: python train.py}\n",
        "1:10 schema/unknown-key `launch` has no key `command` | did you mean `script`?",
    ),
    "the name of a data set in data": (
        "data: {name: glue}\n",
        "1:8 schema/unknown-key `data` has no key `name` | put what the script reads under `arguments`",
    ),
    "one word for the precision at the root": (
        "mixed_precision: bf16\n",
        "1:1 schema/unknown-key a spec has no key `mixed_precision`"
        " | write `bf16: true` or `fp16: true` in `training`",
    ),
    "that there is a job": (
        "launch: {script: a.py, slurm: true}\n",
        "1:31 schema/wrong-type `launch.slurm` must be a mapping, got true"
        " | write `slurm: {}`, with sbatch's options in it",
    ),
    "what FSDP calls a strategy": (
        "parallel: {data: FULL_SHARD}\n",
        "1:18 schema/wrong-choice `parallel.data` must be ddp, fsdp, zero0, zero1, zero2 or zero3, got FULL_SHARD"
        " | write `fsdp`",
    ),
    "ZeRO's stage in parallel": (
        "parallel: {zero_stage: 3}\n",
        "1:12 schema/unknown-key `parallel` has no key `zero_stage` | write `data: zero2` or `data: zero3`",
    ),
    "a wrong choice, like none": (
        "launch: {launcher: mpirun}\n",
        "1:20 schema/wrong-choice `launch.launcher` must be torchrun or accelerate, got mpirun",
    ),
    "nothing where there is a choice": (
        "parallel: {data: ''}\n",
        '1:18 schema/wrong-choice `parallel.data` must be ddp, fsdp, zero0, zero1, zero2 or zero3, got ""',
    ),
    "a list where there is a choice": (
        "parallel: {data: [null]}\n",
        "1:18 schema/wrong-choice `parallel.data` must be ddp, fsdp, zero0, zero1, zero2 or zero3, got a list",
    ),
    "null where there is a choice": (
        "configlint:\nbatch: {}\n",
        "1:12 schema/wrong-choice `configlint` must be 1, got nothing",
    ),
    "another format": (
        "configlint: 2\n",
        "1:13 schema/wrong-choice `configlint` must be 1, got 2",
    ),
    "an empty text": (
        "trainer: ''\n",
        "1:10 schema/wrong-value `trainer` must not be empty | remove it",
    ),
    "a missing key": (
        "batch:\n  per_device: {}\n",
        "2:3 schema/missing-key `batch.per_device` requires `max`",
    ),
    "two missing keys": (
        "hardware: {accelerator: {vendor: amd}}\n",
        "1:12 schema/missing-key `hardware.accelerator` requires `name` and `memory`",
    ),
    "a name with a blank": (
        "targets: {big node: {}}\n",
        "1:11 schema/name the name `big node` must consist of letters, digits, `-` and `_` and start"
        " with a letter or digit",
    ),
    "a name of a variable": (
        "launch: {env: {MY-VAR: 1}}\n",
        "1:16 schema/name the name `MY-VAR` must consist of letters, digits and `_` and start with a letter or `_`",
    ),
    "an option with its hyphens": (
        "launch: {slurm: {--time: 10}}\n",
        "1:18 schema/name the name `--time` must consist of letters, digits, `-` and `_` and start"
        " with a letter | write `time`",
    ),
    "a list for a variable": (
        "launch: {env: {PATHS: [a, b]}}\n",
        "1:23 schema/wrong-type `launch.env.PATHS` must be a string, a number or true or false, got a list",
    ),
    "a long text": (
        f"parallel: {{data: {'x' * 100}}}\n",
        f"1:18 schema/wrong-choice `parallel.data` must be ddp, fsdp, zero0, zero1, zero2 or zero3,"
        f" got {'x' * 60}…",
    ),
    "a text of several lines": (
        "launch:\n  launcher: |\n    torchrun\n    --x\n",
        "2:3 schema/wrong-choice `launch.launcher` must be torchrun or accelerate, got torchrun\\n--x\\n"
        " | did you mean `torchrun`?",
    ),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_each_wrong_form_is_said_at_its_place(name: str) -> None:
    text, expected = MESSAGES[name]
    found = [
        f"{each.span.line}:{each.span.column} {each.rule} {each.message}" + (f" | {each.help}" if each.help else "")
        for each in found_in(text)
    ]
    assert "\n".join(found) == expected


def test_several_problems_are_said_at_once_in_the_order_of_the_text() -> None:
    text = (
        "transformers: 5.20\n"
        "batch: {effective: 0, per_device: x}\n"
        "hardwear: {}\n"
        "targets:\n"
        "  a b: {batch: 5}\n"
        "launch: {launcher: x, script: 5}\n"
    )
    assert [(each.span.line, each.span.column, each.path) for each in found_in(text)] == [
        (1, 15, "transformers"),
        (2, 20, "batch.effective"),
        (2, 35, "batch.per_device"),
        (3, 1, "hardwear"),
        (5, 3, "targets.a b"),
        (5, 16, "targets.a b.batch"),
        (6, 20, "launch.launcher"),
        (6, 31, "launch.script"),
    ]


def test_what_is_merged_in_is_said_where_it_stands() -> None:
    found = found_in("training:\n  x: &x {efective: 8}\nbatch:\n  <<: *x\n")
    assert [(each.span.line, each.path) for each in found] == [(2, "batch.efective")]


# The schemas themselves


@pytest.mark.parametrize("name", ["spec", "hardware", "model"])
def test_a_schema_is_one(name: str) -> None:
    jsonschema.Draft7Validator.check_schema(load_schema(name))


def properties(schema: object, place: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(schema, dict):
        for name, form in schema.get("properties", {}).items():
            yield f"{place}.{name}", form
            yield from properties(form, f"{place}.{name}")
        for name, form in schema.get("definitions", {}).items():
            yield name, form
            yield from properties(form, name)


@pytest.mark.parametrize("name", ["spec", "hardware", "model"])
def test_every_property_is_described(name: str) -> None:
    described = list(properties(load_schema(name)))
    assert len(described) > 10
    for place, form in described:
        assert "$ref" in form or form.get("description", "").strip().endswith((".", ":", "…")), place


def test_what_the_schema_says_of_sections_it_says_of_targets() -> None:
    schema = load_schema()
    sections = {name for name, form in schema["properties"].items() if "$ref" in form}
    assert schema["definitions"]["target"]["properties"].keys() == sections


# Bundled profiles

PROFILES = [
    (kind, path) for kind in ("hardware", "models") for path in sorted((PACKAGE / "knowledge" / kind).glob("*"))
]


@pytest.mark.parametrize(("kind", "path"), PROFILES, ids=lambda value: getattr(value, "stem", value))
def test_a_bundled_profile_is_of_its_schema(kind: str, path: Path) -> None:
    node, found = read(Source(path.name, path.read_text(encoding="utf-8")))
    assert found == []
    assert node is not None
    schema = load_schema({"hardware": "hardware", "models": "model"}[kind])
    jsonschema.Draft7Validator(schema).validate(plain(node))
    assert re.fullmatch(r"[a-z0-9]+(?:[.-][a-z0-9]+)*\.yaml", path.name)


@pytest.mark.parametrize("name", knowledge.names("hardware"))
def test_a_bundled_accelerator_is_found_by_the_name_of_its_file(name: str) -> None:
    accelerator = knowledge.find_accelerator(name)
    assert isinstance(accelerator, Accelerator)
    assert accelerator.name == name
    assert accelerator.dtypes
    assert (accelerator.compute_capability is None) == (accelerator.vendor != "nvidia")
    known = accelerator.context_mib is not None and accelerator.workspace_mib is not None
    assert known == (accelerator.vendor in ("nvidia", "amd"))
    low, high = accelerator.context_mib or (1, 1)
    assert 0 < low <= high < 2048


def test_the_workspace_is_what_pytorch_chooses_by_the_compute_capability() -> None:
    """8.125 MiB before Hopper, 32 since: parseChosenWorkspaceSize in aten/src/ATen/cuda/CublasHandlePool.cpp."""
    for name in knowledge.names("hardware"):
        accelerator = knowledge.find_accelerator(name)
        assert isinstance(accelerator, Accelerator)
        if accelerator.compute_capability is not None:
            assert accelerator.workspace_mib == (32 if accelerator.compute_capability >= (9, 0) else 8.125), name


@pytest.mark.parametrize("vendor", ["nvidia", "amd"])
def test_what_communication_takes_is_known_with_its_source(vendor: str) -> None:
    path = PACKAGE / "knowledge" / "communication.yaml"
    node, found = read(Source(path.name, path.read_text(encoding="utf-8")))
    assert node is not None
    assert found == []
    stated: Any = plain(node)
    amount = {"$ref": "#/definitions/amount"}
    form = {"type": "object", "properties": {"low": amount, "high": amount}, "required": ["low", "high"]}
    schema = {"definitions": load_schema("hardware")["definitions"], "additionalProperties": form}
    jsonschema.Draft7Validator(schema).validate(stated[vendor])
    known = knowledge.find_communication(vendor)
    assert known is not None
    assert known.keys() == {"first_mib", "further_mib"}
    assert all(0 < low <= high for low, high in known.values())
    assert knowledge.find_communication("cpu") is None


@pytest.mark.parametrize("name", knowledge.names("models"))
def test_a_bundled_model_is_found_by_name_and_by_hub_id(name: str, tmp_path: Path) -> None:
    model = knowledge.find_model(name, str(tmp_path))
    assert isinstance(model, Model)
    assert model.name == name
    node, _ = read(Source(name, (PACKAGE / "knowledge" / "models" / f"{name}.yaml").read_text(encoding="utf-8")))
    assert node is not None
    profile: Any = plain(node)
    for hub_id in profile["hub_ids"]:
        assert knowledge.find_model(hub_id, str(tmp_path)) == model


def test_no_two_models_have_one_hub_id() -> None:
    ids = [
        line.strip("- \n")
        for kind, path in PROFILES
        if kind == "models"
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.match(r"\s*- [\w.-]+/[\w.-]+$", line)
    ]
    assert len(ids) == len(set(ids))


PRINTED = [
    ("NVIDIA H100 80GB HBM3", "h100-80gb"),
    ("NVIDIA H100 PCIe", "h100-80gb-pcie"),
    ("NVIDIA H100 NVL", "h100-94gb-nvl"),
    ("Tesla V100-SXM2-32GB", "v100-32gb"),
    ("Tesla V100-PCIE-16GB", "v100-16gb"),
    ("NVIDIA A100-SXM4-80GB", "a100-80gb"),
    ("NVIDIA A100 80GB PCIe", "a100-80gb"),
    ("NVIDIA A100-PCIE-40GB", "a100-40gb"),
    ("NVIDIA GeForce RTX 4090", "rtx-4090"),
    ("NVIDIA GeForce RTX 4070 Ti SUPER", "rtx-4070-ti-super"),
    ("NVIDIA RTX 6000 Ada Generation", "rtx-6000-ada"),
    ("NVIDIA RTX A6000", "rtx-a6000"),
    ("NVIDIA TITAN RTX", "titan-rtx"),
    ("Tesla T4", "t4"),
    ("NVIDIA GH200 120GB", "gh200-96gb"),
    ("NVIDIA B300 SXM6 AC", "b300"),
    ("AMD Instinct MI300X", "mi300x"),
    ("AMD Instinct MI300X VF", "mi300x"),
    ("AMD Instinct MI250X / MI250", "mi250x"),
]


@pytest.mark.parametrize(("printed", "profile"), PRINTED)
def test_what_a_driver_prints_is_a_name_in_any_case_and_without_the_makers_words(
    printed: str, profile: str
) -> None:
    accelerator = knowledge.find_accelerator(profile)
    assert isinstance(accelerator, Accelerator)
    for name in (*without_makers(printed), printed.lower(), printed.upper(), f" {printed.replace(' ', '  ')}"):
        assert knowledge.find_accelerator(name) == accelerator, name


def without_makers(name: str) -> Iterator[str]:
    """A name, and what is left without each word of the maker's before it."""
    yield name
    first, _, rest = name.partition(" ")
    if first in ("NVIDIA", "Tesla", "GeForce", "AMD", "Instinct"):
        yield from without_makers(rest)


@pytest.mark.parametrize("name", knowledge.names("hardware"))
def test_each_name_in_a_profile_is_that_of_the_profile_or_of_several(name: str) -> None:
    path = PACKAGE / "knowledge" / "hardware" / f"{name}.yaml"
    node, _ = read(Source(path.name, path.read_text(encoding="utf-8")))
    assert node is not None
    profile: Any = plain(node)
    accelerator = knowledge.find_accelerator(name)
    for printed in (name.upper(), profile["name"], *profile.get("printed", ())):
        found = knowledge.find_accelerator(printed)
        profiles = machines.PRINTED[bare(printed)]
        assert name in profiles
        assert found == (accelerator if len(profiles) == 1 else knowledge.names("hardware")), printed


def test_only_cards_of_several_sizes_share_a_name() -> None:
    shared = {profiles for profiles in machines.PRINTED.values() if len(profiles) > 1}
    for profiles in shared:
        assert len({re.sub(r"-\d+gb$", "", profile) for profile in profiles}) == 1, profiles
    assert ("rtx-3080-10gb", "rtx-3080-12gb") in shared


INSTANCES: dict[str, Any] = yaml.safe_load((PACKAGE / "knowledge" / "instances.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", INSTANCES)
def test_an_instance_type_is_a_machine_of_a_bundled_accelerator(name: str) -> None:
    says = INSTANCES[name]
    assert says.keys() == {"accelerator", "devices", "source"}
    assert says["source"].startswith("https://")
    accelerator = knowledge.find_accelerator(says["accelerator"])
    assert isinstance(accelerator, Accelerator)
    machine = Instance(name, accelerator, says["devices"])
    assert machine.devices > 0
    for written in (name, name.lower(), name.upper(), name.removeprefix("Standard_")):
        assert knowledge.find_accelerator(written) == machine, written


def test_no_instance_type_is_also_what_a_driver_prints() -> None:
    assert not machines.INSTANCES.keys() & machines.PRINTED.keys()
    assert set(knowledge.instances()) == INSTANCES.keys()


@pytest.mark.parametrize(
    "name",
    ["h100", "H100_80GB", "nvidia", "NVIDIA", "p5", "../hardware/t4", "t4.yaml", "x\0y", "x" * 5000, "..", "/"],
)
def test_an_unknown_accelerator_gives_the_names_there_are(name: str) -> None:
    assert knowledge.find_accelerator(name) == knowledge.names("hardware")


@pytest.mark.parametrize(
    "name", ["llama", "a/b", "x\0y", "x" * 5000, "../models/llama-2-7b", "/nowhere/config.json"]
)
def test_an_unknown_model_gives_the_names_there_are(name: str, tmp_path: Path) -> None:
    assert knowledge.find_model(name, str(tmp_path)) == knowledge.names("models")


@pytest.mark.parametrize("text", ["", "{", "[1]", "5", "\xff", "[" * 100_000, "9" * 5000, '{"a": ' * 100_000])
def test_a_config_that_cannot_be_read_gives_the_names_there_are(text: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes(text.encode("latin-1"))
    assert knowledge.find_model("config.json", str(tmp_path)) == knowledge.names("models")


def test_a_config_is_found_by_its_path_or_that_of_its_folder(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text('{"hidden_size": 8}', encoding="utf-8")
    for name in ("model", "model/config.json", str(tmp_path / "model")):
        model = knowledge.find_model(name, str(tmp_path))
        assert isinstance(model, Model)
        assert model.config == {"hidden_size": 8}
