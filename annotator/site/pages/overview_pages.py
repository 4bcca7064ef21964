"""Home, contents, symbol index, report and errata."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING

from annotator.model.go import folder_of
from annotator.model.port import PythonObject
from annotator.model.reference import Article
from annotator.site.diagrams import flow_diagram
from annotator.site.diagrams.svg import DiagramStep
from annotator.site.language import ENGLISH, _, active_code, translated
from annotator.site.markup import href, web
from annotator.site.pages.citation_views import all_citations, article_reports, counts, has_wrong_heading
from annotator.site.project_texts import MarkdownText
from annotator.site.site_index import (
    CONTENTS,
    ERRATA,
    HOME,
    REPORT,
    SYMBOLS,
    SiteChapter,
    SiteIndex,
    article_label,
    module_page,
)
from annotator.site.view_models import (
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
    from annotator.site.page_locations import SymbolPagePlan


def site_frame(index: SiteIndex) -> SiteFrame:
    """Return what every page says of the source."""
    given = index.input
    repository = web(given.repository).removesuffix("/").removesuffix(".git")
    return SiteFrame(
        repository=Link(repository.partition("://")[2] or given.repository, repository),
        tag=given.tag,
        baseline=given.baseline,
        commit=Link((given.commit or "")[:10], f"{repository}/tree/{given.commit}" if repository else ""),
        version=given.version,
        notice=_notice(index),
        licence=Link(given.licence.name, index.file_url(given.licence.path)),
        holder=translated(given.licence.holder),
        language=given.language,
        languages=given.languages,
    )


def _notice(index: SiteIndex) -> str:
    """Return the sentence that every page shows if another release had to be read than the baseline."""
    given = index.input
    if active_code() == ENGLISH or not given.notice:
        return given.notice
    return _(
        "%(repository)s does not answer: this is %(tag)s instead of %(baseline)s",
        repository=given.repository,
        tag=given.tag,
        baseline=given.baseline,
    )


def home_page(index: SiteIndex) -> SitePage:
    """Return the home page: the pipeline's diagram and what the site holds."""
    text = _text(index, "home", _("Home"))
    steps = tuple(_step(index, chapter) for chapter in index.chapters)
    return SitePage(
        path=HOME,
        title=text.title,
        summary=text.summary,
        view=HomePage(
            body=index.linked_text(text, HOME),
            wide=flow_diagram.pipeline_diagram(steps, wide=True),
            narrow=flow_diagram.pipeline_diagram(steps, wide=False),
            counts=counts(verdict for _, verdict in index.own_verdicts),
            symbols=sum(len(plan.items) for plan in index.page_plans),
        ),
        untranslated=index.is_untranslated(text),
    )


def _step(index: SiteIndex, chapter: SiteChapter) -> DiagramStep:
    name = next((place.name for verdict in chapter.verdicts if (place := index.location(verdict))), "")
    return DiagramStep(chapter.number, chapter.title, href(HOME, chapter.page), name)


def contents_page(index: SiteIndex) -> SitePage:
    """Return the list of the chapters with their symbols."""
    article = index.chapters[0].article if index.chapters else Article("", "")
    return SitePage(
        path=CONTENTS,
        title=_("Chapters"),
        summary=_("The walk through the start-up, chapter by chapter."),
        view=ContentsPage(
            Link(article_label(article), web(article.address)),
            tuple(_entry(chapter) for chapter in index.chapters),
        ),
    )


def _entry(chapter: SiteChapter) -> OutlineEntry:
    return OutlineEntry(
        number=chapter.number,
        link=Link(chapter.title, href(CONTENTS, chapter.page)),
        summary=chapter.summary,
        depth=max(chapter.number.count(".") - 1, 0),
        verdicts=tuple(verdict.name for verdict in chapter.verdicts),
        minutes=chapter.minutes,
    )


def index_page(index: SiteIndex) -> SitePage:
    """Return the index of symbols and files."""
    packages: dict[str, list[SymbolPagePlan]] = defaultdict(list)
    for plan in index.page_plans:
        packages[plan.folder].append(plan)
    return SitePage(
        path=SYMBOLS,
        title=_("Symbols and files"),
        summary=_("Every symbol and file that has a place on these pages."),
        view=IndexPage(
            packages=tuple(
                IndexedPackage(folder, tuple(_listed(plan) for plan in found))
                for folder, found in packages.items()
            ),
            files=tuple(_files(index)),
            modules=tuple(
                IndexedPackage(folder, tuple(found))
                for folder, found in groupby(_modules(index), key=lambda page: folder_of(page.link.title))
            ),
        ),
    )


def _listed(plan: SymbolPagePlan) -> IndexedPage:
    return IndexedPage(
        link=Link(plan.title, href(SYMBOLS, plan.page)),
        kind=plan.kind,
        entries=tuple(
            Link(item.declaration.name, href(SYMBOLS, plan.page, item.anchor), item.declaration.signature)
            for item in plan.others
        ),
    )


def _modules(index: SiteIndex) -> Iterator[IndexedPage]:
    """Yield the Python files with their top-level definitions and the methods of their classes."""
    mirror = index.input.python
    defined: dict[str, list[PythonObject]] = defaultdict(list)
    for known in mirror.objects.values():
        if known.kind in ("class", "function"):
            defined[known.path].append(known)
    for path in sorted(mirror.modules, key=lambda path: (folder_of(path), path)):
        page, name = module_page(path), mirror.named(path)
        found = sorted(defined[path], key=lambda known: known.line)
        links = (
            Link(known.name.removeprefix(f"{name}."), *(index.python_link(SYMBOLS, known.name) or ("", "")))
            for known in found
        )
        yield IndexedPage(Link(name, href(SYMBOLS, page), path), "module", tuple(links))


def _files(index: SiteIndex) -> Iterator[IndexedFile]:
    shown: dict[str, dict[str, SymbolPagePlan]] = defaultdict(dict)
    for plan in index.page_plans:
        for item in plan.items:
            shown[item.path][plan.page] = plan
    for path, sheets in sorted(shown.items()):
        pages = tuple(Link(plan.title, href(SYMBOLS, plan.page)) for plan in sheets.values())
        yield IndexedFile(path, index.file_url(path), index.input.sources[path].document.lines, pages)


_MEANING = "pages/verdicts"
"""The text of a project that explains the verdicts."""


def report_page(index: SiteIndex) -> SitePage:
    """Return the report on all references."""
    meaning = href(REPORT, f"{_MEANING}.md") if any(text.name == _MEANING for text in index.texts) else ""
    return SitePage(
        path=REPORT,
        title=_("Report"),
        summary=_("Every reference of the articles, and where it is in the source."),
        view=ReportPage(tuple(article_reports(index, REPORT)), meaning),
    )


def errata_page(index: SiteIndex) -> SitePage:
    """Return the references whose heading does not fit their declaration."""
    text = _text(index, "errata", _("Errata"))
    wrong = tuple(one for one in all_citations(index, ERRATA) if has_wrong_heading(one))
    view = ErrataPage(index.linked_text(text, ERRATA), wrong)
    return SitePage(ERRATA, text.title, text.summary, view, untranslated=index.is_untranslated(text))


def _text(index: SiteIndex, name: str, title: str) -> MarkdownText:
    texts = {text.name: text for text in index.input.texts}
    return texts.get(name) or MarkdownText(name=name, title=title, summary=title, body="")
