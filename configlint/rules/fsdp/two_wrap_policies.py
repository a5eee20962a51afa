"""The model is to be wrapped both by size and by the classes of its layers.

Until Transformers 5.9 there is no auto_wrap_policy to choose between min_num_params and
transformer_layer_cls_to_wrap, so TrainingArguments rejects both at once and the job fails at its start.

Bad:

    transformers: "5.9"
    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: fsdp, fsdp: {min_num_params: 1000000, transformer_layer_cls_to_wrap: LlamaDecoderLayer}}

Good:

    transformers: "5.9"
    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: fsdp, fsdp: {transformer_layer_cls_to_wrap: LlamaDecoderLayer}}

Source: transformers 4.30 to 4.57 training_args.py, __post_init__; 5.0 to 5.9 _process_fsdp_args
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Drop
from configlint.core.rule import Finding, rule
from configlint.core.values import positive
from configlint.rules.fsdp import is_configured, read


@rule(Severity.ERROR, when=is_configured)
def check(plan: Plan) -> Iterator[Finding]:
    if plan.release.transformers >= (5, 10):
        return
    keys = read(plan)
    size, layers = keys.get("min_num_params"), keys.get("transformer_layer_cls_to_wrap")
    if size and layers and positive(size[1].value) and layers[1].value is not None:
        names = [f"`{setting.keys[-1]}`" for _, setting in (size, layers)]
        yield Finding(
            size[0],
            f"at most one of {names[0]} and {names[1]} may be set before transformers 5.10",
            [Drop(size[0]), Drop(layers[0])],
            on_key=True,
            related=((layers[0], f"{names[1]} is set"),),
        )
