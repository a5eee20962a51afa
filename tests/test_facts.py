"""One fact, one place: what a spec says of the model, the tuning and the data."""

from __future__ import annotations

import pytest
from conftest import plan

from configlint import knowledge
from configlint.core.plan import Tuning
from configlint.core.profile import Model

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
    assert made.task == task
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
    assert made.task == "sequence-classification"
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
