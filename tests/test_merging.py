"""Spec.md's "Merging", rule by rule: bases, the file, the target, --set."""

from __future__ import annotations

from pathlib import Path

import pytest

from configlint.core.diagnostic import Diagnostic
from configlint.core.plan import Plan
from configlint.core.profile import Model
from configlint.core.spec import Setting
from configlint.session import Loaded, Session, UsageError, load_one, one, selected


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


class Folder:
    """Files of a test, and the specs that they are."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self, name: str, *assignments: str, **files: str) -> Loaded:
        """The spec of that name; a key `a__b` is the file a/b.yaml."""
        write(self.path, {key.replace("__", "/") + ".yaml": text for key, text in files.items()})
        return load_one(str(self.path / name), Session(assignments))

    def plans(self, name: str, *assignments: str, **files: str) -> list[Plan]:
        loaded = self.load(name, *assignments, **files)
        assert loaded.diagnostics == []
        return loaded.plans

    def plan(self, name: str, *assignments: str, **files: str) -> Plan:
        (plan,) = self.plans(name, *assignments, **files)
        return plan


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def value(plan: Plan, path: str) -> object:
    return plan.spec.settings[path].value


def file_of(setting: Setting) -> str:
    return Path(setting.span.source.name).name


def training(plan: Plan) -> dict[str, object]:
    return plan.training


# 1. Later wins: bases, farthest first; this file; the target, merged from all of them; --set


def test_bases_are_laid_down_farthest_first_and_the_file_last(folder: Folder) -> None:
    plan = folder.plan(
        "train.yaml",
        far="configlint: 1\ntraining: {seed: 1, max_grad_norm: 1.0, warmup_steps: 1}\n",
        near="extends: far.yaml\ntraining: {seed: 2, max_grad_norm: 2.0}\n",
        train="extends: near.yaml\nbatch: {effective: 8}\ntraining: {seed: 3}\n",
    )
    assert training(plan) == {"seed": 3, "max_grad_norm": 2.0, "warmup_steps": 1}


def test_a_target_wins_over_the_file(folder: Folder) -> None:
    bare, big = folder.plans(
        "train.yaml",
        train="batch: {effective: 8}\nhardware: {nodes: 1}\ntraining: {seed: 1}\n"
        "targets: {big: {training: {seed: 2}, hardware: {nodes: 4}}}\n",
    )
    assert (training(bare), bare.hardware.nodes, bare.spec.target) == ({"seed": 1}, 1, None)
    assert (training(big), big.hardware.nodes, big.spec.target) == ({"seed": 2}, 4, "big")


def test_a_target_of_a_base_wins_over_the_file_that_extends_it(folder: Folder) -> None:
    _, big = folder.plans(
        "train.yaml",
        team="targets: {big: {training: {seed: 2}}}\n",
        train="extends: team.yaml\nbatch: {effective: 8}\nhardware: {}\ntraining: {seed: 1}\n",
    )
    assert training(big) == {"seed": 2}


def test_a_target_is_merged_from_all_files_the_own_last(folder: Folder) -> None:
    _, big = folder.plans(
        "train.yaml",
        far="targets: {big: {training: {seed: 1, max_steps: 1, warmup_steps: 1}}}\n",
        near="extends: far.yaml\ntargets: {big: {training: {seed: 2, max_steps: 2}}}\n",
        train="extends: near.yaml\nbatch: {effective: 8}\nhardware: {}\ntargets: {big: {training: {seed: 3}}}\n",
    )
    assert training(big) == {"seed": 3, "max_steps": 2, "warmup_steps": 1}


def test_set_wins_over_everything_in_every_plan_and_the_last_of_several(folder: Folder) -> None:
    bare, big = folder.plans(
        "train.yaml",
        "training.seed=8",
        "training.seed=9",
        "hardware.nodes=3",
        train="batch: {effective: 8}\nhardware: {nodes: 1}\ntraining: {seed: 1}\n"
        "targets: {big: {training: {seed: 2}, hardware: {accelerator: t4, nodes: 4}}}\n",
    )
    for plan in (bare, big):
        assert training(plan) == {"seed": 9}
        assert plan.hardware.nodes == 3
        assert file_of(plan.spec.settings["training.seed"]) == "--set"


@pytest.mark.parametrize(
    ("assignment", "expected"),
    [
        ("training.x=2e-5", 2e-5),
        ("training.x=no", "no"),
        ("training.x='5'", "5"),
        ("training.x=", None),
        ("training.x=null", None),
        ("training.x=[1, a]", [1, "a"]),
        ("training.x={a: {b: 1}}", {"a": {"b": 1}}),
        ("training.x=a=b", "a=b"),
    ],
)
def test_what_is_set_is_read_as_in_a_file(folder: Folder, assignment: str, expected: object) -> None:
    plan = folder.plan("train.yaml", assignment, train="batch: {effective: 8}\ntraining: {x: 1}\n")
    assert training(plan) == {"x": expected}


def test_what_is_set_creates_sections(folder: Folder) -> None:
    plan = folder.plan(
        "train.yaml", "batch.per_device.max=4", "batch.effective=8", train="configlint: 1\nhardware: {}\n"
    )
    assert (plan.batch.max_per_device, plan.batch.effective) == (4, 8)


def test_what_is_set_wrongly_is_a_finding_at_its_place(folder: Folder) -> None:
    train = "configlint: 1\nbatch: {effective: 8}\n"
    loaded = folder.load("train.yaml", "batch.effective=x", "hardware.node=1", train=train)
    assert [(each.span.source.name, each.span.column, each.rule) for each in loaded.diagnostics] == [
        ("--set", 17, "schema/wrong-type"),
        ("--set", 10, "schema/unknown-key"),
    ]


@pytest.mark.parametrize(
    "assignment",
    ["batch.effective", "=5", "batch..effective=5", ".x=1", "extends=x.yaml", "targets.a={}", "configlint=1",
     "a=[1", "a=*x", "a=!x 1", "a=\ud800", "a={b: 1, b: 2}"],
)  # fmt: skip
def test_what_cannot_be_set_is_a_usage_error(assignment: str) -> None:
    with pytest.raises(UsageError, match="--set"):
        Session([assignment])


# 2. Two mappings merge key by key; everything else replaces; lists never concatenate


def test_sections_merge_key_by_key_however_deep(folder: Folder) -> None:
    plan = folder.plan(
        "train.yaml",
        team="launch: {env: {A: a, B: b}, slurm: {time: '1'}}\nparallel: {deepspeed: {a: {b: 1, c: 1}, d: 1}}\n",
        train="extends: team.yaml\nbatch: {effective: 8}\nlaunch: {env: {B: x, C: 1.10}}\n"
        "parallel: {deepspeed: {a: {c: 2}}}\n",
    )
    assert plan.spec.section("launch.env") == {"A": "a", "B": "x", "C": "1.10"}
    assert plan.spec.section("launch.slurm") == {"time": "1"}
    assert plan.spec.tree("parallel.deepspeed") == {"a": {"b": 1, "c": 2}, "d": 1}


def test_lists_replace(folder: Folder) -> None:
    plan = folder.plan(
        "train.yaml",
        team="tuning: {target_modules: [a, b]}\ntraining: {report_to: [x, y]}\n",
        train="extends: team.yaml\nbatch: {effective: 8}\n"
        "tuning: {target_modules: [c]}\ntraining: {report_to: []}\n",
    )
    assert value(plan, "tuning.target_modules") == ["c"]
    assert training(plan) == {"report_to": []}


def test_a_list_replaces_a_text_and_a_text_a_list(folder: Folder) -> None:
    files = {"one": "tuning: {target_modules: all-linear}\n", "two": "tuning: {target_modules: [a]}\n"}
    for base, own, expected in (("one", "[b]", ["b"]), ("two", "all-linear", "all-linear")):
        text = f"extends: {base}.yaml\nbatch: {{effective: 8}}\ntuning: {{target_modules: {own}}}\n"
        assert value(folder.plan("train.yaml", **files, train=text), "tuning.target_modules") == expected


def test_a_value_replaces_a_section_and_all_below_it(folder: Folder) -> None:
    plan = folder.plan(
        "train.yaml",
        team="parallel: {deepspeed: {a: {b: {c: 1}}}}\n",
        train="extends: team.yaml\nbatch: {effective: 8}\nparallel: {deepspeed: {a: 5}}\n",
    )
    assert plan.spec.tree("parallel.deepspeed") == {"a": 5}


def test_a_section_replaces_a_value(folder: Folder) -> None:
    plan = folder.plan(
        "train.yaml",
        team="parallel: {deepspeed: {a: 5}}\n",
        train="extends: team.yaml\nbatch: {effective: 8}\nparallel: {deepspeed: {a: {b: 1}}}\n",
    )
    assert plan.spec.tree("parallel.deepspeed") == {"a": {"b": 1}}


def test_a_key_with_a_dot_below_an_engine_stays_a_key(folder: Folder) -> None:
    plan = folder.plan("train.yaml", train="batch: {}\nparallel: {deepspeed: {a: 1, 'a.b': 2}}\n")
    assert plan.spec.tree("parallel.deepspeed") == {"a": 1, "a.b": 2}


# 3. Replaced whole: each value under training and arguments, hardware.accelerator, batch.per_device


@pytest.mark.parametrize("section", ["training", "arguments"])
def test_a_mapping_under_training_or_arguments_is_replaced_whole(folder: Folder, section: str) -> None:
    plan = folder.plan(
        "train.yaml",
        team=f"{section}: {{lr_scheduler_kwargs: {{a: 1, b: 2}}, other: {{c: 3}}}}\n",
        train=f"extends: team.yaml\nbatch: {{effective: 8}}\n{section}: {{lr_scheduler_kwargs: {{a: 9}}}}\n",
    )
    assert plan.spec.section(section) == {"lr_scheduler_kwargs": {"a": 9}, "other": {"c": 3}}


def test_a_target_replaces_values_under_training_whole_too(folder: Folder) -> None:
    _, big = folder.plans(
        "train.yaml",
        train="batch: {effective: 8}\nhardware: {}\ntraining: {x: {a: 1, b: 2}}\n"
        "targets: {big: {training: {x: {a: 9}}}}\n",
    )
    assert training(big) == {"x": {"a": 9}}


INLINE = "{name: mine, memory: 40, vendor: amd}"


@pytest.mark.parametrize(
    ("base", "own", "expected"),
    [
        (INLINE, "{name: other, memory: 20}", ("other", 20, None)),
        (INLINE, "cpu", ("cpu", None, "cpu")),
        ("cpu", INLINE, ("mine", 40, "amd")),
    ],
)
def test_the_accelerator_is_replaced_whole(
    folder: Folder, base: str, own: str, expected: tuple[str, float | None, str | None]
) -> None:
    plan = folder.plan(
        "train.yaml",
        team=f"hardware: {{accelerator: {base}, nodes: 2}}\n",
        train=f"extends: team.yaml\nbatch: {{effective: 8}}\nhardware: {{accelerator: {own}}}\n",
    )
    accelerator = plan.hardware.accelerator
    assert accelerator is not None
    assert (accelerator.name, accelerator.memory_gib, accelerator.vendor) == expected
    assert plan.hardware.accelerator_name == expected[0]
    assert plan.hardware.nodes == 2


@pytest.mark.parametrize(
    ("base", "own", "pinned", "most"),
    [("4", "{max: 8}", None, 8), ("{max: 8}", "4", 4, None), ("{max: 8}", "{max: 2}", None, 2)],
)
def test_the_per_device_batch_is_replaced_whole(
    folder: Folder, base: str, own: str, pinned: int | None, most: int | None
) -> None:
    plan = folder.plan(
        "train.yaml",
        team=f"batch: {{effective: 8, per_device: {base}}}\n",
        train=f"extends: team.yaml\nbatch: {{per_device: {own}}}\n",
    )
    assert (plan.batch.pinned_per_device, plan.batch.max_per_device) == (pinned, most)
    assert plan.batch.effective == 8


# 4. A target's hardware that names an accelerator replaces the section

HARDWARE = "hardware: {accelerator: a100-80gb, devices_per_node: 8, nodes: 4, reserved: 2, headroom: 0.2}\n"


def test_a_target_that_names_an_accelerator_is_another_machine(folder: Folder) -> None:
    _, laptop = folder.plans(
        "train.yaml",
        train="batch: {effective: 8}\n" + HARDWARE + "targets: {laptop: {hardware: {accelerator: t4, nodes: 1}}}\n",
    )
    hardware = laptop.hardware
    assert (hardware.accelerator_name, hardware.devices_per_node) == ("t4", None)
    assert (hardware.nodes, hardware.reserved, hardware.headroom) == (1, 0, 0.1)


def test_a_target_that_names_none_changes_the_machine(folder: Folder) -> None:
    _, half = folder.plans(
        "train.yaml", train="batch: {effective: 8}\n" + HARDWARE + "targets: {half: {hardware: {nodes: 2}}}\n"
    )
    hardware = half.hardware
    assert (hardware.accelerator_name, hardware.devices_per_node, hardware.nodes) == ("a100-80gb", 8, 2)


def test_a_target_that_takes_the_accelerator_away_keeps_the_rest_of_the_machine(folder: Folder) -> None:
    _, other = folder.plans(
        "train.yaml",
        train="batch: {effective: 8}\n" + HARDWARE + "targets: {other: {hardware: {accelerator: null}}}\n",
    )
    hardware = other.hardware
    assert (hardware.accelerator_name, hardware.devices_per_node, hardware.nodes) == (None, 8, 4)


def test_a_target_that_describes_an_accelerator_is_another_machine(folder: Folder) -> None:
    _, mine = folder.plans(
        "train.yaml",
        train="batch: {effective: 8}\n"
        + HARDWARE
        + f"targets: {{mine: {{hardware: {{accelerator: {INLINE}}}}}}}\n",
    )
    assert (mine.hardware.accelerator_name, mine.hardware.devices_per_node) == ("mine", None)


def test_the_other_sections_stay_when_the_machine_is_another(folder: Folder) -> None:
    _, laptop = folder.plans(
        "train.yaml",
        train="batch: {effective: 8}\nparallel: {tensor: 2}\n" + HARDWARE + "targets:\n"
        "  laptop: {hardware: {accelerator: t4}}\n",
    )
    assert laptop.parallel.tensor == 2


def test_a_file_that_names_an_accelerator_keeps_the_rest_of_its_bases_machine(folder: Folder) -> None:
    plan = folder.plan(
        "train.yaml",
        team=HARDWARE,
        train="extends: team.yaml\nbatch: {effective: 8}\nhardware: {accelerator: t4}\n",
    )
    assert (plan.hardware.accelerator_name, plan.hardware.devices_per_node) == ("t4", 8)


def test_a_target_in_two_files_is_one_machine_where_the_later_names_none(folder: Folder) -> None:
    _, big = folder.plans(
        "train.yaml",
        team=HARDWARE + "targets: {big: {hardware: {accelerator: h200, devices_per_node: 8}}}\n",
        train="extends: team.yaml\nbatch: {effective: 8}\ntargets: {big: {hardware: {nodes: 2}}}\n",
    )
    hardware = big.hardware
    assert (hardware.accelerator_name, hardware.devices_per_node, hardware.nodes) == ("h200", 8, 2)


# 5. null removes what was inherited; under training and arguments it is the value None


def test_null_removes_a_value_that_was_inherited(folder: Folder) -> None:
    plan = folder.plan(
        "train.yaml",
        team="batch: {effective: 8, accumulation: 4}\nhardware: {nodes: 4}\ntrl: '1.16'\n",
        train="extends: team.yaml\nbatch: {accumulation: null}\nhardware: {nodes: ~}\ntrl:\n",
    )
    assert (plan.batch.accumulation, plan.hardware.nodes, plan.trl) == (None, 1, None)
    assert not plan.given("batch.accumulation")


def test_null_removes_a_section_that_was_inherited(folder: Folder) -> None:
    plan = folder.plan(
        "train.yaml",
        team="tuning: {method: lora, rank: 8}\ntraining: {seed: 1}\nparallel: {deepspeed: {a: {b: 1}, c: 1}}\n",
        train="extends: team.yaml\nbatch: {effective: 8}\n"
        "tuning: null\ntraining: null\nparallel: {deepspeed: {a: }}\n",
    )
    assert plan.spec.section("tuning") == {}
    assert training(plan) == {}
    assert plan.spec.tree("parallel.deepspeed") == {"c": 1}
    assert [path for path in plan.spec.settings if path.startswith(("tuning", "training"))] == []


@pytest.mark.parametrize("section", ["training", "arguments"])
def test_under_training_and_arguments_null_is_the_value_none(folder: Folder, section: str) -> None:
    plan = folder.plan(
        "train.yaml",
        team=f"{section}: {{a: 1, b: 2}}\n",
        train=f"extends: team.yaml\nbatch: {{effective: 8}}\n{section}: {{a: null, c: null}}\n",
    )
    assert plan.spec.section(section) == {"a": None, "b": 2, "c": None}


def test_null_in_a_target_removes(folder: Folder) -> None:
    _, small = folder.plans(
        "train.yaml",
        train="batch: {effective: 8, per_device: {max: 4}}\nhardware: {reserved: 2, nodes: 1}\n"
        "targets: {small: {hardware: {reserved: null}, batch: {per_device: null}}}\n",
    )
    assert (small.hardware.reserved, small.batch.max_per_device) == (0, None)


def test_null_set_removes(folder: Folder) -> None:
    train = "configlint: 1\nbatch: {effective: 8, per_device: {max: 4}}\n"
    plan = folder.plan("train.yaml", "batch.per_device=null", train=train)
    assert plan.batch.max_per_device is None


def test_null_removes_a_target_that_was_inherited(folder: Folder) -> None:
    team = "targets: {a: {training: {seed: 1}}, b: {}}\n"
    own = "extends: team.yaml\nbatch: {effective: 8}\nhardware: {}\n"
    plans = folder.plans("train.yaml", team=team, train=own + "targets: {a: null}\n")
    assert [plan.spec.target for plan in plans] == [None, "b"]
    plans = folder.plans("train.yaml", team=team, train=own + "targets: null\n")
    assert [plan.spec.target for plan in plans] == [None]


def test_a_target_of_nothing_is_the_bare_spec_by_another_name(folder: Folder) -> None:
    plans = folder.plans("train.yaml", train="batch: {effective: 8}\ntraining: {seed: 1}\ntargets: {a: , b: {}}\n")
    assert [(plan.spec.target, training(plan)) for plan in plans] == [("a", {"seed": 1}), ("b", {"seed": 1})]


# 6. Paths are relative to the file that says them; findings and origins keep that file


def test_extends_is_relative_to_the_file_that_says_it(folder: Folder) -> None:
    plan = folder.plan(
        "recipes/train.yaml",
        team__bases__far="training: {seed: 1}\n",
        team__near="extends: bases/far.yaml\n",
        recipes__train="extends: ../team/near.yaml\nbatch: {effective: 8}\n",
    )
    assert training(plan) == {"seed": 1}


def test_the_models_config_is_relative_to_the_file_that_says_it(folder: Folder) -> None:
    for name, width in (("team", 1), ("recipes", 2)):
        write(folder.path, {f"{name}/model/config.json": f'{{"hidden_size": {width}}}'})
    team = "model: {config: ./model/config.json}\n"
    plan = folder.plan("recipes/train.yaml", team__a=team, recipes__train="extends: ../team/a.yaml\nbatch: {}\n")
    assert isinstance(plan.model, Model)
    assert plan.model.config == {"hidden_size": 1}
    plan = folder.plan("recipes/train.yaml", recipes__train=team + "batch: {}\n")
    assert isinstance(plan.model, Model)
    assert plan.model.config == {"hidden_size": 2}


@pytest.mark.parametrize(
    ("team", "recipe", "expected"),
    [
        ("launch: {workdir: ..}\n", "", "."),
        ("launch: {workdir: work}\n", "", "team/work"),
        ("launch: {workdir: work}\n", "launch: {workdir: .}\n", "recipes"),
        ("launch: {script: x.py}\n", "", "recipes"),
    ],
)
def test_workdir_is_relative_to_the_file_that_says_it(
    folder: Folder, team: str, recipe: str, expected: str
) -> None:
    plan = folder.plan(
        "recipes/train.yaml", team__a=team, recipes__train=f"extends: ../team/a.yaml\nbatch: {{}}\n{recipe}"
    )
    assert Path(plan.launch.workdir) == folder.path / expected


def test_origins_keep_file_line_and_target(folder: Folder) -> None:
    bare, big = folder.plans(
        "train.yaml",
        team="\n\nhardware: {nodes: 2}\ntargets:\n  big:\n    hardware:\n      nodes: 4\n",
        train="extends: team.yaml\nbatch: {effective: 8}\n",
    )
    nodes = [plan.origins["hardware.nodes"].setting for plan in (bare, big)]
    assert [(file_of(each), each.span.line, each.target) for each in nodes if each] == [
        ("team.yaml", 3, None),
        ("team.yaml", 7, "big"),
    ]
    effective = big.origins["batch.effective"].setting
    assert effective is not None
    assert (file_of(effective), effective.span.line, effective.target) == ("train.yaml", 2, None)
    assert Path(big.spec.source.name).name == "train.yaml"


def test_form_is_checked_in_every_file_at_its_place(folder: Folder) -> None:
    loaded = folder.load(
        "train.yaml",
        team="hardware:\n  node: 1\n",
        train="extends: team.yaml\nbatch: {effective: x}\n",
    )
    assert places(loaded.diagnostics) == [
        ("team.yaml", 2, "schema/unknown-key"),
        ("train.yaml", 2, "schema/wrong-type"),
    ]
    assert len(loaded.plans) == 1


def places(diagnostics: list[Diagnostic]) -> list[tuple[str, int, str]]:
    return [(Path(each.span.source.name).name, each.span.line, each.rule) for each in diagnostics]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("extends: gone.yaml\n", "no such file"),
        ("extends: .\n", "is a directory"),
        ("extends: gone/x.yaml\n", "no such file"),
        (f"extends: {'x' * 5000}\n", "name too long"),
    ],
)
def test_a_base_that_cannot_be_read_is_said_where_it_is_named(folder: Folder, text: str, message: str) -> None:
    loaded = folder.load("train.yaml", train="batch: {effective: 8}\n" + text)
    assert places(loaded.diagnostics) == [("train.yaml", 2, "syntax/missing-base")]
    assert loaded.diagnostics[0].span.column == 10
    assert message in loaded.diagnostics[0].message
    assert loaded.plans == []


def test_a_base_of_a_base_that_cannot_be_read_is_said_there(folder: Folder) -> None:
    loaded = folder.load(
        "train.yaml", team="hardware: {}\nextends: gone.yaml\n", train="extends: team.yaml\nbatch: {}\n"
    )
    assert places(loaded.diagnostics) == [("team.yaml", 2, "syntax/missing-base")]


@pytest.mark.parametrize("base", ["[1, 2]\n", "just text\n", "5\n", "--- null\n"])
def test_a_base_that_is_no_spec_is_said_where_it_is_named(folder: Folder, base: str) -> None:
    loaded = folder.load("train.yaml", team=base, train="batch: {}\nextends: team.yaml\n")
    assert places(loaded.diagnostics) == [("train.yaml", 2, "syntax/base")]
    assert loaded.plans == []


@pytest.mark.parametrize("base", ["", "# nothing yet\n"])
def test_an_empty_base_is_said_where_it_is_named(folder: Folder, base: str) -> None:
    loaded = folder.load("train.yaml", team=base, train="batch: {}\nextends: team.yaml\n")
    assert places(loaded.diagnostics) == [("train.yaml", 2, "syntax/base")]


def test_of_a_base_that_is_not_there_the_nearest_name_is_said(folder: Folder) -> None:
    loaded = folder.load("train.yaml", team="hardware: {}\n", train="batch: {}\nextends: teem.yaml\n")
    assert places(loaded.diagnostics) == [("train.yaml", 2, "syntax/missing-base")]
    assert loaded.diagnostics[0].help == "did you mean team.yaml?"


def test_a_base_that_no_file_can_be_called_is_said_where_it_is_named(folder: Folder) -> None:
    loaded = folder.load("train.yaml", train='batch: {}\nextends: "a\\0b"\n')
    assert places(loaded.diagnostics) == [("train.yaml", 2, "syntax/missing-base")]


def test_a_base_with_a_syntax_error_is_said_there(folder: Folder) -> None:
    loaded = folder.load("train.yaml", team="hardware:\n  nodes: [1\n", train="batch: {}\nextends: team.yaml\n")
    assert places(loaded.diagnostics) == [("team.yaml", 2, "syntax/invalid")]
    assert loaded.plans == []


def test_a_spec_that_extends_itself_is_said(folder: Folder) -> None:
    loaded = folder.load("train.yaml", train="batch: {}\nextends: ./train.yaml\n")
    assert places(loaded.diagnostics) == [("train.yaml", 2, "syntax/base-cycle")]
    assert "extends itself" in loaded.diagnostics[0].message


def test_a_cycle_of_bases_is_said_where_it_closes(folder: Folder) -> None:
    loaded = folder.load(
        "a.yaml",
        a="extends: b.yaml\nbatch: {}\n",
        b="hardware: {}\nextends: c.yaml\n",
        c="training: {}\n\nextends: ../" + folder.path.name + "/a.yaml\n",
    )
    assert places(loaded.diagnostics) == [("c.yaml", 3, "syntax/base-cycle")]
    assert loaded.plans == []


def test_a_cycle_among_the_bases_alone_is_said_too(folder: Folder) -> None:
    loaded = folder.load(
        "a.yaml", a="extends: b.yaml\nbatch: {}\n", b="extends: c.yaml\n", c="configlint: 1\nextends: b.yaml\n"
    )
    assert places(loaded.diagnostics) == [("c.yaml", 2, "syntax/base-cycle")]


def test_one_base_of_two_specs_is_no_cycle_and_is_read_once(folder: Folder) -> None:
    write(
        folder.path,
        {
            "team.yaml": "hardware: {nodes: 2}\n",
            "a.yaml": "extends: team.yaml\nbatch: {effective: 1}\n",
            "b.yaml": "extends: ./team.yaml\nbatch: {effective: 2}\n",
        },
    )
    session = Session()
    loaded = [load_one(str(folder.path / name), session) for name in ("a.yaml", "b.yaml")]
    assert [plan.batch.effective for each in loaded for plan in each.plans] == [1, 2]
    assert len(session.parsed) == 3


@pytest.mark.parametrize("text", ["extends: null\n", "extends:\n"])
def test_extending_nothing_is_no_base(folder: Folder, text: str) -> None:
    assert folder.plan("train.yaml", train=text + "batch: {effective: 8}\n").batch.effective == 8


@pytest.mark.parametrize("text", ["extends: 5\n", "extends: ''\n", "extends: [a.yaml]\n"])
def test_what_names_no_base_is_a_matter_of_form(folder: Folder, text: str) -> None:
    loaded = folder.load("train.yaml", train=text + "batch: {effective: 8}\n")
    assert [each.path for each in loaded.diagnostics] == ["extends"]
    assert loaded.plans == []


# 7. Plans: the bare spec if it has hardware, and one a target


def targets_of(plans: list[Plan]) -> list[str | None]:
    return [plan.spec.target for plan in plans]


def test_the_bare_spec_is_a_plan_only_if_it_has_hardware_or_no_targets(folder: Folder) -> None:
    batch, targets = "configlint: 1\nbatch: {effective: 8}\n", "targets: {b: {hardware: {nodes: 1}}, a: {}}\n"
    assert targets_of(folder.plans("train.yaml", train=batch + targets)) == ["b", "a"]
    assert targets_of(folder.plans("train.yaml", train=batch + "hardware: {}\n" + targets)) == [None, "b", "a"]
    assert targets_of(folder.plans("train.yaml", train=batch)) == [None]


def test_hardware_of_a_base_makes_the_bare_spec_a_plan(folder: Folder) -> None:
    plans = folder.plans(
        "train.yaml",
        team="hardware: {nodes: 1}\n",
        train="extends: team.yaml\nbatch: {effective: 8}\ntargets: {a: {}}\n",
    )
    assert targets_of(plans) == [None, "a"]


def test_targets_come_from_bases_too_in_the_order_that_they_appear(folder: Folder) -> None:
    plans = folder.plans(
        "train.yaml",
        far="targets: {one: {}, two: {}}\n",
        near="extends: far.yaml\ntargets: {three: {}, one: {}}\n",
        train="extends: near.yaml\nbatch: {effective: 8}\ntargets: {four: {}}\n",
    )
    assert targets_of(plans) == ["one", "two", "three", "four"]
    assert all(plan.spec.targets == ("one", "two", "three", "four") for plan in plans)


def test_a_spec_without_a_batch_is_a_base(folder: Folder) -> None:
    write(folder.path, {"team.yaml": "configlint: 1\nhardware: {nodes: 1}\n"})
    with pytest.raises(UsageError, match="is a base"):
        load_one(str(folder.path / "team.yaml"), Session())


def test_a_batch_of_a_base_makes_a_spec(folder: Folder) -> None:
    plan = folder.plan("train.yaml", team="batch: {effective: 8}\n", train="extends: team.yaml\nhardware: {}\n")
    assert plan.batch.effective == 8


def test_the_plan_of_a_command_is_the_targets_or_the_bare_one(folder: Folder) -> None:
    bare = folder.plans("train.yaml", train="batch: {effective: 8}\nhardware: {}\ntargets: {a: {}}\n")
    assert one(bare, None).spec.target is None
    assert one(bare, "a").spec.target == "a"
    with pytest.raises(UsageError, match="expected a"):
        one(bare, "z")
    only_targets = folder.plans("train.yaml", train="batch: {effective: 8}\ntargets: {a: {}, b: {}}\n")
    with pytest.raises(UsageError, match="--target: a, b"):
        one(only_targets, None)
    assert targets_of(selected(only_targets, None)) == ["a", "b"]


def test_no_plan_of_a_spec_without_targets_has_one(folder: Folder) -> None:
    plans = folder.plans("train.yaml", train="configlint: 1\nbatch: {effective: 8}\n")
    with pytest.raises(UsageError, match="the spec has no targets"):
        selected(plans, "a")


# 8. What a target must keep


def test_the_batch_that_targets_must_keep_is_that_of_the_bare_spec(folder: Folder) -> None:
    plans = folder.plans(
        "train.yaml", train="batch: {effective: 8}\ntargets: {a: {batch: {effective: 16}}, b: {hardware: {}}}\n"
    )
    assert [(plan.batch.effective, plan.reference) for plan in plans] == [(16, 8), (8, 8)]


def test_where_the_bare_spec_has_no_known_batch_it_is_that_of_the_first_target(folder: Folder) -> None:
    pinned = "batch: {per_device: 2, accumulation: 2}\n"
    machine = "{{hardware: {{accelerator: t4, devices_per_node: {0}}}}}"
    plans = folder.plans(
        "train.yaml", train=f"{pinned}targets: {{a: {machine.format(2)}, b: {machine.format(4)}}}\n"
    )
    assert [(plan.batch.effective, plan.reference) for plan in plans] == [(8, 8), (16, 8)]


# Robustness


def test_thousands_of_keys_are_merged_at_once(folder: Folder) -> None:
    """Not in the square of their number."""
    keys = "".join(f"  k{number}: {number}\n" for number in range(30_000))
    plans = folder.plans(
        "train.yaml",
        team=f"training:\n{keys}",
        train="extends: team.yaml\nbatch: {effective: 8}\nhardware: {}\ntargets: {a: {}}\n",
    )
    assert [len(plan.training) for plan in plans] == [30_000, 30_000]


def test_values_of_a_wrong_form_never_stop_the_merging(folder: Folder) -> None:
    for own in (
        "batch: 5",
        "batch: [1]",
        "hardware: x",
        "targets: 5",
        "targets: [a]",
        "targets: {a: 5}",
        "training: x",
    ):
        loaded = folder.load(
            "train.yaml",
            team="batch: {effective: 8}\nhardware: {nodes: 1}\ntargets: {a: {hardware: {accelerator: t4}}}\n",
            train=f"extends: team.yaml\n{own}\nconfiglint: 1\n",
        )
        assert loaded.diagnostics
        assert all(each.rule == "schema/wrong-type" for each in loaded.diagnostics)
        assert loaded.plans
