"""An argument has no effect because of the value of another.

`save_steps` requires `save_strategy: steps`, `eval_steps` requires `eval_strategy: steps`, the `hub_` arguments
require `push_to_hub`, and `adam_beta1` requires an optimizer of the Adam family. Otherwise the Trainer silently
ignores them, so nothing is evaluated or pushed although the config asks for it.

Not reported: what a target or an extending file turns off on purpose, and values that are the argument's default.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {save_strategy: epoch, save_steps: 200, eval_steps: 100}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {save_steps: 200, eval_strategy: steps, eval_steps: 100}

Source: transformers 5.23 trainer.py and trainer_optimizer.py, where each is read; trainer_callback.py,
DefaultFlowCallback; integrations/integration_utils.py
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.record import NamedTuple
from configlint.core.remedy import Drop, Put, Remedy, Say
from configlint.core.rule import Finding, Row, rule
from configlint.core.spec import Setting
from configlint.core.values import natural, real
from configlint.core.wording import code
from configlint.rules.argument import is_deprecated
from configlint.rules.argument._resolved import activation_checkpointing, optimizer
from configlint.rules.schedule import BY_METRIC


class Idle(NamedTuple):
    """The argument whose value keeps another from having an effect; `needed` is what to write for it instead, and
    `beside` another remedy than to remove what has none."""

    by: str
    needed: object = None
    beside: Remedy | None = None


class _Case(NamedTuple):
    """Arguments that may have no effect, and why not; `row` is its name, `page` the sentence of its page."""

    row: str
    page: str
    arguments: tuple[str, ...]
    why: Callable[[Plan], Idle | None]
    severity: Severity | None = None


def _remedies(plan: Plan, path: str, idle: Idle) -> list[Remedy]:
    by = plan.path(idle.by)
    argument = plan.release.arguments.get(by.rpartition(".")[2])
    # What is deprecated would be the next finding.
    is_going = not plan.given(by) and argument is not None and is_deprecated(argument)
    first = [Put(by, idle.needed)] if idle.needed is not None and not is_going else []
    return [*first, Drop(path), *([idle.beside] if idle.beside else [])]


def _described(plan: Plan, by: str) -> str:
    """`while save_strategy is epoch`, `without push_to_hub`."""
    path, made = plan.path(by), optimizer(plan) if by == "optim" else None
    value = made.name if made else plan.argument(by)
    if value is None or value is False:
        return f"without `{plan.name(path)}`"
    whose = "" if plan.given(path) else " (the Trainer's default)"
    return f"while `{plan.name(path)}` is {code(value)}{whose}"


def _is_overridden(plan: Plan, path: str, by: str) -> bool:
    """Whether what keeps it from having an effect was written over it: in an extending file, a target, on the
    command line."""
    settings = plan.spec.settings
    return by in settings and _rank(plan, settings[by]) > _rank(plan, settings[path])


def _rank(plan: Plan, setting: Setting) -> int:
    """Later wins."""
    name = setting.span.source.name
    return 3 if name == "--set" else 2 if setting.target is not None else int(name == plan.spec.source.name)


def _unless_steps(kind: str) -> Callable[[Plan], Idle | None]:
    def why(plan: Plan) -> Idle | None:
        strategy = getattr(plan.intervals, f"{kind}_strategy")
        if strategy not in ("no", "epoch", "best"):
            return None
        return Idle(f"{kind}_strategy", "steps")

    return why


def _logging_steps(plan: Plan) -> Idle | None:
    # Where eval_steps is not given, it is the interval of evaluation.
    if plan.intervals.eval_strategy not in (None, "steps") or plan.training.get("eval_steps"):
        return _unless_steps("logging")(plan)
    return None


def _without_evaluation(plan: Plan) -> Idle | None:
    return Idle("eval_strategy", "steps") if plan.intervals.eval_strategy == "no" else None


def _without_saving(plan: Plan) -> Idle | None:
    # At a signal a checkpoint is saved in any case.
    if plan.intervals.save_strategy == "no" and plan.argument("enable_jit_checkpoint") is not True:
        return Idle("save_strategy")
    return None


def _metric(plan: Plan) -> Idle | None:
    """Without evaluations it is compared with nothing. What needs one says so itself."""
    if plan.argument("eval_on_start") is True or _needs_metric(plan):
        return None
    return _without_evaluation(plan)


def _greater(plan: Plan) -> Idle | None:
    if plan.argument("metric_for_best_model") is not None or _needs_metric(plan):
        return None
    path = plan.path("metric_for_best_model")
    say = Say(f"name the metric in `{plan.name(path)}`", needs=(path,))
    return Idle("metric_for_best_model", beside=say)


def _needs_metric(plan: Plan) -> bool:
    """With these it has an effect, a default, or a rule of its own."""
    best = plan.intervals.save_strategy == "best" or plan.argument("load_best_model_at_end") is not False
    return best or plan.argument("lr_scheduler_type") in BY_METRIC


def _without(by: str) -> Callable[[Plan], Idle | None]:
    """Where a flag is off."""

    def why(plan: Plan) -> Idle | None:
        return Idle(by, True) if plan.argument(by) is False else None

    return why


def _private_repo(plan: Plan) -> Idle | None:
    # Trackio reads it too, and so does GRPO's log of completions.
    reports = _reports(plan)
    if reports is None or "trackio" in reports or plan.release.trl:
        return None
    return _without("push_to_hub")(plan)


def _checkpointing(plan: Plan) -> Idle | None:
    return Idle("activation_checkpointing", True) if activation_checkpointing(plan) is False else None


def _reports(plan: Plan) -> list[str] | None:
    """The integrations that are reported to; None where it is whatever is installed."""
    value = plan.argument("report_to")
    reports = [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str)]
    return None if not reports or "all" in reports else [each for each in reports if each != "none"]


def _without_report(to: str) -> Callable[[Plan], Idle | None]:
    def why(plan: Plan) -> Idle | None:
        reports = _reports(plan)
        if reports is None or to in reports:
            return None
        return Idle("report_to", [*reports, to] if reports else to)

    return why


def _logging_dir(plan: Plan) -> Idle | None:
    # From 5.0 on nothing reads it, whatever is reported to: argument/deprecated says so.
    return _without_report("tensorboard")(plan) if plan.release.transformers < (5, 0) else None


def _length_column(plan: Plan) -> Idle | None:
    if plan.release.arguments.get("train_sampling_strategy") is None:
        return _without("group_by_length")(plan)
    # A strategy under its old name is gone, which is another mistake.
    if (
        plan.argument("train_sampling_strategy") not in ("random", "sequential")
        or "group_by_length" in plan.training
    ):
        return None
    return Idle("train_sampling_strategy", "group_by_length")


def _in_order(plan: Plan) -> Idle | None:
    return Idle("dataloader_num_workers") if natural(plan.argument("dataloader_num_workers")) == 0 else None


def _epochs(plan: Plan) -> Idle | None:
    steps = plan.schedule.max_steps
    if steps is None or steps <= 0:
        return None
    return Idle("max_steps", beside=Drop("training.max_steps"))


def _warmup_ratio(plan: Plan) -> Idle | None:
    # From 5.0 on it was the other way round, until it went.
    steps = real(plan.training.get("warmup_steps"))
    return Idle("warmup_steps") if plan.release.transformers < (5, 0) and steps else None


def _warmup_steps(plan: Plan) -> Idle | None:
    release = plan.release
    if release.transformers < (5, 0) or not release.arguments.get("warmup_ratio"):
        return None
    return Idle("warmup_ratio") if plan.training.get("warmup_ratio") is not None else None


def _scheduler_kwargs(plan: Plan) -> Idle | None:
    """The two constant schedules are handed none; a key that another does not take is another mistake."""
    name = plan.argument("lr_scheduler_type")
    return Idle("lr_scheduler_type") if name in ("constant", "constant_with_warmup") else None


def _unread(argument: str) -> Callable[[Plan], Idle | None]:
    """By the optimizer."""

    def why(plan: Plan) -> Idle | None:
        made = optimizer(plan)
        return None if made is None or made.is_given(argument, plan.release.transformers) else Idle("optim")

    return why


_CASES = (
    _Case(
        "save-steps-without-steps-strategy",
        "`save_steps` has no effect unless `save_strategy` is steps.",
        ("save_steps",),
        _unless_steps("save"),
    ),
    _Case(
        "eval-steps-without-steps-strategy",
        "`eval_steps` has no effect unless `eval_strategy` is steps.",
        ("eval_steps",),
        _unless_steps("eval"),
    ),
    _Case(
        "logging-steps-without-steps-strategy",
        "`logging_steps` has no effect unless `logging_strategy` is steps.",
        ("logging_steps",),
        _logging_steps,
    ),
    _Case(
        "eval-delay-without-evaluation",
        "`eval_delay` has no effect without evaluation.",
        ("eval_delay",),
        _without_evaluation,
    ),
    _Case(
        "save-total-limit-without-saving",
        "`save_total_limit` has no effect without checkpoints.",
        ("save_total_limit",),
        _without_saving,
    ),
    _Case(
        "save-only-model-without-saving",
        "`save_only_model` has no effect without checkpoints.",
        ("save_only_model",),
        _without_saving,
    ),
    _Case(
        "metric-without-evaluation",
        "`metric_for_best_model` has no effect without evaluation.",
        ("metric_for_best_model",),
        _metric,
    ),
    _Case(
        "greater-is-better-without-metric",
        "`greater_is_better` has no effect without `metric_for_best_model`.",
        ("greater_is_better",),
        _greater,
    ),
    _Case(
        "hub-strategy-without-push",
        "`hub_strategy` has no effect without `push_to_hub: true`.",
        ("hub_strategy",),
        _without("push_to_hub"),
    ),
    _Case(
        "hub-always-push-without-push",
        "`hub_always_push` has no effect without `push_to_hub: true`.",
        ("hub_always_push",),
        _without("push_to_hub"),
    ),
    # No warning: the script may push by itself.
    _Case(
        "hub-model-id-without-push",
        "`hub_model_id` has no effect without `push_to_hub: true`, unless the script pushes by itself.",
        ("hub_model_id",),
        _without("push_to_hub"),
        Severity.INFO,
    ),
    _Case(
        "hub-token-without-push",
        "`hub_token` has no effect without `push_to_hub: true`, unless the script pushes by itself.",
        ("hub_token",),
        _without("push_to_hub"),
        Severity.INFO,
    ),
    _Case(
        "hub-revision-without-push",
        "`hub_revision` has no effect without `push_to_hub: true`, unless the script pushes by itself.",
        ("hub_revision",),
        _without("push_to_hub"),
        Severity.INFO,
    ),
    _Case(
        "hub-private-repo-without-push",
        "`hub_private_repo` has no effect without `push_to_hub: true`, unless the script pushes by itself.",
        ("hub_private_repo",),
        _private_repo,
        Severity.INFO,
    ),
    _Case(
        "checkpointing-kwargs-without-checkpointing",
        "The arguments of activation checkpointing have no effect where it is turned off.",
        ("activation_checkpointing_kwargs", "gradient_checkpointing_kwargs"),
        _checkpointing,
    ),
    _Case(
        "liger-config-without-liger",
        "`liger_kernel_config` has no effect without `use_liger_kernel: true`.",
        ("liger_kernel_config",),
        _without("use_liger_kernel"),
    ),
    _Case(
        "logging-dir-without-tensorboard",
        "`logging_dir` has no effect unless `report_to` includes tensorboard.",
        ("logging_dir",),
        _logging_dir,
    ),
    _Case(
        "project-without-trackio",
        "`project` has no effect unless `report_to` includes trackio.",
        ("project",),
        _without_report("trackio"),
    ),
    _Case(
        "trackio-space-without-trackio",
        "`trackio_space_id` has no effect unless `report_to` includes trackio.",
        ("trackio_space_id",),
        _without_report("trackio"),
    ),
    _Case(
        "trackio-bucket-without-trackio",
        "`trackio_bucket_id` has no effect unless `report_to` includes trackio.",
        ("trackio_bucket_id",),
        _without_report("trackio"),
    ),
    _Case(
        "trackio-static-space-without-trackio",
        "`trackio_static_space_id` has no effect unless `report_to` includes trackio.",
        ("trackio_static_space_id",),
        _without_report("trackio"),
    ),
    _Case(
        "length-column-without-grouping",
        "`length_column_name` has no effect unless examples are grouped by length.",
        ("length_column_name",),
        _length_column,
    ),
    _Case(
        "order-without-workers",
        "`dataloader_in_order` has no effect without data loader workers.",
        ("dataloader_in_order",),
        _in_order,
    ),
    _Case(
        "epochs-beside-max-steps",
        "`num_train_epochs` has no effect beside `max_steps`.",
        ("num_train_epochs",),
        _epochs,
        Severity.INFO,
    ),
    _Case(
        "warmup-ratio-beside-steps",
        "`warmup_ratio` has no effect beside `warmup_steps` before Transformers 5.0.",
        ("warmup_ratio",),
        _warmup_ratio,
    ),
    _Case(
        "warmup-steps-beside-ratio",
        "`warmup_steps` has no effect beside `warmup_ratio` from Transformers 5.0 on.",
        ("warmup_steps",),
        _warmup_steps,
    ),
    _Case(
        "scheduler-kwargs-with-constant-schedule",
        "`lr_scheduler_kwargs` has no effect on a constant schedule.",
        ("lr_scheduler_kwargs",),
        _scheduler_kwargs,
    ),
    _Case(
        "unread-adam-beta1",
        "`adam_beta1` has no effect on an optimizer that does not read it.",
        ("adam_beta1",),
        _unread("adam_beta1"),
    ),
    _Case(
        "unread-adam-beta2",
        "`adam_beta2` has no effect on an optimizer that does not read it.",
        ("adam_beta2",),
        _unread("adam_beta2"),
    ),
    _Case(
        "unread-adam-epsilon",
        "`adam_epsilon` has no effect on an optimizer that does not read it.",
        ("adam_epsilon",),
        _unread("adam_epsilon"),
    ),
    _Case(
        "unread-weight-decay",
        "`weight_decay` has no effect on an optimizer that does not read it.",
        ("weight_decay",),
        _unread("weight_decay"),
    ),
    _Case(
        "unread-optim-args",
        "`optim_args` has no effect on an optimizer that does not read it.",
        ("optim_args",),
        _unread("optim_args"),
    ),
    _Case(
        "unread-target-modules",
        "`optim_target_modules` has no effect unless `optim` is GaLore or APOLLO.",
        ("optim_target_modules",),
        _unread("optim_target_modules"),
    ),
)
_BY_ARGUMENT = {argument: case for case in _CASES for argument in case.arguments}


@rule(Severity.WARNING, rows={case.row: Row(case.page, case.severity) for case in _CASES})
def check(plan: Plan) -> Iterator[Finding]:
    for use in plan.uses:
        case = _BY_ARGUMENT.get(use.name) if use.path.startswith("training.") else None
        if case is None or not use.argument or not use.fits or use.value in (None, {}, use.argument.default):
            continue
        idle = case.why(plan)
        if idle is None or _is_overridden(plan, use.path, plan.path(idle.by)):
            continue
        by = plan.path(idle.by)
        yield Finding(
            use.path,
            f"`{plan.name(use.path)}` has no effect {_described(plan, idle.by)}",
            _remedies(plan, use.path, idle),
            related=((by, f"`{plan.name(by)}` is {code(plan.argument(idle.by))}"),) if plan.given(by) else (),
            on_key=True,
            row=case.row,
        )
