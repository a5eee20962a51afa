"""`check` as users meet it: what it looks at, what it says where, and with which exit code it ends."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from program import CLEAN, ENVIRONMENT, ERROR, INFO, WARNING, Result, found, run, write

from configlint import rules
from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, Rule
from configlint.pipeline import check
from configlint.session import Session


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CONFIGLINT_TRACEBACK", raising=False)


@pytest.fixture
def crash(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that fails on every plan, before all others."""

    def check(plan: Plan) -> Iterator[Finding]:
        raise ValueError("broken rule")
        yield

    of = rules.for_plan
    broken = Rule("batch/broken", Severity.ERROR, check)
    monkeypatch.setattr(rules, "for_plan", lambda plan: [broken, *of(plan)])


class TestExitCodes:
    def test_a_clean_spec_is_0(self) -> None:
        assert run("check", write("a.yaml", CLEAN)) == (0, "1 spec clean\n", "")

    def test_an_error_is_1(self) -> None:
        result = run("check", write("a.yaml", ERROR))
        assert result.code == 1
        assert found(result) == ["a.yaml:1:20 batch/indivisible"]
        assert result.out.endswith("\n1 error in 1 spec\n")

    def test_a_warning_is_1(self) -> None:
        result = run("check", write("a.yaml", WARNING))
        assert result.code == 1
        assert result.out.endswith("\n1 warning in 1 spec\n")

    def test_with_fail_on_error_a_warning_is_0_and_still_printed(self) -> None:
        result = run("check", write("a.yaml", WARNING), "--fail-on", "error")
        assert result.code == 0
        assert found(result) == ["a.yaml:1:20 batch/not-power-of-two"]
        assert run("check", write("b.yaml", ERROR), "--fail-on", "error").code == 1

    @pytest.mark.parametrize("level", ["warning", "error"])
    def test_an_info_never_fails(self, level: str) -> None:
        result = run("check", write("a.yaml", INFO), "--fail-on", level)
        assert result.code == 0
        assert ": info[batch/not-power-of-two] " in result.out
        assert result.out.endswith("\n1 info in 1 spec\n")

    def test_a_missing_file_is_2_and_the_findings_are_still_printed(self) -> None:
        write("a.yaml", ERROR)
        for order in (["nope.yaml", "a.yaml"], ["a.yaml", "nope.yaml"]):
            result = run("check", *order)
            assert result.code == 2
            assert found(result) == ["a.yaml:1:20 batch/indivisible"]
            assert result.err == "configlint: nope.yaml: no such file or directory\n"

    @pytest.mark.parametrize(
        "text",
        ["", "# only comments\n# here\n", "---\n", "[batch, hardware]\n", "batch\n", "version: 3\nservices: {}\n"],
    )
    def test_a_file_that_is_named_and_is_no_spec_is_2_in_one_line(self, text: str) -> None:
        result = run("check", write("a.yaml", text))
        assert result.code == 2
        message = "a.yaml is not a training config: add `configlint: 1` at its root if it is a configlint spec"
        assert result.err == f"configlint: {message}\n"

    @pytest.mark.parametrize("text", ["batch: [1\n", "  hardware: [1\n", '{"targets": {"a" 1}}\n'])
    def test_a_named_file_that_cannot_be_parsed_is_a_finding_if_it_has_a_key_of_a_spec(self, text: str) -> None:
        result = run("check", write("a.yaml", text))
        assert result.code == 1
        assert [each.partition(" ")[2] for each in found(result)] == ["syntax/invalid"]

    def test_of_any_other_that_cannot_be_parsed_nothing_is_shown(self) -> None:
        result = run("check", write("a.yaml", "root:$6$shadow\na: [1\n"))
        assert result[::2] == (2, "configlint: a.yaml is not a training config: line 1 is not valid YAML\n")
        assert "shadow" not in result.out

    def test_a_loop_of_links_is_2(self) -> None:
        Path("a.yaml").symlink_to("a.yaml")
        assert run("check", "a.yaml")[::2] == (2, "configlint: a.yaml: too many levels of symbolic links\n")

    @pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
    def test_a_file_that_must_not_be_read_is_2(self) -> None:
        write("a.yaml", CLEAN).chmod(0)
        assert run("check", "a.yaml")[::2] == (2, "configlint: a.yaml: permission denied\n")
        assert run("check")[::2] == (2, "configlint: a.yaml: permission denied\n")

    def test_a_rule_that_crashes_is_3_and_the_other_rules_are_heard(self, crash: None) -> None:
        result = run("check", write("a.yaml", ERROR))
        assert result.code == 3
        assert found(result) == ["a.yaml:1:20 batch/indivisible"]
        assert "rule batch/broken failed on a.yaml: ValueError('broken rule')" in result.err
        assert "Traceback" not in result.err

    def test_the_traceback_is_for_who_asks_for_it(self, crash: None, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CONFIGLINT_TRACEBACK", "1")
        result = run("check", write("a.yaml", CLEAN))
        assert "Traceback" in result.err
        assert 'raise ValueError("broken rule")' in result.err

    def test_3_beats_2_beats_1(self, crash: None) -> None:
        result = run("check", write("a.yaml", ERROR), "nope.yaml")
        assert result.code == 3
        assert found(result) == ["a.yaml:1:20 batch/indivisible"]
        assert "nope.yaml" in result.err

    def test_a_crash_before_the_rules_is_3_and_the_other_files_are_checked(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        load = Session.load

        def broken(self: object, file: object, front_end: object) -> object:
            if "a.yaml" in str(file):
                raise KeyError("x")
            return load(self, file, front_end)  # type: ignore[arg-type]

        monkeypatch.setattr(Session, "load", broken)
        write("a.yaml", CLEAN)
        write("b.yaml", ERROR)
        result = run("check", "a.yaml", "b.yaml")
        assert result.code == 3
        assert found(result) == ["b.yaml:1:20 batch/indivisible"]
        assert "a.yaml failed: KeyError('x')" in result.err
        assert "Traceback" not in result.err

    @pytest.mark.parametrize(
        "arguments",
        [["check", "--nope"], ["check", "--output-format", "xml"], ["check", "--fail-on", "info"], ["chek"]],
    )
    def test_wrong_usage_is_2(self, arguments: list[str]) -> None:
        result = run(*arguments)
        assert result.code == 2
        assert result.out == ""
        assert "Usage: configlint" in result.err


class TestAdvice:
    """Infos: after all else, in a line each, and never a failure."""

    @pytest.fixture(autouse=True)
    def files(self, here: None) -> None:
        write("a.yaml", INFO)
        write("b.yaml", ERROR)
        write("c.yaml", INFO + "training: {bf16: 1}\n")

    def test_it_follows_after_all_others_in_a_line_each(self) -> None:
        result = run("check")
        assert [line.partition(":")[0] for line in found(result)] == ["b.yaml", "c.yaml", "a.yaml", "c.yaml"]
        *_, before, first, second, summary = result.out.splitlines()
        assert before.startswith(" ")
        assert re.match(r"a.yaml:1:20: info\[batch/not-power-of-two\] an effective batch of 60 ", first)
        assert second.startswith("c.yaml:1:20: info[")
        assert summary == "2 errors, 2 infos in 3 of 3 specs; 1 fixable"

    def test_with_advice_it_is_whole(self) -> None:
        lines = run("check", "--advice").out.splitlines()
        (number,) = [number for number, line in enumerate(lines) if line.startswith("a.yaml:")]
        assert lines[number + 1].startswith("   1 | batch:")
        assert "^^ use " in lines[number + 2]

    @pytest.mark.parametrize("form", ["text", "concise", "json"])
    def test_quiet_has_none(self, form: str) -> None:
        result = run("check", "--quiet", "--output-format", form)
        assert "not-power-of-two" not in result.out
        assert "bf16" in result.out
        assert run("check", "a.yaml", "--quiet") == (0, "1 spec clean\n", "")

    def test_both_are_refused(self) -> None:
        assert run("check", "--quiet", "--advice").code == 2


class TestFolders:
    def test_the_default_is_this_folder(self) -> None:
        write("sub/deep/a.yaml", ERROR)
        write("b.yml", CLEAN)
        result = run("check")
        assert found(result) == ["sub/deep/a.yaml:1:20 batch/indivisible"]
        assert result.out.endswith("\n1 error in 1 of 2 specs\n")
        assert run("check", ".") == result

    def test_a_json_spec_is_one(self) -> None:
        write("a.json", '{\n\t"batch": {"effective": 64},\n\t"hardware": {"devices_per_node": 7}\n}\n')
        assert "a.json:2:25 batch/indivisible" in found(run("check"))

    def test_what_is_no_spec_is_passed_over_without_a_word(self) -> None:
        write("docker-compose.yaml", "services:\n  train:\n    environment:\n      batch: 3\n")
        write("package.json", '{"name": "x", "hardware-acceleration": true}')
        write("list.json", '["batch", {"batch": 1}]')
        write("broken.yaml", "a: [1\nb: }\n")
        write("broken-below.yaml", "job:\n  batch: [1\n")
        write("jinja.yaml", "{% if x %}\na: 1\n{% endif %}\n")
        write("several.yaml", "kind: Job\n---\nkind: Service\n")
        write("tags.yaml", "a: !Ref b\nc: !Sub d\n")
        write("empty.yaml", "")
        write("comments.yml", "# batch: 3\n")
        write("readme.md", ERROR)
        write("a.yaml.txt", ERROR)
        Path("latin.yaml").write_bytes("name: Größe\n".encode("latin-1"))
        Path("binary.json").write_bytes(bytes(range(256)))
        Path("folder.yaml").mkdir()
        Path("nowhere.yaml").symlink_to("missing.yaml")
        Path("loop.yaml").symlink_to("loop.yaml")
        assert run("check") == (0, "no training config found\n", "")

    def test_big_files_are_passed_over_quickly(self) -> None:
        row = '{"text": "the quick brown fox jumps over the lazy dog", "batch": 3},\n'
        Path("data.json").write_text("[" + row * 100_000 + "{}]", encoding="utf-8")
        Path("data.yaml").write_text("- batch: 3\n  x: y\n" * 100_000, encoding="utf-8")
        with open("sparse.json", "wb") as file:
            file.truncate(2**31)
        start = time.monotonic()
        assert run("check") == (0, "no training config found\n", "")
        assert time.monotonic() - start < 2

    @pytest.mark.parametrize(
        ("text", "finding"),
        [
            ("batch: {effective: 64\nhardware: {}\n", "syntax/invalid"),
            ("training:\n\tbf16: true\nbatch: {effective: 64}\n", "syntax/tab"),
            ("hardware: *a\nbatch: {}\n", "syntax/unknown-alias"),
            ("configlint: 1\nx: 'a\n", "syntax/invalid"),
            (CLEAN + "---\n" + CLEAN, "syntax/multiple-documents"),
        ],
    )
    def test_a_broken_spec_in_a_folder_is_reported(self, text: str, finding: str) -> None:
        write("sub/a.yaml", text)
        result = run("check")
        assert result.code == 1
        assert [each.partition(" ")[2] for each in found(result)] == [finding]

    def test_a_spec_in_another_encoding_in_a_folder_is_reported(self) -> None:
        Path("a.yaml").write_bytes(f"# Größe\n{CLEAN}".encode("latin-1"))
        assert found(run("check")) == ["a.yaml:1:5 syntax/encoding"]

    def test_without_git_hidden_folders_are_not_entered(self) -> None:
        write(".venv/a.yaml", ERROR)
        write("node_modules/a.yaml", ERROR)
        write(".hidden.yaml", CLEAN)
        assert run("check") == (0, "1 spec clean\n", "")

    def test_links_to_folders_are_not_followed(self) -> None:
        write("sub/a.yaml", CLEAN)
        Path("sub/up").symlink_to("..")
        assert run("check") == (0, "1 spec clean\n", "")

    def test_a_folder_that_is_called_like_a_spec_is_a_folder(self) -> None:
        write("x.yaml/a.yaml", ERROR)
        assert found(run("check", "x.yaml")) == ["x.yaml/a.yaml:1:20 batch/indivisible"]

    def test_a_file_that_is_named_twice_is_checked_once(self) -> None:
        write("sub/a.yaml", CLEAN + "# configlint: ignore[batch/mismatch]\n")
        result = run("check", "sub", "sub/a.yaml", "./sub/a.yaml", ".")
        assert found(result) == ["sub/a.yaml:3:1 ignore/unused"]
        assert result.out.endswith("\n1 warning in 1 spec; 1 fixable\n")

    def test_names_with_blanks_and_other_letters(self) -> None:
        write("wei ß/日 本.yaml", ERROR)
        assert found(run("check")) == ["wei ß/日 本.yaml:1:20 batch/indivisible"]
        assert found(run("check", "wei ß/日 本.yaml")) == ["wei ß/日 本.yaml:1:20 batch/indivisible"]

    def test_what_was_compiled_is_no_spec(self) -> None:
        write("a.yaml", CLEAN + "launch: {script: train.py}\n")
        assert run("compile", "a.yaml", "-o", "build", "--verify", "never").code == 0
        assert run("check") == (0, "1 spec clean\n", "")


class TestGit:
    @pytest.fixture(autouse=True)
    def repository(self, here: None, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in [name for name in os.environ if name.startswith("GIT_")]:
            monkeypatch.delenv(name)
        subprocess.run(["git", "init", "--quiet"], check=True)

    def test_what_git_ignores_is_not_looked_at(self) -> None:
        write(".gitignore", "build/\n*.local.yaml\n!keep.local.yaml\n")
        write("build/a.yaml", ERROR)
        write("sub/b.local.yaml", ERROR)
        write("sub/keep.local.yaml", ERROR)
        write("sub/.gitignore", "c.yaml\n")
        write("sub/c.yaml", ERROR)
        write("c.yaml", ERROR)
        places = ["c.yaml:1:20 batch/indivisible", "sub/keep.local.yaml:1:20 batch/indivisible"]
        assert found(run("check")) == places
        assert found(run("check", "sub")) == places[1:]

    def test_a_file_that_is_named_is_checked_even_so(self) -> None:
        write(".gitignore", "a.yaml\n")
        write("a.yaml", ERROR)
        assert run("check", "a.yaml").code == 1
        assert run("check").out == "no training config found\n"

    def test_tracked_and_new_files_are_looked_at_and_deleted_ones_are_not(self) -> None:
        for name in ("tracked.yaml", "deleted.yaml", "new.yaml"):
            write(name, ERROR)
        subprocess.run(["git", "add", "tracked.yaml", "deleted.yaml"], check=True)
        Path("deleted.yaml").unlink()
        assert [place.partition(":")[0] for place in found(run("check"))] == ["new.yaml", "tracked.yaml"]

    def test_in_a_hook_of_git_the_same_is_looked_at(self, monkeypatch: pytest.MonkeyPatch) -> None:
        write("sub/.gitignore", "a.yaml\n")
        write("sub/a.yaml", ERROR)
        write("sub/b.yaml", ERROR)
        monkeypatch.setenv("GIT_DIR", str(Path(".git").absolute()))
        assert found(run("check", "sub")) == ["sub/b.yaml:1:20 batch/indivisible"]

    def test_names_that_git_would_quote(self) -> None:
        write('ä "b"/c d.yaml', ERROR)
        assert found(run("check")) == ['ä "b"/c d.yaml:1:20 batch/indivisible']

    def test_without_git_on_the_path_the_same_is_looked_at(self, monkeypatch: pytest.MonkeyPatch) -> None:
        write(".gitignore", "a.yaml\n")
        write("a.yaml", ERROR)
        write("b.yaml", ERROR)
        monkeypatch.setenv("PATH", str(Path.cwd()))
        assert found(run("check")) == ["b.yaml:1:20 batch/indivisible"]


class TestStdin:
    def test_a_dash_reads_a_spec_from_stdin(self) -> None:
        result = run("check", "-", stdin=ERROR)
        assert result.code == 1
        assert found(result) == ["-:1:20 batch/indivisible"]

    def test_its_name_is_used_in_what_is_said_and_to_find_what_it_extends(self) -> None:
        write("team/base.yaml", "hardware: {accelerator: a100-80gb, devices_per_node: 7}\n")
        text = "extends: ../team/base.yaml\nbatch: {effective: 64}\n"
        result = run("check", "-", "--stdin-filename", "recipes/a.yaml", stdin=text)
        assert found(result) == ["recipes/a.yaml:2:20 batch/indivisible"]
        assert " ::: team/base.yaml:1:54: 7 replicas" in result.out

    def test_the_text_on_stdin_is_what_counts_not_the_file_of_that_name(self) -> None:
        write("a.yaml", CLEAN)
        for name in ("a.yaml", "./a.yaml"):
            assert found(run("check", "-", "--stdin-filename", name, stdin=ERROR)) == [
                "a.yaml:1:20 batch/indivisible"
            ]

    def test_nothing_on_stdin_is_no_spec(self) -> None:
        assert run("check", "-").code == 2

    def test_stdin_that_is_no_utf8_is_a_finding(self) -> None:
        assert found(run("check", "-", stdin=b"batch: \xe4\n")) == ["-:1:8 syntax/encoding"]


class TestSet:
    @pytest.fixture(autouse=True)
    def spec(self, here: None) -> None:
        write("a.yaml", CLEAN)

    def set(self, *assignments: str) -> Result:
        return run("check", "a.yaml", *(word for text in assignments for word in ("--set", text)))

    def test_a_value_is_set_and_the_finding_is_at_its_place(self) -> None:
        result = self.set("batch.effective=60")
        assert found(result) == ["--set:1:17 batch/indivisible"]
        assert "   1 | batch.effective=60\n     |                 ^^ " in result.out

    def test_several_are_set_in_turn(self) -> None:
        assert self.set("batch.effective=60", "batch.effective=128", "hardware.nodes=4").code == 0

    def test_a_derived_finding_names_the_line_of_the_file(self) -> None:
        result = self.set("hardware.devices_per_node=7")
        assert found(result) == ["a.yaml:1:20 batch/indivisible"]
        assert " ::: --set:1:27: 7 replicas" in result.out

    @pytest.mark.parametrize(
        "value", ["{effective: 64, per_device: {max: 2}}", "{effective: 0x40}", "{effective: 64} # enough"]
    )
    def test_a_value_is_yaml(self, value: str) -> None:
        assert self.set(f"batch={value}").code == 0

    @pytest.mark.parametrize("value", ["a=b", "'a: b'", '"x y"', "x y", "日本", ""])
    def test_a_text_may_hold_quotes_blanks_and_equals_signs(self, value: str) -> None:
        assert self.set(f"training.run_name={value}").code == 0

    def test_null_removes(self) -> None:
        for value in ("null", "~", ""):
            assert [each.split()[1] for each in found(self.set(f"batch.effective={value}"))] == ["batch/missing"]

    @pytest.mark.parametrize(
        ("assignment", "column", "carets"),
        [
            ("batch.efective=64", 7, "^^^^^^^^"),
            ("btch.effective=64", 1, "^^^^"),
            ("launch.slum.time=1", 8, "^^^^"),
            ("batch.per_device.maximum=1", 18, "^^^^^^^"),
        ],
    )
    def test_an_unknown_key_is_shown_at_its_column(self, assignment: str, column: int, carets: str) -> None:
        result = self.set(assignment)
        assert result.code == 1
        assert f"--set:1:{column} schema/unknown-key" in found(result)
        assert f"\n     | {' ' * (column - 1)}{carets} " in result.out

    @pytest.mark.parametrize(
        ("assignment", "finding"),
        [
            ("batch.effective=-1", "--set:1:17 schema/out-of-range"),
            ("batch.effective=6.4", "--set:1:17 schema/wrong-type"),
            ('batch.effective="64"', "--set:1:17 schema/wrong-type"),
            ("batch=5", "--set:1:7 schema/wrong-type"),
            ("batch.effective.x=5", "--set:1:7 schema/wrong-type"),
            ("parallel.data=zero4", "--set:1:15 schema/wrong-choice"),
            ("hardware.accelerator=h100", "--set:1:22 hardware/unknown-accelerator"),
        ],
    )
    def test_a_bad_value_is_a_finding(self, assignment: str, finding: str) -> None:
        result = self.set(assignment)
        assert result.code == 1
        assert finding in found(result)

    @pytest.mark.parametrize(
        ("assignment", "reason"),
        [
            ("batch.effective", "write PATH=VALUE, such as batch.effective=64"),
            ("=64", "write PATH=VALUE, such as batch.effective=64"),
            ("batch..effective=64", "write PATH=VALUE, such as batch.effective=64"),
            (".batch=64", "write PATH=VALUE, such as batch.effective=64"),
            ("targets.a.batch.effective=64", "`targets` cannot be set"),
            ("extends=b.yaml", "`extends` cannot be set"),
            ("configlint=1", "`configlint` cannot be set"),
            ("batch.effective=[1", "invalid YAML: did not find expected ',' or ']'"),
            ("batch.effective=*a", "the alias `*a` requires an anchor `&a` above it"),
            ("batch.effective=!x 3", "the tag `!x` is unknown"),
        ],
    )
    def test_what_cannot_be_set_is_2_in_one_line(self, assignment: str, reason: str) -> None:
        result = self.set(assignment)
        assert result == (2, "", f"configlint: --set {assignment}: {reason}\n")

    def test_the_last_word_is_that_of_set_even_over_a_target(self) -> None:
        write("b.yaml", CLEAN + "targets: {big: {hardware: {nodes: 4}}}\n")
        assert run("check", "b.yaml", "--set", "hardware.nodes=3").code == 1


class TestTargets:
    SPEC = """
        batch: {effective: 64}
        hardware: {accelerator: cpu, devices_per_node: 8}
        targets:
          good: {hardware: {nodes: 2}}
          bad: {hardware: {nodes: 3}}
          worse: {hardware: {nodes: 3}}
        """

    def test_all_are_checked_and_what_is_the_same_in_several_is_said_once(self) -> None:
        result = run("check", write("a.yaml", self.SPEC))
        assert found(result) == ["a.yaml:1:20 batch/indivisible"]
        assert "64 samples cannot be split over 24 replicas [bad, worse]\n" in result.out
        assert result.out.endswith("\n1 error in 1 spec (4 plans)\n")

    def test_what_is_in_all_targets_says_so(self) -> None:
        result = run("check", write("a.yaml", self.SPEC.replace("cpu", "a1000")))
        assert "`hardware.accelerator` a1000 is unknown [all targets]\n" in result.out
        assert result.out.count("unknown-accelerator") == 1

    @pytest.mark.parametrize("devices", [[6, 8], [8, 6]])
    def test_advice_in_one_target_does_not_hide_a_warning_in_another(self, devices: list[int]) -> None:
        targets = [f"t{n}: {{hardware: {{accelerator: t4, devices_per_node: {n}}}}}" for n in devices]
        result = run("check", write("a.yaml", f"batch: {{effective: 48}}\ntargets: {{{', '.join(targets)}}}\n"))
        assert result.code == 1
        assert ": info[batch/not-power-of-two] an effective batch of 48 is not a power of two [t6]\n" in result.out
        assert (
            ": warning[batch/not-power-of-two] an effective batch of 48 is not a power of two [t8]\n" in result.out
        )

    def test_a_single_target_is_named(self) -> None:
        text = "batch: {effective: 64}\ntargets: {only: {hardware: {accelerator: t4, devices_per_node: 7}}}\n"
        assert "over 7 replicas [only]\n" in run("check", write("a.yaml", text)).out

    def test_a_finding_of_the_bare_spec_alone_names_no_target(self) -> None:
        text = ERROR + "targets: {a: {hardware: {accelerator: t4, devices_per_node: 8}}}\n"
        assert "over 7 replicas\n" in run("check", write("a.yaml", text)).out

    def test_one_can_be_chosen(self) -> None:
        write("a.yaml", self.SPEC)
        assert run("check", "a.yaml", "--target", "good") == (0, "1 spec clean\n", "")
        assert "over 24 replicas [bad]\n" in run("check", "a.yaml", "--target", "bad").out

    def test_specs_without_the_target_are_passed_over(self) -> None:
        write("a.yaml", self.SPEC)
        write("b.yaml", ERROR)
        assert run("check", "--target", "good") == (0, "2 specs (1 plan) clean\n", "")

    def test_one_that_no_spec_has_is_2(self) -> None:
        result = run("check", write("a.yaml", self.SPEC), "--target", "god")
        assert result.code == 2
        assert result.err == "configlint: no spec has a target god\n"

    def test_one_that_no_spec_has_does_not_hide_what_was_found(self) -> None:
        write("a.yaml", self.SPEC)
        write("b.yaml", "batch: [1\n")
        result = run("check", "a.yaml", "b.yaml", "nope.yaml", "--target", "god")
        assert result.code == 2
        assert found(result) == ["b.yaml:1:8 syntax/invalid"]
        assert "nope.yaml: no such file" in result.err


class TestBases:
    def test_a_base_is_checked_for_form_only(self) -> None:
        write("base.yaml", "hardware: {accelerator: a1000, devices_per_nod: 8}\nlaunch: {launcher: torchrun}\n")
        result = run("check", "base.yaml")
        assert found(result) == ["base.yaml:1:32 schema/unknown-key"]
        assert result.out.endswith("\n1 error in 1 spec (0 plans)\n")

    def test_what_is_wrong_with_a_base_of_several_specs_is_said_once(self) -> None:
        write("team.yaml", "hardware: {accelerator: a1000, devices_per_node: 8, node: 8}\n")
        for name in "ab":
            write(f"{name}.yaml", "extends: team.yaml\nbatch: {effective: 64}\n")
        once = ["team.yaml:1:25 hardware/unknown-accelerator", "team.yaml:1:53 schema/unknown-key"]
        for paths in (["a.yaml", "b.yaml"], ["."], ["./a.yaml", "./team.yaml", "b.yaml"]):
            places = [place for place in found(run("check", *paths)) if place.startswith("team.yaml")]
            assert places == once

    def test_no_more_specs_are_counted_wrong_than_there_are(self) -> None:
        write("base.yml", "training: {}\nmodel: {}\ntrainng: {}\n")  # no spec by itself
        for name in "ab":
            write(f"{name}.yaml", "extends: base.yml\n" + ERROR)
        assert run("check").out.endswith("\n3 errors in 2 of 2 specs\n")

    def test_a_base_that_is_not_there_is_a_finding_where_it_is_named(self) -> None:
        result = run("check", write("sub/a.yaml", "extends: ../team.yaml\nbatch: {effective: 64}\n"))
        assert found(result) == ["sub/a.yaml:1:10 syntax/missing-base"]
        assert "] team.yaml: no such file or directory\n" in result.out

    def test_a_base_that_no_file_can_be_called_is_a_finding_too(self) -> None:
        write("a.yaml", 'extends: "a\\0b"\nbatch: {effective: 64}\n')
        assert found(run("check", "a.yaml")) == ["a.yaml:1:10 syntax/missing-base"]

    def test_a_base_that_cannot_be_parsed_is_reported_there(self) -> None:
        write("team.yaml", "hardware: [1\n")
        write("a.yaml", "extends: team.yaml\nbatch: {effective: 64}\n")
        assert found(run("check", "a.yaml")) == ["team.yaml:1:11 syntax/invalid"]

    @pytest.mark.parametrize("text", ["", "# all of it commented out\n", "- 1\n", "word\n", "[]\n", "''\n"])
    def test_a_base_that_is_no_mapping_is_a_finding_where_it_is_named(self, text: str) -> None:
        write("team.yaml", text)
        write("a.yaml", "extends: team.yaml\n" + ERROR)
        result = run("check", "a.yaml")
        assert found(result) == ["a.yaml:1:10 syntax/base"]
        assert "] team.yaml is not a spec\n" in result.out

    def test_bases_that_extend_each_other_are_a_finding(self) -> None:
        write("a.yaml", "extends: b.yaml\n" + CLEAN)
        write("b.yaml", "extends: a.yaml\n")
        assert found(run("check", "a.yaml")) == ["b.yaml:1:10 syntax/base-cycle"]


class TestScript:
    """`launch.script`, which is there, is not there yet, or is misspelt."""

    NAME = "launch/misspelt-script"

    def check(self, launch: str, *arguments: str) -> Result:
        return run("check", write("specs/a.yaml", f"{CLEAN}launch: {launch}\n"), "--quiet", *arguments)

    @pytest.mark.parametrize(
        ("launch", "meant"),
        [
            ("{script: trian.py}", "train.py"),
            ("{script: sub/fine-tune.py}", "sub/fine_tune.py"),
            ("{script: fine_tun.py, workdir: sub}", "fine_tune.py"),
            ("{script: runn.sh.py, workdir: ..}", "run.sh.py"),
        ],
    )
    def test_a_file_of_nearly_its_name_is_said(self, launch: str, meant: str) -> None:
        for name in ("specs/train.py", "specs/sub/fine_tune.py", "run.sh.py"):
            write(name, "")
        result = self.check(launch)
        assert found(result) == [f"specs/a.yaml:3:{9 + launch.index('script: ') + 8} {self.NAME}"]
        assert f"write `script: {meant}`: that file exists" in result.out.replace('"', "")

    @pytest.mark.parametrize(
        "launch",
        [
            "{script: train.py}",
            "{script: other.py}",
            "{script: pretrain.py}",
            "{script: trian.py, workdir: elsewhere}",
            "{script: elsewhere/trian.py}",
            "{script: trian.py, setup: cd sub}",
            "{script: trian, workdir: .}",
            "{module: trian}",
        ],
    )
    def test_nothing_is_said_of_another(self, launch: str) -> None:
        write("specs/train.py", "")
        assert self.check(launch).code == 0

    def test_nothing_is_said_where_a_variable_leads(self) -> None:
        write("specs/$HOME/train.py", "")
        launch = "{script: $HOME/trian.py}  # configlint: ignore[launch/unexpanded-variable]"
        assert self.check(launch).code == 0

    def test_it_can_be_ignored_and_is_the_same_in_all_releases(self) -> None:
        write("specs/train.py", "")
        assert self.check(f"{{script: trian.py}}  # configlint: ignore[{self.NAME}] made by a job").code == 0
        assert "(assuming" not in self.check("{script: trian.py}").out

    def test_it_is_said_of_the_targets_that_have_it(self) -> None:
        write("specs/train.py", "")
        result = self.check("{script: train.py}\ntargets:\n  one: {launch: {script: trian.py}}\n  two: {}")
        assert found(result) == [f"specs/a.yaml:5:26 {self.NAME}"]
        assert result.out.splitlines()[0].endswith(" [one]")


class TestBytes:
    def test_a_byte_order_mark_moves_no_column(self) -> None:
        Path("a.yaml").write_bytes(b"\xef\xbb\xbf" + ERROR.encode())
        result = run("check", "a.yaml")
        assert found(result) == ["a.yaml:1:20 batch/indivisible"]
        assert "   1 | batch: {effective: 64}\n     |                    ^^ " in result.out

    @pytest.mark.parametrize("newline", ["\r\n", "\r"])
    def test_other_line_ends_move_no_line(self, newline: str) -> None:
        text = "# a\n\nhardware: {accelerator: a100-80gb, devices_per_node: 7}\nbatch:\n  effective: 64\n"
        Path("a.yaml").write_bytes(text.replace("\n", newline).encode())
        result = run("check", "a.yaml")
        assert found(result) == ["a.yaml:5:14 batch/indivisible"]
        assert "   5 |   effective: 64\n     |              ^^ " in result.out
        assert "\r" not in result.out

    def test_bytes_that_are_no_utf8_are_named_at_their_place(self) -> None:
        for start in (b"", b"\xef\xbb\xbf"):
            Path("a.yaml").write_bytes(start + "batch: {effective: 64}  # 日本\n".encode() + b"# Gr\xf6\xdfe\n")
            result = run("check", "a.yaml")
            assert result.code == 1
            assert found(result) == ["a.yaml:2:5 syntax/encoding"]
            assert "byte 0xf6 is not UTF-8" in result.out
            assert "   2 | # Gr\ufffd\ufffde\n     |     ^ save the file as UTF-8\n" in result.out

    def test_utf_16_is_said_to_be_no_utf8(self) -> None:
        Path("a.yaml").write_bytes(CLEAN.encode("utf-16"))
        assert run("check", "a.yaml")[::2] == (
            2,
            "configlint: a.yaml is not a training config: byte 0xff is not UTF-8\n",
        )

    @pytest.mark.parametrize("form", ["text", "concise", "json"])
    def test_what_a_terminal_cannot_show_is_no_failure(self, form: str) -> None:
        write("a.yaml", CLEAN.replace("cpu", "日本"))
        result = run("check", "--quiet", "a.yaml", "--output-format", form, encoding="latin-1")
        assert result.code == 1
        assert "\\u65e5" in result.out
        assert result.err == ""

    @pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
    @pytest.mark.parametrize("form", ["text", "concise", "json"])
    def test_a_name_that_is_no_utf8_is_no_failure(self, form: str) -> None:
        name = os.fsdecode(b"a\xff.yaml")
        write(name, ERROR)
        result = run("check", "--output-format", form)
        assert result.code == 1
        assert result.err == ""
        if form == "json":
            assert json.loads(result.out)["findings"][0]["file"] == name


class TestTerminal:
    def test_without_a_terminal_there_are_no_escape_codes(self) -> None:
        for form in ("text", "concise", "json"):
            assert "\x1b" not in run("check", write("a.yaml", ERROR), "--output-format", form).out

    @pytest.mark.skipif(sys.platform == "win32", reason="it has no pseudo-terminals")
    @pytest.mark.parametrize("no_color", ["", "1"])
    def test_on_a_terminal_there_is_colour_unless_no_color_is_set(self, no_color: str) -> None:
        import pty

        write("a.yaml", ERROR)
        master, slave = pty.openpty()
        command = [sys.executable, "-m", "configlint", "check", "a.yaml"]
        environment = {**ENVIRONMENT, "NO_COLOR": no_color}
        assert subprocess.run(command, stdout=slave, env=environment, check=False).returncode == 1
        os.close(slave)
        text = os.read(master, 4096).decode()
        os.close(master)
        assert "a.yaml:1:20: " in text
        assert ("\x1b[1;31merror[batch/indivisible]\x1b[0m" in text) is not bool(no_color)
        assert ("\x1b" in text) is not bool(no_color)

    @pytest.mark.parametrize("arguments", [["check", "."], ["check", ".", "--output-format", "json"], ["rule"]])
    def test_a_reader_that_had_enough_is_no_failure(self, arguments: list[str]) -> None:
        write("a.yaml", ERROR)
        read_end, write_end = os.pipe()
        os.close(read_end)
        command = [sys.executable, "-m", "configlint", *arguments]
        result = subprocess.run(command, stdout=write_end, stderr=subprocess.PIPE, env=ENVIRONMENT, check=False)
        os.close(write_end)
        assert result.stderr == b""
        assert result.returncode in (0, 1)

    @pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
    def test_a_full_disk_is_said_in_one_line(self) -> None:
        write("a.yaml", ERROR)
        command = [sys.executable, "-m", "configlint", "check", "a.yaml"]
        with open("/dev/full", "wb") as full:
            result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, env=ENVIRONMENT, check=False)
        assert result.returncode == 2
        assert result.stderr == b"configlint: output: no space left on device\n"


@pytest.mark.usefixtures("here")
def test_of_clean_specs_nothing_is_kept() -> None:
    for number in range(20):
        write(f"{number}.yaml", CLEAN)
    session = Session()
    report = check(["."], session, keeps_plans=False)
    assert (report.specs, report.plans, report.diagnostics) == (20, 20, [])
    assert not (report.loaded or session.parsed or session.forms)


@pytest.mark.usefixtures("here")
def test_a_spec_that_was_let_go_is_there_for_the_next_that_extends_it() -> None:
    write("a.yaml", CLEAN)
    write("b.yaml", "extends: a.yaml\nbatch: {effective: 48}\n")
    kept, gone = check(["."], Session()), check(["."], Session(), keeps_plans=False)
    assert gone.diagnostics == kept.diagnostics != []
    assert sorted(plan.spec.source.name for plan in gone.loaded) == ["a.yaml", "b.yaml"]


@pytest.mark.usefixtures("here")
def test_a_spec_from_stdin_is_not_read_from_its_file_by_the_next_that_extends_it() -> None:
    write("a.yaml", ERROR)
    write("b.yaml", "extends: a.yaml\nbatch: {effective: 128}\n")
    assert run("check", "-", "b.yaml", "--stdin-filename", "a.yaml", stdin=CLEAN).out == "2 specs clean\n"
