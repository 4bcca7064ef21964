"""The stages joined: sources → reading → tracking → mapping → writing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from annotator.config import Project
from annotator.errors import AnnotatorError, InvalidInput, SourceUnavailable
from annotator.mapping import counterparts
from annotator.model import Article, Checked, Counterpart, Declaration, Document, Reference, Remark, Verdict
from annotator.reading import articles, texts
from annotator.sources import many, opening
from annotator.sources.cache import Cache
from annotator.sources.snapshot import Progress, Source, Warn
from annotator.tracking import dating, resolve
from annotator.tree import Tree, parse, reader
from annotator.writing import places as shown
from annotator.writing import prose
from annotator.writing.atlas import Cited

MAX_ARTICLE_BYTES = 64 * 1024 * 1024


class Session:
    """A project, an open source at the tag that is asked for, and the trees that were read from it."""

    def __init__(self, project: Project, opened: opening.Opened, cache: Cache) -> None:
        self.project = project
        self.source: Source = opened.source
        self.tag = opened.tag
        self.notice = opened.notice
        self.cache = cache
        self._trees: dict[str, Tree | None] = {}

    @property
    def tree(self) -> Tree:
        """The tree at the tag that is asked for.

        Raises:
            UnknownTag: The source has no such tag.
            InvalidInput: There is no Go file in it.
        """
        tree = self._trees.get(self.tag) or self._read(self.tag)
        self._trees[self.tag] = tree
        if not tree.go_files:
            raise InvalidInput(
                f"{self.source.repository} has no Go file at {tree.tag}; "
                "give `--source` a repository that is written in Go"
            )
        return tree

    def at_hand(self, tag: str) -> Tree | None:
        """The tree at a tag, if the source has it without another download."""
        if tag == self.tag:
            return self.tree
        if tag not in self._trees:
            self._trees[tag] = self._existing(tag)
        return self._trees[tag]

    def _existing(self, tag: str) -> Tree | None:
        if not self.source.has_history:
            return None
        try:
            return self._read(tag)
        except AnnotatorError:
            return None

    def _read(self, tag: str) -> Tree:
        return Tree(self.source.snapshot(tag), self.cache)


class Asked(msgspec.Struct, frozen=True):
    """What the command line asks for: a source, a tag, and whether many tags will be read."""

    source: str | None = None
    tag: str | None = None
    history: bool = False


@contextmanager
def session(
    project: Project,
    asked: Asked,
    progress: Progress,
    warn: Warn,
) -> Iterator[Session]:
    """An open source for a project; closed at the end.

    Raises:
        SourceUnavailable: The source cannot be had.
    """
    folder = opening.cache_folder()
    opened = _opened(project, asked, folder, progress)
    with opened.source, Cache(folder, reader=reader(), warn=warn) as cache:
        yield Session(project, opened, cache)


def _opened(project: Project, asked: Asked, folder: Path, progress: Progress) -> opening.Opened:
    config = project.config
    if not asked.history:
        return opening.open_default(asked.source, asked.tag, config=config, cache=folder, progress=progress)
    found = opening.open_source(asked.source, config=config, cache=folder, progress=progress, history=True)
    return opening.Opened(found, asked.tag or found.default_tag(config.baseline))


def verify(at: Session, files: Iterable[Path]) -> Checked:
    """The articles' references, and what the counterparts' docstrings name, against the source.

    Args:
        at: The open source.
        files: Manifests and texts; none means the project's own manifests and its Python packages.

    Raises:
        InvalidInput: A file cannot be read, or the repository has no Go file.
        SourceUnavailable: The source cannot be read.
    """
    given = tuple(files)
    read = tuple(article(at.project, file) for file in given or at.project.articles)
    tree = at.tree
    mirrored, remarks = ((), ()) if given else _python(at)
    return Checked(
        repository=tree.snapshot.repository,
        tag=tree.snapshot.tag,
        commit=tree.snapshot.commit,
        version=tree.snapshot.version,
        verdicts=tuple(_verdict(at, ref) for entry in read for ref in entry.references),
        counterparts=len(mirrored),
        remarks=remarks,
    )


def date(at: Session, file: Path) -> dating.Dating:
    """The tags at which an article's references are exact.

    Raises:
        InvalidInput: The article cannot be read, or cites nothing.
        SourceUnavailable: The source cannot be read.
    """
    read = article(at.project, file)
    if not read.references:
        raise InvalidInput(f"{file}: no reference into source code is found in it")
    tags = dating.versions(at.source.tags())
    if not tags:
        raise SourceUnavailable(f"{at.source.repository} has no version tags to date an article by")
    paths = list(dict.fromkeys(ref.path for ref in read.references if ref.repository is None))
    files = many.files_at(at.source, tags, paths)
    go = {blob for found in files.values() for path, blob in found.items() if path.endswith(".go")}
    return dating.date(read.references, files, _documents(at, tags, files, go))


def _documents(
    at: Session, tags: list[str], files: Mapping[str, Mapping[str, str]], blobs: set[str]
) -> Mapping[str, Document]:
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


def build(at: Session, files: Iterable[Path]) -> Built:
    """Write the site's pages for the tag: the project's own articles first, then those given.

    Raises:
        InvalidInput: A file of the site cannot be read, or the repository has no Go file.
        SourceUnavailable: The source cannot be read.
        AnnotatorError: The pages cannot be written; the old ones stay.
    """
    from annotator.writing import pages, render, site  # noqa: PLC0415 - pygments and jinja2 are for this alone

    read = tuple(article(at.project, file) for file in (*at.project.articles, *files))
    cited = tuple(pages.Cited(entry, tuple(_verdict(at, ref) for ref in entry.references)) for entry in read)
    snapshot = at.tree.snapshot
    made = pages.make(
        pages.SiteInput(
            repository=snapshot.repository,
            tag=snapshot.tag,
            commit=snapshot.commit,
            version=snapshot.version,
            baseline=at.project.config.baseline,
            source=type(at.source).__name__.removesuffix("Source").lower(),
            sources=_sources(at, cited),
            cited=cited,
            texts=tuple(_texts(at.project)),
            licence=at.project.config.licence,
            notice=at.notice or "",
        )
    )
    folder = at.project.site / "docs"
    site.write({**render.files(made), **site.assets(at.project.site / "assets")}, folder)
    verdicts = tuple(verdict for entry in cited for verdict in entry.verdicts)
    return Built(len(made.pages), snapshot.tag, verdicts, made.remarks)


def _sources(at: Session, cited: Iterable[Cited]) -> Mapping[str, shown.Source]:
    """The Go files of every package that has something cited, with what their identifiers name."""
    anchors = [getattr(v.outcome, "anchor", None) for entry in cited for v in entry.verdicts]
    folders = {anchor.path.rpartition("/")[0] for anchor in anchors if anchor is not None}
    paths = [
        path
        for path in at.tree.go_files
        if path.rpartition("/")[0] in folders and not path.endswith("_test.go")
    ]
    documents, data = at.tree.documents(paths), at.tree.read(paths)
    return {path: shown.Source(data[path], documents[path]) for path in paths}


def _texts(project: Project) -> Iterator[prose.Prose]:
    for file in sorted((project.site / "chapters").glob("*.md")):
        yield prose.parse(file.stem, _bytes(file).decode("utf-8", "replace"))


def symbols(at: Session) -> Iterator[tuple[str, Declaration]]:
    """Every declaration of the tree that is not vendored, with its file, in the tree's order."""
    for path, document in at.tree.documents(at.tree.go_files).items():
        for declaration in document.walk():
            yield path, declaration


def article(project: Project, file: Path) -> Article:
    """The article in a file: a manifest if it is TOML, else whatever references its text holds.

    Raises:
        InvalidInput: The file cannot be read.
    """
    config, name = project.config, _name(project, file)
    data = _bytes(file)
    if file.suffix == ".toml":
        return articles.read(name, data, config.prefixes)
    return texts.read(
        name, data, repository=config.repository, prefixes=config.prefixes, modules=config.modules
    )


def _name(project: Project, file: Path) -> str:
    """The file's name from the project's root, if it lies in it."""
    absolute = file.absolute()
    inside = absolute.is_relative_to(project.root)
    return (absolute.relative_to(project.root) if inside else file).as_posix()


def _bytes(file: Path) -> bytes:
    try:
        if file.stat().st_size > MAX_ARTICLE_BYTES:
            raise InvalidInput(f"{file}: larger than {MAX_ARTICLE_BYTES >> 20} MiB; split the article")
        return file.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{file}: cannot be read: {error.strerror}") from error


def _verdict(at: Session, reference: Reference) -> Verdict:
    written_at = at.at_hand(reference.ref) if reference.ref else None
    return resolve.verdict(reference, at.tree, written_at)


def _python(at: Session) -> tuple[tuple[Counterpart, ...], tuple[Remark, ...]]:
    """The counterparts of the project's packages, and what is wrong in their docstrings."""
    from annotator.reading import python  # noqa: PLC0415 - griffe takes as long as all the rest

    read = [python.read(at.project.root / package, at.project.root) for package in at.project.config.packages]
    found = tuple(counterpart for package in read for counterpart in package.counterparts)
    remarks = tuple(remark for package in read for remark in package.remarks)
    baseline = at.at_hand(at.project.config.baseline)
    if baseline is None:
        return found, remarks
    return found, remarks + tuple(counterparts.unnamed(found, baseline))
