"""What the rules say of DeepSpeed's config, held against the DeepSpeed that is installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from typing import Any

import pytest
from conftest import plans

from configlint.backends.training_args import deepspeed
from configlint.lint import lint
from configlint.rules import all_rules
from configlint.rules.deepspeed._keys import FLAGS, KNOWN, NUMBERS, REMOVED, WHOLE

pytestmark = [
    pytest.mark.heavy,
    pytest.mark.skipif(find_spec("deepspeed") is None, reason="DeepSpeed is not installed"),
]

SPEC = "batch: {{effective: 8}}\nhardware: {{accelerator: h100-80gb, devices_per_node: 1}}\nparallel: {}\n"


def ask(script: str, question: object = None) -> Any:
    """The answer of a script under the installed DeepSpeed."""
    result = subprocess.run(
        [sys.executable, "-c", script, json.dumps(question)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "DS_ACCELERATOR": "cpu", "CUDA_VISIBLE_DEVICES": ""},
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])


LOOKED_UP = """
import json
from deepspeed.runtime.config import DeepSpeedConfig
from deepspeed.runtime.zero import config, offload_config

class Recorded(dict):
    def __init__(self, *values):
        super().__init__(*values)
        self.asked = set()

    def __contains__(self, key):
        self.asked.add(key)
        return super().__contains__(key)

    def __getitem__(self, key):
        self.asked.add(key)
        return super().__getitem__(key)

    def get(self, key, default=None):
        self.asked.add(key)
        return super().get(key, default)

    def keys(self):
        return self

    def __copy__(self):
        return self

mapping = Recorded({"train_batch_size": 1})
DeepSpeedConfig(mapping)
fields = {"": sorted(mapping.asked)}
for name, model in (
    ("zero_optimization", config.DeepSpeedZeroConfig),
    ("zero_optimization.offload_optimizer", offload_config.DeepSpeedZeroOffloadOptimizerConfig),
    ("zero_optimization.offload_param", offload_config.DeepSpeedZeroOffloadParamConfig),
):
    aliases = [field.alias for field in model.model_fields.values() if field.alias]
    fields[name] = [*model.model_fields, *aliases]
print(json.dumps(fields))
"""


def test_whatever_deepspeed_looks_up_is_known() -> None:
    looked_up = ask(LOOKED_UP)
    assert len(looked_up[""]) > 40
    assert looked_up.keys() == KNOWN.keys()
    for section, keys in looked_up.items():
        assert {key for key in keys if key not in REMOVED} <= KNOWN[section]


TYPES = """
import json
from deepspeed.runtime.zero import config, offload_config

print(json.dumps([
    [f"{section}.{name}", str(field.annotation)]
    for section, model in (
        ("zero_optimization", config.DeepSpeedZeroConfig),
        ("zero_optimization.offload_optimizer", offload_config.DeepSpeedZeroOffloadOptimizerConfig),
        ("zero_optimization.offload_param", offload_config.DeepSpeedZeroOffloadParamConfig),
    )
    for key, field in model.model_fields.items()
    for name in (key, field.alias)
    if name
]))
"""


def test_the_types_of_keys_are_deepspeeds() -> None:
    types = {
        "<class 'bool'>": FLAGS,
        "typing.Optional[bool]": FLAGS,
        "<class 'int'>": WHOLE,
        "<class 'float'>": NUMBERS,
    }
    fields = ask(TYPES)
    assert len(fields) > 50
    for key, annotation in fields:
        held = [names for names in (FLAGS, WHOLE, NUMBERS) if key in names]
        assert held == ([types[annotation]] if annotation in types else []), key


BUILD = """
import json, sys
from deepspeed.runtime.config import DeepSpeedConfig

def error(config):
    try:
        DeepSpeedConfig(config)
    except Exception as error:
        return str(error)

print(json.dumps([error(config) for config in json.loads(sys.argv[1])]))
"""
# What DeepSpeed says of a section, the rule that says so before, and None for each that is silent.
BUILT = [
    ("zero3", {"zero_optimization": {"overlap_com": True}}, "Extra inputs are not permitted", "unknown-key"),
    (
        "zero2",
        {"zero_optimization": {"offload_optimizer": {"device": "cpu", "pin": True}}},
        "Extra inputs are not permitted",
        "unknown-key",
    ),
    ("zero2", {"communication_dtype": "fp32"}, None, "unknown-key"),
    ("zero2", {"elasticity": {"enabled": False}}, "has been removed", "removed-key"),
    ("zero3", {"zero_optimization": {"mics_shard_size": 2}}, "has been removed", "removed-key"),
    (
        "zero2",
        {"zero_optimization": {"offload_optimizer": {"device": "cpu", "ratio": 0.5}}},
        "only supported for ZeRO Stage 3",
        "unusable-offload",
    ),
    (
        "zero3",
        {"zero_optimization": {"offload_param": {"device": "gpu"}}},
        "Input should be 'none', 'cpu' or 'nvme'",
        "unusable-offload",
    ),
    ("zero2", {"zero_optimization": {"reduce_bucket_size": "5e8"}}, "should be a valid integer", "refused-value"),
    ("zero2", {"zero_optimization": {"reduce_bucket_size": 1.5}}, "should be a valid integer", "refused-value"),
    ("zero2", {"zero_optimization": {"sub_group_size": True}}, None, "refused-value"),
    ("zero2", {"zero_optimization": {"sub_group_size": "1_000.0", "reduce_bucket_size": 5e8}}, None, None),
    ("zero2", {"zero_optimization": {"overlap_comm": "maybe"}}, "should be a valid boolean", "refused-value"),
    ("zero2", {"zero_optimization": {"overlap_comm": 2}}, "should be a valid boolean", "refused-value"),
    ("zero2", {"zero_optimization": {"overlap_comm": "No", "reduce_scatter": 1}}, None, None),
    ("zero2", {"zero_optimization": {"offload_optimizer": True}}, "should be a valid dict", "refused-value"),
    ("zero3", {"zero_optimization": {"offload_param": "cpu"}}, "should be a valid dict", "refused-value"),
    (
        "zero3",
        {"zero_optimization": {"offload_optimizer": {"device": "cpu", "ratio": "half"}}},
        "should be a valid number",
        "refused-value",
    ),
    ("zero2", {"prescale_gradients": "no"}, None, "refused-value"),
    ("zero2", {"steps_per_print": 10}, None, "overridden-steps-per-print"),
    ("zero2", {"zero_optimization": {"stage3_max_live_parameters": 1000}}, None, "zero3-key-below-zero3"),
    ("zero3", {"zero_optimization": {"stage3_max_live_parameters": 1000}}, None, None),
    ("zero3", {"zero_optimization": {"offload_param": {"device": "cpu"}, "overlap_comm": True}}, None, None),
]
# These are of what a config alone does not show, and have fixtures.
SEEN = ("unknown-key", "removed-key", "unusable-offload", "refused-value", "no-effect")


def test_what_is_said_of_a_config_is_what_becomes_of_it() -> None:
    made = []
    for data, section, _, rule in BUILT:
        (plan,) = plans(SPEC.format(json.dumps({"data": data, "deepspeed": section})))
        rules = [each for each in all_rules() if each.name.removeprefix("deepspeed/") in SEEN]
        found = {each.rule for each in lint(plan, rules)[0]}
        assert found == ({f"deepspeed/{rule}"} if rule else set()), section
        made.append({**deepspeed(plan), "train_batch_size": 1, "gradient_clipping": 1.0})
    for key in ("train_micro_batch_size_per_gpu", "gradient_accumulation_steps"):
        for config in made:
            config[key] = 1
    for (_, section, said, _), error in zip(BUILT, ask(BUILD, made), strict=True):
        assert (error is None) == (said is None), (section, error)
        assert said is None or said in error, section
