"""`parity`: compares the Python port with the recorded facts."""

from __future__ import annotations

from annotator.config import Project
from annotator.model.reference import VerificationResult
from annotator.parity.comparison import ParityResult, compare_project
from annotator.reports import parity_report

__all__ = ["as_checked", "compare_project", "parity_report"]


def as_checked(project: Project, result: ParityResult) -> VerificationResult:
    """Return the problems of a comparison in the form that the reports for tools take."""
    config = project.config
    return VerificationResult(
        repository=config.repository,
        tag=config.baseline,
        commit=None,
        version=config.baseline,
        verdicts=(),
        counterparts=len(result.pairs),
        remarks=result.remarks,
    )
