"""What training really takes of a device's memory, with the Trainer, on a machine with an NVIDIA or AMD card.

    python benchmarks/memory/measure.py [--only SECTION] [--list] [--resume] [-o FILE]

Models have random weights, data are random tokens, and nothing is downloaded. Each case has a process of its
own, since what a process has loaded or cached stays. README.md says what the columns are.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cases import FIELDS, SECTIONS, Case, cases, needs, row, smoke

FIGURES = ("allocated_bytes", "reserved_bytes", "device_bytes")
MACHINE = ("card", "driver", "capability", "torch", "transformers")
COLUMNS = ("case", *MACHINE, "model", "layers", *FIELDS, "expandable", "steps", *FIGURES, "error")
SHOWN = ("batch", "steps", *FIGURES, "error")
OUT_OF_MEMORY = "out of memory"
ABSENT = "not installed"
SECONDS = 3600  # for one process; 200 steps on a slow card

Reading = dict[str, Any]


def main() -> int:
    options = _options()
    chosen = [case for case in (smoke() if options.smoke else cases()) if options.only in (None, case.section)]
    if options.run is not None:
        [case] = [case for case in chosen if case.name == options.run]
        _write(options.result, run(case, options.batch, options.device))
        return 0
    if options.list:
        print("\n".join(case.name for case in chosen))
        return 0
    if (missing := unfit(options.device)) is not None:
        print(missing, file=sys.stderr)
        return 2
    done = read_names(options.output) if options.resume else set()
    for case in chosen:
        if case.name in done:
            continue
        for reading in readings(case, options):
            append(options.output, {**row(case), **reading})
            shown = [f"{name}={reading[name]}" for name in SHOWN if reading.get(name)]
            print(case.name, *shown, sep="  ", flush=True)
    return 0


def unfit(device: str) -> str | None:
    """Why nothing can be measured here, or None."""
    for package in ("torch", "transformers", "accelerate"):
        if importlib.util.find_spec(package) is None:
            return f"{package} is missing: {sys.executable} -m pip install 'configlint[train]'"
    import torch

    if device == "cuda" and not torch.cuda.is_available():
        return "no CUDA device: memory can be measured on one only (--device cpu --smoke tries the script)"
    return None


# The file


def read_names(path: Path) -> set[str]:
    """The cases that a file has rows of; those that lacked a package are tried again."""
    if not path.exists():
        return set()
    with path.open(encoding="utf-8", newline="") as file:
        return {each["case"] for each in csv.DictReader(file) if not each["error"].endswith(ABSENT)}


def append(path: Path, values: Reading) -> None:
    is_new = not path.exists() or path.stat().st_size == 0
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        if is_new:
            writer.writeheader()
        writer.writerow(values)


# A case, in processes of its own


def readings(case: Case, options: argparse.Namespace) -> Iterator[Reading]:
    """The rows of a case: what its processes read, or why they could not."""
    lacking = [name for name in needs(case.workload) if importlib.util.find_spec(name) is None]
    if lacking:
        yield {"error": f"{' and '.join(lacking)} {ABSENT}"}
    elif case.section == "largest":
        yield from largest(case, options)
    else:
        yield from in_process(case, None, options)


def largest(case: Case, options: argparse.Namespace) -> Iterator[Reading]:
    """The readings of the largest batch that trains, and of the next, which does not: doubled, then halved."""
    fits: list[Reading] = []
    fails: list[Reading] = []
    low, high, batch = 0, 0, 1
    while low + 1 != high:
        found = [{**reading, "batch": batch} for reading in in_process(case, batch, options)]
        errors = {reading["error"] for reading in found}
        if errors == {""}:
            low, fits = batch, found
        elif errors == {OUT_OF_MEMORY}:
            high, fails = batch, found
        else:
            yield from found
            return
        batch = (low + high) // 2 if high else 2 * low
    yield from (*fits, *fails)


def in_process(case: Case, batch: int | None, options: argparse.Namespace) -> list[Reading]:
    """What a process of its own read, or how it ended."""
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result.json"
        command = [
            sys.executable,
            __file__,
            f"--run={case.name}",
            f"--result={result}",
            f"--device={options.device}",
        ]
        command += ["--smoke"] if options.smoke else []
        command += [f"--batch={batch}"] if batch else []
        try:
            ended = subprocess.run(
                command, env=_environment(case), capture_output=True, text=True, timeout=SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            return [{"error": f"not done after {SECONDS} s"}]
        if result.exists():
            found: list[Reading] = json.loads(result.read_text(encoding="utf-8"))
            return found
        said = ended.stderr.strip().splitlines() or [""]
        return [{"error": f"exit code {ended.returncode}: {said[-1][:200]}"}]


def _environment(case: Case) -> dict[str, str]:
    """One card, so that the Trainer does not spread over all; and the allocator's setting, by both its names."""
    card = os.environ.get("CUDA_VISIBLE_DEVICES", "0").partition(",")[0]
    setting = f"expandable_segments:{case.expandable}"
    names = ("PYTORCH_ALLOC_CONF", "PYTORCH_CUDA_ALLOC_CONF")
    return {**os.environ, "CUDA_VISIBLE_DEVICES": card, "HF_HUB_OFFLINE": "1", **dict.fromkeys(names, setting)}


def _write(path: Path, found: list[Reading]) -> None:
    path.write_text(json.dumps(found), encoding="utf-8")


# Inside the process


def run(case: Case, batch: int | None, device: str) -> list[Reading]:
    """Call or train as the case says, and read."""
    found: list[Reading] = []

    def read(step: int, error: str = "") -> None:
        steps = step if case.workload else None
        found.append({**machine(device), "steps": steps, **figures(device), "error": error})

    try:
        if case.workload is None:
            from constants import call

            read(0, call(case.name.partition("/")[2]))
        else:
            from training import train

            train(case.workload._replace(batch=batch or case.workload.batch), case.steps, device, read)
    except RuntimeError as error:  # torch's own kind, or one that a library's call gives
        if not any(sign in str(error) for sign in ("out of memory", "ALLOC_FAILED")):
            raise
        read(0, OUT_OF_MEMORY)
    return found


def machine(device: str) -> Reading:
    """The card, its driver and the releases."""
    import torch
    import transformers

    found: Reading = {"torch": torch.__version__, "transformers": transformers.__version__}
    if device == "cuda":
        found |= {"card": torch.cuda.get_device_name(), "driver": _driver()}
        found["capability"] = "" if torch.version.hip else "{}.{}".format(*torch.cuda.get_device_capability())
    return found


def _driver() -> str:
    """NVIDIA's driver release; on AMD, HIP's."""
    import torch

    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0]
    except (OSError, subprocess.CalledProcessError, IndexError):
        return torch.version.hip or ""


def figures(device: str) -> Reading:
    """Bytes: the allocator's at their peak, and what the whole device has in use now, all processes together."""
    if device != "cuda":
        return dict.fromkeys(FIGURES)
    import torch

    torch.cuda.synchronize()
    free, total = torch.cuda.mem_get_info()
    peaks = torch.cuda.max_memory_allocated(), torch.cuda.max_memory_reserved(), total - free
    return dict(zip(FIGURES, peaks, strict=True))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", choices=SECTIONS, help="one section")
    parser.add_argument("--list", action="store_true", help="print the cases")
    parser.add_argument("--resume", action="store_true", help="skip the cases that the file has")
    output = Path(__file__).with_name("readings.csv")
    parser.add_argument("-o", "--output", type=Path, default=output, help="the file that rows are added to")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda", help="cpu gives no figures")
    parser.add_argument("--smoke", action="store_true", help="two tiny cases, to try the script")
    for name, kind in {"run": str, "result": Path, "batch": int}.items():  # for the processes that this starts
        parser.add_argument(f"--{name}", type=kind, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.device == "cpu" and not options.smoke:
        parser.error("--device cpu is for --smoke")
    return options


if __name__ == "__main__":
    sys.exit(main())
