"""The proof: the batch that is written is the batch that is trained.

A spec is compiled, the emitted files are launched, two real processes train, and the samples that they
consumed are counted.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from conftest import plans

from configlint.pipeline import judge

pytestmark = pytest.mark.heavy

BIN = Path(sys.executable).parent
SPEC = """\
batch: {{effective: 16{factors}}}
hardware: {{accelerator: cpu, devices_per_node: 2}}
training:
  output_dir: out
  max_steps: 3
  logging_steps: 1
  save_strategy: "no"
  remove_unused_columns: false
  report_to: none
launch: {{script: count_samples.py, launcher: {launcher}, env: {{OMP_NUM_THREADS: 1}}}}
"""

GRPO = """\
trainer: GRPOTrainer
batch: {effective: 16, per_device: 2}
hardware: {accelerator: cpu, devices_per_node: 2}
data: {train_examples: 14}
training:
  output_dir: out
  num_train_epochs: 1
  num_generations: 4
  steps_per_generation: 6
  max_completion_length: 3
  bf16: false
  save_strategy: "no"
  report_to: none
arguments: {trainer: GRPOTrainer, examples: 14}
launch: {script: count_trl.py, env: {OMP_NUM_THREADS: 1}}
"""
# The third step takes what is left over of the stream, and as much of the next pass as any other.
STREAM = (
    SPEC.format(factors=", per_device: 2", launcher="torchrun")
    + "data: {train_examples: 42, streaming: true}\narguments: {examples: 42, stream: torch}\n"
)


def launched(folder: Path, spec: str) -> list[dict[str, Any]]:
    """What each rank wrote down, after compiling and launching a spec that says `output_dir: out`."""
    for script in Path(__file__).parent.glob("count_*.py"):
        shutil.copy(script, folder)
    (folder / "train.yaml").write_text(spec)
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    command = [sys.executable, "-m", "configlint", "compile", "train.yaml", "-o", "build", "--verify", "require"]
    compiled = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert compiled.returncode == 0, compiled.stderr
    run = subprocess.run(
        ["bash", "build/launch.sh"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    ranks = sorted((folder / "out").glob("rank-*.json"))
    return [json.loads(rank.read_text()) for rank in ranks]


@pytest.mark.parametrize("launcher", ["torchrun", "accelerate"])
@pytest.mark.parametrize("factors", ["", ", per_device: 2, accumulation: 4"], ids=["derived", "2 x 4 x 2"])
def test_each_optimizer_step_sees_the_effective_batch(tmp_path: Path, launcher: str, factors: str) -> None:
    spec = SPEC.format(factors=factors, launcher=launcher)
    ranks = [rank["samples"] for rank in launched(tmp_path, spec)]
    assert len(ranks) == 2
    for step in ("0", "1", "2"):
        consumed = [sample for rank in ranks for sample in rank[step]]
        assert len(consumed) == len(set(consumed)) == 16
    assert all(len(rank) == 3 for rank in ranks)


def steps_of(ranks: list[dict[str, Any]]) -> list[list[int]]:
    """The samples of all ranks in each optimizer step."""
    assert len(ranks) == 2
    return [[sample for rank in ranks for sample in rank["samples"][step]] for step in ranks[0]["samples"]]


def test_generations_that_last_for_a_step_and_a_half_are_trained_in_the_planned_steps(tmp_path: Path) -> None:
    (plan,) = plans(GRPO)
    steps = steps_of(launched(tmp_path, GRPO))
    assert [len(step) for step in steps] == [plan.batch.trained] * (plan.schedule.total_steps or 0) == [16] * 3
    assert plan.generation
    prompts = Counter(prompt for step in steps for prompt in step)
    # Of 14 prompts, a third generation batch has only two.
    assert len(prompts) == 2 * plan.generation.prompts == 12
    assert set(prompts.values()) == {plan.generation.group}


def test_a_stream_is_trained_as_planned_until_it_ends_and_then_as_the_rule_says(tmp_path: Path) -> None:
    (plan,) = plans(STREAM)
    *whole, last = steps_of(launched(tmp_path, STREAM))
    assert plan.schedule.total_steps == len(whole) + 1
    assert [len(set(step)) for step in whole] == [plan.batch.trained] * 2
    said = {found.rule: found.message for found in judge([plan])[0]}
    assert f"that step trains {len(last)} samples instead of 16" in said["data/short-stream"]


def test_what_is_counted_depends_on_the_spec(tmp_path: Path) -> None:
    """So that the test above could fail: with other factors pinned, another number is counted."""
    spec = tmp_path / "spec"
    spec.mkdir()
    arguments = {
        "per_device_train_batch_size": 3,
        "gradient_accumulation_steps": 2,
        "max_steps": 1,
        "use_cpu": True,
    }
    more = {"output_dir": "out", "remove_unused_columns": False, "save_strategy": "no"}
    (spec / "training_args.json").write_text(json.dumps(arguments | more))
    script = Path(__file__).with_name("count_samples.py")
    subprocess.run([sys.executable, str(script), "training_args.json"], cwd=spec, check=True, capture_output=True)
    assert len(json.loads((spec / "out" / "rank-0.json").read_text())["samples"]["0"]) == 6
