"""The completion scripts, and what they ask the program."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from click.shell_completion import BashComplete
from program import run

from configlint.cli import cli


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_one_that_the_shell_reads(shell: str) -> None:
    script = run("completion", shell)
    assert (script.code, script.err) == (0, "")
    assert f"_CONFIGLINT_COMPLETE={shell}_complete" in script.out
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=script.out, text=True, check=True)


def proposed(*words: str) -> list[tuple[str, str]]:
    """What the shells get to propose for the last word: its kind and its text."""
    *before, begun = words
    found = BashComplete(cli, {}, "configlint", "_CONFIGLINT_COMPLETE").get_completions(before, begun)
    return [(item.type, item.value) for item in found]


def test_commands_options_and_names_are_proposed() -> None:
    assert proposed("comp") == [("plain", "compile"), ("plain", "completion")]
    assert proposed("check", "--advi") == [("plain", "--advice")]
    assert proposed("list", "acc") == [("plain", "accelerators")]
    assert ("plain", "batch/indivisible") in proposed("rule", "batch/ind")


@pytest.mark.parametrize(
    "words",
    [
        ["check"],
        ["compile"],
        ["explain"],
        ["show"],
        ["import"],
        ["fit"],
        ["prove"],
        ["check", "--config"],
        ["init", "-o"],
    ],
)
def test_the_names_of_files_are_left_to_the_shell(words: list[str]) -> None:
    assert proposed(*words, "tr") == [("file", "tr")]
