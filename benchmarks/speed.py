"""How much CPU time `configlint check` takes, beside the programs it is compared with.

    python benchmarks/speed.py [--rounds N] [--check]

Only the ratios count: they hold from machine to machine, the milliseconds do not. So every round runs
every command once, in turn, and a ratio is the median over the rounds. What is measured is user and
system time of the whole process, start to exit, as the kernel counts it (Unix only).
"""

from __future__ import annotations

import argparse
import os
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
MANY = 1000
# Byte code is read as it is in daily use; the warm-up round writes it.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

Command = tuple[str, ...]


class Comparison(NamedTuple):
    """One command over another, and the ratio that is aimed at."""

    what: str
    over: str
    aim: float


class Result(NamedTuple):
    comparison: Comparison
    milliseconds: tuple[float, float]
    ratio: float

    @property
    def met(self) -> bool:
        return self.ratio <= self.comparison.aim


ONE_FILE = (
    Comparison("configlint check one.yaml", 'python -c "import yaml, click"', 1.4),
    Comparison("configlint check one.yaml", "check-jsonschema one.yaml", 0.3),
    Comparison("configlint check one.yaml", "yamllint one.yaml", 1.0),
)
MANY_FILES = (Comparison(f"configlint check, {MANY:,} specs", f"check-jsonschema, {MANY:,} specs", 0.2),)


def main() -> int:
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        specs = write_specs(Path(folder))
        commands = _commands(specs)
        results = [
            *measure(ONE_FILE, commands, folder, options.rounds),
            # One round takes ten seconds, and noise is small beside that.
            *measure(MANY_FILES, commands, folder, max(1, options.rounds // 5)),
        ]
    print("\n".join(table(results)))
    return 1 if options.check and not all(result.met for result in results) else 0


def write_specs(folder: Path) -> list[str]:
    """one.yaml, and a folder of specs that differ a little; the names of the latter."""
    text = (HERE / "one.yaml").read_text(encoding="utf-8")
    (folder / "one.yaml").write_text(text, encoding="utf-8")
    (folder / "specs").mkdir()
    names = [f"specs/run-{number:04}.yaml" for number in range(MANY)]
    for number, name in enumerate(names):
        changes = {
            "effective: 64": f"effective: {2 ** (5 + number % 2)}",
            "learning_rate: 2.0e-5": f"learning_rate: {1 + number / MANY:.3f}e-5",
            "seed: 42": f"seed: {number}",
        }
        varied = text
        for old, new in changes.items():
            assert old in text, f"one.yaml has no `{old}`"
            varied = varied.replace(old, new)
        (folder / name).write_text(varied, encoding="utf-8")
    return names


def measure(
    comparisons: Iterable[Comparison], commands: dict[str, Command], folder: str, rounds: int
) -> Iterator[Result]:
    """Run the commands of the comparisons in turn, round after round."""
    names = dict.fromkeys(name for each in comparisons for name in (each.what, each.over))
    times: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds + 1):
        for name in names:
            seconds = cpu_seconds(commands[name], folder)
            if number > 0:  # the first round warms up
                times[name].append(seconds)
    for each in comparisons:
        what, over = times[each.what], times[each.over]
        ratio = median(mine / other for mine, other in zip(what, over, strict=True))
        yield Result(each, (1000 * median(what), 1000 * median(over)), ratio)


def cpu_seconds(command: Command, folder: str) -> float:
    """User and system time of a command that exits with 0; the program ends where it does not."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, cwd=folder, env=ENVIRONMENT, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            output.seek(0)
            said = output.read().decode(errors="replace").strip()
            sys.exit(f"{' '.join(command)[:120]}: exit code {process.returncode}\n{said[:2000]}")
    return usage.ru_utime + usage.ru_stime


def table(results: list[Result]) -> Iterator[str]:
    """Markdown."""
    yield "| configlint | beside | CPU ms here | ratio | aim | met |"
    yield "|---|---|--:|--:|--:|---|"
    for result in results:
        (what, over, aim), (mine, other), ratio = result
        met = "yes" if result.met else "no"
        yield f"| `{what}` | `{over}` | {mine:.0f} / {other:.0f} | {ratio:.2f} | ≤ {aim} | {met} |"
    yield ""
    yield "The ratios are what counts: they hold from machine to machine, the milliseconds do not."


def _commands(specs: list[str]) -> dict[str, Command]:
    """What is run, by the name that the table has for it."""
    configlint, yamllint = _script("configlint", package="-e ."), _script("yamllint")
    check_jsonschema = (_script("check-jsonschema"), "--schemafile", str(SCHEMA.resolve()))
    return {
        "configlint check one.yaml": (configlint, "check", "one.yaml"),
        'python -c "import yaml, click"': (sys.executable, "-c", "import yaml, click"),
        "check-jsonschema one.yaml": (*check_jsonschema, "one.yaml"),
        "yamllint one.yaml": (yamllint, "one.yaml"),
        f"configlint check, {MANY:,} specs": (configlint, "check", "specs"),
        f"check-jsonschema, {MANY:,} specs": (*check_jsonschema, *specs),
    }


def _script(name: str, package: str | None = None) -> str:
    """The program of that name in the environment of this Python."""
    path = shutil.which(name, path=sysconfig.get_path("scripts"))
    if path is None:
        sys.exit(f"{name} is missing: {sys.executable} -m pip install {package or name}")
    return path


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=15, help="of one file; a fifth of it of many (default: 15)")
    parser.add_argument("--check", action="store_true", help="exit with 1 where an aim is missed")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("--rounds is at least 1")
    return options


if __name__ == "__main__":
    sys.exit(main())
