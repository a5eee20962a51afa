"""`load_best_model_at_end` is set, but only some of the evaluations are saved.

The Trainer compares all evaluations, and can load only what was saved. Where the best one was not, it silently
keeps the last weights, or loads an older checkpoint that was the best when it was saved. Before Transformers 4.47
only evaluations that were saved were compared.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {load_best_model_at_end: true, eval_strategy: steps, eval_steps: 100, save_steps: 500}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {load_best_model_at_end: true, eval_strategy: steps, eval_steps: 100, save_steps: 100}

Source: transformers 5.23 and 4.50 trainer.py, _determine_best_metric and _save_checkpoint; 4.47 to 4.49,
_determine_best_metric; run: of a best evaluation that is not saved, best_model_checkpoint is None
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put, Remedy
from configlint.core.rule import Finding, rule
from configlint.rules.checkpoint import described, skips_evaluations

_SAVE, _EVAL, _LOGGING = "training.save_steps", "training.eval_steps", "training.logging_steps"
_BEST = "training.load_best_model_at_end"


@rule(Severity.WARNING, when=lambda plan: plan.writes("load_best_model_at_end"))
def check(plan: Plan) -> Iterator[Finding]:
    save, every = plan.intervals.save_steps, plan.intervals.eval_steps
    if not skips_evaluations(plan) or save is None or not every:
        return
    given = [path for path in (_SAVE, _EVAL, _LOGGING) if plan.given(path)]
    saved = f"only 1 of {round(save / every)} evaluations" if save else "only the last evaluation"
    words = described(plan, _EVAL, every)
    yield Finding(
        given[0] if given else _BEST,
        f"{described(plan, _SAVE, save)} saves {saved} with {words}, so `{plan.name(_BEST)}` may load a worse one",
        _remedies(plan, save, every),
        related=((given[1], words),) if len(given) > 1 and given[0] == _SAVE else (),
    )


def _remedies(plan: Plan, save: float, every: float) -> list[Remedy]:
    to_save: list[Remedy] = [Put(_SAVE, every, why="each evaluation is then saved")]
    total = plan.schedule.total_steps
    if save and (total is None or save <= total):
        to_save.append(Put(_EVAL, save))
    return to_save
