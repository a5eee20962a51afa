"""What findings look like: for people, for editors, for programs."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from program import CLEAN, ERROR, WARNING, run, write

from configlint.core.diagnostic import Diagnostic, Related, Severity
from configlint.core.fingerprint import fingerprints
from configlint.core.source import Source, Span
from configlint.pipeline import Report
from configlint.reporters import REPORTERS, concise, github, text

WIDTH = 120
GUTTER = len("   1 | ")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def diagnostic(
    line: str, marked: str, message: str = "message", help: str | None = None, name: str = "a.yaml"
) -> Diagnostic:
    """A finding about the part `marked` of the only line of a file."""
    column = line.index(marked) + 1
    span = Span(Source(name, line), 1, column, 1, column + len(marked))
    return Diagnostic("batch/mismatch", Severity.ERROR, message, span, help)


def block(found: Diagnostic) -> list[str]:
    """The lines of a block, without colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text.block(found)).splitlines()


def columns(shown: str) -> list[str]:
    """What a terminal has in each of its columns: a wide character is in two."""
    cells: list[str] = []
    for character in shown:
        if unicodedata.category(character) in ("Mn", "Me"):
            cells[-1] += character
        else:
            cells += [character] * (2 if unicodedata.east_asian_width(character) in "WF" else 1)
    return cells


def above_the_carets(found: Diagnostic) -> str:
    """What a terminal shows above the carets."""
    _, source, carets, *_ = block(found)
    start = carets.index("^")
    cells = columns(source)[start : start + carets.count("^")]
    wide = [unicodedata.east_asian_width(cell[0]) in "WF" for cell in cells]
    assert sum(wide) % 2 == 0, "no caret is under half a character"
    shown, skip = "", False
    for cell, is_wide in zip(cells, wide, strict=True):
        shown += "" if skip else cell
        skip = is_wide and not skip
    return shown


class TestText:
    def test_a_block_is_header_line_caret_help_and_related_places(self) -> None:
        write("team.yaml", "# devices\nhardware: {accelerator: a100-80gb, devices_per_node: 7}\n")
        write("a.yaml", "extends: team.yaml\nbatch:\n  effective: 64   # as in the paper\n")
        assert run("check", "a.yaml").out == (
            "a.yaml:3:14: error[batch/indivisible] 64 samples cannot be split over 7 replicas\n"
            "   3 |   effective: 64   # as in the paper\n"
            "     |              ^^ write `effective: 63` or `effective: 70`\n"
            " ::: team.yaml:2:54: 7 replicas = 1 node x 7 devices\n"
            "1 error in 1 spec\n"
        )

    def test_without_help_and_related_places_a_block_is_three_lines(self) -> None:
        assert block(diagnostic("batch: 4", "4")) == [
            "a.yaml:1:8: error[batch/mismatch] message",
            "   1 | batch: 4",
            "     |        ^",
        ]

    def test_each_related_place_is_a_line(self) -> None:
        found = diagnostic("batch: 4", "4")
        places = tuple(Related(word, found.span._replace(column=column)) for column, word in ((1, "a"), (2, "b")))
        assert block(found._replace(related=places))[3:] == [" ::: a.yaml:1:1: a", " ::: a.yaml:1:2: b"]

    def test_targets_are_behind_the_message(self) -> None:
        found = diagnostic("batch: 4", "4")
        assert block(found._replace(targets=("a", "b")))[0].endswith("] message [a, b]")
        assert block(found._replace(targets=("a", "b"), all_targets=True))[0].endswith("] message [all targets]")

    @pytest.mark.parametrize(
        ("line", "marked"),
        [
            ("batch: {effective: 64}", "64"),
            ("\tbatch:\t{effective:\t64}", "64"),
            ("name: 日本語, effective: 64", "64"),
            ("日本語: 1", "日本語"),
            ("a: 日本語テキスト, b: 한국어 x", "한국어"),
            ("\uff46\uff55\uff4c\uff4c: width", "width"),
            ("e\u0301\u0301a\u0308: 64", "64"),  # letters with marks of their own
            ("हिन्दी: 64", "64"),
            ("हिन्दी: 64", "हिन्दी"),
            ("a: \x1b[31m, b: 64", "64"),
            ("a: \u200b\u00ad, b: 64", "64"),
        ],
    )
    def test_the_carets_are_under_the_exact_span(self, line: str, marked: str) -> None:
        assert above_the_carets(diagnostic(line, marked)) == marked

    def test_a_span_of_several_lines_is_marked_to_the_end_of_its_first(self) -> None:
        source = Source("a.yaml", "batch: [1,\n 2]\n")
        found = Diagnostic("batch/mismatch", Severity.ERROR, "m", Span(source, 1, 8, 2, 4))
        assert above_the_carets(found) == "[1,"

    def test_a_place_behind_the_end_of_a_line_or_a_file_has_a_caret(self) -> None:
        source = Source("a.yaml", "batch: [\n")
        for span, shown in ((Span(source, 1, 9, 1, 10), "   1 | batch: ["), (Span(source, 2, 1, 2, 2), "   2 |")):
            _, line, carets = block(Diagnostic("batch/mismatch", Severity.ERROR, "m", span))
            assert line == shown
            assert carets == f"     | {' ' * (span.column - 1)}^"
        _, line, carets = block(Diagnostic("x/y", Severity.ERROR, "m", Span(Source("a.yaml", ""), 1, 1, 1, 1)))
        assert (line, carets) == ("   1 |", "     | ^")

    @pytest.mark.parametrize(("line", "number"), [(7, "   7"), (1234, "1234"), (123456, "123456")])
    def test_line_numbers_of_any_length_move_no_caret(self, line: int, number: str) -> None:
        source = Source("a.yaml", "\n" * (line - 1) + "ab: 64")
        _, shown, carets = block(Diagnostic("x/y", Severity.ERROR, "m", Span(source, line, 5, line, 7)))
        assert shown == f"{number} | ab: 64"
        assert carets.index("^^") == shown.index("64")

    @pytest.mark.parametrize("before", [0, 10, 119, 120, 121, 1000])
    @pytest.mark.parametrize("after", [0, 10, 1000])
    def test_an_over_long_line_is_cut_around_the_span(self, before: int, after: int) -> None:
        found = diagnostic("a" * before + "MARKED" + "b" * after, "MARKED")
        assert above_the_carets(found) == "MARKED"
        assert len(block(found)[1]) <= GUTTER + WIDTH

    @pytest.mark.parametrize("before", [0, 40, 500])
    def test_the_carets_do_not_run_out_of_a_line_that_is_cut(self, before: int) -> None:
        found = diagnostic("a" * before + "M" * 300 + "b" * 500, "M" * 300)
        _, line, carets = block(found)
        assert len(carets) == len(line) == GUTTER + WIDTH
        assert set(above_the_carets(found)) == {"M"}

    @pytest.mark.parametrize("control", ["\x1b[31m", "\x07", "\r", "\x08", "\x9b31m", "\u202e", "\x00", "\n"])
    def test_control_characters_never_reach_the_terminal(self, control: str) -> None:
        found = diagnostic("a: 1", "1", f"m {control} m", f"h {control} h", f"n{control}n.yaml")
        if control != "\n":
            source = Source(found.span.source.name, f"a: {control} 1")
            found = found._replace(span=found.span._replace(source=source))
        found = found._replace(related=(Related(f"r {control} r", found.span),))
        lines = block(found)
        assert len(lines) == 4
        assert not any(control in line for line in lines)
        assert len(re.findall("\x1b", text.block(found))) == 4, "only our own colours"

    def test_control_characters_of_a_spec_never_reach_the_terminal(self) -> None:
        write("a.yaml", CLEAN.replace("cpu", '"\\e]0;title\\a \\r\\n \\x9b31m"'))
        for form in REPORTERS:
            result = run("check", "a.yaml", "--output-format", form)
            assert result.code == 1
            assert re.findall(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", result.out) == []
        assert len(run("check", "a.yaml", "--output-format", "concise").out.splitlines()) == 1

    def test_nor_do_those_of_a_name(self) -> None:
        name = "a\x1b[31m\n.yaml"
        write(name, ERROR)
        for form in REPORTERS:
            assert "\x1b" not in run("check", name, "--output-format", form).out
        for command in ("check", "compile", "explain"):
            result = run(command, "no" + name)
            assert "\x1b" not in result.err
            assert result.err.count("\n") == 1


class TestSummary:
    def test_clean(self) -> None:
        write("a.yaml", CLEAN)
        write("b.yaml", CLEAN + "targets: {x: {}, y: {}}\n")
        assert run("check", "a.yaml").out == "1 spec clean\n"
        assert run("check", "b.yaml").out == "1 spec (3 plans) clean\n"
        assert run("check").out == "2 specs (4 plans) clean\n"

    def test_findings_are_counted_by_severity_worst_first(self) -> None:
        write("a.yaml", ERROR)
        write("b.yaml", WARNING)
        write("c.yaml", CLEAN.replace("64", "60"))
        write("d.yaml", CLEAN)
        write("e.yaml", CLEAN.replace("64", "60").replace(": 8}", ": 6}"))
        assert run("check").out.endswith("\n2 errors, 1 warning, 1 info in 4 of 5 specs\n")

    def test_what_is_ignored_is_counted(self) -> None:
        write("a.yaml", ERROR.replace("\n", "  # configlint: ignore[batch/indivisible]\n", 1))
        assert run("check").out == "1 spec clean; 1 ignored\n"
        write("b.yaml", ERROR)
        assert run("check").out.endswith("\n1 error in 1 of 2 specs; 1 ignored\n")


class TestConcise:
    def test_a_finding_is_a_line_and_there_is_nothing_else(self) -> None:
        write("a.yaml", ERROR)
        write("b.yaml", WARNING)
        assert run("check", "--output-format", "concise").out == (
            "a.yaml:1:20: error[batch/indivisible] 64 samples cannot be split over 7 replicas\n"
            "b.yaml:1:20: warning[batch/not-power-of-two] an effective batch of 48 is not a power of two\n"
        )
        assert run("check", write("c.yaml", CLEAN), "--output-format", "concise").out == ""

    def test_a_finding_stays_on_its_line(self) -> None:
        found = diagnostic("a: 1", "1", "one\ntwo\x1b[2J", name="a\nb.yaml")
        assert (
            concise.render(Report([found], 1, 1, 0, [], []))
            == "a\\nb.yaml:1:4: error[batch/mismatch] one\\ntwo\\x1b[2J\n"
        )


class TestJson:
    def check(self, *arguments: str) -> dict[str, Any]:
        document = json.loads(run("check", "--output-format", "json", *arguments).out)
        assert isinstance(document, dict)
        return document

    def test_a_report_is_exactly_this(self) -> None:
        write("team.yaml", "hardware: {accelerator: a100-80gb, devices_per_node: 7}\n")
        write("a.yaml", "extends: team.yaml\nbatch: {effective: 64}\ntargets: {x: {}, y: {hardware: {nodes: 1}}}\n")
        assert self.check("a.yaml") == {
            "version": 1,
            "findings": [
                {
                    "rule": "batch/indivisible",
                    "severity": "error",
                    "message": "64 samples cannot be split over 7 replicas",
                    "help": "write `effective: 63` or `effective: 70`",
                    "path": "batch.effective",
                    "targets": ["x", "y"],
                    "file": "a.yaml",
                    "line": 2,
                    "column": 20,
                    "end_line": 2,
                    "end_column": 22,
                    "related": [
                        {
                            "message": "7 replicas = 1 node x 7 devices",
                            "file": "team.yaml",
                            "line": 1,
                            "column": 54,
                            "end_line": 1,
                            "end_column": 55,
                        }
                    ],
                    "fix": None,
                }
            ],
            "summary": {"files": 1, "errors": 1, "warnings": 0, "infos": 0, "suppressed": 0, "known": 0},
        }

    def test_what_is_absent_is_null_or_empty(self) -> None:
        write("a.yaml", "batch: {effective: 64\n")
        (finding,) = self.check("a.yaml")["findings"]
        assert finding["rule"] == "syntax/invalid"
        assert (finding["path"], finding["fix"]) == (None, None)
        assert (finding["targets"], finding["related"]) == ([], [])

    def test_lines_and_columns_start_at_1_and_ends_are_exclusive(self) -> None:
        write("a.yaml", "bach: 1\n" + CLEAN)
        (finding,) = self.check("a.yaml")["findings"]
        place = [finding[key] for key in ("line", "column", "end_line", "end_column")]
        assert place == [1, 1, 1, 5]

    def test_a_clean_report_has_all_its_keys(self) -> None:
        write("a.yaml", CLEAN)
        assert self.check("a.yaml") == {
            "version": 1,
            "findings": [],
            "summary": {"files": 1, "errors": 0, "warnings": 0, "infos": 0, "suppressed": 0, "known": 0},
        }

    def test_the_summary_counts(self) -> None:
        write("a.yaml", ERROR)
        write("b.yaml", WARNING)
        write("c.yaml", WARNING.replace("\n", "  # configlint: ignore[batch/not-power-of-two]\n", 1))
        write("d.yaml", CLEAN.replace("64", "60").replace(": 8}", ": 6}"))
        summary = {"files": 4, "errors": 1, "warnings": 1, "infos": 1, "suppressed": 1, "known": 0}
        assert self.check()["summary"] == summary

    def test_it_is_printed_whatever_else_went_wrong(self) -> None:
        write("a.yaml", ERROR)
        result = run("check", "a.yaml", "nope.yaml", "--output-format", "json")
        assert result.code == 2
        assert len(json.loads(result.out)["findings"]) == 1
        assert result.err == "configlint: nope.yaml: no such file or directory\n"

    def test_other_letters_survive_any_locale(self) -> None:
        write("日本.yaml", CLEAN.replace("cpu", "日本"))
        result = run("check", "--output-format", "json", encoding="ascii")
        (finding,) = json.loads(result.out)["findings"]
        assert finding["file"] == "日本.yaml"
        assert "日本" in finding["message"]


class TestOtherForms:
    """For code hosts and test reports."""

    TWO = WARNING + 'training: {seed: "1"}\n'

    def report(self, form: str, *arguments: str) -> str:
        return run("check", "--output-format", form, *arguments).out

    def test_sarif_has_relative_places_pages_fixes_and_fingerprints(self) -> None:
        write("my specs/a.yaml", self.TWO)
        (sarif,) = json.loads(self.report("sarif"))["runs"]
        argument, batch = sarif["tool"]["driver"]["rules"]
        assert (argument["id"], batch["id"]) == ("argument/number-as-text", "batch/not-power-of-two")
        assert "Source: " in batch["help"]["text"]
        assert batch["shortDescription"]["text"] == "The effective batch is not a power of two."
        first, second = sarif["results"]
        assert (first["ruleId"], first["ruleIndex"], first["level"]) == ("batch/not-power-of-two", 1, "warning")
        place = first["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"] == "my%20specs/a.yaml"
        assert place["region"] == {"startLine": 1, "startColumn": 20, "endLine": 1, "endColumn": 22}
        (change,) = second["fixes"][0]["artifactChanges"]
        assert [each["insertedContent"]["text"] for each in change["replacements"]] == ["1"]

    def test_a_clean_run_is_a_report_too(self) -> None:
        write("a.yaml", CLEAN)
        assert json.loads(self.report("sarif"))["runs"][0]["results"] == []
        assert json.loads(self.report("gitlab")) == []
        assert self.report("github") == ""
        assert '<testcase name="configlint" classname="a.yaml" />' in self.report("junit")

    def test_fingerprints_keep_when_lines_move_and_differ_for_equal_lines(self) -> None:
        write("a.yaml", self.TWO)
        before = [each["fingerprint"] for each in json.loads(self.report("gitlab"))]
        write("a.yaml", "# a comment\n" + self.TWO)
        assert [each["fingerprint"] for each in json.loads(self.report("gitlab"))] == before
        found = diagnostic("batch: 4", "4")
        assert len(set(fingerprints([found, found]))) == 2

    def test_places_are_from_the_root_of_the_repository(self, monkeypatch: pytest.MonkeyPatch) -> None:
        Path(".git").mkdir()
        write("sub/a.yaml", WARNING)
        monkeypatch.chdir("sub")
        (issue,) = json.loads(self.report("gitlab"))
        assert issue["location"]["path"] == "sub/a.yaml"
        assert ",file=sub/a.yaml," in self.report("github")

    def test_github_has_a_command_for_each_finding_errors_first(self) -> None:
        write("a.yaml", self.TWO)
        error, warning = self.report("github").splitlines()
        assert error.startswith("::error title=configlint (argument/number-as-text),file=a.yaml,line=3,endLine=3,")
        assert warning.startswith("::warning title=configlint (batch/not-power-of-two),file=a.yaml,line=1,")

    def test_github_escapes_what_would_end_a_property_or_the_message(self) -> None:
        found = diagnostic("a: 1", "1", "100%\nmore", name="a,b:c.yaml")
        line = github.render(Report([found], 1, 1, 0, [], []))
        assert "file=a%2Cb%3Ac.yaml," in line and line.endswith("100%25\\nmore\n")

    def test_github_says_how_many_it_does_not_show(self) -> None:
        every = [diagnostic("a: 1", "1")] * 12
        assert github.render(Report(every, 1, 1, 0, [], [])).splitlines()[-1] == (
            "::notice title=configlint::2 more findings in the log of this step"
        )

    def test_junit_is_xml_with_a_suite_for_each_file(self) -> None:
        write("a.yaml", ERROR.replace("cpu", '"<&\\e>"'))
        write("b.yaml", CLEAN)
        root = ElementTree.fromstring(self.report("junit"))
        assert [(suite.get("name"), suite.get("failures")) for suite in root] == [("a.yaml", "2"), ("b.yaml", "0")]
        assert root.attrib == {"name": "configlint", "tests": "3", "failures": "2", "errors": "0"}

    def test_several_reports_go_to_their_files_and_one_to_stdout(self) -> None:
        write("a.yaml", WARNING)
        forms = ["--output-format", "sarif=out/a.sarif", "--output-format", "junit=b.xml"]
        assert run("check", *forms).out == run("check").out
        assert json.loads(Path("out/a.sarif").read_text())["version"] == "2.1.0"
        assert Path("b.xml").read_text() == self.report("junit")
        assert run("check", *forms, "--output-format", "concise").out == self.report("concise")

    @pytest.mark.parametrize(
        ("forms", "words"),
        [
            (["sraif"], "unknown format sraif: did you mean sarif?"),
            (["json", "sarif"], "two reports would go to stdout: write one of them as --output-format sarif=FILE"),
            (["json="], "--output-format json=: write json=FILE"),
        ],
    )
    def test_what_cannot_be_is_2(self, forms: list[str], words: str) -> None:
        result = run("check", *(word for form in forms for word in ("--output-format", form)))
        assert result.code == 2 and words in result.err

    def test_statistics_count_by_rule_most_first(self) -> None:
        for name in ("a.yaml", "b.yaml"):
            write(name, WARNING)
        write("c.yaml", ERROR)
        assert run("check", "--statistics").out == (
            "    2  warning[batch/not-power-of-two]\n    1  error[batch/indivisible]\n"
            "1 error, 2 warnings in 3 of 3 specs\n"
        )

    def test_exit_zero_forgives_findings_only(self) -> None:
        write("a.yaml", ERROR)
        assert run("check", "--exit-zero").code == 0
        assert run("check", "--exit-zero", "none.yaml").code == 2

    @pytest.mark.parametrize(
        ("option", "variable", "is_coloured"),
        [
            ([], "", False),
            ([], "FORCE_COLOR", True),
            ([], "CLICOLOR_FORCE", True),
            (["--color", "always"], "NO_COLOR", True),
            (["--color", "never"], "FORCE_COLOR", False),
        ],
    )
    def test_colours_are_asked_for_or_not(
        self, option: list[str], variable: str, is_coloured: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE"):
            monkeypatch.delenv(name, raising=False)
        if variable:
            monkeypatch.setenv(variable, "1")
        write("a.yaml", ERROR)
        assert ("\x1b[" in run("check", *option).out) == is_coloured


@pytest.mark.parametrize("option", ["--output-format=sarif=train.yaml", "--write-baseline=./train.yaml"])
def test_no_report_is_written_over_a_file_that_is_checked(
    option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write("train.yaml", WARNING)
    file = option.rpartition("=")[2]
    expected = f"configlint: {file} is one of the checked files: write the report to another file\n"
    assert run("check", *option.split("=", 1)) == (2, "", expected)
    assert Path("train.yaml").read_text() == WARNING


@pytest.mark.parametrize("form", REPORTERS)
def test_a_report_replaces_what_the_same_command_wrote_before(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for spec in (WARNING, CLEAN, ERROR + 'training: {seed: "1"}\n', "a: 1\n"):
        write("train.yaml", spec)
        result = run("check", "--output-format", f"{form}=report", "--pass-over", "train.yaml")
        assert result.code in (0, 1), result.err


@pytest.mark.parametrize(
    "option", ["--output-format=json=mine", "--output-format=text=mine", "--write-baseline=mine"]
)
@pytest.mark.parametrize("text", ["import sys\n", '{"version": 1, "jobs": []}', "key: 1\n", "a,b\n1,2\n"])
def test_no_report_replaces_a_file_that_is_none(
    option: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write("train.yaml", WARNING)
    write("mine", text)
    expected = "configlint: mine exists and is no report of configlint: remove it or write to another file\n"
    assert run("check", "train.yaml", option) == (2, "", expected)
    assert Path("mine").read_text() == text


def test_markdown_is_a_short_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write("a.yaml", WARNING)
    assert run("check", "a.yaml", "--output-format", "markdown").out == (
        "### configlint: 1 warning in 1 spec\n"
        "\n"
        "| place | finding |\n"
        "| --- | --- |\n"
        "| a.yaml:1:20 | warning `batch/not-power-of-two`: an effective batch of 48 is not a power of two |\n"
    )
    write("a.yaml", CLEAN)
    assert run("check", "a.yaml", "--output-format", "markdown").out == "### configlint: 1 spec clean\n"
    for number in range(30):
        write(f"b|{number}.yaml", WARNING)
    lines = run("check", "--output-format", "markdown").out.splitlines()
    assert (len(lines), lines[-1]) == (26, "and 10 more findings")
    assert lines[4].startswith(r"| b\|0.yaml:1:20 |")
