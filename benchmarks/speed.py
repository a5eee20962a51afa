"""What `configlint` takes, beside the programs it is compared with.

    python benchmarks/speed.py [--rounds N] [--instructions] [--only WORDS] [--check]

Only the ratios count: they hold from machine to machine, the milliseconds do not. So every round runs every command
once, in turn, and a ratio is the median over the rounds. What is measured is user and system time of the whole
process, start to exit, and the most memory it held, as the kernel counts them (Unix only). With --instructions
valgrind counts instructions instead, which a busy machine does not change: one round is enough.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

HERE = Path(__file__).parent
SCHEMA = HERE.parent / "schemas" / "spec.schema.json"
# Byte code is read as it is in daily use; the warm-up round writes it.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
EVENTS = """
import sys, pathlib
from yaml.cyaml import CParser
for file in pathlib.Path(sys.argv[1]).iterdir():
    parser = CParser(file.read_text())
    while parser.check_event():
        parser.get_event()
"""
SCRIPT = """
from transformers import Trainer, TrainingArguments

arguments = TrainingArguments(
    output_dir="out", per_device_train_batch_size=8, gradient_accumulation_steps=4, learning_rate=2e-5, bf16=True
)
Trainer(model=None, args=arguments).train()
"""
START = 'python -c "import yaml, click"'

Command = tuple[str, ...]


class Comparison(NamedTuple):
    """One command over another, and the ratio that is aimed at, if there is such an aim."""

    what: str
    over: str
    aim: float | None = None


class Cost(NamedTuple):
    """`amount` is in milliseconds or millions of instructions."""

    amount: float
    megabytes: float


class Result(NamedTuple):
    comparison: Comparison
    costs: tuple[float, float]
    megabytes: float
    ratio: float

    @property
    def met(self) -> bool | None:
        return None if self.comparison.aim is None else self.ratio <= self.comparison.aim


COMPARISONS = (
    Comparison("check one.yaml", START, 1.0),
    Comparison("check one.yaml", "check-jsonschema one.yaml", 0.22),
    Comparison("check one.yaml", "yamllint one.yaml", 0.65),
    Comparison("check settings/one.yaml", "check one.yaml", 1.3),
    Comparison("check excluding/one.yaml", "check one.yaml", 1.3),
    Comparison("check, 1,000 specs", "check-jsonschema, 1,000 specs", 0.22),
    Comparison("check, 1,000 specs", "libyaml's events of 1,000 specs", 7.0),
    Comparison("check, 10,000 specs", "check, 1,000 specs"),
    Comparison("check train.py", START),
    Comparison("check, a notebook of 1 MB", START),
    Comparison("check, 1,000 scripts without a call", "ruff, 1,000 scripts without a call"),
    Comparison("check, a spec of 0.9 MB", START),
    Comparison("check, 200 targets", START),
    Comparison("check, 100 bases", START),
    Comparison("fit one.yaml", START),
    Comparison("explain one.yaml", START),
    Comparison("compile one.yaml, not verified", START),
    Comparison("compile one.yaml", START),
    Comparison("prove, 8 ranks", START),
    Comparison("prove, 32 ranks", START),
    Comparison("prove, 256 ranks", START),
)


def main() -> int:
    options = _options()
    asked = [each for each in COMPARISONS if options.only in each.what]
    with tempfile.TemporaryDirectory() as folder:
        write_files(Path(folder))
        results = list(measure(asked, _commands(Path(folder)), folder, options))
    print("\n".join(table(results, "million instructions" if options.instructions else "CPU ms here")))
    return 1 if options.check and any(result.met is False for result in results) else 0


def write_files(folder: Path) -> None:
    """What is checked."""
    text = (HERE / "one.yaml").read_text(encoding="utf-8")
    targets = "targets:\n" + "".join(f"  t{number}: {{training: {{seed: {number}}}}}\n" for number in range(200))
    calls = [{"cell_type": "code", "metadata": {}, "outputs": [], "source": SCRIPT.splitlines(keepends=True)}]
    texts = [{"cell_type": "markdown", "metadata": {}, "source": ["word " * 2000 + "\n"]} for _ in range(100)]
    notebook = {"cells": [*texts, *calls], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    long = "data: {dataset: {names: [" + ", ".join(f"name-{number}" for number in range(75_000)) + "]}}\n"
    files = {
        "one.yaml": text,
        "settings/one.yaml": text,
        "settings/pyproject.toml": "[tool.configlint]\nignore = ['batch/missing']\n",
        "excluding/one.yaml": text,
        "excluding/pyproject.toml": "[tool.configlint]\nexclude = ['old/']\n",
        "train.py": SCRIPT,
        "train.ipynb": json.dumps(notebook, indent=1),
        "long.yaml": text + long.replace("data: ", "arguments: "),
        "targets.yaml": text + targets,
        "bases/0.yaml": text,
    }
    files |= {f"bases/{number}.yaml": f"configlint: 1\nextends: {number - 1}.yaml\n" for number in range(1, 100)}
    files |= {f"scripts/{number:03}.py": "def f(a, b):\n    return a + b\n" * 100 for number in range(1000)}
    files |= {f"1000/{number:04}.yaml": _varied(text, number) for number in range(1000)}
    files |= {f"10000/{number:04}.yaml": _varied(text, number) for number in range(10_000)}
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")


def _varied(text: str, number: int) -> str:
    """The spec, a little different."""
    changes = {
        "effective: 64": f"effective: {2 ** (5 + number % 2)}",
        "learning_rate: 2.0e-5": f"learning_rate: {1 + number / 10_000:.4f}e-5",
        "seed: 42": f"seed: {number}",
    }
    for old, new in changes.items():
        assert old in text, f"one.yaml has no `{old}`"
        text = text.replace(old, new)
    return text


def measure(
    comparisons: list[Comparison], commands: dict[str, Command], folder: str, options: argparse.Namespace
) -> Iterator[Result]:
    """Run the commands of the comparisons in turn, round after round."""
    names = dict.fromkeys(name for each in comparisons for name in (each.what, each.over))
    costs: dict[str, list[Cost]] = {name: [] for name in names}
    for number in range(1 + (1 if options.instructions else options.rounds)):
        for name in names:
            counts = options.instructions and number > 0  # the first round warms up
            cost = instructions(commands[name], folder) if counts else cpu_time(commands[name], folder)
            # Noise is small beside a second: three rounds of that are enough.
            if 0 < number <= 3 or (number > 0 and costs[name][0].amount < 1000):
                costs[name].append(cost)
    for each in comparisons:
        what, over = costs[each.what], costs[each.over]
        ratio = median(mine.amount / other.amount for mine, other in zip(what, over, strict=False))
        amounts = (median(cost.amount for cost in what), median(cost.amount for cost in over))
        yield Result(each, amounts, max(cost.megabytes for cost in what), ratio)


def cpu_time(command: Command, folder: str) -> Cost:
    """User and system time of a command that exits with 0 or 1; the program ends where it does not."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, cwd=folder, env=ENVIRONMENT, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in (0, 1):
            output.seek(0)
            said = output.read().decode(errors="replace").strip()
            sys.exit(f"{' '.join(command)[:120]}: exit code {process.returncode}\n{said[:2000]}")
    kilobytes = usage.ru_maxrss / 1024 if sys.platform == "darwin" else usage.ru_maxrss
    return Cost(1000 * (usage.ru_utime + usage.ru_stime), kilobytes / 1024)


def instructions(command: Command, folder: str) -> Cost:
    """As valgrind counts them, in the process itself."""
    environment = ENVIRONMENT | {"PYTHONHASHSEED": "0"}
    counted = ("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *command)
    result = subprocess.run(counted, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    # A process that copies itself says it once for each copy.
    found = re.findall(r"Collected : (\d+)", result.stderr)
    if not found:
        sys.exit(f"valgrind says nothing of {' '.join(command)[:120]}:\n{result.stderr[-2000:]}")
    return Cost(sum(map(int, found)) / 1e6, 0)


def table(results: Iterable[Result], unit: str) -> Iterator[str]:
    """Markdown."""
    yield f"| configlint | beside | {unit} | MB | ratio | aim | met |"
    yield "|---|---|--:|--:|--:|--:|---|"
    for (what, over, aim), (mine, other), megabytes, ratio in results:
        met = "" if aim is None else "yes" if ratio <= aim else "no"
        goal, held = "" if aim is None else f"≤ {aim}", f"{megabytes:.0f}" if megabytes else ""
        yield f"| `{what}` | `{over}` | {mine:.0f} / {other:.0f} | {held} | {ratio:.2f} | {goal} | {met} |"
    yield ""
    yield "The ratios are what counts: they hold from machine to machine, milliseconds do not."


def _commands(folder: Path) -> dict[str, Command]:
    """What is run, by the name that the table has for it."""
    python = sys.executable
    configlint, yamllint = (python, _script("configlint", package="-e .")), (python, _script("yamllint"))
    jsonschema = (python, _script("check-jsonschema"), "--schemafile", str(SCHEMA.resolve()))
    many = sorted(str(path.relative_to(folder)) for path in (folder / "1000").iterdir())
    prove = (*configlint, "prove", "one.yaml", "--all-ranks", "--set")
    return {
        START: (python, "-c", "import yaml, click"),
        "check one.yaml": (*configlint, "check", "one.yaml"),
        "check settings/one.yaml": (*configlint, "check", "settings/one.yaml"),
        "check excluding/one.yaml": (*configlint, "check", "excluding/one.yaml"),
        "check-jsonschema one.yaml": (*jsonschema, "one.yaml"),
        "yamllint one.yaml": (*yamllint, "one.yaml"),
        "check, 1,000 specs": (*configlint, "check", "1000"),
        "check-jsonschema, 1,000 specs": (*jsonschema, *many),
        "libyaml's events of 1,000 specs": (python, "-c", EVENTS, "1000"),
        "check, 10,000 specs": (*configlint, "check", "10000"),
        "check train.py": (*configlint, "check", "train.py"),
        "check, a notebook of 1 MB": (*configlint, "check", "train.ipynb"),
        "check, 1,000 scripts without a call": (*configlint, "check", "scripts"),
        "ruff, 1,000 scripts without a call": (_script("ruff"), "check", "--no-cache", "--quiet", "scripts"),
        "check, a spec of 0.9 MB": (*configlint, "check", "long.yaml"),
        "check, 200 targets": (*configlint, "check", "targets.yaml"),
        "check, 100 bases": (*configlint, "check", "bases/99.yaml"),
        "fit one.yaml": (*configlint, "fit", "one.yaml"),
        "explain one.yaml": (*configlint, "explain", "one.yaml"),
        "compile one.yaml, not verified": (*configlint, "compile", "one.yaml", "--verify", "never"),
        "compile one.yaml": (*configlint, "compile", "one.yaml"),
        "prove, 8 ranks": (*prove, "hardware.nodes=1"),
        "prove, 32 ranks": (*prove, "hardware.nodes=4"),
        "prove, 256 ranks": (*prove, "hardware.nodes=32", "--set", "batch.effective=256"),
    }


def _script(name: str, package: str | None = None) -> str:
    """The program of that name in the environment of this Python."""
    path = shutil.which(name, path=sysconfig.get_path("scripts"))
    if path is None:
        sys.exit(f"{name} is missing: {sys.executable} -m pip install {package or name}")
    return path


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=15, help="of what takes less than a second (default: 15)")
    parser.add_argument("--instructions", action="store_true", help="count instructions with valgrind")
    parser.add_argument(
        "--only", default="", metavar="WORDS", help="only the rows with these words, such as `check `"
    )
    parser.add_argument("--check", action="store_true", help="exit with 1 where an aim is missed")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("--rounds is at least 1")
    return options


if __name__ == "__main__":
    sys.exit(main())
