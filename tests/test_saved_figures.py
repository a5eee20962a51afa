"""What `fit --save` writes is what `check` and `compile` read, without torch and without a cache."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import plan
from program import run

from configlint.core.workload import Workload
from configlint.memory.saved import KEY, as_figure, is_saved, saved

COMMIT = "0123456789abcdef0123456789abcdef01234567"
# Of a family without a closed form.
CONFIG = {
    "model_type": "mpt",
    "architectures": ["MptForCausalLM"],
    "d_model": 64,
    "n_heads": 4,
    "n_layers": 2,
    "vocab_size": 1000,
    "torch_dtype": "bfloat16",
}
SPEC = (
    "model: {{config: {}, sequence_length: 128}}\nbatch: {{effective: 8}}\n"
    "hardware: {{accelerator: rtx-4090, devices_per_node: 1}}\ntraining: {{bf16: true, logging_steps: 1}}\n"
)


def figure(batch: int, size: int, **fields: Any) -> dict[str, object]:
    step = {
        "allocated": size,
        "trained_bytes": 1000,
        "phase": "backward",
        "breakdown": {"weights": size},
        "phases": {"backward": size, "step": size // 2},
    }
    return as_figure(Workload(**{"config": {}, "batch": batch, "length": 128, "padded": batch > 1, **fields}), step)


def of(*figures: dict[str, object], **fields: Any) -> Workload:
    config = {**CONFIG, KEY: {"memory": list(figures)}}
    return Workload(**{"config": config, "batch": 1, "length": 128, **fields})


class TestFigures:
    def test_one_is_read_for_the_workload_that_it_was_made_of(self) -> None:
        found = saved(of(figure(1, 500)))
        assert found and (found.peak, found.phase, found.breakdown["weights"]) == (500, "backward", 500)

    @pytest.mark.parametrize("fields", [{"length": 64}, {"optimizer": "sgd"}, {"accumulation": 2}, {"batch": 2}])
    def test_it_says_nothing_of_another_workload(self, fields: dict[str, Any]) -> None:
        assert saved(of(figure(1, 500), **fields)) is None

    def test_between_two_batches_it_is_the_line_and_beyond_them_nothing(self) -> None:
        figures = figure(2, 200), figure(8, 800)
        sizes = [saved(of(*figures, batch=batch, padded=True)) for batch in (2, 4, 8, 16)]
        assert [size and size.peak for size in sizes] == [200, 400, 800, None]

    def test_several_devices_also_exchange_gradients(self) -> None:
        alone, many = saved(of(figure(1, 5000))), saved(of(figure(1, 5000), world=8))
        assert alone and many and many.peak - alone.peak == many.breakdown["communication"] == 1000

    def test_the_release_and_the_accelerator_may_be_others_of_their_kind(self) -> None:
        assert is_saved(of(figure(1, 500), release=(4, 57), capability=(9, 0)))
        assert not is_saved(of(figure(1, 500), capability=(7, 5)))

    @pytest.mark.parametrize(
        "held",
        [
            None,
            5,
            {"memory": 3},
            {"memory": ["x", {}, {"batch": "1"}]},
            {"memory": [{**figure(1, 5), "phase": "x"}]},
        ],
    )
    def test_what_is_no_figure_is_passed_over(self, held: object) -> None:
        assert saved(Workload({**CONFIG, KEY: held}, 1, 128)) is None


class TestCheck:
    def test_a_pinned_batch_is_judged_by_a_saved_figure(self, tmp_path: Path) -> None:
        fields = {"autocast": "bfloat16", "rank": 0, "task": "causal-lm"}
        config = {**CONFIG, KEY: {"memory": [figure(8, 30 * 2**30, **fields)]}}
        (tmp_path / "model.json").write_text(json.dumps(config))
        spec = SPEC.format("model.json").replace("effective: 8", "effective: 8, per_device: 8")
        (tmp_path / "train.yaml").write_text(spec)
        assert "error[memory/does-not-fit]" in run("check", str(tmp_path / "train.yaml")).out

    def test_where_only_the_cache_would_know_one_info_gives_the_command(self, tmp_path: Path) -> None:
        spec = tmp_path / "train.yaml"
        spec.write_text(SPEC.format("someone/My-Model"))
        said = [line for line in run("check", "--advice", str(spec)).out.splitlines() if "fit" in line]
        assert len(said) == 1 and f"`configlint fit {spec} --save`" in said[0]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the Hub in which there is one model, and the folder of a spec."""
    snapshot = tmp_path / "hf" / "hub" / "models--acme--Small" / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text(json.dumps({**CONFIG, "model_type": "llama", **LLAMA}))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    return tmp_path


LLAMA = {
    "architectures": ["LlamaForCausalLM"],
    "hidden_size": 64,
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "intermediate_size": 128,
}


class TestCache:
    def test_fit_reads_a_named_model_from_it(self, cache: Path) -> None:
        (cache / "train.yaml").write_text(SPEC.format("acme/Small"))
        assert "peak" in run("fit", str(cache / "train.yaml")).out

    def test_what_is_compiled_does_not_depend_on_it(self, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (cache / "train.yaml").write_text(SPEC.format("acme/Small"))
        with_it = run("compile", "--verify", "never", str(cache / "train.yaml")).out
        monkeypatch.setenv("HF_HOME", str(cache / "nowhere"))
        assert run("compile", "--verify", "never", str(cache / "train.yaml")).out == with_it

    def test_saving_writes_it_beside_the_spec_and_says_what_to_write(self, cache: Path) -> None:
        spec = cache / "train.yaml"
        spec.write_text(SPEC.format("acme/Small"))
        result = run("fit", "--save", str(spec))
        assert "write `config: train.model.json` under `model`" in result.err
        spec.write_text(SPEC.format("train.model.json"))
        assert plan(spec.read_text().replace("train.model.json", str(cache / "train.model.json"))).memory.estimate
        assert json.loads((cache / "train.model.json").read_text())["hidden_size"] == 64

    def test_a_file_of_somebody_elses_is_not_overwritten(self, cache: Path) -> None:
        (cache / "train.yaml").write_text(SPEC.format("acme/Small"))
        (cache / "train.model.json").write_text("{}")
        result = run("fit", "--save", str(cache / "train.yaml"))
        assert (result.code, "not written by configlint" in result.err) == (2, True)
        assert (cache / "train.model.json").read_text() == "{}"

    @pytest.mark.parametrize("name", ["../../etc/passwd", "acme/../Small", "acme/None", "Small"])
    def test_other_names_are_looked_up_nowhere_else(self, cache: Path, name: str) -> None:
        (cache / "train.yaml").write_text(SPEC.format(name))
        assert "peak" not in run("fit", str(cache / "train.yaml")).out


@pytest.mark.heavy
def test_a_model_that_is_not_modelled_is_traced_and_what_is_saved_is_read(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    spec = tmp_path / "train.yaml"
    spec.write_text(SPEC.format("config.json"))
    traced = run("fit", "--save", str(spec)).out
    assert "memory is not modelled for models of type mpt; traced" in traced
    spec.write_text(SPEC.format("train.model.json"))
    read = run("fit", str(spec)).out
    assert read.splitlines()[0] == traced.splitlines()[0]
    assert "per_device 8 x accumulation 1" in read
