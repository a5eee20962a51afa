"""Several data loader workers read one stream.

Each worker is a process with a copy of the data set. An IterableDataset that does not ask which worker it is in
gives the same examples to all of them, so each is trained several times. The streams of Hugging Face's `datasets`
share their files out among the workers.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    data: {streaming: true}
    training: {max_steps: 1000, dataloader_num_workers: 2}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    data: {streaming: true}
    training: {max_steps: 1000, dataloader_num_workers: 1}

Source: torch 2.13 utils/data/dataset.py, IterableDataset; run: of 16 examples two workers give 8, each twice
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule
from configlint.core.values import positive


@rule(Severity.INFO, when=lambda plan: plan.writes("dataloader_num_workers"))
def check(plan: Plan) -> Iterator[Finding]:
    path = plan.path("dataloader_num_workers")
    workers = positive(plan.argument("dataloader_num_workers")) or 0
    if plan.release.trl is not None:
        return  # it takes the streams of Hugging Face's datasets
    if plan.data.streaming is True and workers > 1:
        yield Finding(
            path,
            f"each of the {workers} workers reads the whole stream, unless the data set shares it out among them"
            " as Hugging Face's datasets do",
            [Put(path, 1, why="one worker reads each sample once")],
        )
