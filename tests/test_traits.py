"""What is known of single trainers, optimizers and launchers: complete, about names that exist, and true of what is
installed."""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple
from unittest.mock import MagicMock

import generate
import pytest
import yaml
from conftest import plan

from configlint import knowledge
from configlint.core.profile import Trainer
from configlint.knowledge.launchers import Launcher, find_launcher
from configlint.knowledge.optimizers import Optimizer, StateMemory, find_optimizer
from configlint.verify.starting import _READERS

ROOT = Path(__file__).parent.parent
HISTORY = generate.history()
ARGUMENTS = HISTORY["transformers"]["groups"]["TrainingArguments"]
OPTIMIZERS = {name for names in ARGUMENTS["optim"]["choices"].values() for name in names}
SECTIONS = json.loads((ROOT / "schemas" / "spec.schema.json").read_text(encoding="utf-8"))["definitions"]


class Kind(NamedTuple):
    """What the rows of a file are about: the names that there are, and the traits that code reads."""

    names: set[str]
    traits: set[str]


KINDS = {
    "trainers": Kind({*generate.TRAINERS, *HISTORY["trl"]["trainers"]}, {*Trainer._fields}),
    "optimizers": Kind(OPTIMIZERS, {*Optimizer._fields} - {"name"}),
    "launchers": Kind({*SECTIONS["launch"]["properties"]["launcher"]["enum"]} - {None}, {*Launcher._fields}),
}


def text(kind: str) -> str:
    return (ROOT / "configlint" / "knowledge" / f"{kind}.yaml").read_text(encoding="utf-8")


def rows(kind: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(text(kind))[kind]
    return found


def optimizer(name: str) -> Optimizer:
    found = find_optimizer(name)
    assert found is not None, name
    return found


@pytest.mark.parametrize("kind", KINDS)
class TestRows:
    def test_each_name_that_some_release_knows_has_a_row_and_no_other(self, kind: str) -> None:
        assert set(rows(kind)) == KINDS[kind].names

    def test_each_row_names_its_source(self, kind: str) -> None:
        assert [name for name, row in rows(kind).items() if len(str(row.get("source", "")).split()) < 2] == []

    def test_each_trait_is_one_that_code_reads(self, kind: str) -> None:
        assert {trait for row in rows(kind).values() for trait in row} - {"source"} <= KINDS[kind].traits

    def test_the_meaning_of_each_trait_is_said_at_the_top(self, kind: str) -> None:
        head = text(kind).partition(f"\n{kind}:")[0]
        assert {*re.findall(r"^# (\w+)  +\S", head, re.MULTILINE)} == KINDS[kind].traits


def test_the_optimizers_and_arguments_that_a_row_names_exist() -> None:
    for found in map(optimizer, OPTIMIZERS):
        others = {found.layerwise_of, found.under_fsdp, found.fused, found.in_8_bits} - {None}
        assert others <= OPTIMIZERS
        assert {*found.reads} <= {*ARGUMENTS}
        assert {*found.since} <= {*found.reads}


def test_what_is_named_in_place_of_an_optimizer_has_not_the_same_fault() -> None:
    for found in map(optimizer, OPTIMIZERS):
        assert found.layerwise_of is None or optimizer(found.layerwise_of).layerwise_of is None
        assert found.under_fsdp is None or optimizer(found.under_fsdp).under_fsdp is None


def test_memory_is_less_where_a_row_says_so() -> None:
    for found in map(optimizer, OPTIMIZERS):
        if found.fused:
            assert (found.memory or StateMemory(0)).foreach > (
                optimizer(found.fused).memory or found.memory
            ).foreach
        if found.in_8_bits:
            assert optimizer(found.in_8_bits).memory == StateMemory(2, bits=8)


def test_the_scripts_and_arguments_that_a_trainers_row_names_exist() -> None:
    for name, row in rows("trainers").items():
        assert row.get("script") in {None, *HISTORY["trl"]["groups"]}
        assert row.get("pads_to") in {None, *knowledge.find_release(None, None, name).arguments}


def test_the_types_that_deepspeed_takes_are_listed_once() -> None:
    lists = yaml.safe_load(text("optimizers"))["deepspeed"]
    assert {*lists["adam"]} <= {*lists["known"]}
    types = [*lists["known"], *lists["older"], *lists["pytorch"]]
    assert len(types) == len({*types})


def test_of_an_unknown_name_nothing_is_said() -> None:
    assert knowledge.find_release(None, None, "MyTrainer").trainer == Trainer()
    assert find_optimizer("my_adam") is find_optimizer(["sgd"]) is find_optimizer(None) is None


def test_the_first_launcher_is_the_default() -> None:
    found = plan("batch: {effective: 8}\nhardware: {accelerator: cpu, devices_per_node: 2}\n").launch.launcher
    assert found == next(iter(rows("launchers")))
    assert find_launcher(found) == find_launcher("mpirun")


def test_what_a_launcher_is_told_is_read_by_its_package() -> None:
    assert {row["package"] for row in rows("launchers").values()} <= {*_READERS}


# Against what is installed


@pytest.mark.heavy
@pytest.mark.skipif(find_spec("trl") is None, reason="TRL is not installed")
def test_each_of_trls_scripts_builds_the_trainer_that_is_said_to_be_built() -> None:
    for name, row in rows("trainers").items():
        if "script" in row and (spec := find_spec("trl")) and spec.origin:
            script = Path(spec.origin).parent.joinpath(*row["script"].split(".")[1:]).with_suffix(".py")
            calls = [node for node in ast.walk(ast.parse(script.read_text())) if isinstance(node, ast.Call)]
            built = {ast.unparse(node.func) for node in calls}
            assert {each for each in built if each in rows("trainers")} == {name}


class Recorded(dict[str, str]):
    """The parsed `optim_args`, that remember whether somebody looked."""

    seen = False

    def get(self, key: str, default: Any = None) -> Any:
        self.seen = True
        return default

    def pop(self, key: str, default: Any = None) -> Any:
        self.seen = True
        return default

    def __contains__(self, key: object) -> bool:
        self.seen = True
        return False


# Numbers that are nobody's default, to be found again.
GIVEN = {
    "adam_beta1": 0.123,
    "adam_beta2": 0.456,
    "adam_epsilon": 0.789,
    "weight_decay": 0.321,
    "warmup_steps": 1717,
}
PACKAGES = (
    *("galore_torch", "apollo_torch", "lomo_optim", "grokadamw", "schedulefree", "optimi"),
    *("torchao", "torchao.optim", "torchdistx", "torchdistx.optimizers"),
    *("torch_xla", "torch_xla.amp", "torch_xla.amp.syncfree", "torch_npu", "torch_npu.optim"),
)


@pytest.fixture
def handlers(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What in Transformers makes the optimizers, with stand-ins for their packages."""
    module = pytest.importorskip("transformers.trainer_optimizer", reason="this release of Transformers has none")
    for name in PACKAGES:
        monkeypatch.setitem(sys.modules, name, MagicMock())
    for name in [name for name in dir(module) if name.startswith("is_") and name.endswith("_available")]:
        monkeypatch.setattr(module, name, lambda *version: True)
    monkeypatch.setattr(module.importlib.metadata, "version", lambda name: "99.0")
    return module


class Made(NamedTuple):
    chosen: Any
    given: set[str]


def made(handlers: Any, name: str, modules: str | None = "all-linear") -> Made:
    """The class of an optimizer, and the arguments that the Trainer hands on to it."""
    import torch

    arguments = {**GIVEN, "optim": name, "optim_target_modules": modules}
    context = handlers.OptimizerContext(
        args=SimpleNamespace(**arguments, parallel_mode=None, gradient_accumulation_steps=1),
        model=torch.nn.Sequential(torch.nn.Linear(2, 2)),
        optimizer_kwargs={},
        adam_kwargs={"betas": (GIVEN["adam_beta1"], GIVEN["adam_beta2"]), "eps": GIVEN["adam_epsilon"]},
        optim_args=Recorded(marker="marker"),
    )
    chosen, options = handlers._OPTIMIZER_HANDLERS[name](context)
    values = {*_values(options)}
    given = {argument for argument, value in GIVEN.items() if value in values}
    # The Trainer's groups of parameters have it, but for optimizers with groups of their own.
    if not {"params", "model", "optimizer_dict"} & {*options}:
        given.add("weight_decay")
    if context.optim_args.seen or "marker" in values:
        given.add("optim_args")
    return Made(chosen, given)


def _values(options: Any) -> Iterator[Any]:
    """The numbers and words in the keyword arguments, those of its groups too."""
    if isinstance(options, dict):
        options = list(options.values())
    for value in options:
        if isinstance(value, dict | list | tuple):
            yield from _values(value)
        elif isinstance(value, str | float | int):
            yield value


@pytest.mark.heavy
def test_an_optimizer_is_given_what_it_is_said_to_read(handlers: Any) -> None:
    said, found = {}, {}
    for name in handlers._OPTIMIZER_HANDLERS:
        row = optimizer(str(name.value))
        made_of = made(handlers, row.name)
        found[row.name] = made_of.given
        try:
            made(handlers, row.name, modules=None)
        except ValueError:
            found[row.name] = made_of.given | {"optim_target_modules"}
        said[row.name] = {*row.reads}
    assert found == said


@pytest.mark.heavy
def test_an_optimizer_is_of_the_kind_that_it_is_said_to_be(handlers: Any) -> None:
    for name in handlers._OPTIMIZER_HANDLERS:
        row, chosen = optimizer(str(name.value)), made(handlers, str(name.value)).chosen
        assert (chosen is handlers.LayerWiseDummyOptimizer) == (row.layerwise_of is not None), row.name
        assert getattr(chosen, "__module__", "").startswith("bitsandbytes") == row.bitsandbytes, row.name
