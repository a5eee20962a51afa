"""The README's commands are run, and print what it says."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(kind: str) -> list[str]:
    return [text for name, text in BLOCK.findall(README) if name == kind]


def sessions() -> list[tuple[str, str]]:
    """(command, what it prints) of every `$` line."""
    parts = [re.split(r"^\$ ", block, flags=re.MULTILINE)[1:] for block in blocks("console")]
    return [(part.partition("\n")[0], part.partition("\n")[2]) for block in parts for part in block]


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env={**os.environ, "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=900,
        check=False,
    )


# A release that is only the newest, or the one that is installed.
ANY_RELEASE = re.compile(r"(?<=accepted by transformers )[\d.]+|(?<=assuming transformers )[\d.]+")


def matches(printed: str, expected: str) -> bool:
    """Whether the lines are the same, `...` standing for any number of them, and whatever the newest release is."""
    printed, expected = (ANY_RELEASE.sub("N", text) for text in (printed, expected))
    pattern = "".join(".*" if line == "..." else re.escape(line) + "\n" for line in expected.splitlines())
    return re.fullmatch(pattern, printed, re.DOTALL) is not None


@pytest.mark.heavy
def test_the_commands_print_what_the_readme_says(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    for block in (*blocks("yaml"), *blocks("python")):
        if match := re.match(r"# (\S+\.(?:yaml|py))\n", block):
            (tmp_path / match[1]).write_text(block, encoding="utf-8")
    for command, expected in sessions():
        printed = run(command, tmp_path).stdout
        assert matches(printed, expected), f"$ {command}\n{printed}"


@pytest.mark.heavy
def test_one_line_sets_a_clone_up_and_compiles_an_example(tmp_path: Path) -> None:
    (setup, _) = blocks("sh")
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(tmp_path / "clone")], check=True)
    done = run(setup, tmp_path / "clone")
    assert done.returncode == 0, done.stdout
    assert re.search(r"^accepted by transformers 5\.\d+\.\d+ for rtx-4090$", done.stdout, re.MULTILINE)
    assert (tmp_path / "clone" / "build" / "7b" / "launch.sh").exists()
    assert not list((tmp_path / "clone" / ".venv").rglob("torch"))


def test_the_gate_runs_the_command_of_the_tests_section() -> None:
    (_, tests) = blocks("sh")
    assert README.index("## Tests") < README.index(tests)
    assert tests.strip().endswith(".venv-test/bin/pytest -n auto --dist loadfile --no-loadscope-reorder")


@pytest.mark.parametrize("section", ["model", "tuning", "data"])
def test_the_table_of_the_spec_has_every_key_of_what_is_trained(section: str) -> None:
    (row,) = re.findall(rf"^\| `{section}` \| (.*) \|$", README, re.MULTILINE)
    form = json.loads((ROOT / "schemas" / "spec.schema.json").read_text(encoding="utf-8"))["definitions"][section]
    assert set(form["properties"]) <= set(re.findall(r"`([a-z_]+)`", row))


def test_every_file_that_the_readme_links_to_is_there() -> None:
    for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        assert (ROOT / link).exists(), link
