"""Findings as a code quality report of GitLab, which shows them in a merge request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import msgspec

from annotator.errors import printable
from annotator.model.reference import VerificationResult
from annotator.reports.findings import findings

_SEVERITIES = {"error": "major", "warning": "minor", "note": "info"}


def document(
    checked: VerificationResult, locate: Callable[[str], str] = str, *, show_unread: bool = False
) -> str:
    """Return a list of issues; GitLab shows each fingerprint once, so equal ones are numbered."""
    seen: Counter[str] = Counter()
    issues = []
    for finding in findings(checked, locate, show_unread=show_unread):
        if finding.level == "none":
            continue
        seen[finding.fingerprint] += 1
        number = seen[finding.fingerprint]
        issues.append(
            {
                "description": printable(finding.message),
                "check_name": finding.rule,
                "fingerprint": finding.fingerprint + (f"-{number}" if number > 1 else ""),
                "severity": _SEVERITIES[finding.level],
                "location": {"path": finding.file, "lines": {"begin": finding.line}},
            }
        )
    return msgspec.json.format(msgspec.json.encode(issues), indent=2).decode()
