"""The fuzzer: inputs that nobody has written yet, and whether the program keeps what it promises of any.

    python tests/fuzz/fuzz.py --seconds 60
    python tests/fuzz/fuzz.py --inputs 100000 --jobs 4 --keep build/fuzz
    python tests/fuzz/fuzz.py --replay 1:2345 --shrink

A fault is exit code 3, a traceback, over 2 s of CPU time or 300 MiB for files under 1 MB, a finding without a
place, a fix that is not idempotent, a product other than the batch that is asked for; `checks.py` says more. The
inputs run in processes that live for some hundred of them, forked from this one, in which none ever runs: what
takes too long or too much there has to do it again in a process of its own. Exit code 1 where there was a fault.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import re
import resource
import shlex
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import NamedTuple

from checks import trial
from corpus import Corpus, corpus
from mutate import Case, case
from running import Fault, memory_now_mib

import configlint

LIMIT_WALL_SECONDS = 60
# No input may take the machine with it: beyond this there is a MemoryError, which is a fault.
_LIMIT_ADDRESSES = 6 * 2**30
# The program's caches grow, and what grows without end must not look like one input's need.
_INPUTS_A_PROCESS = 500
_KEPT_MIB = 50
_MEASURED = ("slow", "memory", "hang", "crash")
_FORK = multiprocessing.get_context("fork")


class Outcome(NamedTuple):
    """What came of one input; `codes` are those of all runs of the program that it took."""

    kind: str
    codes: tuple[int | None, ...]
    faults: list[Fault]
    seconds: float


Cases = Callable[[int], Case]


# In a process that runs inputs.


def _work(out: Connection, cases: Cases, numbers: range) -> None:
    """Run inputs, and say of each when it begins and what came of it."""
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (_LIMIT_ADDRESSES, _LIMIT_ADDRESSES))
    os.environ["CONFIGLINT_TRACEBACK"] = "1"
    before = memory_now_mib()
    for number in numbers:
        out.send(number)
        out.send(_outcome(cases(number)))
        if memory_now_mib() - before > _KEPT_MIB:
            break  # in a heap this large the next input would seem to need less than it does
    out.close()


def _outcome(case: Case) -> Outcome:
    start = time.monotonic()
    fast = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(prefix="fuzz-", dir=fast) as scratch:
        work = os.path.join(scratch, "work")
        os.mkdir(work)
        os.chdir(work)
        try:
            made = trial(case)
        except Exception:  # as a fault it cannot be passed over
            import traceback

            found = [Fault("the fuzzer itself fails", traceback.format_exc())]
            return Outcome(case.command.kind, (), found, time.monotonic() - start)
        finally:
            os.chdir("/")
    codes = tuple(result.code for result in made.runs)
    return Outcome(case.command.kind, codes, made.faults, time.monotonic() - start)


# In the process that starts them.


class Worker:
    """A process that runs some inputs, and the one that it is at."""

    def __init__(self, cases: Cases, numbers: range) -> None:
        self.numbers = numbers
        self.at: int | None = None
        self.since = time.monotonic()
        self.connection, out = _FORK.Pipe(duplex=False)
        self.process = _FORK.Process(target=_work, args=(out, cases, numbers), daemon=True)
        self.process.start()
        out.close()

    def receive(self) -> int | Outcome | None:
        """What it says next; None at its end."""
        self.since = time.monotonic()
        try:
            message = self.connection.recv()
        except (EOFError, OSError):
            return None
        return message

    def hangs(self) -> bool:
        return time.monotonic() - self.since > LIMIT_WALL_SECONDS

    def end(self) -> int | None:
        self.process.join()
        self.connection.close()
        return self.process.exitcode

    def kill(self) -> int | None:
        self.process.kill()
        return self.end()


def alone(case: Case) -> list[Fault]:
    """The faults of a case in a process of its own."""
    worker = Worker(lambda _: case, range(1))
    faults: list[Fault] = []
    while worker.connection.poll(LIMIT_WALL_SECONDS):
        message = worker.receive()
        if message is None:
            code = worker.end()
            return faults if code == 0 else [*faults, Fault(f"crash: {case.command.kind}", f"exit code {code}")]
        if isinstance(message, Outcome):
            faults = message.faults
    worker.kill()
    return [Fault(f"hang: {case.command.kind}", f"over {LIMIT_WALL_SECONDS} s")]


class Fuzzer:
    """A run: its inputs, what came of them, and each kind of fault once."""

    def __init__(self, seed: int, corpus: Corpus, keep: Path | None) -> None:
        self.seed, self.corpus, self.keep = seed, corpus, keep
        self.next = 0
        self.left: list[range] = []  # of processes that ended before their last input
        self.kinds: Counter[str] = Counter()
        self.codes: dict[str, Counter[int | None]] = {}  # of the first run of the program on each input
        self.faults: Counter[str] = Counter()
        self.unconfirmed: Counter[str] = Counter()
        self.start = time.monotonic()
        self.slowest = 0.0, 0

    def case(self, number: int) -> Case:
        return case(self.seed, number, self.corpus)

    def run(self, seconds: float, inputs: int, jobs: int, stop: bool) -> None:
        """Run at least so many inputs, and at least so long; or until there is a fault."""
        self.start = told = time.monotonic()
        workers: list[Worker] = []
        while self.kinds.total() < inputs or time.monotonic() - self.start < seconds:
            while len(workers) < jobs:
                workers.append(Worker(self.case, self._numbers()))
            ready = wait([worker.connection for worker in workers], timeout=1)
            for worker in list(workers):
                hangs = worker.connection not in ready and worker.hangs()
                if hangs or (worker.connection in ready and self._take(worker, worker.receive())):
                    workers.remove(worker)
                    self._end(worker, hangs)
            if stop and self.faults:
                break
            if time.monotonic() - told > 10:
                told = time.monotonic()
                print(self.progress(), file=sys.stderr, flush=True)
        for worker in workers:
            worker.kill()

    def _numbers(self) -> range:
        """The inputs of the next process."""
        if self.left:
            return self.left.pop()
        self.next += _INPUTS_A_PROCESS
        return range(self.next - _INPUTS_A_PROCESS, self.next)

    def _take(self, worker: Worker, message: int | Outcome | None) -> bool:
        """Note what a process says; whether that was its last."""
        if isinstance(message, Outcome) and worker.at is not None:
            number, worker.at = worker.at, None
            self.kinds[message.kind] += 1
            self.codes.setdefault(message.kind, Counter()).update(message.codes[:1])
            self.slowest = max(self.slowest, (message.seconds, number))
            for fault in {fault.kind: fault for fault in message.faults}.values():
                self._note(fault, number)
            worker.numbers = range(number + 1, worker.numbers.stop)
            worker.since = time.monotonic()
        elif isinstance(message, int):
            worker.at = message
        return message is None

    def _end(self, worker: Worker, hangs: bool) -> None:
        """Of the input that a process died of there is a fault; another process goes on behind it."""
        code = worker.kill() if hangs else worker.end()
        first = worker.numbers.start
        if worker.at is not None:
            first = worker.at + 1
            kind = self.case(worker.at).command.kind
            self.kinds[kind] += 1
            self._note(Fault(f"{'hang' if hangs else 'crash'}: {kind}", f"exit code {code}"), worker.at)
        elif code != 0:
            raise RuntimeError(f"a process ended with {code} before input {first}")
        if rest := range(first, worker.numbers.stop):
            self.left.append(rest)

    def _note(self, fault: Fault, number: int) -> None:
        """Count a fault, once it is sure; show and keep the first of its kind."""
        measured = fault.kind.startswith(_MEASURED)
        if fault.kind in self.faults and not (measured and self.faults[fault.kind] < 3):
            self.faults[fault.kind] += 1
            return
        again = next((each for each in alone(self.case(number)) if each.kind == fault.kind), None)
        if again is None and measured:
            self.unconfirmed[fault.kind] += 1
            return
        self.faults[fault.kind] += 1
        if self.faults[fault.kind] == 1:
            replay = f"replay: python tests/fuzz/fuzz.py --replay {self.seed}:{number}"
            after = "" if again else "\nonly after the inputs before it"
            detail = (again or fault).detail
            print(f"\nFAULT {fault.kind}{after}\n{replay}\n{_indented(detail)}", flush=True)
            if self.keep:
                _save(self.case(number), self.keep / _slug(fault.kind), f"{fault.kind}\n{replay}\n\n{detail}\n")

    def progress(self) -> str:
        seconds = time.monotonic() - self.start
        number = self.kinds.total()
        return f"{seconds:.0f} s: {number:,} inputs, {number / seconds:.0f}/s, {len(self.faults)} kinds of faults"

    def summary(self) -> str:
        """What was run, and what came of it."""
        lines = [f"{os.path.dirname(configlint.__file__)}, seed {self.seed}: {self.progress()}"]
        for kind, number in self.kinds.most_common():
            codes = sorted(self.codes.get(kind, Counter()).items(), key=str)
            lines.append(f"{number:9,} {kind:11} " + ", ".join(f"exit {code}: {n:,}" for code, n in codes))
        lines.append(f"slowest: {self.slowest[0]:.1f} s, --replay {self.seed}:{self.slowest[1]}")
        lines += [f"{number:6,} x {kind}" for kind, number in self.faults.most_common()]
        lines += [f"{number:6,} x not again by itself: {kind}" for kind, number in self.unconfirmed.most_common()]
        return "\n".join(lines)


# One input, looked at.


def command_line(case: Case) -> str:
    """About what the first run of the program was asked; each check asks more."""
    kind, options, words = case.command
    verbs = {
        "fix": ["check", "--fix"],
        "compile": ["compile", "--verify", "never"],
        "explain": ["explain"],
        "fit": ["fit"],
    }
    verbs["compile-dir"] = [*verbs["compile"], "-o", "out"]
    path = {"folder": [], "other": [], "stdin": ["-", "<", case.name]}.get(kind, ["--", case.name])
    before, after = ([], words) if kind == "explain" else (words, [])
    verb = [] if kind == "other" else verbs.get(kind, ["check"])
    return shlex.join(["configlint", *verb, *before, *options, *path, *after])


def shrunk(case: Case, kind: str) -> Case:
    """A smaller case with the same kind of fault."""

    def fails(smaller: Case) -> bool:
        return any(fault.kind == kind for fault in alone(smaller))

    for name in list(case.files):
        without = {other: data for other, data in case.files.items() if other != name}
        if name != case.name and fails(case._replace(files=without)):
            case = case._replace(files=without)
    if fails(case._replace(command=case.command._replace(options=()))):
        case = case._replace(command=case.command._replace(options=()))
    for name in list(case.files):
        for pattern in (rb"[^\n]*\n|[^\n]+", rb"[^,{}\[\]\n]+|.", rb"(?s)."):
            parts = re.findall(pattern, case.files[name])
            if len(parts) < 3000:
                case = _fewer(case, name, parts, fails)
    return case


def _fewer(case: Case, name: str, parts: list[bytes], fails: Callable[[Case], bool]) -> Case:
    """The case with as few parts of a file as it still fails with."""
    size = len(parts)
    while size:
        at = 0
        while at < len(parts):
            fewer = [*parts[:at], *parts[at + size :]]
            smaller = case._replace(files={**case.files, name: b"".join(fewer)})
            if fails(smaller):
                case, parts = smaller, fewer
            else:
                at += size
        size //= 2
    return case


def replay(case: Case, shrink: bool, keep: Path | None) -> int:
    """Show a case and its faults; the exit code."""
    faults = alone(case)
    if shrink and faults:
        case = shrunk(case, faults[0].kind)
        faults = [fault for fault in alone(case) if fault.kind == faults[0].kind]
    for name, data in case.files.items():
        print(f"--- {name}\n{data[:5000].decode(errors='backslashreplace')}")
    print(f"$ {command_line(case)}")
    for fault in faults:
        print(f"\nFAULT {fault.kind}\n{_indented(fault.detail)}")
    if keep:
        _save(case, keep, "\n\n".join(f"{fault.kind}\n{fault.detail}" for fault in faults))
    return 1 if faults else 0


def _save(case: Case, folder: Path, text: str) -> None:
    for name, data in case.files.items():
        path = folder / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (folder / "fault.txt").write_text(
        f"{command_line(case)}\n\n{text}", encoding="utf-8", errors="backslashreplace"
    )


def _slug(kind: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", kind).strip("-")[:80]


def _indented(text: str) -> str:
    shown = text.encode(errors="backslashreplace").decode()
    return "".join(f"    {line}\n" for line in shown.splitlines()[-60:])


def _import_all() -> None:
    """All that the commands import when they run, once for all processes."""
    from configlint import rules

    list(rules.all_rules())
    for name in (
        "commands.compile",
        "commands.schema",
        "commands.explain",
        "commands.fit",
        "commands.fix",
        "memory.closed_form.formulas",
    ):
        import_module(f"configlint.{name}")
    for name in ("concise", "fit_report", "json_report", "pages", "text", "written"):
        import_module(f"configlint.reporters.{name}")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, help="run at least so long; default 60, unless --inputs is given")
    parser.add_argument("--inputs", type=int, default=0, metavar="N", help="run at least so many inputs")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--stop", action="store_true", help="stop at the first fault")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="save the first input of each kind of fault there")
    parser.add_argument("--replay", metavar="SEED:NUMBER", help="run this input alone, and show it")
    parser.add_argument("--shrink", action="store_true", help="with --replay: look for a smaller input")
    given = parser.parse_args(arguments)
    _import_all()
    mixed = corpus()
    if given.replay:
        seed, number = map(int, given.replay.split(":"))
        return replay(case(seed, number, mixed), given.shrink, given.keep)
    seconds = given.seconds if given.seconds is not None else 0 if given.inputs else 60
    fuzzer = Fuzzer(given.seed, mixed, given.keep.absolute() if given.keep else None)
    fuzzer.run(seconds, given.inputs, given.jobs, given.stop)
    print(fuzzer.summary())
    return 1 if fuzzer.faults else 0


if __name__ == "__main__":
    sys.exit(main())
