"""`check --write-baseline` and `--baseline`: what there was is not reported again, and what is gone is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from program import CLEAN, ERROR, WARNING, found, run, write


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write("a.yaml", WARNING)
    assert run("check", "--write-baseline", "known.json") == (
        0, "", "configlint: wrote 1 finding to known.json\n",
    )  # fmt: skip


def test_it_has_no_line_numbers_and_an_entry_a_line() -> None:
    text = Path("known.json").read_text()
    (entry,) = json.loads(text)["findings"]
    assert entry == {
        "file": "a.yaml",
        "rule": "batch/not-power-of-two",
        "path": "batch.effective",
        "text": "batch: {effective: 48}",
        "count": 1,
    }
    assert len(text.splitlines()) == 3


def test_what_it_has_is_not_reported_wherever_it_moves() -> None:
    write("a.yaml", "# moved\n\n" + WARNING)
    assert run("check", "--baseline", "known.json") == (0, "1 spec clean; 1 in the baseline\n", "")


def test_what_is_new_is_reported() -> None:
    write("b.yaml", ERROR)
    result = run("check", "--baseline", "known.json")
    assert result.code == 1 and found(result) == ["b.yaml:1:20 batch/indivisible"]


def test_a_second_finding_of_the_same_line_is_new() -> None:
    write("a.yaml", WARNING + 'training: {seed: "1"}\n')
    assert [line.split()[1] for line in found(run("check", "--baseline", "known.json"))] == [
        "argument/number-as-text"
    ]


@pytest.mark.parametrize("is_removed", [True, False])
def test_an_entry_that_matches_nothing_any_more_fails_and_says_what_to_do(is_removed: bool) -> None:
    write("b.yaml", CLEAN)
    Path("a.yaml").unlink() if is_removed else write("a.yaml", CLEAN)
    result = run("check", "--baseline", "known.json")
    assert (result.code, result.err) == (
        1,
        "configlint: known.json: a.yaml no longer has batch/not-power-of-two: batch: {effective: 48}\n"
        "configlint: outdated entries can hide new findings: update them with --write-baseline known.json\n",
    )
    run("check", "--write-baseline", "known.json")
    assert run("check", "--baseline", "known.json").code == 0


def test_entries_of_files_and_rules_that_are_not_checked_are_not_outdated() -> None:
    write("b.yaml", CLEAN)
    assert run("check", "b.yaml", "--baseline", "known.json").code == 0
    assert run("check", "--ignore", "batch", "--baseline", "known.json").code == 0


def test_an_entry_in_a_base_is_not_outdated_where_only_the_base_is_checked() -> None:
    Path("a.yaml").unlink()
    write("team.yaml", 'configlint: 1\ntraining: {seed: "1"}\n')
    write("b.yaml", "extends: team.yaml\n" + CLEAN)
    run("check", "b.yaml", "--write-baseline", "known.json")
    assert json.loads(Path("known.json").read_text())["findings"][0]["file"] == "team.yaml"
    write("hardware.yaml", CLEAN)
    assert run("check", "team.yaml", "hardware.yaml", "--baseline", "known.json").err == ""


def test_an_entry_in_a_base_that_is_a_spec_too_is_not_outdated_where_it_is_checked_alone() -> None:
    write("a.yaml", CLEAN)
    write("b.yaml", "extends: a.yaml\nhardware: {devices_per_node: 7}\n")
    run("check", "--write-baseline", "known.json")
    (entry,) = json.loads(Path("known.json").read_text())["findings"]
    assert (entry["file"], entry["base"]) == ("a.yaml", True)
    assert run("check", "a.yaml", "--baseline", "known.json").code == 0
    assert run("check", "--baseline", "known.json").code == 0
    write("b.yaml", "configlint: 1\nextends: a.yaml\n")
    assert "a.yaml no longer has batch/indivisible" in run("check", "--baseline", "known.json").err


def test_a_diff_counts_only_what_it_does_not_have() -> None:
    known = run("check", "--diff", "--baseline", "known.json")
    assert (known.code, known.out, known.err) == (0, "", "1 spec clean; 1 in the baseline\n")
    write("b.yaml", CLEAN + 'training: {seed: "1"}\n')
    fixed = run("check", "--diff", "--baseline", "known.json")
    assert (fixed.code, fixed.err) == (1, "1 error in 1 of 2 specs; 1 fixable; 1 in the baseline\n")
    assert "+training: {seed: 1}\n" in fixed.out


def test_names_are_from_the_folder_of_the_baseline(monkeypatch: pytest.MonkeyPatch) -> None:
    write("sub/b.yaml", WARNING)
    run("check", "--write-baseline", "known.json")
    monkeypatch.chdir("sub")
    assert run("check", "--baseline", "../known.json").code == 0


def _entry(**others: object) -> str:
    entry = {"file": "a.yaml", "rule": "a/b", "path": "", "text": "", "count": 1}
    return json.dumps({"version": 1, "findings": [entry | others]})


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", '{"version": 2, "findings": []}', '{"version": 1, "findings": [1]}', _entry(count="x"),
        _entry(count=None), _entry(count=True), _entry(file=3), _entry(rule={}), _entry(text=None),
    ],
)  # fmt: skip
def test_what_is_no_baseline_is_2(text: str) -> None:
    Path("known.json").write_text(text)
    assert run("check", "--baseline", "known.json") == (
        2, "", "configlint: --baseline known.json: not a baseline: write it with --write-baseline\n",
    )  # fmt: skip
    assert run("check", "--baseline", "none.json").code == 2


def test_programs_are_told_how_many_it_has() -> None:
    result = run("check", "--baseline", "known.json", "--output-format", "json")
    assert json.loads(result.out)["summary"] == {
        "files": 1, "errors": 0, "warnings": 0, "infos": 0, "suppressed": 0, "known": 1,
    }  # fmt: skip
