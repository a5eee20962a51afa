"""launch.sh: what it gives to the launcher, whatever another job has left in the environment."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from configlint.backends import launch
from configlint.host.write import write
from configlint.knowledge import parsed, variables
from configlint.pipeline import compile_spec
from configlint.session import Session, load_one

BIN = Path(sys.executable).parent
HSDP = """\
batch: {effective: 16}
hardware: {accelerator: a100-80gb, devices_per_node: 8}
parallel: {data: fsdp, shard: 4}
training: {bf16: true}
"""
SAYS = "#!/usr/bin/env bash\nenv -0\n"
LEFT_OVER = {
    "ACCELERATE_DYNAMO_BACKEND": "INDUCTOR",
    "ACCELERATE_GRADIENT_ACCUMULATION_STEPS": "7",
    "ACCELERATE_MIXED_PRECISION": "bf16",
    "ACCELERATE_TORCH_DEVICE": "meta",
    "ACCELERATE_USE_DEEPSPEED": "true",
    "ACCELERATE_USE_FSDP": "true",
    "ACCELERATE_USE_PARALLELISM_CONFIG": "true",
    "FSDP_VERSION": "2",
    "PARALLELISM_CONFIG_TP_SIZE": "2",
    "PET_NNODES": "2",
    "PET_NO_PYTHON": "1",
}
SCRIPT = """\
import json, sys
from pathlib import Path
import torch
from accelerate import Accelerator
from transformers import HfArgumentParser, Trainer, TrainingArguments

(args,) = HfArgumentParser(TrainingArguments).parse_json_file(sys.argv[1])
accelerator = Trainer(torch.nn.Linear(1, 1), args).accelerator
seen = {
    "world": accelerator.num_processes,
    "type": accelerator.distributed_type.name,
    "device": accelerator.device.type,
    "precision": (args.mixed_precision, accelerator.mixed_precision),
    "compiled": accelerator.state.dynamo_plugin.backend.name,
    "accumulation": (args.gradient_accumulation_steps, Accelerator(cpu=True).gradient_accumulation_steps),
    "mesh": accelerator.parallelism_config is not None,
}
Path(f"rank-{accelerator.process_index}").write_text(json.dumps(seen))
"""


def compiled(folder: Path, spec: str) -> Path:
    """The launch.sh of a spec."""
    (folder / "train.yaml").write_text(spec)
    result = compile_spec(str(folder / "train.yaml"), Session(), None, str(folder / "build"))
    assert result.folders, result.diagnostics
    write(result.folders)
    return folder / "build" / "launch.sh"


def environment_of_the_launcher(folder: Path, launch: str, left_over: dict[str, str]) -> dict[str, str]:
    """The variables that a launcher gets, of a job with several copies of a model in shards."""
    path = compiled(folder, f"{HSDP}launch: {launch}\n")
    for name in ("torchrun", "accelerate"):
        (folder / name).write_text(SAYS)
        (folder / name).chmod(0o755)
    environment = {**os.environ, **left_over, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    run = subprocess.run(["bash", str(path)], env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return dict(variable.split("=", 1) for variable in run.stdout.split("\0") if variable)


@pytest.mark.parametrize("launcher", ["torchrun", "accelerate"])
def test_what_another_job_left_over_does_not_reach_the_launcher(tmp_path: Path, launcher: str) -> None:
    left_over = {name.replace("*", "X"): "1" for name in variables.patterns()} | LEFT_OVER
    launch = f"{{script: t.py, launcher: {launcher}}}"
    found = environment_of_the_launcher(tmp_path, launch, left_over)
    own = {"ACCELERATE_USE_PARALLELISM_CONFIG"} if launcher == "torchrun" else set()
    assert found.keys() & left_over.keys() == own


def test_the_mesh_of_the_spec_takes_the_place_of_one_that_was_left_over(tmp_path: Path) -> None:
    sizes = {"PARALLELISM_CONFIG_DP_SHARD_SIZE": "8", "PARALLELISM_CONFIG_TP_SIZE": "8"}
    found = environment_of_the_launcher(tmp_path, "{script: t.py}", sizes)
    mesh = {name: value for name, value in found.items() if name.startswith("PARALLELISM_CONFIG_")}
    assert mesh == {
        "PARALLELISM_CONFIG_DP_REPLICATE_SIZE": "2",
        "PARALLELISM_CONFIG_DP_SHARD_SIZE": "4",
        "PARALLELISM_CONFIG_CP_SIZE": "1",
    }


def test_what_is_not_for_the_spec_to_say_is_left_alone(tmp_path: Path) -> None:
    left_over = dict.fromkeys([*parsed("variables.yaml")["free"], "PET_MAX_RESTARTS", "OMP_NUM_THREADS"], "7")
    found = environment_of_the_launcher(tmp_path, "{script: t.py}", left_over)
    assert {name: found.get(name) for name in left_over} == left_over


def test_what_the_spec_states_reaches_the_launcher(tmp_path: Path) -> None:
    launch = (
        "\n  script: t.py\n  setup: 'OWN=\"$NCCL_DEBUG of the spec\" && export OWN'"
        "\n  env: {NCCL_DEBUG: WARN, FSDP_VERSION: 1, ACCELERATE_LOG_LEVEL: info}"
        "  # configlint: ignore[launch/launcher-variable]"
    )
    found = environment_of_the_launcher(tmp_path, launch, {"FSDP_VERSION": "2", "NCCL_DEBUG": "INFO"})
    expected = {
        "NCCL_DEBUG": "WARN",
        "OWN": "WARN of the spec",
        "FSDP_VERSION": "1",
        "ACCELERATE_LOG_LEVEL": "info",
    }
    assert {name: found[name] for name in expected} == expected


@pytest.mark.heavy
@pytest.mark.parametrize("launcher", ["torchrun", "accelerate"])
def test_the_job_sees_what_the_spec_says_whatever_another_job_left_over(tmp_path: Path, launcher: str) -> None:
    (tmp_path / "look.py").write_text(SCRIPT)
    path = compiled(
        tmp_path,
        "batch: {effective: 8, per_device: 2}\nhardware: {accelerator: cpu, devices_per_node: 2}\n"
        f"training: {{output_dir: out}}\nlaunch: {{script: look.py, launcher: {launcher}}}\n",
    )
    environment = {**os.environ, **LEFT_OVER, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    command = ["bash", str(path)]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=200, check=False)
    assert run.returncode == 0, run.stderr[-3000:]
    seen = [json.loads(rank.read_text()) for rank in tmp_path.glob("rank-*")]
    expected = {
        "world": 2,
        "type": "MULTI_CPU",
        "device": "cpu",
        "precision": ["no", "no"],
        "compiled": "NO",
        "accumulation": [2, 1],  # the Trainer accumulates by itself
        "mesh": False,
    }
    assert seen == [expected] * 2


@pytest.mark.heavy
def test_each_variable_that_accelerate_and_the_trainer_read_is_known() -> None:
    """A new release may read more: then variables.yaml says whether a spec says the same."""
    free = parsed("variables.yaml")["free"]
    own = re.compile(r"(ACCELERATE|FSDP|MEGATRON_LM|PARALLELISM_CONFIG)_[A-Z0-9_]*")
    patterns = ("accelerate/*.py", "accelerate/utils/*.py", "transformers/training_args.py")
    patterns += ("transformers/trainer*.py", "transformers/distributed/*.py")
    packages = Path((find_spec("accelerate") or pytest.fail()).origin or "").parent.parent
    texts = {
        node.value
        for pattern in patterns
        for file in packages.glob(pattern)
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    found = {text for text in texts if own.fullmatch(text)}
    assert {"ACCELERATE_MIXED_PRECISION", "ACCELERATE_DYNAMO_", "FSDP_"} <= found
    assert {name for name in found if not variables.is_read(name)} <= {*free, "ACCELERATE_"}


@pytest.mark.heavy
def test_each_option_that_torchrun_reads_from_the_environment_is_one_that_the_file_knows() -> None:
    from torch.distributed.run import get_args_parser

    options = {f"PET_{action.dest.upper()}" for action in get_args_parser()._actions}
    known = {name for name in variables.patterns() if name.startswith("PET_")}
    assert known <= options


SERVED = """\
batch: {effective: 192, per_device: 4}
hardware: {accelerator: %s, devices_per_node: 8, reserved: %d}
trainer: GRPOTrainer
training: {use_vllm: true, vllm_mode: %s, num_generations: 8}
launch: {script: t.py%s
"""


@pytest.mark.parametrize(
    ("accelerator", "reserved", "mode", "slurm", "note"),
    [
        (
            "h100-80gb",
            2,
            "server",
            "}",
            " first: `CUDA_VISIBLE_DEVICES=6,7 trl vllm-serve --model MODEL --tensor_parallel_size 2`;"
            " devices 0 to 5 train",
        ),
        (
            "h100-80gb",
            7,
            "server",
            "}\narguments: {model_name_or_path: a/b}",
            " first: `CUDA_VISIBLE_DEVICES=1,2,3,4,5,6,7 trl vllm-serve --model a/b`; device 0 trains",
        ),
        (
            "mi300x",
            1,
            "server",
            "}",
            " on device 7 first: `trl vllm-serve --model MODEL`; devices 0 to 6 train",
        ),
        (
            "h100-80gb",
            1,
            "server, vllm_server_port: 8001",
            ", slurm: {time: 1}}",
            " in the background in `launch.setup`:"
            " `CUDA_VISIBLE_DEVICES=7 trl vllm-serve --model MODEL --port 8001`; devices 0 to 6 train",
        ),
        ("h100-80gb", 2, "colocate", "}", None),
        ("h100-80gb", 0, "server", "}", None),
    ],
)
def test_which_devices_are_the_servers_is_said(
    tmp_path: Path, accelerator: str, reserved: int, mode: str, slurm: str, note: str | None
) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text(SERVED % (accelerator, reserved, mode, slurm))
    plan = load_one(str(spec), Session()).plans[0]
    (made,) = launch.emit(plan)
    assert made.note == (f"start the vLLM server{note}" if note else None)
