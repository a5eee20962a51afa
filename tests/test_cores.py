"""Many files are shared by the cores; what is printed is the same."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from configlint import pipeline
from configlint.cli import cli
from configlint.host import cores

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux copies a process safely")

CLEAN = "batch: {effective: 64, per_device: 8}\nhardware: {accelerator: h100-80gb, devices_per_node: 8}\n"
FILES = {
    "a.yaml": CLEAN,
    "b.yaml": CLEAN.replace("64", "65"),
    "base.yaml": CLEAN,
    "extends.yaml": "extends: base.yaml\nbatch: {effective: 48}\n",
    "ignores.yaml": CLEAN.replace("64", "48") + "# configlint: ignore[batch/not-power-of-two]\n",
    "ill.yaml": CLEAN + "batch: {effective: 8\n",
    "no-utf-8.yaml": "batch: \udcff\n",
    "other.yaml": "services: {web: {image: nginx}}\n",
    "targets.yaml": CLEAN + "targets: {one: {batch: {effective: 48}}, two: {}}\n",
    "train.py": "print('nothing to see')\n",
    "trains.py": "from transformers import TrainingArguments\nTrainingArguments('out', learning_rate=-1)\n",
    "z.yaml": CLEAN,
}


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(cores, "_LEAST", 1)
    monkeypatch.setattr(cores, "_cores", lambda: 3)
    monkeypatch.setattr(pipeline, "_MANY", 1)
    return monkeypatch


@pytest.mark.parametrize("form", ["text", "json", "junit"])
@pytest.mark.parametrize("options", [[], ["--target", "one"], ["nowhere.yaml"]])
def test_several_processes_say_the_same_as_one(
    processes: pytest.MonkeyPatch, tmp_path: Path, form: str, options: list[str]
) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8", errors="surrogateescape")
    processes.chdir(tmp_path)
    found: list[object] = []
    answers = cores.answers
    processes.setattr(cores, "answers", lambda *asked: found.extend(answers(*asked)) or found[-len(asked[1]) :])
    command = ["check", ".", "--output-format", form, *options]
    several = CliRunner().invoke(cli, command)
    assert sum(answer is not None for answer in found) >= 2
    processes.setattr(cores, "_cores", lambda: 1)
    one = CliRunner().invoke(cli, command)
    assert (several.stdout, several.stderr, several.exit_code) == (one.stdout, one.stderr, one.exit_code)


def test_each_item_has_the_answer_that_another_process_found(processes: pytest.MonkeyPatch) -> None:
    found = cores.answers(lambda number: (number, os.getpid()), range(10))
    assert [answer[0] for answer in found if answer] == list(range(10))
    assert os.getpid() not in {answer[1] for answer in found if answer}
    assert len({answer[1] for answer in found if answer}) == 3


def test_what_a_process_that_fails_was_asked_has_no_answer(processes: pytest.MonkeyPatch) -> None:
    assert cores.answers(lambda number: 1 // (number % 3), range(6)) == [None, 1, 0, None, 1, 0]


def test_a_process_gives_up_where_most_items_have_no_answer(processes: pytest.MonkeyPatch) -> None:
    found = cores.answers(lambda number: 1 if number >= 60 else None, range(90))
    assert found == [None] * 90


def test_where_no_process_can_be_started_nothing_is_answered_and_nothing_stays_open(
    processes: pytest.MonkeyPatch,
) -> None:
    def refused() -> int:
        raise BlockingIOError

    before = os.listdir("/proc/self/fd")
    processes.setattr(os, "fork", refused)
    assert cores.answers(lambda number: number, range(10)) == [None] * 10
    assert os.listdir("/proc/self/fd") == before


def test_a_few_items_are_left_to_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "_cores", lambda: 8)
    assert cores.answers(lambda number: number, range(80)) == [None] * 80
