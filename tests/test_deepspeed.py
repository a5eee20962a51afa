"""What the rules say of DeepSpeed's config, held against the DeepSpeed that is installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from conftest import plans
from ranks import free_port

from configlint.backends.training_args import deepspeed
from configlint.core.diagnostic import Severity
from configlint.knowledge._generated.deepspeed import SCHEDULERS, SECTIONS
from configlint.knowledge.schemas import schema_text
from configlint.lint import lint
from configlint.rules import all_rules
from configlint.rules.deepspeed.refused_value import _OTHERS

pytestmark = [
    pytest.mark.heavy,
    pytest.mark.skipif(find_spec("deepspeed") is None, reason="DeepSpeed is not installed"),
]

SCHEMAS = str(Path(__file__).parent.parent / "schemas")
SPEC = "batch: {{effective: 8}}\nhardware: {{accelerator: h100-80gb, devices_per_node: 1}}\nparallel: {}\n"


def ask(script: str, question: object = None) -> Any:
    """The answer of a script under the installed DeepSpeed."""
    result = subprocess.run(
        [sys.executable, "-c", script, str(free_port())],
        input=json.dumps(question),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "DS_ACCELERATOR": "cpu", "CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": SCHEMAS},
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])


def test_the_table_is_that_of_the_installed_release() -> None:
    made = ask("import json, deepspeed_config; print(json.dumps(json.loads(deepspeed_config.text())))")
    held = json.loads(schema_text("deepspeed_config", ".json"))
    if made["release"] != held["release"]:
        pytest.skip(f"DeepSpeed {made['release']} is installed, and the table is of {held['release']}")
    assert made == held


BUILD = """
import json, sys
from deepspeed.runtime.config import DeepSpeedConfig

def error(config):
    try:
        DeepSpeedConfig(config)
    except Exception as error:
        return str(error)

print(json.dumps([error(config) for config in json.load(sys.stdin)]))
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
    ("zero2", {"gradient_allreduce_op": "avg"}, "Invalid gradient_allreduce_op", "refused-value"),
    ("zero2", {"fp16": {"initial_scale_powr": 12}}, "Extra inputs are not permitted", "unknown-key"),
    ("zero2", {"wall_clock_breakdown": "no"}, "unsupported operand", "refused-value"),
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


START = """
import json, os, sys
os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": sys.argv[1]}
os.environ |= {"RANK": "0", "WORLD_SIZE": "1", "LOCAL_RANK": "0"}
import deepspeed, torch
deepspeed.init_distributed("gloo")

def error(config):
    model = torch.nn.Linear(4, 4)
    given = None if "optimizer" in config else torch.optim.AdamW(model.parameters())
    try:
        deepspeed.initialize(
            model=model,
            optimizer=given,
            model_parameters=model.parameters(),
            config={"zero_allow_untested_optimizer": given is not None, **config},
        )
    except (Exception, Warning) as error:
        return str(error)

print(json.dumps([error(config) for config in json.load(sys.stdin)]))
"""
SGD, ADAGRAD = (
    {"type": "SGD", "params": {"lr": 0.1}},
    {"type": "Adagrad", "params": {"lr": 0.1, "betas": [0.9, 0.99]}},
)
BF16, MASTER = {"bf16": True}, "bf16_master_weights_and_grads"
HOST = {"offload_optimizer": {"device": "cpu"}}
# What DeepSpeed says when it builds the engine, and the rule that says so before. Its own optimizers are not built:
# they would be compiled.
STARTED: list[tuple[str, dict[str, Any], dict[str, Any], str | None, str | None]] = [
    ("zero3", {"gradient_allreduce_op": "sum"}, {}, "not supported with ZeRO stage 3", "unsupported-gradient-sum"),
    ("zero2", {"gradient_allreduce_op": "sum", "gradient_predivide_factor": 2}, {}, None, None),
    ("zero2", {"prescale_gradients": True}, {}, "pre-scale gradients", "prescaled-scattered-gradients"),
    ("zero3", {"gradient_predivide_factor": 2}, {}, "predivide_factor != 1.0", "prescaled-scattered-gradients"),
    ("zero3", {"prescale_gradients": True, "zero_optimization": {"reduce_scatter": False}}, {}, None, None),
    ("zero1", {"prescale_gradients": True, "gradient_predivide_factor": 2}, {}, None, None),
    ("zero0", {"bf16": {MASTER: True}}, BF16, "only supported with ZeRO Stage 1", "unsupported-master-weights"),
    ("zero2", {"bf16": {MASTER: True}}, BF16, "requires ZeRO-2 Offload", "unsupported-master-weights"),
    ("zero2", {"bf16": {MASTER: True, "bf16_optimizer_states": True}}, BF16, None, None),
    (
        "zero2",
        {"bf16": {"bf16_optimizer_states": True}},
        BF16,
        "requires bf16_master_weights_and_grads",
        "optimizer-states-without-master-weights",
    ),
    ("zero2", {"zero_optimization": {"compute_grad_norm": False}}, {"max_grad_norm": 0}, None, None),
    (
        "zero2",
        {"zero_optimization": {"compute_grad_norm": False}},
        {},
        "requires gradient_clipping=0",
        "required-gradient-norm",
    ),
    (
        "zero3",
        {"zero_optimization": {"compute_grad_norm": False}},
        {"max_grad_norm": 0},
        "only with ZeRO Stage 1 or 2",
        "required-gradient-norm",
    ),
    (
        "zero0",
        {"optimizer": {"type": "LAMB", "params": {"lr": 0.1}}, "fp16": {"loss_scale": 128}},
        {},
        "requires dynamic loss scaling",
        "static-loss-scale-with-lamb",
    ),
    ("zero2", {"data_types": {"param_dtype": "fp16"}}, BF16, "conflicts with", "mismatched-parameter-type"),
    ("zero0", {"data_types": {"grad_accum_dtype": "fp32"}}, BF16, "unsupported mix", "mixed-types-without-zero"),
    ("zero2", {"data_types": {"param_dtype": "bfloat16", "grad_accum_dtype": "fp32"}}, BF16, None, None),
    ("zero2", {"optimizer": SGD}, {}, "untested ZeRO Optimizer", "untested-optimizer"),
    ("zero2", {"optimizer": SGD, "zero_allow_untested_optimizer": True}, {}, None, None),
    ("zero2", {"optimizer": ADAGRAD}, {}, "unexpected keyword argument 'betas'", "refused-optimizer"),
    (
        "zero2",
        {"zero_optimization": {"zenflow": {}}},
        {},
        "must be used with cpu offload",
        "zenflow-without-offload",
    ),
    (
        "zero2",
        {"zero_optimization": {**HOST, "zenflow": {"select_interval": 4}}},
        {},
        "select_interval would be overwritten",
        "mismatched-zenflow-interval",
    ),
    (
        "zero2",
        {"zero_optimization": {**HOST, "zenflow": {"select_strategy": "step", "select_interval": "auto"}}},
        {},
        "select_interval must be a number",
        "mismatched-zenflow-interval",
    ),
]


def test_what_is_said_of_a_combination_is_what_the_engine_says() -> None:
    made = []
    for data, section, training, _, row in STARTED:
        rest = json.dumps({"data": data, "deepspeed": section})
        (plan,) = plans(f"{SPEC.format(rest)}training: {json.dumps(training)}\n")
        rules = [each for each in all_rules() if each.name.startswith("deepspeed/refused-")]
        assert {each.rule for each in lint(plan, rules)[0]} == ({f"deepspeed/{row}"} if row else set()), section
        sizes = {"train_micro_batch_size_per_gpu": 1, "gradient_accumulation_steps": 1, "train_batch_size": 1}
        config = {**deepspeed(plan), **sizes, "gradient_clipping": training.get("max_grad_norm", 1.0)}
        for name in ("bf16", "fp16"):
            config[name] = {**config.get(name, {}), "enabled": name in training}
        made.append(config)
    for (_, section, _, said, _), error in zip(STARTED, ask(START, made), strict=True):
        assert (error is None) == (said is None), (section, error)
        assert said is None or said in error, section


# Given to every key, beside what its own choices and range make wrong.
VALUES = [True, 0, -1, 2, 1.5, 2.0, 1e19, "maybe", "yes", "5", "5e8", "-1", ["maybe"], [5], {"maybe": 1}]
# What is said of these depends on other keys.
ELSEWHERE = {
    ("bf16", "bf16_optimizer_states"),
    ("zero_optimization", "stage"),
    ("zero_optimization", "cpu_offload"),
}


def mutations(facts: dict[str, Any]) -> list[object]:
    """Values that are wrong and right for a key."""
    bounds = [facts[name] for name in facts if name.endswith(("imum", "Minimum", "Maximum"))]
    near = [value for bound in bounds for value in (bound, bound - 1, bound + 1, str(bound))]
    words = [each for choice in facts.get("choices", ()) for each in (choice, str(choice).upper(), f"{choice}x")]
    items = [[word] for word in facts.get("items", {}).get("choices", ())]
    return [value for value in (*VALUES, *near, *words, *items) if value != "auto"]


def nested(path: str, key: str, value: object) -> dict[str, Any]:
    for name in reversed([*path.split("."), key] if path else [key]):
        value = {name: value}
    assert isinstance(value, dict)
    return value


def is_refused(training: str, deepspeed_config: object, rules: set[str]) -> bool:
    """Whether configlint says error of it, or since which release it is one."""
    content = {"data": "zero2", "deepspeed": deepspeed_config}
    (plan,) = plans(f"{SPEC.format(json.dumps(content))}training: {training}\n")
    checked = [rule for rule in all_rules() if rule.name in rules]
    found, crashes = lint(plan, checked)
    assert not crashes
    return any(each.severity is Severity.ERROR or "since DeepSpeed" in each.message for each in found)


CONFIGURE = """
import json, sys
from deepspeed.runtime.config import DeepSpeedConfig

def joined(one, other):
    both = isinstance(one, dict) and isinstance(other, dict)
    return {**one, **{key: joined(one.get(key), value) for key, value in other.items()}} if both else other

def is_refused(config):
    sizes = {"train_batch_size": 1, "train_micro_batch_size_per_gpu": 1, "gradient_accumulation_steps": 1}
    own = {"fp16": {"enabled": True}, "bf16": {"enabled": False}, "zero_optimization": {"stage": 2}}
    try:
        DeepSpeedConfig(joined({**sizes, **own}, config))
    except Exception:
        return True
    return False

print(json.dumps([is_refused(config) for config in json.load(sys.stdin)]))
"""


def test_an_error_is_said_exactly_where_deepspeed_refuses_a_key_or_a_value() -> None:
    configs = []
    for section, keys in SECTIONS.items():
        configs.append(nested(section, "misspeltt", 1))
        for key, facts in keys.items():
            path = f"{section}.{key}".lstrip(".")
            if (
                path in _OTHERS
                or "truth" in facts
                or not {"type", "choices"} & {*facts}
                or (section, key) in ELSEWHERE
            ):
                continue
            # At the top DeepSpeed ignores it, and what was meant is not trained: an error all the same.
            configs += [nested(section, f"{key}x", 1)] if section else []
            configs += [nested(section, key, value) for value in mutations(facts)]
    rules = {f"deepspeed/{name}" for name in ("unknown-key", "refused-value", "unusable-offload")}
    said = [is_refused("{fp16: true}", config, rules) for config in configs]
    answers = ask(CONFIGURE, configs)
    assert answers.count(True) > 700 < answers.count(False)
    different = [config for config, ours, theirs in zip(configs, said, answers, strict=True) if ours != theirs]
    assert different == []


SCHEDULE = """
import json, sys
import torch
from deepspeed.runtime import lr_schedules

def is_refused(name, params):
    weight = torch.nn.Parameter(torch.ones(1))
    weight.grad = torch.ones(1)
    optimizer = torch.optim.AdamW([weight])
    try:
        schedule = getattr(lr_schedules, name)(optimizer, **params)
        for _ in range(4):
            optimizer.step()
            schedule.step()
    except Exception:
        return True
    return False

print(json.dumps([is_refused(name, params) for name, params in json.load(sys.stdin)]))
"""
NEEDED = {"total_num_steps": 10, "cycle_min_lr": 0.001, "cycle_max_lr": 0.01}
# So that a few steps come to all that a schedule does.
SHORT = {"warmup_num_steps": 1, "cycle_first_step_size": 2}


def test_an_error_is_said_exactly_where_deepspeed_refuses_a_parameter_of_a_scheduler() -> None:
    cases: list[tuple[str, dict[str, Any]]] = []
    for name, takes in SCHEDULERS.items():
        needed = {key: NEEDED[key] for key, facts in takes.items() if facts.get("required")}
        cases += [(name, needed), (name, {})]
        cases += [(name, {key: value for key, value in needed.items() if key != left_out}) for left_out in needed]
        for key, facts in takes.items():
            cases.append((name, {**needed, f"{key}x": 1}))
            if "type" in facts or "choices" in facts:
                short = {name: steps for name, steps in SHORT.items() if name in takes}
                cases += [(name, {**needed, **short, key: value}) for value in mutations(facts)]
    configs = [{"scheduler": {"type": name, "params": params}} for name, params in cases]
    said = [is_refused("{}", config, {"deepspeed/refused-scheduler"}) for config in configs]
    answers = ask(SCHEDULE, cases)
    assert answers.count(True) > 100 < answers.count(False)
    different = [case for case, ours, theirs in zip(cases, said, answers, strict=True) if ours != theirs]
    assert different == []
