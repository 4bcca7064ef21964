"""Value types for references: claims, anchors, verdicts, articles, and notes on lines."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from annotator.model.go import Kind


# ── References and what the words around them say ────────────────────────────────────────────────
class ClaimKind(StrEnum):
    """Where the words stand that say what a reference is about."""

    SENTENCE = "sentence"
    LABEL = "label"
    CELL = "cell"
    HEADING = "heading"
    LISTING = "listing"


class Claim(msgspec.Struct, frozen=True):
    """Words near a reference that name a symbol or a place, or a listing that shows its code.

    Attributes:
        kind: Where the words stand.
        names: The symbol that they name, or "" if they name none.
        path: The path that a label shows, or "".
        line: The 1-based line that a label shows, or None.
        end_line: The last line of a range that a label shows, or None.
        listing: The code that is shown, if it is a listing.
        at_line: 1-based line of the words in the document.
        at_column: 1-based column there in characters; 0 where it is not known.
        at_end: Column after their last character; 0 where it is not known.
        firm: Whether the words can only mean the cited place itself: "`Fire` is at kiln.go:4".
    """

    kind: ClaimKind
    names: str = ""
    path: str = ""
    line: int | None = None
    end_line: int | None = None
    listing: str = ""
    at_line: int = 0
    at_column: int = 0
    at_end: int = 0
    firm: bool = False


class Reference(msgspec.Struct, frozen=True):
    """A cited place in the source.

    Attributes:
        path: Path from the repository's root, normalised.
        symbol: The cited symbol, dotted (`Manager.reload`), or None.
        line: The cited 1-based line, or None.
        end_line: The last line of a cited range, or None.
        cited: The path as it was written.
        cited_in: Where the reference comes from, for people: `volume-init.toml 2.1`.
        file: The file in which it was written.
        at_line: 1-based line there.
        at_column: 1-based column there in characters; 0 where it is not known.
        at_end: Column after its last character; 0 where it is not known.
        chapter: The article's section, or None.
        heading: The kind that the article gives it, or None.
        repository: `owner/name` if it is cited in another repository, else None.
        ref: The tag, branch or commit that the reference itself or its manifest names, or None.
        foreign_ref: The commit or branch that it names of a repository that holds this one, or None.
        written_at: The tag or commit that its document names for all its references, or None.
        claims: What the words around it say of it.
        in_output: Whether it stands in a program's output: a log, a trace, a listing of a compiler.
        malformed: What is wrong with it if it cannot be read, in one clause, or "".
    """

    path: str
    symbol: str | None = None
    line: int | None = None
    end_line: int | None = None
    cited: str = ""
    cited_in: str = ""
    file: str = ""
    at_line: int = 0
    at_column: int = 0
    at_end: int = 0
    chapter: str | None = None
    heading: str | None = None
    repository: str | None = None
    ref: str | None = None
    written_at: str | None = None
    claims: tuple[Claim, ...] = ()
    in_output: bool = False
    malformed: str = ""
    foreign_ref: str | None = None

    @property
    def is_of_package(self) -> bool:
        """Whether it names a symbol of a package, not of a file, as documentation's addresses do."""
        return self.path.endswith("/")


class Unread(msgspec.Struct, frozen=True):
    """Text that looks like a reference, in a form that is not read."""

    file: str
    at_line: int
    at_column: int
    text: str


# ── Where they are at a tag ──────────────────────────────────────────────────────────────────────
class Anchor(msgspec.Struct, frozen=True):
    """A declaration's place at a tag; `line` holds the name, `offset` counts lines from it."""

    path: str
    symbol: str
    kind: Kind
    line: int
    end_line: int
    offset: int = 0


class FoundBy(StrEnum):
    """How a place was found."""

    SYMBOL = "symbol"
    POSITION = "position"
    FILE_RENAME = "file-rename"
    BODY = "body"
    NEIGHBOURS = "neighbours"
    CALLERS = "callers"
    TEXT = "text"
    FACTS = "facts"


class Code(StrEnum):
    """The reason of a verdict, for programs."""

    OK = "ok"
    MOVED = "moved"
    RENAMED = "renamed"
    FILE_GONE = "file-gone"
    NO_SUCH_FILE = "no-such-file"
    DECLARATION_GONE = "declaration-gone"
    NEVER_EXISTED = "never-existed"
    PAST_END = "past-end"
    AMBIGUOUS = "ambiguous"
    TEXT_GONE = "text-gone"
    CONTRADICTS_SYMBOL = "contradicts-symbol"
    CONTRADICTS_SENTENCE = "contradicts-sentence"
    CONTRADICTS_LABEL = "contradicts-label"
    CONTRADICTS_LISTING = "contradicts-listing"
    MALFORMED = "malformed"
    COMMIT_NOT_AVAILABLE = "commit-not-available"
    REF_NOT_AVAILABLE = "ref-not-available"
    ORIGIN_UNKNOWN = "origin-unknown"
    PROGRAM_OUTPUT = "program-output"
    OTHER_REPOSITORY = "other-repository"
    FOLLOWS_BRANCH = "follows-branch"


class TextState(StrEnum):
    """The declaration's text against the one at the reference's origin; comments and layout do not count."""

    SAME = "same"
    CHANGED = "changed"
    UNKNOWN = "unknown"


class Verified(msgspec.Struct, frozen=True, tag="verified"):
    """The same path, symbol and line; `range_end` is the last line of a cited range."""

    anchor: Anchor
    by: FoundBy
    reason: str
    code: Code = Code.OK
    range_end: int | None = None


class Moved(msgspec.Struct, frozen=True, tag="moved"):
    """The same symbol in another place; `range_end` is the last line of a cited range."""

    anchor: Anchor
    by: FoundBy
    reason: str
    code: Code = Code.MOVED
    range_end: int | None = None


class Renamed(msgspec.Struct, frozen=True, tag="renamed"):
    """The same declaration under another name; `range_end` is the last line of a cited range."""

    anchor: Anchor
    by: FoundBy
    reason: str
    code: Code = Code.RENAMED
    range_end: int | None = None


class Missing(msgspec.Struct, frozen=True, tag="missing"):
    """Not found, or not surely: `guess` is the best candidate, never an answer."""

    reason: str
    guess: Anchor | None = None
    code: Code = Code.DECLARATION_GONE


class Mistaken(msgspec.Struct, frozen=True, tag="mistaken"):
    """Wrong when it was written: its words or symbol contradict the cited line at its origin.

    Attributes:
        reason: What was named, what is there, and where the named symbol is.
        named: Where the named symbol is at the tag, or None.
        code: What contradicts the line.
    """

    reason: str
    named: Anchor | None = None
    code: Code = Code.CONTRADICTS_SENTENCE


class Unknown(msgspec.Struct, frozen=True, tag="unknown"):
    """The reference cannot be judged: its origin is not available, or it is in a program's output."""

    reason: str
    code: Code = Code.ORIGIN_UNKNOWN


class Skipped(msgspec.Struct, frozen=True, tag="skipped"):
    """Cited in another repository: nothing can be said, and that is no finding."""

    reason: str
    code: Code = Code.OTHER_REPOSITORY


Unplaced = Missing | Mistaken | Unknown | Skipped
Outcome = Verified | Moved | Renamed | Unplaced

VERDICTS = ("verified", "moved", "renamed", "missing", "mistaken", "unknown", "skipped")
"""The names of all verdicts in the order of reports."""


class Evidence(msgspec.Struct, frozen=True):
    """What some words name, and whether the code at the reference's origin agrees."""

    kind: ClaimKind
    names: str
    agrees: bool


class Verdict(msgspec.Struct, frozen=True):
    """A reference, where it is at a tag, and whether its text is the one at its origin.

    Attributes:
        origin: The tag or commit at which it was true, or None where that is not known.
        evidence: What the words around it name, and whether the code agrees.
    """

    reference: Reference
    outcome: Outcome
    text: TextState = TextState.UNKNOWN
    origin: str | None = None
    evidence: tuple[Evidence, ...] = ()

    @property
    def name(self) -> str:
        """The verdict in one word, one of `VERDICTS`."""
        return type(self.outcome).__name__.lower()

    @property
    def anchor(self) -> Anchor | None:
        """The place in the annotated repository, or None."""
        is_foreign = self.reference.repository is not None
        return None if is_foreign or isinstance(self.outcome, Unplaced) else self.outcome.anchor

    @property
    def guess(self) -> Anchor | None:
        """The likeliest place of a reference that is not surely found, which is never an answer."""
        match self.outcome:
            case Missing(guess=likely) | Mistaken(named=likely):
                return likely
            case _:
                return None

    @property
    def has_changed_text(self) -> bool:
        """Whether the declaration is there but reads differently."""
        return self.text is TextState.CHANGED and not isinstance(self.outcome, Unplaced)


class Chapter(msgspec.Struct, frozen=True):
    """A section of an article: its number, its title in our words, and its references."""

    number: str
    title: str
    references: tuple[Reference, ...] = ()


class Article(msgspec.Struct, frozen=True):
    """An article that cites the source; `file` is the manifest, text or page it was read from.

    `language` is named where readers may not expect it, such as `Chinese`; `ignored` holds the references
    that the author excluded by a mark.
    """

    file: str
    title: str
    address: str = ""
    repository: str = ""
    tag: str = ""
    language: str = ""
    chapters: tuple[Chapter, ...] = ()
    unread: tuple[Unread, ...] = ()
    ignored: tuple[Reference, ...] = ()

    @property
    def references(self) -> tuple[Reference, ...]:
        """All references in order."""
        return tuple(reference for chapter in self.chapters for reference in chapter.references)


class Problem(msgspec.Struct, frozen=True):
    """A problem in one of the project's own files: its place and one sentence."""

    file: str
    line: int
    message: str
    rule: str


FAIL_ON = ("changed", "unknown", "skipped", "unread")
"""What `--fail-on` can make a finding besides those that always are."""


class VerificationResult(msgspec.Struct, frozen=True):
    """The result of verifying references at a tag.

    Attributes:
        tag: The tag, ref or commit that was asked for.
        counterparts: How many Python objects name a Go original.
        remarks: What is wrong in the Python files, in order.
        stand_in: Why another release was read than the one that the references are for, if one was.
        unread: Texts in them that look like references and are not read.
        problems: What is wrong in the documents apart from the places that they cite.
        failures: A sentence for each document that could not be read.
        fail_on: Which of `FAIL_ON` are findings, too.
        ignored: References that their authors excluded by a mark.
    """

    repository: str
    tag: str
    commit: str | None
    version: str
    verdicts: tuple[Verdict, ...]
    counterparts: int = 0
    remarks: tuple[Problem, ...] = ()
    stand_in: str | None = None
    files: tuple[str, ...] = ()
    unread: tuple[Unread, ...] = ()
    problems: tuple[Problem, ...] = ()
    failures: tuple[str, ...] = ()
    fail_on: frozenset[str] = frozenset()
    ignored: tuple[Reference, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing was found to check."""
        return not (
            self.verdicts
            or self.ignored
            or self.counterparts
            or self.remarks
            or self.problems
            or self.failures
        )

    @property
    def has_findings(self) -> bool:
        """Whether anything is to be mended."""
        return (
            bool(self.remarks or self.problems)
            or self.is_unread_finding
            or any(map(self.is_finding, self.verdicts))
        )

    @property
    def is_unread_finding(self) -> bool:
        """Whether texts that are not read are findings, and there are any."""
        return bool(self.unread) and "unread" in self.fail_on and not self.stand_in

    def is_finding(self, verdict: Verdict) -> bool:
        """Return whether a verdict asks for a change."""
        return self.is_place_finding(verdict) or self.is_changed_finding(verdict)

    def is_place_finding(self, verdict: Verdict) -> bool:
        """Return whether the place asks for a change; in another release only a missing one does."""
        if self.stand_in:
            return isinstance(verdict.outcome, Missing)
        return (
            isinstance(verdict.outcome, Moved | Renamed | Missing | Mistaken) or verdict.name in self.fail_on
        )

    def is_changed_finding(self, verdict: Verdict) -> bool:
        """Return whether the changed text of a reference asks for a change."""
        return verdict.has_changed_text and "changed" in self.fail_on and not self.stand_in


class Mismatch(msgspec.Struct, frozen=True):
    """A reference that is not exact at a tag, and why."""

    reference: Reference
    reason: str


class TagFit(msgspec.Struct, frozen=True):
    """A tag, how many references are exact there, and which are not."""

    tag: str
    exact: int
    off: tuple[Mismatch, ...]


class Dating(msgspec.Struct, frozen=True):
    """All tags in the order given, the best ones (ties are ties), and the best of the others.

    `silent` counts references that can tell nothing: cited in another repository, or a line within
    a function, which is as much there at any tag.
    """

    references: int
    silent: int
    tags: tuple[TagFit, ...]
    best: tuple[str, ...]
    near: tuple[TagFit, ...]


class NotePlace(msgspec.Struct, frozen=True):
    """A line of source, named by its declaration and by some of its text; the number is derived."""

    path: str
    symbol: str
    quote: str

    @property
    def is_go(self) -> bool:
        """Whether the line is one of Go, which is carried from tag to tag."""
        return self.path.endswith(".go")


class LineNote(msgspec.Struct, frozen=True):
    """A footnote that explains lines.

    Attributes:
        line: 1-based line of the text's file.
        places: The lines: one of Go, one of Python, or both.
        words: The explanation; code and notations stand between backticks.
    """

    text: str
    label: str
    line: int
    places: tuple[NotePlace, ...]
    words: str


class NoteState(StrEnum):
    """The state of an annotated line; mistaken: its quote was never in exactly one line of its source."""

    SAME = "same"
    CHANGED = "changed"
    GONE = "gone"
    MISTAKEN = "mistaken"


class PlacedLine(msgspec.Struct, frozen=True):
    """Where an annotated line is.

    Attributes:
        path: The file that has it now.
        symbol: The declaration that has it now.
        line: Its 1-based number; 0 if it is nowhere.
        text: Its text there.
        was: Its text at the baseline, if that changed or is gone.
        reason: Why it is nowhere, in a clause.
    """

    place: NotePlace
    state: NoteState
    path: str = ""
    symbol: str = ""
    line: int = 0
    text: str = ""
    was: str = ""
    reason: str = ""


class PlacedNote(msgspec.Struct, frozen=True):
    """A note and where its lines are, in the order of its places."""

    note: LineNote
    lines: tuple[PlacedLine, ...]


class NoteChange(msgspec.Struct, frozen=True):
    """An annotated line that reads differently at the newer of two tags, or is not there.

    Attributes:
        file: The text that has the note.
        was: Its text at the older tag.
        now: Its text at the newer tag; empty if it is not there.
        reason: Why it is not there, in a clause.
    """

    file: str
    at_line: int
    label: str
    place: NotePlace
    was: str
    now: str = ""
    reason: str = ""
