"""What is known of TRL is what TRL declares, and what is compiled for its trainers it reads.

The wheel alone is enough, beside the installed Transformers: its config classes and parsers import nothing else.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import plans

from configlint import knowledge
from configlint.backends.training_args import arguments
from configlint.core.plan import Plan
from configlint.core.release import UNKNOWN
from configlint.session import Session, load_one

pytestmark = pytest.mark.heavy

ROOT = Path(__file__).parent.parent
NEWEST = ".".join(map(str, knowledge.releases("trl")[-1]))
TRAINERS = knowledge.trl_trainers()
SCRIPTS = [f"trl.scripts.{name}" for name in ("sft", "dpo", "grpo", "reward", "kto", "rloo", "distillation")]

# Prints what classes declare: {class: {field: [has a default, default]}}.
DECLARED = """
import dataclasses, importlib, json, sys
import trl
from transformers import TrainingArguments

def fields(config, beside=()):
    known = {field.name: field for field in dataclasses.fields(beside)} if beside else {}
    found = {}
    for field in dataclasses.fields(config):
        factory = field.default_factory is not dataclasses.MISSING
        has = factory or field.default is not dataclasses.MISSING
        default = field.default_factory() if factory else field.default if has else None
        other = known.get(field.name)
        if not field.init or (other is not None and (other.default, other.type) == (field.default, field.type)):
            continue
        plain = isinstance(default, (int, float, str, list, dict, type(None)))
        found[field.name] = [has, default if plain else str(default)]
    return found

classes, scripts = json.loads(sys.argv[1])
answer = {name: fields(getattr(trl, name), TrainingArguments) for name in classes}
for script in scripts:
    parser = importlib.import_module(script).make_parser()
    others = [each for each in parser.dataclass_types if not issubclass(each, TrainingArguments)]
    answer[script] = {name: value for each in others for name, value in fields(each).items()}
print(json.dumps(answer))
"""

# Reads a JSON as the script does, and prints what its parser does not know, with a few values that it made.
READ = """
import importlib, json, sys

*parsed, unknown = importlib.import_module(sys.argv[1]).make_parser().parse_args_and_config(
    ["--config", sys.argv[2]], return_remaining_strings=True
)
held = {name: value for each in parsed for name, value in vars(each).items()}
print(json.dumps({"unknown": unknown, "held": {name: held.get(name) for name in json.loads(sys.argv[3])}}))
"""


@pytest.fixture(scope="module")
def trl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the newest TRL that there is data of, without what it depends on."""
    folder = tmp_path_factory.mktemp("trl")
    options = ["--quiet", "--no-deps", "--only-binary=:all:", "--target", str(folder)]
    command = [sys.executable, "-m", "pip", "install", *options, f"trl=={NEWEST}.*"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def answer(trl: Path, code: str, *arguments: str) -> Any:
    environment = {**os.environ, "PYTHONPATH": str(trl), "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-W", "ignore", "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=trl, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_the_table_is_what_the_classes_and_the_scripts_parsers_declare(trl: Path) -> None:
    releases = {trainer: knowledge.find_release(None, NEWEST, trainer) for trainer in TRAINERS}
    known = {str(release.config_class): release.layers[-1].held() for release in releases.values()}
    known |= {script: releases["SFTTrainer"].others[script].held() for script in SCRIPTS}
    declared = answer(trl, DECLARED, json.dumps([[name for name in known if name not in SCRIPTS], SCRIPTS]))
    for group, arguments_of_group in known.items():
        own = declared[group]
        assert len(own) > 8, group
        # What TRL declares anew as Transformers has it makes no difference.
        assert own.keys() <= arguments_of_group.keys(), group
        for name, (has_default, default) in own.items():
            found = arguments_of_group[name]
            if not has_default:
                assert found.default is UNKNOWN, (group, name)
            elif found.default is not UNKNOWN:
                assert found.default == default, (group, name)
        if group in SCRIPTS:
            assert own.keys() == arguments_of_group.keys(), group


def examples() -> list[Plan]:
    loaded = [load_one(str(path), Session()).plans for path in sorted((ROOT / "examples").glob("*.yaml"))]
    return [plan for plans in loaded for plan in plans if plan.release.trl]


def read_by_script(trl: Path, plan: Plan, tmp_path: Path, *names: str) -> dict[str, Any]:
    path = tmp_path / "training_args.json"
    # Of the accelerator nothing is asked here, and this machine has none.
    path.write_text(json.dumps({"bf16": False, **arguments(plan)}), encoding="utf-8")
    found: dict[str, Any] = answer(trl, READ, str(plan.launch.module), str(path), json.dumps(names))
    return found


@pytest.mark.parametrize("plan", examples(), ids=lambda plan: plan.spec.source.name.rpartition("/")[2])
def test_the_scripts_parser_reads_all_of_what_is_compiled_for_it(trl: Path, plan: Plan, tmp_path: Path) -> None:
    names = ("per_device_train_batch_size", "gradient_accumulation_steps", "model_name_or_path", "learning_rate")
    found = read_by_script(trl, plan, tmp_path, *names)
    assert found["unknown"] == []
    assert found["held"] == {
        "per_device_train_batch_size": plan.batch.per_device,
        "gradient_accumulation_steps": plan.batch.accumulation,
        "model_name_or_path": plan.arguments["model_name_or_path"],
        "learning_rate": plan.training["learning_rate"],
    }


def test_what_the_script_drops_without_a_word_is_what_the_rule_names(trl: Path, tmp_path: Path) -> None:
    (plan,) = plans(
        "trainer: SFTTrainer\nbatch: {effective: 8}\nhardware: {accelerator: a100-80gb, devices_per_node: 8}\n"
        "arguments: {dataset_nam: x, model_name_or_path: gpt2}\nlaunch: {module: trl.scripts.sft}\n"
    )
    assert read_by_script(trl, plan, tmp_path)["unknown"] == ["--dataset_nam", "x"]
    assert [use.name for use in plan.uses if use.argument is None] == ["dataset_nam"]
