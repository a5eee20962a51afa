"""The loss of a trainer that compares answers, as TRL's DPOTrainer computes it, on tensors that need no data.

Source: trl 1.16, trainer/dpo_trainer.py, _compute_loss, and trainer/utils.py, selective_log_softmax and
add_fused_lm_head. Triton's kernels allocate nothing, so that they are left out.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import torch
import trl.kernels.chunked_logprob as chunked

from configlint.core.workload import Workload

_TILE_WORDS = 32768


def loss(workload: Workload, network: Any, others: list[Any], autocast: torch.dtype | None) -> torch.Tensor:
    """Of chosen and rejected rows of one length; the reference model is the other, or that without its adapters."""
    tokens = torch.zeros((2 * workload.batch, workload.length), dtype=torch.int64)
    made = _in_tiles if workload.chunked_loss else _whole
    own = made(network, tokens, autocast)
    with torch.no_grad(), network.disable_adapter() if not others else nullcontext():
        other = made(others[0] if others else network, tokens, autocast)
    chosen, rejected = (own - other).view(2, -1).sum(-1)
    return -torch.nn.functional.logsigmoid(0.1 * (chosen - rejected))


def _whole(network: Any, tokens: torch.Tensor, autocast: torch.dtype | None) -> torch.Tensor:
    """Before 1.14: a row's logarithms are made one by one."""
    with _autocast(autocast):
        logits = network(input_ids=tokens, attention_mask=torch.ones_like(tokens), use_cache=False).logits
    logits = (logits.float() if autocast else logits)[:, :-1]
    picked: torch.Tensor = _Picked.apply(logits, tokens[:, 1:])
    return picked - torch.stack([row.logsumexp(-1) for row in logits])


class _Picked(torch.autograd.Function):
    """torch.gather, whose index tensors without data have none to give it."""

    @staticmethod
    def forward(ctx: Any, logits: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(logits, index)
        return logits[..., 0] * 1

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None]:
        return torch.zeros_like(ctx.saved_tensors[0]), None


def _in_tiles(network: Any, tokens: torch.Tensor, autocast: torch.dtype | None) -> torch.Tensor:
    base = network.get_base_model() if hasattr(network, "get_base_model") else network
    with _autocast(autocast):
        inner = base.model(input_ids=tokens, attention_mask=torch.ones_like(tokens), use_cache=False)
        hidden = inner.last_hidden_state[:, :-1]
        rows, weight = hidden.reshape(-1, hidden.size(-1)), base.lm_head.weight
        targets = tokens[:, 1:].reshape(-1)
        made: torch.Tensor = chunked.ChunkedLogProbFunction.apply(
            rows, weight, None, targets, 1.0, _TILE_WORDS, None, 1.0, ()
        )[0]
        return made


def _autocast(dtype: torch.dtype | None) -> Any:
    return torch.autocast("cpu", dtype=dtype) if dtype else nullcontext()


def _nothing(*_: object, **__: object) -> None:
    pass


chunked._forward_tile = chunked._backward_tile = chunked._addmm_fp32 = _nothing
chunked._use_triton = lambda device: False
