"""Findings as JUnit XML."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from annotator.model.reference import Missing, VerificationResult
from annotator.reports import verification_report

# What XML 1.0 cannot hold, not even as a character reference.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def document(checked: VerificationResult) -> str:
    """Return the report as one test suite."""
    counted = verification_report.summary(checked)
    failures = sum(map(checked.is_finding, checked.verdicts)) + len(checked.remarks)
    suite = ET.Element(
        "testsuite",
        name=_text(f"references at {checked.tag}"),
        tests=str(len(checked.verdicts) + len(checked.remarks)),
        failures=str(failures),
        errors="0",
        skipped=str(counted["skipped"]),
    )
    for verdict in checked.verdicts:
        reference, name = verdict.reference, verification_report.name(verdict.outcome)
        label = f"{reference.cited or reference.path} {reference.symbol or ''} {reference.line or ''}"
        case = _case(suite, label, reference.file, reference.at_line)
        if name == "skipped":
            ET.SubElement(case, "skipped", message=_text(verdict.outcome.reason))
        elif checked.is_finding(verdict):
            kind = "error" if isinstance(verdict.outcome, Missing) else "warning"
            _failure(case, name, verdict.outcome.reason, f"{reference.file}:{reference.at_line}", kind)
        if verification_report.has_changed_text(verdict):
            ET.SubElement(case, "system-out").text = verification_report.TEXT_CHANGED
    for remark in checked.remarks:
        case = _case(suite, f"{remark.rule} {remark.line}", remark.file, remark.line)
        _failure(case, remark.rule, remark.message, f"{remark.file}:{remark.line}", "error")
    root = ET.Element("testsuites", name="annotator", tests=suite.attrib["tests"], failures=str(failures))
    if checked.stand_in:
        ET.SubElement(suite, "system-out").text = _text(checked.stand_in)
    root.append(suite)
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode")


def _case(suite: ET.Element, name: str, file: str, line: int) -> ET.Element:
    return ET.SubElement(
        suite, "testcase", name=_text(name.strip()), classname=_text(file), file=_text(file), line=str(line)
    )


def _failure(case: ET.Element, kind: str, message: str, where: str, level: str) -> None:
    failure = ET.SubElement(case, "failure", type=_text(f"{level}: {kind}"), message=_text(message))
    failure.text = _text(f"{where}: {message}")


def _text(words: str) -> str:
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", words)
