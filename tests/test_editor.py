"""What editors show of a spec: the YAML language server with the schema that `configlint schema` prints."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from conftest import name_of
from language_server import Editor, editor, program
from program import run
from test_rules import ALL, cases

from configlint import knowledge
from configlint.core.diagnostic import Severity
from configlint.core.release import written
from configlint.pipeline import check
from configlint.session import Session

pytestmark = pytest.mark.heavy
ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
MODELINE = "# yaml-language-server: $schema=.spec.schema.json\n"
SPEC = "batch: {effective: 64}\nhardware: {accelerator: a100-80gb, devices_per_node: 8}\n"
NUMBERS = count(1)
MISSPELT = "training: {learning_rat: 1.0e-4}\n"


def server() -> str:
    found = program()
    if found is None:
        pytest.skip("there is no YAML language server: npm install --prefix .venv-test yaml-language-server")
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("specs")
    (folder / ".spec.schema.json").write_text(run("schema").out, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def opened(folder: Path) -> Iterator[Editor]:
    with editor(server(), folder) as opened:
        yield opened


@pytest.fixture
def path(folder: Path) -> Path:
    """A spec that is not open yet."""
    return folder / f"{next(NUMBERS)}.yaml"


def said(opened: Editor, path: Path, text: str) -> list[str]:
    return [problem["message"] for problem in opened.problems(path, MODELINE + text)]


@pytest.mark.parametrize(
    ("text", "message", "actions"),
    [
        (
            MISSPELT,
            "TrainingArguments has no argument of this name: put script-only settings under `arguments`",
            [],
        ),
        (
            "training: {evaluation_strategy: epoch}\n",
            "`evaluation_strategy` was removed in transformers 4.51: write `eval_strategy`",
            ["eval_strategy"],
        ),
        (
            'transformers: "4.30"\ntraining: {eval_strategy: epoch}\n',
            "`eval_strategy` was added in transformers 4.41",
            [],
        ),
        (
            "training: {per_device_train_batch_size: 8}\n",
            "`per_device_train_batch_size` is set by configlint from batch.per_device: do not write it here",
            [],
        ),
        (
            "trainer: SFTTrainer\ntraining: {beta: 0.1}\n",
            "SFTConfig has no argument of this name: put script-only settings under `arguments`",
            [],
        ),
    ],
)
def test_a_name_that_is_not_accepted_is_one_short_message(
    opened: Editor, path: Path, text: str, message: str, actions: list[str]
) -> None:
    (problem,) = opened.problems(path, MODELINE + SPEC + text)
    assert problem["message"] == message
    assert opened.actions(path, [problem]) == actions


@pytest.mark.parametrize(
    ("release", "messages"),
    [
        ("4.46", []),
        ("5.22", []),
        (
            "5.23",
            ["`gradient_checkpointing` was deprecated in transformers 5.23: write `activation_checkpointing`"],
        ),
    ],
)
def test_a_deprecation_is_that_of_the_release_that_the_file_states(
    opened: Editor, path: Path, release: str, messages: list[str]
) -> None:
    text = f'transformers: "{release}"\n{SPEC}training: {{gradient_checkpointing: true}}\n'
    assert said(opened, path, text) == messages


@pytest.mark.parametrize(
    "text",
    [
        "targets: {node: {training: {num_train_epochs: three}}}\n",
        "targets: {node: {training: {learning_rat: 1.0e-4}}}\n",
        "extends: team.yaml\ntraining: {num_train_epochs: three}\n",
        "extends: team.yaml\ntrainer: DPOTrainer\ntraining: {beta: high}\n",
        'extends: team.yaml\ntransformers: "5.24"\ntraining: {evaluation_strategy: epoch}\n',
        'trl: "1.16"\ntrainer: SFTTrainer\ntraining: {evaluation_strategy: epoch}\n',
        'transformers: "4.40"\ntargets: {new: {transformers: "5.24", training: {evaluation_strategy: epoch}}}\n',
        'targets: {old: {transformers: "4.40", training: {eval_strategy: epoch}}}\n',
        'trainer: SFTTrainer\ntargets: {old: {trl: "0.9", training: {max_length: 512}}}\n',
        'targets: {old: {transformers: "4.46", training: {learning_rat: 1.0e-4}}}\n',
    ],
)
def test_targets_and_specs_with_a_base_are_checked(opened: Editor, path: Path, text: str) -> None:
    assert len(said(opened, path, SPEC + text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        # The base may state an older release, or the trainer.
        "extends: team.yaml\ntraining: {evaluation_strategy: epoch, beta: 0.1}\n",
        "extends: team.yaml\ntraining: {its_own: 1}\n",
        # TRL 0.12 is the only one that does not run with the newest Transformers.
        'trl: "0.12"\ntrainer: SFTTrainer\ntraining: {evaluation_strategy: epoch}\n',
        'targets: {old: {transformers: "4.40", training: {evaluation_strategy: epoch}}}\n',
        "targets: {dpo: {trainer: DPOTrainer, training: {beta: 0.1}}}\n",
        "trainer: MyTrainer\ntraining: {its_own: 1}\n",
        'trl: "0.9"\ntransformers: "4.40"\ntrainer: SFTTrainer\n'
        "training: {max_seq_length: 512, evaluation_strategy: epoch}\n",
    ],
)
def test_nothing_is_said_of_what_the_file_does_not_show(opened: Editor, path: Path, text: str) -> None:
    assert said(opened, path, SPEC + text) == []


@pytest.mark.parametrize(
    ("text", "proposed"),
    [
        ("hardware: {accelerator: ", [*knowledge.names("hardware"), *knowledge.instances()]),
        ("model:\n  config: ", [*knowledge.names("models")]),
        ("model:\n  attention: ", ["sdpa", "eager", "flash_attention_2", "flex_attention"]),
        ("trainer: ", [*knowledge.trainers()]),
        ("transformers: ", [f'"{written(each)}"' for each in knowledge.releases("transformers")]),
        ("trl: ", [f'"{written(each)}"' for each in knowledge.releases("trl")]),
        ("trainer: GRPOTrainer\ntraining:\n  ", ["num_generations", "learning_rate"]),
        ("training:\n  optim: ", ["adamw_torch_fused"]),
    ],
)
def test_everything_that_is_known_is_proposed(opened: Editor, path: Path, text: str, proposed: list[str]) -> None:
    lines = (MODELINE + text).split("\n")
    text = MODELINE + text + ("}" if "{" in text else "") + "\n"
    found = opened.proposals(path, text, len(lines) - 1, len(lines[-1]))
    assert {*proposed} <= {*found}


def test_what_is_gone_or_derived_is_not_proposed(opened: Editor, path: Path) -> None:
    found = opened.proposals(path, MODELINE + "training:\n  \n", 2, 2)
    assert "eval_strategy" in found
    assert not {"evaluation_strategy", "per_device_train_batch_size", "num_generations"} & {*found}


def test_an_argument_is_explained(opened: Editor, path: Path) -> None:
    text = MODELINE + SPEC + "training: {learning_rate: 2.0e-5}\n"
    assert "Default: 5e-05" in opened.hover(path, text, 3, 14)


def test_what_configlint_calls_clean_is_clean_in_an_editor(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = server()
    monkeypatch.chdir(folder)
    Path("train.py").touch()
    clean = [case.strip() for rule in ALL for case in cases(rule) if is_clean(case)]
    assert len(clean) > 500
    # One file of many documents: the server waits before each file.
    text = "\n---\n".join([*clean, SPEC + MISSPELT])
    with editor(found, folder, schemas={".spec.schema.json": ["*.yaml"]}) as opened:
        (problem,) = opened.problems(folder / "clean.yaml", text)
    assert problem["message"].startswith("TrainingArguments has no argument of this name"), problem


def is_clean(case: str) -> bool:
    if name_of(case) == "train.py" or re.search("# (?:error|warning)[:[]", case):
        return False
    Path("case.yaml").write_text(case, encoding="utf-8")
    return all(found.severity is Severity.INFO for found in check(["case.yaml"], Session(), None).diagnostics)


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.yaml")), ids=lambda path: path.stem)
def test_an_example_with_the_schema_that_it_names_is_clean(opened: Editor, path: Path) -> None:
    assert opened.problems(path, path.read_text(encoding="utf-8")) == []


def test_the_settings_in_the_readme_are_for_specs_in_subfolders(folder: Path) -> None:
    (settings,) = (json.loads(block) for block in re.findall(r"^```json\n(.*?)^```", README, re.M | re.S))
    with editor(server(), folder, schemas=settings["yaml.schemas"]) as opened:
        for name in ("recipes/large/train.yaml", "a.configlint.yaml", "deep/b.configlint.yaml"):
            assert len(opened.problems(folder / name, SPEC + MISSPELT)) == 1, name
        assert opened.problems(folder / "elsewhere" / "train.yaml", SPEC + MISSPELT) == []


def test_the_line_in_the_readme_is_for_a_spec_in_a_subfolder(opened: Editor, folder: Path) -> None:
    (line,) = re.findall(r"^# yaml-language-server: .*\n", README, re.MULTILINE)
    assert len(opened.problems(folder / "recipes" / "train.yaml", line + SPEC + MISSPELT)) == 1
