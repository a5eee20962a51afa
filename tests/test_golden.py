"""Every example is clean, and compiles to its golden folder, to the byte.

`pytest tests/test_golden.py --write-golden` writes the folders anew; read the diff.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from conftest import plans

from configlint import pipeline
from configlint.backends import emit
from configlint.host.write import write
from configlint.pipeline import compile_spec
from configlint.session import Session

ROOT = Path(__file__).parent.parent
# Written into no example, as an example is for any release: with a new one, nothing changes here.
RELEASE = 'transformers="5.23"'
GOLDEN = Path(__file__).parent / "golden"
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))


def files(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_the_examples_are_clean_under_every_rule() -> None:
    report = pipeline.check([str(ROOT / "examples")], Session())
    assert report.diagnostics == []
    assert report.specs == len(EXAMPLES) + 1  # tiny.py constructs a trainer


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_compiles_to_its_golden_folder(
    example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "examples", "examples")
    compiled = compile_spec(f"examples/{example.name}", Session([RELEASE]), None, f"build/{example.stem}")
    write(compiled.folders)
    golden = GOLDEN / example.stem
    if request.config.getoption("--write-golden"):
        shutil.rmtree(golden, ignore_errors=True)
        shutil.copytree(f"build/{example.stem}", golden)
    assert files(tmp_path / "build" / example.stem) == files(golden)


def test_there_is_no_golden_folder_without_an_example() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {example.stem for example in EXAMPLES}


@pytest.mark.parametrize(
    ("example", "target", "product"),
    [
        ("llama-2-7b-1x24gb", None, (1, 32, 1, 32)),
        ("llama-2-7b-2x24gb", None, (2, 8, 2, 32)),
        ("llama-2-13b-1x80gb", None, (4, 8, 1, 32)),
        ("llama-2-70b-8x80gb", None, (1, 8, 8, 64)),
        ("effective-64", None, (4, 8, 2, 64)),
        ("three-targets", "laptop", (2, 32, 1, 64)),
        ("three-targets", "node", (4, 2, 8, 64)),
        ("three-targets", "cluster", (2, 1, 32, 64)),
        ("tensor-parallel", None, (4, 4, 4, 64)),
        ("slurm-hsdp", None, (4, 1, 32, 128)),
        ("cpu", None, (1, 8, 2, 16)),
    ],
)
def test_an_example_is_the_pattern_that_it_names(
    example: str, target: str | None, product: tuple[int, int, int, int]
) -> None:
    (plan,) = compile_spec(str(ROOT / "examples" / f"{example}.yaml"), Session(), target, None).plans
    batch = plan.batch
    assert (batch.per_device, batch.accumulation, plan.parallel.replicas, batch.trained) == product


@pytest.mark.parametrize(
    ("device", "parallel"),
    [("h100-80gb", "data: zero3"), ("h100-80gb", "data: zero2, tensor: 2"), ("cpu", "data: zero3")],
)
def test_what_deepspeeds_own_file_repeats_changes_no_byte(device: str, parallel: str) -> None:
    stage = parallel[len("data: zero")]
    own = "zero_optimization: {overlap_comm: true"
    pasted = (
        "train_batch_size: auto, train_micro_batch_size_per_gpu: auto, gradient_accumulation_steps: auto, "
        f"gradient_clipping: auto, bf16: {{enabled: auto}}, fp16: {{enabled: auto}}, {own}, stage: {stage}"
    )
    short, long = (
        plans(
            f"batch: {{effective: 64}}\nhardware: {{accelerator: {device}, devices_per_node: 8}}\n"
            f"parallel: {{{parallel}, deepspeed: {{{text}}}}}}}\n"
        )[0]
        for text in (own, pasted)
    )
    assert [artifact.text for artifact in emit(long)] == [artifact.text for artifact in emit(short)]
