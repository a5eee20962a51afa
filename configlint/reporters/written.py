"""What was written, for people: the arithmetic, the files, what to run."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence

from configlint.core.artifact import Artifact
from configlint.core.plan import Plan


def render(plans: Sequence[Plan], folders: Mapping[str, Sequence[Artifact]], removed: Sequence[str] = ()) -> str:
    names = [plan.spec.target or os.path.basename(plan.spec.source.name) for plan in plans]
    products = [_product(plan) for plan in plans]
    width, product_width = max(map(len, names)), max(map(len, products))
    lines = [
        f"{name:{width}}  {product:{product_width}}  {_machine(plan)}"
        for name, product, plan in zip(names, products, plans, strict=True)
    ]
    lines += [f"{folder}: {' '.join(file.name for file in files)}" for folder, files in folders.items()]
    lines += [f"{folder}: removed" for folder in removed]
    everything = [(folder, file) for folder, files in folders.items() for file in files]
    lines += dict.fromkeys(f"{file.name}: {file.note}" for _, file in everything if file.note)
    lines += _to_resume(plans[0])
    scripts = [script for folder, files in folders.items() for script in _to_run(folder, files)]
    lines.append(f"run: {', or '.join(scripts)}" if scripts else "no launch.sh: the spec has no launch section")
    return "".join(f"{line}\n" for line in lines)


# The release since which TRL's own scripts hand the argument on. Source: trl 1.13 and 1.14, scripts/sft.py
_RESUMES = (1, 14)


def _to_resume(plan: Plan) -> list[str]:
    """How to go on from a checkpoint: the Trainer does not by itself."""
    if plan.launch.script is not None:
        return ["to resume: call trainer.train(resume_from_checkpoint=True) in the script"]
    is_trls = plan.launch.module is not None and plan.launch.module.startswith("trl.scripts.")
    if is_trls and plan.release.trl and plan.release.trl >= _RESUMES:
        return ["to resume: set training.resume_from_checkpoint to true and compile again"]
    return []


def _to_run(folder: str, files: Sequence[Artifact]) -> list[str]:
    """Where there is a job, it is what runs the rest."""
    jobs = [file for file in files if file.name.endswith(".sbatch")]
    command = "sbatch" if jobs else "bash"
    scripts = jobs or [file for file in files if file.executable]
    # To neither of the two a folder called `-d` is an option.
    beside = f"./{folder}" if folder.startswith("-") else folder
    return [f"{command} {shlex.quote(os.path.join(beside, file.name))}" for file in scripts]


def _product(plan: Plan) -> str:
    batch = plan.batch
    return f"{batch.trained} = {batch.per_device} x {batch.accumulation} x {plan.parallel.replicas}"


def _machine(plan: Plan) -> str:
    hardware, parallel = plan.hardware, plan.parallel
    sharing = parallel.data or ""
    if parallel.copies not in (None, 1):
        sharing += f": shard {parallel.shard} x {parallel.copies} copies"
    degrees = {kind: getattr(parallel, kind) for kind in ("tensor", "context", "sequence")}
    sharing += "".join(f", {kind} {degree}" for kind, degree in degrees.items() if degree != 1)
    return f"{hardware.nodes} x {hardware.devices_per_node} {hardware.accelerator_name}, {sharing}"
