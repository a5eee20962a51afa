"""Standard streams that are closed or full, and signals: always an answer, never a traceback."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from program import CLEAN, ENVIRONMENT, ERROR, run, write

PROGRAM = [sys.executable, "-m", "configlint"]
COMMANDS = [
    ["check", "a.yaml"],
    ["check", "a.yaml", "--output-format", "json"],
    ["check", "a.yaml", "--diff"],
    ["compile", "a.yaml", "--verify", "never"],
    ["explain", "a.yaml"],
    ["fit", "a.yaml"],
    ["rule"],
    ["schema"],
    ["--help"],
    ["check", "--help"],
    ["--version"],
]
needs_full = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write("a.yaml", CLEAN + "launch: {script: train.py}\n")


def shell(redirection: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The program with its streams as a shell lays them."""
    command = ["bash", "-c", f'exec "$@" {redirection}', "bash", *PROGRAM, *arguments]
    return subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=60)


def is_one_line(text: str) -> bool:
    return text.count("configlint: ") == 1 and "Traceback" not in text and "Error" not in text


@needs_full
@pytest.mark.parametrize("command", [each for each in COMMANDS if "--diff" not in each], ids=" ".join)
@pytest.mark.parametrize(
    ("redirection", "words"),
    [(">&-", "configlint: stdout is closed\n"), (">/dev/full", "configlint: output: no space left on device\n")],
)
def test_what_stdout_cannot_take_is_an_error(redirection: str, words: str, command: list[str]) -> None:
    done = shell(redirection, *command)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith(words) and is_one_line(done.stderr)


@needs_full
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full"])
def test_what_stderr_cannot_take_keeps_nothing_from_stdout(redirection: str, command: list[str]) -> None:
    expected, done = shell("", *command), shell(redirection, *command)
    assert (done.returncode, done.stdout, done.stderr) == (expected.returncode, expected.stdout, "")


@needs_full
@pytest.mark.parametrize(
    "redirection", ["2>&-", "2>/dev/full", ">&- 2>&-", ">/dev/full 2>/dev/full", "<&- >&- 2>&-"]
)
def test_with_no_stream_left_the_exit_code_still_tells(redirection: str) -> None:
    write("b.yaml", ERROR)
    closed = ">" in redirection.replace("2>", "")
    for command, code in ((["check", "b.yaml"], 2 if closed else 1), (["check", "none.yaml"], 2), (["chek"], 2)):
        done = shell(redirection, *command)
        assert (done.returncode, done.stderr) == (code, "")


def test_files_do_not_get_what_is_printed() -> None:
    # With stdout closed, the first file that is opened has its number.
    done = shell(">&- 2>&-", "compile", "a.yaml", "-o", "out", "--verify", "never")
    assert done.returncode == 0
    assert Path("a.yaml").read_text() == CLEAN + "launch: {script: train.py}\n"
    assert run("compile", "a.yaml", "-o", "out", "--check") == (0, "", "")


def test_a_closed_stdin_is_said() -> None:
    done = shell("<&-", "check", "-")
    assert (done.returncode, done.stderr) == (2, "configlint: stdin is closed, nothing can be read\n")
    assert shell("<&-", "check", "a.yaml").returncode == 0


def test_a_folder_that_is_called_like_an_option_is_one() -> None:
    result = run("compile", "a.yaml", "-o", "-d", "--verify", "never")
    assert result.err.splitlines()[-1] == "run: bash ./-d/launch.sh"


VERIFYING = "configlint: verifying the files with the installed packages ..."
# Nothing that is installed is asked, so that it takes no time.
UNASKED = "from configlint.verify import installed; installed.ask = lambda *asked: 'is busy'"
COMPILE = [sys.executable, "-c", f"{UNASKED}; from configlint.program import main; main()", "compile", "a.yaml"]
NOT_CI = {name: value for name, value in ENVIRONMENT.items() if name != "CI"}


@pytest.mark.skipif(sys.platform == "win32", reason="it has no pseudo-terminals")
class TestWaiting:
    """What takes long is said on a terminal, and erased at the end."""

    @staticmethod
    def on_a_terminal(command: list[str], environment: dict[str, str]) -> tuple[int, str]:
        """The exit code, and what is written to a terminal that is its stderr."""
        import pty

        master, slave = pty.openpty()
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=slave, env=environment, check=False)
        os.close(slave)
        text = os.read(master, 9999).decode()
        os.close(master)
        return done.returncode, text

    @staticmethod
    def erased(line: str) -> str:
        return f"{line}\r{' ' * len(line)}\r"

    def test_on_a_terminal_a_line_says_what_is_done_and_leaves_nothing_behind(self) -> None:
        code, text = self.on_a_terminal(COMPILE, NOT_CI)
        assert (code, text.count(VERIFYING)) == (0, 1)
        assert text.startswith(self.erased(VERIFYING) + "parsed by bash: launch.sh")

    def test_in_ci_in_a_pipe_and_without_verification_nothing_is_said(self) -> None:
        assert VERIFYING not in self.on_a_terminal(COMPILE, {**NOT_CI, "CI": "true"})[1]
        assert VERIFYING not in self.on_a_terminal([*COMPILE, "--verify", "never"], NOT_CI)[1]
        piped = subprocess.run(COMPILE, env=NOT_CI, capture_output=True, text=True, check=True)
        assert VERIFYING not in piped.stdout + piped.stderr

    def test_it_is_erased_when_the_user_stops_it(self) -> None:
        stops = COMPILE[2].replace("'is busy'", "(_ for _ in ()).throw(KeyboardInterrupt())")
        code, text = self.on_a_terminal([sys.executable, "-c", stops, "compile", "a.yaml"], NOT_CI)
        assert code != 0
        assert text.startswith(self.erased(VERIFYING))

    @pytest.mark.heavy
    @pytest.mark.parametrize(
        ("command", "line"),
        [
            (["prove", "a.yaml"], "configlint: setting up the ranks of the job ..."),
            (["fit", "a.yaml", "--trace"], "configlint: tracing a training step ..."),
        ],
    )
    def test_prove_and_a_trace_say_what_they_do(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: list[str], line: str
    ) -> None:
        text = "batch: {effective: 4}\nhardware: {accelerator: rtx-4090, devices_per_node: 2}\n"
        write("a.yaml", text + "model: {config: qwen2.5-0.5b, sequence_length: 64}\ntraining: {bf16: true}\n")
        environment = {**NOT_CI, "XDG_CACHE_HOME": str(tmp_path)}
        code, text = self.on_a_terminal([*PROGRAM, *command], environment)
        assert code == 0, text
        assert text.endswith(self.erased(line))


def _heed_signals() -> None:
    """As from a terminal: what nohup or a script's `&` starts ignores some of them."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


class TestSignals:
    # Slows the first imports down, and says when they begin.
    SLOW = """
import sys, time
class Slow:
    def find_spec(self, name, path=None, target=None):
        if name == {name!r}:
            open("importing", "w").close()
            time.sleep(20)
sys.meta_path.insert(0, Slow())
sys.argv = ["configlint", "check", "a.yaml"]
from configlint.__main__ import main
main()
"""

    def start(self, name: str, *prefix: str) -> subprocess.Popen[bytes]:
        Path("importing").unlink(missing_ok=True)
        process = subprocess.Popen(
            [*prefix, sys.executable, "-c", self.SLOW.format(name=name)],
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=_heed_signals,
        )
        while not Path("importing").exists():
            assert process.poll() is None
            time.sleep(0.01)
        return process

    @pytest.mark.parametrize("name", ["configlint.program", "configlint.session", "configlint.pipeline", "yaml"])
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    def test_it_ends_by_the_signal_and_without_a_traceback(self, name: str, number: signal.Signals) -> None:
        process = self.start(name)
        process.send_signal(number)
        out, err = process.communicate(timeout=10)
        assert (process.returncode, out, err) == (-number, b"", b"")

    def test_one_that_was_ignored_stays_ignored(self) -> None:
        code = self.SLOW.format(name="configlint.pipeline").replace("time.sleep(20)", "time.sleep(2)")
        ignoring = "import signal\nfor each in (1, 2, 15): signal.signal(each, signal.SIG_IGN)\n"
        process = subprocess.Popen(
            [sys.executable, "-c", ignoring + code], env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        while not Path("importing").exists():
            time.sleep(0.01)
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            process.send_signal(number)
        out, err = process.communicate(timeout=20)
        assert (process.returncode, out, err) == (0, b"1 spec clean\n", b"")

    def test_what_it_started_ends_with_it(self, tmp_path: Path) -> None:
        script = tmp_path / "asked.py"
        script.write_text(
            "import os, time\nos.fork()\nopen(f'running.{os.getpid()}', 'w').close()\ntime.sleep(60)\n"
        )
        code = f"""
import pathlib, sys
from configlint import cli
from configlint.host import process as child
from configlint.commands.console import CLEAN

@cli.cli.command("wait")
def wait():
    child.ask(pathlib.Path({str(script)!r}), [], 60)

sys.argv = ["configlint", "wait"]
from configlint.program import main; main()
"""
        folder = tmp_path / "temporary"
        folder.mkdir()
        environment = {**ENVIRONMENT, "TMPDIR": str(folder)}
        process = subprocess.Popen([sys.executable, "-c", code], env=environment, stderr=subprocess.PIPE)
        while len(running := list(folder.glob("*/running.*"))) < 2:
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=10)
        assert (process.returncode, err) == (-signal.SIGTERM, b"")
        assert list(folder.iterdir()) == [], "nothing temporary is left"
        for path in running:
            number = int(path.suffix[1:])
            deadline = time.monotonic() + 5
            while _runs(number) and time.monotonic() < deadline:
                time.sleep(0.01)
            assert not _runs(number)


def _runs(number: int) -> bool:
    try:
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.skipif(sys.platform == "win32", reason="it has no pseudo-terminals")
class TestHint:
    """How to read a rule and how to ignore it is said after the findings, to people only."""

    @staticmethod
    def shown(*arguments: str, **environment: str) -> str:
        """What a terminal gets that is stdout."""
        import pty

        master, slave = pty.openpty()
        subprocess.run([*PROGRAM, "check", *arguments], stdout=slave, env=NOT_CI | environment, check=False)
        os.close(slave)
        text = os.read(master, 9999).decode()
        os.close(master)
        return text

    def test_on_a_terminal_it_names_a_rule_that_was_found(self) -> None:
        write("b.yaml", ERROR)
        lines = self.shown("b.yaml", TERM="xterm").splitlines()
        assert lines[-2:] == [
            "why: configlint rule batch/indivisible",
            "to ignore it: add `# configlint: ignore[batch/indivisible] reason` to the line",
        ]

    def test_not_in_ci_and_not_in_other_forms_or_where_there_is_nothing(self) -> None:
        write("b.yaml", ERROR)
        assert "to ignore it" not in self.shown("b.yaml", CI="true")
        assert "to ignore it" not in self.shown("b.yaml", "--output-format", "concise")
        assert "to ignore it" not in self.shown("b.yaml", "--quiet")
        assert "to ignore it" not in self.shown("a.yaml")

    def test_in_a_json_file_no_comment_can_stand(self) -> None:
        write("b.json", '{"batch": {"effective": 64}, "hardware": {"accelerator": "cpu", "devices_per_node": 7}}')
        assert self.shown("b.json").splitlines()[-1] == (
            'to ignore it: set `per-file = {"b.json" = ["batch/indivisible"]}` in configlint.toml'
        )

    def test_not_in_a_pipe(self) -> None:
        write("b.yaml", ERROR)
        assert "to ignore it" not in run("check", "b.yaml").out

    def test_names_of_rules_are_links_on_terminals_that_are_known_to_show_them(self) -> None:
        write("b.yaml", ERROR)
        shown = self.shown("b.yaml", KITTY_WINDOW_ID="1")
        link = re.search(r"\x1b\]8;;file://(\S+)\x1b\\batch/indivisible\x1b\]8;;", shown)
        assert link and Path(link[1]).name == "indivisible.py" and Path(link[1]).exists()
        assert "]8;;" not in self.shown("b.yaml", KITTY_WINDOW_ID="1", NO_COLOR="1")
        assert "]8;;" not in self.shown("b.yaml")
