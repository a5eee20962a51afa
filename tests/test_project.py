"""What a project says of all its files: `[tool.configlint]`, and the releases that it pins."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from conftest import parsed
from program import CLEAN, WARNING, run, write

from configlint.knowledge import releases
from configlint.knowledge.schemas import schema_text
from configlint.project import Projects
from configlint.project.pins import pins
from configlint.session import Session

FLAT = """\
output_dir: out
per_device_train_batch_size: 4
gradient_accumulation_steps: 3
num_train_epochs: 3
"""
OLD = FLAT + "evaluation_strategy: steps\n"  # until 4.46
NEWEST = ".".join(map(str, releases("transformers")[-1]))


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository, in a folder with settings that are not its own."""
    (tmp_path / "pyproject.toml").write_text(
        '[tool.configlint]\nnonsense = 1\n[project]\ndependencies = ["trl==0.9"]\n'
    )
    repository = tmp_path / "repository"
    (repository / ".git").mkdir(parents=True)
    monkeypatch.chdir(repository)
    return repository


def pinned(*, package: str = "transformers") -> str | None:
    """The release that the project pins, as a file here would have it."""
    found = Projects().pins("sft.yaml").get(package)
    return str(found.value) if found else None


def release(path: str, text: str = OLD) -> str | None:
    """The release by which a file is judged, where somebody stated one."""
    write(path, text)
    session = Session()
    file = session.parse(path)
    front_end = session.front_end(file)
    assert front_end
    [plan] = session.load(file, front_end).plans
    return plan.transformers if plan.given("transformers") else None


class TestWhere:
    def test_the_nearest_upward_counts_and_none_beyond_the_root_of_the_repository(self) -> None:
        write("pyproject.toml", '[tool.configlint]\ntransformers = "4.40"\n')
        write("recipes/new/configlint.toml", 'transformers = "5.20"\n')
        assert release("a.yaml") == release("recipes/b.yaml") == "4.40"
        assert release("recipes/new/c.yaml") == release("recipes/new/deep/d.yaml") == "5.20"

    def test_configlint_toml_wins_over_pyproject_in_one_folder(self) -> None:
        write("pyproject.toml", '[tool.configlint]\ntransformers = "4.40"\n')
        write("configlint.toml", 'transformers = "5.20"\n')
        assert release("a.yaml") == "5.20"

    def test_a_pyproject_without_our_table_is_passed_over(self) -> None:
        write("pyproject.toml", '[tool.configlint]\ntransformers = "4.40"\n')
        write("sub/pyproject.toml", '[project]\nname = "configlint-user"\n')
        assert release("sub/a.yaml") == "4.40"

    def test_without_any_there_is_nothing(self) -> None:
        assert release("a.yaml") is None
        assert run("check", write("b.yaml", CLEAN)).code == 0

    def test_each_folder_is_looked_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        looked_at: list[str] = []
        monkeypatch.setattr(os, "listdir", lambda folder: looked_at.append(folder) or [".git"])
        projects = Projects()
        for number in range(10):
            projects.settings(f"recipes/{number}.yaml")
        assert len(looked_at) == 1


class TestForm:
    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ('hardwear = "8xh100-80gb"', "1: unknown setting `hardwear`: did you mean `hardware`?"),
            ("z = 1", "1: unknown setting `z`: expected transformers, trl, hardware, format, exclude, include"),
            ("\ntransformers = 4.57", '2: `transformers` must be a release such as "5.23", got 4.57'),
            ('transformers = "new"', '1: `transformers` must be a release such as "5.23", got new'),
            (
                'hardware = "h100"',
                "1: `hardware` must be devices and accelerator, such as \"8xa100-80gb\" or, with nodes,"
                ' "4x8xh100-80gb", got h100',
            ),
            (
                'hardware = "0xh100-80gb"',
                "1: `hardware` must be devices and accelerator, such as \"8xa100-80gb\" or, with nodes,"
                ' "4x8xh100-80gb", got 0xh100-80gb',
            ),
            ('exclude = "a"', "1: `exclude` must be a list of strings, got a"),
            ('exclude = ["a", 1]', "1: `exclude` must be a string, got 1"),
            ('format = "trl"', "1: `format` must be a table, got trl"),
            (
                'format = {"*.yaml" = "training-arguments"}',
                "1: format *.yaml must name a dialect, got training-arguments: did you mean training_arguments?",
            ),
        ],
    )  # fmt: skip
    def test_what_is_wrong_stops_with_2_and_its_line(self, text: str, message: str) -> None:
        write("a.yaml", CLEAN)
        Path("configlint.toml").write_text(text + "\n")
        assert run("check") == (2, "", f"configlint: configlint.toml:{message}\n")
        assert run("check", "a.yaml").code == run("explain", "a.yaml").code == 2

    def test_all_that_is_wrong_is_said_in_order(self) -> None:
        write("a.yaml", CLEAN)
        write("pyproject.toml", '[project]\nname = "x"\n\n[tool.configlint]\ntrl = 1\nhardwear = ""\n')
        places = [line.split(" ")[1] for line in run("check").err.splitlines()]
        assert places == ["pyproject.toml:5:", "pyproject.toml:6:"]

    @pytest.mark.parametrize("text", ["a = [", "\xff", "[tool.configlint]\nx", "a = " + "[" * 5000])
    def test_what_is_not_toml_is_2(self, text: str) -> None:
        write("a.yaml", CLEAN)
        Path("configlint.toml").write_bytes(text.encode("latin-1"))
        result = run("check")
        assert result.code == 2
        assert result.err.startswith("configlint: configlint.toml is not valid TOML: ")

    def test_a_pyproject_without_our_name_is_not_parsed(self) -> None:
        write("a.yaml", CLEAN)
        write("pyproject.toml", "this is [ not TOML\n")
        assert run("check") == (0, "1 spec clean\n", "")

    def test_the_schema_describes_every_key(self) -> None:
        properties = json.loads(schema_text("settings"))["properties"]
        assert list(properties) == ["transformers", "trl", "hardware", "format", "exclude", "include"]
        assert all(each["description"] for each in properties.values())


class TestSettings:
    def test_the_releases_are_those_of_files_that_state_none(self) -> None:
        write("configlint.toml", 'transformers = "4.40"\ntrl = "0.11"\n')
        assert release("a.yaml") == "4.40"
        spec = CLEAN + "trainer: SFTTrainer\n"
        assert release("b.yaml", spec) == "4.40"
        assert release("c.yaml", 'transformers: "5.0"\n' + spec) == "5.0"

    def test_of_a_stated_release_the_line_is_shown(self) -> None:
        write("configlint.toml", '# ours\ntransformers = "5.20"\n')
        write("a.yaml", CLEAN)
        assert "transformers = 5.20  given    configlint.toml:2:1" in run("explain", "a.yaml", "transformers").out

    @pytest.mark.parametrize(("said", "batch"), [("8xa100-80gb", 96), ("2x8xA100-80GB", 192)])
    def test_the_hardware_is_that_of_files_that_cannot_say_it(self, said: str, batch: int) -> None:
        write("configlint.toml", f'hardware = "{said}"\n')
        result = run("check", write("a.yaml", FLAT), "--output-format", "concise")
        assert f" {batch} " in result.out
        assert result.out.startswith("a.yaml:2:30: warning[batch/not-power-of-two] ")
        assert run("check", write("b.yaml", CLEAN)).code == 0  # which says it

    def test_an_unknown_accelerator_is_found_in_the_settings(self) -> None:
        write("configlint.toml", 'hardware = "8xa100-80gbs"\n')
        result = run("check", write("a.yaml", FLAT), "--output-format", "concise")
        assert "configlint.toml:1:1: error[hardware/unknown-accelerator]" in result.out

    def test_excluded_files_are_passed_over_also_where_they_are_named(self) -> None:
        write("configlint.toml", 'exclude = ["old/", "*.bad.yaml"]\n')
        for name in ("a.yaml", "old/b.yaml", "sub/c.bad.yaml"):
            write(name, WARNING)
        assert run("check").out.endswith("1 warning in 1 spec\n")
        assert run("check", "old/b.yaml", "sub/c.bad.yaml") == (0, "no training config found\n", "")
        assert run("check", "sub/c.bad.yaml", "--pass-over").code == 0
        assert run("compile", "old/b.yaml").err == "configlint: old/b.yaml is excluded by the settings\n"

    def test_patterns_are_relative_to_the_file_that_has_them(self, monkeypatch: pytest.MonkeyPatch) -> None:
        write("configlint.toml", 'exclude = ["/a.yaml"]\n')
        write("a.yaml", WARNING)
        write("sub/a.yaml", WARNING)
        monkeypatch.chdir("sub")
        assert run("check", "..").out.endswith("1 warning in 1 spec\n")

    def test_of_a_folder_only_what_is_included_is_checked_and_what_is_named_all_the_same(self) -> None:
        write("configlint.toml", 'include = ["recipes/"]\n')
        write("recipes/a.yaml", CLEAN)
        write("b.yaml", CLEAN)
        assert run("check").out == "1 spec clean\n"
        assert run("check", "b.yaml").out == "1 spec clean\n"

    def test_format_says_what_the_keys_do_not(self) -> None:
        write("configlint.toml", '[format]\n"args/*.yaml" = "training_arguments"\n')
        text = "learning_rate: fast\n"
        assert run("check", write("a.yaml", text)).code == 2
        result = run("check", write("args/a.yaml", text), "--output-format", "concise")
        assert result.out.startswith("args/a.yaml:1:16: error[argument/wrong-type] ")
        assert run("check").code == 1


LOCK = """\
version = 1

[[package]]
name = "tokenizers"
version = "0.22.1"

[[package]]
name = "transformers"
version = "4.57.1"
source = { registry = "https://pypi.org/simple" }
"""


class TestPins:
    @pytest.mark.parametrize(
        ("needed", "expected"),
        [
            ("==4.57.1", "4.57.1"),
            ("[torch]==4.57", "4.57"),
            (" == 4.40.0 ; python_version > '3.9'", "4.40.0"),
            ("<5", "4.57"),
            (">=4.40,<4.50", "4.49"),
            (">=4.49.1, <=4.50", "4.50"),
            ("<4.50.3", "4.50"),
            ("~=4.46.2", "4.46"),
            ("~=4.46", "4.57"),
            ("==4.46.*", "4.46"),
            (">=4.40", None),
            ("", None),
            ("!=4.40", None),
            ("<2", None),
            (" @ git+https://github.com/huggingface/transformers", None),
            ("-stream-generator==0.0.5", None),
        ],
    )
    def test_a_requirement_pins_a_release_exactly_or_by_an_upper_bound(
        self, needed: str, expected: str | None
    ) -> None:
        write("requirements.txt", f"numpy\ntransformers{needed}\n")
        assert pinned() == expected
        Path("requirements.txt").unlink()
        write("pyproject.toml", f'[project]\ndependencies = ["numpy", "transformers{needed}"]\n')
        assert pinned() == expected

    @pytest.mark.parametrize(
        ("line", "expected"),
        [
            ('transformers = "^4.40.1"', "4.57"),
            ('transformers = "~4.40.1"', "4.40"),
            ('transformers = "4.40.1"', "4.40.1"),
            ('transformers = {version = ">=4.40,<4.42", extras = ["torch"]}', "4.41"),
            ('transformers = "*"', None),
        ],
    )
    def test_so_does_poetrys_way_to_say_it(self, line: str, expected: str | None) -> None:
        write("pyproject.toml", f"[tool.poetry.dependencies]\n{line}\n")
        assert pinned() == expected

    @pytest.mark.parametrize("name", ["uv.lock", "poetry.lock", "pdm.lock"])
    def test_a_lock_file_wins_over_what_is_required(self, name: str) -> None:
        write("pyproject.toml", '[project]\ndependencies = ["transformers==4.40"]\n')
        write(name, LOCK)
        assert pinned() == "4.57.1"

    def test_the_nearest_folder_wins_for_each_package(self) -> None:
        write("requirements.txt", "transformers==4.40\ntrl==0.11.0\n")
        write("sub/requirements-gpu.txt", "transformers==5.20\n")
        found = Projects().pins("sub/a.yaml")
        assert {package: setting.value for package, setting in found.items()} == {
            "transformers": "5.20",
            "trl": "0.11.0",
        }

    def test_several_on_a_line_are_each_found(self) -> None:
        write("pyproject.toml", '[project]\ndependencies = ["transformers<4.50", "trl==0.11"]\n')
        assert (pinned(), pinned(package="trl")) == ("4.49", "0.11")

    def test_a_comment_pins_nothing(self) -> None:
        write("requirements.txt", "# transformers==4.40\n")
        write("pyproject.toml", '[project]\ndependencies = [\n  # "transformers==4.40",\n]\n')
        assert pinned() is None

    def test_a_pin_is_what_judges_a_file_and_the_settings_win(self) -> None:
        write("uv.lock", LOCK)
        assert release("a.yaml") == "4.57.1"
        assert "error[argument/removed]" in run("check", "a.yaml").out
        write("configlint.toml", 'transformers = "4.40"\n')
        assert release("a.yaml") == "4.40"
        assert run("check", "a.yaml").code == 0

    def test_a_spec_that_states_none_is_compiled_for_the_pinned_one(self) -> None:
        write("uv.lock", LOCK)
        write("a.yaml", CLEAN)
        assert '"transformers": "4.57.1"' in run("compile", "a.yaml", "--to", "plan", "--verify", "never").out

    def test_trl_is_nobodys_where_the_trainer_is_not_its(self) -> None:
        write("requirements.txt", "trl==0.11.0\n")
        assert not parsed_plan(CLEAN).given("trl")
        assert parsed_plan(CLEAN + "trainer: SFTTrainer\n").given("trl")

    def test_what_cannot_be_read_pins_nothing(self) -> None:
        Path("uv.lock").mkdir()
        Path("requirements.txt").write_bytes(b"transformers==4.40\xff\n\0")
        Path("requirements-x.txt").symlink_to("/dev/zero")
        assert pinned() == "4.40"

    def test_of_a_large_lock_file_the_line_is_known(self) -> None:
        write(
            "uv.lock",
            "\n".join([f'[[package]]\nname = "p{number}"\nversion = "1"' for number in range(20_000)]) + LOCK,
        )
        found = pins(os.getcwd(), {"uv.lock"})["transformers"]
        assert (found.key.line, found.key.column) == (60_008, 12)


def parsed_plan(text: str):  # type: ignore[no-untyped-def]
    session = Session()
    file = parsed(text, "p.yaml")
    front_end = session.front_end(file)
    assert front_end
    [plan] = session.load(file, front_end).plans
    return plan
