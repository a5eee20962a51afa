"""`explain`: how a value came about, down to lines of files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from program import CLEAN, ERROR, WARNING, run, write

from configlint import rules
from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, Rule

SPEC = """\
extends: ../team.yaml
batch: {effective: 64, per_device: {max: 4}}
data: {train_examples: 51760}
training: {learning_rate: 2e-5, num_train_epochs: 2, run_name: "one\\ntwo\\e[31m", data_seed: null, warmup_steps: 9}
arguments: {model_name_or_path: org/model}
launch: {script: train.py, env: {NCCL_DEBUG: WARN}}
targets:
  node: {}
  cluster: {hardware: {nodes: 4}}
"""
TEAM = "hardware: {accelerator: a100-80gb, devices_per_node: 8}\nparallel: {data: zero3}\n"
# Several targets, no hardware to do without one.
TARGETS = """\
batch: {effective: 64}
targets:
  laptop: {hardware: {accelerator: rtx-4090, devices_per_node: 1}}
  cluster: {hardware: {accelerator: h100-80gb, devices_per_node: 8}}
"""


@pytest.fixture(autouse=True)
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write("team.yaml", TEAM)
    write("recipes/a.yaml", SPEC)


def explain(*arguments: str) -> str:
    """The tree of a value of the spec that is always there."""
    result = run("explain", "recipes/a.yaml", *arguments)
    assert (result.code, result.err) == (0, "")
    return result.out


def test_the_tree_goes_down_to_lines_of_files() -> None:
    assert explain("gradient_accumulation_steps", "--target", "cluster").splitlines() == [
        "batch.accumulation = 1                     derived  effective / (per_device x replicas) = 64 / (2 x 32)",
        "|- batch.effective = 64                    given    recipes/a.yaml:2:20",
        "|- batch.per_device = 2                    derived  largest divisor of effective / replicas up to max"
        " = largest divisor of 64 / 32 up to 4",
        "|  |- batch.effective = 64                 given    recipes/a.yaml:2:20",
        "|  |- replicas = 32                        derived  world / (tensor x context x sequence)"
        " = 32 / (1 x 1 x 1)",
        "|  |  |- world = 32                        derived  nodes x devices_per_node - reserved = 4 x 8 - 0",
        "|  |  |  |- hardware.nodes = 4             given    recipes/a.yaml:9:31, target cluster",
        "|  |  |  |- hardware.devices_per_node = 8  given    team.yaml:1:54",
        "|  |  |  `- hardware.reserved = 0          default  all devices train",
        "|  |  |- parallel.tensor = 1               default  not used",
        "|  |  |- parallel.context = 1              default  not used",
        "|  |  `- parallel.sequence = 1             default  not used",
        "|  `- batch.per_device.max = 4             given    recipes/a.yaml:2:42",
        "`- replicas = 32                           derived  world / (tensor x context x sequence)"
        " = 32 / (1 x 1 x 1)",
    ]


def test_another_name_of_an_accelerator_is_shown_beside_what_it_stands_for() -> None:
    lines = explain("hardware", "--set", "hardware={accelerator: p5.48xlarge, devices_per_node: null}").splitlines()
    assert lines[0] == "hardware.accelerator = h100-80gb  given    --set:1:24, as p5.48xlarge"
    assert lines[2] == "hardware.devices_per_node = 8  default  p5.48xlarge has 8 devices"


def test_what_is_set_is_at_its_column() -> None:
    lines = explain("world", "--set", "hardware.nodes=2").splitlines()
    assert lines[1] == "|- hardware.nodes = 2             given    --set:1:16"


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("gradient_accumulation_steps", "batch.accumulation = 2  "),
        ("per_device_train_batch_size", "batch.per_device = 4  "),
        ("batch.accumulation", "batch.accumulation = 2  "),
        ("accumulation", "batch.accumulation = 2  "),
        ("trained", "batch.trained = 64  "),
        ("world", "world = 8  "),
        ("num_processes", "world = 8  "),
        ("nproc_per_node", "nproc_per_node = 8  "),
        ("gpus-per-node", "hardware.devices_per_node = 8  "),
        ("nodes", "hardware.nodes = 1  "),
        ("num_machines", "hardware.nodes = 1  "),
        ("deepspeed", "parallel.data = zero3  "),
        ("total_steps", "schedule.total_steps = 1618  "),
        ("warmup_steps", "schedule.warmup_steps = 9  "),
        ("learning_rate", "training.learning_rate = 2e-05  "),
        ("training.learning_rate", "training.learning_rate = 2e-05  "),
        ("num_train_epochs", "training.num_train_epochs = 2  "),
        ("model_name_or_path", "arguments.model_name_or_path = org/model  "),
        ("NCCL_DEBUG", "launch.env.NCCL_DEBUG = WARN  "),
        ("max", "batch.per_device.max = 4  "),
        ("data_seed", "training.data_seed = null  "),
        ("transformers", "transformers = 5."),
    ],
)
def test_values_are_known_by_path_by_emitted_name_and_by_their_last_word(name: str, start: str) -> None:
    assert explain(name).startswith(start)


def test_the_processes_of_a_node_are_those_that_the_launcher_starts() -> None:
    lines = explain("nproc_per_node", "--target", "cluster").splitlines()
    assert " ".join(lines[0].split()) == "nproc_per_node = 8 derived world / nodes = 32 / 4"


def test_an_object_that_comes_out_is_the_section_that_it_is_made_of() -> None:
    write("b.yaml", CLEAN + "parallel: {data: fsdp, fsdp: {reshard_after_forward: false, cpu_offload: true}}\n")
    lines = run("explain", "b.yaml", "fsdp_config").out.splitlines()
    assert [line.split(" ")[0] for line in lines if line] == [
        "parallel.fsdp.reshard_after_forward",
        "parallel.fsdp.cpu_offload",
    ]


def test_a_value_that_nothing_reckons_with_is_given_at_its_line() -> None:
    assert explain("learning_rate") == "training.learning_rate = 2e-05  given    recipes/a.yaml:4:27\n"


def test_a_default_has_its_reason() -> None:
    assert explain("hardware.reserved") == "hardware.reserved = 0  default  all devices train\n"


def test_of_a_section_all_values_are_explained() -> None:
    tops = [line.partition(" = ")[0] for line in explain("hardware").splitlines()]
    assert {"hardware.accelerator", "hardware.devices_per_node", "hardware.nodes"} <= set(tops)
    assert all(top.startswith("hardware.") for top in tops if top)


def test_without_a_path_the_main_values_are_explained() -> None:
    tops = [block.partition(" = ")[0] for block in explain().split("\n\n")]
    assert tops == ["batch.trained", "schedule.total_steps", "schedule.warmup_steps"]


def test_what_is_shown_once_is_not_shown_again() -> None:
    assert explain("batch.trained").count("hardware.devices_per_node = 8") == 1
    assert explain().count("hardware.devices_per_node = 8") == 1
    assert explain("schedule.total_steps").count("hardware.devices_per_node = 8") == 1


def test_an_argument_that_is_not_written_has_its_default_its_meaning_and_its_age() -> None:
    default, meaning = explain("seed").splitlines()
    assert explain("training.seed") == explain("seed")
    assert default == "training.seed = 42  default  the Trainer's default"
    assert meaning.startswith("  Seed of Python, NumPy and PyTorch")
    assert meaning.endswith(". In transformers 4.30 or earlier.")


def test_a_default_that_depends_on_what_is_installed_is_said_in_words() -> None:
    default, meaning = explain("optim").splitlines()
    assert default == "training.optim = adamw_torch or adamw_torch_fused  default  the Trainer's default"
    assert meaning.startswith("  Name of the optimizer")


def test_of_an_argument_of_trl_it_is_trls() -> None:
    write("b.yaml", f"trainer: GRPOTrainer\n{CLEAN}")
    default, meaning = run("explain", "b.yaml", "generation_batch_size").out.splitlines()
    assert default == "training.generation_batch_size = null  default  TRL's default"
    assert meaning.endswith(". Since trl 0.18.")


def test_a_key_that_is_not_written_is_2() -> None:
    result = run("explain", "recipes/a.yaml", "data.eval_examples")
    assert result == (2, "", "configlint: data.eval_examples is not set\n")


def test_a_text_of_several_lines_stays_on_its_line() -> None:
    assert explain("run_name") == "training.run_name = one\\ntwo\\x1b[31m  given    recipes/a.yaml:4:64\n"


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("gradient_acumulation_steps", "gradient_accumulation_steps"),
        ("batch.acumulation", "batch.accumulation"),
        ("learning_rte", "learning_rate"),
        ("replica", "replicas"),
        ("optm", "optim"),
    ],
)
def test_an_unknown_name_is_2_with_the_nearest(name: str, near: str) -> None:
    result = run("explain", "recipes/a.yaml", name)
    assert result == (2, "", f"configlint: unknown value {name}: did you mean {near}?\n")
    assert explain(near)


@pytest.mark.parametrize("name", ["zzz", "targets", "extends", "batch.", ".", "x\x1b[31m"])
def test_a_name_that_is_near_none_is_2(name: str) -> None:
    result = run("explain", "recipes/a.yaml", name)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("configlint: unknown value ")
    assert "\x1b" not in result.err


def test_where_a_target_is_needed_it_is_2_with_the_names() -> None:
    write("b.yaml", TARGETS)
    assert run("explain", "b.yaml") == (2, "", "configlint: choose a target with --target: laptop, cluster\n")
    assert run("explain", "b.yaml", "world", "--target", "cluster").out.startswith("world = 8 ")


def test_an_unknown_target_is_2_with_the_names() -> None:
    write("b.yaml", TARGETS)
    message = "configlint: unknown target lap: expected laptop, cluster\n"
    assert run("explain", "b.yaml", "--target", "lap") == (2, "", message)
    write("c.yaml", CLEAN)
    message = "configlint: unknown target lap: the spec has no targets\n"
    assert run("explain", "c.yaml", "--target", "lap") == (2, "", message)


def test_findings_go_to_stderr_and_an_error_is_1() -> None:
    for text, code in ((ERROR, 1), (WARNING, 0)):
        write("b.yaml", text)
        result = run("explain", "b.yaml", "replicas")
        assert result.code == code
        assert result.out.startswith("replicas = ")
        assert result.err.startswith("b.yaml:1:20: ")


def test_what_cannot_be_trained_is_explained_by_the_nearest_that_can() -> None:
    write("b.yaml", ERROR)
    lines = run("explain", "b.yaml", "batch.trained").out.splitlines()
    assert lines[0] == "batch.trained = 63       derived  nearest possible batch to effective = " + (
        "nearest possible batch to 64"
    )
    assert lines[1] == "`- batch.effective = 64  given    b.yaml:1:20"


@pytest.mark.parametrize("name", ["num_processes", "world", "gradient_accumulation_steps", "schedule.total_steps"])
def test_a_value_that_cannot_be_computed_is_2(name: str) -> None:
    write("b.yaml", "configlint: 1\nbatch: {effective: 64}\n")
    result = run("explain", "b.yaml", name)
    assert (result.code, result.out) == (2, "")
    message = f"configlint: {name} is unknown: the spec does not set what it is computed from"
    assert result.err.splitlines()[-1] == message


def test_that_nothing_can_be_computed_is_said_also_where_the_finding_is_ignored() -> None:
    hardware = "hardware: {accelerator: cpu, devices_per_node: 1000000000}"
    write("b.yaml", f"batch: {{effective: 64}}\n{hardware}  # configlint: ignore[hardware/too-many-devices]\n")
    result = run("explain", "b.yaml")
    message = "configlint: nothing to explain: the batch cannot be computed from this spec"
    assert (result.code, result.out.strip(), result.err.splitlines()[-1]) == (1, "", message)


def test_a_name_is_not_proposed_that_has_no_value() -> None:
    write("b.yaml", "configlint: 1\nbatch: {effective: 64}\n")
    result = run("explain", "b.yaml", "wrld")
    assert result.code == 2
    assert result.err.splitlines()[-1] == "configlint: unknown value wrld"


def test_a_spec_that_cannot_be_read_is_1_with_the_reason() -> None:
    write("b.yaml", "batch: [1\n")
    result = run("explain", "b.yaml", "world")
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("b.yaml:1:8: error[syntax/invalid]")


@pytest.mark.parametrize("name", ["nope.yaml", "recipes", "list.yaml", "team.yaml"])
def test_what_is_no_spec_to_explain_is_2_in_one_line(name: str) -> None:
    write("list.yaml", "- 1\n")
    result = run("explain", name)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"configlint: {name}")
    assert result.err.count("\n") == 1


def test_a_rule_that_crashes_is_3_and_the_tree_is_still_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    def check(plan: Plan) -> Iterator[Finding]:
        raise ValueError("broken rule")
        yield

    monkeypatch.setattr(rules, "for_plan", lambda plan: [Rule("batch/broken", Severity.ERROR, check)])
    result = run("explain", "recipes/a.yaml", "world")
    assert result.code == 3
    assert result.out.startswith("world = 8 ")
    assert "Traceback" not in result.err
    assert run("explain", "recipes/a.yaml", "wrld").code == 3


@pytest.mark.parametrize(
    ("examples", "said"), [(6400, "last_step_samples is 64, as in"), (None, "is unknown: the spec")]
)
def test_a_last_step_that_is_as_full_as_all_others_is_no_unknown_value(examples: int | None, said: str) -> None:
    value = "null" if examples is None else examples
    result = run("explain", "recipes/a.yaml", "last_step_samples", "--set", f"data.train_examples={value}")
    assert said in result.err
