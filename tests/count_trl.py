"""Train a tiny language model with a trainer of TRL's for real on CPU, from the emitted files: `count_trl.py
--config training_args.json`.

As count_samples.py does, each rank writes down the samples that it consumed for each optimizer step: those whose
loss was computed, which are known by the number that a text or prompt begins with. What is learnt is of no interest
here: all rewards are the same.
"""

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import datasets
import torch
import trl
from count_samples import SIZES, Data, given
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import HfArgumentParser, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

# Tokens of a text, with that of its end; a row that is packed holds two.
LENGTH = 4


@dataclass
class Job(Data):
    trainer: str = "SFTTrainer"


def main(path: str) -> None:
    name = json.loads(Path(path).read_text())["trainer"]
    config = getattr(trl, name.replace("Trainer", "Config"))
    arguments, job = HfArgumentParser((config, Job)).parse_json_file(path)
    torch.manual_seed(arguments.seed)
    words = tokenizer(job.examples)
    column, length, further = (
        ("text", LENGTH - 1, {}) if name == "SFTTrainer" else ("prompt", 1, {"reward_funcs": same})
    )
    rows = [{column: f"{number} " * length} for number in range(job.examples)]
    trainer = counting(getattr(trl, name))(
        model=LlamaForCausalLM(LlamaConfig(vocab_size=len(words), **SIZES)),
        args=arguments,
        processing_class=words,
        train_dataset=datasets.Dataset.from_list(rows) if job.stream == "no" else given(rows, job.stream),
        **further,
    )
    trainer.train()
    seen = {"samples": trainer.consumed, "batch": trainer.get_total_train_batch_size(arguments)}
    Path(arguments.output_dir, f"rank-{arguments.process_index}.json").write_text(json.dumps(seen))


def tokenizer(count: int) -> PreTrainedTokenizerFast:
    """A word for each number, which is its token."""
    numbers = {str(number): number for number in range(count)}
    end, padding = "<end>", "<padding>"
    words = Tokenizer(models.WordLevel({**numbers, end: count, padding: count + 1}, unk_token=padding))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=words, eos_token=end, pad_token=padding)


def counting(kind: type) -> type:
    """A trainer that only notes the samples that reach its loss."""

    class Counting(kind):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.consumed = {}

        def compute_loss(self, model, inputs, *args, **kwargs):
            if "prompt_ids" in inputs:
                rows = inputs["prompt_ids"]
            else:  # packed, all are in one row
                rows = inputs["input_ids"].reshape(-1, self.args.max_length if self.args.packing else LENGTH)
            self.consumed.setdefault(self.state.global_step, []).extend(rows[:, 0].tolist())
            return super().compute_loss(model, inputs, *args, **kwargs)

    return Counting


def same(completions: list[str], **_) -> list[float]:
    return [0.0] * len(completions)


if __name__ == "__main__":
    main(sys.argv[-1])
    if torch.distributed.is_initialized():
        torch.distributed.barrier()
        # Taking a gloo group apart while its thread still waits for Python hangs torch 2.13 now and then.
        os._exit(0)
