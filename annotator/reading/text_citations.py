"""The citations in one line of text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from annotator.reading import text_paths, text_suffixes
from annotator.reading.text_paths import Place, Roots

_RUN = re.compile(r"https?://[A-Za-z0-9._~:/?@!$&+=%#-]+|[A-Za-z0-9_./@+~$%{}-]+")
_GO = re.compile(r"\.go(?![A-Za-z0-9_/-])")
_OTHER = re.compile(
    r"\.(?:c|h|s|proto|sh|py|md|ya?ml|json|toml|conf|ps1|tmpl|txt|service)(?![A-Za-z0-9_/.-])|/(?:Dockerfile|Makefile)(?![A-Za-z0-9_/.-])"
)
_VIEW = re.compile(r"/(?:blob|blame|raw)/")
_PARTS = re.compile(r"[^?#:&]+")
_DECORATION = re.compile(r"[-+@~]{1,8}|\.{3,}/?")
_VARIABLE = re.compile(r"(?:\$\{?|%)?GOPATH[%}]?/src/|\$\{?\w{1,40}\}?/|~/(?:go/src/)?")
_HINTS = (".go", "/blob/", "/tree/", "/raw/", "/blame/", "githubusercontent", "%2F", "%2f")
_NUMBERED = re.compile(r"/[\w.-]{1,100}(?::[1-9]|\#L[1-9])")
_LABEL = 400
"""Characters that a link's words may have."""


@dataclass(frozen=True, slots=True)
class Citation:
    """A citation at `text[start:end]` of a line."""

    start: int
    end: int
    place: Place
    symbol: str | None = None
    line: int | None = None
    end_line: int | None = None


def scan(text: str, roots: Roots) -> tuple[Citation, ...]:
    """The citations in a line, in order: places with a line or symbol, and permalinks to Go files."""
    if not any(hint in text for hint in _HINTS) and not _NUMBERED.search(text):
        return ()
    found: list[Citation] = []
    for match in _RUN.finditer(text):
        citation = _cited(text, match, roots)
        if citation and not (found and citation.start < found[-1].end):
            _join(text, found, citation)
    return tuple(found)


def paths(text: str, roots: Roots) -> Iterator[Citation]:
    """The Go files that a line names, whether a line or symbol stands beside them or not."""
    for match in _RUN.finditer(text):
        run = match[0]
        go = None if "://" in run or len(run) > text_paths.LONGEST else _GO.search(run)
        start = match.start() + _opening(text, match.start(), run)
        end = match.start() + go.end() if go else 0
        place = text_paths.locate(text[start:end], roots) if start < end else None
        if place:
            yield Citation(start, end, place)


def _cited(text: str, match: re.Match[str], roots: Roots) -> Citation | None:
    run, start = match[0], match.start()
    if "://" in run:
        return _addressed(text, start, run.rstrip(".:!?*_~-"), roots)
    if len(run) > text_paths.LONGEST:
        return None
    end = _GO.search(run) or _OTHER.search(run)
    if end is not None:
        first = start + _opening(text, start, run)
        return _beside(text, first, start + end.end(), roots, go=end[0] == ".go")
    if _VIEW.search(run):
        return _beside(text, start, start + len(run), roots, go=False)
    return None


def _opening(text: str, start: int, run: str) -> int:
    """How many characters in front of a path are no part of it: a dash, an elision, a variable."""
    if run.startswith(("_", ".", "-")) and text[start - 1 : start] == "*" and text[start - 2 : start] != "**":
        return len(run)
    opening = _VARIABLE.match(run) or _DECORATION.match(run)
    return opening.end() if opening else 0


def _beside(text: str, start: int, end: int, roots: Roots, *, go: bool) -> Citation | None:
    """A path that stands in the text as it is, with what stands beside it."""
    place = text_paths.locate(text[start:end], roots)
    if place is None:
        return None
    suffix = text_suffixes.find(text, start, end, permalink=place.permalink)
    if suffix is None:
        return Citation(start, end, place) if place.permalink and go else None
    if not go and not (suffix.line and suffix.symbol is None and (place.permalink or "/" in place.path)):
        return None
    first = start if suffix.start is None else suffix.start
    return Citation(first, suffix.end, place, suffix.symbol, suffix.line, suffix.end_line)


def _addressed(text: str, start: int, run: str, roots: Roots) -> Citation | None:
    """A web address, or the one that it leads on to: `…/go?to=https%3A%2F%2Fgithub.com%2F…`."""
    if len(run) > 4 * text_paths.LONGEST:
        return None
    whole = text_paths.decoded(run)
    inner = whole[max(whole.rfind("https://"), whole.rfind("http://")) :].partition("://")[2]
    parts = _PARTS.match(inner)
    place = text_paths.locate(parts[0], roots, address=True) if parts else None
    if place is None or parts is None:
        return None
    end = start + len(run)
    suffix = text_suffixes.find_attached(inner, parts.end()) or text_suffixes.find(text, start, end)
    go = place.path.endswith(".go")
    if suffix is None or not (go or suffix.line):
        return Citation(start, end, place) if go else None
    # Inside the address the citation ends with it; a line in the words behind it ends later.
    last = max(end, suffix.end)
    return Citation(start, last, place, suffix.symbol, suffix.line, suffix.end_line)


def _join(text: str, found: list[Citation], citation: Citation) -> None:
    """Adds a citation; a link's words that cite the same place as its address are one with it."""
    label = text.rfind("[", max(0, citation.start - _LABEL), citation.start)
    if label >= 0 and text[citation.start - 2 : citation.start] == "](" and found and found[-1].start > label:
        words = found[-1]
        if _agree(words, citation):
            found[-1] = replace(
                citation,
                symbol=citation.symbol or words.symbol,
                line=citation.line or words.line,
                end_line=citation.end_line if citation.line else words.end_line,
            )
            return
    found.append(citation)


def _agree(words: Citation, address: Citation) -> bool:
    short, long = sorted((words.place.path, address.place.path), key=len)
    same_file = long == short or long.endswith("/" + short)
    return same_file and (address.line is None or words.line in {None, address.line})
