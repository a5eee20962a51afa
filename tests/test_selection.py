"""Which rules are reported, in which files, and with what severity: by the settings and the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from program import CLEAN, ERROR, WARNING, found, run, write

BATCH, ARGUMENT = "a.yaml:1:20 batch/not-power-of-two", "a.yaml:3:18 argument/number-as-text"
TWO = WARNING + 'training: {seed: "1"}\n'


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    write("a.yaml", TWO)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("", [BATCH, ARGUMENT]),
        ('select = ["batch"]', [BATCH]),
        ('select = ["batch/not-power-of-two"]', [BATCH]),
        ("select = []", []),
        ('ignore = ["batch"]', [ARGUMENT]),
        ('select = ["batch", "argument"]\nignore = ["batch/not-power-of-two"]', [ARGUMENT]),
        ('select = ["batch/not-power-of-two"]\nignore = ["batch"]', [BATCH]),
        ('per-file = {"a.yaml" = ["argument"]}', [BATCH]),
        ('per-file = {"b/" = ["argument"]}', [BATCH, ARGUMENT]),
    ],
)
def test_settings_select_rules_and_families_and_the_longer_name_counts(settings: str, expected: list[str]) -> None:
    write("configlint.toml", settings)
    assert [line.replace(":17 ", ":18 ") for line in found(run("check"))] == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--select", "argument"], [ARGUMENT]),
        (["--select", "argument,batch"], [BATCH, ARGUMENT]),
        (["--ignore", "argument"], []),
        (["--isolated"], [BATCH, ARGUMENT]),
        (["--config", "other.toml"], [BATCH]),
    ],
)
def test_the_command_line_replaces_select_and_adds_to_ignore(options: list[str], expected: list[str]) -> None:
    write("configlint.toml", 'ignore = ["batch"]')
    write("other.toml", 'select = ["batch"]')
    assert [line.replace(":17 ", ":18 ") for line in found(run("check", *options))] == expected


def test_a_table_selects_its_rows_and_a_former_name_what_it_stands_for() -> None:
    write("a.yaml", CLEAN + "training: {dataloader_drop_last: true, save_strategy: 'no', save_steps: 5}\n")
    (row,) = found(run("check", "--advice", "--select", "argument/no-effect"))
    assert row.startswith("a.yaml:3:") and "argument/no-effect" not in row
    assert found(run("check", "--select", "parallel/old-fsdp")) == []


def test_a_comment_that_ignores_a_rule_that_is_not_selected_is_not_unused() -> None:
    write("a.yaml", TWO.replace("\n", "  # configlint: ignore[batch/not-power-of-two]\n", 1))
    assert found(run("check", "--ignore", "batch", "--ignore", "argument")) == []


def test_severity_is_given_by_family_or_rule_and_the_longer_name_counts() -> None:
    write("configlint.toml", 'severity = {"batch" = "error", "batch/not-power-of-two" = "info"}')
    assert ": info[batch/not-power-of-two]" in run("check").out
    write("configlint.toml", 'severity = {"batch" = "error"}')
    assert ": error[batch/not-power-of-two]" in run("check").out


def test_what_is_wrong_with_the_form_is_reported_whatever_is_selected() -> None:
    write("a.yaml", "btach: 1\n" + CLEAN)
    assert found(run("check", "--select", "argument")) == ["a.yaml:1:1 schema/unknown-key"]


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ('ignore = ["batch",\n  "batch/not-power-of-too"]', 2),
        ('select = ["batch/not-power-of-too"]', 1),
        ('[severity]\n"batch/not-power-of-too" = "error"', 2),
        ('[per-file]\n"*.yaml" = ["batch/not-power-of-too"]', 2),
    ],
)
def test_an_unknown_rule_in_the_settings_is_an_error_at_its_line(settings: str, line: int) -> None:
    write("configlint.toml", settings)
    assert run("check") == (
        2,
        "",
        f"configlint: configlint.toml:{line}: the rule `batch/not-power-of-too` is unknown:"
        " did you mean `batch/not-power-of-two`?\n",
    )


@pytest.mark.parametrize("option", ["--select", "--ignore"])
def test_so_it_is_on_the_command_line(option: str) -> None:
    expected = f"configlint: {option}: the rule `bacth` is unknown: did you mean `batch`?\n"
    assert run("check", option, "bacth") == (2, "", expected)
    assert run("check", option, "syntax").err == f"configlint: {option}: `syntax` cannot be selected or ignored\n"


@pytest.mark.parametrize("setting", ['severity = {"batch" = 1}', 'per-file = {"*.py" = "batch"}', "select = [1]"])
def test_a_value_of_the_wrong_type_is_an_error_at_its_line(setting: str) -> None:
    write("pyproject.toml", f'[project]\nname = "a"\n\n[tool.configlint]\n{setting}\n')
    assert run("check").err.startswith("configlint: pyproject.toml:5: `")


def test_a_severity_is_one_of_three() -> None:
    write("configlint.toml", 'severity = {"batch" = "fatal"}')
    assert run("check").err == (
        "configlint: configlint.toml:1: `severity` must be error, warning or info, got fatal\n"
    )


@pytest.mark.parametrize("wanted", ["~=0", ">=1..2", ">=1.", "0.1", ">=0.1 <0.2", "~=0,~=0.1"])
def test_a_malformed_range_of_versions_is_said_to_be_one(wanted: str) -> None:
    write("configlint.toml", f'required-version = "{wanted}"\n')
    message = f'`required-version` must be a range of versions such as ">=0.1,<0.2", got {wanted}'
    assert run("check").err == f"configlint: configlint.toml:1: {message}\n"


@pytest.mark.parametrize(
    ("wanted", "is_allowed"),
    [
        (">=0.1,<0.2", True),
        ("==0.1.0", True),
        ("~=0.1", True),
        (">=99", False),
        ("<0.1", False),
        ("!=0.1.0", False),
        ("~=0.2", False),
        (" >= 0.1 , != 0.1.1", True),
    ],
)
def test_another_version_than_required_stops_before_the_rest_of_the_settings(
    wanted: str, is_allowed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("configlint.project.settings.__version__", "0.1.0")
    write("configlint.toml", f'required-version = "{wanted}"\n' + ("" if is_allowed else "of-the-future = 1\n"))
    result = run("check")
    message = f"configlint: configlint.toml:1: `required-version` is {wanted}, but this is configlint 0.1.0\n"
    assert (result.code, result.err) == ((1, "") if is_allowed else (2, message))


def test_exclude_skips_files_beside_what_the_settings_exclude() -> None:
    write("configlint.toml", 'exclude = ["old/"]')
    for name in ("old/b.yaml", "new/c.yaml", "d.yaml"):
        write(name, ERROR)
    assert run("check", "--show-files", "--exclude", "new/").out == "a.yaml\nd.yaml\n"


def test_show_files_names_only_what_is_a_training_config() -> None:
    write("compose.yaml", "services: {web: {image: nginx}}\n")
    write("notes.py", "print(1)\n")
    assert run("check", "--show-files") == (0, "a.yaml\n", "")


def test_show_settings_prints_them_with_their_file() -> None:
    write("configlint.toml", 'ignore = ["batch"]\nper-file = {"x/" = ["argument"]}')
    assert run("check", "--show-settings", "--select", "batch").out == (
        '# configlint.toml\nignore = ["batch"]\nper-file = {"x/" = ["argument"]}\n# --select: batch\n'
    )


def test_config_names_a_file_that_there_is_and_isolated_none() -> None:
    assert run("check", "--config", "no.toml").err == "configlint: --config no.toml: no such file or directory\n"
    write("pyproject.toml", "[project]\nname = 'x'\n")
    assert run("check", "--config", "pyproject.toml").err == (
        "configlint: --config pyproject.toml: it has no table [tool.configlint]\n"
    )
    assert run("check", "--config", "a.toml", "--isolated").code == 2


def test_verbose_says_how_each_file_was_read() -> None:
    write("configlint.toml", 'ignore = ["argument"]')
    write("b.yaml", 'transformers: "5.20"\n' + CLEAN)
    lines = run("check", "b.yaml", "--verbose").err.splitlines()
    assert lines == [
        "configlint: b.yaml: settings: configlint.toml",
        "configlint: b.yaml: configlint spec, judged by transformers 5.20 (stated at b.yaml:1:15)",
    ]
    assert "(assumed: no file states or pins one)" in run("check", "a.yaml", "--verbose").err
