"""`fit`: whether a plan fits into the memory of its devices, and what would leave more room."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from itertools import islice

from configlint import knowledge
from configlint.commands.tracing import Tracing, Waiting, as_estimate
from configlint.core.arithmetic import divisors
from configlint.core.errors import UsageError
from configlint.core.plan import Plan
from configlint.core.profile import Accelerator, lacks
from configlint.core.remedy import Put
from configlint.core.wording import code, listing, nearest
from configlint.core.workload import Workload, of_batch
from configlint.memory.options import Fit, Way, base_workload, evaluation, largest, of_size, samples, ways
from configlint.solver.room import Room

# More accelerators than this are no help to choose.
_ACCELERATORS = 3


def answer(
    plan: Plan, per_device: int | None = None, trace: bool = False, waiting: Waiting = lambda what: nullcontext()
) -> Fit:
    """What a plan takes of a device with its own per-device batch or another, by the closed form or a trace; where
    the closed form does not know, by traces of several sizes.

    Raises:
        UsageError: the samples of a replica cannot be cut into pieces of `per_device`.
    """
    workload, share, own = base_workload(plan), samples(plan), plan.batch.per_device
    if workload is None or share is None or own is None or plan.hardware.accelerator_name == "cpu":
        return Fit(plan, refusal="the step is unknown" if trace else None, unknown=tuple(_unknown(plan)))
    size = per_device or own
    if share % size:
        raise UsageError(_indivisible(plan, share, size))
    at = of_size(plan.memory, workload, share, size)
    if at is None:
        return _by_traces(plan, workload, share, per_device, waiting)
    now = largest(plan.memory, workload, share)
    found = Fit(
        plan,
        size,
        share // size,
        at.estimate,
        now,
        _following(plan, workload, share, now),
        tuple(_options(plan, workload, share)),
        unknown=tuple(_unknown(plan)),
        evaluation=evaluation(plan),
    )
    with waiting("tracing a training step") if trace else nullcontext():
        return _traced(found, of_batch(workload, size, share // size)) if trace else found


def _by_traces(plan: Plan, workload: Workload, share: int, per_device: int | None, waiting: Waiting) -> Fit:
    """The answer of the trace for the size that is asked for or pinned, else the largest that fits."""
    ask = Tracing(plan.hardware.accelerator, waiting)
    memory = plan.memory._replace(ask=ask)
    size, now = per_device or plan.batch.pinned_per_device, None
    if size is None and memory.budget is not None:
        now = largest(memory, workload, share, plan.batch.max_per_device)
        size = now.per_device if now else divisors(share)[0]
    size = size or plan.batch.per_device or 1
    at = of_size(memory, workload, share, size)
    following = (
        None if at is None or now is None else _following(plan._replace(memory=memory), workload, share, now)
    )
    return Fit(
        plan,
        size,
        share // size,
        at.estimate if at else None,
        now,
        following,
        refusal=ask.refusal,
        figures=tuple(ask.figures),
        unknown=tuple(_unknown(plan)),
    )


def _following(plan: Plan, workload: Workload, share: int, now: Way | None) -> Way | None:
    """The smallest size that does not fit."""
    size = next((size for size in divisors(share) if now is None or size > now.per_device), None)
    return of_size(plan.memory, workload, share, size) if size else None


def _options(plan: Plan, workload: Workload, share: int) -> Iterator[Way]:
    yield from ways(plan)
    yield from islice(_elsewhere(plan, workload, share), _ACCELERATORS)


def _elsewhere(plan: Plan, workload: Workload, share: int) -> Iterator[Way]:
    """The plan as it is on larger accelerators of the same maker, the smallest first; each holds more samples than
    the one before."""
    most = plan.batch.max_per_device
    now = largest(plan.memory, workload, share, most)
    held = now.per_device if now else 0
    for other in _larger(plan, workload):
        there = workload._replace(capability=other.compute_capability)
        room = Room(plan.hardware._replace(accelerator=other), there)
        memory = plan.memory._replace(capacity=room.capacity, budget=room.budget, ask=room.ask)
        found = largest(memory, there, share, most)
        if found and found.per_device > held:
            held = found.per_device
            yield found._replace(puts=(Put("hardware.accelerator", other.name),))


def _larger(plan: Plan, workload: Workload) -> list[Accelerator]:
    """The bundled accelerators of the same maker with more memory that can compute as the plan does."""
    here = plan.hardware.accelerator
    if here is None or here.memory_gib is None:
        return []
    bf16 = "bfloat16" in (workload.dtype, workload.autocast)
    found: list[tuple[float, str, Accelerator]] = []
    for name in knowledge.names("hardware"):
        other = knowledge.find_accelerator(name)
        if not isinstance(other, Accelerator) or other.vendor != here.vendor or other.memory_gib is None:
            continue
        if other.memory_gib > here.memory_gib and not (bf16 and lacks(other, "bfloat16")):
            talk = other._replace(communication_mib=here.communication_mib)
            found.append((other.memory_gib, name, talk))
    return [other for _, _, other in sorted(found)]


def _traced(found: Fit, workload: Workload) -> Fit:
    """With the trace in place of the closed form, or why there is none."""
    from configlint.memory.trace import trace

    result = trace(workload)
    if isinstance(result, str):
        return found._replace(refusal=result)
    estimate = as_estimate(result, workload, found.plan.hardware.accelerator)
    return found._replace(estimate=estimate, closed_form=found.estimate)


def _indivisible(plan: Plan, share: int, size: int) -> str:
    target = f"target {plan.spec.target}: " if plan.spec.target else ""
    sizes = divisors(share)
    # Of many, those around it.
    below = [each for each in sizes if each < size][-5:]
    near = [*below, *(each for each in sizes if each > size)][:10]
    of_each = f"{share} samples of a replica cannot be split into micro-batches of {size}"
    return f"{target}{of_each}: use {listing(map(str, near), 'or')}"


def _unknown(plan: Plan) -> Iterator[tuple[str, str]]:
    """Paths, and what is not known of them, in half a sentence that says how to say it."""
    if plan.hardware.accelerator_name == "cpu":
        yield "hardware.accelerator", "memory is not modelled on CPU"
        return
    if accelerator := _unknown_accelerator(plan):
        yield "hardware.accelerator", accelerator
    for path in plan.memory.missing:
        yield path, _MISSING[path](plan) if path in _MISSING else _unmodelled(plan, path)
    if not plan.memory.missing and plan.batch.per_device is None:
        yield "batch", "the batch cannot be computed from this spec"


def _unknown_accelerator(plan: Plan) -> str | None:
    name, accelerator = plan.hardware.accelerator_name, plan.hardware.accelerator
    if accelerator is not None:
        known = accelerator.memory_gib is not None
        return None if known else f"the memory of {accelerator.name} is unknown"
    if name is None:
        return "hardware.accelerator is missing (for example rtx-4090)"
    remedy = f"describe it with `accelerator: {{name: {name}, memory: 80}}`"
    profiles = plan.hardware.known
    if begun := [profile for profile in profiles if profile.startswith(f"{name.lower()}-")]:
        return f"hardware.accelerator {name} is unknown: use {listing(begun, 'or')}"
    close = _did_you_mean(name, (*profiles, *knowledge.instances_like(name)))
    return f"hardware.accelerator {name} is unknown: {close or remedy}"


def _unknown_model(plan: Plan) -> str:
    from configlint.memory.closed_form.architecture import knows_family
    from configlint.memory.closed_form.tower import tower

    setting = plan.spec.settings.get("model.config")
    if setting is None:
        return "model.config is missing (for example llama-3.1-8b, or the path of a config.json)"
    if plan.model is not None and (quantized := plan.model.config.get("quantization_config")):
        return _unknown_quantization(plan, quantized)
    if plan.model is not None and knows_family(plan.model.config) and tower(plan.model.config) is None:
        return f"memory is not modelled for the parts of {plan.model.name} that read images or sound"
    if plan.model is not None and knows_family(plan.model.config):
        return (
            f"the config of {plan.model.name} has no usable number of layers, heads, hidden size or vocabulary size"
        )
    if plan.model is not None:
        return f"memory is not modelled for models of type {code(plan.model.config.get('model_type'))}"
    name = code(setting.value)
    close = _did_you_mean(name, plan.known_models)
    return f"model.config {name} is unknown: {close or 'use a bundled one or the path of a config.json'}"


def _unknown_quantization(plan: Plan, quantized: object) -> str:
    if not plan.tuning.adapts:
        return "the weights in model.config are quantized and cannot be trained whole: set tuning.method to lora"
    by = quantized.get("quant_method") if isinstance(quantized, dict) else None
    return f"memory is not modelled for weights quantized with {code(by)}"


def _unknown_length(plan: Plan) -> str:
    if plan.given("model.sequence_length"):
        return "model.sequence_length is not a number of tokens"
    return "model.sequence_length is missing (in tokens)"


def _unknown_replicas(plan: Plan) -> str:
    if plan.hardware.devices_per_node is None:
        return "hardware.devices_per_node is missing"
    return "the devices cannot be split by the degrees in `parallel`"


def _unknown_trainer(plan: Plan) -> str:
    return f"memory is not modelled for {plan.trainer}, which may hold a second model or generate"


def _unknown_optimizer(plan: Plan) -> str:
    return f"memory is not modelled for the optimizer {code(plan.argument('optim'))}"


def _unknown_kernels(plan: Plan) -> str:
    if plan.release.trainer.scores:
        return f"memory is not modelled for Liger's kernels in {plan.trainer}"
    kind = plan.model.config.get("model_type") if plan.model else None
    return f"memory is not modelled for Liger's kernels in {code(kind)} models"


def _unmodelled(plan: Plan, path: str) -> str:
    origin, setting = plan.origins.get(path), plan.spec.settings.get(path)
    if origin is None and setting is not None:
        return f"memory is not modelled for {path} {code(setting.value)}"
    if origin is None:
        return f"memory is not modelled for {path}" if path in plan.spec.settings else f"{path} is unknown"
    whose = f" ({origin.why})" if origin.how == "default" else ""
    return f"memory is not modelled for {path} {code(origin.value)}{whose}"


def _did_you_mean(name: str, known: tuple[str, ...]) -> str | None:
    close = nearest(name, known)
    return f"did you mean {close}?" if close else None


def _unknown_modules(plan: Plan) -> str:
    if plan.model and "experts" in " ".join(plan.model.config):
        return "memory is not modelled for adapters on all experts: name attention modules in tuning.target_modules"
    return "tuning.target_modules matches none of the model's modules"


_MISSING = {
    "trainer": _unknown_trainer,
    "model.config": _unknown_model,
    "model.sequence_length": _unknown_length,
    "parallel": _unknown_replicas,
    "training.optim": _unknown_optimizer,
    "tuning.target_modules": _unknown_modules,
    "training.use_liger_kernel": _unknown_kernels,
}
