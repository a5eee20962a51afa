"""Train a tiny language model from the emitted JSON, and write down which samples each rank consumed for each
optimizer step: `count_samples.py training_args.json`, to rank-N.json in the JSON's output_dir."""

import json
import os
import sys
from pathlib import Path

import torch
from transformers import HfArgumentParser, LlamaConfig, LlamaForCausalLM, Trainer, TrainingArguments

LENGTH, VOCABULARY = 8, 32


class Counting(Trainer):
    """The real Trainer; it only notes the ids that pass through its training_step."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.consumed = {}

    def training_step(self, model, inputs, *args, **kwargs):
        ids = inputs.pop("sample_id").tolist()
        self.consumed.setdefault(self.state.global_step, []).extend(ids)
        return super().training_step(model, inputs, *args, **kwargs)


def main() -> None:
    (arguments,) = HfArgumentParser(TrainingArguments).parse_json_file(sys.argv[1])
    torch.manual_seed(arguments.seed)
    config = LlamaConfig(
        hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2, vocab_size=VOCABULARY
    )
    tokens = torch.randint(VOCABULARY, (480, LENGTH))
    examples = [{"input_ids": row, "labels": row, "sample_id": number} for number, row in enumerate(tokens)]
    trainer = Counting(model=LlamaForCausalLM(config), args=arguments, train_dataset=examples)
    trainer.train()
    Path(arguments.output_dir, f"rank-{arguments.process_index}.json").write_text(json.dumps(trainer.consumed))


if __name__ == "__main__":
    main()
    if torch.distributed.is_initialized():
        torch.distributed.barrier()
        # Taking a gloo group apart while its thread still waits for Python hangs torch 2.13 now and then.
        os._exit(0)
