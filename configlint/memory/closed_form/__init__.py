"""What a training step takes of one device's memory, in closed form: no torch, no file, a millisecond.

`layers` and `blocks` say what the model does, `tape` what PyTorch keeps of it, `step` adds it up, `sharding`
spreads it over the devices; `estimate` puts the constants of the accelerator on top.
"""

from __future__ import annotations

from configlint.core.plan import CLASSIFYING
from configlint.core.profile import Accelerator
from configlint.core.typing import TYPE_CHECKING
from configlint.core.workload import OF_DEEPSPEED, Estimate, Workload, in_rows
from configlint.memory.closed_form import modules
from configlint.memory.closed_form.architecture import Architecture, architecture
from configlint.memory.closed_form.liger import FAMILIES
from configlint.memory.closed_form.optimizers import optimizer
from configlint.memory.closed_form.slack import slack
from configlint.memory.closed_form.step import ComputedStep as ComputedStep
from configlint.memory.closed_form.step import simulate
from configlint.memory.closed_form.tower import tower
from configlint.memory.saved import saved

if TYPE_CHECKING:
    from configlint.core.typing import Protocol

    class Peak(Protocol):
        """What a step's tensors come to, of the closed form or the trace."""

        @property
        def peak(self) -> int: ...
        @property
        def phase(self) -> str: ...
        @property
        def breakdown(self) -> dict[str, int]: ...
        @property
        def phases(self) -> dict[str, int]: ...


MIB = 2**20
GIB = 2**30
_ATTENTION = frozenset(("q_proj", "k_proj", "v_proj", "o_proj"))
# What is shared out over devices was not measured: the terms are those of the engines' sources.
UNMEASURED = 0.1
# How much less a step may take whose kernels torch.compile fuses. Source: torchtune 0.6, README: 51.0 GiB of 60.0.
COMPILED = 0.2
# Two workspaces of cuBLAS: one of the forward's thread, one of the backward's.
_WORKSPACES = 2


def estimate(workload: Workload, accelerator: Accelerator | None) -> Estimate | None:
    """The closed form's answer, else the trace's that the model's file holds; None where there is neither."""
    if step := simulated(workload):
        return on_device(step, workload, accelerator)
    kept = saved(workload)
    return on_device(kept, workload, accelerator)._replace(method="trace") if kept else None


def without_closed_form(workload: Workload) -> tuple[str, ...]:
    """The paths of what has none: the model's family, the optimizer, Liger's kernels for this family, or adapters
    beside those of attention in a mixture, where PEFT adds them to all experts at once; or a head of another
    kind."""
    sizes = architecture(workload.config)
    found = [] if sizes and tower(workload.config) is not None else ["model.config"]
    if sizes and not _knows_head(workload, sizes):
        found.append("model.task")
    if optimizer(workload) is None:
        of_deepspeed = workload.optimizer.startswith(OF_DEEPSPEED)
        found.append("parallel.deepspeed.optimizer.type" if of_deepspeed else "training.optim")
    if sizes and workload.fused_loss and sizes.family not in FAMILIES:
        found.append("training.use_liger_kernel")
    if sizes and sizes.experts and workload.method != "full" and not _spares_experts(workload):
        found.append("tuning.target_modules")
    if sizes and workload.method != "full" and modules.saved(sizes, workload.saved_modules) is None:
        found.append("tuning.modules_to_save")
    return tuple(found)


def _spares_experts(workload: Workload) -> bool:
    return not workload.pattern and _ATTENTION.issuperset(workload.targets)


def _knows_head(workload: Workload, sizes: Architecture) -> bool:
    """Whether the model ends in what its family was made for, or in a head that classifies. A config of a model
    without a head leaves open what the script puts there."""
    if workload.task is None:
        names = workload.config.get("architectures")
        named = str(names[0]) if isinstance(names, list) and names else ""
        if not named:
            return not sizes.encoder
        return named.endswith("LMHeadModel") or not named.endswith("Model")
    own = "masked-lm" if sizes.encoder else "causal-lm"
    return workload.task in (own, "image-text-to-text", *CLASSIFYING)


def simulated(workload: Workload) -> ComputedStep | None:
    """One device's step; None where there is no closed form, or nothing is trained."""
    sizes, kind = architecture(workload.config), optimizer(workload)
    if sizes is None or kind is None or without_closed_form(workload):
        return None
    step = simulate(in_rows(workload), sizes, kind)
    return step if step.trained else None


def on_device(step: Peak, workload: Workload, accelerator: Accelerator | None) -> Estimate:
    """Tensors, and what the device must have beside them."""
    shared_out = workload.data != "ddp" or workload.tensor > 1 or workload.context > 1
    doubt = UNMEASURED if shared_out else 0.0
    less = max(doubt, COMPILED) if workload.compiled else doubt
    context, communication = _beside(workload, accelerator)
    peak, phase, parts, engine = _beside_engine(step, workload, accelerator)
    breakdown = {
        **parts,
        "communication": parts["communication"] + communication[0],
        "generation": parts["generation"] + engine,
        "context": context[0],
    }
    lost = slack(workload, peak)
    return Estimate(
        allocated=peak + engine,
        low=int(peak * (1 - less)) + engine + context[0] + communication[0],
        high=int(peak * (1 + doubt)) + lost + engine + context[1] + communication[1],
        phase=phase,
        breakdown=breakdown,
        phases={**step.phases, phase: peak},
        slack=lost,
    )


def _beside_engine(
    step: Peak, workload: Workload, accelerator: Accelerator | None
) -> tuple[int, str, dict[str, int], int]:
    """The training's peak, its phase and what it is made of where vLLM has most beside it, and what that is. One
    that sleeps while the model trains has its part beside weights and states alone.

    Source: trl 1.16, generation/vllm_generation.py; vLLM's gpu_memory_utilization is a part of the whole device.
    """
    memory = accelerator.memory_gib if accelerator else None
    engine = int(workload.engine * (memory or 0) * GIB)
    if not (engine and workload.engine_sleeps):
        return step.peak, step.phase, step.breakdown, engine
    resident = {
        name: size if name in ("weights", "reference", "optimizer") else 0 for name, size in step.breakdown.items()
    }
    if sum(resident.values()) + engine <= step.peak:
        return step.peak, step.phase, step.breakdown, 0
    return sum(resident.values()), "generation", resident, engine


def _beside(workload: Workload, accelerator: Accelerator | None) -> tuple[tuple[int, int], tuple[int, int]]:
    """Bytes, low and high: of the context with the kernels that are loaded and the workspaces; of what several
    devices take to talk to each other."""
    if accelerator is None:
        return (0, 0), (0, 0)
    workspaces = _WORKSPACES * (accelerator.workspace_mib or 0.0)
    low, high = accelerator.context_mib or (0.0, 0.0)
    least, most = (accelerator.communication_mib if workload.world > 1 else None) or (0.0, 0.0)
    return (int((low + workspaces) * MIB), int((high + workspaces) * MIB)), (int(least * MIB), int(most * MIB))
