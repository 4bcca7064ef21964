"""`diff`: the changes to port from one tag to another."""

from __future__ import annotations

import msgspec

from annotator.articles.article_files import own_articles
from annotator.model.symbol_history import PortingReport
from annotator.parity.counterparts import load_counterparts
from annotator.project_source import Session
from annotator.site.project_texts import own_notes
from annotator.tracking import symbol_diff
from annotator.tracking.note_placement import note_changes
from annotator.tracking.verification import verify_references


def porting(at: Session, old: str, new: str) -> PortingReport:
    """Return what to port from one tag to another; both may also be other refs or commits.

    Raises:
        UnknownTag: The source has no such tag.
    """
    base = at.baseline_tree()
    articles = own_articles(at.project, lambda: at.own_names)
    references = [reference for article in articles for reference in article.references]
    verdicts = verify_references(at.at_tag(base.tag), references)
    cited = [(each.reference, place) for each in verdicts if (place := each.anchor)]
    symbols = symbol_diff.mapped_symbols(load_counterparts(at.project).counterparts, base, cited)
    before, after = at.at_tag(old), at.at_tag(new)
    ends = before.tree, after.tree
    report = symbol_diff.porting(at.source, at.cache, base, symbols, ends, at.project.config.go)
    return msgspec.structs.replace(report, notes=note_changes(before, after, own_notes(at.project)))
