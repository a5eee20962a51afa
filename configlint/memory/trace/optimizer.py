"""The optimizer that the Trainer would make, on tensors without data."""

from __future__ import annotations

from typing import Any

import torch
from torch.utils._python_dispatch import _disable_current_modes

from configlint.core.workload import Workload
from configlint.memory.trace.refusal import Refusal, in_a_line
from configlint.memory.trace.tracker import Tracker

# States of fewer elements are not paged. Source: bitsandbytes 0.50 optim/optimizer.py, get_state_buffer.
_PAGED_FROM = 1e5


def built(workload: Workload, network: torch.nn.Module, tracker: Tracker) -> Any:
    import transformers
    from transformers import TrainingArguments
    from transformers.trainer import Trainer
    from transformers.training_args import OptimizerNames

    if workload.optimizer not in {name.value for name in OptimizerNames}:
        raise Refusal(f"transformers {transformers.__version__} has no optimizer {workload.optimizer}")
    try:
        arguments = TrainingArguments(
            output_dir="unused",
            optim=workload.optimizer,
            optim_args=workload.optimizer_arguments or None,
            optim_target_modules=list(workload.optimizer_targets) or None,
            use_cpu=True,
            report_to=[],
        )
        chosen, options = Trainer.get_optimizer_cls_and_kwargs(arguments, network)
    except (ImportError, ValueError) as error:
        raise Refusal(f"the optimizer {workload.optimizer} cannot be traced: {in_a_line(error)}") from error
    home = getattr(chosen, "__module__", "")
    if home.startswith("torch.optim") and not options.get("fused"):
        # What torch chooses on CUDA where nothing is said.
        options = {**options, "foreach": True}
    groups = _groups(network)
    if not home.startswith("bitsandbytes"):
        return chosen(groups, **options)
    with _disable_current_modes():  # its table of 8-bit values is made of real ones
        made = chosen(groups, **options)
    _without_kernels(made, tracker)
    return made


def _without_kernels(optimizer: Any, tracker: Tracker) -> None:
    """Let bitsandbytes make its states as it does, and leave out its kernels, that work in place and read
    values. What is paged lies in memory that the driver moves: torch's allocator has no part in it."""

    def buffer(parameter: torch.Tensor, dtype: torch.dtype = torch.float32) -> torch.Tensor:
        made = torch.zeros_like(parameter, dtype=dtype)
        if optimizer.is_paged and parameter.numel() >= _PAGED_FROM:
            tracker.forget(made)
        return made

    optimizer.get_state_buffer = buffer
    optimizer.prefetch_state = lambda parameter: None
    optimizer.update_step = lambda group, parameter, gindex, pindex: None


def _groups(network: torch.nn.Module) -> list[dict[str, Any]]:
    """The Trainer's two groups, with and without weight decay: a group is updated at a time."""
    from transformers.trainer import Trainer

    decaying = set(Trainer.get_decay_parameter_names(None, network))
    trained = [(name, it) for name, it in network.named_parameters() if it.requires_grad]
    groups = [[it for name, it in trained if (name in decaying) is decays] for decays in (True, False)]
    return [{"params": group, "weight_decay": 0.0} for group in groups if group]


def settle(optimizer: Any, tracker: Tracker) -> None:
    """Say of the states that they are the optimizer's; steps that CUDA keeps on the host are left out."""
    for state in optimizer.state.values():
        for tensor in state.values():
            if not isinstance(tensor, torch.Tensor):
                continue
            if tensor.dim() == 0 and not optimizer.defaults.get("fused"):
                tracker.forget(tensor)
            tracker.relabel(tensor, "optimizer")
