"""benchmarks/memory: the cases, and the script itself on a machine without a card."""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from configlint.core.workload import Workload

FOLDER = Path(__file__).parent.parent / "benchmarks" / "memory"


@pytest.fixture
def cases(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(FOLDER))
    return pytest.importorskip("cases")


@pytest.fixture
def measure(cases: Any) -> Any:
    return pytest.importorskip("measure")


def script(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(FOLDER / "measure.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_each_case_has_a_name_of_its_own(cases: Any) -> None:
    names = [case.name for case in cases.cases()]
    assert len(names) == len(set(names))
    assert {case.section for case in cases.cases()} == set(cases.SECTIONS)
    assert sum(case.section == "matrix" for case in cases.cases()) == 24


def test_the_workload_of_a_row_is_that_of_its_case(cases: Any, measure: Any, tmp_path: Path) -> None:
    found = [case for case in cases.cases() if case.workload]
    machine = {"transformers": "5.24.1", "capability": "9.0"}
    for case in found:
        measure.append(tmp_path / "readings.csv", {**cases.row(case), **machine})
    for case, row in zip(found, rows(tmp_path / "readings.csv"), strict=True):
        assert cases.workload(row) == case.workload._replace(release=(5, 24), capability=(9, 0))


def test_what_a_row_leaves_out_has_its_default(cases: Any) -> None:
    unsaid = set(Workload._fields) - {"config", "release", "capability", *cases.FIELDS}
    for case in cases.cases():
        if case.workload:
            assert all(getattr(case.workload, name) == Workload._field_defaults[name] for name in unsaid)


@pytest.mark.parametrize("largest", [0, 1, 2, 3, 5, 8, 100])
def test_the_largest_batch_is_found(
    largest: int, cases: Any, measure: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def in_process(case: Any, batch: int, options: Any) -> list[dict[str, Any]]:
        tried.append(batch)
        return [{"error": "" if batch <= largest else measure.OUT_OF_MEMORY}]

    monkeypatch.setattr(measure, "in_process", in_process)
    [case, *_] = [case for case in cases.cases() if case.section == "largest"]
    found = list(measure.largest(case, argparse.Namespace()))
    assert [(each["batch"], each["error"]) for each in found][-2:] == [
        *([(largest, "")] if largest else []),
        (largest + 1, measure.OUT_OF_MEMORY),
    ]
    assert len(tried) == len(set(tried)) <= 16


def test_a_case_that_lacks_a_package_says_so_and_is_tried_again(
    cases: Any, measure: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(measure.importlib.util, "find_spec", lambda name: None)
    for case in cases.cases():
        if cases.needs(case.workload):
            [reading] = measure.readings(case, argparse.Namespace())
            assert reading["error"] == f"{' and '.join(cases.needs(case.workload))} not installed"
            measure.append(tmp_path / "readings.csv", {**cases.row(case), **reading})
    assert measure.read_names(tmp_path / "readings.csv") == set()


@pytest.mark.heavy
def test_without_a_card_it_says_so_in_a_line() -> None:
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("there is a card")
    result = script()
    assert result.returncode == 2
    assert result.stderr.startswith("no CUDA device")
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.heavy
def test_the_trainer_runs_what_is_measured(cases: Any, tmp_path: Path) -> None:
    pytest.importorskip("accelerate")
    path = tmp_path / "readings.csv"
    result = script("--device", "cpu", "--smoke", "-o", str(path))
    assert result.returncode == 0, result.stderr
    found = rows(path)
    assert [(row["case"], row["steps"]) for row in found] == [
        (case.name, str(step)) for case in cases.smoke() for step in case.steps
    ]
    assert {row[name] for row in found for name in ("allocated_bytes", "device_bytes", "error")} == {""}
    again = script("--device", "cpu", "--smoke", "--resume", "-o", str(path))
    assert again.stdout == ""
    assert rows(path) == found
