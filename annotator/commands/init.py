"""`init`: inspects a folder and drafts its settings."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from annotator.articles import article_files, source_paths
from annotator.config import FILE, Config, Project
from annotator.errors import InvalidInput, counted
from annotator.file_io import bytes_of, write_aside
from annotator.model.reference import Article, Reference
from annotator.project_source import Session
from annotator.repository import discovery, factory, versions
from annotator.repository.discovery import HEAD, FoundRepository
from annotator.tracking import dating

_MOST = 5000
"""Documents of a folder that are read."""

_SKIPPED = frozenset({"node_modules", "vendor", "testdata", "third_party", "_site", "venv"})

# Changelogs and posts cite old versions on purpose.
_OF_THEIR_TIME = re.compile(
    r"(?i)(?:^|/)(?:change[-_ ]?log|changes|history|news|release[-_ ]?notes|blog|posts)[^/]*"
)
_LINK = re.compile(rb"(https://[\w.-]+/[\w.-]+/[\w.-]+)/(?:-/)?blob/[^\s)\"'<>]+?\.go\b")
_SUFFIXES = article_files.SUFFIXES - {".toml", ".txt"}


class CitingDocument(msgspec.Struct, frozen=True):
    """A document, and how many references into the repository it has."""

    file: str
    references: int


class Inspection(msgspec.Struct, frozen=True):
    """What a folder holds, and the settings that follow from it.

    Attributes:
        source: Where the repository is read, from the folder; empty if it is cloned.
        baseline: The tag at which the documents count as written; `why` tells why, in a clause.
        also: Other names of the repository that the documents use, as `owner/name`.
        excluded: Patterns of documents that cite old versions on purpose.
        read: How many documents were looked through.
    """

    repository: str
    source: str
    baseline: str
    why: str
    also: tuple[str, ...]
    documents: tuple[CitingDocument, ...]
    excluded: tuple[str, ...]
    read: int

    @property
    def patterns(self) -> tuple[tuple[str, int, int], ...]:
        """Patterns for the documents, each with the numbers of documents and references."""
        groups: dict[str, list[int]] = {}
        for document in self.documents:
            folder, _, name = document.file.partition("/")
            pattern = f"{folder}/**/*{Path(name).suffix}" if name else folder
            groups.setdefault(pattern, []).append(document.references)
        return tuple((pattern, len(found), sum(found)) for pattern, found in sorted(groups.items()))


def guess_project(folder: Path, source: str | None, *, look_around: bool = False) -> Project | None:
    """Return the project of a folder without settings, or None if no repository is known for it.

    Without a source, the Go repository that the folder lies in counts; with `look_around` also one beside
    the folder and the one that its documents link to.

    Raises:
        InvalidInput: Several repositories lie beside the folder.
    """

    def guessed(repository: str, source: str = "") -> Project:
        config = Config(repository=repository, baseline=HEAD, source=source)
        return Project(folder, config, has_settings=False)

    if source and not factory.is_folder(source):
        return guessed(source)
    root = Path(source) if source else discovery.enclosing(folder)
    found = discovery.read(root) if root else None
    look_around = look_around and source is None
    if found is None and look_around:
        found = _beside(folder)
    if found is not None:
        return guessed(found.address, os.path.realpath(found.folder))
    linked = _linked(folder) if look_around else None
    return guessed(linked) if linked else None


def _beside(folder: Path) -> FoundRepository | None:
    found = list(discovery.beside(folder))
    if len(found) > 1:
        names = ", ".join(os.path.relpath(each.folder, folder) for each in found[:5])
        raise InvalidInput(f"{folder}: several Go repositories are here: {names}; name one with `--source`")
    return found[0] if found else None


def _linked(folder: Path) -> str | None:
    """Return the address of the repository to whose Go files most links of the documents lead."""
    links = Counter[str]()
    for file in _documents(folder, None):
        links.update(match[1].decode() for match in _LINK.finditer(bytes_of(file)))
    return links.most_common(1)[0][0] if links else None


def _documents(folder: Path, repository: Path | None) -> list[Path]:
    """Return the documents of a folder that may cite, without those of other repositories in it."""
    found: list[Path] = []
    for at, folders, files in os.walk(folder):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".")
            and name not in _SKIPPED
            and Path(at, name) != repository
            and not Path(at, name, ".git").exists()
        )
        found += [Path(at, name) for name in sorted(files) if Path(name).suffix.lower() in _SUFFIXES]
        if len(found) > _MOST:
            break
    return [file for file in found[:_MOST] if file.is_file() and not file.is_symlink()]


def inspect(at: Session) -> Inspection:
    """Inspect the folder of a project without settings."""
    folder, config = at.project.root, at.project.config
    source = Path(config.source) if config.source else None
    is_own = source is not None and Path(os.path.realpath(folder)).is_relative_to(source)
    files = _documents(folder, source)
    articles: list[Article] = []
    for file in files:
        with suppress(InvalidInput):  # `verify` tells, if it is named
            articles.append(article_files.article(at.project, file, at.own_names))
    also = _also(config.repository, articles)
    cited = {
        entry.file: [
            each for each in entry.references if not each.in_output and each.repository in (None, *also)
        ]
        for entry in articles
    }
    dated = {file: match for file, found in cited.items() if found and (match := _OF_THEIR_TIME.search(file))}
    current = {file: found for file, found in cited.items() if found and file not in dated}
    references = [each for found in current.values() for each in found]
    baseline, why = (
        (HEAD, "each line is as old as the commit that wrote it") if is_own else _baseline(at, references)
    )
    address = config.repository
    if also and address.split("/")[2:3] != [] and address.split("/")[2] not in source_paths.FORGES:
        address = f"https://github.com/{also[0]}"  # the address of the module only leads there
        also = also[1:]
    return Inspection(
        repository=address,
        source=os.path.relpath(source, os.path.realpath(folder)) if source else "",
        baseline=baseline,
        why=why,
        also=also,
        documents=tuple(CitingDocument(file, len(found)) for file, found in current.items()),
        excluded=tuple(sorted({file[: match.end()] for file, match in dated.items()})),
        read=len(files),
    )


def _also(repository: str, articles: Iterable[Article]) -> tuple[str, ...]:
    """Return the forks and former homes of the repository that documents link to: those of its name."""
    name = repository.rstrip("/").rpartition("/")[2].lower()
    cited = Counter(each.repository for entry in articles for each in entry.references if each.repository)
    return tuple(sorted(other for other in cited if other.rpartition("/")[2].lower() == name))


def _baseline(at: Session, references: Sequence[Reference]) -> tuple[str, str]:
    """Return the tag at which most references are exact, or the newest release."""
    undated = [each for each in references if each.ref is None and each.written_at is None]
    newest = (versions.latest(at.source.tags()) or [HEAD])[-1]
    if undated and at.source.has_history and newest != HEAD:
        best = dating.date_references(at, undated).best
        if best and newest not in best:
            why = "most references without a tag are exact there"
            return (versions.releases(best) or list(best))[-1], why
    return newest, "the newest release" if newest != HEAD else "there is no release"


def settings(found: Inspection) -> str:
    """Return the settings as the text of a file."""
    lines = [
        "# Settings of `annotator`: they say which Go source the documents cite.",
        "# `annotator settings` lists all of them.",
        f"repository = {_quoted(found.repository)}",
    ]
    if found.source:
        lines.append(
            f"source = {_quoted(found.source)} # without it, the repository is cloned into the cache"
        )
    meaning = (
        found.why if found.baseline == HEAD else "the documents are as of it; `annotator bump` moves it on"
    )
    lines.append(f"baseline = {_quoted(found.baseline)} # {meaning}")
    if found.also:
        lines.append(f"also = [{', '.join(map(_quoted, found.also))}] # other names of it in the documents")
    rows = [
        f"  {_quoted(pattern)}, # {counted(references, 'reference')} in {counted(documents, 'document')}"
        for pattern, documents, references in found.patterns
    ]
    lines += ["articles = [", *rows, "]"] if rows else ['# articles = ["docs/**/*.md"]']
    if found.excluded:
        lines.append(
            f"exclude = [{', '.join(map(_quoted, found.excluded))}] # they cite old versions on purpose"
        )
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def report(found: Inspection, file: Path) -> Iterator[str]:
    """Return the findings in lines for people."""
    where = f", read from {found.source}" if found.source else ""
    yield f"repository  {found.repository}{where}"
    yield f"baseline    {found.baseline}: {found.why}"
    for pattern, documents, references in found.patterns:
        yield f"articles    {pattern}: {counted(references, 'reference')} in {counted(documents, 'document')}"
    for pattern in found.excluded:
        yield f"excluded    {pattern}: it cites old versions on purpose"
    if not found.documents:
        looked = counted(found.read, "document")
        yield f"articles    none: no reference into {found.repository} is in the {looked} here"
    yield f"{file} is written; `annotator verify` checks the references"


def check_writable(folder: Path, *, force: bool) -> None:
    """Check that no settings would be lost.

    Raises:
        InvalidInput: The folder has settings, and `force` is false.
    """
    file = folder / FILE
    if os.path.lexists(file) and not (force and file.is_file() and not file.is_symlink()):
        hint = "" if force else "; `annotator init --force` replaces it"
        raise InvalidInput(f"{file} is there already{hint}")


def write(folder: Path, text: str, *, force: bool) -> Path:
    """Write the settings into a folder.

    Raises:
        InvalidInput: The folder has settings and `force` is false, or they cannot be written.
    """
    check_writable(folder, force=force)
    write_aside(folder / FILE, text)
    return folder / FILE
