"""`build`: writes the pages of a site, or whole sites of several tags side by side."""

from __future__ import annotations

import functools
import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from annotator.articles.article_files import article
from annotator.baseline_file import BASELINE
from annotator.commands.diff import porting
from annotator.commands.track import track
from annotator.config import Project, name_of
from annotator.errors import counted
from annotator.files import bytes_of
from annotator.model.port import Counterpart
from annotator.model.reference import Problem, Reference, Verdict
from annotator.model.symbol_history import HistoryInput, ReferenceHistory
from annotator.programs import Programs
from annotator.repository import tag_snapshots
from annotator.repository import versions as walk_
from annotator.session import Session
from annotator.site import (
    benchmark_tables,
    fingerprint,
    go_input,
    import_input,
    inputs,
    markdown_text,
    output,
    pages,
    rendering,
    site_index,
)
from annotator.site import version_sites as sites
from annotator.site.benchmark_tables import BenchmarkTable
from annotator.site.inputs import MovedFile, PythonInput, SiteInput
from annotator.site.pages import redirects
from annotator.site.python_input import Python
from annotator.tracking import verification

_LOG = logging.getLogger(__name__)

_UNASKED = (
    "What became of each symbol over the releases is shown by `annotator build --history`, "
    "which needs a source with all tags: a git URL or a repository that has them"
)


class Built(msgspec.Struct, frozen=True):
    """A site that was written: how many pages, at which tag, and what our own texts get wrong."""

    pages: int
    tag: str
    verdicts: tuple[Verdict, ...]
    remarks: tuple[Problem, ...]


class Told(msgspec.Struct, frozen=True):
    """What a site tells of other tags than the one it shows.

    Attributes:
        history: Whether every mapped symbol is followed over all tags.
        since: The tag from which the report on what to port begins; none without one, but with
            `history` the baseline.
        elsewhere: What became of the mapped symbols at the tags of versions beside this one.
    """

    history: bool = False
    since: str | None = None
    elsewhere: Mapping[str, tuple[Verdict, ...]] = {}


def build(at: Session, files: Iterable[Path], told: Told) -> Built:
    """Write the site's pages for the tag: the project's own articles first, then those given.

    Raises:
        InvalidInput: A file of the site cannot be read, or the repository has no Go file.
        SourceUnavailable: The source cannot be read.
        AnnotatorError: The pages cannot be written; the old ones stay.
    """
    given, folder = tuple(files), at.project.site / "docs"
    state = _state(at, given, told)
    if kept := output.read_stamp(folder, state):
        return msgspec.msgpack.decode(kept, type=Built)
    pages, built = _pages(at, given, told, _python(at))
    output.write(pages, folder)
    output.write_stamp(folder, state, msgspec.msgpack.encode(built))
    return built


def _state(at: Session, files: Iterable[Path], told: Told, versions: Iterable[str] = ()) -> str:
    """A fingerprint of everything that a site is built from, the versions beside it among that."""
    of_tags = sorted(at.known_tags) if told.history or told.since else []
    rest = (told.history, told.since, at.source.has_history, of_tags, [*versions])
    return (
        fingerprint.site_fingerprint(at.project, files, (at.tree.snapshot, at.notice))
        + hashlib.sha256(msgspec.json.encode(rest)).hexdigest()
    )


def _pages(
    at: Session, files: Iterable[Path], told: Told, python: Python | None
) -> tuple[Mapping[str, bytes], Built]:
    """The files of a site at the tag, by their paths below its documents' folder."""
    with Programs(at.project.root) as programs:
        # The programs run while the pages' other input is read.
        started = python.start(programs) if python else None
        given = _given(at, files, told, python)
        if python and started:
            given = msgspec.structs.replace(given, mirror=python.joined(started))
    plan = pages.plan_site(given)
    written = rendering.files(plan)
    verdicts = tuple(verdict for entry in given.cited for verdict in entry.verdicts)
    built = Built(sum(path.endswith(".md") for path in written), given.tag, verdicts, plan.remarks)
    return {**written, **output.assets(at.project.site / "assets")}, built


def _given(at: Session, files: Iterable[Path], told: Told, python: Python | None) -> SiteInput:
    """What the pages are made of but for what programs print."""
    mirror = python.mirror if python else PythonInput()
    baseline_tag = at.project.config.baseline
    own = sorted(
        (article(at.project, file) for file in at.project.articles),
        key=lambda entry: entry.tag != baseline_tag,  # our chapters walk along the baseline's article
    )
    read = (*own, *(article(at.project, file) for file in files))
    asked = tuple(ref for entry in read for ref in entry.references)
    became, found = since(at, mirror, asked)
    cited = tuple(
        inputs.VerifiedArticle(entry, tuple(found[ref] for ref in entry.references)) for entry in read
    )
    texts = tuple(markdown_text.parse(*text) for text in _texts(at.project))
    snapshot = at.tree.snapshot
    folders = site_index.shown_packages(cited, texts, mirror, became)
    shown = go_input.read_go(at, folders, locks=any(text.locks for text in texts))
    return inputs.SiteInput(
        repository=snapshot.repository,
        tag=snapshot.tag,
        commit=snapshot.commit,
        version=snapshot.version,
        baseline=baseline_tag,
        source="Debian" if snapshot.commit is None else "git",
        sources=shown.sources,
        cited=cited,
        texts=texts,
        licence=at.project.config.licence,
        notice=at.notice or "",
        mirror=mirror,
        since=became,
        elsewhere={tag: found for tag, found in told.elsewhere.items() if tag != at.tag},
        chronicle=_chronicle(at, told, python.docstrings.counterparts)
        if python and mirror.pairs
        else HistoryInput(),
        packages=import_input.packages(at.project, texts),
        locking=shown.locking,
        figures=_figures(at.project),
        redirects=_redirects(at.project),
    )


def since(
    at: Session, mirror: PythonInput, references: Iterable[Reference] = ()
) -> tuple[tuple[Verdict, ...], Mapping[Reference, Verdict]]:
    """What became of the mapped symbols since the baseline, and of other references with them."""
    baseline_tag = at.project.config.baseline
    originals = (one for pair in mirror.pairs for one in pair.originals)
    cited = dict.fromkeys(Reference(one.path, one.symbol, one.line, ref=baseline_tag) for one in originals)
    asked = (*cited, *references)
    _LOG.info("finding %s at %s", counted(len(asked), "reference"), at.tag)
    found = dict(zip(asked, verification.verify_references(at, asked), strict=True))
    return tuple(found[ref] for ref in cited), found


def _chronicle(at: Session, told: Told, counterparts: Sequence[Counterpart]) -> HistoryInput:
    """What is told of many tags, as far as it was asked for and the source has them."""
    if not (told.history or told.since):
        return HistoryInput(lacking=f"{_UNASKED}.")
    if not at.source.has_history:
        return HistoryInput(
            lacking=f"{at.source.repository} is not at hand with its history here. {_UNASKED}."
        )
    first = told.since or at.project.config.baseline
    ported = porting(at, first, at.tag, counterparts) if first != at.tag else None
    if not told.history:
        return HistoryInput(lacking=f"{_UNASKED}.", porting=ported)
    found = track(at, (), "*", counterparts)
    tags = tuple(walk_.proper(found.tags))
    kept = frozenset(tags)
    trails = (
        ReferenceHistory(one.reference, tuple(s for s in one.stops if s.tag in kept)) for one in found.trails
    )
    return HistoryInput(tags, tuple(walk_.latest(tags)), tuple(trails), porting=ported)


def versions(
    at: Session, tags: Iterable[str], files: Iterable[Path], told: Told, say: Callable[[Built], None]
) -> tuple[str, ...]:
    """Make one site for each tag, side by side, with what lets a reader go from one to another.

    Args:
        at: The open source.
        tags: The tags, each once.
        files: Articles beside the project's own.
        told: What each site tells of other tags.
        say: Told of each site whose pages are ready.

    Returns:
        The versions that are there now, the newest first.

    Raises:
        UnknownTag: The source has no such tag.
        InvalidInput: A file of the site cannot be read, or the repository has no Go file.
        SourceUnavailable: The source cannot be read.
        AnnotatorError: The pages cannot be written, or mkdocs refuses them; the old ones stay.
    """
    wanted, given = tuple(dict.fromkeys(tags)), tuple(files)

    @functools.cache
    def python() -> Python | None:
        return _python(at)

    @functools.cache
    def elsewhere() -> Mapping[str, tuple[Verdict, ...]]:
        found = python()
        mirror = found.mirror if found else PythonInput()
        return {tag: since(at.showing(tag), mirror)[0] for tag in wanted}

    def version(tag: str) -> sites.VersionSite:
        def pages() -> Mapping[str, bytes]:
            others = msgspec.structs.replace(told, elsewhere=elsewhere())
            made, built = _pages(at.showing(tag), given, others, python())
            say(built)
            return made

        return sites.VersionSite(tag, _state(at.showing(tag), given, told, wanted), pages)

    return sites.publish([version(tag) for tag in wanted], at.project.site, at.project.config.baseline)


def latest(at: Session) -> tuple[str, ...]:
    """The latest patch of each release line, and the baseline.

    Raises:
        SourceUnavailable: The source cannot be read, or has no version tags.
    """
    every = tag_snapshots.tags(at.source)
    chosen = {*walk_.latest(every), at.project.config.baseline}
    return tuple(tag for tag in every if tag in chosen)


def _python(at: Session) -> Python | None:
    """Return the Python side of the project; None if it has none, or no facts to compare it with."""
    has_facts = (at.project.site / BASELINE).is_file()
    return Python(at.project, at.cache) if at.project.config.packages and has_facts else None


def _texts(project: Project) -> Iterator[tuple[str, str]]:
    """Our own texts: the chapters by their files' names, other pages with their folder's before it."""
    for folder, prefix in (("chapters", ""), ("pages", "pages/")):
        for file in sorted((project.site / folder).glob("*.md")):
            yield prefix + file.stem, bytes_of(file).decode("utf-8", "replace")


def _redirects(project: Project) -> tuple[MovedFile, ...]:
    file = project.site / redirects.FILE
    return redirects.read(name_of(project, file), bytes_of(file)) if file.is_file() else ()


def _figures(project: Project) -> Mapping[str, BenchmarkTable]:
    """What the benchmarks measured last; nothing where none were run."""
    file = project.site / benchmark_tables.FILE
    return benchmark_tables.decode(name_of(project, file), bytes_of(file)) if file.is_file() else {}
