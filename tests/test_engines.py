"""Each engine trains for real, from what was compiled for it: on CPU with gloo, two and four ranks.

What trains is count_samples.py; ranks.py stands in for the launchers, save in the last test.
"""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from test_training import launched

from configlint.host.write import write
from configlint.pipeline import compile_spec
from configlint.session import Session

pytestmark = pytest.mark.heavy

HERE = Path(__file__).parent
EFFECTIVE, STEPS = 16, 3
# Clipping at half of what the norms of the gradients are: it takes part in each update.
SPEC = """\
batch: {{effective: 16, per_device: 2}}
hardware: {{accelerator: {accelerator}, devices_per_node: {ranks}}}
parallel: {{{parallel}}}
training:
  output_dir: out
  max_steps: 3
  learning_rate: 0.03
  max_grad_norm: 0.5
  logging_steps: 1
  save_strategy: "no"
  remove_unused_columns: false
  report_to: none
launch: {{script: count_samples.py, launcher: {launcher}}}
"""
# Each rank's JSON, as count_samples.py wrote it.
Ranks = list[dict[str, Any]]


class Case(NamedTuple):
    """A `parallel` section, on so many ranks, and what must be seen of the engine.

    `mesh` and `placements` are those of a linear layer's weight; `weights` is the share of the model that a rank
    holds, and `state` that of Adam's moments of these weights; `together` ranks work on the same samples;
    `gradient` is how many times too large the engine makes it.
    """

    parallel: str
    ranks: int
    wrapper: str
    mesh: tuple[tuple[str, int], ...] = ()
    placements: tuple[str, ...] = ()
    weights: float = 1
    state: float = 1
    together: int = 1
    zero: int | None = None
    gradient: float = 1
    accelerator: str = "h100-80gb"
    launcher: str = "torchrun"

    def spec(self) -> str:
        return SPEC.format(**self._asdict())


DDP, FSDP, DEEPSPEED = "DistributedDataParallel", "FSDPLlamaForCausalLM", "DeepSpeedEngine"
HSDP_MESH = (("dp_replicate", 2), ("dp_shard_cp", 2))
HSDP = Case("data: fsdp, shard: 2", 4, FSDP, HSDP_MESH, ("R", "S(0)"), weights=1 / 2)
# FSDP cuts first along the rows what tensor parallelism has cut along them: torch's _S, a strided Shard.
FSDP_TENSOR = Case(
    "data: fsdp, tensor: 2", 4, FSDP, (("fsdp", 2), ("tp", 2)), ("_S(0, 2)", "S(0)"), weights=1 / 4, together=2
)
CASES = {
    "ddp x 2": Case("data: ddp", 2, DDP),
    "ddp x 4": Case("data: ddp", 4, DDP),
    "fsdp x 2": Case("data: fsdp", 2, FSDP, (("", 2),), ("S(0)",), weights=1 / 2),
    "fsdp x 4": Case("data: fsdp", 4, FSDP, (("", 4),), ("S(0)",), weights=1 / 4),
    "hsdp 2 x 2": HSDP,
    "hsdp 2 x 2, by accelerate": HSDP._replace(launcher="accelerate"),
    "tensor 2": Case(
        "data: ddp, tensor: 2", 2, "LlamaForCausalLM", (("tp", 2),), ("S(0)",), weights=1 / 2, together=2
    ),
    "fsdp 2 x tensor 2": FSDP_TENSOR,
    "zero0 x 2": Case("data: zero0", 2, DEEPSPEED, zero=0),
    "zero1 x 2": Case("data: zero1", 2, DEEPSPEED, zero=1, state=1 / 2),
    "zero2 x 2": Case("data: zero2", 2, DEEPSPEED, zero=2, state=1 / 2),
    "zero2 x 2, for CPUs": Case("data: zero2", 2, DEEPSPEED, zero=2, state=1 / 2, accelerator="cpu"),
    "zero3 x 2": Case("data: zero3", 2, DEEPSPEED, zero=3, weights=1 / 2),
    "zero3 x 2, for CPUs": Case("data: zero3", 2, DEEPSPEED, zero=3, weights=1 / 2, accelerator="cpu"),
    "zero1 2 x tensor 2": Case(
        "data: zero1, tensor: 2", 4, DEEPSPEED, zero=1, weights=1 / 2, state=1 / 2, together=2
    ),
    "zero3 2 x tensor 2": Case("data: zero3, tensor: 2", 4, DEEPSPEED, zero=3, weights=1 / 4, together=2),
    # Each of Ulysses' ranks goes back through the loss of the whole sequence; of the sum of these gradients ZeRO 3
    # takes the mean over all ranks, ZeRO 1 and 2 over the replicas.
    "zero2 x sequence 2": Case(
        "data: zero2, sequence: 2", 2, DEEPSPEED, zero=2, state=1 / 2, together=2, gradient=2
    ),
    "zero3 x sequence 2": Case("data: zero3, sequence: 2", 2, DEEPSPEED, zero=3, weights=1 / 2, together=2),
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Ranks]]:
    """Train a case, once; all in children of one process, which has imported what they need."""
    command = [sys.executable, str(HERE / "ranks.py")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        done: dict[str, Ranks] = {}

        def train(name: str) -> Ranks:
            if name not in done:
                folder = tmp_path_factory.mktemp("engine")
                print(json.dumps(compiled(folder, CASES[name])), file=process.stdin, flush=True)
                answer = json.loads(process.stdout.readline())
                assert answer["error"] is None, answer["error"]
                assert answer["ranks"] == CASES[name].ranks
                done[name] = [json.loads(path.read_text()) for path in sorted(folder.glob("out/rank-*.json"))]
            return done[name]

        yield train
        process.stdin.close()


def compiled(folder: Path, case: Case) -> str:
    """Where the files of a case are, beside its script."""
    shutil.copy(HERE / "count_samples.py", folder)
    (folder / "train.yaml").write_text(case.spec())
    write(compile_spec(str(folder / "train.yaml"), Session(), None, str(folder / "build")).folders)
    return str(folder / "build")


def assert_each_step_is_the_effective_batch(ranks: Ranks, together: int) -> None:
    """Each sample once among the replicas, and the same ones for the ranks that are one replica."""
    for first in range(0, len(ranks), together):
        for other in ranks[first + 1 : first + together]:
            assert other["samples"] == ranks[first]["samples"]
    assert all(len(rank["samples"]) == STEPS for rank in ranks)
    for step in map(str, range(STEPS)):
        consumed = [sample for rank in ranks[::together] for sample in rank["samples"][step]]
        assert len(consumed) == len(set(consumed)) == EFFECTIVE
    assert all(rank["batch"] == EFFECTIVE for rank in ranks)  # as the Trainer itself reckons


def assert_the_engine_is(case: Case, ranks: Ranks, whole: int) -> None:
    """Of a model of `whole` parameters. Tensor parallelism leaves norms whole, and AutoTP the embeddings too."""
    assert len(ranks) == case.ranks
    for rank in ranks:
        assert (rank["wrapper"], rank["zero"]) == (case.wrapper, case.zero)
        assert tuple(map(tuple, rank["mesh"])) == case.mesh
        assert tuple(rank["placements"]) == case.placements
        assert rank["weights"] / whole == pytest.approx(case.weights, abs=0.05)
        assert rank["state"] / rank["weights"] == case.state


@pytest.mark.parametrize("name", CASES)
def test_each_optimizer_step_sees_the_effective_batch(trained: Callable[[str], Ranks], name: str) -> None:
    assert_each_step_is_the_effective_batch(trained(name), CASES[name].together)


@pytest.mark.parametrize("name", CASES)
def test_the_engine_is_the_one_that_the_spec_asks_for(trained: Callable[[str], Ranks], name: str) -> None:
    """What is held on a rank tells ZeRO 1 from 0, and HSDP from FSDP; a mesh that was not read would be another."""
    assert_the_engine_is(CASES[name], trained(name), whole=trained("ddp x 2")[0]["weights"])


@pytest.mark.parametrize("name", [name for name in CASES if name != "ddp x 2"])
def test_the_engine_makes_no_difference_to_what_is_learnt(trained: Callable[[str], Ranks], name: str) -> None:
    """Seed, weights and order of the data are the same, and Accelerate deals that order out in turn: a step is the
    next 16 samples, however many replicas share them. All are of one length, so that the mean of replicas' means is
    the mean over the 16; and the gradient of one mean is one gradient, however it was cut up.

    Another batch, a gradient summed where it is to be averaged, a part of the norm missed in clipping would show.
    """
    ranks, reference = trained(name), trained("ddp x 2")
    for step in map(str, range(STEPS)):
        assert samples(ranks, step) == samples(reference, step)
    assert ranks[0]["losses"] == pytest.approx(reference[0]["losses"], abs=5e-4)
    if CASES[name].zero == 0:  # DeepSpeed tells no norm where it does not partition
        return
    # A gradient that is a multiple learns the same here, where clipping takes the factor out of each update.
    norms = [CASES[name].gradient * norm for norm in reference[0]["gradient_norms"]]
    assert ranks[0]["gradient_norms"] == pytest.approx(norms, rel=1e-3)


def samples(ranks: Ranks, step: str) -> set[int]:
    return {sample for rank in ranks for sample in rank["samples"][step]}


def test_learning_depends_on_each_update(trained: Callable[[str], Ranks]) -> None:
    """So that the test above could fail: a step learns more than its tolerance."""
    losses = trained("ddp x 2")[0]["losses"]
    assert all(before - after > 0.05 for before, after in itertools.pairwise(losses))


def test_launch_sh_hands_its_mesh_to_the_ranks_of_the_real_torchrun(tmp_path: Path) -> None:
    ranks = launched(tmp_path, HSDP.spec())
    assert_each_step_is_the_effective_batch(ranks, together=1)
    assert_the_engine_is(HSDP, ranks, whole=2 * ranks[0]["weights"])
