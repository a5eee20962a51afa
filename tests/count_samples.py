"""Train a tiny language model for real on CPU, from the emitted files: `count_samples.py training_args.json`.

Each rank writes down what no engine can hide, to rank-N.json in the JSON's output_dir: the samples that it consumed
for each optimizer step, losses and norms of gradients, how the model is wrapped, and how much it holds of the
weights and of the optimizer's state.

A job for GPUs runs here on gloo: Accelerate is told that there are GPUs, and that tensors go to the CPU; with
`use_cpu` it would train plain DDP, whatever is said of FSDP. Nothing else is replaced: the JSON, the mesh in the
environment and distributed_config.json are what was compiled.
"""

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import datasets
import torch
from transformers import HfArgumentParser, LlamaConfig, LlamaForCausalLM, Trainer, TrainingArguments

LENGTH, VOCABULARY = 8, 32
SIZES = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}


@dataclass
class Data:
    """What a spec says to this script under `arguments`: how many examples there are, and of which library the
    stream is that gives them, `torch` or `datasets`; `no` is a data set with a length."""

    examples: int = 480
    stream: str = "no"


class Counting(Trainer):
    """The real Trainer; it only notes the ids that pass through its training_step."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.consumed = {}

    def training_step(self, model, inputs, *args, **kwargs):
        ids = inputs.pop("sample_id")[:, 0].tolist()
        self.consumed.setdefault(self.state.global_step, []).extend(ids)
        # As they are after a copy to a GPU; of a sequence that is split over ranks these are parts.
        inputs = {name: value.contiguous() for name, value in inputs.items()}
        return super().training_step(model, inputs, *args, **kwargs)


def main(path: str) -> None:
    if not json.loads(Path(path).read_text()).get("use_cpu"):
        answer_as_gpus_do()
    arguments, data = HfArgumentParser((TrainingArguments, Data)).parse_json_file(path)
    torch.manual_seed(arguments.seed)
    model = load(arguments, Path(path).with_name("distributed_config.json"))
    trainer = Counting(model=model, args=arguments, train_dataset=given(examples(data.examples), data.stream))
    trainer.train()
    Path(arguments.output_dir, f"rank-{arguments.process_index}.json").write_text(json.dumps(seen(trainer)))


def answer_as_gpus_do() -> None:
    """Replace Accelerate's look for devices. It is private, so look here first when a new release breaks this."""
    from accelerate.state import DistributedType, PartialState

    PartialState._prepare_backend = lambda *args, **kwargs: ("gloo", DistributedType.MULTI_GPU)
    os.environ["ACCELERATE_TORCH_DEVICE"] = "cpu"
    os.environ["ACCELERATE_BYPASS_DEVICE_MAP"] = "true"  # or DDP is given the number of a GPU


def load(arguments: TrainingArguments, mesh: Path) -> LlamaForCausalLM:
    """The same weights for every engine, from a checkpoint, as jobs load them."""
    model = LlamaForCausalLM(LlamaConfig(vocab_size=VOCABULARY, **SIZES))
    deepspeed = arguments.deepspeed or {}
    if deepspeed.get("tensor_parallel") and deepspeed["zero_optimization"]["stage"] == 3:
        return model  # Transformers 5.23 refuses to load a checkpoint for both
    checkpoint = Path(arguments.output_dir, "checkpoint")
    with arguments.main_process_first(local=False):  # of all ranks the first alone saves
        model.save_pretrained(checkpoint)
    if not mesh.exists():
        return LlamaForCausalLM.from_pretrained(checkpoint)
    from transformers.distributed import DistributedConfig

    config = DistributedConfig.from_dict(json.loads(mesh.read_text()))
    return LlamaForCausalLM.from_pretrained(checkpoint, distributed_config=config)


def examples(count: int) -> list[dict[str, torch.Tensor]]:
    """Each counts up, in steps of its own: learnt so fast that each update shows in the next loss."""
    generator = torch.Generator().manual_seed(0)
    first = torch.randint(VOCABULARY, (count, 1), generator=generator)
    step = torch.randint(1, 4, (count, 1), generator=generator)
    places = torch.arange(LENGTH)
    return [
        # Ulysses splits everything along the sequence, and wants the places said.
        {"input_ids": row, "labels": row, "position_ids": places, "sample_id": torch.full((LENGTH,), number)}
        for number, row in enumerate((first + step * places) % VOCABULARY)
    ]


def given(rows: list[dict[str, object]], stream: str) -> object:
    """The rows as they are, or one after the other."""
    if stream == "no":
        return rows
    if stream == "datasets":
        return datasets.IterableDataset.from_generator(lambda: iter(rows))
    library = torch.utils.data.IterableDataset
    return type("Stream", (library,), {"__iter__": lambda self: iter(rows)})()


def seen(trainer: Counting) -> dict[str, object]:
    """What a rank writes down."""
    logs = [entry for entry in trainer.state.log_history if "loss" in entry]
    parameters = dict(trainer.model.named_parameters())
    one = parameters["model.layers.0.self_attn.q_proj.weight"]
    mesh = getattr(one, "device_mesh", None)
    engine = getattr(trainer, "deepspeed", None)
    return {
        "samples": trainer.consumed,
        "batch": trainer.get_total_train_batch_size(trainer.args),
        "losses": [entry["loss"] for entry in logs],
        "gradient_norms": [entry.get("grad_norm") for entry in logs],
        "wrapper": type(trainer.model_wrapped).__name__,
        "zero": engine.zero_optimization_stage() if engine else None,
        "mesh": list(zip(mesh.mesh_dim_names or [""], mesh.shape, strict=True)) if mesh else [],
        "placements": [str(placement) for placement in one.placements] if mesh else [],
        "weights": sum(held(parameter) for parameter in parameters.values()),
        "state": held_by(trainer.optimizer),
    }


def held(parameter: torch.Tensor) -> int:
    """How many elements of it are on this rank between steps."""
    if hasattr(parameter, "ds_tensor"):
        return parameter.ds_tensor.numel()
    return (parameter.to_local() if hasattr(parameter, "to_local") else parameter).numel()


def held_by(optimizer: object) -> int:
    """How many first moments Adam has on this rank."""
    while hasattr(optimizer, "optimizer"):
        optimizer = optimizer.optimizer
    return sum(held(state["exp_avg"]) for state in optimizer.state.values())


if __name__ == "__main__":
    main(sys.argv[1])
    if torch.distributed.is_initialized():
        torch.distributed.barrier()
        # Taking a gloo group apart while its thread still waits for Python hangs torch 2.13 now and then.
        os._exit(0)
