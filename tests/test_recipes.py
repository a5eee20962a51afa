"""CONTRIBUTING's recipes, each followed to the letter in a copy: nothing else has to be touched.

That of a front end is in test_dialects.py.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from program import ENVIRONMENT

ROOT = Path(__file__).parent.parent
SPEC = """\
batch: {effective: 64}
hardware: {accelerator: toy-16gb, devices_per_node: 2}
model: {config: toy-1b, sequence_length: 512}
training: {seed: 13, bf16: true}
launch: {script: train.py}
"""
RULE = '''\
"""The seed is unlucky.

Nothing happens, and nobody knows why.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: cpu, devices_per_node: 2}
    training: {seed: 13}

Good:

    batch: {effective: 64}
    hardware: {accelerator: cpu, devices_per_node: 2}
    training: {seed: 12}

Source: folklore
"""

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule


@rule(Severity.WARNING, fixes=True, when=lambda plan: plan.writes("seed"))
def check(plan: Plan) -> Iterator[Finding]:
    if plan.training.get("seed") == 13:
        yield Finding("training.seed", "`seed` is unlucky", [Put("training.seed", 12, safe=True)])
'''
FIXTURE = """\
batch: {effective: 64}
hardware: {accelerator: cpu, devices_per_node: 2}
training:
  seed: 13  # warning: `seed` is unlucky (write `seed: 12`)
--- # fixed
batch: {effective: 64}
hardware: {accelerator: cpu, devices_per_node: 2}
training:
  seed: 12
---
batch: {effective: 64}
hardware: {accelerator: cpu, devices_per_node: 2}
"""
REPORTER = '''\
"""The number of findings."""


def render(report, whole=False):
    return f"{len(report.diagnostics)} in all\\n"
'''
BACK_END = '''\
"""A file that says hello."""

from configlint.core.artifact import Artifact
from configlint.core.plan import Plan


def emit(plan: Plan) -> list[Artifact]:
    return [Artifact("hello.txt", f"{plan.batch.effective} samples\\n")]
'''
ACCELERATOR = """\
name: Toy GPU
vendor: nvidia
memory_gib: {value: 15.5, source: measured}
compute_capability: {value: "8.0", source: measured}
dtypes: {value: [float32, bfloat16, float16], source: measured}
context_mib:
  low: {value: 400, source: measured}
  high: {value: 500, source: measured}
workspace_mib: {value: 8, source: measured}
"""


TRAINER = """\
  ToyTrainer:
    modelled: true
    unlabelled: true
    source: folklore, as told in toys
"""
OPTIMIZER = """\
  toy_sgd:
    reads: [weight_decay]
    memory: {states: 0}
    source: folklore, as told in toys
"""
LAUNCHER = """\
  toyrun:
    package: torch
    command: [python, -m, toys.run]
    one_node: [--each, "{processes}"]
    several_nodes: [--each, "{processes}", --nodes, "{nodes}"]
    rendezvous: [--rank, --address, --port]
    source: folklore, as told in toys
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository with one more of each."""
    copy = tmp_path_factory.mktemp("copy")
    ignored = shutil.ignore_patterns("__pycache__", "golden", "fuzz")
    for name in ("configlint", "schemas", "tests"):
        shutil.copytree(ROOT / name, copy / name, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", copy)
    package = copy / "configlint"
    (package / "rules" / "training").mkdir()
    (package / "rules" / "training" / "__init__.py").write_text(
        '"""What is unlucky."""\n\n\ndef applies(plan):\n    return bool(plan.training)\n'
    )
    (package / "rules" / "training" / "unlucky_seed.py").write_text(RULE)
    (copy / "tests" / "rules" / "training").mkdir()
    (copy / "tests" / "rules" / "training" / "unlucky_seed.yaml").write_text(FIXTURE)
    (package / "reporters" / "count.py").write_text(REPORTER)
    _add_line(package / "reporters" / "__init__.py", 'REPORTERS = {\n    "text": "text"', ', "count": "count"')
    (package / "backends" / "hello.py").write_text(BACK_END)
    backends = package / "backends" / "__init__.py"
    _add_line(backends, "from configlint.backends import accelerate, deepspeed, distributed_config", ", hello")
    _add_line(backends, '    "launch": launch,', '\n    "hello": hello,')
    knowledge = package / "knowledge"
    (knowledge / "hardware" / "toy-16gb.yaml").write_text(ACCELERATOR)
    model = (knowledge / "models" / "llama-3.2-1b.yaml").read_text()
    (knowledge / "models" / "toy-1b.yaml").write_text(
        re.sub(r"(?m)^hub_ids:.*(\n  - .*)*", "hub_ids: [toy/1b]", model)
    )
    _add_line(knowledge / "trainers.yaml", "\ntrainers:\n", TRAINER)
    _add_line(copy / "schemas" / "trl_arguments.yaml", "\n  SFTTrainer: SFTConfig\n", "  ToyTrainer: SFTConfig\n")
    _add_line(knowledge / "optimizers.yaml", "\noptimizers:\n", OPTIMIZER)
    # As history.py writes what the wheel of a release says.
    history = json.loads((copy / "schemas" / "training_arguments.json").read_text())
    *_, choices = history["transformers"]["groups"]["TrainingArguments"]["optim"]["choices"].values()
    choices.append("toy_sgd")
    (copy / "schemas" / "training_arguments.json").write_text(json.dumps(history))
    with open(knowledge / "launchers.yaml", "a") as file:
        file.write(LAUNCHER)
    _add_line(copy / "schemas" / "spec.schema.json", '"enum": ["torchrun", "accelerate"', ', "toyrun"')
    (copy / "train.yaml").write_text(SPEC)
    environment = {**ENVIRONMENT, "PYTHONPATH": str(copy)}
    subprocess.run([sys.executable, "schemas/generate.py"], cwd=copy, env=environment, check=True)
    return copy


def _add_line(path: Path, after: str, added: str) -> None:
    text = path.read_text()
    assert text.count(after) == 1, after
    path.write_text(text.replace(after, after + added))


def run(copy: Path, *command: str) -> str:
    environment = {**ENVIRONMENT, "PYTHONPATH": str(copy)}
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=copy, env=environment, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


def test_a_rule_is_two_files(copy: Path) -> None:
    found = run(copy, "configlint", "check", "train.yaml")
    assert "train.yaml:4:18: warning[training/unlucky-seed] `seed` is unlucky\n" in found
    assert "write `seed: 12` (--fix does it)" in found
    assert run(copy, "configlint", "rule", "training/unlucky-seed").startswith("training/unlucky-seed")
    tests = "unlucky or without_a_rule or names_of_rules or all_names"
    held = run(copy, "pytest", "-q", "-p", "no:cacheprovider", "tests/test_rules.py", "-k", tests)
    assert re.search(r"^\.+ +\[100%\]$", held, re.MULTILINE), held


def test_a_reporter_is_a_module_and_a_line(copy: Path) -> None:
    assert re.fullmatch(r"\d+ in all\n", run(copy, "configlint", "check", "train.yaml", "--output-format", "count"))


def test_a_back_end_is_a_module_and_a_line(copy: Path) -> None:
    run(copy, "configlint", "compile", "train.yaml", "-o", "build", "--verify", "never")
    assert (copy / "build" / "hello.txt").read_text() == "64 samples\n"
    assert '"hello.txt"' in (copy / "build" / "plan.json").read_text()


def test_an_accelerator_and_a_model_are_a_file_each(copy: Path) -> None:
    found = run(copy, "configlint", "fit", "train.yaml")
    assert "toy-16gb: 15.5 GiB" in found
    assert "peak" in found


def test_a_trainer_is_a_row_and_its_config_class(copy: Path) -> None:
    spec = f"trainer: ToyTrainer\n{SPEC}parallel: {{data: zero3, sequence: 2}}\n"
    (copy / "trainer.yaml").write_text(spec.replace("seed: 13", "seed: 12, packing: true"))
    found = run(copy, "configlint", "check", "trainer.yaml")
    assert "error[parallel/undivided-sequence] `parallel.sequence` 2 is not supported by ToyTrainer" in found
    assert "argument/unknown" not in found
    assert "peak" in run(copy, "configlint", "fit", "trainer.yaml")


def test_an_optimizer_is_a_row(copy: Path) -> None:
    (copy / "optimizer.yaml").write_text(SPEC.replace("seed: 13", "optim: toy_sgd, adam_beta1: 0.8"))
    found = run(copy, "configlint", "check", "optimizer.yaml")
    assert "warning[argument/unread-adam-beta1] `adam_beta1` has no effect while `optim` is toy_sgd" in found
    assert "argument/unknown-choice" not in found
    assert "peak" in run(copy, "configlint", "fit", "optimizer.yaml")


def test_a_launcher_is_a_row_and_a_word_of_the_schema(copy: Path) -> None:
    (copy / "launcher.yaml").write_text(SPEC.replace("script: train.py", "script: train.py, launcher: toyrun"))
    done = run(copy, "configlint", "compile", "launcher.yaml", "-o", "toys", "--verify", "never")
    assert "exec python -m toys.run --each 2 \\\n  train.py" in (copy / "toys" / "launch.sh").read_text(), done
