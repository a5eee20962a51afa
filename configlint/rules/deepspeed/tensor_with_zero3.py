"""ZeRO 3 over a tensor-parallel model cannot load a checkpoint as usual.

Once there are TrainingArguments, from_pretrained loads for ZeRO 3; since Transformers 5.0 it refuses to where
DeepSpeed's config has autotp_size, whatever the model: it takes each for one whose weights are to be renamed or
merged. A model that was loaded before, or is made anew, does train. DeepSpeed before 0.19.4 refuses any.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero3, tensor: 2}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero2, tensor: 2}

Source: transformers 4.57, 5.0, 5.5, 5.18 and 5.23 integrations/deepspeed.py,
_apply_weight_conversions_to_state_dict; conversion_mapping.py, get_model_conversion_mapping (the legacy names are
of every model); modeling_utils.py, _load_pretrained_model (not where it is quantized); deepspeed 0.16.9, 0.18.9,
0.19.3 and 0.19.4 runtime/engine.py, _configure_tensor_parallel_states; run: a Llama on four processes, loaded
before, after and not at all
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule

_OLD = "is refused by DeepSpeed before 0.19.4"


@rule(Severity.WARNING)
def check(plan: Plan) -> Iterator[Finding]:
    tensor = plan.parallel.tensor
    if plan.parallel.data != "zero3" or tensor is None or tensor < 2:
        return
    mesh = f"tensor {tensor} with zero3"
    setting = plan.spec.settings.get("tuning.method")
    if plan.release.transformers < (5, 0) or (setting and setting.value == "qlora"):
        help = "install deepspeed>=0.19.4, or write `data: zero2`"
        yield Finding("parallel.tensor", f"{mesh} {_OLD}", help, Severity.INFO)
        return
    yield Finding(
        "parallel.tensor",
        f"{mesh} is refused by from_pretrained after TrainingArguments",
        "write `data: zero2`, or load the model before TrainingArguments, with deepspeed>=0.19.4",
    )
