"""`configlint rule`: the page of a rule, that of a row of a table, and the list."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from program import ERROR, run, write

from configlint import rules
from configlint.reporters import pages, text
from configlint.reporters.pages import literal


def entries(*names: str) -> dict[str, Any]:
    document = json.loads(run("rule", *names, "--output-format", "json").out)
    assert document["version"] == 1
    return {entry["name"]: entry for entry in document["rules"]}


def test_of_a_rule_is_its_page() -> None:
    out = run("rule", "batch/indivisible").out
    assert out.startswith("batch/indivisible (error)\n\n")
    assert "\nBad:\n" in out
    assert "\nSource: " in out


def test_of_a_row_is_its_sentence_what_holds_for_its_table_and_the_source() -> None:
    out = run("rule", "trl/packing-without-max-length").out
    assert out.startswith(
        "trl/packing-without-max-length (error)\n\n"
        "`packing` requires a `max_length`, the length of a packed row.\n\n"
        "The config class raises an error when the script starts"
    )
    assert "\nSource: trl 1.16 " in out
    assert "padding_free" not in out, "the example of another row is not shown"


def test_of_a_row_says_how_severe_it_is_and_whether_it_can_be_fixed() -> None:
    assert run("rule", "argument/hub-token-without-push").out.startswith("argument/hub-token-without-push (info)\n")
    assert "--fix" in run("rule", "deepspeed/zero3-key-below-zero3").out
    assert "--fix" not in run("rule", "deepspeed/parameter-offload-below-zero3").out


def test_of_a_split_rule_is_the_page_of_its_table_with_all_names() -> None:
    out = run("rule", "fsdp/no-effect").out
    assert out.startswith("fsdp/no-effect\n\nAn FSDP setting has no effect in this config.\n")
    assert out.endswith(
        "Each defect has a name of its own:\n\n"
        "fsdp/setting-with-tensor       warning"
        "  The setting has no effect on a model that is sharded when it is loaded.\n"
        "fsdp/fsdp1-setting-with-fsdp2  warning  Only FSDP1 reads the setting.\n"
        "fsdp/strategy-with-fsdp1       warning  FSDP1 shards fully, whatever `reshard_after_forward` is.\n"
        "fsdp/setting-of-other-policy   warning  The `auto_wrap_policy` does not read the setting.\n"
    )


def test_of_a_renamed_rule_is_the_page_of_the_new() -> None:
    assert run("rule", "parallel/old-fsdp") == run("rule", "fsdp/old-version")


def test_the_list_has_each_name_once_and_no_old_one() -> None:
    names = [line.split()[0] for line in run("rule").out.splitlines()]
    assert len(names) == len({*names})
    assert {*names} == rules.rule_names() == entries().keys()


@pytest.mark.parametrize("name", ["argument/no-effect", "trl/incompatible-arguments"])
def test_for_programs_a_split_rule_is_its_rows(name: str) -> None:
    (rule,) = [each for each in rules.all_rules() if each.name == name]
    found = entries(name)
    assert [*found] == [*rule.names]
    assert all(entry["summary"] and entry["source"] for entry in found.values())


def test_for_programs_a_row_says_whether_it_can_be_fixed() -> None:
    assert entries("fsdp/setting-with-tensor")["fsdp/setting-with-tensor"]["fix"] is True
    assert entries("fsdp/setting-of-other-policy")["fsdp/setting-of-other-policy"]["fix"] is False


def test_of_an_unknown_name_the_nearest_row_is_suggested() -> None:
    result = run("rule", "trl/packing-without-length")
    assert result.code == 2
    assert "did you mean trl/packing-without-max-length?" in result.err


def test_as_markdown_a_page_has_its_examples_in_fences() -> None:
    out = run("rule", "batch/indivisible", "--output-format", "markdown").out
    assert out.startswith("# batch/indivisible\n\nError.\n\nThe effective batch ")
    assert "\nBad:\n\n```yaml\nbatch: {effective: 100}\n" in out
    assert out.count("```") == 4
    script = run("rule", "batch/replaced-per-device", "--output-format", "markdown").out
    assert "\nBad:\n\n```python\nimport unsloth\n" in script


def test_as_markdown_without_a_name_are_all_pages() -> None:
    out = run("rule", "--output-format", "markdown").out
    assert {*re.findall("^# (.*/.*)$", out, re.MULTILINE)} == rules.rule_names()


@pytest.mark.parametrize(
    ("prose", "markdown"),
    [
        ("`per_device` is __post_init__ of *_config.py", r"`per_device` is \_\_post_init\_\_ of \*\_config.py"),
        ("per_device of <name> or a[0]", r"per_device of \<name> or a\[0]"),
        ("https://host/a_b/ and `https`", "<https://host/a_b/> and `https`"),
    ],
)
def test_in_markdown_prose_reads_as_it_is_written(prose: str, markdown: str) -> None:
    assert literal(prose) == markdown


def test_a_published_page_is_linked_to_from_sarif_and_terminals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(pages, "SITE", "https://example.org/configlint/")
    address = "https://example.org/configlint/rules/batch/indivisible/"
    spec = write("train.yaml", ERROR)
    (rule,) = json.loads(run("check", spec, "--output-format", "sarif").out)["runs"][0]["tool"]["driver"]["rules"]
    assert rule["helpUri"] == address
    assert f"\x1b]8;;{address}\x1b\\batch/indivisible" in text.linked("\x1b[1;31merror[batch/indivisible]\x1b[0m")
