"""What a project says of all its files: `[tool.configlint]`, and the releases that it pins."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from conftest import parsed
from hypothesis import given, settings
from hypothesis import strategies as st
from program import CLEAN, WARNING, run, write

from configlint.host.patterns import compiled
from configlint.knowledge import releases
from configlint.knowledge.schemas import schema_text
from configlint.project import Projects
from configlint.project.pins import pins
from configlint.project.settings import _could_match
from configlint.session import Session

FLAT = """\
output_dir: out
per_device_train_batch_size: 4
gradient_accumulation_steps: 3
num_train_epochs: 3
"""
OLD = FLAT + "evaluation_strategy: steps\n"  # until 4.46
NEWEST = ".".join(map(str, releases("transformers")[-1]))
NEWEST_TRL = ".".join(map(str, releases("trl")[-1]))


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
            (
                "z = 1",
                "1: unknown setting `z`: expected select, ignore, per-file, severity, required-version,"
                " transformers, trl, hardware, format, exclude, include",
            ),
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
        assert {"select", "transformers", "exclude"} < properties.keys()
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

    def test_the_remedy_for_a_machine_in_one_word_is_one_word(self) -> None:
        write("configlint.toml", 'hardware = "2x8xa100"\n')
        assert "write `2x8xa100-40gb` or `2x8xa100-80gb`\n" in run("check", write("a.yaml", FLAT)).out
        assert "write `8xa100-40gb` or `8xa100-80gb`\n" in run("check", "a.yaml", "--hardware", "8xa100").out

    @settings(deadline=None)
    @given(
        st.lists(st.sampled_from(["a", "b", "/", "*", "**", "?", "[ab]", "[!b]", "\\a", "!", " "]), max_size=4),
        st.lists(st.sampled_from(["a", "b", "/"]), min_size=1, max_size=4),
    )
    def test_no_pattern_matches_a_path_without_its_words(self, parts: list[str], names: list[str]) -> None:
        pattern, path = "".join(parts), "".join(names)
        assert _could_match(pattern, path) or not compiled([pattern]).match_file(path)

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


CLASS = """\
raise SystemExit("it was run")

class TrainingArguments:
    output_dir: str | None = None
    bf16: bool = False
    activation_checkpointing: bool = False
    brand_new: int = 3
    _n_gpu: int = field(init=False, default=-1)
    shared: ClassVar[int] = 1

class Seq2SeqTrainingArguments(TrainingArguments):
    newer_still: int = 1
"""


def install(package: str, version: str, texts: dict[str, str], environment: str = ".venv") -> None:
    """What an installed package looks like, as far as it is read."""
    place = f"{environment}/lib/python3.12/site-packages"
    Path(place, f"{package}-{version}.dist-info").mkdir(parents=True)
    for name, text in texts.items():
        write(f"{place}/{name}", text)


def said(spec: str, path: str = "a.yaml") -> list[str]:
    """The findings on arguments of a spec."""
    write(path, CLEAN + spec)
    report = json.loads(run("check", path, "--output-format", "json").out)
    found = [(each["severity"], each["rule"], each["path"]) for each in report["findings"]]
    return [" ".join(each) for each in found if each[1] in ("argument/unknown", "argument/removed")]


NEW = 'transformers: "99.0"\ntraining: {output_dir: o, brand_new: 1, brand_newer: 1}\n'
UNREAD = ["warning argument/unknown training.brand_new", "warning argument/unknown training.brand_newer"]


class TestAReleaseBeyondTheData:
    def test_what_it_does_not_know_is_a_warning_and_compiled_all_the_same(self) -> None:
        assert said(NEW) == UNREAD
        result = run("check", "a.yaml")
        assert "in transformers " + NEWEST + "; this job runs transformers 99.0" in result.out
        made = json.loads(run("compile", "a.yaml", "--verify", "never").out)
        assert (made["brand_new"], made["brand_newer"]) == (1, 1)

    def test_where_it_is_installed_its_source_says_what_there_is(self) -> None:
        install("transformers", "99.0.1", {"transformers/training_args.py": CLASS})
        assert said(NEW) == ["error argument/unknown training.brand_newer"]
        result = run("check", "--advice", "a.yaml")
        assert "in transformers 99.0\n" in result.out
        assert "with the arguments of the release that is installed" in result.out
        assert said(NEW, "below/a.yaml") == ["error argument/unknown training.brand_newer"]
        # What both have is checked as before.
        assert said('transformers: "99.0"\ntraining: {output_dir: o, bf16: [1]}\n') == []
        assert "error[argument/wrong-type] `bf16` must be true or false, got a list" in run("check", "a.yaml").out

    def test_what_it_has_no_more_was_removed(self) -> None:
        install("transformers", "99.0.1", {"transformers/training_args.py": CLASS})
        training = "{gradient_checkpointing: true, logging_steps: 5, _n_gpu: 1, shared: 1}"
        spec = f'transformers: "99.0"\ntraining: {training}\n'
        assert said(spec) == [
            "error argument/removed training.gradient_checkpointing",
            "error argument/removed training.logging_steps",
            "error argument/unknown training._n_gpu",
            "error argument/unknown training.shared",
        ]
        assert f"`logging_steps` was removed after transformers {NEWEST}" in run("check", "a.yaml").out

    def test_what_is_compiled_is_the_same_with_it_and_without(self) -> None:
        write("a.yaml", CLEAN + 'transformers: "99.0"\ntraining: {gradient_checkpointing: true, brand_new: 1}\n')
        without = run("compile", "a.yaml", "--verify", "never")
        install("transformers", "99.0.1", {"transformers/training_args.py": CLASS})
        assert run("compile", "a.yaml", "--verify", "never").out == without.out
        assert "activation_checkpointing" in without.out

    def test_another_release_says_nothing_of_it(self) -> None:
        install("transformers", "99.1.0", {"transformers/training_args.py": CLASS})
        install("transformers_more", "99.0.0", {"transformers_more/training_args.py": CLASS})
        assert said(NEW) == UNREAD

    def test_an_environment_beyond_the_root_of_the_repository_is_another_ones(self) -> None:
        install("transformers", "99.0.1", {"transformers/training_args.py": CLASS}, "../.venv")
        assert said(NEW) == UNREAD

    def test_a_class_has_what_its_bases_have(self) -> None:
        texts = {"transformers/training_args.py": CLASS, "transformers/training_args_seq2seq.py": CLASS}
        install("transformers", "99.0.1", texts)
        training = "{brand_new: 1, newer_still: 1, predict_with_generate: true}"
        spec = f'trainer: Seq2SeqTrainer\ntransformers: "99.0"\ntraining: {training}\n'
        assert said(spec) == ["error argument/removed training.predict_with_generate"]
        assert said(NEW.replace("brand_newer", "newer_still")) == ["error argument/unknown training.newer_still"]

    def test_of_a_class_with_a_base_elsewhere_nothing_is_certain(self) -> None:
        for base in ("Mixin", "transformers.Mixin"):
            text = CLASS.replace("class TrainingArguments:", f"class TrainingArguments({base}):")
            install("transformers", "99.0.1", {"transformers/training_args.py": text}, f"{base}/.venv")
            assert said(NEW, f"{base}/a.yaml") == UNREAD

    def test_of_trl_the_class_is_read_and_of_transformers_the_data_holds(self) -> None:
        base = "class Shared(TrainingArguments):\n    from_the_base: int = 1\n"
        own = "class SFTConfig(Shared):\n    max_length: int = 1\n    its_own: int = 1\n"
        install("trl", "99.2.0", {"trl/trainer/base_config.py": base, "trl/trainer/sft_config.py": own})
        training = "{from_the_base: 1, its_own: 1, none: 1, bf16: true, packing: true}"
        spec = f'trainer: SFTTrainer\ntrl: "99.2"\ntraining: {training}\n'
        assert said(spec) == [
            "error argument/unknown training.none",
            "error argument/removed training.packing",
        ]
        assert said(spec.replace("99.2", "99.3"))[0] == "warning argument/unknown training.from_the_base"

    def test_a_release_that_a_project_pins_is_looked_for_too(self) -> None:
        write("requirements.txt", "transformers==99.0.1\n")
        assert said(NEW.partition("\n")[2]) == UNREAD
        install("transformers", "99.0.1", {"transformers/training_args.py": CLASS})
        assert said(NEW.partition("\n")[2]) == ["error argument/unknown training.brand_newer"]


def test_editors_get_the_schema_of_the_releases_that_the_project_pins() -> None:
    write("requirements.txt", "transformers==4.40.1\n")
    assert run("schema").out == run("schema", "--transformers", "4.40").out
    write("requirements.txt", "transformers==99.1\n")
    assert run("schema").out == (Path(__file__).parent.parent / "schemas" / "editor.schema.json").read_text("utf-8")
