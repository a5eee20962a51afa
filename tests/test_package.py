"""The package as users get it: from a wheel in a fresh environment, and as a pre-commit hook."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from configlint.commands.schema import bundle

pytestmark = pytest.mark.heavy

ROOT = Path(__file__).parent.parent
GOOD = "batch: {effective: 64}\nhardware: {accelerator: a100-80gb, devices_per_node: 8}\n"
BAD = GOOD.replace("64", "100")
COMPOSE = "services:\n  web:\n    image: nginx\n    ports: ['80:80']\n"


def run(*command: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    # The hook of a developer's own commit must not see into the repositories made here.
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return subprocess.run(
        command, cwd=cwd, env=clean | environment, capture_output=True, text=True, timeout=600, check=False
    )


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This repository as it stands, as a git repository of one commit."""
    folder = tmp_path_factory.mktemp("source")
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT).stdout
    for name in listed.rstrip("\0").split("\0"):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    committed(folder)
    return folder


def committed(folder: Path) -> None:
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "all"]):
        done = run(
            "git",
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@example.org",
            "-c",
            "commit.gpgsign=false",
            *command,
            cwd=folder,
        )
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def installed(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of a fresh environment with the wheel, which is built from the sdist."""
    folder = tmp_path_factory.mktemp("wheel")
    built = run(sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(source), cwd=folder)
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = folder.glob("*.whl")
    run(sys.executable, "-m", "venv", str(folder / "venv"), cwd=folder)
    done = run(str(folder / "venv" / "bin" / "pip"), "install", "-q", str(wheel), cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "venv" / "bin"


def test_a_wheel_checks_compiles_and_has_the_schemas(installed: Path, tmp_path: Path) -> None:
    program = str(installed / "configlint")
    (tmp_path / "good.yaml").write_text(GOOD + "model: {config: llama-2-7b}\n")
    (tmp_path / "wrong.yaml").write_text(GOOD + "btach: 1\n")
    assert run(program, "check", "good.yaml", cwd=tmp_path).returncode == 0
    wrong = run(program, "check", "wrong.yaml", cwd=tmp_path)
    assert "schema/unknown-key" in wrong.stdout, wrong.stderr
    assert json.loads(run(program, "schema", cwd=tmp_path).stdout) == bundle()
    compiled = run(program, "compile", "good.yaml", cwd=tmp_path)
    assert compiled.returncode == 0
    assert '"gradient_accumulation_steps": 8' in compiled.stdout
    assert "not verified: transformers is not installed" in compiled.stderr
    assert run(program, "compile", "good.yaml", "--verify", "require", cwd=tmp_path).returncode == 1


def test_only_four_packages_and_what_they_need_are_installed(installed: Path) -> None:
    listed = run(str(installed / "pip"), "list", "--format", "freeze", cwd=installed).stdout.lower()
    assert {"click", "jsonschema", "pathspec", "pyyaml", "configlint"} <= {
        line.partition("==")[0] for line in listed.split()
    }
    assert "torch" not in listed
    assert "transformers" not in listed


def test_the_hook_stops_a_bad_spec_and_passes_a_good_one(source: Path, tmp_path: Path) -> None:
    revision = run("git", "rev-parse", "HEAD", cwd=source).stdout.strip()
    config = f"repos:\n  - repo: {source}\n    rev: {revision}\n    hooks:\n      - id: configlint-check\n"
    config += "        files: ^(?!other/)\n        exclude: ^excluded\n        args: [--fail-on, error]\n"
    (tmp_path / ".pre-commit-config.yaml").write_text(config)
    (tmp_path / "docker-compose.yaml").write_text(COMPOSE)
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "train.yaml").write_text(GOOD)
    (tmp_path / "excluded.yaml").write_text(BAD)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "train.yaml").write_text(BAD)
    (tmp_path / "warned.yaml").write_text(GOOD.replace("effective: 64", "effective: 48"))
    (tmp_path / "broken.yaml").write_text("a: [1\n")
    committed(tmp_path)

    def hook() -> subprocess.CompletedProcess[str]:
        run("git", "add", "-A", cwd=tmp_path)
        return run(
            sys.executable,
            "-m",
            "pre_commit",
            "run",
            "--all-files",
            cwd=tmp_path,
            PRE_COMMIT_HOME=str(tmp_path / ".cache"),
        )

    (tmp_path / ".gitignore").write_text(".cache/\n")
    good = hook()
    assert good.returncode == 0, good.stdout + good.stderr
    (tmp_path / "recipes" / "train.yaml").write_text(BAD)
    bad = hook()
    assert bad.returncode == 1
    assert "recipes/train.yaml:1:20: error[batch/indivisible]" in bad.stdout


def test_the_hook_stops_a_compiled_file_that_is_not_what_its_spec_makes(source: Path, tmp_path: Path) -> None:
    revision = run("git", "rev-parse", "HEAD", cwd=source).stdout.strip()
    (tmp_path / ".pre-commit-config.yaml").write_text(
        f"repos:\n  - repo: {source}\n    rev: {revision}\n    hooks:\n"
        "      - id: configlint-compile-check\n        args: [train.yaml, -o, build]\n"
    )
    (tmp_path / "train.yaml").write_text(GOOD + "launch: {script: train.py}\n")
    compiled = run(
        sys.executable,
        "-m",
        "configlint",
        "compile",
        "train.yaml",
        "-o",
        "build",
        "--verify",
        "never",
        cwd=tmp_path,
    )
    assert compiled.returncode == 0, compiled.stderr
    committed(tmp_path)
    home = str(tmp_path.with_name(f"{tmp_path.name}-home"))

    def hook() -> subprocess.CompletedProcess[str]:
        run("git", "add", "-A", cwd=tmp_path)
        return run(sys.executable, "-m", "pre_commit", "run", cwd=tmp_path, PRE_COMMIT_HOME=home)

    (tmp_path / "notes.txt").write_text("a file that has nothing to do with it\n")
    assert hook().returncode == 0
    launch = tmp_path / "build" / "launch.sh"
    launch.write_text(launch.read_text().replace("--nproc_per_node 8", "--nproc_per_node 4"))
    edited = hook()
    assert edited.returncode == 1
    assert "+exec torchrun --standalone --nnodes 1 --nproc_per_node 8" in edited.stdout


def test_with_all_files_the_hook_checks_what_extends_an_edited_base(source: Path, tmp_path: Path) -> None:
    revision = run("git", "rev-parse", "HEAD", cwd=source).stdout.strip()
    config = f"repos:\n  - repo: {source}\n    rev: {revision}\n    hooks:\n      - id: configlint-check\n"
    (tmp_path / ".pre-commit-config.yaml").write_text(config)
    (tmp_path / "team.yaml").write_text("hardware: {accelerator: a100-80gb, devices_per_node: 8}\n")
    (tmp_path / "train.yaml").write_text("extends: team.yaml\nbatch: {effective: 64}\n")
    committed(tmp_path)
    (tmp_path / "team.yaml").write_text("hardware: {accelerator: a100-80gb, devices_per_node: 7}\n")
    run("git", "add", "team.yaml", cwd=tmp_path)
    home = tmp_path.with_name(f"{tmp_path.name}-home")
    done = run(sys.executable, "-m", "pre_commit", "run", "--all-files", cwd=tmp_path, PRE_COMMIT_HOME=str(home))
    assert done.returncode == 1
    assert "train.yaml:2:20: error[batch/indivisible] 64 samples cannot be split over 7 replicas" in done.stdout
