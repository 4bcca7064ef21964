"""Home, contents, symbol index, report and errata."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from annotator.model.port import PythonObject
from annotator.model.reference import Verdict
from annotator.site import sphinx_inventory
from annotator.site.diagrams import flow_diagram
from annotator.site.diagrams.svg import DiagramStep
from annotator.site.markdown_text import MarkdownText
from annotator.site.markup import href, web
from annotator.site.pages import chapter_pages, history_pages, python_pages, trace_page
from annotator.site.pages.chapter_pages import chapter_page
from annotator.site.pages.citation_views import (
    all_citations,
    article_reports,
    counts,
    has_wrong_heading,
    verdict_word,
)
from annotator.site.pages.parity_pages import parity_pages
from annotator.site.pages.python_pages import module_page_of
from annotator.site.pages.symbol_pages import kind_of, symbol_page
from annotator.site.site_index import (
    CONTENTS,
    ERRATA,
    HOME,
    REPORT,
    SYMBOLS,
    SiteChapter,
    SiteIndex,
    module_page,
    resolved_anchor,
)
from annotator.site.view_models import (
    ArticleOutline,
    ContentsPage,
    ErrataPage,
    HomePage,
    IndexedFile,
    IndexedPackage,
    IndexedPage,
    IndexPage,
    Link,
    OutlineEntry,
    ReportPage,
    SiteFrame,
    SitePage,
)

if TYPE_CHECKING:
    from annotator.site.placement import SymbolPagePlan

T = TypeVar("T")

_MORE = "More"
"""The section of texts that name none."""


def recipes(atlas: SiteIndex) -> Iterator[Callable[[], Iterable[SitePage]]]:
    """Return what makes each page, in the order in which they are read."""
    yield lambda: (_home(atlas), _contents(atlas))
    yield lambda: chapter_pages.text_pages(atlas)
    yield from (_one(chapter_page, atlas, stop) for stop in atlas.stops)
    yield lambda: python_pages.example_pages(atlas)
    yield lambda: parity_pages(atlas)
    yield lambda: trace_page.pages(atlas)
    yield lambda: (_index(atlas),)
    yield from (_one(symbol_page, atlas, sheet) for sheet in atlas.sheets)
    yield from (_one(module_page_of, atlas, path) for path in atlas.given.mirror.modules)
    yield lambda: history_pages.pages(atlas)
    yield lambda: history_pages.moved_pages(atlas)
    yield lambda: (_report(atlas), _errata(atlas))


def _one(
    made: Callable[[SiteIndex, T], SitePage], atlas: SiteIndex, of: T
) -> Callable[[], Iterable[SitePage]]:
    return lambda: (made(atlas, of),)


def inventory_entries(atlas: SiteIndex) -> Iterator[sphinx_inventory.InventoryEntry]:
    """Yield the symbols of the inventory."""
    for (path, symbol), place in atlas.places.items():
        address = href(HOME, place.page, place.anchor)
        yield sphinx_inventory.InventoryEntry(f"{path}::{symbol}", "std:label", address, place.name)
    for name, known in atlas.given.mirror.objects.items():
        found = atlas.python(HOME, name)
        if found and known.kind in sphinx_inventory.ROLES:
            yield sphinx_inventory.InventoryEntry(name, sphinx_inventory.ROLES[known.kind], found[0])


def navigation_sections(atlas: SiteIndex) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the parts of the navigation that our texts ask for."""
    names = dict.fromkeys(text.section or _MORE for text in atlas.pages)
    for name in names:
        yield name, tuple(f"{text.name}.md" for text in atlas.pages if (text.section or _MORE) == name)


def site_frame(atlas: SiteIndex) -> SiteFrame:
    """Return what every page says of the source."""
    given = atlas.given
    repository = web(given.repository).removesuffix("/").removesuffix(".git")
    return SiteFrame(
        repository=Link(repository.partition("://")[2] or given.repository, repository),
        tag=given.tag,
        baseline=given.baseline,
        commit=Link((given.commit or "")[:10], f"{repository}/tree/{given.commit}" if repository else ""),
        version=given.version,
        source=given.source,
        notice=given.notice,
        licence=Link(given.licence.name, atlas.file(given.licence.path)),
        holder=given.licence.holder,
    )


def _home(atlas: SiteIndex) -> SitePage:
    text = _text(atlas, "home", "Home")
    own = [stop for stop in atlas.stops if stop.article == atlas.stops[0].article]
    steps = tuple(_step(atlas, stop) for stop in own)
    return SitePage(
        path=HOME,
        title=text.title,
        summary=text.summary,
        view=HomePage(
            body=atlas.told(text, HOME),
            wide=flow_diagram.pipeline_diagram(steps, wide=True),
            narrow=flow_diagram.pipeline_diagram(steps, wide=False),
            counts=counts(_own_verdicts(atlas)),
            symbols=sum(len(sheet.items) for sheet in atlas.sheets),
        ),
    )


def _step(atlas: SiteIndex, stop: SiteChapter) -> DiagramStep:
    names = [
        place.name
        for verdict in stop.verdicts
        if (a := resolved_anchor(verdict)) and (place := atlas.place(a))
    ]
    return DiagramStep(stop.number, stop.title, href(HOME, stop.page), names[0] if names else "")


def _contents(atlas: SiteIndex) -> SitePage:
    walks: dict[str, list[SiteChapter]] = defaultdict(list)
    for stop in atlas.stops:
        walks[stop.article.file].append(stop)
    return SitePage(
        path=CONTENTS,
        title="Chapters",
        summary="The walk through the start-up, chapter by chapter.",
        view=ContentsPage(tuple(_walk(found) for found in walks.values())),
    )


def _walk(stops: list[SiteChapter]) -> ArticleOutline:
    article = stops[0].article
    return ArticleOutline(Link(article.title, web(article.address)), tuple(_entry(stop) for stop in stops))


def _entry(stop: SiteChapter) -> OutlineEntry:
    return OutlineEntry(
        number=stop.number,
        link=Link(stop.title, href(CONTENTS, stop.page)),
        summary=stop.summary,
        depth=max(stop.number.count(".") - 1, 0),
        verdicts=tuple(verdict_word(verdict) for verdict in stop.verdicts),
    )


def _index(atlas: SiteIndex) -> SitePage:
    packages: dict[str, list[SymbolPagePlan]] = defaultdict(list)
    for sheet in atlas.sheets:
        packages[sheet.folder].append(sheet)
    return SitePage(
        path=SYMBOLS,
        title="Symbols and files",
        summary="Every symbol and file that has a place on these pages.",
        view=IndexPage(
            packages=tuple(
                IndexedPackage(folder, tuple(_listed(sheet) for sheet in found))
                for folder, found in packages.items()
            ),
            files=tuple(_files(atlas)),
            modules=tuple(_modules(atlas)),
        ),
    )


def _listed(sheet: SymbolPagePlan) -> IndexedPage:
    return IndexedPage(
        link=Link(sheet.title, href(SYMBOLS, sheet.page)),
        kind=kind_of(sheet),
        entries=tuple(
            Link(item.declaration.name, href(SYMBOLS, sheet.page, item.anchor), item.declaration.signature)
            for item in sheet.others
        ),
    )


def _modules(atlas: SiteIndex) -> Iterator[IndexedPage]:
    """The Python files, with what is defined at the top of each and the methods of its classes."""
    mirror = atlas.given.mirror
    defined: dict[str, list[PythonObject]] = defaultdict(list)
    for known in mirror.objects.values():
        if known.kind in ("class", "function"):
            defined[known.path].append(known)
    for path in mirror.modules:
        page, name = module_page(path), mirror.named(path)
        found = sorted(defined[path], key=lambda known: known.line)
        links = (
            Link(known.name.removeprefix(f"{name}."), *(atlas.python(SYMBOLS, known.name) or ("", "")))
            for known in found
        )
        yield IndexedPage(Link(name, href(SYMBOLS, page), path), "module", tuple(links))


def _files(atlas: SiteIndex) -> Iterator[IndexedFile]:
    shown: dict[str, dict[str, SymbolPagePlan]] = defaultdict(dict)
    for sheet in atlas.sheets:
        for item in sheet.items:
            shown[item.path][sheet.page] = sheet
    for path, sheets in sorted(shown.items()):
        pages = tuple(Link(sheet.title, href(SYMBOLS, sheet.page)) for sheet in sheets.values())
        yield IndexedFile(path, atlas.file(path), atlas.given.sources[path].document.lines, pages)


def _own_verdicts(atlas: SiteIndex) -> Iterator[Verdict]:
    """Those of the article that the chapters walk along."""
    own = atlas.stops[0].article if atlas.stops else None
    return (verdict for stop, verdict in atlas.verdicts if stop.article is own)


def _report(atlas: SiteIndex) -> SitePage:
    return SitePage(
        path=REPORT,
        title="Report",
        summary="Every reference of the articles, and where it is in the source.",
        view=ReportPage(tuple(article_reports(atlas, REPORT))),
    )


def _errata(atlas: SiteIndex) -> SitePage:
    text = _text(atlas, "errata", "Errata")
    wrong = tuple(one for one in all_citations(atlas, ERRATA) if has_wrong_heading(one))
    return SitePage(ERRATA, text.title, text.summary, ErrataPage(atlas.told(text, ERRATA), wrong))


def _text(atlas: SiteIndex, name: str, title: str) -> MarkdownText:
    texts = {text.name: text for text in atlas.given.texts}
    return texts.get(name) or MarkdownText(name=name, number="", title=title, summary=title, body="")
