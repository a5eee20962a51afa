"""What `compile` writes: all or nothing, the same bytes everywhere, compared with what is there."""

from __future__ import annotations

import datetime
import json
import os
import re
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from program import CLEAN, ENVIRONMENT, ERROR, WARNING, Result, run, write

from configlint.core.artifact import Artifact
from configlint.host import write as output

# The rule speaks first, unless it is told not to.
IGNORED = "# configlint: ignore[parallel/unbuilt-mesh] tried elsewhere"
SPEC = """\
batch: {effective: 64, per_device: {max: 4}}
hardware: {accelerator: a100-80gb, devices_per_node: 8}
data: {train_examples: 51760}
training: {learning_rate: 2e-5, run_name: "日本", save_only_model: true}
launch:
  script: train.py
  env: {NCCL_DEBUG: WARN, B: 1, A: 2}
"""
TARGETS = """\
batch: {effective: 64, per_device: {max: 4}}
training: {learning_rate: 2e-5, save_only_model: true}
launch: {script: train.py}
targets:
  laptop: {hardware: {accelerator: rtx-4090, devices_per_node: 1}}
  cluster: {hardware: {accelerator: h100-80gb, devices_per_node: 8, nodes: 4}, parallel: {data: zero3}}
"""
# Asks for every file there is.
TENSOR = "  tensor: {hardware: {accelerator: t4, devices_per_node: 2}, parallel: {tensor: 2}}\n"
ALL = ["launch.sh", "plan.json", "training_args.json"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    mask = os.umask(0o022)
    yield
    os.umask(mask)


def compile(*arguments: str | Path) -> Result:
    """A compilation without the slow verification."""
    return run("compile", *arguments, "--verify", "never")


def files(folder: str = ".") -> dict[str, bytes]:
    """All files below a folder, and all empty folders."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else b"folder"
        for path in Path(folder).rglob("*")
        if path.is_file() or not any(path.iterdir())
    }


class TestStdout:
    def test_it_carries_the_json_alone(self) -> None:
        result = compile(write("a.yaml", WARNING))
        assert result.code == 0
        batch = {"gradient_accumulation_steps": 6, "per_device_train_batch_size": 1}
        assert json.loads(result.out) == {**batch, "use_cpu": True}
        assert result.out.startswith("{\n") and result.out.endswith("}\n")
        assert "warning[batch/not-power-of-two]" in result.err
        assert files() == {"a.yaml": WARNING.encode()}

    @pytest.mark.parametrize(
        ("name", "start"),
        [
            ("training_args", "{\n"),
            ("training_args.json", "{\n"),
            ("launch", "#!/usr/bin/env bash\n"),
            ("launch.sh", "#!/usr/bin/env bash\n"),
            (
                "accelerate",
                "# The Trainer reads the batch and the precision from training_args.json.\n",
            ),
            (
                "accelerate.yaml",
                "# The Trainer reads the batch and the precision from training_args.json.\n",
            ),
            ("distributed_config", "{\n"),
            ("distributed_config.json", "{\n"),
            ("plan", "{\n"),
            ("plan.json", "{\n"),
        ],
    )
    def test_to_prints_each_file_as_it_would_be_written(self, name: str, start: str) -> None:
        write("a.yaml", SPEC + "  launcher: accelerate\nparallel: {tensor: 2}\n")
        assert compile("a.yaml", "-o", ".").code == 0
        result = compile("a.yaml", "--to", name)
        assert result.code == 0
        assert result.out.startswith(start)
        (path,) = (path for path in Path().iterdir() if name in (path.name, path.stem))
        assert result.out.encode() == path.read_bytes()

    @pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "ascii"])
    def test_it_is_utf8_whatever_the_terminal_has(self, encoding: str) -> None:
        write("a.yaml", SPEC)
        command = [sys.executable, "-m", "configlint", "compile", "a.yaml", "--verify", "never"]
        environment = {**ENVIRONMENT, "PYTHONIOENCODING": encoding}
        done = subprocess.run(command, capture_output=True, env=environment, check=True)
        assert done.stdout == compile("a.yaml").out.encode()
        assert json.loads(done.stdout)["run_name"] == "日本"

    def test_escape_codes_of_the_user_are_kept(self) -> None:
        text = CLEAN + "launch: {script: train.py, setup: \"printf '\x1b[1mgo\x1b[0m'\"}\n"
        write("a.yaml", text.replace("\x1b", "\\e"))
        assert "\x1b[1mgo\x1b[0m" in compile("a.yaml", "--to", "launch").out

    @pytest.mark.parametrize("name", ["slurm", "sbatch", "job", "job.sbatch"])
    def test_the_job_has_several_names(self, name: str) -> None:
        write("a.yaml", SPEC + "  slurm: {cpus-per-task: 8}\n")
        assert compile("a.yaml", "--to", name).out.startswith("#!/usr/bin/env bash\n#SBATCH ")

    @pytest.mark.parametrize(
        ("name", "hint"),
        [
            ("nope", ""),
            ("sbatch", "; `launch.slurm: {}` adds it"),
            ("job.sbatch", "; `launch.slurm: {}` adds it"),
            ("accelerate", "; `launch.launcher: accelerate` adds it"),
            ("deepspeed", "; `parallel.data: zero2` adds it"),
        ],
    )
    def test_a_file_that_the_spec_does_not_make_is_2_with_the_names(self, name: str, hint: str) -> None:
        result = compile(write("a.yaml", SPEC), "--to", name)
        assert result.code == 2
        assert result.out == ""
        message = f"unknown file {name}: this spec compiles to training_args.json, launch.sh, plan.json{hint}"
        assert result.err.splitlines()[-1] == f"configlint: {message}"

    def test_deepspeeds_config_is_the_object_of_the_json_and_a_file_for_who_asks(self) -> None:
        write("a.yaml", SPEC + "parallel: {data: zero3, deepspeed: {zero_optimization: {overlap_comm: true}}}\n")
        printed = compile("a.yaml", "--to", "deepspeed").out
        assert json.loads(printed) == json.loads(compile("a.yaml").out)["deepspeed"]
        assert json.loads(printed)["zero_optimization"]["overlap_comm"] is True
        compile("a.yaml", "-o", "build")
        assert "deepspeed.json" not in files("build")
        assert compile(write("b.yaml", SPEC), "--to", "deepspeed").code == 2

    def test_of_several_targets_one_must_be_chosen(self) -> None:
        write("a.yaml", TARGETS)
        assert compile("a.yaml") == (2, "", "configlint: choose a target with --target: laptop, cluster\n")
        assert compile("a.yaml", "--target", "lap").err == (
            "configlint: unknown target lap: expected laptop, cluster\n"
        )
        assert '"deepspeed"' not in compile("a.yaml", "--target", "laptop").out
        assert '"deepspeed"' in compile("a.yaml", "--target", "cluster").out

    def test_a_spec_with_hardware_of_its_own_needs_no_target(self) -> None:
        assert compile(write("a.yaml", CLEAN + "targets: {big: {hardware: {nodes: 2}}}\n")).code == 0


class TestWrite:
    def test_without_targets_the_files_lie_in_the_folder(self) -> None:
        result = compile(write("a.yaml", SPEC), "-o", "build/x")
        assert result.code == 0
        assert result.out == ""
        assert sorted(files("build")) == [f"x/{name}" for name in ALL]
        assert result.err.splitlines()[1:] == [
            "a.yaml  64 = 4 x 2 x 8  1 x 8 a100-80gb, ddp",
            "build/x: training_args.json launch.sh plan.json",
            "to resume: call trainer.train(resume_from_checkpoint=True) in the script",
            "run: bash build/x/launch.sh",
        ]

    @pytest.mark.parametrize("trl, resumes", [("1.13", False), ("1.14", True)])
    def test_trls_own_scripts_resume_where_their_release_does(self, trl: str, resumes: bool) -> None:
        module = "launch: {module: trl.scripts.sft}\narguments: {model_name_or_path: a/b}\n"
        spec = (
            f"batch: {{effective: 8}}\nhardware: {{accelerator: t4, devices_per_node: 1}}\ntrl: '{trl}'\n{module}"
        )
        result = compile(write("a.yaml", f"trainer: SFTTrainer\n{spec}"), "-o", "build")
        line = "to resume: set training.resume_from_checkpoint to true and compile again"
        assert (line in result.err.splitlines()) == resumes
        assert result.code == 0

    def test_each_target_has_a_folder(self) -> None:
        result = compile(write("a.yaml", TARGETS), "-o", "build")
        assert sorted(files("build")) == [f"{target}/{name}" for target in ("cluster", "laptop") for name in ALL]
        assert "run: bash build/laptop/launch.sh, or bash build/cluster/launch.sh" in result.err.splitlines()

    def test_a_job_is_submitted_and_is_what_runs_launch(self) -> None:
        write("a.yaml", TARGETS.replace("zero3}}", "zero3}, launch: {slurm: {exclusive: true}}}"))
        result = compile("a.yaml", "-o", "build")
        assert "build/cluster: training_args.json launch.sh job.sbatch plan.json" in result.err.splitlines()
        assert "run: bash build/laptop/launch.sh, or sbatch build/cluster/job.sbatch" in result.err.splitlines()
        assert not os.access("build/cluster/job.sbatch", os.X_OK)

    def test_one_target_alone_has_its_folder_too(self) -> None:
        compile(write("a.yaml", TARGETS), "-o", "build", "--target", "laptop")
        assert sorted(files("build")) == [f"laptop/{name}" for name in ALL]

    def test_a_bare_spec_beside_targets_lies_in_the_folder_itself(self) -> None:
        write("a.yaml", SPEC + "targets: {big: {hardware: {nodes: 2}}}\n")
        compile("a.yaml", "-o", "build")
        assert sorted(files("build")) == sorted([*ALL, *(f"big/{name}" for name in ALL)])

    def test_the_command_to_run_can_be_pasted(self) -> None:
        result = compile(write("a.yaml", SPEC), "-o", "my $build's")
        assert result.err.splitlines()[-1] == "run: bash 'my $build'\"'\"'s/launch.sh'"

    def test_what_was_there_is_replaced_and_other_files_stay(self) -> None:
        write("build/notes.txt", "mine")
        compile(write("a.yaml", SPEC), "-o", "build")
        compile(write("a.yaml", SPEC.replace("64", "128")), "-o", "build")
        assert '"gradient_accumulation_steps": 4' in Path("build/training_args.json").read_text()
        assert Path("build/launch.sh").read_text(encoding="utf-8").startswith("#!")
        assert Path("build/notes.txt").read_text(encoding="utf-8") == "mine"

    def test_the_folder_of_a_target_that_is_no_more_is_a_difference_and_is_removed(self) -> None:
        write("a.yaml", TARGETS)
        compile("a.yaml", "-o", "build")
        write("build/laptop/notes.txt", "mine")
        write("a.yaml", TARGETS.replace("laptop:", "desktop:").replace("cluster:", "node:"))
        check = compile("a.yaml", "-o", "build", "--check")
        assert check.code == 1
        assert "--- build/cluster/launch.sh\n+++ /dev/null\n" in check.out
        assert "build/cluster: removed" in compile("a.yaml", "-o", "build").err.splitlines()
        assert sorted(files("build")) == [
            *(f"desktop/{name}" for name in ALL),
            "laptop/notes.txt",
            *(f"node/{name}" for name in ALL),
        ]
        assert compile("a.yaml", "-o", "build", "--check").code == 0

    def test_the_files_of_a_spec_that_has_targets_now_are_left_over(self) -> None:
        write("a.yaml", SPEC)
        compile("a.yaml", "-o", "build")
        Path("build/loop").symlink_to("loop")
        write("a.yaml", TARGETS)
        assert compile("a.yaml", "-o", "build", "--check").code == 1
        compile("a.yaml", "-o", "build")
        Path("build/loop").unlink()
        assert sorted(files("build")) == [f"{target}/{name}" for target in ("cluster", "laptop") for name in ALL]

    def test_what_another_spec_or_another_target_made_stays(self) -> None:
        write("a.yaml", TARGETS)
        write("b.yaml", TARGETS.replace("laptop:", "desktop:").replace("cluster:", "node:"))
        for name in ("a.yaml", "b.yaml"):
            compile(name, "-o", "build")
        everything = files("build")
        assert len(everything) == 4 * len(ALL)
        compile("a.yaml", "-o", "build")
        compile("a.yaml", "-o", "build", "--target", "laptop")
        assert files("build") == everything
        assert compile("b.yaml", "-o", "build", "--check").code == 0

    def test_what_an_earlier_compilation_wrote_and_this_one_does_not_is_removed(self) -> None:
        write("a.yaml", SPEC)
        compile("a.yaml", "-o", "build", "--set", "launch.launcher=accelerate")
        write("build/notes.txt", "mine")
        assert Path("build/accelerate.yaml").exists()
        stale = compile("a.yaml", "-o", "build", "--check")
        assert (stale.code, "+++ /dev/null" in stale.out) == (1, True)
        compile("a.yaml", "-o", "build")
        assert sorted(path.name for path in Path("build").iterdir()) == [
            "launch.sh", "notes.txt", "plan.json", "training_args.json",
        ]  # fmt: skip
        assert compile("a.yaml", "-o", "build", "--check") == (0, "", "")

    def test_a_file_of_a_known_name_that_nothing_here_wrote_stays(self) -> None:
        write("build/accelerate.yaml", "mine")
        write("a.yaml", SPEC)
        compile("a.yaml", "-o", "build")
        compile("a.yaml", "-o", "build")
        assert Path("build/accelerate.yaml").read_text() == "mine"

    @pytest.mark.parametrize(
        "plan",
        [
            "", "[]", "{", '{"files": 5}', '{"files": ["../mine.txt", 3, [], "sub", "thesis.tex"]}',
            '{"files": {"../mine.txt": "", "sub": 1, "thesis.tex": null, "launch.sh": [], "plan.json": {}}}',
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("journal", [False, True])
    def test_a_list_of_files_that_somebody_broke_removes_nothing(self, plan: str, journal: bool) -> None:
        mine = [write(name, "mine") for name in ("mine.txt", "build/sub/mine.txt", "build/thesis.tex")]
        Path("build", ".configlint-journal" if journal else "plan.json").write_text(plan)
        write("a.yaml", SPEC)
        assert compile("a.yaml", "-o", "build").code == (0 if journal else 1)
        assert compile("a.yaml", "-o", "build", "--force").code == 0
        assert [path.read_text() for path in mine] == ["mine"] * 3
        assert sorted(path.name for path in Path("build").iterdir()) == sorted([*ALL, "sub", "thesis.tex"])

    def test_only_the_script_is_executable_and_the_umask_counts(self) -> None:
        write("a.yaml", SPEC)
        for mask, script, other in ((0o022, 0o755, 0o644), (0o077, 0o700, 0o600), (0o002, 0o775, 0o664)):
            os.umask(mask)
            compile("a.yaml", "-o", f"build{mask}")
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in Path(f"build{mask}").iterdir()}
            assert modes == {"launch.sh": script, "plan.json": other, "training_args.json": other}
            assert os.umask(mask) == mask

    def test_warnings_do_not_keep_from_writing(self) -> None:
        result = compile(write("a.yaml", WARNING), "-o", "build")
        assert result.code == 0
        assert "warning[batch/not-power-of-two]" in result.err
        assert Path("build/training_args.json").exists()

    @pytest.mark.parametrize("text", [ERROR, CLEAN + "bach: 1\n", CLEAN + "x: [1\n"])
    def test_an_error_is_1_and_nothing_is_written(self, text: str) -> None:
        write("a.yaml", text)
        for arguments in ([], ["-o", "build"], ["-o", "build", "--check"], ["--to", "plan"]):
            result = compile("a.yaml", *arguments)
            assert (result.code, result.out) == (1, "")
            assert ": error[" in result.err
        assert list(files()) == ["a.yaml"]

    def test_an_error_in_one_target_keeps_from_writing_any(self) -> None:
        write("a.yaml", TARGETS.replace("devices_per_node: 8", "devices_per_node: 7"))
        result = compile("a.yaml", "-o", "build")
        assert result.code == 1
        assert "over 28 replicas [cluster]" in result.err
        assert result.err.endswith("configlint: nothing was written\n")
        assert list(files()) == ["a.yaml"]
        assert compile("a.yaml", "-o", "build", "--target", "laptop").code == 0

    def test_a_base_is_2(self) -> None:
        write("a.yaml", "hardware: {accelerator: t4, devices_per_node: 1}\ntraining: {}\n")
        message = "configlint: a.yaml is a base without a batch: it can only be extended\n"
        assert compile("a.yaml", "-o", "build") == (2, "", message)

    @pytest.mark.parametrize("name", ["nope.yaml", "folder", "list.yaml", "loop.yaml"])
    def test_what_is_no_spec_is_2_in_one_line(self, name: str) -> None:
        Path("folder").mkdir()
        write("list.yaml", "- 1\n")
        Path("loop.yaml").symlink_to("loop.yaml")
        result = compile(name)
        assert (result.code, result.out) == (2, "")
        assert result.err.startswith("configlint: ")
        assert result.err.count("\n") == 1

    @pytest.mark.parametrize(
        "arguments", [["--check"], ["--to", "plan", "-o", "x"], ["-o"], ["--verify", "maybe"], ["b.yaml"]]
    )
    def test_wrong_usage_is_2(self, arguments: list[str]) -> None:
        result = run("compile", write("a.yaml", SPEC), *arguments)
        assert (result.code, result.out) == (2, "")
        assert list(files()) == ["a.yaml"]

    @pytest.mark.parametrize(
        ("section", "reason"),
        [
            ("parallel: {context: 2}", "ddp with context 2"),
            ("parallel: {sequence: 2}", "ddp with sequence 2"),
            ("parallel: {data: fsdp, shard: 3}", "fsdp with shard 3"),
        ],
    )
    def test_a_mesh_that_no_engine_builds_is_refused_in_one_line(self, section: str, reason: str) -> None:
        write("a.yaml", f"{CLEAN}{section}  {IGNORED}\n")
        for arguments in ([], ["-o", "build"], ["--to", "plan"]):
            result = compile("a.yaml", *arguments)
            assert (result.code, result.out) == (1, "")
            assert result.err.splitlines()[-1].startswith(f"configlint: configlint supports no mesh of {reason}")
        assert list(files()) == ["a.yaml"]

    def test_what_is_refused_for_one_target_names_it_and_writes_none(self) -> None:
        write("a.yaml", f"{CLEAN}targets: {{long: {{parallel: {{context: 2}}}}}}  {IGNORED}\n")
        result = compile("a.yaml", "-o", "build")
        assert (result.code, result.out) == (1, "")
        assert result.err.splitlines()[-1].startswith(
            "configlint: target long: configlint supports no mesh of ddp with context 2"
        )
        assert list(files()) == ["a.yaml"]

    @pytest.mark.parametrize("value", ["99999999999999999999999", "1" + "0" * 400])
    def test_no_number_is_so_large_that_a_file_without_a_batch_comes_out(self, value: str) -> None:
        write("a.yaml", CLEAN)
        for path in ("batch.effective", "hardware.devices_per_node", "hardware.nodes"):
            result = compile("a.yaml", "--set", f"{path}={value}")
            assert (result.code, result.out) == (1, "")
            assert result.err


class TestAllOrNothing:
    @pytest.fixture(autouse=True)
    def spec(self, here: None) -> None:
        write("a.yaml", TARGETS)

    def unchanged(self, before: dict[str, bytes], where: str) -> None:
        """A compilation fails with one line that names the place, and leaves everything as it was."""
        modes = {name: Path(name).stat().st_mode for name in before}
        result = compile("a.yaml", "-o", "build", "--force")
        assert (result.code, result.out) == (2, "")
        line = result.err.splitlines()[-1]
        assert line.startswith(f"configlint: nothing was written: {where}: ")
        assert "None" not in line
        assert files() == before
        assert {name: Path(name).stat().st_mode for name in before} == modes

    def test_a_folder_where_a_file_should_go(self) -> None:
        Path("build/cluster/training_args.json").mkdir(parents=True)
        self.unchanged(files(), "build/cluster/training_args.json")

    def test_a_folder_where_a_file_should_go_and_older_files(self) -> None:
        Path("build/cluster/plan.json").mkdir(parents=True)
        write("build/laptop/launch.sh", "old").chmod(0o700)
        write("build/cluster/launch.sh", "old too").chmod(0o640)
        self.unchanged(files(), "build/cluster/plan.json")

    def test_a_file_where_a_folder_should_be(self) -> None:
        write("build/cluster", "a file")
        self.unchanged(files(), "build/cluster")

    def test_a_file_where_the_output_should_be(self) -> None:
        write("build", "a file")
        self.unchanged(files(), "build/laptop")

    @pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
    def test_a_folder_that_must_not_be_written(self) -> None:
        Path("build/cluster").mkdir(parents=True)
        Path("build/cluster").chmod(0o555)
        self.unchanged(files(), "build/cluster/training_args.json")

    @pytest.mark.parametrize(
        "failing_target",
        [
            "build/laptop/training_args.json", "build/laptop/launch.sh", "build/cluster/training_args.json",
            "build/cluster/plan.json",
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("older", [False, True])
    def test_a_file_that_cannot_be_moved_into_place(
        self, failing_target: str, older: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if older:
            for target in ("laptop", "cluster"):
                for name in ALL:
                    write(f"build/{target}/{name}", f"old {name}").chmod(0o600)
        replace, calls = os.replace, []

        def failing(source: str, target: str) -> None:
            calls.append(target)
            if calls.count(target) == 1 and target == failing_target:
                raise OSError(5, "Input/output error", source, None, target)
            replace(source, target)

        monkeypatch.setattr(os, "replace", failing)
        self.unchanged(files(), failing_target)

    def test_a_disk_that_is_full(self, monkeypatch: pytest.MonkeyPatch) -> None:
        chmod, calls = os.chmod, []

        def failing(path: str, mode: int) -> None:
            calls.append(path)
            if len(calls) == 3:
                raise OSError(28, "No space left on device")
            chmod(path, mode)

        with monkeypatch.context() as patch:
            patch.setattr(os, "chmod", failing)
            self.unchanged(files(), "build/laptop/plan.json")

    def test_an_interrupt(self, monkeypatch: pytest.MonkeyPatch) -> None:
        replace, calls = os.replace, []

        def interrupted(source: str, target: str) -> None:
            calls.append(target)
            if len(calls) == 2:
                raise KeyboardInterrupt
            replace(source, target)

        before = files()
        monkeypatch.setattr(os, "replace", interrupted)
        assert compile("a.yaml", "-o", "build").code == 130
        assert files() == before

    def test_no_temporary_files_are_left_where_all_went_well(self) -> None:
        compile("a.yaml", "-o", "build")
        assert sorted(files("build")) == [f"{target}/{name}" for target in ("cluster", "laptop") for name in ALL]

    def test_two_files_of_one_name_in_two_folders_are_two(self) -> None:
        output.write({"x": [Artifact("job.sbatch", "1\n")], "y": [Artifact("job.sbatch", "2\n")]})
        assert (files("x"), files("y")) == ({"job.sbatch": b"1\n"}, {"job.sbatch": b"2\n"})


class TestCheck:
    @pytest.fixture(autouse=True)
    def compiled(self, here: None) -> None:
        write("a.yaml", SPEC)
        assert compile("a.yaml", "-o", "build").code == 0

    DIFFERS = "configlint: build is not what a.yaml compiles to: compile again without --check\n"

    def check(self, *arguments: str) -> Result:
        before = files()
        result = run("compile", "a.yaml", "-o", "build", "--check", *arguments)
        assert files() == before, "nothing is written"
        return result

    def test_the_same_is_0_and_silent(self) -> None:
        assert self.check() == (0, "", "")
        assert self.check("--verify", "never") == (0, "", "")

    def test_a_spec_that_changed_is_1_with_a_diff(self) -> None:
        result = self.check("--set", "training.learning_rate=1e-5")
        assert (result.code, result.err) == (1, self.DIFFERS)
        assert result.out.startswith(
            "--- build/training_args.json\n"
            "+++ build/training_args.json (compiled)\n"
            "@@ -1,6 +1,6 @@\n"
            " {\n"
            '   "gradient_accumulation_steps": 2,\n'
            '-  "learning_rate": 2.0e-05,\n'
            '+  "learning_rate": 1.0e-05,\n'
            '   "per_device_train_batch_size": 4,\n'
            '   "run_name": "日本",\n'
            '   "save_only_model": true\n'
            "--- build/launch.sh\n"
        )

    def test_an_edit_by_hand_is_1_with_a_diff(self) -> None:
        path = Path("build/launch.sh")
        path.write_text(path.read_text(encoding="utf-8").replace("8 \\", "4 \\"), encoding="utf-8")
        result = self.check()
        assert result.code == 1
        assert "\n-exec torchrun --standalone --nnodes 1 --nproc_per_node 4 \\\n+exec torchrun" in result.out

    def test_a_missing_file_is_1_with_all_its_lines(self) -> None:
        Path("build/plan.json").unlink()
        result = self.check()
        assert result.code == 1
        assert result.out.startswith("--- build/plan.json\n+++ build/plan.json (compiled)\n@@ -0,0 +1,")
        assert all(line.startswith(("+", "-", "@@")) for line in result.out.splitlines())

    def test_a_missing_folder_is_1(self) -> None:
        result = run("compile", "a.yaml", "-o", "nowhere", "--check")
        assert result.code == 1
        assert result.out.count("\n+++ ") == 3
        assert not Path("nowhere").exists()

    @pytest.mark.parametrize("edit", [lambda text: text.rstrip("\n"), lambda text: text + "x", lambda text: ""])
    def test_every_line_of_the_diff_is_a_line(self, edit: object) -> None:
        path = Path("build/training_args.json")
        path.write_text(edit(path.read_text(encoding="utf-8")), encoding="utf-8")  # type: ignore[operator]
        result = self.check()
        assert result.code == 1
        assert result.out.endswith("\n")
        assert all(re.match(r"[-+ @\\]", line) for line in result.out.splitlines())
        assert ("\\ No newline at end of file\n" in result.out) is not (path.read_bytes() == b"")

    def test_other_line_ends_and_bytes_that_are_no_text_are_differences(self) -> None:
        path = Path("build/launch.sh")
        text = path.read_bytes()
        for edited in (text.replace(b"\n", b"\r\n"), b"\xff" + text, b"\x00"):
            path.write_bytes(edited)
            result = self.check()
            assert (result.code, result.err) == (1, self.DIFFERS)

    def test_a_folder_in_place_of_a_file_is_2_in_one_line(self) -> None:
        Path("build/plan.json").unlink()
        Path("build/plan.json").mkdir()
        result = run("compile", "a.yaml", "-o", "build", "--check")
        assert (result.code, result.err) == (2, "configlint: build/plan.json: is a directory\n")

    def test_with_targets_all_are_compared(self) -> None:
        write("b.yaml", TARGETS)
        compile("b.yaml", "-o", "both")
        assert run("compile", "b.yaml", "-o", "both", "--check") == (0, "", "")
        Path("both/cluster/plan.json").unlink()
        assert run("compile", "b.yaml", "-o", "both", "--check").code == 1
        assert run("compile", "b.yaml", "-o", "both", "--check", "--target", "laptop") == (0, "", "")


class TestSameBytes:
    def test_under_another_hash_seed_folder_and_locale(self, tmp_path: Path) -> None:
        write(
            "one/recipes/a.yaml",
            (TARGETS + TENSOR).replace("train.py", "train.py, launcher: accelerate, slurm: {partition: gpu}"),
        )
        recipes = tmp_path / "one" / "recipes"
        runs = [
            (recipes, "a.yaml", "../build1", {"PYTHONHASHSEED": "1"}),
            (tmp_path, "one/recipes/a.yaml", "one/build2", {"PYTHONHASHSEED": "2", "LC_ALL": "C"}),
            (Path("/"), str(recipes / "a.yaml"), str(tmp_path / "one/build3"), {"LC_ALL": "tr_TR", "TZ": "Japan"}),
        ]
        command = [sys.executable, "-m", "configlint", "compile", "--verify", "never"]
        for folder, spec, out, environment in runs:
            done = [*command, spec, "-o", out]
            subprocess.run(done, cwd=folder, env={**ENVIRONMENT, **environment}, check=True, capture_output=True)
        first, *others = (files(f"one/build{number}") for number in (1, 2, 3))
        assert len(first) == 16
        for other in others:
            assert other == first

    def test_nothing_of_the_machine_or_the_day_is_in_a_file(self, tmp_path: Path) -> None:
        write(
            "a.yaml",
            (TARGETS + TENSOR).replace("train.py", "train.py, slurm: {partition: gpu}"),
        )
        compile(tmp_path / "a.yaml", "-o", tmp_path / "build")
        today = datetime.datetime.now(datetime.UTC).date()
        for name, data in files("build").items():
            text = data.decode()
            assert str(tmp_path) not in text, name
            assert not re.search(r"(?<![\w.$\"}])/(?:home|tmp|root|work|usr/(?!bin/env)|private|var)\b", text), name
            assert socket.gethostname() not in text, name
            assert str(today) not in text and str(today.year) not in text, name
            assert str(os.getpid()) not in re.findall(r"\d{4,}", text), name

    def test_the_order_of_keys_in_the_spec_changes_nothing_in_the_json(self) -> None:
        write("a.yaml", CLEAN + "training: {a: 1, b: 2}\narguments: {c: 3, d: 4}\n")
        write("b.yaml", "arguments: {d: 4, c: 3}\ntraining: {b: 2, a: 1}\n" + CLEAN)
        assert compile("a.yaml").out == compile("b.yaml").out

    def test_the_tree_can_be_moved(self, tmp_path: Path) -> None:
        write("one/recipes/a.yaml", SPEC.replace("script:", "workdir: ../src\n  script:"))
        write("one/src/train.py", "")
        compile("one/recipes/a.yaml", "-o", "one/build/x")
        write("bin/torchrun", '#!/bin/sh\npwd -P\nfor word; do echo "$word"; done\n').chmod(0o755)
        Path("one").rename("two words")
        done = subprocess.run(
            ["bash", "two words/build/x/launch.sh"],
            env={"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}, capture_output=True, text=True, check=True,
        )  # fmt: skip
        folder = tmp_path.resolve() / "two words"
        assert done.stdout.splitlines()[0] == str(folder / "src")
        assert Path(done.stdout.splitlines()[-1]).resolve() == folder / "build" / "x" / "training_args.json"


class TestLaunchScript:
    def test_words_of_the_user_arrive_as_they_are(self, tmp_path: Path) -> None:
        script, folder, value = "train it's.py", 'wörk dir/it\'s "q" $HOME', 'it\'s "q"\n$HOME `id` \\ 日本'
        Path(folder).mkdir(parents=True)
        values = {"script": script, "workdir": folder, "env": {"VALUE": value, "FLAG": True, "NUMBER": 3}}
        ignore = "# configlint: ignore[launch/unexpanded-variable]"
        write("a.yaml", CLEAN + f"launch: {json.dumps(values)}  {ignore}\n")
        assert compile("a.yaml", "-o", "o ut").code == 0
        write("bin/torchrun", '#!/bin/sh\nprintf \'%s\\0\' "$(pwd)" "$VALUE" "$FLAG" "$NUMBER" "$@"\n').chmod(0o755)
        done = subprocess.run(
            ["bash", "o ut/launch.sh"],
            env={"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}, capture_output=True, check=True,
        )  # fmt: skip
        words = done.stdout.decode().split("\0")
        assert words[0].endswith(folder)
        assert words[1:4] == [value, "true", "3"]
        assert words[4:-1] == [
            "--standalone", "--nnodes", "1", "--nproc_per_node", "8",
            script, str(tmp_path / "o ut" / "training_args.json"),
        ]  # fmt: skip

    def test_it_is_what_bash_can_read(self) -> None:
        write("a.yaml", TARGETS.replace("script: train.py", "script: train.py, launcher: accelerate, setup: 'a=1'"))
        compile("a.yaml", "-o", "build")
        for target in ("laptop", "cluster"):
            subprocess.run(["bash", "-n", f"build/{target}/launch.sh"], check=True)
