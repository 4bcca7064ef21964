"""Looks up on which page and at which anchor a symbol, file or chapter is."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache, cached_property
from itertools import chain
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import msgspec

from annotator.model.go import folder_of
from annotator.model.port import Comparison, PythonObject
from annotator.model.reference import (
    Anchor,
    Article,
    Chapter,
    Missing,
    Mistaken,
    Reference,
    Skipped,
    Unknown,
    Verdict,
)
from annotator.model.symbol_history import ReferenceHistory, SymbolChange
from annotator.site import project_texts
from annotator.site.cross_references import CrossReferences
from annotator.site.inputs import PythonInput, SiteInput, VerifiedArticle
from annotator.site.language import _, translated
from annotator.site.markup import Html, breakable, href, quote, slug, web
from annotator.site.page_locations import (
    PageLocation,
    PageLocations,
    SymbolPagePlan,
    locate_symbols,
    page_of,
    plan_symbol_pages,
)
from annotator.site.project_texts import LinkedTerm, MarkdownText, SymbolMention
from annotator.site.recordings import Recordings
from annotator.site.side_by_side import SideBySideIndex
from annotator.site.view_models import Link

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from annotator.model.reference import PlacedNote

_LONGEST = 160
"""Characters of a signature that a title shows."""

HOME, SYMBOLS, REPORT, ERRATA = "index.md", "symbols.md", "report.md", "errata.md"
CONTENTS, EXAMPLES = "chapters/index.md", "examples/index.md"
PARITY, COVERAGE, WALK = "parity.md", "coverage.md", "walk.md"
HISTORY, PORTING = "history.md", "porting.md"
"""The pages that are not made of a text or a file of their own."""


_CHINESE_CHARACTER = re.compile("[\u3400-\u9fff]")
_LATIN_WORD = re.compile("[^\\s\u3000-\u9fff\uff00-\uffef]+")


class SiteChapter(msgspec.Struct, frozen=True):
    """A chapter of the walk: what the article cites there and what we say."""

    page: str
    number: str
    title: str
    summary: str
    article: Article
    verdicts: tuple[Verdict, ...]
    text: MarkdownText | None

    @property
    def label(self) -> str:
        """Number and title."""
        # A heading without a number has itself in place of one.
        return self.title if self.number == self.title else f"{self.number} {self.title}".strip()

    @property
    def minutes(self) -> int:
        """How long its prose takes to read, at 200 words or 400 Chinese characters a minute."""
        body = self.text.body if self.text else ""
        words = len(_LATIN_WORD.findall(body)) + len(_CHINESE_CHARACTER.findall(body)) // 2
        return -(-words // 200)


def resolved_anchor(verdict: Verdict) -> Anchor | None:
    """Return the anchor that a reference resolves to, or None."""
    match verdict.outcome:
        case Missing() | Mistaken() | Unknown() | Skipped():
            return None
        case found:
            return found.anchor


def shown_packages(
    cited: Iterable[VerifiedArticle],
    texts: Iterable[MarkdownText],
    mirror: PythonInput | None = None,
    since: Iterable[Verdict] = (),
    notes: Iterable[PlacedNote] = (),
) -> frozenset[str]:
    """Return the folders of the packages whose Go files, except tests, the pages can show."""
    anchors = (resolved_anchor(verdict) for verdict in chain(since, *(one.verdicts for one in cited)))
    named = (mention.path for text in texts for mention in _mentions(text))
    pairs = mirror.pairs if mirror else ()
    mirrored = (original.path for pair in pairs for original in pair.originals)
    noted = (path for path, _ in annotated_symbols(notes))
    cited_paths = (one.path for one in anchors if one)
    return frozenset(folder_of(path) for path in (*cited_paths, *named, *mirrored, *noted))


class SiteIndex:
    """All that is looked up while pages are made; built once from the input."""

    def __init__(self, site_input: SiteInput) -> None:
        self.input = site_input

    @cached_property
    def chapters(self) -> tuple[SiteChapter, ...]:
        """The chapters in the order of their numbers: those of the first article, and our texts."""
        texts = {text.number: text for text in self.input.texts if text.number}
        own = next(iter(self.input.articles), VerifiedArticle(Article("", ""), ()))
        cited = tuple(_cited_stops(own, texts, ""))
        known = {chapter.number for chapter in cited}
        told = (
            SiteChapter(_chapter(number), number, text.title, text.summary, own.article, (), text)
            for number, text in texts.items()
            if number not in known
        )
        return tuple(sorted((*cited, *told), key=lambda chapter: chapter_sort_key(chapter.number)))

    @cached_property
    def reported_chapters(self) -> tuple[SiteChapter, ...]:
        """The chapters of the further articles, which have no words of ours: only the report shows them."""
        others = self.input.articles[1:]
        folders = _folders(other.article for other in others)
        return tuple(
            chapter
            for other, folder in zip(others, folders, strict=True)
            for chapter in _cited_stops(other, {}, folder)
        )

    @cached_property
    def verdicts(self) -> tuple[tuple[SiteChapter, Verdict], ...]:
        """Every reference in order, with the chapter that cites it; those of the chapters come first."""
        return (*self.own_verdicts, *_verdicts(self.reported_chapters))

    @cached_property
    def own_verdicts(self) -> tuple[tuple[SiteChapter, Verdict], ...]:
        """The references of the chapters that have pages."""
        return _verdicts(self.chapters)

    @cached_property
    def page_plans(self) -> tuple[SymbolPagePlan, ...]:
        """The pages of symbols."""
        anchors = (resolved_anchor(verdict) for _, verdict in self.verdicts)
        named = ((one.path, one.symbol) for text in self.input.texts for one in _mentions(text))
        pairs = self.input.python.pairs
        mirrored = ((one.path, one.symbol) for pair in pairs for one in pair.originals)
        now = (
            (one.path, one.symbol)
            for verdict in self.input.since_baseline
            if (one := resolved_anchor(verdict))
        )
        shown = chain(named, mirrored, now, annotated_symbols(self.input.notes))
        return plan_symbol_pages(self.input.sources, (anchor for anchor in anchors if anchor), shown)

    @cached_property
    def locations(self) -> PageLocations:
        """The location of each symbol, also under other names that cite it."""
        found = locate_symbols(self.page_plans)
        for verdict in (*(verdict for _chapter, verdict in self.verdicts), *self.input.since_baseline):
            reference, anchor = verdict.reference, resolved_anchor(verdict)
            if reference.symbol and anchor and (place := found.get((anchor.path, anchor.symbol))):
                found.setdefault((reference.path, reference.symbol), place)
        return found

    @cached_property
    def notes(self) -> Mapping[str, tuple[PlacedNote, ...]]:
        """By a text's name, its notes in the order of their numbers."""
        found: dict[str, list[PlacedNote]] = defaultdict(list)
        for placed in self.input.notes:
            found[placed.note.text].append(placed)
        return {name: tuple(placed) for name, placed in found.items()}

    @cached_property
    def chapters_by_symbol(self) -> Mapping[tuple[str, str], tuple[SiteChapter, ...]]:
        """By page and anchor of a symbol, the chapters that cite or name it."""
        found: dict[tuple[str, str], list[SiteChapter]] = defaultdict(list)
        for chapter in self.chapters:
            for place in self.named_symbols(chapter):
                found[place.page, place.anchor].append(chapter)
        return {key: tuple(stops) for key, stops in found.items()}

    @cached_property
    def symbols_by_chapter(self) -> Mapping[str, frozenset[tuple[str, str]]]:
        """Path and symbol of each declaration that a chapter cites or names, by the chapter's page."""
        return {
            chapter.page: frozenset(
                (place.path, place.declaration.symbol) for place in self.named_symbols(chapter)
            )
            for chapter in self.chapters
        }

    @cached_property
    def side_by_side(self) -> SideBySideIndex:
        """The Python lines that are shown next to Go lines, page by page."""
        return SideBySideIndex(self.input.python, self.locations, self.input.sources)

    @cached_property
    def recordings(self) -> Recordings:
        """The recordings that the player shows."""
        return Recordings(self)

    @cached_property
    def cross_references(self) -> CrossReferences:
        """Callers, callees and implementers of the shown declarations."""
        symbols = (one.symbol for one in self.input.python.covered)
        return CrossReferences(self.page_plans, self.locations, self.input.sources, symbols)

    @cached_property
    def texts(self) -> tuple[MarkdownText, ...]:
        """Our texts that are no chapters, in the order in which they are listed."""
        found = (text for text in self.input.texts if text.name.startswith("pages/"))
        return tuple(sorted(found, key=lambda text: (text.order, text.name)))

    @cached_property
    def exercises(self) -> Mapping[str, tuple[MarkdownText, ...]]:
        """The exercises by the number of their chapter, in the order of chapters."""
        found: dict[str, list[MarkdownText]] = defaultdict(list)
        for text in self.input.texts:
            if text.exercise:
                found[text.exercise.chapter].append(text)
        return {number: tuple(found[number]) for number in sorted(found, key=chapter_sort_key)}

    @cached_property
    def status_since_baseline(self) -> Mapping[str, tuple[tuple[PageLocation, Verdict], ...]]:
        """By page, the mapped symbols with their status since the baseline, in the order of lines."""
        found: dict[str, list[tuple[PageLocation, Verdict]]] = defaultdict(list)
        for verdict in self.input.since_baseline:
            if place := self.location(verdict):
                found[place.page].append((place, verdict))
        return {page: tuple(sorted(each, key=_line)) for page, each in found.items()}

    def mapped_symbol(self, page: str, anchor: str) -> tuple[str, str]:
        """Return path and symbol at the baseline of the mapped symbol at an anchor; empty without one."""
        mapped = self.status_since_baseline.get(page, ())
        found = (verdict.reference for place, verdict in mapped if place.anchor == anchor)
        return next(((one.path, one.symbol or "") for one in found), ("", ""))

    @cached_property
    def comparison(self) -> Mapping[tuple[str, str], SymbolChange]:
        """By path and symbol at the baseline, what differs from the version compared with this one."""
        report = self.input.history.comparison
        changed = (one for one in report.changes if one.lines) if report else ()
        return {(one.symbol.partition("::")[0], one.symbol.partition("::")[2]): one for one in changed}

    @cached_property
    def at_baseline(self) -> Mapping[Reference, Verdict]:
        """The mapped symbols at the baseline, if its site is built along with this one."""
        return {one.reference: one for one in self.input.elsewhere.get(self.input.baseline, ())}

    @cached_property
    def histories(self) -> Mapping[tuple[str, str], ReferenceHistory]:
        """The trails by path and symbol at the baseline."""
        trails = self.input.history.trails
        return {(one.reference.path, one.reference.symbol or ""): one for one in trails}

    @cached_property
    def cited_lines(self) -> Mapping[str, frozenset[int]]:
        """By file, the lines that references name."""
        lines: dict[str, set[int]] = defaultdict(set)
        for _chapter, verdict in self.own_verdicts:
            if anchor := resolved_anchor(verdict):
                lines[anchor.path].add(anchor.line + anchor.offset)
        return {path: frozenset(found) for path, found in lines.items()}

    @cached_property
    def counterparts_by_file(self) -> Mapping[str, tuple[Comparison, ...]]:
        """By Python file, the pairs whose counterpart is in it."""
        found: dict[str, list[Comparison]] = defaultdict(list)
        for pair in self.input.python.pairs:
            found[pair.counterpart.path].append(pair)
        return {path: tuple(pairs) for path, pairs in found.items()}

    @cached_property
    def locations_by_counterpart(self) -> Mapping[str, tuple[PageLocation, ...]]:
        """By a counterpart's dotted name, the places of its originals."""
        found: dict[str, list[PageLocation]] = defaultdict(list)
        for facing in self.side_by_side.by_page.values():
            for side in facing.sides:
                found[side.name].append(side.place)
        return {name: tuple(places) for name, places in found.items()}

    @cached_property
    def symbols_by_example(self) -> Mapping[str, tuple[PageLocation, ...]]:
        """By an example's name, the Go symbols whose counterparts it names, each once, in order."""
        found = {}
        for example in self.input.python.examples:
            names = dict.fromkeys(use.symbol for use in self.input.python.modules[example.path].uses)
            places = (place for name in names for place in self.locations_by_counterpart.get(name, ()))
            found[example.name] = tuple({(place.page, place.anchor): place for place in places}.values())
        return found

    def page_plan(self, page: str) -> SymbolPagePlan:
        """Return the plan of a symbol page."""
        return self._by_page[page]

    @cached_property
    def _by_page(self) -> Mapping[str, SymbolPagePlan]:
        return {plan.page: plan for plan in self.page_plans}

    def python_address(self, page: str, name: str) -> str:
        """Return the address of a Python object: where it faces its original, else in its file."""
        known = self.input.python.objects.get(name)
        if known is None or known.path not in self.input.python.modules:
            return ""
        at = self.side_by_side.home.get(name, (module_page(known.path), f"py-L{known.line}"))
        return href(page, *at)

    def python_link(self, page: str, name: str) -> tuple[str, str] | None:
        """Return the address and the title of a Python object."""
        address = self.python_address(page, name)
        if not address:
            return None
        known = self.input.python.objects[name]
        title = _(
            "%(what)s in %(path)s, line %(line)s",
            what=describe_python(known),
            path=known.path,
            line=known.line,
        )
        return address, title

    def own_file_url(self, path: str, first: int, last: int) -> str:
        """Return the address of lines of a Python file on the web; empty if it is not there."""
        home = web(self.input.python.home).rstrip("/")
        lines = f"#L{first}" if first == last else f"#L{first}-L{last}"
        return f"{home}/{quote(path)}{lines}" if home else ""

    def named_symbols(self, chapter: SiteChapter) -> tuple[PageLocation, ...]:
        """Return the places that a chapter cites or names, each once, in order."""
        cited = map(self.location, chapter.verdicts)
        told = (self.locations.get((one.path, one.symbol)) for one in _mentions(chapter.text))
        unique = {(place.page, place.anchor): place for place in (*cited, *told) if place}
        return tuple(unique.values())

    def location(self, verdict: Verdict) -> PageLocation | None:
        """Return the place of the declaration that a reference resolves to."""
        anchor = resolved_anchor(verdict)
        return self.locations.get((anchor.path, anchor.symbol)) if anchor else None

    def unlinked_mentions(self) -> Iterator[tuple[MarkdownText, SymbolMention]]:
        """Yield what our texts name and the pages do not show."""
        for text in self.input.texts:
            for mention in _mentions(text):
                if (mention.path, mention.symbol) not in self.locations:
                    yield text, mention

    def permalink(self, path: str, first: int, last: int) -> str:
        """Return the address of exact lines in the repository; empty if it is not on the web."""
        root = self._tree()
        lines = f"#L{first}" if first == last else f"#L{first}-L{last}"
        return f"{root}/{quote(path)}{lines}" if root else ""

    def file_url(self, path: str) -> str:
        """Return the address of a file in the repository; empty if it is not on the web."""
        root = self._tree()
        return f"{root}/{quote(path)}" if root and path else ""

    def url_at_tag(self, tag: str, path: str, line: int) -> str:
        """Return the address of a line in the repository at another tag; empty if it is not on the web."""
        root = self._tree(tag)
        return f"{root}/{quote(path)}#L{line}" if root else ""

    def _tree(self, ref: str = "") -> str:
        repository = web(self.input.repository).rstrip("/").removesuffix(".git")
        shown = ref or self.input.commit or self.input.tag
        return f"{repository}/blob/{quote(shown)}" if repository else ""

    def is_untranslated(self, text: MarkdownText) -> bool:
        """Return whether a text has no translation into the language of the pages."""
        return text.language != self.input.language

    def linked_text(self, text: MarkdownText, page: str) -> Html:
        """Return a text of ours with its notations linked, for the given page."""

        def show(path: str, symbol: str) -> Html | None:
            place = self.locations.get((path, symbol))
            if not place:
                return None
            return Html('<a class="sym" href="%s" title="%s"><code>%s</code></a>') % (
                href(page, place.page, place.anchor),
                describe_go(place),
                breakable(place.name),
            )

        body = project_texts.linked(text, show)
        if text.terms:
            return (
                body
                + Html("\n\n")
                + project_texts.entries(text.terms, lambda number: self._chapter_link(page, number))
            )
        terms = (
            LinkedTerm(term, href(page, f"{one.name}.md", term.anchor))
            for one in self.texts
            for term in one.terms
        )
        return project_texts.link_terms(body, terms)

    def _chapter_link(self, page: str, number: str) -> Html:
        found = next((chapter for chapter in self.chapters if chapter.number == number), None)
        return (
            Html('<a class="chip" href="%s">%s</a>') % (href(page, found.page), found.label)
            if found
            else Html("")
        )


def _line(found: tuple[PageLocation, Verdict]) -> tuple[str, int]:
    return found[0].path, found[0].declaration.line


def link_to(page: str, place: PageLocation, text: str = "") -> Link:
    """Return a link from a page to a symbol's place."""
    return Link(text or place.name, href(page, place.page, place.anchor), describe_go(place))


def describe_go(place: PageLocation) -> str:
    """Return what a Go symbol is and where it stands, in a line for people."""
    declaration = place.declaration
    written = _cut(declaration.signature or declaration.type)
    where = _(
        "%(kind)s in %(path)s, line %(line)s",
        kind=translated(declaration.kind),
        path=place.path,
        line=declaration.line,
    )
    return f"{written} \N{EM DASH} {where}" if written else where


def describe_python(known: PythonObject) -> str:
    """Return what a Python object is, in a line for people."""
    if known.kind not in ("function", "signature"):
        return f"{translated(known.kind)} {known.name}"
    params = ", ".join(f"{one.name}: {one.type}" if one.type else one.name for one in known.params)
    return _cut(f"{known.name}({params})" + (f" -> {known.returns}" if known.returns else ""))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}\N{HORIZONTAL ELLIPSIS}"


def example_page(name: str) -> str:
    """Return the page of an example."""
    return f"examples/{slug(name)}.md"


def compare_page(folder: str) -> str:
    """Return the page that compares a package's symbols with those of another version."""
    return f"compare/{page_of(folder, '')}"


@cache
def module_page(path: str) -> str:
    """Return the page that shows a Python file whole."""
    *folders, name = path.removesuffix(".py").split("/")
    return "/".join(("py", *(slug(folder) for folder in folders), slug(name))) + ".md"


def article_label(article: Article) -> str:
    """Return an article's title, and its language if that is named."""
    title = translated(article.title)
    if not article.language:
        return title
    return _("%(title)s (in %(language)s)", title=title, language=translated(article.language))


def chapter_sort_key(number: str) -> tuple[tuple[int, str], ...]:
    """Return a key that sorts `2.10` after `2.9`."""
    parts = re.split(r"[.\-]", number)
    return tuple((int(part), "") if re.fullmatch("[0-9]{1,9}", part) else (0, part) for part in parts)


def _verdicts(chapters: Iterable[SiteChapter]) -> tuple[tuple[SiteChapter, Verdict], ...]:
    return tuple((chapter, verdict) for chapter in chapters for verdict in chapter.verdicts)


def _cited_stops(
    cited: VerifiedArticle, texts: Mapping[str, MarkdownText], folder: str
) -> Iterator[SiteChapter]:
    verdicts: dict[Reference, Verdict] = {verdict.reference: verdict for verdict in cited.verdicts}
    for chapter in _chapters(cited.article):
        text = texts.get(chapter.number)
        yield SiteChapter(
            page=_chapter(chapter.number, folder),
            number=chapter.number,
            title=text.title if text else translated(chapter.title),
            summary=text.summary if text else "",
            article=cited.article,
            verdicts=tuple(verdicts[one] for one in chapter.references if one in verdicts),
            text=text,
        )


def _chapters(article: Article) -> Iterator[Chapter]:
    """Yield the article's chapters, those with the same number as one."""
    joined: dict[str, Chapter] = {}
    for chapter in article.chapters:
        before = joined.get(chapter.number)
        references = (before.references if before else ()) + chapter.references
        joined[chapter.number] = Chapter(chapter.number, (before or chapter).title, references)
    yield from joined.values()


def _folders(articles: Iterable[Article]) -> list[str]:
    """Return a folder for the chapters of each further article: its file's name, numbered if repeated."""
    names = [slug(PurePosixPath(article.file).stem) or "~" for article in articles]
    return [
        f"{name}/" if names.index(name) == place else f"{name}~{place + 1}/"
        for place, name in enumerate(names)
    ]


def _chapter(number: str, folder: str = "") -> str:
    return f"chapters/{folder}{slug(number) or '~'}.md"


def annotated_symbols(notes: Iterable[PlacedNote]) -> Iterator[tuple[str, str]]:
    """Yield path and symbol of each Go declaration in which notes have lines."""
    for placed in notes:
        yield from ((one.path, one.symbol) for one in placed.lines if one.line and one.place.is_go)


def _mentions(text: MarkdownText | None) -> tuple[SymbolMention, ...]:
    return project_texts.mentions(text) if text else ()
