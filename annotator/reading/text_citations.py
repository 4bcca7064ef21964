"""The citations in one line of text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from annotator.reading import text_paths, text_suffixes
from annotator.reading.text_paths import Place, Roots

_RUN = re.compile(r"https?://[A-Za-z0-9._~:/?@!$&+=%#-]+|[A-Za-z0-9_./@+~$%{}-]+")
_GO = re.compile(r"\.go(?![A-Za-z0-9_/-])")
_OTHER = re.compile(
    r"\.(?:c|h|s|proto|sh|py|md|ya?ml|json|toml|conf|ps1|tmpl|txt|service)(?![A-Za-z0-9_/.-])|/(?:Dockerfile|Makefile)(?![A-Za-z0-9_/.-])"
)
_VIEW = re.compile(r"/(?:blob|blame|raw)/")
_PARTS = re.compile(r"[^?#:&]+")
# A tab as system logs and quoted strings write it: `#011/go/src/…`, `\\t/go/src/…`.
_TAB = re.compile(r"0[0-9]{2}(?=/)")
_LETTER = re.compile(r"[tn](?=/)")
_DECORATION = re.compile(r"[-+@~]{1,8}|\.{3,}/?")
_VARIABLE = re.compile(r"(?:\$\{?|%)?GOPATH[%}]?/src/|\$\{?\w{1,40}\}?/|~/(?:go/src/)?")
_HINTS = ("/blob/", "/tree/", "/raw/", "/blame/", "githubusercontent", "%2F", "%2f")
_NUMBERED = re.compile(r"/[\w.-]{1,100}(?::[1-9]|\#L[1-9])")
# A separator of paths on Windows, between two names.
_WINDOWS = re.compile(r"(?<=[A-Za-z0-9_.])\\(?=[A-Za-z0-9_.])")
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


def scan(text: str, roots: Roots) -> Iterator[Citation]:
    """The citations in a line, in order: places with a line or symbol, and permalinks to Go files."""
    if not _promises(text):
        return
    text = _WINDOWS.sub("/", text)
    last: Citation | None = None
    for match in _RUN.finditer(text):
        run = match[0]
        # Nearly all runs are words, which cite nothing: without a folder only a Go file is certain.
        citation = _cited(text, match, roots) if "/" in run or ".go" in run else None
        if citation is None or (last and citation.start < last.end):
            continue
        joined = _joined(text, last, citation) if last else None
        if last and not joined:
            yield last
        *before, last = _listed(text, joined or citation)
        yield from before
    if last:
        yield last


def _listed(text: str, citation: Citation) -> Iterator[Citation]:
    """A citation, and one for each further line of the list that it begins: `a.go:635,640`."""
    yield citation
    last = citation.end_line or citation.line
    while last and (further := text_suffixes.find_further(text, citation.end, last)):
        last = further.end_line or further.line
        start = citation.end if further.start is None else further.start
        citation = replace(
            citation, start=start, end=further.end, symbol=None, line=further.line, end_line=further.end_line
        )
        yield citation


def _promises(text: str) -> bool:
    """Whether a line can cite at all; most cannot."""
    if ".go" in text:
        return True
    if "/" not in text and "%2" not in text:
        return False
    return any(hint in text for hint in _HINTS) or _NUMBERED.search(text) is not None


def paths(text: str, roots: Roots) -> Iterator[Citation]:
    """The files that a line names, whether a line or symbol stands beside them or not."""
    for match in _RUN.finditer(text):
        run = match[0]
        file = (
            None if "://" in run or len(run) > text_paths.LONGEST else _GO.search(run) or _OTHER.search(run)
        )
        start = match.start() + _opening(text, match.start(), run)
        end = match.start() + file.end() if file else 0
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
    before = text[max(0, start - 2) : start]
    if run.startswith(("_", ".", "-")) and before.endswith("*") and before != "**":
        return len(run)  # the end of a glob
    escaped = (_TAB.match(run) if before.endswith("#") else None) or (
        _LETTER.match(run) if before.endswith("\\") else None
    )
    opening = escaped or _VARIABLE.match(run) or _DECORATION.match(run)
    return opening.end() if opening else 0


def _beside(text: str, start: int, end: int, roots: Roots, *, go: bool) -> Citation | None:
    """A path that stands in the text as it is, with what stands beside it."""
    permalink = _VIEW.search(text, start, end) is not None
    suffix = text_suffixes.find(text, start, end, permalink=permalink)
    if suffix and text[start : start + 1] == "_" == text[suffix.end : suffix.end + 1]:
        return _beside(text, start + 1, end, roots, go=go)  # emphasis
    place = text_paths.locate(text[start:end], roots) if suffix or permalink else None
    if place is None:
        return None
    if suffix is None:
        return Citation(start, end, place) if place.permalink and go else None
    first = start if suffix.start is None else suffix.start
    citation = Citation(first, suffix.end, place, suffix.symbol, suffix.line, suffix.end_line)
    return citation if _is_certain(citation, go=go, notation=text.startswith("::", end)) else None


def _is_certain(citation: Citation, *, go: bool, notation: bool) -> bool:
    """Whether the path says enough: without a folder, a symbol in prose can be anywhere."""
    somewhere = citation.place.permalink or "/" in citation.place.path
    if not go:
        return citation.line is not None and citation.symbol is None and somewhere
    return citation.line is not None or notation or somewhere


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


def _joined(text: str, words: Citation, address: Citation) -> Citation | None:
    """One citation of a link whose words cite the same place as its address."""
    label = text.rfind("[", max(0, address.start - _LABEL), address.start)
    linked = address.start > 1 and text.startswith("](", address.start - 2)
    if not linked or words.start <= label or not _agree(words, address):
        return None
    return replace(
        address,
        symbol=address.symbol or words.symbol,
        line=address.line or words.line,
        end_line=address.end_line if address.line else words.end_line,
    )


def _agree(words: Citation, address: Citation) -> bool:
    """Whether both mean the same lines of a file of that name; where folders differ, an address errs less."""
    same_file = PurePosixPath(words.place.path).name == PurePosixPath(address.place.path).name
    return same_file and (address.line is None or words.line in {None, address.line})
