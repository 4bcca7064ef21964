"""The server for agents: `annotator mcp`. Its tools' arguments and answers are described by their types."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import mcp_types as types
import msgspec
from mcp import MCPError
from mcp.server import Server
from mcp.server.stdio import stdio_server

from annotator import __version__
from annotator.articles import reference_notation
from annotator.articles.article_files import is_excluded, read_article
from annotator.commands import diff
from annotator.config import Project
from annotator.errors import AnnotatorError, InvalidInput, counted, printable, shortened
from annotator.file_io import bytes_of
from annotator.model.reference import Article, Reference, TextState, Unplaced, VerificationResult
from annotator.model.symbol_history import ChangeDetail, PlacementChange, SymbolChange, TextChange
from annotator.project_source import Session, SourceOptions
from annotator.reports import verification_report
from annotator.servers.open_document import LARGEST, encoded
from annotator.servers.open_project import OpenProject, Place, Step, is_comparable, origin_tree
from annotator.site.project_texts import is_translation
from annotator.tracking import dating
from annotator.tracking.declaration_lookup import anchor, named
from annotator.tracking.verification import verify_reference, verify_references

_MOST_PLACES = 20
_MOST_CHANGES = 1000
_LONGEST = 2000
"""Characters of a reference that is asked about."""

Tag = Annotated[
    str, msgspec.Meta(description="A tag, another ref or a commit of the repository.", max_length=200)
]


# ── Arguments ────────────────────────────────────────────────────────────────────────────────────
class VerifyText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Check every reference of a text into the repository's Go code."""

    text: Annotated[str, msgspec.Meta(description="The text: Markdown, HTML, reStructuredText or plain.")]
    name: Annotated[
        str,
        msgspec.Meta(
            description="A file name whose ending tells the format.", max_length=200, pattern=r"^[^/\\\0]+$"
        ),
    ] = "text.md"
    tag: Tag | None = None
    written_at: Tag | None = None


class LocateSymbol(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Find where a symbol is declared at a tag."""

    symbol: Annotated[
        str,
        msgspec.Meta(
            description="`path::Symbol`, or a symbol alone such as `NewDaemon` or `VolumeStore.Create`.",
            max_length=_LONGEST,
        ),
    ]
    tag: Tag | None = None


class CarryReference(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Find where a reference that was right at one tag is at another, and what happened between."""

    reference: Annotated[
        str,
        msgspec.Meta(
            description="`path::Symbol`, `path::Symbol#L38`, `path:38`, `path:38-52` or a permalink.",
            max_length=_LONGEST,
        ),
    ]
    new: Tag
    old: Tag | None = None


class DateArticle(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Find the tags at which the references of an article are exact. Give its text, or its path."""

    text: str | None = None
    path: Annotated[
        str | None, msgspec.Meta(description="A document of the project, from the project's folder.")
    ] = None
    name: Annotated[str, msgspec.Meta(max_length=200, pattern=r"^[^/\\\0]+$")] = "text.md"


class ListChanges(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """List what changed between two tags in symbols: in some, or in all that the project cites or mirrors."""

    old: Tag
    new: Tag
    references: Annotated[
        tuple[str, ...], msgspec.Meta(description="References as for `carry_reference`.", max_length=200)
    ] = ()
    with_diff: bool = False
    limit: Annotated[int, msgspec.Meta(ge=1, le=_MOST_CHANGES)] = 50


# ── Answers ──────────────────────────────────────────────────────────────────────────────────────
class State(msgspec.Struct, frozen=True):
    """A tag that was read, and its commit; null where the source has no commits."""

    tag: str
    commit: str | None


class Located(msgspec.Struct, frozen=True):
    """Where a symbol is declared.

    `certain` is true if there is exactly one place; `guesses` are never an answer.
    """

    repository: str
    at: State
    certain: bool
    places: tuple[Place, ...]
    guesses: tuple[Place, ...]
    reason: str


class CarriedReference(msgspec.Struct, frozen=True):
    """Where a reference was and is.

    `certain` is false unless `after` is proven; `guess` is the likeliest place and never an answer.
    """

    repository: str
    origin: State | None
    at: State
    verdict: str
    code: str
    certain: bool
    before: Place | None
    after: Place | None
    guess: Place | None
    text: TextState
    details: tuple[ChangeDetail, ...]
    steps: tuple[Step, ...]
    reason: str


class Fit(msgspec.Struct, frozen=True):
    """A tag and how many references are exact there."""

    at: State
    exact: int


class DatedArticle(msgspec.Struct, frozen=True):
    """The tags that fit an article best. `certain` is true if all references that differ between tags agree.

    `silent` counts references that are as exact at any tag.
    """

    repository: str
    references: int
    silent: int
    certain: bool
    best: tuple[Fit, ...]
    near: tuple[Fit, ...]
    reason: str


class Change(msgspec.Struct, frozen=True):
    """The history of a symbol. `certain` is false where it is not found at one of the tags."""

    symbol: str
    certain: bool
    place: PlacementChange
    text: TextChange
    old: Place | None
    new: Place | None
    details: tuple[ChangeDetail, ...]
    diff: tuple[str, ...]
    reason: str


class Changes(msgspec.Struct, frozen=True):
    """What changed between two tags; `left_out` counts changes beyond the limit."""

    repository: str
    old: State
    new: State
    symbols: int
    left_out: int
    changes: tuple[Change, ...]


# ── What the tools do ────────────────────────────────────────────────────────────────────────────
class Agent:
    """Answers the questions of an agent about one project; for one thread."""

    def __init__(self, project: Project, options: SourceOptions) -> None:
        self._project, self._options = project, options
        self.warnings: list[str] = []

    @cached_property
    def opened(self) -> OpenProject:
        """The project with its source, which is opened when it is first needed."""
        return OpenProject(self._project, self._options, self.warnings.append)

    def verify_text(self, asked: VerifyText) -> Mapping[str, Any]:
        """Verify the references of a text."""
        session = self.opened.at(asked.tag)
        found = self._read(asked.text, asked.name)
        references = [
            each if each.ref or each.written_at else _as_written_at(each, asked.written_at)
            for each in found.references
        ]
        snapshot = session.tree.snapshot
        result = VerificationResult(
            snapshot.repository,
            snapshot.tag,
            snapshot.commit,
            snapshot.version,
            verify_references(session, references),
            files=(asked.name,),
            unread=found.unread,
            ignored=found.ignored,
        )
        report: Mapping[str, Any] = json.loads(verification_report.json(result, show_unread=True))
        return report

    def locate_symbol(self, asked: LocateSymbol) -> Located:
        """Find the declarations that a symbol names."""
        session = self.opened.at(asked.tag)
        tree, text = session.tree, asked.symbol.strip()
        if "::" in text:
            verdict = verify_reference(session, _as_written_at(reference_notation.parse(text), tree.tag))
            places = tuple(self.opened.place(tree, at) for at in (verdict.anchor,) if at)
            guesses = tuple(self.opened.place(tree, at) for at in (verdict.guess,) if at)
            return Located(
                _repository(session), _state(session), bool(places), places, guesses, verdict.outcome.reason
            )
        if not reference_notation.is_symbol(text):
            raise InvalidInput(
                f"{shortened(text)!r} is no symbol; write `path::Symbol`, `Symbol` or `Type.Method`"
            )
        files = tree.documents(tree.containing(text.rpartition(".")[2]))
        found = [anchor(path, each) for path, file in files.items() for each in named(file, text)]
        declared = tuple(self.opened.place(tree, at) for at in found[:_MOST_PLACES])
        is_certain = len(found) == 1
        more = f"; the first {_MOST_PLACES} are given" if len(found) > _MOST_PLACES else ""
        reason = f"{text} names {counted(len(found), 'declaration')}{more}"
        return Located(
            _repository(session),
            _state(session),
            is_certain,
            places=declared if is_certain else (),
            guesses=() if is_certain else declared,
            reason=reason,
        )

    def carry_reference(self, asked: CarryReference) -> CarriedReference:
        """Carry a reference from its tag to another."""
        session, opened = self.opened.at(asked.new), self.opened
        reference = self._reference(asked.reference, asked.old)
        verdict = verify_reference(session, reference)
        tree = origin_tree(opened.session, verdict)
        then = (
            None
            if tree is None or verdict.origin is None
            else verify_reference(opened.at(verdict.origin), reference).anchor
        )
        now, guess = verdict.anchor, verdict.guess
        details: tuple[ChangeDetail, ...] = ()
        if tree and then and now and is_comparable(then) and is_comparable(now):
            details = opened.change(tree, then, session.tree, now).findings
        steps = opened.steps(tree, then, session.tree.tag) if tree and then and is_comparable(then) else []
        return CarriedReference(
            repository=_repository(session),
            origin=State(tree.tag, tree.snapshot.commit) if tree else None,
            at=_state(session),
            verdict=verdict.name,
            code=str(verdict.outcome.code),
            certain=not isinstance(verdict.outcome, Unplaced),
            before=opened.place(tree, then) if tree and then else None,
            after=opened.place(session.tree, now) if now else None,
            guess=opened.place(session.tree, guess) if guess and session.tree.has(guess.path) else None,
            text=TextState.UNKNOWN if isinstance(verdict.outcome, Unplaced) else verdict.text,
            details=details,
            steps=tuple(steps),
            reason=verdict.outcome.reason,
        )

    def date_article(self, asked: DateArticle) -> DatedArticle:
        """Date an article by its references."""
        session = self.opened.session
        found = dating.date_references(session, self._article(asked).references)
        telling = found.references - found.silent
        exact = {fit.tag: fit.exact for fit in found.tags}
        most = max((exact[tag] for tag in found.best), default=0)
        reason = (
            f"{most} of {telling} references that can tell are exact at {', '.join(found.best)}"
            if found.best
            else "no reference that can tell is exact at any tag"
        )
        return DatedArticle(
            repository=_repository(session),
            references=found.references,
            silent=found.silent,
            certain=bool(found.best) and most == telling,
            best=tuple(Fit(self._state_at(tag), exact[tag]) for tag in found.best),
            near=tuple(Fit(self._state_at(fit.tag), fit.exact) for fit in found.near),
            reason=reason,
        )

    def list_changes(self, asked: ListChanges) -> Changes:
        """List what changed between two tags."""
        old, new = self.opened.at(asked.old), self.opened.at(asked.new)
        if asked.references:
            references = [self._reference(text, asked.old) for text in asked.references]
            changes = [self._change(old, new, each) for each in references]
            symbols = len(references)
        else:
            report = diff.porting(self.opened.session, asked.old, asked.new)
            changes, symbols = list(report.changes), report.symbols
        shown = tuple(
            self._changed(each, old, new, with_diff=asked.with_diff) for each in changes[: asked.limit]
        )
        left_out = max(len(changes) - asked.limit, 0)
        return Changes(_repository(new), _state(old), _state(new), symbols, left_out, shown)

    def _change(self, old: Session, new: Session, reference: Reference) -> SymbolChange:
        before, after = verify_reference(old, reference), verify_reference(new, reference)
        then, now = before.anchor, after.anchor
        if then and now and is_comparable(then) and is_comparable(now):
            return self.opened.change(old.tree, then, new.tree, now)
        reason = before.outcome.reason if then is None else after.outcome.reason
        shift = PlacementChange.UNKNOWN if then is None else PlacementChange.GONE
        name = reference_notation.of(reference)
        if then and now:  # a line outside declarations
            shift = PlacementChange.STAYED if then.path == now.path else PlacementChange.MOVED
        return SymbolChange(name, (), then, now, shift, TextChange.UNKNOWN, reason=reason)

    def _changed(self, change: SymbolChange, old: Session, new: Session, *, with_diff: bool) -> Change:
        return Change(
            symbol=change.symbol,
            certain=bool(change.old and change.new),
            place=change.shift,
            text=change.edit,
            old=self.opened.place(old.tree, change.old) if change.old else None,
            new=self.opened.place(new.tree, change.new) if change.new else None,
            details=change.findings,
            diff=change.lines if with_diff else (),
            reason=change.reason,
        )

    def _state_at(self, tag: str) -> State:
        session = self.opened.session
        snapshots = session.tag_snapshots if session.source.has_history else None
        return State(tag, snapshots.commit(tag) if snapshots else None)

    # ── Documents ────────────────────────────────────────────────────────────────────────────────
    def _reference(self, text: str, old: str | None) -> Reference:
        """Parse one reference in any form that texts may have.

        Raises:
            InvalidInput: It is none, or several.
        """
        found = self._read(
            f"See `{text}`.\n" if "://" not in text else f"See <{text}>.\n", "text.md"
        ).references
        if "::" in text and not found:
            return _as_written_at(reference_notation.parse(text), old)
        if len(found) != 1:
            raise InvalidInput(
                f"{shortened(text)!r} is not one reference; write `path::Symbol`, `path:38` or a permalink"
            )
        return found[0] if found[0].ref else _as_written_at(found[0], old)

    def _article(self, asked: DateArticle) -> Article:
        if asked.text is not None and asked.path is None:
            return self._read(asked.text, asked.name)
        if asked.text is not None or asked.path is None:
            raise InvalidInput("date_article: give either `text` or `path`")
        file = self._inside(asked.path)
        return read_article(self._project, file, bytes_of(file), self.opened.session.own_names)

    def _inside(self, path: str) -> Path:
        """Return a document of the project, links resolved.

        Raises:
            InvalidInput: It is elsewhere, or excluded by the settings.
        """
        root = self._project.root.resolve()
        try:
            file = (root / path).resolve()
        except (OSError, ValueError) as error:
            raise InvalidInput(f"{shortened(path)!r} is no path") from error
        if not file.is_relative_to(root) or is_excluded(self._project, file):
            raise InvalidInput(f"{shortened(path)!r} is not a document of the project {root}")
        return file

    def _read(self, text: str, name: str) -> Article:
        if len(text) > LARGEST:
            raise InvalidInput(f"{name}: more than {LARGEST:,} characters; give a part of the text")
        file = self._project.root / name
        return read_article(self._project, file, encoded(text), self.opened.session.own_names)

    def chapters(self) -> dict[str, Path]:
        """Return the project's own texts by their addresses."""
        site = self._project.site
        return {
            f"annotator://{folder}/{file.stem}": file
            for folder in ("chapters", "pages")
            for file in sorted((site / folder).glob("*.md"))
            if not is_translation(file)
        }


class _Tool(NamedTuple):
    """A tool: its arguments, the type of its answer, and its function."""

    arguments: type[msgspec.Struct]
    answer: Any
    run: Callable[[Agent, Any], Any]


TOOLS: Mapping[str, _Tool] = {
    "verify_text": _Tool(VerifyText, verification_report.Report, Agent.verify_text),
    "locate_symbol": _Tool(LocateSymbol, Located, Agent.locate_symbol),
    "carry_reference": _Tool(CarryReference, CarriedReference, Agent.carry_reference),
    "date_article": _Tool(DateArticle, DatedArticle, Agent.date_article),
    "list_changes": _Tool(ListChanges, Changes, Agent.list_changes),
}
"""What an agent can ask."""

_INSTRUCTIONS = (
    "Answers about a Go repository at any of its tags. Every answer names the tag and the commit that were "
    "read. `certain` tells whether it is proven; what is called a guess is none of it, and must not be cited "
    "as an answer. A reference that is `missing` was not found surely."
)


def schema(struct: Any) -> dict[str, Any]:
    """Return the JSON schema of a type, with an object at its root."""
    (found,), parts = msgspec.json.schema_components([struct], ref_template="#/$defs/{name}")
    own = parts.pop(found["$ref"].rpartition("/")[2])
    return {**own, "$defs": parts}


def answer(agent: Agent, name: str, arguments: Mapping[str, Any]) -> Any:
    """Return what a tool answers, as plain values.

    Raises:
        AnnotatorError: There is no such tool, its arguments do not fit, or it has no answer.
    """
    tool = TOOLS.get(name)
    if tool is None:
        raise InvalidInput(f"there is no tool {shortened(name)!r}; there are {', '.join(TOOLS)}")
    try:
        asked = msgspec.convert(dict(arguments), tool.arguments)
    except (msgspec.ValidationError, TypeError) as error:
        raise InvalidInput(f"{name}: {shortened(str(error))}") from error
    return json.loads(msgspec.json.encode(tool.run(agent, asked)))  # lists, as JSON has no tuples


def make(agent: Agent) -> Server[Any]:
    """Return a server that lets an agent ask."""
    thread = ThreadPoolExecutor(1, "annotator")

    async def ask(question: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(thread, question)

    async def list_tools(_context: Any, _params: Any) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[_described(name, tool) for name, tool in TOOLS.items()])

    async def call_tool(_context: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
        try:
            found = await ask(lambda: answer(agent, params.name, params.arguments or {}))
        except (AnnotatorError, OSError) as error:
            return types.CallToolResult(content=[_text(printable(str(error)))], is_error=True)
        text = msgspec.json.format(msgspec.json.encode(found), indent=1).decode()
        return types.CallToolResult(content=[_text(text)], structured_content=found)

    async def list_resources(_context: Any, _params: Any) -> types.ListResourcesResult:
        found = await ask(agent.chapters)
        return types.ListResourcesResult(
            resources=[
                types.Resource(uri=uri, name=uri.partition("//")[2], mime_type="text/markdown")
                for uri in found
            ]
        )

    async def read_resource(
        _context: Any, params: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        uri = str(params.uri)
        file = (await ask(agent.chapters)).get(uri)
        if file is None:
            raise MCPError(types.INVALID_PARAMS, f"there is no resource {printable(shortened(uri))}")
        text = (await ask(lambda: bytes_of(file))).decode("utf-8", "replace")
        return types.ReadResourceResult(
            contents=[types.TextResourceContents(uri=uri, mime_type="text/markdown", text=text)]
        )

    return Server(
        "annotator",
        version=__version__,
        instructions=_INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_read_resource=read_resource,
    )


def _described(name: str, tool: _Tool) -> types.Tool:
    return types.Tool(
        name=name,
        description=(tool.arguments.__doc__ or "").strip(),
        input_schema=schema(tool.arguments),
        output_schema=schema(tool.answer),
        annotations=types.ToolAnnotations(read_only_hint=True, open_world_hint=False),
    )


def _text(text: str) -> types.TextContent:
    return types.TextContent(type="text", text=text)


def _state(session: Session) -> State:
    return State(session.tree.tag, session.tree.snapshot.commit)


def _repository(session: Session) -> str:
    return session.tree.snapshot.repository


def _as_written_at(reference: Reference, tag: str | None) -> Reference:
    """Return a reference as one that was written at a tag, or at the baseline."""
    return reference if tag is None else msgspec.structs.replace(reference, written_at=tag)


def serve(project: Project, options: SourceOptions) -> None:
    """Answer an agent on standard input and output until it ends."""

    async def run() -> None:
        server = make(Agent(project, options))
        async with stdio_server() as (received, sent):
            await server.run(received, sent, server.create_initialization_options())

    asyncio.run(run())
