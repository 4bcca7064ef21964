"""The values in which the stages meet: frozen and plain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Protocol

import msgspec


class Kind(StrEnum):
    """What a Go declaration is."""

    FUNC = "func"
    METHOD = "method"
    STRUCT = "struct"
    INTERFACE = "interface"
    TYPE = "type"
    FUNCTYPE = "functype"
    CONST = "const"
    VAR = "var"
    FIELD = "field"
    IMETHOD = "imethod"
    CLOSURE = "closure"


# ── What Go source says ──────────────────────────────────────────────────────────────────────────


class Span(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A stretch of a file: byte offsets `[start, end)` and 1-based lines, both inclusive."""

    start: int
    end: int
    line: int
    end_line: int


class Declaration(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One declaration of a Go file.

    Attributes:
        kind: What it is.
        name: The bare name as it stands in the source.
        owner: The receiver's type of a method, the type of a field or interface method, the
            function of a closure (dotted, if it is a method); empty at package level.
        line: 1-based line of the name.
        column: 1-based column of the name, in bytes, as Go's own tools count.
        span: The declaration without its doc comment.
        doc_span: Its doc comment, where it has one.
        signature: The declaration's head on one line, without body.
        doc: The doc comment's text without comment marks.
        type: The type as written, of a field, variable, constant or plain type.
        pointer: Whether a method's receiver is a pointer.
        embedded: Whether a field or interface element is embedded.
        members: Fields of a struct, methods of an interface, closures bound in a function.
        head_end: The byte offset at which a function's head ends and its body begins; 0 for what has none.
    """

    kind: Kind
    name: str
    owner: str
    line: int
    column: int
    span: Span
    doc_span: Span | None = None
    signature: str = ""
    doc: str = ""
    type: str = ""
    pointer: bool = False
    embedded: bool = False
    members: tuple[Declaration, ...] = ()
    head_end: int = 0

    @property
    def symbol(self) -> str:
        """The name in the project's notation: `VolumeStore.Create`."""
        return f"{self.owner}.{self.name}" if self.owner else self.name


class Import(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One import of a Go file; `alias` is empty where none is written, `.` and `_` are kept."""

    path: str
    alias: str
    line: int


class Document(msgspec.Struct, frozen=True, array_like=True):
    """What one Go file says, wherever it lies: a function of its bytes alone.

    Attributes:
        package: The package clause's name.
        imports: All imports, in order.
        declarations: Top-level declarations in source order, members inside.
        constraint: The build constraint's expression as written, empty if none.
        lines: Number of lines.
        broken: 1-based lines at which the syntax is broken; the rest of the file still reads.
    """

    package: str
    imports: tuple[Import, ...]
    declarations: tuple[Declaration, ...]
    constraint: str
    lines: int
    broken: tuple[int, ...] = ()

    def walk(self) -> Iterator[Declaration]:
        """Every declaration, members right after their owner."""
        return walked(self.declarations)


def walked(declarations: Iterable[Declaration]) -> Iterator[Declaration]:
    """Every declaration, members right after their owner."""
    pending = [*declarations][::-1]
    while pending:
        declaration = pending.pop()
        yield declaration
        pending.extend(reversed(declaration.members))


class Parameter(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A parameter, result, field or method: its name (empty if none is written), type and line."""

    name: str
    type: str = ""
    line: int = 0


class GoSymbol(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the mapping needs of a Go symbol, without its code.

    Attributes:
        path: Its file.
        symbol: Its dotted name.
        kind: What it is.
        line: The line of its name.
        end_line: Its last line.
        signature: Its head on one line.
        params: Parameters in order.
        results: Results in order.
        members: Fields of a struct, methods of an interface.
        calls: Callees in order: in the project's notation where binding proves what is called, else as
            written behind a `?`.
        errors: Error texts in order, as Go's format strings.
        implements: Interfaces that a type is proven to implement, in the project's notation.
        blob: The blob id of its file.
        likeness: A fingerprint of its body, to find it again.
    """

    path: str
    symbol: str
    kind: Kind
    line: int
    end_line: int
    signature: str = ""
    params: tuple[Parameter, ...] = ()
    results: tuple[Parameter, ...] = ()
    members: tuple[Parameter, ...] = ()
    calls: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    implements: tuple[str, ...] = ()
    blob: str = ""
    likeness: str = ""

    @property
    def notation(self) -> str:
        """`path::Symbol`."""
        return f"{self.path}::{self.symbol}"


class Baseline(msgspec.Struct, frozen=True):
    """What is recorded of the symbols in scope at the baseline tag, in the order of path and line."""

    tag: str
    commit: str | None
    symbols: tuple[GoSymbol, ...]


class Use(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An identifier or call in a Go file and the declaration that it is proven to name.

    `start` and `end` are byte offsets of the identifier, `line` and `column` are 1-based (bytes).
    """

    start: int
    end: int
    line: int
    column: int
    call: bool
    path: str
    symbol: str


# ── Where bytes come from ────────────────────────────────────────────────────────────────────────


class Blob(msgspec.Struct, frozen=True, gc=False):
    """A regular file of a snapshot: its git blob id (40 hex) and its size in bytes, -1 if not known."""

    id: str
    size: int


class Snapshot(Protocol):
    """A repository at one tag, wherever it is read from.

    Attributes:
        repository: Its address for people and permalinks.
        tag: The tag, ref or commit that was asked for.
        commit: The commit's 40 hex digits, or None where the source has no commits.
        version: The tag, or the distribution's version where there is no commit.
        files: Every regular file by path, in the tree's order; no symlinks, no submodules.
    """

    @property
    def repository(self) -> str: ...  # noqa: D102 - documented above
    @property
    def tag(self) -> str: ...  # noqa: D102
    @property
    def commit(self) -> str | None: ...  # noqa: D102
    @property
    def version(self) -> str: ...  # noqa: D102
    @property
    def files(self) -> Mapping[str, Blob]: ...  # noqa: D102

    def read(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """The bytes of many files at once; KeyError for a path that the snapshot does not have."""
        ...


# ── References and what became of them ───────────────────────────────────────────────────────────


class Reference(msgspec.Struct, frozen=True):
    """A place in the source that somebody cites.

    Attributes:
        path: Path from the repository's root, normalised.
        symbol: The cited symbol, dotted (`Manager.reload`), or None.
        line: The cited 1-based line, or None.
        end_line: The last line of a cited range, or None.
        cited: The path as it was written.
        origin: Where the reference comes from, for people: `volume-init.toml 2.1`.
        file: The file in which it was written.
        at_line: 1-based line there.
        at_column: 1-based column there in characters; 0 where it is not known.
        at_end: Column after its last character; 0 where it is not known.
        chapter: The article's section, or None.
        heading: The kind that the article gives it, or None.
        repository: `owner/name` if it is cited in another repository, else None.
        ref: The tag, branch or commit at which it was cited, where that is known.
    """

    path: str
    symbol: str | None = None
    line: int | None = None
    end_line: int | None = None
    cited: str = ""
    origin: str = ""
    file: str = ""
    at_line: int = 0
    at_column: int = 0
    at_end: int = 0
    chapter: str | None = None
    heading: str | None = None
    repository: str | None = None
    ref: str | None = None


class Anchor(msgspec.Struct, frozen=True):
    """A declaration's place at a tag; `line` holds the name, `offset` counts lines from it."""

    path: str
    symbol: str
    kind: Kind
    line: int
    end_line: int
    offset: int = 0


class Sign(StrEnum):
    """By what a declaration was recognised."""

    SYMBOL = "symbol"
    POSITION = "position"
    FILE_RENAME = "file-rename"
    BODY = "body"
    NEIGHBOURS = "neighbours"
    CALLERS = "callers"
    FACTS = "facts"


class Text(StrEnum):
    """The declaration's text against the baseline."""

    SAME = "same"
    CHANGED = "changed"
    UNKNOWN = "unknown"


class Verified(msgspec.Struct, frozen=True, tag="verified"):
    """The same path, symbol and line."""

    anchor: Anchor
    by: Sign
    reason: str


class Moved(msgspec.Struct, frozen=True, tag="moved"):
    """The same symbol in another place."""

    anchor: Anchor
    by: Sign
    reason: str


class Renamed(msgspec.Struct, frozen=True, tag="renamed"):
    """The same declaration under another name."""

    anchor: Anchor
    by: Sign
    reason: str


class Missing(msgspec.Struct, frozen=True, tag="missing"):
    """Not found, or not surely: `guess` is the best candidate, never an answer."""

    reason: str
    guess: Anchor | None = None


class Skipped(msgspec.Struct, frozen=True, tag="skipped"):
    """Cited in another repository: nothing can be said, and that is no finding."""

    reason: str


Outcome = Verified | Moved | Renamed | Missing | Skipped


class Verdict(msgspec.Struct, frozen=True):
    """A reference, where it is at a tag, and whether its text is the baseline's."""

    reference: Reference
    outcome: Outcome
    text: Text = Text.UNKNOWN


class Chapter(msgspec.Struct, frozen=True):
    """A section of an article: its number, its title in our words, and what it cites."""

    number: str
    title: str
    references: tuple[Reference, ...] = ()


class Article(msgspec.Struct, frozen=True):
    """An article that cites the source; `file` is the manifest, text or page it was read from."""

    file: str
    title: str
    address: str = ""
    repository: str = ""
    tag: str = ""
    prefix: str = ""
    chapters: tuple[Chapter, ...] = ()

    @property
    def references(self) -> tuple[Reference, ...]:
        """All references in order."""
        return tuple(reference for chapter in self.chapters for reference in chapter.references)


# ── What Python source says ──────────────────────────────────────────────────────────────────────


class Difference(msgspec.Struct, frozen=True):
    """One item of a `Differs:` section."""

    kind: str
    name: str
    reason: str
    line: int


class Counterpart(msgspec.Struct, frozen=True):
    """A Python object and the Go symbols that it mirrors.

    Attributes:
        name: Its dotted name.
        kind: What griffe calls it: module, class, function or attribute.
        path: Its file, from the project's root.
        line: Its first line in that file.
        end_line: Its last line.
        mirrors: The Go symbols; `file` and `at_line` of each are the line that says so: a `Go:` line, or the
            definition itself where its name and its module's Go files say so.
        differences: The items of its `Differs:` section.
        files: The Go files that its module lists, if nothing but its name can say what it mirrors.
    """

    name: str
    kind: str
    path: str
    line: int
    end_line: int
    mirrors: tuple[Reference, ...]
    differences: tuple[Difference, ...] = ()
    files: tuple[str, ...] = ()


class PythonObject(msgspec.Struct, frozen=True):
    """What a Python function or class takes, holds, calls and says when it fails.

    Attributes:
        name: Dotted name.
        kind: `function`, `signature` (a function without a body, as a Protocol has), `class`, `attribute`
            or `module`.
        path: The file, from the project's root.
        line: Its first line.
        end_line: Its last line.
        params: Parameters without `self`; a class's are those of `__init__`.
        returns: The annotated result, empty where there is none.
        members: A class's attributes by type, its methods as `method`, its bases as `base`.
        calls: Dotted names of the project's own functions and methods that it is proven to use, with the
            line of each, in the order of the text: called or handed on; by type `read` for attributes
            and properties, `caught` for classes of which something is tested to be one.
        texts: Texts that it raises or builds errors from, placeholders as `{}`.
    """

    name: str
    kind: str
    path: str
    line: int
    end_line: int
    params: tuple[Parameter, ...] = ()
    returns: str = ""
    members: tuple[Parameter, ...] = ()
    calls: tuple[Parameter, ...] = ()
    texts: tuple[str, ...] = ()


class Remark(msgspec.Struct, frozen=True):
    """Something wrong in a file that is read beside the source: one sentence and its place."""

    file: str
    line: int
    message: str
    rule: str


class Checked(msgspec.Struct, frozen=True):
    """What was verified at a tag, and what came out.

    Attributes:
        repository: The repository's address.
        tag: The tag, ref or commit that was asked for.
        commit: Its commit, or None where the source has none.
        version: The tag, or the distribution's version.
        verdicts: One for each reference, in order.
        counterparts: How many Python objects name a Go original.
        remarks: What is wrong in the Python files, in order.
        stand_in: Why another release was read than the one that the references are for, if one was.
    """

    repository: str
    tag: str
    commit: str | None
    version: str
    verdicts: tuple[Verdict, ...]
    counterparts: int = 0
    remarks: tuple[Remark, ...] = ()
    stand_in: str | None = None

    @property
    def has_findings(self) -> bool:
        """Whether anything is to be mended."""
        return bool(self.remarks) or any(map(self.is_finding, self.verdicts))

    def is_finding(self, verdict: Verdict) -> bool:
        """Return whether a verdict asks for a change; in another release only what is missing does."""
        if self.stand_in:
            return isinstance(verdict.outcome, Missing)
        return isinstance(verdict.outcome, Moved | Renamed | Missing)
