"""`init`: the spec that it makes checks clean, states this machine, and replaces nothing."""

from __future__ import annotations

import os
from pathlib import Path
from unittest.mock import patch

import pytest
from click.testing import CliRunner
from program import run, write

from configlint import knowledge
from configlint.cli import cli

MACHINE = ["--hardware", "8xh100-80gb"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()  # nothing above it counts
    monkeypatch.chdir(tmp_path)


def driver(monkeypatch: pytest.MonkeyPatch, *lines: str, code: int = 0) -> None:
    """An nvidia-smi that prints these lines."""
    printed = "".join(f"echo '{line}'\n" for line in lines)
    program = write("bin/nvidia-smi", f"#!/bin/sh\n{printed}exit {code}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent.absolute()), prepend=os.pathsep)


@pytest.mark.parametrize("trainer", knowledge.trainers())
@pytest.mark.parametrize("model", [None, "qwen2.5-0.5b"])
def test_a_spec_of_each_trainer_checks_clean_and_compiles(trainer: str, model: str | None) -> None:
    options = ["--model", model] if model else []
    made = run("init", *MACHINE, "--trainer", trainer, *options, "-o", "train.yaml")
    assert made.code == 0, made.err
    assert run("check", "--quiet", "train.yaml").out == "1 spec clean\n"
    assert run("compile", "train.yaml", "--verify", "never").code == 0


@pytest.mark.parametrize(
    "hardware", ["1xrtx-4090", "3xv100-16gb", "2x8xh100-80gb", "2xcpu", "1xp5.48xlarge", "4xmi300x"]
)
def test_a_spec_of_each_machine_checks_clean(hardware: str) -> None:
    run("init", "--hardware", hardware, "--model", "llama-3.2-1b", "-o", "train.yaml")
    assert run("check", "--quiet", "train.yaml").out == "1 spec clean\n"


def test_what_does_not_fit_whole_is_trained_with_adapters() -> None:
    assert "tuning: {method: full}" in run("init", "--hardware", "8xh100-80gb", "--model", "llama-3.1-8b").out
    assert "tuning: {method: lora}" in run("init", "--hardware", "1xrtx-4090", "--model", "llama-3.1-8b").out


def test_the_gpus_of_this_machine_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    driver(monkeypatch, *["NVIDIA A100-SXM4-80GB, 81920"] * 4, "NVIDIA T4, 15360")
    made = run("init")
    assert "hardware: {accelerator: a100-80gb, devices_per_node: 4, nodes: 1}" in made.out
    assert made.err == "configlint: found 4 x NVIDIA A100-SXM4-80GB\n"


def test_a_gpu_that_is_not_known_is_described(monkeypatch: pytest.MonkeyPatch) -> None:
    driver(monkeypatch, "NVIDIA Z9 Ultra, 98304")
    assert 'accelerator: {name: "NVIDIA Z9 Ultra", memory: 96.0}, devices_per_node: 1' in run("init").out


@pytest.mark.parametrize("lines, code", [([], 0), (["No devices were found"], 6), (["NVIDIA T4, [N/A]"], 0)])
def test_without_a_gpu_the_machine_must_be_stated(
    lines: list[str], code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver(monkeypatch, *lines, code=code)
    made = run("init")
    assert (made.code, made.out) == (2, "")
    assert (
        made.err
        == "configlint: no GPU was found here: state the machine with --hardware, such as 8xh100-80gb or 2xcpu\n"
    )


def test_the_spec_is_for_the_release_that_the_project_pins() -> None:
    write("requirements.txt", "transformers==4.46.0\n")
    made = run("init", "--hardware", "1xrtx-4090", "--model", "llama-3.1-8b", "-o", "train.yaml")
    assert (made.code, run("check", "--quiet", "train.yaml").out) == (0, "1 spec clean\n")
    text = Path("train.yaml").read_text()
    assert "gradient_checkpointing: true" in text
    assert '# transformers: "4.46"' in text


def test_a_file_that_exists_is_never_replaced() -> None:
    write("train.yaml", "mine")
    made = run("init", *MACHINE, "-o", "train.yaml")
    assert (made.code, made.err) == (1, "configlint: train.yaml exists: nothing was written\n")
    assert Path("train.yaml").read_text() == "mine"


def test_answers_that_make_an_error_are_explained_and_nothing_is_written() -> None:
    made = run("init", "--hardware", "3xh100-80gb", "--effective", "64", "-o", "train.yaml")
    assert made.code == 1
    assert "error[batch/indivisible] 64 samples cannot be split over 3 replicas" in made.err
    assert not Path("train.yaml").exists()


def test_answers_that_make_a_warning_are_written_all_the_same() -> None:
    made = run("init", *MACHINE, "--effective", "48", "-o", "train.yaml")
    assert made.code == 1
    assert "warning[batch/not-power-of-two]" in made.err
    assert "effective: 48" in Path("train.yaml").read_text()


def test_an_unknown_trainer_is_a_sentence() -> None:
    assert run("init", *MACHINE, "--trainer", "SFTrainer").err == (
        "configlint: unknown trainer SFTrainer: did you mean SFTTrainer?\n"
    )


def test_on_a_terminal_what_no_option_says_is_asked() -> None:
    answers = ["8 x h100", "8xt4", "none", "64", "SFTTrainer", "", "my train.py"]
    with patch("click.testing._NamedTextIOWrapper.isatty", lambda self: True, create=True):
        made = CliRunner().invoke(cli, ["init"], "\n".join(answers) + "\n", standalone_mode=False)
    assert made.exception is None, made.output
    for line in (
        "devices_per_node: 8",
        "  effective: 64",
        "trainer: SFTTrainer",
        'launch: {script: "my train.py"}',
    ):
        assert line in made.stdout
    assert "hardware` must be" in made.stderr or "--hardware must be" in made.stderr
    assert "Samples per step" in made.stderr
    assert "Samples per step" not in made.stdout
