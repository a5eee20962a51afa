"""What files of tools are known by that have no front end yet: they are passed over, though some of their keys are
those of a dialect that is read."""

from __future__ import annotations

from collections.abc import Callable

_Fits = Callable[[frozenset[str]], bool]


def _some(number: int, *names: str) -> _Fits:
    """Whether so many of the names are there."""
    known = frozenset(names)
    return lambda keys: len(keys & known) >= number


# Source: the config classes of axolotl 0.19, llamafactory 0.9.5, ms-swift 4.6, oumi 0.9, torchtune 0.6, accelerate
# 1.15 and deepspeed 0.19.
OTHERS: dict[str, _Fits] = {
    "LLaMA-Factory": _some(1, "finetuning_type", "cutoff_len"),
    "ms-swift": _some(1, "tuner_type", "train_type", "split_dataset_ratio", "rlhf_type", "sampler_engine"),
    "axolotl": _some(
        2, "base_model", "micro_batch_size", "sequence_len", "val_set_size", "adapter", "sample_packing"
    ),
    "Oumi": lambda keys: {"model", "training"} <= keys or {"resources", "run"} <= keys,
    "torchtune": _some(2, "checkpointer", "tokenizer", "loss", "optimizer", "metric_logger", "profiler"),
    "Accelerate": _some(1, "distributed_type", "compute_environment", "deepspeed_config"),
    "DeepSpeed": _some(1, "zero_optimization", "train_micro_batch_size_per_gpu"),
}
