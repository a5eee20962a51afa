"""ZeRO-3 with tensor parallelism cannot load a checkpoint the usual way.

Once TrainingArguments exist, from_pretrained loads for ZeRO-3. Since Transformers 5.0 it refuses to if DeepSpeed's
config has autotp_size, whatever the model is: it treats every model as one whose weights must be renamed or merged.
A model that was loaded before, or is created from scratch, does train. DeepSpeed before 0.19.4 rejects all of them.

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
from configlint.core.remedy import Say
from configlint.core.rule import Finding, rule
from configlint.rules.deepspeed import with_data

_PATH = "parallel.tensor"
_RELEASE = "deepspeed>=0.19.4"


@rule(Severity.WARNING, when=lambda plan: plan.parallel.data == "zero3" and plan.parallel.tensor != 1)
def check(plan: Plan) -> Iterator[Finding]:
    tensor = plan.parallel.tensor
    if plan.parallel.data != "zero3" or tensor is None or tensor < 2:
        return
    mesh, zero2 = f"`{plan.name(_PATH)}` {tensor} with ZeRO-3", with_data(plan, "zero2")
    if plan.release.transformers < (5, 0) or plan.tuning.method == "qlora":
        message = f"DeepSpeed before 0.19.4 rejects {mesh}"
        yield Finding(_PATH, message, [zero2, Say(f"install {_RELEASE}")], Severity.INFO)
        return
    load = Say(f"load the model before creating TrainingArguments, with {_RELEASE}")
    yield Finding(_PATH, f"from_pretrained rejects {mesh} after TrainingArguments are created", [zero2, load])
