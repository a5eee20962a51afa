"""What one device is asked to hold in a training step, and what that comes to.

The closed form (`solver/memory`) and the trace (`trace`) answer the same question, so they share these.
"""

from __future__ import annotations

from configlint.core.record import NamedTuple

# What memory is spent on, in the order in which it is shown.
CATEGORIES = (
    "weights",
    "reference",
    "gradients",
    "optimizer",
    "activations",
    "recompute",
    "logits",
    "autocast",
    "transient",
    "communication",
    "generation",
    "context",
)
# The parts of a training step; the peak is that of the worst.
PHASES = ("generation", "forward", "loss", "backward", "step")

# What stands before the name of an optimizer that DeepSpeed's own config asks for.
OF_DEEPSPEED = "deepspeed:"


class Workload(NamedTuple):
    """All that the memory of one device depends on. It is plain data: what is equal here needs the same.

    `config` is the model's config.json (or a bundled profile's). `batch` are samples in one micro-batch of `length`
    tokens each. `dtype` is that of the loaded weights, `autocast` the one of autocast or None. `method` is full,
    lora or qlora; `targets` are the modules with adapters of rank `rank`, or ("all-linear",), `pattern` says that
    the only one is a regular expression; `adapter_dropout` is on their input, `dora` says that they are DoRA,
    `saved_modules` are trained whole beside them. With qlora a weight below them has `bits` bits (4 or 8), whose
    scales are float32, or quantized again with `nested_scales`. `adapter_dtype` is that of the adapters' weights;
    `upcast` says that norms, embedding and output layer of 4-bit weights were made float32 (PEFT's
    prepare_model_for_kbit_training), `narrow_tables` that embedding and output layer then got 16 bits again.
    `checkpointing` keeps of one layer in `checkpointed_every` its input alone. `attention` is eager, sdpa or
    flash_attention_2 (or another), `padded` says that a batch holds padding, so that attention gets a mask,
    `many_lengths` that batches are not all as long as the next; `flattened` that a batch is one row of all its
    tokens (TRL's packing), with a mask that keeps samples apart unless flash attention does. `optimizer` is the
    Trainer's `optim`, with its `optimizer_arguments` (`optim_args`) and `optimizer_targets`
    (`optim_target_modules`). `fused_loss` is Liger's kernels, its loss among them; `chunked_loss` is TRL's own, in
    place of either. `task` is what the model is loaded for, None what its config says. `compiled` says that
    torch.compile makes other kernels. `release` is that of Transformers, `capability` NVIDIA's compute capability.

    `pairs` says that a sample is two rows; `reference` is what a reference model is: "" for none, `adapters` for
    the model without them, else the dtype of a second copy. `scores` says that the loss is made of tokens'
    log-probabilities, which are made as `logarithms` says: by a kernel, of the rows one by one, or of the whole
    logits; `beside_logits` is what the loss has beside whole logits for a moment, and `held_logits` what stays of
    that while the reference model is asked and the backward does not need, both in logits of the batch; `nll` that
    the loss has the likelihood of the chosen rows too, `scored` of how many at the end of each row, 0 for all.
    `generated` are the rows that the model generates at once: `generate_at_once`, or what `generate_every`
    micro-batches need, 0 for all of a step; `engine` is the part of the device that vLLM takes beside the
    training, `engine_sleeps` that it gives it back while the model trains. `evaluates` says that
    the question is of an evaluation of the batch, after a step of the training.

    `data`, `shard`, `tensor`, `context`, `world` and the offloads are how the devices share the work;
    `shard` counts the devices that share one copy, `synchronised` says that gradients are exchanged after each
    micro-batch, not only after the last.
    """

    config: dict[str, object]
    batch: int
    length: int
    accumulation: int = 1
    dtype: str = "bfloat16"
    autocast: str | None = None
    method: str = "full"
    rank: int = 8
    targets: tuple[str, ...] = ()
    pattern: bool = False
    adapter_dropout: float = 0.0
    dora: bool = False
    saved_modules: tuple[str, ...] = ()
    bits: int = 4
    nested_scales: bool = False
    adapter_dtype: str = "float32"
    upcast: bool = False
    narrow_tables: bool = False
    checkpointing: bool = False
    checkpointed_every: int = 1
    attention: str = "sdpa"
    padded: bool = False
    many_lengths: bool = False
    optimizer: str = "adamw_torch_fused"
    optimizer_arguments: str = ""
    optimizer_targets: tuple[str, ...] = ()
    fused_loss: bool = False
    chunked_loss: bool = False
    flattened: bool = False
    pairs: bool = False
    reference: str = ""
    scores: bool = False
    logarithms: str = "rows"
    beside_logits: float = 0.0
    held_logits: float = 0.0
    nll: bool = False
    scored: int = 0
    generates: bool = False
    generate_every: int = 0
    generate_at_once: int = 0
    generated: int = 0
    engine: float = 0.0
    engine_sleeps: bool = False
    evaluates: bool = False
    release: tuple[int, int] = (5, 23)
    capability: tuple[int, int] | None = None
    task: str | None = None
    compiled: bool = False
    data: str = "ddp"
    shard: int = 1
    tensor: int = 1
    context: int = 1
    world: int = 1
    synchronised: bool = False
    offload_optimizer: bool = False
    offload_parameters: bool = False


def of_batch(workload: Workload, per_device: int, accumulation: int) -> Workload:
    """The same with other samples; a batch of one row holds no padding."""
    return workload._replace(
        batch=per_device,
        accumulation=min(accumulation, 2),  # with 2 the gradients stay, as with any more
        padded=workload.padded and (per_device > 1 or workload.pairs),
        generated=_generated(workload, per_device, accumulation),
    )


def _generated(workload: Workload, per_device: int, accumulation: int) -> int:
    if not workload.generates:
        return 0
    if workload.generate_at_once:
        return workload.generate_at_once
    return per_device * (workload.generate_every or accumulation)


def in_rows(workload: Workload) -> Workload:
    """The same with rows for samples."""
    return workload._replace(batch=2 * workload.batch, pairs=False) if workload.pairs else workload


class Estimate(NamedTuple):
    """Bytes of one device at the worst moment of a step.

    `allocated` counts tensors alone, as torch.cuda.max_memory_allocated does; `low` and `high` are what the
    device must have, with the context; `high` has the `slack` that the allocator may lose to fragmentation.
    `breakdown` is by category, at the peak; `phases` the peak of each phase, of tensors alone. `method` is
    closed-form or trace.
    """

    allocated: int
    low: int
    high: int
    phase: str
    breakdown: dict[str, int]
    phases: dict[str, int]
    method: str = "closed-form"
    slack: int = 0
