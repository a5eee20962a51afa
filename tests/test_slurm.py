"""job.sbatch: its text, and what a real Slurm and the training under it make of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import slurm_cluster
from conftest import plans

from configlint.backends import emit
from configlint.host.write import write
from configlint.lint import lint
from configlint.pipeline import compile_spec
from configlint.rules.launch import fatal_signal, refused_slurm_value
from configlint.rules.launch._sbatch import OF_SRUN, OPTIONS, begun
from configlint.session import Session
from configlint.verify import sbatch

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
GPU = "batch: {effective: 64}\nhardware: {accelerator: h100-80gb, devices_per_node: 8, nodes: 4}\n"
RANKS = """\
import json, os
from pathlib import Path
names = ("RANK", "WORLD_SIZE", "NODE_RANK", "CUDA_VISIBLE_DEVICES")
Path("ranks", os.environ["RANK"]).write_text(json.dumps([os.environ.get(name) for name in names]))
"""
SAVES = """\
import os, signal, sys, time
from pathlib import Path

launcher = os.getppid()

def save(number, frame):
    time.sleep(3)
    if os.getppid() == launcher:  # else cgroups would have killed this process with it
        Path("saved-" + os.environ["RANK"]).touch()
    sys.exit()

for number in (signal.SIGTERM, signal.SIGUSR1):
    signal.signal(number, save)
Path("up-" + os.environ["RANK"]).touch()
time.sleep(60)
"""


def job(slurm: str, spec: str = GPU) -> str:
    """The text of a spec's job.sbatch."""
    (plan,) = plans(f"{spec}launch: {{script: train.py, slurm: {slurm}}}\n")
    return next(artifact.text for artifact in emit(plan) if artifact.name == "job.sbatch")


def options(text: str) -> list[str]:
    return [line.removeprefix("#SBATCH ") for line in text.splitlines() if line.startswith("#SBATCH ")]


def compiled(folder: Path, spec: str) -> Path:
    """The job of a spec in a folder, with blanks on its way."""
    folder.mkdir(exist_ok=True)
    (folder / "train.yaml").write_text(spec)
    result = compile_spec(str(folder / "train.yaml"), Session(), None, str(folder / "the build"))
    assert result.folders, result.diagnostics
    write(result.folders)
    return folder / "the build" / "job.sbatch"


class TestOptions:
    def test_what_is_not_given_comes_from_the_hardware(self) -> None:
        derived = ["--job-name=train", "--nodes=4", "--ntasks-per-node=1", "--gpus-per-node=8"]
        assert options(job("{}")) == derived
        assert options(job("{partition: gpu}")) == [*derived, "--partition=gpu"]

    def test_a_target_is_part_of_the_name(self) -> None:
        (_, plan) = plans(GPU + "launch: {script: t.py, slurm: {}}\ntargets: {big: {hardware: {nodes: 8}}}\n")
        text = next(artifact.text for artifact in emit(plan) if artifact.name == "job.sbatch")
        assert options(text)[:2] == ["--job-name=train-big", "--nodes=8"]

    def test_true_has_no_value_and_false_leaves_out(self) -> None:
        text = job("{exclusive: true, requeue: false, job-name: false, nodes: null, time: 1-00:00:00}")
        assert options(text)[0] == "--nodes=4"
        assert options(text)[-2:] == ["--exclusive", "--time=1-00:00:00"]

    @pytest.mark.parametrize("own", ["gpus: 32", "gpus-per-node: h100:8", "gpus-per-task: 8", "gres: gpu:h100:8"])
    def test_gpus_in_the_users_words_are_asked_for_once(self, own: str) -> None:
        assert [option for option in options(job(f"{{{own}}}")) if "gpu" in option] == [
            f"--{own.replace(': ', '=', 1)}"
        ]

    def test_another_resource_is_no_gpu(self) -> None:
        assert options(job("{gres: 'nvme:1'}"))[-2:] == ["--gpus-per-node=8", "--gres=nvme:1"]

    def test_processes_on_cpus_need_no_gpus(self) -> None:
        assert "gpu" not in job("{}", GPU.replace("h100-80gb", "cpu"))

    def test_a_value_stays_on_its_line(self) -> None:
        assert options(job('{comment: "one\\ntwo\\n"}'))[-1] == "--comment='one two'"

    @pytest.mark.parametrize(
        ("nodes", "reserved", "comment"),
        [
            (4, 16, "# Reserved: devices 4 to 7 of each node; the training uses the first 4."),
            (1, 1, "# Reserved: device 7; the training uses the first 7."),
        ],
    )
    def test_reserved_devices_are_allocated_and_named(self, nodes: int, reserved: int, comment: str) -> None:
        spec = GPU.replace("nodes: 4", f"nodes: {nodes}, reserved: {reserved}").replace("64", "56")
        text = job("{}", spec)
        assert "--gpus-per-node=8" in options(text)
        assert comment in text.splitlines()
        assert "Reserved" not in job("{}")

    def test_where_the_user_says_which_devices_are_seen_none_are_named(self) -> None:
        spec = GPU.replace("nodes: 4", "reserved: 4")
        (plan,) = plans(f"{spec}launch: {{script: t.py, env: {{CUDA_VISIBLE_DEVICES: '4,5,6,7'}}, slurm: {{}}}}\n")
        assert "Reserved" not in next(artifact.text for artifact in emit(plan) if artifact.name == "job.sbatch")

    def test_without_the_section_there_is_no_job(self) -> None:
        for launch in ("{script: train.py}", "{slurm: {partition: gpu}}", "{script: train.py, slurm: null}"):
            (plan,) = plans(f"{GPU}launch: {launch}\n")
            assert "job.sbatch" not in [artifact.name for artifact in emit(plan)]


CONTAINER = (
    "{container-image: 'nvcr.io#nvidia/pytorch:25.01-py3', container-mounts: '/da ta:/data', partition: gpu}"
)
SHAPES = {
    "nodes": job('{partition: gpu, comment: "it\'s two words"}'),
    "one node": job("{}", GPU.replace("nodes: 4", "nodes: 1, reserved: 4")),
    "a container": job(CONTAINER),
    "a container on one node": job("{container-name: mine}", GPU.replace("nodes: 4", "nodes: 1")),
}


class TestScript:
    @pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES.keys())
    def test_bash_accepts_it(self, text: str) -> None:
        subprocess.run(["bash", "-n"], input=text, text=True, check=True)

    @pytest.mark.skipif(not shutil.which("shellcheck"), reason="shellcheck is not installed")
    @pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES.keys())
    def test_shellcheck_has_nothing_to_say(self, text: str) -> None:
        run = subprocess.run(["shellcheck", "-"], input=text, capture_output=True, text=True, check=False)
        assert run.stdout == ""

    @staticmethod
    def started(path: Path, command: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a job's script as Slurm would, a copy of it in another folder, among programs that only print."""
        folder = path.parent.parent / "spool"
        folder.mkdir()
        shutil.copy(path, folder / "slurm_script")
        programs = {
            "srun": 'printf "%s\\n" "$@"',
            "scontrol": 'echo "   JobId=7 JobName=x"; echo "   Command=$CMD"',
        }
        for name, lines in programs.items():
            (folder / name).write_text(f"#!/usr/bin/env bash\n{lines}\n")
            (folder / name).chmod(0o755)
        path = folder / "slurm_script"
        own = {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "SLURM_JOB_ID": "7", "CMD": command}
        own |= {"SLURM_SUBMIT_DIR": str(folder.parent), "SLURM_JOB_NODELIST": "n[1-4]"}
        return subprocess.run(
            ["bash", str(path), *arguments],
            cwd=folder,
            env={**os.environ, **own, **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    def test_a_container_is_the_steps_and_sees_the_files_of_the_job(self, tmp_path: Path) -> None:
        path = compiled(tmp_path, f"{GPU}launch: {{script: train.py, slurm: {CONTAINER}}}\n")
        assert options(path.read_text())[-1] == "--partition=gpu"
        words = self.started(path, str(path), SLURM_CPUS_PER_TASK="12").stdout.splitlines()
        assert words == [
            "--nodes=4",
            "--ntasks=4",
            "--kill-on-bad-exit=1",
            "--export=ALL",
            "--cpus-per-task=12",
            "--container-image=nvcr.io#nvidia/pytorch:25.01-py3",
            f"--container-mounts=/da ta:/data,{path.parent}:{path.parent},{tmp_path}:{tmp_path}",
            "bash",
            "-c",
            'NODE_RANK="$SLURM_NODEID" exec bash "$0"',
            f"{path.parent}/launch.sh",
        ]

    def test_on_one_node_there_is_no_rank_to_give(self, tmp_path: Path) -> None:
        spec = GPU.replace(", nodes: 4", "") + "launch: {script: train.py, slurm: {container-name: mine}}\n"
        path = compiled(tmp_path, spec)
        words = self.started(path, str(path)).stdout.splitlines()
        mounts = f"--container-mounts={path.parent}:{path.parent},{tmp_path}:{tmp_path}"
        assert words[4:] == ["--container-name=mine", mounts, "bash", f"{path.parent}/launch.sh"]

    @pytest.mark.parametrize(
        ("mounts", "workdir", "own"),
        [
            ("/home/me/proj:/workspace/proj", "/workspace/proj", False),
            ("/data:/data,/home/me:/workspace:rw", "/workspace/proj", False),
            ("/home/me/proj:/workspace", "{}", True),
            ("/home/me/proj:/work", "/", True),
            ("{}", "{}/below", False),
        ],
    )
    def test_a_folder_that_the_users_mounts_bring_is_not_looked_for_on_the_host(
        self, tmp_path: Path, mounts: str, workdir: str, own: bool
    ) -> None:
        mounts, workdir = mounts.format(tmp_path), workdir.format(tmp_path)
        slurm = f"{{container-image: a.sqsh, container-mounts: '{mounts}'}}"
        path = compiled(tmp_path, f"{GPU}launch: {{script: t.py, workdir: '{workdir}', slurm: {slurm}}}\n")
        words = self.started(path, str(path)).stdout.splitlines()
        mine = f",{workdir}:{workdir}" if own else ""
        assert f"--container-mounts={mounts},{path.parent}:{path.parent}{mine}" in words
        assert f"cd -- {workdir}\n" in path.with_name("launch.sh").read_text()

    @pytest.mark.parametrize("command", ["(null)", "", "elsewhere/job.sbatch"])
    def test_what_was_submitted_without_its_folder_is_told_how(self, tmp_path: Path, command: str) -> None:
        path = compiled(tmp_path, f"{GPU}launch: {{script: train.py, slurm: {{}}}}\n")
        run = self.started(path, command)
        assert run.returncode == 1
        assert run.stderr.endswith("in a folder that all nodes share: sbatch DIR/job.sbatch\n")
        assert run.stdout == ""

    def test_it_is_not_for_bash(self, tmp_path: Path) -> None:
        path = compiled(tmp_path, f"{GPU}launch: {{script: train.py, slurm: {{}}}}\n")
        run = self.started(path, str(path), SLURM_JOB_ID="")
        assert (run.returncode, run.stdout) == (1, "")
        assert "submit this file with sbatch" in run.stderr


class TestAsking:
    def test_without_sbatch_there_is_nobody_to_ask(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        assert sbatch.unavailable() == "sbatch is not installed"
        assert sbatch.refused(job("{}")) == "sbatch cannot be run: No such file or directory"

    def test_a_slurm_that_does_not_answer_is_not_asked(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name, line in {"scontrol": "exit 1", "sbatch": "sleep 9"}.items():
            (tmp_path / name).write_text(f"#!/bin/sh\necho Slurmctld is DOWN\n{line}\n")
            (tmp_path / name).chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/usr/bin{os.pathsep}/bin")
        monkeypatch.setattr(sbatch, "TIMEOUT_SECONDS", 0.2)
        assert sbatch.unavailable() == "Slurm does not answer: Slurmctld is DOWN"
        assert sbatch.refused(job("{}")) == "sbatch gave no answer in 0.2 s"


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    """That of a user of a cluster that runs here."""
    if reason := slurm_cluster.missing():
        if "CI" in os.environ:
            pytest.fail(reason)
        pytest.skip(reason)
    with slurm_cluster.cluster() as conf:
        path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
        yield {**os.environ, "PATH": path, "SLURM_CONF": str(conf), "OMP_NUM_THREADS": "1"}


@pytest.mark.heavy
class TestSlurm:
    @pytest.mark.parametrize(("launcher", "nodes", "devices"), [("torchrun", 4, 8), ("accelerate", 2, 2)])
    def test_each_device_of_each_node_gets_its_rank(
        self, tmp_path: Path, environment: dict[str, str], launcher: str, nodes: int, devices: int
    ) -> None:
        hardware = f"{{accelerator: h100-80gb, devices_per_node: {devices}, nodes: {nodes}}}"
        launch = f"{{script: ranks.py, launcher: {launcher}, slurm: {{time: 5}}}}"
        spec = f"batch: {{effective: 64}}\nhardware: {hardware}\nlaunch: {launch}\n"
        path = compiled(tmp_path / "my job", spec)
        (path.parent.parent / "ranks.py").write_text(RANKS)
        (path.parent.parent / "ranks").mkdir()
        submitted = slurm_cluster.run(["sbatch", "my job/the build/job.sbatch", "an", "a b"], tmp_path, environment)
        assert submitted.state == "COMPLETED", submitted.output
        found = [json.loads(file.read_text()) for file in (tmp_path / "my job" / "ranks").iterdir()]
        assert sorted(int(rank) for rank, *_ in found) == list(range(nodes * devices))
        assert {world for _, world, *_ in found} == {str(nodes * devices)}
        ranks = [node for _, _, node, _ in found]
        assert {node: ranks.count(node) for node in ranks} == {str(node): devices for node in range(nodes)}
        assert {visible for *_, visible in found} == {",".join(map(str, range(devices)))}

    def test_each_optimizer_step_sees_the_effective_batch(
        self, tmp_path: Path, environment: dict[str, str]
    ) -> None:
        compiled(
            tmp_path,
            "batch: {effective: 16}\nhardware: {accelerator: cpu, devices_per_node: 2, nodes: 2}\n"
            "training: {output_dir: out, max_steps: 2, save_strategy: 'no', remove_unused_columns: false}\n"
            "launch: {script: count_samples.py, slurm: {cpus-per-task: 2}}\n",
        )
        shutil.copy(Path(__file__).with_name("count_samples.py"), tmp_path)
        submitted = slurm_cluster.run(["sbatch", "the build/job.sbatch"], tmp_path, environment)
        assert submitted.state == "COMPLETED", submitted.output
        ranks = [json.loads(file.read_text())["samples"] for file in (tmp_path / "out").glob("rank-*.json")]
        assert len(ranks) == 4
        for step in ("0", "1"):
            consumed = [sample for rank in ranks for sample in rank[step]]
            assert len(consumed) == len(set(consumed)) == 16

    @pytest.mark.parametrize(
        ("command", "folder", "export"),
        [
            ("the build/job.sbatch", ".", "NONE"),
            ("../the build/job.sbatch", "else where", "ALL"),
            ("./job.sbatch", "the build", "ALL"),
            ("{}/the build/job.sbatch", "else where", "ALL"),
        ],
    )
    def test_launch_is_found_however_the_job_is_submitted(
        self, tmp_path: Path, environment: dict[str, str], command: str, folder: str, export: str
    ) -> None:
        path = compiled(tmp_path, f"{GPU}launch: {{script: t.py, slurm: {{cpus-per-task: 3}}}}\n")
        (tmp_path / "else where").mkdir()
        launch = path.with_name("launch.sh")
        launch.write_text('echo "$NODE_RANK $SLURM_CPUS_PER_TASK $MASTER_ADDR $MASTER_PORT $0"\n')
        submit = ["sbatch", f"--export={export}", command.format(tmp_path), "two  words"]
        submitted = slurm_cluster.run(submit, tmp_path / folder, environment)
        assert submitted.state == "COMPLETED", submitted.output
        lines = sorted(submitted.output.splitlines())
        port = lines[0].split()[3]
        assert lines == [f"{node} 3 127.0.0.1 {port} {launch}" for node in range(4)]
        assert 10000 < int(port) < 30000

    @pytest.mark.parametrize("array", ["0-2%1", "1,7"])
    def test_each_element_of_an_array_finds_launch_and_has_a_port_of_its_own(
        self, tmp_path: Path, environment: dict[str, str], array: str
    ) -> None:
        """Also the one that has the array's own id, the last to start."""
        path = compiled(tmp_path, f"{GPU}launch: {{script: t.py, slurm: {{array: '{array}'}}}}\n")
        says = 'echo "$SLURM_JOB_ID $SLURM_ARRAY_JOB_ID $MASTER_PORT" >"element-$SLURM_ARRAY_TASK_ID"\n'
        path.with_name("launch.sh").write_text(says)
        submitted = slurm_cluster.run(["sbatch", "the build/job.sbatch", "an", "a b"], tmp_path, environment)
        assert submitted.state == "COMPLETED", submitted.output
        elements = [file.read_text().split() for file in tmp_path.glob("element-*")]
        assert len(elements) == len({port for *_, port in elements}) == (3 if "%" in array else 2)
        assert [own for own, of_array, _ in elements if own == of_array]

    def test_a_port_that_the_user_sets_is_kept(self, tmp_path: Path, environment: dict[str, str]) -> None:
        path = compiled(tmp_path, f"{GPU}launch: {{script: t.py, slurm: {{}}}}\n")
        path.with_name("launch.sh").write_text('echo "$MASTER_PORT"\n')
        environment = {**environment, "MASTER_PORT": "12345"}
        submitted = slurm_cluster.run(["sbatch", "the build/job.sbatch"], tmp_path, environment)
        assert submitted.output.split() == ["12345"] * 4

    @pytest.mark.parametrize(
        ("signal", "more", "is_fatal"),
        [
            ("TERM", "", False),
            ("USR1", "", True),
            ("B:USR1", "", True),
            ("B:TERM", "", True),
            ("USR1", "setup: trap '' USR1,", False),
        ],
    )
    def test_the_ranks_can_save_at_a_signal_unless_the_rule_warns_of_it(
        self, tmp_path: Path, environment: dict[str, str], signal: str, more: str, is_fatal: bool
    ) -> None:
        """Sent as Slurm does before the time limit: to the steps of the job, or with B: to its batch script."""
        spec = (
            "batch: {effective: 8}\nhardware: {accelerator: cpu, devices_per_node: 2}\n"
            f"launch: {{script: saves.py, {more} slurm: {{cpus-per-task: 2, signal: '{signal}@60'}}}}\n"
        )
        (plan,) = plans(spec)
        assert bool(lint(plan, [fatal_signal.check])[0]) is is_fatal
        compiled(tmp_path, spec)
        (tmp_path / "saves.py").write_text(SAVES)

        def send(id: str) -> None:
            slurm_cluster.wait(lambda: len([*tmp_path.glob("up-*")]) == 2, tmp_path)
            *batch, name = signal.split(":")
            options = ["--batch" for _ in batch]
            subprocess.run(["scancel", *options, f"--signal={name}", id], env=environment, check=True)

        submitted = slurm_cluster.run(["sbatch", "the build/job.sbatch"], tmp_path, environment, send)
        assert len([*tmp_path.glob("saved-*")]) == (0 if is_fatal else 2), submitted

    def test_other_nodes_than_the_files_are_for_start_nothing(
        self, tmp_path: Path, environment: dict[str, str]
    ) -> None:
        path = compiled(tmp_path, f"{GPU}launch: {{script: t.py, slurm: {{}}}}\n")
        path.with_name("launch.sh").write_text("echo started\n")
        submitted = slurm_cluster.run(["sbatch", "--nodes=2", "the build/job.sbatch"], tmp_path, environment)
        assert submitted.state == "FAILED"
        assert "started" not in submitted.output

    def test_a_text_comes_through_as_it_was_written(self, tmp_path: Path, environment: dict[str, str]) -> None:
        comment = """it's "two"  words, #1 \\ $HOME `x` %j"""
        path = compiled(tmp_path, f"{GPU}launch: {{script: t.py, slurm: {{comment: {json.dumps(comment)}}}}}\n")
        path.with_name("launch.sh").write_text("scontrol show job $SLURM_JOB_ID\n")
        submitted = slurm_cluster.run(["sbatch", "the build/job.sbatch"], tmp_path, environment)
        assert f"   Comment={comment}" in [line.rstrip() for line in submitted.output.splitlines()]

    def test_slurm_says_what_it_would_not_run(
        self, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        assert sbatch.unavailable() is None
        assert sbatch.refused((ROOT / "tests" / "golden" / "slurm-hsdp" / "job.sbatch").read_text()) is None
        unavailable = "allocation failure: Requested node configuration is not available"
        assert sbatch.refused(job("{}", GPU.replace("nodes: 4", "nodes: 5"))) == unavailable
        assert sbatch.refused(job("{}", GPU.replace("devices_per_node: 8", "devices_per_node: 16"))) == unavailable
        assert sbatch.refused(job("{partition: none}")) == "allocation failure: Invalid partition name specified"
        assert sbatch.refused(job("{no-such-option: 1}")) == "unrecognized option '--no-such-option=1'"

    def test_it_has_the_options_that_the_rule_knows(
        self, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """All but those of releases after Debian's 22.05, where `extra` is short for `extra-node-info`."""
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        later = {"consolidate-segments", "container-id", "oom-kill-step", "resources", "resv-ports"}
        later |= {"segment", "spread-segments", "stepmgr", "tres-bind", "tres-per-task"}
        refused = {
            name
            for name in {*OPTIONS, *OF_SRUN} - {"help", "usage", "version"}
            if "unrecognized option" in (sbatch.refused(f"#!/bin/sh\n#SBATCH --{name}\n") or "")
        }
        assert refused == {*OF_SRUN, *later}

    def test_it_takes_the_beginnings_of_names_that_the_rule_warns_of_and_no_others(
        self, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        for name in ("depend", "part", "cpus-per-t", "job", "cores", "mem-per", "cpus", "exc", "no", "memory"):
            said = sbatch.refused(f"#!/bin/sh\n#SBATCH --{name}=1\n") or ""
            is_refused = "unrecognized option" in said or "ambiguous" in said
            assert is_refused == (begun(name) is None), (name, said)

    def test_it_takes_the_values_that_the_rule_lets_pass_and_no_others(
        self, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        fixture = (ROOT / "tests" / "rules" / "launch" / "refused_slurm_value.yaml").read_text(encoding="utf-8")
        # What follows is about what this sbatch cannot be asked, and about options that the rule does not judge.
        asked, _, _ = fixture.partition("---\n# A value is one line; what a later release takes")
        for plan in (plan for text in asked.split("---\n") for plan in plans(text)):
            found = {each.path for each in lint(plan, [refused_slurm_value.check])[0]}
            given = plan.spec.section("launch.slurm")
            for name, value in given.items():
                lines = [line for line in options(job(json.dumps({name: value}))) if line.startswith(f"--{name}")]
                said = sbatch.refused("#!/bin/sh\n" + "".join(f"#SBATCH {line}\n" for line in lines)) or ""
                refused = bool(said) and "allocation failure" not in said
                assert refused == (f"launch.slurm.{name}" in found), (name, value, said)
