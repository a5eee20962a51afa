"""`fit`: what fits, what takes the memory, and what would leave more room."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import plan
from program import ERROR, run, write

import configlint.memory.trace
from configlint import knowledge
from configlint.commands.fit import answer
from configlint.core.plan import Plan
from configlint.core.profile import Accelerator
from configlint.core.remedy import Put
from configlint.core.workload import CATEGORIES, PHASES, Estimate, Workload
from configlint.core.writing import written
from configlint.memory import options
from configlint.memory.closed_form import liger
from configlint.memory.options import Fit, Way, base_workload, changes, entries, ways
from configlint.reporters import fit_report
from configlint.session import Session, load_one

GIB = 2**30
# Fits, with something to gain.
FITS = """\
batch: {effective: 32}
hardware: {accelerator: rtx-4090, devices_per_node: 1}
model: {config: llama-3.2-1b, sequence_length: 1024}
tuning: {method: lora, rank: 16, target_modules: all-linear}
training: {bf16: true}
launch: {script: train.py}
"""
# All weights of a model that is larger than the device.
TOO_LARGE = FITS.replace("3.2-1b", "3.1-8b").replace("tuning: {method: lora, rank: 16", "tuning: {method: full")
TARGETS = """\
batch: {effective: 64}
model: {config: llama-3.2-1b, sequence_length: 1024}
training: {bf16: true}
launch: {script: train.py}
targets:
  laptop: {hardware: {accelerator: rtx-4090, devices_per_node: 1}}
  node: {hardware: {accelerator: a100-80gb, devices_per_node: 8}, parallel: {data: zero2}}
  processor: {hardware: {accelerator: cpu, devices_per_node: 2}}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write("fits.yaml", FITS)
    write("large.yaml", TOO_LARGE)
    write("targets.yaml", TARGETS)


def entry(way: Way) -> str:
    return " and ".join(entries(way))


def targets(*arguments: str) -> list[dict[str, Any]]:
    """What the JSON has of each plan."""
    document = json.loads(run("fit", *arguments, "--output-format", "json").out)
    assert list(document) == ["version", "targets"]
    assert document["version"] == 1
    found: list[dict[str, Any]] = document["targets"]
    return found


def linear(per_sample: int = GIB) -> Callable[[Workload], Estimate]:
    """A closed form in which all that counts is the number of samples, and half of it with checkpointing."""

    def ask(workload: Workload) -> Estimate:
        size = per_sample * workload.batch // (2 if workload.checkpointing else 1)
        return Estimate(size, size, size, "backward", {"activations": size}, dict.fromkeys(PHASES, size))

    return ask


def room_for(samples: int, text: str = FITS) -> Plan:
    """A plan with room for so many samples."""
    made = plan(text)
    memory = made.memory._replace(capacity=samples * GIB, budget=samples * GIB, ask=linear())
    return made._replace(memory=memory)


# The answer


def test_the_json_has_these_keys() -> None:
    (found,) = targets("fits.yaml")
    assert {
        "target", "per_device", "accumulation", "capacity_bytes", "peak_bytes", "allocated_bytes", "phase",
        "breakdown", "method", "options",
    } <= found.keys()  # fmt: skip
    assert found["target"] is None
    assert found["capacity_bytes"] == pytest.approx(24 * GIB, rel=0.01)
    assert found["method"] == "closed-form"
    assert found["phase"] in PHASES
    assert tuple(found["breakdown"]) == CATEGORIES
    assert found["allocated_bytes"] <= found["peak_bytes"]["low"] <= found["peak_bytes"]["high"]
    assert sum(found["breakdown"].values()) == pytest.approx(found["peak_bytes"]["low"], rel=1e-3)
    assert 0 < found["slack_bytes"] <= found["peak_bytes"]["high"] - found["peak_bytes"]["low"]
    assert found["fits"] is True
    assert found["unknown"] == []
    for option in found["options"]:
        assert set(option) == {"change", "per_device", "accumulation", "peak_bytes", "allocated_bytes"}


def test_each_batch_makes_the_effective_one() -> None:
    for name in ("fits.yaml", "large.yaml", "targets.yaml"):
        for found in targets(name):
            for each in [found, *found["options"]]:
                if each["per_device"]:
                    product = each["per_device"] * each["accumulation"] * found["replicas"]
                    assert product == found["effective"]


def test_what_fits_is_the_largest_and_exit_code_0() -> None:
    (found,) = targets("fits.yaml")
    assert found["per_device"] == found["largest_per_device"] > 1
    assert found["peak_bytes"]["high"] <= found["budget_bytes"] < found["capacity_bytes"]
    (twice,) = targets("fits.yaml", "--per-device", str(2 * found["per_device"]))
    assert twice["peak_bytes"]["high"] > found["budget_bytes"]
    assert twice["fits"] is False
    assert run("fit", "fits.yaml").code == 0


def test_what_does_not_fit_is_1_with_ways_out() -> None:
    result = run("fit", "large.yaml")
    assert result.code == 1
    assert result.out.startswith("rtx-4090: 24.0 GiB (21.6 usable)")
    assert "per_device 1 x accumulation 32 = 32 does not fit; peak " in result.out
    assert "\nto make it fit  " in result.out
    (found,) = targets("large.yaml")
    assert (found["fits"], found["largest_per_device"], found["per_device"]) == (False, 0, 1)
    changes = [option["change"] for option in found["options"]]
    assert any("tuning: {method: qlora, rank: 16, target_modules: all-linear}" in change for change in changes)
    assert any(change.startswith("hardware.accelerator: ") for change in changes)


@pytest.mark.parametrize("method", ["full", "lora"])
@pytest.mark.parametrize("model", ["llama-3.2-1b", "qwen3-4b"])
@pytest.mark.parametrize("effective", [1, 8, 24, 32, 240])
def test_the_largest_that_fits_is_the_solvers(effective: int, model: str, method: str) -> None:
    text = FITS.replace("32}", f"{effective}}}").replace("llama-3.2-1b", model).replace("lora", method)
    made = plan(text)
    found = answer(made)
    assert made.memory.largest == (found.largest.per_device if found.largest else 0)


def test_all_targets_are_answered_or_the_one_that_is_named() -> None:
    assert [found["target"] for found in targets("targets.yaml")] == ["laptop", "node", "processor"]
    assert [found["target"] for found in targets("targets.yaml", "--target", "node")] == ["node"]
    message = "configlint: unknown target lap: expected laptop, node, processor\n"
    assert run("fit", "targets.yaml", "--target", "lap") == (2, "", message)


def test_the_replicas_are_named_where_there_are_several() -> None:
    out = run("fit", "targets.yaml", "--target", "node").out
    assert re.search(r"per_device \d+ x accumulation \d+ x 8 replicas = 64", out)
    assert "replicas" not in run("fit", "fits.yaml").out


def test_what_is_set_counts() -> None:
    (found,) = targets("fits.yaml", "--set", "model.sequence_length=2048")
    assert found["largest_per_device"] < targets("fits.yaml")[0]["largest_per_device"]


# A batch that was asked about, and one that is pinned


def test_a_given_batch_gets_the_accumulation_that_keeps_the_effective_one() -> None:
    (found,) = targets("fits.yaml", "--per-device", "2")
    assert (found["per_device"], found["accumulation"]) == (2, 16)
    out = run("fit", "fits.yaml", "--per-device", "2").out
    assert "per_device 2 x accumulation 16 = 32; peak " in out
    assert "\nthe largest that fits is per_device " in out


def test_a_batch_that_the_samples_cannot_be_cut_into_is_2_with_those_that_they_can() -> None:
    result = run("fit", "targets.yaml", "--target", "node", "--per-device", "3")
    message = "target node: 8 samples of a replica cannot be split into micro-batches of 3: use 1, 2, 4 or 8"
    assert result == (2, "", f"configlint: {message}\n")


@pytest.mark.parametrize("number", ["0", "-1", "x"])
def test_a_batch_is_a_positive_number(number: str) -> None:
    assert run("fit", "fits.yaml", "--per-device", number).code == 2


@pytest.mark.parametrize(
    ("batch", "reason"),
    [
        ("{effective: 32, per_device: 2}", "per_device is pinned: "),
        ("{effective: 32, accumulation: 16}", "accumulation is pinned: "),
        ("{effective: 32, per_device: {max: 2}}", "per_device is bounded by 2: "),
    ],
)
def test_beside_what_the_user_fixed_stands_what_would_fit(batch: str, reason: str) -> None:
    found = answer(room_for(8, FITS.replace("{effective: 32}", batch)))
    assert (found.per_device, found.accumulation) == (2, 16)
    assert f"\n{reason}the largest that fits is per_device 8 x accumulation 4, " in fit_report.as_text([found])


def test_a_pinned_batch_that_is_too_large_does_not_fit() -> None:
    found = answer(room_for(8, FITS.replace("{effective: 32}", "{effective: 32, per_device: 16}")))
    assert found.fits is False
    assert " does not fit; " in fit_report.as_text([found])
    assert found.largest is not None
    assert found.largest.per_device == 8


def test_the_next_larger_batch_is_named_with_its_peak() -> None:
    found = answer(room_for(9)._replace(batch=room_for(9).batch._replace(per_device=8, accumulation=4)))
    assert "\nper_device 16 needs 16.0 to 16.0 GiB\n" in fit_report.as_text([found])


# What is not known


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("config: llama-3.2-1b, ", "", "model.config is missing (for example llama-3.1-8b, "),
        ("llama-3.2-1b", "lama-3.2-1b", "model.config lama-3.2-1b is unknown: did you mean llama-3.2-1b?"),
        ("llama-3.2-1b", "t5-base", "memory is not modelled for models of type t5"),
        (", sequence_length: 1024", "", "model.sequence_length is missing (in tokens)"),
        (", devices_per_node: 1", "", "hardware.devices_per_node is missing"),
        ("bf16: true", "bf16: true, optim: grokadamw", "memory is not modelled for the optimizer grokadamw"),
        (
            "batch:",
            "trainer: DistillationTrainer\nbatch:",
            "memory is not modelled for DistillationTrainer, which may hold a second model or generate",
        ),
        ("rtx-4090", "cpu", "memory is not modelled on CPU"),
        ("batch: {effective: 32}", "batch: {}", "the batch cannot be computed from this spec"),
    ],
)
def test_what_is_not_known_is_said_in_a_line(
    old: str, new: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    traced(monkeypatch, "torch is not installed")
    write("a.yaml", FITS.replace(old, new))
    result = run("fit", "a.yaml")
    assert result.out.replace("not traced: torch is not installed\n", "").count("\n") == 1
    assert "memory cannot be estimated: " in result.out
    assert said in result.out
    (found,) = targets("a.yaml")
    assert (found["fits"], found["peak_bytes"], found["options"]) == (None, None, [])
    assert any(said in unknown["message"] for unknown in found["unknown"])


def test_what_is_not_known_is_no_failure() -> None:
    assert run("fit", "targets.yaml", "--target", "processor").code == 0


def test_of_an_unknown_accelerator_what_the_training_takes_is_still_shown() -> None:
    write("a.yaml", FITS.replace("rtx-4090", "gtx-9999"))
    result = run("fit", "a.yaml")
    assert result.code == 1
    assert "error[hardware/unknown-accelerator]" in result.err
    assert "hardware.accelerator gtx-9999 is unknown" in result.out
    assert "; peak " in " ".join(result.out.split("\n")).replace(";  ", "; ")
    (found,) = targets("a.yaml")
    assert (found["capacity_bytes"], found["fits"], found["largest_per_device"]) == (None, None, None)
    assert found["peak_bytes"]["low"] > GIB


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gtx-9999", "describe it with `accelerator: {name: gtx-9999, memory: 80}`"),
        ("v100", "use v100-16gb or v100-32gb"),
        ("RTX-3080", "use rtx-3080-10gb, rtx-3080-12gb or rtx-3080-ti"),
        ("rtx409o", "describe it with"),
        ("p5.48xlage", "did you mean p5.48xlarge?"),
        ("p5.96xlarge", "describe it with"),
    ],
)
def test_of_an_unknown_accelerator_the_next_one_is_named(name: str, said: str) -> None:
    write("a.yaml", FITS.replace("rtx-4090", name))
    assert f"hardware.accelerator {name} is unknown: {said}" in run("fit", "a.yaml").out


def test_what_fits_a_clouds_machine_is_what_fits_its_profile() -> None:
    write("a.yaml", FITS.replace("rtx-4090, devices_per_node: 1", "g5.xlarge"))
    write("b.yaml", FITS.replace("rtx-4090", "a10g"))
    assert run("fit", "a.yaml") == run("fit", "b.yaml")


def test_errors_of_the_spec_are_1_and_what_can_be_shown_is() -> None:
    write("a.yaml", ERROR.replace("cpu", "a100-80gb"))
    result = run("fit", "a.yaml")
    assert (result.code, result.err.startswith("a.yaml:1:20: error[batch/indivisible]")) == (1, True)
    assert result.out.startswith("a100-80gb: memory cannot be estimated: ")


def test_a_headroom_that_is_no_part_of_the_memory_is_an_error_and_said_in_the_report() -> None:
    write("a.yaml", FITS)
    result = run("fit", "a.yaml", "--set", "hardware.headroom=-1")
    assert (result.code, "schema/out-of-range" in result.err) == (1, True)
    assert " GiB, the headroom is unknown" in result.out


def test_a_spec_that_cannot_be_read_is_1_with_an_answer_for_programs() -> None:
    write("a.yaml", "batch: [1\n")
    assert run("fit", "a.yaml").out == ""
    assert run("fit", "a.yaml").code == 1
    assert targets("a.yaml") == []


@pytest.mark.parametrize("name", ["nope.yaml", ".", "list.yaml"])
def test_what_is_no_spec_is_2_in_a_line(name: str) -> None:
    write("list.yaml", "- 1\n")
    result = run("fit", name)
    assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)


# Ways out and up


def test_a_way_is_the_largest_batch_that_fits_with_it() -> None:
    found = {entry(way): way for way in ways(room_for(4))}
    way = found["training.activation_checkpointing: true"]
    assert (way.per_device, way.accumulation, way.estimate.high) == (8, 4, 4 * GIB)
    # Nothing else helps where only checkpointing counts.
    assert len(found) == 1


def test_what_does_not_help_is_no_way() -> None:
    assert ways(room_for(4, FITS.replace("bf16: true", "bf16: true, activation_checkpointing: true"))) == []


def test_a_lower_peak_helps_where_the_batch_can_grow_no_more() -> None:
    (way,) = ways(room_for(32))
    assert (way.per_device, way.estimate.high) == (32, 16 * GIB)


def test_a_bound_holds_for_the_ways_too() -> None:
    (way,) = ways(room_for(8, FITS.replace("{effective: 32}", "{effective: 32, per_device: {max: 2}}")))
    assert (way.per_device, way.estimate.high) == (2, GIB)


def test_what_costs_only_time_comes_first() -> None:
    made = plan(FITS.replace("method: lora", "method: full"))
    base = base_workload(made)
    assert base is not None
    tried = list(changes(made, base))
    free = [change.free for change in tried]
    assert free == sorted(free, reverse=True)
    assert [change.put.path for change in tried][-3:] == ["model.sequence_length", "tuning", "tuning"]


@pytest.mark.parametrize("data", ["ddp", "zero0", "zero1", "zero2", "zero3", "fsdp"])
def test_weights_of_4_bits_are_proposed_where_each_device_has_them_whole(data: str) -> None:
    spec = FITS.replace("method: lora", "method: full").replace("per_node: 1", "per_node: 2")
    made = plan(f"{spec}parallel: {{data: {data}}}\n")
    base = base_workload(made)
    assert base is not None
    methods = [change.fields["method"] for change in changes(made, base) if change.put.path == "tuning"]
    assert methods == (["lora"] if data in ("zero3", "fsdp") else ["lora", "qlora"])


def test_a_length_that_is_trls_default_is_changed_where_trl_reads_it() -> None:
    made = plan(f"trainer: SFTTrainer\n{FITS}".replace(", sequence_length: 1024", ""))
    base = base_workload(made)
    assert base is not None
    shorter = [change.put for change in changes(made, base) if change.put.path.endswith("length")]
    assert [(put.path, put.value) for put in shorter] == [("training.max_length", 512)]


@pytest.mark.parametrize(
    ("release", "name"), [("4.46", "gradient_checkpointing"), ("5.23", "activation_checkpointing")]
)
def test_a_change_is_spelt_as_the_release_wants_it(release: str, name: str) -> None:
    (way,) = ways(room_for(4, f'transformers: "{release}"\n{FITS}'))
    assert entry(way) == f"training.{name}: true"


def test_under_fsdp_the_checkpointing_is_its_own() -> None:
    text = FITS.replace("devices_per_node: 1", "devices_per_node: 8") + "parallel: {data: fsdp}\n"
    (way,) = ways(room_for(1, text))
    assert entry(way) == "parallel.fsdp.activation_checkpointing: true"


def test_liger_is_proposed_where_its_kernels_are_known() -> None:
    assert options.LIGER == liger.FAMILIES


@pytest.mark.parametrize(
    ("releases", "paths"),
    [
        ("trl: '1.3'\n", ["training.use_liger_kernel"]),
        ("trl: '1.5'\n", ["training.use_liger_kernel", "training.loss_type"]),
        ("trl: '1.16'\n", ["training.use_liger_kernel"]),
        ("transformers: '4.40'\n", []),
    ],
)
def test_a_loss_is_proposed_that_the_release_has(releases: str, paths: list[str]) -> None:
    made = plan(f"{releases}trainer: {'SFTTrainer' if 'trl' in releases else 'Trainer'}\n{FITS}")
    base = base_workload(made)
    assert base is not None
    found = [change for change in changes(made, base) if change.fields.keys() & {"fused_loss", "chunked_loss"}]
    assert [change.put.path for change in found] == paths


def test_what_is_written_is_what_the_solver_makes_of_it() -> None:
    """Each change gives the workload that the spec has with it."""
    for text in (FITS, TOO_LARGE, f"trl: '1.5'\ntrainer: SFTTrainer\n{TOO_LARGE}"):
        for data in ("ddp", "zero2", "fsdp"):
            name = "several.yaml"
            several = text.replace("devices_per_node: 1", "devices_per_node: 8")
            write(name, f"{several}parallel: {{data: {data}}}\n")
            (made,) = load_one(name, Session()).plans
            base = base_workload(made)
            assert base is not None
            for change in changes(made, base):
                (then,) = load_one(name, Session([f"{change.put.path}={written(change.put.value)}"])).plans
                expected = base_workload(then)
                assert expected is not None, change
                batch = {"batch": 1, "accumulation": 1}
                assert base._replace(**change.fields, **batch) == expected._replace(**batch), change


def test_sharding_is_a_way_only_with_several_devices() -> None:
    text = FITS.replace("lora", "full")
    assert not any("parallel" in entry(way) for way in ways(plan(text)))
    several = [entry(way) for way in ways(plan(text.replace("devices_per_node: 1", "devices_per_node: 8")))]
    assert "parallel.data: zero2" in several
    assert "parallel.data: fsdp" in several


def test_where_one_change_is_not_enough_several_are_taken_and_none_in_vain() -> None:
    """A device on which neither checkpointing nor adapters alone leave room."""

    def ask(workload: Workload) -> Estimate:
        weights = 1 if workload.method == "qlora" else 3
        size = GIB * (weights + (1 if workload.checkpointing else 3) * workload.batch)
        return Estimate(size, size, size, "backward", {}, {})

    made = plan(TOO_LARGE)
    found = ways(made._replace(memory=made.memory._replace(capacity=2 * GIB, budget=2 * GIB, ask=ask)))
    qlora = "tuning: {method: qlora, rank: 16, target_modules: all-linear}"
    assert [entry(way) for way in found] == [f"training.activation_checkpointing: true and {qlora}"]
    assert (found[0].per_device, found[0].estimate.high) == (1, 2 * GIB)


def test_without_a_known_memory_there_are_no_ways() -> None:
    assert ways(plan(ERROR)) == []


@pytest.mark.parametrize("here", ["rtx-4090", "mi250x"])
def test_an_accelerator_is_one_of_the_same_maker_with_more_memory(here: str) -> None:
    options = answer(plan(TOO_LARGE.replace("rtx-4090", here).replace("effective: 32", "effective: 1024"))).options
    names = [each.puts[0].value for each in options if each.puts[0].path.startswith("hardware")]
    found = [knowledge.find_accelerator(name) for name in [here, *names]]
    profiles = [profile for profile in found if isinstance(profile, Accelerator)]
    assert 0 < len(names) <= 3
    assert len({profile.vendor for profile in profiles}) == 1
    sizes = [profile.memory_gib or 0 for profile in profiles]
    assert sizes == sorted(set(sizes))


def test_bfloat16_is_not_moved_to_what_has_none() -> None:
    text = TOO_LARGE.replace("rtx-4090", "t4")
    assert not any("v100" in entry(option) for option in answer(plan(text)).options)


# The look

_ESTIMATE = Estimate(
    allocated=12 * GIB,
    low=int(12.6 * GIB),
    high=15 * GIB,
    phase="backward",
    breakdown={
        **dict.fromkeys(CATEGORIES, 0),
        "weights": int(5.4 * GIB),
        "activations": GIB,
        "logits": int(5.9 * GIB),
        "gradients": int(0.04 * GIB),
        "optimizer": int(0.04 * GIB),
        "context": int(0.22 * GIB),
    },
    phases=dict.fromkeys(PHASES, 12 * GIB),
)


def known(**changed: Any) -> Fit:
    """The example of the specification."""
    made = plan(FITS)
    memory = made.memory._replace(capacity=24 * GIB, budget=int(21.6 * GIB))
    way = Way((Put("training.use_liger_kernel", True),), 8, 4, _ESTIMATE._replace(low=16 * GIB, high=18 * GIB))
    found = Fit(
        made._replace(memory=memory),
        2,
        16,
        _ESTIMATE,
        Way((), 2, 16, _ESTIMATE),
        Way((), 4, 8, _ESTIMATE._replace(low=20 * GIB, high=24 * GIB)),
        (way, way._replace(puts=(Put("a", 1), Put("tuning.method", "qlora")))),
    )
    return found._replace(**changed)


def test_a_block_looks_like_this() -> None:
    assert fit_report.as_text([known()]).splitlines() == [
        "rtx-4090: 24.0 GiB (21.6 usable); per_device 2 x accumulation 16 = 32; peak 12.6 to 15.0 GiB in backward",
        "  weights            5.4 #########     context  0.2 #",
        "  saved activations  1.0 ##            other    0.1 #",
        "  logits and loss    5.9 #########",
        "per_device 4 needs 20.0 to 24.0 GiB",
        "to use less memory                   batch  peak GiB",
        "  training.use_liger_kernel: true    8 x 4  16.0 to 18.0",
        "  a: 1",
        "  + tuning.method: qlora             8 x 4  16.0 to 18.0",
    ]


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (20, 21, " = 32; peak"),
        (20, 23, " = 32 fits only without the headroom; peak"),
        (23, 25, " = 32 may not fit; peak"),
        (25, 26, " = 32 does not fit; peak"),
    ],
)
def test_how_sure_it_is_is_said(low: int, high: int, verdict: str) -> None:
    found = known(estimate=_ESTIMATE._replace(low=low * GIB, high=high * GIB))
    assert verdict in fit_report.as_text([found])
    assert found.fits is (high < 21.6)


@pytest.mark.parametrize("name", ["fits.yaml", "large.yaml", "targets.yaml"])
def test_a_line_is_not_longer_than_a_screen(name: str) -> None:
    out = run("fit", name).out
    assert max(map(len, out.splitlines())) <= 110
    assert out.isascii()


# The trace


def traced(monkeypatch: pytest.MonkeyPatch, result: object) -> list[Workload]:
    """Let the trace give this; the workloads that it was asked for."""
    asked: list[Workload] = []

    def trace(workload: Workload) -> object:
        asked.append(workload)
        return result

    monkeypatch.setattr(configlint.memory.trace, "trace", trace, raising=False)
    return asked


def test_a_trace_stands_beside_the_closed_form(monkeypatch: pytest.MonkeyPatch) -> None:
    (closed,) = targets("fits.yaml", "--per-device", "2")
    allocated = closed["allocated_bytes"] * 100 // 95
    breakdown = {name: 0 for name in CATEGORIES if name != "context"} | {"weights": allocated}
    phases = dict.fromkeys(PHASES, allocated)
    asked = traced(
        monkeypatch,
        {
            "allocated": allocated,
            "trained_bytes": 0,
            "phase": "loss",
            "breakdown": breakdown,
            "phases": phases,
            "seconds": 1.0,
        },
    )
    out = run("fit", "fits.yaml", "--per-device", "2", "--trace").out
    assert " GiB in loss\n" in out
    line = f"traced: tensors take {allocated / GIB:.2f} GiB at the peak; the closed form has "
    assert f"{line}{closed['allocated_bytes'] / GIB:.2f} (-5.0%)\n" in out
    assert (asked[0].batch, asked[0].accumulation) == (2, 2)
    (found,) = targets("fits.yaml", "--per-device", "2", "--trace")
    assert (found["method"], found["allocated_bytes"], found["phase"]) == ("trace", allocated, "loss")
    assert found["closed_form"]["allocated_bytes"] == closed["allocated_bytes"]
    # What the device has beside tensors comes on top.
    assert found["peak_bytes"]["high"] > found["peak_bytes"]["low"] > allocated


def test_why_there_is_no_trace_is_said_with_the_closed_form(monkeypatch: pytest.MonkeyPatch) -> None:
    traced(monkeypatch, "torch is not installed")
    result = run("fit", "fits.yaml", "--trace")
    assert result.code == 0
    assert "\nnot traced: torch is not installed; showing the numbers of the closed form\n" in result.out
    (found,) = targets("fits.yaml", "--trace")
    assert (found["method"], found["not_traced"]) == ("closed-form", "torch is not installed")


def test_what_the_trace_requires_is_said_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("configlint.memory.trace._version", lambda package: None)
    command = "pip install torch --index-url https://download.pytorch.org/whl/cpu && pip install 'transformers=="
    said = f"not traced: torch, transformers and accelerate are not installed (run {command}"
    assert said in run("fit", "fits.yaml", "--trace").out


def test_what_only_the_trace_knows_is_traced(monkeypatch: pytest.MonkeyPatch) -> None:
    """A family or an optimizer without a closed form."""
    breakdown = {"weights": 30 * GIB}
    step = {"allocated": 30 * GIB, "trained_bytes": 0, "phase": "step", "breakdown": breakdown, "phases": {}}
    traced(monkeypatch, step)
    made = plan(FITS)
    memory = made.memory._replace(estimate=None, largest=None, missing=("model.config",), ask=lambda workload: None)
    found = answer(made._replace(memory=memory))
    assert (found.fits, found.options, found.closed_form) == (False, (), None)
    lines = fit_report.as_text([found]).splitlines()
    assert " does not fit; peak 30." in lines[1]
    assert any(line.endswith("traced: tensors take 30.00 GiB at the peak") for line in lines)
    assert json.loads(fit_report.as_json([found]))["targets"][0]["largest_per_device"] in (None, 0)


def test_what_is_not_known_is_not_traced() -> None:
    write("a.yaml", FITS.replace("config: llama-3.2-1b, ", ""))
    lines = run("fit", "a.yaml", "--trace").out.splitlines()
    assert lines[1:] == ["not traced: the step is unknown"]


# What it loads

FIT = """
import sys
from configlint.program import main

sys.argv = ["configlint", "fit", "fits.yaml"]
try:
    main()
except SystemExit:
    print(*sys.modules, sep="\\n", file=sys.stderr)
"""


def test_nothing_heavy_is_loaded_without_a_trace() -> None:
    result = subprocess.run([sys.executable, "-c", FIT], capture_output=True, text=True, check=True)
    modules = set(result.stderr.split())
    assert not modules & {"torch", "transformers", "numpy", "jsonschema", "subprocess", "configlint.memory.trace"}
    assert "configlint.commands.fit" in modules


EVALUATED = """\
model: {config: llama-3.1-8b, sequence_length: 8192}
tuning: {method: lora, rank: 16, target_modules: all-linear}
batch: {effective: 64, per_device: 1}
hardware: {accelerator: a100-80gb, devices_per_node: 1}
training: {bf16: true, activation_checkpointing: true, eval_strategy: epoch}
"""
SIZE = "eval_strategy: epoch, per_device_eval_batch_size: {}"


def evaluated_with(size: int | None) -> tuple[Fit, str]:
    of_size = EVALUATED.replace("eval_strategy: epoch", SIZE.format(size)) if size else EVALUATED
    found = answer(plan(of_size))
    return found, fit_report.as_text([found])


def test_of_training_and_evaluation_the_larger_is_the_peak() -> None:
    small, text = evaluated_with(1)
    assert small.worst is small.estimate and small.fits
    assert "evaluation (1 sample at once) takes" in text
    large, text = evaluated_with(2)
    assert large.worst is large.evaluation and large.fits
    assert "in evaluation\n" in text
    assert "less than evaluation (2 samples at once)" in text
    assert json.loads(fit_report.as_json([large]))["targets"][0]["phase"] == "evaluation"


def test_the_remedy_for_an_evaluation_that_does_not_fit_makes_it_fit() -> None:
    found, text = evaluated_with(None)
    assert found.overflows and found.fits is False
    remedy = re.search(r"evaluation is what does not fit: write \S+: (\d+)", text)
    assert remedy
    assert evaluated_with(int(remedy[1]))[0].fits


def test_an_evaluation_that_nothing_is_known_of_is_not_passed_over() -> None:
    generates = answer(plan(EVALUATED.replace("{bf16: true", "{bf16: true, predict_with_generate: true")))
    assert generates.evaluation is None
    assert "evaluation is not counted" in fit_report.as_text([generates])


def test_without_an_evaluation_there_is_no_word_of_one() -> None:
    assert "evaluation" not in fit_report.as_text([answer(plan(EVALUATED.replace("epoch", '"no"')))])
