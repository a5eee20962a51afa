"""Checkpoints: what is saved and when, and which checkpoint is kept."""

from __future__ import annotations

from configlint.core.plan import Plan
from configlint.core.values import text
from configlint.core.wording import code


def applies(plan: Plan) -> bool:
    return any(name.startswith(("save_", "load_best_", "metric_for_best_")) for name in plan.training)


def skips_evaluations(plan: Plan) -> bool:
    """Whether the best model is to be loaded, but not each evaluation is saved: since 4.47 the best of all counts,
    saved or not."""
    intervals = plan.intervals
    save, every = intervals.save_steps, intervals.eval_steps
    if plan.training.get("load_best_model_at_end") is not True or plan.release.transformers < (4, 47):
        return False
    if not intervals.save_strategy == intervals.eval_strategy == "steps" or save is None or not every or every < 0:
        return False
    # What is no multiple is checkpoint/best-steps-mismatch.
    return save == 0 or (
        (save < 1) == (every < 1) and save > every and abs(save / every - round(save / every)) < 1e-9
    )


_STATE = ("parallel.fsdp.state_dict_type", "parallel.fsdp.fsdp_state_dict_type")


def sharded_states(plan: Plan) -> list[str]:
    """Where a checkpoint in shards is asked of FSDP."""
    written = {path: text(plan.spec.settings[path].value) for path in _STATE if plan.given(path)}
    return [path for path, state in written.items() if (state or "").upper() == "SHARDED_STATE_DICT"]


def is_best_compared(plan: Plan) -> bool:
    """Whether loading the best model asks `best` too for an equal evaluation strategy: the one release that added
    it does."""
    return plan.release.transformers == (4, 47) and plan.training.get("load_best_model_at_end") is True


def described(plan: Plan, path: str, value: object) -> str:
    """The setting and its value, and where that came from if nobody wrote it: `save_steps` 500 (the Trainer's
    default)."""
    origin = plan.origins.get(path)
    why = f"from `{origin.why}`" if origin and origin.how == "derived" else origin.why if origin else ""
    return f"`{plan.name(path)}` {code(value)}" + (f" ({why})" if why else "")
