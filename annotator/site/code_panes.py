"""Panes of code: Go and Python level where they correspond, long parts folded."""

from __future__ import annotations

import ast
import re
import textwrap
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

import msgspec

from annotator.site.highlighting import CodeLine
from annotator.site.language import _, plural
from annotator.site.markup import Html, escape
from annotator.site.view_models import Excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_LONG = 50
"""Lines up to which an excerpt is shown without folds."""

_SHORTEST = 8
"""Lines from which a part is folded."""

_COMMENTS, _TOPICS = 2, 3
"""Comments, or names of what is called, that say what a folded part is about."""

_WIDE = 60
"""Characters of a comment that are shown of it."""

_HEAD = 2
"""Rows that may be above the first line of code: a signature, or the words before one."""

_COLUMNS = 56
"""Characters from which a line surely takes another row in a pane of a wide window."""

_DEFINES = re.compile(r"\s*(?:async )?def ")
_CONTINUES = re.compile(r"[)}\]]|(else|elif|except|finally)\b")
_CHECK = re.compile(r"if err\b|if \w+, err\b|defer\b")
_COMMENT = re.compile(r"\s*(?://|#)\s?(.*)")
_CALL = re.compile(r"([A-Za-z_]\w*)\(")
_QUIET = re.compile(
    r"append|cap|close|copy|delete|len|make|max|min|new|panic|print|recover|string|if|for|func|switch|return|go|defer|"
    r"u?int\d*|byte|errors?|New|Errorf?|Wrapf?|Sprintf|With\w+|Debugf?|Infof?|Warnf?|isinstance|str|dict|list|set|"
    r"tuple|super|join|split|range|and|or|not|in"
)
"""Names of calls that do not say what code is about."""


class Pane(msgspec.Struct, frozen=True):
    """An excerpt in a grid: the row of its bar, the rows it spans, and its blocks."""

    excerpt: Excerpt
    row: int
    rows: int
    markup: Html


class SideBySidePanes(msgspec.Struct, frozen=True):
    """A grid of Go and Python; lines that correspond begin in the same row."""

    go: Pane
    python: tuple[Pane, ...]


class _Folded(msgspec.Struct, frozen=True):
    """An excerpt next to the other language, its folds, and the places that they hide."""

    excerpt: Excerpt
    folds: tuple[_Fold, ...]
    hidden: frozenset[int]

    @classmethod
    def of(cls, excerpt: Excerpt) -> _Folded:
        folds = _folds(excerpt, beside=True)
        return cls(excerpt, folds, frozenset(place for start, end in folds for place in range(start, end)))

    @property
    def body(self) -> int:
        """The place of the first line after the words and the signature that the excerpt begins with."""
        if self.excerpt.language == "py" and (head := next(_heads(self.excerpt), None)):
            return head[1]
        opening = ("{", "(") if self.excerpt.language == "go" else (":",)
        lines = enumerate(self.excerpt.lines, 1)
        return next((at for at, line in lines if line.text.endswith(opening)), 0)

    def height(self, first: int, last: int) -> int:
        """Return how many rows some lines take, a fold one; a docstring opens at the end of another line."""
        lines = self.excerpt.lines
        heads = sum(
            first <= start < last and not _opens_docstring(self.excerpt, start) for start, _ in self.folds
        )
        shown = set(range(first, last)) - self.hidden
        return heads + sum(1 + len(lines[place].text) // _COLUMNS for place in shown)

    def pane(self, row: int, starts: Sequence[tuple[int, int]], end: int) -> Pane:
        """Return the pane: its first row, its blocks with their rows, and the row after the last."""
        blocks = []
        for (first, start), (last, after) in pairwise((*starts, (len(self.excerpt.lines), end))):
            span = Html(' style="grid-row:span %s"') % (after - start) if after - start > 1 else Html("")
            lines = _lines(self.excerpt, first, last, self.folds, beside=True)
            blocks.append(Html('<span class="block"%s>%s</span>') % (span, lines))
        return Pane(self.excerpt, row, end - row, Html("").join(blocks))


def single(excerpt: Excerpt) -> Html:
    """Return the lines of an excerpt without a second language, its long parts folded."""
    return _lines(excerpt, 0, len(excerpt.lines), _folds(excerpt, beside=False), beside=False)


def side_by_side(go: Excerpt, others: Sequence[Excerpt]) -> SideBySidePanes:
    """Return Go and its counterparts as panes of one grid."""
    ordered = sorted(_merged(others), key=lambda one: -len(_links(go, [one])))
    left, right = _Folded.of(go), [_Folded.of(one) for one in ordered]
    starts: list[list[tuple[int, int]]] = [[(0, 2)]]
    bars, go_starts, row, section = [1], [(0, 2)], 2, 0
    for ours, theirs, line in [*_level(left, right), (len(go.lines), len(right) - 1, -1)]:
        while section < theirs:
            section += 1
            bars.append(row + 1)
            row += 2
            starts.append([(0, row)])
        if line >= 0:
            row += 1
            go_starts.append((ours, row))
            starts[section].append((line, row))
    ends = [*bars[1:], row + 1]
    python = zip(right, bars, starts, ends, strict=True)
    return SideBySidePanes(
        left.pane(1, go_starts, row + 1), tuple(one.pane(bar, found, end) for one, bar, found, end in python)
    )


def _merged(excerpts: Sequence[Excerpt]) -> tuple[Excerpt, ...]:
    """Return the excerpts with those of one file joined, each line once and in order."""
    joined: dict[str, Excerpt] = {}
    for one in excerpts:
        before = joined.get(one.path)
        if before is None:
            joined[one.path] = one
            continue
        lines = {line.number: line for line in (*one.lines, *before.lines)}
        ordered = [lines[number] for number in sorted(lines)]
        fresh = {after.number for line, after in pairwise(ordered) if after.number > line.number + 1}
        joined[one.path] = msgspec.structs.replace(
            before,
            first=min(before.first, one.first),
            last=max(before.last, one.last),
            lines=tuple(
                msgspec.structs.replace(line, after_gap=True) if line.number in fresh else line
                for line in ordered
            ),
        )
    return tuple(joined.values())


_Level = tuple[int, int, int]
"""A line of Go, and the pane and line of Python that it is level with, by their places."""


def _links(go: Excerpt, python: Sequence[Excerpt]) -> dict[_Level, int]:
    """Return the lines that correspond as either side says, or as a note is about both; both weigh more."""
    noted = {mark.number: place for place, line in enumerate(go.lines) for mark in line.notes}
    in_go = {line.number: place for place, line in enumerate(go.lines)}
    found: set[_Level] = set()
    by_note: set[_Level] = set()
    for section, excerpt in enumerate(python):
        in_python = {line.number: place for place, line in enumerate(excerpt.lines)}
        for place, line in enumerate(go.lines):
            other = line.line_link
            if other and other.path == excerpt.path and other.line in in_python:
                found.add((place, section, in_python[other.line]))
        for place, line in enumerate(excerpt.lines):
            other = line.line_link
            if other and other.path == go.path and other.line in in_go:
                found.add((in_go[other.line], section, place))
            by_note |= {(noted[mark.number], section, place) for mark in line.notes if mark.number in noted}
    linked = {link[0] for link in found}, {link[1:] for link in found}
    alone = {link for link in by_note if link[0] not in linked[0] and link[1:] not in linked[1]}
    return {link: 1 + (link in found and link in by_note) for link in sorted(found | alone)}


def _level(go: _Folded, python: Sequence[_Folded]) -> list[_Level]:
    """Return the links that are to be level: as many as can be without empty rows where a pane begins."""
    links = {
        link: weight
        for link, weight in _links(go.excerpt, [one.excerpt for one in python]).items()
        if link[0] not in go.hidden and link[2] not in python[link[1]].hidden
    }
    while True:
        chain = _in_order(links)
        refused = _pushing_down(chain, go, python)
        if refused is None:
            return chain
        del links[refused]


def _in_order(links: Mapping[_Level, int]) -> list[_Level]:
    """Return the links with the most weight whose lines are in order on both sides."""
    chains: list[tuple[int, tuple[_Level, ...]]] = [(0, ())]
    for link in sorted(links):
        before = (
            found
            for found in chains
            if not found[1] or (found[1][-1][0] < link[0] and found[1][-1][1:] < link[1:])
        )
        weight, chain = max(before, key=lambda found: found[0])
        chains.append((weight + links[link], (*chain, link)))
    return list(max(chains, key=lambda found: found[0])[1])


def _pushing_down(chain: Sequence[_Level], go: _Folded, python: Sequence[_Folded]) -> _Level | None:
    """Return the first link that would push the beginning of a pane's code below its top."""
    before, section = 0, -1
    for link in chain:
        ours, theirs, line = link
        if theirs > section:
            section = theirs
            above = go.height(before, ours), python[section].height(0, line)
            if line <= python[section].body and above[0] > max(above[1], _HEAD):
                return link
            if not before and ours <= go.body and above[1] > above[0] + _HEAD:
                return link
        before = ours
    return None


# ── Folds ─────────────────────────────────────────────────────────────────────────────────────────

_Fold = tuple[int, int]
"""The places of the first folded line and of the one after the last."""


def _lines(excerpt: Excerpt, first: int, last: int, folds: Sequence[_Fold], *, beside: bool) -> Html:
    """Return the HTML of some lines, folded parts as details."""
    lines, parts, at = excerpt.lines, [], first
    for start, end in folds:
        if first <= start < last:
            parts += [line.markup for line in lines[at:start]]
            parts.append(_fold(excerpt, start, end, beside=beside))
            at = end
    parts += [line.markup for line in lines[at:last]]
    return Html("".join(parts))


def _fold(excerpt: Excerpt, start: int, end: int, *, beside: bool) -> Html:
    """Return a folded part.

    Of a docstring the first line stays, and beside Go, where code is to begin at the top, none of it; of a
    signature the names stay.
    """
    lines, kind = excerpt.lines[start:end], Html("")
    if beside and (signature := _signature(lines)):
        head = escape(signature)
        kind = Html(" fold-signature")
    elif beside and start and _opens_docstring(excerpt, start):
        head = Html('<span aria-label="%s" title="%s"></span>') % (
            _("Docstring"),
            lines[0].text.strip().strip('r"'),
        )
        kind = Html(" fold-docstring")
    elif _opens_docstring(excerpt, start) or (beside and not start and _COMMENT.match(lines[0].text)):
        more = Html('<span class="more" data-more="%s"></span>') % plural(
            "%(count)s more line", "%(count)s more lines", count=len(lines) - 1
        )
        if all(line.text.strip() in ("", '"""') for line in lines[1:]):
            more = Html("")  # only its end is folded
        head = msgspec.structs.replace(lines[0], html=lines[0].html + more).markup
        lines = lines[1:]
    else:
        about = _("; ").join(_topics(lines))
        size = plural("%(count)s line", "%(count)s lines", count=len(lines))
        said = _("%(lines)s: %(topics)s", lines=size, topics=about) if about else size
        head = Html("\N{HORIZONTAL ELLIPSIS} %s") % said
    body = "".join(line.markup for line in lines)
    return Html('<details class="fold%s"><summary>%s</summary>%s</details>') % (kind, head, Html(body))


def _folds(excerpt: Excerpt, *, beside: bool) -> tuple[_Fold, ...]:
    """Return the parts of an excerpt to fold, in order and without overlap."""
    lines = excerpt.lines
    found = list(_heads(excerpt) if beside else _docstrings(excerpt))
    if len(lines) > _LONG and any(map(_is_needed, lines)):
        inside = [place for start, end in found for place in range(start, end)]
        kept = {place for place, line in enumerate(lines) if _is_needed(line)} | set(inside)
        units = [unit for unit in _foldable(lines, 0, len(lines), kept) if unit[1] - unit[0] >= _SHORTEST]
        found += units
    return tuple(sorted(found))


def _is_needed(line: CodeLine) -> bool:
    return bool(line.line_link or line.notes or line.cited or line.named)


def _foldable(lines: Sequence[CodeLine], first: int, last: int, kept: set[int]) -> Iterator[_Fold]:
    """Yield runs of whole statements between two places without a line that is kept."""
    run: _Fold | None = None
    is_after_kept = False
    for start, end in _statements(lines, first, last):
        is_kept = any(place in kept for place in range(start, end))
        is_check = is_after_kept and end - start < _SHORTEST and _CHECK.match(lines[start].text.lstrip())
        if not is_kept and not is_check:
            run = (run[0] if run else _after_text(lines, first, start), end)
        elif run:
            yield run
            run = None
        if is_kept and end - start > _SHORTEST:
            for body in _bodies(lines, start, end):
                yield from _foldable(lines, *body, kept)
        is_after_kept = is_kept
    if run:
        yield run


def _after_text(lines: Sequence[CodeLine], first: int, start: int) -> int:
    """Return the place from which only empty lines lead to `start`."""
    return next((at for at in range(start, first, -1) if lines[at - 1].text.strip()), first)


def _bodies(lines: Sequence[CodeLine], start: int, end: int) -> Iterator[_Fold]:
    """Yield the runs of lines that are indented deeper than the statement they belong to."""
    outer = min(lines[at].depth for at in range(start, end) if lines[at].text.strip())
    inside = (at for at in range(start, end) if lines[at].depth > outer or not lines[at].text.strip())
    for _shift, found in groupby(enumerate(inside), key=lambda pair: pair[1] - pair[0]):
        run = [at for _, at in found]
        yield run[0], run[-1] + 1


def _statements(lines: Sequence[CodeLine], first: int, last: int) -> Iterator[_Fold]:
    """Yield the statements between two places by their indentation, each with the comments before it."""
    filled = [place for place in range(first, last) if lines[place].text.strip()]
    if not filled:
        return
    depth = min(lines[place].depth for place in filled)
    heads: list[int] = []
    is_comment = False
    for place in filled:
        line = lines[place]
        if line.depth > depth or _CONTINUES.match(line.text.lstrip()):
            continue
        if not is_comment:
            heads.append(place)
        is_comment = _COMMENT.match(line.text) is not None
    yield from pairwise((*heads, last))


def _opens_docstring(excerpt: Excerpt, place: int) -> bool:
    text = excerpt.lines[place].text.lstrip()
    if excerpt.language != "py" or not text.startswith(('"""', 'r"""')):
        return False
    before = excerpt.lines[place - 1].text.rstrip() if place else ""
    return not before.endswith(("(", ",", "[", "{", "=", "\\"))


def _docstrings(excerpt: Excerpt, *, least: int = 2) -> Iterator[_Fold]:
    """Yield the docstrings of at least so many lines, without those that something is needed of."""
    lines, place = excerpt.lines if excerpt.language == "py" else (), 0
    while place < len(lines):
        start, place = place, place + 1
        if not _opens_docstring(excerpt, start):
            continue
        if lines[start].text.count('"""') == 1:
            ends = (at for at in range(place, len(lines)) if lines[at].text.rstrip().endswith('"""'))
            place = next(ends, len(lines)) + 1
        if least <= place - start <= len(lines) - start and not any(
            map(_is_needed, lines[start + 1 : place])
        ):
            yield start, place


def _heads(excerpt: Excerpt) -> Iterator[_Fold]:
    """Yield the parts before code: signatures of several lines, docstrings, and a long comment of Go."""
    lines = excerpt.lines
    if excerpt.language != "py":
        words = next((at for at, line in enumerate(lines) if not _COMMENT.match(line.text)), 0)
        if words > _HEAD and not any(map(_is_needed, lines[:words])):
            yield 0, words
        return
    found = {start: end for start, end in _docstrings(excerpt, least=1) if not _is_needed(lines[start])}
    for first, line in enumerate(lines):
        ends = (at + 1 for at in range(first + 1, len(lines)) if lines[at].depth == line.depth)
        after = next(ends, first) if _DEFINES.match(line.text) and line.text.endswith("(") else first
        if after > first and _signature(lines[first:after]) and not any(map(_is_needed, lines[first:after])):
            found[first] = found.pop(after, after)
    for first, end in sorted(found.items()):
        yield first, next((at for at in range(end, len(lines)) if lines[at].text.strip()), end)


def _signature(lines: Sequence[CodeLine]) -> str:
    """Return a signature of several lines with the names of its parameters only; empty for other lines."""
    code = "\n".join(line.text for line in lines)
    try:
        (made,) = ast.parse(f"{textwrap.dedent(code)}\n    ...").body
    except (SyntaxError, ValueError):
        return ""
    if not isinstance(made, ast.FunctionDef | ast.AsyncFunctionDef):
        return ""
    taken = made.args
    for one in (*taken.posonlyargs, *taken.args, taken.vararg, *taken.kwonlyargs, taken.kwarg):
        if one is not None:
            one.annotation = None
    taken.defaults, taken.kw_defaults = [], [None] * len(taken.kwonlyargs)
    word = "async def" if isinstance(made, ast.AsyncFunctionDef) else "def"
    returns = f" -> {ast.unparse(made.returns)}" if made.returns else ""
    return f"{' ' * lines[0].depth}{word} {made.name}({ast.unparse(taken)}){returns}:"


def _topics(lines: Sequence[CodeLine]) -> Iterator[str]:
    """Yield the subjects of some lines: first words of their comments, or names of their calls."""
    comments = [
        " ".join(match[1] for line in found if (match := _COMMENT.match(line.text)))
        for is_comment, found in groupby(lines, key=lambda line: bool(_COMMENT.match(line.text)))
        if is_comment
    ]
    names = dict.fromkeys(
        name for line in lines for name in _CALL.findall(line.text) if not _QUIET.fullmatch(name)
    )
    told = [_shortened(words) for words in comments if not words.startswith(("TODO", "FIXME", "nolint"))]
    topics = told[:_COMMENTS] or list(names)[:_TOPICS]
    yield from topics
    more = len(told or names) - len(topics)
    if topics and more > 0:
        yield _("%(count)s more", count=more)


def _shortened(words: str) -> str:
    """Return the first sentence of a comment, or its beginning."""
    return textwrap.shorten(
        re.split(r"[.;:](?: |$)", words)[0], _WIDE, placeholder=" \N{HORIZONTAL ELLIPSIS}"
    )
