"""What comes of training a tiny model with adapters on two ranks: `python two_ranks.py ARGUMENTS`.

ARGUMENTS are the Trainer's, in JSON. The last line is an answer in JSON: {steps}, or {error}.
"""

import json
import multiprocessing
import os
import socket
import sys
import tempfile


def main(arguments):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    ranks = [context.Process(target=train, args=(rank, port, arguments, answers)) for rank in range(2)]
    for rank in ranks:
        rank.start()
    print(json.dumps(answers.get(timeout=240)))
    for rank in ranks:
        rank.kill()  # the other one may wait for the first


def train(rank, port, arguments, answers):
    place = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": 2, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    os.environ |= {name: str(value) for name, value in place.items()} | {"CUDA_VISIBLE_DEVICES": ""}
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import LlamaConfig, LlamaForCausalLM, Trainer, TrainingArguments

    torch.set_num_threads(1)
    os.chdir(tempfile.mkdtemp())
    torch.manual_seed(0)
    sizes = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    model = LlamaForCausalLM(LlamaConfig(vocab_size=16, **sizes))
    model.enable_input_require_grads()
    model = get_peft_model(model, LoraConfig(r=2, target_modules=["q_proj"], task_type="CAUSAL_LM"))
    examples = [{"input_ids": row, "labels": row} for row in torch.randint(16, (8, 4))]
    quiet = {"use_cpu": True, "report_to": "none", "save_strategy": "no", "disable_tqdm": True, "max_steps": 1}
    trainer = Trainer(model, TrainingArguments(**quiet, **arguments), train_dataset=examples)
    try:
        trainer.train()
    except RuntimeError as error:
        answers.put({"error": str(error)})
    else:
        answers.put({"steps": trainer.state.global_step})


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
