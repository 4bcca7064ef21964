"""The stages joined: sources → reading → tracking → mapping → writing."""

from __future__ import annotations

import functools
import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from annotator import portside, releases
from annotator.cited import article, bytes_of, name_of, own_articles, write_aside
from annotator.config import Project
from annotator.errors import InvalidInput, SourceUnavailable, counted
from annotator.history import Chronicle, Porting, Trail
from annotator.judging import verdicts
from annotator.mapping import baseline
from annotator.model import (
    Baseline,
    Checked,
    Counterpart,
    Declaration,
    Document,
    GoSymbol,
    Reference,
    Remark,
    Verdict,
)
from annotator.programs import Programs
from annotator.reading import notation
from annotator.recorded import BASELINE, recorded, scope_of
from annotator.session import Session
from annotator.tracking import walk as walk_
from annotator.tree import parse

if TYPE_CHECKING:
    from annotator import following
    from annotator.tracking import dating
    from annotator.writing.measured import Table
    from annotator.writing.mirror import Mirror
    from annotator.writing.pages import SiteInput

_LOG = logging.getLogger(__name__)

_UNASKED = (
    "What became of each symbol over the releases is shown by `annotator build --history`, "
    "which needs a source with all tags: a git URL or a repository that has them"
)


def verify(at: Session, files: Iterable[Path] | None = None) -> Checked:
    """The articles' references, and what the counterparts' docstrings name, against the source.

    Args:
        at: The open source.
        files: Manifests and texts; none means the project's own manifests that are written at the
            baseline, and its Python packages.

    Raises:
        InvalidInput: A file cannot be read, or the repository has no Go file.
        SourceUnavailable: The source cannot be read.
    """
    if files is None:
        read, (mirrored, remarks) = own_articles(at.project), _python(at)
    else:
        read, mirrored, remarks = tuple(article(at.project, file) for file in files), (), ()
    tree = at.tree
    return Checked(
        repository=tree.snapshot.repository,
        tag=tree.snapshot.tag,
        commit=tree.snapshot.commit,
        version=tree.snapshot.version,
        verdicts=verdicts(at, [ref for entry in read for ref in entry.references]),
        counterparts=len(mirrored),
        remarks=remarks,
        stand_in=at.notice,
    )


def date(at: Session, file: Path) -> dating.Dating:
    """The tags at which an article's references are exact.

    Raises:
        InvalidInput: The article cannot be read, or cites nothing.
        SourceUnavailable: The source cannot be read.
    """
    from annotator.sources import many
    from annotator.tracking import dating

    read = article(at.project, file)
    if all(reference.repository is not None for reference in read.references):
        raise InvalidInput(f"{file}: no reference into {at.source.repository} is found in it")
    tags = dating.versions(at.source.tags())
    if not tags:
        raise SourceUnavailable(f"{at.source.repository} has no version tags to date an article by")
    paths = list(dict.fromkeys(ref.path for ref in read.references if ref.repository is None))
    files = many.files_at(at.source, tags, paths, at.warn)
    go = {blob for found in files.values() for path, blob in found.items() if path.endswith(".go")}
    return dating.date(read.references, files, _documents(at, tags, files, go))


def _documents(
    at: Session, tags: list[str], files: Mapping[str, Mapping[str, str]], blobs: set[str]
) -> Mapping[str, Document]:
    from annotator.sources import many

    kept = at.cache.get_many(blobs)
    lacking = blobs - set(kept)
    parsed = parse(many.contents(at.source, tags, files, lacking)) if lacking else {}
    at.cache.put_many(parsed)
    return {**kept, **parsed}


class Built(msgspec.Struct, frozen=True):
    """A site that was written: how many pages, at which tag, and what our own texts get wrong."""

    pages: int
    tag: str
    verdicts: tuple[Verdict, ...]
    remarks: tuple[Remark, ...]


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
    from annotator.writing import site

    given, folder = tuple(files), at.project.site / "docs"
    state = _state(at, given, told)
    if kept := site.stamped(folder, state):
        return msgspec.msgpack.decode(kept, type=Built)
    pages, built = _pages(at, given, told)
    site.write(pages, folder)
    site.stamp(folder, state, msgspec.msgpack.encode(built))
    return built


def _state(at: Session, files: Iterable[Path], told: Told, versions: Iterable[str] = ()) -> str:
    """A fingerprint of everything that a site is built from, the versions beside it among that."""
    from annotator import standing

    of_tags = sorted(at.known_tags) if told.history or told.since else []
    rest = (told.history, told.since, at.source.has_history, of_tags, [*versions])
    return (
        standing.state(at.project, files, (at.tree.snapshot, at.notice))
        + hashlib.sha256(msgspec.json.encode(rest)).hexdigest()
    )


def _pages(at: Session, files: Iterable[Path], told: Told) -> tuple[Mapping[str, bytes], Built]:
    """The files of a site at the tag, by their paths below its documents' folder."""
    from annotator.writing import pages, render, site

    with _mirrored(at) as (mirror, whole):
        given = msgspec.structs.replace(_given(at, files, told, mirror), mirror=whole())
    plan = pages.planned(given)
    written = render.files(plan)
    verdicts = tuple(verdict for entry in given.cited for verdict in entry.verdicts)
    built = Built(sum(path.endswith(".md") for path in written), given.tag, verdicts, plan.remarks)
    return {**written, **site.assets(at.project.site / "assets")}, built


def _given(at: Session, files: Iterable[Path], told: Told, mirror: Mirror) -> SiteInput:
    """What the pages are made of."""
    from annotator import backdrop, sourcing
    from annotator.writing import pages, prose

    baseline_tag = at.project.config.baseline
    own = sorted(
        (article(at.project, file) for file in at.project.articles),
        key=lambda entry: entry.tag != baseline_tag,  # our chapters walk along the baseline's article
    )
    read = (*own, *(article(at.project, file) for file in files))
    asked = tuple(ref for entry in read for ref in entry.references)
    became, found = since(at, mirror, asked)
    cited = tuple(pages.Cited(entry, tuple(found[ref] for ref in entry.references)) for entry in read)
    texts = tuple(prose.parse(*text) for text in _texts(at.project))
    snapshot = at.tree.snapshot
    folders = pages.folders(cited, texts, mirror, became)
    shown = sourcing.shown(at, folders, locks=any(text.locks for text in texts))
    return pages.SiteInput(
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
        chronicle=_chronicle(at, told) if mirror.pairs else Chronicle(),
        packages=backdrop.packages(at.project, at.cache, texts),
        locking=shown.locking,
        figures=_figures(at.project),
    )


def since(
    at: Session, mirror: Mirror, references: Iterable[Reference] = ()
) -> tuple[tuple[Verdict, ...], Mapping[Reference, Verdict]]:
    """What became of the mapped symbols since the baseline, and of other references with them."""
    from annotator import judged

    baseline_tag = at.project.config.baseline
    originals = (one for pair in mirror.pairs for one in pair.originals)
    cited = dict.fromkeys(Reference(one.path, one.symbol, one.line, ref=baseline_tag) for one in originals)
    asked = (*cited, *references)
    _LOG.info("finding %s at %s", counted(len(asked), "reference"), at.tag)
    found = dict(zip(asked, judged.verdicts(at, asked), strict=True))
    return tuple(found[ref] for ref in cited), found


def _chronicle(at: Session, told: Told) -> Chronicle:
    """What is told of many tags, as far as it was asked for and the source has them."""
    if not (told.history or told.since):
        return Chronicle(lacking=f"{_UNASKED}.")
    if not at.source.has_history:
        return Chronicle(lacking=f"{at.source.repository} is not at hand with its history here. {_UNASKED}.")
    first = told.since or at.project.config.baseline
    ported = porting(at, first, at.tag) if first != at.tag else None
    if not told.history:
        return Chronicle(lacking=f"{_UNASKED}.", porting=ported)
    found = track(at, (), "*")
    tags = tuple(walk_.proper(found.tags))
    kept = frozenset(tags)
    trails = (Trail(one.reference, tuple(s for s in one.stops if s.tag in kept)) for one in found.trails)
    return Chronicle(tags, tuple(walk_.latest(tags)), tuple(trails), porting=ported)


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
    from annotator.writing import versions as sites

    wanted, given = tuple(dict.fromkeys(tags)), tuple(files)

    @functools.cache
    def elsewhere() -> Mapping[str, tuple[Verdict, ...]]:
        mirror = _mirror(at)
        return {tag: since(at.showing(tag), mirror)[0] for tag in wanted}

    def version(tag: str) -> sites.Version:
        def pages() -> Mapping[str, bytes]:
            made, built = _pages(at.showing(tag), given, msgspec.structs.replace(told, elsewhere=elsewhere()))
            say(built)
            return made

        return sites.Version(tag, _state(at.showing(tag), given, told, wanted), pages)

    return sites.publish([version(tag) for tag in wanted], at.project.site, at.project.config.baseline)


def latest(at: Session) -> tuple[str, ...]:
    """The latest patch of each release line, and the baseline.

    Raises:
        SourceUnavailable: The source cannot be read, or has no version tags.
    """
    every = releases.tags(at.source)
    chosen = {*walk_.latest(every), at.project.config.baseline}
    return tuple(tag for tag in every if tag in chosen)


@contextmanager
def _mirrored(at: Session) -> Iterator[tuple[Mirror, Callable[[], Mirror]]]:
    """What the pages show of Python, and a call that waits for what its programs print.

    The programs run meanwhile, and end with the context.
    """
    from annotator import mirroring
    from annotator.writing.mirror import Mirror

    if not _has_mirror(at.project):
        yield Mirror(), Mirror
        return
    with Programs(at.project.root) as programs:
        python = mirroring.Python(at.project, at.cache)
        results = python.start(programs)
        read = python.read()
        yield read, lambda: python.joined(read, results)


def _mirror(at: Session) -> Mirror:
    """What the pages show of Python without what its programs print; empty without facts to compare with."""
    from annotator import mirroring
    from annotator.writing.mirror import Mirror

    return mirroring.Python(at.project, at.cache).read() if _has_mirror(at.project) else Mirror()


def _has_mirror(project: Project) -> bool:
    return bool(project.config.packages) and (project.site / BASELINE).is_file()


def _texts(project: Project) -> Iterator[tuple[str, str]]:
    """Our own texts: the chapters by their files' names, other pages with their folder's before it."""
    for folder, prefix in (("chapters", ""), ("pages", "pages/")):
        for file in sorted((project.site / folder).glob("*.md")):
            yield prefix + file.stem, bytes_of(file).decode("utf-8", "replace")


def _figures(project: Project) -> Mapping[str, Table]:
    """What the benchmarks measured last; nothing where none were run."""
    from annotator.writing import measured

    file = project.site / measured.FILE
    return measured.decode(name_of(project, file), bytes_of(file)) if file.is_file() else {}


def track(at: Session, references: Iterable[str], glob: str) -> following.Tracks:
    """What became of references at the tags that fit a glob; of all that is mirrored if none is given.

    Args:
        at: The open source.
        references: In the project's notation; `@FILE` for a file with one a line.
        glob: Which tags.

    Raises:
        InvalidInput: A reference is none, or no tag fits.
        SourceUnavailable: The source cannot be read.
    """
    given = [*_parsed_references(references)]
    every = at.releases
    from annotator import following  # which takes as long as git needs for the first tags

    if not given:
        own = [ref for entry in own_articles(at.project) for ref in entry.references]
        mirrored = [mirror for each in portside.said(at.project).counterparts for mirror in each.mirrors]
        given = list({(ref.path, ref.symbol): ref for ref in (*mirrored, *own)}.values())
    return following.track(every, at.cache, at.baseline_tree(), given, glob)


def _parsed_references(references: Iterable[str]) -> Iterator[Reference]:
    """Parse references, also those in an `@FILE`: one a line, blank lines and comments are skipped.

    Raises:
        InvalidInput: A reference cannot be parsed (the error names its file and line), or a file not read.
    """
    for text in references:
        if not text.startswith("@"):
            yield notation.parse(text)
            continue
        file = Path(text[1:])
        for number, line in enumerate(bytes_of(file).decode("utf-8", "replace").splitlines(), 1):
            if (stripped := line.strip().removeprefix("\ufeff")) and not stripped.startswith("#"):
                try:
                    yield notation.parse(stripped)
                except InvalidInput as error:
                    raise InvalidInput(f"{file}:{number}: {error}") from error


def porting(at: Session, old: str, new: str) -> Porting:
    """What to port from one tag to another.

    Raises:
        UnknownTag: The source has no such tag.
        SourceUnavailable: The source cannot be read.
    """
    from annotator import following

    base = at.baseline_tree()
    symbols = following.mirrored(portside.said(at.project).counterparts, base)
    return following.porting(at.source, at.cache, base, symbols, old, new)


def symbols(at: Session) -> Iterator[tuple[str, Declaration]]:
    """Every declaration of the tree that is not vendored, with its file, in the tree's order."""
    for path, document in at.tree.documents(at.tree.go_files).items():
        for declaration in document.walk():
            yield path, declaration


def _python(at: Session) -> tuple[tuple[Counterpart, ...], tuple[Remark, ...]]:
    """The counterparts of the project's packages, and what is wrong in their docstrings."""
    from annotator.mapping import counterparts

    said = portside.said(at.project)
    found, remarks = said.counterparts, said.remarks
    tag = at.project.config.baseline
    tree = at.at_hand(tag) if found else None
    file = at.project.site / BASELINE
    known = recorded(at.project) if file.is_file() else None
    if tree is not None:
        drift = () if known is None else baseline.differences(name_of(at.project, file), known, tree)
        return found, (*remarks, *counterparts.unnamed(found, tree), *drift)
    if known is not None:
        return found, (*remarks, *counterparts.unnamed(found, baseline.Recorded(known)))
    return found, remarks


def record(at: Session) -> Path:
    """Write the baseline's facts: of the packages and symbols in scope, and of all that is mirrored.

    Raises:
        InvalidInput: The scope or a Python file cannot be read.
        SourceUnavailable: The source cannot be read.
    """
    from annotator import recording

    scope, tree = scope_of(at.project), at.tree
    further = [notation.parse(each) for each in scope.symbols]
    in_scope = [*recording.in_packages(tree, scope.packages), *recording.named(tree, further)]
    docstrings = portside.resolved(
        portside.read(at.project),
        [GoSymbol(path, found.symbol, found.kind, found.line, found.line) for path, found in in_scope],
    )
    mirrors = [mirror for counterpart in docstrings.counterparts for mirror in counterpart.mirrors]
    wanted = [*in_scope, *recording.named(tree, mirrors)]
    facts = recording.facts(tree, at.project.config.modules, wanted)
    file = at.project.site / BASELINE
    write_aside(file, baseline.encode(Baseline(tree.tag, tree.snapshot.commit, facts)))
    return file
