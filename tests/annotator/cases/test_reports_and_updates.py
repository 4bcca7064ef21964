"""Small repositories and articles: what the reports tell apart, and what `--update` writes."""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest
from small_repository import KILN, SHIFTED, build

from annotator import cli

URL = "https://github.com/acme/kiln/blob"
WITHOUT_COOL = KILN.replace(KILN[KILN.index("// Cool waits") : KILN.index("// Shelf holds")], "")
WITHOUT_PUT = SHIFTED.replace(SHIFTED[SHIFTED.index("// Put adds") : SHIFTED.index("var errTooHot")], "")


@pytest.fixture(scope="module")
def repositories(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, SimpleNamespace]:
    """A repository for each way in which kiln.go changes from v1.0.0 to v1.1.0."""
    made = {}
    for name, changed in (("shifted", SHIFTED), ("cool gone", WITHOUT_COOL), ("put gone", WITHOUT_PUT)):
        folder = tmp_path_factory.mktemp("source")
        more = {"a/x.go": KILN, "b/x.go": KILN}
        versions = {"v1.0.0": {"kiln.go": KILN, **more}, "v1.1.0": {"kiln.go": changed, **more}}
        made[name] = SimpleNamespace(path=folder, commits=build(folder, versions))
    return made


@pytest.fixture
def verify(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    repositories: Mapping[str, SimpleNamespace],
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[..., int]:
    """Runs `verify` in a project whose baseline is v1.0.0, and returns its exit code."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANNOTATOR_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
    settings = 'repository = "https://github.com/acme/kiln"\nbaseline = "v1.0.0"\n'
    Path("annotator.toml").write_text(settings)

    def run(*arguments: str, source: str = "shifted") -> int:
        return cli.run(["verify", f"--source={repositories[source].path}", *arguments])

    return run


@pytest.fixture
def report(verify: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> Callable[..., object]:
    """Runs `verify --format json` and returns its references."""

    def run(*arguments: str, source: str = "shifted") -> object:
        capsys.readouterr()
        verify("--format=json", *arguments, source=source)
        return json.loads(capsys.readouterr().out)

    return run


def test_json_names_ref_repository_and_column(report):
    Path("article.md").write_text(
        f"{URL}/v1.0.0/kiln.go#L13 and {URL}/main/kiln.go#L13 and "
        "https://github.com/other/x/blob/v2/a.go#L3\n"
    )

    references = [row["reference"] for row in report("article.md")["references"]]

    assert [each["ref"] for each in references] == ["v1.0.0", "main", "v2"]
    assert [each["repository"] for each in references] == [None, None, "other/x"]
    text = Path("article.md").read_text()
    assert [text[each["column"] - 1 :][:8] for each in references] == ["https://"] * 3


def test_update_rewrites_entries_of_all_forms_and_gives_them_refs(verify, report):
    article = Path("article.toml")
    article.write_bytes(MANIFEST)
    before = report("article.toml", source="put gone")["references"][1]

    assert verify("--update", "--tag=v1.1.0", "article.toml", source="put gone") == cli.FINDINGS

    assert article.read_bytes() == MANIFEST.replace(b"line = 4 }", b'line = 8, ref = "v1.1.0" }').replace(
        b"line = 13 # here\r\n", b'line = 17 # here\r\nref = "v1.1.0"\r\n'
    )
    for tag in ("v1.0.0", "v1.1.0"):
        rows = report("article.toml", f"--tag={tag}", source="put gone")["references"]
        assert [row["reference"]["ref"] for row in rows] == ["v1.1.0", "v1.0.0", "v1.1.0"]
        assert rows[1]["verdict"] == ("verified" if tag == "v1.0.0" else "missing")
    assert report("article.toml", source="put gone")["references"][1] == before
    assert [row["verdict"] for row in rows] == ["verified", "missing", "verified"]

    verify("--update", "--tag=v1.0.0", "article.toml", source="put gone")
    assert article.read_bytes() == MANIFEST


MANIFEST = b"""\
title = 'Kiln'
tag = 'v1.0.0'

[[chapters]]
number = "1"
title = "Heat"
references = [
  { path = "kiln.go", symbol = "Fire", line = 4 }, # hot
  { path = "kiln.go", symbol = "Shelf.Put", line = 25 },
]

[[chapters]]
number = "2"
title = "Cold"

[[chapters.references]]
path = "kiln.go"
symbol = "Cool"
line = 13 # here
""".replace(b"\n", b"\r\n")


def test_update_gives_a_manifest_the_new_tag_where_all_is_right(verify):
    article = Path("article.toml")
    article.write_bytes(MANIFEST)

    assert verify("--update", "--tag=v1.1.0", "article.toml") == cli.OK
    assert article.read_bytes() == MANIFEST.replace(b"v1.0.0", b"v1.1.0").replace(b"= 4", b"= 8").replace(
        b"= 25", b"= 29"
    ).replace(b"= 13", b"= 17")

    assert verify("--update", "--tag=v1.0.0", "article.toml") == cli.OK
    assert article.read_bytes() == MANIFEST


@pytest.mark.parametrize(
    ("mark", "encoding"), [(codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (b"", "utf-8")]
)
def test_update_keeps_byte_order_mark_and_encoding(verify, mark, encoding):
    def words(line: int) -> bytes:
        return mark + f"see `kiln.go::Cool#L{line}` \u00fc\r\nend".encode(encoding)

    Path("article.md").write_bytes(words(13))

    assert verify("--update", "--tag=v1.1.0", "article.md") == cli.OK
    assert Path("article.md").read_bytes() == words(17)


def test_update_keeps_commits_and_pins_branches_and_as_asked(verify, repositories):
    commits = repositories["shifted"].commits
    article = Path("article.md")

    def text(ref: str, line: int) -> str:
        return f"[Cool]({URL}/{ref}/kiln.go#L{line}) and\n[Cool]({URL}/{ref}/kiln.go#L{line}-L{line})\n"

    for options, before, after in [
        ((), commits["v1.0.0"], commits["v1.1.0"]),
        ((), commits["v1.0.0"][:10], commits["v1.1.0"][:10]),
        ((), "v1.0.0", "v1.1.0"),
        (("--pin=tag",), commits["v1.0.0"], "v1.1.0"),
        (("--written-at=v1.0.0",), "main", "v1.1.0"),
        (("--pin=commit",), "main", commits["v1.1.0"]),
        (("--pin=commit",), "v1.0.0", commits["v1.1.0"]),
    ]:
        article.write_text(text(before, 13))
        assert verify("--update", *options, "--tag=v1.1.0", "article.md") == cli.OK
        assert article.read_text() == text(after, 17)


def test_what_cites_other_repositories_alone_says_so(verify, capsys):
    Path("article.md").write_text("https://github.com/acme/other/blob/v1/a.go#L3\n")

    assert verify("article.md") == cli.OK

    assert "nothing was checked: name those that are this one in `also`" in capsys.readouterr().out


def test_diff_shows_what_update_writes_and_writes_nothing(verify, capsys):
    Path("article.md").write_text("a\n`kiln.go::Cool#L13`")

    assert verify("--diff", "--tag=v1.1.0", "article.md") == cli.FINDINGS

    assert capsys.readouterr().out == (
        "--- article.md\n+++ article.md\n@@ -1,2 +1,2 @@\n a\n"
        "-`kiln.go::Cool#L13`\n\\ No newline at end of file\n"
        "+`kiln.go::Cool#L17`\n\\ No newline at end of file\n"
    )
    assert Path("article.md").read_text() == "a\n`kiln.go::Cool#L13`"
    assert verify("--pin=tag", "article.md") == cli.USAGE


def test_update_of_an_unreadable_article_does_not_stop_the_others(verify, capsys):
    Path("bad.md").write_bytes(b"%PDF-1.4 kiln.go:13")
    Path("odd.md").write_bytes("äöü".encode() * 30 + b"\xff `kiln.go::Cool#L13`\n")
    Path("good.md").write_text("`kiln.go::Cool#L13`\n")

    assert verify("--update", "--tag=v1.1.0", "bad.md", "odd.md", "good.md") == cli.USAGE

    assert Path("good.md").read_text() == "`kiln.go::Cool#L17`\n"
    assert b"L13" in Path("odd.md").read_bytes()
    err = capsys.readouterr().err
    assert "bad.md: this is a binary file" in err
    assert "odd.md: its characters are damaged" in err


def test_update_leaves_what_is_no_reference_or_cannot_be_read(verify):
    text = "kiln.go:0\nkiln.go:16-13\nkiln.go#L16-L13\nkiln.go:13-\nkiln.go:99999999999\n" + "".join(
        f"{URL}/v1.0.0/kiln.go#{line}\n" for line in ("L0", "LX", "L16-L13", "L13-L9999")
    )
    Path("article.md").write_text(text)

    verify("--update", "--tag=v1.1.0", "article.md")

    assert Path("article.md").read_text() == text


def entries(address: str) -> str:
    return f"""title = "Kiln"
address = "{address}"
tag = "v1.0.0"

[[chapters]]
number = "1"
title = "Heat"
references = [
  {{ path = "kiln.go", symbol = "Cool", line = 13 }},
  {{ path = "kiln.go", symbol = "Fire", line = 4 }},
  {{ path = "kiln.go", symbol = "Shelf", line = 19 }},
  {{ path = "kiln.go", line = 29 }},
]
"""


@pytest.mark.parametrize(
    ("address", "named"),
    [
        ("article.md", ["article.toml"]),
        ("article.md", ["article.md", "article.toml"]),
        ("https://example.org/kiln", ["article.toml", "article.md"]),
    ],
)
def test_an_entry_without_a_citation_is_a_finding(report, verify, address, named):
    Path("article.md").write_text("Cooling: kiln.go:14. `kiln.go::Shelf`, kiln.go:29.\n")
    Path("article.toml").write_text(entries(address))

    (problem,) = report(*named)["problems"]

    assert problem == {
        "file": "article.toml",
        "line": 10,
        "message": "article.md has no citation of kiln.go::Fire#L4 any more; remove the entry, or cite it",
        "rule": "stale-manifest-entry",
    }
    assert verify(*named) == cli.FINDINGS
    assert report(*named, "--tag=v1.1.0")["problems"] == [problem]


@pytest.mark.parametrize("address", ["", "https://example.org/kiln", "nothing.md", "../outside.md", "src"])
def test_entries_of_an_article_elsewhere_are_no_findings(report, address):
    Path("../outside.md").write_text("nothing")
    Path("article.toml").write_text(entries(address))

    assert report("article.toml")["problems"] == []


def test_codes_tell_apart_why_a_reference_is_not_there(report):
    Path("article.md").write_text(
        "kiln.go:99999\nnever/there.go:3\nkiln.go::Nope\n"
        f"{URL}/v1.0.0/kiln.go#L13\n{URL}/v9.9.9/kiln.go#L4\n{URL}/{'0123456789' * 4}/kiln.go#L4\n"
        f"{URL}/v1.0.0/kiln.go#L4444\nx.go:4\n"
    )

    rows = report("article.md", "--tag=v1.1.0", source="cool gone")["references"]

    assert [(row["verdict"], row["code"]) for row in rows] == [
        ("missing", "past-end"),
        ("missing", "no-such-file"),
        ("mistaken", "never-existed"),
        ("missing", "declaration-gone"),
        ("unknown", "ref-not-available"),
        ("unknown", "commit-not-available"),
        ("missing", "past-end"),
        ("missing", "ambiguous"),
    ]


LINKS = [
    "[kiln.go#L13]({url}#L13)",
    "[`kiln.go:13-16`]({url}#L13-L16)",
    "[L13]({url}#L13)",
    "[line 13]({url}#L13)",
    "[lines 13 to 16]({url}#L13-L16) and [Cool]({url}#L13)",
    '<a href="{url}#L13">kiln.go:13</a>',
]
DISAGREEING = ["[kiln.go:4]({url}#L13)", "[kiln.go:13-15]({url}#L13-L16)", "[other.go:13]({url}#L13)"]


def test_update_writes_label_and_target_of_a_link(verify, report, repositories):
    commits = repositories["shifted"].commits

    def text(ref: str, lines: list[str]) -> str:
        listed = "".join(f"- {line}\n" for line in [*lines, "[x][kiln-l13]"])
        return f"{listed}\n[kiln-l13]: {{url}}#L13\n".format(url=f"{URL}/{ref}/kiln.go")

    Path("article.md").write_text(text(commits["v1.0.0"], LINKS))

    assert verify("--update", "--tag=v1.1.0", "article.md") == cli.OK

    after = text(commits["v1.1.0"], LINKS)
    for old, new in (("13", "17"), ("16", "20")):
        for before in ("#L", "-L", ":", "-", "[L", "line ", "lines ", "to ", "-l"):
            after = after.replace(f"{before}{old}", f"{before}{new}")
    assert Path("article.md").read_text() == after
    rows = report("--tag=v1.1.0", "article.md")["references"]
    assert [row["verdict"] for row in rows] == ["verified"] * (len(LINKS) + 2)
    verify("--update", "--tag=v1.0.0", "article.md")
    assert Path("article.md").read_text() == text(commits["v1.0.0"], LINKS)


def test_update_leaves_links_whose_label_and_target_disagree(verify, report, repositories):
    url = f"{URL}/{repositories['shifted'].commits['v1.0.0']}/kiln.go"
    text = "".join(f"- {line.format(url=url)}\n" for line in DISAGREEING)
    Path("article.md").write_text(text)

    assert verify("--update", "--tag=v1.1.0", "article.md") == cli.FINDINGS

    assert Path("article.md").read_text() == text
    assert {row["code"] for row in report("article.md")["references"]} == {"contradicts-label"}


def test_what_was_wrong_when_written_is_rewritten_if_asked(verify, capsys):
    wrong = f"`Fire` is at `kiln.go:13`.\n[Fire]({URL}/v1.0.0/kiln.go#L13-L16) heats.\n"
    Path("article.md").write_text(wrong)

    assert verify("--update", "--tag=v1.1.0", "article.md") == cli.FINDINGS
    assert Path("article.md").read_text() == wrong
    assert "`--fix-mistaken` rewrites 2 of them" in capsys.readouterr().err

    assert verify("--update", "--fix-mistaken", "--tag=v1.1.0", "article.md") == cli.OK
    assert Path("article.md").read_text() == (
        f"`Fire` is at `kiln.go:8`.\n[Fire]({URL}/v1.1.0/kiln.go#L8-L14) heats.\n"
    )


def test_a_link_into_another_repository_gets_its_tag(verify, repositories):
    Path("annotator.toml").write_text(
        '[[repository]]\nurl = "https://github.com/acme/kiln"\nbaseline = "v1.0.0"\n\n'
        '[[repository]]\nurl = "https://github.com/acme/oven"\nbaseline = "v1.1.0"\n'
    )
    other = "https://github.com/acme/oven/blob"
    Path("article.md").write_text(f"{other}/v1.0.0/kiln.go#L13\n{URL}/v1.0.0/kiln.go#L13\n")
    named = f"--source=acme/oven={repositories['shifted'].path}"

    assert verify("--update", named, "article.md", source="cool gone") == cli.OK

    assert Path("article.md").read_text() == f"{other}/v1.1.0/kiln.go#L17\n{URL}/v1.0.0/kiln.go#L13\n"
