"""What is known of an accelerator or a model."""

from __future__ import annotations

from typing import NamedTuple


class Accelerator(NamedTuple):
    """One device as PyTorch sees it; None is not known.

    `memory_gib` is what the driver reports; `compute_capability` NVIDIA's (major, minor);
    `dtypes` what training can use in hardware, empty where that is not known.
    """

    name: str
    vendor: str | None = None
    memory_gib: float | None = None
    compute_capability: tuple[int, int] | None = None
    dtypes: frozenset[str] = frozenset()
    bf16_tflops: float | None = None
    memory_bandwidth_gb_per_s: float | None = None
    devices_per_node: int | None = None


def lacks(accelerator: Accelerator, dtype: str) -> bool:
    """Whether an accelerator is known to be without bfloat16 or tf32, which NVIDIA has since Ampere."""
    if accelerator.compute_capability is not None:
        return accelerator.compute_capability < (8, 0)
    return bool(accelerator.dtypes) and dtype not in accelerator.dtypes


class Model(NamedTuple):
    """A model by its `config.json`; `parameters` is None for one that is read from a path."""

    name: str
    config: dict[str, object]
    parameters: int | None = None
