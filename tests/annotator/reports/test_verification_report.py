"""Findings in every format: what is there, and what hostile words do not do."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import msgspec
import pytest
from rich.console import Console

from annotator.model.go import Kind
from annotator.model.reference import (
    FAIL_ON,
    Anchor,
    ClaimKind,
    Code,
    Evidence,
    FoundBy,
    Missing,
    Mistaken,
    Moved,
    Problem,
    Reference,
    Skipped,
    TextState,
    Unknown,
    Unread,
    Verdict,
    VerificationResult,
    Verified,
)
from annotator.reports import finding_formats, findings, verification_report
from annotator.reports.verification_report import percent

SCHEMA = Path(verification_report.__file__).with_name("verification.schema.json")
HOSTILE = "\x1b[31m<script>]]>&\u202e\x00[red]"
ANCHOR = Anchor("a/b.go", "T.M", Kind.METHOD, 7, 9)


def reference(**changes: object) -> Reference:
    fields = {"path": "a/b.go", "symbol": "T.M", "line": 3, "file": "docs/a b.md", "at_line": 4}
    return Reference(**(fields | {"at_column": 2, "at_end": 9, "cited": "a/b.go"} | changes))


def checked(*verdicts: Verdict, remarks: tuple[Problem, ...] = ()) -> VerificationResult:
    return VerificationResult("https://e.org/r", "v1", "c" * 40, "v1", verdicts, 1, remarks)


ALL = checked(
    Verdict(reference(), Verified(ANCHOR, FoundBy.SYMBOL, "there")),
    Verdict(reference(), Moved(ANCHOR, FoundBy.SYMBOL, "in line 7")),
    Verdict(reference(symbol=None), Missing("gone", ANCHOR)),
    Verdict(reference(repository="o/r"), Skipped("another repository")),
    remarks=(Problem("pkg/x.py", 12, "names nothing", "go-unknown"),),
)


def shown(value: VerificationResult) -> str:
    console = Console(file=io.StringIO(), width=40, markup=False, highlight=False)
    for part in verification_report.text(value):
        console.print(part, soft_wrap=True)
    return console.file.getvalue()


# One of each verdict: all of the eight that programs must tell apart.
STATES = msgspec.structs.replace(
    checked(
        Verdict(reference(), Verified(ANCHOR, FoundBy.SYMBOL, "there"), TextState.CHANGED, "v1"),
        Verdict(reference(symbol=None, ref="v0"), Missing("past the end", code=Code.PAST_END), origin="v0"),
        Verdict(reference(), Missing("never there", code=Code.NEVER_EXISTED)),
        Verdict(reference(), Missing("several", ANCHOR, Code.AMBIGUOUS)),
        Verdict(
            reference(),
            Mistaken("names T.M, cites U", ANCHOR, Code.CONTRADICTS_LABEL),
            evidence=(Evidence(ClaimKind.LABEL, "T.M", agrees=False),),
        ),
        Verdict(reference(ref="v9"), Unknown("no such tag", Code.COMMIT_NOT_AVAILABLE)),
        Verdict(reference(), Unknown("in a log", Code.PROGRAM_OUTPUT)),
        Verdict(reference(repository="o/r", ref="v2"), Skipped("another repository")),
    ),
    files=("docs/a b.md", "docs/c.md"),
    unread=(Unread("docs/c.md", 3, 5, "a.go at 12"),),
    problems=(Problem("m.toml", 7, "no citation", "stale-manifest-entry"),),
    failures=("docs/x.md: cannot be read",),
)


def test_json_fits_the_schema_in_the_repository():
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))

    for result in (ALL, STATES, checked()):
        jsonschema.validate(json.loads(verification_report.json(result, show_unread=True)), schema)
        jsonschema.validate(json.loads(verification_report.json(result)), schema)


def test_json_tells_states_apart_with_origin_and_evidence():
    report = json.loads(verification_report.json(STATES, show_unread=True))

    assert [row["code"] for row in report["references"]] == [
        "ok", "past-end", "never-existed", "ambiguous", "contradicts-label", "commit-not-available",
        "program-output", "other-repository",
    ]  # fmt: skip
    assert report["references"][1]["origin"] == "v0"
    assert report["references"][4]["evidence"] == [{"kind": "label", "names": "T.M", "agrees": False}]
    assert report["references"][4]["guess"]["line"] == 7
    assert (
        report["references"][7]["reference"] | {"ref": "v2", "repository": "o/r", "column": 2}
        == (report["references"][7]["reference"])
    )
    assert report["unread"] == [{"file": "docs/c.md", "at_line": 3, "column": 5, "text": "a.go at 12"}]
    assert report["summary"]["unread"] == 1
    assert "unread" not in json.loads(verification_report.json(STATES))


def test_shares_are_disjoint_and_changed_is_apart():
    report = json.loads(verification_report.json(STATES))

    assert sum(share for verdict, share in report["score"].items() if verdict != "changed") == 1
    assert report["score"] == {
        "verified": 0.125, "moved": 0.0, "renamed": 0.0, "missing": 0.375, "mistaken": 0.125,
        "unknown": 0.25, "skipped": 0.125, "changed": 0.125,
    }  # fmt: skip
    assert [file["summary"]["missing"] for file in report["files"]] == [3, 0]


@pytest.mark.parametrize(
    ("counted", "of", "expected"),
    [(5, 8, "62.5 %"), (1, 100_000, "0.1 %"), (99_999, 100_000, "99.9 %"), (0, 0, "0 %"), (3, 3, "100 %")],
)
def test_a_share_is_never_rounded_to_none_or_all(counted, of, expected):
    assert percent(counted, of) == expected


def test_text_of_several_files_has_a_table_and_the_score():
    lines = shown(STATES).splitlines()

    (head,) = [line for line in lines if line.startswith("file ")]
    assert head.split() == [
        "file", "references", "verified", "missing", "mistaken", "unknown", "skipped", "changed",
    ]  # fmt: skip
    (total,) = [line for line in lines if line.startswith("all files")]
    assert "37.5 %" in total
    assert (
        "truth score: 12.5 % verified, 37.5 % missing, 12.5 % mistaken, 25 % unknown, 12.5 % skipped; "
        "12.5 % with a changed text"
    ) in lines


def test_every_report_has_the_score():
    (run,) = json.loads(finding_formats.sarif(STATES))["runs"]
    suite = ET.fromstring(finding_formats.junit(STATES)).find("testsuite")  # noqa: S314 - written by us
    said = {each.get("name"): each.get("value") for each in suite.find("properties")}

    assert run["properties"]["score"]["missing"] == 0.375
    assert (said["share missing"], said["missing"], said["docs/c.md unread"]) == ("0.375", "3", "1")
    assert "truth score: 12.5 % verified" in finding_formats.github(STATES)


def test_codes_are_the_rules_of_sarif_and_the_types_of_junit():
    (run,) = json.loads(finding_formats.sarif(STATES, show_unread=True))["runs"]
    suite = ET.fromstring(finding_formats.junit(STATES)).find("testsuite")  # noqa: S314 - written by us

    assert [(result["ruleId"], result["kind"], result["level"]) for result in run["results"]] == [
        ("text-changed", "fail", "note"),
        ("past-end", "fail", "error"),
        ("never-existed", "fail", "error"),
        ("ambiguous", "fail", "error"),
        ("contradicts-label", "fail", "error"),
        ("commit-not-available", "open", "none"),
        ("stale-manifest-entry", "fail", "error"),
        ("unread", "review", "none"),
    ]
    assert not run["invocations"][0]["executionSuccessful"]
    assert [each.get("type") for each in suite.iter("failure")] == [
        "past-end", "never-existed", "ambiguous", "contradicts-label", "stale-manifest-entry",
    ]  # fmt: skip
    assert (suite.get("errors"), suite.get("skipped")) == ("1", "3")


def test_every_code_is_a_rule_that_says_what_to_do():
    assert {*Code, "text-changed", "unread"} <= set(findings.RULES)
    assert all(rule.short and rule.help for rule in findings.RULES.values())


@pytest.mark.parametrize("word", FAIL_ON)
def test_fail_on_makes_a_finding_of_what_is_none(word):
    verdicts = {
        "changed": CHANGED.verdicts,
        "unknown": (Verdict(reference(), Unknown("no such tag", Code.COMMIT_NOT_AVAILABLE)),),
        "skipped": (Verdict(reference(), Skipped("another repository")),),
        "unread": (),
    }[word]
    result = msgspec.structs.replace(checked(*verdicts), unread=(Unread("a.md", 1, 1, "a.go at 12"),))
    strict = msgspec.structs.replace(result, fail_on=frozenset({word}))

    assert (result.has_findings, strict.has_findings) == (False, True)
    (found,) = json.loads(finding_formats.sarif(strict))["runs"][0]["results"]
    assert (found["kind"], found["level"]) == ("fail", "warning")
    assert any(
        line.startswith(("::warning ", "::error ")) for line in finding_formats.github(strict).splitlines()
    )
    if word != "unread":
        assert 'failures="1"' in finding_formats.junit(strict)


def test_workflow_commands_name_the_place_and_are_escaped():
    bad = reference(file="a,b:c%.md")

    lines = finding_formats.github(
        checked(Verdict(bad, Missing("50 % is\ngone", code=Code.TEXT_GONE)))
    ).splitlines()

    assert lines[0] == (
        "::error file=a%2Cb%3Ac%25.md,line=4,col=2,endColumn=9,title=missing%3A text-gone"
        "::a/b.go:3 T.M: 50 %25 is\ufffdgone"
    )
    assert lines[-1].startswith("1 reference at v1")


def test_text_has_a_line_a_reference_and_one_in_sum():
    lines = shown(ALL).splitlines()

    assert lines[0].startswith("moved     a/b.go:3 T.M")
    assert [line.split()[0] for line in lines if not line.startswith(" ")][:4] == [
        "moved", "missing", "verified", "skipped",
    ]  # fmt: skip
    assert lines[-1].startswith(
        "4 references at v1, commit cccccccccccc: 1 verified, 1 moved, 1 missing, 1 skipped"
    )
    assert "pkg/x.py:12: names nothing" in lines


def test_quiet_text_leaves_out_what_is_verified_and_skipped():
    console = Console(file=io.StringIO(), width=40, markup=False, highlight=False)
    for part in verification_report.text(ALL, quiet=True):
        console.print(part, soft_wrap=True)

    assert "verified  a/b.go" not in console.file.getvalue()
    assert "skipped   a/b.go" not in console.file.getvalue()
    assert "moved     a/b.go" in console.file.getvalue()


CHANGED = checked(Verdict(reference(), Verified(ANCHOR, FoundBy.SYMBOL, "there"), TextState.CHANGED))


def test_a_changed_text_is_told_in_every_report():
    assert verification_report.TEXT_CHANGED in shown(CHANGED)
    assert "1 with a changed text" in shown(CHANGED)
    (result,) = json.loads(finding_formats.sarif(CHANGED))["runs"][0]["results"]
    assert (result["ruleId"], result["level"]) == ("text-changed", "note")
    suite = ET.fromstring(finding_formats.junit(CHANGED)).find("testsuite")  # noqa: S314 - written by us
    assert suite.get("failures") == "0"
    assert suite.find("testcase/system-out").text == verification_report.TEXT_CHANGED
    assert not CHANGED.has_findings


def test_only_missing_counts_in_a_release_that_stands_in():
    moved = Verdict(reference(), Moved(ANCHOR, FoundBy.SYMBOL, "in line 7"))
    missing = Verdict(reference(), Missing("gone"))
    stand_in = "nobody answers: this is v2"

    other = msgspec.structs.replace(checked(moved), stand_in=stand_in)
    assert not other.has_findings
    assert msgspec.structs.replace(other, verdicts=(moved, missing)).has_findings
    assert "only `missing` counts" in shown(other)
    (run,) = json.loads(finding_formats.sarif(other))["runs"]
    assert run["results"] == []
    assert run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"] == stand_in
    assert 'failures="0"' in finding_formats.junit(other)


def test_sarif_of_a_failure_is_an_empty_run_with_the_error():
    (run,) = json.loads(finding_formats.sarif_failure("x: cannot be read\x1b", 3))["runs"]

    assert run["results"] == []
    assert run["invocations"] == [
        {
            "executionSuccessful": False,
            "exitCode": 3,
            "toolExecutionNotifications": [
                {"level": "error", "message": {"text": "x: cannot be read\ufffd"}}
            ],
        }
    ]


def test_a_skipped_reference_is_no_finding():
    assert not checked(Verdict(reference(), Skipped("another repository"))).has_findings


def test_json_of_a_missing_one_has_a_guess_and_no_anchor():
    row = json.loads(verification_report.json(ALL))["references"][2]

    assert (row["anchor"], row["by"], row["guess"]["line"]) == (None, None, 7)


def test_sarif_has_a_result_a_finding_in_the_region_that_was_read():
    (run,) = json.loads(finding_formats.sarif(ALL))["runs"]

    found = [(result["ruleId"], result["locations"][0]["physicalLocation"]) for result in run["results"]]
    assert [rule for rule, _ in found] == ["moved", "declaration-gone", "go-unknown"]
    assert found[0][1] == {
        "artifactLocation": {"uri": "docs/a%20b.md", "uriBaseId": "SRCROOT"},
        "region": {"startLine": 4, "startColumn": 2, "endColumn": 9},
    }
    assert {rule["id"] for rule in run["tool"]["driver"]["rules"]} == {rule for rule, _ in found}
    assert all(rule["help"]["text"] for rule in run["tool"]["driver"]["rules"])


def test_a_finding_keeps_its_fingerprint_when_lines_above_it_are_added():
    marks = {
        json.loads(finding_formats.sarif(checked(Verdict(reference(at_line=line), Missing("gone")))))["runs"][
            0
        ]["results"][0]["partialFingerprints"]["finding/v1"]
        for line in (4, 40)
    }

    assert len(marks) == 1


def test_junit_counts_what_it_holds():
    root = ET.fromstring(finding_formats.junit(ALL))  # noqa: S314 - written by us a line above

    suite = root.find("testsuite")
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("5", "3", "1")
    assert len(suite.findall("testcase/failure")) == 3


@pytest.mark.parametrize(
    "write",
    [finding_formats.sarif, finding_formats.junit, verification_report.json, finding_formats.github, shown],
)
def test_hostile_words_are_only_words(write):
    bad = reference(path=HOSTILE, symbol=HOSTILE, cited=HOSTILE, cited_in=HOSTILE, file=HOSTILE)

    written = write(
        checked(Verdict(bad, Missing(HOSTILE)), remarks=(Problem(HOSTILE, 1, HOSTILE, "go-unknown"),))
    )

    assert "\x1b" not in written
    assert "\x00" not in written
    if write is finding_formats.junit:
        assert len(ET.fromstring(written).findall("testsuite/testcase/failure")) == 2  # noqa: S314 - likewise


@pytest.mark.slow
def test_sarif_passes_its_makers_validator_and_the_rules_of_code_scanning(tmp_path: Path, npm: str):
    subprocess.run(
        [npm, "install", "--silent", "--prefix", str(tmp_path), "@microsoft/sarif-multitool-linux"],
        check=True,
        capture_output=True,
    )
    (tool,) = [path for path in tmp_path.rglob("Sarif.Multitool") if path.is_file()]
    for number, written in enumerate(
        (finding_formats.sarif(ALL), finding_formats.sarif(CHANGED), finding_formats.sarif_failure("no", 3))
    ):
        log, out = tmp_path / f"findings-{number}.sarif", tmp_path / f"judged-{number}.sarif"
        log.write_text(written, encoding="utf-8")

        subprocess.run(
            [str(tool), "validate", str(log), "--rule-kind", "Sarif;Ghas", "--output", str(out)],
            check=True,
            capture_output=True,
            env={
                "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1",
                "HOME": str(tmp_path),
                "PATH": "/usr/bin:/bin",
            },
        )

        results = json.loads(out.read_text(encoding="utf-8-sig"))["runs"][0].get("results", [])
        assert {result["ruleId"] for result in results} <= {"SARIF2005"}  # the tool has no home page
