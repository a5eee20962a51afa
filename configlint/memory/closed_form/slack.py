"""What PyTorch's allocator loses to fragmentation, beyond the peak of the tensors.

A cached segment that is too small for the next tensor, or that a smaller one has cut, is lost to it: that follows
the largest tensor, which is nearly always the logits.
"""

from __future__ import annotations

from configlint.core.plan import CLASSIFYING
from configlint.core.record import NamedTuple
from configlint.core.values import positive
from configlint.core.workload import Workload, in_rows


class Loss(NamedTuple):
    """A share of the peak, and how many times the largest tensor."""

    share: float
    times: float


# Each is above what a replay of the allocator lost in every job of the kind. Source: benchmarks/memory/
# slack.md, made by `python benchmarks/memory/slack.py`.
LORA, QLORA, FULL, ONE_LENGTH = Loss(0.03, 0.7), Loss(0.03, 1.0), Loss(0.03, 1.4), Loss(0.05, 0.7)
COMPARED = Loss(0.03, 2.0)
# The width of a model, as the families call it.
_WIDTHS = ("hidden_size", "n_embd", "d_model", "dim")


def slack(workload: Workload, peak: int) -> int:
    """Bytes that the allocator may need beyond a peak of so many. It is convex in the batch, as the peak is."""
    loss = kind(workload)
    return int(loss.share * peak + loss.times * largest(workload))


def kind(workload: Workload) -> Loss:
    # Of what compares, DPO was replayed; what generates was not.
    if workload.scores:
        return FULL if workload.chunked_loss else COMPARED
    if workload.method != "full":
        return QLORA if workload.method == "qlora" else LORA
    return FULL if workload.checkpointing or workload.many_lengths else ONE_LENGTH


def largest(workload: Workload) -> int:
    """Bytes of the logits in float32, or of the vocabulary's matrix where that has more or none are made: float32
    where a loss in tiles adds its gradient up."""
    workload = in_rows(workload)
    inner = workload.config.get("text_config")
    config = inner if isinstance(inner, dict) else workload.config
    words = positive(config.get("vocab_size")) or 0
    width = next((size for name in _WIDTHS if (size := positive(config.get(name)))), 0)
    without = workload.fused_loss or workload.chunked_loss or workload.task in CLASSIFYING
    tokens = 0 if without else workload.batch * (workload.scored or workload.length) // workload.context
    added_up = workload.chunked_loss and workload.method == "full"
    upcast = workload.upcast and not workload.narrow_tables
    return words * max(4 * tokens, width * (4 if workload.dtype == "float32" or upcast or added_up else 2))
