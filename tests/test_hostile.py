"""A stranger's repository: nothing of it is run, nothing beyond it is shown, and it always ends.

Each trap is sprung first by what it is set for, git or Python, so that it is known to work.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from program import CLEAN, ENVIRONMENT, ERROR, found, run, write

from configlint.host import process as child
from configlint.host.read import LARGEST_BYTES
from configlint.host.walk import walk

SPRUNG = "SPRUNG"
EVIL = f"open({SPRUNG!r}, 'w').close(); raise SystemExit(66)\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    # The user's own settings are no part of these tests.
    monkeypatch.setenv("HOME", str(tmp_path.with_name("home")))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)


def git(*arguments: str, cwd: str | Path = ".", check: bool = True) -> str:
    own = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *own, *arguments], cwd=cwd, capture_output=True, text=True, check=check)
    return done.stdout


def trap(folder: Path) -> str:
    """A command for a setting of git."""
    return f"touch {folder.absolute() / SPRUNG}; false"


def with_a_monitor(folder: Path) -> None:
    """As a tarball brings it, with its `.git`."""
    git("init", "-q", str(folder))
    git("config", "core.fsmonitor", trap(folder), cwd=folder)


def bare_in_a_folder(folder: Path) -> None:
    """As a clone brings it: the files of a bare repository, committed. git takes its folder for a repository."""
    git("init", "-q", "--bare", str(folder))
    git("config", "core.bare", "false", cwd=folder)
    git("config", "core.worktree", str(folder.absolute()), cwd=folder)
    git("config", "core.fsmonitor", trap(folder), cwd=folder)


def with_a_promisor(folder: Path) -> None:
    """A sparse index whose missing trees git would fetch, from a program of the repository's choosing."""
    git("init", "-q", str(folder))
    for name in ("kept", "missing"):
        write(f"{folder}/{name}/other.yaml", f"a: {name}\n")
    git("add", "-A", cwd=folder)
    git("commit", "-qm", "x", cwd=folder)
    git("sparse-checkout", "set", "--cone", "--sparse-index", "kept", cwd=folder)
    tree = git("rev-parse", "HEAD:missing", cwd=folder).strip()
    (folder / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    settings = {
        "core.repositoryformatversion": "1",
        "extensions.partialClone": "evil",
        "remote.evil.url": str(folder.absolute()),
        "remote.evil.promisor": "true",
        "remote.evil.uploadpack": trap(folder),
    }
    for name, value in settings.items():
        git("config", name, value, cwd=folder)


class TestNothingIsRun:
    @pytest.mark.parametrize("set_up", [with_a_monitor, bare_in_a_folder, with_a_promisor])
    def test_of_what_git_would_run(self, set_up: Callable[[Path], None]) -> None:
        folder = Path("recipes")
        set_up(folder)
        write("recipes/a.yaml", ERROR)
        git("ls-files", "--cached", "--others", "--exclude-standard", cwd=folder, check=False)
        assert (folder / SPRUNG).exists(), "the trap works"
        (folder / SPRUNG).unlink()
        for command in (["check", "recipes"], ["check", "recipes/a.yaml"], ["check", "--diff", "recipes"]):
            assert run(*command).code in (0, 1)
        os.chdir(folder)
        for command in (["check"], ["check", "--fix"], ["compile", "a.yaml", "-o", "out", "--verify", "never"]):
            assert run(*command).code == 1
        assert not Path(SPRUNG).exists()

    @pytest.mark.parametrize("name", ["click", "yaml", "signal", "jsonschema", "pathspec", "configlint_rules"])
    def test_of_python_that_lies_beside_it(self, name: str) -> None:
        Path(f"{name}.py").write_text(EVIL)
        write("a.yaml", CLEAN + "trainng: 1\n")
        write(".gitignore", "*.log\n")
        importing = subprocess.run([sys.executable, "-c", f"import {name}"], check=False)
        assert (importing.returncode, Path(SPRUNG).exists()) == (66, True), "the trap works"
        Path(SPRUNG).unlink()
        environment = {name: value for name, value in ENVIRONMENT.items() if name != "PYTHONSAFEPATH"}
        command = [sys.executable, "-m", "configlint", "check", "."]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        assert (done.returncode, Path(SPRUNG).exists()) == (1, False), done.stderr
        assert "schema/unknown-key" in done.stdout

    @pytest.mark.parametrize("python_path", ["", ".", ":", "evil", "./evil:", "{whole}:.::evil"])
    def test_of_python_that_a_child_could_import(
        self, python_path: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        whole = tmp_path.with_name("whole")
        whole.mkdir(exist_ok=True)
        Path("evil").mkdir()
        for folder in (".", "evil"):
            for name in ("sitecustomize", "json", "torch"):
                Path(folder, f"{name}.py").write_text(EVIL)
        script = tmp_path.with_name("asked.py")
        script.write_text(
            "import sys, os, json\njson.load(sys.stdin)\njson.dump([sys.path, os.getcwd()], sys.stdout)\n"
        )
        monkeypatch.setenv("PYTHONPATH", python_path.format(whole=whole))
        answer = child.ask(script, [], 60)
        assert isinstance(answer, list), answer
        path, folder = answer
        assert not Path(SPRUNG).exists()
        assert "" not in path and str(tmp_path) not in path and folder != str(tmp_path)
        assert (str(whole) in path) is ("whole" in python_path), "clusters have their packages there"

    def test_of_programs_that_lie_beside_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("git", "bash", "sbatch", "scontrol", "python", "python3"):
            write(name, f"#!/bin/sh\n: >{Path.cwd() / SPRUNG}\n").chmod(0o755)
        write("a.yaml", CLEAN + "launch: {script: train.py, slurm: {partition: gpu}}\n")
        monkeypatch.setenv("PATH", f".:{os.environ['PATH']}")
        assert run("check").code == 0
        monkeypatch.setattr("configlint.verify.installed.find_spec", lambda name: None)
        assert run("compile", "a.yaml", "-o", "out").code == 0
        assert not Path(SPRUNG).exists()


class TestFolders:
    def test_what_the_user_and_the_repository_exclude_is_not_looked_at(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        git("init", "-q")
        for name in ("a", "of-info", "of-user", "of-xdg"):
            write(f"sub/{name}.yaml", ERROR)
        write(".git/info/exclude", "of-info.yaml\n")
        home = tmp_path.with_name("home")
        write(f"{home}/.config/git/ignore", "of-xdg.yaml\n")
        assert [Path(path).stem for path in walk(".")] == ["a", "of-user"]
        write(f"{home}/.gitconfig", "[user]\n\tname = x\n[core]\n\tautocrlf = false\n\texcludesFile = ~/mine\n")
        write(f"{home}/mine", "of-user.yaml\n")
        assert [Path(path).stem for path in walk("sub")] == ["a", "of-xdg"]
        assert git("ls-files", "--others", "--exclude-standard").split() == ["sub/a.yaml", "sub/of-xdg.yaml"]

    def test_in_a_worktree_the_same_is_excluded(self) -> None:
        git("init", "-q", "main")
        git("commit", "-q", "--allow-empty", "-m", "x", cwd="main")
        git("worktree", "add", "-q", "../other", cwd="main")
        write("main/.git/info/exclude", "b.yaml\n")
        for name in ("a", "b"):
            write(f"other/{name}.yaml", ERROR)
        assert list(walk("other")) == ["other/a.yaml"]
        assert git("ls-files", "--others", "--exclude-standard", cwd="other").split() == ["a.yaml"]

    def test_what_belongs_to_others_is_passed_over(self) -> None:
        git("init", "-q")
        git("init", "-q", "nested")
        git("init", "-q", "--bare", "bare.git")
        write("environment/pyvenv.cfg", "")
        write("conda/conda-meta/history", "")
        write("module/.git", "gitdir: ../.git/modules/module\n")
        for folder in (
            "nested",
            "bare.git",
            "environment/lib",
            "conda/share",
            "node_modules/x",
            ".github",
            "module",
        ):
            write(f"{folder}/a.yaml", ERROR)
        write("src/a.yaml", ERROR)
        assert list(walk(".")) == ["src/a.yaml"]
        assert list(walk("nested")) == ["nested/a.yaml"], "unless it is named"

    def test_a_link_that_leads_out_of_the_repository_is_passed_over(self, tmp_path: Path) -> None:
        secret = write(f"{tmp_path.with_name('elsewhere')}/credentials.yaml", ERROR)
        git("init", "-q")
        write("a.yaml", ERROR)
        Path("out.yaml").symlink_to(secret)
        Path("within.yaml").symlink_to("a.yaml")
        Path("loop.yaml").symlink_to("loop.yaml")
        Path("sub").mkdir()
        Path("sub/up.yaml").symlink_to("../a.yaml")
        assert list(walk(".")) == ["a.yaml", "sub/up.yaml", "within.yaml"]
        assert list(walk("sub")) == ["sub/up.yaml"]

    @pytest.mark.parametrize(
        "pattern",
        [
            "*a" * 60 + "b",
            "a" * 30 + "*" * 500 + "b",
            "**/a/" * 60 + "b",
            "[a-a]*" * 60 + "b",
            "**/" * 200 + "*a*a*b",
        ],
    )
    def test_no_pattern_takes_long(self, pattern: str) -> None:
        write(".gitignore", pattern + "\n")
        deep = "/".join("a" * 60)
        write(f"{deep}/{'a' * 240}.yaml", ERROR)
        start = time.process_time()
        assert len(list(walk("."))) == 1
        assert time.process_time() - start < 2

    def test_patterns_that_are_none_ignore_nothing(self) -> None:
        write(".gitignore", "[z-a].yaml\n[\n\\\n/\n!\n\x00\n  \n#a.yaml\n")
        write("a.yaml", ERROR)
        assert list(walk(".")) == ["a.yaml"]

    def test_no_folder_is_too_deep(self) -> None:
        folder = Path("a" * 20)
        for _ in range(150):
            folder.mkdir()
            os.chdir(folder)
        assert run("check").out == "no training config found\n"

    NAMES = st.sampled_from(["a", "b", "ab", "a.yaml", "b.yaml", "ab.yaml", "c d.yaml"])
    PATTERNS = st.lists(
        st.sampled_from(
            ["a", "b", "*", "**", "?", "/", "!", ".yaml", "[ab]", "[!a]", "\\a", "c", " ", "#", "a*", "*b"]
        ),
        min_size=1,
        max_size=5,
    ).map("".join)

    @given(
        files=st.lists(st.lists(NAMES, min_size=1, max_size=4).map("/".join), min_size=1, max_size=8),
        ignores=st.dictionaries(
            st.sampled_from(["", "a/", "b/", "a/b/"]), st.lists(PATTERNS, max_size=4), max_size=3
        ),
        start=st.sampled_from([".", "a", "a/b"]),
    )
    @example(files=["a/a.yaml"], ignores={"": ["a[!a]"]}, start=".")
    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_what_git_ignores_is_ignored(
        self, tmp_path: Path, files: list[str], ignores: dict[str, list[str]], start: str
    ) -> None:
        folder = tmp_path / str(time.monotonic_ns())
        git("init", "-q", str(folder))
        for name in [*files, *(f"{place}.gitignore" for place in ignores)]:
            path = folder / name
            if any(parent.is_file() for parent in path.parents) or path.is_dir():
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            lines = ignores.get(name.removesuffix(".gitignore"), []) if name.endswith(".gitignore") else []
            path.write_text("".join(f"{line}\n" for line in lines))
        if not (folder / start).is_dir():
            start = "."
        listed = git("ls-files", "-z", "--others", "--exclude-standard", cwd=folder / start)
        expected = {str(folder / start / name) for name in listed.split("\0") if name.endswith(".yaml")}
        assert set(map(os.path.normpath, walk(str(folder / start)))) == set(map(os.path.normpath, expected))


def fifo(path: Path) -> str:
    os.mkfifo(path)
    return "not a regular file"


def device(path: Path) -> str:
    path.symlink_to("/dev/zero")
    return "not a regular file"


def sparse(path: Path) -> str:
    with open(path, "wb") as file:
        file.truncate(20 * 2**30)
    return "larger than 4 MB"


def grown(path: Path) -> str:
    path.write_bytes(b" " * (LARGEST_BYTES + 1))
    return "larger than 4 MB"


def loop(path: Path) -> str:
    path.symlink_to(path.name)
    return "too many levels of symbolic links"


def folder(path: Path) -> str:
    path.mkdir()
    return "is a directory"


class TestFilesThatAreNone:
    @pytest.mark.parametrize("make", [fifo, device, sparse, grown, loop])
    def test_a_spec(self, make: Callable[[Path], str]) -> None:
        why = make(Path("a.yaml"))
        for command in (["check"], ["compile"], ["explain"], ["fit"], ["check", "--fix"], ["check", "--diff"]):
            result = run(*command, "a.yaml")
            assert (result.code, result.err.splitlines()[-1]) == (2, f"configlint: a.yaml: {why}")
        assert run("check", ".").out == "no training config found\n"

    @pytest.mark.parametrize("make", [fifo, device, sparse, grown, loop, folder])
    def test_a_base(self, make: Callable[[Path], str]) -> None:
        why = make(Path("team.yaml"))
        write("a.yaml", "extends: team.yaml\n" + CLEAN)
        result = run("check", "a.yaml")
        assert found(result) == ["a.yaml:1:10 syntax/missing-base"]
        assert f"team.yaml: {why}" in result.out and "did you mean" not in result.out
        assert run("compile", "a.yaml", "--verify", "never").code == 1

    @pytest.mark.parametrize("make", [fifo, device, sparse, grown, loop])
    def test_a_models_config(self, make: Callable[[Path], str]) -> None:
        make(Path("config.json"))
        for name in ("./config.json", "."):
            write("a.yaml", CLEAN + f"model: {{config: {name}, sequence_length: 128}}\n")
            assert run("check", "a.yaml").code in (0, 1)

    @pytest.mark.parametrize("make", [fifo, device, sparse, grown, loop])
    @pytest.mark.parametrize("name", ["launch.sh", "plan.json", ".configlint-journal"])
    def test_a_compiled_file(self, make: Callable[[Path], str], name: str) -> None:
        Path("out").mkdir()
        make(Path("out", name))
        write("a.yaml", CLEAN + "launch: {script: train.py}\n")
        journal = name.startswith(".")
        command = ["compile", "a.yaml", "-o", "out", "--verify", "never"]
        assert run(*command).code == (0 if journal else 2)
        assert run(*command, "--force").code == 0
        assert run(*command, "--check").code == 0

    @pytest.mark.parametrize("make", [fifo, device, sparse, grown, loop])
    def test_a_list_of_what_to_ignore(self, make: Callable[[Path], str]) -> None:
        make(Path(".gitignore"))
        write("a.yaml", CLEAN)
        assert run("check").out == "1 spec clean\n"

    @pytest.mark.skipif(not os.path.exists("/proc/self/environ"), reason="there is no /proc")
    def test_nothing_is_shown_of_what_is_not_a_spec(self, tmp_path: Path) -> None:
        shadow = write("shadow", "root:$6$salt$hash:1:0:::::\nharddrive: *hunter2\n")
        keys = write("keys.yaml", "clusters: {name: hunter2}\nusers: [hunter2]\n")
        for path in (shadow, keys, Path("/proc/self/environ"), Path("/etc/passwd")):
            write("a.yaml", f"extends: {path}\n" + CLEAN)
            for form in ("text", "json", "concise"):
                result = run("check", "a.yaml", "--output-format", form)
                assert "a.yaml" in result.out and "is not a" in result.out
                assert not re.search("hunter2|salt|root:|PATH=", result.out + result.err)
            Path("link.yaml").symlink_to(path.absolute())
            result = run("check", "link.yaml")
            assert result.code == 2
            assert not re.search("hunter2|salt|root:|PATH=", result.out + result.err)
            Path("link.yaml").unlink()


class TestInstalledReleases:
    """The `.venv` of a stranger's repository, with a release that there is no data of."""

    @pytest.fixture
    def package(self) -> Path:
        place = Path(".venv/lib/python3.12/site-packages")
        (place / "transformers-99.0.1.dist-info").mkdir(parents=True)
        (place / "transformers").mkdir()
        write("a.yaml", CLEAN + 'transformers: "99.0"\ntraining: {output_dir: o, brand_new: 1}\n')
        return place / "transformers"

    @pytest.mark.parametrize("make", [fifo, device, sparse, grown, loop, folder])
    def test_are_not_read_where_the_source_is_no_file(self, make: Callable[[Path], str], package: Path) -> None:
        make(package / "training_args.py")
        assert found(run("check", "a.yaml"))[0] == "a.yaml:4:27 argument/unknown"

    @pytest.mark.parametrize(
        "text",
        [
            "class TrainingArguments:\n    a: int = " + "(" * 100_000,
            "class TrainingArguments:\n    a: int = x" + ".a" * 400_000,
            "class TrainingArguments:\n    a: int = " + "-" * 900_000 + "1\n",
            "class TrainingArguments:\n    secret: \0",
            "class TrainingArguments(TrainingArguments):\n    secret: str = '\\d' is 'secret'\n",
            "".join(
                f"class TrainingArguments{n or ''}(TrainingArguments{n + 1}):\n    a: int\n" for n in range(10_000)
            ),
            "\udcff".encode(errors="surrogateescape").decode(errors="replace"),
        ],
        ids=["brackets", "attributes", "signs", "null", "warned of", "bases", "no text"],
    )
    def test_end_and_show_nothing(self, text: str, package: Path) -> None:
        (package / "training_args.py").write_text(text, encoding="utf-8")
        result = run("check", "a.yaml")
        assert "a.yaml:4:27 argument/unknown" in found(result)
        assert "secret" not in result.out + result.err

    def test_are_not_run(self, package: Path) -> None:
        (package / "training_args.py").write_text(EVIL, encoding="utf-8")
        (package / "__init__.py").write_text(EVIL, encoding="utf-8")
        for command in (["check"], ["compile", "--verify", "never"], ["explain"], ["check", "--fix"]):
            run(*command, "a.yaml")
        assert not Path(SPRUNG).exists()


class TestPassOver:
    def test_what_is_no_spec_is_passed_over_and_what_is_one_is_checked(self) -> None:
        write("compose.yaml", "services: {}\nbatch: {x: 1}\n")
        write("broken.yaml", "a: [1\n")
        write("data.json", '["hardware:"]')
        os.mkfifo("pipe.yaml")
        sparse(Path("large.json"))
        write("a.yaml", ERROR)
        write("b.yaml", "batch: [1\nhardware: {}\n")
        names = sorted(path.name for path in Path().iterdir())
        result = run("check", "--pass-over", *names)
        assert (result.code, result.err) == (1, "")
        assert found(result) == ["a.yaml:1:20 batch/indivisible", "b.yaml:1:8 syntax/invalid"]
        assert run("check", "--pass-over", "compose.yaml") == (0, "no training config found\n", "")
        assert run("check", *names).code == 2

    def test_a_file_that_is_not_there_is_said(self) -> None:
        assert run("check", "--pass-over", "a.yaml")[::2] == (2, "configlint: a.yaml: no such file or directory\n")


class TestOtherPeoplesFiles:
    @pytest.mark.parametrize(
        "text",
        [
            "queue: redis\nbatch: {size: 100}\n",
            "batch: {size: 100}\nhardware: x\nqueue: redis\nworkers: 3\n",
            "model: {model_name: x}\ndata: {train: {}}\ntraining: {trainer_type: TRL_SFT}\n",
            "trainer: {devices: 8}\nmodel: {}\ndata: {}\n",
            "extends: [eslint]\nrules: {}\n",
            "hardware: {nodes: 1}\n",
            "targets: {a: {}}\n",
            "batch: 3\nextends: x\na: 1\nb: 2\nc: 3\n",
        ],
    )
    def test_are_no_specs(self, text: str) -> None:
        write("a.yaml", text)
        assert run("check") == (0, "no training config found\n", "")
        assert run("check", "a.yaml").code == 2

    @pytest.mark.parametrize(
        "text",
        [
            "configlint: 1\n",
            "configlint: 1\na: 1\nb: 2\n",
            "batch: 1\nhardware: {}\nqueue: 1\n",
            "extends: team.yaml\ntraining: {}\n",
            "targets: {}\ntraining: {}\n",
        ],
    )
    def test_and_these_are(self, text: str) -> None:
        write("a.yaml", text)
        assert "no spec" not in run("check").out


def test_all_root_keys_of_the_schema_are_known() -> None:
    import json

    from configlint.frontends.spec import KEYS
    from configlint.knowledge.schemas import schema_text

    assert set(json.loads(schema_text())["properties"]) == KEYS
