"""Set up ranks: run as a script, questions as JSON on stdin, answers on stdout.

A question is one of rank.py with {ranks, sequence}; an answer is {ranks}, an answer of rank.py for each. Of
configlint it takes its neighbours in `verify`, nothing else.
"""

from __future__ import annotations

import gc
import json
import multiprocessing
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any


def main() -> None:
    questions = json.load(sys.stdin)
    # Libraries print; only the answers go to stdout.
    answers_to = os.dup(1)
    os.dup2(2, 1)
    # -P keeps this folder off the path; at its end, configlint hides nothing that is installed.
    sys.path.append(str(Path(__file__).resolve().parents[3]))
    from configlint.proving.ranks import rank

    _import_once(questions)
    gc.freeze()  # what a rank does not touch is not copied
    asked = [(question, number) for question in questions for number in question["ranks"]]
    # Elsewhere than on Linux, forking is not to be had or not safe.
    method = "fork" if sys.platform == "linux" else "spawn"
    # A process a rank: a process can be one rank of one job only.
    with multiprocessing.get_context(method).Pool(_cores(), maxtasksperchild=1) as pool:
        found = iter(pool.starmap(rank.answer, asked, chunksize=1))
    answers = [{"ranks": [next(found) for _ in question["ranks"]]} for question in questions]
    for question, answer in zip(questions, answers, strict=True):
        _regroup(answer["ranks"], question["sequence"], question["steps"])
    with os.fdopen(answers_to, "w") as file:
        json.dump(answers, file)


def _import_once(questions: list[dict[str, Any]]) -> None:
    """What takes seconds, before forking. Accelerate imports DeepSpeed where it is installed, asked or not."""
    import torch
    import transformers.models.llama.modeling_llama
    import transformers.trainer  # noqa: F401

    torch.set_num_threads(1)  # threads do not outlive a fork
    if any(question["trl"] for question in questions) and find_spec("trl") is not None:
        import trl  # noqa: F401
    if find_spec("deepspeed") is not None:
        from configlint.proving.ranks import stand_ins

        stand_ins.import_deepspeed()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _regroup(ranks: list[dict[str, Any]], sequence: int, steps: int) -> None:
    """Put in the place of what the loaders gave what DeepSpeed makes of it, where it does."""
    if sequence == 1 or not all("batches" in answer for answer in ranks):
        return
    from configlint.proving.ranks.ulysses import regrouped

    for start in range(0, len(ranks), sequence):
        group = ranks[start : start + sequence]
        for answer, batches in zip(group, regrouped([each["batches"] for each in group]), strict=True):
            answer["batches"] = batches[: steps * answer["accumulation"]]


if __name__ == "__main__":
    main()
