"""What trainers hold beside the model that they train, and what their losses are made of."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import plan
from program import run

from configlint.core.workload import Estimate, Workload
from configlint.memory.closed_form import simulated
from configlint.memory.closed_form import trl as losses
from configlint.memory.closed_form.attention import Scope
from configlint.memory.closed_form.operations import linear
from configlint.memory.closed_form.tape import Storage, Tape, Tensor, Weight

GIB = 2**30
WEIGHTS = 1543714304 * 2  # of Qwen2.5 1.5B, in 16 bits


def estimate(trainer: str, training: str = "", more: str = "", trl: str = "1.16", batch: str = "") -> Estimate:
    found = plan(spec(trainer, training, more, trl, batch)).memory.estimate
    assert found is not None
    return found


def spec(trainer: str, training: str = "", more: str = "", trl: str = "1.16", batch: str = "") -> str:
    return (
        f'trl: "{trl}"\ntrainer: {trainer}\n'
        "model: {config: qwen2.5-1.5b, sequence_length: 1024, dtype: bfloat16}\n"
        f"batch: {{{batch or 'effective: 16, per_device: 4'}}}\n"
        "hardware: {accelerator: a100-80gb, devices_per_node: 1}\n"
        f"training: {{bf16: true, max_steps: 10{training and ', ' + training}}}\n{more}"
    )


LORA = "tuning: {method: lora, rank: 16, target_modules: all-linear, dropout: 0}\n"
PREFERENCE = ["DPOTrainer", "KTOTrainer"]
RATIO = ["ORPOTrainer", "CPOTrainer"]
ONLINE = ["GRPOTrainer", "RLOOTrainer"]
# The most logits of a batch in 32 bits that a loss has at once, its reference model's among them, as torch.profiler
# counts the tensors of each release's own code on a CPU; of 1.14 without its metrics, which CUDA has a kernel for.
COUNTED = {
    ("DPOTrainer", "0.24"): 2.5, ("DPOTrainer", "0.28"): 2.5, ("DPOTrainer", "0.29"): 4.5,
    ("DPOTrainer", "1.5"): 4.5, ("DPOTrainer", "1.6"): 3.19, ("DPOTrainer", "1.13"): 3.19,
    ("DPOTrainer", "1.14"): 2.5, ("KTOTrainer", "0.24"): 4.0, ("KTOTrainer", "1.5"): 4.0,
    ("KTOTrainer", "1.6"): 5.12, ("KTOTrainer", "1.7"): 3.13, ("KTOTrainer", "1.8"): 4.19,
    ("KTOTrainer", "1.9"): 3.5, ("KTOTrainer", "1.14"): 3.5,
}  # fmt: skip


class TestReference:
    @pytest.mark.parametrize("trainer", PREFERENCE)
    def test_a_copy_of_the_model_is_held_where_all_of_it_is_trained(self, trainer: str) -> None:
        assert estimate(trainer).breakdown["reference"] == pytest.approx(WEIGHTS, rel=1e-4)

    @pytest.mark.parametrize("trainer", PREFERENCE)
    def test_logarithms_that_are_made_before_spare_it(self, trainer: str) -> None:
        assert estimate(trainer, "precompute_ref_log_probs: true").breakdown["reference"] == 0

    @pytest.mark.parametrize("trainer", [*PREFERENCE, *ONLINE])
    def test_with_adapters_it_is_the_model_without_them(self, trainer: str) -> None:
        assert estimate(trainer, more=LORA).breakdown["reference"] == 0

    def test_the_default_of_beta_says_whether_there_is_one(self) -> None:
        assert estimate("GRPOTrainer").breakdown["reference"] == 0
        assert estimate("GRPOTrainer", "beta: 0.04").breakdown["reference"] > 0
        assert estimate("RLOOTrainer").breakdown["reference"] > 0
        assert estimate("RLOOTrainer", "beta: 0.0").breakdown["reference"] == 0

    @pytest.mark.parametrize(("data", "parts"), [("ddp", 1), ("zero2", 1), ("zero3", 8), ("fsdp", 8)])
    def test_zero_3_and_fsdp_alone_divide_it(self, data: str, parts: int) -> None:
        more = f"parallel: {{data: {data}}}\n"
        text = spec("DPOTrainer", more=more).replace("devices_per_node: 1", "devices_per_node: 8")
        found = plan(text.replace("effective: 16", "effective: 64")).memory.estimate
        assert found and found.breakdown["reference"] == pytest.approx(WEIGHTS / parts, rel=1e-4)

    def test_it_is_of_the_dtype_that_the_weights_are_loaded_in(self) -> None:
        found = plan(spec("DPOTrainer").replace("dtype: bfloat16", "dtype: float32")).memory.estimate
        assert found and found.breakdown["reference"] == pytest.approx(2 * WEIGHTS, rel=1e-4)


class TestPairs:
    def test_chosen_and_rejected_are_two_rows(self) -> None:
        pairs = estimate("DPOTrainer", "precompute_ref_log_probs: true", batch="effective: 16, per_device: 4")
        rows = estimate("KTOTrainer", "precompute_ref_log_probs: true", batch="effective: 16, per_device: 8")
        assert pairs.allocated == rows.allocated

    def test_they_are_padded_to_each_other_in_a_batch_of_one(self) -> None:
        one = plan(spec("DPOTrainer", batch="effective: 16, per_device: 1")).memory.workload
        other = plan(spec("KTOTrainer", batch="effective: 16, per_device: 1")).memory.workload
        assert one and other and (one.padded, other.padded) == (True, False)


class TestQuantized:
    """Source: trl 0.9 to 1.16, __init__ of each trainer, and models/utils.py, prepare_peft_model."""

    @pytest.mark.parametrize(
        ("trainer", "trl", "prepared"),
        [
            ("SFTTrainer", "0.25", True), ("SFTTrainer", "0.26", False), ("DPOTrainer", "0.28", True),
            ("DPOTrainer", "0.29", False), ("KTOTrainer", "1.3", True), ("GRPOTrainer", "0.21", False),
            ("GRPOTrainer", "0.25", True), ("ORPOTrainer", "1.16", True),
        ],
    )  # fmt: skip
    def test_some_releases_make_norms_float32_and_the_tables_bfloat16(
        self, trainer: str, trl: str, prepared: bool
    ) -> None:
        text = spec(trainer, more=LORA.replace("lora", "qlora"), trl=trl)
        found = plan(text).memory.workload
        assert found and (found.upcast, found.narrow_tables) == (prepared, prepared)
        assert found.adapter_dtype == ("float32" if prepared else "bfloat16")
        more = "parallel: {data: fsdp}\n"
        sharded = plan(text.replace("devices_per_node: 1", "devices_per_node: 8") + more).memory.workload
        assert sharded is None or not sharded.upcast


class TestLength:
    """Source: trl 0.9 to 1.16, __init__ of each trainer."""

    @pytest.mark.parametrize(
        ("trainer", "trl", "length"),
        [
            ("ORPOTrainer", "1.16", 512), ("CPOTrainer", "0.12", 512), ("KTOTrainer", "1.3", 512),
            ("DPOTrainer", "0.11", 512), ("DPOTrainer", "0.12", None), ("KTOTrainer", "1.4", None),
            ("SFTTrainer", "1.16", None),
        ],
    )  # fmt: skip
    def test_where_max_length_is_null_some_releases_cut_to_512_tokens(
        self, trainer: str, trl: str, length: int | None
    ) -> None:
        text = spec(trainer, "max_length: null", trl=trl).replace(", sequence_length: 1024", "")
        found = plan(text).memory
        assert (found.workload.length if found.workload else None) == length
        assert ("model.sequence_length" in found.missing) == (length is None)


class TestLoss:
    @pytest.mark.parametrize("trainer", [*PREFERENCE, *ONLINE])
    def test_before_it_was_made_in_tiles_the_logits_were_whole(self, trainer: str) -> None:
        before = estimate(trainer, "max_completion_length: 1024" if trainer in ONLINE else "", trl="1.14")
        now = estimate(trainer, "max_completion_length: 1024" if trainer in ONLINE else "", trl="1.15")
        assert before.phases["loss"] > now.phases["loss"]

    def test_of_what_is_generated_the_completions_alone_are_scored(self) -> None:
        few = estimate("GRPOTrainer", "max_completion_length: 128", trl="1.14")
        many = estimate("GRPOTrainer", "max_completion_length: 1000", trl="1.14")
        assert few.phases["backward"] < many.phases["backward"]

    @pytest.mark.parametrize(("trainer", "trl"), COUNTED)
    def test_of_whole_logits_there_are_as_many_at_once_as_each_release_has_of_real_tensors(
        self, trainer: str, trl: str
    ) -> None:
        logits = 8 * 1024 * 151_936 * 4
        peaks = {}
        for release in (trl, "1.14"):
            text = spec(
                trainer, trl=release, batch=f"effective: 16, per_device: {4 if trainer == 'DPOTrainer' else 8}"
            )
            found = plan(text.replace("bf16: true", "bf16: false").replace("dtype: bfloat16", "dtype: float32"))
            assert found.memory.estimate
            peaks[release] = found.memory.estimate.phases["loss"]
        more = COUNTED[trainer, trl] - COUNTED[trainer, "1.14"]
        # The logarithms of one row are an eighth.
        assert (peaks[trl] - peaks["1.14"]) / logits == pytest.approx(more, abs=0.2)

    @pytest.mark.parametrize(("trl", "held"), [("0.24", 0), ("0.29", 1), ("1.5", 1), ("1.6", 0), ("1.14", 0)])
    def test_while_the_reference_makes_its_own_logits_a_copy_is_held_where_the_release_makes_one(
        self, trl: str, held: int
    ) -> None:
        logits = 8 * 1024 * 151_936 * 4  # float32, of chosen and rejected rows
        with_reference = estimate("DPOTrainer", trl=trl).phases["loss"]
        without = estimate("DPOTrainer", "precompute_ref_log_probs: true", trl=trl).phases["loss"]
        weights = estimate("DPOTrainer", trl=trl).breakdown["reference"]
        assert (with_reference - without - weights) / logits == pytest.approx(1 + held, abs=0.01)

    def test_ligers_in_its_place_is_not_modelled(self) -> None:
        found = plan(spec("DPOTrainer", "use_liger_kernel: true", trl="1.14")).memory
        assert (found.estimate, found.missing) == (None, ("training.use_liger_kernel",))


class TestLikelihood:
    """ORPO and CPO: pairs without a reference model, and the likelihood of the chosen ones."""

    LOGITS = 8 * 1024 * 151_936 * 4  # float32, of chosen and rejected rows

    @pytest.mark.parametrize("trainer", RATIO)
    def test_there_is_no_reference_model(self, trainer: str) -> None:
        assert estimate(trainer).breakdown["reference"] == 0

    def test_without_it_a_backward_is_that_of_dpo_with_logarithms_made_before(self) -> None:
        before = estimate("DPOTrainer", "precompute_ref_log_probs: true", trl="1.14").phases
        assert estimate("CPOTrainer", "cpo_alpha: 0", trl="1.14").phases["backward"] == before["backward"]

    def test_alphapo_sets_its_weight_to_0(self) -> None:
        assert estimate("CPOTrainer", "loss_type: alphapo") == estimate("CPOTrainer", "cpo_alpha: 0.0")
        assert estimate("CPOTrainer") == estimate("ORPOTrainer")

    def test_the_logarithms_of_the_chosen_rows_stay_until_the_backward_comes_to_them(self) -> None:
        found, without = estimate("CPOTrainer"), estimate("CPOTrainer", "cpo_alpha: 0")
        more = found.phases["backward"] - without.phases["backward"]
        assert more == pytest.approx(self.LOGITS / 2, rel=1e-3)

    def test_the_kernel_of_1_14_keeps_the_logits_but_makes_no_gradient_twice(self) -> None:
        rows, kernel = (estimate("ORPOTrainer", trl=release).phases["backward"] for release in ("1.13", "1.14"))
        assert rows - kernel == pytest.approx(self.LOGITS, rel=1e-3)

    def test_before_0_15_logarithms_of_all_words_were_beside_the_logits(self) -> None:
        whole, rows = (estimate("CPOTrainer", "cpo_alpha: 0", trl=trl).phases["loss"] for trl in ("0.14", "0.15"))
        # Of what is made of them a row at a time, the most is the copy in 32 bits beside that in 16.
        assert whole - rows == pytest.approx(self.LOGITS * (2 - 1.5), rel=1e-3)

    @pytest.mark.parametrize("trainer", RATIO)
    def test_of_quantized_weights_norms_are_float32_and_tables_bfloat16(self, trainer: str) -> None:
        more = LORA.replace("lora", "qlora")
        found, of_dpo = (plan(spec(each, more=more)).memory.workload for each in (trainer, "DPOTrainer"))
        assert found and of_dpo
        assert (found.upcast, found.narrow_tables, found.adapter_dtype) == (True, True, "float32")
        assert (of_dpo.upcast, of_dpo.narrow_tables, of_dpo.adapter_dtype) == (False, False, "bfloat16")
        narrow, wide = (simulated(found._replace(narrow_tables=value)) for value in (True, False))
        table = 151_936 * 1536
        assert narrow and wide and wide.breakdown["weights"] - narrow.breakdown["weights"] == 2 * table

    @pytest.mark.parametrize("trainer", RATIO)
    def test_ligers_kernels_are_not_modelled(self, trainer: str, tmp_path: Path) -> None:
        text = spec(trainer, "use_liger_kernel: true")
        found = plan(text).memory
        assert (found.estimate, found.missing) == (None, ("training.use_liger_kernel",))
        (tmp_path / "train.yaml").write_text(text)
        said = run("fit", str(tmp_path / "train.yaml")).out
        assert f"memory is not modelled for Liger's kernels in {trainer}" in said

    @pytest.mark.heavy
    @pytest.mark.parametrize("rows", [2, 8])
    @pytest.mark.parametrize(("trainer", "nll"), [("ORPO", True), ("CPO", True), ("CPO", False)])
    def test_real_tensors_take_what_the_tape_says(self, trainer: str, nll: bool, rows: int) -> None:
        pytest.importorskip("trl")
        sizes = rows, 256, 4096, 16  # of length, words and width, of which the second hides that a row ends
        assert counted(nll, *sizes) == pytest.approx(allocated(trainer, nll, *sizes), rel=0.01)


def counted(nll: bool, rows: int, length: int, words: int, width: int) -> tuple[int, int]:
    """The peaks of forward and backward of output layer and loss in 32 bits, by the tape."""
    tape, count = Tape(), rows * length * width
    scope = Scope(Workload({}, rows, length, dtype="float32", scores=True, nll=nll), 4)

    def forward() -> Tensor:
        into = tape.record((Weight("input", count, 4, True),), (), lambda node: (node.grad,))
        x = Tensor(Storage(tape, 4 * count), count, 4, into)
        logits = linear(tape, x, Weight("output", words * width, 4, True), rows * length * words, "vocabulary")
        return losses.of_logits(tape, logits, scope, scope.rows)

    loss = forward()
    tape.settle()
    peak, node = tape.peak, loss.node
    tape.restart()
    assert node is not None
    node.grad = Storage(tape, 4)
    del loss
    tape.backward(node)
    return peak, tape.peak


def allocated(trainer: str, nll: bool, rows: int, length: int, words: int, width: int) -> tuple[int, int]:
    """The same of the trainer's own code, as torch.profiler has it of the CPU's allocator."""
    from importlib import import_module

    import torch
    from torch.profiler import ProfilerActivity, profile, record_function

    kind = getattr(import_module(f"trl.experimental.{trainer.lower()}"), f"{trainer}Trainer")
    itself: Any = SimpleNamespace(
        accelerator=SimpleNamespace(device=torch.device("cpu"), gather_for_metrics=lambda metric: metric),
        is_encoder_decoder=False, padding_value=0, pad_token_id=0, aux_loss_enabled=False,
        beta=0.1, cpo_alpha=float(nll), loss_type="sigmoid", alpha=0.0, label_smoothing=0.0,
        concatenated_inputs=kind.concatenated_inputs, get_batch_logps=kind.get_batch_logps,
    )  # fmt: skip
    for name in ("concatenated_forward", "odds_ratio_loss", "cpo_loss"):
        if hasattr(kind, name):
            setattr(itself, name, partial(getattr(kind, name), itself))
    output = torch.randn(words, width, requires_grad=True)
    x = torch.randn(rows, length, width, requires_grad=True)
    tokens = torch.randint(words, (rows // 2, length))
    parts = {"input_ids": tokens, "attention_mask": torch.ones_like(tokens), "labels": tokens}
    batch = {f"{which}_{name}": part for which in ("chosen", "rejected") for name, part in parts.items()}

    def model(*_: Any, **__: Any) -> Any:
        return SimpleNamespace(logits=x * 1 @ output.T)

    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        loss, _ = kind.get_batch_loss_metrics(itself, model, batch)
        with record_function("the backward begins"):
            loss.backward()
    events = sorted(profiler.profiler.kineto_results.events(), key=lambda event: event.start_ns())
    total, peaks = 0, [0, 0]
    backward = False
    for event in events:
        backward |= event.name() == "the backward begins"
        total += event.nbytes() if event.name() == "[memory]" else 0
        peaks[backward] = max(peaks[backward], total)
    return peaks[0], peaks[1]


class TestGeneration:
    def test_keys_and_values_of_all_rows_of_a_step_are_held(self) -> None:
        layers, width = 28, 2 * 128 * 2 * 2  # two key heads of 128, keys and values in 16 bits
        found = estimate("GRPOTrainer", batch="effective: 512, per_device: 1")
        assert found.phase == "generation"
        assert found.breakdown["generation"] == 512 * 1024 * width * (layers + 1)

    def test_fewer_at_once_hold_fewer(self) -> None:
        batch = "effective: 64, per_device: 8"
        found = estimate("GRPOTrainer", "steps_per_generation: 2", batch=batch).phases["generation"]
        assert found < estimate("GRPOTrainer", batch=batch).phases["generation"]
        same = estimate("GRPOTrainer", "generation_batch_size: 16", batch=batch).phases["generation"]
        assert found == same

    def test_a_server_takes_nothing_of_the_device(self) -> None:
        found = estimate("GRPOTrainer", "use_vllm: true, vllm_mode: server")
        assert (found.breakdown["generation"], found.phases["generation"]) == (0, 0)

    def test_vllm_beside_the_training_takes_its_part_of_the_device(self) -> None:
        server = estimate("GRPOTrainer", "use_vllm: true, vllm_mode: server")
        beside = estimate("GRPOTrainer", "use_vllm: true, vllm_mode: colocate, vllm_gpu_memory_utilization: 0.5")
        assert beside.low - server.low == beside.high - server.high == 40 * GIB

    def test_one_that_sleeps_has_it_while_it_generates_alone(self) -> None:
        setting = "use_vllm: true, vllm_mode: colocate, vllm_enable_sleep_mode: true, vllm_gpu_memory_utilization: "
        large, small = (estimate("GRPOTrainer", setting + part) for part in ("0.5", "0.05"))
        server = estimate("GRPOTrainer", "use_vllm: true, vllm_mode: server")
        assert (large.phase, small.allocated) == ("generation", server.allocated)
        resident = sum(large.breakdown[name] for name in ("weights", "optimizer"))
        assert large.allocated == resident + 40 * GIB

    def test_without_the_release_that_counts_completions_it_is_not_modelled(self) -> None:
        assert plan(spec("GRPOTrainer", trl="0.14")).memory.missing == ("trainer",)
