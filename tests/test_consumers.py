"""What is emitted is read by the programs that it is meant for."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from conftest import plans

from configlint.backends.training_args import arguments
from configlint.output import write
from configlint.pipeline import compile_spec
from configlint.plan import Plan
from configlint.session import Session, load_one
from configlint.verify import Verdict, verify
from configlint.wording import code

ROOT = Path(__file__).parent.parent
GOLDEN = ROOT / "tests" / "golden"
LAUNCH_FILES = sorted(GOLDEN.rglob("launch.sh"))

CPU = "batch: {effective: 16}\nhardware: {accelerator: cpu, devices_per_node: 2}\n"
GPU = "batch: {effective: 16}\nhardware: {accelerator: h100-80gb, devices_per_node: 8}\n"


def verdicts(*specs: str) -> list[Verdict]:
    chosen = [plan for spec in specs for plan in plans(spec)]
    return verify(chosen, [arguments(plan) for plan in chosen])


def example_plans() -> list[Plan]:
    """Those of Transformers' own trainers; test_trl.py has the others."""
    paths = sorted((ROOT / "examples").glob("*.yaml"))
    return [plan for path in paths for plan in load_one(str(path), Session()).plans if plan.release.trl is None]


@pytest.mark.heavy
def test_the_real_class_accepts_every_example_on_a_machine_without_gpu() -> None:
    chosen = example_plans()
    for plan, verdict in zip(chosen, verify(chosen, [arguments(plan) for plan in chosen]), strict=True):
        assert verdict.diagnostics == ()
        assert verdict.by
        assert verdict.by.startswith("transformers 5.")
        assert plan.parallel.data == "zero2" or verdict.unverified == ()


@pytest.mark.heavy
def test_the_real_class_refuses_what_it_refuses_at_the_line_of_the_argument() -> None:
    unknown, choice, fine = verdicts(
        GPU + "training:\n  learning_rate: 2e-5\n  per_device_train_batchsize: 4\n",
        GPU + "training:\n  optim: adamw_hf\n",
        GPU + "training: {bf16: true, tf32: true}\n",
    )
    (found,) = unknown.diagnostics
    assert (found.rule, found.span.line, found.span.column) == ("verify/transformers", 5, 3)
    assert "per_device_train_batchsize" in found.message
    assert choice.diagnostics[0].span.source.name == "train.yaml"
    assert "adamw_hf" in choice.diagnostics[0].message
    assert fine.diagnostics == ()


@pytest.mark.heavy
def test_the_verdict_is_that_of_the_accelerator_not_of_this_machine() -> None:
    old, new = verdicts(
        GPU.replace("h100-80gb", "v100-32gb") + "training: {tf32: true}\n", GPU + "training: {tf32: true}\n"
    )
    assert "Ampere" in old.diagnostics[0].message
    assert new.diagnostics == ()


@pytest.mark.heavy
def test_stale_launcher_variables_neither_hang_nor_change_the_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    stale = {"RANK": "3", "WORLD_SIZE": "8", "LOCAL_RANK": "3", "MASTER_ADDR": "10.255.255.1", "MASTER_PORT": "1"}
    for name, value in {**stale, "ACCELERATE_MIXED_PRECISION": "fp8", "SLURM_NTASKS": "8"}.items():
        monkeypatch.setenv(name, value)
    (verdict,) = verdicts(CPU + "training: {learning_rate: 2.0e-5}\n")
    assert verdict.by
    assert verdict.diagnostics == ()


@pytest.mark.heavy
def test_another_release_is_not_verified_and_never_a_finding() -> None:
    (verdict,) = verdicts('transformers: "4.46"\n' + GPU + "training: {no_such_field: 1}\n")
    assert verdict.by is None
    assert verdict.diagnostics == ()
    assert "and the spec is for 4.46" in verdict.unverified[0]


@pytest.mark.heavy
@pytest.mark.skipif(find_spec("trl") is not None, reason="it is about an environment without trl")
def test_the_trainer_of_a_package_that_is_not_installed_is_not_verified() -> None:
    (verdict,) = verdicts("trainer: SFTTrainer\n" + GPU + "training: {max_length: 1024}\n")
    assert verdict == Verdict(None, ("trl is not installed, and SFTTrainer is its",), ())


@pytest.mark.heavy
def test_of_a_class_of_the_users_own_the_known_fields_are_verified() -> None:
    fine, wrong = verdicts(
        "trainer: MyTrainer\n" + GPU + "training: {beta: 0.1, learning_rate: 2.0e-5}\n",
        "trainer: MyTrainer\n" + GPU + "training: {beta: 0.1, optim: adamw_hf}\n",
    )
    assert fine.diagnostics == ()
    assert fine.unverified == ("beta (the config class of MyTrainer is not known)",)
    assert wrong.diagnostics[0].path == "training.optim"


def test_without_transformers_nothing_is_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("configlint.verify.training_arguments.find_spec", lambda name: None)
    (verdict,) = verdicts(CPU)
    assert verdict == Verdict(None, ("transformers is not installed",), ())


@pytest.mark.heavy
def test_what_does_not_answer_in_time_is_not_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("configlint.verify.training_arguments.TIMEOUT_SECONDS", 0.01)
    (verdict,) = verdicts(CPU)
    assert verdict.unverified == ("transformers gave no answer in 0.01 s",)


@pytest.mark.heavy
def test_the_real_trainer_counts_the_steps_that_the_plan_counts(tmp_path: Path) -> None:
    import torch
    from transformers import Trainer, TrainingArguments

    grid = itertools.product((7, 96, 100), (1, 8), (1, 3, 8), (1, 1.5, 3), (False, True), (0, 0.1, 5))
    for examples, per_device, accumulation, epochs, drop, warmup in grid:
        if drop and examples < per_device:
            continue  # batch/dataset-too-small: the Trainer fails
        training = f"num_train_epochs: {epochs}, warmup_steps: {warmup}, dataloader_drop_last: {code(drop)}"
        (plan,) = plans(
            f"batch: {{per_device: {per_device}, accumulation: {accumulation}}}\n"
            "hardware: {accelerator: cpu, devices_per_node: 1}\n"
            f"data: {{train_examples: {examples}}}\n"
            f"training: {{{training}}}\n"
        )
        given = TrainingArguments(output_dir=str(tmp_path), **arguments(plan))
        trainer = Trainer(model=torch.nn.Linear(1, 1), args=given, train_dataset=[{"x": 0}] * examples)
        values = trainer.set_initial_training_values(given, trainer.get_train_dataloader())
        total = values[-1]
        schedule = plan.schedule
        assert schedule.total_steps == total, (examples, per_device, accumulation, epochs, drop)
        assert (schedule.warmup_steps or 0) == given.get_warmup_steps(total)
        assert plan.batch.trained == trainer.get_total_train_batch_size(given)


@pytest.mark.heavy
@pytest.mark.parametrize("stage", [1, 2, 3])
def test_deepspeed_itself_reads_the_config_after_the_trainer_filled_it_in(stage: int) -> None:
    (plan,) = plans(
        "batch: {effective: 64, per_device: 4}\nhardware: {accelerator: cpu, devices_per_node: 1}\n"
        f"parallel: {{data: zero{stage}, deepspeed: {{zero_optimization: {{overlap_comm: false}}}}}}\n"
        "training: {max_grad_norm: 0.5}\n"
    )
    script = """
import json, sys
from transformers import TrainingArguments
arguments = TrainingArguments(**json.load(sys.stdin))
config = arguments.hf_deepspeed_config
config.trainer_config_finalize(arguments, None, 10)
from deepspeed.runtime.config import DeepSpeedConfig
read = DeepSpeedConfig(config.config)
print(json.dumps([read.zero_config.stage, read.train_batch_size, read.train_micro_batch_size_per_gpu,
                  read.gradient_accumulation_steps, read.gradient_clipping, read.zero_config.overlap_comm]))
"""
    run = subprocess.run(
        [sys.executable, "-c", script],
        input=json.dumps(arguments(plan)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    assert json.loads(run.stdout.splitlines()[-1]) == [stage, 64, 4, 16, 0.5, False]


@pytest.mark.heavy
def test_accelerate_itself_reads_its_file_and_starts_what_the_plan_says() -> None:
    from accelerate.commands.config.config_args import load_config_from_file
    from accelerate.commands.launch import _validate_launch_command, launch_command_parser

    path = GOLDEN / "three-targets" / "cluster" / "accelerate.yaml"
    config = load_config_from_file(str(path))
    assert (config.num_processes, config.num_machines) == (32, 4)
    parsed = launch_command_parser().parse_args(["--config_file", str(path), "--machine_rank", "2", "train.py"])
    launch, _, _ = _validate_launch_command(parsed)
    assert (launch.num_processes, launch.num_machines, launch.machine_rank, launch.multi_gpu) == (32, 4, 2, True)


@pytest.mark.heavy
@pytest.mark.parametrize("launcher", ["torchrun", "accelerate"])
def test_even_a_single_process_gets_a_rank(launcher: str, tmp_path: Path) -> None:
    """Without one the Trainer takes all devices of the host, and multiplies the batch by them."""
    (tmp_path / "ranks.py").write_text("import os\nprint('ranks', os.environ['RANK'], os.environ['WORLD_SIZE'])\n")
    (tmp_path / "train.yaml").write_text(
        CPU.replace("devices_per_node: 2", "devices_per_node: 1")
        + f"launch: {{script: ranks.py, launcher: {launcher}}}\n"
    )
    write(compile_spec(str(tmp_path / "train.yaml"), Session(), None, str(tmp_path / "build")).folders)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    run = subprocess.run(
        ["bash", str(tmp_path / "build" / "launch.sh")],
        # What an operator may leave there; Accelerate has no word for it.
        env={**os.environ, "PATH": path, **({"PET_NNODES": "2"} if launcher == "torchrun" else {})},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "ranks 0 1\n" in run.stdout, run.stderr[-2000:]


@pytest.mark.heavy
def test_transformers_itself_reads_the_mesh_of_a_tensor_parallel_model() -> None:
    from transformers.distributed.configuration_utils import DistributedConfig

    folder = GOLDEN / "tensor-parallel"
    config = DistributedConfig.from_dict(json.loads((folder / "distributed_config.json").read_text()))
    mesh = json.loads((folder / "plan.json").read_text())["mesh"]
    assert config.tp_size * config.dp_size == mesh["world"] == 8
    assert config.dp_size == 4


@pytest.mark.parametrize("path", LAUNCH_FILES, ids=lambda path: path.parent.relative_to(GOLDEN).as_posix())
def test_bash_accepts_every_launch_file(path: Path) -> None:
    subprocess.run(["bash", "-n", str(path)], check=True)


def started(path: Path, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a launch file with launchers that only print their arguments and where they are."""
    for name in ("torchrun", "accelerate"):
        fake = folder / name
        fake.write_text('#!/usr/bin/env bash\npwd -P\nprintf "%s\\n" "$@"\n')
        fake.chmod(0o755)
    return subprocess.run(
        ["bash", str(path)],
        cwd="/",
        env={**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.heavy
def test_torchrun_itself_reads_its_arguments_on_every_node(tmp_path: Path) -> None:
    from torch.distributed.run import config_from_args, get_args_parser

    spec = tmp_path / "my specs" / "train.yaml"
    spec.parent.mkdir()
    spec.write_text(
        GPU.replace("devices_per_node: 8", "devices_per_node: 8, nodes: 4") + "launch: {script: train.py}\n"
    )
    write(
        compile_spec(
            str(spec.with_name("train.yaml")), Session(["batch.effective=64"]), None, str(tmp_path)
        ).folders
    )
    assert "NODE_RANK" in started(tmp_path / "launch.sh", tmp_path).stderr
    run = started(tmp_path / "launch.sh", tmp_path, NODE_RANK="2", MASTER_ADDR="node0")
    where, *words = run.stdout.splitlines()
    assert Path(where) == spec.parent.resolve()
    parsed = get_args_parser().parse_args(words)
    config, script, rest = config_from_args(parsed)
    assert (config.min_nodes, config.max_nodes, config.nproc_per_node) == (4, 4, 8)
    assert parsed.node_rank == "2" or parsed.node_rank == 2
    assert Path(rest[-1]).is_file()
    assert "train.py" in rest or script == "train.py"
