"""What ask_readers.py is asked about a plan's files, and of which package.

What is planned goes with it, so that what a package reads is compared with the plan.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from configlint.core.plan import Plan
from configlint.core.profile import lacks
from configlint.core.record import NamedTuple
from configlint.core.values import whole
from configlint.core.wording import listing
from configlint.knowledge.launchers import Launcher, find_launcher
from configlint.verify.verdict import JSON, Made

_MESH, _LAUNCH = "distributed_config.json", "launch.sh"


class Question(NamedTuple):
    """`job` is for the function of ask_readers.py that is called `kind`, and of which `package` reads `files`."""

    kind: str
    package: str
    files: tuple[str, ...]
    job: dict[str, Any]

    def unverified(self, reason: str) -> str:
        """Why the files are not verified: the second half of a sentence that begins with the package."""
        said = f"{self.package} {reason}"
        # The script itself is bash's to read.
        names = [f"the launcher's command in {name}" if name == _LAUNCH else name for name in self.files]
        return said if self.files == (JSON,) else f"{listing(names)} ({said})"


def questions(made: Made, folder: Path) -> Iterator[Question]:
    """All about one plan; what a package reads as a file is written to a folder of the plan's own."""
    plan, texts = made.plan, made.texts
    yield Question("training_args", "transformers", (JSON,), training_args(plan, json.loads(texts[JSON])))
    if _MESH in texts:
        job = {"config": json.loads(texts[_MESH]), "world": plan.parallel.world, "transformers": _stated(plan)}
        yield Question("distributed_config", "transformers", (_MESH,), job)
    if _LAUNCH in texts:
        launcher = find_launcher(plan.launch.launcher)
        files = (_LAUNCH, launcher.file) if launcher.file else (_LAUNCH,)
        yield Question("launch", launcher.package, files, _launch(made, launcher, files, folder))


def _stated(plan: Plan) -> str | None:
    """The release that runs the job; None where nobody says which, and any that is installed may read the files."""
    return plan.transformers if plan.given("transformers") else None


def training_args(plan: Plan, arguments: dict[str, object]) -> dict[str, object]:
    """The job of construct.py, and what engines.py fills a DeepSpeed config with."""
    accelerator = plan.hardware.accelerator
    return {
        "arguments": arguments,
        "script": sorted(plan.arguments.keys() - plan.training.keys()),
        "module": plan.script.module if plan.script else None,
        "config_class": plan.release.config_class,
        "trainer": plan.trainer,
        "transformers": _stated(plan),
        "trl": plan.trl,
        "folder": os.path.abspath(plan.launch.workdir),
        # What torch would say there: it counts bfloat16 that NVIDIA's older ones emulate. One of which
        # nothing is known is given the benefit of the doubt. Source: torch 2.13 cuda/__init__.py.
        "bf16": accelerator is None or accelerator.vendor == "nvidia" or not lacks(accelerator, "bfloat16"),
        "tf32": accelerator is None or not lacks(accelerator, "tf32"),
        "world": plan.parallel.world or 1,
        "hidden_size": whole(plan.model.config.get("hidden_size")) if plan.model else None,
        "steps": plan.schedule.total_steps,
        "planned": {
            "gradient_accumulation_steps": plan.batch.accumulation,
            "train_micro_batch_size_per_gpu": plan.batch.per_device,
            "zero_optimization_stage": int((plan.parallel.data or "ddp0")[-1])
            if plan.parallel.uses_deepspeed
            else None,
        },
    }


def _launch(made: Made, launcher: Launcher, files: tuple[str, ...], folder: Path) -> dict[str, object]:
    plan, launch = made.plan, made.plan.launch
    folder.mkdir()
    if launcher.file:
        (folder / launcher.file).write_text(made.texts[launcher.file], encoding="utf-8")
    nodes = plan.hardware.nodes or 1
    return {
        "files": files,
        "package": launcher.package,
        "launcher": launcher.command,
        "commands": made.commands(str(folder)),
        "planned": {
            "the number of nodes": nodes,
            "the processes of a node": (plan.parallel.world or 1) // nodes,
            **(
                {"the module": launch.module}
                if launch.module
                else {"the script": os.path.normpath(launch.script or "")}
            ),
            "the script's arguments": [*filter(None, [launch.config_flag]), str(folder / JSON)],
            **({"the mesh": made.mesh} if launcher.file else {}),
        },
    }
