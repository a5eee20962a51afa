"""Trace training steps: run as a script, workloads as JSON on stdin, results on stdout.

A result is what `TracedStep` has, or {error}, one a workload, in order.
Of configlint it takes the nouns and its neighbours in this folder, nothing else.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    jobs = json.load(sys.stdin)
    # Libraries print; only the results go to stdout.
    results_to = os.dup(1)
    os.dup2(2, 1)
    # -P keeps this folder off the path; at its end, configlint hides nothing that is installed.
    sys.path.append(str(Path(__file__).resolve().parents[3]))
    from configlint.memory.trace import traced

    results: list[dict[str, Any]] = [traced.traced(job) for job in jobs]
    with os.fdopen(results_to, "w") as file:
        json.dump(results, file)


if __name__ == "__main__":
    main()
