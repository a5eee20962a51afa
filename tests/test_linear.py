"""Twice as much of anything is twice as much work, not four times.

Each kind of input is made with so many of what it has and with twice as many, and the program does its real work on
both. What is compared is counted, as seconds differ from run to run: the lines of Python that are run, each round
of a loop or a comprehension one of them, and the characters that are split into lines. What loops in C is not seen,
such as `in` on a list, and is for the eyes of a reviewer.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from program import CLEAN, found, run

from configlint.core import arithmetic, source, wording
from configlint.frontends import spec as spec_yaml
from configlint.knowledge.schemas import schema_text
from configlint.solver import room

# Of what grows as it should it is 2.06 at most, for what is sorted, and less beside what is done once. Of what grew
# by the square it was 2.3 to 4.3.
MOST = 2.2

Files = dict[str, str]
Kind = Callable[[int], Files]


class Pattern:
    """What splits a text into lines, with the characters counted."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self.pattern, self.characters = pattern, 0

    def split(self, text: str) -> list[str | Any]:
        self.characters += len(text)
        return self.pattern.split(text)

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        self.characters += len(text)
        return self.pattern.finditer(text)


def operations(*arguments: str) -> int:
    """How much work the program does."""
    pattern = Pattern(source._LINE_BREAK)
    lines = 0

    def trace(frame: FrameType, event: str, argument: object) -> Callable[..., Any]:
        nonlocal lines
        lines += 1
        return trace

    before = sys.gettrace()
    wording._nearest.cache_clear()
    room._answer.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "_LINE_BREAK", pattern)
        patch.setattr(wording, "_MOST_WORDS", 3)  # each is as much work as a thousand others
        sys.settrace(trace)
        try:
            result = run(*arguments)
        finally:
            sys.settrace(before)
    assert "internal error" not in result.err
    return lines + pattern.characters


def each(number: int, text: str) -> str:
    """A text for each of so many, with its number in the place of `@`."""
    return "".join(text.replace("@", str(index)) for index in range(number))


def below(section: str, line: str) -> Kind:
    """A spec with so many lines in a section; `section` are the lines down to it."""
    return lambda number: {"a.yaml": CLEAN + section + each(number, line)}


def within(start: str, item: str, end: str) -> Kind:
    """A spec with so many items on a line."""
    return lambda number: {"a.yaml": CLEAN + start + each(number, item) + end + "\n"}


def files(text: str, **others: str) -> Kind:
    """So many files, and others beside them."""
    named = {name.replace("_", "."): other for name, other in others.items()}
    return lambda number: {f"f{index}.yaml": text.replace("@", str(index)) for index in range(number)} | named


TRAINING, ARGUMENTS, TARGETS, LAUNCH = "training:\n", "arguments:\n", "targets:\n", "launch:\n  script: train.py\n"
FLAT = "output_dir: out\nper_device_train_batch_size: 4\nnum_train_epochs: 3\n"
IGNORE = "# configlint: ignore[argument/unknown]"
LEVELS = 90
# Keys that are renamed, and some that cannot go: something else needs their anchor.
RENAMED = below(TARGETS, "  t@:\n    training: {evaluation_strategy: steps}\n")
ANCHORED = "  t@: {parallel: {data: fsdp, fsdp: {use_orig_params: &a@ true, cpu_offload: *a@}}}\n"

# What a spec has thousands of.
KEYS: dict[str, Kind] = {
    # Findings, and comments that ignore them
    "ignored findings": below(TRAINING, f"  key@: 1  {IGNORE}\n"),
    "ignored findings on a line": within("training: {", "key@: 1, ", f"}}  {IGNORE}"),
    "ignored findings below a comment": below(f"{IGNORE}\n{TRAINING}", "  key@: 1\n"),
    "ignore comments at keys": below(ARGUMENTS, f"  key@: 1  {IGNORE}\n"),
    "ignore comments above keys": below(ARGUMENTS, f"  {IGNORE}\n  key@: 1\n"),
    "ignore comments above a long line": lambda number: {
        "a.yaml": CLEAN + each(number, f"{IGNORE}\n") + f"arguments: {{{each(number, 'key@: 1, ')}}}\n"
    },
    "ignore comments of no rule": below(ARGUMENTS, "  key@: 1  # configlint: ignore[argument/unknown@]\n"),
    "ignore comments beside texts like them": below(ARGUMENTS, f"  key@: 'a # b'  {IGNORE}\n"),
    "ignore comments above many levels": lambda number: {
        "a.yaml": CLEAN + f"{IGNORE}\narguments:\n  a: {'{a: ' * LEVELS}{each(number, 'b@: 1, ')}{'}' * LEVELS}\n"
    },
    # Keys and values
    "unknown keys": below("", "key@: 1\n"),
    "unknown keys of a section": below("model:\n", "  key@: 1\n"),
    "unknown keys on a line": within("model: {", "key@: 1, ", "}"),
    "unknown keys of a target": below(f"{TARGETS}  a:\n", "    key@: 1\n"),
    "unknown arguments": below(TRAINING, "  key@: 1\n"),
    "unknown arguments on a line": within("training: {", "key@: 1, ", "}"),
    "unknown arguments of a script": below(
        f"launch: {{module: trl.scripts.sft}}\ntrainer: SFTTrainer\n{ARGUMENTS}", "  key@: 1\n"
    ),
    "unknown keys of FSDP": below("parallel:\n  data: fsdp\n  fsdp:\n", "    key@: 1\n"),
    "unknown keys of DeepSpeed": below("parallel:\n  data: zero2\n  deepspeed:\n", "    key@: 1\n"),
    "unknown keys of an argument": within("training: {accelerator_config: {", "key@: 1, ", "}}"),
    "unknown options of sbatch": below(f"{LAUNCH}  slurm:\n", "    key@: 1\n"),
    "arguments": below(ARGUMENTS, "  key@: 1\n"),
    "environment": below(f"{LAUNCH}  env:\n", "    KEY@: 1\n"),
    "variables": below(f"{LAUNCH}  env:\n", "    KEY@: $HOME\n"),
    "duplicate keys": below(TRAINING, "  seed: @\n"),
    "unknown tags": below(ARGUMENTS, "  key@: !tag 1\n"),
    "aliases": below(f"{ARGUMENTS}  a: &a {{b: 1}}\n", "  key@: *a\n"),
    "merge keys": below(f"{ARGUMENTS}  a: &a {{b: 1}}\n", "  key@: {<<: *a, c: 1}\n"),
    "items": within("tuning: {method: lora, target_modules: [", "m@, ", "]}"),
    "wrong items": within("tuning: {method: lora, target_modules: [", "@, ", "]}"),
    "lines of Windows": lambda number: {
        "a.yaml": (CLEAN + TRAINING + each(number, "  key@: 1\n")).replace("\n", "\r\n")
    },
    "keys of JSON": lambda number: {
        "a.json": json.dumps(
            {"batch": {"effective": 64}, "training": {f"key{index}": 1 for index in range(number)}}
        )
    },
}
# What a run has hundreds of: each is a plan.
PLANS: dict[str, Kind] = {
    # Targets
    "empty targets": below(TARGETS, "  t@: {}\n"),
    "targets": below(TARGETS, "  t@: {hardware: {nodes: 2}, training: {seed: @}}\n"),
    "targets with findings": below(TARGETS, "  t@: {batch: {effective: 3@}}\n"),
    "targets with unknown keys": below(TARGETS, "  t@: {key@: 1}\n"),
    "targets with wrong names": below(TARGETS, "  t.@: {}\n"),
    "targets with memory": below(
        f"model: {{config: llama-3.1-8b}}\ntuning: {{method: lora}}\n{TARGETS}",
        "  t@: {model: {sequence_length: 1@}}\n",
    ),
    "targets with large batches": below(TARGETS, "  t@: {batch: {effective: 99999@, per_device: {max: 1@}}}\n"),
    "sections that a target removes": lambda number: {
        "a.yaml": f"{CLEAN}parallel: {{deepspeed: {{{each(number, 'a@: {b: 1}, ')}}}}}\n"
        f"targets: {{t: {{parallel: {{deepspeed: {{{each(number, 'a@: null, ')}}}}}}}}}\n"
    },
    # Files
    "files": files(CLEAN),
    "flat keys": below(FLAT, "key@: 1\n"),
    "flat keys like arguments": below(FLAT, "eval_stepz@: 1\n"),
    "flat texts": below(FLAT, "key@: 'no'\n"),
    "flat files": files(FLAT),
    "flat files with findings": files(f"{FLAT}evaluation_strategy: steps\nbf16: maybe\n"),
    "files with ignored findings": files(f"{CLEAN}training: {{key: 1}}  {IGNORE}\n"),
    "files with findings": files(f"{CLEAN}training: {{key@: 1}}\n"),
    "files with one base": files("extends: base.yaml\nbatch: {effective: 32}\n", base_yaml=CLEAN),
    "files without their base": files(f"extends: base@.yaml\n{CLEAN}"),
    # Fixes
    "fixes": RENAMED,
    "fixes of types": below(TARGETS, "  t@: {training: {bf16: 'true', seed: '1'}}\n"),
    "fixes of what targets share": below(
        f"training: {{evaluation_strategy: steps}}\n{TARGETS}", "  t@: {training: {seed: '@'}}\n"
    ),
    "fixes of files": files(f"{CLEAN}training: {{evaluation_strategy: steps}}\n"),
    "fixes that cannot be made": below(TARGETS, ANCHORED),
}
COMMANDS: dict[str, tuple[Kind, Callable[[int], list[str]]]] = {
    "fixed": (RENAMED, lambda number: ["check", "a.yaml", "--fix"]),
    "fixed on a line": (
        within(
            "targets: {", "t@: {parallel: {data: fsdp, fsdp: {use_orig_params: true, cpu_offload: true}}}, ", "}"
        ),
        lambda number: ["check", "a.yaml", "--fix"],
    ),
    "fixed files": (
        files(f"{CLEAN}training: {{evaluation_strategy: steps}}\n"),
        lambda number: ["check", ".", "--fix"],
    ),
    "named files": (
        files(f"{CLEAN}training: {{evaluation_strategy: steps}}\n"),
        lambda number: ["check", *(f"f{index}.yaml" for index in range(number))],
    ),
    "set": (
        lambda number: {"a.yaml": CLEAN},
        lambda number: ["check", "a.yaml", *(f"--set=training.key{index}=1" for index in range(number))],
    ),
    "compiled targets": (
        below(f"{LAUNCH}{TARGETS}", "  t@: {training: {seed: @}}\n"),
        lambda number: ["compile", "a.yaml", "-o", "build", "--verify", "never"],
    ),
    "compiled arguments": (
        below(f"{LAUNCH}{ARGUMENTS}", "  key@: 1\n"),
        lambda number: ["compile", "a.yaml", "--verify", "never"],
    ),
    "explained arguments": (below(ARGUMENTS, "  key@: 1\n"), lambda number: ["explain", "a.yaml", "arguments"]),
    "findings in JSON": (
        below(TRAINING, "  key@: 1\n"),
        lambda number: ["check", "a.yaml", "--output-format", "json"],
    ),
}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def ratio(monkeypatch: pytest.MonkeyPatch, kind: Kind, command: Callable[[int], list[str]], number: int) -> float:
    """What the work of twice as many is to that of so many; what is done once in a process is done before."""
    counts = []
    for size in (3, number, 2 * number):
        folder = Path(str(size))
        folder.mkdir()
        for name, text in kind(size).items():
            (folder / name).write_text(text, encoding="utf-8", newline="")
        with monkeypatch.context() as patch:
            patch.chdir(folder)
            counts.append(operations(*command(size)))
    return counts[2] / counts[1]


def all_of(kind: Kind) -> list[str]:
    names = list(kind(2))
    return ["check", *(names if len(names) == 1 else ["."])]


@pytest.mark.parametrize("name", KEYS)
def test_twice_as_much_in_a_spec_is_twice_the_work(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ratio(monkeypatch, KEYS[name], lambda number: all_of(KEYS[name]), 1000) < MOST


@pytest.mark.parametrize("name", PLANS)
def test_twice_as_many_plans_are_twice_the_work(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Each finding there is judged by every release: of fewer files it is as much work.
    number = 30 if name == "flat files with findings" else 150
    assert ratio(monkeypatch, PLANS[name], lambda number: all_of(PLANS[name]), number) < MOST


@pytest.mark.parametrize("name", COMMANDS)
def test_twice_as_much_is_twice_the_work_of_a_command(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ratio(monkeypatch, *COMMANDS[name], 150) < MOST


# Numbers

NODE = "{accelerator: h100-80gb, devices_per_node: 8}"
HUGE = {
    "devices": ("{effective: 64}", "{accelerator: h100-80gb, devices_per_node: 1000000000, nodes: 1000000000}"),
    "nodes": ("{effective: 64}", "{accelerator: h100-80gb, devices_per_node: 8, nodes: 1000000000}"),
    "factors": ("{per_device: 1000000000, accumulation: 1000000000}", NODE),
    "tokens": ("{effective_tokens: 1000000000000, per_device: {max: 1000000000}}", NODE),
    "a prime": ("{effective: 999999928, per_device: {max: 1000000}}", NODE),
    "two primes": ("{per_device: 999983, accumulation: 1000003}", NODE),
    "many divisors": ("{effective: 735134400, per_device: {max: 1000000}}", NODE),
}


DEVICES, FACTORS = "2:48 hardware/too-many-devices", "1:53 batch/too-large"


def spec(batch: str, hardware: str, more: str = "") -> Path:
    path = Path("a.yaml")
    path.write_text(f"batch: {batch}\nhardware: {hardware}\n{more}", encoding="utf-8")
    return path


@pytest.mark.parametrize("name", HUGE)
@pytest.mark.parametrize(
    "more",
    [
        "model: {sequence_length: 1}\n",
        "model: {config: llama-3.1-8b, sequence_length: 1000000000}\ndata: {train_examples: 1000000000000}\n",
    ],
)
def test_a_huge_number_is_not_much_more_work_than_a_usual_one(name: str, more: str) -> None:
    counts, usual = [], ("{effective: 48, per_device: {max: 8}}", NODE)
    # What is done once in a process is done in the first.
    for numbers in (usual, HUGE[name], usual):
        spec(*numbers, more)
        counts.append(operations("check", "a.yaml"))
    # A number with many divisors asks for the memory of more of them.
    assert counts[1] < 10 * counts[2]


@pytest.mark.parametrize(
    ("batch", "hardware", "expected"),
    [
        (*HUGE["devices"], "2:54 hardware/too-many-devices"),
        (*HUGE["nodes"], "2:64 hardware/too-many-devices"),
        ("{effective: 64}", "{accelerator: cpu, devices_per_node: 2000000, reserved: 1999992}", DEVICES),
        ("{effective: 64}", "{accelerator: cpu, devices_per_node: 2000000, reserved: 2000000}", DEVICES),
        ("{per_device: 4, accumulation: 2}", HUGE["nodes"][1], "2:64 hardware/too-many-devices"),
        ("{effective: 64}", NODE.replace("}", ", nodes: 10000000000}"), "2:64 schema/out-of-range"),
        (*HUGE["factors"], "1:21 batch/too-large"),
        ("{effective: 64, per_device: 1000000000}", NODE.replace("}", ", nodes: 100000}"), "1:36 batch/too-large"),
        ("{effective: 64, per_device: 9, accumulation: 1000000000}", NODE.replace("8}", "512}"), FACTORS),
        ("{effective: 10000000000000}", NODE, "1:20 schema/out-of-range"),
        ("{effective_tokens: 10000000000000}", NODE, "1:27 schema/out-of-range"),
        ("{per_device: 10000000000000, accumulation: 1000000000}", NODE, "1:21 schema/out-of-range"),
    ],
)  # fmt: skip
def test_a_number_beyond_all_sense_has_one_finding_and_nothing_is_compiled(
    batch: str, hardware: str, expected: str
) -> None:
    more = "model: {sequence_length: 1}\ndata: {train_examples: 10}\nlaunch: {script: train.py}\n"
    path = spec(batch, hardware, more)
    assert found(run("check", path, "--fail-on", "error")) == [f"a.yaml:{expected}"]
    # Nor where the finding is ignored.
    line, rule = expected.partition(":")[0], expected.partition(" ")[2]
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[int(line) - 1] += f"  # configlint: ignore[{rule}]"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert run("compile", path, "-o", "build", "--verify", "never").code == 1
    assert not Path("build").exists()


def test_the_form_of_a_spec_has_the_numbers_that_the_rules_leave_to_it() -> None:
    definitions = json.loads(schema_text())["definitions"]
    for section, names in (("hardware", ["nodes", "devices_per_node"]), ("batch", ["per_device", "accumulation"])):
        for name in names:
            assert definitions[section]["properties"][name]["maximum"] == arithmetic.MOST_IN_FORM


def test_twice_as_many_layers_of_a_model_are_twice_the_work() -> None:
    sizes = {"hidden_size": 64, "num_attention_heads": 4, "vocab_size": 1000, "intermediate_size": 256}
    spec("{effective: 64}", NODE, "model: {config: config.json, sequence_length: 8}\n")
    counts = []
    # What is done once in a process is done in the first.
    for layers in (500, 500, 1000):
        Path("config.json").write_text(json.dumps({"model_type": "qwen2", "num_hidden_layers": layers, **sizes}))
        counts.append(operations("check", "a.yaml"))
    assert counts[2] < MOST * counts[1]


@pytest.mark.parametrize("layers", [1001, 10**12])
def test_a_model_of_countless_layers_is_not_walked(layers: int) -> None:
    sizes = {"hidden_size": 64, "num_attention_heads": 4, "vocab_size": 1000}
    Path("config.json").write_text(json.dumps({"model_type": "smollm3", "num_hidden_layers": layers, **sizes}))
    spec("{effective: 64}", NODE, "model: {config: config.json, sequence_length: 8}\n")
    assert operations("check", "a.yaml") < 100_000


# Limits


def test_a_thousand_targets_are_looked_at_and_more_are_not() -> None:
    for number in (spec_yaml.MAX_TARGETS, spec_yaml.MAX_TARGETS + 1):
        Path(f"{number}.yaml").write_text(f"{CLEAN}targets:\n" + each(number, "  t@: {}\n"), encoding="utf-8")
    assert run("check", "1000.yaml").code == 0
    result = run("check", "1001.yaml")
    assert result.code == 1
    assert found(result) == ["1001.yaml:3:1 schema/too-many-targets"]
    assert "`targets` must have at most 1,000 targets, got 1,001" in result.out
    assert run("compile", "1001.yaml", "-o", "build").code == 1
    assert not Path("build").exists()


def test_what_targets_share_counts_for_each() -> None:
    shared = each(500, "  key@: 1\n")
    Path("a.yaml").write_text(f"{CLEAN}arguments:\n{shared}targets:\n" + each(300, "  t@: {}\n"), encoding="utf-8")
    result = run("check", "a.yaml")
    assert found(result) == ["a.yaml:504:1 schema/too-many-targets"]
    assert "at most 100,000 values in all, got 151,800 (300 targets x 506 shared values)" in result.out


def test_targets_of_bases_count_too() -> None:
    Path("base.yaml").write_text(f"{CLEAN}targets:\n" + each(600, "  a@: {}\n"), encoding="utf-8")
    Path("a.yaml").write_text("extends: base.yaml\ntargets:\n" + each(600, "  b@: {}\n"), encoding="utf-8")
    assert found(run("check", "base.yaml")) == []
    assert found(run("check", "a.yaml")) == ["a.yaml:2:1 schema/too-many-targets"]


@pytest.mark.parametrize("number", [100, 101])
def test_a_hundred_files_can_extend_each_other_and_no_more(number: int) -> None:
    Path("f0.yaml").write_text(CLEAN, encoding="utf-8")
    for index in range(1, number + 1):
        text = f"extends: f{index - 1}.yaml\nbatch: {{effective: 64}}\n"
        Path(f"f{index}.yaml").write_text(text, encoding="utf-8")
    expected = [] if number == 100 else ["f1.yaml:1:10 syntax/too-many-bases"]
    assert found(run("check", f"f{number}.yaml")) == expected


def test_what_was_meant_is_said_of_the_first_words_and_in_all_targets_the_same() -> None:
    words = each(wording._MOST_WORDS + 5, "  learning_rate@: 1\n")
    text = f"{CLEAN}training:\n{words}targets:\n  a: {{}}\n  b: {{training: {{seed: 1}}}}\n"
    Path("a.yaml").write_text(text, encoding="utf-8")
    out = run("check", "a.yaml").out
    assert out.count("did you mean `learning_rate`?") == wording._MOST_WORDS
    assert out.count("[all targets]") >= wording._MOST_WORDS + 5


# Long texts: of these some took hours, in loops of C that cannot be counted


@pytest.mark.parametrize(
    "text",
    [
        "training: {run_name: '%s'}\n" % ("${a" * 200_000),
        "training: {run_name: '${%s'}\n" % ("a" * 800_000),
        "launch: {script: t.py, slurm: {gres: '%s'}}\n" % ("(" * 800_000),
        "launch: {script: 'a%s.py b'}\n" % (" " * 800_000),
        "parallel:\n  data: fsdp\n  fsdp:\n    ? %sb\n    : 1\n" % ("a." * 400_000),
    ],
    ids=["starts of variables", "start of a variable", "brackets", "blanks", "dots"],
)
def test_a_long_text_ends(text: str) -> None:
    Path("a.yaml").write_text(CLEAN + text, encoding="utf-8")
    assert run("check", "a.yaml").code in (0, 1)
