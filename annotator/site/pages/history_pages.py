"""History map, per-symbol history, redirects to moved symbols, porting page."""

from __future__ import annotations

import re
from collections import defaultdict
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from annotator.model.go import Kind, folder_of
from annotator.model.reference import Moved, Renamed, TextState, Unplaced
from annotator.site.language import _, active_code, html_folder, translated
from annotator.site.markup import built, href, slug
from annotator.site.page_locations import TYPES, page_of
from annotator.site.pages import sentences
from annotator.site.site_index import HISTORY, PORTING, SiteIndex, compare_page, link_to, resolved_anchor
from annotator.site.view_models import (
    ComparePage,
    HistoryBar,
    HistoryPackage,
    HistoryPage,
    HistoryRow,
    Link,
    MovedPage,
    PortingPage,
    PortingRow,
    ReleaseColumn,
    ReleaseStatus,
    SitePage,
    StatusSinceBaseline,
    SymbolHistory,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from annotator.model.reference import Anchor, NoteChange, Verdict
    from annotator.model.symbol_history import ReferenceHistory, SymbolChange, TagOutcome
    from annotator.site.page_locations import PageLocation

_OF_PACKAGES = frozenset({Kind.FUNC, Kind.CONST, Kind.VAR})
_OWNED = frozenset({Kind.METHOD, Kind.FIELD, Kind.IMETHOD})


def status_since_baseline(index: SiteIndex, page: str) -> Iterator[StatusSinceBaseline]:
    """Yield the status of each symbol of a page that changed since the baseline."""
    for place, verdict in index.status_since_baseline.get(page, ()):
        if said := _status_text(verdict):
            before = _before(index, page, verdict)
            yield StatusSinceBaseline(Link(place.declaration.symbol, f"#{place.anchor}"), before, said)


def _status_text(verdict: Verdict) -> str:
    """Return a symbol's status in words; empty if only its line changed."""
    reference, outcome = verdict.reference, verdict.outcome
    parts = []
    if isinstance(outcome, Renamed):
        parts.append(_("was %(old)s", old=reference.symbol))
    if isinstance(outcome, Renamed | Moved) and outcome.anchor.path != reference.path:
        parts.append(_("was in %(path)s", path=reference.path))
    if verdict.text is TextState.CHANGED:
        parts.append(_("changed"))
    return _("; ").join(parts)


def _before(index: SiteIndex, page: str, verdict: Verdict) -> Link:
    """Return the symbol's page in the baseline's version, or its lines in the repository at the baseline."""
    tag, reference = index.input.baseline, verdict.reference
    there = index.at_baseline.get(reference)
    at = resolved_anchor(there) if there else None
    address = _in_version(page, tag, at) if at else ""
    return Link(tag, address or index.url_at_tag(tag, reference.path, reference.line or 1))


def _in_version(page: str, tag: str, at: Anchor) -> str:
    """Return the address of a symbol in the site of another version, seen from a page."""
    target = _address(at)
    if not target:
        return ""
    anchored = at.kind in TYPES | _OF_PACKAGES | {Kind.METHOD}
    below = html_folder(active_code())
    up = "../" * (page.count("/") + 1 + below.count("/"))
    return f"{up}{slug(tag)}/{below}{built(target)}" + (f"#{slug(at.symbol)}" if anchored else "")


def _address(at: Anchor) -> str:
    """Return the address of a symbol's page in another version; empty if only that version knows it."""
    if at.kind in TYPES:
        return page_of(folder_of(at.path), at.symbol)
    if at.kind in _OWNED:
        return page_of(folder_of(at.path), at.symbol.partition(".")[0])
    return page_of(folder_of(at.path), "") if at.kind in _OF_PACKAGES else ""


def moved_pages(index: SiteIndex) -> Iterator[SitePage]:
    """Yield a page at each address that only other versions have; it says where the symbols are here."""
    now = {verdict.reference: verdict for verdict in index.input.since_baseline}
    known = {plan.page.lower() for plan in index.page_plans}
    lost: dict[str, dict[str, StatusSinceBaseline]] = defaultdict(dict)
    for verdicts in index.input.elsewhere.values():
        for verdict in verdicts:
            anchor, here = resolved_anchor(verdict), now.get(verdict.reference)
            address = _address(anchor) if anchor else ""
            if anchor and here and address and address.lower() not in known:
                lost[address].setdefault(anchor.symbol, _here(index, address, anchor, here))
    for address, found in sorted(lost.items()):
        yield SitePage(
            path=address,
            title=address.removeprefix("go/").removesuffix(".md"),
            summary=_("Where what other versions show here is at %(tag)s.", tag=index.input.tag),
            view=MovedPage(tuple(found[symbol] for symbol in sorted(found)), index.input.tag),
        )


def _here(index: SiteIndex, page: str, at: Anchor, verdict: Verdict) -> StatusSinceBaseline:
    """Return a symbol that another version shows, and its place in this one."""
    if place := index.location(verdict):
        return StatusSinceBaseline(
            Link(at.symbol, ""), link_to(page, place), _("in %(path)s", path=place.path)
        )
    why = sentences.reason(verdict) if isinstance(verdict.outcome, Unplaced) else _("not shown")
    return StatusSinceBaseline(Link(at.symbol, ""), Link("", ""), why)


_CELL = 8
"""Width of a release on the map, in pixels."""

_LABELS = 3
"""A release in so many has its name above the map: more would not fit."""

_PRODUCT = re.compile(r"^\D+-(?=v?\d)")
"""What may stand before the version in a tag's name."""


def pages(index: SiteIndex) -> Iterator[SitePage]:
    """Yield the history map and the porting report, if the options ask for them."""
    chronicle = index.input.history
    if chronicle.trails:
        yield _map(index)
    if chronicle.porting is not None:
        yield _porting(index)
    yield from _comparisons(index)


# ── The map ──────────────────────────────────────────────────────────────────────────────────────
def _map(index: SiteIndex) -> SitePage:
    chronicle = index.input.history
    rows: dict[str, list[HistoryRow]] = defaultdict(list)
    shown = _shown(chronicle.trails, chronicle.releases)
    for trail in chronicle.trails:
        rows[folder_of(trail.reference.path)].append(_row(index, trail, shown))
    return SitePage(
        path=HISTORY,
        title=_("History"),
        summary=_(
            "Every mapped symbol over the releases: since when, until when, where it moved or changed."
        ),
        view=HistoryPage(
            tags=len(chronicle.tags),
            columns=tuple(_columns(shown)),
            width=_CELL * len(shown),
            packages=tuple(HistoryPackage(folder, tuple(found)) for folder, found in sorted(rows.items())),
        ),
    )


def _shown(trails: Iterable[ReferenceHistory], releases: Sequence[str]) -> tuple[str, ...]:
    """Return the releases from the first one on that has any of the symbols."""
    alive = {stop.tag for trail in trails for stop in trail.stops if _anchor(stop)}
    first = next((at for at, tag in enumerate(releases) if tag in alive), len(releases))
    return tuple(releases[first:])


def _columns(releases: Sequence[str]) -> Iterator[ReleaseColumn]:
    last = len(releases) - 1
    for at, tag in enumerate(releases):
        named = at == last or (at % _LABELS == 0 and at + _LABELS <= last)
        yield ReleaseColumn(tag, at * _CELL, _PRODUCT.sub("", tag) if named else "")


def _row(index: SiteIndex, trail: ReferenceHistory, releases: Sequence[str]) -> HistoryRow:
    columns = _at_releases(trail, releases)
    alive = [stop.tag for stop in trail.stops if _anchor(stop)]
    symbol = f"{trail.reference.symbol}"
    place = index.locations.get((trail.reference.path, symbol))
    return HistoryRow(
        link=link_to(HISTORY, place, symbol) if place else Link(symbol, "", trail.reference.path),
        first=alive[0] if alive else "",
        last=alive[-1] if alive else "",
        stretches=tuple(_bars(columns)),
        marks=tuple(at * _CELL for at in _changes_of_place(columns)),
        said=sentences.joined(_history_sentences(trail.stops)),
    )


def _at_releases(trail: ReferenceHistory, releases: Iterable[str]) -> list[TagOutcome]:
    stops = {stop.tag: stop for stop in trail.stops}
    return [stops[tag] for tag in releases if tag in stops]


def _bars(stops: Sequence[TagOutcome]) -> Iterator[HistoryBar]:
    """Yield neighbouring releases in the same state, as one bar."""
    at = 0
    for state, found in groupby(stops, key=lambda stop: str(stop.text) if _anchor(stop) else ""):
        count = len(tuple(found))
        if state:
            yield HistoryBar(state, at * _CELL, count * _CELL - 1)
        at += count


def _changes_of_place(stops: Sequence[TagOutcome]) -> Iterator[int]:
    """Yield the releases at which a symbol is in another file, or has another name, than before."""
    for at, (before, now) in enumerate(pairwise(map(_anchor, stops)), 1):
        if before and now and (before.path, before.symbol) != (now.path, now.symbol):
            yield at


def _history_sentences(stops: Sequence[TagOutcome]) -> Iterator[str]:
    """Yield the history as sentences, for readers who do not see the map."""
    alive = [(stop, anchor) for stop in stops if (anchor := _anchor(stop))]
    if not alive:
        yield _("Found at no tag.")
    for (_before, was), (stop, now) in pairwise(alive):
        if was.path != now.path:
            yield _("In %(path)s since %(tag)s.", path=now.path, tag=stop.tag)
        if was.symbol != now.symbol:
            yield _("%(symbol)s since %(tag)s.", symbol=now.symbol, tag=stop.tag)
    same = [stop.tag for stop, _now in alive if stop.text is TextState.SAME]
    if same:
        yield _("The baseline's text from %(first)s to %(last)s.", first=same[0], last=same[-1])


def _anchor(stop: TagOutcome) -> Anchor | None:
    outcome = stop.outcome
    return None if isinstance(outcome, Unplaced) else outcome.anchor


# ── A symbol's own ───────────────────────────────────────────────────────────────────────────────
def symbol_histories(index: SiteIndex, page: str) -> Iterator[SymbolHistory]:
    """Yield the histories of the symbols of a page, in the order of their lines."""
    for place, verdict in index.status_since_baseline.get(page, ()):
        trail = index.histories.get((verdict.reference.path, verdict.reference.symbol or ""))
        if trail:
            yield _history(index, place, trail)


def lifetime(index: SiteIndex, page: str, anchor: str) -> str:
    """Return since when a symbol exists and when its text changed last; empty if that is not known."""
    trail = index.histories.get(index.mapped_symbol(page, anchor))
    alive = [stop for stop in trail.stops if _anchor(stop)] if trail else []
    if not alive:
        return ""
    first, tags = alive[0].tag, [stop.tag for stop in alive]
    now = tags.index(index.input.tag) if index.input.tag in tags else -1
    if now < 0 or alive[now].text is not TextState.SAME:
        return _("since %(tag)s", tag=first)
    # Texts are compared with the baseline's, so only its own run of tags is known to be without a change.
    changed = next((at for at in range(now, 0, -1) if alive[at - 1].text is not TextState.SAME), 0)
    if changed:
        return _("since %(tag)s, last changed in %(changed)s", tag=first, changed=tags[changed])
    return _("since %(tag)s, not changed", tag=first)


def _history(index: SiteIndex, place: PageLocation, trail: ReferenceHistory) -> SymbolHistory:
    columns = _at_releases(trail, index.input.history.releases)
    moved = frozenset(_changes_of_place(columns))
    alive = [stop.tag for stop in trail.stops if _anchor(stop)]
    return SymbolHistory(
        link=Link(place.declaration.symbol, f"#{place.anchor}"),
        first=alive[0] if alive else "",
        last=alive[-1] if alive else "",
        releases=tuple(
            _release(index, stop, at, stepped=number in moved)
            for number, stop in enumerate(columns)
            if (at := _anchor(stop))
        ),
        said=sentences.joined(_history_sentences(trail.stops)),
    )


def _release(index: SiteIndex, stop: TagOutcome, at: Anchor, *, stepped: bool) -> ReleaseStatus:
    title = _("%(path)s at %(tag)s", path=at.path, tag=stop.tag)
    if stepped:
        title = _(
            "%(path)s at %(tag)s, now %(symbol)s in %(path)s", path=at.path, tag=stop.tag, symbol=at.symbol
        )
    return ReleaseStatus(
        tag=stop.tag,
        line=Link(str(at.line), index.url_at_tag(stop.tag, at.path, at.line), title),
        text=str(stop.text),
        stepped=stepped,
    )


# ── What is to be ported ─────────────────────────────────────────────────────────────────────────
def _porting(index: SiteIndex) -> SitePage:
    found = index.input.history.porting
    assert found is not None  # noqa: S101 - the page is made only where there is one
    rows = (_porting_row(index, change, found.old, found.new) for change in found.changes)
    return SitePage(
        path=PORTING,
        title=_("To port"),
        summary=_(
            "What changed in each mapped symbol from %(old)s to %(new)s.", old=found.old, new=found.new
        ),
        view=PortingPage(
            old=found.old,
            new=found.new,
            sentence=sentences.report_sentence(found),
            changes=tuple(sorted(rows, key=lambda row: -row.added - row.removed)),
            fresh=tuple(
                Link(
                    one.symbol,
                    index.url_at_tag(found.new, one.path, one.line),
                    _("%(kind)s in %(path)s", kind=translated(one.kind), path=one.path),
                )
                for one in found.fresh
            ),
            notes=tuple(_note_links(index, found.notes)),
        ),
        code=True,
    )


def _note_links(index: SiteIndex, notes: Iterable[NoteChange]) -> Iterator[Link]:
    """Yield the changes of annotated lines, each with the page that explains it."""
    pages = {text.name: f"{text.name}.md" for text in index.texts}
    pages |= {chapter.text.name: chapter.page for chapter in index.chapters if chapter.text}
    for note in notes:
        page = next((page for name, page in pages.items() if note.file.endswith(f"/{name}.md")), "")
        address = href(PORTING, page, "notes") if page else ""
        where = _("%(path)s, line %(line)s", path=note.file, line=note.at_line)
        yield Link(sentences.note_change(note), address, where)


_DIFF_LINES = {"+": "new", "-": "gone", "@": "hunk"}
"""By the first character of a line of a diff, what it is."""


def compared(index: SiteIndex, page: str, anchor: str) -> Link | None:
    """Return a link to what differs in a symbol from the version that this one is compared with, or None."""
    path, symbol = index.mapped_symbol(page, anchor)
    report = index.input.history.comparison
    if report is None or (path, symbol) not in index.comparison:
        return None
    other = report.old if report.new == index.input.tag else report.new
    return Link(_("compare with %(tag)s", tag=other), href(page, compare_page(folder_of(path)), slug(symbol)))


def _comparisons(index: SiteIndex) -> Iterator[SitePage]:
    """Yield a page for each package with what differs in its symbols between two versions."""
    report = index.input.history.comparison
    folders: dict[str, list[SymbolChange]] = defaultdict(list)
    for (path, _symbol), change in index.comparison.items():
        folders[folder_of(path)].append(change)
    for folder, changes in sorted(folders.items()):
        assert report is not None  # noqa: S101 - without it nothing is compared
        page = compare_page(folder)
        rows = (_porting_row(index, change, report.old, report.new, page) for change in changes)
        yield SitePage(
            path=page,
            title=_("%(path)s at %(old)s and %(new)s", path=folder or "/", old=report.old, new=report.new),
            summary=_("What differs in the mapped symbols of %(path)s.", path=folder or _("the root")),
            view=ComparePage(report.old, report.new, tuple((slug(row.symbol), row) for row in rows)),
            code=True,
        )


def _porting_row(
    index: SiteIndex, change: SymbolChange, old: str, new: str, page: str = PORTING
) -> PortingRow:
    path, symbol = change.symbol.split("::", 1)
    place = index.locations.get((path, symbol))
    python = []
    for known in change.counterparts:
        where = _("%(path)s, line %(line)s", path=known.path, line=known.line)
        python.append(Link(known.name, *(index.python_link(page, known.name) or ("", where))))
    diff = change.lines[2:]  # without the names of the files
    return PortingRow(
        go=link_to(page, place, symbol) if place else Link(symbol, "", path),
        symbol=symbol,
        path=path,
        said=sentences.change(change),
        shift=str(change.shift),
        edit=str(change.edit),
        old=_line(index, old, change.old),
        new=_line(index, new, change.new),
        python=tuple(python),
        findings=tuple((finding.change, sentences.detail(finding)) for finding in change.findings),
        diff=tuple((_DIFF_LINES.get(line[:1], "kept"), line) for line in diff),
        added=sum(line.startswith("+") for line in diff),
        removed=sum(line.startswith("-") for line in diff),
    )


def _line(index: SiteIndex, tag: str, at: Anchor | None) -> Link:
    if at is None:
        return Link("", "")
    words = _("line %(line)s at %(tag)s", line=at.line, tag=tag)
    return Link(words, index.url_at_tag(tag, at.path, at.line), at.path)
