"""`date`: at which tags the references of an article are exact."""

from __future__ import annotations

from pathlib import Path

from annotator.articles.article_files import article
from annotator.errors import InvalidInput
from annotator.model.reference import Dating
from annotator.source_session import Session
from annotator.tracking import dating


def date(at: Session, file: Path) -> Dating:
    """Return the tags at which an article's references are exact.

    Raises:
        InvalidInput: The article cannot be read, or cites nothing.
        SourceUnavailable: The source cannot be read.
    """
    read = article(at.project, file, at.own_names)
    if all(reference.repository is not None for reference in read.references):
        raise InvalidInput(f"{file}: no reference into {at.source.repository} is found in it")
    return dating.date_references(at, read.references)
