"""action.yml: its steps, run as a runner runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from program import CLEAN, ENVIRONMENT, ERROR, WARNING, write

ROOT = Path(__file__).parent.parent
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def step(name: str, **inputs: str) -> subprocess.CompletedProcess[str]:
    """A step of the action with these inputs, `-` written as `_`, and the defaults of the others."""
    (found,) = [each for each in ACTION["runs"]["steps"] if each["name"] == name]
    values = {key: given["default"] for key, given in ACTION["inputs"].items()}
    values |= {key.replace("_", "-"): value for key, value in inputs.items()}
    contexts = {f"${{{{ inputs.{key} }}}}": value for key, value in values.items()}
    contexts["${{ github.action_path }}"] = str(ROOT)
    environment = ENVIRONMENT | {"RUNNER_TEMP": "temp", **{key: contexts[v] for key, v in found["env"].items()}}
    # As the runner calls `shell: bash`.
    command = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", found["run"]]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def check(**inputs: str) -> subprocess.CompletedProcess[str]:
    """The step that checks, with this configlint in place of the installed one."""
    program = write("temp/configlint/bin/configlint", f'#!/bin/sh\nexec {sys.executable} -m configlint "$@"\n')
    program.chmod(0o755)
    return step("Check", **inputs)


def test_findings_are_annotations_and_fail_the_step() -> None:
    write("specs/a.yaml", ERROR)
    done = check()
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("::error title=configlint (batch/indivisible),file=specs/a.yaml,line=1,")


def test_a_clean_repository_passes() -> None:
    write("a.yaml", CLEAN)
    assert (check().returncode, check().stdout) == (0, "")


def test_paths_and_options_are_separated_by_blanks() -> None:
    write("a.yaml", ERROR)
    write("b.yaml", WARNING)
    write("c.yaml", WARNING)
    done = check(paths="b.yaml c.yaml", args="--fail-on error --ignore argument")
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 2)


def test_sarif_is_written_beside_the_annotations() -> None:
    write("a.yaml", ERROR)
    done = check(sarif_file="out/a.sarif")
    assert done.returncode == 1 and done.stdout.startswith("::error ")
    (result,) = json.loads(Path("out/a.sarif").read_text())["runs"][0]["results"]
    assert result["ruleId"] == "batch/indivisible"


def test_the_summary_of_the_run_has_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    write("a.yaml", ERROR)
    write("summary", "")  # as the runner makes it
    monkeypatch.setitem(ENVIRONMENT, "GITHUB_STEP_SUMMARY", "summary")
    done = check()
    assert done.returncode == 1 and done.stdout.startswith("::error ")
    summary = Path("summary").read_text()
    assert summary.startswith("### configlint: 1 error in 1 spec\n")
    assert "| a.yaml:1:20 | error `batch/indivisible`: " in summary


def test_what_inputs_say_is_never_a_command() -> None:
    write("a.yaml", CLEAN)
    check(paths="a.yaml; touch owned $(touch owned)", args="`touch owned`")
    assert not os.path.exists("owned")
    scripts = "".join(each["run"] for each in ACTION["runs"]["steps"])
    assert "${{" not in scripts


@pytest.mark.heavy
def test_the_action_installs_itself() -> None:
    assert step("Install configlint", python=sys.executable).returncode == 0
    write("a.yaml", ERROR)
    assert step("Check").stdout.startswith("::error ")
