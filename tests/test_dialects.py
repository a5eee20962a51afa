"""Dialects: what a file is known by, how its text is read, and that what is said of it is in its own words."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import parsed
from hypothesis import given
from hypothesis import strategies as st
from program import ENVIRONMENT, run, write

from configlint.core.diagnostic import Diagnostic
from configlint.core.dialect import Root
from configlint.core.plan import Plan
from configlint.frontends import FRONT_ENDS, could_be, of_root, tool_of
from configlint.frontends.values import coerced, value_of
from configlint.knowledge._generated import transformers
from configlint.pipeline import judge
from configlint.session import Session
from configlint.syntax.scalars import resolve_1_1

pytestmark = pytest.mark.usefixtures("here")

FLAT = """\
model_name_or_path: org/model
output_dir: out
per_device_train_batch_size: 4
gradient_accumulation_steps: 8
num_train_epochs: 3
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()  # nothing above it counts
    monkeypatch.chdir(tmp_path)


def loaded(text: str, name: str = "sft.yaml") -> tuple[Plan, list[Diagnostic]]:
    """The plan of a flat file, and all that is found in it."""
    result = Session().load(parsed(text, name), FRONT_ENDS["training_arguments"])
    [plan] = result.plans
    found, crashes = judge([plan])
    assert not crashes
    return plan, [*result.diagnostics, *found]


def lines(text: str, name: str = "sft.yaml") -> list[str]:
    write(name, text)
    out = run("check", name, "--output-format", "concise").out.splitlines()
    return [line.removeprefix(f"{name}:") for line in out]


class TestMarks:
    def test_a_flat_file_of_training_arguments_is_one(self) -> None:
        assert of_root(parsed(FLAT).root) is FRONT_ENDS["training_arguments"]
        assert (
            of_root(parsed(json.dumps(yaml.safe_load(FLAT)), "sft.json").root) is FRONT_ENDS["training_arguments"]
        )

    def test_our_own_spec_comes_first(self) -> None:
        assert (
            of_root(Root(frozenset({"configlint", "output_dir", "num_train_epochs", "seed"}))) is FRONT_ENDS["spec"]
        )

    @pytest.mark.parametrize(
        "keys",
        [
            {"learning_rate", "seed", "output_dir"},  # anybody's words
            {"num_train_epochs", "model"},
            {"name", "on", "jobs"},
        ],
    )
    def test_a_few_common_words_are_nobodys(self, keys: set[str]) -> None:
        assert of_root(Root(frozenset(keys))) is None

    def test_sections_that_are_called_like_ours_do_not_make_a_spec(self) -> None:
        theirs = "model: {name: resnet}\ndata: {path: x}\ntraining: {epochs: 3}\n"
        assert of_root(parsed(f"{theirs}hardware: {{device: cuda, workers: 4}}\n").root) is None
        assert of_root(parsed(f"{theirs}batch: {{shuffle: true}}\n").root) is None
        for ours in ("hardware: {accelerator: t4}", "hardware: {gpus: 8}", "batch: {effective: 64}", "batch: {}"):
            assert of_root(parsed(f"{theirs}{ours}\n").root) is FRONT_ENDS["spec"], ours

    def test_a_batch_and_its_hardware_make_a_spec_beside_any_number_of_other_keys(self) -> None:
        others = parsed(FLAT).source.text + "slurm: {}\nenv: {}\nscript: train.py\n"
        guessed = "batch: {global_batch_size: 64}\nhardware: {gpu: H100, count: 8}\n"
        assert of_root(parsed(others + guessed).root) is FRONT_ENDS["spec"]
        theirs = "batch: {shuffle: true}\nhardware: {workers: 8}\n"
        assert of_root(parsed(others + theirs).root) is not FRONT_ENDS["spec"]

    @pytest.mark.parametrize(
        ("tool", "keys"),
        [
            ("LLaMA-Factory", {"stage", "finetuning_type", "cutoff_len"}),
            ("ms-swift", {"tuner_type", "split_dataset_ratio"}),
            ("axolotl", {"base_model", "micro_batch_size", "sequence_len"}),
            ("DeepSpeed", {"train_micro_batch_size_per_gpu", "zero_optimization"}),
            ("Accelerate", {"distributed_type", "num_processes"}),
        ],
    )
    def test_files_of_other_tools_are_passed_over_whatever_else_is_in_them(self, tool: str, keys: set[str]) -> None:
        root = Root(frozenset(keys | parsed(FLAT).root.keys))
        assert tool_of(root) == tool
        assert of_root(root) is None

    @pytest.mark.parametrize("key", ["with_tracking", "checkpointing_steps"])
    def test_a_script_without_the_trainer_declares_its_arguments_itself(self, key: str) -> None:
        text = FLAT + f"{key}: true\nwarmup_ratio: 0.1\nevaluation_strategy: epoch\nlearning_rate: 6e-06\n"
        file = write("own.yaml", text + "# effective batch size 7 on 8 GPUs\n")
        findings = json.loads(run("check", "--quiet", "--output-format", "json", file).out)["findings"]
        assert [(each["rule"], each["severity"]) for each in findings] == [
            ("batch/claimed-otherwise", "warning"),
            ("argument/number-as-text", "warning"),
        ]
        assert "is a config of a script without the Trainer" in run("import", file).err

    def test_a_file_about_arguments_is_none_that_sets_them(self) -> None:
        text = "".join(f"{name}: {{says: what it is}}\n" for name in yaml.safe_load(FLAT))
        assert of_root(parsed(text).root) is None

    def test_a_named_file_of_another_tool_is_2_and_the_tool_is_named(self) -> None:
        result = run("check", write("lora.yaml", FLAT + "finetuning_type: lora\n"))
        message = "lora.yaml looks like a config of LLaMA-Factory, which configlint does not read yet"
        assert result == (2, "no training config found\n", f"configlint: {message}\n")
        assert run("check", "--pass-over", "lora.yaml").code == 0

    def test_a_named_file_with_keys_of_a_spec_is_told_how_to_be_one(self) -> None:
        result = run("check", write("train.yaml", "model: {}\ntraining: {}\n"))
        more = "add `configlint: 1` at its root if it is a configlint spec"
        message = f"train.yaml looks like a config of Oumi, which configlint does not read yet: {more}"
        assert result == (2, "no training config found\n", f"configlint: {message}\n")

    def test_each_dialect_could_be_in_a_text_that_has_one_of_its_words(self) -> None:
        for front_end in FRONT_ENDS.values():
            for word in front_end.DIALECT.marks.words:
                assert could_be(f'{{"{word}": 1}}'.encode())
        assert not could_be(b"name: x\njobs: {}\n")

    def test_a_folder_is_walked_for_all_dialects_at_once(self) -> None:
        write("a/sft.yaml", FLAT)
        write("b/train.yaml", "batch: {effective: 64}\nhardware: {accelerator: cpu, devices_per_node: 8}\n")
        write("c/other.yaml", "on: push\n")
        assert run("check") == (0, "2 files clean\n", "")

    def test_only_a_spec_of_our_own_is_compiled(self) -> None:
        write("sft.yaml", FLAT)
        for command in ("compile", "prove"):
            result = run(command, "sft.yaml")
            assert result[::2] == (
                2,
                "configlint: sft.yaml is a TrainingArguments file, but only a configlint spec can be compiled:"
                " `configlint import sft.yaml` makes one of it\n",
            )


class TestReading:
    @pytest.mark.parametrize(
        "text",
        [
            "2e-5", "2.0e-5", "1e5", "1.e+5", "no", "No", "off", "on", "y", "yes", "true", "~", "null", "", "010",
            "0o10", "0x1f", "1_000", "1:30", ".5", "-.inf", ".nan", "12e03", "+3", "0b11", "1.5", "word", "1.2.3",
        ],
    )  # fmt: skip
    def test_a_plain_scalar_is_what_pyyaml_makes_of_it(self, text: str) -> None:
        expected = yaml.safe_load(f"key: {text}")["key"]
        assert repr(resolve_1_1(text)) == repr(expected)

    @given(st.text("0123456789abefnoxyt.+-_:~", max_size=8).filter(lambda text: not text.startswith(("- ", "? "))))
    def test_so_is_any_text_of_such_characters(self, text: str) -> None:
        try:
            expected = yaml.safe_load(f"[{text}]") if text else [None]
        except (yaml.YAMLError, ValueError):
            return
        if len(expected) == 1 and isinstance(expected[0], str | int | float | bool | None):
            assert repr(resolve_1_1(text)) == repr(expected[0])

    def test_a_date_and_a_number_that_cannot_be_read_stay_texts(self) -> None:
        assert resolve_1_1("2026-11-28") == "2026-11-28"
        assert resolve_1_1("9" * 5000) == "9" * 5000

    def test_what_is_quoted_stays_a_text_and_json_has_its_own_numbers(self) -> None:
        document = parsed('a: "no"\nb: no\nc: [off, {d: 010}]\n').document
        assert document
        assert value_of(document, "yaml-1.1") == {"a": "no", "b": False, "c": [False, {"d": 8}]}
        assert value_of(document, "yaml-1.2") == {"a": "no", "b": "no", "c": ["off", {"d": 10}]}

    def test_in_yaml_a_text_is_the_number_that_trl_parser_makes_of_it(self) -> None:
        plan, found = loaded(FLAT + "learning_rate: 2e-5\nbf16: 'yes'\nseed: '7'\n")
        assert (plan.training["learning_rate"], plan.training["bf16"], plan.training["seed"]) == (2e-5, True, 7)
        assert found == []

    def test_in_json_nobody_makes_a_number_of_a_text(self) -> None:
        text = json.dumps({**yaml.safe_load(FLAT), "learning_rate": "2e-5"})
        assert [line.split(" ")[0:2] for line in lines(text, "sft.json")] == [
            ["1:166:", "error[argument/number-as-text]"]
        ]

    def test_of_two_equal_keys_the_last_counts(self) -> None:
        plan, _ = loaded(FLAT + "per_device_train_batch_size: 2\n")
        assert plan.batch.per_device == 2

    @pytest.mark.parametrize("value", ["${BATCH}", "'{{ batch }}'", "<fill in>"])
    def test_of_a_count_that_is_to_be_filled_in_nothing_is_said(self, value: str) -> None:
        plan, found = loaded(FLAT.replace("size: 4", f"size: {value}"))
        assert plan.batch.per_device is None
        assert found == []

    @pytest.mark.parametrize(
        ("value", "message"),
        [
            ("0", "must be 1 or more, got 0"),
            ("-1", "must be 1 or more, got -1"),
            ("2.5", "must be an integer, got 2.5"),
            ("auto", "must be an integer, got auto"),
            ("true", "must be an integer, got true"),
            ("[1]", "must be an integer, got a list or mapping"),
            ("", "must be an integer, got nothing"),
        ],
    )
    def test_a_count_is_a_positive_integer(self, value: str, message: str) -> None:
        _, [found] = loaded(FLAT.replace("steps: 8", f"steps: {value}"))
        assert found.message == f"`gradient_accumulation_steps` {message}"
        assert found.span.line == 4

    def test_texts_become_what_the_argument_wants(self) -> None:
        base = transformers.GROUPS["TrainingArguments"]
        assert coerced("2e-5", base["learning_rate"]) == 2e-5
        assert coerced("12", base["max_steps"]) == 12
        assert coerced("NO", base["bf16"]) is False
        assert coerced("linear", base["lr_scheduler_type"]) == "linear"
        assert coerced("many", base["max_steps"]) == "many"
        assert coerced(2, base["learning_rate"]) == 2


class TestWhatIsNotKnown:
    def test_the_machine_the_mesh_and_the_trainer_are_unknown(self) -> None:
        plan, found = loaded(FLAT)
        assert (plan.batch.per_device, plan.batch.accumulation) == (4, 8)
        assert plan.hardware.nodes is plan.parallel.world is plan.parallel.replicas is plan.batch.trained is None
        assert plan.parallel.data is plan.parallel.tensor is plan.launch.launcher is plan.trainer is None
        assert plan.release.config_class is None
        assert found == []

    def test_what_the_script_may_read_is_not_judged(self) -> None:
        assert loaded(FLAT + "dataset_mixer: {a: 1}\nmy_own: 3\nbeta: x\n")[1] == []

    @pytest.mark.parametrize(
        ("written", "meant"),
        [
            ("learning_rat", "learning_rate"),
            ("learning-rate", "learning_rate"),
            ("weight-decay", "weight_decay"),
            ("learning_ratee", "learning_rate"),
            ("lerning_rate", "learning_rate"),
            ("leanring_rate", "learning_rate"),
            ("warmup_stebs", "warmup_steps"),
        ],
    )
    def test_what_is_a_letter_away_from_an_argument_is_taken_for_it(self, written: str, meant: str) -> None:
        _, [found] = loaded(f"{FLAT}{written}: 1\n")
        assert (found.rule, found.severity.value, found.help) == (
            "argument/unknown",
            "warning",
            f"did you mean `{meant}`?",
        )
        assert loaded(f"{FLAT}{written}: 1\n{meant}: 0\n")[1] == []

    def test_engines_in_other_files_are_not_judged(self) -> None:
        more = "deepspeed: ds.json\nfsdp: full_shard\nfsdp_config: {xla: false}\nuse_cpu: true\n"
        assert loaded(FLAT + more)[1] == []


class TestAssumedRelease:
    OLD = FLAT + "evaluation_strategy: steps\n"

    def test_what_some_release_accepts_is_a_warning_that_names_the_one_assumed(self) -> None:
        [line] = lines(self.OLD)
        assert line.startswith("6:1: warning[argument/removed] `evaluation_strategy` ")
        newest = ".".join(map(str, transformers.RELEASES[-1]))
        assert f"(assuming transformers {newest})" in line

    def test_it_is_not_fixed_as_the_release_that_runs_it_may_not_have_the_new_name(self) -> None:
        path = write("sft.yaml", self.OLD)
        assert run("check", path, "--fix").code == 1
        assert path.read_text() == self.OLD

    def test_what_no_release_accepts_stays_an_error(self) -> None:
        [line] = lines(FLAT + "lr_scheduler_type: kosine\n")
        assert line.startswith("6:20: error[argument/unknown-choice] ")
        assert "assuming" not in line

    def test_a_deprecation_is_advice_then(self) -> None:
        [line] = lines(FLAT + "gradient_checkpointing: true\n")
        assert line.startswith("6:1: info[argument/deprecated] ")

    @pytest.mark.parametrize("release", ["5.20", "4.36"])
    def test_where_it_is_stated_there_is_no_doubt(self, release: str) -> None:
        write("configlint.toml", f'transformers = "{release}"\n')
        found = lines(self.OLD)
        assert [line.split(" ")[1] for line in found] == (["error[argument/removed]"] if release > "5" else [])

    def test_then_it_is_fixed_and_the_rest_stays_byte_for_byte(self) -> None:
        write("configlint.toml", 'transformers = "5.20"\n')
        path = write("sft.yaml", self.OLD + "warmup_ratio: 0.1  # of the run\nfp16:   no\n")
        assert run("check", path, "--fix").code == 0
        changed = self.OLD.replace("evaluation_strategy", "eval_strategy")
        assert path.read_text() == changed + "warmup_steps: 0.1  # of the run\nfp16:   no\n"

    def test_so_is_json(self) -> None:
        write("configlint.toml", 'transformers = "5.20"\n')
        text = json.dumps({**yaml.safe_load(FLAT), "evaluation_strategy": "no", "bf16": "no"}, indent=1)
        path = write("sft.json", text)
        assert run("check", path, "--fix").code == 0
        wanted = text.replace("evaluation_strategy", "eval_strategy").replace('"bf16": "no"', '"bf16": false')
        assert path.read_text() == wanted


# A name of a section, or a path, of a spec of our own.
_OWN = re.compile(
    r"\b(?:batch|hardware|parallel|launch|tuning|targets|training|arguments|data|model)\.[a-z_]+"
    r"|`(?:batch|hardware|parallel|launch|tuning|targets|training|arguments)\b|\b(?:in|to|under) training\b"
)
# Each line is wrong for some rule, and some need the machine of the settings.
WRONG = """\
per_device_train_batch_size: 3
gradient_accumulation_steps: 5
output_dir: $SCRATCH/out
num_train_epochs: -1
learning_rate: .nan
bf16: true
fp16: true
optim: adamw_hf
lr_scheduler_type: cosine_with_min_lr
warmup_steps: -3
evaluation_strategy: epoch
eval_steps: 0
save_strategy: steps
save_steps: 0.5
load_best_model_at_end: true
metric_for_best_model: train_loss
logging_steps: 0
dataloader_persistent_workers: true
dataloader_prefetch_factor: 2
accelerator_config: {split_batches: true, gradient_accumulation_kwargs: {num_steps: 4}, dispatch: true}
auto_find_batch_size: true
torch_compile_mode: max-autotune
hub_token: hf_abcdefghijklmnopqrstuvwxyzABCDEFGH
group_by_length: 3
seed: text
max_steps: 2.5
half_precision_backend: auto
ddp_find_unused_parameters: true
gradient_checkpointing: true
tf32: true
"""


def test_nothing_is_said_in_words_that_the_file_cannot_have() -> None:
    write("configlint.toml", 'transformers = "5.20"\nhardware = "2x7xv100-16gb"\n')
    write("sft.yaml", WRONG)
    findings = json.loads(run("check", "sft.yaml", "--output-format", "json").out)["findings"]
    assert len(findings) > 20
    for found in findings:
        words = " ".join([found["message"], found["help"] or "", *(each["message"] for each in found["related"])])
        assert not _OWN.search(words.replace("torch.", "")), words


def test_values_are_those_that_the_real_parsers_make(tmp_path: Path) -> None:
    """Each text in a file that TrlParser reads, beside ours."""
    pytest.importorskip("trl")
    from trl import SFTConfig, TrlParser

    values = {
        "learning_rate": "2e-5", "weight_decay": "1e-2", "max_steps": "'12'", "bf16": "'no'", "seed": "0x10",
        "save_steps": "'50'", "logging_steps": "0.5", "save_only_model": "off", "num_train_epochs": "1_0",
        "lr_scheduler_type": "cosine", "adam_beta2": ".95", "ddp_timeout": "010", "use_cpu": "yes",
    }  # fmt: skip
    path = write("sft.yaml", "output_dir: out\n" + "".join(f"{key}: {value}\n" for key, value in values.items()))
    [config] = TrlParser((SFTConfig,)).parse_args_and_config(["--config", str(path)])
    settings, _ = loaded(path.read_text())
    for name in values:
        assert settings.training[name] == getattr(config, name), name


# The recipe of CONTRIBUTING, followed to the letter in a copy.
RECIPE = '''\
"""A toy's config."""

from collections.abc import Sequence

from configlint.core.diagnostic import Diagnostic
from configlint.core.dialect import Dialect, Marks, Reader
from configlint.core.document import Mapping, Node
from configlint.core.spec import Lowered, Setting, Spec
from configlint.frontends.values import value_of

DIALECT = Dialect(
    name="toy",
    title="toy config",
    marks=Marks(("toy_batch",), lambda root: "toy_batch" in root.keys),
    names={"batch.per_device": "toy_batch", "batch.accumulation": "toy_steps", "training.*": "hf.*"},
    readers={"yaml": Reader("yaml-1.1", coerces=False, unknown="dropped")},
)


def form(document: Node) -> list[Diagnostic]:
    return []


def lower(documents: list[Mapping], assignments: Sequence[Mapping] = ()) -> Lowered:
    document = documents[-1]
    settings = {}
    for path, name in DIALECT.names.items():
        if name in document.entries:
            key, value = document.entries[name]
            settings[path] = Setting(value_of(value, "yaml-1.1"), (name,), key.span, value.span)
    if "hf" in document.entries:
        for name, (key, value) in document.entries["hf"].value.entries.items():
            settings[f"training.{name}"] = Setting(value_of(value, "yaml-1.1"), ("hf", name), key.span, value.span)
    spec = Spec(document.span.source, settings, DIALECT, DIALECT.readers["yaml"])
    return Lowered((spec,), spec)
'''


def test_a_dialect_is_a_module_and_a_line(tmp_path: Path) -> None:
    package = Path(__file__).parent.parent / "configlint"
    copy = tmp_path / "copy" / "configlint"
    shutil.copytree(package, copy, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(package.parent / "schemas", tmp_path / "copy" / "schemas")
    (copy / "frontends" / "toy.py").write_text(RECIPE)
    rooms = copy / "frontends" / "__init__.py"
    text = rooms.read_text()
    text = text.replace("spec, training_arguments\n", "spec, toy, training_arguments\n")
    rooms.write_text(text.replace('    "spec": spec,\n', '    "spec": spec,\n    "toy": toy,\n'))
    write("configlint.toml", 'hardware = "7xa100-80gb"\ntransformers = "5.20"\n')
    write("train.yaml", "toy_batch: 3\ntoy_steps: 5\nhf:\n  evaluation_strategy: steps\n  bf16: 'no'\n")

    def program(*arguments: str) -> str:
        environment = {**ENVIRONMENT, "PYTHONPATH": str(tmp_path / "copy")}
        command = [sys.executable, "-m", "configlint", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False).stdout

    found = program("check", ".", "--output-format", "concise")
    assert re.search(r"train.yaml:1:12: (info|warning)\[batch/not-power-of-two\]", found)
    assert "train.yaml:4:3: error[argument/removed] `hf.evaluation_strategy` " in found
    assert not _OWN.search(found), found
    assert "fixed" in program("check", ".", "--fix", "--fail-on", "error")
    assert (
        Path("train.yaml").read_text() == "toy_batch: 3\ntoy_steps: 5\nhf:\n  eval_strategy: steps\n  bf16: false\n"
    )
    assert os.listdir(copy / "frontends") != os.listdir(package / "frontends")
