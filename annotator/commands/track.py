"""`track`: follows references over all tags."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from annotator.articles import notation
from annotator.articles.article_files import followed_references
from annotator.errors import InvalidInput
from annotator.files import bytes_of
from annotator.model.port import Counterpart
from annotator.model.reference import Reference
from annotator.parity.counterparts import load_counterparts
from annotator.session import Session
from annotator.tracking import symbol_follower


def track(
    at: Session,
    references: Iterable[str],
    glob: str,
    counterparts: Sequence[Counterpart] | None = None,
) -> symbol_follower.TrackResult:
    """Return what became of references at the tags that fit a glob; of all that is mirrored if none is given.

    Args:
        at: The open source.
        references: In the project's notation; `@FILE` for a file with one a line.
        glob: Which tags.
        counterparts: The project's counterparts, if they have been read already.

    Raises:
        InvalidInput: A reference is none, or no tag fits.
        SourceUnavailable: The source cannot be read.
    """
    parsed = list(_parsed_references(references))
    if not parsed:
        if counterparts is None:
            counterparts = load_counterparts(at.project).counterparts
        parsed = followed_references(at.project, counterparts)
    return symbol_follower.track(
        at.tag_snapshots, at.version_tags, at.cache, at.baseline_tree(), parsed, glob
    )


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
