"""A script that imports the training stack, asked in a process of its own.

That import takes seconds, what it leaves behind would spoil the next question, and with the variables of a launcher
that is long gone it hangs. GPUs are hidden, so that the answer is the same on a login node and on the cluster.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

# What launchers and schedulers leave in the environment, and what reads it hangs or believes.
_STALE = (
    "ACCELERATE_", "DEEPSPEED_", "FSDP_", "GROUP_", "LOCAL_", "MASTER_", "MPI_", "OMPI_", "PARALLELISM_CONFIG_",
    "PET_", "PMI_", "PYTORCH_", "RANK", "ROLE_", "SLURM_", "SM_", "TORCH", "TRANSFORMERS_", "WORLD_SIZE",
)  # fmt: skip
_HIDDEN = {
    "CUDA_VISIBLE_DEVICES": "",
    "HIP_VISIBLE_DEVICES": "",
    "HF_HUB_OFFLINE": "1",
    "PYTHONUNBUFFERED": "1",
}


def ask(script: Path, questions: list[dict[str, Any]], seconds: int) -> list[dict[str, Any]] | str:
    """What the script prints as JSON when it reads the questions as JSON: an answer for each; or why there is none,
    in the second half of a sentence that begins with who was asked."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_STALE)}
    try:
        process = subprocess.run(
            [sys.executable, "-P", str(script)],
            input=json.dumps(questions, default=str),
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=seconds,
            env={**environment, **_HIDDEN},
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"gave no answer in {seconds} s"
    if process.returncode != 0:
        lines = process.stderr.strip().splitlines() or ["no message"]
        return f"failed: {lines[-1]}"
    answers: list[dict[str, Any]] = json.loads(process.stdout)
    return answers
