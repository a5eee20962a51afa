"""What Transformers asks of values, of packages and of the GPU, answered for tensors without data."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import torch

from configlint.core.workload import Workload
from configlint.memory.trace import as_cuda, liger_kernels
from configlint.memory.trace.refusal import Refusal


@contextmanager
def steered(workload: Workload) -> Iterator[None]:
    """A batch is padded, or nothing is masked and no mask is made; sequences are not packed; the flash-attn
    package is there."""
    from transformers import masking_utils

    with ExitStack() as stack:
        replace = stack.enter_context
        replace(mock.patch.object(masking_utils, "find_packed_sequence_indices", lambda position_ids: None))
        for name in ("_ignore_causal_mask_sdpa", "_ignore_bidirectional_mask_sdpa"):
            decide = _knowing(workload.padded, getattr(masking_utils, name))
            replace(mock.patch.object(masking_utils, name, decide))
        if workload.attention.startswith("flash_attention"):
            _bring_flash(stack)
        if workload.fused_loss:
            liger_kernels.replace_rope(stack, str(workload.config.get("model_type")))
        yield


def _knowing(padded: bool, decide: Any) -> Any:
    """The function that decides whether a mask is needed: where nothing is masked, no mask is one."""

    def decided(padding_mask: Any, *args: Any, **kwargs: Any) -> Any:
        return decide(padding_mask if padded else None, *args, **kwargs)

    return decided


def _bring_flash(stack: ExitStack) -> None:
    from transformers import PreTrainedModel
    from transformers import modeling_flash_attention_utils as utils

    kernels = (_flash_attn_func, None, None, None, None)
    processing = (utils._lazy_define_process_function(_flash_attn_func), dict)
    for owner, name, replacement in (
        (utils, "lazy_import_flash_attention", lambda *_, **__: (kernels, processing)),
        (utils, "is_flash_attn_available", lambda *_, **__: True),
        (utils, "_is_packed_sequence", lambda *_: False),
        (PreTrainedModel, "_check_and_adjust_attn_implementation", lambda self, asked, *_, **__: asked),
    ):
        stack.enter_context(mock.patch.object(owner, name, replacement))


def _flash_attn_func(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    dropout_p: float = 0.0,
    softmax_scale: float | None = None,
    causal: bool = False,
    window_size: tuple[int, int] = (-1, -1),
    softcap: float = 0.0,
    deterministic: bool = False,
) -> torch.Tensor:
    """The package's function of this name, by torch's copy of the kernel. (batch, length, heads, width)"""
    if q.dtype not in as_cuda.HALF:
        raise Refusal("FlashAttention requires 16-bit weights or autocast")
    if q.shape[-1] > 256:
        raise Refusal(f"FlashAttention supports head sizes up to 256, got {q.shape[-1]}")
    query, key, value = (tensor.transpose(1, 2) for tensor in (q, k, v))
    return as_cuda.flash(query, key, value, dropout_p, causal, softmax_scale).transpose(1, 2)
