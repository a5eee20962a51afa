"""The ranks of a job, set up at its full world size on this machine's CPU by the installed Trainer.

A rank is a process with the variables of a launcher and a process group that sends nothing; see rank.py. What is
asked is what is written: the texts of the files.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from configlint.core.diagnostic import Diagnostic
from configlint.core.plan import Plan
from configlint.core.record import NamedTuple
from configlint.core.release import written
from configlint.host.process import ask
from configlint.proving.answer import Found, Rank
from configlint.verify.places import refusal
from configlint.verify.questions import training_args
from configlint.verify.verdict import DEEPSPEED, JSON

# Without these there is no rank.
NEEDED = ("transformers", "accelerate", "torch")
# An import on a slow disk, and a rank on a busy machine.
_START_SECONDS, _RANK_SECONDS = 240, 3


class Job(NamedTuple):
    """Of which ranks of a plan the samples of the first `steps` optimizer steps are asked; `files` are the texts of
    what was written, by name, and `environment` is what the launcher adds."""

    plan: Plan
    files: dict[str, str]
    environment: dict[str, str]
    ranks: tuple[int, ...]
    steps: int


def missing(plans: Sequence[Plan]) -> dict[str, str | None]:
    """What must be installed, and is not; and the release that is wanted, where it matters."""
    needed: dict[str, str | None] = dict.fromkeys(NEEDED)
    for plan in plans:
        needed["transformers"] = written(plan.release.transformers)
        if plan.release.trl:
            needed["trl"] = written(plan.release.trl)
        if plan.parallel.uses_deepspeed:
            needed["deepspeed"] = None
    return {name: release for name, release in needed.items() if find_spec(name) is None}


def set_up(jobs: Sequence[Job]) -> list[Found]:
    """What becomes of each job; all are asked of one process, which imports once."""
    seconds = _START_SECONDS + _RANK_SECONDS * sum(len(job.ranks) for job in jobs)
    answers = ask(Path(__file__).with_name("start_ranks.py"), [_question(job) for job in jobs], seconds)
    if isinstance(answers, str):
        return [Found(unproven=f"setting up the ranks {answers}") for _ in jobs]
    return [_found(job, answer["ranks"]) for job, answer in zip(jobs, answers, strict=True)]


def _question(job: Job) -> dict[str, Any]:
    plan, parallel = job.plan, job.plan.parallel
    world, sequence = parallel.world or 1, parallel.sequence or 1
    config = job.files.get("distributed_config.json")
    enough = (plan.batch.trained or 1) * (job.steps + 1)
    return {
        **training_args(plan, json.loads(job.files["training_args.json"])),
        "distributed_config": json.loads(config) if config else None,
        "environment": job.environment,
        "per_node": world // (plan.hardware.nodes or 1),
        "examples": plan.data.train_examples or enough,
        "streams": _streams(plan),
        "length": sequence,
        "sequence": sequence,
        "steps": job.steps,
        "ranks": job.ranks,
    }


def _streams(plan: Plan) -> str | None:
    """The library whose stream the trainer is given, None for a data set with a length."""
    if not plan.data.streaming:
        return None
    return "datasets" if plan.release.trl else "torch"


def _found(job: Job, answers: list[dict[str, Any]]) -> Found:
    for answer in answers:
        if "unproven" in answer:
            return Found(unproven=answer["unproven"])
        if "error" in answer:
            return Found(refusals=(_refusal(job, answer),))
    plan = job.plan
    packages = [*NEEDED, *(["deepspeed"] if answers[0]["deepspeed"] else []), *(["trl"] if plan.trl else [])]
    return Found(
        tuple(f"{name} {metadata.version(name)}" for name in packages),
        tuple(_rank(answer) for answer in answers),
        aside=tuple(dict.fromkeys(reason for answer in answers for reason in answer["aside"])),
    )


def _refusal(job: Job, answer: dict[str, Any]) -> Diagnostic:
    """A library's words, at the line that they are about."""
    library = answer["by"].partition(" ")[0]
    what = {"deepspeed": DEEPSPEED, "transformers": JSON, "trl": JSON}.get(library, "distributed_config.json")
    rank = f"rank {answer['rank']} of {job.plan.parallel.world}"
    return refusal(job.plan, what, answer["by"], f"rejects this on {rank}: {answer['error']}")


def _rank(answer: dict[str, Any]) -> Rank:
    batches, window = answer["batches"], answer["accumulation"]
    starts = range(0, len(batches), window)
    steps = [tuple(number for batch in batches[start : start + window] for number in batch) for start in starts]
    fields = [name for name in Rank._fields if name != "steps"]
    return Rank(steps=tuple(steps), **{name: answer[name] for name in fields})
