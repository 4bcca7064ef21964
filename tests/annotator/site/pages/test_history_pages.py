"""The pages of many tags: the map, each symbol's own history, what became of it, and what to port."""

from __future__ import annotations

import html

import msgspec
import pytest
from made_site import MadeSite, make_site

from annotator.model.go import Kind
from annotator.model.reference import (
    Anchor,
    FoundBy,
    Missing,
    Moved,
    NoteChange,
    NotePlace,
    Reference,
    Renamed,
    TextState,
    Verdict,
    Verified,
)
from annotator.model.symbol_history import (
    ChangeDetail,
    HistoryInput,
    PlacementChange,
    PortingReport,
    ReferenceHistory,
    SymbolChange,
    TagOutcome,
    TextChange,
)
from annotator.site import rendering
from annotator.site.inputs import SiteInput
from annotator.site.view_models import HistoryPage, MovedPage, SitePage, SymbolPage

OLD = "store/shelf.go"
NOW = "pantry/shelf/shelf.go"
SHELF = Reference(OLD, "Shelf", 5, ref="v0")


def at(path: str, symbol: str = "Shelf", line: int = 7) -> Anchor:
    return Anchor(path, symbol, Kind.STRUCT, line, line + 3)


def stop(tag: str, anchor: Anchor | None, text: TextState = TextState.SAME) -> TagOutcome:
    if anchor is None:
        return TagOutcome(tag, Missing("Not there."), TextState.UNKNOWN)
    return TagOutcome(tag, Verified(anchor, FoundBy.SYMBOL, "There."), text)


TRAIL = ReferenceHistory(
    SHELF,
    (
        stop("v0.0.9", None),
        stop("v0", at(OLD, line=5)),
        stop("v1-rc1", at(NOW)),
        stop("v1", at(NOW)),
        stop("v2", at(NOW, "Board"), TextState.CHANGED),
        stop("v3", None),
    ),
)
CHRONICLE = HistoryInput(
    tags=tuple(one.tag for one in TRAIL.stops), releases=("v0.0.9", "v0", "v1", "v2", "v3"), trails=(TRAIL,)
)


@pytest.fixture
def later(given: SiteInput) -> SiteInput:
    """The pantry at v1, where its shelf is in another file than at the baseline, v0."""
    became = Verdict(SHELF, Moved(at(NOW), FoundBy.FILE_RENAME, "Moved."), TextState.CHANGED)
    return msgspec.structs.replace(given, baseline="v0", since_baseline=(became,), history=CHRONICLE)


def page(site: MadeSite, path: str) -> SitePage:
    return next(one for one in site.pages if one.path == path)


def history(site: MadeSite) -> HistoryPage:
    view = page(site, "history.md").view
    assert isinstance(view, HistoryPage)
    return view


def shelf(site: MadeSite) -> SymbolPage:
    view = page(site, "go/pantry/shelf/Shelf.md").view
    assert isinstance(view, SymbolPage)
    return view


def test_the_map_begins_with_the_first_release_that_has_something(later):
    view = history(make_site(later))

    assert [column.tag for column in view.columns] == ["v0", "v1", "v2", "v3"]


def test_a_row_tells_since_when_until_when_and_what_became_of_the_symbol(later):
    ((row,),) = [package.rows for package in history(make_site(later)).packages]

    assert (row.first, row.last) == ("v0", "v2")
    assert row.said == f"In {NOW} since v1-rc1. Board since v2. The baseline's text from v0 to v1."
    assert row.link.href == "go/pantry/shelf/Shelf.html#Shelf"


def test_neighbouring_releases_in_the_same_state_are_one_bar(later):
    ((row,),) = [package.rows for package in history(make_site(later)).packages]

    cell = row.stretches[0].width + 1
    assert [(one.state, one.x, one.width + 1) for one in row.stretches] == [
        ("same", 0, cell),
        ("changed", cell, cell // 2),
    ]
    assert row.marks == (cell // 2, cell)


def test_a_page_of_a_symbol_has_its_lines_at_each_release_with_permalinks(later):
    (found,) = shelf(make_site(later)).history

    assert [(one.tag, one.line.text, one.text, one.stepped) for one in found.releases] == [
        ("v0", "5", "same", False),
        ("v1", "7", "same", True),
        ("v2", "7", "changed", True),
    ]
    assert found.releases[0].line.href == f"https://example.org/pantry/blob/v0/{OLD}#L5"


def test_without_history_there_is_no_page(given):
    assert "history.md" not in {one.path for one in make_site(given).pages}


def test_a_page_tells_what_became_of_its_symbols_since_the_baseline(later):
    (found,) = shelf(make_site(later)).since

    assert found.said == f"was in {OLD}; changed"
    assert found.before.href == f"https://example.org/pantry/blob/v0/{OLD}#L5"


def test_what_is_what_it_was_is_not_told(given):
    same = Verdict(SHELF, Verified(at(OLD, line=7), FoundBy.SYMBOL, "There."), TextState.SAME)

    assert shelf(make_site(msgspec.structs.replace(given, since_baseline=(same,)))).since == ()


def test_beside_the_baselines_version_the_note_leads_to_the_page_there(later):
    there = Verdict(SHELF, Verified(at(OLD, line=5), FoundBy.SYMBOL, "There."), TextState.SAME)

    site = make_site(msgspec.structs.replace(later, elsewhere={"v0": (there,)}))

    assert shelf(site).since[0].before.href == "../../../../v0/go/store/Shelf.html#Shelf"


def test_at_an_address_of_another_version_stands_where_its_symbol_is_here(later):
    there = Verdict(SHELF, Verified(at(OLD, line=5), FoundBy.SYMBOL, "There."), TextState.SAME)

    site = make_site(msgspec.structs.replace(later, elsewhere={"v0": (there,)}))

    view = page(site, "go/store/Shelf.md").view
    assert isinstance(view, MovedPage)
    assert view.moved[0].before.href == "../pantry/shelf/Shelf.html#Shelf"


def test_at_an_address_of_another_version_a_lost_symbol_is_said_to_be_lost(given):
    gone = Reference("store/lid.go", "Lid", 3)
    here = Verdict(gone, Missing("No such file."))
    there = Verdict(gone, Renamed(at("store/lid.go", "Cover"), FoundBy.BODY, "Renamed."), TextState.CHANGED)

    site = make_site(msgspec.structs.replace(given, since_baseline=(here,), elsewhere={"v0": (there,)}))

    assert "No such file" in rendering.markdown(site.frame, page(site, "go/store/Cover.md"))


def test_the_report_on_what_to_port_shows_findings_and_the_diff_as_text(given):
    finding = ChangeDetail("field", "new", "</script>", "", "int", "add it")
    change = SymbolChange(
        f"{NOW}::Shelf", (), at(NOW), at(NOW), PlacementChange.STAYED, TextChange.CHANGED, (finding,),
        ("--- old", "+++ new", "@@ -1 +1 @@", "-a", "+</span><script>"),
    )  # fmt: skip
    ported = PortingReport("v0", "v1", 1, (change,), (at(NOW, "Fresh"),))

    site = make_site(msgspec.structs.replace(given, history=HistoryInput(porting=ported)))
    shown = rendering.markdown(site.frame, page(site, "porting.md"))

    assert "<script" not in shown
    assert "diff-new" in shown
    assert "Fresh" in shown


def test_the_report_on_what_to_port_lists_notes_whose_line_changed(given):
    place = NotePlace(NOW, "Shelf", "Count int")
    note = NoteChange("site/chapters/1.1.md", 12, "count", place, "Count int", "Count <b>int64</b>")
    ported = PortingReport("v0", "v1", 1, (), (), (note,))

    site = make_site(msgspec.structs.replace(given, history=HistoryInput(porting=ported)))
    shown = html.unescape(rendering.markdown(site.frame, page(site, "porting.md")))

    assert '<h2 id="notes">Notes to read again</h2>' in shown
    assert "the note count: in pantry/shelf/shelf.go::Shelf 'Count int' is now" in shown


def _change(symbol: str, *lines: str) -> SymbolChange:
    place = at(NOW, symbol)
    diff = ("--- old", "+++ new", *lines)
    return SymbolChange(
        f"{NOW}::{symbol}", (), place, place, PlacementChange.STAYED, TextChange.CHANGED, (), diff
    )


def test_largest_changes_to_port_come_first_with_their_size(given):
    small, large = _change("Small", "-a"), _change("Large", "+a", "+b", " c", "-d")
    ported = PortingReport("v0", "v1", 2, (small, large), ())

    view = page(
        make_site(msgspec.structs.replace(given, history=HistoryInput(porting=ported))), "porting.md"
    ).view

    assert [(row.symbol, row.added, row.removed) for row in view.changes] == [
        ("Large", 2, 1),
        ("Small", 0, 1),
    ]


def test_symbol_page_leads_to_the_difference_from_another_version(given, anchor):
    put = Reference(NOW, "Shelf.Put", 15, ref="v1")
    verdict = Verdict(put, Verified(anchor(NOW, "Shelf.Put"), FoundBy.SYMBOL, "There."), TextState.SAME)
    change = _change("Shelf.Put", "-old", "+new<b>")
    history = HistoryInput(comparison=PortingReport("v1", "v9", 1, (change,), ()))

    site = make_site(msgspec.structs.replace(given, since_baseline=(verdict,), history=history))

    heads = [head for group in shelf(site).groups for block in group.blocks for head in block.heads]
    links = {head.name: head.compared for head in heads}
    assert links["Shelf.Count"] is None
    assert links["Shelf.Put"].text == "compare with v9"
    assert links["Shelf.Put"].href == "../../../compare/go/pantry/shelf/index.html#Shelf.Put"
    shown = rendering.markdown(site.frame, page(site, "compare/go/pantry/shelf/index.md"))
    assert 'id="Shelf&#46;Put"' in shown
    assert "diff-gone" in shown
    assert "<b>" not in shown
