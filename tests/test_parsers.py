"""What a script takes from its JSON: said only where its text says it for certain."""

from __future__ import annotations

from pathlib import Path

import pytest
from program import run, write

from configlint.frontends.parsers import fields

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
READ = "script, training = parser.parse_json_file(sys.argv[1])\n"


@pytest.mark.parametrize(
    "script",
    [
        PLAIN + READ,
        PLAIN + READ.replace("sys", "json_file=sys"),
        HEAD + "HfArgumentParser([Script, TrainingArguments]).parse_json_file(sys.argv[1])\n",
        HEAD + "all = (Script, TrainingArguments)\nHfArgumentParser(dataclass_types=all).parse_json_file('x')\n",
        PLAIN + f"if len(sys.argv) == 2:\n    {READ}else:\n    parser.parse_args_into_dataclasses()\n",
        "import dataclasses\nimport transformers as t\n@dataclasses.dataclass\nclass A(t.TrainingArguments):\n"
        "    model: str = ''\n    data: str = ''\nt.HfArgumentParser(A).parse_json_file('x')\n",
    ],
)
def test_the_fields_of_the_dataclasses_are_what_it_takes(script: str) -> None:
    found = fields(script)
    assert found is not None
    assert {"model", "data", "learning_rate", "evaluation_strategy"} <= found
    assert not found & {"limit", "max_length"}


@pytest.mark.parametrize(
    "script",
    [
        PLAIN,  # it never reads a JSON file
        PLAIN + READ.replace(")", ", allow_extra_keys=True)"),
        PLAIN + READ.replace(")", ", True)"),
        PLAIN + READ.replace("sys.argv[1]", "*sys.argv[1:]"),
        PLAIN + "parser.parse_known_args()\n" + READ,
        PLAIN + "parser.add_argument('--more')\n" + READ,
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
    assert fields(script) is None


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
