"""What is measured. Each case is a Workload, so that it can be computed as well; README.md says which there are."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

from configlint.core.profile import Model
from configlint.core.workload import Workload
from configlint.knowledge import find_model
from configlint.knowledge.optimizers import find_optimizer

SECTIONS = ("constants", "matrix", "extras", "largest", "drift")
# What a row says of its workload; the rest of it is the model's config, or has its default.
FIELDS = (
    "batch", "length", "padded", "dtype", "autocast", "checkpointing", "attention", "optimizer", "accumulation",
    "method", "rank", "targets", "adapter_dtype", "upcast", "fused_loss",
)  # fmt: skip

Fields = dict[str, Any]


class Case(NamedTuple):
    """One process, or with section `largest` one for each batch that is tried.

    `workload` is None of a constant, which the name says. Readings are taken after each of `steps` optimizer
    steps; `layers` is None where the model has its own; `expandable` is the allocator's expandable_segments.
    """

    name: str
    section: str
    model: str = ""
    layers: int | None = None
    workload: Workload | None = None
    steps: tuple[int, ...] = (3,)
    expandable: bool = False


# The number is the tokens of a flash kernel's forward and backward.
CONSTANTS = (
    "context", "matmul", "backward", "flash 1024", "flash 4096", "flash 8192", "flash 16384",
    "triton", "bitsandbytes",
)  # fmt: skip
AMP: Fields = {"dtype": "float32", "autocast": "bfloat16"}
CHECKPOINTED: Fields = {"checkpointing": True}
PADDED: Fields = {"padded": True}
LORA: Fields = {"method": "lora", "rank": 16}
ATTENTION = ("q_proj", "v_proj")
# Of 4 layers a card of 16 GB holds all but the longest; what is saved is affine in depth, exactly.
LLAMA = ("llama-3.2-1b", 4)


def _matrix() -> Iterator[tuple[str, int | None, Fields]]:
    """24 runs: the first eight every way, then one thing at a time, then other models and the whole depth."""
    for amp, checkpointed, padded in product(({}, AMP), ({}, CHECKPOINTED), ({}, PADDED)):
        yield (*LLAMA, {**amp, **checkpointed, **padded})
    yield (*LLAMA, {"dtype": "float32"})
    for amp in ({}, AMP):
        yield (*LLAMA, {**amp, "accumulation": 2})
        yield (*LLAMA, {**amp, "attention": "eager"})
    yield (*LLAMA, {"optimizer": "adamw_torch"})
    yield (*LLAMA, {"batch": 1, "length": 4096})
    yield "llama-3.2-1b", None, CHECKPOINTED
    yield "llama-3.2-3b", 4, AMP
    yield "llama-3.2-3b", None, CHECKPOINTED
    yield "qwen3-0.6b", 8, {}
    yield "qwen3-0.6b", 8, {**AMP, **PADDED}
    yield "gemma-3-1b", 8, {}
    yield "gemma-3-1b", 8, AMP
    yield "gpt2", None, AMP
    yield "gpt2", None, {**AMP, **CHECKPOINTED, "accumulation": 2}


def _extras() -> Iterator[tuple[str, int | None, Fields]]:
    """Long samples without logits, the package flash-attn, optimizers of bitsandbytes, adapters."""
    for length in (4096, 8192, 16384):
        yield "llama-3.2-1b", 2, {"batch": 1, "length": length, "fused_loss": True}
    yield (*LLAMA, {"fused_loss": True})
    yield (*LLAMA, {"attention": "flash_attention_2"})
    for optimizer in ("adamw_bnb_8bit", "paged_adamw_8bit", "paged_adamw_32bit", "adafactor"):
        yield (*LLAMA, {"optimizer": optimizer})
    for targets in (ATTENTION, ("all-linear",)):
        yield (*LLAMA, {**LORA, "targets": targets})
        yield (*LLAMA, {**LORA, **AMP, "targets": targets})
    quantized = {**LORA, "method": "qlora", "targets": ("all-linear",), "upcast": True}
    yield (*LLAMA, quantized)
    yield (*LLAMA, {**quantized, **CHECKPOINTED, "autocast": "bfloat16"})


def cases() -> list[Case]:
    """All there are, in the order in which they run."""
    found = [Case(f"constants/{name}", "constants") for name in CONSTANTS]
    found += [_case("matrix", *each) for each in _matrix()]
    found += [_case("extras", *each) for each in _extras()]
    for fields, expandable in product(({}, {**AMP, **PADDED}), (False, True)):
        found.append(_case("largest", *LLAMA, fields, expandable=expandable))
    for expandable in (False, True):
        fields = {**PADDED, "batch": 8}
        found.append(_case("drift", *LLAMA, fields, steps=(10, 50, 100, 200), expandable=expandable))
    return found


def smoke() -> list[Case]:
    """Two tiny ones, to try the script itself."""
    tiny = {"batch": 2, "length": 16}
    return [
        _case("smoke", "gpt2", 1, {**tiny, "dtype": "float32", "checkpointing": True}),
        _case("smoke", "smollm2-135m", 1, {**tiny, **PADDED, "accumulation": 2}, steps=(1, 2)),
    ]


def _case(section: str, model: str, layers: int | None, fields: Fields, **rest: Any) -> Case:
    words = [model] + ([f"layers={layers}"] if layers else [])
    words += [name if value is True else f"{name}={_text(value)}" for name, value in fields.items()]
    words += ["expandable"] if rest.get("expandable") else []
    workload = Workload(config(model, layers), **{"batch": 2, "length": 1024, **fields})
    return Case(f"{section}/{' '.join(words)}", section, model, layers, workload, **rest)


def config(model: str, layers: int | None) -> dict[str, object]:
    """A bundled profile's config, with that many layers."""
    found = find_model(model, ".")
    assert isinstance(found, Model), f"no bundled model {model}"
    fields = {key: value for key, value in found.config.items() if key != "source"}
    depth = "n_layer" if "n_layer" in fields else "num_hidden_layers"
    return fields | ({depth: layers} if layers else {})


def row(case: Case) -> dict[str, object]:
    """What a case's rows have in common, as texts and numbers."""
    fields = case.workload._asdict() if case.workload else {}
    return {
        "case": case.name,
        "model": case.model,
        "layers": case.layers,
        **{name: _text(fields[name]) for name in FIELDS if name in fields},
        "expandable": case.expandable,
    }


def workload(row: dict[str, str]) -> Workload:
    """The workload of a row as it was read from the file, on the card and the release that it names."""
    kinds = {name: type(value) for name, value in Workload._field_defaults.items()}
    values: Fields = {}
    for name in FIELDS:
        text, kind = row[name], kinds.get(name, int)
        if kind is bool:
            values[name] = text == "True"
        elif kind is tuple:
            values[name] = tuple(text.split())
        else:
            values[name] = int(text) if kind is int else text or None
    version = row["transformers"].split(".")
    major, _, minor = row["capability"].partition(".")
    return Workload(
        config(row["model"], int(row["layers"]) if row["layers"] else None),
        **values,
        release=(int(version[0]), int(version[1])),
        capability=(int(major), int(minor)) if minor else None,
    )


def needs(workload: Workload | None) -> list[str]:
    """The packages that a workload needs beside those of the extra `train`."""
    if workload is None:
        return []
    made = find_optimizer(workload.optimizer)
    wanted = {
        "peft": workload.method != "full",
        "bitsandbytes": workload.method == "qlora" or (made is not None and made.bitsandbytes),
        "liger_kernel": workload.fused_loss,
        "flash_attn": workload.attention.startswith("flash_attention"),
    }
    return [name for name, is_wanted in wanted.items() if is_wanted]


def _text(value: object) -> object:
    return " ".join(value) if isinstance(value, tuple) else value
