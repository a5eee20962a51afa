"""One workload with the real Trainer: random weights, random tokens."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers

from configlint.core.workload import Workload

Read = Callable[[int], None]
IGNORED = -100  # the label that no loss is computed of


def train(workload: Workload, steps: tuple[int, ...], device: str, read: Read) -> None:
    """Train as many optimizer steps as the last of `steps`, and call `read` after each of them."""
    with tempfile.TemporaryDirectory() as folder:
        model = build(workload, device, Path(folder))
        trainer = transformers.Trainer(
            model=model,
            args=arguments(workload, steps[-1], device, folder),
            train_dataset=samples(workload, steps[-1]),
            data_collator=collate,
            callbacks=[Reader(steps, device, read)],
        )
        trainer.train()


class Reader(transformers.TrainerCallback):  # type: ignore[misc]
    """Forgets what building the model took, and reads after given steps."""

    def __init__(self, steps: tuple[int, ...], device: str, read: Read) -> None:
        self.steps, self.device, self.read = steps, device, read

    def on_train_begin(self, *_: Any, **__: Any) -> None:
        if self.device == "cuda":
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()

    def on_step_end(self, _: Any, state: Any, *__: Any, **___: Any) -> None:
        if state.global_step in self.steps:
            self.read(state.global_step)


def arguments(workload: Workload, steps: int, device: str, folder: str) -> Any:
    """The TrainingArguments that say what the workload says."""
    return transformers.TrainingArguments(
        output_dir=folder,
        max_steps=steps,
        per_device_train_batch_size=workload.batch,
        gradient_accumulation_steps=workload.accumulation,
        bf16=workload.autocast == "bfloat16",
        fp16=workload.autocast == "float16",
        gradient_checkpointing=workload.checkpointing,
        optim=workload.optimizer,
        train_sampling_strategy="sequential",  # the order that `samples` chose
        use_liger_kernel=workload.fused_loss,
        use_cpu=device == "cpu",
        dataloader_pin_memory=device == "cuda",
        remove_unused_columns=False,
        save_strategy="no",
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
        seed=0,
    )


def build(workload: Workload, device: str, folder: Path) -> Any:
    """The model on the device, with adapters where the workload has them."""
    if workload.method == "qlora":
        return adapted(_quantized(workload, device, folder), workload)
    with torch.device(device):
        model = _random(workload)
    return adapted(model, workload) if workload.method == "lora" else model


def _random(workload: Workload) -> Any:
    fields = dict(workload.config)
    config = transformers.AutoConfig.for_model(fields.pop("model_type"), **fields)
    kind = getattr(transformers, workload.config["architectures"][0])  # type: ignore[index]
    return kind._from_config(config, dtype=getattr(torch, workload.dtype), attn_implementation=workload.attention)


def _quantized(workload: Workload, device: str, folder: Path) -> Any:
    """In 4 bits, which only loading makes: the random weights are written to the disk first."""
    _random(workload).save_pretrained(folder)
    kind = getattr(transformers, workload.config["architectures"][0])  # type: ignore[index]
    bits = transformers.BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )
    return kind.from_pretrained(
        folder,
        quantization_config=bits,
        dtype=getattr(torch, workload.dtype),
        attn_implementation=workload.attention,
        device_map={"": device},
    )


def adapted(model: Any, workload: Workload) -> Any:
    """With LoRA's adapters, of which `targets` says where they are."""
    import peft

    prepare: Any = peft.prepare_model_for_kbit_training
    if workload.upcast:
        model = prepare(model, use_gradient_checkpointing=workload.checkpointing)
    targets = "all-linear" if workload.targets == ("all-linear",) else list(workload.targets)
    config = peft.LoraConfig(r=workload.rank, target_modules=targets, task_type="CAUSAL_LM")
    return peft.get_peft_model(model, config)


def samples(workload: Workload, steps: int) -> list[dict[str, torch.Tensor]]:
    """Random tokens for that many steps. With padding, lengths are an eighth of the workload's up to all of it,
    which the first sample of a batch has, or, of many batches, that of each tenth."""
    draw = random.Random(0)
    vocabulary = int(str(workload.config["vocab_size"]))
    made = []
    for number in range(workload.batch * workload.accumulation * steps):
        batch, place = divmod(number, workload.batch)
        is_whole = not workload.padded or (place == 0 and (steps < 10 or batch % 10 == 0))
        length = workload.length if is_whole else draw.randint(workload.length // 8, workload.length)
        made.append({"input_ids": torch.randint(vocabulary, (length,)), "padded": torch.tensor(workload.padded)})
    return made


def collate(batch: list[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """Padded to the longest, with a mask where the workload has padding: (batch, length)."""
    ids = [sample["input_ids"] for sample in batch]
    inputs = torch.nn.utils.rnn.pad_sequence(ids, batch_first=True)
    labels = torch.nn.utils.rnn.pad_sequence(ids, batch_first=True, padding_value=IGNORED)
    found = {"input_ids": inputs, "labels": labels}
    return found | ({"attention_mask": (labels != IGNORED).long()} if batch[0]["padded"] else {})
