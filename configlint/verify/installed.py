"""What the installed programs say of the files of some plans, asked in one process.

This machine's answers are replaced there by the spec's accelerator's, so that a verdict is the same on a login node
and on the cluster.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from configlint.core.plan import Plan
from configlint.host.process import ask
from configlint.verify import sbatch, shell
from configlint.verify.places import refusal
from configlint.verify.questions import Question, questions
from configlint.verify.verdict import Made, Verdict

TIMEOUT_SECONDS = 180


def verify(made: Sequence[Made]) -> list[list[Verdict]]:
    """What each program says of each plan's files."""
    with TemporaryDirectory(prefix="configlint-", ignore_cleanup_errors=True) as folder:
        asked = [list(questions(each, Path(folder, str(index)))) for index, each in enumerate(made)]
        readings, failure = _ask(asked)
    return [
        [
            *shell.read(each),
            *sbatch.read(each),
            *_unread(group, failure),
            *(_verdict(each.plan, reading) for reading in found),
        ]
        for each, group, found in zip(made, asked, readings, strict=True)
    ]


def _ask(asked: Sequence[Sequence[Question]]) -> tuple[list[list[dict[str, Any]]], str | None]:
    """The readings of each plan's files by what is installed; or none, and why."""
    jobs = [{each.kind: each.job for each in group if _installed(each)} for group in asked]
    answers = ask(Path(__file__).with_name("ask_readers.py"), jobs, TIMEOUT_SECONDS) if any(jobs) else []
    if isinstance(answers, str):
        return [[] for _ in jobs], answers
    return [answer["readings"] for answer in answers] or [[] for _ in jobs], None


def _installed(question: Question) -> bool:
    return find_spec(question.package) is not None


def _unread(group: Sequence[Question], failure: str | None) -> Iterator[Verdict]:
    for question in group:
        reason = failure if _installed(question) else "is not installed"
        if reason:
            yield Verdict(question.files[0], None, (question.unverified(reason),))


def _verdict(plan: Plan, reading: dict[str, Any]) -> Verdict:
    """Of one of ask_readers.py's readings."""
    what, by, error = reading["what"], reading["by"], reading["error"]
    unverified = tuple(reading["unverified"])
    if error is None:
        return Verdict(what, by, unverified)
    return Verdict(what, None, unverified, (refusal(plan, what, by, error, about=reading.get("about")),))
