"""Findings for GitHub and GitLab: Markdown of comments, patches, code quality."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from annotator import cli
from annotator.model.go import Kind
from annotator.model.reference import (
    Anchor,
    FoundBy,
    Missing,
    Moved,
    Problem,
    Reference,
    TextState,
    Unread,
    Verdict,
    VerificationResult,
    Verified,
)
from annotator.reports import finding_formats, markdown

ANCHOR = Anchor("a/b.go", "T.M", Kind.METHOD, 7, 9)
HOSTILE = (
    "``` <script>x</script> [a](javascript:x) ![i](http://host.invalid/i.png) @admin #12 o/r#3 | a | b |",
    "https://host.invalid www.host.invalid a@host.invalid </details>\n\n# heading\n- [x] done\u202e\x1b[31m",
    "&lt;b&gt; &#64;admin \\` \\@admin *b* _e_ ~~s~~ $x$ <!-- --> :smile:\r\n> quote\n\n    code",
)


def checked(reason: str, file: str = "docs/a.md", count: int = 1) -> VerificationResult:
    reference = Reference("a/b.go", "T.M", 3, file=file, at_line=4, at_column=2, at_end=9)
    verdicts = (
        Verdict(reference, Moved(ANCHOR, FoundBy.SYMBOL, reason)),
        Verdict(reference, Missing(reason)),
        Verdict(reference, Verified(ANCHOR, FoundBy.SYMBOL, reason), TextState.CHANGED, "v1"),
    )
    return VerificationResult(
        repository=f"https://e.org/{reason}",
        tag=reason,
        commit=None,
        version=reason,
        verdicts=verdicts * count,
        remarks=(Problem(file, 12, reason, "go-unknown"),),
        files=(file,),
        unread=(Unread(file, 3, 5, reason),),
        failures=(f"{file}: {reason}",),
    )


def rendered(text: str) -> str:
    return MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(text)


@pytest.mark.parametrize("words", HOSTILE)
@pytest.mark.parametrize("file", ["docs/a.md", "docs/`a` ``` b|.md"])
def test_hostile_words_are_plain_text_in_comments(words, file):
    text = markdown.document(checked(words, file), patch=f"diff --git a/x b/x\n+{words}\n")

    page = rendered(text)
    outside = re.sub(r"<(code|pre)\b.*?</\1>", "", page, flags=re.DOTALL)

    assert set(re.findall(r"</?(\w+)", page)) <= {
        "h3", "p", "ul", "li", "code", "pre", "strong", "details", "summary",
    }  # fmt: skip
    assert outside.count("<details>") == outside.count("</details>") == 1
    assert not re.search(r"@\w|#\d", re.sub(r"&#?\w+;", "", outside))
    items = text.split("<details>")[0].split("\n", 1)[1]
    assert not re.search(r"https?://|www\.", items)  # GitHub would make links of them


def test_a_comment_tells_what_broke_and_what_changed():
    text = markdown.document(checked("in line 7"))

    broken, changed = text.split("**What broke**")[1].split("**What changed**")
    assert "`docs/a.md:4` moved: a/b.go:3 T.M: in line 7" in broken
    assert "`docs/a.md:4` missing" in broken
    assert "`docs/a.md:12` go-unknown" in broken
    assert "text-changed" in changed
    assert "<details>" not in text


@pytest.mark.parametrize("words", ["short", "long " * 300, "ä€" * 500])
@pytest.mark.parametrize("count", [1, 400])
def test_a_comment_keeps_within_its_size(words, count):
    patch = "diff --git a/x b/x\n" + "+line\n" * 9000
    text = markdown.document(checked(words, count=count), patch=patch)

    assert len(text.encode()) <= markdown.LONGEST
    assert "**What broke**" in text
    assert ("more" in text) == (count > 1)
    assert ("too long" in text) == (count > 1) or words != "short"


def test_code_quality_has_what_gitlab_requires():
    issues = json.loads(finding_formats.gitlab(checked("in line 7\n", count=2), lambda name: f"sub/{name}"))

    assert len({issue["fingerprint"] for issue in issues}) == len(issues) == 7
    assert {issue["severity"] for issue in issues} == {"minor", "major", "info"}
    for issue in issues:
        assert issue["check_name"]
        assert issue["description"].isprintable()
        assert issue["location"]["path"] == "sub/docs/a.md"
        assert issue["location"]["lines"]["begin"] >= 1


def test_fingerprints_stay_when_lines_move():
    before, after = (
        json.loads(finding_formats.gitlab(VerificationResult("r", "v1", None, "v1", (verdict,))))
        for verdict in (
            Verdict(Reference("a.go", line=3, file="a.md", at_line=line), Missing("gone")) for line in (1, 9)
        )
    )

    assert before[0]["fingerprint"] == after[0]["fingerprint"]
    assert before != after


TEXTS = {
    "plain.md": b"`cmd/main.go::main#L5`\n",
    "b c/no end.md": b"x\n`cmd/main.go::main#L5`",
    "crlf.md": b"one\r\n`cmd/main.go::main#L5`\r\ntwo\r\n",
    "fence.md": b"````\nx\n````\n`cmd/main.go::main#L5`\n",
    "wide.md": "`cmd/main.go::main#L5`\n".encode("utf-16"),
    'quote".md': b"`cmd/main.go::main#L5`\n",
    "right.md": b"`cmd/main.go::main`\n",
}


def test_the_patch_of_a_report_applies(project, shop, capsys):
    for name, data in TEXTS.items():
        (project / "docs" / name).parent.mkdir(parents=True, exist_ok=True)
        (project / "docs" / name).write_bytes(data)
    subprocess.run(["git", "init", "-q"], check=True)
    arguments = ["verify", f"--source={shop}", "--tag=v2.0.0", "docs"]

    assert cli.run([*arguments, "--format=patch", "--output=markdown=report.md"]) == 1
    Path("fix.patch").write_bytes(capsys.readouterr().out.encode())
    subprocess.run(["git", "apply", "fix.patch"], check=True)

    left = {name for name in TEXTS if b"L5" in (project / "docs" / name).read_bytes().replace(b"\0", b"")}
    assert left == {"wide.md", 'quote".md'}
    assert (project / "docs" / "crlf.md").read_bytes() == TEXTS["crlf.md"].replace(b"L5", b"L7")
    assert "Patch for 4 files" in Path("report.md").read_text()
    assert cli.run([*arguments[:-1], "--format=patch", "docs/plain.md"]) == 0
    assert capsys.readouterr().out == ""


def test_a_failing_run_leaves_a_report_that_says_why(project, capsys):
    code = cli.run(["verify", "--source=/nothing/@here", "--output=markdown=report.md", "--format=markdown"])

    assert code == 3
    assert Path("report.md").read_text() == capsys.readouterr().out
    assert Path("report.md").read_text().startswith("### References could not be verified")
