"""Compares what the words around a reference claim with the code at its origin."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property

import msgspec

from annotator.golang.source_tree import SourceTree
from annotator.model.go import TYPE_KINDS, Declaration, GoFile, Kind, folder_of, is_test_file
from annotator.model.reference import (
    Anchor,
    Claim,
    ClaimKind,
    Code,
    Evidence,
    Missing,
    Mistaken,
    Reference,
    Unknown,
)
from annotator.tracking import similarity
from annotator.tracking.declaration_lookup import anchor, first_line, innermost, lines, named_in_file
from annotator.tracking.similarity import CodeLines

_MOST_LINES = 400
"""Lines of a cited range in which a name is looked for."""

_DISTINCT = 4
"""Letters of a name that is looked for in the other files of a package."""

_NEXT_TO = 8
"""Lines without code that may lie between a cited line and its listing."""

_MOST_OF = 0.5
"""Share of a listing's lines that are in a file if it shows that file."""

_CODES = {
    ClaimKind.LABEL: Code.CONTRADICTS_LABEL,
    ClaimKind.SENTENCE: Code.CONTRADICTS_SENTENCE,
    ClaimKind.CELL: Code.CONTRADICTS_SENTENCE,
    ClaimKind.LISTING: Code.CONTRADICTS_LISTING,
}
_WORDS = {
    ClaimKind.LABEL: "the link's words name",
    ClaimKind.SENTENCE: "the sentence names",
    ClaimKind.CELL: "the table names",
}


class Judgement(msgspec.Struct, frozen=True):
    """What the words around a reference name, and the verdict if they settle it.

    Attributes:
        evidence: One for each claim that can be compared.
        outcome: `Mistaken` if they contradict the cited place at its origin; its `named` is an anchor at
            the origin, which the caller follows to the requested tag. `Unknown` if the reference stands
            in a program's output or names a file that the document itself shows.
    """

    evidence: tuple[Evidence, ...] = ()
    outcome: Mistaken | Missing | Unknown | None = None


def judge(reference: Reference, origin: SourceTree) -> Judgement:
    """Compare the claims of a reference with the cited place at its origin.

    Args:
        reference: The reference with its complete path.
        origin: The repository at the tag or commit at which the reference was written.
    """
    if reference.in_output:
        return Judgement(
            outcome=Unknown("the reference stands in the output of a program", Code.PROGRAM_OUTPUT)
        )
    example = _own_example(reference, origin)
    if example is not None or not origin.has(reference.path):
        return Judgement(outcome=example)
    if not reference.claims and reference.symbol is None:
        return Judgement()
    place = _Place(reference, origin)
    compared = [(claim, result) for claim in reference.claims if (result := place.compare(claim)) is not None]
    evidence = tuple(
        dict.fromkeys(
            Evidence(claim.kind, claim.names or _shown(claim), result.agrees) for claim, result in compared
        )
    )
    wrong = place.symbol_is_elsewhere() or place.listing_is_nowhere()
    if wrong is not None:
        return Judgement(evidence, wrong)
    return Judgement(evidence, next(_contradictions(compared), None))


def narrow(reference: Reference, origin: SourceTree) -> Reference:
    """Complete a reference by what its claims prove: the method that a sentence names, a listing's line.

    Args:
        reference: The reference with its complete path.
        origin: The repository at the tag or commit at which the reference was written.

    Returns:
        The reference with a full symbol or a line, or as it is.
    """
    if reference.in_output or not reference.claims or not origin.has(reference.path):
        return reference
    place = _Place(reference, origin)
    if reference.symbol is not None:
        return place.with_full_symbol()
    return place.with_line_of_listing() if reference.line is None else reference


class _Result(msgspec.Struct, frozen=True):
    """Whether a claim agrees; if it does not, why, and where the named symbol is."""

    agrees: bool
    reason: str = ""
    named: Anchor | None = None


_AGREES = _Result(agrees=True)


def _contradictions(compared: Sequence[tuple[Claim, _Result]]) -> Iterator[Mistaken]:
    """Yield the contradictions, the strongest kind first; one name that agrees absolves all of its kind."""
    shown = any(claim.kind is ClaimKind.LISTING and result.agrees for claim, result in compared)
    labelled = any(
        claim.kind is ClaimKind.LABEL and claim.names and result.agrees for claim, result in compared
    )
    for kind, code in _CODES.items():
        results = [(claim, result) for claim, result in compared if claim.kind is kind]
        places = [result for claim, result in results if not claim.names and kind is ClaimKind.LABEL]
        names = [(claim, result) for claim, result in results if claim.names or kind is ClaimKind.LISTING]
        for result in places:
            if not result.agrees:
                yield Mistaken(result.reason, result.named, code)
        if any(result.agrees for _, result in names) or (kind is not ClaimKind.LABEL and (shown or labelled)):
            continue
        for claim, result in names:
            if claim.firm:
                yield Mistaken(result.reason, result.named, code)


def _own_example(reference: Reference, origin: SourceTree) -> Unknown | None:
    """Return the outcome of a reference into a file that only the document itself has."""
    shown = next(
        (claim for claim in reference.claims if claim.kind is ClaimKind.LISTING and claim.path), None
    )
    if shown is None:
        return None
    if origin.has(reference.path):
        code = CodeLines(origin.data(reference.path).decode("utf-8", "replace"))
        if code.share(similarity.listing_chunks(shown.listing)) >= _MOST_OF:
            return None
    return Unknown(f"the document itself shows {reference.path} as an example", Code.PROGRAM_OUTPUT)


def _shown(claim: Claim) -> str:
    if claim.kind is ClaimKind.LISTING:
        return next((line.strip() for line in claim.listing.split("\n") if line.strip()), "")[:80]
    last = f"-{claim.end_line}" if claim.end_line else ""
    return (
        f"{claim.path}:{claim.line}{last}"
        if claim.line and claim.path
        else claim.path or f"{claim.line}{last}"
    )


class _Place:
    """The cited lines of a file at the reference's origin."""

    def __init__(self, reference: Reference, tree: SourceTree) -> None:
        self._reference = reference
        self._tree = tree
        self._path = reference.path
        self._first = reference.line or 0
        self._last = reference.end_line or self._first

    @cached_property
    def _lines(self) -> list[bytes]:
        return lines(self._tree.data(self._path))

    def _text(self, number: int) -> str:
        return self._lines[number - 1].decode("utf-8", "replace")

    @cached_property
    def _document(self) -> GoFile | None:
        return self._tree.document(self._path) if self._path.endswith(".go") else None

    @cached_property
    def _declarations(self) -> tuple[Declaration, ...]:
        return tuple(self._document.walk()) if self._document else ()

    @cached_property
    def _code(self) -> CodeLines:
        return CodeLines(b"\n".join(self._lines).decode("utf-8", "replace"), go=self._path.endswith(".go"))

    @property
    def _is_line(self) -> bool:
        return 1 <= self._first <= len(self._lines)

    def compare(self, claim: Claim) -> _Result | None:
        """Return whether a claim agrees with the place, or None if it says nothing about it."""
        if claim.kind is ClaimKind.LISTING:
            return self._compare_listing(claim) if not claim.path else None
        if claim.names:
            return self._compare_name(claim) if self._is_line else None
        return self._compare_label(claim)

    # ── Labels ───────────────────────────────────────────────────────────────────────────────────
    def _compare_label(self, claim: Claim) -> _Result | None:
        cited = self._reference
        target = f"{cited.path}:{cited.line}" + (f"-{cited.end_line}" if cited.end_line else "")
        reason = f"the link's words say {_shown(claim)}, but the link's target is {target}"
        wrong = _Result(agrees=False, reason=reason)
        if claim.path and claim.path.rpartition("/")[2] != cited.path.rpartition("/")[2]:
            return wrong
        if claim.line is None or cited.line is None:
            return _AGREES if claim.path else None
        same = claim.line == cited.line and (
            claim.end_line is None or claim.end_line == (cited.end_line or claim.end_line)
        )
        return _AGREES if same else wrong

    # ── Names ────────────────────────────────────────────────────────────────────────────────────
    def _compare_name(self, claim: Claim) -> _Result | None:
        found = self._named(claim.names)
        if any(self._covers(declaration) for declaration in found) or self._mentions(claim.names, found):
            return _AGREES
        if self._constructs(claim.names):
            return None
        if found:
            return self._elsewhere(claim, self._path, found[0], len(found))
        if not claim.firm:
            return None
        beside = next(self._in_package(claim.names), None)
        return self._elsewhere(claim, *beside, 1) if beside else None

    def _named(self, names: str) -> tuple[Declaration, ...]:
        """Return the declarations of the file that a name means."""
        return _declared(self._document, names) if self._document else ()

    def _covers(self, declaration: Declaration) -> bool:
        """Return whether the place lies in a declaration, its comment or a method of it."""
        if first_line(declaration) <= self._last and self._first <= declaration.span.end_line:
            return True
        if declaration.kind not in TYPE_KINDS:
            return False
        around = self._innermost
        return around is not None and around.owner.partition(".")[0] == declaration.name

    @cached_property
    def _innermost(self) -> Declaration | None:
        return innermost(self._document, self._first) if self._document else None

    def _mentions(self, names: str, found: Sequence[Declaration]) -> bool:
        """Return whether the cited lines hold the name, other than as the name of another declaration."""
        name = names.rpartition(".")[2]
        # `Shelf.Put` is not what `func (o *Oven) Put` declares; but `d.Put` may be, as `d` is a variable.
        typed = "." in names and names[0].isupper()
        others = {d.line for d in self._declarations if typed and d.name == name and d not in found}
        word = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
        last = min(self._last, self._first + _MOST_LINES, len(self._lines))
        numbers = list(range(self._first, last + 1))
        # A comment or an empty line is cited for the code below it.
        while (
            numbers[-1] < len(self._lines) and not self._is_code(numbers[-1]) and len(numbers) < _MOST_LINES
        ):
            numbers.append(numbers[-1] + 1)
        return any(number not in others and word.search(self._text(number)) for number in numbers)

    def _is_code(self, number: int) -> bool:
        line = self._text(number).strip()
        return bool(line) and not line.startswith(("//", "/*", "*"))

    def _constructs(self, names: str) -> bool:
        """Return whether the place lies in the constructor of the named type."""
        around, name = self._innermost, names.rpartition(".")[2].casefold()
        made = around.name.casefold() if around is not None else ""
        return made in {f"new{name}", f"make{name}", f"must{name}", f"mustnew{name}", f"create{name}"}

    def _in_package(self, names: str) -> Iterator[tuple[str, Declaration]]:
        """Yield the declaration in another file of the package, if exactly one has that name."""
        word = names.rpartition(".")[2].encode()
        if self._document is None or len(names) < _DISTINCT:
            return
        files = self._tree.package(folder_of(self._path))
        tests = is_test_file(self._path)
        holding = [
            path
            for path, data in files.items()
            if path != self._path and word in data and (tests or not is_test_file(path))
        ]
        hits = [
            (path, declaration)
            for path, document in self._tree.documents(holding).items()
            if document.package == self._document.package
            for declaration in _declared(document, names)
            if declaration.kind in {Kind.FUNC, Kind.METHOD, *TYPE_KINDS}
        ]
        if len(hits) == 1:
            yield hits[0]

    def _elsewhere(self, claim: Claim, path: str, found: Declaration, count: int) -> _Result:
        where = f"line {found.line}" if path == self._path else f"{path}:{found.line}"
        named_at = f"{claim.names} ({where})" if count == 1 else f"{claim.names} ({count} places)"
        names = f"{_WORDS.get(claim.kind, 'the heading names')} {named_at}"
        reason = f"{names}, but the reference cites {self._described()}"
        return _Result(agrees=False, reason=reason, named=anchor(path, found) if count == 1 else None)

    def _described(self) -> str:
        """Return the cited lines with the declaration around them, in words."""
        is_range = self._reference.end_line is not None
        cited = f"lines {self._first}-{self._last}" if is_range else f"line {self._first}"
        around = self._innermost
        if around is None:
            lies = "lie" if is_range else "lies"
            return f"{cited} of {self._path}, which {lies} outside any declaration"
        if around.line == self._first:
            return f"{cited}, which {'declare' if is_range else 'declares'} {around.symbol}"
        return f"{cited}, which {'lie' if is_range else 'lies'} in {around.symbol}"

    # ── Explicit symbols ─────────────────────────────────────────────────────────────────────────
    def symbol_is_elsewhere(self) -> Mistaken | None:
        """Return the outcome if the file declares an explicit symbol elsewhere than at the cited line."""
        symbol = self._reference.symbol
        if symbol is None or not self._first or self._document is None:
            return None
        found = named_in_file(self._document, symbol)
        if not found:
            return None
        at = found[0]
        stands = f"line {at.line}"
        if self._last > len(self._lines):
            if self._reference.end_line is not None:
                return None
            count = len(self._lines)
            past = f"which is past the end: {self._path} has {count} lines at {self._tree.tag}"
            cited = f"line {self._first}, {past}"
        elif any(self._covers(declaration) for declaration in found):
            if any(map(self._has_end, found)):
                return None
            stands = f"lines {at.line}-{at.span.end_line}"
            cited = f"lines {self._first}-{self._last}; line {self._last} is not in it"
        elif self._mentions(symbol, found):
            return None
        else:
            cited = self._described()
        reason = f"{symbol} stands in {stands}, but the reference cites {cited}"
        return Mistaken(reason, anchor(self._path, at) if len(found) == 1 else None, Code.CONTRADICTS_SYMBOL)

    def _has_end(self, declaration: Declaration) -> bool:
        """Return whether a range ends in a declaration, in a method of it or in a group of its kind."""
        if self._reference.end_line is None or self._last <= declaration.span.end_line:
            return True
        if declaration.kind in {Kind.CONST, Kind.VAR}:  # the range may show their whole group
            between = range(declaration.span.end_line + 1, self._last + 1)
            others = (d for d in self._declarations if d.kind not in {Kind.CONST, Kind.VAR})
            return not any(first_line(d) in between for d in others)
        around = innermost(self._document, self._last) if self._document else None
        is_of_type = around is not None and around.owner.partition(".")[0] == declaration.name
        return is_of_type and declaration.kind in TYPE_KINDS

    def with_full_symbol(self) -> Reference:
        """Return the reference with the one symbol of several that the words name."""
        symbol = self._reference.symbol or ""
        found = named_in_file(self._document, symbol) if self._document else ()
        if len(found) <= 1:
            return self._reference
        claimed = {
            declaration.symbol
            for claim in self._reference.claims
            if claim.names and claim.kind is not ClaimKind.HEADING
            for declaration in found
            if claim.names in {declaration.symbol, declaration.owner}
        }
        if len(claimed) != 1:
            return self._reference
        return msgspec.structs.replace(self._reference, symbol=claimed.pop())

    # ── Listings ─────────────────────────────────────────────────────────────────────────────────
    def _compare_listing(self, claim: Claim) -> _Result | None:
        places = self._listed(claim)
        if not places:
            return None
        if not self._is_line:
            return _AGREES
        if any(self._shows(first, last) for first, last in places):
            return _AGREES
        if not claim.firm:
            return None
        first, last = places[0]
        where = f"lines {first}-{last}" if last > first else f"line {first}"
        around = innermost(self._document, first) if self._document else None
        at = anchor(self._path, around, first) if around and len(places) == 1 else None
        reason = f"the listing stands in {where} of {self._path}, but the reference cites {self._described()}"
        return _Result(agrees=False, reason=reason, named=at)

    def _listed(self, claim: Claim) -> list[tuple[int, int]]:
        """Return the places of a listing in the file, if its code is distinctive."""
        pieces = similarity.listing_chunks(claim.listing, go=self._path.endswith(".go"))
        if not any(similarity.is_telling(line) for piece in pieces for line in piece):
            return []
        return list(self._code.find(pieces))

    def _shows(self, first: int, last: int) -> bool:
        """Return whether a listing shows the place, or a part of the declaration that is cited as a whole."""
        if first <= self._last and self._first <= last:
            return True
        around = self._innermost
        if around is not None and first_line(around) <= self._first <= around.line:
            return first <= around.span.end_line and around.span.line <= last
        # An empty line, a comment or a bracket next to the listing belongs to it.
        between = range(self._last, first) if self._last < first else range(last + 1, self._first + 1)
        return len(between) <= _NEXT_TO and not any(self._says(number) for number in between)

    def _says(self, number: int) -> bool:
        return self._is_code(number) and self._text(number).strip() not in {"}", "{", ")", "})"}

    def listing_is_nowhere(self) -> Missing | None:
        """Return the outcome if a file is cited for a listing of which no line is in it."""
        if self._first or self._reference.symbol is not None:
            return None
        listed = [c for c in self._reference.claims if c.kind is ClaimKind.LISTING and c.firm]
        if len(listed) != 1:
            return None
        pieces = similarity.listing_chunks(listed[0].listing, go=self._path.endswith(".go"))
        if self._code.share(pieces) > 0 or not any(
            similarity.is_telling(line) for piece in pieces for line in piece
        ):
            return None
        return Missing(f"the text of the listing is not in {self._path}", code=Code.TEXT_GONE)

    def with_line_of_listing(self) -> Reference:
        """Return a reference without a line with the one at which its listing stands."""
        found = {
            place
            for claim in self._reference.claims
            if claim.kind is ClaimKind.LISTING and claim.firm and not claim.path
            for place in self._listed(claim)
        }
        if len(found) != 1:
            return self._reference
        return msgspec.structs.replace(self._reference, line=found.pop()[0])


def _declared(document: GoFile, names: str) -> tuple[Declaration, ...]:
    """Return the declarations that a name means; a name of a package or variable in front may be left out."""
    head, dot, rest = names.partition(".")
    if dot and head == document.package:
        names = rest
    return named_in_file(document, names)
