"""`diff`: the changes to port from one tag to another."""

from __future__ import annotations

import msgspec

from annotator.model.symbol_history import PortingReport
from annotator.parity.counterparts import load_counterparts
from annotator.session import Session
from annotator.site.project_texts import own_notes
from annotator.tracking import symbol_diff
from annotator.tracking.note_placement import note_changes


def porting(at: Session, old: str, new: str) -> PortingReport:
    """Return what to port from one tag to another; both may also be other refs or commits.

    Raises:
        UnknownTag: The source has no such tag.
        SourceUnavailable: The source cannot be read.
    """
    base = at.baseline_tree()
    symbols = symbol_diff.mapped_symbols(load_counterparts(at.project).counterparts, base)
    report = symbol_diff.porting(at.source, at.cache, base, symbols, (old, new), at.project.config.go)
    return msgspec.structs.replace(report, notes=note_changes(at, own_notes(at.project), old, new))
