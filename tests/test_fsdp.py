"""What the rules say of FSDP's settings, held against the Trainer and the Accelerate that are installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import version
from typing import Any

import pytest
from conftest import plans

from configlint.backends.training_args import arguments
from configlint.lint import lint
from configlint.rules import all_rules

pytestmark = pytest.mark.heavy

SPEC = "batch: {{effective: 8}}\nhardware: {{accelerator: h100-80gb, devices_per_node: 8}}\nparallel: {}\n"
# What Accelerate is handed, or what is said instead.
HANDED = """
import json, sys
from accelerate import FullyShardedDataParallelPlugin
from transformers import TrainingArguments

def handed(arguments):
    try:
        made = TrainingArguments(**arguments).fsdp_plugin_args
        FullyShardedDataParallelPlugin(**made)
        return made
    except Exception as error:
        return repr(error)

print(json.dumps([handed(arguments) for arguments in json.loads(sys.argv[1])]))
"""
PLAIN: dict[str, object] = {}
NO_EFFECT: list[dict[str, object]] = [
    {"backward_prefetch": "BACKWARD_PRE"},
    {"forward_prefetch": True},
    {"limit_all_gathers": False},
    {"sync_module_states": False},
    {"use_orig_params": False},
    {"min_num_params": 1000},
]
REFUSED: list[dict[str, object]] = [
    {"auto_wrap_policy": "transformer_based_wrap"},
    {"auto_wrap_policy": "SIZE_BASED_WRAP", "min_num_params": "many"},
    {"reshard_after_forward": "FULL_SHARD"},
    {"state_dict_type": "SHARDED"},
    {"state_dict_type": "LOCAL_STATE_DICT"},
    {"version": "two"},
    {"version": 1, "reshard_after_forward": True, "sync_module_states": False},
]
# A text is true, whatever it says.
MISREAD: list[dict[str, object]] = [{"cpu_offload": "no"}, {"cpu_offload": "false"}]
TAKEN: list[dict[str, object]] = [
    {"auto_wrap_policy": "SIZE_BASED_WRAP", "min_num_params": 1000},
    {"auto_wrap_policy": "NO_WRAP", "reshard_after_forward": "no", "cpu_offload": True},
    {"state_dict_type": "full_state_dict", "activation_checkpointing": True, "version": "2"},
]


def found(settings: dict[str, object]) -> tuple[set[str], dict[str, object]]:
    """The rules that find something, and what would be compiled."""
    (plan,) = plans(SPEC.format(json.dumps({"data": "fsdp", "fsdp": settings})))
    rules = [each for each in all_rules() if each.name in ("fsdp/no-effect", "fsdp/refused-value")]
    made = arguments(plan)
    return {each.table or each.rule for each in lint(plan, rules)[0]}, {
        key: made[key] for key in ("fsdp", "fsdp_config")
    }


def test_what_is_said_of_a_setting_is_what_becomes_of_it() -> None:
    if tuple(map(int, version("transformers").split(".")[:2])) < (5, 10):
        pytest.skip("the rules are for Transformers from 5.10 on")
    cases = [PLAIN, *NO_EFFECT, *REFUSED, *MISREAD, *TAKEN]
    said = [found(case) for case in cases]
    result = subprocess.run(
        [sys.executable, "-c", HANDED, json.dumps([made for _, made in said])],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
    )
    assert result.returncode == 0, result.stderr
    plain, *handed = json.loads(result.stdout.splitlines()[-1])
    assert isinstance(plain, dict), plain
    for case, (rules, _), what in zip(cases[1:], said[1:], handed, strict=True):
        expected: Any = (
            {"fsdp/no-effect"}
            if case in NO_EFFECT
            else {"fsdp/refused-value"}
            if case in REFUSED + MISREAD
            else set()
        )
        assert rules == expected, case
        assert isinstance(what, dict) == (case not in REFUSED), (case, what)
        assert (what == plain) == (case in NO_EFFECT), (case, what)
        assert case not in MISREAD or what["cpu_offload"] is True
