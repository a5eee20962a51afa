"""`show`: the merged spec is a spec, and each value of it has its place."""

from __future__ import annotations

from pathlib import Path

import pytest
from program import run, write

from configlint.session import Session, load_one

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").glob("*.yaml"))


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()  # nothing above it counts
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("spec", EXAMPLES, ids=lambda path: path.stem)
def test_what_is_shown_of_each_target_compiles_to_the_same_files(spec: Path) -> None:
    for plan in load_one(str(spec), Session()).plans:
        target = ["--target", plan.spec.target] if plan.spec.target else []
        merged = write("merged.yaml", run("show", spec, *target).out)
        texts = [
            run("compile", "--verify", "never", "--to", name, file, *options).out
            for name in ("training_args", "launch")
            for file, options in ((spec, target), (merged, []))
        ]
        assert texts[0] == texts[1] != ""
        assert texts[2].count("torchrun") == texts[3].count("torchrun")


def test_each_value_has_the_place_where_it_was_written() -> None:
    write("base.yaml", "hardware: {accelerator: t4, devices_per_node: 8}\ntraining: {seed: 1, bf16: true}\n")
    write("a.yaml", "extends: base.yaml\nbatch: {effective: 64}\ntraining: {seed: 2}\n")
    assert run("show", "a.yaml", "--set", "training.bf16=false").out == (
        "hardware:\n"
        "  accelerator: t4      # base.yaml:1:25\n"
        "  devices_per_node: 8  # base.yaml:1:47\n"
        "training:\n"
        "  seed: 2              # a.yaml:3:18\n"
        "  bf16: false          # --set:1:15\n"
        "batch:\n"
        "  effective: 64        # a.yaml:2:20\n"
    )


def test_without_a_target_all_are_shown() -> None:
    write("a.yaml", "batch: {effective: 64}\ntargets: {one: {hardware: {nodes: 1}}, two: {hardware: {nodes: 2}}}\n")
    one, two = run("show", "a.yaml").out.split("---\n")
    assert one.startswith("# target one\nbatch:\n")
    assert two.endswith("  nodes: 2       # a.yaml:2:64\n")


def test_of_a_base_it_says_what_is_missing() -> None:
    write("a.yaml", "training: {seed: 1}\ntargets: {one: {hardware: {accelerator: t4, devices_per_node: 1}}}\n")
    result = run("show", "a.yaml")
    assert (result.code, result.err) == (0, "")
    assert result.out == (
        "# target one\n"
        "# a base: a spec that extends it must add `batch`\n"
        "training:\n"
        "  seed: 1              # a.yaml:1:18\n"
        "hardware:\n"
        "  accelerator: t4      # a.yaml:2:41\n"
        "  devices_per_node: 1  # a.yaml:2:63\n"
    )
    write("b.yaml", "configlint: 1\ntraining: {seed: 1}\n")
    assert "must add `batch` and `hardware`\n" in run("show", "b.yaml").out
    assert run("show", "a.yaml", "--target", "two").code == 2


def test_names_and_texts_that_need_quotes_have_them() -> None:
    launch = '{script: a.py, slurm: {time: "24:00:00", comment: "a: #b"}}'
    write("a.yaml", f"batch: {{effective: 64}}\nhardware: {{}}\ntraining: {{y.es: 'no'}}\nlaunch: {launch}\n")
    shown = run("show", "a.yaml").out
    for line in ('  y.es: "no" ', '    time: "24:00:00" ', '    comment: "a: #b" ', "hardware: {}\n"):
        assert line in shown


def test_a_secret_is_masked() -> None:
    secret = "hf_" + "a1B2c3D4e5" * 4
    write("a.yaml", f"batch: {{effective: 64}}\nhardware: {{nodes: 1}}\ntraining: {{hub_token: {secret}}}\n")
    shown = run("show", "a.yaml")
    assert secret not in shown.out + shown.err
    assert "hub_token: " in shown.out


def test_of_a_script_what_is_known_is_shown() -> None:
    write("a.py", "from transformers import TrainingArguments\nTrainingArguments('out', seed=int(x), bf16=True)\n")
    shown = run("show", "a.py").out
    assert "  bf16: true       # a.py:2:" in shown
    assert "  # seed           # a.py:2:" in shown
    assert ": only known at runtime\n" in shown


def test_what_cannot_be_read_is_said() -> None:
    write("a.yaml", "extends: b.yaml\nbatch: {effective: 64}\n")
    shown = run("show", "a.yaml")
    assert (shown.code, shown.out) == (1, "")
    assert "error[syntax/missing-base]" in shown.err
    assert run("show", "c.yaml").code == 2
