"""Train a tiny causal language model on random tokens, with the real Trainer, from the emitted JSON."""

import os
import sys

import torch
from transformers import HfArgumentParser, LlamaConfig, LlamaForCausalLM, Trainer, TrainingArguments

EXAMPLES, LENGTH, VOCABULARY = 48, 16, 64


def main() -> None:
    (arguments,) = HfArgumentParser(TrainingArguments).parse_json_file(sys.argv[1])
    torch.manual_seed(arguments.seed)
    config = LlamaConfig(
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        vocab_size=VOCABULARY,
    )
    tokens = torch.randint(VOCABULARY, (EXAMPLES, LENGTH))
    examples = [{"input_ids": row, "labels": row} for row in tokens]
    trainer = Trainer(model=LlamaForCausalLM(config), args=arguments, train_dataset=examples)
    trainer.train()
    if trainer.is_world_process_zero():
        print(f"{trainer.state.global_step} steps of {trainer.get_total_train_batch_size(arguments)} samples")


if __name__ == "__main__":
    main()
    if torch.distributed.is_initialized():
        torch.distributed.barrier()
        sys.stdout.flush()
        # Taking a gloo group apart while its thread still waits for Python hangs torch 2.13 now and then.
        os._exit(0)
