"""Which documents of a project cite which declarations at a tag."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from annotator.articles.article_files import article, documents, expand, is_excluded
from annotator.errors import AnnotatorError
from annotator.model.reference import Article, Reference
from annotator.servers.open_project import OpenProject
from annotator.tracking.verification import anchor_of, verify_references

_MOST = 2_000
"""Documents that are looked through."""

_LARGEST = 2_000_000
"""Bytes of the largest document that is looked through."""


class CitationIndex:
    """The references of all documents of a project, read again where a file has changed."""

    def __init__(self, opened: OpenProject) -> None:
        """Name the project; its documents are read when they are first asked for."""
        self._opened = opened
        self._articles: dict[Path, tuple[tuple[int, int], Article | None]] = {}

    def at(self, tag: str) -> Mapping[str, Mapping[str, list[Reference]]]:
        """Return the references by the file and the symbol that they cite at a tag.

        Raises:
            AnnotatorError: The source cannot be read at the tag.
        """
        references = [each for found in self._read() for each in found.references]
        session = self._opened.at(tag)
        cited: dict[str, dict[str, list[Reference]]] = defaultdict(lambda: defaultdict(list))
        for verdict in verify_references(session, references):
            if (place := anchor_of(verdict)) is not None:
                cited[place.path][place.symbol].append(verdict.reference)
        return cited

    def _read(self) -> Iterator[Article]:
        project, names = self._opened.project, self._opened.session.own_names
        known, self._articles = self._articles, {}
        texts = documents(project) if project.config.articles else expand([project.root], allow_none=True)
        for file in dict.fromkeys([*project.manifests, *texts][:_MOST]):
            if is_excluded(project, file):
                continue
            try:
                state = file.stat()
                key = (state.st_mtime_ns, state.st_size)
                found = known.get(file)
                if found is None or found[0] != key:
                    found = key, article(project, file, names) if state.st_size <= _LARGEST else None
            except (AnnotatorError, OSError):  # a file that cannot be read cites nothing
                continue
            self._articles[Path(os.path.normpath(file))] = found
            if found[1] is not None:
                yield found[1]
