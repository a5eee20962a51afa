"""FSDP's settings: what is compiled for each release, and what the rules say of them, held against the Trainer and
the Accelerate that are installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import version
from typing import Any

import pytest
from conftest import plans

from configlint.backends import mesh
from configlint.backends.training_args import arguments
from configlint.core.diagnostic import Severity
from configlint.lint import lint
from configlint.pipeline import judge
from configlint.rules import all_rules

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


@pytest.mark.heavy
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


# What is compiled for two nodes of eight. Run once with 4.36, 4.46, 4.51, 4.57, 5.0, 5.3 and 5.9: TrainingArguments
# and Accelerate's plugin read it so.
COMPILED: list[tuple[str, str, object, dict[str, object]]] = [
    ("4.30", "{data: fsdp}", "full_shard auto_wrap", {}),
    ("4.30", "{data: fsdp, fsdp: {cpu_offload: true}}", "full_shard auto_wrap offload", {}),
    ("4.30", "{data: fsdp, fsdp: {cpu_offload: false}}", "full_shard auto_wrap", {}),
    ("4.30", "{data: fsdp, fsdp: {version: 1, reshard_after_forward: true}}", "full_shard auto_wrap", {}),
    ("4.36", "{data: fsdp, shard: 8}", "hybrid_shard auto_wrap", {}),
    ("4.57", "{data: fsdp, shard: 16}", "full_shard auto_wrap", {}),
    ("4.57", "{data: fsdp, fsdp: {reshard_after_forward: SHARD_GRAD_OP}}", "shard_grad_op auto_wrap", {}),
    (
        "4.57",
        "{data: fsdp, shard: 8, fsdp: {reshard_after_forward: false, fsdp_cpu_offload: true, xla: false}}",
        "hybrid_shard_zero2 auto_wrap offload",
        {"xla": False},
    ),
    # FSDP2, which until 5.3 keeps the weights gathered where nothing is written.
    ("5.0", "{data: fsdp}", "full_shard auto_wrap", {"version": 2, "reshard_after_forward": True}),
    (
        "5.3",
        "{data: fsdp, fsdp: {reshard_after_forward: false, cpu_offload: true}}",
        "full_shard auto_wrap offload",
        {"version": 2, "reshard_after_forward": False},
    ),
    ("5.3", "{data: fsdp, fsdp: {version: 1}}", "full_shard auto_wrap", {"version": 1}),
    ("5.4", "{data: fsdp, shard: 8}", "full_shard auto_wrap", {"version": 2}),
    ("5.9", "{data: fsdp, fsdp: {cpu_offload: true}}", "full_shard auto_wrap offload", {"version": 2}),
    ("5.10", "{data: fsdp, fsdp: {cpu_offload: true}}", True, {"version": 2, "cpu_offload": True}),
]


@pytest.mark.parametrize(("release", "parallel", "how", "config"), COMPILED)
def test_of_each_release_are_the_words_and_the_keys(
    release: str, parallel: str, how: object, config: dict[str, object]
) -> None:
    (plan,) = plans(
        f'transformers: "{release}"\nbatch: {{effective: 64}}\ntraining: {{output_dir: o}}\n'
        "hardware: {accelerator: h100-80gb, devices_per_node: 8, nodes: 2}\nlaunch: {script: train.py}\n"
        f"parallel: {parallel}\n"
    )
    made = arguments(plan)
    assert (made["fsdp"], made["fsdp_config"]) == (how, config)
    assert bool(mesh.environment(plan)) == (plan.parallel.copies != 1 and plan.release.transformers >= (5, 0))
    errors = [found for found in judge([plan])[0] if found.severity is Severity.ERROR]
    assert errors == []
