"""The batch as it is written, planned, proven and trained, cell by cell; samples.md is what it printed.

    python benchmarks/launch/samples.py [--only TEXT] [--by-launcher] > benchmarks/launch/samples.md

Each cell is a spec. What is compiled of it trains a tiny model on this machine's CPU, in one or two real processes,
and the samples of each optimizer step are counted. What goes wrong on the way is said on stderr, in its own words.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import ceil
from pathlib import Path
from typing import Any, NamedTuple

from configlint.core.diagnostic import Diagnostic, Severity
from configlint.core.plan import Plan
from configlint.host.write import write
from configlint.pipeline import Compiled, compile_spec
from configlint.proving.answer import Proof, Rank
from configlint.proving.prove import prove
from configlint.session import Session

TESTS = Path(__file__).parent.parent.parent / "tests"
LAUNCH_SECONDS = 300
HEAD = """\
# Written, planned, proven and trained

`python benchmarks/launch/samples.py` prints this. Each cell is a spec: per_device x accumulation x ranks, how many
examples there are, and what else it says. The batch, in samples of an optimizer step, is

- written: the spec's `batch.effective`.
- planned: per_device x accumulation x replicas, as configlint derives them; in the last step of an epoch, what is
  left over (`configlint explain SPEC last_step_samples`). `16 x 2, 8` is two steps of 16 and one of 8.
- proven: what `configlint prove` counts, which sets up the real trainer of each rank and trains nothing.
- trained: what was counted in a real training on CPU, in as many processes, from the files that `compile` wrote.
  `8 (5)` is 8 samples, 5 of them distinct.

With GRPO and RLOO, samples are completions, 4 of each prompt, and examples are prompts. The steps are those of the
whole run, two epochs where nothing else is said: planned, proven and trained, once where all are the same. The last
column is what `check` finds before any of this in the families batch and data. What has an error, in bold, is
neither compiled nor run.
"""
# Small, fast, and without a network.
ALWAYS = {"output_dir": "out", "logging_steps": 1, "save_strategy": "no", "report_to": "none"}
OF_TRL = {"bf16": False, "gradient_checkpointing": False}
GENERATES = {**OF_TRL, "num_generations": 4, "max_completion_length": 3}
TRAINERS = {
    "Trainer": {"remove_unused_columns": False},
    "SFTTrainer": OF_TRL,
    "GRPOTrainer": GENERATES,
    "RLOOTrainer": {**GENERATES, "beta": 0.0},  # so that there is no reference model, which is loaded from the hub
}
PACKED = {"packing": True, "max_length": 8}


class Cell(NamedTuple):
    """A spec, and what its script is given: a `stream` of this library; so many `texts` for each example, to pack.

    The factors are what is to come out; `batch` is what the section says in place of per_device.
    """

    per_device: int
    accumulation: int
    ranks: int
    examples: int
    training: Mapping[str, Any] = {}
    trainer: str = "Trainer"
    stream: str = "no"
    data: str = "ddp"
    launcher: str = "torchrun"
    texts: int = 1
    batch: Mapping[str, Any] = {}

    @property
    def effective(self) -> int:
        return self.per_device * self.accumulation * self.ranks

    @property
    def name(self) -> str:
        own = {name: getattr(self, name) for name in ("stream", "data", "launcher", "batch")}
        said = {name: value for name, value in own.items() if value != self._field_defaults[name]}
        words = "; ".join(f"{name}: {plain(value)}" for name, value in {**said, **self.training}.items())
        factors = f"{self.per_device} x {self.accumulation} x {self.ranks}"
        return f"{self.trainer}, {factors}, {self.examples}{words and f'; {words}'}"

    @property
    def spec(self) -> dict[str, Any]:
        of_trl = self.trainer != "Trainer"
        epochs = {} if "max_steps" in self.training else {"num_train_epochs": 2}
        arguments = {"examples": self.examples * self.texts, "stream": self.stream}
        return {
            "trainer": self.trainer,
            "batch": {"effective": self.effective, **(self.batch or {"per_device": self.per_device})},
            # On a CPU there is no FSDP; count_samples.py trains there what is compiled for GPUs.
            "hardware": {
                "accelerator": "h100-80gb" if self.data == "fsdp" else "cpu",
                "devices_per_node": self.ranks,
            },
            "parallel": {"data": self.data},
            "data": {"train_examples": self.examples, "streaming": self.stream != "no"},
            "training": {**ALWAYS, **epochs, **TRAINERS[self.trainer], **self.training},
            "arguments": {**arguments, **({"trainer": self.trainer} if of_trl else {})},
            "launch": {"script": "count_trl.py" if of_trl else "count_samples.py", "launcher": self.launcher},
        }


def plain(value: object) -> str:
    return json.dumps(value).replace('"', "")


def cells() -> Iterator[Cell]:
    yield from of_trainer()
    yield from of_streams()
    yield from of_sft()
    for trainer in ("GRPOTrainer", "RLOOTrainer"):
        yield from of_generation(trainer)


def of_trainer() -> Iterator[Cell]:
    for factors in ((1, 1, 1), (2, 4, 1), (1, 16, 1), (8, 1, 2), (2, 4, 2), (1, 8, 2)):
        yield Cell(*factors, 48)
    yield Cell(4, 2, 2, 48, batch={"per_device": {"max": 6}})
    yield Cell(1, 8, 2, 48, batch={"per_device": {"max": 1}}, launcher="accelerate")
    # What an epoch leaves over.
    yield Cell(2, 2, 1, 15)
    yield Cell(3, 2, 2, 45)
    for training in ({}, {"num_train_epochs": 1.5}, {"max_steps": 5}):
        yield Cell(2, 4, 2, 40, training)
    yield from (Cell(2, 4, 2, examples, {"dataloader_drop_last": True}) for examples in (45, 50))
    yield Cell(2, 16, 2, 40)
    yield Cell(4, 1, 2, 5)
    yield Cell(4, 1, 2, 5, {"dataloader_drop_last": True})
    for examples, even in ((45, True), (45, False), (34, True), (34, False)):
        yield Cell(2, 4, 2, examples, {"accelerator_config": {"even_batches": even}})
    yield Cell(8, 2, 2, 64, {"accelerator_config": {"split_batches": True}})
    yield from (Cell(2, 4, 2, 40, data=data) for data in ("fsdp", "zero2", "zero3"))


def of_streams() -> Iterator[Cell]:
    for stream in ("torch", "datasets"):
        for dispatch in ({}, {"dispatch_batches": True}, {"dispatch_batches": False}):
            config = {"accelerator_config": dispatch} if dispatch else {}
            for examples, number in ((480, 3), (40, 6), (42, 4), (45, 4)):
                yield Cell(2, 4, 2, examples, {"max_steps": number, **config}, stream=stream)
    stream_of = Cell(2, 4, 2, 480, {"max_steps": 3}, stream="torch")
    yield from (stream_of._replace(ranks=1), stream_of._replace(examples=48), stream_of._replace(examples=12))
    yield stream_of._replace(examples=40, training={"max_steps": 3, "dataloader_drop_last": True})
    yield stream_of._replace(training={})


def of_sft() -> Iterator[Cell]:
    sft = Cell(2, 4, 2, 48, trainer="SFTTrainer")
    yield from (sft, sft._replace(ranks=1), sft._replace(examples=40))
    packed = sft._replace(texts=2, training=PACKED)
    yield from (packed, packed._replace(ranks=1), packed._replace(examples=40))
    yield packed._replace(training={**PACKED, "packing_strategy": "wrapped"})
    stream = sft._replace(stream="datasets", training={"max_steps": 3})
    yield from (stream, stream._replace(examples=42))
    yield stream._replace(training={"max_steps": 3, "accelerator_config": {"dispatch_batches": True}})
    yield packed._replace(stream="datasets", training={**PACKED, "max_steps": 3})


def of_generation(trainer: str) -> Iterator[Cell]:
    two = Cell(2, 4, 2, 12, trainer=trainer)
    yield from (two, two._replace(ranks=1), Cell(4, 1, 2, 8, trainer=trainer))
    yield from (two._replace(training={"steps_per_generation": number}) for number in (2, 3, 6, 8))
    yield two._replace(training={"generation_batch_size": 32})
    for number in (4, 2, 6):
        yield two._replace(training={"num_iterations": 2, "steps_per_generation": number})
    # Prompts that do not fill a generation batch, and generations that do not make whole steps.
    yield from (two._replace(examples=number) for number in (10, 3))
    yield two._replace(examples=6, training={"steps_per_generation": 6})
    stream = two._replace(stream="datasets", training={"max_steps": 4})
    yield from (stream._replace(examples=number) for number in (40, 10, 3))
    for examples, number in ((40, 2), (12, 6), (6, 6), (3, 2)):
        yield stream._replace(examples=examples, training={"max_steps": 4, "steps_per_generation": number})
    yield stream._replace(training={"max_steps": 4, "num_iterations": 2})
    yield stream._replace(training={"max_steps": 4, "accelerator_config": {"dispatch_batches": True}})


class Run(NamedTuple):
    """What became of a cell: `steps` has the samples that all processes trained, of each optimizer step."""

    cell: Cell
    compiled: Compiled
    proof: Proof | None
    steps: Sequence[Sequence[int]]

    @property
    def plan(self) -> Plan:
        return self.compiled.plans[0]

    @property
    def first(self) -> Rank | None:
        """What `prove` found out about the first rank."""
        return self.proof.found.ranks[0] if self.proof and self.proof.found.ranks else None

    @property
    def findings(self) -> list[Diagnostic]:
        return [found for found in self.compiled.diagnostics if found.rule.startswith(("batch/", "data/"))]


# Trains what is in these folders; says what went wrong in each.
Start = Callable[[Sequence[Path]], Iterable[str | None]]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--only", default="", metavar="TEXT", help="cells in whose name it is: `GRPOTrainer, 2 x 4`"
    )
    parser.add_argument(
        "--by-launcher", action="store_true", help="start by the real launchers: half a minute each"
    )
    arguments = parser.parse_args()
    chosen = [cell for cell in cells() if arguments.only in cell.name]
    with tempfile.TemporaryDirectory() as root:
        folders = {Path(root, str(number)): cell for number, cell in enumerate(chosen)}
        runs = followed(folders, by_launchers if arguments.by_launcher else by_ranks)
    print("\n".join([HEAD, *table(runs), "", *summary(runs)]))


def followed(cells: Mapping[Path, Cell], start: Start) -> list[Run]:
    """What becomes of cells, each in its folder; all are proven in one process, which imports once."""
    compiled = {folder: compile_cell(cell, folder) for folder, cell in cells.items()}
    made = [folder for folder in cells if compiled[folder].folders]
    files = [artifacts for folder in made for artifacts in compiled[folder].folders.values()]
    proofs = dict(zip(made, prove([compiled[folder].plans[0] for folder in made], files), strict=True))
    for folder, error in zip(made, start(made), strict=True):
        if error:
            print(f"{cells[folder].name}: {error[-2000:]}", file=sys.stderr, flush=True)
    return [Run(cell, compiled[folder], proofs.get(folder), steps(folder)) for folder, cell in cells.items()]


def compile_cell(cell: Cell, folder: Path) -> Compiled:
    """What is made of a cell, and written beside its script."""
    folder.mkdir()
    for script in TESTS.glob("count_*.py"):
        shutil.copy(script, folder)
    (folder / "train.yaml").write_text(json.dumps(cell.spec))
    compiled = compile_spec(str(folder / "train.yaml"), Session(), None, str(folder / "build"))
    write(compiled.folders)
    return compiled


def by_ranks(folders: Sequence[Path]) -> Iterator[str | None]:
    """Without a launcher's start-up, in children of one process."""
    imported = [f"trl.trainer.{name}_trainer" for name in ("sft", "grpo", "rloo")]
    started = subprocess.run(
        [sys.executable, str(TESTS / "ranks.py"), *imported],
        input="".join(json.dumps(str(folder / "build")) + "\n" for folder in folders),
        capture_output=True,
        text=True,
        check=False,
    )
    answers = [json.loads(line)["error"] for line in started.stdout.splitlines()]
    ended = f"ranks.py ended with {started.returncode}: {started.stderr}"
    for _, error in itertools.zip_longest(folders, answers, fillvalue=ended):
        yield error


def by_launchers(folders: Sequence[Path]) -> Iterator[str | None]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for folder in folders:
        command = ["timeout", str(LAUNCH_SECONDS), "bash", str(folder / "build" / "launch.sh")]
        environment = {**os.environ, "PATH": path, "CUDA_VISIBLE_DEVICES": ""}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        yield done.stderr if done.returncode else None


def steps(folder: Path) -> list[list[int]]:
    """The samples of all ranks in each optimizer step."""
    ranks = [json.loads(path.read_text())["samples"] for path in sorted(folder.glob("out/rank-*.json"))]
    numbers = sorted({int(step) for rank in ranks for step in rank})
    return [[sample for rank in ranks for sample in rank.get(str(number), [])] for number in numbers]


def table(runs: Sequence[Run]) -> Iterator[str]:
    yield "| | written | planned | proven | trained | steps | check |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for run in runs:
        numbers = [run.cell.effective, planned(run), proven(run), trained(run), number_of_steps(run)]
        yield f"| {' | '.join([run.cell.name, *map(str, numbers), check(run)])} |"


def planned(run: Run) -> str:
    return in_turn(map(str, planned_steps(run.plan))) if run.compiled.folders else str(run.plan.batch.trained)


def planned_steps(plan: Plan) -> list[int]:
    """The samples of each step. A pass over a stream that is left over ends with a step, like an epoch."""
    trained, schedule = plan.batch.trained or 1, plan.schedule
    every = schedule.steps_per_epoch or ceil((plan.data.train_examples or 0) / trained)
    last = schedule.last_step_samples or trained
    return [trained if step % every else last for step in range(1, (schedule.total_steps or 0) + 1)]


def proven(run: Run) -> str:
    """The samples of a step, from those of all steps that belong together."""
    if not run.proof or not run.first:
        return "-"
    rank = run.first
    return in_turn(f"{distinct * rank.repeats / rank.cycle:g}" for distinct in run.proof.distinct)


def trained(run: Run) -> str:
    """The samples of each step, and how many of them are distinct where that is fewer."""
    counts = zip(map(len, run.steps), distinct_steps(run), strict=True)
    return in_turn(f"{all}" if all == distinct else f"{all} ({distinct})" for all, distinct in counts)


def distinct_steps(run: Run) -> list[int]:
    """The samples of each step; those of one that is to be trained once count once."""
    once = run.first and run.first.repeats == 1
    return [len(set(samples) if once else samples) for samples in run.steps]


def in_turn(words: Iterable[str]) -> str:
    """What follows upon itself is said once: `16 x 2, 8`."""
    groups = [(word, len(list(same))) for word, same in itertools.groupby(words)]
    return ", ".join(f"{word} x {times}" if times > 1 else word for word, times in groups) or "-"


def number_of_steps(run: Run) -> str:
    """Of the whole run, as planned, as proven and as trained; once where all say the same."""
    found = [run.plan.schedule.total_steps, run.first and run.first.total_steps, len(run.steps) or None]
    words = ["-" if number is None else str(number) for number in found]
    return words[0] if len(set(words)) == 1 else ", ".join(words)


def check(run: Run) -> str:
    return ", ".join(f"**{each.rule}**" if each.severity is Severity.ERROR else each.rule for each in run.findings)


def summary(runs: Sequence[Run]) -> Iterator[str]:
    """How many cells are trained as they are written or planned, and whether `check` says so of the others."""
    compiled = [run for run in runs if run.compiled.folders]
    made = [run for run in compiled if run.steps]
    others = [run for run in made if distinct_steps(run) != planned_steps(run.plan)]
    smaller = [run for run in made if run.plan.schedule.last_step_samples and run not in others]
    unsaid = [run.cell.name for run in others if not run.findings]
    yield f"Of {len(runs)} cells,\n"
    yield f"- {len(made) - len(others) - len(smaller)} train the written batch in every step;"
    yield f"- {len(smaller)} train fewer samples in the last step of an epoch, as planned;"
    yield f"- {len(others)} train something else, and `check` finds {len(others) - len(unsaid)} of these;"
    yield f"- {len(runs) - len(compiled)} have an error, and {len(compiled) - len(made)} could not be trained.\n"
    yield from (f"  - unsaid: {name}" for name in unsaid)
    yield "`prove` says that it is not as planned:\n"
    for run in compiled:
        differences = run.proof.differences if run.proof else ()
        yield from (f"- {run.cell.name}: {difference}" for difference in differences)


if __name__ == "__main__":
    main()
