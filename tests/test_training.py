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
from pathlib import Path
from typing import Any

import pytest

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


def launched(folder: Path, spec: str) -> list[dict[str, Any]]:
    """What each rank wrote down, after compiling and launching a spec that says `output_dir: out`."""
    shutil.copy(Path(__file__).with_name("count_samples.py"), folder)
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
