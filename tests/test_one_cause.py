"""One cause, one finding: a single mistake is said once, by the rule that names it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import parsed

from configlint.core.diagnostic import Diagnostic, Severity
from configlint.core.document import Mapping, Node, Scalar, Sequence
from configlint.core.source import Span
from configlint.pipeline import findings
from configlint.session import Loaded, Session

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").glob("*.yaml"))

# Specs of which nothing is to be said, and that a mistake is made in.
PLAIN = """\
transformers: "5.23"
batch: {effective: 64, per_device: 4}
hardware: {accelerator: a100-80gb, devices_per_node: 8}
data: {train_examples: 64000}
training:
  output_dir: out
  learning_rate: 2.0e-5
  num_train_epochs: 3
  warmup_steps: 100
  bf16: true
  logging_steps: 10
  save_steps: 100
launch: {script: train.py}
"""
GRPO = """\
transformers: "5.23"
trl: "1.16"
trainer: GRPOTrainer
batch: {effective: 64, per_device: 4}
hardware: {accelerator: h100-80gb, devices_per_node: 8}
parallel: {data: zero2}
training:
  output_dir: out
  learning_rate: 1.0e-6
  max_steps: 500
  num_generations: 8
arguments: {model_name_or_path: Qwen/Qwen2.5-1.5B}
launch: {module: trl.scripts.grpo}
"""
TOKENS = """\
batch: {effective_tokens: 4194304}
hardware: {accelerator: h100-80gb, devices_per_node: 8, nodes: 16}
model: {config: llama-3.1-8b, sequence_length: 4096}
parallel: {data: fsdp}
training: {bf16: true, max_steps: 1000, logging_steps: 10, activation_checkpointing: false}
launch: {script: train.py}
"""
LORA = """\
transformers: "5.23"
model: {config: llama-2-13b, sequence_length: 2048, dtype: bfloat16}
tuning: {method: lora, rank: 16, target_modules: all-linear}
batch: {effective: 32, per_device: 4}
hardware: {accelerator: a100-80gb, devices_per_node: 1}
training: {output_dir: out, max_steps: 1000, bf16: true, activation_checkpointing: true}
launch: {script: train.py}
"""
FSDP = """\
transformers: "5.23"
model: {config: llama-3.1-8b, sequence_length: 4096, dtype: float32}
batch: {effective: 128, per_device: {max: 4}}
hardware: {accelerator: h100-80gb, devices_per_node: 8, nodes: 4}
parallel:
  data: fsdp
  shard: 8
  fsdp: {activation_checkpointing: true, cpu_ram_efficient_loading: true}
data: {train_examples: 512000}
training: {output_dir: out, num_train_epochs: 1, bf16: true, logging_steps: 10}
launch: {script: train.py}
"""
TENSOR = """\
transformers: "5.23"
batch: {effective: 64, per_device: 4}
hardware: {accelerator: h100-80gb, devices_per_node: 8}
parallel: {data: fsdp, tensor: 2}
training: {output_dir: out, num_train_epochs: 1, save_only_model: true}
launch: {script: train.py}
"""
SFT = """\
transformers: "5.23"
trl: "1.16"
trainer: SFTTrainer
model: {config: meta-llama/Llama-3.1-8B, sequence_length: 2048, attention: flash_attention_2, dtype: bfloat16}
tuning: {method: qlora, rank: 16, dropout: 0, target_modules: all-linear}
batch: {effective: 64, per_device: 2}
hardware: {accelerator: a100-80gb, devices_per_node: 8}
data: {packed: true}
training: {output_dir: out, learning_rate: 2.0e-4, num_train_epochs: 1}
arguments: {dataset_name: trl-lib/Capybara}
launch: {module: trl.scripts.sft}
"""
# The same, with each fact in the arguments too.
TWICE = (
    SFT.replace(
        "{dataset_name: trl-lib/Capybara}",
        """
  dataset_name: trl-lib/Capybara
  model_name_or_path: meta-llama/Llama-3.1-8B-Instruct
  attn_implementation: flash_attention_2
  dtype: bfloat16
  use_peft: true
  load_in_4bit: true
  lora_r: 16
  lora_dropout: 0.0
  lora_target_modules: [all-linear]""",
    )
    .replace("num_train_epochs: 1}", "num_train_epochs: 1, max_length: 2048, packing: true}")
    .replace("config: meta-llama/Llama-3.1-8B,", "config: llama-3.1-8b,")
)
FLAT = """\
output_dir: out
per_device_train_batch_size: 4
gradient_accumulation_steps: 4
num_train_epochs: 3
learning_rate: 0.00002
eval_strategy: epoch
save_strategy: epoch
load_best_model_at_end: true
"""
ENCODER = """\
transformers: "5.23"
batch: {effective: 64, per_device: 8}
hardware: {accelerator: t4, devices_per_node: 1}
model: {config: bert-base-uncased, sequence_length: 512}
data: {train_examples: 64000}
training:
  output_dir: out
  fp16: true
  logging_steps: 10
  eval_strategy: steps
  eval_steps: 100
  save_steps: 100
  load_best_model_at_end: true
launch: {script: run_glue.py}
"""
SPECS = {
    "sft": SFT,
    "twice": TWICE,
    "plain": PLAIN,
    "grpo": GRPO,
    "tokens": TOKENS,
    "lora": LORA,
    "fsdp": FSDP,
    "tensor": TENSOR,
    "flat": FLAT,
    "encoder": ENCODER,
}

_BEYOND = "hardware/devices-beyond-instance"
# Of which spec, what stands there, what somebody writes instead, and the one rule that must say so.
MISTAKES = [
    # A key that is misspelt, or stands elsewhere than it belongs.
    ("plain", "hardware:", "hardwear:", "schema/unknown-key"),
    ("plain", "accelerator:", "acelerator:", "schema/unknown-key"),
    ("plain", "devices_per_node:", "device_per_node:", "schema/unknown-key"),
    ("plain", "devices_per_node:", "gpus:", "schema/unknown-key"),
    ("plain", "accelerator:", "gpu:", "schema/unknown-key"),
    ("plain", "script: train.py", "command: python train.py", "schema/unknown-key"),
    ("plain", "{effective: 64, per_device: 4}", "{efective: 64}", "schema/unknown-key"),
    ("plain", "script:", "scrpt:", "schema/unknown-key"),
    ("plain", "training:", "trainig:", "schema/unknown-key"),
    ("plain", "batch: {effective: 64, per_device: 4}", "batch: {}\neffective: 64", "schema/unknown-key"),
    ("grpo", "trainer:", "traner:", "schema/unknown-key"),
    ("grpo", "GRPOTrainer", "GPROTrainer", "trainer/unknown"),
    ("grpo", "GRPOTrainer", "GRPO", "trainer/unknown"),
    ("grpo", "num_generations:", "num_generation:", "argument/unknown"),
    ("lora", "tuning:", "tunning:", "schema/unknown-key"),
    ("lora", "method:", "metod:", "schema/unknown-key"),
    ("lora", "method:", "kind:", "schema/unknown-key"),
    ("lora", "activation_checkpointing:", "activation_checkpoint:", "argument/unknown"),
    ("fsdp", "parallel:", "paralel:", "schema/unknown-key"),
    ("fsdp", "data: fsdp", "dta: fsdp", "schema/unknown-key"),
    ("fsdp", "{max: 4}", "{most: 4}", "schema/unknown-key"),
    ("fsdp", "{activation_checkpointing:", "{activation_checkpoint:", "fsdp/unknown-key"),
    ("tensor", "save_only_model:", "save_only_modle:", "argument/unknown"),
    # A word or a value of the wrong kind.
    ("plain", "effective: 64", "effective: 0.5", "schema/wrong-type"),
    ("plain", "effective: 64", "effective: many", "schema/wrong-type"),
    ("plain", "learning_rate: 2.0e-5", "learning_rate: .nan", "argument/not-finite"),
    ("plain", "warmup_steps: 100", "warmup_steps: -100", "argument/out-of-range"),
    ("plain", "num_train_epochs: 3", "max_steps: .inf", "argument/not-finite"),
    ("plain", "bf16: true", "bf16: maybe", "argument/wrong-type"),
    ("plain", "a100-80gb", "a100-8gb", "hardware/unknown-accelerator"),
    ("plain", "a100-80gb, devices_per_node: 8", "p4de.24xlage", "hardware/unknown-accelerator"),
    ("grpo", "trainer: GRPOTrainer", "trainer: 5", "schema/wrong-type"),
    ("grpo", "trainer: GRPOTrainer\n", "", "launch/unnamed-trainer"),
    ("lora", "method: lora", "method: laro", "schema/wrong-choice"),
    ("lora", "method: lora", "method: 5", "schema/wrong-choice"),
    ("lora", "activation_checkpointing: true", "activation_checkpointing: maybe", "argument/wrong-type"),
    ("lora", "activation_checkpointing: true", 'activation_checkpointing: "true"', "argument/boolean-as-text"),
    ("fsdp", "data: fsdp", "data: fsp", "schema/wrong-choice"),
    ("fsdp", "shard: 8", "shard: 1.5", "schema/wrong-type"),
    ("fsdp", "{activation_checkpointing: true", "{activation_checkpointing: maybe", "fsdp/refused-value"),
    ("fsdp", "  data: fsdp\n", "", "fsdp/unchosen"),
    ("tensor", "save_only_model: true", "save_only_model: maybe", "argument/wrong-type"),
    # A number that does not go with the others.
    ("plain", "effective: 64", "effective: 100", "batch/indivisible"),
    ("plain", "devices_per_node: 8", "devices_per_node: 100", "batch/indivisible"),
    ("plain", "a100-80gb, devices_per_node: 8", "p4de.24xlarge, devices_per_node: 16", _BEYOND),
    ("plain", "effective: 64", "effective: 96, accumulation: 2", "batch/mismatch"),
    ("plain", "effective: 64", "effective: 96", "batch/not-power-of-two"),
    ("plain", "train_examples: 64000", "train_examples: 3", "batch/dataset-too-small"),
    ("plain", "num_train_epochs: 3", "max_steps: 0", "argument/no-steps"),
    ("plain", "warmup_steps: 100", "warmup_steps: 100000", "schedule/warmup-beyond-run"),
    ("grpo", "devices_per_node: 8", "devices_per_node: 7", "batch/indivisible"),
    ("grpo", "effective: 64, per_device: 4", "effective: 96, per_device: 1", "batch/not-power-of-two"),
    ("grpo", "num_generations: 8", "num_generations: 7", "batch/indivisible-generations"),
    ("tokens", "4194304", "4000000", "batch/partial-sequence"),
    ("lora", "per_device: 4", "per_device: 100", "batch/indivisible"),
    ("lora", "a100-80gb", "rtx-4090", "memory/does-not-fit"),
    ("fsdp", "devices_per_node: 8", "devices_per_node: 3", "parallel/unbuilt-mesh"),
    ("tensor", "tensor: 2", "tensor: 3", "parallel/indivisible-world"),
    ("tensor", "data: fsdp, tensor: 2", "context: 3", "parallel/indivisible-world"),
    ("grpo", "parallel: {data: zero2}\n", "parallel: {data: zero3, sequence: 2}\n", "parallel/undivided-sequence"),
    # Settings that exclude each other, or that a release does not have.
    ("plain", "bf16: true", "bf16: true\n  fp16: true", "precision/bf16-and-fp16"),
    ("plain", "bf16: true", "bf16: true\n  eval_strategy: epoch\n  evaluation_strategy: epoch", "argument/removed"),
    ("plain", "bf16: true", "bf16: true\n  evaluation_strategy: null", "argument/removed"),
    ("plain", "warmup_steps: 100", "warmup_ratio: 2", "argument/removed"),
    ("plain", "save_steps: 100", "save_strategy: best", "checkpoint/best-without-evaluation"),
    ("plain", "script: train.py", "script: train.py, module: trl.scripts.sft", "launch/script-and-module"),
    ("plain", "per_device: 4}", "per_device: 4}\narguments: {bf16: true}", "argument/given-twice"),
    ("plain", "bf16: true", "bf16: true\n  gradient_accumulation_steps: 2", "batch/derived-argument"),
    ("flat", "eval_strategy: epoch", "eval_strategy: steps", "checkpoint/best-strategy-mismatch"),
    ("flat", "gradient_accumulation_steps: 4", "gradient_accumulation_steps: 0", "schema/out-of-range"),
    ("encoder", "fp16: true", "fp16: true\n  metric_for_best_model: train_loss", "checkpoint/unevaluated-metric"),
    ("encoder", "save_steps: 100", "save_steps: 500", "checkpoint/unsaved-best"),
    ("encoder", "save_steps: 100", "save_steps: 500000", "checkpoint/unsaved-best"),
    ("encoder", "save_steps: 100", "save_steps: 150", "checkpoint/best-steps-mismatch"),
    ("encoder", "length: 512}", "length: 512, attention: flash_attention_2}", "model/unsupported-attention"),
    ("encoder", "fp16: true", "bf16: true", "precision/unsupported-bf16"),
    ("encoder", "bert-base-uncased", "bertt-base-uncased", "model/unknown-profile"),
    ("encoder", "sequence_length: 512", "sequence_length: 600", "model/beyond-positions"),
    ("encoder", "sequence_length: 512", "sequence_length: 512, dtype: float16", "precision/unscalable-gradients"),
    (
        "lora",
        "devices_per_node: 1}\ntraining: {",
        "devices_per_node: 8}\ntraining: {activation_checkpointing_kwargs: {use_reentrant: true}, ",
        "argument/reentrant-checkpointing",
    ),
    ("fsdp", "cpu_ram_efficient_loading: true", "transformer_layer_cls_to_wrap: T5Block", "fsdp/unknown-layer"),
    # What a spec says of the model and the tuning, and what TRL's script is told.
    ("sft", "meta-llama/Llama-3.1-8B", "llama-3.1-8b", "trl/missing-model"),
    ("sft", SFT.splitlines()[3], "model: meta-llama/Llama-3.1-8B", "schema/wrong-type"),
    ("sft", "packed: true", "packd: true", "schema/unknown-key"),
    ("sft", "method: qlora", "method: qlroa", "schema/wrong-choice"),
    ("sft", "trl-lib/Capybara", "trl-lib/Capybara, lora_r: 8", "argument/contradiction"),
    ("sft", "trl-lib/Capybara", "trl-lib/Capybara, lora_alfa: 8", "argument/unknown"),
    ("sft", "trl-lib/Capybara", "trl-lib/Capybara, load_in_4bit: false", "argument/contradiction"),
    ("sft", "num_train_epochs: 1", "num_train_epochs: 1, max_length: 8192", "argument/contradiction"),
    ("sft", "num_train_epochs: 1", "num_train_epochs: 1, packing: false", "argument/contradiction"),
    ("sft", "{dataset_name: trl-lib/Capybara}", "{max_length: 8192}", "argument/misplaced"),
    ("twice", "sequence_length: 2048", "sequence_length: 1024", "argument/contradiction"),
    ("twice", "attention: flash_attention_2", "attention: sdpa", "argument/contradiction"),
    ("twice", "config: llama-3.1-8b", "config: qwen2.5-7b", "argument/contradiction"),
    ("twice", "method: qlora", "method: lora", "argument/contradiction"),
    ("twice", "method: qlora", "method: full", "argument/contradiction"),
    ("twice", "use_peft: true", "use_peft: false", "argument/contradiction"),
    ("twice", " rank: 16", " rank: 32", "argument/contradiction"),
    ("twice", "dropout: 0,", "dropout: 0.1,", "argument/contradiction"),
    ("twice", "target_modules: all-linear", "target_modules: [q_proj]", "argument/contradiction"),
    ("twice", "packed: true", "packed: false", "argument/contradiction"),
    ("twice", "lora_r: 16", "lora_r: null", "argument/wrong-type"),
    # A text that is no YAML.
    ("plain", "learning_rate: 2.0e-5", "learning_rate 2.0e-5", "syntax/invalid"),
]  # fmt: skip


def told(text: str, name: str = "train.yaml") -> list[Diagnostic]:
    """The errors and warnings of a file, in the order in which they are read."""
    session = Session()
    file = session.parse(name, text.encode())
    front_end = session.front_end(file)
    loaded = session.load(file, front_end) if front_end else Loaded([], file.diagnostics)
    found, crashes = findings(loaded, loaded.plans, session)
    assert not crashes
    return [each for each in found if each.severity is not Severity.INFO]


@pytest.mark.parametrize("text", SPECS.values(), ids=SPECS)
def test_of_the_specs_without_a_mistake_nothing_is_said(text: str) -> None:
    assert told(text) == []


@pytest.mark.parametrize(("spec", "right", "wrong", "rule"), MISTAKES)
def test_a_mistake_is_said_once_by_the_rule_that_names_it(spec: str, right: str, wrong: str, rule: str) -> None:
    assert SPECS[spec].count(right) == 1
    assert [each.rule for each in told(SPECS[spec].replace(right, wrong))] == [rule]


def test_two_mistakes_are_said_both() -> None:
    wrong = PLAIN.replace("accelerator:", "acelerator:").replace("warmup_steps: 100", "warmup_steps: -100")
    assert [each.rule for each in told(wrong)] == ["schema/unknown-key", "argument/out-of-range"]


def test_what_would_be_wrong_only_if_a_guess_were_right_is_not_said() -> None:
    wrong = PLAIN.replace("{effective: 64, per_device: 4}", "{efective: 100}")
    assert [each.rule for each in told(wrong)] == ["schema/unknown-key"]


def test_a_key_beside_the_one_that_it_could_be_hides_nothing() -> None:
    both = LORA.replace("method: lora", "method: full, metod: lora")
    assert [each.rule for each in told(both)] == ["memory/does-not-fit", "schema/unknown-key"]


def test_errors_come_first_on_a_line() -> None:
    line = "training: {output_dir: out, optim_args: a=b, num_train_epochs: many}"
    found = told(f"batch: {{effective: 64}}\nhardware: {{accelerator: cpu, devices_per_node: 1}}\n{line}\n")
    assert [each.severity for each in found] == [Severity.ERROR, Severity.WARNING]
    assert found[0].span.column > found[1].span.column


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ("  learning_rate 2.0e-5", 7),
        ("  learning_rate:2.0e-5", 7),
        ("  learning_rate", 7),
    ],
)
def test_a_missing_colon_is_said_on_its_line(wrong: str, line: int) -> None:
    [found] = told(PLAIN.replace("  learning_rate: 2.0e-5", wrong))
    assert (found.rule, found.span.line) == ("syntax/invalid", line)
    assert found.help == "write a colon and a space after the key"


@pytest.mark.parametrize("section", ["hardware:", "training:", "data:", "launch:"])
def test_a_missing_colon_of_a_section_is_said_on_its_line(section: str) -> None:
    [found] = told(PLAIN.replace(section, section[:-1]))
    assert found.span.line == PLAIN[: PLAIN.index(section)].count("\n") + 1
    assert found.help in (
        "write a colon and a space after the key",
        f"write a colon and a space after `{section[:-1]}`",
    )


# What several errors of one edit in an example are true of: each target has numbers of its own.
EXCEPTIONS = {
    ("three-targets.yaml", "batch.effective"),
    ("three-targets.yaml", "model.sequence_length"),
    ("three-targets.yaml", "tuning.rank"),
    ("three-targets.yaml", "launch.script"),
    # Without its base there is neither a batch nor hardware.
    ("llama-2-7b-2x24gb.yaml", "extends"),
}


def edits(node: Node, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Span, str]]:
    """Single mistakes: the path, the place and what is written there instead."""
    if isinstance(node, Sequence):
        for item in node.items:
            yield from edits(item, path)
    elif isinstance(node, Mapping):
        for name, (key, value) in node.entries.items():
            if len(name) > 3:
                yield ".".join((*path, name)), key.span, name[: len(name) // 2] + name[len(name) // 2 + 1 :]
            yield from edits(value, (*path, name))
    else:
        for value in values(node):
            yield ".".join(path), node.span, value


def values(node: Scalar) -> list[str]:
    value = node.value
    if isinstance(value, bool):
        return ["maybe", '"yes"', "3", "[1]"]
    if isinstance(value, int | float):
        return ["0", "-1", "3", "7", "100", "1000000", "0.5", f"{value * 3}", "many", "true", "null", ".nan", "[1]"]
    return [
        node.raw[: len(node.raw) // 2] + node.raw[len(node.raw) // 2 + 1 :],
        "5",
        "true",
        "null",
        "[1]",
        "{a: 1}",
    ]


def replaced(text: str, span: Span, new: str) -> str:
    lines = text.split("\n")
    line = lines[span.line - 1]
    lines[span.line - 1] = line[: span.column - 1] + new + line[span.end_column - 1 :]
    return "\n".join(lines)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_edit_of_an_example_gives_one_error_at_most(example: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(example.parent)
    text = example.read_text(encoding="utf-8")
    document = parsed(text, example.name).document
    assert isinstance(document, Mapping)
    several = set()
    for path, span, new in edits(document):
        errors = [each for each in told(replaced(text, span, new), example.name) if each.severity is Severity.ERROR]
        if len(errors) > 1:
            several.add((example.name, path))
    assert several == {exception for exception in EXCEPTIONS if exception[0] == example.name}
