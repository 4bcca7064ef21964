"""What the words, labels, cells and listings around a reference say of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from annotator.articles.citations import Citation
from annotator.articles.text_lines import Line
from annotator.model.reference import Claim


@dataclass(frozen=True, slots=True)
class Site:
    """A citation, the index of its line in the document, and the heading above it."""

    row: int
    citation: Citation
    heading: str = ""


def collect(lines: Sequence[Line], sites: Sequence[Site]) -> list[tuple[Claim, ...]]:
    """Return the claims about each citation.

    Args:
        lines: The document.
        sites: Its citations in order.
    """
    return [() for _ in sites] if lines else []
