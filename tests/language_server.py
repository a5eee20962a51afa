"""The YAML language server that editors use, driven over its pipe as an editor does."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# Where .ci/run installs it, and where people do.
_PATH = os.pathsep.join([str(Path(sys.prefix) / "node_modules" / ".bin"), os.environ["PATH"]])


def program() -> str | None:
    return shutil.which("yaml-language-server", path=_PATH)


class Editor:
    """What an editor asks, and what it is answered. A document may exist in the editor alone."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path, settings: dict[str, Any]) -> None:
        self._process, self._settings, self._number = process, settings, 0
        self._reports: dict[str, list[dict[str, Any]]] = {}
        capabilities = {"workspace": {"configuration": True, "workspaceFolders": True}}
        folders = [{"uri": folder.as_uri(), "name": folder.name}]
        self._ask(
            "initialize",
            processId=os.getpid(),
            rootUri=folder.as_uri(),
            workspaceFolders=folders,
            capabilities=capabilities,
        )
        self._tell("initialized")
        self._tell("workspace/didChangeConfiguration", settings=settings)

    def problems(self, path: Path, text: str) -> list[dict[str, Any]]:
        """What is wrong with a text, which is not open yet."""
        self._open(path, text)
        while path.as_uri() not in self._reports:
            self._take(self._next())
        return self._reports.pop(path.as_uri())

    def actions(self, path: Path, problems: list[dict[str, Any]]) -> list[str]:
        """What an editor offers to put in the place of what is wrong in an open text."""
        where = {"textDocument": {"uri": path.as_uri()}, "range": problems[0]["range"]}
        found = self._ask("textDocument/codeAction", **where, context={"diagnostics": problems})
        return [action["title"] for action in found or [] if action.get("kind") == "quickfix"]

    def hover(self, path: Path, text: str, line: int, column: int) -> str:
        """What is shown of a place, counted from 0."""
        found = self._at("hover", path, text, line, column)
        return found["contents"]["value"] if found else ""

    def proposals(self, path: Path, text: str, line: int, column: int) -> list[str]:
        """What is proposed at a place, counted from 0."""
        return [item["label"] for item in self._at("completion", path, text, line, column)["items"]]

    def _at(self, method: str, path: Path, text: str, line: int, column: int) -> Any:
        self._open(path, text)
        place = {"line": line, "character": column}
        return self._ask(f"textDocument/{method}", textDocument={"uri": path.as_uri()}, position=place)

    def _open(self, path: Path, text: str) -> None:
        document = {"uri": path.as_uri(), "languageId": "yaml", "version": self._number, "text": text}
        self._tell("textDocument/didOpen", textDocument=document)

    def _ask(self, method: str, **parameters: Any) -> Any:
        self._number += 1
        self._send({"id": self._number, "method": method, "params": parameters})
        while (message := self._next()).get("id") != self._number or "method" in message:
            self._take(message)
        assert "error" not in message, message
        return message["result"]

    def _tell(self, method: str, **parameters: Any) -> None:
        self._send({"method": method, "params": parameters})

    def _take(self, message: dict[str, Any]) -> None:
        """Keep what is reported; answer what the server asks."""
        if message.get("method") == "textDocument/publishDiagnostics":
            self._reports[message["params"]["uri"]] = message["params"]["diagnostics"]
        elif message.get("method") == "workspace/configuration":
            sections = [item.get("section") for item in message["params"]["items"]]
            self._send({"id": message["id"], "result": [self._settings.get(section) for section in sections]})
        elif "id" in message:
            self._send({"id": message["id"], "result": None})

    def _send(self, message: dict[str, Any]) -> None:
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(data), data))
        self._process.stdin.flush()

    def _next(self) -> dict[str, Any]:
        assert self._process.stdout
        length = 0
        while (line := self._process.stdout.readline().strip()) or not length:
            assert line or self._process.poll() is None, "the language server has ended"
            if line.lower().startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        message: dict[str, Any] = json.loads(self._process.stdout.read(length))
        return message


@contextmanager
def editor(server: str, folder: Path, **settings: Any) -> Iterator[Editor]:
    """An editor that has a folder open, with what is in the `yaml` section of its settings."""
    yaml = {"validate": True, "hover": True, "completion": True, "schemaStore": {"enable": False}, **settings}
    process = subprocess.Popen([server, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        yield Editor(process, folder, {"yaml": yaml})
    finally:
        process.terminate()
        process.wait(20)
