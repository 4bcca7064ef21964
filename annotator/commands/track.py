"""`track`: follows references over all tags."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from annotator.articles import notation
from annotator.articles.article_files import own_articles
from annotator.errors import InvalidInput
from annotator.files import bytes_of
from annotator.model.reference import Reference
from annotator.parity import docstring_index
from annotator.session import Session
from annotator.tracking import symbol_follower


def track(at: Session, references: Iterable[str], glob: str) -> symbol_follower.TrackResult:
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
    if not given:
        own = [ref for entry in own_articles(at.project) for ref in entry.references]
        mirrored = [
            mirror for each in docstring_index.said(at.project).counterparts for mirror in each.mirrors
        ]
        given = list({(ref.path, ref.symbol): ref for ref in (*mirrored, *own)}.values())
    return symbol_follower.track(every, at.cache, at.baseline_tree(), given, glob)


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
