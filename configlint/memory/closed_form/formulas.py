"""Where each figure comes from, as a formula that a person can check."""

from __future__ import annotations

from configlint.core.plan import Origin, Plan
from configlint.core.record import NamedTuple
from configlint.core.workload import Workload, in_rows
from configlint.memory.closed_form import UNMEASURED
from configlint.memory.closed_form.architecture import Architecture, architecture
from configlint.memory.closed_form.optimizers import optimizer
from configlint.memory.closed_form.slack import kind as kind_of_slack
from configlint.memory.closed_form.slack import largest
from configlint.memory.closed_form.step import ComputedStep, simulate

_MODEL = ("model.config", "model.dtype", "tuning.method", "tuning.rank")
_BATCH = ("batch.per_device", "model.sequence_length")


def origins(plan: Plan) -> dict[str, Origin]:
    """The figures of a plan's memory by their paths, each with its formula; none where there is no closed form.

    They are made when somebody asks, as `check` runs on every commit.
    """
    workload, estimate = plan.memory.workload, plan.memory.estimate
    if workload is None or estimate is None:
        return {}
    workload = in_rows(workload)
    sizes, kind = architecture(workload.config), optimizer(workload)
    if sizes is None or kind is None:
        return {}
    found: dict[str, Origin] = {}

    def derived(name: str, value: int, formula: str, *inputs: str) -> None:
        known = tuple(path for path in inputs if path in plan.origins or path in found)
        found[f"memory.{name}"] = Origin(value, "derived", formula, known)

    for name, term in terms(workload, sizes, simulate(workload, sizes, kind)).items():
        derived(name, term.size, term.formula, *term.inputs)
    parts = [category for category in estimate.breakdown if f"memory.{category}" in found]
    formula = f"{' + '.join(parts)}, at the peak in {estimate.phase}"
    derived("allocated", estimate.allocated, formula, *(f"memory.{name}" for name in parts))
    beside = sum(estimate.breakdown.values()) - estimate.allocated
    formula = "device context, two workspaces and communication buffers"
    derived("beside", beside, formula, "hardware.accelerator")
    certain = estimate.low >= estimate.allocated + beside
    formula = "allocated + beside" if certain else "allocated - 10% (sharding was not measured) + beside"
    derived("low", estimate.low, formula, "memory.allocated", "memory.beside")
    loss = kind_of_slack(workload)
    formula = f"allocated x {loss.share:g} + {loss.times:g} x {largest(workload)} bytes (the largest tensor)"
    derived("slack", estimate.slack, formula, "memory.allocated")
    least = "allocated" if certain else f"allocated x {1 + UNMEASURED:g} (sharding was not measured)"
    formula = f"{least} + slack + upper bound of beside"
    derived("high", estimate.high, formula, "memory.allocated", "memory.slack", "memory.beside")
    return found


class Term(NamedTuple):
    """Bytes, the formula that gives them, and the paths of what goes into it."""

    size: int
    formula: str
    inputs: tuple[str, ...]


def terms(workload: Workload, sizes: Architecture, step: ComputedStep) -> dict[str, Term]:
    """What the layers save for the backward; and what is there at the peak, by category."""
    tokens = workload.batch * workload.length
    share = step.breakdown["logits"] / (sizes.vocabulary * tokens)
    trained = f"{step.trained} trained parameters"
    formulas = {
        "weights": (
            f"{step.parameters} parameters x {_bytes(workload, step, 'weights', step.parameters, 'zero3')}",
            _MODEL,
        ),
        "reference": ("a frozen copy of the model", _MODEL),
        "gradients": (f"{trained} x {step.breakdown['gradients'] / step.trained:.3g} bytes", _MODEL),
        "optimizer": (f"{trained} x {_bytes(workload, step, 'optimizer', step.trained, 'zero1')}", _MODEL),
        "activations": ("saved + what the current layers use", ("memory.saved",)),
        "recompute": ("one layer, recomputed", _BATCH),
        "logits": (f"{sizes.vocabulary} vocabulary entries x {tokens} tokens x {share:.3g} bytes", _BATCH),
        "autocast": (f"{workload.autocast} copies of float32 weights", _MODEL),
        "transient": ("temporary tensors of the optimizer step", ("training.optim",)),
        "generation": ("the KV cache of generation", _BATCH),
        "communication": (f"buckets and gathered weights of {workload.data}", ("parallel.data",)),
    }
    found = {
        category: Term(size, *formulas[category])
        for category, size in step.breakdown.items()
        if size and category in formulas
    }
    return {"saved": _saved(workload, sizes, step), **found}


def _bytes(workload: Workload, step: ComputedStep, category: str, number: int, least: str) -> str:
    """`4 bytes / 8 devices`: of each of a number of parameters; an engine divides them, from which stage of ZeRO on
    it does."""
    divides = workload.data == "fsdp" or (workload.data.startswith("zero") and workload.data >= least)
    devices = workload.shard if divides else 1
    each = f"{step.breakdown[category] * devices / number:.3g} bytes"
    return f"{each} / {devices} devices" if devices > 1 else each


def _saved(workload: Workload, sizes: Architecture, step: ComputedStep) -> Term:
    """`32 layers x 4096 tokens x (16 hidden + 4 query + 8 inner) bytes`, for each kind of layer."""
    tokens = workload.batch * workload.length
    kinds: dict[int, int] = {}
    for segment in step.stack:
        kinds[id(segment)] = kinds.get(id(segment), 0) + 1
    parts = []
    for segment in {id(segment): segment for segment in step.stack}.values():
        number = kinds[id(segment)]
        widths = " + ".join(_width(name, size, workload, sizes) for name, size in segment.saved.items() if size)
        parts.append(f"{number} layers x {tokens} tokens x ({widths or 0}) bytes")
    whole = sum(sum(segment.saved.values()) for segment in step.stack)
    return Term(whole, " + ".join(parts), _BATCH)


def _width(name: str, size: int, workload: Workload, sizes: Architecture) -> str:
    widths = {
        "hidden": sizes.hidden,
        "query": sizes.query,
        "key": sizes.key,
        "query + 2 key": sizes.query + 2 * sizes.key,
        "inner": sizes.inner,
        "heads": sizes.heads,
        "heads x length": sizes.heads * workload.length,
        "length^2": workload.length,
        "rank": workload.rank,
        "expert": sizes.expert_inner,
        "shared": sizes.shared_inner,
        "experts": sizes.experts,
    }
    wide = widths.get(name, 1)
    factor = size / (workload.batch * workload.length) / wide
    number = f"{factor:.3g}"
    if name == "1":
        return number
    shown = f"({name})" if " + " in name else "length" if name == "length^2" else name
    return f"{number} {shown}"
