"""What `fit` answers: for people a block a plan, in GiB; for programs version 1, in bytes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from configlint.core.plan import Plan
from configlint.core.wording import count, in_a_line
from configlint.core.workload import CATEGORIES, Estimate
from configlint.memory.options import Fit, Way, entries, evaluated, most_evaluated

_GIB = 2**30
_NAMES = {
    "reference": "reference model",
    "optimizer": "optimizer states",
    "activations": "saved activations",
    "logits": "logits and loss",
    "autocast": "autocast copies",
    "transient": "optimizer transient",
}
# What is less than this is shown with the rest of its kind, in bytes: it would read 0.0.
_SMALLEST = _GIB // 20
# All bars together, in columns.
_BARS = 20
# A header longer than this, in columns, is broken.
_HEADER = 110


def as_text(answers: Sequence[Fit]) -> str:
    return "\n".join("".join(f"{line}\n" for line in _block(answer)) for answer in answers)


def as_json(answers: Sequence[Fit]) -> str:
    document = {"version": 1, "targets": [_record(answer) for answer in answers]}
    return json.dumps(document, indent=2) + "\n"


def _block(answer: Fit) -> Iterator[str]:
    if answer.estimate is None or answer.worst is None:
        yield from _not_known(answer)
        return
    yield from _header(answer, answer.worst)
    yield from _bars(answer.worst)
    yield from _slack(answer.worst)
    yield from _evaluation(answer, answer.estimate)
    yield from _method(answer)
    if answer.plan.model and "vision_config" in answer.plan.model.config:
        yield "text alone: the vision tower's weights are counted, images take more"
    yield from _around(answer)
    if answer.options:
        yield from _table("to use less memory" if answer.largest else "to make it fit", answer.options)
    elif answer.fits is False and answer.following:
        yield "no setting makes it fit: use a smaller model or more devices"


def _not_known(answer: Fit) -> Iterator[str]:
    reasons = "; ".join(in_a_line(reason) for _, reason in answer.unknown)
    yield f"{_place(answer.plan)}: memory cannot be estimated: {reasons}"
    if answer.refusal:
        yield f"not traced: {in_a_line(answer.refusal)}"


def _header(answer: Fit, estimate: Estimate) -> Iterator[str]:
    """The device, the batch, the peak; on two lines where one would be too long."""
    memory, replicas = answer.plan.memory, answer.plan.parallel.replicas
    first = f"{_place(answer.plan)}{',' if answer.plan.spec.target else ':'} "
    if memory.capacity is None:
        first += in_a_line("; ".join(reason for _, reason in answer.unknown))
    elif memory.budget is None:
        first += f"{_gib(memory.capacity)} GiB, the headroom is unknown"
    else:
        first += f"{_gib(memory.capacity)} GiB ({_gib(memory.budget)} usable)"
    by = f" x {replicas} replicas" if replicas != 1 else ""
    batch = f"per_device {answer.per_device} x accumulation {answer.accumulation}{by} = {answer.plan.batch.trained}"
    second = f"{batch}{_verdict(answer, estimate)}; peak {_range(estimate)} GiB in {estimate.phase}"
    if len(first) + len(second) + 2 <= _HEADER:
        yield f"{first}; {second}"
    else:
        yield first
        yield f"  {second}"


def _verdict(answer: Fit, estimate: Estimate) -> str:
    capacity = answer.plan.memory.capacity
    if answer.fits is not False or capacity is None:
        return ""
    if estimate.low > capacity:
        return " does not fit"
    return " may not fit" if estimate.high > capacity else " fits only without the headroom"


def _bars(estimate: Estimate) -> Iterator[str]:
    """The categories at the peak, each with its share of it, in two columns."""
    total = sum(estimate.breakdown.values()) or 1
    shown = {name: size for name in CATEGORIES if (size := estimate.breakdown.get(name, 0)) >= _SMALLEST}
    rows = [(_NAMES.get(name, name), size) for name, size in shown.items()]
    if (other := total - sum(shown.values())) >= _SMALLEST:
        rows.append(("other", other))
    half = -(-len(rows) // 2)
    left, right = _column(rows[:half], total), _column(rows[half:], total)
    width = max(map(len, left), default=0)
    for number, line in enumerate(left):
        yield f"  {line:{width}}     {right[number] if number < len(right) else ''}".rstrip()


def _slack(estimate: Estimate) -> Iterator[str]:
    if estimate.slack >= _SMALLEST:
        yield f"PyTorch's allocator may need {_gib(estimate.slack)} GiB on top; the higher figure includes it"


def _evaluation(answer: Fit, training: Estimate) -> Iterator[str]:
    """What the one takes that does not take the most, a training step or the evaluation; and where the latter is
    what does not fit, what to write."""
    size, found, memory = evaluated(answer.plan), answer.evaluation, answer.plan.memory
    if size is None:
        return
    if found is None:
        yield "evaluation is not counted: what it takes beside the training is unknown"
        return
    samples = count(size, "sample")
    if answer.worst is not found:
        yield f"evaluation ({samples} at once) takes {_range(found)} GiB"
        return
    yield f"training takes {_range(training)} GiB ({training.phase}), less than evaluation ({samples} at once)"
    if memory.budget is not None and training.high <= memory.budget < found.high:
        name = answer.plan.name(answer.plan.path("per_device_eval_batch_size"))
        few = most_evaluated(answer.plan, memory.budget)
        remedy = f"write {name}: {few}" if few else "use shorter samples for it"
        yield f"evaluation is what does not fit: {remedy}"


def _column(rows: Sequence[tuple[str, int]], total: int) -> list[str]:
    width = max((len(name) for name, _ in rows), default=0)
    sizes = max((len(_gib(size)) for _, size in rows), default=0)
    return [
        f"{name:{width}}  {_gib(size):>{sizes}} {'#' * max(round(_BARS * size / total), 1)}" for name, size in rows
    ]


def _method(answer: Fit) -> Iterator[str]:
    """Where it was asked for, how far the closed form is from the trace; or why there is none."""
    if answer.refusal:
        yield f"not traced: {in_a_line(answer.refusal)}; showing the numbers of the closed form"
    elif answer.estimate and answer.estimate.method == "trace":
        traced = answer.estimate.allocated
        why = "; ".join(in_a_line(reason) for _, reason in answer.unknown)
        line = f"{f'{why}; ' if why else ''}traced: tensors take {traced / _GIB:.2f} GiB at the peak"
        if answer.closed_form:
            closed = answer.closed_form.allocated
            difference = round(100 * (closed / traced - 1), 1) + 0.0  # not -0.0
            line += f"; the closed form has {closed / _GIB:.2f} ({difference:+.1f}%)"
        yield line


def _around(answer: Fit) -> Iterator[str]:
    """The largest that fits, where that is another batch; and the next that does not."""
    largest, following = answer.largest, answer.following
    if answer.fits is None:
        return
    if largest and largest.per_device != answer.per_device:
        yield (
            f"{_reason(answer)}the largest that fits is per_device {largest.per_device} x accumulation"
            f" {largest.accumulation}, {_range(largest.estimate)} GiB"
        )
    elif following and following.per_device != answer.per_device:
        lead = "" if largest else "not even one sample fits: "
        yield f"{lead}per_device {following.per_device} needs {_range(following.estimate)} GiB"


def _reason(answer: Fit) -> str:
    """Why the batch is another one than the largest that fits."""
    batch = answer.plan.batch
    if answer.per_device != batch.per_device:
        return ""
    if batch.pinned_per_device:
        return "per_device is pinned: "
    if batch.pinned_accumulation:
        return "accumulation is pinned: "
    return f"per_device is bounded by {batch.max_per_device}: " if batch.max_per_device else ""


def _table(title: str, options: Sequence[Way]) -> Iterator[str]:
    """A line a change; of several that go together, the last has the numbers."""
    changes = [entries(option) for option in options]
    batches = [f"{option.per_device} x {option.accumulation}" for option in options]
    width = max(len(part) for parts in changes for part in parts) + 4
    columns = max(map(len, [*batches, "batch"]))
    yield f"{title:{width}}  {'batch':{columns}}  peak GiB"
    for parts, batch, option in zip(changes, batches, options, strict=True):
        lines = [f"  {part}" if number == 0 else f"  + {part}" for number, part in enumerate(parts)]
        yield from lines[:-1]
        yield f"{lines[-1]:{width}}  {batch:{columns}}  {_range(option.estimate)}"


def _record(answer: Fit) -> dict[str, object]:
    plan, estimate = answer.plan, answer.worst
    return {
        "target": plan.spec.target,
        "accelerator": plan.hardware.accelerator_name,
        "fits": answer.fits,
        "per_device": answer.per_device,
        "accumulation": answer.accumulation,
        "replicas": plan.parallel.replicas,
        "effective": plan.batch.trained,
        "largest_per_device": _largest(answer),
        "capacity_bytes": plan.memory.capacity,
        "budget_bytes": plan.memory.budget,
        **(_measures(estimate) if estimate else _NO_MEASURES),
        "phase": estimate.phase if estimate else None,
        "breakdown": estimate.breakdown if estimate else None,
        "slack_bytes": estimate.slack if estimate else None,
        "method": estimate.method if estimate else None,
        "evaluation": _measures(answer.evaluation) if answer.evaluation else None,
        "closed_form": _measures(answer.closed_form) if answer.closed_form else None,
        "not_traced": answer.refusal,
        "options": [_option(option) for option in answer.options],
        "unknown": [{"path": path, "message": message} for path, message in answer.unknown],
    }


_NO_MEASURES: dict[str, object] = {"peak_bytes": None, "allocated_bytes": None}


def _measures(estimate: Estimate) -> dict[str, object]:
    return {"peak_bytes": {"low": estimate.low, "high": estimate.high}, "allocated_bytes": estimate.allocated}


def _option(option: Way) -> dict[str, object]:
    return {
        "change": " and ".join(entries(option)),
        "per_device": option.per_device,
        "accumulation": option.accumulation,
        **_measures(option.estimate),
    }


def _largest(answer: Fit) -> int | None:
    """0 where not even one sample fits, None where that is not known."""
    if answer.largest:
        return answer.largest.per_device
    return 0 if answer.following and answer.plan.memory.budget is not None else None


def _place(plan: Plan) -> str:
    names = [name for name in (plan.spec.target, plan.hardware.accelerator_name) if name]
    return in_a_line(": ".join(names) or plan.spec.source.name)


def _gib(size: int) -> str:
    return f"{size / _GIB:.1f}"


def _range(estimate: Estimate) -> str:
    return f"{_gib(estimate.low)} to {_gib(estimate.high)}"
