"""`date`: at which tags the references of an article are exact."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from annotator.articles.article_files import article
from annotator.errors import InvalidInput, SourceUnavailable
from annotator.golang.source_tree import parse_blobs, parsed_files
from annotator.model.go import GoFile
from annotator.model.reference import Dating
from annotator.repository import tag_snapshots
from annotator.repository.versions import versions
from annotator.session import Session
from annotator.tracking import article_dating


def date(at: Session, file: Path) -> Dating:
    """Return the tags at which an article's references are exact.

    Raises:
        InvalidInput: The article cannot be read, or cites nothing.
        SourceUnavailable: The source cannot be read.
    """
    read = article(at.project, file, at.own_names)
    if all(reference.repository is not None for reference in read.references):
        raise InvalidInput(f"{file}: no reference into {at.source.repository} is found in it")
    tags = versions(at.source.tags())
    if not tags:
        raise SourceUnavailable(f"{at.source.repository} has no version tags to date an article by")
    paths = list(dict.fromkeys(ref.path for ref in read.references if ref.repository is None))
    files = tag_snapshots.files_at(at.source, tags, paths, at.warn)
    go = {blob for found in files.values() for path, blob in found.items() if path.endswith(".go")}
    return article_dating.date(read.references, files, _documents(at, tags, files, go))


def _documents(
    at: Session, tags: list[str], files: Mapping[str, Mapping[str, str]], blobs: set[str]
) -> Mapping[str, GoFile]:
    def parse_missing(missing: list[str]) -> Mapping[str, GoFile]:
        return parse_blobs(tag_snapshots.contents(at.source, tags, files, set(missing)))

    return parsed_files(at.cache, blobs, parse_missing)
