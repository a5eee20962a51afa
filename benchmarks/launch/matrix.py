"""How far each combination of back end, machines and engine was followed, as a Markdown table.

    python benchmarks/launch/matrix.py [--only TEXT] [--up-to LEVEL]

For each cell a spec is compiled, and the level is found by doing it:

static      configlint finds no error, and writes the files
parsed      the programs that read the files accept them
resolved    the real Trainer, set up for all of the job's ranks, deals out the batch that was written
ran on CPU  as many real processes trained, and the samples that they consumed were counted; up to 8

What did not hold is said on stderr, in its own words.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent.parent
EFFECTIVE, STEPS, MAXIMUM_RANKS = 64, 2, 8
BACK_ENDS = {
    "torchrun": "launcher: torchrun",
    "accelerate": "launcher: accelerate",
    "sbatch": 'launcher: torchrun, slurm: {partition: gpu, time: "1:00:00"}',
}
SHAPES = {"1 GPU": (1, 1), "1 x 8": (1, 8), "4 x 8": (4, 8)}
ENGINES = {
    "ddp": "data: ddp",
    "fsdp": "data: fsdp",
    "hsdp": "data: fsdp, shard: 4",
    "zero1": "data: zero1",
    "zero2": "data: zero2",
    "zero3": "data: zero3",
    "tp2": "data: ddp, tensor: 2",
}
SPEC = """\
batch: {{effective: {effective}, per_device: {{max: 2}}}}
hardware: {{accelerator: h100-80gb, nodes: {nodes}, devices_per_node: {devices}}}
parallel: {{{parallel}}}
data: {{train_examples: 480}}
training:
  output_dir: out
  max_steps: {steps}
  logging_steps: 1
  save_strategy: "no"
  remove_unused_columns: false
  report_to: none
launch: {{script: count_samples.py, {launch}}}
"""


class Cell(NamedTuple):
    back_end: str
    shape: str
    engine: str

    @property
    def name(self) -> str:
        return f"{self.back_end}, {self.shape}, {self.engine}"

    @property
    def makes_sense(self) -> bool:
        """One device has nothing to share out."""
        return self.shape != "1 GPU" or self.engine not in ("hsdp", "tp2")

    @property
    def ranks(self) -> int:
        nodes, devices = SHAPES[self.shape]
        return nodes * devices

    @property
    def together(self) -> int:
        """How many ranks work on the same samples."""
        return 2 if self.engine == "tp2" else 1


# Says None where the cell in this folder holds on a level, else why not.
Level = Callable[[Cell, Path], str | None]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", default="", metavar="TEXT", help="cells in whose name it is: `torchrun, 1 x 8`")
    parser.add_argument("--up-to", default=list(LEVELS)[-1], choices=LEVELS, metavar="LEVEL")
    arguments = parser.parse_args()
    names = list(LEVELS)
    levels = names[: names.index(arguments.up_to) + 1]
    found: dict[Cell, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        for number, cell in enumerate(cells()):
            if arguments.only in cell.name:
                found[cell] = reached(cell, Path(folder, str(number)), levels) if cell.makes_sense else "-"
    print("\n".join(table(found)))


def cells() -> Iterator[Cell]:
    for back_end in BACK_ENDS:
        for shape in SHAPES:
            yield from (Cell(back_end, shape, engine) for engine in ENGINES)


def reached(cell: Cell, folder: Path, levels: list[str]) -> str:
    """The highest level on which the cell holds."""
    nodes, devices = SHAPES[cell.shape]
    folder.mkdir()
    shutil.copy(ROOT / "tests" / "count_samples.py", folder)
    (folder / "train.yaml").write_text(
        SPEC.format(
            effective=EFFECTIVE,
            steps=STEPS,
            nodes=nodes,
            devices=devices,
            parallel=ENGINES[cell.engine],
            launch=BACK_ENDS[cell.back_end],
        )
    )
    highest = "nothing"
    for level in levels:
        if reason := LEVELS[level](cell, folder):
            print(f"{cell.name}: not {level}: {reason}", file=sys.stderr, flush=True)
        else:
            highest = level
        if highest == "nothing":
            break
    return highest


def static(cell: Cell, folder: Path) -> str | None:
    return configlint(folder, "compile", "train.yaml", "-o", "build", "--verify", "never")


def parsed(cell: Cell, folder: Path) -> str | None:
    return configlint(folder, "compile", "train.yaml", "-o", "build", "--verify", "require")


def resolved(cell: Cell, folder: Path) -> str | None:
    return configlint(folder, "prove", "train.yaml")


def configlint(folder: Path, *arguments: str) -> str | None:
    """None where the command says that all is well, else the end of what it says."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "configlint", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else f"exit {done.returncode}: {(done.stdout + done.stderr)[-500:].strip()}"


def ran(cell: Cell, folder: Path) -> str | None:
    """The job trains in as many processes on this machine: not by way of Slurm."""
    if cell.back_end == "sbatch":
        return "there is no cluster here"
    if cell.ranks > MAXIMUM_RANKS:
        return f"{cell.ranks} processes are too many"
    started = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "ranks.py")],
        input=json.dumps(str(folder / "build")),
        capture_output=True,
        text=True,
        check=False,
    )
    if not started.stdout:
        return started.stderr[-500:]
    if error := json.loads(started.stdout)["error"]:
        return str(error)[-500:]
    return miscounted(cell, [json.loads(path.read_text())["samples"] for path in folder.glob("out/rank-*.json")])


def miscounted(cell: Cell, ranks: list[dict[str, list[int]]]) -> str | None:
    """What is wrong with the samples that the ranks consumed, {step: ids} each."""
    if len(ranks) != cell.ranks:
        return f"{len(ranks)} processes trained, not {cell.ranks}"
    for step in map(str, range(STEPS)):
        times = Counter(sample for rank in ranks for sample in rank[step])
        if len(times) != EFFECTIVE:
            return f"a step saw {len(times)} samples, not {EFFECTIVE}"
        if set(times.values()) != {cell.together}:
            return f"samples were seen {sorted(set(times.values()))} times, not {cell.together}"
    return None


def table(found: dict[Cell, str]) -> Iterator[str]:
    yield f"| | | {' | '.join(ENGINES)} |"
    yield "| --- " * (2 + len(ENGINES)) + "|"
    for back_end in BACK_ENDS:
        for shape in SHAPES:
            row = [found.get(Cell(back_end, shape, engine), "") for engine in ENGINES]
            if any(row):
                yield f"| {back_end} | {shape} | {' | '.join(row)} |"


LEVELS: dict[str, Level] = {"static": static, "parsed": parsed, "resolved": resolved, "ran on CPU": ran}

if __name__ == "__main__":
    main()
