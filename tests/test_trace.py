"""The trace: what a training step holds, against what can be worked out by hand and against real tensors.

Bytes; T tokens, h hidden size, q and k the width of all query and all key heads, m that of the MLP, a heads,
V the vocabulary. A layer's share is the difference between a model with one layer more and the model.
"""

from __future__ import annotations

import json
import os
from contextlib import nullcontext
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from configlint.core.workload import CATEGORIES, PHASES, Workload
from configlint.memory import trace as parent
from configlint.memory.closed_form import simulated

pytestmark = pytest.mark.heavy

H, Q, K, M, A, V = 512, 512, 128, 1536, 8, 4000
LLAMA: dict[str, object] = {
    "model_type": "llama",
    "architectures": ["LlamaForCausalLM"],
    "hidden_size": H,
    "intermediate_size": M,
    "num_hidden_layers": 2,
    "num_attention_heads": A,
    "num_key_value_heads": 2,
    "vocab_size": V,
    "tie_word_embeddings": False,
}
LINEAR = 2 * H * Q + 2 * H * K + 3 * H * M  # a layer's, without its norms
TOKENS = 1024


def the_step() -> Any:
    """The module that traces, imported with torch where a test runs."""
    return pytest.importorskip("configlint.memory.trace.traced", reason="torch is not installed")


def traced(config: dict[str, object] | None = None, **fields: Any) -> dict[str, Any]:
    """The result for a small Llama with these changes; `layers` changes their number."""
    changed = {**LLAMA, **(config or {})}
    changed["num_hidden_layers"] = fields.pop("layers", changed.get("num_hidden_layers"))
    given = {"batch": 1, "length": TOKENS, "optimizer": "sgd", **fields}
    result: dict[str, Any] = the_step().traced({"config": changed, **given})
    assert "error" not in result, result
    return result


def refusal(config: dict[str, object] | None = None, **fields: Any) -> str:
    given = {"batch": 1, "length": 64, **fields}
    return str(the_step().traced({"config": config or LLAMA, **given})["error"])


def of_a_layer(config: dict[str, object] | None = None, **fields: Any) -> int:
    """Bytes that one layer more keeps for the backward."""
    more = traced(config, layers=3, **fields)["saved"] - traced(config, layers=2, **fields)["saved"]
    return int(more)


def near(value: float) -> Any:
    return pytest.approx(value, rel=1e-3)


AMP: dict[str, object] = {"dtype": "float32", "autocast": "bfloat16"}


@pytest.mark.parametrize("attention", ["sdpa", "flash_attention_2"])
def test_a_layer_in_bfloat16_keeps_the_tensors_of_its_operations(attention: str) -> None:
    kept = TOKENS * (16 * H + 4 * Q + 4 * K + 8 * M + 4 * A + 8)
    assert of_a_layer(attention=attention) == near(kept)


def test_autocast_keeps_copies_of_inputs_and_weights_in_sixteen_bits() -> None:
    assert of_a_layer(**AMP) == near(TOKENS * (26 * H + 4 * Q + 4 * K + 8 * M + 4 * A + 8) + 2 * LINEAR)


def test_a_checkpointed_layer_keeps_its_input() -> None:
    assert of_a_layer(checkpointing=True) == near(2 * H * TOKENS)
    assert of_a_layer(checkpointing=True, **AMP) == near(4 * H * TOKENS)


def test_checkpointing_does_not_clear_autocasts_copies_of_the_weights_before_the_forward_ends() -> None:
    forward = [traced(layers=n, checkpointing=True, **AMP)["phases"]["forward"] for n in (2, 3)]
    weights = 4 * (LINEAR + 2 * H)
    assert forward[1] - forward[0] == near(weights + 2 * LINEAR + 4 * H * TOKENS)


def test_eager_attention_keeps_the_scores_and_their_softmax() -> None:
    fused, eager = (of_a_layer(attention=name) for name in ("sdpa", "eager"))
    # Keys and values are repeated for each head; the fused kernel keeps a number for each query.
    assert eager - fused == near(TOKENS * (TOKENS * A * 6 + 4 * Q - 4 * K - 4 * A))


def test_a_mask_costs_its_bias_in_each_layer_and_a_key_and_value_for_each_head() -> None:
    kept = of_a_layer(batch=2, padded=True) - of_a_layer(batch=2)
    assert kept == near(2 * TOKENS * TOKENS * 2 + 2 * TOKENS * (4 * Q - 4 * K))


def test_flash_attention_takes_no_mask() -> None:
    padded, full = (traced(attention="flash_attention_2", padded=padded) for padded in (True, False))
    assert {**padded, "seconds": 0} == {**full, "seconds": 0}


def test_heads_that_share_keys_in_float32_have_no_fused_kernel() -> None:
    shared = of_a_layer(dtype="float32")
    alone = of_a_layer({"num_key_value_heads": A}, dtype="float32")
    assert shared - alone == pytest.approx(TOKENS * TOKENS * A * 4, rel=0.05)


def test_an_old_gpu_has_no_flash_attention() -> None:
    old = of_a_layer(dtype="float16", capability=(7, 5))
    assert old - of_a_layer(dtype="float16") > TOKENS * TOKENS * A * 4


def test_a_window_makes_a_mask_only_where_the_sequence_is_longer() -> None:
    mistral = {"model_type": "mistral", "architectures": ["MistralForCausalLM"], "sliding_window": 512}
    wide = {**mistral, "sliding_window": 2048}
    assert of_a_layer(mistral) - of_a_layer(wide) == near(TOKENS * (TOKENS * 2 + 4 * Q - 4 * K))
    flash = [of_a_layer(one, attention="flash_attention_2") for one in (mistral, wide)]
    assert flash[0] == flash[1]


def test_a_dropout_keeps_one_byte_an_element() -> None:
    config: dict[str, object] = {
        "model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "n_embd": H, "n_layer": 2, "n_head": A,
        "vocab_size": V, "attn_pdrop": 0.0, "embd_pdrop": 0.0,
    }  # fmt: skip
    none, some = (traced({**config, "resid_pdrop": rate}, attention="sdpa") for rate in (0.0, 0.1))
    assert some["saved"] - none["saved"] == near(2 * 2 * TOKENS * H)


def test_cross_entropy_takes_ten_bytes_a_logit_in_the_forward_and_twelve_in_the_backward() -> None:
    result = traced({"vocab_size": 64000})
    logits = 64000 * TOKENS
    assert result["phase"] == "backward"
    assert result["breakdown"]["logits"] == near(12 * logits)
    # What is kept has 4 of the 10 already.
    assert result["phases"]["loss"] - result["breakdown"]["weights"] - result["saved"] == near(6 * logits)


def test_autocast_computes_in_float32_what_it_does_on_cuda() -> None:
    torch = pytest.importorskip("torch")
    the_step()
    from configlint.memory.trace import as_cuda

    half = torch.zeros(2, 4, dtype=torch.bfloat16)
    weight, functional = torch.zeros(4), torch.nn.functional

    def dtypes() -> list[Any]:
        made = [functional.layer_norm(half, (4,), weight, weight), half.pow(3), half.softmax(-1), half.sum()]
        return [tensor.dtype for tensor in [*made, half.tanh(), half @ half.t(), weight @ half.t()]]

    with torch.autocast("cpu", dtype=torch.bfloat16):
        before = dtypes()
        with as_cuda.as_cuda(as_cuda.Device(autocast=torch.bfloat16)):
            assert dtypes() == [torch.float32] * 4 + [torch.bfloat16] * 3
        assert dtypes() == before != [torch.float32] * 4 + [torch.bfloat16] * 3


def test_accumulation_adds_a_set_of_gradients_to_forward_and_loss() -> None:
    once, twice = traced(), traced(accumulation=2)
    gradients = once["breakdown"]["weights"]
    for phase in ("forward", "loss"):
        assert twice["phases"][phase] - once["phases"][phase] == near(gradients)
    assert twice["phases"]["step"] == once["phases"]["step"]


def test_the_gradients_of_tied_embeddings_are_a_third_matrix_when_they_are_added() -> None:
    # The output layer's is a view, unless autocast has cast it.
    tied = {"tie_word_embeddings": True, "vocab_size": 200_000}
    matrix = 200_000 * H
    result = traced(tied, length=64)
    weights = result["breakdown"]["weights"]
    assert result["phases"]["backward"] == near(2 * weights + 2 * matrix * 2)
    result = traced(tied, length=64, **AMP)
    assert result["phases"]["backward"] == near(2 * result["breakdown"]["weights"] + matrix * 4)


@pytest.mark.parametrize(
    ("optimizer", "states", "transient"),
    [("sgd", 0, 0), ("adamw_torch_fused", 2, 0), ("adamw_torch", 2, 1), ("rmsprop", 1, 1)],
)
def test_states_and_transients_are_multiples_of_the_weights(
    optimizer: str, states: float, transient: float
) -> None:
    result = traced(optimizer=optimizer, length=16)
    weights = result["breakdown"]["weights"]
    assert result["breakdown"]["optimizer"] == near(states * weights)
    assert result["phases"]["step"] == pytest.approx((2 + states + transient) * weights, rel=0.01)


@pytest.mark.parametrize(("optimizer", "kept"), [("adamw_bnb_8bit", True), ("paged_adamw_8bit", False)])
def test_eight_bit_states_are_two_bytes_and_a_scale_a_block_and_are_paged_away(optimizer: str, kept: bool) -> None:
    pytest.importorskip("bitsandbytes")
    result = traced(optimizer=optimizer, length=16)
    parameters = result["breakdown"]["weights"] / 2
    scales = parameters * 8 / 256
    if kept:
        assert result["breakdown"]["optimizer"] == pytest.approx(parameters * 2 + scales, rel=0.02)
    else:  # but for states of less than 100,000 elements
        assert scales < result["breakdown"]["optimizer"] < scales + parameters * 0.2


def test_lora_on_all_layers_without_autocast_keeps_more_than_full_fine_tuning() -> None:
    pytest.importorskip("peft")
    some, all_linear = (
        of_a_layer(method="lora", targets=targets, rank=16) for targets in (("q_proj", "v_proj"), ("all-linear",))
    )
    assert some < of_a_layer() < all_linear
    assert all_linear > of_a_layer(method="lora", targets=("all-linear",), rank=16, autocast="bfloat16")


@pytest.mark.parametrize(
    ("targets", "autocast", "times"),
    [
        (("q_proj", "v_proj"), None, 42.1),
        (("q_proj", "v_proj"), "bfloat16", 38.2),
        (("all-linear",), None, 72.1),
        (("all-linear",), "bfloat16", 53.7),
    ],
)
def test_a_layer_of_llama_8b_with_adapters_keeps_so_many_hidden_states(
    targets: tuple[str, ...], autocast: str | None, times: float
) -> None:
    pytest.importorskip("peft")
    config: dict[str, object] = {
        "hidden_size": 4096, "intermediate_size": 14336, "num_attention_heads": 32, "num_key_value_heads": 8,
    }  # fmt: skip
    kept = of_a_layer(config, method="lora", targets=targets, rank=16, autocast=autocast)
    assert round(kept / (4096 * TOKENS), 1) == times


def test_lora_trains_the_adapters_alone() -> None:
    pytest.importorskip("peft")
    result = traced(method="lora", targets=("q_proj",), rank=8, optimizer="adamw_torch_fused")
    adapters = 2 * 8 * (H + Q) * 4
    assert result["breakdown"]["optimizer"] == pytest.approx(2 * adapters, rel=0.05)
    assert result["phases"]["step"] == near(result["breakdown"]["weights"] + 3 * adapters)


@pytest.mark.parametrize(("upcast", "width"), [(False, 2), (True, 4)])
def test_four_bit_weights_take_half_a_byte_and_their_scales(upcast: bool, width: int) -> None:
    pytest.importorskip("peft")
    pytest.importorskip("bitsandbytes")
    fields = {"method": "qlora", "targets": ("q_proj",), "rank": 1, "upcast": upcast, "nested_scales": True}
    result = traced(**fields)
    packed = 2 * LINEAR * (0.5 + 1 / 64 + 4 / 64 / 256)
    assert result["breakdown"]["weights"] == pytest.approx(packed + width * 2 * V * H, rel=0.01)
    assert "autocast" in traced(autocast="bfloat16", checkpointing=True, **fields)["breakdown"]


def test_parameters_that_the_loss_does_not_reach_have_no_states() -> None:
    pictures = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 1, "num_attention_heads": 2}
    text = {"hidden_size": 128, "intermediate_size": 256, "num_hidden_layers": 1, "num_attention_heads": 2}
    text |= {"num_key_value_heads": 1, "head_dim": 64, "vocab_size": V}
    config: dict[str, object] = {
        "model_type": "gemma3",
        "architectures": ["Gemma3ForConditionalGeneration"],
        "text_config": {"model_type": "gemma3_text", **text},
        "vision_config": {"model_type": "siglip_vision_model", "image_size": 224, "patch_size": 14, **pictures},
    }
    result = the_step().traced({"config": config, "batch": 1, "length": 64})
    assert result["breakdown"]["optimizer"] < 2 * result["breakdown"]["weights"]


def test_liger_writes_over_what_it_can_and_makes_no_logits() -> None:
    assert of_a_layer(fused_loss=True) == near(TOKENS * (8 * H + 4 * Q + 4 * K + 6 * M + 4 * A + 8))
    plain, fused = (traced({"vocab_size": 64000}, fused_loss=on)["phases"] for on in (False, True))
    assert plain["loss"] - fused["loss"] > 7 * 64000 * TOKENS


@pytest.mark.parametrize(
    "fields",
    [
        {"adapter_dropout": 0.05},
        {"adapter_dropout": 0.05, "autocast": "bfloat16", "checkpointing": True},
        {"saved_modules": ("lm_head", "embed_tokens")},
        {"targets": ("q_proj", "lm_head", "embed_tokens")},
        {"targets": (r".*layers\.1\.mlp\..*_proj",), "pattern": True},
        {"dora": True, "adapter_dropout": 0.05},
        {"method": "qlora", "adapter_dropout": 0.05, "upcast": True},
    ],
)
def test_the_closed_form_of_adapters_is_what_peft_makes(fields: dict[str, Any]) -> None:
    pytest.importorskip("peft")
    given = {"method": "lora", "rank": 8, "targets": ("all-linear",), "batch": 2, "length": 1024, **fields}
    found = traced(capability=(8, 0), **given)
    closed = simulated(Workload(config=LLAMA, optimizer="sgd", **given))
    assert closed is not None and closed.peak == pytest.approx(found["allocated"], rel=0.01)


@pytest.mark.parametrize("method", ["full", "lora"])
@pytest.mark.parametrize("kind", ["llama", "bert", "roberta"])
def test_the_closed_form_of_a_head_that_classifies_is_what_the_model_does(kind: str, method: str) -> None:
    fields = {"method": method, "rank": 8, "task": "sequence-classification", "batch": 4, "length": 128}
    small = {"num_key_value_heads": A, "max_position_embeddings": 514, "hidden_dropout_prob": 0.0}
    config = {**LLAMA, **small, "model_type": kind, "architectures": None}
    found = traced(config, capability=(8, 0), **fields)
    closed = simulated(Workload(config=config, optimizer="sgd", **fields))  # type: ignore[arg-type]
    assert closed is not None
    for phase in ("backward", "step"):
        assert closed.phases[phase] == pytest.approx(found["phases"][phase], rel=0.01)


OTHERS: dict[str, dict[str, object]] = {
    "llama": {},
    "tied": {"tie_word_embeddings": True},
    "gpt_neox": {"num_key_value_heads": None, "architectures": ["GPTNeoXForCausalLM"]},
    "cohere": {"architectures": ["CohereForCausalLM"]},
    "t5": {
        "architectures": ["T5ForConditionalGeneration"], "d_model": 64, "d_ff": 256, "d_kv": 16, "num_layers": 2,
        "num_heads": 4, "dropout_rate": 0.0,
    },
    "bert": {
        "architectures": ["BertForMaskedLM"], "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0,
    },
}  # fmt: skip


@pytest.mark.parametrize(
    "fields",
    [{}, {"autocast": "bfloat16", "checkpointing": True, "accumulation": 2}],
    ids=["plain", "autocast, checkpointing, accumulation"],
)
@pytest.mark.parametrize("name", OTHERS)
def test_a_step_on_real_tensors_holds_the_same_to_the_byte(
    name: str, fields: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    small = {"hidden_size": 64, "intermediate_size": 176, "num_attention_heads": 4, "vocab_size": 1000}
    kind = "llama" if name == "tied" else name
    config = {**LLAMA, **small, "model_type": kind, **OTHERS[name]}
    given = {"batch": 2, "length": 32, "dtype": "float32", "attention": "eager", "optimizer": "sgd", **fields}
    without_data = traced(config, **given)
    monkeypatch.setattr(the_step(), "FakeTensorMode", lambda **_: nullcontext())
    monkeypatch.setattr(the_step().as_cuda, "SCRATCH", {})  # it is CUDA's
    with_data = traced(config, **given)
    assert {**with_data, "seconds": 0} == {**without_data, "seconds": 0}


@pytest.mark.parametrize(
    "fields",
    [{}, {"dtype": "bfloat16"}, {"autocast": "bfloat16"}, {"checkpointing": True, "accumulation": 2}],
    ids=["float32", "bfloat16", "autocast", "checkpointing, accumulation"],
)
@pytest.mark.parametrize("tied", [False, True], ids=["untied", "tied"])
def test_trace_and_closed_form_hold_what_the_allocator_gave_to_real_tensors(
    tied: bool, fields: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    the_step()
    monkeypatch.syspath_prepend(str(Path(__file__).parent.parent / "benchmarks" / "memory"))
    import real_tensors

    small = {"hidden_size": 128, "intermediate_size": 352, "num_attention_heads": 4, "vocab_size": 16000}
    given = {"batch": 2, "length": 64, "dtype": "float32", "attention": "eager", "optimizer": "sgd", **fields}
    workload = Workload(config={**LLAMA, **small, "tie_word_embeddings": tied}, **given)
    allocated = real_tensors.allocated(workload)
    assert traced(workload.config, **given)["allocated"] == near(allocated)
    closed = simulated(workload)
    assert closed is not None and closed.peak == pytest.approx(allocated, rel=0.003)


@pytest.mark.parametrize(
    "fields",
    [{}, {"dtype": "bfloat16"}, {"autocast": "bfloat16"}, {"padded": True, "checkpointing": True}],
    ids=["float32", "bfloat16", "autocast", "padded, checkpointing"],
)
@pytest.mark.parametrize("words", [500, 16000])
def test_an_evaluation_holds_what_the_allocator_gave_to_real_tensors(
    words: int, fields: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    the_step()
    monkeypatch.syspath_prepend(str(Path(__file__).parent.parent / "benchmarks" / "memory"))
    import real_tensors

    small = {"hidden_size": 128, "intermediate_size": 352, "num_attention_heads": 4, "vocab_size": words}
    # Short, as eager attention hands on its weights, which no kernel makes.
    given = {"batch": 64, "length": 8, "dtype": "float32", "attention": "eager", "optimizer": "sgd", **fields}
    workload = Workload(config={**LLAMA, **small}, **given)
    closed = simulated(workload._replace(evaluates=True))
    assert closed is not None and closed.phase == "evaluation"
    assert closed.peak == pytest.approx(real_tensors.evaluated(workload), rel=0.015)


def test_the_parts_add_up() -> None:
    result = traced(optimizer="adamw_torch_fused", checkpointing=True, **AMP)
    assert tuple(result["breakdown"]) == CATEGORIES
    assert tuple(result["phases"]) == PHASES
    assert sum(result["breakdown"].values()) == result["allocated"]
    assert result["allocated"] == max(result["phases"].values()) == result["phases"][result["phase"]]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"data": "fsdp", "shard": 2, "world": 2}, "sharding over devices cannot be traced"),
        ({"tensor": 2, "world": 2}, "sharding over devices cannot be traced"),
        ({"offload_optimizer": True}, "offloading to the host cannot be traced"),
        ({"optimizer": "muon"}, f"transformers {version('transformers')} has no optimizer muon"),
        (
            {"attention": "flash_attention_2", "dtype": "float32"},
            "FlashAttention requires 16-bit weights or autocast",
        ),
    ],
)
def test_what_cannot_be_traced_is_said_in_a_sentence(fields: dict[str, Any], sentence: str) -> None:
    assert refusal(**fields).startswith(sentence)


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"model_type": "lama"}, f"transformers {version('transformers')} has no models of type lama"),
        ({**LLAMA, "hidden_size": "wide"}, "Transformers rejects the model's config: "),
        ({"model_type": "vit"}, "Transformers has no language model of type vit"),
        ({**LLAMA, "num_attention_heads": 7}, ""),
    ],
)
def test_a_config_that_transformers_refuses_is_no_traceback(config: dict[str, object], sentence: str) -> None:
    said = refusal(config)
    assert said.startswith(sentence)
    assert "\n" not in said
    assert len(said) <= 300


def test_experts_in_float32_are_not_traced() -> None:
    config = {**LLAMA, "model_type": "mixtral", "architectures": ["MixtralForCausalLM"], "num_local_experts": 4}
    assert "allocated" in the_step().traced({"config": config, "batch": 1, "length": 64})
    assert refusal(config, dtype="float32")


WORKLOAD = Workload(config={**LLAMA, "num_hidden_layers": 1}, batch=1, length=16)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    # The installed release, whichever it is.
    installed = parent._version("transformers") or "0.0"
    global WORKLOAD
    major, minor = installed.split(".")[:2]
    WORKLOAD = WORKLOAD._replace(release=(int(major), int(minor)))
    return tmp_path / "configlint" / "trace"


def test_an_answer_that_is_known_needs_no_process(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = parent.trace(WORKLOAD)
    assert not isinstance(first, str), first
    assert first["allocated"] > 0
    called = "configlint.host.process.subprocess.Popen"
    monkeypatch.setattr(called, lambda *_, **__: pytest.fail("a process was started"))
    assert parent.trace(WORKLOAD) == first
    monkeypatch.setattr(parent, "_ask", lambda workloads: ["asked" for _ in workloads])
    other = WORKLOAD._replace(batch=2)
    assert parent.traces([WORKLOAD, other, WORKLOAD]) == [first, "asked", first]


def test_a_cache_that_is_spoilt_or_shut_is_no_error(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = {"allocated": 1}
    monkeypatch.setattr(parent, "_ask", lambda workloads: [result for _ in workloads])
    assert parent.trace(WORKLOAD) == result
    (entry,) = cache.iterdir()
    entry.write_text("{")
    assert parent.trace(WORKLOAD) == result
    assert json.loads(entry.read_text()) == result
    entry.unlink()
    cache.rmdir()
    cache.touch()  # no folder can be made there
    assert parent.trace(WORKLOAD) == result


def test_what_cannot_be_traced_is_not_remembered(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parent, "_ask", lambda workloads: "no answer")
    assert parent.trace(WORKLOAD) == "no answer"
    assert not cache.exists() or not os.listdir(cache)


def test_another_release_of_transformers_is_not_traced(cache: Path) -> None:
    said = parent.trace(WORKLOAD._replace(release=(4, 1)))
    assert isinstance(said, str)
    assert said.endswith("is installed, but the spec is for 4.1")
