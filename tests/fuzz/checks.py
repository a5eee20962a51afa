"""What each command promises, held against what it did with an input."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import asked
from mutate import Case
from running import LIMIT_CPU_SECONDS, LIMIT_MEMORY_MIB, Fault, Result, own_faults, run

import configlint

Json = dict[str, Any]
Texts = dict[str, list[list[str]]]  # by the names of files; of each text its lines
_HEADER = re.compile(r"^(.+?):(\d+):(\d+): (error|warning|info)\[([a-z0-9/-]+)\] .")
# What YAML counts as a line break, and so the program and editors that show its findings.
_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_LEVELS = ("error", "warning")
# As many compilations as this are read by bash once, and done once more by a process of its own.
_BY_BASH, _BY_ITSELF = 5, 150


class Enough(Exception):
    """A run took so much that no more is asked of this input."""


class Trial:
    """A case in a folder of its own, which is the current one: the runs that were made of it and the faults."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.runs: list[Result] = []
        self.faults: list[Fault] = []
        for name, data in case.files.items():
            path = Path(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    def run(self, *words: str, stdin: bytes = b"", spec: bool = True) -> Result:
        """The command with these words, the options that all commands take, and the path of the spec."""
        path = [] if not spec else ["--", self.case.name]
        result = run(*words, *(self.case.command.options if spec else ()), *path, stdin=stdin)
        self.runs.append(result)
        self.faults += own_faults(result)
        if result.cpu_seconds > LIMIT_CPU_SECONDS:
            self.fault(f"slow: {words[0]}", f"{result.cpu_seconds:.1f} s of CPU time")
            raise Enough
        if result.memory_mib > LIMIT_MEMORY_MIB:
            self.fault(f"memory: {words[0]}", f"{result.memory_mib:.0f} MiB")
            raise Enough
        return result

    def fault(self, kind: str, detail: str = "") -> None:
        last = self.runs[-1]
        self.faults.append(Fault(kind, f"{detail}\nafter {last.arguments}: exit {last.code}\n{last.err[-2000:]}"))

    def expect(self, held: bool, kind: str, detail: object = "") -> bool:
        if not held:
            self.fault(kind, str(detail)[:3000])
        return held


def trial(case: Case) -> Trial:
    """What comes of a case; the current folder is to be empty."""
    made = Trial(case)
    before = _files()
    with suppress(Enough):
        _CHECKS[case.command.kind](made)
    after = _files()
    if case.command.kind not in ("fix", "compile-dir"):
        made.expect(before == after, f"{case.command.kind} writes", sorted(before.items() ^ after.items()))
    # Nothing may come out beside the folder, whatever a target is called.
    made.expect(os.listdir("..") == [os.path.basename(os.getcwd())], "writes elsewhere", os.listdir(".."))
    return made


def _files(folder: str = ".") -> dict[str, bytes]:
    """All files below a folder, and the folders that are empty."""
    found: dict[str, bytes] = {}
    for parent, folders, names in os.walk(folder):
        if not folders and not names:
            found[parent] = b""
        found |= {path: Path(path).read_bytes() for path in (os.path.join(parent, name) for name in names)}
    return found


# check


def _check(made: Trial) -> None:
    words = made.case.command.words
    report = _report(made, made.run("check", "--output-format", "json", *words), "error" in words)
    if report is not None:
        _places(made, report)


def _report(made: Trial, result: Result, errors_only: bool = False) -> list[Json] | None:
    """The findings of a JSON report; None where there is none."""
    if result.code not in (0, 1, 2) or (result.code == 2 and not result.out):
        return None
    document = _json(made, result.out.decode(), "check")
    if document is None:
        return None
    findings: list[Json] = document["findings"]
    counts = {level: sum(found["severity"] == level for found in findings) for level in (*_LEVELS, "info")}
    for level, number in counts.items():
        made.expect(document["summary"][f"{level}s"] == number, f"summary of {level}s", document["summary"])
    failing = counts["error"] + (0 if errors_only else counts["warning"])
    if result.code != 2:
        made.expect(result.code == bool(failing), "exit code and findings differ", counts)
    return findings


def _json(made: Trial, text: str, what: str) -> Any:
    """What a JSON text says; it must be one that every reader takes."""

    def refuse(word: str) -> None:
        raise ValueError(f"{word} is no JSON")

    try:
        return json.loads(text, parse_constant=refuse)
    except ValueError as error:
        made.fault(f"{what}: not JSON", f"{error}\n{text[:1000]}")
        return None


def _places(made: Trial, findings: list[Json], stdin_name: str = "-") -> None:
    """Every finding, every place beside it and every edit is in a text that the user has."""
    texts = _texts(made.case, stdin_name)
    for found in findings:
        rule = found["rule"]
        edits = found["fix"]["edits"] if found["fix"] else []
        for what, place in [("", found), *((" related", each) for each in found["related"])]:
            made.expect(_is_place(place, texts, False), f"no place:{what} {rule}", _shown(place))
        for edit in edits:
            made.expect(_is_place(edit, texts, True), f"no place: edit {rule}", _shown(edit))
        made.expect(bool(found["message"]), f"no message of {rule}", found)


def _texts(case: Case, stdin_name: str) -> Texts:
    """What each place can be in, by the name that the program calls it by: several texts have the name `--set`."""
    options = case.command.options
    sets = [_BREAK.split(text) for option, text in pairwise(options) if option == "--set"]
    texts = {os.path.normpath(name): [_lines(data)] for name, data in case.files.items()}
    return {**texts, "--set": sets, stdin_name: [_lines(case.files[case.name])]}


def _lines(data: bytes) -> list[str]:
    return _BREAK.split(data.removeprefix(b"\xef\xbb\xbf").decode(errors="replace"))


def _is_place(place: Json, texts: Texts, exact: bool) -> bool:
    """Whether a place is in one of its file's texts, from 1 on, and ends where it starts or later; the end may be
    one column behind the line's, to have something to show, unless it has to be exact."""
    start, end = (place["line"], place["column"]), (place["end_line"], place["end_column"])
    return (1, 1) <= start <= end and any(
        end[0] <= len(lines)
        and 1 <= start[1] <= len(lines[start[0] - 1]) + 1
        and end[1] <= len(lines[end[0] - 1]) + (1 if exact else 2)
        for lines in texts.get(place["file"], ())
    )


def _shown(place: Json) -> str:
    names = ("file", "line", "column", "end_line", "end_column", "message", "text")
    return str({name: place[name] for name in names if name in place})


def _formats(made: Trial) -> None:
    """What is said in text, a line each, and in JSON are the same findings."""
    report = _report(made, made.run("check", "--output-format", "json"))
    text = made.run("check")
    concise = made.run("check", "--output-format", "concise")
    if report is None:
        return
    _places(made, report)
    codes = {result.code for result in made.runs}
    made.expect(len(codes) == 1, "exit codes of the formats differ", codes)
    expected = [_in_words(found) for found in report if found["severity"] in _LEVELS]
    for name, result in (("text", text), ("concise", concise)):
        headers = [match for line in result.out.decode().split("\n") if (match := _HEADER.match(line))]
        shown = [match.groups() for match in headers if match[4] in _LEVELS]
        made.expect(shown == expected, f"{name} and JSON differ", f"{shown}\n{expected}")
    for line in concise.out.decode().split("\n")[:-1]:
        made.expect(_HEADER.match(line) is not None, "concise: no header", line)


def _in_words(found: Json) -> tuple[str, ...]:
    return found["file"], str(found["line"]), str(found["column"]), found["severity"], found["rule"]


def _stdin(made: Trial) -> None:
    """What comes from stdin is checked like the file of that name."""
    command, data = made.case.command, made.case.files[made.case.name]
    words = ("check", "--output-format", "json", *command.words)
    name = made.case.name if made.case.number % 2 else "-"
    arguments = (*words, "--stdin-filename", name, *command.options, "-")
    result = made.run(*arguments, stdin=data, spec=False)
    report = _report(made, result, "error" in command.words)
    if report is not None:
        _places(made, report, name)
    if name != "-":
        file = made.run(*words)
        made.expect(file.out == result.out, "stdin and file differ", file.out[-1500:] + result.out[-1500:])


def _folder(made: Trial) -> None:
    command = made.case.command
    words = ("check", "--output-format", "json", *command.words, *command.options)
    report = _report(made, made.run(*words, spec=False), "error" in command.words)
    if report is not None:
        _places(made, report)


# check --fix


def _fix(made: Trial) -> None:
    words = ("check", "--output-format", "json")
    first = _report(made, made.run(*words))
    old = _files()
    shown = made.run("check", "--diff")
    made.expect(_files() == old, "--diff writes")
    fixed = made.run(*words, "--fix")
    left = _report(made, fixed)
    new = _files()
    if first is None or left is None:
        made.expect(new == old or 3 in (shown.code, fixed.code), "--fix writes without a report")
        return
    rules = ", ".join(sorted({found["rule"] for found in first if found["fix"]})) or "no rule"
    _same_as_shown(made, shown, old, new, rules)
    offered = any(found["fix"] for found in first)
    made.expect(offered == (new != old), f"offers fixes and makes others: {rules}", _changed(old, new))
    again = made.run(*words, "--fix")
    made.expect(_files() == new, f"not idempotent: {rules}", _changed(old, new) + _changed(new, _files()))
    made.expect(again.out == fixed.out, f"--fix reports what is not left: {rules}", fixed.out + again.out)
    worse = {found["rule"] for found in left} - {found["rule"] for found in first}
    worse = {rule for rule in worse if rule.startswith(("syntax/", "schema/"))}
    made.expect(not worse, f"a fix breaks the form: {rules}", f"{worse}\n{_changed(old, new)}")


def _same_as_shown(made: Trial, shown: Result, old: dict[str, bytes], new: dict[str, bytes], rules: str) -> None:
    """What --diff shows is what --fix did."""
    if shown.code not in (0, 1, 2):
        return
    patched = dict(old)
    try:
        for path, hunks in _diffs(shown.out):
            patched[path] = _patched(patched[path], hunks)
    except (ValueError, KeyError, IndexError) as error:
        made.fault(f"--diff is no diff: {rules}", f"{error!r}\n{shown.out[:2000]!r}")
        return
    made.expect(patched == new, f"--diff and --fix differ: {rules}", _changed(patched, new))


def _diffs(diff: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """Each file of a unified diff with the lines of its hunks, those without a newline where there is none."""
    for part in re.split(rb"(?m)^--- (?=.*\n\+\+\+ .*\n@@)", diff)[1:]:
        name, _, *lines = _split(part)
        pairs = zip(lines, [*lines[1:], b""], strict=True)
        hunks = [line.rstrip(b"\n") if below[:1] == b"\\" else line for line, below in pairs if line[:1] != b"\\"]
        yield os.path.join(".", name.rstrip(b"\n").decode()), hunks


def _patched(data: bytes, hunks: list[bytes]) -> bytes:
    lines = _split(data)
    made: list[bytes] = []
    at = 0
    for line in hunks:
        sign, text = line[:1], line[1:]
        if match := re.match(rb"@@ -(\d+)(?:,(\d+))? ", line):
            start = int(match[1]) - (match[2] != b"0")
            made += lines[at:start]
            at = start
        elif sign == b"+":
            made.append(text)
        elif lines[at] != text:
            raise ValueError(f"{text!r} does not stand at line {at + 1}")
        else:
            made += [text] if sign == b" " else []
            at += 1
    return b"".join(made + lines[at:])


def _split(data: bytes) -> list[bytes]:
    return re.findall(rb"[^\n]*\n|[^\n]+", data)


def _changed(old: dict[str, bytes], new: dict[str, bytes]) -> str:
    names = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
    return "".join(f"{name}:\n{old.get(name, b'')!r}\n{new.get(name, b'')!r}\n" for name in names)[:4000]


# compile


def _compile(made: Trial) -> None:
    words = ("compile", "--verify", "never", *made.case.command.words)
    first = made.run(*words)
    second = made.run(*words)
    made.expect((first.code, first.out) == (second.code, second.out), "compile is not the same twice")
    if first.code != 0:
        made.expect(not first.out, "a failing compile prints")
        made.expect(bool(first.err), "a failing compile says nothing")
    elif made.expect(bool(first.out), "compile prints nothing") and first.out[:1] == b"{":
        _json(made, first.out.decode(), "compile")


def _compile_to_folder(made: Trial) -> None:
    words = ("compile", "--verify", "never", "-o", "out")
    old = _files()
    first = made.run(*words)
    new = _files()
    if first.code != 0:
        made.expect(new == old, "a failing compile writes", sorted(new.keys() ^ old.keys()))
        made.expect(not first.out and bool(first.err), "a failing compile prints, or says nothing", first.out)
        return
    made.expect(not first.out, "compile -o prints", first.out)
    compared = made.run(*words, "--check")
    made.expect(compared.code == 0 and not compared.out, "compile -o --check finds a difference", compared.out)
    second = made.run(*words)
    made.expect(second.code == 0 and _files() == new, "compile -o is not the same twice", _changed(new, _files()))
    written = {path.removeprefix("./"): data for path, data in new.items() if path not in old}
    made.expect(all(new[path] == data for path, data in old.items()), "compile -o changes the spec")
    folders = sorted({os.path.dirname(path) for path in written})
    for folder in folders:
        here = {os.path.basename(path): data for path, data in written.items() if os.path.dirname(path) == folder}
        _product(made, here)
    made.expect(bool(folders), "compile -o writes nothing")
    if made.case.number % _BY_BASH == 0:
        _read_by_bash(made, written)
    if made.case.number % _BY_ITSELF == 0:
        _by_itself(made, words, new)


def _product(made: Trial, files: dict[str, bytes]) -> None:
    """The files of one plan train the batch that is asked for."""
    texts = {name: data.decode(errors="surrogateescape") for name, data in files.items()}
    if not made.expect({"training_args.json", "plan.json"} <= texts.keys(), "no JSON or no plan", sorted(texts)):
        return
    documents = {name: _json(made, text, name) for name, text in texts.items() if name.endswith(".json")}
    arguments, plan = documents["training_args.json"], documents["plan.json"]
    if arguments is None or plan is None:
        return
    made.expect(
        {*plan["files"], "plan.json"} == texts.keys(),
        "plan.json lists other files",
        f"{plan['files']} {sorted(texts)}",
    )
    mesh, batch = plan["mesh"], plan["arithmetic"]
    world = mesh["nodes"] * mesh["devices_per_node"] - mesh["reserved"]
    made.expect(world == mesh["world"], "world", mesh)
    shared = mesh["tensor"] * mesh["context"] * mesh["sequence"]
    made.expect(world == batch["replicas"] * shared, "replicas", plan)
    factors = (arguments["per_device_train_batch_size"], arguments["gradient_accumulation_steps"])
    trained = factors[0] * factors[1] * batch["replicas"]
    made.expect(all(type(factor) is int and factor > 0 for factor in factors), "factors of the batch", factors)
    if batch["effective"] is not None:
        made.expect(trained == batch["effective"], "trains another batch than the plan says", f"{factors} {plan}")
    case = made.case
    wanted = asked.effective(case.files, case.name, plan["target"], case.command.options)
    made.expect(wanted in (None, trained), "trains another batch than is asked for", f"{wanted} {factors} {plan}")
    _processes(made, texts, mesh)
    _deepspeed(made, arguments.get("deepspeed"), factors, trained)


def _processes(made: Trial, texts: dict[str, str], mesh: Json) -> None:
    """What is started is the world of the plan."""
    launch = texts.get("launch.sh", "")
    per_node = re.findall(r"--nproc_per_node '?(\S+?)'?(?:\s|$)", launch)
    nodes = re.findall(r"--nnodes '?(\S+?)'?(?:\s|$)", launch)
    if per_node and nodes:
        # The last words: what a user wrote stands above.
        started = int(per_node[-1]) * int(nodes[-1])
        made.expect(started == mesh["world"], "launch.sh starts another world", launch)
    if "accelerate.yaml" in texts:
        found = re.findall(r"(?m)^num_processes: (\d+)$", texts["accelerate.yaml"])
        made.expect(found == [str(mesh["world"])], "accelerate.yaml starts another world", texts["accelerate.yaml"])


def _deepspeed(made: Trial, config: object, factors: tuple[int, int], trained: int) -> None:
    """DeepSpeed's own numbers, where there are any, are those of the plan."""
    if not isinstance(config, dict):
        return
    names = ("train_micro_batch_size_per_gpu", "gradient_accumulation_steps", "train_batch_size")
    for name, value in zip(names, (*factors, trained), strict=True):
        made.expect(config.get(name, "auto") in ("auto", value), f"deepspeed's {name}", config)


def _read_by_bash(made: Trial, written: dict[str, bytes]) -> None:
    """Bash can read the scripts; of what the user's own lines do to it we know nothing."""
    for path in written:
        if path.endswith((".sh", ".sbatch")):
            read = subprocess.run(["bash", "-n", path], capture_output=True, check=False)
            if read.returncode != 0 and b"setup" not in b"".join(made.case.files.values()):
                made.fault(f"bash cannot read {os.path.basename(path)}", read.stderr.decode(errors="replace"))


def _by_itself(made: Trial, words: tuple[str, ...], new: dict[str, bytes]) -> None:
    """A process of its own, whose sets have another order, finds nothing to change."""
    command = [
        sys.executable,
        "-m",
        "configlint",
        *words,
        "--check",
        *made.case.command.options,
        "--",
        made.case.name,
    ]
    package = os.path.dirname(os.path.dirname(configlint.__file__))
    environment = {**os.environ, "PYTHONPATH": package, "PYTHONHASHSEED": str(made.case.number % 1000)}
    result = subprocess.run(command, capture_output=True, check=False, env=environment)
    made.expect(result.returncode == 0 and not result.stdout, "another process compiles other files", result)


# explain, fit, rule and schema


def _explain(made: Trial) -> None:
    case = made.case
    words = ("explain", *case.command.options, "--", case.name, *case.command.words)
    result = made.run(*words, spec=False)
    made.expect(result.code != 0 or bool(result.out), "explain prints nothing")


def _fit(made: Trial) -> None:
    words = ("fit", *made.case.command.words)
    result = made.run(*words, "--output-format", "json")
    if result.out:
        _json(made, result.out.decode(), "fit")
    text = made.run(*words)
    made.expect(text.code == result.code, "exit codes of fit differ", (result.code, text.code))


def _other(made: Trial) -> None:
    result = made.run(*made.case.command.words, spec=False)
    if result.out[:1] == b"{":
        _json(made, result.out.decode(), made.case.command.words[0])


_CHECKS: dict[str, Callable[[Trial], None]] = {
    "check": _check,
    "formats": _formats,
    "stdin": _stdin,
    "folder": _folder,
    "fix": _fix,
    "compile": _compile,
    "compile-dir": _compile_to_folder,
    "explain": _explain,
    "fit": _fit,
    "other": _other,
}
