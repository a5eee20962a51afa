"""What a clean `check` loads: a linter that runs before every commit is felt in its start."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from program import ERROR, run

from configlint import cli
from configlint.program import PLAIN

ROOT = Path(__file__).parent.parent
SPEC = ROOT / "benchmarks" / "one.yaml"

CHECK = """
import sys
from configlint.program import main

sys.argv = ["configlint", "check", *sys.argv[1:]]
try:
    main()
except SystemExit as exit:
    assert exit.code == 0, exit.code
print(*sys.modules, sep="\\n", file=sys.stderr)
"""


def loaded(*paths: Path) -> set[str]:
    """The modules of a Python that ran `check` on clean specs."""
    command = [sys.executable, "-c", CHECK, *map(str, paths)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout == "1 spec clean\n"
    return set(result.stderr.split())


@pytest.fixture(scope="module")
def modules() -> set[str]:
    return loaded(SPEC)


@pytest.mark.parametrize(
    "heavy",
    [
        "click",  # only to parse options
        "configlint.knowledge._generated.machines",  # only for an accelerator by another name than its profile's
        "difflib",  # only to say `did you mean`
        "fastjsonschema",  # only when the code for the form is generated
        "importlib.metadata",
        "json",
        "jsonschema",  # only to explain a spec of the wrong form
        "rich",
        "subprocess",  # only to ask git what is in a folder
        "torch",  # only for `verify`
        "transformers",  # only for `verify`
        "typing",  # only for a type checker
    ],
)
def test_a_clean_spec_is_checked_without(heavy: str, modules: set[str]) -> None:
    assert heavy not in modules


def test_no_source_is_read_of_a_release_that_there_is_data_of(modules: set[str]) -> None:
    assert not modules & {"configlint.project.installed", "configlint.knowledge.sources"}


def test_only_the_command_that_runs_is_loaded(modules: set[str]) -> None:
    assert not {name for name in modules if name.startswith(("configlint.backends", "configlint.verify"))}


def test_what_fixes_is_loaded_only_where_something_can_be_fixed(modules: set[str]) -> None:
    assert not modules & {"configlint.fixing", "configlint.commands.fix", "configlint.host.write"}


def test_the_rules_of_a_family_that_applies_are_loaded(modules: set[str]) -> None:
    assert "configlint.rules.batch.not_power_of_two" in modules


@pytest.mark.parametrize("family", ["deepspeed", "launch", "security"])
def test_the_rules_of_a_family_that_does_not_apply_are_not_loaded(modules: set[str], family: str) -> None:
    assert not {name for name in modules if name.startswith(f"configlint.rules.{family}.")}


def test_a_rule_that_does_not_concern_the_spec_is_not_loaded(modules: set[str]) -> None:
    assert "configlint.rules.batch.indivisible" not in modules


def test_what_is_parsed_without_click_means_what_click_says() -> None:
    flags = {
        flag: option.name
        for option in cli.check.params
        if getattr(option, "is_flag", False)
        for flag in option.opts
    }
    assert PLAIN.items() <= flags.items()


def test_the_program_says_the_same_with_click_and_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.yaml").write_text(ERROR)
    Path("b.yaml").write_text("a: [")
    for arguments in ([], ["a.yaml"], ["--quiet", "b.yaml", "a.yaml"], ["missing.yaml"]):
        assert run("check", *arguments) == run("check", *arguments, "--fail-on", "warning")


def test_what_is_compiled_when_it_is_used_is_never_handed_to_re() -> None:
    handed = []
    for path in (ROOT / "configlint").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for name in re.findall(r"^(\w+)(?:: [^=]+)? = regex\(", text, re.MULTILINE):
            handed += [f"{path.name}: {call}" for call in re.findall(rf"\bre\.\w+\({name}\b", text)]
    assert not handed


@pytest.mark.heavy
@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed")
def test_a_check_takes_no_more_instructions_than_loading_yaml_and_click() -> None:
    def counted(*command: str) -> int:
        environment = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONPATH": str(ROOT)}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        subprocess.run([sys.executable, *command], env=environment, capture_output=True, check=True)
        valgrind = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", sys.executable]
        result = subprocess.run([*valgrind, *command], env=environment, capture_output=True, text=True, check=True)
        found = re.search(r"Collected : (\d+)", result.stderr)
        assert found, result.stderr
        return int(found[1])

    assert counted("-m", "configlint", "check", str(SPEC)) < 1.05 * counted("-c", "import yaml, click")
