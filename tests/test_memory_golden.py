"""What memory comes to, pinned byte for byte without torch: a table of families x settings.

`pytest tests/test_memory_golden.py --write-golden` writes memory_golden.csv beside it anew; read the diff. That the
numbers are right is shown by test_memory.py against the real models and by benchmarks/memory; here they may not
change unseen.
"""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from conftest import plan

from configlint.core.plan import Origin, Plan
from configlint.core.workload import CATEGORIES, PHASES
from configlint.memory.closed_form.architecture import architecture
from configlint.memory.closed_form.formulas import origins

TABLE = Path(__file__).with_name("memory_golden.csv")
# One of each family that the closed form knows, the smallest.
MODELS = (
    "bert-base-uncased", "deberta-v3-base", "roberta-base", "falcon-7b", "gemma-2-2b", "gemma-3-1b", "gemma-3-4b",
    "gpt2", "llama-3.2-1b", "mistral-7b-v0.3", "mixtral-8x7b-v0.1", "olmo-2-1b", "phi-3-mini", "pythia-160m",
    "qwen2.5-0.5b", "qwen3-0.6b", "qwen3-30b-a3b", "smollm3-3b",
)  # fmt: skip
LORA = "rank: 16, target_modules: all-linear"
# What is set beside a full fine-tuning in bfloat16 of 4 samples of 512 tokens on one device.
SETTINGS = {
    "plain": "",
    "one micro-batch": "batch: {effective: 4}",
    "float32": "model: {dtype: float32}\ntraining: {bf16: false}",
    "autocast": "model: {dtype: float32}\ntraining: {bf16: true}",
    "checkpointing": "training: {gradient_checkpointing: true}",
    "eager": "model: {attention: eager}",
    "flash": "model: {attention: flash_attention_2}",
    "packed": "data: {packed: true}",
    "adafactor": "training: {optim: adafactor}",
    "adamw_bnb_8bit": "training: {optim: adamw_bnb_8bit}",
    "sgd": "training: {optim: sgd}",
    "liger": "training: {use_liger_kernel: true}",
    "lora": f"tuning: {{method: lora, {LORA}}}",
    "lora with checkpointing": f"tuning: {{method: lora, {LORA}}}\ntraining: {{gradient_checkpointing: true}}",
    "qlora": f"tuning: {{method: qlora, {LORA}}}",
    "ddp": "hardware: {devices_per_node: 8}",
    "fsdp": "hardware: {devices_per_node: 8}\nparallel: {data: fsdp}",
    "hsdp": "hardware: {devices_per_node: 8}\nparallel: {data: fsdp, shard: 4}",
    "zero1": "hardware: {devices_per_node: 8}\nparallel: {data: zero1}",
    "zero2": "hardware: {devices_per_node: 8}\nparallel: {data: zero2}",
    "zero3": "hardware: {devices_per_node: 8}\nparallel: {data: zero3}",
    "zero3 with offload": (
        "hardware: {devices_per_node: 8}\n"
        "parallel: {data: zero3, deepspeed: {zero_optimization: {offload_optimizer: {device: cpu}}}}"
    ),
    "tensor 2": "hardware: {devices_per_node: 8}\nparallel: {tensor: 2}",
    "SFTTrainer": "trainer: SFTTrainer",
    "transformers 4.46": 'transformers: "4.46"',
    "one sample": "batch: {per_device: 1}",
    "long": "model: {sequence_length: 8192}\nbatch: {per_device: 1}",
    "long and eager": "model: {sequence_length: 8192, attention: eager}\nbatch: {per_device: 1}",
    "long and flash": "model: {sequence_length: 8192, attention: flash_attention_2}\nbatch: {per_device: 1}",
    "eager with checkpointing": "model: {attention: eager}\ntraining: {gradient_checkpointing: true}",
    "flash with autocast": "model: {attention: flash_attention_2, dtype: float32}",
    "liger with checkpointing": "training: {use_liger_kernel: true, gradient_checkpointing: true}",
    "lora on some": "tuning: {method: lora}",
    "lora on the feed-forward block": "tuning: {method: lora, rank: 64, target_modules: [up_proj, down_proj]}",
    "lora with float32": f"model: {{dtype: float32}}\ntraining: {{bf16: false}}\ntuning: {{method: lora, {LORA}}}",
    "lora without autocast": f"training: {{bf16: false}}\ntuning: {{method: lora, {LORA}}}",
    "qlora with checkpointing": f"tuning: {{method: qlora, {LORA}}}\ntraining: {{gradient_checkpointing: true}}",
    "qlora with SFTTrainer": f"trainer: SFTTrainer\ntuning: {{method: qlora, {LORA}}}",
    "fsdp with lora": (
        f"hardware: {{devices_per_node: 8}}\nparallel: {{data: fsdp}}\ntuning: {{method: lora, {LORA}}}"
    ),
    "fsdp with its checkpointing": (
        "hardware: {devices_per_node: 8}\nparallel: {data: fsdp, fsdp: {activation_checkpointing: true}}"
    ),
    "fsdp with offload": "hardware: {devices_per_node: 8}\nparallel: {data: fsdp, fsdp: {cpu_offload: true}}",
    "fsdp, accumulated": ("batch: {effective: 64}\nhardware: {devices_per_node: 8}\nparallel: {data: fsdp}"),
    "fsdp, synchronised": (
        "batch: {effective: 64}\nhardware: {devices_per_node: 8}\nparallel: {data: fsdp}\n"
        "training: {accelerator_config: {gradient_accumulation_kwargs: {sync_each_batch: true}}}"
    ),
    "zero1, accumulated": ("batch: {effective: 64}\nhardware: {devices_per_node: 8}\nparallel: {data: zero1}"),
    "zero2, accumulated": ("batch: {effective: 64}\nhardware: {devices_per_node: 8}\nparallel: {data: zero2}"),
    "context 2": "hardware: {devices_per_node: 8}\nparallel: {data: fsdp, context: 2}",
    "zero0": "hardware: {devices_per_node: 8}\nparallel: {data: zero0}",
    "zero1 with offload": (
        "hardware: {devices_per_node: 8}\n"
        "parallel: {data: zero1, deepspeed: {zero_optimization: {offload_optimizer: {device: cpu}}}}"
    ),
    "zero2 with offload": (
        "hardware: {devices_per_node: 8}\n"
        "parallel: {data: zero2, deepspeed: {zero_optimization: {offload_optimizer: {device: cpu}}}}"
    ),
    "zero3 with all offloaded": (
        "hardware: {devices_per_node: 8}\nparallel: {data: zero3, deepspeed: {zero_optimization: "
        "{offload_optimizer: {device: cpu}, offload_param: {device: cpu}}}}"
    ),
    "zero3 with lora": (
        f"hardware: {{devices_per_node: 8}}\nparallel: {{data: zero3}}\ntuning: {{method: lora, {LORA}}}"
    ),
    "zero3 with adafactor": (
        "hardware: {devices_per_node: 8}\nparallel: {data: zero3}\ntraining: {optim: adafactor}"
    ),
    "sequence 2": "hardware: {devices_per_node: 8}\nparallel: {data: zero3, sequence: 2}",
    "packing": "trainer: SFTTrainer\ntraining: {packing: true}",
    "packing with flash": "trainer: SFTTrainer\nmodel: {attention: flash_attention_2}\ntraining: {packing: true}",
    "SFTTrainer with Liger": "trainer: SFTTrainer\ntraining: {use_liger_kernel: true}",
    "SFTTrainer, float32": "trainer: SFTTrainer\nmodel: {dtype: float32}\ntraining: {bf16: false}",
    "SFTTrainer, autocast": "trainer: SFTTrainer\nmodel: {dtype: float32}",
    "SFTTrainer, lora": f"trainer: SFTTrainer\ntuning: {{method: lora, {LORA}}}",
    "DPOTrainer": "trainer: DPOTrainer",
    "GRPOTrainer with zero3": "trainer: GRPOTrainer\nhardware: {devices_per_node: 8}\nparallel: {data: zero3}",
    "t4": "hardware: {accelerator: t4}",
    "v100": "hardware: {accelerator: v100-32gb}",
    "mi300x": "hardware: {accelerator: mi300x}",
    "no accelerator": "hardware: {accelerator: null}",
}
BASE = {
    "model": {"sequence_length": "512", "dtype": "bfloat16"},
    "batch": {"effective": "32", "per_device": "4"},
    "hardware": {"accelerator": "h100-80gb", "devices_per_node": "1"},
    "training": {"bf16": "true"},
}


def spec(model: str, settings: str) -> str:
    """The base with some sections changed, as text."""
    sections = {name: dict(keys) for name, keys in BASE.items()}
    lines = []
    for line in settings.splitlines():
        name, _, value = line.partition(": ")
        if not value.startswith("{") or name not in sections:
            lines.append(line)
            continue
        for each in value[1:-1].split(", "):
            key, _, written = each.partition(": ")
            sections[name][key] = written
    sections["model"]["config"] = model
    flow = {name: ", ".join(f"{key}: {value}" for key, value in keys.items()) for name, keys in sections.items()}
    return "\n".join([*lines, *(f"{name}: {{{keys}}}" for name, keys in flow.items())]) + "\n"


def table() -> str:
    """A row a family and setting: bytes at the peak, in each phase, and by category at the peak; empty where they
    are not known."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["model", "setting", "phase", "low", "high", "slack", "allocated", *PHASES, *CATEGORIES])
    for model in MODELS:
        for name, settings in SETTINGS.items():
            found = plan(spec(model, settings)).memory.estimate
            if found is None:
                rows.writerow([model, name, "unknown"])
                continue
            parts = [found.breakdown.get(category, 0) for category in CATEGORIES]
            peaks = [found.phases[phase] for phase in PHASES]
            rows.writerow(
                [model, name, found.phase, found.low, found.high, found.slack, found.allocated, *peaks, *parts]
            )
    return text.getvalue()


def test_no_figure_changes_unseen(request: pytest.FixtureRequest) -> None:
    now = table()
    if request.config.getoption("--write-golden"):
        TABLE.write_text(now, encoding="utf-8")
    pinned = TABLE.read_text(encoding="utf-8").splitlines()
    changed = [f"{old}\n{new}" for old, new in zip(pinned, now.splitlines(), strict=True) if old != new]
    assert not changed, "\n".join(changed[:10])


def test_nearly_all_rows_have_figures_and_each_setting_changes_some() -> None:
    rows = list(csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines()))
    known = [row for row in rows if row["phase"] != "unknown"]
    assert len(known) > 0.85 * len(rows)
    plain = {row["model"]: row for row in known if row["setting"] == "plain"}
    for setting in SETTINGS.keys() - {"plain"}:
        others = [row for row in known if row["setting"] == setting and row["model"] in plain]
        assert any({**row, "setting": ""} != {**plain[row["model"]], "setting": ""} for row in others), setting


@pytest.mark.parametrize("model", MODELS)
def test_each_formula_gives_its_figure(model: str) -> None:
    for name, settings in SETTINGS.items():
        found = plan(spec(model, settings))
        figures = origins(found)
        assert figures or not found.memory.estimate
        for path in ("saved", "weights", "gradients", "optimizer", "logits"):
            if origin := figures.get(f"memory.{path}"):
                assert origin.value == pytest.approx(reckoned(found, origin.why), rel=0.02), (name, origin)
        if allocated := figures.get("memory.allocated"):
            whole, beside, low, high = (value(figures, each) for each in ("allocated", "beside", "low", "high"))
            assert whole == sum(value(figures, path.removeprefix("memory.")) for path in allocated.inputs), name
            least = 0.9 * whole if "- 10%" in figures["memory.low"].why else whole
            assert low == pytest.approx(least + beside), name
            factor = 1.1 if "x 1.1 " in figures["memory.high"].why else 1
            assert -1 <= high - factor * whole - value(figures, "slack") - beside < 2**30, name


def value(figures: dict[str, Origin], name: str) -> int:
    found = figures[f"memory.{name}"].value
    assert isinstance(found, int)
    return found


def reckoned(found: Plan, formula: str) -> float:
    """`2 layers x 3 tokens x (4 hidden + 5) bytes / 6 devices`, as a number."""
    workload = found.memory.workload
    assert workload is not None
    sizes = architecture(workload.config)
    assert sizes is not None
    widths = {
        "hidden": sizes.hidden, "query": sizes.query, "key": sizes.key, "inner": sizes.inner, "heads": sizes.heads,
        "length": workload.length, "rank": workload.rank, "expert": sizes.expert_inner, "experts": sizes.experts,
    }  # fmt: skip
    units = r"\b(layers|tokens|bytes|trained|parameters|vocabulary entries|devices)\b"
    product = re.sub(units, "", formula).replace(" x ", " * ")
    return float(eval(re.sub(r"(?<=\d) +(?=[a-z(])", " * ", product), widths))
