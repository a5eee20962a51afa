"""What a trainer holds beside the model that it trains, and what its loss is made of, by the traits of its row."""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.values import flag, positive, real, share, text
from configlint.solver.ledger import Ledger

# Arguments with which it generates by other means, whose memory is not modelled.
_UNMODELLED = ("use_transformers_paged", "use_transformers_continuous_batching", "cast_lm_head_to_fp32")


# How log-probabilities are made of logits, by the release since which they are. Source: trl, trainer/utils.py,
# selective_log_softmax; before 0.15 the trainers' get_batch_logps.
_LOGARITHMS = (((1, 14), "kernel"), ((0, 15), "rows"), ((0, 0), "whole"))


def unmodelled_of_trainer(ledger: Ledger) -> Iterator[str]:
    """The paths of what is not modelled of the trainer."""
    trainer, trl = ledger.release.trainer, ledger.release.trl
    prompts_alone = trainer.completions is not None and (trl or (0, 0)) < trainer.completions
    if prompts_alone or ("trainer" in ledger.spec.settings and not trainer.modelled):
        yield "trainer"
    elif trainer.scores:
        # Until the release with a loss of its own, Liger's takes its place; of a trainer without one, only Liger's
        # other kernels are used.
        own = trainer.chunked_loss
        if ledger.argument("use_liger_kernel", flag) and trl and (own is None or trl < own[2]):
            yield "training.use_liger_kernel"
        yield from (f"training.{name}" for name in _UNMODELLED if ledger.argument(name, flag))


def of_trainer(ledger: Ledger, method: str, dtype: str, autocast: str | None, world: int) -> dict[str, object]:
    """The fields of a workload that follow from it."""
    trainer = ledger.release.trainer
    found: dict[str, object] = {"pairs": trainer.pairs, "scores": trainer.scores, "nll": _has_nll(ledger)}
    if trainer.scores and ledger.release.trl:
        found["logarithms"] = next(how for since, how in _LOGARITHMS if since <= ledger.release.trl)
        held_as = [row for row in trainer.whole_logits if row[0] <= ledger.release.trl]
        if held_as:
            _, found["beside_logits"], wide, narrow = held_as[-1]
            found["held_logits"] = wide if autocast or dtype == "float32" else narrow
    if _has_reference(ledger):
        found["reference"] = dtype if method == "full" else "adapters"
    if trainer.generates:
        found["scored"] = ledger.argument("max_completion_length", positive) or 0
        found |= _of_generation(ledger, world)
    return found


def _has_nll(ledger: Ledger) -> bool:
    without = ledger.release.trainer.nll_unless
    if without is None:
        return False
    return not any(ledger.argument(name, lambda given: given) == value for name, value in without.items())


def _has_reference(ledger: Ledger) -> bool:
    trainer = ledger.release.trainer
    if trainer.reference_unless:
        return not ledger.argument(trainer.reference_unless, flag)
    return trainer.reference_with is not None and bool(ledger.argument(trainer.reference_with, real))


def _of_generation(ledger: Ledger, world: int) -> dict[str, object]:
    """By vLLM beside the training or on devices of its own, or in the model: then for all micro-batches of a step
    at once, unless told otherwise."""
    if ledger.argument("use_vllm", flag):
        if ledger.argument("vllm_mode", text) != "colocate":
            return {}
        part = ledger.argument("vllm_gpu_memory_utilization", share) or 0.0
        return {"engine": part, "engine_sleeps": ledger.argument("vllm_enable_sleep_mode", flag) or False}
    if "steps_per_generation" not in ledger.release.arguments:
        return {"generates": True, "generate_every": 1}
    at_once = ledger.argument("generation_batch_size", positive)
    if at_once:
        return {"generates": True, "generate_at_once": at_once // world}
    return {"generates": True, "generate_every": ledger.argument("steps_per_generation", positive) or 0}


def length_of_trainer(ledger: Ledger) -> int | None:
    """What a sample is cut to: prompt and completion, or both together."""
    if ledger.release.trainer.generates:
        prompt, completion = (ledger.argument(f"max_{what}_length", positive) for what in ("prompt", "completion"))
        return prompt + completion if prompt and completion else None
    return ledger.argument("max_length", lambda value: _where_null(ledger) if value is None else positive(value))


def _where_null(ledger: Ledger) -> int | None:
    """What a sample is cut to where max_length is null."""
    length, until = ledger.release.trainer.null_length or (None, None)
    return length if until is None or (ledger.release.trl or until) < until else None
