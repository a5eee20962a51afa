"""Ask the installed packages: run as a script, a plan's jobs as JSON on stdin, readings on stdout.

A plan's jobs are {training_args, distributed_config, launch}, each where there is something to read; the answer is
{readings}, each {what, by, unverified, error}. `by` is None where nothing was read; `error` is a refusal.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any


def main() -> None:
    questions = json.load(sys.stdin)
    # Libraries print; only the readings go to stdout.
    results_to = os.dup(1)
    os.dup2(2, 1)
    # -P keeps this folder off the path; at its end, configlint hides nothing that is installed.
    sys.path.append(str(Path(__file__).resolve().parents[2]))
    _import_once(questions)
    # Elsewhere than on Linux, forking is not to be had or not safe.
    method = "fork" if sys.platform == "linux" else "spawn"
    # A process a plan: what a construction leaves behind, in modules and environment, spoils the next.
    with multiprocessing.get_context(method).Pool(1, maxtasksperchild=1) as pool:
        results = pool.map(answer, questions, chunksize=1)
    with os.fdopen(results_to, "w") as file:
        json.dump(results, file)


def _import_once(questions: list[dict[str, Any]]) -> None:
    """What takes seconds, before forking."""
    from configlint.verify import engines

    jobs = [question["training_args"] for question in questions if "training_args" in question]
    if jobs:
        import transformers.training_args  # noqa: F401
    if any(job["arguments"].get("deepspeed") for job in jobs):
        with suppress(Exception):  # whoever asks for it is told why it cannot be had
            engines.import_deepspeed()


def answer(question: dict[str, Any]) -> dict[str, Any]:
    from configlint.verify import construct, engines, scripts, starting

    found: list[dict[str, Any]] = []
    # Before the construction: what is left of that would be in the launcher's environment.
    if "launch" in question:
        found += starting.launch(question["launch"])
    if "training_args" in question:
        reading, arguments = construct.constructed(question["training_args"])
        found.append({"what": "training_args.json", **reading})
        if arguments is not None and question["training_args"]["module"]:
            found.append({"what": "training_args.json", **scripts.parse(question["training_args"])})
        if getattr(arguments, "hf_deepspeed_config", None):
            found.append(engines.deepspeed(arguments, question["training_args"]))
    if "distributed_config" in question:
        found.append(engines.distributed_config(question["distributed_config"]))
    return {"readings": found}


if __name__ == "__main__":
    main()
