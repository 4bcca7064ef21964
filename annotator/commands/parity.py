"""`parity`: compares the Python port with the recorded facts."""

from __future__ import annotations

from annotator.config import Project
from annotator.model.reference import VerificationResult
from annotator.parity.comparison import ParityResult


def as_checked(project: Project, found: ParityResult) -> VerificationResult:
    """Return the mapping's findings for the reports that tools read."""
    config = project.config
    return VerificationResult(
        repository=config.repository,
        tag=config.baseline,
        commit=None,
        version=config.baseline,
        verdicts=(),
        counterparts=len(found.pairs),
        remarks=found.remarks,
    )
