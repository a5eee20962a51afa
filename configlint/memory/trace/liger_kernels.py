"""What Liger's kernels keep and take: they are Triton's, that needs a GPU, so that others stand in for them.

Source: liger-kernel 0.8.5 ops/{rms_norm,swiglu,rope,fused_linear_cross_entropy}.py and
transformers/monkey_patch.py; each function here is named after its original.
"""

from __future__ import annotations

from contextlib import ExitStack
from importlib import import_module
from types import MethodType
from typing import Any
from unittest import mock

import torch
from torch.nn import functional

from configlint.memory.trace.refusal import Refusal

# The models to which Liger does no more and no less than this.
_MODELS = ("llama", "mistral", "qwen2", "qwen3", "smollm3")
# Rows of partial sums in the norm's backward: the multiprocessors, here an A100's.
_MULTIPROCESSORS = 108
Function: Any = torch.autograd.Function


def replace_rope(stack: ExitStack, model_type: str) -> None:
    """While the stack lasts; the function is looked up in the model's module in each call."""
    if model_type not in _MODELS:
        raise Refusal(f"Liger's kernels cannot be traced for models of type {model_type}")
    module = import_module(f"transformers.models.{model_type}.modeling_{model_type}")
    stack.enter_context(mock.patch.object(module, "apply_rotary_pos_emb", _rotary))


def apply(network: Any, capability: tuple[int, int]) -> None:
    """What the Trainer does to a model that is loaded."""
    for module in network.modules():
        kind = type(module).__name__
        if kind.endswith("RMSNorm"):
            module.forward = MethodType(lambda self, given: _RMSNorm.apply(given, self.weight), module)
        elif kind.endswith("MLP"):
            module.forward = MethodType(_mlp, module)
    network.forward = MethodType(_forward, network)
    network._liger_adds_in_place = capability >= (8, 0)


def _mlp(self: Any, given: torch.Tensor) -> Any:
    return self.down_proj(_SiLUMul.apply(self.gate_proj(given), self.up_proj(given)))


def _forward(self: Any, input_ids: Any, attention_mask: Any = None, labels: Any = None) -> dict[str, Any]:
    """Without logits: the last hidden states and the output layer's weight make the loss."""
    hidden = self.model(input_ids=input_ids, attention_mask=attention_mask)[0]
    for hook in self.lm_head._forward_pre_hooks.values():
        hook(self.lm_head, ())  # the layer itself is not called
    targets = functional.pad(labels, (0, 1), value=-100)[..., 1:].contiguous().view(-1)
    flat = hidden.view(-1, hidden.shape[-1])
    return {"loss": _FusedLinearCrossEntropy.apply(flat, self.lm_head.weight, targets, self._liger_adds_in_place)}


def _rotary(query: Any, key: Any, cos: Any, sin: Any, *_: Any, **__: Any) -> Any:
    return _Rope.apply(query, key, cos, sin)


def _by_position(tensor: torch.Tensor) -> torch.Tensor:
    """Contiguous with the positions before the heads, as the kernel wants it; a copy only where it is not."""
    return tensor.transpose(1, 2).contiguous().transpose(1, 2)


class _Rope(Function):  # type: ignore[misc]
    """Turns queries and keys in place, and their gradients."""

    @staticmethod
    def forward(context: Any, query: Any, key: Any, cos: Any, sin: Any) -> Any:
        context.save_for_backward(cos, sin)
        return _by_position(query), _by_position(key)

    @staticmethod
    def backward(context: Any, query: Any, key: Any) -> Any:
        return _by_position(query), _by_position(key), None, None


class _RMSNorm(Function):  # type: ignore[misc]
    """Keeps its input and a float32 a token; the gradient is written over that of the output."""

    @staticmethod
    def forward(context: Any, given: Any, weight: Any) -> Any:
        given = given.contiguous()
        scales = torch.empty(given.numel() // given.shape[-1], dtype=torch.float32, device=given.device)
        context.save_for_backward(given, weight, scales)
        return torch.empty_like(given)

    @staticmethod
    def backward(context: Any, gradient: Any) -> Any:
        _, weight, _ = context.saved_tensors
        if not context.needs_input_grad[1]:
            return gradient.contiguous(), None
        partial = torch.empty(_MULTIPROCESSORS, *weight.shape, dtype=torch.float32, device=weight.device)
        return gradient.contiguous(), partial.sum(0).to(weight.dtype)


class _SiLUMul(Function):  # type: ignore[misc]
    """Keeps its two inputs and writes their gradients over them."""

    @staticmethod
    def forward(context: Any, gate: Any, up: Any) -> Any:
        gate, up = gate.contiguous(), up.contiguous()
        context.save_for_backward(gate, up)
        return torch.empty_like(gate)

    @staticmethod
    def backward(context: Any, gradient: Any) -> Any:
        gradient.contiguous()
        return context.saved_tensors


class _FusedLinearCrossEntropy(Function):  # type: ignore[misc]
    """The gradients are made in the forward, a chunk of tokens at a time; they are what is kept."""

    @staticmethod
    def forward(context: Any, given: Any, weight: Any, targets: Any, adds_in_place: bool) -> Any:
        tokens, width = given.shape
        chunk = _chunk(tokens, width, weight.shape[0])
        of_given = torch.zeros_like(given)
        of_weight = torch.zeros_like(weight) if weight.requires_grad else None
        losses = torch.zeros(tokens, dtype=torch.float32, device=given.device)
        plain = given.dtype == weight.dtype and (
            not torch.is_autocast_enabled() or torch.get_autocast_dtype("cpu") == given.dtype
        )
        logits = torch.empty(chunk, weight.shape[0], dtype=given.dtype, device=given.device) if plain else None
        for start in range(0, tokens, chunk):
            part = given[start : start + chunk]
            # The gradient of the logits is written over them.
            made = logits[: len(part)] if logits is not None else part @ weight.t()
            if not plain:
                of_given[start : start + chunk] = made @ weight
            if of_weight is not None:
                _add_to(of_weight, made, part, adds_in_place)
            del made
        context.save_for_backward(of_given, of_weight)
        return losses.sum()

    @staticmethod
    def backward(context: Any, gradient: Any) -> Any:
        return *context.saved_tensors, None, None


def _chunk(tokens: int, width: int, vocabulary: int) -> int:
    """Tokens whose logits take about as much as all hidden states."""
    share = -(-tokens // -(-vocabulary // width))
    return min(1 << (share - 1).bit_length(), tokens)


def _add_to(of_weight: torch.Tensor, made: torch.Tensor, part: torch.Tensor, in_place: bool) -> None:
    """Add a chunk's share to the weight's gradient: in one kernel, that wants both factors in one dtype, or
    by way of a copy in float32."""
    fits = made.dtype in (torch.bfloat16, torch.float16) and of_weight.dtype in (torch.float32, made.dtype)
    if in_place and fits:
        part.to(made.dtype)
    else:
        of_weight += torch.mm(made.t(), part).float()
