"""Findings as JUnit XML."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import msgspec

from annotator.model.reference import Skipped, Unknown, Verdict, VerificationResult
from annotator.reports import verification_report
from annotator.reports.verification_report import Summary, by_file, score, summary

# What XML 1.0 cannot hold, not even as a character reference.
_FORBIDDEN = "[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"


def document(checked: VerificationResult, *, show_unread: bool = False) -> str:
    """Return the report as one test suite; a failure's type is its reason code."""
    figures = summary(checked)
    problems = (*checked.problems, *checked.remarks)
    failures = sum(map(checked.is_finding, checked.verdicts)) + len(problems)
    tests = len(checked.verdicts) + len(problems) + len(checked.failures)
    suite = ET.Element(
        "testsuite",
        name=_text(f"references at {checked.tag}"),
        tests=str(tests),
        failures=str(failures),
        errors=str(len(checked.failures)),
        skipped=str(sum(_is_skipped(checked, verdict) for verdict in checked.verdicts)),
    )
    _properties(suite, checked, figures)
    for verdict in checked.verdicts:
        _verdict(suite, checked, verdict)
    for problem in problems:
        case = _case(suite, f"{problem.rule} {problem.line}", problem.file, problem.line)
        _failure(case, problem.rule, problem.message, f"{problem.file}:{problem.line}")
    for failure in checked.failures:
        case = _case(suite, "reading the document", failure.partition(":")[0], 1)
        ET.SubElement(case, "error", type="unreadable", message=_text(failure))
    said = [f"{text.file}:{text.at_line}: not read: {text.text}" for text in checked.unread if show_unread]
    if checked.stand_in:
        said.append(checked.stand_in)
    if said:
        ET.SubElement(suite, "system-out").text = _text("\n".join(said))
    root = ET.Element("testsuites", name="annotator", tests=suite.attrib["tests"], failures=str(failures))
    root.append(suite)
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode")


def _properties(suite: ET.Element, checked: VerificationResult, figures: Summary) -> None:
    """Add the counts and the truth score, and the counts of each file if there are several."""
    properties = ET.SubElement(suite, "properties")
    named = {**msgspec.structs.asdict(figures)}
    named |= {f"share {key}": share for key, share in msgspec.structs.asdict(score(figures)).items()}
    files = by_file(checked)
    for file in files if len(files) > 1 else ():
        named |= {f"{file.file} {key}": count for key, count in msgspec.structs.asdict(file.summary).items()}
    for name, value in named.items():
        ET.SubElement(properties, "property", name=_text(name), value=str(value))


def _is_skipped(checked: VerificationResult, verdict: Verdict) -> bool:
    """Return whether nothing can be said of a reference, which is neither success nor failure."""
    return isinstance(verdict.outcome, Skipped | Unknown) and not checked.is_finding(verdict)


def _verdict(suite: ET.Element, checked: VerificationResult, verdict: Verdict) -> None:
    reference, outcome = verdict.reference, verdict.outcome
    label = f"{reference.cited or reference.path} {reference.symbol or ''} {reference.line or ''}"
    case = _case(suite, label, reference.file, reference.at_line)
    where = f"{reference.file}:{reference.at_line}"
    if _is_skipped(checked, verdict):
        ET.SubElement(case, "skipped", type=_text(outcome.code), message=_text(outcome.reason))
    elif checked.is_place_finding(verdict):
        _failure(case, outcome.code, outcome.reason, where)
    elif checked.is_changed_finding(verdict):
        _failure(case, "text-changed", verification_report.TEXT_CHANGED, where)
    if verdict.has_changed_text:
        ET.SubElement(case, "system-out").text = verification_report.TEXT_CHANGED


def _case(suite: ET.Element, name: str, file: str, line: int) -> ET.Element:
    return ET.SubElement(
        suite, "testcase", name=_text(name.strip()), classname=_text(file), file=_text(file), line=str(line)
    )


def _failure(case: ET.Element, code: str, message: str, where: str) -> None:
    failure = ET.SubElement(case, "failure", type=_text(code), message=_text(message))
    failure.text = _text(f"{where}: {message}")


def _text(words: str) -> str:
    return re.sub(_FORBIDDEN, "\N{REPLACEMENT CHARACTER}", words)
