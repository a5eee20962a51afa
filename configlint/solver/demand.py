"""From a spec to the question what one device must hold: all of it, or what is not known for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from configlint.core.plan import CLASSIFYING, Data, Hardware, Loaded, Parallel, Precision, Tuning
from configlint.core.profile import Model
from configlint.core.record import NamedTuple
from configlint.core.spec import Spec
from configlint.core.typing import TYPE_CHECKING
from configlint.core.values import AT_RUNTIME, bits, flag, mapping, names, positive, real, share, text
from configlint.knowledge.attention import default_attention
from configlint.solver.ledger import Ledger
from configlint.solver.quantized import stored
from configlint.solver.trainer import length_of_trainer, of_trainer, unmodelled_of_trainer
from configlint.solver.tuning import is_forgotten

if TYPE_CHECKING:
    from configlint.core.workload import Workload

_DTYPES = ("float32", "bfloat16", "float16")
_CHECKPOINTING = "gradient_checkpointing_kwargs"
# Where the class leaves it open, it takes this from torch 2.8 on. Source: transformers 5.23, training_args.py.
_OPTIM = "adamw_torch_fused"


class Asked(NamedTuple):
    """What was solved before, and the memory of a step depends on."""

    model: Model | None
    loaded: Loaded
    tuning: Tuning
    hardware: Hardware
    parallel: Parallel
    precision: Precision
    data: Data


def solve_workload(ledger: Ledger, asked: Asked) -> tuple[Workload | None, tuple[str, ...]]:
    """The workload of one sample, without accumulation; or None and the paths of what is not known."""
    model, hardware, parallel, data = asked.model, asked.hardware, asked.parallel, asked.data
    length = _length(ledger)
    optim = ledger.argument("optim", text) or (None if ledger.path("optim") in ledger.spec.settings else _OPTIM)
    optim = _of_deepspeed(ledger.spec, parallel) or optim
    missing = [
        path
        for path, known in (
            ("model.config", model is not None),
            ("model.sequence_length", length is not None),
            ("parallel", parallel.replicas is not None),
            ("training.optim", optim is not None),
        )
        if not known
    ]
    missing = [*unmodelled_of_trainer(ledger), *missing]
    if missing or model is None or length is None or optim is None:
        return None, tuple(missing)
    if "parallel.data" not in ledger.spec.settings and {"parallel.fsdp", "parallel.deepspeed"} & {
        *ledger.spec.settings
    }:
        return None, ()  # the engine was forgotten
    if is_forgotten(ledger.spec) or parallel.data is None:
        return None, ()
    if any(_is_misread(ledger, path, fits) for path, fits in _accepted(ledger)):
        return None, ()
    below = stored(ledger, asked.tuning, model)
    left_out = (*_left_out(ledger, asked), *(("model.config",) if below is None else ()))
    if left_out or below is None:
        return None, left_out
    from configlint.core.workload import Workload  # a millisecond, for those who say what they train

    dtype, autocast = _dtypes(ledger, asked.precision)
    tuning, prepares = asked.tuning, ledger.release.prepares_quantized(parallel.data)
    method = "qlora" if below.bits else tuning.method or "full"
    checkpointing = ledger.argument("gradient_checkpointing", flag) or False
    own = parallel.data == "fsdp" and _is_on(ledger.spec, "parallel.fsdp.activation_checkpointing")
    world, tensor, context = (
        parallel.world or 1,
        parallel.tensor or 1,
        (parallel.context or 1) * (parallel.sequence or 1),
    )
    # TRL's packing and its batches without padding are one row; what the user says of the data is about full rows.
    packed = data.packed or False
    flattened = bool(ledger.argument("packing", flag) or ledger.argument("padding_free", flag))
    offloads = _offloads(ledger.spec, parallel)
    workload = Workload(
        config=model.config,
        batch=1,
        length=length,
        dtype=dtype,
        autocast=autocast,
        method=method,
        rank=tuning.rank or 0,
        targets=tuning.target_modules,
        pattern=_is_pattern(ledger.spec),
        adapter_dropout=(tuning.dropout or 0.0) if tuning.adapts else 0.0,
        dora=tuning.dora or False,
        saved_modules=tuning.modules_to_save,
        bits=below.bits or 4,
        nested_scales=below.nested,
        adapter_dtype=_adapter_dtype(ledger, parallel, method, dtype, prepares),
        # PEFT's preparation is what a script calls that quantizes the weights itself, and some trainers of TRL.
        upcast=method == "qlora" if prepares else tuning.method == "qlora" and not _trl(ledger),
        narrow_tables=prepares and below.bits == 4 and autocast == "bfloat16",
        checkpointing=checkpointing or own,
        checkpointed_every=_every(ledger) if checkpointing else 1,
        attention=asked.loaded.attention or default_attention(model.config, ledger.release.transformers),
        padded=not (packed or flattened),
        many_lengths=not (packed or ledger.argument("packing", flag)),
        chunked_loss=_chunked_loss(ledger),
        flattened=flattened,
        optimizer=optim,
        optimizer_arguments=ledger.argument("optim_args", text) or "",
        optimizer_targets=ledger.argument("optim_target_modules", names) or (),
        fused_loss=ledger.argument("use_liger_kernel", flag) or False,
        task=asked.loaded.task,
        release=ledger.release.transformers,
        compiled=_compiled(ledger),
        capability=hardware.accelerator.compute_capability if hardware.accelerator else None,
        data=parallel.data or "ddp",
        shard=_shard(parallel, world, tensor, context),
        tensor=tensor,
        context=context,
        world=world,
        synchronised=_synchronised(ledger.spec),
        offload_optimizer=offloads[0],
        offload_parameters=offloads[1],
    )
    sizes = {**of_trainer(ledger, method, dtype, autocast, world), **_buffers(ledger.spec, parallel)}
    return workload._replace(**sizes), ()  # type: ignore[arg-type]


def _of_deepspeed(spec: Spec, parallel: Parallel) -> str | None:
    """The optimizer that DeepSpeed's config asks for."""
    setting = spec.settings.get("parallel.deepspeed.optimizer.type") if parallel.uses_deepspeed else None
    kind = text(setting.value) if setting else None
    return f"deepspeed:{kind}" if kind else None


def _accepted(ledger: Ledger) -> Iterator[tuple[str, Callable[[object], bool]]]:
    """What else memory depends on, and which values of it can be reckoned with."""
    yield "tuning.method", ("full", "lora", "qlora").__contains__
    yield "model.dtype", (*_DTYPES, "auto").__contains__
    yield "parallel.data", ("ddp", "fsdp", "zero0", "zero1", "zero2", "zero3").__contains__
    yield "model.attention", lambda value: text(value) is not None
    for path in ("tuning.dora", "data.packed"):
        yield path, lambda value: flag(value) is not None
    yield "tuning.dropout", lambda value: share(value) is not None
    yield "tuning.bits", lambda value: bits(value) is not None
    for path in ("tuning.target_modules", "tuning.modules_to_save"):
        yield path, lambda value: names(value) is not None
    for path in ("tuning.rank", "parallel.shard"):
        yield path, lambda value: positive(value) is not None
    for name in ("gradient_checkpointing", "bf16", "fp16", "packing", "padding_free", "use_liger_kernel"):
        yield ledger.path(name), lambda value: value is None or flag(value) is not None
    for name in ("activation_checkpointing", "cpu_offload"):
        yield f"parallel.fsdp.{name}", lambda value: flag(value) is not None


def _left_out(ledger: Ledger, asked: Asked) -> Iterator[str]:
    """The paths of what the closed form does not know of: a figure without it would be another training's."""
    if asked.tuning.bits is not None and asked.tuning.method != "qlora":
        yield "tuning.bits"
    if asked.loaded.task == "image-text-to-text" and "model.task" in ledger.spec.settings:
        yield "model.task"
    if ledger.argument("label_smoothing_factor", real) and asked.loaded.task not in CLASSIFYING:
        yield ledger.path("label_smoothing_factor")
    if any(_checkpointing(ledger).get(name) for name in ("selective", "offload")):
        yield ledger.path(_CHECKPOINTING)
    if ledger.argument("activation_offloading", flag):
        yield ledger.path("activation_offloading")


def _checkpointing(ledger: Ledger) -> dict[str, object]:
    """The kwargs of checkpointing. Source: transformers 5.23, trainer.py (`every_n_layers`, `offload`); trl 1.16,
    trainer/sft_trainer.py (`selective`)."""
    setting = ledger.spec.settings.get(ledger.path(_CHECKPOINTING))
    return (mapping(setting.value) if setting else None) or {}


def _every(ledger: Ledger) -> int:
    return positive(_checkpointing(ledger).get("every_n_layers")) or 1


def _compiled(ledger: Ledger) -> bool:
    """Source: transformers 5.23, training_args.py: a backend or a mode turns it on too."""
    words = (ledger.argument(name, text) for name in ("torch_compile_backend", "torch_compile_mode"))
    return bool(ledger.argument("torch_compile", flag)) or any(word is not None for word in words)


def _is_pattern(spec: Spec) -> bool:
    """Whether the modules are a regular expression, as PEFT takes a text, and TRL makes one of a list of one."""
    setting = spec.settings.get("tuning.target_modules")
    value = setting.value if setting else None
    return isinstance(value, str) and value.lower() != "all-linear"


def _is_misread(ledger: Ledger, path: str, fits: Callable[[object], bool]) -> bool:
    """Whether something wrong is written: it is said elsewhere, and the default is not meant."""
    setting = ledger.spec.settings.get(path)
    if setting is None:
        return ledger.spec.open and path.startswith("training.")
    return setting.mapping or setting.value is AT_RUNTIME or not fits(setting.value)


def _shard(parallel: Parallel, world: int, tensor: int, context: int) -> int:
    """The devices that share one copy, those beside that each layer is cut over."""
    if parallel.data in (None, "ddp", "zero0"):
        return 1
    return (parallel.shard or 1) * context if parallel.data == "fsdp" else world // tensor


def _length(ledger: Ledger) -> int | None:
    length = ledger.given("model.sequence_length", positive)
    return length if length is not None or not _trl(ledger) else length_of_trainer(ledger)


def _trl(ledger: Ledger) -> bool:
    return ledger.release.trl is not None


def _chunked_loss(ledger: Ledger) -> bool:
    """Whether TRL's trainer makes its loss a chunk at a time."""
    trl, releases = ledger.release.trl, ledger.release.trainer.chunked_loss
    if trl is None or releases is None:
        return False
    _, by_default, always = releases
    if trl >= always:
        return True
    if ledger.argument("use_liger_kernel", flag):
        return False
    loss = ledger.given("training.loss_type", text)
    return loss == "chunked_nll" or (loss is None and trl >= by_default)


def _adapter_dtype(ledger: Ledger, parallel: Parallel, method: str, dtype: str, prepares: bool) -> str:
    """PEFT makes adapters float32; TRL casts those of 4-bit weights to bfloat16, and DeepSpeed all it is given."""
    if parallel.uses_deepspeed:
        return dtype
    return "bfloat16" if method == "qlora" and _trl(ledger) and not prepares else "float32"


def loaded_dtype(ledger: Ledger, loaded: Loaded, model: Model | None) -> str | None:
    """What the script loads the weights in: what was written, else what Transformers takes where nobody says it,
    float32 before 5.0 and since then the checkpoint's. None where it is another word, or the checkpoint's is not
    known."""
    path, dtype = "precision.weights", loaded.dtype
    if dtype is None and "model.dtype" in ledger.spec.settings:
        return None
    if dtype is None and ledger.release.transformers < (5, 0):
        return ledger.derived(path, "float32", "float32, as transformers before 5.0 loads weights")
    if dtype not in (None, "auto"):
        return ledger.derived(path, dtype, "dtype", "model.dtype") if dtype in _DTYPES else None
    stored = _stored_dtype(model) if model else None
    return ledger.derived(path, stored, "that of config", "model.config") if stored in _DTYPES else None


def _stored_dtype(model: Model) -> str | None:
    inner = mapping(model.config.get("text_config")) or {}
    stored = (part.get(name) for part in (model.config, inner) for name in ("dtype", "torch_dtype"))
    return next((value for value in stored if isinstance(value, str)), None)


def _dtypes(ledger: Ledger, precision: Precision) -> tuple[str, str | None]:
    """That of the weights, and autocast's. DeepSpeed casts the weights instead of using autocast."""
    autocast = "bfloat16" if precision.bf16 else "float16" if precision.fp16 else None
    setting = ledger.spec.settings.get("parallel.data")
    data = str(setting.value) if setting else ""
    if data.startswith("zero") and autocast:
        return autocast, None
    if data == "fsdp" and autocast:
        return autocast, autocast  # weights are gathered in 16 bits, whatever they are kept in
    return precision.weights or "float32", autocast


def _synchronised(spec: Spec) -> bool:
    """Whether accelerate exchanges gradients after each micro-batch. Source: transformers 5.23, trainer.py."""
    setting = spec.settings.get("training.accelerator_config")
    config = mapping(setting.value) if setting else None
    kwargs = mapping((config or {}).get("gradient_accumulation_kwargs"))
    return kwargs is not None and kwargs.get("sync_each_batch") is True


def _offloads(spec: Spec, parallel: Parallel) -> tuple[bool, bool]:
    """Whether the optimizer's states and the weights are kept on the host."""
    if parallel.data == "fsdp":
        both = any(_is_on(spec, f"parallel.fsdp.{name}") for name in ("cpu_offload", "offload_params"))
        return both, both
    if not parallel.uses_deepspeed:
        return False, False
    zero = mapping(spec.tree("parallel.deepspeed").get("zero_optimization")) or {}
    devices = [(mapping(zero.get(name)) or {}).get("device") for name in ("offload_optimizer", "offload_param")]
    return devices[0] in ("cpu", "nvme"), devices[1] in ("cpu", "nvme")


def _buffers(spec: Spec, parallel: Parallel) -> dict[str, int]:
    """The sizes of DeepSpeed's own, in elements, where they are not `auto`.

    Source: DeepSpeed 0.19.8, runtime/zero/config.py, reduce_bucket_size and stage3_max_reuse_distance.
    """
    if not parallel.uses_deepspeed:
        return {}
    from configlint.core.workload import BUCKET

    zero = mapping(spec.tree("parallel.deepspeed").get("zero_optimization")) or {}
    sizes = {
        "bucket": real(zero.get("reduce_bucket_size", BUCKET)),
        "reused": real(zero.get("stage3_max_reuse_distance", 1e9)),
    }
    return {name: int(size) for name, size in sizes.items() if size is not None and size >= 0}


def _is_on(spec: Spec, path: str) -> bool:
    setting = spec.settings.get(path)
    return setting is not None and setting.value is True
