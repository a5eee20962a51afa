"""The closed form of memory: what it adds up to by hand, and that it is what the real model does (the trace)."""

from __future__ import annotations

import json
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import yaml
from conftest import plan as solved
from hypothesis import given, settings
from hypothesis import strategies as st
from program import run

from configlint import knowledge
from configlint.commands.explain import complete
from configlint.core.plan import Plan
from configlint.core.profile import Model
from configlint.core.workload import CATEGORIES, PHASES, Workload
from configlint.memory.closed_form import estimate, simulated, without_closed_form
from configlint.memory.closed_form.architecture import architecture
from configlint.memory.closed_form.optimizers import optimizer
from configlint.memory.closed_form.parts import Parts
from configlint.memory.closed_form.step import ComputedStep
from configlint.memory.options import ways
from configlint.session import Session, load_one

MIB = 2**20
TOKENS = 4 * 1024


def config_of(name: str, layers: int | None = None) -> dict[str, object]:
    found = knowledge.find_model(name, ".")
    assert isinstance(found, Model)
    config = {key: value for key, value in found.config.items() if key != "source"}
    return config if layers is None else {**config, "num_hidden_layers": layers}


LLAMA_8B = config_of("llama-3.1-8b")


def workload(**fields: Any) -> Workload:
    return Workload(**{"config": LLAMA_8B, "batch": 4, "length": 1024, "capability": (8, 0), **fields})


def step(**fields: Any) -> ComputedStep:
    found = simulated(workload(**fields))
    assert found is not None
    return found


def saved_per_token(**fields: Any) -> float:
    """Bytes that one layer keeps of each token, copies of weights left out."""
    return sum(step(**fields).stack[-1].saved.values()) / TOKENS


MODELS = [
    name
    for name in knowledge.names("models")
    if (config := config_of(name)).get("architectures") and architecture(config)
]


def test_most_bundled_models_have_a_closed_form() -> None:
    without = sorted(set(knowledge.names("models")) - set(MODELS))
    assert without == ["deberta-v3-base", "t5-base", "t5-large", "t5-small"]


@pytest.mark.parametrize("name", MODELS)
def test_the_parameters_are_those_of_the_profile(name: str) -> None:
    found = knowledge.find_model(name, ".")
    assert isinstance(found, Model) and found.parameters is not None
    assert step(config=config_of(name), batch=1, length=16).parameters == found.parameters


def test_of_what_reads_pictures_the_weights_are_counted_or_nothing_is() -> None:
    config = config_of("gemma-3-4b")
    text = {key: value for key, value in config.items() if key != "vision_config"}
    whole, alone = step(config=config, batch=1, length=16), step(config=text, batch=1, length=16)
    assert whole.breakdown["weights"] - alone.breakdown["weights"] == pytest.approx(2 * 419816304, abs=512)
    assert whole.trained == alone.trained
    for changed in ({"model_type": "llava"}, {"audio_config": {}}, {"vision_config": {"hidden_size": 64}}):
        assert without_closed_form(workload(config={**config, **changed})) == ("model.config",)


class TestByHand:
    """Llama 3.1 8B: hidden 4096, queries 4096, keys 1024, inner 14336, 32 heads."""

    WIDTHS = 16 * 4096 + 4 * 4096 + 4 * 1024 + 8 * 14336 + 4 * 32 + 8

    def test_a_layer_in_bfloat16_keeps_what_its_operations_save(self) -> None:
        assert saved_per_token() == self.WIDTHS

    def test_autocast_over_float32_keeps_a_wider_stream(self) -> None:
        assert saved_per_token(dtype="float32", autocast="bfloat16") == self.WIDTHS + 10 * 4096

    def test_checkpointing_keeps_the_input_alone(self) -> None:
        assert saved_per_token(checkpointing=True) == 2 * 4096

    def test_padding_keeps_a_mask_and_expanded_keys(self) -> None:
        assert saved_per_token(padded=True) == self.WIDTHS + 2 * 1024 + 4 * (4096 - 1024)

    def test_adapters_on_all_modules_keep_more_than_full_training(self) -> None:
        adapters = saved_per_token(method="lora", rank=16, targets=("all-linear",))
        assert adapters > 1.4 * saved_per_token()
        assert saved_per_token(method="lora", rank=16, targets=("all-linear",), autocast="bfloat16") < adapters

    def test_frozen_products_keep_no_input(self) -> None:
        assert saved_per_token(method="lora", rank=16) < saved_per_token()

    def test_the_loss_takes_12_bytes_a_token_and_word(self) -> None:
        found = step(batch=4, length=4096, checkpointing=True)
        assert found.phase == "backward"
        assert found.breakdown["logits"] == pytest.approx(12 * 128256 * 16384, rel=1e-3)

    def test_accumulation_keeps_a_set_of_gradients(self) -> None:
        found, more = step(), step(accumulation=2)
        assert more.peak - found.peak == pytest.approx(2 * more.parameters, rel=0.001)

    def test_biases_of_the_attention_are_those_of_all_four_products(self) -> None:
        more = step(config={**LLAMA_8B, "attention_bias": True}).parameters - step().parameters
        assert more == 32 * (4096 + 2 * 1024 + 4096)

    def test_the_window_of_ministral_is_that_of_every_layer(self) -> None:
        found = architecture({**LLAMA_8B, "model_type": "ministral3", "sliding_window": 512})
        assert found is not None and found.windows == (512,) * 32

    def test_weights_gradients_and_states_of_adam(self) -> None:
        found = step(batch=1, length=16)
        assert found.breakdown["weights"] == 2 * found.parameters
        assert found.breakdown["optimizer"] == 4 * found.parameters
        assert step(batch=1, length=16, dtype="float32").breakdown["optimizer"] == 8 * found.parameters

    def test_foreach_takes_another_tensor_for_each_parameter(self) -> None:
        fused, foreach = step(batch=1, length=16), step(batch=1, length=16, optimizer="adamw_torch")
        assert foreach.phases["step"] - fused.phases["step"] == 2 * fused.parameters

    @pytest.mark.parametrize(
        ("fields", "each"),
        [({}, 0.5 + 4 / 64), ({"nested_scales": True}, 0.5 + 1 / 64 + 4 / 64 / 256), ({"bits": 8}, 1.0)],
    )
    def test_quantized_weights_take_their_bits_and_the_scales(self, fields: dict[str, Any], each: float) -> None:
        found = step(batch=1, length=16, method="qlora", rank=8, **fields)
        outside = 2 * (2 * 128256 * 4096)
        assert found.breakdown["weights"] - outside == pytest.approx(each * 6.98e9, rel=0.01)

    def test_liger_leaves_next_to_nothing_of_the_logits(self) -> None:
        assert (
            step(batch=4, length=4096, fused_loss=True).phases["loss"] < step(batch=4, length=4096).phases["loss"]
        )
        plain = step(method="lora", checkpointing=True)
        assert step(method="lora", checkpointing=True, fused_loss=True).peak < 0.8 * plain.peak

    def test_keys_that_heads_share_have_no_kernel_in_float32(self) -> None:
        assert "heads x length" in step(dtype="float32").stack[0].saved
        assert "heads x length" not in step(dtype="float32", padded=True).stack[0].saved


class TestAdapters:
    """Llama 3.1 8B: its linear layers have six inputs of 4096 (q, k, v, o, gate and up) and one of 14336."""

    LORA = MappingProxyType({"method": "lora", "rank": 16, "targets": ("all-linear",)})

    def test_dropout_keeps_a_mask_of_a_byte_for_each_input_of_an_adapter(self) -> None:
        kept = saved_per_token(adapter_dropout=0.05, **self.LORA) - saved_per_token(**self.LORA)
        assert kept == 6 * 4096 + 14336

    def test_dropout_keeps_no_more_where_all_is_computed_again(self) -> None:
        assert saved_per_token(adapter_dropout=0.05, checkpointing=True, **self.LORA) == 2 * 4096

    @pytest.mark.parametrize(
        ("targets", "pattern", "adapted"),
        [
            (("q_proj", "v_proj"), False, 32 * (2 * 4096 + 4096 + 1024)),
            (("self_attn.q_proj",), False, 32 * 2 * 4096),
            (("model.layers.3.self_attn.q_proj", "layers.4.self_attn.q_proj"), False, 2 * 2 * 4096),
            ((r".*layers\.[01]\.mlp\.(up|down)_proj",), True, 2 * 2 * (4096 + 14336)),
            ((r"q_proj",), True, 0),
            (("proj",), False, 0),
            (("lm_head",), False, 128256 + 4096),
            (("embed_tokens",), False, 128256 + 4096),
        ],
    )
    def test_a_name_is_the_end_of_a_path_and_a_pattern_all_of_it(
        self, targets: tuple[str, ...], pattern: bool, adapted: int
    ) -> None:
        found = simulated(workload(method="lora", rank=1, targets=targets, pattern=pattern))
        assert (found.trained if found else 0) == adapted

    @pytest.mark.parametrize(
        ("name", "pattern", "adapted"),
        [
            ("bert-base-uncased", r"bert\.encoder\.layer\.0\.attention\.output\.dense", 768 + 768),
            ("roberta-base", r"roberta\.encoder\.layer\.0\.output\.dense", 3072 + 768),
            ("falcon-7b", r"transformer\.h\.0\.self_attention\.dense", 4544 + 4544),
        ],
    )
    def test_a_path_begins_as_in_the_real_model(self, name: str, pattern: str, adapted: int) -> None:
        fields = {"method": "lora", "rank": 1, "targets": (pattern,), "pattern": True}
        assert step(config=config_of(name), length=128, **fields).trained == adapted

    def test_modules_to_save_are_trained_whole_beside_the_weights_that_stay(self) -> None:
        matrix = 128256 * 4096
        plain, saved = step(**self.LORA), step(saved_modules=("lm_head", "embed_tokens"), **self.LORA)
        assert saved.trained - plain.trained == saved.parameters - plain.parameters == 2 * matrix
        tied = {**LLAMA_8B, "tie_word_embeddings": True}
        once = step(config=tied, saved_modules=("lm_head",), **self.LORA)
        assert once.parameters - step(config=tied, **self.LORA).parameters == matrix

    def test_what_is_saved_of_the_layers_is_not_guessed(self) -> None:
        for name in ("norm", "input_layernorm", "mlp", "proj", "nonsense"):
            asked = workload(saved_modules=(name,), **self.LORA)
            assert simulated(asked) is None and without_closed_form(asked) == ("tuning.modules_to_save",), name

    def test_dora_keeps_a_magnitude_a_row_and_a_copy_of_weights_with_dropout(self) -> None:
        plain, magnitudes = step(**self.LORA), step(dora=True, **self.LORA)
        assert magnitudes.trained - plain.trained == 32 * (2 * 4096 + 2 * 1024 + 2 * 14336 + 4096)
        wide = {"dora": True, "adapter_dropout": 0.05, **self.LORA}
        assert step(**wide).peak - magnitudes.peak > 4 * 6.9e9

    def test_layers_below_the_first_adapter_keep_nothing(self) -> None:
        top = {**self.LORA, "targets": (r".*layers\.31\..*_proj",), "pattern": True}
        assert sum(sum(segment.saved.values()) for segment in step(**top).stack[:31]) == 0

    def test_of_checkpointed_layers_only_every_second_is(self) -> None:
        stack = step(checkpointing=True, checkpointed_every=2).stack
        saved = [sum(segment.saved.values()) / TOKENS for segment in stack]
        assert saved[::2] == [2 * 4096] * 16 and saved[1::2] == [TestByHand.WIDTHS] * 16

    def test_windows_of_qwen_are_of_the_upper_layers_where_they_are_used(self) -> None:
        config = {**config_of("qwen2.5-0.5b"), "sliding_window": 512, "max_window_layers": 20}
        assert not any("length^2" in segment.saved for segment in step(config=config).stack)
        stack = step(config={**config, "use_sliding_window": True}).stack
        assert ["length^2" in segment.saved for segment in stack] == [False] * 20 + [True] * 4

    def test_what_is_compiled_may_take_less_and_never_more(self) -> None:
        plain, compiled = (estimate(workload(compiled=on), None) for on in (False, True))
        assert plain and compiled and compiled.low < plain.low and compiled.high == plain.high


class TestHeads:
    CLASSIFYING = ("sequence-classification", "token-classification", "question-answering")

    @pytest.mark.parametrize("name", ["bert-base-uncased", "roberta-base", "llama-3.2-1b", "gpt2"])
    @pytest.mark.parametrize("task", CLASSIFYING)
    def test_what_classifies_has_no_logit_for_each_word(self, name: str, task: str) -> None:
        config = config_of(name)
        words, labels = step(config=config), step(config=config, task=task)
        assert words.breakdown["logits"] > 4 * TOKENS * architecture(config).vocabulary  # type: ignore[union-attr]
        assert labels.breakdown["logits"] == 0 and labels.peak < words.peak

    def test_the_head_has_the_labels_of_the_config(self) -> None:
        many = {**LLAMA_8B, "id2label": {str(number): "" for number in range(1000)}}
        two, thousand = (step(config=config, task=self.CLASSIFYING[0]).parameters for config in (LLAMA_8B, many))
        assert thousand - two == 998 * 4096

    def test_adapters_leave_the_head_trained(self) -> None:
        found = step(method="lora", rank=1, targets=("q_proj",), task=self.CLASSIFYING[0])
        assert found.trained == 32 * 2 * 4096 + 2 * 4096

    @pytest.mark.parametrize(
        ("changed", "task"),
        [({}, "masked-lm"), ({"architectures": ["LlamaModel"]}, None), ({}, "multiple-choice")],
    )
    def test_another_head_is_not_guessed(self, changed: dict[str, Any], task: str | None) -> None:
        asked = workload(config={**LLAMA_8B, **changed}, task=task)
        assert simulated(asked) is None and without_closed_form(asked) == ("model.task",)


class TestReleases:
    """Source: transformers 4.30 to 4.49, whose code has as much of real tensors."""

    def test_before_4_49_the_loss_copies_the_logits(self) -> None:
        logits = 4 * TOKENS * 128_256
        before, since = (step(release=release).phases["loss"] for release in ((4, 48), (4, 49)))
        assert before - since == logits
        assert step(release=(4, 48)).phases["backward"] == step(release=(4, 49)).phases["backward"]

    def test_an_encoder_has_nothing_to_shift(self) -> None:
        bert = config_of("bert-base-uncased")
        fields: dict[str, Any] = {"config": bert, "length": 512}
        assert step(**fields, release=(4, 48)).phases == step(**fields, release=(4, 49)).phases

    @pytest.mark.parametrize(
        ("model", "first"), [("gpt2", "4.42"), ("llama-2-7b", "4.36"), ("qwen2.5-0.5b", "4.37")]
    )
    def test_a_model_is_loaded_with_sdpa_by_the_releases_that_have_it_for_its_family(
        self, model: str, first: str
    ) -> None:
        found = {}
        for release in ("4.31", first):
            asked = solved(
                f'transformers: "{release}"\nmodel: {{config: {model}, sequence_length: 1024}}\n'
                "batch: {per_device: 1, accumulation: 1}\ntraining: {num_train_epochs: 1}\n"
                "hardware: {accelerator: a100-80gb, devices_per_node: 1}\n"
            ).memory.workload
            assert asked is not None
            found[release] = asked.attention
        assert found[first] == "sdpa"
        assert found["4.31"] == ("sdpa" if model.startswith("qwen") else "eager")


class TestSharding:
    FIELDS = MappingProxyType({"world": 8, "shard": 8})

    def test_each_stage_of_zero_divides_more(self) -> None:
        peaks = [step(data=f"zero{stage}", accumulation=2, **self.FIELDS).peak for stage in (1, 2, 3)]
        assert peaks == sorted(peaks, reverse=True) and len(set(peaks)) == 3

    def test_zero1_divides_the_states_and_its_32_bit_weights(self) -> None:
        found = step(data="zero1", **self.FIELDS)
        assert found.breakdown["optimizer"] == pytest.approx(12 * found.parameters / 8, rel=1e-3)

    def test_what_is_offloaded_is_not_there(self) -> None:
        found = step(data="zero3", offload_optimizer=True, offload_parameters=True, **self.FIELDS)
        assert found.breakdown["optimizer"] == found.breakdown["weights"] == 0

    def test_fsdp_divides_the_weights(self) -> None:
        found = step(data="fsdp", **self.FIELDS)
        assert found.breakdown["weights"] == pytest.approx(2 * found.parameters / 8, rel=1e-3)

    def test_fsdp_keeps_whole_gradients_between_micro_batches_unless_they_are_synchronised(self) -> None:
        once, often = step(data="fsdp", **self.FIELDS), step(data="fsdp", accumulation=2, **self.FIELDS)
        exchanged = step(data="fsdp", accumulation=2, synchronised=True, **self.FIELDS)
        assert often.peak - once.peak > 1.5 * once.parameters > exchanged.peak - once.peak
        assert once.phases["step"] < 2 * once.parameters

    def test_several_devices_with_a_copy_each_take_a_bucket_of_gradients(self) -> None:
        alone, two = step(), step(world=2)
        assert two.peak - alone.peak == 2 * alone.parameters

    def test_tensor_parallel_divides_the_products_of_the_layers(self) -> None:
        assert step(tensor=4).breakdown["weights"] < step().breakdown["weights"] / 2
        assert step(tensor=4).peak < step(tensor=2).peak < step().peak

    def test_context_parallel_divides_the_tokens(self) -> None:
        assert sum(step(context=2).stack[0].saved.values()) == pytest.approx(
            saved_per_token() * TOKENS / 2, rel=1e-3
        )


class TestTape:
    def test_nothing_is_left_of_a_step_but_gradients(self) -> None:
        """A tensor that nobody drops would be counted forever."""
        for fields in (
            {},
            {"checkpointing": True},
            {"method": "lora"},
            {"dtype": "float32", "autocast": "bfloat16"},
        ):
            asked = workload(**fields)
            sizes = architecture(asked.config)
            assert sizes is not None
            parts = Parts(asked, sizes)
            model = parts.model(sizes)
            parts.model = lambda *_, model=model: model  # type: ignore[method-assign,misc]
            parts.layer(1)
            assert model.tape.total == 0, fields

    @given(
        batch=st.integers(1, 8),
        length=st.sampled_from([128, 512, 2048]),
        name=st.sampled_from(["llama-3.2-1b", "gemma-3-1b", "gpt2", "bert-base-uncased", "qwen3-30b-a3b"]),
        fields=st.fixed_dictionaries(
            {},
            optional={
                "checkpointing": st.booleans(),
                "padded": st.booleans(),
                "accumulation": st.sampled_from([1, 2]),
                "autocast": st.sampled_from([None, "bfloat16"]),
                "method": st.sampled_from(["full", "lora", "qlora"]),
                "attention": st.sampled_from(["sdpa", "eager", "flash_attention_2"]),
                "data": st.sampled_from(["ddp", "zero1", "zero2", "zero3", "fsdp"]),
                "world": st.just(4),
                "shard": st.just(4),
                "optimizer": st.sampled_from(["adamw_torch", "adafactor", "sgd", "paged_adamw_8bit"]),
            },
        ),
    )
    @settings(max_examples=60, deadline=None)
    def test_more_samples_never_take_less_and_the_parts_make_the_whole(
        self, batch: int, length: int, name: str, fields: dict[str, Any]
    ) -> None:
        one = workload(config=config_of(name), batch=batch, length=length, **fields)
        less, more = estimate(one, None), estimate(one._replace(batch=batch + 1), None)
        assert less is not None and more is not None
        assert less.allocated <= more.allocated and less.high <= more.high
        assert sum(less.breakdown[category] for category in CATEGORIES) == less.allocated
        if fields.get("data", "ddp") == "ddp":
            assert less.allocated <= less.low <= less.high
        else:  # the terms of sharding are not measured
            assert less.low < less.allocated < less.high
        assert set(less.phases) == set(PHASES) and less.allocated == max(less.phases.values())


SPEC = """
model: {config: llama-3.1-8b, sequence_length: 2048, dtype: bfloat16}
tuning: {method: lora, rank: 16, target_modules: all-linear}
batch: {effective: 64}
hardware: {accelerator: rtx-4090, devices_per_node: 1}
training: {output_dir: out, bf16: true, activation_checkpointing: true}
"""


def plan(tmp_path: Any, text: str, *assignments: str) -> Plan:
    path = tmp_path / "a.yaml"
    path.write_text(text)
    return load_one(str(path), Session(assignments)).plans[0]


class TestTheSolverChooses:
    def test_the_largest_divisor_that_fits(self, tmp_path: Any) -> None:
        found = plan(tmp_path, SPEC, "hardware.accelerator=a100-80gb")
        size, memory = found.batch.per_device, found.memory
        assert size and memory.estimate and memory.budget and memory.workload and found.batch.trained == 64
        assert memory.estimate.high <= memory.budget
        larger = memory.ask(memory.workload._replace(batch=2 * size))
        assert larger is not None and larger.high > memory.budget
        assert memory.largest == size

    @pytest.mark.parametrize("accelerator", ["l4", "a100-40gb", "a100-80gb", "h200", "mi300x"])
    @pytest.mark.parametrize("effective", [1, 2, 6, 64, 96, 510, 4096])
    def test_the_same_as_trying_every_divisor(self, tmp_path: Any, accelerator: str, effective: int) -> None:
        found = plan(tmp_path, SPEC, f"hardware.accelerator={accelerator}", f"batch.effective={effective}")
        memory = found.memory
        assert memory.workload and memory.budget
        fitting = [0]
        for size in (size for size in range(1, effective + 1) if effective % size == 0):
            accumulation = min(effective // size, 2)
            asked = memory.workload._replace(batch=size, accumulation=accumulation, padded=size > 1)
            answer = memory.ask(asked)
            assert answer is not None
            if answer.high > memory.budget:
                break
            fitting.append(size)
        assert found.batch.per_device == max(fitting[-1], 1)
        assert memory.largest == fitting[-1]

    def test_a_bound_holds_where_more_would_fit(self, tmp_path: Any) -> None:
        assert plan(tmp_path, SPEC, "hardware.accelerator=h200", "batch.per_device.max=2").batch.per_device == 2

    def test_where_not_even_one_fits_it_is_one(self, tmp_path: Any) -> None:
        found = plan(tmp_path, SPEC, "hardware.accelerator=t4")
        assert (found.batch.per_device, found.memory.largest) == (1, 0)

    def test_more_headroom_leaves_less(self, tmp_path: Any) -> None:
        spec = SPEC.replace("rtx-4090", "a100-80gb")
        sizes = [plan(tmp_path, spec, f"hardware.headroom={part}").batch.per_device for part in (0.0, 0.5)]
        assert sizes[0] and sizes[1] and sizes[0] > sizes[1]

    @pytest.mark.parametrize(
        ("assignment", "missing"),
        [
            ("model.config=t5-small", ("model.config",)),
            ("model.config=no-such-model", ("model.config",)),
            ("training.optim=galore_adamw", ("training.optim",)),
            ("trainer=DistillationTrainer", ("trainer",)),
            ("tuning.target_modules=[foo]", ("tuning.target_modules",)),
        ],
    )
    def test_what_is_not_known_is_named_and_it_starts_at_one(
        self, tmp_path: Any, assignment: str, missing: tuple[str, ...]
    ) -> None:
        found = plan(tmp_path, SPEC, assignment)
        assert (found.memory.missing, found.memory.estimate, found.batch.per_device) == (missing, None, 1)

    def test_an_attention_that_is_no_name_makes_the_memory_unknown(self, tmp_path: Any) -> None:
        assert plan(tmp_path, SPEC, "model.attention=5").memory.estimate is None

    @pytest.mark.parametrize("headroom", ["1", "1.5", "-0.1"])
    def test_a_headroom_that_is_no_part_of_the_memory_chooses_nothing(self, tmp_path: Any, headroom: str) -> None:
        found = plan(tmp_path, SPEC, f"hardware.headroom={headroom}")
        assert (found.memory.budget, found.batch.fitting, found.batch.per_device) == (None, None, 1)

    def test_each_figure_has_its_formula(self, tmp_path: Any) -> None:
        found = complete(plan(tmp_path, SPEC))
        parts = [path for path in found.origins if path.startswith("memory.")]
        assert {"memory.weights", "memory.saved", "memory.allocated", "memory.high"} <= set(parts)
        allocated = found.origins["memory.allocated"]
        assert allocated.value == sum(int(str(found.origins[path].value)) for path in allocated.inputs)
        assert "(2 hidden)" in found.origins["memory.saved"].why


def test_two_costly_changes_are_named_where_no_single_one_is_enough(tmp_path: Any) -> None:
    text = """
        model: {config: llama-3.1-70b, sequence_length: 512, dtype: bfloat16}
        batch: {effective: 64}
        hardware: {accelerator: a100-40gb, devices_per_node: 8}
        launch: {script: train.py}
    """
    (way,) = ways(plan(tmp_path, text))
    assert {"parallel.data", "tuning"} <= {put.path for put in way.puts}


def test_adapters_that_are_proposed_to_a_script_of_trl_have_no_dropout(tmp_path: Any) -> None:
    text = """
        trainer: SFTTrainer
        model: {config: llama-3.1-8b, sequence_length: 512, dtype: bfloat16}
        batch: {effective: 64}
        hardware: {accelerator: rtx-4090, devices_per_node: 1}
        launch: {module: trl.scripts.sft}
    """
    found = [put for way in ways(plan(tmp_path, text)) for put in way.puts if put.path == "tuning"]
    assert found and all(isinstance(put.value, dict) and put.value["dropout"] == 0 for put in found)


@pytest.mark.parametrize(
    ("quantized", "method", "known"),
    [
        ({"load_in_4bit": True}, "lora", True),
        ({"load_in_4bit": True}, "full", False),
        ({"load_in_4bit": False}, "lora", False),
        ({"load_in_4bit": True, "quant_method": "gptq"}, "lora", False),
    ],
)
def test_only_adapters_train_on_a_quantized_checkpoint(
    tmp_path: Any, quantized: dict[str, object], method: str, known: bool
) -> None:
    (tmp_path / "config.json").write_text(json.dumps({**LLAMA_8B, "quantization_config": quantized}))
    found = plan(tmp_path, SPEC, f"model.config={tmp_path / 'config.json'}", f"tuning.method={method}")
    assert (found.memory.estimate is not None) == known


def test_completions_without_a_limit_may_fill_the_sequence(tmp_path: Any) -> None:
    text = """
        trainer: GRPOTrainer
        model: {config: llama-3.2-1b, sequence_length: 2048, dtype: bfloat16}
        batch: {effective: 64, per_device: 8}
        hardware: {accelerator: a100-80gb, devices_per_node: 1}
    """
    short, unlimited = (
        plan(tmp_path, text, f"training.max_completion_length={most}").memory.estimate for most in ("1", "null")
    )
    assert short and unlimited and unlimited.high > short.high


def test_an_epoch_of_split_batches_has_no_last_step_of_its_own(tmp_path: Any) -> None:
    text = """
        batch: {effective: 64, per_device: 8}
        data: {train_examples: 100}
        hardware: {accelerator: a100-80gb, devices_per_node: 2}
        launch: {script: train.py}
    """
    split = "training.accelerator_config={split_batches: true}"
    assert [plan(tmp_path, text, *more).schedule.last_step_samples for more in ((), (split,))] == [48, None]


def test_explain_shows_the_memory_as_one_tree_in_gib(tmp_path: Any) -> None:
    (tmp_path / "a.yaml").write_text(SPEC)
    lines = run("explain", str(tmp_path / "a.yaml"), "memory").out.splitlines()
    assert lines[0].startswith("memory.high = ") and " GiB " in lines[0]
    assert any("|- memory.weights = " in line and "x 2.01 bytes" in line for line in lines)
    assert any("memory.saved = " in line and "32 layers x " in line for line in lines)
    assert len(lines) < 45


def test_explain_says_that_the_memory_is_not_known(tmp_path: Any) -> None:
    (tmp_path / "a.yaml").write_text(SPEC.replace("llama-3.1-8b", "t5-small"))
    result = run("explain", str(tmp_path / "a.yaml"), "memory")
    assert (result.code, "memory is unknown" in result.err) == (2, True)


def test_every_optimizer_with_states_in_the_parameters_own_size_takes_more_in_float32() -> None:
    for name in ("adamw_torch", "rmsprop", "adagrad"):
        assert optimizer(Workload({}, 1, 1, optimizer=name)) is not None
        assert step(optimizer=name, dtype="float32").peak > step(optimizer=name).peak


@pytest.fixture
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent.parent / "benchmarks" / "memory"))


@pytest.mark.usefixtures("benchmarks")
def test_published_readings_of_modules_are_met() -> None:
    import published

    data = yaml.safe_load(published.READINGS.read_text(encoding="utf-8"))
    for reading in data["readings"]:
        assert published.computed(reading) / MIB == pytest.approx(reading["mib"], rel=0.001), reading


@pytest.mark.usefixtures("benchmarks")
def test_no_job_that_was_reported_to_run_out_of_memory_is_said_to_fit() -> None:
    import published

    jobs = yaml.safe_load(published.JOBS.read_text(encoding="utf-8"))
    assert len(jobs) >= 12
    assert not [job["source"] for job in jobs if published.verdict(published.plan(job["spec"])) == "fits"]


@pytest.mark.usefixtures("benchmarks")
def test_published_readings_of_whole_jobs_are_inside_where_one_sample_or_adapters_are_trained() -> None:
    import published

    jobs = yaml.safe_load(published.MEASURED.read_text(encoding="utf-8"))
    chosen = [job for job in jobs if job["kind"] == "adapters" or " 1 x " in job["says"]]
    assert len(chosen) == 8
    for job in chosen:
        assert published.place(job["gib"], *published.without_context(job["spec"])) == "inside", job["says"]


@pytest.mark.usefixtures("benchmarks")
def test_half_the_length_fits_where_its_report_says_so() -> None:
    import published

    jobs = yaml.safe_load(published.JOBS.read_text(encoding="utf-8"))
    (spec,) = (job["spec"] for job in jobs if "1024 tokens fit" in job["says"])
    shorter = spec.replace("sequence_length: 2048", "sequence_length: 1024")
    assert (published.verdict(published.plan(spec)), published.verdict(published.plan(shorter))) == (
        "does not fit", "fits",
    )  # fmt: skip


@pytest.mark.heavy
@pytest.mark.usefixtures("benchmarks")
def test_the_closed_form_is_what_the_real_model_does() -> None:
    """Some of the cells of benchmarks/memory/closed_form.md: each setting, with one model after the other."""
    import validate

    cells = list(validate.cells())
    dense = [cells[number * len(validate.SETTINGS) + number % len(validate.SETTINGS)] for number in range(14)]
    chosen = [*dense, *(cell for cell in cells if cell.layers == 4 and cell.setting in ("Liger", "8-bit AdamW"))]
    for row in validate.measured([*chosen, next(cell for cell in cells if not cell.dense)]):
        assert row.error is not None, (row.cell.model, row.cell.setting, row.traced)
        assert abs(row.error) <= 0.005, (row.cell.model, row.cell.setting, row.error)


@pytest.mark.heavy
def test_a_family_without_a_closed_form_can_be_traced(tmp_path: Any) -> None:
    (tmp_path / "a.yaml").write_text(SPEC.replace("llama-3.1-8b", "t5-small").replace("rtx-4090", "t4"))
    result = run("fit", str(tmp_path / "a.yaml"), "--trace")
    assert "traced: tensors take " in result.out, result
