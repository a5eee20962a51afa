"""configlint agrees with what other projects' tests assert, and so does what is installed.

The tables in tests/peers/ are facts in our own form, each with its source.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
import slurm_cluster
import yaml
from peer_tables import TABLES, checked, errors, of_keywords, rows

from configlint.backends import mesh
from configlint.core.diagnostic import Severity
from configlint.verify import sbatch

Row = dict[str, Any]


def shown(row: Row) -> str:
    return " ".join(f"{name}={value}" for name, value in row.items())


# TRL: the samples of an epoch of GRPO

SAMPLER = [
    {name: value if name == "of" else int(value) for name, value in row.items()} for row in rows("trl_sampler.csv")
]


def generated(row: Row) -> int:
    """The completions of a generation batch."""
    return int(row["per_device"] * row["devices"] * row["steps_per_generation"])


def test_an_epoch_of_grpo_has_the_batches_that_its_sampler_gives() -> None:
    for row in SAMPLER:
        if row["num_generations"] == 1:
            continue  # which the sampler can do, and GRPO refuses
        names = ("num_generations", "num_iterations", "steps_per_generation")
        plan, _ = checked(
            {
                "trl": "1.16",
                "trainer": "GRPOTrainer",
                "batch": {"per_device": row["per_device"], "accumulation": 1},
                "hardware": {"accelerator": "h100-80gb", "devices_per_node": row["devices"]},
                "data": {"train_examples": row["prompts"]},
                "training": {name: row[name] for name in names},
            }
        )
        assert plan.schedule.batches_per_epoch == row["samples"] // generated(row), shown(row)


@pytest.mark.heavy
@pytest.mark.parametrize("row", SAMPLER, ids=shown)
def test_the_installed_sampler_gives_the_samples_of_the_table(row: Row) -> None:
    from accelerate.data_loader import BatchSamplerShard
    from torch.utils.data import BatchSampler
    from trl.trainer.utils import RepeatSampler

    size, times = (
        row["per_device"] * row["steps_per_generation"],
        row["num_iterations"] * row["steps_per_generation"],
    )
    prompts = generated(row) // row["num_generations"]
    sampler = RepeatSampler(range(row["prompts"]), row["num_generations"], prompts, times)
    assert len(list(sampler)) == len(sampler) == row["samples"]
    for rank in range(row["devices"]):
        shard = BatchSamplerShard(BatchSampler(sampler, size, drop_last=False), row["devices"], rank)
        assert len(list(shard)) == row["samples"] // generated(row)


# Accelerate: what two ranks get of a data set

BATCHES: list[Row] = [
    {name: value == "yes" if value in ("yes", "no") else int(value) for name, value in row.items()}
    for row in rows("accelerate_batches.csv")
]


def two_ranks(row: Row) -> Row:
    """The spec of a row."""
    return {
        "batch": {"per_device": row["batch_size"], "accumulation": 1},
        "hardware": {"accelerator": "cpu", "devices_per_node": 2},
        "data": {"train_examples": row["examples"]},
        "training": {
            "dataloader_drop_last": row["drop_last"],
            "accelerator_config": {name: row[name] for name in ("even_batches", "split_batches")},
        },
    }


@pytest.mark.parametrize("row", [row for row in BATCHES if not row["split_batches"]], ids=shown)
def test_an_epoch_has_the_batches_that_accelerate_gives_the_first_rank(row: Row) -> None:
    plan, found = checked(two_ranks(row))
    assert plan.schedule.batches_per_epoch == row["batches_0"]
    assert plan.schedule.steps_per_epoch == max(row["batches_0"], 1)
    said = {each.rule: each.message for each in found}
    hangs = row["batches_0"] != row["batches_1"]
    assert hangs == ("batch/uneven-ranks" in said)
    too_small = said.get("batch/dataset-too-small")
    assert bool(too_small) == (row["examples"] < 2 * row["batch_size"] and not hangs)
    repeats = row["samples_0"] + row["samples_1"] > row["different"]
    assert too_small is None or repeats == ("samples repeat" in too_small)


@pytest.mark.parametrize("row", [row for row in BATCHES if row["split_batches"]], ids=shown)
def test_of_a_batch_that_is_split_the_rule_says_what_two_ranks_train(row: Row) -> None:
    said = errors(checked(two_ranks(row))[1])["batch/split-batches"]
    assert f"a step trains {row['batch_size']} samples instead of {2 * row['batch_size']}" in said
    if (row["even_batches"] and row["examples"] > row["batch_size"]) or row["drop_last"]:
        assert row["samples_0"] + row["samples_1"] == row["batches_0"] * row["batch_size"]


def test_a_batch_that_two_ranks_cannot_split_is_refused() -> None:
    odd = {"split_batches": True, "even_batches": True, "drop_last": False, "examples": 20, "batch_size": 3}
    assert "cannot split a batch of 3" in errors(checked(two_ranks(odd))[1])["batch/split-batches"]


@pytest.mark.heavy
@pytest.mark.parametrize("row", BATCHES, ids=shown)
def test_the_installed_accelerate_gives_the_batches_of_the_table(row: Row) -> None:
    from accelerate.data_loader import BatchSamplerShard
    from torch.utils.data import BatchSampler

    sampler = BatchSampler(range(row["examples"]), row["batch_size"], row["drop_last"])
    options = {name: row[name] for name in ("even_batches", "split_batches")}
    ranks = [list(BatchSamplerShard(sampler, 2, rank, **options)) for rank in range(2)]
    assert [len(batches) for batches in ranks] == [row["batches_0"], row["batches_1"]]
    samples = [[sample for batch in batches for sample in batch] for batches in ranks]
    assert [len(each) for each in samples] == [row["samples_0"], row["samples_1"]]
    assert len({*samples[0], *samples[1]}) == row["different"]


# Accelerate: meshes

SIZES = ("dp_replicate", "dp_shard", "cp", "tp")
MESHES: list[Row] = [
    {name: int(value) if name in SIZES else value for name, value in row.items()}
    for row in rows("accelerate_meshes.csv")
]


def meshed(row: Row) -> Row:
    """The spec of a row."""
    shards = row["dp_shard"] > 1 or row["cp"] > 1
    return {
        "batch": {"per_device": 1, "accumulation": 1},
        "hardware": {
            "accelerator": "h100-80gb",
            "devices_per_node": row["dp_replicate"] * row["dp_shard"] * row["cp"] * row["tp"],
        },
        "parallel": {
            "data": "fsdp" if shards else "ddp",
            **({"shard": row["dp_shard"]} if row["dp_shard"] > 1 else {}),
            "tensor": row["tp"],
            "context": row["cp"],
        },
        "training": {"save_strategy": "no"},
        "launch": {"script": "train.py"},
    }


@pytest.mark.parametrize("row", MESHES, ids=shown)
def test_a_mesh_has_accelerates_sizes_or_an_error_that_says_why_not(row: Row) -> None:
    plan, found = checked(meshed(row))
    assert errors(found).keys() == ({row["error"]} if row["error"] else set())
    assert plan.parallel.replicas == row["dp_replicate"] * row["dp_shard"]
    if plan.parallel.data == "fsdp":
        assert (plan.parallel.copies, plan.parallel.shard) == (row["dp_replicate"], row["dp_shard"])


@pytest.mark.heavy
@pytest.mark.parametrize("row", MESHES, ids=shown)
def test_the_installed_accelerate_builds_the_mesh_from_what_is_compiled(row: Row) -> None:
    from accelerate.parallelism_config import ParallelismConfig

    def built(config: ParallelismConfig) -> dict[str, int]:
        names, sizes = config._get_mesh()
        return dict(zip(names, sizes, strict=True))

    expected = {name: row[name] for name in SIZES if row[name] > 1}
    assert built(ParallelismConfig(**{f"{name}_size": row[name] for name in SIZES})) == expected
    variables = mesh.environment(checked(meshed(row))[0])
    if variables:
        with patch.dict(os.environ, variables):
            assert built(ParallelismConfig()) == expected


# Transformers: arguments

ARGUMENTS: list[Row] = [
    row
    for group in yaml.safe_load((TABLES / "transformers_arguments.yaml").read_text(encoding="utf-8")).values()
    for row in group
]


def of_arguments(row: Row) -> Row:
    """The spec of a row."""
    spec = of_keywords(row["accepted"] if "accepted" in row else row["refused"])
    return {**spec, **({"data": {"train_examples": row["examples"]}} if "examples" in row else {})}


@pytest.mark.parametrize("row", ARGUMENTS, ids=json.dumps)
def test_arguments_are_wrong_where_transformers_refuses_them(row: Row) -> None:
    plan, found = checked(of_arguments(row))
    if "refused" in row:
        assert row["rule"] in {each.rule for each in found if each.severity is not Severity.INFO}
    else:
        assert errors(found).keys() == ({row["rule"]} if "rule" in row else set())
    for path, value in row.get("plan", {}).items():
        section, _, name = path.partition(".")
        assert getattr(getattr(plan, section), name) == value


@pytest.fixture(scope="module")
def constructor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from test_agreement import Worker

    worker = Worker(sys.executable, "construct", tmp_path_factory.mktemp("empty"))
    yield worker
    worker.close()


@pytest.mark.heavy
@pytest.mark.parametrize("row", ARGUMENTS, ids=json.dumps)
def test_the_installed_class_refuses_what_the_table_says(row: Row, constructor: Any) -> None:
    from test_agreement import answer_to

    answer = answer_to(checked(of_arguments(row))[0], constructor)
    assert answer["by"], "the newest release that is known is installed"
    assert (answer["error"] is not None) == ("refused" in row and "by" not in row), answer


# Slurm: times

TIMES = rows("slurm_times.csv")


@pytest.mark.parametrize("row", TIMES, ids=shown)
def test_a_time_is_refused_as_slurm_refuses_it(row: Row) -> None:
    _, found = checked(
        {
            "batch": {"effective": 64},
            "hardware": {"accelerator": "h100-80gb", "devices_per_node": 8},
            "launch": {"script": "train.py", "slurm": {"time": row["text"]}},
        }
    )
    assert errors(found).keys() == (set() if row["seconds"] else {"launch/refused-slurm-value"})


@pytest.mark.heavy
def test_the_installed_slurm_refuses_the_times_of_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    if reason := slurm_cluster.missing():
        pytest.skip(reason)
    with slurm_cluster.cluster() as conf:
        monkeypatch.setenv("SLURM_CONF", str(conf))
        for row in TIMES:
            said = sbatch.refused(f"#!/bin/sh\n#SBATCH --time={shlex.quote(row['text'])}\n")
            assert said == (None if row["seconds"] else "Invalid --time specification"), row
