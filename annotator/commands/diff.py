"""`diff`: what is to be ported from one tag to another."""

from __future__ import annotations

from collections.abc import Sequence

from annotator.model.port import Counterpart
from annotator.model.symbol_history import PortingReport
from annotator.parity.counterparts import load_counterparts
from annotator.session import Session
from annotator.tracking import porting_plan


def porting(
    at: Session, old: str, new: str, counterparts: Sequence[Counterpart] | None = None
) -> PortingReport:
    """Return what to port from one tag to another.

    Args:
        at: The open source.
        old: The tag that was ported last, or another ref or a commit.
        new: What is to be ported, likewise.
        counterparts: The project's counterparts, if they have been read already.

    Raises:
        UnknownTag: The source has no such tag.
        SourceUnavailable: The source cannot be read.
    """
    base = at.baseline_tree()
    if counterparts is None:
        counterparts = load_counterparts(at.project).counterparts
    symbols = porting_plan.mapped_symbols(counterparts, base)
    return porting_plan.porting(at.source, at.cache, base, symbols, (old, new), at.project.config.go)
