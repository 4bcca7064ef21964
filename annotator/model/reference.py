"""Value types for references, their verdicts and the evidence for them."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from annotator.model.go import Kind


# ── References and what became of them ───────────────────────────────────────────────────────────
class Reference(msgspec.Struct, frozen=True):
    """A cited place in the source.

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


class Evidence(StrEnum):
    """The evidence by which a declaration was recognised."""

    SYMBOL = "symbol"
    POSITION = "position"
    FILE_RENAME = "file-rename"
    BODY = "body"
    NEIGHBOURS = "neighbours"
    CALLERS = "callers"
    FACTS = "facts"


class TextState(StrEnum):
    """The declaration's text against the baseline."""

    SAME = "same"
    CHANGED = "changed"
    UNKNOWN = "unknown"


class Verified(msgspec.Struct, frozen=True, tag="verified"):
    """The same path, symbol and line."""

    anchor: Anchor
    by: Evidence
    reason: str


class Moved(msgspec.Struct, frozen=True, tag="moved"):
    """The same symbol in another place."""

    anchor: Anchor
    by: Evidence
    reason: str


class Renamed(msgspec.Struct, frozen=True, tag="renamed"):
    """The same declaration under another name."""

    anchor: Anchor
    by: Evidence
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
    text: TextState = TextState.UNKNOWN


class Chapter(msgspec.Struct, frozen=True):
    """A section of an article: its number, its title in our words, and its references."""

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


class Problem(msgspec.Struct, frozen=True):
    """A problem in one of the project's own files: its place and one sentence."""

    file: str
    line: int
    message: str
    rule: str


class VerificationResult(msgspec.Struct, frozen=True):
    """The result of verifying references at a tag.

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
    remarks: tuple[Problem, ...] = ()
    stand_in: str | None = None

    @property
    def has_findings(self) -> bool:
        """Whether anything is to be mended."""
        return bool(self.remarks) or any(map(self.is_finding, self.verdicts))

    def is_finding(self, verdict: Verdict) -> bool:
        """Return whether a verdict asks for a change; in another release only missing references do."""
        if self.stand_in:
            return isinstance(verdict.outcome, Missing)
        return isinstance(verdict.outcome, Moved | Renamed | Missing)


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
