"""One fact, one place: what a spec says of the model, the tuning and the data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import plan

from configlint import knowledge, lint
from configlint.backends import plan_json, training_args
from configlint.core.plan import Plan, Tuning
from configlint.core.profile import Model
from configlint.core.release import written
from configlint.core.remedy import Put
from configlint.knowledge.facts import BITS, FACTS, METHOD
from configlint.rules.argument import contradiction
from configlint.rules.trl import unread_setting

SPEC = "batch: {effective: 64}\nhardware: {accelerator: a100-80gb, devices_per_node: 1}\n"
LORA = """\
tuning: {method: lora, rank: 4, alpha: 32, dropout: 0.1, target_modules: [q_proj], modules_to_save: [lm_head]}
"""


@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("llama-3.1-8b", "causal-lm"),
        ("gpt2", "causal-lm"),
        ("bert-base-uncased", "masked-lm"),
        ("t5-base", "seq2seq"),
        ("gemma-3-4b", "image-text-to-text"),
    ],
)
def test_a_model_is_loaded_for_what_its_architectures_say(name: str, task: str) -> None:
    made = plan(f"{SPEC}model: {{config: {name}}}\n")
    assert made.loaded.task == task
    assert made.origins["model.task"].how == "default"


def test_every_bundled_model_has_a_task_but_the_one_whose_config_names_no_class() -> None:
    models = [knowledge.find_model(name, "") for name in knowledge.names("models")]
    assert [model.name for model in models if isinstance(model, Model) and model.task is None] == [
        "deberta-v3-base"
    ]


@pytest.mark.parametrize(
    ("architectures", "task"),
    [
        (["LlamaForSequenceClassification"], "sequence-classification"),
        (["BertForTokenClassification"], "token-classification"),
        (["LlamaModel"], None),
        (["WhisperForConditionalGeneration"], None),
        ("LlamaForCausalLM", None),
        ([1], None),
        (None, None),
    ],
)
def test_a_class_that_says_no_task_leaves_it_open(architectures: object, task: str | None) -> None:
    config: dict[str, object] = {"architectures": architectures, "vocab_size": 100, "num_mel_bins": 80}
    assert Model("made", config).task == task


def test_a_task_that_is_written_is_that_of_the_model() -> None:
    made = plan(f"{SPEC}model: {{config: llama-3.1-8b, task: sequence-classification}}\n")
    assert made.loaded.task == "sequence-classification"
    assert made.origins["model.task"].how == "given"


def test_the_tuning_is_what_is_written() -> None:
    assert plan(SPEC + LORA).tuning == Tuning("lora", 4, 32, 0.1, ("q_proj",), ("lm_head",), None, None)


def test_of_adapters_that_are_not_trained_nothing_counts() -> None:
    assert plan(SPEC + LORA.replace("lora", "full")).tuning == Tuning("full")


def test_qlora_is_of_4_bits_unless_8_are_written() -> None:
    assert plan(f"{SPEC}tuning: {{method: qlora}}\n").tuning.bits == 4
    assert plan(f"{SPEC}tuning: {{method: qlora, bits: 8}}\n").tuning.bits == 8
    assert plan(f"{SPEC}tuning: {{method: lora, bits: 8}}\n").tuning.bits is None


@pytest.mark.parametrize("value", ["true", "false"])
def test_whether_the_data_is_streamed_is_in_the_plan(value: str) -> None:
    assert plan(f"{SPEC}data: {{streaming: {value}}}\n").data.streaming == (value == "true")
    assert plan(SPEC).data.streaming is None


# What TRL's own scripts are told

SCRIPTS = ("sft", "dpo", "grpo", "reward", "kto", "rloo")
ALL_FACTS = """\
model: {config: meta-llama/Llama-3.1-8B, sequence_length: 2048, attention: sdpa, dtype: bfloat16}
tuning:
  method: qlora
  rank: 16
  alpha: 32
  dropout: 0.1
  target_modules: [q_proj, v_proj]
  modules_to_save: [lm_head]
  dora: true
  bits: 8
data: {packed: true, streaming: true}
"""


def of_script(name: str, trl: str, facts: str = ALL_FACTS) -> Plan:
    trainer = "RewardTrainer" if name == "reward" else f"{name.upper()}Trainer"
    launch = f"launch: {{module: trl.scripts.{name}}}\n"
    return plan(f'trl: "{trl}"\ntrainer: {trainer}\n{SPEC}{launch}{facts}')


def told(made: Plan) -> dict[str, str]:
    """The facts that the script is told, and the argument of each."""
    return {str(setting.of): path for path, setting in made.spec.settings.items() if setting.of}


def untold(made: Plan) -> set[str]:
    """The facts of which a finding says that the script does not read them."""
    return {finding.path for finding in unread_setting.check.check(made)}


EVERY = [
    (name, written(release))
    for name in SCRIPTS
    for release in knowledge.releases("trl")
    if knowledge.find_release(None, written(release), "SFTTrainer").others[f"trl.scripts.{name}"].held()
]


@pytest.mark.parametrize(("name", "trl"), EVERY)
def test_each_fact_is_told_or_an_error_says_that_it_cannot_be(name: str, trl: str) -> None:
    made = of_script(name, trl)
    assert made.script
    assert (BITS in told(made)) != (METHOD in untold(made))
    for path in FACTS:
        is_length_of_generation = path == "model.sequence_length" and name in ("grpo", "rloo")
        assert (path in told(made)) + (path in untold(made)) == (not is_length_of_generation), path
    for argument in told(made).values():
        section, _, name = argument.partition(".")
        if section == "training":
            assert name in made.release.arguments
        else:
            assert made.script.reads(name)


def test_the_newest_script_is_told_all_that_the_spec_states() -> None:
    assert compiled(of_script("sft", "1.16")) == {
        "attn_implementation": "sdpa",
        "dataset_streaming": True,
        "dtype": "bfloat16",
        "load_in_8bit": True,
        "lora_alpha": 32,
        "lora_dropout": 0.1,
        "lora_modules_to_save": ["lm_head"],
        "lora_r": 16,
        "lora_target_modules": ["q_proj", "v_proj"],
        "max_length": 2048,
        "model_name_or_path": "meta-llama/Llama-3.1-8B",
        "packing": True,
        "use_dora": True,
        "use_peft": True,
    }


def compiled(made: Plan) -> dict[str, object]:
    """What is written beside the batch."""
    derived = ("gradient_accumulation_steps", "per_device_train_batch_size")
    return {name: value for name, value in training_args.arguments(made).items() if name not in derived}


def test_an_old_script_is_told_under_its_own_names() -> None:
    facts = "model: {sequence_length: 512, dtype: float16}\ntuning: {method: qlora}\n"
    assert compiled(of_script("sft", "0.14", facts)) == {
        "load_in_4bit": True,
        "max_seq_length": 512,
        "torch_dtype": "float16",
        "use_peft": True,
    }


def test_what_is_not_stated_is_not_told() -> None:
    assert compiled(of_script("sft", "1.16", "")) == {}
    assert compiled(of_script("sft", "1.16", "tuning: {rank: 8}\n")) == {"lora_r": 8}
    assert compiled(of_script("sft", "1.16", "tuning: {method: full}\n")) == {"use_peft": False}


def test_adapters_of_a_reward_model_are_those_of_a_classifier() -> None:
    facts = "tuning: {method: lora}\n"
    assert compiled(of_script("reward", "1.16", facts)) == {"lora_task_type": "SEQ_CLS", "use_peft": True}
    assert compiled(of_script("dpo", "1.16", facts)) == {"use_peft": True}
    assert "lora_task_type" not in compiled(of_script("reward", "1.16", "tuning: {method: full}\n"))
    assert of_script("reward", "1.16", "model: {config: llama-3.1-8b}\n").loaded.task == "sequence-classification"


def test_a_mixture_of_data_sets_is_streamed_by_its_own_argument() -> None:
    facts = "data: {streaming: true}\narguments: {datasets: [{path: a/b}]}\n"
    assert compiled(of_script("sft", "1.16", facts)) == {"datasets": [{"path": "a/b"}], "streaming": True}


@pytest.mark.parametrize(
    ("value", "argument"),
    [
        ("all-linear", ["all-linear"]),
        ("[all-linear]", ["all-linear"]),
        (r"'.*\.q_proj'", [r".*\.q_proj"]),
        # Of a list of one TRL makes a pattern for the whole path of a module.
        ("[q_proj]", ["q_proj", "q_proj"]),
        ("[self_attn.q_proj]", ["self_attn.q_proj", "self_attn.q_proj"]),
        ("[q_proj, v_proj]", ["q_proj", "v_proj"]),
    ],
)
def test_target_modules_are_told_as_trl_takes_them(value: str, argument: list[str]) -> None:
    made = of_script("sft", "1.16", f"tuning: {{method: lora, target_modules: {value}}}\n")
    assert made.arguments["lora_target_modules"] == argument


@pytest.mark.parametrize(
    ("config", "weights"),
    [
        ("meta-llama/Llama-3.1-8B", "meta-llama/Llama-3.1-8B"),
        ("somebody/their-own.v2", "somebody/their-own.v2"),
        ("llama-3.1-8b", None),
        ("roberta-large", None),
        ("./config.json", None),
        ("configs/llama.json", None),
        ("models/a/b", None),
        ("examples/sft-trl.yaml", None),
    ],
)
def test_only_a_hub_id_says_which_weights_are_loaded(config: str, weights: str | None) -> None:
    made = of_script("sft", "1.16", f"model: {{config: {config}}}\n")
    assert made.arguments.get("model_name_or_path") == weights


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("llama-3.2-1b", "hidden_size"),
        ("llama-3.2-1b", "num_hidden_layers"),
        ("t5-base", "d_model"),
        ("t5-base", "num_layers"),
        ("gpt2-xl", "n_embd"),
        ("gpt2-xl", "n_layer"),
    ],
)
def test_a_config_of_another_size_contradicts_the_weights(name: str, size: str, tmp_path: Path) -> None:
    model = knowledge.find_model(name, "")
    assert isinstance(model, Model)
    found = []
    for config in (model.config, {**model.config, size: 3}):
        (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
        made = plan(
            f"{SPEC}trainer: SFTTrainer\nmodel: {{config: {tmp_path}/config.json}}\n"
            f"arguments: {{model_name_or_path: {model.hub_ids[0]}}}\nlaunch: {{module: trl.scripts.sft}}\n"
        )
        found.append([each.path for each in lint.lint(made, [contradiction.check])[0]])
    assert found == [[], ["arguments.model_name_or_path"]]


def test_a_value_of_the_wrong_type_is_not_told() -> None:
    facts = "model: {sequence_length: many, dtype: 5}\ntuning: {method: 5, rank: 0.5, dropout: 2}\n"
    assert compiled(of_script("sft", "1.16", facts)) == {}


@pytest.mark.parametrize(
    "launch", ["{script: train.py}", "{module: recipes.sft}", "{script: a.py, module: trl.scripts.sft}"]
)
def test_another_script_is_told_nothing_and_finds_it_in_the_plan(launch: str) -> None:
    made = plan(f"trainer: SFTTrainer\n{SPEC}launch: {launch}\n{ALL_FACTS}")
    assert compiled(made) == {}
    (artifact,) = plan_json.emit(made)
    assert json.loads(artifact.text)["facts"] == {
        "data": {"packed": True, "streaming": True},
        "model": {
            "attention": "sdpa",
            "config": "meta-llama/Llama-3.1-8B",
            "dtype": "bfloat16",
            "sequence_length": 2048,
            "task": "causal-lm",
        },
        "tuning": {
            "alpha": 32,
            "bits": 8,
            "dora": True,
            "dropout": 0.1,
            "method": "qlora",
            "modules_to_save": ["lm_head"],
            "rank": 16,
            "target_modules": ["q_proj", "v_proj"],
        },
    }


# What stands only in the arguments

AS_ARGUMENTS = """\
training: {max_length: 2048, packing: true}
arguments:
  model_name_or_path: meta-llama/Llama-3.1-8B
  attn_implementation: sdpa
  dtype: bfloat16
  use_peft: true
  load_in_8bit: true
  lora_r: 16
  lora_alpha: 32
  lora_dropout: 0.1
  lora_target_modules: [q_proj, v_proj]
  lora_modules_to_save: [lm_head]
  use_dora: true
  dataset_streaming: true
"""


def test_it_is_the_same_plan_whichever_place_a_fact_has() -> None:
    one, other = of_script("sft", "1.16"), of_script("sft", "1.16", AS_ARGUMENTS)
    for name in ("tuning", "loaded", "sequence_length", "data", "model", "weights", "batch", "memory"):
        assert getattr(one, name) == getattr(other, name), name
    assert training_args.arguments(one) == training_args.arguments(other)
    assert (
        plan_json.emit(one)[0].text.partition('"facts"')[2] == plan_json.emit(other)[0].text.partition('"facts"')[2]
    )


def test_a_fact_that_is_taken_is_given_where_it_stands() -> None:
    made = of_script("sft", "1.16", AS_ARGUMENTS)
    origin = made.origins["tuning.rank"]
    assert (origin.how, origin.setting and origin.setting.keys) == ("given", ("arguments", "lora_r"))
    assert made.name("tuning.rank") == "lora_r"
    assert made.name("model.sequence_length") == "max_length"


@pytest.mark.parametrize(
    ("arguments", "method", "bits"),
    [
        ("{use_peft: true}", "lora", None),
        ("{use_peft: true, load_in_4bit: true}", "qlora", 4),
        ("{use_peft: true, load_in_8bit: true, load_in_4bit: false}", "qlora", 8),
        ("{use_peft: false}", "full", None),
        ("{load_in_4bit: true}", "full", 4),
        ("{use_peft: 1}", "full", None),
        ("{}", "full", None),
    ],
)
def test_the_method_is_what_the_arguments_say(arguments: str, method: str, bits: int | None) -> None:
    made = of_script("sft", "1.16", f"arguments: {arguments}\n")
    assert (made.tuning.method, made.tuning.bits) == (method, bits)


def test_of_a_script_that_quantizes_without_adapters_no_memory_is_known() -> None:
    facts = "model: {sequence_length: 512}\narguments: {model_name_or_path: meta-llama/Llama-3.2-1B, %s}\n"
    assert of_script("sft", "1.16", facts % "load_in_4bit: true").memory.missing == ("tuning.bits",)
    assert of_script("sft", "1.16", facts % "load_in_4bit: false").memory.estimate


def test_an_argument_that_the_script_does_not_read_is_none() -> None:
    facts = (
        "arguments: {attn_implementation: flash_attention_2, dtype: bfloat16, use_peft: true, load_in_4bit: true}\n"
    )
    made = of_script("kto", "1.7", facts)
    assert (made.loaded.attention, made.loaded.dtype, made.tuning.method) == (None, None, "lora")
    made = of_script("kto", "1.8", facts)
    assert (made.loaded.attention, made.loaded.dtype, made.tuning.method) == (
        "flash_attention_2",
        "bfloat16",
        "qlora",
    )


def test_model_init_kwargs_win_since_trl_1_14() -> None:
    facts = "training: {model_init_kwargs: {dtype: bfloat16}}\n"
    assert of_script("sft", "1.14", facts).loaded.dtype == "bfloat16"
    assert of_script("sft", "1.13", facts).loaded.dtype == "float32"


def test_the_arguments_of_another_script_are_its_own() -> None:
    made = plan(f"trainer: SFTTrainer\n{SPEC}launch: {{script: train.py}}\n{AS_ARGUMENTS}")
    assert (made.tuning.method, made.loaded.dtype, made.model) == ("full", None, None)
    assert (made.sequence_length, made.data.packed) == (2048, True)


# TRL's defaults


@pytest.mark.parametrize(
    ("trl", "dtype"), [("0.13", None), ("0.26", None), ("0.27", "float32"), ("1.16", "float32")]
)
def test_what_is_left_out_is_trls_default(trl: str, dtype: str | None) -> None:
    made = of_script("sft", trl, "tuning: {method: lora}\n")
    assert (made.tuning.rank, made.tuning.alpha, made.tuning.dropout) == (16, 32, 0.05)
    assert made.loaded.dtype == dtype
    assert made.origins["tuning.rank"].why == "TRL's default"


def test_what_is_left_to_transformers_is_not_trls_default() -> None:
    assert of_script("kto", "1.7", "").loaded.dtype is None
    assert of_script("sft", "1.16", "arguments: {dtype: null}\n").loaded.dtype is None


def test_of_another_script_only_pefts_default_is_known() -> None:
    made = plan(f"trainer: SFTTrainer\n{SPEC}launch: {{script: train.py}}\ntuning: {{method: lora}}\n")
    assert (made.tuning.rank, made.tuning.alpha, made.tuning.dropout) == (8, None, None)
    assert made.origins["tuning.rank"].how == "default"


# Both places


def test_a_remedy_for_a_fact_that_is_written_twice_names_both_places() -> None:
    facts = "model: {attention: eager}\narguments: {attn_implementation: eager}\n"
    made = of_script("sft", "1.16", facts)
    put = Put("model.attention", "sdpa")
    assert lint._spelled(made, "model.attention", put) == (
        "write `attention: sdpa` and `attn_implementation: sdpa` in `arguments`"
    )


def test_a_remedy_is_not_said_in_words_that_the_argument_does_not_take() -> None:
    made = of_script("sft", "1.16", "arguments: {use_peft: true}\n")
    assert lint._spelled(made, "tuning.method", Put("tuning.method", "qlora")) is None
    made = of_script("sft", "1.16", "arguments: {attn_implementation: eager}\n")
    assert (
        lint._spelled(made, "model.attention", Put("model.attention", "sdpa"))
        == "write `attn_implementation: sdpa`"
    )
