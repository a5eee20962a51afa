"""`prove`: the ranks of a job, set up at its full size by the real libraries, train the batch that is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import plans
from program import run, write

from configlint import backends
from configlint.proving import ranks
from configlint.proving.answer import Found, Proof, Rank
from configlint.proving.prove import answer, job, sample
from configlint.proving.ranks import Job
from configlint.reporters import prove_report

ROOT = Path(__file__).parent.parent
NODES = "hardware: {{accelerator: h100-80gb, devices_per_node: 8, nodes: {}}}\n"
SMALL = "batch: {effective: 64, per_device: 2}\ndata: {train_examples: 6400}\n" + NODES.format(4)
GRPO = 'trl: "1.16"\ntrainer: GRPOTrainer\nbatch: {effective: 32, per_device: 4}\n' + NODES.format(1).replace(
    "8, nodes", "4, nodes"
)
# A generation of 24 completions lasts for a step and a half, and there is one in an epoch.
SHORT = GRPO.replace("32", "16").replace("4, nodes", "1, nodes") + (
    "data: {train_examples: 3}\ntraining: {num_generations: 8, steps_per_generation: 6}\n"
)
STREAM = SMALL.replace("6400", "6400, streaming: true") + "training: {max_steps: 10}\n"
MESHES = {
    "ddp": "{data: ddp}",
    "fsdp": "{data: fsdp}",
    "hsdp": "{data: fsdp, shard: 8}",
    "zero1": "{data: zero1}",
    "zero2": "{data: zero2}",
    "zero3": "{data: zero3}",
    "fsdp, tensor": "{data: fsdp, tensor: 2}",
    "ddp, tensor": "{data: ddp, tensor: 4}",
    "fsdp, context": "{data: fsdp, context: 4}",
    "zero2, tensor": "{data: zero2, tensor: 2}",
    "zero3, sequence": "{data: zero3, sequence: 4}",
}


def job_of(spec: str, *asked: int, variables: dict[str, str] | None = None, **arguments: object) -> Job:
    """The job of a spec; with these of its ranks, if any are named, with variables of its own, with arguments put
    in its JSON behind the back of all rules."""
    (plan,) = plans(spec)
    found = job(plan, backends.emit(plan))
    written = {**json.loads(found.files["training_args.json"]), **arguments}
    files = {**found.files, "training_args.json": json.dumps(written)}
    environment = found.environment if variables is None else variables
    return found._replace(files=files, environment=environment, ranks=asked or found.ranks)


def mesh(**sizes: int) -> dict[str, str]:
    variables = {f"PARALLELISM_CONFIG_{name.upper()}_SIZE": str(size) for name, size in sizes.items()}
    return {"ACCELERATE_USE_PARALLELISM_CONFIG": "true", **variables}


def jobs() -> dict[str, Job]:
    """All that is asked here, in one process: an import takes longer than a rank."""
    own = {
        name: f"{SMALL}training: {{bf16: true, save_only_model: true}}\nparallel: {value}\n"
        for name, value in MESHES.items()
    }
    fsdp, split = own["fsdp"], "batch: {per_device: 32, accumulation: 1}\n" + NODES.format(1)
    return {
        **{name: job_of(spec, *range(4), *range(8, 12)) for name, spec in own.items()},
        "all": job_of(own["zero2, tensor"]),
        "256": job_of(fsdp.replace("64, per_device: 2", "1024").replace("nodes: 4", "nodes: 32")),
        "split": job_of(split, accelerator_config={"split_batches": True}),
        "too small a mesh": job_of(fsdp, 0, 1, variables=mesh(dp_replicate=4, dp_shard=4)),
        "another mesh": job_of(fsdp, 0, 1, variables=mesh(dp_replicate=4, dp_shard=4, cp=2)),
        "cpu": job_of(SMALL.replace("h100-80gb", "cpu"), 0, 31),
        "zero2 on cpu": job_of(own["zero2"].replace("h100-80gb", "cpu"), 0, 31),
        "zero3 on cpu": job_of(own["zero3"].replace("h100-80gb", "cpu"), 0, 31),
        "fsdp on cpu": job_of(fsdp, 0, 1, use_cpu=True),
        "unknown": job_of(SMALL + "training: {learning_rate: 1.0e-5, learning_rte: 1.0}\n", 0),
        "disagreement": job_of(
            own["zero2"], 0, deepspeed={"train_micro_batch_size_per_gpu": 3, "zero_optimization": {"stage": 2}}
        ),
        "dispatch": job_of(SMALL, accelerator_config={"dispatch_batches": True}),
        "stream": job_of(STREAM),
        "stream, each for itself": job_of(STREAM, accelerator_config={"dispatch_batches": False}),
        "stream without end": job_of(STREAM, max_steps=-1),
        "gpu": job_of(
            SMALL + "training: {fp16: true, optim: adamw_bnb_8bit, report_to: wandb, eval_strategy: steps,\n"
            "  dataloader_num_workers: 4, dataloader_prefetch_factor: 2, push_to_hub: true}\n", 0, 31,
        ),
        "grpo": job_of(GRPO + "training: {num_generations: 8}\n"),
        "grpo, spread": job_of(
            GRPO + "training: {num_generations: 8, steps_per_generation: 6, num_iterations: 2}\n"
        ),
        "grpo, short": job_of(SHORT),
        "grpo, stream": job_of(GRPO + "data: {streaming: true}\ntraining: {num_generations: 8, max_steps: 4}\n"),
        "sft": job_of(SMALL.replace("batch", 'trl: "1.16"\ntrainer: SFTTrainer\nbatch', 1), 0, 31),
    }  # fmt: skip


@pytest.fixture(scope="module")
def answers() -> dict[str, Proof]:
    asked = jobs()
    found = ranks.set_up(list(asked.values()))
    return {name: answer(each, result) for (name, each), result in zip(asked.items(), found, strict=True)}


@pytest.mark.heavy
@pytest.mark.parametrize("name", MESHES)
def test_on_every_mesh_the_ranks_get_what_is_written(name: str, answers: dict[str, Proof]) -> None:
    found = answers[name]
    assert found.found.unproven is None
    assert found.found.refusals == ()
    assert found.differences == ()
    assert found.proven
    replicas = {rank.steps for rank in found.found.ranks}
    assert len(replicas) == 8 * (found.plan.parallel.replicas or 0) // 32
    assert found.distinct == (64 * len(replicas) // (found.plan.parallel.replicas or 1),) * 2


@pytest.mark.heavy
def test_with_all_ranks_what_is_counted_is_the_batch(answers: dict[str, Proof]) -> None:
    found = answers["all"]
    assert found.all_asked
    assert found.distinct == (64, 64)
    assert {(rank.claimed, rank.steps_per_epoch, rank.total_steps) for rank in found.found.ranks} == {
        (64, 100, 300)
    }
    # DeepSpeed counts the ranks of its tensor parallelism as if each had samples of its own.
    assert {rank.deepspeed for rank in found.found.ranks} == {128}
    assert found.proven


@pytest.mark.heavy
def test_of_256_ranks_some_are_asked_and_that_is_said(answers: dict[str, Proof]) -> None:
    text = prove_report.as_text([answers["256"]])
    assert "16 of 256 ranks counted: 16 of 256 replicas get 64 distinct samples per step" in text
    assert "so all replicas get 1,024; the plan says 1,024, the Trainer 1,024" in text
    assert answers["256"].proven


@pytest.mark.heavy
def test_a_batch_that_is_split_is_seen_though_the_trainer_says_otherwise(answers: dict[str, Proof]) -> None:
    """So that the tests above could fail."""
    found = answers["split"]
    assert found.distinct == (32, 32)
    assert {rank.claimed for rank in found.found.ranks} == {256}
    assert found.differences == (
        "32 distinct samples in step 1, but the plan says 256",
        "rank 0 gets 4 samples in step 1, expected 32",
    )
    assert found.proven is False


@pytest.mark.heavy
def test_another_mesh_than_planned_is_another_batch(answers: dict[str, Proof]) -> None:
    differences = answers["another mesh"].differences
    assert "ranks 0 and 1 belong to two replicas but both get 2 samples of step 1" in differences
    assert "32 samples per step as the Trainer counts them, but the plan says 64" in differences
    assert "context is 2 in the mesh, but the plan says 1" in differences


@pytest.mark.heavy
def test_a_library_refuses_in_its_own_words_at_the_line_that_they_are_about(answers: dict[str, Proof]) -> None:
    (misfit,) = answers["too small a mesh"].found.refusals
    assert misfit.rule == "verify/accelerate"
    assert "on rank 0 of 32: ParallelismConfig total_size (16) does not match num_processes (32)" in misfit.message
    assert misfit.span.line == 5
    (unknown,) = answers["unknown"].found.refusals
    assert unknown.rule == "verify/transformers"
    assert "['learning_rte']" in unknown.message
    (disagreement,) = answers["disagreement"].found.refusals
    assert "train_micro_batch_size_per_gpu=3 vs hf per_device_train_batch_size=2" in disagreement.message
    assert answers["unknown"].proven is False


@pytest.mark.heavy
def test_what_trains_without_a_gpu_is_asked_as_it_trains(answers: dict[str, Proof]) -> None:
    assert {rank.engine for rank in answers["cpu"].found.ranks} == {"MULTI_CPU"}
    assert answers["cpu"].proven
    assert answers["zero2 on cpu"].proven and answers["zero3 on cpu"].proven
    assert answers["fsdp on cpu"].differences[0] == "Accelerate runs MULTI_CPU, but the plan says fsdp"


@pytest.mark.heavy
def test_what_needs_a_gpu_or_a_network_is_put_aside_and_named(answers: dict[str, Proof]) -> None:
    assert answers["gpu"].proven
    assert answers["gpu"].found.aside == tuple(
        f"{name} (requires the machine of the job)" for name in ("fp16", "push_to_hub")
    )


@pytest.mark.heavy
def test_the_sampler_is_the_trainers_own(answers: dict[str, Proof]) -> None:
    assert answers["sft"].proven
    assert answers["sft"].found.aside == ("SFTTrainer.__init__ (requires the model and the data)",)
    found = answers["grpo"]
    assert found.proven
    assert (found.distinct, found.found.ranks[0].repeats) == ((4, 4), 8)
    assert "4 distinct examples per step, 8 samples of each over 4 ranks" in prove_report.as_text([found])


@pytest.mark.heavy
def test_completions_that_are_spread_over_steps_are_counted_together(answers: dict[str, Proof]) -> None:
    found = answers["grpo, spread"]
    (rank, *_) = found.found.ranks
    assert (found.proven, rank.repeats, rank.cycle) == (True, 16, 6)
    assert f"per {rank.cycle} steps, 16 samples of each" in prove_report.as_text([found])
    assert answers["grpo, stream"].proven


@pytest.mark.heavy
def test_generations_that_no_epoch_trains_to_their_end_are_not_counted_by_example(
    answers: dict[str, Proof],
) -> None:
    found = answers["grpo, short"]
    assert (found.proven, found.distinct, len(found.found.ranks[0].steps)) == (True, (), 1)
    text = prove_report.as_text([found, found])
    assert "16 samples per step over 1 rank (all counted); the plan says 16" in text
    assert "the same samples" not in text


@pytest.mark.heavy
@pytest.mark.parametrize("name", ["dispatch", "stream", "stream, each for itself"])
def test_the_batch_is_that_which_is_written_also_where_one_rank_reads_for_all(
    name: str, answers: dict[str, Proof]
) -> None:
    assert answers[name].proven
    assert set(answers[name].distinct) == {answers[name].plan.batch.trained}


@pytest.mark.heavy
def test_the_trainer_refuses_a_stream_without_end(answers: dict[str, Proof]) -> None:
    (refusal,) = answers["stream without end"].found.refusals
    assert "max_steps" in refusal.message


def test_what_cannot_be_told_is_not_claimed() -> None:
    asked = job_of(SMALL, 0)
    found = answer(asked, Found(unproven="the stand-ins do not work"))
    assert found.proven is None
    assert ": not proven: the stand-ins do not work" in prove_report.as_text([found])


@pytest.mark.heavy
def test_the_same_training_in_three_places_trains_the_same_samples() -> None:
    result = run("prove", ROOT / "examples" / "three-targets.yaml")
    assert result.code == 0, result.out + result.err
    for size in ("1 rank", "8 ranks", "32 ranks"):
        assert (
            f": 64 distinct samples per step over {size} (all counted); the plan says 64, the Trainer 64\n"
            in result.out
        )
    assert result.out.count("; 800 steps per epoch, as planned\n") == 3
    assert result.out.endswith("\nlaptop, node and cluster train the same samples in each step\n")


CPU_BUILD = "pip install torch --index-url https://download.pytorch.org/whl/cpu"


@pytest.mark.parametrize(
    ("spec", "installed", "said"),
    [
        ("", ["transformers"], f"accelerate and torch: run {CPU_BUILD} && pip install accelerate"),
        ("", ["accelerate", "transformers"], f"torch: run {CPU_BUILD}"),
        ('transformers: "4.57"\n', ["accelerate", "torch"], "transformers: run pip install 'transformers==4.57.*'"),
        (
            'trainer: SFTTrainer\ntrl: "0.20"\nparallel: {data: zero2}\n',
            ["accelerate", "torch", "transformers"],
            "trl and deepspeed: run pip install 'trl==0.20.*' deepspeed",
        ),
    ],
)
def test_what_is_not_installed_is_said_and_nothing_is_claimed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spec: str, installed: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("configlint.proving.ranks.find_spec", lambda name: name if name in installed else None)
    result = run("prove", write("train.yaml", spec + "batch: {effective: 64}\n" + NODES.format(1)))
    assert (result.code, result.out) == (2, "")
    assert result.err.splitlines()[-1] == f"configlint: prove requires {said}"


def test_what_is_not_written_is_not_proven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("prove", write("train.yaml", "batch: {effective: 64}\n" + NODES.format(1).replace("8", "7")))
    assert (result.code, result.out) == (1, "")
    assert "batch/indivisible" in result.err


@pytest.mark.parametrize(
    ("nodes", "parallel", "most"),
    [(4, "{data: fsdp}", 32), (64, "{data: ddp}", 16), (32, "{data: fsdp, context: 4}", 16)],
)
def test_ranks_are_asked_in_whole_replicas_from_end_to_end(nodes: int, parallel: str, most: int) -> None:
    (plan,) = plans(f"batch: {{effective: 1024}}\n{NODES.format(nodes)}parallel: {parallel}\n")
    world, replicas = plan.parallel.world or 0, plan.parallel.replicas or 0
    size = world // replicas
    asked = sample(plan, every=False)
    assert len(asked) == most
    assert list(asked) == sorted(set(asked))
    assert [rank for rank in asked if rank % size == 0] == list(asked[::size])
    assert {0, 7, 8, world - 1} <= set(asked)
    assert sample(plan, every=True) == tuple(range(world))


def rank_of(number: int, *steps: tuple[int, ...]) -> Rank:
    return Rank(
        number, steps, 1, 1, 4, 8, 8, "MULTI_GPU", None, {}, {"tensor": 1, "context": 1, "sequence": 1}, None
    )


def test_a_sample_that_two_replicas_get_is_told() -> None:
    (plan,) = plans("batch: {effective: 4, per_device: 2}\n" + NODES.format(1).replace("8, nodes", "2, nodes"))
    asked = job(plan, backends.emit(plan))
    fine = answer(asked, Found(("torch 2",), (rank_of(0, (5, 6)), rank_of(1, (7, 8)))))
    assert (fine.proven, fine.differences, fine.distinct) == (True, (), (4,))
    twice = answer(asked, Found(("torch 2",), (rank_of(0, (5, 6)), rank_of(1, (6, 8)))))
    assert twice.differences == (
        "3 distinct samples in step 1, but the plan says 4",
        "ranks 0 and 1 belong to two replicas but both get 1 sample of step 1",
    )
    record = json.loads(prove_report.as_json([fine, twice]))
    assert record["version"] == 1
    assert [target["proven"] for target in record["targets"]] == [True, False]
    assert record["targets"][1]["ranks"][0]["steps"] == [[5, 6]]
