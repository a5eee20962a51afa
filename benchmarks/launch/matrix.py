"""How far each combination of back end, machines and engine was followed; matrix.md is what it printed.

    python benchmarks/launch/matrix.py [--only TEXT] [--up-to LEVEL] > benchmarks/launch/matrix.md

Each cell is a target of a spec, which is compiled, and the level is found by doing it. What did not hold is said on
stderr, in its own words.
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
HEAD = """\
# How far each way to launch was taken

`python benchmarks/launch/matrix.py` prints this. Each cell is compiled for h100-80gb; its level is found by trying.

- static: configlint finds no error, and writes the files.
- parsed: the programs that read the files accept them (`compile --verify require`).
- resolved: the real Trainer, set up for each of the job's ranks, deals out the batch that was written (`prove`).
- ran on CPU: as many real processes trained from the files, at most 8, and the samples of each step were counted.

Nothing here ran on a GPU. No job of Slurm runs for this table; tests/test_slurm.py submits some to a real one.
"""
SPEC = """\
batch: {{effective: {effective}, per_device: {{max: 2}}}}
data: {{train_examples: 480}}
training:
  output_dir: out
  max_steps: {steps}
  logging_steps: 1
  save_strategy: "no"
  remove_unused_columns: false
  report_to: none
launch: {{script: count_samples.py, {launch}}}
targets:
"""
TARGET = """\
  {target}:
    hardware: {{accelerator: h100-80gb, nodes: {nodes}, devices_per_node: {devices}}}
    parallel: {{{parallel}}}
    training: {{output_dir: out/{target}}}
"""


class Cell(NamedTuple):
    back_end: str
    shape: str
    engine: str

    @property
    def name(self) -> str:
        return f"{self.back_end}, {self.shape}, {self.engine}"

    @property
    def target(self) -> str:
        return f"{self.shape.replace(' ', '')}-{self.engine}".lower()

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


# Of some cells of one back end, whose spec is in this folder: those that do not hold on a level, and why.
Level = Callable[[list[Cell], Path], dict[Cell, str]]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", default="", metavar="TEXT", help="cells in whose name it is: `torchrun, 1 x 8`")
    parser.add_argument("--up-to", default=list(LEVELS)[-1], choices=LEVELS, metavar="LEVEL")
    arguments = parser.parse_args()
    names = list(LEVELS)
    levels = names[: names.index(arguments.up_to) + 1]
    chosen = [cell for cell in cells() if arguments.only in cell.name]
    found = {cell: "-" for cell in chosen if not cell.makes_sense}
    with tempfile.TemporaryDirectory() as folder:
        for back_end in BACK_ENDS:
            sensible = [cell for cell in chosen if cell.back_end == back_end and cell.makes_sense]
            if sensible:
                found |= reached(sensible, Path(folder, back_end), levels)
    print("\n".join([HEAD, *table(found)]))


def cells() -> Iterator[Cell]:
    for back_end in BACK_ENDS:
        for shape in SHAPES:
            yield from (Cell(back_end, shape, engine) for engine in ENGINES)


def reached(left: list[Cell], folder: Path, levels: list[str]) -> dict[Cell, str]:
    """The highest level on which each cell of a back end holds."""
    folder.mkdir()
    shutil.copy(ROOT / "tests" / "count_samples.py", folder)
    (folder / "train.yaml").write_text(spec(left))
    found = dict.fromkeys(left, "nothing")
    for level in levels:
        failed = LEVELS[level](left, folder)
        for cell, reason in failed.items():
            print(f"{cell.name}: not {level}: {reason}", file=sys.stderr, flush=True)
        left = [cell for cell in left if cell not in failed]
        found |= dict.fromkeys(left, level)
    return found


def spec(targets: list[Cell]) -> str:
    """One spec with a target for each cell, so that what is slow to start is started once."""
    text = SPEC.format(effective=EFFECTIVE, steps=STEPS, launch=BACK_ENDS[targets[0].back_end])
    for cell in targets:
        nodes, devices = SHAPES[cell.shape]
        text += TARGET.format(target=cell.target, nodes=nodes, devices=devices, parallel=ENGINES[cell.engine])
    return text


def static(left: list[Cell], folder: Path) -> dict[Cell, str]:
    return by_command(left, folder, "compile", "train.yaml", "-o", "build", "--verify", "never")


def parsed(left: list[Cell], folder: Path) -> dict[Cell, str]:
    return by_command(left, folder, "compile", "train.yaml", "-o", "build", "--verify", "require")


def resolved(left: list[Cell], folder: Path) -> dict[Cell, str]:
    return by_command(left, folder, "prove", "train.yaml", "--all-ranks")


def by_command(left: list[Cell], folder: Path, *arguments: str) -> dict[Cell, str]:
    """All targets at once; where that fails, each alone."""
    if configlint(folder, *arguments) is None:
        return {}
    said = {cell: configlint(folder, *arguments, "--target", cell.target) for cell in left}
    return {cell: words for cell, words in said.items() if words is not None}


def configlint(folder: Path, *arguments: str) -> str | None:
    """None where the command says that all is well, else the end of what it says."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "configlint", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else f"exit {done.returncode}: {(done.stdout + done.stderr)[-500:].strip()}"


def ran(left: list[Cell], folder: Path) -> dict[Cell, str]:
    """Each job trains in as many processes on this machine: not by way of Slurm."""
    failed = {cell: "there is no cluster here" for cell in left if cell.back_end == "sbatch"}
    failed |= {cell: f"{cell.ranks} processes are too many" for cell in left if cell.ranks > MAXIMUM_RANKS}
    running = [cell for cell in left if cell not in failed]
    started = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "ranks.py")],
        input="".join(json.dumps(str(folder / "build" / cell.target)) + "\n" for cell in running),
        capture_output=True,
        text=True,
        check=False,
    )
    answers = [json.loads(line) for line in started.stdout.splitlines()]
    for cell, answer in itertools.zip_longest(running, answers, fillvalue={"error": started.stderr[-500:]}):
        out = folder / "out" / cell.target
        ranks = [json.loads(path.read_text())["samples"] for path in out.glob("rank-*.json")]
        if reason := answer["error"] or miscounted(cell, ranks):
            failed[cell] = str(reason)[-500:]
    return failed


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
