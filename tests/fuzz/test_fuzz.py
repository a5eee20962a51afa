"""CI's minute of the fuzzer, and that it finds what is planted: a fuzzer that cannot fail is worse than none."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

FUZZ = Path(__file__).with_name("fuzz.py")
SECONDS = os.environ.get("FUZZ_SECONDS", "60")
INPUTS = "3000"  # at least, however slow the machine is
SEED = "1"

# What a rule that is planted needs, and how it gets among the others.
RULE = """
    from configlint import rules
    from configlint.core.diagnostic import Severity
    from configlint.core.rule import Finding, Rule

    def planted(check):
        before = rules.for_plan
        def for_plan(plan):
            yield from before(plan)
            yield Rule("batch/planted", Severity.WARNING, check)
        rules.for_plan = for_plan
"""


def fuzz(*arguments: str, plant: str = "") -> subprocess.CompletedProcess[str]:
    """The fuzzer in a process of its own, after what is planted there."""
    start = f"import sys; sys.path.insert(0, {str(FUZZ.parent)!r}); import fuzz\n"
    code = f"{start}{textwrap.dedent(plant)}\nsys.exit(fuzz.main(sys.argv[1:]))"
    environment = {**os.environ, "PYTHONPATH": str(FUZZ.parents[2])}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def finds(kind: str, plant: str) -> str:
    """What the fuzzer says of a fault of a kind, at which it is to stop."""
    result = fuzz("--inputs", "400", "--seed", SEED, "--stop", plant=plant)
    assert result.returncode == 1, result.stdout + result.stderr
    assert re.search(rf"^FAULT {kind}", result.stdout, re.MULTILINE), result.stdout + result.stderr
    assert re.search(r"^replay: python tests/fuzz/fuzz.py --replay \d+:\d+$", result.stdout, re.MULTILINE)
    return result.stdout


@pytest.mark.heavy
def test_no_fault_is_found_in_a_minute() -> None:
    result = fuzz("--seconds", SECONDS, "--inputs", INPUTS, "--seed", SEED)
    print(result.stdout)
    assert result.returncode == 0, result.stdout + result.stderr
    count = re.search(r"([\d,]+) inputs", result.stdout)
    assert count and int(count[1].replace(",", "")) >= int(INPUTS)


def test_what_escapes_the_program() -> None:
    plant = """
    from configlint import pipeline

    class Escape(BaseException): pass

    def check(*_):
        raise Escape
    pipeline.check = check
    """
    finds("exit None: ", plant)


def test_a_finding_at_line_0() -> None:
    plant = """
    from configlint import pipeline

    before = pipeline.check
    def check(*arguments):
        report = before(*arguments)
        found = [each._replace(span=each.span._replace(line=0)) for each in report.diagnostics]
        return report._replace(diagnostics=found)
    pipeline.check = check
    """
    finds("no place: ", plant)


def test_a_finding_behind_its_line() -> None:
    plant = """
    from configlint import pipeline

    before = pipeline.check
    def check(*arguments):
        report = before(*arguments)
        found = [
            each._replace(span=each.span._replace(column=9999, end_column=9999)) for each in report.diagnostics
        ]
        return report._replace(diagnostics=found)
    pipeline.check = check
    """
    finds("no place: ", plant)


def test_a_fix_that_is_not_idempotent() -> None:
    plant = """
    from configlint.commands import fix as mend

    before = mend.write
    def write(mended, paths, target):
        report = before(mended, paths, target)
        with open(paths[0], "a") as file:
            file.write("# again\\n")
        return report
    mend.write = write
    mend.diff = lambda mended: iter(())
    """
    assert "FAULT not idempotent: " in finds("(?:not idempotent|--diff and --fix differ|offers fixes)", plant)


def test_a_fix_that_is_not_the_one_that_is_shown() -> None:
    plant = """
    from configlint.commands import fix as mend

    before = mend.rewrite
    def rewrite(texts):
        return before({name: (old, new.replace("batch", "batch ", 1)) for name, (old, new) in texts.items()})

    mend.rewrite = rewrite
    """
    finds("--diff and --fix differ: ", plant)


def test_a_product_that_is_not_the_batch_of_its_plan() -> None:
    plant = """
    from configlint.backends import training_args

    before = training_args.arguments
    def arguments(plan):
        found = before(plan)
        return {**found, "gradient_accumulation_steps": found["gradient_accumulation_steps"] + 1}
    training_args.arguments = arguments
    """
    finds("trains another batch than the plan says", plant)


def test_a_product_that_is_not_the_batch_that_is_asked_for() -> None:
    plant = """
    from configlint import session

    before = session.solve
    def solve(spec, knowledge):
        asked = spec.settings.get("batch.effective")
        if asked is None or type(asked.value) is not int:
            return before(spec, knowledge)
        more = {**spec.settings, "batch.effective": asked._replace(value=asked.value * 2)}
        return before(spec._replace(settings=more), knowledge)
    session.solve = solve
    """
    finds("trains another batch than is asked for", plant)


def test_a_product_that_is_not_the_same_twice() -> None:
    plant = """
    import itertools
    from configlint.backends import plan_json

    before, count = plan_json.dump, itertools.count()
    plan_json.dump = lambda document: before({**document, "count": next(count)})
    """
    finds("compile(?: -o)? (?:is not the same twice|--check finds a difference)", plant)


def test_half_a_gibibyte() -> None:
    plant = """
    def check(plan):
        taken = b"x" * (400 * 2**20)
        return iter(())
    planted(check)
    """
    said = finds("memory: ", RULE + plant)
    assert int(re.search(r"(\d+) MiB", said)[1]) >= 400


def test_three_seconds() -> None:
    plant = """
    import time

    done = []  # in each process once
    def check(plan):
        until = time.process_time() + (0 if done else 3)
        done.append(plan)
        while time.process_time() < until:
            pass
        return iter(())
    planted(check)
    """
    finds("slow: ", RULE + plant)


def test_a_crash() -> None:
    plant = """
    import os, signal

    def check(plan):
        os.kill(os.getpid(), signal.SIGSEGV)
        return iter(())
    planted(check)
    """
    finds("crash: ", RULE + plant)


def test_a_hang() -> None:
    plant = """
    import time

    def check(plan):
        time.sleep(9)
        return iter(())
    planted(check)
    fuzz.LIMIT_WALL_SECONDS = 2
    """
    finds("hang: ", RULE + plant)


def test_an_input_is_the_same_in_every_process() -> None:
    shown = {fuzz("--replay", "3:14").stdout for _ in range(2)}
    assert len(shown) == 1
    assert shown.pop().startswith("--- ")


def test_a_rule_that_raises_is_found_kept_replayed_and_shrunk(tmp_path: Path) -> None:
    plant = """
    def check(plan):
        raise KeyError("planted")
        yield
    planted(check)
    """
    kept = tmp_path / "kept"
    result = fuzz("--inputs", "400", "--seed", SEED, "--stop", "--keep", str(kept), plant=RULE + plant)
    assert re.search("^FAULT exit 3: KeyError in ", result.stdout, re.MULTILINE), result.stdout + result.stderr
    assert "KeyError('planted')" in result.stdout
    number = re.search(r"--replay (\d+:\d+)", result.stdout)
    assert number
    (folder,) = kept.iterdir()
    assert (folder / "fault.txt").read_text().startswith("configlint ")
    assert any((folder / "files").rglob("*.*"))
    again = fuzz("--replay", number[1], "--shrink", plant=RULE + plant)
    assert again.returncode == 1
    spec = again.stdout.partition("\n$ configlint")[0]
    assert "batch" in spec and len(spec) < 100, spec
