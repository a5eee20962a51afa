"""DeepSpeed rejects two settings of its config together.

Each of them is right by itself. DeepSpeed checks most combinations when the engine is built: the job fails after it
has queued and loaded the model.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero3, deepspeed: {gradient_allreduce_op: sum}}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero2, deepspeed: {gradient_allreduce_op: sum}}

Source: deepspeed 0.19.8 runtime/config.py, _do_error_check; runtime/zero/config.py, compute_grad_norm_valid;
runtime/engine.py, _do_sanity_check, _do_optimizer_sanity_check and _assert_valid_mixed_precision_config;
runtime/base_optimizer.py, _configure_master_weights; runtime/zero/stage_1_and_2.py and runtime/zero/stage3.py,
__init__; runtime/zero/utils.py, ZERO_SUPPORTED_OPTIMIZERS; runtime/zenflow/engine.py, configure_zenflow, and
runtime/zenflow/zenflow_stage_1_and_2.py; deepspeed 0.12.6 runtime/engine.py, _configure_basic_optimizer (1-bit
optimizers)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.record import NamedTuple
from configlint.core.remedy import Drop, Put, Remedy
from configlint.core.rule import Finding, Row, rule
from configlint.core.values import real
from configlint.core.wording import code
from configlint.knowledge.optimizers import DEEPSPEED_KNOWN, DEEPSPEED_OLDER, DEEPSPEED_PYTORCH, is_adam
from configlint.rules.deepspeed import (
    OFFLOADS,
    SECTION,
    is_configured,
    kind,
    offloads,
    settings,
    stage,
    value,
    zero,
)
from configlint.rules.deepspeed._values import number_of

_ZERO, _TYPE, _ZENFLOW = "zero_optimization.", "optimizer.type", "zero_optimization.zenflow"
# The optimizers of DeepSpeed's own that ZeRO takes without being told to.
_TESTED = ("adam", "adamw", "adagrad", "lion", "muon")
_TYPES = {
    "bf16": ("bf16", "bfloat16", "torch.bfloat16"),
    "fp16": ("fp16", "float16", "torch.float16", "half"),
    "fp32": ("fp32", "float32", "torch.float32", "float"),
}


class _Conflict(NamedTuple):
    """`why` says what the values of `keys` cannot be with, and None where they can. They are below SECTION."""

    page: str
    keys: tuple[str, ...]
    why: Callable[[Plan, object], str | None]
    remedies: Callable[[Plan, str], list[Remedy]]


def _drop(plan: Plan, path: str) -> list[Remedy]:
    return [Drop(path)]


def _is_offloaded(plan: Plan) -> bool:
    """Also under the old name."""
    return offloads(plan) or value(plan, f"{_ZERO}cpu_offload") is True


def _scattered(plan: Plan) -> bool:
    return value(plan, f"{_ZERO}reduce_scatter") is not False


def _sum(plan: Plan, written: object) -> str | None:
    if str(written).lower() != "sum":
        return None
    if stage(plan) == 3:
        return "is not supported with ZeRO-3"
    if plan.given(SECTION + _ZENFLOW):
        return "is not supported with `zenflow`"
    return "is not supported with `deepcompile`" if value(plan, "compile.deepcompile") is True else None


def _scaled(plan: Plan, written: object) -> str | None:
    """Of gradients that are divided before they are reduced."""
    is_plain = written is False or (not isinstance(written, bool) and number_of(written) in (1, None))
    averages = str(value(plan, "gradient_allreduce_op")).lower() != "sum"
    refused = stage(plan) == 3 or (stage(plan) == 2 and averages)
    if is_plain or not refused or not _scattered(plan):
        return None
    return f"requires `reduce_scatter` false under {zero(plan)}"


def _master_weights(plan: Plan, written: object) -> str | None:
    if written is not True:
        return None
    if stage(plan) == 0:
        return "requires ZeRO-1, 2 or 3, got ZeRO-0"
    # With states in 16 bits too, those in bfloat16 can stay on the device.
    stays = value(plan, "bf16.bf16_optimizer_states") is True and value(plan, "bf16.bf16_master_weights_and_grads")
    return None if stays or _is_offloaded(plan) else "requires an offloaded optimizer"


def _states(plan: Plan, written: object) -> str | None:
    if written is not True or value(plan, "bf16.bf16_master_weights_and_grads") is True:
        return None
    return "requires `bf16_master_weights_and_grads` true"


def _with_master_weights(plan: Plan, path: str) -> list[Remedy]:
    states = f"{SECTION}bf16.bf16_optimizer_states"
    drop = (Drop(path), Drop(states)) if path.startswith(f"{SECTION}bf16") and plan.given(states) else Drop(path)
    return [_offload(), drop] if stage(plan) else [drop]


def _offload() -> Remedy:
    return Put(f"{SECTION}{OFFLOADS[0]}.device", "cpu")


def _norm(plan: Plan, written: object) -> str | None:
    if written is not False:
        return None
    if stage(plan) not in (1, 2):
        return f"requires ZeRO-1 or ZeRO-2, got {zero(plan)}"
    clips, path = real(plan.argument("max_grad_norm")), plan.path("max_grad_norm")
    if clips is not None and clips > 0:
        default = "" if plan.given(path) else " (the Trainer's default)"
        return f"requires `{plan.name(path)}` 0, got {code(clips)}{default}"
    return "is not supported with an offloaded optimizer" if _is_offloaded(plan) else None


def _loss_scale(plan: Plan, written: object) -> str | None:
    is_static = number_of(written) not in (0, None) and not isinstance(written, bool)
    is_lamb = (kind(plan, "optimizer") or "").lower() == "lamb"
    return "must be 0 (dynamic) with Lamb" if is_static and is_lamb else None


def _precision(plan: Plan) -> str | None:
    flags = {name: plan.argument(name) for name in ("bf16", "fp16")}
    if None in flags.values():
        return None
    return next((name for name, flag in flags.items() if flag is True), "fp32")


def _parameters(plan: Plan, written: object) -> str | None:
    precision = _precision(plan)
    is_known = any(written in names for names in _TYPES.values())
    if precision is None or not is_known or written in _TYPES[precision]:
        return None
    return f"contradicts the precision of the training, {precision}"


def _accumulated(plan: Plan, written: object) -> str | None:
    """ZeRO keeps gradients in a type of their own, plain data parallelism does not."""
    found = _parameters(plan, written) if stage(plan) == 0 else None
    return found and f"is not supported with {_precision(plan)} under ZeRO-0"


def _untested(plan: Plan, written: object) -> str | None:
    name = str(written)
    if (
        not stage(plan)
        or name.lower() in _TESTED
        or value(plan, "zero_allow_untested_optimizer") not in (None, False)
    ):
        return None
    if name in DEEPSPEED_OLDER:
        return f"is not supported with {zero(plan)}"
    is_known = name in DEEPSPEED_PYTORCH or name.lower() in map(str.lower, DEEPSPEED_KNOWN)
    return f"requires `zero_allow_untested_optimizer` true with {zero(plan)}" if is_known else None


def _allowed(plan: Plan, path: str) -> list[Remedy]:
    if value(plan, _TYPE) in DEEPSPEED_OLDER:
        return [Put(path, "AdamW")]
    return [Put(f"{SECTION}zero_allow_untested_optimizer", True)]


def _muon(plan: Plan, written: object) -> str | None:
    is_muon = str(written).lower() == "muon" and stage(plan) == 3
    return "requires `reduce_scatter` false under ZeRO-3" if is_muon and _scattered(plan) else None


def _hybrid(plan: Plan, written: object) -> str | None:
    """A part of the states that stays on the device is stepped by a second AdamW."""
    ratio, name = number_of(written), kind(plan, "optimizer")
    if ratio is None or not 0 <= ratio < 1 or stage(plan) != 3 or not offloads(plan) or name is None:
        return None
    return None if is_adam(name) else f"requires DeepSpeed's Adam or AdamW, got {name}"


def _selected(plan: Plan, written: object) -> str | None:
    """Of the interval at which ZenFlow selects gradients."""
    strategy = value(plan, f"{_ZENFLOW}.select_strategy") or "auto"
    if strategy == "auto" and isinstance(written, int):
        return "requires `select_strategy` step or epoch, got auto"
    if strategy in ("step", "epoch") and written == "auto":
        return f"must be a number with `select_strategy` {strategy}"
    updates = value(plan, f"{_ZENFLOW}.update_interval")
    if strategy == "step" and isinstance(updates, int) and isinstance(written, int) and 0 < written < updates:
        return f"must be at least `update_interval` {updates}"
    return None


def _flowing(plan: Plan, written: object) -> str | None:
    is_refused = stage(plan) in (1, 2) and not _is_offloaded(plan)
    return "requires an offloaded optimizer" if is_refused else None


_CONFLICTS = {
    "unsupported-gradient-sum": _Conflict(
        "`gradient_allreduce_op: sum` is not supported with ZeRO-3, ZenFlow and DeepCompile.",
        ("gradient_allreduce_op",), _sum, _drop,
    ),
    "prescaled-scattered-gradients": _Conflict(
        "Gradients that are scattered cannot be divided before they are reduced.",
        ("prescale_gradients", "gradient_predivide_factor"), _scaled,
        lambda plan, path: [Drop(path), Put(f"{SECTION}{_ZERO}reduce_scatter", False)],
    ),
    "unsupported-master-weights": _Conflict(
        "Master weights in 16 bits require ZeRO and an offloaded optimizer.",
        ("fp16.fp16_master_weights_and_grads", "bf16.bf16_master_weights_and_grads"), _master_weights,
        _with_master_weights,
    ),
    "optimizer-states-without-master-weights": _Conflict(
        "`bf16_optimizer_states` requires `bf16_master_weights_and_grads`.",
        ("bf16.bf16_optimizer_states",), _states, _drop,
    ),
    "required-gradient-norm": _Conflict(
        "Without the gradient norm nothing can be clipped, and only ZeRO-1 and ZeRO-2 can leave it out.",
        (f"{_ZERO}compute_grad_norm",), _norm, _drop,
    ),
    "static-loss-scale-with-lamb": _Conflict(
        "Lamb requires a dynamic loss scale.", ("fp16.loss_scale",), _loss_scale, _drop,
    ),
    "mismatched-parameter-type": _Conflict(
        "`data_types.param_dtype` must match the precision that `bf16` and `fp16` set.",
        ("data_types.param_dtype",), _parameters, _drop,
    ),
    "mixed-types-without-zero": _Conflict(
        "ZeRO-0 accumulates gradients only in the type of the parameters.",
        ("data_types.grad_accum_dtype",), _accumulated, _drop,
    ),
    "untested-optimizer": _Conflict(
        "ZeRO takes an optimizer that DeepSpeed has not tested only with `zero_allow_untested_optimizer: true`.",
        (_TYPE,), _untested, _allowed,
    ),
    "muon-with-reduce-scatter": _Conflict(
        "Under ZeRO-3, Muon requires `reduce_scatter: false`.",
        (_TYPE,), _muon, lambda plan, path: [Put(f"{SECTION}{_ZERO}reduce_scatter", False)],
    ),
    "partial-offload-of-other-optimizer": _Conflict(
        "Only DeepSpeed's Adam can be offloaded in part.", (f"{OFFLOADS[0]}.ratio",), _hybrid, _drop,
    ),
    "mismatched-zenflow-interval": _Conflict(
        "ZenFlow's `select_interval` does not match its other settings.",
        (f"{_ZENFLOW}.select_interval",), _selected, _drop,
    ),
    "zenflow-without-offload": _Conflict(
        "ZenFlow requires an offloaded optimizer.",
        (_ZENFLOW,), _flowing, lambda plan, path: [_offload(), Drop(path)],
    ),
}  # fmt: skip
_ROWS = {name: Row(conflict.page) for name, conflict in _CONFLICTS.items()}


@rule(Severity.ERROR, rows=_ROWS, when=is_configured)
def check(plan: Plan) -> Iterator[Finding]:
    if stage(plan) is None:
        return
    written = dict(settings(plan))
    for row, conflict in _CONFLICTS.items():
        for key in conflict.keys:
            if key not in written:
                continue
            setting = written[key]
            if why := conflict.why(plan, setting.value):
                shown = "" if setting.mapping else f" {code(setting.value)}"
                message = f"`{key.rpartition('.')[2]}`{shown} {why}; DeepSpeed rejects it"
                path = SECTION + key
                yield Finding(path, message, conflict.remedies(plan, path), on_key=setting.mapping, row=row)
