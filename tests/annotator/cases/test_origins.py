"""Small repositories and articles: references are carried from where they were written."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from small_repository import KILN, SHIFTED, build

from annotator import cli

URL = "https://github.com/acme/kiln/blob"

SLOWER = (
    SHIFTED.replace("// Fire heats the kiln.", "// Fire heats the kiln slowly.")
    .replace("Fire(temp int) error", "Fire(ctx any, temp int) error")
    .replace("limit := 1300", "limit := 1280\n\tprintln(limit)")
    .replace("Width int", "Width int\n\tDepth int")
)
CHILL = KILN.replace("Cool waits", "Chill waits").replace("func Cool", "func Chill")
OVEN = KILN.replace("package kiln", "package oven")
PARTS = KILN.splitlines(keepends=True)
LAYOUT = """package kiln

// Fire heats.
func Fire(t int) int {
	// slow at first
	x := t
	return x
}

func Cool() int { return  2 }
"""
GROUP = "package kiln\n\nconst (\n\tLow  = 1\n\tHigh = 2\n)\n\n" + "".join(PARTS[2:])
CHART = (
    "title: kiln\nsteps:\n  - name: heat\n    degrees: 1300\n  - name: cool\n    degrees: 20\nowner: potter\n"
)

FIRE, COOL, SHELF, PUT, ERROR = KILN.split("\n\n")[1:]
BAKE = "// Bake is new.\nfunc Bake(name string) {\n\tprintln(name)\n\tpanic(name)\n}"
SLOW_COOL = COOL.replace("hours * 2", "hours * 3")


def _kiln(*parts: str) -> dict[str, str]:
    return {"kiln.go": "\n\n".join(("package kiln", *parts))}


REPOSITORIES: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "shifted": {"v1.0.0": {"kiln.go": KILN}, "v1.1.0": {"kiln.go": SHIFTED}},
    "slower": {"v1.0.0": {"kiln.go": KILN}, "v1.1.0": {"kiln.go": SLOWER}},
    "left the file": {
        "v1.0.0": {"kiln.go": KILN},
        "v1.1.0": {
            "kiln.go": "".join(PARTS[:11]),
            "cooling.go": "package kiln\n" + "".join(PARTS[10:16]),
            "store/shelf.go": "package store\n" + "".join(PARTS[16:27]),
        },
    },
    "other file of the name": {
        "v1.0.0": {"oven/util.go": KILN, "only/one.go": KILN},
        "v1.1.0": {
            "only/one.go": KILN,
            "other/util.go": "package other\n\n// Stack is another thing.\nfunc Stack() {}\n",
            "two/one.go": "package two\n\n\nfunc Two() {}\n",
        },
    },
    "renamed": {
        "v1.0.0": {"kiln.go": KILN, "oven/heat_linux.go": OVEN, "oven/heat_windows.go": OVEN},
        "v1.1.0": {"kiln.go": CHILL, "oven/heat_unix.go": OVEN, "oven/heat_windows.go": OVEN},
    },
    "layout": {
        "v1.0.0": {"kiln.go": LAYOUT},
        "v1.1.0": {
            "kiln.go": LAYOUT.replace("slow at", "slowly at")
            .replace("x := t", "x   :=   t")
            .replace("{ return  2 }", "{\n\treturn 2\n}")
        },
    },
    "group": {
        "v1.0.0": {"kiln.go": GROUP},
        "v1.1.0": {
            "kiln.go": GROUP.replace("const (", "var added = 1\n\nconst (").replace(
                "\tHigh", "\tMid  = 5\n\tHigh"
            )
        },
    },
    "licence": {
        "v1.0.0": {"kiln.go": f"// Copyright 2020 The potters.\n\n{KILN}"},
        "v1.1.0": {"kiln.go": f"// Copyright 2024 The potters.\n\n{KILN}"},
    },
    "other languages": {
        "v1.0.0": {"kiln.go": KILN, "charts/kiln.yaml": CHART},
        "v1.1.0": {"kiln.go": KILN, "deploy/kiln.yaml": f"# the chart\n{CHART.replace('1300', '1280')}"},
    },
    "same": {"v1.0.0": {"kiln.go": KILN}, "v1.1.0": {"kiln.go": KILN, "new.go": "package kiln\n"}},
    "spread": {
        "v1.0.0": {"kiln.go": KILN},
        "v1.1.0": _kiln(FIRE, BAKE, SHELF, PUT, ERROR),
        "v1.2.0": _kiln("var added = 1", FIRE, SHELF, PUT, ERROR),
        "v1.3.0": _kiln(COOL, FIRE, SHELF, PUT, ERROR),
        "v1.4.0": _kiln("var added = 1", FIRE, SLOW_COOL, SHELF, PUT, ERROR),
        "v1.5.0": _kiln(FIRE, BAKE, COOL, SHELF, PUT, ERROR),
        "v1.6.0": {**_kiln(FIRE, SHELF, PUT, ERROR), "cool.go": f"package kiln\n\n{COOL}\n"},
    },
    "namesakes": {
        "v1.0.0": {"two.go": "package two\n\nfunc Run(n int) int {\n\treturn n * 3 % 7\n}\n"},
        "v1.1.0": {
            "two.go": "package two\n\ntype Cart struct{}\n\n// Run is another thing.\n"
            'func (c Cart) Run(s string) string {\n\tprintln("run", s)\n\treturn s + s\n}\n'
        },
    },
}


@pytest.fixture
def report(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    repositories: Mapping[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[..., list[tuple[str, str, int | None]]]:
    """Verifies a text at v1.1.0: the verdict, path and line of each reference."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANNOTATOR_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
    Path("annotator.toml").write_text(f'repository = "{URL.removesuffix("/blob")}"\nbaseline = "v1.0.0"\n')

    def run(
        source: str | Path,
        *lines: str,
        options: tuple[str, ...] = ("--tag=v1.1.0",),
        file: str = "article.md",
    ) -> list[tuple[str, str, int | None]]:
        folder = repositories[source] if isinstance(source, str) else source
        if lines:
            Path(file).write_text("\n".join(lines) + "\n")
        capsys.readouterr()
        assert cli.run(["verify", "--format=json", f"--source={folder}", *options, file]) in (
            cli.OK,
            cli.FINDINGS,
        )
        run.rows = json.loads(capsys.readouterr().out)["references"]
        return [
            (
                row["verdict"],
                (row["anchor"] or {}).get("path", ""),
                row["anchor"]["line"] + row["anchor"]["offset"] if row["anchor"] else None,
            )
            for row in run.rows
        ]

    return run


def test_lines_without_a_ref_are_carried_from_the_baseline(report):
    lines = ("kiln.go:4", "kiln.go:13-16", "kiln.go:5", "kiln.go:25", "kiln.go:400")

    found = report("shifted", *lines)

    assert found[:4] == [("moved", "kiln.go", line) for line in (8, 17, 9, 29)]
    assert (report.rows[4]["verdict"], report.rows[4]["code"]) == ("missing", "past-end")
    assert {row["origin"] for row in report.rows} == {"v1.0.0"}
    assert report.rows[1]["text"] == "same"


def test_lines_are_verified_at_their_origin(report):
    assert report("shifted", "kiln.go:4", "kiln.go:11", options=()) == [
        ("verified", "kiln.go", 4),
        ("verified", "kiln.go", 11),
    ]


def test_a_line_follows_its_declaration_to_another_file(report):
    found = report("left the file", "kiln.go:13", "kiln.go:19", "kiln.go::Shelf#L19")

    assert found[0] == ("moved", "cooling.go", 4)
    assert [verdict for verdict, _, _ in found[1:]] == ["missing", "missing"]
    assert all("store/shelf.go" in row["reason"] for row in report.rows[1:])


def test_a_bare_name_is_completed_at_the_origin(report):
    found = report("other file of the name", "Fire is util.go:4.", "And one.go:4 too.")

    assert found == [("missing", "", None), ("verified", "only/one.go", 4)]
    assert report.rows[0]["code"] == "file-gone"


def test_whole_declarations_are_carried_though_their_text_changed(report):
    spans = ("L4", "L4-L10", "L3-L10", "L3", "L19-L22", "L18-L22")

    found = report("slower", *(f"{URL}/v1.0.0/kiln.go#{span}" for span in spans))

    assert found == [("moved", "kiln.go", line) for line in (8, 8, 7, 7, 24, 23)]
    assert {row["text"] for row in report.rows} == {"changed"}


def test_range_ends_are_carried_by_themselves(report):
    spans = ("L4-L10", "L19-L22")
    report("slower", *(f"{URL}/v1.0.0/kiln.go#{span}" for span in spans))

    assert "in lines 8-15" in report.rows[0]["reason"]
    assert "in lines 24-28" in report.rows[1]["reason"]


def test_lines_follow_renamed_symbols_and_files(report):
    cited = (
        f"{URL}/v1.0.0/kiln.go#L13",
        f"{URL}/v1.0.0/kiln.go#L14",
        f"{URL}/v1.0.0/oven/heat_linux.go#L4",
        f"{URL}/v1.0.0/oven/heat_linux.go#L6",
        "kiln.go::Cool#L13",
        "oven/heat_linux.go::Fire#L4",
    )

    assert report("renamed", *cited) == [
        ("renamed", "kiln.go", 13),
        ("renamed", "kiln.go", 14),
        ("moved", "oven/heat_unix.go", 4),
        ("moved", "oven/heat_unix.go", 6),
        ("renamed", "kiln.go", 13),
        ("moved", "oven/heat_unix.go", 4),
    ]


def test_comments_and_layout_are_no_change(report):
    found = report("layout", "kiln.go::Fire#L4", f"{URL}/v1.0.0/kiln.go#L4-L8", f"{URL}/v1.0.0/kiln.go#L10")

    assert found == [("verified", "kiln.go", line) for line in (4, 4, 10)]
    assert {row["text"] for row in report.rows} == {"same"}


def test_a_file_link_is_about_the_file_and_not_its_first_line(report):
    assert report("licence", f"{URL}/v1.0.0/kiln.go") == [("verified", "kiln.go", 1)]


def test_a_range_outside_declarations_has_its_end_carried(report):
    assert report("group", f"{URL}/v1.0.0/kiln.go#L3-L6") == [("moved", "kiln.go", 5)]
    assert "in lines 5-9" in report.rows[0]["reason"]


@pytest.mark.parametrize("tag", ["v1.1.0", "v1.2.0", "v1.3.0", "v1.5.0", "v1.6.0"])
def test_a_range_over_declarations_needs_all_of_them(report, tag):
    spans = ("L4-L16", "L3-L16", "L5-L15", "L4-L14", "L1-L16", "L2-L16", "L9-L17")
    report("spread", *(f"{URL}/v1.0.0/kiln.go#{span}" for span in spans), options=(f"--tag={tag}",))

    assert {(row["verdict"], row["code"]) for row in report.rows} == {("missing", "text-gone")}


def test_a_range_over_an_edited_declaration_has_changed(report):
    report(
        "spread",
        *(f"{URL}/v1.0.0/kiln.go#{span}" for span in ("L4-L16", "L9-L17", "L4-L13")),
        options=("--tag=v1.4.0",),
    )

    ends = zip(report.rows, ((6, 18), (11, 19), (6, 15)), strict=True)
    assert all(f"in lines {first}-{last}" in row["reason"] for row, (first, last) in ends)
    assert [row["text"] for row in report.rows] == ["changed", "changed", "same"]


def test_a_range_over_declarations_moves_as_a_whole(report):
    report("shifted", *(f"{URL}/v1.0.0/kiln.go#{span}" for span in ("L4-L16", "L5-L29", "L9-L17")))

    assert [row["verdict"] for row in report.rows] == ["moved"] * 3
    assert "in lines 8-20" in report.rows[0]["reason"]
    assert {row["text"] for row in report.rows} == {"same"}


def test_a_range_past_the_end_of_its_file_is_missing(report):
    report("group", "kiln.go::Fire#L9-L400", "kiln.go::Fire#L9-L10", options=())

    assert [row["code"] for row in report.rows] == ["past-end", "ok"]
    assert "ends in line 10, it in line 15" in report.rows[1]["reason"]


def test_files_of_other_languages_are_carried_by_content(report):
    cited = ("charts/kiln.yaml:3", "charts/kiln.yaml:4", "charts/kiln.yaml:7")

    found = report("other languages", *(f"{URL}/v1.0.0/{path.replace(':', '#L')}" for path in cited))

    assert found == [
        ("moved", "deploy/kiln.yaml", 4),
        ("missing", "", None),
        ("moved", "deploy/kiln.yaml", 8),
    ]
    assert report.rows[1]["code"] == "text-gone"


def test_a_method_of_another_type_is_not_the_cited_function(report):
    found = report("namesakes", "two.go::Run#L6", "two.go::Run#L3", "two.go:3")

    assert {verdict for verdict, _, _ in found} <= {"missing", "mistaken"}


def test_an_unknown_ref_leaves_lines_unknown(report):
    commit = "0123456789" * 4

    report("shifted", f"{URL}/v9.9.9/kiln.go#L4", f"{URL}/{commit}/kiln.go#L4")

    codes = [(row["verdict"], row["code"]) for row in report.rows]
    assert codes == [("unknown", "ref-not-available"), ("unknown", "commit-not-available")]


@pytest.mark.parametrize(
    ("source", "tag"), [("shifted", "v1.0.0"), ("shifted", "v1.1.0"), ("same", "v1.1.0")]
)
def test_a_range_that_leaves_its_symbol_is_mistaken(report, source, tag):
    cited = ("Fire#L4-L16", "Fire#L9-L11", "Fire#L9-L16", "Shelf.Put#L25-L29")

    report(source, *(f"kiln.go::{each}" for each in cited), options=(f"--tag={tag}",))

    assert {(row["verdict"], row["code"]) for row in report.rows} == {("mistaken", "contradicts-symbol")}
    assert "line 16 is not in it" in report.rows[0]["reason"]


def test_a_range_within_its_symbol_is_not_mistaken(report):
    cited = ("Fire#L4-L10", "Fire#L9-L10", "Fire#L3-L4", "Shelf#L19-L26", "errTooHot#L29-L29")

    report("shifted", *(f"kiln.go::{each}" for each in cited), options=())

    assert not {row["verdict"] for row in report.rows} & {"mistaken", "missing"}


@pytest.mark.parametrize("tag", ["v1.0.0", "v1.1.0"])
def test_a_line_of_a_symbol_past_the_end_is_a_fault(report, tag):
    cited = (":900", "#L900", "#L9-L900", "#L900-L901")

    report("shifted", *(f"See `kiln.go::Fire{each}` there." for each in cited), options=(f"--tag={tag}",))

    assert [row["verdict"] for row in report.rows] == ["mistaken", "mistaken", "missing", "missing"]
    assert all("past the end" in row["reason"] for row in report.rows)


@pytest.mark.parametrize("ref", ["0123456789ab", "0" * 40, "1234567", "v9.9.9", "master", "main", "topic"])
def test_a_ref_of_a_containing_repository_is_no_baseline(report, ref):
    settings = Path("annotator.toml")
    settings.write_text(settings.read_text() + 'prefixes = ["parts/kiln"]\n')
    address = f"https://github.com/acme/kiln-ce/blob/{ref}/parts/kiln/kiln.go#L4-L5"

    for options in ((), ("--tag=v1.1.0",), ("--written-at=blame",)):
        assert report("shifted", address, options=options) == [("unknown", "", None)]
        is_commit = ref.isalnum() and ref[0] in "01"
        assert report.rows[0]["code"] == f"{'commit' if is_commit else 'ref'}-not-available"
        assert ref in report.rows[0]["reason"]


def test_a_tag_of_a_containing_repository_is_a_tag_here(report):
    settings = Path("annotator.toml")
    settings.write_text(settings.read_text() + 'prefixes = ["parts/kiln"]\n')

    address = "https://github.com/acme/kiln-ce/blob/v1.0.0/parts/kiln/kiln.go#L4-L5"

    assert report("shifted", address) == [("moved", "kiln.go", 8)]


def test_a_symbol_that_never_was_is_mistaken(report):
    report("shifted", "kiln.go::Nope", "never/there.go:3", "gone.go::Quux")

    codes = [(row["verdict"], row["code"]) for row in report.rows]
    assert codes == [("mistaken", "never-existed"), *[("missing", "no-such-file")] * 2]


def test_a_bare_name_of_a_field_is_found_in_its_file(report):
    cited = ("kiln.go::Pots#L21", "kiln.go::Pots", "kiln.go::Width#L13")

    assert report("shifted", *cited, options=())[:2] == [("verified", "kiln.go", 21)] * 2
    assert (report.rows[2]["verdict"], report.rows[2]["code"]) == ("mistaken", "contradicts-symbol")
    assert report("shifted")[0] == ("moved", "kiln.go", 25)


def test_a_name_that_no_declaration_has_is_not_said_never_to_have_been(report):
    report("shifted", "kiln.go::limit#L5", "kiln.go::Nope", options=())

    codes = [(row["verdict"], row["code"]) for row in report.rows]
    assert codes == [("missing", "declaration-gone"), ("mistaken", "never-existed")]


def test_a_file_that_is_gone_was_there_once(report):
    report("other file of the name", "oven/util.go:1", f"{URL}/v1.0.0/oven/other.go#L1")

    codes = [(row["verdict"], row["code"]) for row in report.rows]
    assert codes == [("missing", "file-gone"), ("missing", "no-such-file")]


def test_commits_of_few_or_upper_case_digits_are_commits(report, repositories):
    rev = ["git", "-C", str(repositories["shifted"]), "rev-parse", "v1.0.0"]
    commit = subprocess.check_output(rev, text=True).strip()

    found = report("shifted", *(f"{URL}/{ref}/kiln.go#L4" for ref in (commit[:6], commit.upper())))

    assert found == [("moved", "kiln.go", 8)] * 2


def test_a_commit_of_the_repository_makes_a_fork_its_own(report, repositories):
    rev = ["git", "-C", str(repositories["shifted"]), "rev-parse", "v1.0.0"]
    commit = subprocess.check_output(rev, text=True).strip()

    found = report(
        "shifted",
        f"https://github.com/oldacme/kiln/blob/{commit}/kiln.go#L13",
        "https://github.com/someone/kiln/blob/v1.0.0/kiln.go#L13",
    )

    assert found == [("moved", "kiln.go", 17), ("skipped", "", None)]


# ── Branches ─────────────────────────────────────────────────────────────────────────────────────
def test_a_branch_link_is_resolved_at_the_head_and_says_so(report):
    assert (
        report("shifted", f"{URL}/main/kiln.go#L8", f"{URL}/main/kiln.go#L8", options=("--tag=v1.0.0",))
        == [("moved", "kiln.go", 4)] * 2
    )
    assert {row["code"] for row in report.rows} == {"follows-branch"}
    assert report("shifted", options=("--tag=v1.1.0",)) == [("verified", "kiln.go", 8)] * 2
    assert {row["code"] for row in report.rows} == {"follows-branch"}


@pytest.mark.parametrize("tag", ["v1.0.0", "v1.1.0"])
def test_a_branch_link_has_moved_if_its_words_stand_elsewhere_at_the_head(report, tag):
    links = f"[Fire]({URL}/main/kiln.go#L4) and [`Cool`]({URL}/main/kiln.go#L13-L16)"

    found = report("shifted", links, options=(f"--tag={tag}",))

    lines = (4, 13) if tag == "v1.0.0" else (8, 17)
    assert found == [("moved", "kiln.go", line) for line in lines]
    assert {row["code"] for row in report.rows} == {"follows-branch"}


def test_words_that_name_the_line_at_the_requested_tag_prove_it(report):
    lines = ("`Fire` is at kiln.go:8.", "`Cool` is at kiln.go:17.")

    assert report("shifted", *lines)[1] == ("verified", "kiln.go", 17)
    assert report("shifted", *lines, options=())[1][0] == "mistaken"


def test_update_keeps_the_front_matter_true(report, repositories):
    Path("article.md").write_text("---\nwritten_at: v1.0.0\n---\nkiln.go:4\n")

    options = [f"--source={repositories['shifted']}", "--tag=v1.1.0", "article.md"]
    assert cli.run(["verify", "--update", *options]) == cli.OK

    assert Path("article.md").read_text() == "---\nwritten_at: v1.1.0\n---\nkiln.go:8\n"
    assert cli.run(["verify", *options]) == cli.OK


def test_a_branch_that_is_not_there_leaves_lines_unknown(report):
    report("shifted", f"{URL}/1.7/kiln.go#L8")

    assert [row["verdict"] for row in report.rows] == ["unknown"]


# ── When a document was written ──────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("front", ["---\ntag: v1.1.0\n---", '+++\nwritten_at = "v1.1.0"\n+++'])
def test_front_matter_says_when_a_document_was_written(report, front):
    assert report("shifted", front, "kiln.go:8") == [("verified", "kiln.go", 8)]
    assert report("shifted", front, "kiln.go:8", options=()) == [("moved", "kiln.go", 4)]


@pytest.mark.parametrize("value", ["v1.1.0", "auto"])
def test_an_option_says_when_documents_were_written(report, value):
    found = report("shifted", "kiln.go:8-14", options=("--tag=v1.0.0", f"--written-at={value}"))

    assert found == [("moved", "kiln.go", 4)]
    assert report.rows[0]["origin"] == "v1.1.0"


@pytest.fixture(scope="module")
def annotated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository whose notes were committed after v1.1.0, and whose code changed after that."""
    folder = tmp_path_factory.mktemp("annotated")
    third = SHIFTED.replace("var added = 1\n", "var added = 1\nvar third = 3\n")
    notes = {"docs/notes.md": "Cooling: kiln.go:17.\n"}
    versions = {
        "v1.0.0": {"kiln.go": KILN},
        "v1.1.0": {"kiln.go": SHIFTED, **notes},
        "v1.2.0": {"kiln.go": third, **notes},
    }
    build(folder, versions)
    subprocess.run(["git", "-C", str(folder), "checkout", "-qf", "main"], check=True)
    return folder


def test_a_document_of_the_source_itself_is_dated_by_its_lines(report, annotated):
    found = report(annotated, options=("--tag=v1.2.0",), file=str(annotated / "docs" / "notes.md"))

    assert found == [("moved", "kiln.go", 18)]


def test_a_shallow_clone_does_not_date_what_is_older(report, annotated, tmp_path_factory):
    folder = tmp_path_factory.mktemp("shallow") / "clone"
    clone = ["git", "clone", "-q", "--depth=1", "--branch=v1.2.0", f"file://{annotated}", str(folder)]
    subprocess.run(clone, check=True, capture_output=True)

    report(folder, options=("--tag=v1.2.0",), file=str(folder / "docs" / "notes.md"))

    assert [row["verdict"] for row in report.rows] == ["unknown"]


def test_blame_dates_a_document_of_another_repository(report, annotated, tmp_path):
    git = ["git", "-C", str(tmp_path), "-c", "user.name=t", "-c", "user.email=t@example.org"]
    dated = subprocess.check_output(
        ["git", "-C", str(annotated), "log", "-1", "--format=%cI", "v1.1.0"], text=True
    ).strip()
    Path("article.md").write_text("Cooling: kiln.go:17.\n")
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "notes"]):
        environment = {"GIT_COMMITTER_DATE": dated, "PATH": "/usr/bin:/bin"}
        subprocess.run([*git, *command], check=True, env=environment)

    assert report(annotated, options=("--tag=v1.2.0", "--written-at=blame"))[0][0] in ("moved", "verified")
    assert report.rows[0]["origin"] != "v1.0.0"


# ── Repositories that lack something ─────────────────────────────────────────────────────────────
def test_a_missing_blob_that_nobody_needs_is_ignored(report, tmp_path_factory, capsys):
    folder = tmp_path_factory.mktemp("partial")
    build(folder, {"v1.0.0": {"kiln.go": KILN, "big/table.go": "package big\n\nvar X = 1\n"}})
    blob = subprocess.check_output(
        ["git", "-C", str(folder), "rev-parse", "HEAD:big/table.go"], text=True
    ).strip()
    (folder / ".git" / "objects" / blob[:2] / blob[2:]).unlink()

    found = report(folder, "kiln.go:13", "nowhere.go::Quux", "big/table.go:3", options=())

    assert [verdict for verdict, _, _ in found] == ["verified", "missing", "unknown"]
    assert report.rows[2]["code"] == "commit-not-available"


# ── Several repositories ─────────────────────────────────────────────────────────────────────────
TABLES = """
[[repository]]
url = "https://github.com/acme/kiln"
baseline = "v1.0.0"

[[repository]]
url = "https://github.com/acme/charts"
baseline = "v1.1.0"
prefixes = ["src"]
also = ["oldacme/charts"]
"""


def test_each_reference_is_judged_in_its_own_repository(report, repositories):
    Path("annotator.toml").write_text(TABLES)
    charts = f"--source=charts={repositories['renamed']}"

    found = report(
        "shifted",
        "kiln.go:4 and https://github.com/acme/charts/blob/v1.0.0/oven/heat_linux.go#L4",
        "https://github.com/oldacme/charts/blob/v1.1.0/oven/heat_unix.go#L4",
        "oven/heat_unix.go:4 and https://github.com/acme/other/blob/v1.0.0/kiln.go#L4",
        options=("--tag=v1.1.0", charts),
    )

    assert found == [
        ("moved", "kiln.go", 8),
        ("moved", "oven/heat_unix.go", 4),
        ("verified", "oven/heat_unix.go", 4),
        ("verified", "oven/heat_unix.go", 4),
        ("skipped", "", None),
    ]


def test_a_configured_repository_that_cannot_be_read_is_unknown(report):
    Path("annotator.toml").write_text(TABLES)
    address = "https://github.com/acme/charts/blob"

    report(
        "shifted",
        f"{address}/v1.0.0/a.go#L4 and {address}/{'0123456789' * 4}/a.go#L4",
        options=("--source=charts=nowhere",),
    )

    codes = [(row["verdict"], row["code"]) for row in report.rows]
    assert codes == [("unknown", "ref-not-available"), ("unknown", "commit-not-available")]


def test_a_source_of_no_repository_is_wrong_usage(report, capsys):
    Path("annotator.toml").write_text(TABLES)
    Path("article.md").write_text("kiln.go:4\n")

    assert cli.run(["verify", "--source=nobody=.", "article.md"]) == cli.USAGE
    assert "no repository of that name" in capsys.readouterr().err
