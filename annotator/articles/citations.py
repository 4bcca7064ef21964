"""Citations in a line of text: path, line, symbol."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from annotator.articles import citation_forms, permalinks, reference_notation, source_paths, text_lines
from annotator.articles.citation_forms import Suffix, check_lines, further_lines
from annotator.articles.source_paths import (
    LONGEST,
    Place,
    Roots,
    WrittenFile,
    find_file,
    names_any_file,
    written_runs,
)

_VIEW = re.compile(r"/(?:blob|blame|raw)/")
_PARTS = re.compile(r"[^?#&;]+")
_NUMBER = re.compile(r":[0-9].*", re.DOTALL)
_PROMISES = re.compile(
    r"\.go|\.GO|/blob/|/tree/|/raw/|/blame/|githubusercontent|godoc\.org|%2F|%2f|line|行"
    r"|[\w`*](?:::?[`*]{0,2}L?[0-9]|\#L?[0-9])"
)
"""What a line has that cites; most lines have nothing of it."""

# A separator of paths on Windows, between two names.
_WINDOWS = re.compile(r"(?<=[\w.:%}])\\(?=[\w.])")
PROSE = (".md", ".markdown", ".mdx", ".rst", ".adoc", ".html", ".htm", ".org", ".txt")
"""Endings of files whose address can have the name of a section behind it."""

_OPENINGS = ("](", 'href="', "href='", "href=", " <", "link:", "xref:", "file:", "[[", "]: ", 'src="')
"""What stands in front of the target of a link."""

_DECLARED = re.compile(r"#([A-Z]\w{0,80}(?:\.\w{1,80})?)$")
_FRAGMENT = re.compile(r"#(?!:~:)([\w:.+-]{1,60})")


@dataclass(frozen=True, slots=True)
class Citation:
    """A citation at `text[start:end]` of a line.

    `malformed` says why its line is none, `plural` that a list of lines was announced; `words` is what the
    words of its link cite.
    """

    start: int
    end: int
    place: Place
    symbol: str | None = None
    line: int | None = None
    end_line: int | None = None
    malformed: str = ""
    plural: bool = False
    words: Citation | None = None


def scan(text: str, roots: Roots) -> Iterator[Citation]:
    """Yield the citations in a line, in order: places with a line or symbol, and permalinks to Go files."""
    if not (_PROMISES.search(text) and names_any_file(text)):
        return
    text = with_slashes(text)
    last: Citation | None = None
    for citation in _all(text, roots):
        if citation is None or (last and citation.start < last.end):
            continue
        joined = _joined(text, last, citation) if last else None
        if last and not joined:
            yield last
        whole = joined or citation
        *before, last = listed(text, whole, whole.end, plural=whole.plural)
        yield from before
    if last:
        yield last


def _all(text: str, roots: Roots) -> Iterator[Citation | None]:
    """Yield what each run of a line cites, in order."""
    runs = written_runs(text, roots.own)
    unspaced = roots.own.unspaced
    known = list(unspaced.finditer(text)) if unspaced else []
    starts = [one.start() for one in known]
    for match, file in sorted([*((one, None) for one in known), *runs], key=lambda one: one[0].start()):
        if match.re is unspaced:
            yield _beside(text, match.start(), match.end(), roots, go=match[0].endswith(".go"))
            continue
        at = bisect_left(starts, match.end()) - 1
        if at < 0 or known[at].end() <= match.start() or "://" in match[0]:
            yield _cited(text, match, file, roots)


def with_slashes(text: str) -> str:
    """Return a line with the separators of paths on Windows replaced, one character for one."""
    return _WINDOWS.sub("/", text) if "\\" in text else text


def listed(
    text: str, first: Citation, at: int, *, plural: bool = False, symbol: str | None = None
) -> Iterator[Citation]:
    """Yield a citation whose last line ends at an offset, and one for each further line: `a.go:635,640`.

    `plural` means that the words say that several lines follow, `symbol` is that of the further lines.
    """
    yield first
    last = first.end_line or first.line
    if last is None or first.malformed:
        return
    for start, end, line, end_line in further_lines(text, at, last, plural=plural):
        yield replace(first, start=start, end=end, symbol=symbol, line=line, end_line=end_line, words=None)


def paths(text: str, roots: Roots, *, linked: bool = False) -> Iterator[Citation]:
    """Yield the files that a line names, with or without a line or symbol.

    If they are `linked`, their paths can be relative to the article, as those of links are.
    """
    for _, file in written_runs(text, roots.own):
        place = _place(text, file.start, file.end, roots, linked=linked) if file else None
        if file and place:
            yield Citation(file.start, file.end, place)


def _cited(text: str, match: re.Match[str], file: WrittenFile | None, roots: Roots) -> Citation | None:
    """Read what an address or a run of characters cites."""
    run, start = match[0], match.start()
    if "://" in run and not run.startswith(("file:", "vscode:")):
        return _addressed(text, start, run.rstrip(".:!?*_~;,'-"), roots)
    if "://" in run:
        path = "/" + run.partition("://")[2].lstrip("/")
        start, run = match.end() - len(path), path
        file = find_file(text, start, run, roots.own)
    if file is not None:
        return _beside(text, file.start, file.end, roots, go=file.go)
    if _VIEW.search(run) and len(run) <= LONGEST:
        return _beside(text, start, start + len(run), roots, go=False)
    return None


def _beside(text: str, start: int, end: int, roots: Roots, *, go: bool) -> Citation | None:
    """Read a path that is written in the text, with its line or symbol."""
    permalink = _VIEW.search(text, start, end) is not None
    suffix = citation_forms.find(text, start, end)
    if suffix and text[start] == "_" and "_" in {text[end : end + 1], text[suffix.end : suffix.end + 1]}:
        return _beside(text, start + 1, end, roots, go=go)  # emphasis
    place = _place(text, start, end, roots) if suffix or permalink else None
    if place is None:
        return None
    if suffix is None:
        return Citation(start, end, place) if place.permalink and go else None
    if suffix.ref and place.ref is None:
        place = replace(place, ref=suffix.ref)
    if suffix.weak and not (roots.own.has(place.path) or (not roots.own.paths and "/" in place.path)):
        return None
    citation = _of(suffix, start if suffix.start is None else suffix.start, suffix.end, place)
    certain = _is_certain(citation, roots, go=go, notation=text.startswith("::", end))
    return citation if certain else None


def _of(suffix: Suffix, start: int, end: int, place: Place) -> Citation:
    return Citation(
        start, end, place, suffix.symbol, suffix.line, suffix.end_line, suffix.malformed, suffix.plural
    )


def _place(text: str, start: int, end: int, roots: Roots, *, linked: bool = False) -> Place | None:
    """Resolve a path; in a link it can be relative to the article."""
    written = text[start:end]
    # It is the target of a link, or written from where the article lies.
    before = text[max(0, start - 8) : start]
    target = linked or written.startswith("../") or before.endswith(_OPENINGS)
    if target and (path := _from_article(written, roots)):
        return Place(roots.own.resolved(path), written)
    if target and written.startswith("./") and len(roots.own.ending(written.removeprefix("./"))) > 1:
        return None  # which of them is meant, only the article's folder could tell
    place = permalinks.shown(written, roots) or source_paths.locate(written, roots)
    return source_paths.in_submodule(place, roots) if place and roots.own.submodules else place


def _from_article(written: str, roots: Roots) -> str | None:
    """Return the path of a link's target that is relative to the article or the root, if the tree has it."""
    own, path = roots.own, source_paths.decoded(written)
    if path.startswith("/"):
        return path[1:] if own.has(path[1:]) else None
    if roots.folder is not None:
        joined = reference_notation.joined(roots.folder, path)
        return joined if joined and own.has(joined) else None
    rest = path.removeprefix("./")
    while rest.startswith("../"):
        rest = rest[3:]
    # Where the article was is not known: a path that ends so in one file alone can be no other.
    return rest if rest != path and "/" in rest and own.ending(rest) == (rest,) else None


def _is_certain(citation: Citation, roots: Roots, *, go: bool, notation: bool) -> bool:
    """Return whether the path is specific; without a folder, a symbol in prose can be anywhere."""
    path = citation.place.path
    somewhere = citation.place.permalink or "/" in path
    if go:
        return citation.line is not None or bool(citation.malformed) or notation or somewhere
    return citation.line is not None and citation.symbol is None and (somewhere or path in roots.own.by_name)


def _addressed(text: str, start: int, run: str, roots: Roots) -> Citation | None:
    """Read a web address, or the one it redirects to: `…/go?to=https%3A%2F%2Fgithub.com%2F…`."""
    if len(run) > 4 * LONGEST:
        return None
    whole = source_paths.decoded(run)
    inner = whole[max(whole.rfind("https://"), whole.rfind("http://")) :].partition("://")[2]
    parts = _PARTS.match(inner)
    shown = _NUMBER.sub("", parts[0]) if parts else ""
    place = permalinks.locate(shown, roots) if shown else None
    if place is None:
        return None
    end, at = start + len(run), len(shown)
    if place.path.endswith("/"):  # a package, whose page shows many declarations
        named = _DECLARED.search(inner, at)
        return Citation(start, end, place, named[1]) if named else None
    suffix = citation_forms.find_attached(inner, at) or citation_forms.find(text, start, end)
    go = place.path.endswith(".go")
    name = place.path.rpartition("/")[2]
    if suffix is None and place.permalink and "." in name[1:] and not name.endswith(PROSE):
        suffix = _no_line(inner, at)
    if suffix is None or not (go or suffix.line or suffix.malformed):
        return Citation(start, end, place) if go else None
    # Inside the address the citation ends with it; a line in the words behind it ends later.
    return _of(suffix, start, max(end, suffix.end), place)


def _no_line(address: str, at: int) -> Suffix | None:
    """Return the line of a fragment as Gerrit writes it, or the fault: `#LX`, `#15`, `#Close`."""
    fragment = _FRAGMENT.search(address, at)
    if fragment is None:
        return None
    if ".googlesource.com/" in address and fragment[1].isdigit():
        line, _, malformed = check_lines(fragment[1])
        return Suffix(len(address), line, malformed=malformed)
    return Suffix(len(address), malformed=f"#{fragment[1]} is not a line; lines are written #L15")


def _joined(text: str, first: Citation, second: Citation) -> Citation | None:
    """Return one citation of a link whose words cite a place, too; where they differ, the address counts."""
    for words, address in ((first, second), (second, first)):
        label = text_lines.find_label(text, address.start, address.end)
        # Of a list of lines in a label, none alone is what the address repeats.
        whole = words.words is None and "." in text[words.start : words.end]
        if label and whole and label[0] <= words.start and words.end <= label[1]:
            break
    else:
        return None
    names = {PurePosixPath(one.place.path).name for one in (words, address)}
    same = len(names) == 1 and (address.line is None or words.line in {None, address.line})
    return replace(
        address,
        symbol=address.symbol or (words.symbol if same else None),
        line=address.line or (words.line if same else None),
        end_line=address.end_line if address.line or not same else words.end_line,
        words=words,
    )
