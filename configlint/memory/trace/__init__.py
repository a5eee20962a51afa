"""The real model's training step, run on tensors without data: what it would hold on one CUDA device.

A process of its own builds the model from its config, without weights and without a GPU, and counts the
storages that are alive; see run_trace.py. That takes seconds, so that answers are kept in the user's cache.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import TypedDict, cast

from configlint.core import installing
from configlint.core.release import written
from configlint.core.wording import listing
from configlint.core.workload import Workload
from configlint.host.process import ask

TIMEOUT_SECONDS = 600
# Raised whenever the same workload may get another answer.
VERSION = 4
# The packages whose releases the answer depends on.
_PACKAGES = ("torch", "transformers", "accelerate", "peft", "bitsandbytes", "liger-kernel")


class TracedStep(TypedDict):
    """Bytes of one device, of tensors alone: at the worst moment of a step, in which `phase` it is, and by
    category; the worst of each phase; what the forward keeps for the backward; the size of all that is
    trained, as its gradients have it. And how long the trace took.

    `allocated` is what torch.cuda.max_memory_allocated counts, but for the workspaces of cuBLAS.
    """

    allocated: int
    phase: str
    breakdown: dict[str, int]
    phases: dict[str, int]
    saved: int
    trained_bytes: int
    seconds: float


def trace(workload: Workload) -> TracedStep | str:
    """What a training step holds, or one sentence that says why it cannot be traced."""
    return traces([workload])[0]


def traces(workloads: Sequence[Workload]) -> list[TracedStep | str]:
    """The same of several, that share one process; one answer each, in order."""
    workloads = [_one_row(workload) for workload in workloads]
    versions = {name: _version(name) for name in _PACKAGES}
    answers: dict[int, TracedStep | str] = {}
    for index, workload in enumerate(workloads):
        reason = _unfit(workload, versions)
        found = reason or _remembered(_place(workload, versions))
        if found is not None:
            answers[index] = found
    missing = [index for index in range(len(workloads)) if index not in answers]
    if missing:
        asked = _ask([workloads[index] for index in missing])
        results: list[TracedStep | str] = [asked for _ in missing] if isinstance(asked, str) else asked
        for index, result in zip(missing, results, strict=True):
            answers[index] = result
            if not isinstance(result, str):
                _remember(_place(workloads[index], versions), result)
    return [answers[index] for index in range(len(workloads))]


def _one_row(workload: Workload) -> Workload:
    """A flattened batch as the row that it is; flash attention keeps its samples apart without a mask."""
    workload = workload._replace(many_lengths=False)  # of one step it says nothing
    if not workload.flattened or workload.attention not in ("sdpa", "eager"):
        return workload._replace(flattened=False)
    length = workload.batch * workload.length
    return workload._replace(flattened=False, batch=1, length=length, padded=workload.batch > 1)


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _unfit(workload: Workload, versions: dict[str, str | None]) -> str | None:
    if workload.chunked_loss:
        return "TRL's chunked loss cannot be traced"
    if workload.scores or workload.reference or workload.pairs:
        return "TRL's trainers do more than one step of the model, which cannot be traced"
    wanted = written(workload.release)
    needed = {"torch": None, "transformers": wanted, "accelerate": None}
    if missing := {name: release for name, release in needed.items() if versions[name] is None}:
        verb = "is" if len(missing) == 1 else "are"
        return f"{listing(missing)} {verb} not installed (run {installing.command(missing)})"
    installed = versions["transformers"] or ""
    if installed.split(".")[:2] != wanted.split("."):
        return f"transformers {installed} is installed, but the spec is for {wanted}"
    return None


def _ask(workloads: Sequence[Workload]) -> list[TracedStep | str] | str:
    """The answers of run_trace.py, or why there are none."""
    script = Path(__file__).with_name("run_trace.py")
    answers = ask(script, [workload._asdict() for workload in workloads], TIMEOUT_SECONDS)
    if isinstance(answers, str):
        return f"the trace {answers}"
    return [result["error"] if "error" in result else cast("TracedStep", result) for result in answers]


def _place(workload: Workload, versions: dict[str, str | None]) -> Path:
    """The file in the user's cache that holds the answer, if any does."""
    asked = json.dumps([VERSION, versions, workload._asdict()], sort_keys=True, default=str)
    digest = hashlib.sha256(asked.encode()).hexdigest()
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(home, "configlint", "trace", f"{digest}.json")


def _remembered(place: Path) -> TracedStep | None:
    """What can be read there; anything else is as if there were nothing."""
    try:
        found: TracedStep = json.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and "allocated" in found else None


def _remember(place: Path, result: TracedStep) -> None:
    """Where the cache cannot be written, the answer is worked out again next time."""
    with suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=place.parent, suffix=".tmp", delete=False) as file:
            json.dump(result, file)
        os.replace(file.name, place)
