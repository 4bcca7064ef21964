"""Decides at which tag or commit documents were written that do not say so themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from annotator.errors import SourceUnavailable
from annotator.model.reference import Reference
from annotator.repository import blame
from annotator.repository.blame import DocumentHistory
from annotator.repository.local_git import GitSnapshot
from annotator.session import Session
from annotator.tracking import article_dating


class DocumentOrigins:
    """The origins of the documents of some references; each document is looked at once."""

    def __init__(self, at: Session, references: Iterable[Reference]) -> None:
        self._at = at
        self._references: dict[str, list[Reference]] = defaultdict(list)
        for reference in references:
            self._references[reference.file].append(reference)
        self._dated: dict[str, str] = {}
        self._lines: dict[str, dict[int, str]] = {}
        self._histories: dict[str, DocumentHistory] = {}

    def name(self, reference: Reference) -> str:
        """Return the tag or commit at which a reference's document, or its line there, was written."""
        if reference.written_at is not None:
            return reference.written_at
        asked, baseline = self._at.options.written_at, self._at.project.config.baseline
        match asked:
            case None if not self.is_of_source(reference.file):
                return baseline
            case "auto":
                return self._dated_by_references(reference.file)
            case None | "blame":
                return self._committed(reference) or baseline
            case _:
                return asked

    def _dated_by_references(self, file: str) -> str:
        """Return the newest of the tags at which most of a document's references are exact."""
        if file not in self._dated:
            self._dated[file] = self._date(file)
        return self._dated[file]

    def _date(self, file: str) -> str:
        baseline = self._at.project.config.baseline
        try:
            best = article_dating.date_references(self._at, self._references[file]).best
        except SourceUnavailable as error:
            self._at.warn(f"{file} cannot be dated, so it is taken to be written at {baseline}: {error}")
            return baseline
        if not best:
            self._at.warn(
                f"{file} cannot be dated by its references; it is taken to be written at {baseline}"
            )
            return baseline
        return baseline if baseline in best else best[-1]

    def _committed(self, reference: Reference) -> str | None:
        """Return the commit of the source that belongs to the one that last changed a line."""
        if reference.file not in self._lines:
            self._lines[reference.file] = self._source_commits(reference.file)
        return self._lines[reference.file].get(reference.at_line)

    def _source_commits(self, file: str) -> dict[int, str]:
        history = self._history(file)
        lines = history.commits()
        mapped = {commit: self._source_commit(history, commit) for commit in set(lines.values())}
        return {line: mapped[commit] for line, commit in lines.items()}

    def _source_commit(self, history: DocumentHistory, name: str) -> str:
        """Return the commit itself if it is one of the source, else the source's commit at its date."""
        commit = history.commit(name) or name
        if self._at.tree_if_available(commit) is not None:
            return commit
        snapshot, date = self._at.tree.snapshot, history.date(commit)
        if date is None or not isinstance(snapshot, GitSnapshot):
            return commit
        return blame.commit_at(snapshot.store, date) or commit

    def is_of_source(self, file: str) -> bool:
        """Return whether a document lies in the work tree of the source itself."""
        snapshot = self._at.tree.snapshot
        if not file or not isinstance(snapshot, GitSnapshot):
            return False
        return self._history(file).folder == snapshot.store.folder.resolve()

    def _history(self, file: str) -> DocumentHistory:
        if file not in self._histories:
            self._histories[file] = DocumentHistory(Path(self._at.project.root, file))
        return self._histories[file]
