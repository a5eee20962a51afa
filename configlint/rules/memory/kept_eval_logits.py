"""The logits of all evaluation examples are kept until the metrics are computed.

For compute_metrics, the Trainer keeps the logits of every example until the evaluation is over, and on each device
those of all devices: the job fails with CUDA out of memory in its first evaluation, hours in. The logits can be
passed to compute_metrics batch by batch (it must then accept compute_result), moved to the host every few batches,
or reduced by the script. That the script has a compute_metrics is concluded from an argument that makes no sense
without one.

Bad:

    model: {config: llama-3.2-1b, sequence_length: 1024}
    batch: {effective: 64, per_device: 4}
    hardware: {accelerator: a100-80gb, devices_per_node: 1}
    data: {eval_examples: 1000}
    training:
      bf16: true
      eval_strategy: epoch
      save_strategy: epoch
      load_best_model_at_end: true
      metric_for_best_model: accuracy

Good:

    model: {config: llama-3.2-1b, sequence_length: 1024}
    batch: {effective: 64, per_device: 4}
    hardware: {accelerator: a100-80gb, devices_per_node: 1}
    data: {eval_examples: 1000}
    training:
      bf16: true
      eval_strategy: epoch
      save_strategy: epoch
      load_best_model_at_end: true
      metric_for_best_model: accuracy
      batch_eval_metrics: true

Source: transformers 5.23 trainer.py, evaluation_loop; transformers issue 12878
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put, Remedy, Say
from configlint.core.rule import Finding, rule
from configlint.core.values import positive, text
from configlint.core.wording import count
from configlint.rules.memory import device, evaluates, gib, predicts_tokens

# Metrics that need no compute_metrics; TRL's trainers add some of their own.
_OWN = ("loss", "runtime", "samples_per_second", "steps_per_second", "accuracy", "entropy", "num_tokens")
_OF_TRANSFORMERS = 4
# Arguments with which no logits are kept, or not on the device.
_WAYS_OUT = ("prediction_loss_only", "batch_eval_metrics", "eval_accumulation_steps")


@rule(Severity.INFO, when=lambda plan: plan.writes("metric_for_best_model", "include_for_metrics"))
def check(plan: Plan) -> Iterator[Finding]:
    capacity, examples, estimate = plan.memory.capacity, plan.data.eval_examples, plan.memory.estimate
    hint = _hint(plan)
    if capacity is None or not examples or estimate is None or hint is None or not evaluates(plan):
        return
    if any(plan.argument(name) for name in _WAYS_OUT) or not predicts_tokens(plan):
        return
    kept = examples * _sample(plan)
    if kept + estimate.breakdown["weights"] + estimate.breakdown["optimizer"] <= capacity:
        return
    yield Finding(
        plan.path(hint),
        f"evaluation keeps the logits of {count(examples, 'example')} on each device for compute_metrics,"
        f" {gib(kept)} GiB; {device(plan)}",
        _remedies(plan),
        related=(("data.eval_examples", count(examples, "example")),),
    )


def _hint(plan: Plan) -> str | None:
    """The argument that makes sense only with a compute_metrics."""
    if plan.training.get("include_for_metrics"):
        return "include_for_metrics"
    metric = text(plan.argument("metric_for_best_model"))
    own = _OWN if plan.release.trl else _OWN[:_OF_TRANSFORMERS]
    return "metric_for_best_model" if metric and not metric.endswith(own) else None


def _sample(plan: Plan) -> int:
    """Bytes of one example's logits. What comes out under autocast is made float32."""
    workload = plan.memory.workload
    words = positive(plan.model.config.get("vocab_size")) if plan.model else None
    if workload is None or words is None:
        return 0
    return workload.length * words * (4 if workload.autocast or workload.dtype == "float32" else 2)


def _remedies(plan: Plan) -> list[Remedy]:
    hook = "preprocess_logits_for_metrics"
    if plan.release.spelling("batch_eval_metrics"):
        reduced = Say(f"reduce the logits in {hook}: the script has to support either")
        return [Put("training.batch_eval_metrics", True), reduced]
    return [Put("training.eval_accumulation_steps", 1), Say(f"reduce the logits in the script's {hook}")]
