"""`configlint rule`: the page of a rule, that of a row of a table, and the list."""

from __future__ import annotations

import json
from typing import Any

import pytest
from program import run

from configlint import rules


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
