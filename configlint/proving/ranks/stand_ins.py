"""What stands in, on a machine without GPUs and network, for the cluster, the model and the data.

Everything else is the real thing. None of what stands in or is put aside has a say in which samples a rank gets.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib import import_module
from typing import Any

# Arguments of the Trainer that need a GPU, a network or a disk, with the value that they get once the class has
# accepted the JSON. The name of a quiet one is not worth a word where it was set.
PUT_ASIDE: dict[str, object] = {
    "dataloader_multiprocessing_context": None,
    "dataloader_num_workers": 0,  # the order is the same, and no rank has processes of its own
    "dataloader_persistent_workers": False,
    "dataloader_pin_memory": False,
    "dataloader_prefetch_factor": None,
    "enable_jit_checkpoint": False,
    "fp16": False,
    "fp16_full_eval": False,
    "push_to_hub": False,
    "report_to": [],
    "torch_compile": False,
    "torch_compile_backend": None,
    "torch_compile_mode": None,
}
QUIET = {name for name in PUT_ASIDE if name.startswith(("dataloader_", "torch_compile_"))} | {"report_to"}


def be_rank(rank: int, world: int, per_node: int, environment: dict[str, str]) -> None:
    """Make this process one of `world`: by the variables of torchrun, and a process group that sends nothing."""
    import torch
    from torch.testing._internal.distributed.fake_pg import FakeStore

    os.environ.update(
        environment,
        RANK=str(rank),
        LOCAL_RANK=str(rank % per_node),
        GROUP_RANK=str(rank // per_node),
        WORLD_SIZE=str(world),
        LOCAL_WORLD_SIZE=str(per_node),
        MASTER_ADDR="127.0.0.1",
        MASTER_PORT="29500",
        OMP_NUM_THREADS="1",
        CUDA_VISIBLE_DEVICES="",
        HIP_VISIBLE_DEVICES="",
    )
    torch.set_num_threads(1)
    torch.distributed.init_process_group("fake", rank=rank, world_size=world, store=FakeStore())


def be_cluster() -> None:
    """Make Accelerate answer as on the machine of the job, with this CPU in place of each device.

    Source: accelerate 1.15 state.py, PartialState
    """
    from accelerate.state import PartialState
    from accelerate.utils import DistributedType

    def backend(self: Any, cpu: bool = False, *rest: Any, **more: Any) -> tuple[str, Any]:
        return "fake", DistributedType.MULTI_CPU if cpu else DistributedType.MULTI_GPU

    PartialState._prepare_backend = backend
    os.environ["ACCELERATE_TORCH_DEVICE"] = "cpu"
    _read_for_all()


def _read_for_all() -> None:
    """Where rank 0 reads the batches and sends them, let each rank read them itself, as rank 0 would.

    Source: accelerate 1.15 data_loader.py, DataLoaderDispatcher
    """
    from accelerate import data_loader

    loader: Any = data_loader.DataLoaderDispatcher
    fetch = loader._fetch_batches

    def fetch_as_rank_0(self: Any, iterator: Any) -> Any:
        state, self.state = self.state, _Rank0(self.state)
        try:
            return fetch(self, iterator)
        finally:
            self.state = state

    loader._fetch_batches = fetch_as_rank_0
    # What would be sent is here already: the batch itself goes the way of its description.
    names: Any = data_loader
    names.broadcast_object_list = lambda objects, **how: objects
    names.get_data_structure = names.initialize_tensors = lambda batch: batch


class _Rank0:
    """The state of a process, but for its index."""

    process_index = 0

    def __init__(self, state: Any) -> None:
        self._state = state

    def __getattr__(self, name: str) -> Any:
        return getattr(self._state, name)


def import_deepspeed() -> Any:
    """DeepSpeed's config module; it would warn that it finds a CPU, and compile an operator for it, for minutes.

    Source: deepspeed 0.19 accelerator/real_accelerator.py; comm/torch.py, build_shm_op
    """
    os.environ["DS_ACCELERATOR"] = "cpu"
    torch_backend: Any = import_module("deepspeed.comm.torch")
    torch_backend.build_shm_op = lambda: None
    return import_module("deepspeed.runtime.config")


def put_aside(arguments: Any, folder: str) -> list[str]:
    """Take out of the arguments what cannot be had here; what of it was asked for."""
    gone = [name for name in PUT_ASIDE if getattr(arguments, name, None)]
    for name, value in PUT_ASIDE.items():
        if hasattr(arguments, name):
            setattr(arguments, name, value)
    if "fp16" in gone:
        arguments.mixed_precision = "no"
    arguments.output_dir = folder
    return [name for name in gone if name not in QUIET]


def model(distributed_config: dict[str, Any] | None) -> Any:
    """A language model of so few parameters that every rank can just have its share; sharded as it is loaded where
    the job does that."""
    from transformers import LlamaConfig, LlamaForCausalLM

    sizes = distributed_config or {}
    shares = sizes.get("tp_size", 1) * sizes.get("fsdp_size", 1)
    heads, width = sizes.get("tp_size", 1), 2 * shares
    config = LlamaConfig(
        hidden_size=width,
        intermediate_size=width,
        num_hidden_layers=1,
        num_attention_heads=heads,
        num_key_value_heads=heads,
        vocab_size=width,
        pad_token_id=None,
        bos_token_id=0,
        eos_token_id=0,
    )
    whole = LlamaForCausalLM(config)
    if distributed_config is None:
        return whole
    from transformers.distributed.configuration_utils import DistributedConfig

    mesh = DistributedConfig.from_dict(distributed_config)
    return LlamaForCausalLM.from_pretrained(
        None, config=config, state_dict=whole.state_dict(), distributed_config=mesh
    )


class Examples:
    """Examples that are nothing but their numbers, `length` times over."""

    def __init__(self, count: int, length: int) -> None:
        self.count, self.length = count, length

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, number: int) -> dict[str, list[int]]:
        if not 0 <= number < self.count:
            raise IndexError(number)
        tokens = [number] * self.length
        return {"input_ids": tokens, "labels": tokens, "position_ids": list(range(self.length))}


def examples(count: int, length: int, streams: str | None) -> Any:
    """So many examples, or a stream of them: of `torch`, or of `datasets`, which TRL's trainers take."""
    numbered = Examples(count, length)
    if streams is None:
        return numbered

    def each() -> Iterator[dict[str, list[int]]]:
        return (numbered[number] for number in range(count))

    if streams == "datasets":
        return import_module("datasets").IterableDataset.from_generator(each)
    stream = import_module("torch.utils.data").IterableDataset
    return type("Stream", (stream,), {"__iter__": lambda self: each()})()
