"""The model of a workload, built without weights; its inputs and its loss as the Trainer computes it."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import torch

from configlint.core.record import NamedTuple
from configlint.core.workload import Workload
from configlint.memory.saved import KEY
from configlint.memory.trace import adapters, liger_kernels
from configlint.memory.trace.refusal import Refusal, in_a_line
from configlint.memory.trace.tracker import Tracker

# The part of the name of the class that is loaded for a task; for any other, the config says.
_HEADS = {
    "sequence-classification": "SequenceClassification",
    "token-classification": "TokenClassification",
    "question-answering": "QuestionAnswering",
}


class Choice(NamedTuple):
    """A class of Transformers and the config to build it by."""

    kind: Any
    config: Any


def chosen(workload: Workload) -> Choice:
    """What the config asks for. It is imported here, where tensors that modules make are still real ones."""
    import accelerate.utils.operations  # noqa: F401
    import transformers.trainer

    adapters.required(workload)
    config = _config(workload)
    if workload.task in _HEADS:
        auto = getattr(transformers, f"AutoModelFor{_HEADS[workload.task]}")
        if type(config) not in auto._model_mapping:
            raise Refusal(f"Transformers has no model of type {config.model_type} for {workload.task}")
        return Choice(auto._model_mapping[type(config)], config)
    named = [getattr(transformers, str(name), None) for name in config.architectures or ()]
    if named and named[0] is not None:
        return Choice(named[0], config)
    for head in ("CausalLM", "MaskedLM", "Seq2SeqLM"):
        auto = getattr(transformers, f"AutoModelFor{head}")
        if type(config) in auto._model_mapping:
            return Choice(auto._model_mapping[type(config)], config)
    raise Refusal(f"Transformers has no language model of type {config.model_type}")


def _config(workload: Workload) -> Any:
    import transformers

    values = {name: value for name, value in workload.config.items() if name != KEY}
    kind = values.pop("model_type", None)
    if kind is None:
        raise Refusal("the model's config has no model_type")
    if kind not in transformers.CONFIG_MAPPING:
        own = ", and the code of its repository is not run" if "auto_map" in values else ""
        raise Refusal(f"transformers {transformers.__version__} has no models of type {kind}{own}")
    try:
        config = transformers.AutoConfig.for_model(kind, **values)
    except Exception as error:
        raise Refusal(f"Transformers rejects the model's config: {in_a_line(error)}") from error
    _refuse_padding(config.get_text_config())
    config.use_cache = False  # as the Trainer does
    if config.is_encoder_decoder and getattr(config, "decoder_start_token_id", None) is None:
        config.decoder_start_token_id = config.pad_token_id = 0  # the loss needs one, whichever
    if workload.task == "sequence-classification":
        config.get_text_config().pad_token_id = 0  # by which the last token is found
    return config


def _refuse_padding(config: Any) -> None:
    """An embedding has a row for padding, which a family's default may put beyond a small vocabulary."""
    padding, words = getattr(config, "pad_token_id", None), getattr(config, "vocab_size", None)
    if isinstance(padding, int) and isinstance(words, int) and padding >= words:
        raise Refusal(f"the pad_token_id is {padding}, beyond the vocabulary of {words}: set it in the config")


def built(workload: Workload, choice: Choice, capability: tuple[int, int]) -> Any:
    """In training mode, with adapters where the method has them."""
    from transformers import initialization

    if choice.kind.main_input_name != "input_ids":
        raise Refusal(f"{choice.kind.__name__} reads {choice.kind.main_input_name}, but only tokens can be traced")
    attention = _attention(choice.kind, workload.attention)
    with initialization.no_init_weights():
        network = choice.kind._from_config(
            choice.config, dtype=getattr(torch, workload.dtype), attn_implementation=attention
        )
    network.tie_weights()
    _keep_wide(network, getattr(torch, workload.dtype))
    if workload.fused_loss:
        liger_kernels.apply(network, capability)
    if workload.method != "full":
        network = adapters.adapted(workload, network)
    network.train()
    if workload.checkpointing:
        kwargs = {"use_reentrant": False, "preserve_rng_state": False}
        network.activation_checkpointing_enable(kwargs, workload.checkpointed_every)
    return network


def _keep_wide(network: Any, dtype: torch.dtype) -> None:
    """Parameters that a model keeps in float32 when it is loaded in 16 bits."""
    for part in network._get_dtype_plan(dtype):
        names = {name for name, _ in network.named_parameters() if f".{part}." in f".{name}."}
        adapters.cast(network, torch.float32, names)


def _attention(kind: Any, asked: str) -> str:
    """The implementation that Transformers takes where this one is asked for."""
    if asked.startswith("flash_attention") and not kind._supports_flash_attn:
        raise Refusal(f"{kind.__name__} does not support {asked}")
    if asked not in ("eager", "sdpa") and not asked.startswith("flash_attention"):
        raise Refusal(f"the attention {asked} cannot be traced")
    if asked == "sdpa" and not kind._supports_sdpa:
        return "eager"
    return asked


def vocabulary(network: Any) -> int:
    head = network.get_output_embeddings()
    return int(head.weight.shape[0]) if head is not None else 0


def _classifier(network: Any) -> Any:
    """The module that classifies, where there is one."""
    names = ("score", "classifier", "qa_outputs")
    return next((found for name in names if (found := getattr(network, name, None)) is not None), None)


def inputs(workload: Workload, network: Any) -> dict[str, torch.Tensor]:
    """One micro-batch. A mask is given where a batch holds padding, but for FlashAttention, that leaves
    the padding out."""
    shape = (workload.batch, workload.length)
    made = {"input_ids": torch.zeros(shape, dtype=torch.int64)}
    of_samples = {
        "sequence-classification": ("labels",),
        "question-answering": ("start_positions", "end_positions"),
    }
    for name in of_samples.get(workload.task or "", ()):
        made[name] = torch.zeros(workload.batch, dtype=torch.int64)
    if len(made) == 1:
        made["labels"] = torch.zeros(shape, dtype=torch.int64)
    if workload.padded and not workload.attention.startswith("flash_attention"):
        made["attention_mask"] = torch.ones(shape, dtype=torch.int64)
    return made


def loss(network: Any, inputs: dict[str, torch.Tensor], tracker: Tracker) -> torch.Tensor:
    """The loss; what the model returns beside it is let go, as the Trainer does before the backward."""
    from accelerate.utils.operations import convert_to_fp32

    def at_the_head(*_: Any) -> None:
        tracker.phase = "loss"

    head = network.get_output_embeddings() or _classifier(network)
    hook = head.register_forward_pre_hook(at_the_head) if head is not None else None
    with torch.autocast("cpu", dtype=tracker.autocast) if tracker.autocast else nullcontext():
        outputs = network(**inputs)
    at_the_head()
    if tracker.autocast:
        outputs = convert_to_fp32(outputs)
    if hook:
        hook.remove()
    result: torch.Tensor = outputs["loss"]
    return result
