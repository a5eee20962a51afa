"""The rules and the real classes agree: what a class refuses is an error, and what is an error it refuses, save for
what `STRICTER` names.

Sections are made up, compiled as they are, and constructed under the Python of an environment by constructor.py.
"""

from __future__ import annotations

import itertools
import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import plans
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_combinations import in_table, rejected
from test_history import TRANSFORMERS, declared_by, differences, needs_newest

from configlint import knowledge, rules
from configlint.backends.training_args import arguments
from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.release import Argument, Release
from configlint.host import process as child
from configlint.knowledge.naming import owners
from configlint.lint import lint
from configlint.rules.checkpoint import unevaluated_metric
from configlint.verify.questions import training_args

pytestmark = pytest.mark.heavy

HERE = Path(__file__).parent
SPEC = {
    "batch": {"effective": 8, "per_device": 1},
    "hardware": {"accelerator": "a100-80gb", "devices_per_node": 8},
    "launch": {"script": "train.py"},
}
Section = dict[str, Any]
Answer = dict[str, Any]

# Rules, or rules on one argument, that call an error what the class accepts, and why. Those that `CONFIRMED` has no
# section for cannot be seen on one CPU in a step.
STRICTER: dict[str, str] = {
    "argument/boolean-as-text": "the class checks no type, and any text is true",
    "argument/boolean-for-word log_level": "looked up when the Trainer is built",
    "argument/boolean-for-word log_level_replica": "likewise",
    "argument/boolean-for-word dataloader_multiprocessing_context": "the data loader rejects it",
    "argument/boolean-for-word debug": "it is looked for in true when training starts",
    "argument/boolean-for-word report_to": "looked up when the Trainer is built",
    "argument/boolean-for-word train_sampling_strategy": "as any other word that there is not, it is random",
    "argument/boolean-for-word ddp_backend": "requires the running job",
    "argument/context-without-workers": "the data loader rejects it",
    "argument/distributed-layerwise": "the optimizer is made in training, and refused to several processes",
    "argument/given-twice": "one JSON holds one of the two",
    "argument/missing-target-modules": "the optimizer is made in training, and its package is not installed here",
    "argument/no-steps": "nothing is trained, or a step without a learning rate",
    "argument/not-finite": "the class checks no number, and JSON has no such",
    "argument/number-as-text": "the class checks no type; the optimizer or the Trainer fails",
    "argument/out-of-range": "the class checks few numbers; the optimizer, the data loader or the Trainer fails",
    "argument/persistent-workers-without-workers": "the data loader rejects it",
    "argument/reentrant-checkpointing": "the first backward pass of several processes fails",
    "argument/unknown-choice dataloader_multiprocessing_context": "the data loader rejects it",
    "argument/unknown-choice ddp_backend": "requires the running job",
    "argument/unknown-choice debug": "of a list, words that there are not are passed over",
    "argument/unknown-choice log_level": "looked up when the Trainer is built",
    "argument/unknown-choice log_level_replica": "likewise",
    "argument/unknown-choice report_to": "looked up when the Trainer is built",
    "argument/unknown-choice train_sampling_strategy": "a word that there is not is random",
    "argument/unknown-key": "of gradient_accumulation_kwargs, which are Accelerate's",
    "argument/wrong-type": "the class checks no type; the optimizer, the data loader or the Trainer fails",
    "batch/accumulation-set-twice": "the Trainer takes the place of one by the other, or refuses both",
    "batch/auto-find-batch-size": "another batch is trained when memory runs out",
    "batch/split-batches": "the data loader of eight processes cannot split a batch of one",
    "checkpoint/best-without-evaluation": "nothing is saved, without a word",
    "checkpoint/best-without-metric": "the Trainer rejects it",
    "schedule/both-minimum-rates": "the schedule is made in training, and rejects it",
    "schedule/floor-above-start": "the schedule is made in training, and rejects it",
    "schedule/missing-scheduler-argument": "the schedule is made in training, and rejects it",
    "schedule/opposite-direction": "the rate falls while the model gets better, which takes ten evaluations",
    "schedule/refused-value": "the schedule is made in training, and rejects it",
    "schedule/unknown-scheduler-argument": "the schedule is made in training, and rejects it",
    "schedule/warmup-below-one-step": "the first step is too large; its package is not installed here",
    "schedule/warmup-beyond-run": "the learning rate that is written is never reached",
}
# What more is accepted where torch and Accelerate are not installed.
WITHOUT_TORCH = STRICTER | {
    "argument/unknown-key": "the class hands accelerator_config to Accelerate",
    "argument/unknown-choice fp16_backend": "looked at when the Trainer is built",
    "argument/unknown-choice half_precision_backend": "likewise",
    "schedule/without-evaluation": "construct.py leaves reduce_lr_on_plateau out, which needs torch",
}


class Worker:
    """constructor.py under an environment's Python: what is heavy is imported once, however many jobs."""

    def __init__(self, python: str, work: str, folder: Path) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(child._STALE)}
        hidden = {"CUDA_VISIBLE_DEVICES": "", "HF_HUB_OFFLINE": "1", "PYTHONWARNINGS": "ignore"}
        self.python = python
        self.folder = folder
        self.process = subprocess.Popen(
            [python, str(HERE / "constructor.py"), work],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**environment, **hidden},
        )

    def ask(self, job: dict[str, Any]) -> Answer:
        assert self.process.stdin
        assert self.process.stdout
        # In a folder where nothing lies that a text could name.
        self.process.stdin.write(json.dumps({**job, "folder": str(self.folder)}) + "\n")
        self.process.stdin.flush()
        answer: Answer = json.loads(self.process.stdout.readline())
        assert answer.keys() != {"died"}, (job, answer)
        return answer

    def close(self) -> None:
        self.process.communicate()


# What is written

STEPS = [None, 0, 0.1, 0.2, 0.5, 1, 1.0, 1.5, 100, 200, 500.0, -1]
# Arguments that are looked at together, and values that matter there.
TOGETHER: list[dict[str, list[Any]]] = [
    {
        "eval_strategy": ["no", "steps", "epoch"],
        "save_strategy": ["no", "steps", "epoch", "best"],
        "logging_strategy": ["no", "steps", "epoch"],
        "eval_steps": STEPS,
        "save_steps": STEPS,
        "logging_steps": STEPS,
    },
    {
        "load_best_model_at_end": [True, True, False],
        "eval_strategy": ["no", "steps", "steps", "epoch"],
        "save_strategy": ["no", "steps", "steps", "epoch", "best"],
        "eval_steps": STEPS,
        "save_steps": STEPS,
        "metric_for_best_model": [None, "loss", "accuracy"],
        "greater_is_better": [None, True, False],
        "save_only_model": [True, False],
    },
    {name: [True, False] for name in ("bf16", "fp16", "bf16_full_eval", "fp16_full_eval", "tf32")},
    {
        "dataloader_num_workers": [0, 2],
        "dataloader_prefetch_factor": [None, 2, 0],
        "dataloader_persistent_workers": [True, False],
        "dataloader_pin_memory": [True, False],
        "dataloader_multiprocessing_context": [None, "spawn"],
    },
    {
        "lr_scheduler_type": [
            "linear", "cosine", "reduce_lr_on_plateau", "greedy", "cosine_with_min_lr", "polynomial", "constant",
        ],
        "lr_scheduler_kwargs": [None, {}, {"min_lr": 1e-6}, {"num_cycles": 2}, {"lr_end": 1.0}, "{}"],
        "eval_strategy": ["no", "epoch"],
        "warmup_steps": [0, 0.1, 1, 10, -1, -0.5],
        "max_steps": [-1, 0, 100],
        "num_train_epochs": [0, 0.5, 3],
    },
    {
        "activation_checkpointing": [True, False, None],
        "activation_checkpointing_kwargs": [None, {}, {"use_reentrant": True}, "{}", "["],
        "gradient_checkpointing": [True, False],
        "gradient_checkpointing_kwargs": [None, {"use_reentrant": False}],
        "ddp_find_unused_parameters": [None, True],
        "torch_compile": [True, False],
        "torch_compile_backend": [None, "inductor"],
    },
    {
        "accelerator_config": [
            None,
            {},
            "{}",
            '{"even_batches": false}',
            {"split_batches": True},
            {"split_batch": True},
            {"even_batches": False},
            {"dispatch_batches": None},
            {"num_steps": 1},
            {"gradient_accumulation_kwargs": {"num_steps": 2}},
            {"gradient_accumulation_kwargs": {"steps": 2}},
        ],
        "auto_find_batch_size": [True, False],
        "average_tokens_across_devices": [True, False],
    },
    {
        "debug": ["", "underflow_overflow", "underflow_overflow tpu_metrics_debug", "overflow", ["overflow"], []],
        "report_to": ["none", "all", "wandb", ["wandb", "tensorboard"], ["none"], None],
        "optim": ["adamw_torch", "adafactor", "adamw_hf", "galore_adamw", "galore_adamw_layerwise"],
        "hub_strategy": ["end", "every_save", "never"],
        "log_level": ["info", "loud"],
        "include_num_input_tokens_seen": [True, False, "all", "no"],
        "torch_empty_cache_steps": [None, 1, 0, -1, 2.5],
    },
]  # fmt: skip
# What somebody may write for something else, or where it does not belong.
SLIPS: list[Any] = [
    None, True, False, "false", "no", "2e-5", "8", "some", "",
    0, 1, -1, 0.5, 2.5, 3.0, math.inf, [], [1], {}, {"a": 1},
]  # fmt: skip
NO_ARGUMENTS = ["learning_rat", "batch_size", "n_gpu", "deepspeed_plugin", "_n_gpu"]
# A text there is the path of a file, and whether that is there is no matter of the rules.
PATHS = ("accelerator_config",)
# The classes of 4.x ask the Hub who is logged in.
ASKED_OF_THE_HUB = {"push_to_hub_model_id", "push_to_hub_organization"}


@st.composite
def sections(draw: st.DrawFn, release: str) -> Section:
    """`training` as somebody may write it: one to six arguments, most often such as are looked at together."""
    known = knowledge.find_release(release, None, "Trainer")
    group = draw(st.sampled_from([*TOGETHER, *TOGETHER, {}]))
    together = {name: values for name, values in group.items() if known.spelling(name)}
    chosen = draw(st.lists(st.sampled_from([*together]), min_size=1, max_size=5, unique=True)) if together else []
    section = {name: draw(mostly(together[name], name)) for name in chosen}
    further = draw(st.lists(others(known), min_size=not section, max_size=1 if section else 6, unique=True))
    for name in further:
        argument = known.arguments.get(name)
        section.setdefault(name, draw(values_of(argument) if argument else st.sampled_from(SLIPS)))
    if TRANSFORMERS.index(release) < TRANSFORMERS.index("4.49") and draw(st.sampled_from([True] * 30 + [False])):
        section.setdefault("output_dir", "out")  # must be given there
    return section


def others(release: Release) -> st.SearchStrategy[str]:
    """Any argument of the release, now and then one that it does not have."""
    left_out = {*owners(), *ASKED_OF_THE_HUB}
    own = sorted(release.arguments.keys() - left_out)
    ever = {name for layer in release.layers for name in layer.arguments}
    return st.sampled_from(own * 12 + sorted(ever - {*own, *left_out}) + NO_ARGUMENTS)


def values_of(argument: Argument) -> st.SearchStrategy[Any]:
    """Values of the kinds that an argument takes."""
    words = [choice for choice in argument.choices if isinstance(choice, str)]
    of_kind: dict[str, list[Any]] = {
        "boolean": [True, False],
        "integer": [0, 1, 2, 100],
        "number": [0, 0.1, 0.5, 1.0, 2.5, 100, 1e-5],
        "string": words or [] if argument.name in PATHS else ["some"],
        "array": [[], [words[0]]] if words else [[], ["some"]],
        "object": [{}, {"some": 1}],
        "null": [None],
    }
    return mostly([value for kind in argument.kinds for value in of_kind[kind]], argument.name)


def mostly(values: list[Any], name: str) -> st.SearchStrategy[Any]:
    """One of these, and one time in ten a slip."""
    slips = [slip for slip in SLIPS if not (name in PATHS and isinstance(slip, str))]
    return st.sampled_from(values * (9 * len(slips) // max(len(values), 1)) + slips)


# Values that a release takes together, and another does not: each is looked at with each.
COMBINED: list[dict[str, list[Any]]] = [
    {
        "load_best_model_at_end": [True],
        "eval_strategy": ["steps"],
        "save_strategy": ["steps"],
        "eval_steps": [0.02, 0.1, 0.3, 100, 200],
        "save_steps": [0.04, 0.06, 0.1, 0.3, 0.5, 0.6, 0.9, 1, 200, 500],
    },
    {
        "load_best_model_at_end": [True, False],
        "eval_strategy": ["no", "steps", "epoch"],
        "save_strategy": ["no", "steps", "epoch", "best"],
        "metric_for_best_model": ["loss"],
    },
    {
        "bf16": [True, False],
        "fp16": [True, False],
        "half_precision_backend": ["auto", "apex", "cuda_amp"],
    },
    {"bf16_full_eval": [True, False], "fp16_full_eval": [True, False], "bf16": [True, False]},
    {"warmup_steps": [0, 1, 2, 0.5, 1.0], "warmup_ratio": [None, 0.0, 0.1, 1.0]},
    {"dataloader_num_workers": [0, 1], "dataloader_prefetch_factor": [None, 2]},
    {"lr_scheduler_type": ["linear", "greedy"], "eval_strategy": ["no", "epoch"]},
    {
        "logging_strategy": ["no", "steps"],
        "logging_steps": [0, 0.5, 1.5, 10],
        "eval_strategy": ["no", "steps"],
        "eval_steps": [None, 0, 1.5, 10],
    },
]


def combinations(release: str) -> Iterator[Section]:
    """The combinations of what a release has."""
    known = knowledge.find_release(release, None, "Trainer")
    for group in COMBINED:
        held = {name: values for name, values in group.items() if known.spelling(name) == name}
        for values in itertools.product(*held.values()):
            section = dict(zip(held, values, strict=True))
            yield {"output_dir": "out", **section}


# What is said of it


def plan_of(release: str, section: Section) -> Plan:
    text = json.dumps({**SPEC, "transformers": release, "training": section}).replace("Infinity", ".inf")
    (plan,) = plans(text)
    return plan


def errors(plan: Plan) -> set[tuple[str, str]]:
    """What is an error, and is one in what is compiled too: (rule, argument)."""
    found, crashes = lint(plan, rules.for_plan(plan))
    assert crashes == []
    return {
        (each.rule, (each.path or "").rpartition(".")[2])
        for each in found
        if each.severity is Severity.ERROR and not each.compiled
    }


def answer_to(plan: Plan, worker: Worker) -> Answer:
    """What the real class says of what is compiled, whatever is wrong with it."""
    return worker.ask(training_args(plan, arguments(plan)))


def not_excused(found: set[tuple[str, str]], stricter: dict[str, str]) -> list[str]:
    """The errors of rules that must have been refusals."""
    return sorted(
        f"{rule} {argument}" for rule, argument in found if not {rule, f"{rule} {argument}"} & stricter.keys()
    )


def hold_together(release: str, section: Section, worker: Worker, stricter: dict[str, str]) -> None:
    """Raises:
    AssertionError: the rules and the class disagree.
    """
    plan = plan_of(release, section)
    found, answer = errors(plan), answer_to(plan, worker)
    if "ccelerate" in (answer["error"] or ""):
        return  # it is not installed, and no matter of the rules
    if answer["error"]:
        assert found, f"no rule says what the class says: {answer['error']}"
    else:
        assert not_excused(found, stricter) == [], "the class accepts it"


SETTINGS = settings(deadline=None, derandomize=True, database=None, suppress_health_check=[*HealthCheck])


@pytest.fixture(scope="module")
def newest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    worker = Worker(sys.executable, "construct", tmp_path_factory.mktemp("empty"))
    yield worker
    worker.close()


@needs_newest
@settings(SETTINGS, max_examples=350)
@given(section=sections(TRANSFORMERS[-1]))
def test_what_the_class_refuses_is_an_error_and_what_is_an_error_it_refuses(
    newest: Worker, section: Section
) -> None:
    hold_together(TRANSFORMERS[-1], section, newest, STRICTER)


# What the Trainer makes of what its class accepted

# Beside what is written: on a CPU, and as little as can be.
CHEAP = {"use_cpu": True, "report_to": "none", "disable_tqdm": True, "save_strategy": "no", "logging_steps": 1}
# A rule, a section that it calls an error, and what comes of it: a part of the message, or what is not as written.
CONFIRMED: list[tuple[str, Section, str | dict[str, Any]]] = [
    ("argument/boolean-as-text", {"bf16": "false"}, {"mixed_precision": "bf16"}),
    ("argument/boolean-as-text", {"activation_checkpointing": "no"}, {"gradient_checkpointing": True}),
    ("argument/boolean-for-word log_level", {"log_level": True}, "KeyError: True"),
    (
        "argument/boolean-for-word dataloader_multiprocessing_context",
        {"dataloader_multiprocessing_context": False, "dataloader_num_workers": 1},
        "multiprocessing_context option should be",
    ),
    (
        "argument/context-without-workers",
        {"dataloader_multiprocessing_context": "spawn"},
        "can only be used with multi-process loading",
    ),
    (
        "argument/given-twice",
        {"activation_checkpointing": True, "gradient_checkpointing": False},
        {"gradient_checkpointing": False},
    ),
    ("argument/no-steps", {"max_steps": 0}, {"steps": 1, "learning_rates": [0.0]}),
    ("argument/no-steps", {"num_train_epochs": 0}, {"steps": 0}),
    ("argument/not-finite", {"learning_rate": math.inf}, {"is_finite": False}),
    ("argument/number-as-text", {"learning_rate": "2e-5"}, "not supported between instances of 'float' and 'str'"),
    ("argument/number-as-text", {"max_steps": "8"}, "not supported between instances of 'str' and 'int'"),
    ("argument/out-of-range", {"adam_beta1": 1}, "Invalid beta parameter"),
    ("argument/out-of-range", {"learning_rate": -1}, "Invalid learning rate"),
    ("argument/out-of-range", {"seed": -1}, "Seed must be between"),
    ("argument/out-of-range", {"dataloader_num_workers": -1}, "num_workers option should be non-negative"),
    (
        "argument/out-of-range",
        {"dataloader_num_workers": 2, "dataloader_prefetch_factor": 0},
        "prefetch_factor must be",
    ),
    ("argument/out-of-range", {"neftune_noise_alpha": -1}, "uniform_ expects"),
    ("argument/out-of-range", {"eval_accumulation_steps": 0, "eval_strategy": "epoch"}, "ZeroDivisionError"),
    ("argument/out-of-range", {"per_device_eval_batch_size": 0, "eval_strategy": "epoch"}, "batch_size should be"),
    (
        "argument/persistent-workers-without-workers",
        {"dataloader_persistent_workers": True},
        "needs num_workers > 0",
    ),
    (
        "argument/unknown-choice dataloader_multiprocessing_context",
        {"dataloader_multiprocessing_context": "thread", "dataloader_num_workers": 1},
        "should specify a valid start method",
    ),
    ("argument/unknown-choice debug", {"debug": ["overflow"]}, {"as_if_left_out": True}),
    ("argument/unknown-choice log_level", {"log_level": "loud"}, "KeyError: 'loud'"),
    ("argument/unknown-choice log_level_replica", {"log_level_replica": "loud"}, "KeyError: 'loud'"),
    ("argument/unknown-choice report_to", {"report_to": "tensorbord"}, "tensorbord is not supported"),
    (
        "argument/unknown-choice train_sampling_strategy",
        {"train_sampling_strategy": "sorted"},
        {"as_if_left_out": True},
    ),
    (
        "argument/unknown-key",
        {"accelerator_config": {"gradient_accumulation_kwargs": {"steps": 2}}},
        "unexpected keyword argument 'steps'",
    ),
    ("argument/wrong-type", {"learning_rate": "high"}, "not supported between instances of 'float' and 'str'"),
    ("argument/wrong-type", {"max_grad_norm": [1]}, "not supported between instances of 'list' and 'int'"),
    ("argument/wrong-type", {"report_to": None}, "None is not supported"),
    (
        "batch/accumulation-set-twice",
        {"accelerator_config": {"gradient_accumulation_kwargs": {"num_steps": 2}}},
        {"steps": 1, "samples": 2},
    ),
    (
        "checkpoint/best-without-evaluation",
        {"save_strategy": "best", "metric_for_best_model": "loss"},
        {"saved": []},
    ),
    ("checkpoint/best-without-metric", {"save_strategy": "best", "eval_strategy": "epoch"}, "must be provided"),
    (
        "schedule/floor-above-start",
        {"lr_scheduler_type": "polynomial", "lr_scheduler_kwargs": {"lr_end": 1.0}},
        "must be smaller than initial lr",
    ),
    (
        "schedule/refused-value",
        {
            "lr_scheduler_type": "warmup_stable_decay",
            "lr_scheduler_kwargs": {"num_decay_steps": 1, "decay_type": "exponential"},
        },
        "Unknown decay type",
    ),
    (
        "schedule/unknown-scheduler-argument",
        {"lr_scheduler_kwargs": {"min_lr": 1e-6}},
        "unexpected keyword argument 'min_lr'",
    ),
    (
        "schedule/missing-scheduler-argument",
        {"lr_scheduler_type": "cosine_with_min_lr"},
        "One of min_lr or min_lr_rate",
    ),
    (
        "schedule/warmup-beyond-run",
        {"max_steps": 2, "warmup_steps": 10, "learning_rate": 1.0},
        {"learning_rates": [0.0, 0.1]},
    ),
]


@pytest.fixture(scope="module")
def trainer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    worker = Worker(sys.executable, "train", tmp_path_factory.mktemp("empty"))
    yield worker
    worker.close()


def trained(section: Section, worker: Worker) -> Answer:
    plan = plan_of(TRANSFORMERS[-1], section)
    run = {} if {"max_steps", "num_train_epochs"} & section.keys() else {"max_steps": 1}
    return worker.ask({"arguments": {**CHEAP, **run, **arguments(plan)}})


def test_what_is_stricter_are_rules() -> None:
    assert {name.partition(" ")[0] for name in (STRICTER | WITHOUT_TORCH)} <= rules.rule_names()


@needs_newest
def test_what_is_not_wrong_trains_as_it_is_written(trainer: Worker) -> None:
    answer = trained({"max_steps": 2, "learning_rate": 1.0, "lr_scheduler_type": "constant"}, trainer)
    assert answer["error"] is None
    assert (answer["steps"], answer["samples"], answer["learning_rates"]) == (2, 2, [1.0, 1.0])
    assert (answer["mixed_precision"], answer["gradient_checkpointing"]) == ("no", False)
    assert answer["is_finite"]
    assert trained({"save_strategy": "steps", "save_steps": 1}, trainer)["saved"] == ["checkpoint-1"]
    assert trained({"train_sampling_strategy": "sequential"}, trainer)["losses"] != trained({}, trainer)["losses"]


@needs_newest
@pytest.mark.parametrize(
    ("rule", "section", "effect"),
    CONFIRMED,
    ids=[f"{rule} {json.dumps(section)}" for rule, section, _ in CONFIRMED],
)
def test_what_the_rules_are_stricter_about_fails_or_trains_something_else(
    trainer: Worker, rule: str, section: Section, effect: str | dict[str, Any]
) -> None:
    assert rule in STRICTER
    found = errors(plan_of(TRANSFORMERS[-1], section))
    assert {name for name, _ in found} == {rule.partition(" ")[0]}
    answer = trained(section, trainer)
    if isinstance(effect, str):
        assert effect in (answer["error"] or "nothing fails")
    elif "as_if_left_out" in effect:
        assert answer == trained({}, trainer)
    else:
        assert answer.items() >= effect.items()


METRIC = {"max_steps": 1, "eval_strategy": "steps", "eval_steps": 1}


@needs_newest
@pytest.mark.parametrize("metric", unevaluated_metric._LOGGED)
def test_what_is_logged_of_the_training_is_no_metric_of_the_evaluation(trainer: Worker, metric: str) -> None:
    answer = trained(METRIC | {"metric_for_best_model": metric}, trainer)
    assert f"set to 'eval_{metric}', which is not found in the evaluation metrics" in answer["error"]


@needs_newest
def test_the_loss_is_a_metric_of_the_evaluation(trainer: Worker) -> None:
    assert trained(METRIC | {"metric_for_best_model": "loss"}, trainer)["error"] is None


@needs_newest
@pytest.mark.parametrize(("save_steps", "best"), [(1, "checkpoint-1"), (3, None)])
def test_the_best_model_is_none_where_its_evaluation_is_not_saved(
    trainer: Worker, save_steps: int, best: str | None
) -> None:
    # Such a rate makes it worse with each step.
    worse = {"max_steps": 3, "learning_rate": 10.0, "lr_scheduler_type": "constant"}
    steps = {"eval_strategy": "steps", "eval_steps": 1, "save_strategy": "steps", "save_steps": save_steps}
    answer = trained(worse | steps | {"load_best_model_at_end": True}, trainer)
    assert (answer["error"], answer["best"]) == (None, best)


# Older releases


# In each the class rejects combinations that it takes in the next, or the other way.
@pytest.fixture(scope="module", params=["4.42", "4.47", "4.57", "5.0"])
def older(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Worker]]:
    """A release in an environment of its own, without torch; it is kept for the next run, in the folder that the
    variable CONFIGLINT_ENVIRONMENTS names or in pytest's cache."""
    release: str = request.param
    folder = tmp_path_factory.mktemp("empty")
    cache = getattr(request.config, "cache", None)
    kept = os.environ.get("CONFIGLINT_ENVIRONMENTS") or (cache.mkdir("environments") if cache else folder.parent)
    worker = Worker(str(environment_of(release, Path(kept))), "construct", folder)
    yield release, worker
    worker.close()


def environment_of(release: str, kept: Path) -> Path:
    """The Python of an environment with that release, which is made where it is not there yet."""
    folder = kept / f"transformers-{release}-python-{sys.version_info.major}.{sys.version_info.minor}"
    python = folder / "bin" / "python"
    if not (folder / "is-complete").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", str(folder)], check=True)
        options = ["--disable-pip-version-check", "--quiet", "--retries", "1"]
        pip = [sys.executable, "-m", "pip", "--python", str(python), "install", *options]
        run = subprocess.run([*pip, f"transformers=={release}.*"], capture_output=True, text=True, check=False)
        if run.returncode and "Retrying (" in run.stderr:
            pytest.skip("PyPI cannot be reached")
        assert run.returncode == 0, run.stderr
        (folder / "is-complete").touch()
    return python


def test_the_table_of_combinations_has_what_the_classes_of_older_releases_reject(
    older: tuple[str, Worker],
) -> None:
    release, worker = older
    (source,) = Path(worker.python).parent.parent.glob("lib/python*/site-packages/transformers/training_args.py")
    assert rejected(source.read_text(encoding="utf-8")) == in_table(release)


def test_the_rules_and_the_classes_of_older_releases_agree_on_combinations(older: tuple[str, Worker]) -> None:
    release, worker = older
    for section in combinations(release):
        hold_together(release, section, worker, WITHOUT_TORCH)


def test_the_table_is_what_the_classes_of_older_releases_declare(older: tuple[str, Worker]) -> None:
    release, worker = older
    assert differences(release, declared_by(worker.python)) == []


@settings(SETTINGS, max_examples=100)
@given(data=st.data())
def test_the_rules_and_the_classes_of_older_releases_agree(older: tuple[str, Worker], data: st.DataObject) -> None:
    release, worker = older
    hold_together(release, data.draw(sections(release)), worker, WITHOUT_TORCH)
