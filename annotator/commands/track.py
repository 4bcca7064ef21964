"""`track`: follows references over all tags."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from annotator.articles import reference_notation
from annotator.errors import InvalidInput
from annotator.file_io import bytes_of
from annotator.model.reference import Reference
from annotator.source_session import Session
from annotator.tracking import symbol_follower


def track(at: Session, references: Sequence[Reference], glob: str) -> symbol_follower.TrackResult:
    """Return the histories of references at the tags that fit a glob.

    Raises:
        InvalidInput: No tag fits.
        SourceUnavailable: The source cannot be read.
    """
    return symbol_follower.track(
        at.tag_snapshots, at.version_tags, at.cache, at.baseline_tree(), references, glob
    )


def parse_references(references: Iterable[str]) -> Iterator[Reference]:
    """Parse references, also those in an `@FILE`: one a line, blank lines and comments are skipped.

    Raises:
        InvalidInput: A reference cannot be parsed (the error names its file and line), or a file not read.
    """
    for text in references:
        if not text.startswith("@"):
            yield reference_notation.parse_place(text)
            continue
        file = Path(text[1:])
        for number, line in enumerate(bytes_of(file).decode("utf-8", "replace").splitlines(), 1):
            if (stripped := line.strip().removeprefix("\ufeff")) and not stripped.startswith("#"):
                try:
                    yield reference_notation.parse_place(stripped)
                except InvalidInput as error:
                    raise InvalidInput(f"{file}:{number}: {error}") from error
