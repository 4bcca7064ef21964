"""What the project's Python packages mirror, for the commands that ask for it.

A module of its own, as reading Python needs griffe: a tenth of a second that other questions do not wait for.
"""

from __future__ import annotations

from annotator.articles.article_files import followed_references
from annotator.baseline_file import BASELINE, recorded
from annotator.config import Project, name_of
from annotator.model.port import Counterpart
from annotator.model.reference import Problem, Reference
from annotator.parity import baseline
from annotator.parity.counterparts import load_counterparts, unknown_originals
from annotator.source_session import Session


def mirrored_references(project: Project) -> list[Reference]:
    """Return each symbol that a counterpart mirrors or an article of the project cites, once.

    Raises:
        InvalidInput: A Python file, an article or the recorded facts cannot be read.
    """
    return followed_references(project, load_counterparts(project).counterparts)


def verified_counterparts(at: Session) -> tuple[tuple[Counterpart, ...], tuple[Problem, ...]]:
    """Return the counterparts of the project's packages, and the faults of their docstrings."""
    docstrings = load_counterparts(at.project)
    found, remarks = docstrings.counterparts, docstrings.remarks
    tag = at.project.config.baseline
    tree = at.tree_if_available(tag) if found else None
    file = at.project.site / BASELINE
    known = recorded(at.project) if file.is_file() else None
    if tree is not None:
        drift = () if known is None else baseline.outdated_facts(name_of(at.project, file), known, tree)
        return found, (*remarks, *unknown_originals(found, tree), *drift)
    if known is not None:
        return found, (*remarks, *unknown_originals(found, baseline.RecordedTree(known)))
    return found, remarks
