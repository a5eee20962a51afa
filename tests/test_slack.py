"""What the closed form has for the allocator's fragmentation, held against traced steps that the allocator replays.

The jobs are small ones of the kinds in benchmarks/memory/slack.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from program import run

from configlint.core.workload import Workload
from configlint.memory.closed_form import estimate, simulated
from configlint.memory.closed_form.slack import largest, slack

LLAMA: dict[str, object] = {
    "model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 512, "intermediate_size": 1408,
    "num_hidden_layers": 2, "num_attention_heads": 8, "vocab_size": 32000, "max_position_embeddings": 1024,
}  # fmt: skip
LORA = {"method": "lora", "targets": ("all-linear",), "autocast": "bfloat16"}


def workload(**fields: Any) -> Workload:
    return Workload(**{"config": LLAMA, "batch": 4, "length": 1024, **fields})


@pytest.mark.heavy
@pytest.mark.parametrize(
    "fields",
    [{}, {"many_lengths": True}, {"checkpointing": True}, LORA, {**LORA, "checkpointing": True}],
    ids=["one length", "many lengths", "checkpointing", "LoRA", "LoRA, checkpointing"],
)
def test_the_slack_covers_what_the_allocator_loses(fields: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    monkeypatch.syspath_prepend(str(Path(__file__).parent.parent / "benchmarks" / "memory"))
    import slack as replay

    asked = workload(padded=True, **fields)
    events, peak = replay.recorded(asked)
    assert not replay.fits(events, peak)
    assert replay.fits(events, peak + slack(asked, peak))


@pytest.mark.heavy
def test_the_slack_covers_all_that_the_benchmark_replayed(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    monkeypatch.syspath_prepend(str(Path(__file__).parent.parent / "benchmarks" / "memory"))
    import slack as replay

    lines = replay.TABLE.read_text(encoding="utf-8").splitlines()
    rows = [line.split(" | ") for line in lines if line.startswith("| ")][2:]
    jobs = list(replay.jobs())
    assert len(rows) == len(jobs) > 50
    for (model, setting, _, peak, _, lost, _), job in zip(rows, jobs, strict=True):
        assert (model.removeprefix("| "), setting) == (job.model, job.setting)
        assert slack(job.workload, int(peak) << 20) > (int(lost) << 20), job
        if job.workload.scores:  # which no trace has
            step = simulated(job.workload)
            assert step is not None and step.peak >> 20 == pytest.approx(int(peak), rel=0.02), job


class TestLargest:
    def test_it_is_the_logits_in_32_bits_of_all_rows(self) -> None:
        assert largest(workload()) == 4 * 32000 * 4096
        assert largest(workload(pairs=True)) == 2 * largest(workload())
        assert largest(workload(context=2)) == largest(workload()) // 2
        assert largest(workload(scores=True, scored=256)) == largest(workload()) // 4

    @pytest.mark.parametrize("fields", [{"fused_loss": True}, {"task": "token-classification"}, {"length": 8}])
    def test_without_logits_it_is_the_matrix_of_the_vocabulary(self, fields: dict[str, Any]) -> None:
        assert largest(workload(**fields)) == 2 * 32000 * 512
        assert largest(workload(dtype="float32", **fields)) == 4 * 32000 * 512

    def test_a_loss_in_tiles_adds_the_gradient_of_the_matrix_up_in_32_bits(self) -> None:
        assert largest(workload(chunked_loss=True)) == 4 * 32000 * 512
        assert largest(workload(chunked_loss=True, method="lora")) == 2 * 32000 * 512

    def test_a_nested_config_and_other_names_of_the_width_are_read(self) -> None:
        for config in ({"text_config": LLAMA}, {"vocab_size": 32000, "n_embd": 512}):
            assert largest(workload(config=config, length=8)) == 2 * 32000 * 512


def test_it_is_a_line_of_its_own_between_the_tensors_and_the_higher_figure() -> None:
    for fields in ({}, LORA, {"checkpointing": True}, {"data": "fsdp", "shard": 8, "world": 8}):
        found = estimate(workload(**fields), None)
        assert found is not None and found.slack == slack(workload(**fields), found.allocated)
        doubt = 1.1 if fields.get("data") else 1
        assert found.high == int(found.allocated * doubt) + found.slack


def test_fit_prints_it(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "model: {config: llama-3.2-1b, sequence_length: 1024}\nbatch: {effective: 8}\n"
        "hardware: {accelerator: a100-80gb, devices_per_node: 1}\ntraining: {bf16: true}\n"
    )
    lines = run("fit", str(tmp_path / "a.yaml")).out.splitlines()
    assert sum(line.startswith("PyTorch's allocator may need ") for line in lines) == 1


def test_lengths_that_vary_cost_more_than_one() -> None:
    assert slack(workload(many_lengths=True), 2**30) > slack(workload(), 2**30)
