"""What a script takes from its command line and its JSON: said only where its text says it for certain."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from program import run, write

from configlint.core.spec import ScriptParser
from configlint.frontends.parsers import script_parser

HEAD = """\
import sys
from dataclasses import dataclass, field
from transformers import HfArgumentParser, TrainingArguments

@dataclass
class Base:
    model: str

@dataclass()
class Script(Base):
    data: str = field(default="imdb")
    limit = 3

"""
PLAIN = HEAD + "parser = HfArgumentParser((Script, TrainingArguments))\n"
ARGPARSE = "import argparse, json\nparser = argparse.ArgumentParser()\n"
TRL = """\
from dataclasses import dataclass
from trl import DPOConfig, ModelConfig, ScriptArguments, TrlParser
@dataclass
class Script(ScriptArguments):
    limit: int = 3
parser = TrlParser((Script, DPOConfig, ModelConfig))
"""
READ = "script, training = parser.parse_json_file(sys.argv[1])\n"


@pytest.mark.parametrize(
    "script",
    [
        PLAIN + READ,
        PLAIN + READ.replace("sys", "json_file=sys"),
        HEAD + "HfArgumentParser([Script, TrainingArguments]).parse_json_file(sys.argv[1])\n",
        HEAD + "all = (Script, TrainingArguments)\nHfArgumentParser(dataclass_types=all).parse_json_file('x')\n",
        PLAIN + f"if len(sys.argv) == 2:\n    {READ}else:\n    parser.parse_args_into_dataclasses()\n",
        PLAIN + "parser.add_argument('--more')\n" + READ,
        PLAIN + READ.replace("parse_json_file", "parse_yaml_file"),
        "import dataclasses\nimport transformers as t\n@dataclasses.dataclass\nclass A(t.TrainingArguments):\n"
        "    model: str = ''\n    data: str = ''\nt.HfArgumentParser(A).parse_json_file('x')\n",
    ],
)
def test_the_fields_of_the_dataclasses_are_what_it_takes(script: str) -> None:
    parser = script_parser(script)
    assert parser is not None
    found = parser.fields
    assert found is not None
    assert {"model", "data", "learning_rate", "evaluation_strategy"} <= found
    assert not found & {"limit", "max_length"}


@pytest.mark.parametrize(
    "script",
    [
        PLAIN + READ.replace(")", ", allow_extra_keys=True)"),
        PLAIN + READ.replace(")", ", True)"),
        PLAIN + READ.replace("sys.argv[1]", "*sys.argv[1:]"),
        PLAIN + "parser.parse_known_args()\n" + READ,
        PLAIN + "extend(parser)\n" + READ,
        PLAIN + "read = parser.parse_json_file\n" + READ,
        PLAIN + "parser.parse_dict({})\n" + READ,
        PLAIN + READ + "other = HfArgumentParser(Base)\nother.parse_json_file('y')\n",
        PLAIN.replace("(Script, ", "(*others, ") + READ,
        PLAIN.replace("(Script, ", "(make(), ") + READ,
        PLAIN.replace("Script, Training", "Script, Own") + READ,
        "from mine import Script\n" + PLAIN.replace("class Script", "class Other") + READ,
        PLAIN.replace("class Script(Base)", "class Script(Base, Mixin)") + READ,
        PLAIN.replace("@dataclass()", "@extended") + READ,
        PLAIN.replace("transformers import", "mine import") + READ,
        PLAIN.replace("\nclass Script", "\nif more:\n    class Script: pass\n@dataclass\nclass Script") + READ,
        "from argparse import ArgumentParser as HfArgumentParser\nHfArgumentParser().parse_json_file('x')\n",
        "from trl import TrlParser\n",
        PLAIN + READ + "(\n",
        "(" * 100_000 + PLAIN,
    ],
)
def test_of_anything_else_nothing_is_said(script: str) -> None:
    assert script_parser(script) is None


@pytest.mark.parametrize(
    ("script", "options", "places", "required"),
    [
        (ARGPARSE + "parser.parse_args()\n", [], False, []),
        (ARGPARSE + "parser.add_argument('config')\nparser.parse_args()\n", [], True, []),
        (
            ARGPARSE + "parser.add_argument('config')\nparser.add_argument('data')\n"
            "parser.add_argument('--seed', '-s', type=int)\nparser.add_argument('--tag', required=True)\n"
            "if tagged:\n    parser.add_argument('--date', required=True)\n"
            "if __name__ == '__main__':\n    parser.parse_args()\n",
            ["--date", "--seed", "--tag", "-s"],
            True,
            ["data", "--tag"],
        ),
        (
            ARGPARSE + "group = parser.add_mutually_exclusive_group()\ngroup.add_argument('--config')\n"
            "parser.parse_args()\n",
            ["--config"],
            False,
            [],
        ),
        (HEAD + "HfArgumentParser(Base).parse_args_into_dataclasses()\n", ["--model"], False, []),
    ],
)
def test_the_literal_options_are_what_its_command_line_takes(
    script: str, options: list[str], places: bool, required: list[str]
) -> None:
    parser = script_parser(script.replace("import sys\n", ""))
    assert parser == ScriptParser(options=frozenset(options), places=places, required=tuple(required))


@pytest.mark.parametrize(
    "script",
    [
        ARGPARSE,
        ARGPARSE + "parser.parse_known_args()\n",
        ARGPARSE + "parser.parse_args(['--a'])\n",
        ARGPARSE + "import sys\nsys.argv.pop()\nparser.parse_args()\n",
        ARGPARSE + "if True:\n    parser.parse_args()\n",
        ARGPARSE + "for name in names:\n    parser.add_argument(name)\nparser.parse_args()\n",
        ARGPARSE + "parser.add_argument('--a', **more)\nparser.parse_args()\n",
        ARGPARSE + "deepspeed.add_config_arguments(parser)\nparser.parse_args()\n",
        ARGPARSE + "parser.add_subparsers()\nparser.parse_args()\n",
        ARGPARSE + "group = parser.add_argument_group()\nextend(group)\nparser.parse_args()\n",
        ARGPARSE.replace("Parser()", "Parser(parents=[other])") + "parser.parse_args()\n",
        ARGPARSE.replace("Parser()", "Parser(fromfile_prefix_chars='@')") + "parser.parse_args()\n",
        TRL + "parser.parse_args_and_config(return_remaining_strings=True)\n",
        TRL + "parser.parse_args_and_config(sys.argv[1:])\n",
        TRL + "parser.parse_args_and_config(fail_with_unknown_args=strict)\n",
        TRL.replace("trl import", "mine import") + "parser.parse_args_and_config()\n",
        TRL.replace("DPOConfig,", "OwnConfig,") + "parser.parse_args_and_config()\n",
    ],
)
def test_of_a_parser_that_may_take_more_nothing_is_said(script: str) -> None:
    assert script_parser(script) is None


def test_a_config_class_takes_the_file_and_argparse_the_command_line() -> None:
    script = (
        ARGPARSE + "from transformers import TrainingArguments\nparser.add_argument('config')\n"
        "TrainingArguments(**json.load(open(parser.parse_args().config)))\n"
    )
    parser = script_parser(script)
    assert parser is not None
    assert (parser.reader, parser.options, parser.places) == ("TrainingArguments", frozenset(), True)
    assert parser.fields is not None
    assert "learning_rate" in parser.fields


@pytest.mark.parametrize("more", ["", "sys.argv.pop(1)\n"])
def test_a_script_that_reads_its_first_argument_takes_no_option(more: str) -> None:
    parser = script_parser(PLAIN + more + READ)
    assert parser is not None
    assert parser.options == (None if more else frozenset())


def test_trls_parser_takes_the_fields_of_its_dataclasses_after_config() -> None:
    parser = script_parser(TRL + "parser.add_argument('--run-tag')\nparser.parse_args_and_config()\n")
    assert parser is not None
    assert parser.fields is not None
    assert {"limit", "run_tag", "env", "beta", "learning_rate"} <= parser.fields
    assert parser.of_trl == ("ScriptArguments", "ModelConfig")
    assert parser.options == {"--config"}
    assert not parser.drops
    lenient = script_parser(TRL + "parser.parse_args_and_config(fail_with_unknown_args=False)\n")
    assert lenient is not None
    assert lenient.drops


@pytest.mark.parametrize(
    ("script", "is_known"),
    [
        ("config = json.load(open('x'))\nTrainingArguments(**config)\n", True),
        ("TrainingArguments(**json.load(open('x')))\n", True),
        ("TrainingArguments(**json.load(open('fixed.json')))\n", False),
        ("config = json.load(open('x'))\nconfig['seed'] = 1\nTrainingArguments(**config)\n", False),
        ("config = json.load(open('x'))\nconfig.pop('model')\nTrainingArguments(**config)\n", False),
        ("config = json.load(open('x'))\nTrainingArguments('out', **config)\n", False),
        ("config = json.load(open('x'))\nTrainingArguments(**config, seed=1)\n", False),
        ("config = dict(a=1)\nTrainingArguments(**config)\n", False),
        ("TrainingArguments(**json.load(open('x')))\nTrainingArguments(**json.load(open('y')))\n", False),
    ],
)
def test_what_a_config_class_has_is_all_that_it_takes_of_a_whole_file(script: str, is_known: bool) -> None:
    head = "import json, sys\nfrom transformers import TrainingArguments\npath = sys.argv[1]\n"
    parser = script_parser(head + script)
    assert (parser is not None) is is_known
    if parser is not None:
        assert parser.fields is not None
        assert "learning_rate" in parser.fields
        assert "model" not in parser.fields


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()  # nothing above it counts
    monkeypatch.chdir(tmp_path)


SPEC = "batch: {effective: 64}\nhardware: {accelerator: t4, devices_per_node: 8}\nlaunch: {script: train.py}\n"


@pytest.mark.usefixtures("here")
def test_check_reads_the_script_beside_the_spec() -> None:
    write("jobs/train.py", PLAIN + READ)
    write("jobs/a.yaml", SPEC + "arguments: {model: a/b, max_length: 3}\n")
    result = run("check", "--quiet", "jobs/a.yaml")
    assert result.code == 1
    assert result.out.startswith(
        "jobs/a.yaml:4:25: warning[launch/refused-argument] train.py rejects `max_length`:"
        " none of its dataclasses has this field\n"
    )


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("script", ["\0", "\xff", PLAIN + READ + "#" * 2_000_000])
def test_a_script_that_cannot_be_read_is_no_failure(script: str) -> None:
    Path("train.py").write_bytes(script.encode("latin-1"))
    write("a.yaml", SPEC + "arguments: {wrong: 1}\n")
    assert run("check", "--quiet", "a.yaml").code == 0
    Path("train.py").unlink()
    Path("train.py").mkdir()
    assert run("check", "--quiet", "a.yaml").code == 0


HARDWARE = "batch: {effective: 8}\nhardware: {accelerator: cpu, devices_per_node: 1}\n"


@pytest.mark.heavy
@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("script", "spec", "rule"),
    [
        ("parses", "arguments: {model_name_or_path: a/b, data: c}\n", "launch/refused-argument"),
        ("parses", "trainer: SFTTrainer\narguments: {model_name_or_path: a/b}\n", "launch/refused-config"),
        ("parses_trl", "trainer: SFTTrainer\narguments: {run_tag: a, lora_r: 8}\n", None),
        ("parses_trl", "trainer: SFTTrainer\narguments: {lora_rank: 8}\n", "launch/refused-argument"),
        ("options", "", "launch/refused-config"),
    ],
)
def test_what_is_reported_ends_the_script_and_nothing_else_does(script: str, spec: str, rule: str | None) -> None:
    for package in ("transformers", "trl") if script != "options" else ():
        pytest.importorskip(package)
    shutil.copy(Path(__file__).parent / "rules" / f"{script}.txt", "train.py")
    write("a.yaml", HARDWARE + "launch: {script: train.py}\n" + spec)
    found = json.loads(run("check", "--output-format", "json", "--select", "launch", "a.yaml").out)["findings"]
    assert {each["rule"] for each in found if each["severity"] == "warning"} == ({rule} if rule else set())
    assert run("compile", "a.yaml", "-o", "out").code == 0
    launch = Path("out/launch.sh").read_text(encoding="utf-8").replace("\\\n", "")
    started = shlex.split(launch.rpartition("train.py")[2])
    words = [word.replace("$config_folder", "out") for word in started]
    assert words[-1] == "out/training_args.json"
    command = [sys.executable, "train.py", *words]
    assert (subprocess.run(command, capture_output=True, check=False).returncode != 0) is (rule is not None)
