"""What one call loads into the device's memory beside tensors, in a process that does nothing else."""

from __future__ import annotations

import importlib.util
from typing import Any

import torch

WIDTH = 1024


def call(name: str) -> str:
    """Make a context, and call what is named; why it cannot be called, or nothing. The peak is the call's own."""
    torch.zeros(1, device="cuda")
    name, _, tokens = name.partition(" ")
    if name in ("triton", "bitsandbytes") and importlib.util.find_spec(name) is None:
        return f"{name} not installed"
    if name == "flash":
        _flash(int(tokens))
    elif name != "context":
        {"matmul": _matmul, "backward": _backward, "triton": _triton, "bitsandbytes": _bits}[name]()
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()  # what stays is wanted: the workspaces
    return ""


def _square(**options: Any) -> torch.Tensor:
    return torch.randn(WIDTH, WIDTH, device="cuda", dtype=torch.bfloat16, **options)


def _matmul() -> None:
    """One product: a cuBLAS workspace is allocated, and stays."""
    _square() @ _square()


def _backward() -> None:
    """A product and its gradient: a second workspace, of autograd's thread."""
    (_square(requires_grad=True) @ _square()).sum().backward()


def _flash(tokens: int) -> None:
    """torch's copy of the flash kernel, forward and backward, in the shapes of an 8B Llama's layer: (batch, heads,
    length, width of a head), each key and value for four heads."""
    from torch.nn.attention import SDPBackend, sdpa_kernel

    def heads(count: int) -> torch.Tensor:
        return torch.randn(1, count, tokens, 128, device="cuda", dtype=torch.bfloat16, requires_grad=True)

    query, key, value = heads(32), heads(8), heads(8)
    with sdpa_kernel(SDPBackend.FLASH_ATTENTION):
        out = torch.nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True, enable_gqa=True)
    torch.cuda.reset_peak_memory_stats()
    out.backward(torch.ones_like(out))


def _triton() -> None:
    """A small kernel, as torch.compile makes it of a sum."""
    torch.compile(lambda x: (x * 2 + 1).relu())(_square())


def _bits() -> None:
    """Quantize to 4 bits and back."""
    from bitsandbytes import functional

    functional.dequantize_4bit(*functional.quantize_4bit(_square(), quant_type="nf4"))
