"""A headless Chromium that tests tell what to open, over the pipe of its DevTools protocol."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from tempfile import TemporaryDirectory
from typing import Any

# As root it starts only without its sandbox.
_OPTIONS = "--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --remote-debugging-pipe"


def chromium() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    return next(filter(None, map(shutil.which, names)), None)


class Tab:
    """One page, and the errors that its console has shown."""

    def __init__(self, commands: int, answers: int) -> None:
        self._commands, self._answers = os.fdopen(commands, "wb"), os.fdopen(answers, "rb")
        self._number, self._session, self.errors = 0, None, list[str]()
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self._ask(f"{domain}.enable")

    def open(self, url: str) -> None:
        self._ask("Page.navigate", url=url)
        self.wait_for("document.readyState == 'complete'")

    def value(self, expression: str) -> Any:
        """What an expression of JavaScript is in the page."""
        answer = self._ask("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait_for(self, expression: str, seconds: float = 30) -> Any:
        """What an expression is once it is something."""
        end = time.monotonic() + seconds
        while not (value := self.value(expression)):
            assert time.monotonic() < end, f"{expression} is still {value!r}"
            time.sleep(0.05)
        return value

    def _ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        command = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            command["sessionId"] = self._session
        self._commands.write(json.dumps(command).encode() + b"\0")
        self._commands.flush()
        while True:
            said = self._next()
            if said.get("id") == self._number:
                assert "error" not in said, said
                result: dict[str, Any] = said["result"]
                return result
            if said.get("method") == "Runtime.exceptionThrown" or (
                said.get("method") == "Log.entryAdded" and said["params"]["entry"]["level"] == "error"
            ):
                self.errors.append(json.dumps(said["params"]))

    def _next(self) -> dict[str, Any]:
        text = bytearray()
        while (byte := self._answers.read(1)) != b"\0":
            assert byte, "Chromium has ended"
            text += byte
        said: dict[str, Any] = json.loads(text)
        return said


@contextmanager
def browser(program: str) -> Iterator[Tab]:
    commands, to = os.pipe()
    from_, answers = os.pipe()
    with TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        # It reads commands from 3 and writes answers to 4.
        line = f'exec "$0" {_OPTIONS} --user-data-dir="$1" 3<&{commands} 4>&{answers}'
        process = subprocess.Popen(
            ["bash", "-c", line, program, profile],
            pass_fds=(commands, answers),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(commands)
        os.close(answers)
        try:
            yield Tab(to, from_)
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(20)
            process.kill()
