"""LoRA adapters by the real PEFT, on weights without data; 4-bit weights as bitsandbytes lays them out."""

from __future__ import annotations

from collections.abc import Collection
from importlib import import_module
from typing import Any
from unittest import mock

import torch
from torch import nn

from configlint.core.workload import Workload
from configlint.knowledge.optimizers import find_optimizer
from configlint.memory.trace.refusal import Refusal

# bitsandbytes' defaults: weights that share a scale, and scales that share a scale of their own.
_BLOCK, _OUTER_BLOCK = 64, 256
# With these PEFT trains the head whole. Source: PEFT 0.21, peft_model.py.
_TASKS = {
    "sequence-classification": "SEQ_CLS",
    "token-classification": "TOKEN_CLS",
    "question-answering": "QUESTION_ANS",
}


def required(workload: Workload) -> None:
    """Import what the method and the optimizer need, or refuse."""
    needed = ["peft"] if workload.method != "full" else []
    made = find_optimizer(workload.optimizer)
    if workload.method == "qlora" or (made and made.bitsandbytes):
        needed.append("bitsandbytes")
    for name in needed:
        try:
            import_module(name)
        except ImportError as error:
            raise Refusal(f"{name} is not installed") from error


def adapted(workload: Workload, network: Any) -> Any:
    """The model with its weights frozen, in 4 bits for qlora, and with adapters that are trained."""
    peft: Any = import_module("peft")
    if workload.method == "qlora":
        if workload.bits != 4:
            raise Refusal(f"weights of {workload.bits} bits cannot be traced")
        if workload.dora:
            raise Refusal("DoRA on 4-bit weights cannot be traced")
        _quantize(workload, network)
    config = peft.LoraConfig(
        r=workload.rank,
        target_modules=_targets(workload),
        lora_dropout=workload.adapter_dropout,
        use_dora=workload.dora,
        modules_to_save=list(workload.saved_modules) or None,
        task_type=_TASKS.get(workload.task or ""),
    )
    with mock.patch.object(nn.Module, "_apply", _apply):
        wrapped = peft.get_peft_model(network, config, autocast_adapter_dtype=False)
    _renew_copies(wrapped)
    trained = (name for name, parameter in wrapped.named_parameters() if parameter.requires_grad)
    adapters = {name for name in trained if "modules_to_save" not in name}
    cast(wrapped, getattr(torch, workload.adapter_dtype), adapters)
    return wrapped


def _renew_copies(wrapped: Any) -> None:
    """Of a copy without data views have a storage of their own, so that each would be counted once more."""
    for path, module in wrapped.named_modules():
        for name, parameter in module._parameters.items() if "modules_to_save" in path else ():
            if parameter is not None:
                made = torch.empty(parameter.shape, dtype=parameter.dtype)
                module._parameters[name] = nn.Parameter(made, requires_grad=parameter.requires_grad)


def _apply(self: nn.Module, change: Any, recurse: bool = True) -> nn.Module:
    """As torch's, but parameters are exchanged: what a tensor without data holds cannot be."""
    for child in self.children() if recurse else ():
        child._apply(change)
    for name, parameter in self._parameters.items():
        if parameter is not None and (changed := change(parameter)) is not parameter:
            self._parameters[name] = nn.Parameter(changed.detach(), requires_grad=parameter.requires_grad)
    for name, buffer in self._buffers.items():
        if buffer is not None:
            self._buffers[name] = change(buffer)
    return self


def _targets(workload: Workload) -> Any:
    names = list(workload.targets)
    if names == ["all-linear"] or workload.pattern:
        return names[0]
    return names or None  # PEFT then takes what it knows for the architecture


def cast(network: nn.Module, dtype: torch.dtype, names: Collection[str]) -> None:
    """Give the parameters of these names another dtype; tied ones stay tied."""
    made: dict[int, nn.Parameter] = {}
    for path, module in network.named_modules():
        for own, parameter in list(module._parameters.items()):
            name = f"{path}.{own}" if path else own
            if parameter is None or parameter.dtype == dtype or not (name in names or id(parameter) in made):
                continue
            if id(parameter) not in made:
                data = torch.empty(parameter.shape, dtype=dtype)
                made[id(parameter)] = nn.Parameter(data, requires_grad=parameter.requires_grad)
            module._parameters[own] = made[id(parameter)]


def _quantize(workload: Workload, network: Any) -> None:
    """What loading with BitsAndBytesConfig(load_in_4bit=True, nf4, double quantization) leaves."""
    from transformers.pytorch_utils import Conv1D
    from transformers.quantizers.base import HfQuantizer
    from transformers.quantizers.quantizers_utils import should_convert_module

    kind = _four_bit_class(workload.nested_scales)
    kept = HfQuantizer.get_modules_to_not_convert(network, None, network._keep_in_fp32_modules)
    compute = getattr(torch, workload.autocast or workload.dtype)
    for name, module in list(network.named_modules()):
        if not should_convert_module(name, kept):
            continue
        if isinstance(module, Conv1D):
            network.set_submodule(name, kind(module, module.weight.t(), compute))
        elif type(module) is nn.Linear:
            network.set_submodule(name, kind(module, module.weight, compute))
    network.is_loaded_in_4bit = True
    network.config._is_quantized = True
    if workload.upcast:
        tables = (network.get_input_embeddings(), network.get_output_embeddings()) if workload.narrow_tables else ()
        narrow = {id(parameter) for table in tables for parameter in table.parameters()}
        named = [(name, each) for name, each in network.named_parameters() if each.is_floating_point()]
        cast(network, torch.float32, {name for name, each in named if id(each) not in narrow})


def _four_bit_class(nested: bool) -> Any:
    functional: Any = import_module("bitsandbytes.functional")
    layers: Any = import_module("bitsandbytes.nn")

    class FourBit(layers.Linear4bit):  # type: ignore[misc]
        """A linear layer with packed weights, as after the move to a GPU has quantized them."""

        def __init__(self, replaced: Any, full: torch.Tensor, compute: torch.dtype) -> None:
            nn.Module.__init__(self)
            self.out_features, self.in_features = full.shape
            packed = torch.empty((full.numel() + 1) // 2, 1, dtype=torch.uint8)
            weight: Any = nn.Parameter(packed, requires_grad=False)
            weight.compress_statistics, weight.quant_type = nested, "nf4"
            weight.quant_state = _state(functional.QuantState, full, nested)
            self.weight, self.bias = weight, replaced.bias
            self.compute_dtype, self.compute_type_is_set = compute, True
            self.quant_state, self.quant_storage = weight.quant_state, torch.uint8
            self.support_avx512bf16_for_cpu = False
            # The tracker counts parameters and buffers.
            for index, tensor in enumerate(_tensors(weight.quant_state)):
                self.register_buffer(f"quantization_{index}", tensor, persistent=False)

    return FourBit


def _state(kind: Any, weight: torch.Tensor, nested: bool) -> Any:
    """Scales of the blocks: in 8 bits with float32 scales of their own, or in float32."""
    blocks = -(-weight.numel() // _BLOCK)
    known = {"shape": weight.shape, "blocksize": _BLOCK, "quant_type": "nf4", "dtype": weight.dtype}
    if not nested:
        return kind(absmax=torch.empty(blocks), code=torch.empty(16), **known)
    outer = kind(
        absmax=torch.empty(-(-blocks // _OUTER_BLOCK)),
        code=torch.empty(256),
        blocksize=_OUTER_BLOCK,
        dtype=torch.float32,
    )
    return kind(
        absmax=torch.empty(blocks, dtype=torch.uint8),
        code=torch.empty(16),
        offset=torch.empty(()),
        state2=outer,
        **known,
    )


def _tensors(state: Any) -> list[torch.Tensor]:
    outer = [state.offset, state.state2.absmax, state.state2.code] if state.nested else []
    return [state.absmax, state.code, *outer]
