"""What optimizers keep, and take while they step: each row of optimizers.yaml by the figures of its own package."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import plan as solve

from configlint import knowledge
from configlint.core.release import written
from configlint.core.workload import Workload
from configlint.memory.closed_form import simulated
from configlint.memory.closed_form.step import ComputedStep

LLAMA = {
    "model_type": "llama",
    "hidden_size": 256,
    "intermediate_size": 768,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 5000,
}
SPEC = "model: {config: qwen2.5-0.5b, sequence_length: 512}\nbatch: {effective: 8, per_device: 1}\n"
ON_ONE = SPEC + "hardware: {accelerator: a100-80gb, devices_per_node: 1}\n"
ON_EIGHT = SPEC + "hardware: {accelerator: a100-80gb, devices_per_node: 8}\n"


def step(**fields: Any) -> ComputedStep | None:
    return simulated(Workload(**{"config": LLAMA, "batch": 1, "length": 64, **fields}))


def known(**fields: Any) -> ComputedStep:
    found = step(**fields)
    assert found is not None
    return found


# Read off the states after one step of the optimizer that the Trainer makes, on the CPU: transformers 5.24,
# torch 2.13, bitsandbytes 0.50.2, schedulefree 1.4.1, torch-optimi 0.3.3, torchao 0.18, galore_torch 1.0,
# apollo_torch 1.0.3.
MEASURED = [
    ("sgd", "momentum=0.9", "", "float32", 16536576),
    ("rmsprop", "centered=True,momentum=0.5", "", "bfloat16", 24804948),
    ("adamw_torch_8bit", "", "", "bfloat16", 8432852),
    ("adamw_bnb_8bit", "", "", "float32", 8437888),
    ("ademamix", "", "", "bfloat16", 49609728),
    ("schedule_free_adamw", "", "", "float32", 33073152),
    ("schedule_free_sgd", "", "", "bfloat16", 8268288),
    ("stable_adamw", "", "", "float32", 33073236),
    ("stable_adamw", "", "", "bfloat16", 24804906),
    ("galore_adamw", "rank=64", "all-linear", "float32", 19363840),
    ("galore_adamw", "rank=64", "all-linear", "bfloat16", 8535040),
    ("galore_adamw", "", "attn mlp", "float32", 30189568),
    ("galore_adafactor", "rank=64", "all-linear", "bfloat16", 3222420),
    ("apollo_adamw", "rank=64", "mlp", "float32", 26388504),
]


@pytest.mark.parametrize(("name", "arguments", "targets", "dtype", "measured"), MEASURED)
def test_the_states_are_those_that_the_optimizer_made(
    name: str, arguments: str, targets: str, dtype: str, measured: int
) -> None:
    made = known(
        optimizer=name, optimizer_arguments=arguments, optimizer_targets=tuple(targets.split()), dtype=dtype
    )
    assert made.breakdown["optimizer"] == pytest.approx(measured, rel=0.025)


@pytest.mark.parametrize("release", knowledge.releases("transformers"))
def test_the_default_of_every_release_is_modelled(release: tuple[int, int]) -> None:
    assert solve(f'transformers: "{written(release)}"\n{ON_ONE}').memory.estimate is not None


@pytest.mark.parametrize("name", ["lomo", "adalomo", "galore_adamw_layerwise"])
def test_one_that_updates_in_the_backward_keeps_no_gradients(name: str) -> None:
    plain = known(optimizer="sgd", dtype="float32").phases["step"]
    made = known(optimizer=name, optimizer_targets=("all-linear",), dtype="float32")
    gradients = made.breakdown["weights"]  # of the same size
    assert made.phases["step"] - made.breakdown["optimizer"] == plain - gradients


def test_a_low_rank_optimizer_is_not_modelled_without_the_modules_that_it_requires() -> None:
    assert step(optimizer="galore_adamw") is None
    assert known(optimizer="galore_adamw", optimizer_targets=("mlp",)).breakdown["optimizer"] > 0


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("adamw_anyprecision", "momentum_dtype=bfloat16"),
        ("stable_adamw", "kahan_sum=True"),
        ("adamw_torch_4bit", "block_size=128"),
        ("galore_adamw", "rank=many"),
        ("sgd", "momentum"),
    ],
)
def test_arguments_that_make_its_memory_another_one_leave_it_unknown(name: str, arguments: str) -> None:
    assert step(optimizer=name, optimizer_arguments=arguments, optimizer_targets=("mlp",)) is None


def test_optim_args_of_a_spec_count() -> None:
    plain = solve(ON_ONE + "training: {optim: sgd}\n").memory.estimate
    more = solve(ON_ONE + "training: {optim: sgd, optim_args: momentum=0.9}\n").memory.estimate
    assert plain and more and more.breakdown["optimizer"] > plain.breakdown["optimizer"] == 0


def test_the_optimizer_of_deepspeeds_config_is_the_one_that_counts() -> None:
    def states(kind: str) -> int:
        own = f"parallel: {{data: zero2, deepspeed: {{optimizer: {{type: {kind}}}}}}}\n"
        found = solve(ON_EIGHT + own + "training: {bf16: true}\n").memory.estimate
        assert found is not None
        return found.breakdown["optimizer"]

    assert states("Lion") < states("Muon") < states("AdamW")


def test_a_type_of_deepspeeds_config_that_is_not_modelled_leaves_the_memory_unknown() -> None:
    own = "parallel: {data: zero2, deepspeed: {optimizer: {type: Adamax}}}\n"
    assert solve(ON_EIGHT + own).memory.missing == ("parallel.deepspeed.optimizer.type",)
