"""Whether the tests notice a fault: a mutation score.

    python benchmarks/mutants.py [--seed N] [--count N] [--list] [--room ROOM] [--results FILE]

A mutant is the package with one fault: one node of one module is another, and the rest of the text is as it was.
The seed draws them, from each room in proportion to the places for a fault, an eighth of all at the least. Each is
tried in a copy of the repository, by the tests of its room: first those that run its line, then those that run its
module, then the rest, the quick ones first. One that takes far too long is killed, too. What survives is printed.
`mutants.yaml` beside this file lists mutants that are equivalent, as nobody could notice them, and why: they do not
count. What is killed is noted in the file of `--results`, and not tried again: a run that was stopped goes on, and
one after a new test is short. Which test runs what is noted beside that file, and holds until a file is edited.

What only people read has no faults here: docstrings, annotations, f-strings and other texts of several words. Nor
have the index of the rules, their `when` and the `__init__`s of families: they say which modules are not loaded
because they would find nothing.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import hashlib
import json
import multiprocessing
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import pytest
import yaml

ROOT = Path(__file__).parent.parent
EQUIVALENT = Path(__file__).with_suffix(".yaml")
# Some faults ask for all the memory there is, or never end. The slowest test takes ten seconds, all take minutes.
MOST_BYTES = 8 * 2**30
SECONDS, MOST_SECONDS = 90, 900
# On a busy machine an example that takes long is no failure.
HYPOTHESIS = ("--hypothesis-seed=0", "--hypothesis-profile=ci")
PYTEST = ("-x", "-q", "-p", "no:cacheprovider", "-m", "not heavy", *HYPOTHESIS)
# The seconds of each test that runs a line (`module:line`), a module, or anything (``).
Seconds = dict[str, dict[str, float]]


class Room(NamedTuple):
    """Modules, as patterns, and the files of the tests that see what they do."""

    modules: tuple[str, ...]
    tests: str


class Mutant(NamedTuple):
    """A module with other bytes from `start` to `end`."""

    module: str
    source: bytes
    start: int
    end: int
    text: bytes


ROOMS = {
    "rules": Room(
        ("configlint/rules/**/*.py",),
        "rules findings_golden remedies fix golden explain wording slurm ignores check fit_command dialects "
        "one_cause models facts python at_runtime",
    ),
    "solver": Room(
        ("configlint/solver/*.py",),
        "explain memory_golden rules facts findings_golden project solver golden prove fit_command merging "
        "dialects python memory",
    ),
    "memory": Room(
        ("configlint/memory/closed_form/*.py", "configlint/memory/options.py"),
        "memory_golden fit_command memory tower families sharding saved_figures explain models findings_golden",
    ),
    "fixing": Room(
        ("configlint/fixing/*.py", "configlint/commands/fix.py"),
        "fix rules python check merging output",
    ),
}


def main() -> int:
    options = _options()
    os.nice(10)
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    places = {room: [place for module in _modules(room) for place in _places(module)] for room in ROOMS}
    drawn = _drawn(places, options.count, random.Random(options.seed))
    drawn = [each for each in drawn if options.room in (None, each[0])]
    if options.list:
        print(*(_diff(mutant) for _, mutant in drawn), sep="\n")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        _copy(copy)
        seconds = _observed(copy, drawn, options.results)
        if seconds is None:
            print("the tests fail without a fault")
            return 2
        outcomes = Counter(_tried(copy, drawn, seconds, options.results))
    print(_table({room: len(found) for room, found in places.items()}, outcomes))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=13)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--list", action="store_true", help="print the mutants without trying them")
    parser.add_argument("--room", choices=[*ROOMS], help="try only those of this room")
    parser.add_argument("--results", type=Path, help="a file that notes what is killed, and what need not be tried")
    return parser.parse_args()


# What is drawn


def _modules(room: str) -> list[str]:
    found = {path for pattern in ROOMS[room].modules for path in ROOT.glob(pattern)}
    names = sorted(path.relative_to(ROOT).as_posix() for path in found)
    return [name for name in names if not (room == "rules" and name.endswith(("__init__.py", "_index.py")))]


def _drawn(places: dict[str, list[list[Mutant]]], count: int, chance: random.Random) -> list[tuple[str, Mutant]]:
    """As many of each room as it has a share of the places, an eighth of all at the least."""
    every = sum(map(len, places.values()))
    weights = {room: max(len(found) / every, 1 / 8) for room, found in places.items()}
    numbers = {room: round(count * weight / sum(weights.values())) for room, weight in weights.items()}
    return [
        (room, chance.choice(place))
        for room, number in numbers.items()
        for place in chance.sample(places[room], min(number, len(places[room])))
    ]


# The places of a module


def _places(module: str) -> Iterator[list[Mutant]]:
    """Each place for a fault, with the faults that can be there."""
    source = (ROOT / module).read_bytes()
    starts = [0, *(match.end() for match in re.finditer(rb"\n", source))]

    def mutant(start: int, end: int, text: str) -> Mutant:
        return Mutant(module, source, start, end, text.encode())

    def span(node: ast.expr) -> tuple[int, int]:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset

    for node in _run(ast.parse(source)):
        for left, right in _operands(node):
            (_, start), (end, _) = span(left), span(right)
            match = _OPERATOR.search(source[start:end].decode())
            assert match
            yield [mutant(start + match.start(), start + match.end(), _OTHER[" ".join(match[0].split())])]
        for part, texts in _replaced(node, lambda inner: source[slice(*span(inner))].decode()):
            yield [mutant(*span(part), text) for text in texts]


def _run(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes that are run, and that are not for people or type checkers only."""
    if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
        return
    if ast.unparse(node).startswith(("if TYPE_CHECKING", "__all__ =", "TypeVar(", "when=")):
        return
    yield node
    for name, value in ast.iter_fields(node):
        if name not in ("annotation", "returns"):
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from _run(child)


_OTHER = {
    "==": "!=", "!=": "==", "<": "<=", "<=": "<", ">": ">=", ">=": ">", "is not": "is", "is": "is not",
    "not in": "in", "in": "not in", "and": "or", "or": "and", "+": "-", "-": "+", "*": "/", "/": "*", "//": "*",
    "%": "*",
}  # fmt: skip
# Between two operands there is nothing else than brackets.
_OPERATOR = re.compile(r"is\s+not\b|not\s+in\b|\b(?:is|in|and|or)\b|[=!<>]=|//|[<>+\-*/%]")
_ARITHMETIC = ast.Add | ast.Sub | ast.Mult | ast.Div | ast.FloorDiv | ast.Mod


def _operands(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Those on both sides of an operator that has another."""
    if isinstance(node, ast.Compare):
        yield from zip([node.left, *node.comparators], node.comparators, strict=False)
    elif isinstance(node, ast.BoolOp):
        yield from zip(node.values, node.values[1:], strict=False)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, _ARITHMETIC):
        yield node.left, node.right


def _replaced(node: ast.AST, text: Callable[[ast.expr], str]) -> Iterator[tuple[ast.expr, list[str]]]:
    """What can have another text: constants, conditions, what is returned, and what is denied."""
    if isinstance(node, ast.Constant) and (others := _other_constants(node.value)):
        yield node, others
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node, [f"({text(node.operand)})"]
    elif isinstance(node, ast.Return) and node.value is not None and not _is_empty(node.value):
        yield node.value, ["None"]
    tests = node.ifs if isinstance(node, ast.comprehension) else []
    for test in [node.test] if isinstance(node, ast.If | ast.IfExp) else tests:
        yield test, ["True", "False"]


def _is_empty(value: ast.expr) -> bool:
    """Whether it is as false as None is."""
    try:
        return not ast.literal_eval(value)
    except ValueError:
        return False


def _other_constants(value: object) -> list[str]:
    if isinstance(value, bool):
        return [repr(not value)]
    if isinstance(value, int):
        return [f"({value + 1})", *([f"({value - 1})"] if value else [])]  # few numbers can be below 0
    if isinstance(value, float):
        return [repr(value * 2), repr(value / 2)] if value else ["1.0"]
    return [repr(f"{value}X")] if isinstance(value, str) and not re.search(r"\s", value) else []


# What the tests run


class _Observer:
    """A plugin of pytest that notes how long each test takes and which lines and modules it runs."""

    def __init__(self, copy: Path, lines: dict[str, set[int]], written: Path) -> None:
        self.modules = {str(copy / module): module for module in lines}
        self.lines, self.written = lines, written
        self.seconds: Seconds = defaultdict(dict)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, bool, bool]:
        self.seen = {""}
        start = time.perf_counter()
        sys.settrace(self._calls)
        try:
            return (yield)
        finally:
            sys.settrace(None)
            for place in self.seen:
                self.seconds[place][item.nodeid] = time.perf_counter() - start

    def pytest_sessionfinish(self) -> None:
        self.written.write_text(json.dumps(self.seconds), encoding="utf-8")

    def _calls(self, frame: FrameType, event: str, argument: object) -> Callable[..., Any] | None:
        module = self.modules.get(frame.f_code.co_filename)
        # Whichever test comes first imports a module for all.
        if module is None or frame.f_code.co_name == "<module>":
            return None
        self.seen.add(module)

        def lines(frame: FrameType, event: str, argument: object) -> Callable[..., Any]:
            if frame.f_lineno in self.lines[module]:
                self.seen.add(f"{module}:{frame.f_lineno}")
            return lines

        return lines


def _observed(copy: Path, drawn: list[tuple[str, Mutant]], results: Path | None) -> Seconds | None:
    """What runs the lines of these mutants, or None if a test fails without any."""
    lines: dict[str, set[int]] = defaultdict(set)
    for _, mutant in drawn:
        lines[mutant.module].add(_lines(mutant)[0])
    digest = hashlib.sha256(repr(sorted((module, sorted(each)) for module, each in lines.items())).encode())
    for path in sorted(copy.rglob("*.*")):
        digest.update(path.read_bytes() if path.is_file() else b"")
    noted = (results or copy / "results").with_suffix(f".{digest.hexdigest()[:8]}.json")
    if not noted.exists():
        rooms = " ".join({room: ROOMS[room].tests for room, _ in drawn}.values())
        written = copy / "observed.json"
        if _fails(copy, rooms, _Observer(copy, lines, written)):
            return None
        shutil.move(written, noted)
    seconds: Seconds = json.loads(noted.read_text(encoding="utf-8"))
    return seconds


# How they are tried


class _Order:
    """A plugin of pytest that runs the tests of the first places first, and of each the quick ones."""

    def __init__(self, seconds: Seconds, *places: str) -> None:
        self.places = [seconds.get(place, {}) for place in places]

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=self._key)

    def _key(self, item: pytest.Item) -> tuple[int, float]:
        for number, tests in enumerate(self.places):
            if item.nodeid in tests:
                return number, tests[item.nodeid]
        return -1, 0.0  # without the fault there is no such test


class _Limit:
    """A plugin of pytest that ends it where a test takes far too long."""

    def pytest_runtest_logstart(self) -> None:
        signal.alarm(SECONDS)


def _copy(copy: Path) -> None:
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)


def _tried(
    copy: Path, drawn: list[tuple[str, Mutant]], seconds: Seconds, results: Path | None
) -> Iterator[tuple[str, str]]:
    """The room of each mutant, and what became of it."""
    listed = yaml.safe_load(EQUIVALENT.read_text(encoding="utf-8"))
    killed = results.read_text(encoding="utf-8").split("\n\n") if results and results.exists() else []
    for number, (room, mutant) in enumerate(drawn, 1):
        print(f"\r{number} of {len(drawn)} ", end="", file=sys.stderr, flush=True)
        if _diff(mutant) in killed:
            yield room, "killed"
        elif _is_killed(copy, room, mutant, seconds):
            if results:
                with results.open("a", encoding="utf-8") as file:
                    file.write(f"{_diff(mutant)}\n\n")
            yield room, "killed"
        elif any(each["module"] == mutant.module and tuple(each["fault"]) == _lines(mutant)[1:] for each in listed):
            yield room, "equivalent"
        else:
            print(_diff(mutant), flush=True)
            yield room, "survived"


def _is_killed(copy: Path, room: str, mutant: Mutant, seconds: Seconds) -> bool:
    path = copy / mutant.module
    times = path.stat()
    path.write_bytes(_mutated(mutant))
    order = _Order(seconds, f"{mutant.module}:{_lines(mutant)[0]}", mutant.module, "")
    try:
        return _fails(copy, ROOMS[room].tests, order, PYTHONDONTWRITEBYTECODE="1")
    finally:
        path.write_bytes(mutant.source)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def _fails(copy: Path, tests: str, plugin: object, **environment: str) -> bool:
    """Whether a test fails, nothing can be imported, or there is no end."""
    arguments = [*PYTEST, *(f"tests/test_{name}.py" for name in dict.fromkeys(tests.split()))]

    def run() -> None:
        os.setsid()
        os.chdir(copy)
        os.environ.update(environment, PYTHONPATH=str(copy))
        # The byte code is that of the package without a fault.
        sys.dont_write_bytecode = "PYTHONDONTWRITEBYTECODE" in environment
        sys.path.insert(0, str(copy))
        for stream in (1, 2):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
        signal.alarm(SECONDS)
        os._exit(pytest.main(arguments, [plugin, _Limit()]))

    process = multiprocessing.get_context("fork").Process(target=run)
    process.start()
    process.join(MOST_SECONDS)
    assert process.pid
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # and what it started and did not end
    process.join()
    # Hypothesis would try what failed before on other mutants.
    shutil.rmtree(copy / ".hypothesis", ignore_errors=True)
    return process.exitcode != 0


# What is said


def _mutated(mutant: Mutant) -> bytes:
    return mutant.source[: mutant.start] + mutant.text + mutant.source[mutant.end :]


def _lines(mutant: Mutant) -> tuple[int, str, str]:
    """The number of the first line that is another, and what it was and is."""
    before, after = mutant.source.decode().splitlines(), _mutated(mutant).decode().splitlines()
    number = next(number for number, pair in enumerate(zip(before, after, strict=False)) if pair[0] != pair[1])
    return number + 1, before[number].strip(), after[number].strip()


def _diff(mutant: Mutant) -> str:
    number, before, after = _lines(mutant)
    return f"{mutant.module}:{number}\n- {before}\n+ {after}"


def _table(places: dict[str, int], outcomes: Counter[tuple[str, str]]) -> str:
    columns = ("killed", "survived", "equivalent")
    counts = [(room, number, [outcomes[room, each] for each in columns]) for room, number in places.items()]
    killed, survived, equivalent = (sum(column) for column in zip(*(found for *_, found in counts), strict=True))
    counts.append(("all", sum(places.values()), [killed, survived, equivalent]))
    lines = [("room", "places", *columns), *((room, number, *found) for room, number, found in counts)]
    rows = ["".join(f"{cell:<8}" if cell is line[0] else f"{cell:>12}" for cell in line) for line in lines]
    return "\n".join([*rows, f"score: {killed / (killed + survived):.1%} killed"])


if __name__ == "__main__":
    sys.exit(main())
