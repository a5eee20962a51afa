"""What would leave more room: the plan's workload with one thing changed, asked anew.

The rules and `fit` propose from it. It judges nothing, and knows nothing but the plan that it is given.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from configlint.core.arithmetic import divisors, last_that
from configlint.core.plan import Memory, Plan
from configlint.core.record import NamedTuple
from configlint.core.remedy import Put
from configlint.core.values import positive
from configlint.core.workload import Estimate, Workload, of_batch
from configlint.core.writing import written
from configlint.knowledge.optimizers import find_optimizer

# Of which models the closed form knows Liger's kernels; a test holds it to that.
LIGER = ("llama", "mistral", "qwen2", "qwen3", "smollm3")
_STAGES = {
    "ddp": ("zero2", "zero3", "fsdp"),
    "zero0": ("zero1", "zero2", "zero3"),
    "zero1": ("zero2", "zero3"),
    "zero2": ("zero3",),
}
# Source: QLoRA, arXiv 2305.14314, section 4: adapters on all linear layers reach what full fine-tuning does.
_RANK = 16
# A shorter sequence than this is no way to train.
_SHORTEST = 128
# The part of a device that vLLM takes beside a training, unless told otherwise. Source: trl 1.16, grpo_config.py.
_ENGINE = 0.3
_WITHOUT_LOGITS = (5, 15)
# What is lower by less than this is not worth a line.
_LOWER = 0.95


class Way(NamedTuple):
    """A change that leaves more room: what to write, all of it where that is several values, and what then is the
    largest per-device batch that the samples of a replica can be cut into, with its accumulation and estimate. A
    bound that the spec sets holds, a pin does not: compare `per_device` with `plan.batch.per_device`."""

    puts: tuple[Put, ...]
    per_device: int
    accumulation: int
    estimate: Estimate


def entries(way: Way) -> list[str]:
    """What to write, as `parallel.data: zero3`."""
    return [f"{put.path}: {written(put.value)}" for put in way.puts]


class Relief(NamedTuple):
    """What to write, and what of the workload it changes. `free` says that nothing else is learned for it."""

    put: Put
    fields: dict[str, object]
    free: bool = False


class Fit(NamedTuple):
    """What `fit` has to say of a plan.

    `estimate` is of `per_device` samples: the trace's where there is one, with the `closed_form` beside it;
    `refusal` is why there is none. `largest` is what fits now, None where nothing does or where that is not
    known, and `following` the next size above it, or the first of all. `options` are the ways out or up.
    `evaluation` is of the plan's batch for it. `figures` are those of the traces that were made. `unknown` has
    paths with what is not known of them; with an estimate it is the trace's for what the closed form does not
    know.
    """

    plan: Plan
    per_device: int | None = None
    accumulation: int | None = None
    estimate: Estimate | None = None
    largest: Way | None = None
    following: Way | None = None
    options: tuple[Way, ...] = ()
    closed_form: Estimate | None = None
    refusal: str | None = None
    figures: tuple[dict[str, object], ...] = ()
    unknown: tuple[tuple[str, str], ...] = ()
    evaluation: Estimate | None = None

    @property
    def worst(self) -> Estimate | None:
        """What takes the most: a step, or the evaluation."""
        if self.estimate is None or self.evaluation is None:
            return self.estimate
        return max(self.estimate, self.evaluation, key=lambda each: each.high)

    @property
    def overflows(self) -> bool:
        """Whether it may take more than there is, with or without the headroom."""
        capacity = self.plan.memory.capacity
        return self.worst is not None and capacity is not None and self.worst.high > capacity

    @property
    def fits(self) -> bool | None:
        """Whether even the most that it may take leaves the headroom free; None where that is not known."""
        budget = self.plan.memory.budget
        return None if self.worst is None or budget is None else self.worst.high <= budget


def ways(plan: Plan) -> list[Way]:
    """The changes that help, cheapest first: those that change nothing of what is learned before those that do.

    Something must fit with each, and be a larger per-device batch than fits now, or the same with a lower peak.
    Where nothing fits now and those that cost only time are not enough, the others come with as many of them as
    it takes, and at worst two of the others together. None where the memory is not known.
    """
    base, share = base_workload(plan), samples(plan)
    if base is None or share is None or plan.memory.budget is None or plan.memory.estimate is None:
        return []
    now = largest(plan.memory, base, share, plan.batch.max_per_device)
    tried = list(changes(plan, base))
    alone = [(change, _way(plan, base, share, [change])) for change in tried]
    if now is not None or any(way and change.free for change, way in alone):
        return [way for _, way in alone if way and _helps(way, now)]
    if found := _together(plan, base, share, []):
        return [found, *(way for _, way in alone if way)]
    helped = [way or _together(plan, base, share, [change]) for change, way in alone if not change.free]
    return [way for way in helped if way] or list(islice(_pairs(plan, base, share), 1))


def largest(memory: Memory, workload: Workload, share: int, most: int | None = None) -> Way | None:
    """The largest per-device batch, up to `most`, with which a workload fits, as a way with nothing to write; None
    where not even one sample does. `share` are the samples of one replica in an optimizer step."""
    found: Way | None = None

    def fits(per_device: int) -> bool:
        nonlocal found
        way = of_size(memory, workload, share, per_device)
        if way is None or memory.budget is None or way.estimate.high > memory.budget:
            return False
        found = way
        return True

    sizes = divisors(share, most)
    # All at once there are no gradients from before, so that it may fit where less does not.
    if sizes[-1] != share or not fits(share):
        last_that(fits, [size for size in sizes if size < share])
    return found


def of_size(memory: Memory, workload: Workload, share: int, per_device: int) -> Way | None:
    """What a per-device batch takes, fit or not; None where that is not known."""
    estimate = memory.ask(of_batch(workload, per_device, share // per_device))
    return Way((), per_device, share // per_device, estimate) if estimate else None


def evaluation(plan: Plan, size: int | None = None) -> Estimate | None:
    """What an evaluation of the plan's batch for it, or of another, takes beside what stays of the training; None
    where there is none, or it is not known."""
    workload, own = plan.memory.workload, evaluated(plan)
    if workload is None or own is None or plan.argument("predict_with_generate"):
        return None
    # Before 5.15 the Trainer told Liger to do without logits in training alone; TRL's trainers always do.
    whole = workload.fused_loss and not plan.release.trl and plan.release.transformers < _WITHOUT_LOGITS
    asked = of_batch(workload, size or own, 1)
    rows = asked.batch if workload.generates else 0
    fused = workload.fused_loss and not whole
    return plan.memory.ask(asked._replace(evaluates=True, generated=rows, fused_loss=fused))


def evaluated(plan: Plan) -> int | None:
    """How many samples the Trainer evaluates at once; None where it evaluates nothing."""
    on = plan.intervals.eval_strategy in ("steps", "epoch")
    return positive(plan.argument("per_device_eval_batch_size")) if on else None


def most_evaluated(plan: Plan, room: int) -> int:
    """The largest power of two, below the plan's own, of samples that can be evaluated at once within `room` bytes:
    with the most that they may take, or where none fits so, with the least; 0 where not even one does."""
    own = evaluated(plan) or 1
    powers = [1 << number for number in reversed(range((own - 1).bit_length()))]
    found = [(size, answer) for size in powers if (answer := evaluation(plan, size)) and answer.low <= room]
    surely = (size for size, answer in found if answer.high <= room)
    return next(surely, found[0][0] if found else 0)


def samples(plan: Plan) -> int | None:
    """What falls to one replica in an optimizer step."""
    trained, replicas = plan.batch.trained, plan.parallel.replicas
    return trained // replicas if trained and replicas else None


def base_workload(plan: Plan) -> Workload | None:
    """The plan's workload before its batch: a batch of one holds no padding, which a larger one may."""
    if plan.memory.workload is None:
        return None
    workload = plan.memory.workload
    return workload._replace(padded=not (plan.data.packed or workload.flattened))


def changes(plan: Plan, base: Workload) -> Iterator[Relief]:
    """Everything that could be tried, cheapest first."""
    yield from _loss(plan, base)
    yield from _kernels(plan, base)
    yield from _beside(plan, base)
    yield from _optimizers(plan, base)
    yield from _sharding(plan, base)
    if (half := base.length // 2) >= _SHORTEST:
        path = "model.sequence_length" if plan.sequence_length else plan.path("max_length")
        yield Relief(Put(_written(plan, path), half), {"length": half})
    yield from _methods(plan, base)


def _loss(plan: Plan, base: Workload) -> Iterator[Relief]:
    """Losses that never hold all logits: Liger's, with its other kernels, and that of a trainer of TRL."""
    trl, chunked = plan.release.trl or (0, 0), plan.release.trainer.chunked_loss
    has_kernels = base.config.get("model_type") in LIGER and plan.release.spelling("use_liger_kernel")
    # Of trainers with other losses, only with TRL's own is the rest known.
    if has_kernels and not base.fused_loss and (base.chunked_loss or not base.scores):
        # Until then Liger's loss takes the place of TRL's own.
        own = base.chunked_loss and chunked is not None and trl >= chunked[2]
        yield Relief(Put(plan.path("use_liger_kernel"), True), {"fused_loss": True, "chunked_loss": own}, free=True)
    if chunked and trl >= chunked[0] and not base.chunked_loss and not base.fused_loss:
        yield Relief(Put("training.loss_type", "chunked_nll"), {"chunked_loss": True}, free=True)


def _kernels(plan: Plan, base: Workload) -> Iterator[Relief]:
    """What computes the same with less room, or with padding left out."""
    if base.attention == "eager":
        path = _written(plan, "model.attention")
        yield Relief(Put(path, "sdpa"), {"attention": "sdpa"}, free=True)
    if not base.checkpointing:
        # The Trainer's own gathers each layer once more under FSDP.
        own = "parallel.fsdp.activation_checkpointing"
        path = own if base.data == "fsdp" else plan.path("gradient_checkpointing")
        yield Relief(Put(path, True), {"checkpointing": True}, free=True)
    if base.padded and not base.pairs and not base.scores:
        trl = plan.release.spelling("packing") is not None
        path = "training.packing" if trl else "data.packed"
        yield Relief(Put(_written(plan, path), True), {"padded": False, "many_lengths": False, "flattened": trl})


def _beside(plan: Plan, base: Workload) -> Iterator[Relief]:
    """What a trainer holds beside the model: logarithms of a reference model that are made before, and vLLM."""
    spares = plan.release.trainer.reference_unless
    if spares and base.reference not in ("", "adapters") and plan.release.spelling(spares):
        yield Relief(Put(plan.path(spares), True), {"reference": ""}, free=True)
    if base.engine and not base.engine_sleeps and plan.release.spelling("vllm_enable_sleep_mode"):
        yield Relief(Put(plan.path("vllm_enable_sleep_mode"), True), {"engine_sleeps": True}, free=True)
    if base.engine > _ENGINE:
        yield Relief(Put(plan.path("vllm_gpu_memory_utilization"), _ENGINE), {"engine": _ENGINE}, free=True)


def _written(plan: Plan, path: str) -> str:
    """Where a fact is written, if that is under another of its names."""
    setting = plan.spec.settings.get(path)
    return setting.of if setting and setting.of else path


def _optimizers(plan: Plan, base: Workload) -> Iterator[Relief]:
    """The same algorithm without a tensor a parameter while it steps, and with states of 8 bits."""
    now, known = find_optimizer(base.optimizer), plan.release.arguments.get("optim")
    if now is None:
        return
    for other in map(find_optimizer, (now.fused, now.in_8_bits)):
        # What bitsandbytes keeps cannot be cut into FSDP's pieces.
        if other is None or (base.data == "fsdp" and other.under_fsdp):
            continue
        if known is None or not known.choices or other.name in known.choices:
            put, free = Put(plan.path("optim"), other.name), other.name == now.fused
            yield Relief(put, {"optimizer": other.name}, free)


def _sharding(plan: Plan, base: Workload) -> Iterator[Relief]:
    """Only over devices that each have the whole model now, and of weights that can be cut."""
    if base.tensor * base.context > 1 or base.method == "qlora":
        return
    if base.data == "fsdp" and not base.synchronised and not plan.writes("accelerator_config"):
        # Without it the gradients stay whole between micro-batches.
        config = {"gradient_accumulation_kwargs": {"sync_each_batch": True}}
        yield Relief(Put("training.accelerator_config", config), {"synchronised": True}, free=True)
    if base.data == "fsdp" and base.shard < base.world:
        yield Relief(Put("parallel.shard", base.world), {"shard": base.world})
    for stage in _STAGES.get(base.data, ()) if base.world > 1 else ():
        dtype = base.autocast or base.dtype
        fields: dict[str, object] = {"data": stage, "shard": base.world, "dtype": dtype}
        if stage.startswith("zero"):
            # DeepSpeed casts all weights in place of autocast; FSDP gathers them in 16 bits.
            fields |= {"autocast": None, "adapter_dtype": dtype}
        yield Relief(Put("parallel.data", stage), fields)


def _methods(plan: Plan, base: Workload) -> Iterator[Relief]:
    """Adapters; on weights of 4 bits only where those stay whole."""
    setting = plan.spec.settings.get("tuning.method")
    if setting and setting.of:
        return  # it stands in the script's arguments, in another form
    trl, whole = plan.release.trl is not None, base.data in ("ddp", "zero0", "zero1", "zero2")
    prepares = plan.release.prepares_quantized(base.data)
    # As PEFT and TRL prepare the model, and DeepSpeed casts it.
    own = base.dtype if base.data.startswith("zero") else None
    reference = "adapters" if base.reference else ""
    kinds: dict[str, dict[str, object]] = {
        "lora": {"adapter_dtype": own or "float32", "upcast": False, "reference": reference},
        "qlora": {
            "adapter_dtype": own or ("bfloat16" if trl and not prepares else "float32"),
            "upcast": prepares or not trl,
            "narrow_tables": prepares and base.autocast == "bfloat16",
            "reference": reference,
        },
    }
    for method, fields in kinds.items():
        if base.method == "full" and (method == "lora" or whole):
            tuning: dict[str, object] = {"method": method, "rank": _RANK, "target_modules": "all-linear"}
            if plan.script:
                tuning["dropout"] = 0  # TRL's own is not modelled
            yield Relief(
                Put("tuning", tuning), {"method": method, "rank": _RANK, "targets": ("all-linear",), **fields}
            )
        elif base.method == "lora" and method == "qlora" and whole:
            yield Relief(Put("tuning.method", "qlora"), {"method": method, **fields})


def _way(plan: Plan, base: Workload, share: int, tried: list[Relief]) -> Way | None:
    found = largest(plan.memory, _changed(base, tried), share, plan.batch.max_per_device)
    return found._replace(puts=tuple(change.put for change in tried)) if found else None


def _together(plan: Plan, base: Workload, share: int, needed: list[Relief]) -> Way | None:
    """The way with some changes and all that cost only time, less those of the latter that it does not take."""
    free: list[Relief] = []
    for change in changes(plan, _changed(base, needed)):
        # Of what excludes each other, the first.
        if change.free and not any(change.fields.keys() & taken.fields.keys() for taken in free):
            free.append(change)
    found = _way(plan, base, share, [*free, *needed])
    for change in reversed(free) if found else ():
        fewer = [each for each in free if each is not change]
        if (fewer or needed) and (way := _way(plan, base, share, [*fewer, *needed])):
            found, free = way, fewer
    return found


def _pairs(plan: Plan, base: Workload, share: int) -> Iterator[Way]:
    """The ways with two changes that each cost something."""
    for first in changes(plan, base):
        for second in () if first.free else changes(plan, _changed(base, [first])):
            same = second.put.path.startswith(first.put.path)
            if not second.free and not same and (way := _together(plan, base, share, [first, second])):
                yield way


def _changed(base: Workload, made: list[Relief]) -> Workload:
    fields = {name: value for change in made for name, value in change.fields.items()}
    return base._replace(**fields)  # type: ignore[arg-type]


def _helps(way: Way, now: Way | None) -> bool:
    if now is None or way.per_device > now.per_device:
        return True
    return way.per_device == now.per_device and way.estimate.high < _LOWER * now.estimate.high
