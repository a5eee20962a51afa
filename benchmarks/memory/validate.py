"""The closed form against the trace, and both against readings that others published.

    python benchmarks/memory/validate.py            # prints the table that is in closed_form.md, and writes it
    python benchmarks/memory/validate.py --only gpt2

Each cell is one Workload; the trace's answers are kept in the user's cache. Models have 2 to 6 layers, so that a
cell takes seconds; what is saved is affine in depth, and some cells have the whole depth.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Iterator
from importlib import metadata
from itertools import groupby, product
from pathlib import Path
from typing import Any, NamedTuple

import published

from configlint.core.profile import Model
from configlint.core.workload import Workload
from configlint.knowledge import find_model
from configlint.memory.closed_form import simulated
from configlint.memory.trace import traces

TABLE = Path(__file__).with_name("closed_form.md")
MIB = 2**20
AMP = {"dtype": "float32", "autocast": "bfloat16"}
AUTOCAST = {"autocast": "bfloat16"}
ALL = ("all-linear",)
LORA = {"method": "lora", "rank": 16}
# What is varied; each model gets each of them.
SETTINGS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("bf16", {"batch": 4, "length": 512}),
    ("bf16, checkpointing", {"batch": 8, "length": 512, "checkpointing": True}),
    ("bf16, padded", {"batch": 4, "length": 512, "padded": True}),
    ("bf16, accumulation", {"batch": 2, "length": 256, "accumulation": 2}),
    ("autocast over fp32", {"batch": 4, "length": 512, **AMP}),
    ("autocast over fp32, checkpointing", {"batch": 8, "length": 512, "checkpointing": True, **AMP}),
    ("fp32, foreach", {"batch": 2, "length": 512, "dtype": "float32", "optimizer": "adamw_torch"}),
    ("bf16, eager", {"batch": 2, "length": 512, "attention": "eager"}),
    ("LoRA on all, autocast", {"batch": 8, "length": 512, "targets": ALL, **LORA, **AUTOCAST}),
    ("LoRA, checkpointing", {"batch": 8, "length": 512, "checkpointing": True, "targets": ALL, **LORA}),
    ("bf16, SGD, long", {"batch": 1, "length": 2048, "optimizer": "sgd"}),
)
# Name, and layers of it.
DENSE = (
    ("llama-3.2-1b", 4), ("qwen2.5-0.5b", 4), ("qwen3-0.6b", 4), ("mistral-7b-v0.3", 2), ("gemma-2-2b", 4),
    ("gemma-3-1b", 6), ("phi-3-mini", 2), ("olmo-2-1b", 4), ("smollm3-3b", 4), ("gpt2", 4), ("pythia-410m", 4),
    ("bert-base-uncased", 4), ("roberta-base", 4), ("falcon-7b", 2),
)  # fmt: skip
MIXTURES = (("qwen3-30b-a3b", 2), ("mixtral-8x7b-v0.1", 2))
OTHERS: tuple[tuple[str, int | None, str, dict[str, Any]], ...] = (
    ("llama-3.1-8b", None, "whole, bf16", {"batch": 2, "length": 2048}),
    ("llama-3.1-8b", None, "whole, autocast, checkpointing", {"batch": 2, "length": 4096, "checkpointing": True,
                                                              **AMP}),
    ("llama-3.1-8b", None, "whole, QLoRA", {"batch": 4, "length": 2048, "method": "qlora", "rank": 16,
                                            "targets": ALL, "checkpointing": True, "upcast": True, **AUTOCAST}),
    ("llama-3.1-8b", None, "whole, LoRA, padded", {"batch": 2, "length": 2048, "padded": True, **LORA}),
    ("qwen3-8b", None, "whole, bf16, checkpointing", {"batch": 4, "length": 2048, "checkpointing": True}),
    ("gemma-3-1b", None, "whole, bf16", {"batch": 4, "length": 2048}),
    ("llama-3.2-1b", 4, "Liger", {"batch": 4, "length": 1024, "fused_loss": True}),
    ("qwen3-0.6b", None, "whole, Liger, checkpointing", {"batch": 4, "length": 2048, "fused_loss": True,
                                                         "checkpointing": True}),
    ("llama-3.2-1b", 4, "Adafactor", {"batch": 1, "length": 256, "optimizer": "adafactor"}),
    ("llama-3.2-1b", 4, "8-bit AdamW", {"batch": 1, "length": 256, "optimizer": "adamw_bnb_8bit"}),
    ("llama-3.2-1b", 4, "paged AdamW", {"batch": 1, "length": 256, "optimizer": "paged_adamw_32bit"}),
    ("llama-3.2-1b", 4, "RMSprop", {"batch": 1, "length": 256, "optimizer": "rmsprop"}),
    ("llama-3.2-1b", 4, "fp16 autocast on a T4", {"batch": 4, "length": 512, "dtype": "float32", "padded": True,
                                                 "autocast": "float16", "capability": (7, 5)}),
    ("llama-3.2-1b", 4, "flash-attn, 16k tokens", {"batch": 1, "length": 16384, "attention": "flash_attention_2"}),
    ("qwen2.5-0.5b", 4, "QLoRA, bf16 adapters", {"batch": 8, "length": 512, "method": "qlora", "rank": 16,
                                                 "targets": ALL, "adapter_dtype": "bfloat16", **AUTOCAST}),
)  # fmt: skip


FEW: dict[str, Any] = {"batch": 1, "length": 64, "optimizer": "sgd"}
EIGHT: dict[str, Any] = {"batch": 8, "length": 256}
WIDE: dict[str, Any] = {"batch": 4, "length": 512, "targets": ALL, **LORA}
# More settings, for some models each: few tokens, so that the matrix of the vocabulary is the peak; heads that
# classify; adapters.
TIED = ("llama-3.2-1b", "qwen2.5-0.5b", "gemma-3-1b", "gpt2")
FEW_TOKENS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("few tokens, bf16", FEW),
    ("few tokens, fp32", {**FEW, "dtype": "float32"}),
    ("few tokens, autocast over fp32", {**FEW, **AMP}),
    ("few tokens, accumulation", {**FEW, "accumulation": 2}),
)
CLASSIFIERS = ("llama-3.2-1b", "qwen3-0.6b", "gpt2", "bert-base-uncased", "roberta-base")
HEADS: tuple[tuple[str, dict[str, Any]], ...] = tuple(
    (f"{task}, {words}", {**EIGHT, "task": task, **fields})
    for task in ("sequence-classification", "token-classification", "question-answering")
    for words, fields in (("bf16", {}), ("autocast over fp32", AMP))
)
ADAPTED = ("llama-3.2-1b", "qwen2.5-0.5b", "gemma-3-1b")
ADAPTERS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("LoRA, dropout", {**WIDE, "adapter_dropout": 0.05}),
    ("LoRA, dropout, autocast", {**WIDE, "adapter_dropout": 0.05, **AUTOCAST}),
    ("LoRA, dropout, checkpointing", {**WIDE, "adapter_dropout": 0.05, "checkpointing": True}),
    ("QLoRA, dropout, float32 scales", {**WIDE, "method": "qlora", "adapter_dropout": 0.05, "upcast": True}),
    ("LoRA on lm_head", {**WIDE, "targets": ("q_proj", "lm_head")}),
    ("LoRA on a pattern", {**WIDE, "targets": (r".*layers\.1\.mlp\..*_proj",), "pattern": True}),
    ("DoRA", {**WIDE, "dora": True}),
    ("DoRA, dropout", {**WIDE, "dora": True, "adapter_dropout": 0.05}),
    (
        "every second layer checkpointed",
        {"batch": 4, "length": 512, "checkpointing": True, "checkpointed_every": 2},
    ),
)
MORE_ADAPTED = ("qwen3-0.6b", "smollm3-3b", "olmo-2-1b")
CHECKPOINTED: dict[str, Any] = {**EIGHT, "checkpointing": True}
# Rows of all tokens, as TRL packs them; with sdpa a mask keeps samples apart.
PACKED = ("llama-3.2-1b", "qwen2.5-0.5b", "qwen3-0.6b", "gemma-3-1b", "olmo-2-1b", "smollm3-3b")
PACKINGS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("packed", {**EIGHT, "flattened": True}),
    ("packed, eager", {**EIGHT, "flattened": True, "attention": "eager"}),
    ("packed, flash-attn", {**EIGHT, "flattened": True, "attention": "flash_attention_2"}),
    ("packed, checkpointing", {**CHECKPOINTED, "flattened": True}),
    ("packed, LoRA, autocast", {**EIGHT, "flattened": True, "targets": ALL, **LORA, **AUTOCAST}),
)
READING = (
    ("text of a model with a tower", EIGHT),
    ("text of a model with a tower, padded", {**EIGHT, "padded": True}),
    ("text of a model with a tower, checkpointing", CHECKPOINTED),
    ("text of a model with a tower, autocast over fp32", {**EIGHT, **AMP}),
    ("text of a model with a tower, LoRA", {**EIGHT, "targets": ("q_proj", "v_proj"), **LORA}),
)
# All of these with 4 layers.
GROUPS = (
    (TIED, FEW_TOKENS),
    (CLASSIFIERS, HEADS),
    ((*ADAPTED, *MORE_ADAPTED), ADAPTERS),
    (PACKED, PACKINGS),
    (("gemma-3-4b",), READING),
)
ROUTED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("few tokens, bf16", FEW),
    ("few tokens, accumulation", {**FEW, "accumulation": 2}),
    ("packed", {**EIGHT, "flattened": True}),
    ("QLoRA on attention, checkpointing", {**CHECKPOINTED, **LORA, "method": "qlora", **AUTOCAST}),
)
# Families without a bundled profile, by what their small config has of its own.
SIZES: dict[str, object] = {
    "hidden_size": 512, "intermediate_size": 1408, "num_hidden_layers": 4, "num_attention_heads": 8,
    "vocab_size": 32000, "max_position_embeddings": 1024, "pad_token_id": 0,
}  # fmt: skip
GROUPED: dict[str, object] = {**SIZES, "num_key_value_heads": 2}
HEADED: dict[str, object] = {**GROUPED, "head_dim": 64}
BARE: dict[str, dict[str, object]] = {
    "granite": {**GROUPED, "architectures": ["GraniteForCausalLM"]},
    "glm4": {**HEADED, "architectures": ["Glm4ForCausalLM"]},
    "olmo3": {**GROUPED, "sliding_window": 64, "architectures": ["Olmo3ForCausalLM"]},
    "hunyuan_v1_dense": {**HEADED, "architectures": ["HunYuanDenseV1ForCausalLM"]},
    "ministral3": {**HEADED, "architectures": ["Ministral3ForCausalLM"]},
    "ernie4_5": {**HEADED, "architectures": ["Ernie4_5ForCausalLM"]},
    "xlm-roberta": {**SIZES, "max_position_embeddings": 514, "architectures": ["XLMRobertaForMaskedLM"]},
    "distilbert": {"dim": 512, "hidden_dim": 2048, "n_layers": 4, "n_heads": 8, "vocab_size": 32000,
                   "architectures": ["DistilBertForMaskedLM"]},
}  # fmt: skip
BARELY = (
    "bf16",
    "bf16, padded",
    "bf16, checkpointing",
    "autocast over fp32",
    "bf16, eager",
    "LoRA on all, autocast",
)
# Small models on real tensors of the CPU: family, and what its config has otherwise.
SMALL: dict[str, object] = {
    "hidden_size": 256, "intermediate_size": 704, "num_hidden_layers": 2, "num_attention_heads": 4,
    "vocab_size": 16000, "max_position_embeddings": 512,
}  # fmt: skip
REAL: tuple[tuple[str, str, dict[str, object]], ...] = (
    ("llama", "LlamaForCausalLM", {}),
    ("qwen2", "Qwen2ForCausalLM", {"num_key_value_heads": 2}),
    ("gemma3_text", "Gemma3ForCausalLM", {"head_dim": 64, "sliding_window": 512, "num_key_value_heads": 4}),
    ("olmo2", "Olmo2ForCausalLM", {}),
)


class Cell(NamedTuple):
    model: str
    layers: int | None
    setting: str
    workload: Workload
    dense: bool = True


class Row(NamedTuple):
    """Bytes of the tensors' peak; `closed` is None without a closed form, `traced` a text without a trace."""

    cell: Cell
    traced: int | str
    closed: int | None

    @property
    def error(self) -> float | None:
        return self.closed / self.traced - 1 if isinstance(self.traced, int) and self.closed else None


def cells() -> Iterator[Cell]:
    for (model, layers), (setting, fields) in product(DENSE, SETTINGS):
        yield _cell(model, layers, setting, fields)
    for model, layers in MIXTURES:
        for setting, fields in SETTINGS:
            if fields.get("dtype") != "float32":  # no kernel takes that
                yield _cell(model, layers, setting, fields)._replace(dense=False)
    for model, layers, setting, fields in OTHERS:
        yield _cell(model, layers, setting, fields)
    for models, settings in GROUPS:
        for model, (setting, fields) in product(models, settings):
            yield _cell(model, 4, setting, fields)
    for (model, layers), (setting, fields) in product(MIXTURES, ROUTED):
        yield _cell(model, layers, setting, fields)._replace(dense=False)
    yield from _bare()


def _bare() -> Iterator[Cell]:
    for (family, config), (setting, fields) in product(BARE.items(), SETTINGS):
        if setting in BARELY:
            whole = {**config, "model_type": family}
            workload = Workload(config=whole, release=_installed(), capability=(8, 0), **fields)
            yield Cell(family, 4, setting, workload)


def _cell(model: str, layers: int | None, setting: str, fields: dict[str, Any]) -> Cell:
    config = config_of(model, layers)
    fields = {"capability": (8, 0), **fields}
    positions = config.get("n_positions") or config.get("max_position_embeddings")
    if isinstance(positions, int):
        fields["length"] = min(fields["length"], positions)
    if model == "gemma-2-2b":
        fields["attention"] = "eager"  # what Transformers takes for it
    if "num_experts" in config or "num_local_experts" in config:
        fields["targets"] = ("q_proj", "v_proj")  # of the experts, PEFT trains all at once
    return Cell(model, layers, setting, Workload(config=config, release=_installed(), **fields))


def _installed() -> tuple[int, int]:
    """The release of Transformers that the models are of."""
    major, minor = metadata.version("transformers").split(".")[:2]
    return int(major), int(minor)


def config_of(model: str, layers: int | None) -> dict[str, object]:
    """A bundled profile's config, with fewer layers."""
    found = find_model(model, ".")
    assert isinstance(found, Model), f"there is no profile {model}"
    config = {name: value for name, value in found.config.items() if name != "source"}
    return _with_layers(config, layers) if layers else config


def _with_layers(config: dict[str, object], layers: int) -> dict[str, object]:
    """The same with fewer layers; those of the text, where a model reads pictures too."""
    inner = config.get("text_config")
    if isinstance(inner, dict):
        return {**config, "text_config": _with_layers(inner, layers)}
    names = ("num_hidden_layers", "n_layer")
    return {name: layers if name in names else value for name, value in config.items()}


def measured(group: list[Cell]) -> Iterator[Row]:
    """Both answers for some cells, which share one process."""
    for cell, answer in zip(group, traces([cell.workload for cell in group]), strict=True):
        step = simulated(cell.workload)
        yield Row(cell, answer if isinstance(answer, str) else answer["allocated"], step.peak if step else None)


def table(rows: list[Row]) -> Iterator[str]:
    yield "| model | layers | setting | batch x length | trace MiB | closed form MiB | error |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for (model, layers, setting, workload, _), traced, closed in rows:
        size = f"{workload.batch} x {workload.length}"
        exact = f"{traced / MIB:.1f}" if isinstance(traced, int) else traced
        ours = f"{closed / MIB:.1f}" if closed else "none"
        error = f"{(closed / traced - 1) * 100:+.3f} %" if closed and isinstance(traced, int) else ""
        yield f"| {model} | {layers or 'all'} | {setting} | {size} | {exact} | {ours} | {error} |"


def on_real_tensors() -> Iterator[str]:
    """What the CPU's allocator gave, against trace and closed form."""
    import real_tensors

    yield "| family | tied | setting | allocator MiB | trace | closed form |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for family, architecture, changed in REAL:
        for tied in (False, True):
            config = {**SMALL, "model_type": family, "architectures": [architecture], "tie_word_embeddings": tied}
            for words, fields in REAL_SETTINGS:
                given = {"batch": 2, "length": 64, "optimizer": "sgd", "attention": "eager", **fields}
                workload = Workload(config={**config, **changed}, release=_installed(), **given)
                real, step = real_tensors.allocated(workload), simulated(workload)
                (answer,) = traces([workload])
                traced = 0 if isinstance(answer, str) else answer["allocated"]
                errors = [f"{(each / real - 1) * 100:+.3f} %" for each in (traced, step.peak if step else 0)]
                row = (family, "yes" if tied else "no", words, f"{real / MIB:.1f}", *errors)
                yield f"| {' | '.join(row)} |"


REAL_SETTINGS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("fp32", {"dtype": "float32"}),
    ("bf16", {}),
    ("autocast over fp32", AMP),
    ("fp32, accumulation, checkpointing", {"dtype": "float32", "accumulation": 2, "checkpointing": True}),
)


def summary(rows: list[Row]) -> Iterator[str]:
    for name, dense in (("dense", True), ("mixtures", False)):
        errors = [abs(row.error) for row in rows if row.cell.dense is dense and row.error is not None]
        if errors:
            middle, worst = statistics.median(errors) * 100, max(errors) * 100
            yield f"- {name}: {len(errors)} cells, median error {middle:.3f} %, worst {worst:.3f} %"
    left = [f"{r.cell.model}, {r.cell.setting}: {r.traced}" for r in rows if isinstance(r.traced, str)]
    yield from (f"- not traced: {line}" for line in left)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", metavar="WORD", help="the cells of one model or setting; nothing is written")
    only = parser.parse_args().only
    chosen = [cell for cell in cells() if only is None or only == cell.model or only in cell.setting]
    rows = [row for _, group in groupby(chosen, key=lambda cell: cell.model) for row in measured(list(group))]
    lines = ["# The closed form against the trace", "", "Made by `python benchmarks/memory/validate.py`.", ""]
    lines += [*summary(rows), "", *table(rows), "", *published.report()]
    if only in (None, "real tensors"):
        lines += ["", "# Against real tensors on the CPU", "", *on_real_tensors()]
    text = "\n".join(lines) + "\n"
    print(text)
    if only is None:
        TABLE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
