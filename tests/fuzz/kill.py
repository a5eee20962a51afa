"""The program is killed at every step at which it changes a file, and the next run has to put all right.

    python tests/fuzz/kill.py              every step, every signal
    python tests/fuzz/kill.py --kills 10   so many of each scenario

A step is an operation on a file that Python announces to audit hooks (opening for writing, rename, link, remove,
chmod, mkdir, rmdir), and the signal comes right before it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

SIGNALS = ("SIGKILL", "SIGTERM", "SIGINT", "SIGHUP")

# Runs configlint, sends itself a signal before a step, and leaves the number of steps in a file.
_PROGRAM = """
import os, signal, sys

EVENTS = ("os.rename", "os.link", "os.remove", "os.chmod", "os.mkdir", "os.rmdir", "fcntl.flock")
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
step, number, counter = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
del sys.argv[1:4]
steps = 0


def before(event, arguments):
    global steps
    writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITES
    if not (writes or event in EVENTS) or counter in arguments or os.devnull in arguments:
        return
    steps += 1
    if steps == step:
        os.kill(os.getpid(), number)


from configlint.__main__ import main

sys.addaudithook(before)
os._exit = sys.exit  # the number is written after it
try:
    main()
finally:
    with open(counter, "w") as file:
        file.write(str(steps))
"""

_SPEC = """\
batch: {{effective: {effective}, per_device: {{max: 4}}}}
training: {{learning_rate: 2e-5}}
launch: {{script: train.py}}
targets:
  laptop: {{hardware: {{accelerator: rtx-4090, devices_per_node: 1}}}}
  {name}: {{hardware: {{accelerator: h100-80gb, devices_per_node: 8}}, launch: {{launcher: {launcher}}}}}
"""
_OLD = _SPEC.format(effective=64, name="cluster", launcher="accelerate")
_NEW = _SPEC.format(effective=128, name="node", launcher="torchrun")
# What --fix changes: the base, and two specs that extend it.
_RENAMED = "training: {evaluation_strategy: 'no'}\n"
_FIXABLE = {
    "shared/team.yaml": "hardware: {accelerator: cpu, devices_per_node: 8}\n" + _RENAMED,
    "a.yaml": "extends: shared/team.yaml\nbatch: {effective: 64}\ntraining: {no_cuda: true}\n",
    "b.yaml": "extends: shared/team.yaml\nbatch: {effective: 32}\n" + _RENAMED,
}

Tree = dict[str, bytes]


class Scenario(NamedTuple):
    """A command, and what there is before it."""

    name: str
    command: tuple[str, ...]
    before: Tree


class Outcome(NamedTuple):
    """What became of one kill; `fault` is what is wrong with it, if anything."""

    scenario: str
    signal: str
    step: int
    state: str
    fault: str | None


def tree(folder: Path) -> Tree:
    """All files below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def lay(folder: Path, files: Tree) -> None:
    """Make a folder hold these files, with their permissions as they are compiled, and nothing else."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def run(folder: Path, *command: str, step: int = 0, number: int = 0) -> tuple[int, int | None]:
    """The exit code of a command, and the steps that it took, None where it did not come to its end."""
    counter = folder.with_name("steps")
    counter.unlink(missing_ok=True)
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(step), str(number), str(counter), *command],
        cwd=folder, env=environment, capture_output=True, check=False,
    )  # fmt: skip
    if b"Traceback" in done.stderr or done.returncode == 3:
        raise AssertionError(done.stderr.decode(errors="replace"))
    return done.returncode, int(counter.read_text()) if counter.exists() else None


def scenarios(folder: Path) -> Iterator[Scenario]:
    """Compiling into an empty folder, over an earlier compilation, and fixing several files at once."""
    compile_ = ("compile", "new.yaml", "-o", "build", "--verify", "never")
    specs = {"new.yaml": _NEW.encode()}
    yield Scenario("compile", compile_, specs)
    lay(folder, {"new.yaml": _OLD.encode()})
    run(folder, *compile_)
    yield Scenario("compile over", compile_, {**tree(folder), **specs})
    yield Scenario("fix", ("check", "--fix", "."), {name: text.encode() for name, text in _FIXABLE.items()})


def kill(folder: Path, scenario: Scenario, after: Tree, name: str, step: int) -> Outcome:
    """Send a signal before a step, look at what is there, and run the command again."""
    lay(folder, scenario.before)
    number = getattr(signal, name)
    code, _ = run(folder, *scenario.command, step=step, number=number)
    left = tree(folder)
    state = "old" if left == scenario.before else "new" if left == after else "between"
    fault = None
    if code not in (-number, 0, 1) or (name == "SIGKILL" and code != -number):
        fault = f"exit code {code}"
    elif name != "SIGKILL" and state == "between":
        fault = f"left behind: {sorted(left.keys() - scenario.before.keys() - after.keys()) or 'a mixture'}"
    elif torn := [path for path, content in left.items() if _is_torn(path, content, scenario.before, after)]:
        fault = f"half written: {torn}"
    elif state == "between" and scenario.command[0] == "compile":
        fault = _unsaid(folder, scenario, left)
    if fault is None:
        code, _ = run(folder, *scenario.command)
        if (final := tree(folder)) != after:
            names = sorted(path for path in {*final, *after} if final.get(path) != after.get(path))
            fault = f"not mended by the next run, which ended with {code}: {names}"
    return Outcome(scenario.name, name, step, state, fault)


def _is_torn(path: str, content: bytes, before: Tree, after: Tree) -> bool:
    """Whether a file is neither the old nor the new one; those with a name of our own are on their way."""
    if ".configlint-" in path:
        return False
    return content not in (before.get(path), after.get(path))


def _unsaid(folder: Path, scenario: Scenario, left: Tree) -> str | None:
    """Whether files of two compilations are taken for one: by `--check`, or by the launch.sh."""
    if run(folder, *scenario.command, "--check")[0] != 1:
        return "--check does not see it"
    stand_in = folder.with_name("bin") / "torchrun"
    stand_in.parent.mkdir(exist_ok=True)
    stand_in.write_text('#!/bin/sh\nfor last; do :; done\nexec cat "$last"\n')
    stand_in.chmod(0o755)
    stand_in.with_name("accelerate").write_bytes(stand_in.read_bytes())
    stand_in.with_name("accelerate").chmod(0o755)
    path = f"{stand_in.parent}{os.pathsep}{os.environ['PATH']}"
    for name in (name for name in left if name.endswith("/launch.sh")):
        done = subprocess.run(
            ["bash", name], cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, check=False
        )
        # Both files of one compilation, or a refusal.
        compiled = b'"gradient_accumulation_steps"' in done.stdout
        expected = _is_a_pair(left, name)
        if compiled is not expected:
            return f"{name} refuses its own JSON" if expected else f"{name} runs another compilation's JSON"
    return None


def _is_a_pair(left: Tree, script: str) -> bool:
    import zlib

    config = left.get(script.replace("launch.sh", "training_args.json"))
    if config is None:
        return False
    printed = subprocess.run(["cksum"], input=config, capture_output=True, check=True).stdout.split()
    assert zlib.crc32(config)  # it is not empty
    return b" ".join(printed) in left[script]


def attack(kills: int | None = None) -> list[Outcome]:
    """Kill at all steps with all signals, or so many times in each scenario, always the same."""
    outcomes = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, "work")
        for scenario in list(scenarios(folder)):
            lay(folder, scenario.before)
            _, steps = run(folder, *scenario.command)
            after = tree(folder)
            assert steps and after != scenario.before, f"{scenario.name} changes something"
            plans = [(name, step) for step in range(1, steps + 1) for name in SIGNALS]
            chosen = plans if kills is None else Random(0).sample(plans, min(kills, len(plans)))
            outcomes += [kill(folder, scenario, after, name, step) for name, step in sorted(chosen)]
    return outcomes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, help="how many of each scenario, instead of all")
    outcomes = attack(parser.parse_args().kills)
    table = Counter((outcome.scenario, outcome.signal, outcome.state) for outcome in outcomes)
    print(f"{'scenario':14} {'signal':8} {'old':>5} {'new':>5} {'between':>8} {'faults':>7}")
    for scenario, name in dict.fromkeys((outcome.scenario, outcome.signal) for outcome in outcomes):
        counts = [table[scenario, name, state] for state in ("old", "new", "between")]
        faults = sum(1 for each in outcomes if (each.scenario, each.signal) == (scenario, name) and each.fault)
        print(f"{scenario:14} {name:8} {counts[0]:5} {counts[1]:5} {counts[2]:8} {faults:7}")
    for outcome in outcomes:
        if outcome.fault:
            print(f"{outcome.scenario}, {outcome.signal} before step {outcome.step}: {outcome.fault}")
    print(f"{len(outcomes)} kills, {sum(1 for outcome in outcomes if outcome.fault)} faults")
    sys.exit(any(outcome.fault for outcome in outcomes))


if __name__ == "__main__":
    main()
