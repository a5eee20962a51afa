"""`import`: the spec compiles to what the file says, and what cannot be said is listed."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from program import found, run, write

FILES: dict[str, str] = yaml.safe_load((Path(__file__).parent / "imports.yaml").read_text(encoding="utf-8"))
HARDWARE = ["--hardware", "1xh100-80gb"]
CALL = "from transformers import TrainingArguments\nTrainingArguments('out', {})\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()  # nothing above it counts
    monkeypatch.chdir(tmp_path)


def written(name: str) -> Path:
    text = FILES[name]
    if name.endswith(".ipynb"):
        cells = [
            {
                "cell_type": "code",
                "source": cell.splitlines(True),
                "metadata": {},
                "outputs": [],
                "execution_count": 1,
            }
            for cell in text.split("---\n")
        ]
        text = json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    return write(name, text)


def compiled(name: str) -> dict[str, Any]:
    """What the spec of a file compiles to, on one device."""
    imported = run("import", written(name), *HARDWARE)
    assert (imported.code, imported.err) == (0, ""), name
    result = run("compile", "--verify", "never", write("spec.yaml", imported.out))
    assert result.code == 0, result.err
    arguments: dict[str, Any] = json.loads(result.out)
    return arguments


@pytest.mark.parametrize("name", FILES)
def test_the_spec_has_no_error_or_warning_where_the_file_has_none(name: str) -> None:
    imported = run("import", written(name), *HARDWARE)
    before, after = (run("check", "--quiet", path, *HARDWARE) for path in (name, write("spec.yaml", imported.out)))
    assert len(found(after)) <= len(found(before)), after.out


@pytest.mark.heavy
def test_the_spec_gives_the_real_class_what_the_file_gives_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all files in one process, since it takes a while until Transformers is imported."""
    transformers = pytest.importorskip("transformers")
    trl = pytest.importorskip("trl")
    from accelerate.state import AcceleratorState, PartialState

    monkeypatch.setattr("transformers.training_args.is_torch_bf16_gpu_available", lambda: True)
    environment = dict(os.environ)

    def fresh() -> None:
        """What a construction leaves behind."""
        AcceleratorState._reset_state(True)
        PartialState._reset_state()
        transformers.integrations.deepspeed.unset_hf_deepspeed_config()
        os.environ.clear()
        os.environ.update(environment)

    for name in FILES:
        values = compiled(name)
        class_name, _, ending = name.split(".", 1)[1].partition(".")
        config = getattr(transformers, class_name, None) or getattr(trl, class_name)
        parser = transformers.HfArgumentParser(config)
        fresh()
        if ending == "yaml":
            [original] = parser.parse_yaml_file(name, allow_extra_keys=True)
        elif ending == "json":
            [original] = parser.parse_json_file(name, allow_extra_keys=True)
        else:
            names: dict[str, Any] = {}
            code = "\n".join(line for line in FILES[name].splitlines() if not line.startswith(("!", "---")))
            exec(code, names)
            original = names["args"]
        expected = facts(original)
        fresh()
        [imported] = parser.parse_dict(values, allow_extra_keys=True)
        assert facts(imported) == expected, name
    fresh()


def facts(arguments: Any) -> dict[str, Any]:
    """What a config class holds, derived arguments included."""
    held = {field.name: getattr(arguments, field.name, None) for field in dataclasses.fields(arguments)}
    deepspeed = getattr(arguments, "hf_deepspeed_config", None)
    return held | {
        "accelerator_config": vars(arguments.accelerator_config),
        "fsdp_config": dict(arguments.fsdp_config or {}, version=2) if arguments.fsdp else None,
        "fsdp_plugin_args": getattr(arguments, "fsdp_plugin_args", None),
        # Of the object, what becomes of it: `auto` is filled in.
        "deepspeed": deepspeed.config if deepspeed else None,
    }


class TestWhatCannotBeCarriedOver:
    def test_without_a_machine_hardware_is_a_comment_to_fill_in(self) -> None:
        result = run("import", written("flat.TrainingArguments.yaml"))
        assert result.code == 1
        assert (
            "\n# hardware: {accelerator: " in result.out and "batch: {per_device: 4, accumulation: 8}" in result.out
        )
        assert "does not state the machine" in result.err
        filled = result.out.replace("# hardware", "hardware")
        assert run("check", "--quiet", write("spec.yaml", filled)).code == 0

    @pytest.mark.parametrize(
        ("arguments", "what"),
        [
            ("bf16=supported()", "train.py:2:26: `bf16` is only known at runtime"),
            ("**options()", "train.py:2:1: the call takes arguments that are only known at runtime"),
            ("*options()", "train.py:2:1: the call takes arguments that are only known at runtime"),
            ("per_device_train_batch_size=size()", "`per_device_train_batch_size` is only known at runtime"),
            ("hub_token='hf_" + "a1B2" * 9 + "'", "`hub_token` holds a secret"),
            ("deepspeed='ds.json'", "`deepspeed` ds.json: write what it says in `parallel`"),
            ("deepspeed='../ds.json'", "`deepspeed` ../ds.json: write what it says in `parallel`"),
            ("fsdp='hybrid_shard'", "`fsdp` hybrid_shard: write what it says in `parallel`"),
            ("deepspeed={'zero_optimization': {'stage': 2}}", "`deepspeed` has no `gradient_clipping`"),
            ("deepspeed={'gradient_clipping': 0.3, 'zero_optimization': {'stage': 1}}", "`gradient_clipping` of"),
        ],
    )
    def test_it_is_listed_with_its_line(self, arguments: str, what: str) -> None:
        result = run("import", write("train.py", CALL.format(arguments)), *HARDWARE)
        assert result.code == 1
        assert what in result.err
        assert "a1B2" not in result.out + result.err

    def test_the_rest_is_carried_over(self) -> None:
        result = run("import", write("train.py", CALL.format("bf16=supported(), seed=3")), *HARDWARE)
        assert yaml.safe_load(result.out)["training"] == {"output_dir": "out", "seed": 3}


def test_a_removed_argument_has_the_name_of_its_release() -> None:
    path = write(
        "train.py", CALL.format("evaluation_strategy='epoch', per_gpu_train_batch_size=4, warmup_ratio=0.1")
    )
    spec = yaml.safe_load(run("import", path, *HARDWARE).out)
    assert spec["training"] == {"output_dir": "out", "eval_strategy": "epoch", "warmup_steps": 0.1}
    assert spec["batch"] == {"effective": 4, "per_device": 4}
    write("train.py", "# %pip install transformers==4.40.0\n" + path.read_text())
    spec = yaml.safe_load(run("import", path, *HARDWARE).out)
    assert spec["transformers"] == "4.40.0"
    assert spec["training"] == {"output_dir": "out", "evaluation_strategy": "epoch", "warmup_ratio": 0.1}


def test_what_a_deepspeed_config_repeats_is_left_to_compile() -> None:
    config = "{'train_micro_batch_size_per_gpu': 8, 'gradient_clipping': 1.0, 'zero_optimization': {'stage': 2}}"
    result = run("import", write("train.py", CALL.format(f"save_strategy='no', deepspeed={config}")), *HARDWARE)
    assert (result.code, yaml.safe_load(result.out)["parallel"]) == (0, {"data": "zero2"})
    assert run("check", "--quiet", write("spec.yaml", result.out)).code == 0


class TestFilesThatItNames:
    CONFIG = '{"zero_optimization": {"stage": 2, "overlap_comm": true}, "gradient_clipping": 1.0}'

    @pytest.mark.parametrize("folder", ["sub", "."])
    def test_they_are_read_beside_it_or_where_the_job_may_start(self, folder: str) -> None:
        write("sub/train.py", CALL.format("save_strategy='no', deepspeed='ds.json'"))
        write(f"{folder}/ds.json", self.CONFIG)
        result = run("import", "sub/train.py", *HARDWARE)
        assert (result.code, result.err) == (0, "")
        assert yaml.safe_load(result.out)["parallel"] == {
            "data": "zero2",
            "deepspeed": {"zero_optimization": {"overlap_comm": True}},
        }

    def test_of_fsdp_too(self) -> None:
        write("fsdp.json", '{"cpu_offload": true}')
        path = write("train.py", CALL.format("fsdp='full_shard', fsdp_config='fsdp.json'"))
        assert "parallel: {data: fsdp, fsdp: {cpu_offload: true}}\n" in run("import", path, *HARDWARE).out

    @pytest.mark.parametrize("name", ["../ds.json", "/{}/ds.json", "link.json", "ds.txt", "broken.json"])
    def test_what_is_outside_the_repository_or_no_json_is_not_read(self, name: str, tmp_path: Path) -> None:
        write("repository/.git/HEAD", "")
        write("ds.json", self.CONFIG)
        write("repository/ds.txt", self.CONFIG)
        write("repository/broken.json", self.CONFIG[:-1])
        Path("repository/link.json").symlink_to(tmp_path / "ds.json")
        name = name.format(tmp_path)
        result = run("import", write("repository/train.py", CALL.format(f"deepspeed={name!r}")), *HARDWARE)
        assert result.code == 1
        assert f"`deepspeed` {name}: write what it says in `parallel`" in result.err


class TestReleases:
    def test_those_that_the_project_pins_are_stated(self) -> None:
        write("requirements.txt", "transformers==4.40.0\n")
        spec = yaml.safe_load(run("import", write("train.py", CALL.format("warmup_ratio=0.1")), *HARDWARE).out)
        assert spec["transformers"] == "4.40.0"
        assert spec["training"]["warmup_ratio"] == 0.1

    def test_where_none_is_stated_what_the_newest_refuses_is_a_reason_to_state_one(self) -> None:
        path = write("train.py", CALL.format("jit_mode_eval=True"))
        result = run("import", path, *HARDWARE)
        assert result.code == 1
        assert '\n# transformers: "5.' in result.out
        assert "`jit_mode_eval` was removed in transformers 5.0: write `transformers`" in result.err
        write("spec.yaml", 'transformers: "4.40"\n' + result.out)
        assert run("check", "--quiet", "spec.yaml", "--fail-on", "error").code == 0

    def test_what_every_release_refuses_is_no_such_reason(self) -> None:
        result = run("import", write("train.py", CALL.format("learning_rate=-1")), *HARDWARE)
        assert (result.code, "# transformers" in result.out) == (0, False)


def test_a_count_that_is_a_text_is_a_number() -> None:
    path = write("a.json", '{"output_dir": "out", "num_train_epochs": 1, "per_device_train_batch_size": "4"}')
    assert yaml.safe_load(run("import", path, *HARDWARE).out)["batch"] == {"effective": 4, "per_device": 4}


class TestTheModel:
    SCRIPT = """\
import torch
from peft import LoraConfig
from transformers import AutoModelForCausalLM, Trainer, TrainingArguments

model = AutoModelForCausalLM.from_pretrained("meta-llama/Llama-3.1-8B", torch_dtype=torch.bfloat16)
args = TrainingArguments("out", bf16=True)
Trainer(model, args{})
"""

    def test_and_its_adapters_are_carried_over(self) -> None:
        script = self.SCRIPT.format(", peft_config=LoraConfig(r=8, target_modules='all-linear')")
        script = script.replace("Trainer(", "SFTTrainer(").replace("import Lora", "import Lora", 1)
        script = script.replace("Trainer, Tr", "Tr").replace(
            "import torch", "import torch\nfrom trl import SFTTrainer"
        )
        spec = yaml.safe_load(run("import", write("train.py", script), *HARDWARE).out)
        assert spec["model"] == {"config": "meta-llama/Llama-3.1-8B", "dtype": "bfloat16", "task": "causal-lm"}
        assert spec["tuning"] == {"method": "lora", "rank": 8, "target_modules": "all-linear"}

    def test_is_left_to_the_script_where_a_part_of_it_cannot_be_seen(self) -> None:
        script = self.SCRIPT.format("").replace("args =", "model.half()\nargs =")
        spec = yaml.safe_load(run("import", write("train.py", script), *HARDWARE).out)
        assert spec.keys() == {"batch", "hardware", "training"}


def test_of_several_calls_one_is_to_be_chosen() -> None:
    path = write("train.py", CALL.format("seed=1") + "TrainingArguments('other', seed=2)\n")
    result = run("import", path)
    assert (result.code, result.out) == (2, "")
    assert "train.py:2:1: TrainingArguments: --call 1\n" in result.err
    assert "train.py:3:1: TrainingArguments: --call 2\n" in result.err
    assert "output_dir: other" in run("import", path, "--call", "2").out
    assert run("import", path, "--call", "3").code == 2


def test_a_class_that_only_one_trainer_has_names_the_trainer() -> None:
    assert "trainer: SFTTrainer\n" in run("import", written("sft.SFTConfig.yaml"), *HARDWARE).out
    result = run("import", write("a.yaml", FILES["flat.TrainingArguments.yaml"] + "max_length: 512\n"), *HARDWARE)
    assert result.code == 1
    assert "have `max_length`" in result.err
    assert yaml.safe_load(result.out)["arguments"] == {"max_length": 512}


def test_a_file_that_is_there_is_not_overwritten() -> None:
    path = written("flat.TrainingArguments.yaml")
    command = ["import", path, *HARDWARE, "-o", "spec.yaml"]
    assert run(*command).code == 0
    assert run(*command).code == 0  # it says the same
    write("spec.yaml", "mine\n")
    result = run(*command)
    assert result.code == 1 and "spec.yaml exists" in result.err
    assert Path("spec.yaml").read_text() == "mine\n"


def test_a_spec_needs_no_import() -> None:
    assert run("import", write("spec.yaml", "batch: {effective: 8}\nhardware: {accelerator: cpu}\n")).code == 2
