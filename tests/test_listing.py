"""`list`: every name that it prints is one that a spec may use."""

from __future__ import annotations

import json
from typing import Any

import pytest
from program import run

from configlint import knowledge
from configlint.commands.listing import KINDS


def rows(kind: str, *options: str) -> list[dict[str, Any]]:
    answer = json.loads(run("list", kind, *options, "--output-format", "json").out)
    assert answer["version"] == 1
    found: list[dict[str, Any]] = answer[kind]
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_people_and_programs_see_the_same_names(kind: str) -> None:
    lines = run("list", kind).out.splitlines()
    assert [line.split()[0] for line in lines] == [row["name"] for row in rows(kind)]
    assert not [line for line in lines if line != line.rstrip()]


def test_every_name_is_known() -> None:
    assert {row["name"] for row in rows("accelerators")} == {*knowledge.names("hardware")}
    assert {row["name"] for row in rows("models")} == {*knowledge.names("models")}
    newest = knowledge.find_release(None, None, "Trainer")
    assert {row["name"] for row in rows("arguments")} == newest.arguments.keys()
    assert {row["name"] for row in rows("optimizers")} == {*newest.arguments["optim"].choices}


def test_an_accelerator_has_its_memory_and_the_machines_that_have_it() -> None:
    (found,) = [row for row in rows("accelerators") if row["name"] == "h100-80gb"]
    assert found["memory_gib"] == 79.65
    assert "p5.48xlarge" in found["instances"]


def test_a_trainer_is_listed_from_the_release_that_added_it() -> None:
    assert "GRPOTrainer" not in {row["name"] for row in rows("trainers", "--trl", "0.9")}
    assert {row["name"]: row["module"] for row in rows("trainers", "--trl", "0.9")}["SFTTrainer"] is None
    assert {row["name"]: row["module"] for row in rows("trainers")}["SFTTrainer"] == "trl.scripts.sft"


def test_an_argument_has_its_type_default_age_and_meaning() -> None:
    found = {row["name"]: row for row in rows("arguments")}
    assert found["seed"] | {"meaning": ""} == {
        "name": "seed", "types": ["integer"], "default": "42", "since": None, "meaning": "",
    }  # fmt: skip
    assert found["optim"]["default"] == "adamw_torch or adamw_torch_fused"
    assert found["activation_checkpointing"]["since"] == "5.23"
    assert found["gradient_accumulation_steps"]["meaning"] == "Set by configlint from batch.accumulation."
    assert all(row["meaning"] for row in found.values())


def test_the_arguments_are_those_of_the_trainer_in_its_release() -> None:
    assert "evaluation_strategy" in {row["name"] for row in rows("arguments", "--transformers", "4.40")}
    assert "evaluation_strategy" not in {row["name"] for row in rows("arguments")}
    assert "num_generations" in {row["name"] for row in rows("arguments", "--trainer", "GRPOTrainer")}


@pytest.mark.parametrize(
    "options, message",
    [
        (["arguments", "--trainer", "SFTrainer"], "unknown trainer SFTrainer: did you mean SFTTrainer?"),
        (["trainers", "--trl", "0.2"], "configlint has no data for trl 0.2: use a release from"),
    ],
)
def test_what_there_is_no_data_of_is_a_sentence(options: list[str], message: str) -> None:
    result = run("list", *options)
    assert result.code == 2
    assert message in result.err
