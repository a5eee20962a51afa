"""What is known of TRL is what TRL declares, and what is compiled for its trainers it reads.

The wheel alone is enough, beside the installed Transformers: its config classes and parsers import nothing else.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from conftest import plans

from configlint import knowledge
from configlint.backends.training_args import arguments
from configlint.core.plan import Plan
from configlint.core.release import UNKNOWN
from configlint.rules.trl import unread_setting
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
answer = {}
for name in classes:
    home = trl if hasattr(trl, name) else importlib.import_module(f"trl.experimental.{name[:-6].lower()}")
    answer[name] = fields(getattr(home, name), TrainingArguments)
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


# Makes of each JSON what the script does, up to the model: reads it with its parser, and lets TRL build what PEFT
# and bitsandbytes are given. The config class is not built, as it asks for the accelerator; nor is the trainer
# imported where an old one needs what the installed Transformers has no more.
TOLD = """
import dataclasses, importlib, json, sys
import trl

lazy = type(trl).__getattr__

def lenient(self, name):
    try:
        return lazy(self, name)
    except RuntimeError:
        if name.endswith("Config") or name.startswith("get_"):
            raise
        return type(name, (), {})

type(trl).__getattr__ = lenient
from trl import ModelConfig, get_peft_config, get_quantization_config

def named(modules):
    return modules if isinstance(modules, str) else sorted(modules or [])

def read(module, config):
    parser = importlib.import_module(module).make_parser()
    unknown = parser.set_defaults_with_config(**config)
    held = vars(parser.parse_args([]))
    model = ModelConfig(**{field.name: held[field.name] for field in dataclasses.fields(ModelConfig)})
    peft, quantized = get_peft_config(model), get_quantization_config(model)
    adapters = peft and {
        "task": peft.task_type, "rank": peft.r, "alpha": peft.lora_alpha, "dropout": peft.lora_dropout,
        "target_modules": named(peft.target_modules),
        "modules_to_save": peft.modules_to_save, "dora": peft.use_dora,
    }
    return {
        "unknown": unknown,
        "adapters": adapters,
        "bits": None if quantized is None else 4 if quantized.load_in_4bit else 8,
        "dtype": getattr(model, "dtype", None) or getattr(model, "torch_dtype", None),
        "attention": model.attn_implementation,
        "weights": model.model_name_or_path,
        "sequence_length": held.get("max_length", held.get("max_seq_length")),
        "packed": held.get("packing"),
        "streaming": held.get("dataset_streaming"),
    }

print(json.dumps([read(*each) for each in json.loads(sys.argv[1])]))
"""


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A folder with a release of TRL, without what it depends on."""

    @cache
    def folder(release: str) -> Path:
        path = tmp_path_factory.mktemp("trl")
        options = ["--quiet", "--no-deps", "--only-binary=:all:", "--target", str(path)]
        command = [sys.executable, "-m", "pip", "install", *options, f"trl=={release}.*"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return path

    return folder


@pytest.fixture
def trl(folders: Callable[[str], Path]) -> Path:
    """The newest that there is data of."""
    return folders(NEWEST)


def answer(trl: Path, code: str, *arguments: str) -> Any:
    environment = {**os.environ, "PYTHONPATH": str(trl), "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-W", "ignore", "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=trl, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
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


# What a spec says of the model, the tuning and the data

# Since 0.13 the scripts are modules. Some of the releases in which what they read changed.
OLD_AND_NEW = ("0.13", "0.15", "0.16", "0.19", "0.22", "0.24", "0.27", "1.4", "1.7", NEWEST)
TUNINGS = {
    "lora": {
        "method": "lora", "rank": 8, "alpha": 24, "dropout": 0.25, "target_modules": ["q_proj"],
        "modules_to_save": ["lm_head"],
    },
    "qlora": {"method": "qlora", "rank": 64, "target_modules": "all-linear", "dora": True},
    "8 bits": {"method": "qlora", "bits": 8, "target_modules": ["q_proj", "v_proj"]},
    "full": {"method": "full"},
}  # fmt: skip


def stated(release: str, script: str, tuning: str) -> tuple[dict[str, Any], Plan]:
    """A spec with every fact that this release can be told, and its plan."""
    trainer = "RewardTrainer" if script == "reward" else f"{script.upper()}Trainer"
    spec: dict[str, Any] = {
        "trl": release,
        "trainer": trainer,
        "model": {
            "config": "meta-llama/Llama-3.2-1B",
            "sequence_length": 768,
            "attention": "eager",
            "dtype": "float16",
        },
        "tuning": dict(TUNINGS[tuning]),
        "data": {"packed": True, "streaming": True},
        "batch": {"effective": 64},
        "hardware": {"accelerator": "a100-80gb", "devices_per_node": 8},
        "arguments": {"dataset_name": "trl-lib/Capybara"},
        "launch": {"module": f"trl.scripts.{script}"},
    }
    (plan,) = plans(json.dumps(spec), "train.json")
    for finding in unread_setting.check.check(plan):
        section, _, key = finding.path.partition(".")
        if finding.path == "tuning.method":
            spec["tuning"]["method"] = "lora"
        else:
            del spec[section][key]
    (plan,) = plans(json.dumps(spec), "train.json")
    assert not list(unread_setting.check.check(plan))
    return spec, plan


def expected(spec: dict[str, Any], script: str) -> dict[str, Any]:
    """What TRL must make of what a spec says; what it does not say is TRL's own."""
    model, tuning, data = spec["model"], spec["tuning"], spec["data"]
    named = tuning.get("target_modules")
    adapters = {
        "task": "SEQ_CLS" if script == "reward" else "CAUSAL_LM",
        "rank": tuning.get("rank", 16),
        "alpha": tuning.get("alpha", 32),
        "dropout": tuning.get("dropout", 0.05),
        "target_modules": named if isinstance(named, str) else sorted(named or []),
        "modules_to_save": tuning.get("modules_to_save"),
        "dora": tuning.get("dora", False),
    }
    held: dict[str, Any] = {
        "unknown": [],
        "adapters": None if tuning["method"] == "full" else adapters,
        "bits": tuning.get("bits", 4) if tuning["method"] == "qlora" else None,
        "weights": model["config"],
    }
    held |= {name: model[name] for name in ("attention", "dtype") if name in model}
    held |= data
    if script not in ("grpo", "rloo"):
        held["sequence_length"] = model["sequence_length"]
    return held


@pytest.mark.parametrize("release", OLD_AND_NEW)
def test_what_trl_builds_is_what_the_spec_says(folders: Callable[[str], Path], release: str) -> None:
    known = knowledge.find_release(None, release, "SFTTrainer").others
    scripts = [script.rpartition(".")[2] for script in SCRIPTS if known[script].held()]
    cases = [(script, tuning) for script in scripts if script != "distillation" for tuning in TUNINGS]
    specs = [stated(release, *case) for case in cases]
    configs = [(plan.launch.module, arguments(plan)) for _, plan in specs]
    built = answer(folders(release), TOLD, json.dumps(configs))
    for (script, tuning), (spec, _), found in zip(cases, specs, built, strict=True):
        wanted = expected(spec, script)
        assert {name: found[name] for name in wanted} == wanted, (script, tuning)


@pytest.mark.parametrize("release", OLD_AND_NEW)
def test_a_script_reads_what_the_table_says(folders: Callable[[str], Path], release: str) -> None:
    """Not only its parser: its `main` has the argument, or what makes adapters and quantizes of the model's."""
    layers = knowledge.find_release(None, release, "SFTTrainer").others
    for script in SCRIPTS:
        layer = layers[script]
        if not layer.held():
            continue
        source = (folders(release) / f"{script.replace('.', '/')}.py").read_text(encoding="utf-8")
        words = {node.attr for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute)}
        words |= {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
        names = {"dtype" if "dtype" in layer.held() else "torch_dtype", "attn_implementation", "load_in_4bit"}
        names |= {"load_in_8bit", "dataset_streaming", "use_peft", "model_name_or_path"} & layer.held().keys()
        made = {"load_in_4bit": "get_quantization_config", "load_in_8bit": "get_quantization_config"}
        made["use_peft"] = "get_peft_config"
        for name in names:
            reads = layer.held()[name].facts.get("read", (0, 0)) <= layer.version
            assert reads == (made.get(name, name) in words), (script, name)


# A model of two layers with a vocabulary of its own, and texts to train it on.
MADE = """
import json, sys
from pathlib import Path
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

folder = Path(sys.argv[1])
words = ["<pad>", "<eos>", "<unk>", *(f"w{number}" for number in range(29))]
own = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="<unk>"))
own.pre_tokenizer = pre_tokenizers.Whitespace()
tokenizer = PreTrainedTokenizerFast(tokenizer_object=own, pad_token="<pad>", eos_token="<eos>", unk_token="<unk>")
tokenizer.save_pretrained(folder / "tiny")
sizes = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
config = LlamaConfig(**sizes, num_key_value_heads=2, vocab_size=32, pad_token_id=0, eos_token_id=1)
LlamaForCausalLM(config).save_pretrained(folder / "tiny")
(folder / "texts").mkdir()
texts = [{"text": " ".join(f"w{(row * column) % 29}" for column in range(20))} for row in range(64)]
(folder / "texts" / "train.jsonl").write_text("".join(json.dumps(text) + chr(10) for text in texts))
"""
LORA = f"""\
trl: "{NEWEST}"
trainer: SFTTrainer
model: {{config: tiny/config.json, sequence_length: 24, attention: eager, dtype: float32}}
tuning: {{method: lora, rank: 4, alpha: 12, dropout: 0.25, target_modules: [q_proj], modules_to_save: [lm_head]}}
batch: {{effective: 8, per_device: 4}}
hardware: {{accelerator: cpu, devices_per_node: 1}}
data: {{packed: true}}
training: {{output_dir: out, max_steps: 2, bf16: false, report_to: none}}
arguments: {{model_name_or_path: tiny, dataset_name: texts}}
launch: {{module: trl.scripts.sft, env: {{HF_HUB_OFFLINE: 1, OMP_NUM_THREADS: 1}}}}
"""


def test_trls_own_script_trains_what_the_spec_says(trl: Path, tmp_path: Path) -> None:
    ours = Path(__file__).parent.parent
    paths = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": f"{trl}{os.pathsep}{ours}",
    }
    (tmp_path / "train.yaml").write_text(LORA, encoding="utf-8")
    for command in (
        [sys.executable, "-c", MADE, str(tmp_path)],
        [sys.executable, "-m", "configlint", "compile", "train.yaml", "-o", "build", "--verify", "never"],
        ["bash", "build/launch.sh"],
    ):
        done = subprocess.run(
            command,
            cwd=tmp_path,
            env={**os.environ, **paths},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
    adapters = json.loads((tmp_path / "out" / "adapter_config.json").read_text(encoding="utf-8"))
    names = ("r", "lora_alpha", "lora_dropout", "target_modules", "modules_to_save")
    assert [adapters[name] for name in names] == [4, 12, 0.25, ["q_proj"], ["lm_head"]]
