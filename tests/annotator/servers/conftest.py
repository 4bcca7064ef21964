"""A project with a small Go repository of two releases, and an editor that speaks the protocol."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import pytest
import small_repository
from small_repository import KILN, SHIFTED

from annotator.project_source import SourceOptions
from annotator.servers.workspace import Workspace

SETTINGS = """\
repository = "https://github.com/example/kiln"
baseline = "v1.0.0"
prefixes = ["src"]
modules = ["example.org/kiln"]
"""

# Fire calls something new, and Shelf goes to a file of its own.
_SHELF = SHIFTED[SHIFTED.index("// Shelf holds") : SHIFTED.index("var errTooHot")]
LATER = SHIFTED.replace("\tlimit := 1300\n", "\tlimit := 1300\n\tlog(temp)\n").replace(_SHELF, "")

DEADLINE = 30.0
"""Seconds in which a server must have answered, even on a busy machine."""


@pytest.fixture(scope="session")
def made_kiln(tmp_path_factory):
    """The repository: Fire is in line 4, then 8; the shelf moves to another file in v1.2.0."""
    folder = tmp_path_factory.mktemp("kiln")
    source = folder / "source"
    small_repository.build(
        source,
        {
            "v1.0.0": {"kiln/kiln.go": KILN},
            "v1.1.0": {"kiln/kiln.go": SHIFTED},
            "v1.2.0": {"kiln/kiln.go": LATER, "kiln/shelf.go": f"package kiln\n\n{_SHELF}"},
        },
    )
    return folder


@pytest.fixture
def kiln(made_kiln, tmp_path, monkeypatch):
    """The project's folder; the cache is its own."""
    monkeypatch.setenv("ANNOTATOR_CACHE", str(made_kiln / "cache"))
    project = tmp_path / "project"
    project.mkdir()
    (project / "annotator.toml").write_text(SETTINGS)
    return project


@pytest.fixture
def source(made_kiln):
    """The path of the Go repository."""
    return str(made_kiln / "source")


@pytest.fixture
def workspace(kiln, source):
    """A workspace with the project's folder, at the baseline or at another tag."""
    opened: list[Workspace] = []

    def at(tag: str | None = None, written_at: str | None = None) -> Workspace:
        made = Workspace(SourceOptions(source, tag, history=True, written_at=written_at), print)
        made.folders = [kiln]
        opened.append(made)
        return made

    yield at
    for each in opened:
        each.close()


class Editor:
    """A client of a language server: frames of JSON over its standard input and output."""

    def __init__(self, *arguments: str, folder: Path, cache: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "annotator", "lsp", *arguments],
            cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3]), "ANNOTATOR_CACHE": str(cache)},
        )  # fmt: skip
        self._received: Queue[dict[str, Any]] = Queue()
        self._kept: list[dict[str, Any]] = []
        self._number = 0
        self.folder = folder
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while header := stream.readline():
            length = int(header.partition(b":")[2])
            while stream.readline().strip():
                pass
            self._received.put(json.loads(stream.read(length)))

    def write(self, body: bytes) -> None:
        """Send bytes as the body of a message."""
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def notify(self, method: str, **params: Any) -> None:
        """Send a notification."""
        self.write(json.dumps({"jsonrpc": "2.0", "method": method, "params": params}).encode())

    def answer(self, request: dict[str, Any], result: Any) -> None:
        """Answer a request of the server."""
        self.write(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}).encode())

    def request(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a request and return its answer: `result` or `error`."""
        number = self.send(method, **params)
        return self.wait(lambda message: message.get("id") == number and "method" not in message)

    def send(self, method: str, **params: Any) -> int:
        """Send a request; return its number."""
        self._number += 1
        message = {"jsonrpc": "2.0", "id": self._number, "method": method, "params": params}
        self.write(json.dumps(message).encode())
        return self._number

    def wait(self, is_wanted) -> dict[str, Any]:
        """Return the next message that is wanted; others are kept."""
        for message in self._kept:
            if is_wanted(message):
                self._kept.remove(message)
                return message
        while True:
            try:
                message = self._received.get(timeout=DEADLINE)
            except Empty:
                raise AssertionError(f"no answer; the server said {self._kept}") from None
            if is_wanted(message):
                return message
            self._kept.append(message)

    def begin(self, **options: Any) -> dict[str, Any]:
        """Initialize the server; return its capabilities."""
        folders = [{"uri": self.folder.as_uri(), "name": "project"}]
        answer = self.request(
            "initialize", processId=None, rootUri=None, capabilities={}, workspaceFolders=folders,
            initializationOptions=options,
        )  # fmt: skip
        self.notify("initialized")
        return answer["result"]["capabilities"]

    def open(self, name: str, text: str) -> list[dict[str, Any]]:
        """Open a document; return what is wrong in it."""
        item = {"uri": self.uri(name), "languageId": "x", "version": 1, "text": text}
        self.notify("textDocument/didOpen", textDocument=item)
        return self.diagnostics(name)

    def shut(self, name: str) -> None:
        """Close a document."""
        self.notify("textDocument/didClose", textDocument={"uri": self.uri(name)})
        assert self.diagnostics(name) == []

    def change(self, name: str, version: int, text: str) -> list[dict[str, Any]]:
        """Change a whole document; return what is wrong in it."""
        identifier = {"uri": self.uri(name), "version": version}
        self.notify("textDocument/didChange", textDocument=identifier, contentChanges=[{"text": text}])
        return self.diagnostics(name, version)

    def diagnostics(self, name: str, version: int | None = None) -> list[dict[str, Any]]:
        """Return the next diagnostics of a document, or those of one of its versions."""

        def is_wanted(message: dict[str, Any]) -> bool:
            params = message.get("params", {})
            is_of_document = message.get("method") == "textDocument/publishDiagnostics"
            return (
                is_of_document
                and params["uri"] == self.uri(name)
                and version in (None, params.get("version"))
            )

        return self.wait(is_wanted)["params"]["diagnostics"]

    def uri(self, name: str) -> str:
        """Return the address of a file of the project."""
        return name if ":" in name else (self.folder / name).as_uri()

    def at(self, name: str, line: int, character: int) -> dict[str, Any]:
        """Return the parameters that name a place, from 0."""
        return {"textDocument": {"uri": self.uri(name)}, "position": {"line": line, "character": character}}

    def close(self) -> tuple[int, str]:
        """End the server as an editor does; return its exit code and what it wrote to standard error."""
        self.request("shutdown")
        self.notify("exit")
        code = self.process.wait(DEADLINE)
        return code, self.process.stderr.read().decode()


def _ended(editor: Editor) -> None:
    editor.process.kill()
    editor.process.wait()
    for stream in (editor.process.stdin, editor.process.stdout, editor.process.stderr):
        stream.close()


@pytest.fixture(scope="module")
def editor(made_kiln, tmp_path_factory):
    """A language server that an editor talks to in all tests of a module."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "annotator.toml").write_text(SETTINGS)
    made = Editor("--source", str(made_kiln / "source"), folder=folder, cache=made_kiln / "cache")
    made.begin()
    yield made
    _ended(made)


@pytest.fixture
def new_editor(made_kiln, kiln):
    """A language server for one test, which begins to talk to it."""
    made = Editor("--source", str(made_kiln / "source"), folder=kiln, cache=made_kiln / "cache")
    yield made
    _ended(made)
