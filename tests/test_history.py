"""The table of arguments: what the real classes declare, in every release; and what editors make of it."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import generate
import history
import pytest
import wheels
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from configlint import knowledge
from configlint.commands import schema as editor
from configlint.core.document import plain
from configlint.core.errors import UsageError
from configlint.core.release import UNKNOWN, Argument, Release, written
from configlint.core.source import Source
from configlint.knowledge.naming import owners
from configlint.project.installed import arguments_of
from configlint.syntax import read

ROOT = Path(__file__).parent.parent
COMMITTED: dict[str, Any] = json.loads(history.TARGET.read_text(encoding="utf-8"))
TRANSFORMERS = COMMITTED["transformers"]["releases"]
TRL = COMMITTED["trl"]["releases"]
SNAPSHOTS = {package: history.expanded(content) for package, content in COMMITTED.items()}

needs_newest = pytest.mark.skipif(
    find_spec("transformers") is None or version("transformers").split(".")[:2] != TRANSFORMERS[-1].split("."),
    reason=f"transformers {TRANSFORMERS[-1]}, the newest release in the table, is not installed",
)


# The real classes


@pytest.mark.heavy
@needs_newest
def test_the_newest_snapshot_is_what_the_installed_source_says() -> None:
    spec = find_spec("transformers")
    assert spec
    assert spec.origin
    packages = Path(spec.origin).parent.parent
    paths = {path.relative_to(packages).as_posix(): path for path in (packages / "transformers").rglob("*.py")}
    modules = {name: path.read_text(encoding="utf-8") for name, path in paths.items() if wheels._is_wanted(name)}
    snapshot = history.read_transformers(wheels.Package(modules))
    # A group that is empty in all releases has no life.
    assert SNAPSHOTS["transformers"][TRANSFORMERS[-1]] == {name: group for name, group in snapshot.items() if group}


@pytest.mark.heavy
@needs_newest
def test_the_table_is_what_the_installed_classes_declare() -> None:
    declared = declared_by(sys.executable)
    assert declared.keys() == {"TrainingArguments", "Seq2SeqTrainingArguments", "AcceleratorConfig"}
    assert [*differences(TRANSFORMERS[-1], declared)] == []


@needs_newest
def test_what_is_read_of_an_installed_release_is_what_the_table_has() -> None:
    newest = knowledge.releases("transformers")[-1]
    for config_class, trainer in (("TrainingArguments", "Trainer"), ("Seq2SeqTrainingArguments", "Seq2SeqTrainer")):
        names = arguments_of("transformers", config_class, newest, None)
        assert names == found(None, trainer=trainer).arguments.keys()


def declared_by(python: str) -> dict[str, Any]:
    """What `dataclasses.fields` says of the classes in an environment."""
    command = [python, str(Path(__file__).with_name("constructor.py")), "fields"]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    declared: dict[str, Any] = json.loads(output)
    return declared


def differences(release: str, declared: dict[str, Any]) -> list[str]:
    """Where the table says something else than the classes of that release."""
    table = SNAPSHOTS["transformers"][release]
    found = []
    for name, fields in declared.items():
        own = table.get(name, {})
        arguments = own if name == "AcceleratorConfig" else {**table["TrainingArguments"], **own}
        found += [
            f"{name}: {field} is in one of the two only" for field in sorted(arguments.keys() ^ fields.keys())
        ]
        for field in arguments.keys() & fields.keys():
            for fact, said, real in compared(field, arguments[field], fields[field]):
                found.append(f"{name}.{field}: its {fact} is {real!r}, and the table says {said!r}")
    return found


def compared(name: str, argument: dict[str, Any], field: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    """The facts that differ: (fact, as the table has it, as the class has it)."""
    facts = [("choices", argument.get("choices", []), field["choices"])]
    if name == "report_to":
        facts = []  # they are the keys of a mapping elsewhere
    kinds = argument["type"]
    if field["kinds"] or name != "parallelism_config":  # without accelerate it is anything
        facts.append(("kinds", [] if len(kinds) == len(wheels.KINDS) else sorted(kinds), field["kinds"]))
    default = argument.get("default")
    facts.append(("need", "default" not in argument, field["required"]))
    if isinstance(default, dict) and "one_of" in default:
        # By what is installed; none at all is what only the running program knows.
        if default["one_of"] and field["default"] not in default["one_of"]:
            facts.append(("default", default, field["default"]))
    else:
        facts.append(("default", default, field["default"]))
    return [(fact, said, real) for fact, said, real in facts if (said, type(said)) != (real, type(real))]


# Snapshots and lives

NAMES = st.sampled_from(["a", "b", "c"])
ARGUMENT = st.fixed_dictionaries(
    {"type": st.lists(st.sampled_from(wheels.KINDS), min_size=1, max_size=2, unique=True)},
    optional={
        "default": st.sampled_from([None, False, 0, 1.5, "no", [], {}, {"one_of": ["x", "y"]}]),
        "choices": st.lists(st.sampled_from(["x", "y", "z"]), min_size=1, max_size=3, unique=True),
    },
)
GROUP = st.dictionaries(NAMES, ARGUMENT, min_size=1, max_size=3)
MADE_UP = st.lists(st.dictionaries(st.sampled_from(["G", "H"]), GROUP, max_size=2), min_size=1, max_size=6)


@settings(derandomize=True, database=None)
@given(MADE_UP)
def test_lives_tell_the_snapshots_that_they_were_made_of(made_up: list[Any]) -> None:
    snapshots = {f"1.{number}": snapshot for number, snapshot in enumerate(made_up)}
    lives = history.compressed(snapshots)
    assert same(history.expanded(lives), snapshots)
    assert history.compressed(history.expanded(lives)) == lives


def same(one: Any, other: Any) -> bool:
    """Equal as JSON: 0 is not false there."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def test_an_argument_that_came_back_has_two_lives() -> None:
    argument = {"type": ["integer"], "default": 1}
    snapshots = {"1.0": {"G": {"a": argument}}, "1.1": {}, "1.2": {"G": {"a": {**argument, "default": 2}}}}
    life = history.compressed(snapshots)["groups"]["G"]["a"]
    assert life["life"] == [["1.0", "1.1"], ["1.2", None]]
    assert life["default"] == {"1.0": 1, "1.2": 2}


@pytest.mark.parametrize("package", COMMITTED)
def test_the_committed_table_is_as_short_as_its_snapshots_allow(package: str) -> None:
    content = COMMITTED[package]
    groups = {
        group: {
            name: {key: value for key, value in facts.items() if key not in generate.NOTED}
            for name, facts in arguments.items()
        }
        for group, arguments in content["groups"].items()
    }
    made = history.compressed(history.expanded(content))
    assert made == {"releases": content["releases"], "groups": groups}
    assert list(made["groups"]) == list(content["groups"])


# What a release is asked

# (transformers, trl, trainer): each release of one package, with the newest of the other
EVERY = [
    *((release, None, trainer) for release in TRANSFORMERS for trainer in ("Trainer", "Seq2SeqTrainer")),
    *((None, release, trainer) for release in TRL for trainer in COMMITTED["trl"]["trainers"]),
]


def found(transformers: str | None, trl: str | None = None, trainer: str = "Trainer") -> Release:
    return knowledge.find_release(transformers, trl, trainer)


def is_of_a_kind(argument: Argument) -> bool:
    if argument.default is UNKNOWN or not argument.kinds:
        return True
    kind = wheels._kind_of(argument.default)
    return kind in argument.kinds or (kind == "integer" and "number" in argument.kinds)


def test_every_release_has_arguments_with_defaults_of_their_kinds() -> None:
    odd = []
    for named in EVERY:
        release = found(*named)
        assert named[0] in (written(release.transformers), None)
        assert named[1] in (release.trl and written(release.trl), None)
        assert len(release.arguments) > 90
        odd += [(*named, name) for name, argument in release.arguments.items() if not is_of_a_kind(argument)]
    assert odd == []


@pytest.mark.parametrize(
    ("named", "judged"),
    [
        (("4.46", None), ((4, 46), (0, 17))),
        (("4.57", None), ((4, 57), (1, 16))),
        ((None, "0.12"), ((4, 46), (0, 12))),
        ((None, "1.16"), (knowledge.releases("transformers")[-1], (1, 16))),
    ],
)
def test_a_release_that_is_not_named_is_one_that_goes_with_the_other(
    named: tuple[str | None, str | None], judged: tuple[object, object]
) -> None:
    release = knowledge.find_release(*named, "SFTTrainer")
    assert (release.transformers, release.trl) == judged


def test_in_every_release_only_what_is_deprecated_is_spelled_otherwise() -> None:
    otherwise = []
    for named in EVERY:
        release = found(*named)
        for name in release.arguments:
            assert release.aliases(name).count(name) == 1
            spelling = release.spelling(name)
            assert spelling in release.arguments
            if spelling != name and not is_deprecated(release, name):
                otherwise.append((*named, name, spelling))
    assert otherwise == []


def is_deprecated(release: Release, name: str) -> bool:
    since = [(layer.arguments[name].get("deprecated"), layer.version) for layer in release.lives(name)]
    return any(first is not None and first <= version for first, version in since)


# Lives as they were measured, in wheels of each release: the last release that had it, the first that has not.
@pytest.mark.parametrize(
    ("name", "first", "last", "spelling"),
    [
        ("evaluation_strategy", "4.30", "4.50", "eval_strategy"),
        ("eval_strategy", "4.41", None, "eval_strategy"),
        ("warmup_ratio", "4.30", "5.14", "warmup_steps"),
        ("warmup_steps", "4.30", None, "warmup_steps"),
        ("activation_checkpointing", "5.23", None, "activation_checkpointing"),
        ("gradient_checkpointing", "4.30", None, "activation_checkpointing"),
        ("no_cuda", "4.30", "4.57", "use_cpu"),
        ("use_cpu", "4.32", None, "use_cpu"),
        ("group_by_length", "4.30", "5.1", None),
        ("train_sampling_strategy", "5.2", None, "train_sampling_strategy"),
        ("neftune_noise_alpha", "4.35", None, "neftune_noise_alpha"),
        ("accelerator_config", "4.38", None, "accelerator_config"),
        ("split_batches", "4.35", "4.50", None),
        ("tp_size", "4.50", "4.51", None),
        ("sharded_ddp", "4.30", "4.34", None),
        ("use_ipex", "4.30", "4.56", None),
        ("save_safetensors", "4.30", "4.57", None),
        ("overwrite_output_dir", "4.30", "4.57", None),
        ("logging_dir", "4.30", "5.14", None),
        ("push_to_hub_token", "4.30", "4.57", "hub_token"),
    ],
)
def test_an_argument_lives_from_its_first_release_to_its_last(
    name: str, first: str, last: str | None, spelling: str | None
) -> None:
    has = [release for release in TRANSFORMERS if name in found(release).arguments]
    start, end = TRANSFORMERS.index(first), TRANSFORMERS.index(last or TRANSFORMERS[-1])
    assert has == TRANSFORMERS[start : end + 1]
    assert found(None).spelling(name) == spelling


@pytest.mark.parametrize(
    ("name", "word", "first", "last"),
    [
        ("optim", "adamw_hf", "4.30", "4.49"),
        ("optim", "galore_adamw", "4.39", None),
        ("optim", "adamw_torch", "4.30", None),
        ("save_strategy", "best", "4.47", None),
        ("lr_scheduler_type", "warmup_stable_decay", "4.41", None),
        ("train_sampling_strategy", "batch_rebalance", "5.17", None),
    ],
)
def test_a_word_is_a_choice_from_its_first_release_to_its_last(
    name: str, word: str, first: str, last: str | None
) -> None:
    releases = {release: found(release).arguments.get(name) for release in TRANSFORMERS}
    has = [release for release, argument in releases.items() if argument and word in argument.choices]
    assert has == TRANSFORMERS[TRANSFORMERS.index(first) : TRANSFORMERS.index(last or TRANSFORMERS[-1]) + 1]


@pytest.mark.parametrize(
    ("release", "name", "default"),
    [
        ("4.34", "save_safetensors", False),
        ("4.35", "save_safetensors", True),
        ("4.53", "average_tokens_across_devices", False),
        ("4.54", "average_tokens_across_devices", True),
        ("4.57", "report_to", None),
        ("5.0", "report_to", "none"),
        ("4.31", "optim", "adamw_hf"),
        ("4.53", "optim", "adamw_torch"),
        ("5.23", "optim", UNKNOWN),
        ("5.23", "learning_rate", 5e-5),
        ("5.23", "save_steps", 500),
    ],
)
def test_a_default_is_that_of_the_release(release: str, name: str, default: object) -> None:
    assert found(release).arguments[name].default == default


@pytest.mark.parametrize(
    ("release", "name", "spelling"),
    [
        ("4.40", "eval_strategy", "evaluation_strategy"),
        ("4.41", "evaluation_strategy", "eval_strategy"),
        ("5.22", "activation_checkpointing", "gradient_checkpointing"),
        ("5.23", "gradient_checkpointing_kwargs", "activation_checkpointing_kwargs"),
        ("4.31", "use_cpu", "no_cuda"),
        ("4.57", "warmup_ratio", "warmup_ratio"),  # steps are whole numbers there
        ("4.57", "warmup_steps", "warmup_steps"),
    ],
)
def test_a_value_is_compiled_under_the_name_that_the_release_knows(release: str, name: str, spelling: str) -> None:
    assert found(release).spelling(name) == spelling


# What PyPI has beyond the table


@pytest.mark.parametrize(
    ("others", "code", "printed"),
    [
        ({}, 0, "there is data of all releases\n"),
        ({"99.0": "99.0.1"}, 1, "transformers 99.0.1\ntrl 99.0.1\ndeepspeed 99.0.1\n"),
    ],
)
def test_the_releases_that_the_table_lacks_are_listed(
    others: dict[str, str],
    code: int,
    printed: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def on_pypi(package: str, first: tuple[int, int]) -> dict[str, str]:
        known = COMMITTED[package]["releases"] if package in COMMITTED else [".".join(map(str, first))]
        return {**{release: f"{release}.3" for release in known}, **others}

    monkeypatch.setattr(wheels, "releases", on_pypi)
    monkeypatch.setattr(sys, "argv", ["history.py", "--missing"])
    assert history.main() == code
    assert capsys.readouterr().out == printed


def test_where_pypi_cannot_be_asked_none_is_missing_nor_all_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["history.py", "--missing"])
    monkeypatch.setattr(sys, "executable", "false")
    with pytest.raises(SystemExit, match="2"):
        history.main()


def test_the_tests_are_run_with_the_newest_releases_in_the_table() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f" 'transformers=={TRANSFORMERS[-1]}.*' 'trl=={TRL[-1]}.*' " in readme


def test_no_release_is_too_new_to_install_beside_configlint() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for extra in ("transformers", "train"):
        for needed in project["optional-dependencies"][extra]:
            assert not set("<=~!") & set(needed.replace(">=", "")), needed


# The editor's schema

bundle = cache(editor.bundle)

BUNDLES = ["4.30", "4.46", "4.57", "5.0", None]


@pytest.mark.parametrize("release", BUNDLES)
def test_an_editor_is_offered_exactly_what_the_release_takes(release: str | None) -> None:
    schema = bundle(release)
    Draft7Validator.check_schema(schema)
    shown = schema["definitions"]["training"]["properties"]
    offered = {name for name, argument in shown.items() if "doNotSuggest" not in argument}
    assert offered == found(release).arguments.keys() - owners().keys()


def test_every_argument_of_the_newest_releases_is_described() -> None:
    schema = bundle()
    sections = [schema["definitions"]["training"]]
    for each in schema["allOf"]:
        # What little TRL's newest trainer shares with no other is not described yet.
        training = each["then"]["properties"].get("training")
        if training and "DistillationTrainer" not in json.dumps(each["if"]):
            sections.append(schema["definitions"][training["$ref"].rpartition("/")[2]])
    for section in sections:
        for name, argument in section.get("properties", {}).items():
            if "description" in argument and "doNotSuggest" not in argument:
                assert len(argument["description"]) > 10, name


def test_an_editor_accepts_other_names_of_accelerators_than_it_proposes() -> None:
    assert Draft7Validator(bundle()).is_valid({"hardware": {"accelerator": "NVIDIA H100 80GB HBM3"}})


def test_a_release_without_data_is_named_in_the_refusal() -> None:
    with pytest.raises(UsageError, match=r"no data for transformers 4\.60"):
        bundle("4.60")


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.yaml")), ids=lambda path: path.stem)
def test_an_editor_accepts_every_example(path: Path) -> None:
    document, problems = read(Source(path.name, path.read_text(encoding="utf-8")))
    assert document
    assert not problems
    assert [error.message for error in Draft7Validator(bundle()).iter_errors(plain(document))] == []


@pytest.mark.parametrize("trainer", ["Trainer", "SFTTrainer", "GRPOTrainer"])
@pytest.mark.parametrize("release", BUNDLES[:-1])
def test_an_editor_refuses_what_the_stated_release_does_not_take(release: str, trainer: str) -> None:
    takes = found(release, None, trainer)
    stated = {"transformers": release, "trl": written(takes.trl)} if takes.trl else {"transformers": release}
    # One that a class declares anew may be in other releases than that of TrainingArguments: nothing is said.
    names = {name for layer in takes.layers for name in layer.arguments if len(takes.lives(name)) < 2}
    training = {name: sample(takes.arguments.get(name)) for name in names - owners().keys()}
    section = {"trainer": trainer, **stated, "training": training}
    refused = {error.instance for error in Draft7Validator(bundle()).iter_errors(section)}
    assert refused == training.keys() - takes.arguments.keys()


def sample(argument: Argument | None) -> object:
    """A value that an argument takes."""
    if argument is None:
        return None
    if argument.choices:
        return argument.choices[0]
    bound = argument.facts.get("minimum", 0.5 if "exclusiveMinimum" in argument.facts else 0)
    values = {"boolean": True, "integer": int(bound) or 1, "number": bound or 0.5, "string": "a", "object": {}}
    return next((values[kind] for kind in argument.kinds if kind in values), None)


def test_schemastore_would_know_the_schema_by_its_id() -> None:
    entry = json.loads((ROOT / "schemas" / "schemastore.json").read_text(encoding="utf-8"))
    assert entry["url"] == bundle()["$id"]
    assert entry.keys() == {"name", "description", "fileMatch", "url"}


SPEC = {"batch": {"effective": 64}, "hardware": {"accelerator": "a100-80gb", "devices_per_node": 8}}


@pytest.mark.parametrize(
    "training",
    [
        {"learning_rat": 2e-5},
        {"learning_rate": "2e-5"},
        {"learning_rate": -1},
        {"bf16": "false"},
        {"eval_strategy": False},
        {"eval_strategy": "never"},
        {"evaluation_strategy": "steps"},
        {"warmup_ratio": 0.1},
        {"optim": "adamw_hf"},
        {"max_steps": 2.5},
        {"dataloader_num_workers": -1},
        {"adam_beta1": 1},
        {"report_to": ["wandb", "tensorbord"]},
        {"per_device_train_batch_size": 4},
        {"deepspeed": "ds.json"},
        {"num_train_epochs": None},
        {"lr_scheduler_type": ["cosine"]},
        {"predict_with_generate": True},
        {"max_length": 1024},
    ],
    ids=json.dumps,
)
def test_an_editor_underlines_a_wrong_section(training: dict[str, Any]) -> None:
    assert not Draft7Validator(bundle()).is_valid({**SPEC, "training": training})


@pytest.mark.parametrize(
    ("release", "spec"),
    [
        (None, {"training": {"learning_rate": 2e-5, "bf16": True, "eval_strategy": "no", "optim": "adafactor"}}),
        (None, {"training": {"warmup_steps": 0.03, "report_to": "none", "debug": "underflow_overflow"}}),
        (None, {"training": {"report_to": ["wandb"], "lr_scheduler_kwargs": {"min_lr": 1e-6}}}),
        (None, {"training": {"trackio_static_space_id": "team/space", "hub_token": None}}),
        (None, {"trainer": "Seq2SeqTrainer", "training": {"predict_with_generate": True}}),
        (None, {"trainer": "SFTTrainer", "training": {"max_length": 1024, "learning_rate": 2e-5}}),
        (None, {"trainer": "MyTrainer", "training": {"its_own": 1}}),
        ("4.46", {"transformers": "4.46", "training": {"evaluation_strategy": "steps", "warmup_ratio": 0.1}}),
        ("4.46", {"transformers": "4.46", "training": {"optim": "adamw_hf", "group_by_length": True}}),
    ],
    ids=str,
)
def test_an_editor_accepts_what_the_class_takes(release: str | None, spec: dict[str, Any]) -> None:
    errors = Draft7Validator(bundle(release)).iter_errors({**SPEC, **spec})
    assert [error.message for error in errors] == []


@pytest.mark.parametrize("trainer", ["Trainer", "Seq2SeqTrainer", "GRPOTrainer"])
def test_an_argument_is_of_the_layer_that_was_asked(trainer: str) -> None:
    for layer in knowledge.find_release("5.20", None, trainer).layers:
        assert all(argument.layer is layer for argument in layer.held().values())
