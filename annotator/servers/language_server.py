"""The language server: `annotator lsp`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer
from pygls.uris import from_fs_path, to_fs_path

from annotator import __version__, config
from annotator.articles.rewrite import Edit, split
from annotator.errors import AnnotatorError, printable
from annotator.model.reference import Missing, Mistaken, Moved, Reference, Renamed, Unknown, Verdict
from annotator.project_source import SourceOptions
from annotator.servers import quick_fixes
from annotator.servers.open_document import OpenDocument, overlaps
from annotator.servers.quick_fixes import Fix
from annotator.servers.workspace import Definition, Lens, Workspace

CARRY = "annotator.carryFile"
"""The command that rewrites all that is certain in a document."""

SHOW_REFERENCES = "annotator.showReferences"
"""The command of a code lens, which the editor carries out: a place and the locations to list."""

_SETTLE = 0.4
"""Seconds without a change after which a document is read as a whole."""

_SEVERITY = {
    Missing: types.DiagnosticSeverity.Error,
    Mistaken: types.DiagnosticSeverity.Error,
    Moved: types.DiagnosticSeverity.Warning,
    Renamed: types.DiagnosticSeverity.Warning,
    Unknown: types.DiagnosticSeverity.Hint,
}

T = TypeVar("T")


class Options(msgspec.Struct, frozen=True, rename="camel"):
    """What an editor may give as `initializationOptions`, in place of the command line's options."""

    source: str | None = None
    tag: str | None = None
    written_at: str | None = None


class AnnotatorServer(LanguageServer):
    """Joins the protocol, which runs on an event loop, with the workspace, which runs on one thread."""

    def __init__(self, options: SourceOptions) -> None:
        super().__init__("annotator", __version__)
        self.options = options
        self.work = Workspace(options, self.log)
        # What takes seconds when it is first asked has sources of its own: diagnostics never wait for it.
        self.slow = Workspace(options, self.log)
        self._slow_thread = ThreadPoolExecutor(1, "slow")
        self._thread = ThreadPoolExecutor(1, "annotator")
        self._reader = ThreadPoolExecutor(1, "reader")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._texts: dict[str, tuple[str, int | None]] = {}
        self._changes: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._failures: dict[str, str] = {}

    def log(self, text: str) -> None:
        """Write a sentence to the editor's log, from any thread."""
        message = types.LogMessageParams(types.MessageType.Info, printable(text))
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self.window_log_message, message)

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Log a message that cannot be understood; nothing else can be done about it."""
        del source
        self.window_log_message(
            types.LogMessageParams(types.MessageType.Error, f"annotator: {sentence(error)}")
        )

    def begin(self, params: types.InitializeParams) -> None:
        """Take the folders and options of an editor."""
        self._loop = asyncio.get_running_loop()
        folders = [folder.uri for folder in params.workspace_folders or ()]
        if not folders and params.root_uri:
            folders = [params.root_uri]
        paths = [path for path in map(file_of, folders) if path is not None]
        given = params.initialization_options
        try:
            options = msgspec.convert(given, Options) if isinstance(given, dict) else Options()
        except msgspec.ValidationError as error:
            self.log(f"initializationOptions: {error}; the options of the command line are used")
            options = Options()
        asked = {name: value for name, value in msgspec.structs.asdict(options).items() if value is not None}
        for work in (self.work, self.slow):
            work.options, work.folders = msgspec.structs.replace(self.options, **asked), paths

    async def ask(self, question: Callable[[], T]) -> T:
        """Run something on the thread of the workspace; its errors become the answer to a request."""
        return await self._run(self._thread, question)

    async def ask_slowly(self, uri: str, path: Path, question: Callable[[], T]) -> T:
        """Run something that may take long on the thread of the other workspace."""
        text = self._texts[uri][0] if uri in self._texts else None

        def run() -> T:
            if text is not None:
                self.slow.open(path).update(text)
            return question()

        return await self._run(self._slow_thread, run)

    async def _run(self, thread: ThreadPoolExecutor, question: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(thread, question)
        except (AnnotatorError, OSError) as error:
            raise JsonRpcException(sentence(error)) from error

    def end(self) -> None:
        """Close the sources, each on the thread that opened it."""
        for thread, work in ((self._thread, self.work), (self._slow_thread, self.slow)):
            thread.submit(work.close).result()

    # ── Documents ────────────────────────────────────────────────────────────────────────────────
    def file(self, uri: str) -> Path | None:
        """Return the file of a document that is open and can be checked."""
        path = file_of(uri)
        return path if uri in self._texts and path is not None else None

    def changed(self, uri: str) -> None:
        """Check a document again; changes while that runs are checked together after it."""
        path = file_of(uri)
        if path is None or not self.work.is_checked(path):
            return
        document = self.workspace.get_text_document(uri)
        self._texts[uri] = document.source, document.version
        if uri not in self._changes:
            self._changes[uri] = asyncio.Event()
            self._tasks[uri] = asyncio.get_running_loop().create_task(self._watch(uri, path))
        self._changes[uri].set()

    def closed(self, uri: str) -> None:
        """Forget a document and its reports."""
        self._texts.pop(uri, None)
        self._changes.pop(uri, None)
        path = file_of(uri)
        if path is not None and (task := self._tasks.pop(uri, None)) is not None:
            task.cancel()
            self._thread.submit(self.work.forget, path)
            self._slow_thread.submit(self.slow.forget, path)
            self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))

    async def saved(self, uri: str) -> None:
        """Check all documents again if a file was saved that changes them."""
        path = file_of(uri)
        if path is None:
            return
        again = await self.ask(lambda: self.work.saved(path))
        await self._run(self._slow_thread, lambda: self.slow.saved(path))
        for other in [*self._texts] if again else [uri]:
            self.changed(other)

    async def _watch(self, uri: str, path: Path) -> None:
        """Report the findings of a document after each change, and once more when changes pause."""
        change = self._changes[uri]
        while True:
            await change.wait()
            change.clear()
            text, version = self._texts[uri]
            await self._report(uri, partial(self._diagnostics, path, text), version)
            with suppress(TimeoutError):
                await asyncio.wait_for(change.wait(), _SETTLE)
                continue
            whole = await self._read_whole(path)
            if whole is not None and not change.is_set():
                await self._report(uri, partial(self._settled, path, whole), version)

    async def _read_whole(self, path: Path) -> list[Reference] | None:
        """Read a document on another thread: a change that comes meanwhile need not wait for it."""
        try:
            document = await self.ask(partial(self.work.open, path))
            return await asyncio.get_running_loop().run_in_executor(self._reader, document.read_whole)
        except (AnnotatorError, OSError, JsonRpcException):  # reported already
            return None

    async def _report(
        self, uri: str, check: Callable[[], list[types.Diagnostic] | None], version: int | None
    ) -> None:
        """Publish what a check finds, or why it fails."""
        try:
            found = await self.ask(check)
        except JsonRpcException as error:
            # A text that has nothing to do with any project gets no mark.
            self._fail(uri, error.message, is_marked=not isinstance(error.__cause__, config.NoSettings))
            return
        if found is not None:
            self._failures.pop(uri, None)
            self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, found, version))

    def _fail(self, uri: str, message: str, *, is_marked: bool) -> None:
        """Say once why a document cannot be checked."""
        if self._failures.get(uri) != message:
            self._failures[uri] = message
            self.log(message)
            if is_marked:
                start = types.Range(types.Position(0, 0), types.Position(0, 0))
                mark = _marked(start, message, types.DiagnosticSeverity.Information, "not-checked")
                self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, [mark]))

    def _diagnostics(self, path: Path, text: str) -> list[types.Diagnostic]:
        document = self.work.open(path)
        document.update(text)
        return self._told(document)

    def _settled(self, path: Path, whole: list[Reference]) -> list[types.Diagnostic] | None:
        document = self.work.open(path)
        return self._told(document) if document.settle(whole) else None

    def _told(self, document: OpenDocument) -> list[types.Diagnostic]:
        diagnostics = [self._diagnostic(document, each) for each in document.verdicts()]
        error = types.DiagnosticSeverity.Error
        problems = [
            _marked(self.range(document, each.line - 1, 0, None), each.message, error, each.rule)
            for each in document.problems
        ]
        return [*filter(None, diagnostics), *problems]

    def _diagnostic(self, document: OpenDocument, verdict: Verdict) -> types.Diagnostic | None:
        outcome = verdict.outcome
        severity, message = _SEVERITY.get(type(outcome)), f"{verdict.name}: {outcome.reason}"
        if severity is None and verdict.has_changed_text:
            severity = types.DiagnosticSeverity.Information
            message = f"changed: what is cited here reads differently than at {verdict.origin}"
        if severity is None:
            return None
        return _marked(
            self.reference_range(document, verdict.reference), message, severity, str(outcome.code)
        )

    # ── Places ───────────────────────────────────────────────────────────────────────────────────
    def range(self, document: OpenDocument, row: int, start: int, end: int | None) -> types.Range:
        """Return a part of a line in the units of the protocol; rows and columns count from 0."""
        row = min(max(row, 0), max(len(document.lines) - 1, 0))
        line = document.lines[row].rstrip("\r\n") if document.lines else ""
        units = self.workspace.position_codec.client_num_units
        last = len(line) if end is None else end
        if line.isascii():
            first, last = min(start, len(line)), min(last, len(line))
        else:
            first, last = units(line[:start]), units(line[:last])
        return types.Range(types.Position(row, first), types.Position(row, last))

    def reference_range(self, document: OpenDocument, reference: Reference) -> types.Range:
        """Return where a reference stands."""
        if reference.at_column and reference.at_end:
            return self.range(document, reference.at_line - 1, reference.at_column - 1, reference.at_end - 1)
        return self.range(document, reference.at_line - 1, 0, None)

    def column(self, uri: str, position: types.Position) -> int:
        """Return the column of a position in characters, from 0."""
        line = self._line(uri, position)
        units = self.workspace.position_codec.client_num_units
        if line.isascii():
            return min(position.character, len(line))
        return next((n for n in range(len(line)) if units(line[: n + 1]) > position.character), len(line))

    def text_before(self, uri: str, position: types.Position) -> str:
        """Return the text of a line before a position."""
        return self._line(uri, position)[: self.column(uri, position)]

    def _line(self, uri: str, position: types.Position) -> str:
        lines = split(self._texts[uri][0])
        return lines[position.line].rstrip("\r\n") if position.line < len(lines) else ""

    def edit(self, uri: str, document: OpenDocument, edits: Iterable[Edit]) -> types.WorkspaceEdit:
        """Return edits in the form of the protocol."""
        changes = [
            types.TextEdit(self.range(document, each.line, each.start, each.end), each.words)
            for each in edits
        ]
        return types.WorkspaceEdit(changes={uri: changes})


def _marked(
    place: types.Range, message: str, severity: types.DiagnosticSeverity, code: str
) -> types.Diagnostic:
    return types.Diagnostic(place, printable(message), severity, code, source="annotator")


def sentence(error: BaseException) -> str:
    """Return an error as one sentence that is safe to print."""
    return (
        printable(str(error))
        if isinstance(error, AnnotatorError | OSError)
        else f"{type(error).__name__}: {printable(str(error))[:200]}"
    )


def file_of(uri: str) -> Path | None:
    """Return the file that an address names; None for any other address."""
    if not uri.startswith("file:"):
        return None
    try:
        path = to_fs_path(uri)
        return Path(path) if path and Path(path).is_absolute() and "\0" not in path else None
    except ValueError:
        return None


# ── Messages ─────────────────────────────────────────────────────────────────────────────────────
async def _did_save(server: AnnotatorServer, params: types.DidSaveTextDocumentParams) -> None:
    """Check what a saved file changes."""
    await server.saved(params.text_document.uri)


async def _hover(server: AnnotatorServer, params: types.HoverParams) -> types.Hover | None:
    """Return the facts about the reference at a place."""
    uri, position = params.text_document.uri, params.position
    if (path := server.file(uri)) is None:
        return None
    column = server.column(uri, position) + 1

    def answer() -> types.Hover | None:
        verdict = server.slow.verdict(path, position.line + 1, column)
        if verdict is None:
            return None
        text = types.MarkupContent(types.MarkupKind.Markdown, server.slow.hover(verdict, path))
        return types.Hover(text, server.reference_range(server.slow.open(path), verdict.reference))

    return await server.ask_slowly(uri, path, answer)


async def _definition(server: AnnotatorServer, params: types.DefinitionParams) -> types.Location | None:
    """Return where the cited place is; an address is shown in the browser."""
    uri, position = params.text_document.uri, params.position
    if (path := server.file(uri)) is None:
        return None
    column = server.column(uri, position) + 1

    def answer() -> Definition | None:
        verdict = server.slow.verdict(path, position.line + 1, column)
        return None if verdict is None else server.slow.definition(verdict, path)

    found = await server.ask_slowly(uri, path, answer)
    if found is None:
        return None
    if found.file is not None:
        start, end = types.Position(found.line - 1, 0), types.Position(found.end_line - 1, 0)
        return types.Location(_uri(found.file), types.Range(start, end))
    if found.address:
        window = server.client_capabilities.window
        if window is not None and window.show_document is not None:
            await server.window_show_document_async(types.ShowDocumentParams(found.address, external=True))
        else:
            server.window_show_message(types.ShowMessageParams(types.MessageType.Info, found.address))
    return None


async def _code_action(server: AnnotatorServer, params: types.CodeActionParams) -> list[types.CodeAction]:
    """Return what can be done about the references in a range."""
    uri = params.text_document.uri
    if (path := server.file(uri)) is None:
        return []
    start, end = params.range.start, params.range.end
    first, last = server.column(uri, start) + 1, server.column(uri, end) + 1

    def answer() -> list[types.CodeAction]:
        document = server.work.open(path)
        verdicts = [
            each
            for each in document.verdicts()
            if overlaps(each.reference, start.line + 1, first, end.line + 1, last)
        ]
        found = [
            _action(server, uri, document, fix)
            for verdict in verdicts[:10]
            for fix in quick_fixes.fixes(document, verdict)
        ]
        if any(type(each.outcome) in (Moved, Renamed) for each in verdicts):
            title = f"Carry all references of this file to {document.session.tag}"
            command = types.Command(title, CARRY, arguments=[uri])
            found.append(types.CodeAction(title, types.CodeActionKind.QuickFix, command=command))
        return found

    return await server.ask(answer)


async def _carry(server: AnnotatorServer, uri: str) -> None:
    """Rewrite all that is certain in a document."""
    if (path := server.file(str(uri))) is None:
        raise JsonRpcException(f"{CARRY} takes the address of a document that is open and can be checked")

    def answer() -> types.WorkspaceEdit | None:
        document = server.slow.open(path)
        fix = quick_fixes.carried(document)
        return None if fix is None else server.edit(uri, document, fix.edits)

    edit = await server.ask_slowly(uri, path, answer)
    if edit is None:
        server.window_show_message(
            types.ShowMessageParams(types.MessageType.Info, "Nothing in this file can be carried surely.")
        )
        return
    await server.workspace_apply_edit_async(types.ApplyWorkspaceEditParams(edit, "Carry all references"))


async def _completion(server: AnnotatorServer, params: types.CompletionParams) -> types.CompletionList:
    """Return the paths and symbols that can complete the typed text."""
    uri, position = params.text_document.uri, params.position
    if (path := server.file(uri)) is None:
        return types.CompletionList(is_incomplete=False, items=[])
    before = server.text_before(uri, position)

    def answer() -> types.CompletionList:
        document = server.work.open(path)
        items: list[types.CompletionItem] = []
        for each in server.work.completions(path, before):
            is_symbol = "::" in each.label
            kind = types.CompletionItemKind.Reference if is_symbol else types.CompletionItemKind.File
            place = server.range(document, position.line, each.start, len(before))
            edit = types.TextEdit(place, each.label)
            items.append(types.CompletionItem(each.label, kind=kind, detail=each.detail, text_edit=edit))
        return types.CompletionList(is_incomplete=True, items=items)

    return await server.ask(answer)


async def _code_lens(server: AnnotatorServer, params: types.CodeLensParams) -> list[types.CodeLens]:
    """Return by how many documents each declaration of a Go file is cited."""
    uri = params.text_document.uri
    path = file_of(uri)
    if path is None or path.suffix != ".go" or uri not in server.workspace.text_documents:
        return []
    text = server.workspace.get_text_document(uri).source

    def answer() -> list[types.CodeLens]:
        return [_lens(uri, each) for each in server.slow.lenses(path, text)]

    return await server.ask_slowly(uri, path, answer)


_HANDLERS: Mapping[str, Callable[..., Any]] = {
    types.INITIALIZE: lambda ls, params: ls.begin(params),
    types.TEXT_DOCUMENT_DID_OPEN: lambda ls, params: ls.changed(params.text_document.uri),
    types.TEXT_DOCUMENT_DID_CHANGE: lambda ls, params: ls.changed(params.text_document.uri),
    types.TEXT_DOCUMENT_DID_CLOSE: lambda ls, params: ls.closed(params.text_document.uri),
    types.TEXT_DOCUMENT_DID_SAVE: _did_save,
    types.TEXT_DOCUMENT_HOVER: _hover,
    types.TEXT_DOCUMENT_DEFINITION: _definition,
    types.TEXT_DOCUMENT_CODE_ACTION: _code_action,
    types.TEXT_DOCUMENT_COMPLETION: _completion,
    types.TEXT_DOCUMENT_CODE_LENS: _code_lens,
}
"""The messages that are answered; pygls gives the server to a function that calls it `ls`."""

_OPTIONS: Mapping[str, Any] = {
    types.TEXT_DOCUMENT_CODE_ACTION: types.CodeActionOptions(
        code_action_kinds=[types.CodeActionKind.QuickFix]
    ),
    types.TEXT_DOCUMENT_COMPLETION: types.CompletionOptions(trigger_characters=["/", ":", "."]),
}


def make(options: SourceOptions) -> AnnotatorServer:
    """Return a server that knows how to answer each message."""
    server = AnnotatorServer(options)
    for name, handler in _HANDLERS.items():
        server.feature(name, _OPTIONS.get(name))(handler)
    server.command(CARRY)(_carry)
    return server


def _lens(uri: str, lens: Lens) -> types.CodeLens:
    start = types.Position(lens.line - 1, 0)
    locations = [
        types.Location(
            _uri(file),
            types.Range(
                types.Position(max(each.at_line - 1, 0), max(each.at_column - 1, 0)),
                types.Position(max(each.at_line - 1, 0), max(each.at_end - 1, 0)),
            ),
        )
        for file, each in lens.references
    ]
    command = types.Command(lens.title, SHOW_REFERENCES, arguments=[uri, start, locations])
    return types.CodeLens(types.Range(start, start), command)


def _action(server: AnnotatorServer, uri: str, document: OpenDocument, fix: Fix) -> types.CodeAction:
    return types.CodeAction(
        fix.title,
        types.CodeActionKind.QuickFix,
        is_preferred=fix.is_sure or None,
        edit=server.edit(uri, document, fix.edits),
    )


def _uri(file: Path) -> str:
    return from_fs_path(str(file)) or file.as_uri()


def serve(options: SourceOptions) -> None:
    """Answer an editor on standard input and output until it ends."""
    logging.getLogger("pygls").setLevel(logging.CRITICAL)
    server = make(options)
    try:
        server.start_io()
    finally:
        server.end()
