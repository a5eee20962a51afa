"""The solver: the promise of the batch, steps as the Trainer counts them, an origin for every value,
and no failure whatever stands in a spec."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import plan, plans
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from configlint import rules
from configlint.core.arithmetic import nearest_reachable, reachable, split
from configlint.core.document import Entry, Mapping, Node, Scalar, Sequence
from configlint.core.plan import Batch, Plan, causes, with_numbers
from configlint.core.source import Source, Span
from configlint.core.values import flag, natural, positive, real, text, whole
from configlint.frontends import spec as spec_yaml
from configlint.knowledge.schemas import schema_text
from configlint.lint import lint
from configlint.session import Parsed, Session


def plan_of(**sections: object) -> Plan:
    return plan(json.dumps(sections))


def absent(**values: object) -> dict[str, object]:
    """Without the keys whose value is None."""
    return {key: value for key, value in values.items() if value is not None}


# The batch

small = st.integers(1, 12)
maybe_small = st.none() | small


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    """The sections of a spec of a size that brute force can follow."""
    per_device = draw(st.none() | small | st.builds(lambda most: {"max": most}, small))
    return {
        "batch": absent(
            effective=draw(st.none() | st.integers(1, 60)), per_device=per_device, accumulation=draw(maybe_small)
        ),
        "hardware": absent(
            devices_per_node=draw(st.integers(1, 8)),
            nodes=draw(st.integers(1, 3)),
            reserved=draw(st.integers(0, 3)),
        ),
        "parallel": absent(
            tensor=draw(st.sampled_from([None, 1, 2, 4])),
            context=draw(st.sampled_from([None, 1, 2])),
            sequence=draw(st.sampled_from([None, 1, 2])),
        ),
    }


def all_reachable(batch: Batch, replicas: int, limit: int) -> dict[int, set[int]]:
    """Every total up to a limit that can be trained, with the per-device batches that make it."""
    per_devices = [batch.pinned_per_device] if batch.pinned_per_device else range(1, limit + 1)
    accumulations = [batch.pinned_accumulation] if batch.pinned_accumulation else range(1, limit + 1)
    totals: dict[int, set[int]] = {}
    for per_device in per_devices:
        if batch.max_per_device is None or per_device <= batch.max_per_device:
            for accumulation in accumulations:
                totals.setdefault(per_device * accumulation * replicas, set()).add(per_device)
    return totals


@settings(max_examples=400, deadline=None)
@given(case=cases())
def test_what_is_trained_is_the_product_and_pins_and_bound_are_kept(case: dict[str, Any]) -> None:
    found = plan_of(**case)
    batch, replicas = found.batch, found.parallel.replicas
    given_per_device = case["batch"].get("per_device")
    if isinstance(given_per_device, int):
        assert batch.per_device == batch.pinned_per_device == given_per_device
    if "accumulation" in case["batch"]:
        assert batch.accumulation == batch.pinned_accumulation == case["batch"]["accumulation"]
    if "effective" in case["batch"]:
        assert batch.effective == case["batch"]["effective"]
    if batch.trained is None:
        return
    assert replicas is not None
    assert batch.per_device is not None
    assert batch.accumulation is not None
    assert batch.per_device >= 1
    assert batch.accumulation >= 1
    assert batch.per_device * batch.accumulation * replicas == batch.trained
    if isinstance(given_per_device, dict):
        assert batch.per_device <= given_per_device["max"]


@settings(max_examples=400, deadline=None)
@given(case=cases())
def test_the_nearest_that_can_be_reached_is_trained_and_of_two_the_smaller(case: dict[str, Any]) -> None:
    case["batch"].setdefault("effective", 24)
    found = plan_of(**case)
    batch, replicas = found.batch, found.parallel.replicas
    if replicas is None:
        return
    assert batch.effective is not None
    totals = all_reachable(batch, replicas, batch.effective + 1)
    assert batch.trained == min(totals, key=lambda total: (abs(total - case["batch"]["effective"]), total))
    if batch.effective in totals:
        assert batch.trained == batch.effective


@settings(max_examples=200, deadline=None)
@given(effective=st.integers(1, 200), replicas=small, most=maybe_small)
def test_without_pins_the_per_device_batch_is_the_largest_within_the_bound(
    effective: int, replicas: int, most: int | None
) -> None:
    batch = {"effective": effective, **({"per_device": {"max": most}} if most else {})}
    found = plan_of(batch=batch, hardware={"devices_per_node": replicas}).batch
    assert found.trained is not None
    per_devices = all_reachable(found, replicas, found.trained // replicas)[found.trained]
    assert found.per_device == (max(per_devices) if most else 1)


@settings(max_examples=200, deadline=None)
@given(share=st.integers(1, 3000), most=st.integers(1, 3000))
def test_the_largest_divisor_within_a_bound_is_that_of_brute_force(share: int, most: int) -> None:
    per_device, accumulation = split(Batch(max_per_device=most), share, 1)
    assert per_device == max(divisor for divisor in range(1, share + 1) if share % divisor == 0 and divisor <= most)
    assert per_device * accumulation == share


@pytest.mark.parametrize("share", [10**12, 999_999_999_989, 2**39, 10**12 - 1])
@pytest.mark.parametrize("most", [1, 4, 10**6, 10**6 + 1, 10**9, 10**12, 10**15])
def test_the_largest_divisor_of_large_numbers_is_found_at_once(share: int, most: int) -> None:
    per_device, accumulation = split(Batch(max_per_device=most), share, 1)
    assert per_device * accumulation == share
    assert per_device <= most


@settings(max_examples=300, deadline=None)
@given(
    target=st.integers(1, 200),
    replicas=small,
    per_device=maybe_small,
    accumulation=maybe_small,
    most=maybe_small,
)
def test_the_two_neighbours_are_the_nearest_on_either_side(
    target: int, replicas: int, per_device: int | None, accumulation: int | None, most: int | None
) -> None:
    batch = Batch(
        pinned_per_device=per_device,
        pinned_accumulation=accumulation,
        max_per_device=None if per_device else most,
    )
    assume(not (per_device and accumulation))
    totals = all_reachable(batch, replicas, target + 1)
    below, above = reachable(batch, target, replicas)
    assert below == max((total for total in totals if total <= target), default=min(totals))
    assert above == min((total for total in totals if total >= target), default=None)
    assert nearest_reachable(batch, target, replicas) in (below, above)


@pytest.mark.parametrize(
    ("batch", "replicas", "expected"),
    [
        ({"effective": 64}, 8, (1, 8, 64)),
        ({"effective": 64, "per_device": {"max": 4}}, 8, (4, 2, 64)),
        ({"effective": 64, "per_device": {"max": 100}}, 8, (8, 1, 64)),
        ({"effective": 72, "per_device": {"max": 8}}, 8, (3, 3, 72)),
        ({"effective": 72, "per_device": {"max": 2}}, 8, (1, 9, 72)),
        ({"effective": 64, "per_device": 4}, 8, (4, 2, 64)),
        ({"effective": 64, "accumulation": 4}, 8, (2, 4, 64)),
        ({"effective": 64, "per_device": 4, "accumulation": 4}, 8, (4, 4, 128)),
        ({"per_device": 4, "accumulation": 2}, 8, (4, 2, 64)),
        ({"effective": 100}, 8, (1, 12, 96)),  # a tie between 96 and 104
        ({"effective": 101}, 8, (1, 13, 104)),
        ({"effective": 4}, 8, (1, 1, 8)),
        ({"effective": 64, "per_device": 3}, 8, (3, 3, 72)),
        ({"effective": 1000, "per_device": {"max": 2}, "accumulation": 4}, 8, (2, 4, 64)),
        ({"effective": 64}, 7, (1, 9, 63)),
    ],
)
def test_the_factors_of_known_batches(
    batch: dict[str, object], replicas: int, expected: tuple[int, int, int]
) -> None:
    found = plan_of(batch=batch, hardware={"devices_per_node": replicas}).batch
    assert (found.per_device, found.accumulation, found.trained) == expected


def test_both_factors_make_the_effective_batch_where_none_is_given() -> None:
    found = plan_of(batch={"per_device": 4, "accumulation": 2}, hardware={"devices_per_node": 8})
    assert found.batch.effective == found.batch.trained == 64
    assert found.origins["batch.effective"].how == "derived"


@pytest.mark.parametrize("batch", [{}, {"per_device": 4}, {"accumulation": 4}, {"per_device": {"max": 4}}])
def test_without_a_total_or_both_factors_nothing_is_trained(batch: dict[str, object]) -> None:
    found = plan_of(batch=batch, hardware={"devices_per_node": 8}).batch
    assert (found.effective, found.trained) == (None, None)


@pytest.mark.parametrize(
    ("tokens", "length", "effective"),
    [(524288, 4096, 128), (4096, 4096, 1), (500000, 4096, 122), (100, 4096, 1), (524288, None, None)],
)
def test_a_batch_in_tokens_is_counted_in_sequences(tokens: int, length: int | None, effective: int | None) -> None:
    found = plan_of(
        batch={"effective_tokens": tokens},
        model=absent(sequence_length=length),
        hardware={"devices_per_node": 1},
    )
    assert found.batch.effective == found.batch.trained == effective
    assert ("batch.effective" in found.origins) == (effective is not None)


def test_of_samples_and_tokens_the_samples_win() -> None:
    found = plan_of(batch={"effective": 8, "effective_tokens": 4096}, model={"sequence_length": 64})
    assert found.batch.effective == 8
    assert found.origins["batch.effective"].how == "given"


def test_a_wrong_total_is_not_made_up_for_by_the_factors() -> None:
    for batch in ({"effective": "x"}, {"effective_tokens": "x"}, {"effective": 0}):
        found = plan_of(batch={**batch, "per_device": 4, "accumulation": 2}, hardware={"devices_per_node": 2}).batch
        assert (found.effective, found.trained) == (None, 16)


# Devices


@pytest.mark.parametrize(
    ("hardware", "parallel", "world", "replicas"),
    [
        ({"devices_per_node": 8}, {}, 8, 8),
        ({"devices_per_node": 8, "nodes": 4}, {}, 32, 32),
        ({"devices_per_node": 8, "reserved": 1}, {}, 7, 7),
        ({"devices_per_node": 8, "nodes": 2, "reserved": 8}, {"tensor": 2}, 8, 4),
        ({"devices_per_node": 8, "nodes": 2}, {"tensor": 2, "context": 2, "sequence": 2}, 16, 2),
        ({"devices_per_node": 8}, {"tensor": 3}, 8, None),
        ({"devices_per_node": 8}, {"tensor": 16}, 8, None),
        ({"devices_per_node": 8, "reserved": 8}, {}, None, None),
        ({"devices_per_node": 8, "reserved": 9}, {}, None, None),
        ({"devices_per_node": 8, "reserved": -1}, {}, None, None),
        ({"nodes": 2}, {}, None, None),
        ({"devices_per_node": 0}, {}, None, None),
        ({"devices_per_node": 2.0}, {}, 2, 2),
        ({"devices_per_node": 2.5}, {}, None, None),
        ({"devices_per_node": True}, {}, None, None),
        ({"devices_per_node": "8"}, {}, None, None),
        ({"devices_per_node": 8}, {"tensor": "x"}, 8, None),
        ({"devices_per_node": 8, "nodes": "x"}, {}, None, None),
    ],
)
def test_world_and_replicas(
    hardware: dict[str, object], parallel: dict[str, object], world: int | None, replicas: int | None
) -> None:
    found = plan_of(hardware=hardware, parallel=parallel)
    assert (found.parallel.world, found.parallel.replicas) == (world, replicas)


@pytest.mark.parametrize(
    ("name", "devices"), [("p5.48xlarge", 8), ("g5.xlarge", 1), ("A2-MegaGPU-16g", 16), ("ND96asr_v4", 8)]
)
def test_a_clouds_machine_has_its_devices_unless_fewer_are_given(name: str, devices: int) -> None:
    found = plan_of(hardware={"accelerator": name})
    assert (found.hardware.devices_per_node, found.parallel.world) == (devices, devices)
    assert found.origins["hardware.devices_per_node"].how == "default"
    few = plan_of(hardware={"accelerator": name, "devices_per_node": 1, "nodes": 2})
    assert (few.hardware.devices_per_node, few.parallel.world) == (1, 2)
    assert few.origins["hardware.devices_per_node"].how == "given"


@pytest.mark.parametrize(
    ("name", "profile"),
    [("NVIDIA H100 80GB HBM3", "h100-80gb"), ("p5.48xlarge", "h100-80gb"), ("Tesla T4", "t4"), ("CPU", "cpu")],
)
def test_a_plan_by_another_name_is_that_of_the_profile(name: str, profile: str) -> None:
    hardware, expected = (
        plan_of(hardware={"accelerator": each, "devices_per_node": 1}).hardware for each in (name, profile)
    )
    assert hardware._replace(instance=None) == expected
    assert hardware.accelerator_name == profile


def test_a_machine_described_in_the_spec_is_no_clouds_machine() -> None:
    found = plan_of(hardware={"accelerator": {"name": "p5.48xlarge", "memory": 11}}).hardware
    assert (found.instance, found.devices_per_node) == (None, None)
    assert found.accelerator is not None
    assert found.accelerator.memory_gib == 11


def test_sharding_changes_no_replicas() -> None:
    for data in ("ddp", "fsdp", "zero1", "zero2", "zero3"):
        assert plan_of(hardware={"devices_per_node": 8}, parallel={"data": data, "shard": 4}).parallel.replicas == 8


# Steps: facts/rules.md, section 4; transformers 5.23 trainer.py, set_initial_training_values


def scheduled(
    training: dict[str, object],
    examples: int,
    per_device: int,
    accumulation: int,
    replicas: int = 1,
    **more: object,
) -> tuple[int | None, int | None, int | None]:
    """(batches an epoch, steps per epoch, steps in all)."""
    schedule = plan_of(
        **more,
        batch={"per_device": per_device, "accumulation": accumulation},
        hardware={"devices_per_node": replicas},
        data={"train_examples": examples},
        training=training,
    ).schedule
    return schedule.batches_per_epoch, schedule.steps_per_epoch, schedule.total_steps


@pytest.mark.parametrize(
    ("run", "training", "expected"),
    [
        ((100, 8, 4), {}, (13, 4, 12)),
        ((100, 8, 64), {}, (13, 1, 3)),
        ((100, 8, 13), {}, (13, 1, 3)),
        ((100, 8, 12), {}, (13, 2, 6)),
        ((100, 8, 4), {"num_train_epochs": 1}, (13, 4, 4)),
        ((100, 8, 4), {"num_train_epochs": 1.5}, (13, 4, 6)),
        ((100, 8, 4), {"num_train_epochs": 1.3}, (13, 4, 6)),
        ((100, 8, 4), {"num_train_epochs": 0.1}, (13, 4, 1)),
        ((100, 8, 64), {"num_train_epochs": 2.5}, (13, 1, 3)),
        ((100, 8, 4), {"max_steps": 7}, (13, 4, 7)),
        ((100, 8, 4), {"max_steps": 7, "num_train_epochs": 9}, (13, 4, 7)),
        ((100, 8, 4), {"max_steps": -1, "num_train_epochs": 2}, (13, 4, 8)),
        ((100, 8, 4), {"max_steps": 0, "num_train_epochs": 2}, (13, 4, 1)),  # neither: one step runs
        ((100, 8, 4), {"dataloader_drop_last": True}, (12, 3, 9)),
        ((104, 8, 4), {"dataloader_drop_last": True}, (13, 4, 12)),
        ((100, 8, 4, 2), {}, (7, 2, 6)),
        ((100, 8, 4, 2), {"dataloader_drop_last": True}, (6, 2, 6)),
        ((104, 8, 4, 2), {"dataloader_drop_last": True}, (6, 2, 6)),
        ((7, 8, 1), {"dataloader_drop_last": True}, (0, 1, 3)),
        ((1, 8, 4, 4), {}, (1, 1, 3)),
        ((51760, 4, 2, 8), {}, (1618, 809, 2427)),
        # What cannot be known stays unknown.
        ((100, 8, 4), {"num_train_epochs": "x"}, (13, 4, None)),
        ((100, 8, 4), {"num_train_epochs": -1}, (13, 4, None)),
        ((100, 8, 4), {"max_steps": "x"}, (13, 4, None)),
        ((100, 8, 4), {"max_steps": 2.5}, (13, 4, None)),
        ((100, 8, 4), {"dataloader_drop_last": "yes"}, (None, None, None)),
        ((100, 8, 4), {"dataloader_drop_last": "yes", "max_steps": 5}, (None, None, 5)),
    ],
)
def test_steps_are_counted_as_the_trainer_counts_them(
    run: tuple[int, ...], training: dict[str, object], expected: tuple[int | None, ...]
) -> None:
    assert scheduled(training, *run) == expected


@settings(max_examples=200, deadline=None)
@given(
    examples=st.integers(1, 300),
    per_device=small,
    accumulation=small,
    replicas=st.integers(1, 5),
    drop=st.booleans(),
    epochs=st.sampled_from([1, 2, 0.5, 1.5, 0.3]),
)
def test_steps_are_those_of_the_trainers_own_lines(
    examples: int, per_device: int, accumulation: int, replicas: int, drop: bool, epochs: float
) -> None:
    """Whole batches of the data set are dealt to the ranks, as accelerate's BatchSamplerShard does."""
    batches = examples // per_device if drop else math.ceil(examples / per_device)
    length = batches // replicas if drop else math.ceil(batches / replicas)
    steps = max(length // accumulation + int(length % accumulation > 0), 1)
    training: dict[str, object] = {"dataloader_drop_last": drop, "num_train_epochs": epochs}
    found = scheduled(training, examples, per_device, accumulation, replicas)
    assert found == (length, steps, math.ceil(epochs * steps))


@pytest.mark.parametrize(
    ("transformers", "examples", "training", "expected"),
    [
        # What the releases' own Trainer counted: batches an epoch, steps per epoch, steps in all.
        ("4.46", 100, {}, (13, 3, 9)),
        ("4.51", 100, {}, (13, 3, 9)),
        ("4.52", 100, {}, (13, 4, 12)),
        ("4.51", 100, {"num_train_epochs": 1}, (13, 3, 3)),
        ("4.51", 24, {"num_train_epochs": 4}, (3, 1, 4)),
        ("4.51", 100, {"max_steps": 7}, (13, 3, 7)),
        ("4.51", 100, {"dataloader_drop_last": True}, (12, 3, 9)),
        ("4.51", 128, {}, (16, 4, 12)),
    ],
)
def test_before_4_52_batches_that_are_left_over_make_no_step_that_is_counted(
    transformers: str, examples: int, training: dict[str, object], expected: tuple[int, ...]
) -> None:
    assert scheduled(training, examples, 8, 4, transformers=transformers) == expected


@pytest.mark.parametrize(
    ("ranks", "examples", "training", "expected"),
    [
        # As counted in real trainings at 2 x 4, of which benchmarks/launch/samples.md has most.
        (1, 16, {}, None),
        (1, 15, {}, 7),
        (1, 15, {"dataloader_drop_last": True}, 6),
        (2, 40, {}, 8),
        (2, 45, {}, None),
        (2, 45, {"accelerator_config": {"even_batches": False}}, 13),
        (2, 45, {"accelerator_config": {"dispatch_batches": True}}, 14),
        (2, 45, {"dataloader_drop_last": True}, 12),
        (2, 45, {"dataloader_drop_last": True, "accelerator_config": {"even_batches": False}}, 12),
        (2, 34, {}, 4),
        # A run that ends before.
        (2, 40, {"max_steps": 2}, None),
        (2, 40, {"max_steps": 3}, 8),
    ],
)
def test_the_last_step_of_an_epoch_trains_what_is_left_over(
    ranks: int, examples: int, training: dict[str, object], expected: int | None
) -> None:
    assert left_over(ranks, {"train_examples": examples}, training) == expected


@pytest.mark.parametrize(
    ("examples", "dispatch", "steps", "expected"),
    [
        (45, {}, 4, 14),
        (45, {"dispatch_batches": True}, 4, 14),
        (45, {"dispatch_batches": False}, 4, None),
        (45, {}, 2, None),
        (42, {}, 4, None),  # the next pass goes on with the step: data/short-stream
        (48, {}, 4, None),
    ],
)
def test_the_last_step_of_a_pass_over_a_stream_trains_what_is_left_over(
    examples: int, dispatch: dict[str, object], steps: int, expected: int | None
) -> None:
    training = {"max_steps": steps, "accelerator_config": dispatch}
    assert left_over(2, {"train_examples": examples, "streaming": True}, training) == expected


def left_over(ranks: int, data: dict[str, object], training: dict[str, object]) -> int | None:
    found = plan_of(
        batch={"per_device": 2, "accumulation": 4},
        hardware={"devices_per_node": ranks},
        data=data,
        training=training,
    )
    return found.schedule.last_step_samples


def test_a_batch_that_is_split_over_the_replicas_is_counted_once() -> None:
    config = {"accelerator_config": {"split_batches": True}}
    assert scheduled(config, 64, 8, 2, 2) == (8, 4, 12)
    assert scheduled({"split_batches": True}, 64, 8, 2, 2, transformers="4.49") == (8, 4, 12)
    assert scheduled(config, 60, 8, 2, 2) == (8, 4, 12)
    assert scheduled({**config, "dataloader_drop_last": True}, 60, 8, 2, 2) == (7, 4, 12)


@pytest.mark.parametrize(
    ("training", "expected"),
    [
        ({}, None),
        ({"warmup_steps": 100}, 100),
        ({"warmup_steps": 1}, 1),
        ({"warmup_steps": 1.0}, 1),
        ({"warmup_steps": 2.7}, 2),
        ({"warmup_steps": 0.03}, 4),  # ceil(120 x 0.03)
        ({"warmup_steps": 0.5}, 60),
        ({"warmup_steps": 0}, 0),
        ({"warmup_ratio": 0.1}, 12),
        ({"warmup_ratio": 0.03}, 4),
        ({"warmup_ratio": 1}, 1),  # what took its place in 5.0 is a number of steps from 1 on
        ({"warmup_steps": 10, "max_steps": 5}, 10),
        ({"warmup_steps": 0.1, "max_steps": 50}, 5),
        ({"warmup_steps": -1}, None),
        ({"warmup_ratio": -0.1}, None),
        ({"warmup_steps": "many"}, None),
    ],
)
def test_warmup_is_a_number_of_steps_or_below_one_a_share_of_the_run(
    training: dict[str, object], expected: int | None
) -> None:
    schedule = plan_of(
        batch={"effective": 32},
        hardware={"devices_per_node": 1},
        data={"train_examples": 1280},
        training=training,
    ).schedule
    assert schedule.warmup_steps == expected


@pytest.mark.parametrize(
    ("training", "expected"),
    [
        ({"warmup_ratio": 1}, 120),
        ({"warmup_steps": 5, "warmup_ratio": 0.5}, 5),
        ({"warmup_steps": 0, "warmup_ratio": 0.5}, 60),
        ({"warmup_steps": 0.1}, 0),
    ],
)
def test_before_5_0_warmup_steps_are_no_share_and_win_over_the_ratio(
    training: dict[str, object], expected: int
) -> None:
    found = plan_of(
        transformers="4.57",
        batch={"effective": 32},
        hardware={"devices_per_node": 1},
        data={"train_examples": 1280},
        training=training,
    )
    assert found.schedule.warmup_steps == expected


def test_a_share_of_an_unknown_run_is_unknown_and_a_number_of_steps_is_not() -> None:
    assert plan_of(training={"warmup_steps": 0.1}).schedule.warmup_steps is None
    assert plan_of(training={"warmup_ratio": 0.1}).schedule.warmup_steps is None
    assert plan_of(training={"warmup_steps": 10}).schedule.warmup_steps == 10


def test_the_batch_that_is_trained_decides_the_steps_not_the_one_that_was_asked_for() -> None:
    found = plan_of(
        batch={"effective": 100, "per_device": {"max": 4}},
        hardware={"devices_per_node": 8},
        data={"train_examples": 960},
        training={"num_train_epochs": 1},
    )
    assert found.batch.trained == 96
    assert found.schedule.total_steps == 10


# Origins

_PATHS = {
    "parallel.world": "world",
    "parallel.replicas": "replicas",
    "parallel.copies": "copies",
    "batch.pinned_per_device": "batch.per_device",
    "batch.pinned_accumulation": "batch.accumulation",
    "batch.max_per_device": "batch.per_device.max",
    "schedule.epochs": "training.num_train_epochs",
    "schedule.max_steps": "training.max_steps",
    **{f"intervals.{kind}_{what}": f"training.{kind}_{what}" for kind in ("logging", "eval", "save")
       for what in ("strategy", "steps")},
    **{f"precision.{name}": f"training.{name}" for name in ("bf16", "fp16", "tf32")},
}  # fmt: skip
_SECTIONS = ("batch", "parallel", "data", "schedule", "intervals", "precision")
_HARDWARE = ("devices_per_node", "nodes", "reserved", "headroom")


def numbers(found: Plan) -> Iterator[tuple[str, object]]:
    """The values of a plan with the paths that they are known by."""
    for section in _SECTIONS:
        for name, value in getattr(found, section)._asdict().items():
            path = f"{section}.{name}"
            yield _PATHS.get(path, path), value
    for name in _HARDWARE:
        yield f"hardware.{name}", getattr(found.hardware, name)


def holds_origins(found: Plan) -> None:
    for path, value in numbers(found):
        if value is not None:
            if path == "training.eval_strategy" and path not in found.origins:
                path = "training.evaluation_strategy"
            assert path in found.origins, f"{path} = {value} has no origin"
            assert found.origins[path].value == value, path
    for path, origin in found.origins.items():
        assert origin.how in ("given", "default", "derived")
        assert (origin.setting is not None) == (origin.how == "given"), path
        assert bool(origin.why) == (origin.how != "given"), path
        assert bool(origin.inputs) <= (origin.how == "derived"), path
        for name in origin.inputs:
            assert name in found.origins, f"{path} is derived from {name}, which has no origin"
        causes(found, path)
        with_numbers(found, origin)


# What a formula says in words, or rounds without saying so.
_IN_WORDS = (
    "largest",
    "nearest",
    "1 where",
    "1, ",
    "effective_tokens /",
    "logging_steps",
    "warmup_steps",
)


def holds_formulas(found: Plan) -> None:
    """Every formula gives the value, reckoned over the values that it names."""
    for path, origin in found.origins.items():
        if origin.how != "derived" or origin.why.startswith(_IN_WORDS):
            continue
        names = {name.rpartition(".")[2]: found.origins[name].value for name in origin.inputs}
        used = set(re.findall(r"[a-z_]{2,}", origin.why)) - {"ceil", "floor", "max", "mod"}
        assert used == names.keys(), path
        formula = origin.why.replace(" x ", " * ").replace(" mod ", " % ")
        reckoned = eval(formula, {"ceil": math.ceil, "floor": math.floor, "max": max}, names)
        assert reckoned == origin.value, f"{path} = {origin.value}, and {origin.why} is {reckoned}"


@settings(max_examples=200, deadline=None)
@given(
    case=cases(),
    examples=st.none() | st.integers(1, 1000),
    training=st.fixed_dictionaries(
        {},
        optional={
            "num_train_epochs": st.sampled_from([1, 1.5]),
            "max_steps": st.sampled_from([-1, 0, 10]),
            "dataloader_drop_last": st.booleans(),
            "accelerator_config": st.fixed_dictionaries(
                {},
                optional={name: st.booleans() for name in ("even_batches", "dispatch_batches", "split_batches")},
            ),
            "warmup_steps": st.sampled_from([0, 0.1, 5]),
            "warmup_ratio": st.sampled_from([0, 0.1]),
            "eval_strategy": st.sampled_from(["no", "steps"]),
            "evaluation_strategy": st.sampled_from(["no", "steps"]),
            "eval_steps": st.sampled_from([0, 10]),
        },
    ),
)
@example(
    case={"batch": {"effective": 2}, "hardware": {"devices_per_node": 2}},
    examples=1,
    training={"dataloader_drop_last": True},
)
def test_every_value_has_an_origin_and_its_formula_gives_it(
    case: dict[str, Any], examples: int | None, training: dict[str, object]
) -> None:
    found = plan_of(**case, data=absent(train_examples=examples), training=training)
    holds_origins(found)
    holds_formulas(found)


def test_what_was_given_points_at_its_line_and_what_was_derived_goes_back_to_lines() -> None:
    found = plan("batch: {effective: 64}\nhardware:\n  devices_per_node: 4\n  nodes: 2\n")
    assert [setting.span.line for setting in causes(found, "batch.accumulation")] == [1, 4, 3]
    origin = found.origins["replicas"]
    assert (origin.why, with_numbers(found, origin)) == (
        "world / (tensor x context x sequence)",
        "8 / (1 x 1 x 1)",
    )
    assert found.origins["parallel.tensor"].how == "default"


# Values

NUMBERS: list[object] = [
    0,
    1,
    -1,
    2,
    2.0,
    0.5,
    -2.0,
    10**12,
    10**12 + 1,
    10**30,
    1e12,
    1e300,
    math.inf,
    -math.inf,
    math.nan,
]
OTHERS: list[object] = [None, True, False, "", "x", "5", [], [1], {}, {"a": 1}, (1,), b"x"]


@pytest.mark.parametrize("value", NUMBERS + OTHERS, ids=repr)
def test_a_value_is_what_is_asked_for_or_none(value: object) -> None:
    for accept, kind in ((whole, int), (positive, int), (natural, int), (text, str), (flag, bool)):
        accepted = accept(value)
        assert accepted is None or (type(accepted) is kind and accepted == value)
    number = real(value)
    assert number is None or (not isinstance(value, bool) and number == value and math.isfinite(number))
    assert (positive(value) or 1) > 0
    assert (natural(value) or 0) >= 0


# Nothing makes it fail


def node_of(value: object) -> Node:
    """A value as a document."""
    span = Span(Source("train.yaml", "one line"), 1, 1, 1, 5)
    if isinstance(value, dict):
        entries = {name: Entry(Scalar(name, name, False, span), node_of(inner)) for name, inner in value.items()}
        return Mapping(entries, span)
    if isinstance(value, list):
        return Sequence(tuple(map(node_of, value)), span)
    return Scalar(value, str(value), isinstance(value, str), span)


def holds_up(document: object) -> None:
    """Loads a document, solves its plans and judges them by all rules that apply."""
    node = node_of(document)
    assert isinstance(node, Mapping)
    loaded = Session().load(Parsed(node.span.source, node, []), spec_yaml)
    for found in loaded.plans:
        holds_origins(found)
        diagnostics, crashes = lint(found, rules.for_plan(found))
        if crashes:
            raise crashes[0]
        for diagnostic in diagnostics:
            sentence = f"{diagnostic.message} {diagnostic.help or ''}"
            assert not re.search(r"\bNone\b|(?<!\.)\bnan\b", sentence), sentence


WORDS = """
    x 5 no steps epoch best cpu t4 h100-80gb mi300x llama-3.1-8b a/b fsdp zero3 ddp accelerate torchrun SFTTrainer
    5.23 4.40 auto SHARDED_STATE_DICT .
"""
words = st.sampled_from([*WORDS.split(), "", "\0", "é\n"])
counts = st.integers(1, 64) | st.sampled_from(
    [0, -1, -64, 7, 96, 2.0, 2.5, 10**9, 10**12, 10**12 + 1, 10**40, -(10**40)]
)
floats = st.sampled_from([0.0, 0.1, 1.0, -0.5, 1e300, 1e-300, math.inf, -math.inf, math.nan])
leaves = counts | floats | words | st.booleans() | st.none()
names = st.sampled_from(
    ["a", "max", "name", "memory", "value", "split_batches", "num_steps", "enabled", "", "a.b", "stage"]
)
junk = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3), max_leaves=6
)

FIELDS = """
    accelerator_config auto_find_batch_size bf16 dataloader_drop_last deepspeed eval_steps eval_strategy
    evaluation_strategy fp16 fsdp fsdp_config gradient_accumulation_steps greater_is_better learning_rate
    load_best_model_at_end logging_steps logging_strategy lr_scheduler_type max_grad_norm max_steps
    metric_for_best_model no_cuda num_train_epochs optim output_dir per_device_train_batch_size save_only_model
    save_steps save_strategy seed tf32 use_cpu warmup_ratio warmup_steps
"""
# Facts that TRL's own scripts take as arguments.
TOLD = """
    attn_implementation datasets dataset_streaming dtype load_in_4bit load_in_8bit lora_alpha lora_dropout
    lora_modules_to_save lora_r lora_target_modules lora_task_type max_length model_init_kwargs model_name_or_path
    packing streaming torch_dtype use_dora use_peft
"""
SCHEMA: dict[str, Any] = json.loads(schema_text())["definitions"]


def sometimes(keys: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=keys)


def usual_value(field: str) -> st.SearchStrategy[Any]:
    if field.endswith("strategy"):
        return st.sampled_from(["no", "steps", "epoch", "best"])
    return st.integers(0, 500) | floats if field.endswith(("steps", "ratio", "epochs")) else st.booleans()


def section(name: str) -> st.SearchStrategy[Any]:
    """A section: mostly of its keys, with whatever as values; or whatever itself."""
    if name in ("training", "arguments"):
        keys = {field: usual_value(field) | junk for field in FIELDS.split()}
        keys |= dict.fromkeys(TOLD.split(), leaves | junk)
    else:
        keys = dict.fromkeys(SCHEMA[name].get("properties", ()), leaves | junk)
    if name == "batch":
        keys = {"effective": counts | junk, "effective_tokens": counts, "accumulation": counts,
                "per_device": counts | st.builds(lambda most: {"max": most}, counts) | junk}  # fmt: skip
    if name == "hardware":
        inline = sometimes(
            {**dict.fromkeys(SCHEMA[name]["properties"]["accelerator"]["properties"], leaves | junk)}
        )
        keys |= {"accelerator": words | inline, "devices_per_node": counts, "nodes": counts, "reserved": counts}
    if name == "parallel":
        keys |= dict.fromkeys(("tensor", "context", "sequence", "shard"), counts)
    if name == "launch":
        keys |= {"env": st.dictionaries(names, junk, max_size=3)}
    return sometimes(keys) if name not in ("transformers", "trl", "trainer") else leaves | junk


SECTIONS = [name for name in SCHEMA if name != "target"]
USUAL: dict[str, Any] = {
    "batch": {"effective": 64},
    "hardware": {"accelerator": "a100-80gb", "devices_per_node": 8},
    "data": {"train_examples": 1000},
    "targets": {"other": {"hardware": {"nodes": 2}}},
}
overlays = sometimes({name: section(name) for name in SECTIONS})


def over_usual(document: dict[str, Any]) -> dict[str, Any]:
    """Keys in the sections of a usual spec, so that not all is nonsense at once."""
    merged = {**USUAL, **document}
    for name, own in document.items():
        if isinstance(own, dict) and name in USUAL:
            merged[name] = {**USUAL[name], **own}
    return merged


documents = st.builds(
    lambda document, targets: over_usual({**document, "targets": targets}),
    overlays,
    st.dictionaries(st.sampled_from(["other", "a b", ""]), overlays | leaves, max_size=2),
)


@settings(max_examples=300, deadline=None)
@given(document=documents)
@example(
    document={"batch": {"effective": 10**12, "per_device": {"max": 10**9}}, "hardware": {"devices_per_node": 7}}
)
@example(
    document={
        "batch": {"effective": 8},
        "hardware": {},
        "batch.effective": 9,
        "hardware.accelerator": {"name": "x"},
    }
)
@example(document={"batch": 5, "hardware": [], "targets": {"a": 5}})
@example(document={"batch": {"effective": 8}, "parallel": {"deepspeed": {"a": 1, "a.b": 2}, "data": "zero3"}})
def test_no_values_make_the_solver_or_a_rule_fail(document: dict[str, Any]) -> None:
    holds_up(document)


@settings(max_examples=200, deadline=None)
@given(document=overlays, trl=st.sampled_from(["0.12", "0.15", "0.23", "1.7", "1.16"]))
def test_no_values_make_trls_own_script_fail(document: dict[str, Any], trl: str) -> None:
    launched = {"trl": trl, "trainer": "SFTTrainer", "launch": {"module": "trl.scripts.sft"}}
    holds_up(over_usual({**document, **launched}))


@settings(max_examples=100, deadline=None)
@given(document=st.dictionaries(st.sampled_from([*SECTIONS, "targets", "configlint", ""]), junk, max_size=5))
def test_no_sections_make_the_solver_or_a_rule_fail(document: dict[str, Any]) -> None:
    holds_up({"batch": {"effective": 8}, **document})


@pytest.mark.parametrize(
    "value", [*NUMBERS, *OTHERS[:-2], "9" * 5000, -(10**4000)], ids=lambda value: repr(value)[:20]
)
def test_a_value_of_any_type_at_any_path_is_survived(value: object) -> None:
    launched = {"trainer": "SFTTrainer", "launch": {"module": "trl.scripts.sft"}}
    for name in ("model", "tuning", "data"):
        for key in SCHEMA[name]["properties"]:
            holds_up({**USUAL, **launched, name: {key: value}})
            holds_up({**USUAL, **launched, name: {key: value}, "arguments": dict.fromkeys(TOLD.split(), value)})
    for name in SECTIONS:
        holds_up({**USUAL, name: value})
        keys = FIELDS.split() if name in ("training", "arguments") else SCHEMA[name].get("properties", ())
        for key in keys:
            inside = USUAL.get(name, {})
            holds_up({**USUAL, name: {**inside, key: value}})


def test_a_plan_is_the_same_whenever_it_is_made() -> None:
    spec = "batch: {effective: 64}\nhardware: {accelerator: t4, devices_per_node: 8}\ntargets: {a: {trl: '1.16'}}\n"
    assert len(plans(spec)) == 2
    assert plans(spec) == plans(spec)
