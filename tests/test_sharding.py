"""ZeRO's model states, held against DeepSpeed's own helpers: what a step takes is never less."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import plan

from configlint import knowledge
from configlint.core.profile import Model
from configlint.core.workload import BUCKET, Workload
from configlint.memory.closed_form import simulated
from configlint.memory.closed_form.sharding import SUB_GROUP
from configlint.memory.closed_form.step import ComputedStep

MODELS = ("pythia-160m", "qwen2.5-0.5b", "llama-3.2-1b", "gemma-2-2b", "mistral-7b-v0.3", "llama-3.1-70b")
DEVICES = (1, 2, 8, 64)


def step(model: str, data: str, devices: int, **settings: Any) -> ComputedStep:
    """A step of so few tokens that nearly all it takes are the model's states."""
    found = knowledge.find_model(model, ".")
    assert isinstance(found, Model)
    shard = 1 if data == "ddp" else devices
    workload = Workload(
        found.config, batch=1, length=8, data=data, world=devices, shard=shard, padded=False, **settings
    )
    result = simulated(workload)
    assert result is not None
    return result


@pytest.mark.heavy
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("devices", DEVICES)
@pytest.mark.parametrize("optimizer", ["adamw_torch", "adamw_torch_fused"])
def test_a_step_of_zero_takes_no_less_than_deepspeed_says_of_its_states(
    model: str, devices: int, optimizer: str
) -> None:
    from deepspeed.runtime.zero.stage3 import estimate_zero3_model_states_mem_needs as zero3_needs
    from deepspeed.runtime.zero.stage_1_and_2 import estimate_zero2_model_states_mem_needs as zero2_needs

    for data in ("zero1", "zero2"):
        found = step(model, data, devices, optimizer=optimizer)
        assert found.peak >= zero2_needs(found.trained, devices, cpu_offload=False)[1], data
    found = step(model, "zero3", devices, optimizer=optimizer)
    largest = _largest_layer(model)
    partition = found.trained // devices
    if partition <= SUB_GROUP:
        least = zero3_needs(found.trained, largest, devices, cpu_offload=False, cpu_offload_params=False)[1]
    else:  # which the helper charges with the float32 gradients of the whole partition
        least = 16 * partition + 4 * SUB_GROUP + 2 * largest
    assert found.peak >= least


@pytest.mark.heavy
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("devices", DEVICES)
def test_likewise_with_what_is_in_the_hosts_memory(model: str, devices: int) -> None:
    from deepspeed.runtime.zero.stage3 import estimate_zero3_model_states_mem_needs as zero3_needs
    from deepspeed.runtime.zero.stage_1_and_2 import estimate_zero2_model_states_mem_needs as zero2_needs

    for data in ("zero1", "zero2"):
        found = step(model, data, devices, offload_optimizer=True)
        assert found.peak >= zero2_needs(found.trained, devices, cpu_offload=True)[1], data
    largest = _largest_layer(model)
    for parameters in (False, True):
        found = step(model, "zero3", devices, offload_optimizer=True, offload_parameters=parameters)
        least = zero3_needs(found.trained, largest, devices, cpu_offload=True, cpu_offload_params=parameters)[1]
        assert found.peak >= least, parameters


def _largest_layer(model: str) -> int:
    """Elements of the largest module that is gathered at once: the embedding, or a linear layer."""
    found = knowledge.find_model(model, ".")
    assert isinstance(found, Model)
    vocabulary, hidden = found.config["vocab_size"], found.config["hidden_size"]
    assert isinstance(vocabulary, int) and isinstance(hidden, int)
    return vocabulary * hidden


def test_a_step_of_zero_2_holds_two_bytes_and_twenty_of_its_share() -> None:
    for devices in DEVICES:
        found = step("llama-3.2-1b", "zero2", devices)
        states = found.phases["step"] - found.breakdown.get("communication", 0)
        assert states == pytest.approx((2 + 20 / devices) * found.trained, rel=0.02)


def test_a_step_of_zero_3_widens_the_gradients_of_one_sub_group_at_a_time() -> None:
    found = step("llama-3.1-70b", "zero3", 8)
    partition = found.trained // 8
    assert partition > SUB_GROUP
    assert found.phases["step"] == pytest.approx(16 * partition + 6 * SUB_GROUP, rel=0.02)


SPEC = """\
model: {{config: llama-3.2-1b, sequence_length: 1024}}
batch: {{effective: 8, per_device: 1}}
hardware: {{accelerator: a100-80gb, devices_per_node: 8}}
parallel: {{data: zero3, deepspeed: {{zero_optimization: {}}}}}
training: {{bf16: true}}
"""


@pytest.mark.parametrize(
    ("zero", "elements"),
    [
        ("{}", BUCKET),
        ("{reduce_bucket_size: 100000000}", 100_000_000),
        ("{reduce_bucket_size: 1.0e+8}", 100_000_000),
        ("{reduce_bucket_size: auto}", 0),
    ],
)
def test_the_buffer_of_gradients_has_the_size_that_deepspeed_gives_it(zero: str, elements: int) -> None:
    workload = plan(SPEC.format(zero)).memory.workload
    assert workload is not None and workload.bucket == elements
    least = 2 * (elements or workload.config["hidden_size"] ** 2)  # type: ignore[operator]
    found = simulated(workload)
    assert found is not None and found.breakdown["communication"] >= least


def test_zero_3_keeps_weights_that_it_needs_again_soon() -> None:
    config = "llama-3.2-1b"
    far, near = (step(config, "zero3", 8, reused=reused) for reused in (10**9, 0))
    assert far.breakdown["communication"] - near.breakdown["communication"] > 2**28


@pytest.mark.heavy
def test_deepspeeds_own_sizes_are_those_of_its_config() -> None:
    from deepspeed.runtime.zero.config import DeepSpeedZeroConfig

    own = DeepSpeedZeroConfig(stage=3)
    assert (own.reduce_bucket_size, own.max_reuse_distance) == (BUCKET, Workload({}, 1, 1).reused)
