"""Nothing is an error in what other projects' own tests train with.

The configs in tests/accepted/ are facts in our own form, each with the release and the test file that it is from.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any, NamedTuple

import pytest
import yaml
from peer_tables import ACCEPTED, checked, errors, of_keywords

Config = dict[str, Any]


class Case(NamedTuple):
    """A config, its release and its test file; and the rule that calls it wrong, if any."""

    release: Config
    file: str
    config: Config
    rule: str | None = None


def cases(name: str) -> Iterator[Case]:
    for release in yaml.safe_load((ACCEPTED / name).read_text(encoding="utf-8")):
        for file, configs in release["accepted"].items():
            yield from (Case(release, file, config) for config in configs)
        for file, rows in release.get("wrong", {}).items():
            yield from (Case(release, file, row["config"], row["rule"]) for row in rows)


def of_trl(case: Case) -> Config:
    """The spec of keywords of a config class of TRL's."""
    keywords = {"output_dir": "out", **case.config}
    trainer = keywords.pop("trainer")
    releases = {name: case.release[name] for name in ("transformers", "trl")}
    return {**releases, "trainer": trainer, **of_keywords(keywords), "launch": {"script": "train.py"}}


# What DeepSpeed's config and the training arguments both say, which must be the same.
SAID_TWICE = {
    "fp16.enabled": "fp16",
    "bf16.enabled": "bf16",
    "gradient_clipping": "max_grad_norm",
    "optimizer.params.lr": "learning_rate",
    "optimizer.params.eps": "adam_epsilon",
    "optimizer.params.weight_decay": "weight_decay",
    "scheduler.params.warmup_num_steps": "warmup_steps",
}
# Of these, what configlint fills in.
DERIVED = ("fp16.enabled", "bf16.enabled", "gradient_clipping")


def of_deepspeed(case: Case) -> Config:
    """The spec of a config of DeepSpeed's, each setting where a spec has it."""
    config = copy.deepcopy(case.config)
    training = {name: value for path, name in SAID_TWICE.items() if (value := at(config, path)) is not None}
    if betas := at(config, "optimizer.params.betas"):
        training |= dict(zip(("adam_beta1", "adam_beta2"), betas, strict=True))
    accumulation = config.pop("gradient_accumulation_steps", 1)
    total = config.pop("train_batch_size", accumulation)
    per_device = config.pop("train_micro_batch_size_per_gpu", max(total // accumulation, 1))
    tensor, stage = at(config, "tensor_parallel.autotp_size") or 1, at(config, "zero_optimization.stage") or 0
    for path in (*DERIVED, "tensor_parallel.autotp_size", "zero_optimization.stage"):
        drop(config, path)
    return {
        "batch": {"per_device": per_device, "accumulation": accumulation},
        "hardware": {"accelerator": "h100-80gb", "devices_per_node": tensor},
        "parallel": {"data": f"zero{stage}", "tensor": tensor, "deepspeed": config},
        "training": training,
        "launch": {"script": "train.py"},
    }


def at(config: Any, path: str) -> Any:
    """What stands there; None where nothing does."""
    for key in path.split("."):
        config = config.get(key) if isinstance(config, dict) else None
    return config


def drop(config: Config, path: str) -> None:
    """Remove it, and a section that is empty then."""
    section, _, key = path.rpartition(".")
    inner = config.get(section) if section else config
    if isinstance(inner, dict) and key in inner:
        del inner[key]
        if not inner:
            del config[section]


SPECS: dict[str, Callable[[Case], Config]] = {"trl.yaml": of_trl, "deepspeed.yaml": of_deepspeed}
CASES = [(name, case) for name in SPECS for case in cases(name)]


@pytest.mark.parametrize(
    ("name", "case"), CASES, ids=[f"{case.release['source']} {case.file}" for _, case in CASES]
)
def test_what_others_train_with_is_no_error(name: str, case: Case) -> None:
    found = errors(checked(SPECS[name](case))[1])
    assert found.keys() == ({case.rule} if case.rule else set()), found


@pytest.mark.heavy
@pytest.mark.skipif(find_spec("deepspeed") is None, reason="DeepSpeed is not installed")
def test_the_installed_deepspeed_takes_all_but_what_a_rule_says_was_removed() -> None:
    from test_deepspeed import BUILD, ask

    held = [case for case in cases("deepspeed.yaml") if case.rule is None]
    sizes = dict.fromkeys(("train_batch_size", "train_micro_batch_size_per_gpu", "gradient_accumulation_steps"), 1)
    for case, error in zip(held, ask(BUILD, [{**case.config, **sizes} for case in held]), strict=True):
        said = {each.rule for each in checked(of_deepspeed(case))[1]}
        assert (error is not None) == ("deepspeed/removed-key" in said), (case.config, error)
