"""What CUDA does otherwise than the CPU, and that tells in memory.

The trace runs the CPU's operations on tensors without data. Three things differ: which attention kernel
is chosen and what it keeps, dropout's mask, and the operations that autocast computes in float32.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import torch
from torch.nn import functional

from configlint.core.record import NamedTuple

aten = torch.ops.aten
HALF = (torch.bfloat16, torch.float16)

# Operations that autocast computes in float32 on CUDA, and not, or not all of them, on the CPU.
# Source: torch 2.13 ATen/autocast_mode.h, AT_FORALL_FP32 and AT_FORALL_FP32_SET_OPT_DTYPE.
_FLOAT32 = (
    "acos", "asin", "cosh", "erfinv", "exp", "expm1", "log", "log10", "log2", "log1p", "reciprocal", "rsqrt",
    "sinh", "tan", "pow.Tensor_Scalar", "pow.Tensor_Tensor", "pow.Scalar", "softplus", "layer_norm",
    "native_layer_norm", "rms_norm", "group_norm", "cosine_similarity", "nll_loss", "nll_loss2d", "kl_div",
    "l1_loss", "smooth_l1_loss", "huber_loss", "mse_loss", "binary_cross_entropy_with_logits", "logsumexp",
)  # fmt: skip
_FLOAT32_BY_DTYPE = (
    "prod", "prod.dim_int", "softmax.int", "log_softmax.int", "cumprod", "cumsum", "linalg_vector_norm",
    "linalg_matrix_norm", "linalg_matrix_norm.str_ord", "sum", "sum.dim_IntList",
)  # fmt: skip


class Device(NamedTuple):
    """What the choice of a kernel depends on; `autocast` is the dtype of autocast or None."""

    capability: tuple[int, int] = (8, 0)
    autocast: torch.dtype | None = None


@contextmanager
def as_cuda(device: Device) -> Iterator[None]:
    """Let torch's functions do what they would on this device."""
    attention = functools.partial(scaled_dot_product_attention, device)
    library = torch.library.Library("aten", "IMPL") if device.autocast else None
    if library:
        _register_autocast(library)
    try:
        with (
            mock.patch.object(functional, "scaled_dot_product_attention", attention),
            mock.patch.object(functional, "dropout", dropout),
            mock.patch.object(torch, "is_autocast_enabled", _is_autocast_enabled),
        ):
            yield
    finally:
        if library:
            library._destroy()


def dropout(input: torch.Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> torch.Tensor:
    """On CUDA one kernel, that keeps a mask of one byte an element."""
    if not training or p == 0.0:
        return input
    result: torch.Tensor = torch.native_dropout(input, p, True)[0]
    return result


_asked_of = torch.is_autocast_enabled


def _is_autocast_enabled(device_type: str = "cpu") -> bool:
    """Who names no device means CUDA: here its part is the CPU's."""
    return bool(_asked_of(device_type))


def _register_autocast(library: torch.library.Library) -> None:
    for name in _FLOAT32 + _FLOAT32_BY_DTYPE:
        base, _, overload = name.partition(".")
        operation = getattr(getattr(aten, base), overload or "default")
        library.impl(operation, _in_float32(operation, name in _FLOAT32_BY_DTYPE), "AutocastCPU")


def _in_float32(operation: Any, by_dtype: bool) -> Callable[..., Any]:
    excluded = torch._C.DispatchKeySet(torch._C.DispatchKey.AutocastCPU)

    def call(*args: Any, **kwargs: Any) -> Any:
        with torch._C._ExcludeDispatchKeyGuard(excluded):
            if not by_dtype:
                args = tuple(_widened(argument) for argument in args)
                kwargs = {name: _widened(argument) for name, argument in kwargs.items()}
            elif args[0].dtype in HALF and kwargs.get("dtype") is None and not _gives_dtype(args):
                kwargs["dtype"] = torch.float32
            return operation(*args, **kwargs)

    return call


def _gives_dtype(args: Any) -> bool:
    return any(isinstance(argument, torch.dtype) for argument in args)


def _widened(argument: Any) -> Any:
    if isinstance(argument, torch.Tensor) and argument.dtype in HALF:
        return argument.to(torch.float32)
    return argument


def scaled_dot_product_attention(
    device: Device,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attn_mask: torch.Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> torch.Tensor:
    """With the kernel that CUDA would take. (batch, heads, length, width)

    On compute capability 9.0 and 10.x cuDNN's is preferred to the first two; it keeps the same tensors.
    Source: torch 2.13 aten/src/ATen/native/transformers/attention.cpp and cuda/sdp_utils.cpp.
    """
    if torch.is_autocast_enabled("cpu"):
        # scaled_dot_product_attention is on autocast's list of 16-bit operations.
        narrow = torch.get_autocast_dtype("cpu")
        query, key, value, attn_mask = (_narrowed(tensor, narrow) for tensor in (query, key, value, attn_mask))
    # Below that function autocast is no more asked.
    with torch._C._ExcludeDispatchKeyGuard(torch._C.DispatchKeySet(torch._C.DispatchKey.AutocastCPU)):
        return _attention(device, query, key, value, attn_mask, dropout_p, is_causal, scale, enable_gqa)


def _attention(
    device: Device,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attn_mask: torch.Tensor | None,
    dropout_p: float,
    is_causal: bool,
    scale: float | None,
    enable_gqa: bool,
) -> torch.Tensor:
    shares_rightly = query.shape[1] == key.shape[1] or enable_gqa
    if attn_mask is None and shares_rightly and _can_flash(device, query, key, value, dropout_p, is_causal):
        return flash(query, key, value, dropout_p, is_causal, scale)
    if _can_efficient(device, query, key, value):
        return _efficient(query, key, value, attn_mask, dropout_p, is_causal, scale)
    return _math(query, key, value, attn_mask, dropout_p, is_causal, scale, enable_gqa)


def _narrowed(tensor: Any, dtype: torch.dtype) -> Any:
    return tensor.to(dtype) if isinstance(tensor, torch.Tensor) and tensor.is_floating_point() else tensor


def _can_flash(
    device: Device,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    dropout_p: float,
    is_causal: bool,
) -> bool:
    """Of a call without a mask."""
    width = query.shape[-1]
    # Their shared memory is too small for the backward of these.
    small = device.capability in ((8, 6), (8, 7), (8, 9), (12, 0), (12, 1))
    return (
        query.dtype in HALF
        and device.capability >= (8, 0)
        and width == key.shape[-1] == value.shape[-1]
        and width <= 256
        and not (small and width > 192 and (dropout_p > 0 or width <= 224))
        and not (is_causal and query.shape[2] != key.shape[2])
    )


def _can_efficient(device: Device, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> bool:
    half = query.dtype in HALF
    multiple = (8 if half else 4) if device.capability >= (8, 0) else 8 if half else 1
    return (
        query.shape[1] == key.shape[1]  # torch 2.14 lets heads share keys here
        and query.shape[-1] == key.shape[-1]
        and query.shape[-1] % multiple == 0
        and value.shape[-1] % multiple == 0
        and not (query.dtype == torch.bfloat16 and device.capability < (8, 0))
    )


def flash(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    dropout_p: float,
    is_causal: bool,
    scale: float | None,
) -> torch.Tensor:
    """FlashAttention 2: it keeps the inputs, the output and a float32 a query and head."""
    width = query.shape[-1]
    scale = width**-0.5 if scale is None else scale
    if missing := -width % 8:
        query, key, value = (functional.pad(tensor, [0, missing]) for tensor in (query, key, value))
    result: torch.Tensor = aten._scaled_dot_product_flash_attention(
        query, key, value, dropout_p, is_causal, False, scale=scale
    )[0]
    return result[..., :width] if missing else result


def _efficient(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    mask: torch.Tensor | None,
    dropout_p: float,
    is_causal: bool,
    scale: float | None,
) -> torch.Tensor:
    """The memory-efficient kernel: it takes a bias, no mask, with rows of whole 16 elements."""
    if mask is not None:
        bias = _bias(mask, query.dtype)
        if missing := -bias.shape[-1] % 16:
            bias = functional.pad(bias, [0, missing])[..., :-missing]
        mask = bias.expand(*query.shape[:3], key.shape[2])
    result: torch.Tensor = aten._scaled_dot_product_efficient_attention(
        query, key, value, mask, True, dropout_p, is_causal, scale=scale
    )[0]
    return result


def _bias(mask: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """What is added to the scores: a mask of truth values is turned into one, in each call anew."""
    if mask.dtype != torch.bool:
        return mask.to(dtype)
    made: dict[str, Any] = {"dtype": dtype, "device": mask.device}
    return torch.where(mask, torch.zeros((), **made), torch.full((), float("-inf"), **made))


def _math(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    mask: torch.Tensor | None,
    dropout_p: float,
    is_causal: bool,
    scale: float | None,
    enable_gqa: bool,
) -> torch.Tensor:
    """What is left where no kernel will do: the scores of all pairs, in float32."""
    before, root = query.dtype, (query.shape[-1] ** -0.5 if scale is None else scale) ** 0.5
    query, key, value = (tensor.to(torch.float32) for tensor in (query, key, value))
    query = query * root
    if is_causal:
        mask = torch.ones(query.shape[2], key.shape[2], dtype=torch.bool, device=query.device).tril()
    bias = None if mask is None else _bias(mask, torch.float32)
    if enable_gqa:
        key, value = (_one_a_head(tensor, query.shape[1]) for tensor in (key, value))
    scores = query @ (key.transpose(-2, -1) * root)
    if bias is not None:
        scores.add_(bias)
    weights: torch.Tensor = aten._safe_softmax(scores, -1)
    if dropout_p > 0:
        weights = dropout(weights, dropout_p)
    return (weights @ value).to(before)


def _one_a_head(tensor: torch.Tensor, heads: int) -> torch.Tensor:
    """Keys or values that heads share, repeated for each head."""
    return tensor if tensor.shape[1] == heads else tensor.repeat_interleave(heads // tensor.shape[1], 1)


def _flash_scratch(grad: torch.Tensor, query: torch.Tensor, key: torch.Tensor, *_: Any, **__: Any) -> int:
    """Bytes that FlashAttention's backward takes for itself: the queries' gradient in float32, a float32 a
    query and head and, where heads share keys, the gradients of the keys and values of each head.

    Source: torch aten/src/ATen/native/transformers/cuda/flash_attn/flash_api.cpp, mha_bwd.
    """
    batch, heads, length, width = (int(size) for size in query.shape)
    rows = batch * heads * _up(length, 128)
    shared = (
        2 * batch * heads * int(key.shape[2]) * width * int(query.element_size()) if key.shape[1] != heads else 0
    )
    return 4 * rows * (_up(width, 32 if width <= 128 else 64) + 1) + shared


def _efficient_scratch(grad: torch.Tensor, query: torch.Tensor, *_: Any, **__: Any) -> int:
    """Bytes that the memory-efficient kernel's backward takes for itself: the queries' gradient in float32
    and a float32 a query and head.

    Source: torch 2.13 aten/src/ATen/native/transformers/cuda/attention_backward.cu and
    mem_eff_attention/kernel_backward.h, workspace_size; its tiles are of at most 128 by 64, or by 128.
    """
    batch, heads, length, width = (int(size) for size in query.shape)
    return 4 * batch * heads * (_up(length, 128) * _up(width, 64) + length)


def _softmax_scratch(scores: torch.Tensor, *_: Any, **__: Any) -> int:
    """Bytes: the plain softmax is made first, and where all of a row is masked."""
    return int(scores.numel() * (scores.element_size() + 1))


def _embedding_scratch(grad: torch.Tensor, indices: torch.Tensor, rows: int, *_: Any, **__: Any) -> int:
    """Bytes: of more than a few tokens the gradients are sorted by token, and added up in float32 by tens.

    Source: torch aten/src/ATen/native/cuda/Embedding.cu, embedding_dense_backward_cuda, and
    EmbeddingBackwardKernel.cu, embedding_backward_cuda_kernel.
    """
    tokens = int(indices.numel())
    if tokens <= 3072:
        return 0
    return 4 * (tokens // 10 + min(tokens, rows)) * int(grad.shape[-1]) + 6 * 8 * tokens


def _four_bit_scratch(
    given: torch.Tensor, packed: torch.Tensor, shape: Any, absmax: torch.Tensor, blocks: int, *_: Any, **__: Any
) -> int:
    """Bytes: for more than a few tokens the whole weight is brought back to 16 bits, and its scales to 32.

    Source: bitsandbytes 0.50 backends/cuda/ops.py, _dequant_linear_fallback.
    """
    elements = int(shape[0]) * int(shape[1])
    return elements * int(given.element_size()) + 4 * (elements // blocks)


def _up(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple


SCRATCH: dict[str, Callable[..., int]] = {
    "aten::_scaled_dot_product_flash_attention_backward": _flash_scratch,
    "aten::_scaled_dot_product_efficient_attention_backward": _efficient_scratch,
    "aten::_safe_softmax": _softmax_scratch,
    "aten::embedding_dense_backward": _embedding_scratch,
    "bitsandbytes::gemm_4bit": _four_bit_scratch,
}
