"""What the templates show: one value type for each page, and the types of its parts.

The templates get finished words and addresses and decide nothing. `XPage` is filled by a module of
`site/pages` and shown by the template of the same name in `templates`; the parts of a page stand above it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec

from annotator.model.reference import Problem
from annotator.site.highlighting import CodeLine
from annotator.site.inputs import BenchmarkTable
from annotator.site.markup import Html

# ── Parts of several pages ────────────────────────────────────────────────────────────────────────


class Link(msgspec.Struct, frozen=True):
    """Words that lead somewhere; without an address they are only words."""

    text: str
    href: str
    title: str = ""


class Excerpt(msgspec.Struct, frozen=True):
    """Lines of one file; `outside` leads to the same lines in the repository.

    Python has `name`, the dotted name of what is shown, and `page`, the page of the whole file.
    """

    path: str
    first: int
    last: int
    lines: tuple[CodeLine, ...]
    outside: str
    language: str = "go"
    name: str = ""
    page: str = ""

    @property
    def markup(self) -> Html:
        """Return the HTML of the lines."""
        return Html("".join(line.markup for line in self.lines))


class ParityTableRow(msgspec.Struct, frozen=True):
    """A row of parity: what each side has, with its line, and how they stand to each other."""

    kind: str
    name: str
    go: Link
    python: Link
    agreement: str
    reason: str


class ParityPanel(msgspec.Struct, frozen=True):
    """The comparison of a counterpart with its original, row by row."""

    go: Link
    python: Link
    counts: tuple[tuple[str, int], ...]
    rows: tuple[ParityTableRow, ...]


class CitationRow(msgspec.Struct, frozen=True):
    """A reference of an article, its verdict, and its link.

    Attributes:
        id: Its anchor in the report.
        number: The number of the chapter that cites it.
        chapter: That chapter.
        cited: The path as it was written.
        symbol: The cited symbol, or empty.
        line: The cited line, or None.
        heading: The kind that the article gives it, or empty.
        kind: The kind that it is, or empty where it was not found.
        verdict: The verdict's word.
        text: How the declaration's text compares with the baseline's.
        reason: One sentence.
        found: Its place on the site.
        place: Path and lines where it was found.
        outside: The same place in the repository.
        report: The report's row for it, seen from this page.
        path: The file in which it was found, or empty.
    """

    id: str
    number: str
    chapter: Link
    cited: str
    symbol: str
    line: int | None
    heading: str
    kind: str
    verdict: str
    text: str
    reason: str
    found: Link
    place: str
    outside: str
    report: str
    path: str = ""


class CitedCode(msgspec.Struct, frozen=True):
    """A citation with the code it cites, and the lines there that name what the chapter speaks of."""

    citation: CitationRow | None
    excerpt: Excerpt | None
    signs: tuple[Link, ...] = ()
    beside: tuple[Excerpt, ...] = ()
    title: Link | None = None


class PageView(msgspec.Struct, frozen=True):
    """The values that a template shows; the template has the name of the class."""


# ── Home and contents ─────────────────────────────────────────────────────────────────────────────


class HomePage(PageView, frozen=True):
    """The first page."""

    body: Html
    wide: Html
    narrow: Html
    counts: tuple[tuple[str, int], ...]
    symbols: int


class OutlineEntry(msgspec.Struct, frozen=True):
    """A chapter in a list; `depth` is how deep its number lies below the first ones."""

    number: str
    link: Link
    summary: str
    depth: int
    verdicts: tuple[str, ...]
    minutes: int = 0


class ContentsPage(PageView, frozen=True):
    """The list of all chapters, and the article that they follow."""

    article: Link
    entries: tuple[OutlineEntry, ...]


# ── Chapters ──────────────────────────────────────────────────────────────────────────────────────


class ExampleExcerpt(msgspec.Struct, frozen=True):
    """An example: its command, its output and its source."""

    title: str
    link: Link
    command: str
    output: str
    source: Excerpt | None = None


class Diagram(msgspec.Struct, frozen=True):
    """A picture, wide and narrow, with its caption."""

    wide: Html
    narrow: Html
    caption: str = ""


class PackagePart(msgspec.Struct, frozen=True):
    """A part of a package: its file, its summary, its imports and its modules."""

    anchor: str
    link: Link
    says: str
    imports: tuple[Link, ...]
    modules: tuple[PackagePart, ...] = ()


class PackageStructure(msgspec.Struct, frozen=True):
    """A package: its picture in layers, and its parts from the topmost to the lowest."""

    name: str
    anchor: str
    picture: Diagram
    parts: tuple[PackagePart, ...]


class LockRow(msgspec.Struct, frozen=True):
    """A lock: its writers and readers, its Python counterpart and the reason for a difference."""

    anchor: str
    link: Link
    kind: str
    writers: tuple[Link, ...]
    readers: tuple[Link, ...]
    python: Link
    reason: str


class NestedLocks(msgspec.Struct, frozen=True):
    """A lock that is taken under another: the function that holds the outer one, and its action."""

    outer: Link
    inner: Link
    proofs: tuple[tuple[Link, Link], ...]
    more: int


class LockTable(msgspec.Struct, frozen=True):
    """The locks of some types, how they nest, and who takes them."""

    picture: Diagram
    locks: tuple[LockRow, ...]
    nested: tuple[NestedLocks, ...]


class AnnotatedLine(msgspec.Struct, frozen=True):
    """A line that a note explains: the link to it, its change, and its text at the baseline."""

    link: Link
    language: str
    state: str
    was: str = ""
    reason: str = ""


class NoteRow(msgspec.Struct, frozen=True):
    """A note: its number, the anchor of its sentence, its words, its lines, and the steps that run these."""

    number: int
    sentence: str
    words: Html
    lines: tuple[AnnotatedLine, ...]
    steps: tuple[Link, ...] = ()


class ChapterPage(PageView, frozen=True):
    """A chapter: our words, what the article cites there, and the code."""

    number: str
    summary: str
    body: Html
    citations: tuple[CitedCode, ...]
    article: Link
    names: tuple[Link, ...]
    picture: Diagram | None = None
    shown: tuple[CitedCode, ...] = ()
    example: ExampleExcerpt | None = None
    structures: tuple[PackageStructure, ...] = ()
    holding: LockTable | None = None
    measured: tuple[BenchmarkTable, ...] = ()
    notes: tuple[NoteRow, ...] = ()
    lost: str = ""
    exercises: tuple[tuple[Link, int], ...] = ()


# ── Types and packages of Go ──────────────────────────────────────────────────────────────────────


class Caller(msgspec.Struct, frozen=True):
    """A declaration that calls something, and the lines of its calls."""

    link: Link
    lines: tuple[Link, ...]


class CalledMember(msgspec.Struct, frozen=True):
    """A member of a type and its callers."""

    name: str
    callers: tuple[Caller, ...]


class DeclarationHead(msgspec.Struct, frozen=True):
    """The heading of a piece of code for one declaration in it.

    Attributes:
        anchor: Its anchor.
        name: The symbol.
        kind: What it is.
        line: The line of its name.
        chapters: The chapters that cite or name it.
        platform: What it is built for, if not for everything.
        lifetime: Since when it exists and when it changed last, if that is known.
        callers: What calls it, by the calling lines.
        members: The called members of a type.
        compared: What differs from the version that this one is compared with.
    """

    anchor: str
    name: str
    kind: str
    line: Link
    chapters: tuple[Link, ...]
    platform: str = ""
    lifetime: str = ""
    callers: tuple[Caller, ...] = ()
    members: tuple[CalledMember, ...] = ()
    compared: Link | None = None


class CodeBlock(msgspec.Struct, frozen=True):
    """Lines of source, the declarations in it, and its Python counterpart.

    A block is folded where its page would become too long; `above` are counterparts that the page has shown.
    """

    heads: tuple[DeclarationHead, ...]
    excerpt: Excerpt
    beside: tuple[Excerpt, ...] = ()
    above: tuple[Link, ...] = ()
    panels: tuple[ParityPanel, ...] = ()
    folded: bool = False

    @property
    def weight(self) -> int:
        """Return how high the block is, in lines."""
        python = sum(len(excerpt.lines) for excerpt in self.beside)
        return max(len(self.excerpt.lines), python) + 2 * len(self.panels)


class FileBlocks(msgspec.Struct, frozen=True):
    """The blocks of one file."""

    path: str
    constraint: str
    blocks: tuple[CodeBlock, ...]


class OutlineSymbol(msgspec.Struct, frozen=True):
    """A symbol in an outline; its variants are named by their platforms."""

    link: Link
    variants: tuple[Link, ...] = ()


class OutlineSection(msgspec.Struct, frozen=True):
    """Symbols of one kind in an outline."""

    title: str
    symbols: tuple[OutlineSymbol, ...]


class SymbolPage(PageView, frozen=True):
    """A type with its methods, or a package's functions, constants and variables."""

    name: str
    kind: str
    package: Link
    doc: str
    main: CodeBlock | None
    groups: tuple[FileBlocks, ...]
    outline: tuple[OutlineSection, ...]
    chapters: tuple[Link, ...]
    citations: tuple[CitationRow, ...]
    types: tuple[Link, ...]
    hidden: int
    picture: Diagram | None = None
    interfaces: tuple[Link, ...] = ()
    implementers: tuple[Link, ...] = ()
    callers: tuple[Link, ...] = ()
    callees: tuple[Link, ...] = ()
    examples: tuple[Link, ...] = ()
    since: tuple[StatusSinceBaseline, ...] = ()
    history: tuple[SymbolHistory, ...] = ()

    @property
    def first_folded(self) -> CodeBlock | None:
        """The first block that is folded, where the page says so."""
        blocks = (block for group in self.groups for block in group.blocks)
        return next((block for block in blocks if block.folded), None)


# ── Index, report and errata ──────────────────────────────────────────────────────────────────────


class IndexedPage(msgspec.Struct, frozen=True):
    """A page in the index, with everything that has an anchor on it."""

    link: Link
    kind: str
    entries: tuple[Link, ...]


class IndexedPackage(msgspec.Struct, frozen=True):
    """A package in the index."""

    folder: str
    pages: tuple[IndexedPage, ...]


class IndexedFile(msgspec.Struct, frozen=True):
    """A file in the index and the pages that show some of it."""

    path: str
    outside: str
    lines: int
    pages: tuple[Link, ...]


class IndexPage(PageView, frozen=True):
    """All symbols by package, all Python modules by folder, all files by path."""

    packages: tuple[IndexedPackage, ...]
    files: tuple[IndexedFile, ...]
    modules: tuple[IndexedPackage, ...] = ()


class ArticleReport(msgspec.Struct, frozen=True):
    """An article's references and the verdicts on them."""

    title: str
    address: str
    tag: str
    counts: tuple[tuple[str, int], ...]
    citations: tuple[CitationRow, ...]


class ReportPage(PageView, frozen=True):
    """Every reference with its verdict, article by article, the baseline's first.

    `meaning` is the address of the text that explains the verdicts, or empty.
    """

    articles: tuple[ArticleReport, ...]
    meaning: str = ""


class ErrataPage(PageView, frozen=True):
    """Errors of the articles, explained in our words, and the headings that the source contradicts."""

    body: Html
    misheaded: tuple[CitationRow, ...]


# ── Parity, coverage and the traced run ───────────────────────────────────────────────────────────


class DifferingPair(msgspec.Struct, frozen=True):
    """A pair, and the names in it that differ for one reason, by kind."""

    go: Link
    python: Link
    names: tuple[tuple[str, tuple[str, ...]], ...]


class ParityReason(msgspec.Struct, frozen=True):
    """A reason for differences, and everything that differs for it."""

    reason: str
    agreement: str
    pairs: tuple[DifferingPair, ...]


class ParityPackage(msgspec.Struct, frozen=True):
    """The pairs whose originals are in one package: those that differ by reason, and the others."""

    folder: str
    counts: tuple[tuple[str, int], ...]
    reasons: tuple[ParityReason, ...]
    same: tuple[Link, ...]


class ParityPage(PageView, frozen=True):
    """Every pair, and how truly it corresponds."""

    counts: tuple[tuple[str, int], ...]
    packages: tuple[ParityPackage, ...]


class CoverageRow(msgspec.Struct, frozen=True):
    """How many symbols of a package are in each state."""

    folder: Link
    figures: tuple[int, ...]


class LeftOutSymbols(msgspec.Struct, frozen=True):
    """Symbols without a counterpart, and why."""

    reason: str
    symbols: tuple[Link, ...]


class TraceStep(msgspec.Struct, frozen=True):
    """A counterpart that ran, as often as `times` in a row, with its originals and the steps within it."""

    python: Link
    go: tuple[Link, ...]
    chapters: tuple[Link, ...]
    took: str
    calls: tuple[Link, ...]
    order: tuple[Html, ...]
    steps: tuple[TraceStep, ...] = ()
    inside: int = 0
    times: int = 1


class TraceThread(msgspec.Struct, frozen=True):
    """The steps of one thread, in the order of their start."""

    name: str
    steps: tuple[TraceStep, ...]


class RecordedStep(msgspec.Struct, frozen=True):
    """A step of a recording: its anchor, what happens, its lines of Python and Go, and the notes on these."""

    id: str
    says: str
    python: Link
    go: Link | None
    changes: tuple[str, ...] = ()
    notes: tuple[Link, ...] = ()


class RecordedRun(msgspec.Struct, frozen=True):
    """A recording: the name of its script, its title, its introduction, and its steps."""

    name: str
    title: str
    about: str
    steps: tuple[RecordedStep, ...]


class TracePage(PageView, frozen=True):
    """A run of the port, thread by thread, compared with Go's order; and recordings of shorter ones."""

    threads: tuple[TraceThread, ...]
    recordings: tuple[RecordedRun, ...] = ()


class CoveragePage(PageView, frozen=True):
    """The mapped and the unmapped symbols of the scope."""

    states: tuple[str, ...]
    totals: tuple[int, ...]
    packages: tuple[CoverageRow, ...]
    left_out: tuple[LeftOutSymbols, ...]
    open: tuple[Link, ...]


# ── Examples and Python files ─────────────────────────────────────────────────────────────────────


class ExamplesPage(PageView, frozen=True):
    """The list of examples, and of exercises with their minutes."""

    examples: tuple[ExampleExcerpt, ...]
    exercises: tuple[tuple[Link, int], ...] = ()
    runs: bool = False


class RunPanel(msgspec.Struct, frozen=True):
    """A program that the page runs, or why it does not: its file, its text, and the module that runs it."""

    path: str
    source: str
    module: str
    not_in_page: str = ""
    editing: bool = False


class ExercisePage(PageView, frozen=True):
    """An exercise: what to do, the program to change, hints, and the lines that a solution changes."""

    chapter: Link
    minutes: int
    body: Html
    path: str
    runs: RunPanel | None
    hints: tuple[str, ...]
    solution: str


class ExamplePage(PageView, frozen=True):
    """One example, and where the texts use it."""

    runs: RunPanel | None
    example: ExampleExcerpt
    chapters: tuple[Link, ...]
    symbols: tuple[Link, ...]


class DefinedCounterpart(msgspec.Struct, frozen=True):
    """A counterpart in a Python file, and the places of its originals."""

    link: Link
    originals: tuple[Link, ...]


class ModulePart(msgspec.Struct, frozen=True):
    """Lines of a Python file, folded where the page would become too long, and their definitions."""

    excerpt: Excerpt
    names: tuple[str, ...] = ()
    folded: bool = False


class ModulePage(PageView, frozen=True):
    """A Python file, whole."""

    name: str
    doc: str
    parts: tuple[ModulePart, ...]
    defined: tuple[DefinedCounterpart, ...]


# ── History and porting ───────────────────────────────────────────────────────────────────────────


class ReleaseColumn(msgspec.Struct, frozen=True):
    """A release on the map: how far from the left, and its name where there is room for it."""

    tag: str
    x: int
    label: str


class HistoryBar(msgspec.Struct, frozen=True):
    """Consecutive releases at which a symbol has the same status."""

    state: str
    x: int
    width: int


class HistoryRow(msgspec.Struct, frozen=True):
    """A symbol on the map; `marks` are its moves, `said` has them as sentences."""

    link: Link
    first: str
    last: str
    stretches: tuple[HistoryBar, ...]
    marks: tuple[int, ...]
    said: str


class HistoryPackage(msgspec.Struct, frozen=True):
    """The rows of a package."""

    folder: str
    rows: tuple[HistoryRow, ...]


class HistoryPage(PageView, frozen=True):
    """The map of symbols and releases."""

    tags: int
    columns: tuple[ReleaseColumn, ...]
    width: int
    packages: tuple[HistoryPackage, ...]


class ReleaseStatus(msgspec.Struct, frozen=True):
    """The place of a symbol at a release, and whether it differs from the release before."""

    tag: str
    line: Link
    text: str
    stepped: bool


class SymbolHistory(msgspec.Struct, frozen=True):
    """A symbol's releases, with its first and last tag."""

    link: Link
    first: str
    last: str
    releases: tuple[ReleaseStatus, ...]
    said: str


class StatusSinceBaseline(msgspec.Struct, frozen=True):
    """The status of a symbol since the baseline; `before` links to the symbol there."""

    link: Link
    before: Link
    said: str


class MovedPage(PageView, frozen=True):
    """An address at which other versions have a page, and where its symbols are in this one."""

    moved: tuple[StatusSinceBaseline, ...]
    tag: str


class Redirect(msgspec.Struct, frozen=True):
    """An old address, and the pages that have its content now."""

    old: str
    targets: tuple[Link, ...]


class PortingRow(msgspec.Struct, frozen=True):
    """What changed in a mapped symbol, and what that asks of its counterparts."""

    go: Link
    symbol: str
    path: str
    said: str
    shift: str
    edit: str
    old: Link
    new: Link
    python: tuple[Link, ...]
    findings: tuple[tuple[str, str], ...]
    diff: tuple[tuple[str, str], ...]
    added: int
    removed: int


class ComparePage(PageView, frozen=True):
    """What differs in the symbols of a package between two versions, each with its anchor."""

    old: str
    new: str
    changes: tuple[tuple[str, PortingRow], ...]


class PortingPage(PageView, frozen=True):
    """The changes to port from one tag to another."""

    old: str
    new: str
    sentence: str
    changes: tuple[PortingRow, ...]
    fresh: tuple[Link, ...]
    notes: tuple[Link, ...] = ()


# ── The site ──────────────────────────────────────────────────────────────────────────────────────


class SiteFrame(msgspec.Struct, frozen=True):
    """What every page says of the source it shows, and the codes of its language and of all languages."""

    repository: Link
    tag: str
    baseline: str
    commit: Link
    version: str
    notice: str
    licence: Link
    holder: str
    language: str = "en"
    languages: tuple[str, ...] = ("en",)


class SitePage(msgspec.Struct, frozen=True):
    """A page before it is rendered.

    Attributes:
        path: Its path below the site's documents, with `.md`.
        title: Its title, plain text.
        summary: One sentence for search engines, plain text.
        view: What it shows.
        code: Whether it shows code of the repository, so that its licence must be credited.
        minutes: How long it takes to read; 0 if that is not said.
        boost: The factor by which its words count in the search; 0 stands for that of its kind.
        untranslated: Whether its text is English on a page in another language.
    """

    path: str
    title: str
    summary: str
    view: PageView
    code: bool = False
    minutes: int = 0
    boost: float = 0
    untranslated: bool = False


class PageRecipe(msgspec.Struct, frozen=True):
    """A function that makes one or more pages, and the key of its input.

    Attributes:
        make: Returns the pages.
        made_from: Returns the encoded input of these pages; None if that is the input of the whole group.
    """

    make: Callable[[], Iterable[SitePage]]
    made_from: Callable[[], bytes] | None = None


class PageGroup(msgspec.Struct, frozen=True):
    """Pages that are made from the same values: as long as these stay the same, the pages do.

    Attributes:
        name: Its name, unique among the groups made from one input.
        made_from: All that the recipes know, encoded.
        recipes: What makes the pages, in the order in which they are read.
        data: What makes files of data from the same values, by their paths below the site.
    """

    name: str
    made_from: bytes
    recipes: tuple[PageRecipe, ...]
    data: Callable[[], Mapping[str, bytes]] = dict


class SitePlan(msgspec.Struct, frozen=True):
    """A site before its pages are made.

    Attributes:
        frame: What every page says of the source.
        groups: The pages.
        problems: What our own texts get wrong.
        sections: The parts of the navigation that our texts ask for, each with its pages.
        redirects: Old addresses below the site, each with what leads on from there.
    """

    frame: SiteFrame
    groups: tuple[PageGroup, ...]
    problems: tuple[Problem, ...]
    sections: tuple[tuple[str, tuple[str, ...]], ...] = ()
    redirects: tuple[tuple[str, Redirect], ...] = ()
