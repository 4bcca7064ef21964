"""The command line on a project and a git repository of our own: answers, sentences, exit codes."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from annotator import cli
from annotator.errors import SourceUnavailable

# ── verify ───────────────────────────────────────────────────────────────────────────────────────


def test_everything_in_its_place_leaves_with_0(project, shop, capsys):
    assert cli.run(["verify", "--source", str(shop)]) == cli.OK

    assert "3 references at v1.0.0, commit" in capsys.readouterr().out


def test_a_moved_symbol_leaves_with_1_and_is_found(project, shop, capsys):
    assert cli.run(["verify", "--source", str(shop), "--tag", "v2.0.0", "--format", "json"]) == cli.FINDINGS

    report = json.loads(capsys.readouterr().out)
    assert report["summary"] == {
        "verified": 0,
        "moved": 3,
        "renamed": 0,
        "missing": 0,
        "mistaken": 0,
        "unknown": 0,
        "skipped": 0,
        "changed": 0,
        "unread": 0,
        "ignored": 0,
    }
    assert report["references"][0]["anchor"]["path"] == "pkg/store/store.go"


def test_colours_are_for_those_who_can_see_them(project, shop, capsys, monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    cli.run(["verify", "--source", str(shop)])
    plain = capsys.readouterr().out
    monkeypatch.setenv("FORCE_COLOR", "1")

    cli.run(["verify", "--source", str(shop)])

    coloured = capsys.readouterr().out
    assert "\x1b[" not in plain
    assert coloured != plain
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == plain


def test_json_has_every_field_of_the_contract(project, shop, capsys):
    cli.run(["verify", "--source", str(shop), "--format", "json"])

    report = json.loads(capsys.readouterr().out)
    first = report["references"][0]
    assert len(report.pop("commit")) == 40
    assert {key: report[key] for key in ("repository", "tag", "version")} == {
        "repository": "https://example.org/shop.git",
        "tag": "v1.0.0",
        "version": "v1.0.0",
    }
    assert first == {
        "reference": {
            "path": "store/store.go",
            "symbol": "Store",
            "line": 4,
            "end_line": None,
            "ref": "v1.0.0",
            "repository": None,
            "cited": "src/store/store.go",
            "from": "shop.toml 1",
            "file": "site/articles/shop.toml",
            "at_line": 10,
            "column": 12,
            "chapter": "1",
        },
        "origin": first["origin"],
        "verdict": "verified",
        "code": "ok",
        "by": "symbol",
        "text": "same",
        "evidence": [],
        "anchor": {
            "path": "store/store.go",
            "symbol": "Store",
            "kind": "struct",
            "line": 4,
            "end_line": 6,
            "offset": 0,
        },
        "reason": "Store (struct) stands in store/store.go in line 4, as cited",
    }


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--fail-on", "changed,"], cli.OK),
        (["--fail-on", "changed, unknown,skipped"], cli.OK),
        (["--fail-on", "moved"], cli.USAGE),
        (["--source", "other=/x", "--source", "other=/y"], cli.USAGE),
        (["--source", "/elsewhere"], cli.USAGE),
    ],
)
def test_options_of_verify_are_checked(project, shop, capsys, options, code):
    assert cli.run(["verify", "--source", str(shop), *options]) == code
    assert capsys.readouterr().err.count("\n") == (code != cli.OK)


def test_an_unreadable_article_does_not_stop_the_others(project, shop, capsys):
    Path("good.md").write_text("`store/store.go::Store`")
    Path("bad.md").write_bytes(b"%PDF-1.4 store/store.go:4")

    assert cli.run(["verify", "--source", str(shop), "--format", "json", "bad.md", "good.md"]) == cli.USAGE

    out, err = capsys.readouterr()
    report = json.loads(out)
    assert [row["verdict"] for row in report["references"]] == ["verified"]
    assert report["failures"][0].startswith("bad.md: this is a binary file")
    assert "bad.md: this is a binary file" in err


def test_findings_are_annotations_of_a_workflow(project, shop, capsys):
    arguments = ["verify", "--source", str(shop), "--tag", "v2.0.0", "--format", "github"]

    assert cli.run(arguments) == cli.FINDINGS
    assert capsys.readouterr().out.startswith(
        "::warning file=site/articles/shop.toml,line=10,col=12,title=moved::"
    )

    assert cli.run([*arguments, "nothing.md"]) == cli.USAGE
    assert capsys.readouterr().out.startswith("::error title=annotator::nothing.md: ")


@pytest.mark.parametrize("ref", ["main", "HEAD", "refs/tags/v1.0.0"])
def test_a_tag_may_be_any_ref(project, shop, ref):
    assert cli.run(["verify", "--source", str(shop), "--tag", ref]) in (cli.OK, cli.FINDINGS)


def test_a_docstring_that_names_nothing_is_a_finding_with_its_place(project, shop, capsys):
    port = project / "port" / "__init__.py"
    port.write_text(port.read_text().replace("::Store.Get", "::Store.Gte"))

    assert cli.run(["verify", "--source", str(shop)]) == cli.FINDINGS
    out = capsys.readouterr().out
    assert "port/__init__.py:15: store/store.go::Store.Gte names no declaration" in out
    assert "the nearest are Store.Get" in out


def citing_a_branch(count: int) -> Path:
    """A manifest with some references of the baseline and one that cites a branch."""
    lines = [f'  {{ path = "src/cmd/main.go", line = {n + 1} }},' for n in range(count)]
    file = Path("branch.toml")
    branch = '  { path = "src/store/store.go", symbol = "Store", line = 4, ref = "main" },'
    head = Path("site/articles/shop.toml").read_text().partition("references")[0]
    file.write_text("\n".join([f"{head}references = [", branch, *lines, "]"]))
    return file


@pytest.mark.parametrize("count", [1, 250])
def test_references_that_cite_a_branch_are_judged(project, shop, capsys, count):
    file = str(citing_a_branch(count))

    assert cli.run(["verify", "--source", str(shop), "--format", "json", file]) in (cli.OK, cli.FINDINGS)

    references = json.loads(capsys.readouterr().out)["references"]
    assert len(references) == 1 + count
    assert references[0]["verdict"] == "verified"


def test_a_page_shows_references_that_cite_a_branch(project, shop):
    file = str(citing_a_branch(250))

    assert cli.run(["build", "--source", str(shop), file]) == cli.OK

    report = (project / "site" / "docs" / "report.md").read_text()
    assert report.count('<tr id="reference') == 3 + 251


# ── internal errors ──────────────────────────────────────────────────────────────────────────────


def broken(*_: object, **__: object) -> None:
    raise KeyError("a fault of ours")


def test_an_internal_error_exits_with_4_and_one_sentence(project, shop, capsys, monkeypatch):
    monkeypatch.setattr("annotator.commands.verify.verify", broken)

    assert cli.run(["verify", "--source", str(shop)]) == cli.INTERNAL

    said = sentence(capsys)
    assert "internal error: KeyError: 'a fault of ours'" in said
    assert "please report" in said
    assert "`--debug`" in said


@pytest.mark.parametrize("place", [0, 1, 3])
def test_debug_prints_the_traceback(project, shop, capsys, monkeypatch, place):
    monkeypatch.setattr("annotator.commands.verify.verify", broken)
    arguments = ["verify", "--source", str(shop)]

    assert cli.run([*arguments[:place], "--debug", *arguments[place:]]) == cli.INTERNAL

    assert "Traceback (most recent call last)" in capsys.readouterr().err


def test_leaving_with_a_text_is_a_failure(project, capsys, monkeypatch):
    def leave(*_: object, **__: object) -> None:
        raise SystemExit("cannot go on")

    monkeypatch.setattr("annotator.commands.verify.verify", leave)
    monkeypatch.setattr("annotator.cli._session", lambda *_, **__: nullcontext())

    assert cli.run(["verify"]) == cli.INTERNAL
    assert "cannot go on" in sentence(capsys)


# ── what can be wrong ────────────────────────────────────────────────────────────────────────────


def sentence(capsys: pytest.CaptureFixture[str]) -> str:
    """What stands on standard error: one line without a traceback."""
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "Traceback" not in said
    return said


def test_an_unknown_tag_is_said_with_the_nearest_names(project, shop, capsys):
    assert cli.run(["verify", "--source", str(shop), "--tag", "v1.0.1"]) == 2
    assert "v1.0.0" in sentence(capsys)


@pytest.mark.parametrize("command", ["verify", "build"])
def test_a_folder_that_is_no_repository_is_said(project, tmp_path, capsys, command):
    (tmp_path / "empty").mkdir()

    assert cli.run([command, "--source", str(tmp_path / "empty")]) == 3
    assert "not a git repository" in sentence(capsys)


def test_a_repository_without_go_files_is_said(project, shop, tmp_path, capsys):
    git = ["git", "-C", str(shop), "-c", "user.name=shop", "-c", "user.email=shop@example.org"]
    subprocess.run([*git, "rm", "-rq", "cmd", "pkg"], check=True)
    subprocess.run([*git, "commit", "-qm", "three"], check=True)

    assert cli.run(["verify", "--source", str(shop), "--tag", "main"]) == 2
    assert "has no Go file" in sentence(capsys)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("symbol", "symbl"), "shop.toml:10: Object contains unknown field `symbl`"),
        (("src/store/store.go", "src/../../x.go"), "is not a path inside the repository"),
        (("title", "\x00"), "shop.toml"),
    ],
)
def test_a_manifest_that_cannot_be_read_is_said_with_its_line(project, shop, capsys, change, says):
    file = project / "site" / "articles" / "shop.toml"
    file.write_text(file.read_text().replace(*change))

    assert cli.run(["verify", "--source", str(shop)]) == 2
    assert says in sentence(capsys)


def test_an_article_that_is_not_there_is_said(project, shop, capsys):
    assert cli.run(["verify", "--source", str(shop), "nothing.toml"]) == 2
    assert "nothing.toml: cannot be read" in sentence(capsys)


def test_a_line_past_the_end_is_missing(project, shop, capsys):
    file = project / "long.toml"
    file.write_text(
        'title = "t"\n[[chapters]]\nnumber = "1"\ntitle = "c"\n'
        'references = [{ path = "store/store.go", line = 400 }]\n'
    )

    assert cli.run(["verify", "--source", str(shop), str(file)]) == cli.FINDINGS
    assert "has 11 lines at v1.0.0; line 400 is past the end" in capsys.readouterr().out


@pytest.mark.parametrize(
    "hostile", ["--upload-pack=touch pwned", "-x", "ext::sh -c touch% pwned", "file:///etc", "fd::3"]
)
def test_a_source_in_disguise_never_reaches_git(project, capsys, hostile):
    assert cli.run(["verify", f"--source={hostile}"]) in (2, 3)
    sentence(capsys)
    assert not list(project.rglob("pwned"))


@pytest.mark.parametrize("hostile", ["--output=pwned", "-x", "v1.0.0:cmd", "a b", "\x1b[31m", "..", "@{-1}"])
def test_a_tag_in_disguise_never_reaches_git(project, shop, capsys, hostile):
    assert cli.run(["verify", "--source", str(shop), f"--tag={hostile}"]) in (2, 3)
    assert "\x1b" not in sentence(capsys)
    assert not list(project.rglob("pwned"))


def test_a_wrong_option_leaves_with_2(project, capsys):
    assert cli.run(["verify", "--colour"]) == 2
    assert "colour" in capsys.readouterr().err


def test_no_project_is_said(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    assert cli.run(["verify"]) == 2
    assert "no annotator.toml" in sentence(capsys)


def test_a_cache_that_cannot_be_written_is_said_and_gone_without(
    project, shop, tmp_path, monkeypatch, capsys
):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ANNOTATOR_CACHE", str(tmp_path / "file" / "cache"))

    assert cli.run(["verify", "--source", str(shop)]) == cli.OK
    assert "without a cache" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_command_exits_with_130(project, shop, number):
    held = project / "held.toml"
    os.mkfifo(held)
    process = subprocess.Popen(
        # A parent that runs in the background ignores the signal, and its children would too.
        [
            "env",
            "--default-signal=INT",
            sys.executable,
            "-m",
            "annotator",
            "verify",
            "--source",
            str(shop),
            str(held),
        ],
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(Path(cli.__file__).parents[1])},
    )
    with held.open("wb"):  # opens when the program has come to reading it
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in said


# ── symbols, build ───────────────────────────────────────────────────────────────────────────────


def test_symbols_lists_every_declaration(project, shop, capsys):
    assert cli.run(["symbols", "--source", str(shop)]) == 0

    assert capsys.readouterr().out.splitlines() == [
        "cmd/main.go:5:6 func main",
        "store/store.go:4:6 struct Store",
        "store/store.go:5:2 field Store.names",
        "store/store.go:9:17 method Store.Get",
    ]


def test_build_writes_the_pages_whatever_the_verdicts(project, shop):
    assert cli.run(["build", "--source", str(shop), "--tag", "v2.0.0"]) == 0

    assert (project / "site" / "docs" / "index.md").is_file()


def test_a_build_that_fails_leaves_the_old_site_whole(project, shop):
    cli.run(["build", "--source", str(shop)])
    before = {p: p.read_bytes() for p in (project / "site" / "docs").rglob("*") if p.is_file()}

    assert cli.run(["build", "--source", str(shop), "--tag", "nothing"]) == 2
    assert before == {p: p.read_bytes() for p in (project / "site" / "docs").rglob("*") if p.is_file()}


# ── verify --update ──────────────────────────────────────────────────────────────────────────────


def test_update_rewrites_a_manifest_shows_what_and_touches_nothing_else(project, shop, capsys):
    file = project / "site" / "articles" / "shop.toml"
    before = file.read_text()

    assert cli.run(["verify", "--source", str(shop), "--tag", "v2.0.0", "--update"]) == cli.OK

    after = file.read_text()
    assert after == before.replace("store/store.go", "pkg/store/store.go").replace(
        "line = 5", "line = 7"
    ).replace('"v1.0.0"', '"v2.0.0"')
    assert "-tag = " in capsys.readouterr().out
    assert cli.run(["verify", "--source", str(shop), "--tag", "v2.0.0", str(file)]) == cli.OK


def test_update_leaves_what_it_is_not_sure_of_and_says_so(project, shop, capsys):
    article = project / "text.md"
    article.write_text("cmd/main.go:5 is `main`, and cmd/nothing.go:3 is gone.\n")

    assert (
        cli.run(["verify", "--source", str(shop), "--tag", "v2.0.0", "--update", str(article)])
        == cli.FINDINGS
    )

    assert "cmd/nothing.go:3 is gone" in article.read_text()
    assert "1 reference not rewritten" in capsys.readouterr().err


HEAD = b"\xef\xbb\xbf| path | function | line |\r\n|---|---|---|\r\n"


def test_update_keeps_line_ends_and_a_byte_order_mark(project, shop):
    article = project / "text.md"
    article.write_bytes(HEAD + b"| cmd/main.go | main | 5 |\r\n")

    cli.run(["verify", "--source", str(shop), "--tag", "v2.0.0", "--update", str(article)])

    assert article.read_bytes() == HEAD + b"| cmd/main.go | main | 7 |\r\n"


# ── date, manifest ───────────────────────────────────────────────────────────────────────────────


def test_date_tells_the_tags_at_which_everything_is_exact(project, shop, capsys):
    assert cli.run(["date", "--source", str(shop), "--format", "json", "site/articles/shop.toml"]) == cli.OK

    answer = json.loads(capsys.readouterr().out)
    assert answer["best"] == ["v1.0.0"]
    assert answer["tags"] == [{"tag": "v1.0.0", "exact": 3}, {"tag": "v2.0.0", "exact": 0}]


def test_a_shallow_clone_tells_what_can_be_told_and_what_it_lacks(project, shop, tmp_path, capsys):
    shallow = tmp_path / "shallow"
    command = ["git", "clone", "-q", "--depth=1", "--branch=v1.0.0", shop.as_uri(), str(shallow)]
    subprocess.run(command, check=True, capture_output=True)
    given = ["--source", str(shallow)]

    assert cli.run(["track", *given, "store/store.go::Store"]) == cli.OK
    told = capsys.readouterr()
    assert "verified" in told.out
    assert "only v1.0.0 can be told of" in told.err
    assert cli.run(["date", *given, "site/articles/shop.toml"]) == cli.OK
    assert "only v1.0.0 can be told of" in capsys.readouterr().err
    assert cli.run(["diff", *given, "v1.0.0", "v2.0.0"]) == SourceUnavailable.exit_code
    assert "shallow clone" in sentence(capsys)


@pytest.mark.parametrize(
    "text", ["Nothing here.\n", "https://github.com/other/other/blob/v3.5.0/server/a.go#L3\n"]
)
def test_an_article_that_cites_nothing_cannot_be_dated(project, shop, capsys, text):
    (project / "empty.md").write_text(text)

    assert cli.run(["date", "--source", str(shop), "empty.md"]) == 2
    assert "no reference" in sentence(capsys)


def test_a_manifest_is_drafted_from_a_text_and_read_again(project, shop, capsys):
    (project / "text.md").write_text("# A reading\n\n## 1 The store\n\n`src/store/store.go::Store.Get#L9`\n")

    cli.run(["manifest", "text.md"])
    (project / "drafted.toml").write_text(capsys.readouterr().out)

    assert cli.run(["verify", "--source", str(shop), "drafted.toml"]) == cli.OK


def test_drafts_and_sites_know_the_files_of_the_source(project, shop, capsys):
    (project / "text.md").write_text("# One\n\nLICENSE:1\n")

    assert cli.run(["manifest", "text.md"]) == 2
    assert cli.run(["manifest", "--source", str(shop), "text.md"]) == cli.OK
    assert '"LICENSE", line = 1' in capsys.readouterr().out
    assert cli.run(["build", "--source", str(shop), "text.md"]) == cli.OK
    assert "line 1 of LICENSE" in (project / "site/docs/report.md").read_text()


@pytest.mark.parametrize("data", [b"\x00\x01\x02\xff" * 100, b"\x7fELF\x02\x01"])
def test_a_binary_article_is_said_to_be_one(project, shop, capsys, data):
    (project / "article.md").write_bytes(data)

    assert cli.run(["verify", "--source", str(shop), "article.md"]) == 2
    assert "article.md" in sentence(capsys)


# ── what is damaged ──────────────────────────────────────────────────────────────────────────────


def lose(shop: Path, name: str) -> None:
    """Remove an object from a repository, as a damaged disk would."""
    command = ["git", "-C", str(shop), "rev-parse", name]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    (shop / ".git" / "objects" / found[:2] / found[2:]).unlink()


def test_a_cited_tag_that_cannot_be_read_is_reported(project, shop, capsys):
    lose(shop, "v1.0.0^{tree}")

    cli.run(["verify", "--source", str(shop), "--tag", "v2.0.0"])

    assert "v1.0.0 cannot be read, so what is cited there is only looked up by name" in sentence(capsys)


def test_date_reports_a_repository_that_cannot_be_read(project, shop, capsys, tmp_path):
    broken = tmp_path / "git"
    broken.write_text(
        '#!/bin/sh\ncase "$*" in *batch-check=*) echo "fatal: the disk is on fire" >&2; exit 128;; esac\n'
        f'exec {shutil.which("git")} "$@"\n'
    )
    broken.chmod(0o755)
    code = (
        "import sys; from annotator import cli; "
        f"sys.exit(cli.run(['date', '--source', {str(shop)!r}, 'site/articles/shop.toml']))"
    )
    environment = os.environ | {
        "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
        "GIT_PYTHON_GIT_EXECUTABLE": str(broken),
    }

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False
    )

    assert done.returncode == 3
    assert done.stderr == "annotator: the files of the tags cannot be looked up: the disk is on fire\n"


# ── files of references ──────────────────────────────────────────────────────────────────────────


def test_comments_and_blank_lines_of_a_references_file_are_skipped(project, shop, capsys):
    Path("wanted").write_text("\ufeff# first\n\n   # indented\n  store/store.go::Store.Get  \n")

    assert cli.run(["track", "--source", str(shop), "--format", "json", "@wanted"]) == cli.OK

    trails = json.loads(capsys.readouterr().out)["trails"]
    assert [trail["reference"]["symbol"] for trail in trails] == ["Store.Get"]


def test_an_error_in_a_references_file_names_its_line(project, shop, capsys):
    Path("wanted").write_text("store/store.go::Store\n\nstore/store.go\n")

    assert cli.run(["track", "--source", str(shop), "@wanted"]) == cli.USAGE

    assert "wanted:3: " in sentence(capsys)


# ── nothing to check, and what is no manifest ────────────────────────────────────────────────────


@pytest.mark.parametrize("text", ["", "Nothing here.\n"])
@pytest.mark.parametrize("option", [(), ("--update",), ("--format", "json")])
def test_an_article_without_references_leaves_with_2(project, shop, capsys, text, option):
    (project / "empty.md").write_text(text)

    assert cli.run(["verify", "--source", str(shop), *option, "empty.md"]) == 2
    assert "nothing to check: no reference into source code is found in empty.md" in sentence(capsys)
    assert cli.run(["verify", "--source", str(shop), "--allow-none", "empty.md"]) == cli.OK


def test_a_project_without_manifests_leaves_with_2(project, shop, capsys):
    (project / "site" / "articles" / "shop.toml").unlink()
    (project / "port" / "__init__.py").write_text("")

    assert cli.run(["verify", "--source", str(shop)]) == 2
    assert "nothing to check: no manifest in" in sentence(capsys)
    assert cli.run(["verify", "--source", str(shop), "--update"]) == 2
    assert cli.run(["verify", "--source", str(shop), "--allow-none"]) == cli.OK


OTHER_TOML = {
    "annotator.toml": None,
    "pyproject.toml": '[project]\nname = "x"\n',
    "Cargo.toml": '[package]\nname = "x"\n',
    "hugo.toml": 'title = "My site"\nbaseURL = "https://example.org"\n',
    "book.toml": '[book]\ntitle = "A book"\nchapters = 3\n',
    "novel.toml": '[[chapters]]\nnumber = 1\nfile = "a.md"\n',
    "template.toml": "name = {{ name }}\n",
    "empty.toml": "",
    "latin.toml": b"name = '\xe4'\n",
}


@pytest.mark.parametrize("name", OTHER_TOML)
def test_toml_that_is_no_manifest_is_skipped_with_a_sentence(project, shop, capsys, name):
    if (text := OTHER_TOML[name]) is not None:
        (project / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    (project / "text.md").write_text("cmd/main.go:5\n")

    assert cli.run(["verify", "--source", str(shop), name, "text.md"]) == cli.OK
    assert f"{name}: not a manifest of references" in sentence(capsys)
    assert cli.run(["verify", "--source", str(shop), "--allow-none", "--update", name]) == cli.OK
    assert cli.run(["verify", "--source", str(shop), name]) == 2
    assert cli.run(["date", "--source", str(shop), name]) == 2
    assert f"{name}: not a manifest of references" in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    "text",
    [
        '[[chapters]]\nnumber = "1"\n',
        'title = "t\n[[chapters]]\n',
        'title = "t"\n[[chapters]]\nnumber = "1"\ntitle = "c"\nreference = []\n',
    ],
)
def test_a_manifest_with_a_mistake_is_reported_not_skipped(project, shop, capsys, text):
    (project / "mine.toml").write_text(text)

    assert cli.run(["verify", "--source", str(shop), "mine.toml"]) == 2
    assert "mine.toml:" in sentence(capsys)


# ── several files, several reports ───────────────────────────────────────────────────────────────


def test_folders_and_patterns_are_verified(project, shop, capsys):
    (project / "docs" / "in").mkdir(parents=True)
    (project / "docs" / "a b.md").write_text("cmd/main.go:5\n")
    (project / "docs" / "in" / "c.rst").write_text("store/store.go:4\n")

    for named in ("docs", "docs/**"):
        assert cli.run(["verify", "--source", str(shop), named]) == cli.OK
        assert "2 references at v1.0.0" in capsys.readouterr().out


def test_a_site_is_built_with_the_articles_of_a_folder(project, shop):
    (project / "docs").mkdir()
    (project / "docs" / "a.md").write_text("# One\n\ncmd/main.go:5\n")

    assert cli.run(["build", "--source", str(shop), "docs", "annotator.toml"]) == cli.OK


def test_settings_beside_the_articles_serve_from_above(project, shop, capsys, monkeypatch):
    (project / "text.md").write_text("cmd/main.go:50\n")
    monkeypatch.chdir(project.parent)
    (project.parent / ".git").mkdir()
    output = "--output=sarif=out"

    assert cli.run(["verify", "--source", str(shop), output, "project/text.md"]) == cli.FINDINGS
    assert '"project/text.md"' in (project.parent / "out").read_text()
    assert cli.run(["verify", "--source", str(shop), "project/site/*/*.toml"]) == cli.OK
    assert cli.run(["verify", "--source", str(shop), "project/text.md", "shop/a.md"]) == 2
    assert cli.run(["verify", "--source", str(shop)]) == 2
    assert "name the documents to verify, or write settings with `annotator init`" in capsys.readouterr().err


def test_one_run_writes_several_reports(project, shop, tmp_path, capsys):
    given = ["verify", "--source", str(shop), "--tag", "v2.0.0", "--quiet"]
    files = ["--output", "sarif=out.sarif", "--output", f"junit={tmp_path}/out.xml", "--output=json=out.json"]

    assert cli.run([*given, *files]) == cli.FINDINGS

    assert "3 moved" in capsys.readouterr().out
    assert len(json.loads((project / "out.sarif").read_text())["runs"][0]["results"]) == 3
    assert (tmp_path / "out.xml").read_text().count("<failure") == 3
    assert json.loads((project / "out.json").read_text())["summary"]["moved"] == 3


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--source", "/nothing/here"], 3),
        (["--source", "SHOP", "--tag", "nothing"], 2),
        (["--source", "SHOP", "--tag=-x"], 2),
        (["--source", "SHOP", "nothing.md"], 2),
        (["--source", "SHOP", "docs/*.md"], 2),
        (["--source", "SHOP", "empty.md"], 2),
        (["--source", "SHOP", "--update"], 2),
    ],
)
def test_a_failing_run_leaves_a_sarif_file_with_the_error(project, shop, capsys, arguments, code):
    (project / "out.sarif").write_text("old")
    (project / "empty.md").write_text("")
    given = [str(shop) if word == "SHOP" else word for word in arguments]

    assert cli.run(["verify", *given, "--output", "sarif=out.sarif"]) == code

    (run,) = json.loads((project / "out.sarif").read_text())["runs"]
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"] in sentence(capsys)
    assert (run["results"], run["invocations"][0]["exitCode"]) == ([], code)


def test_sarif_without_settings_has_the_error(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    assert cli.run(["verify", "--format", "sarif"]) == 2
    assert "no annotator.toml" in json.dumps(json.loads(capsys.readouterr().out))


@pytest.mark.parametrize("report", ["sarif", "pdf=x", "=x", "sarif="])
def test_a_report_in_another_format_is_wrong_usage(project, shop, capsys, report):
    assert cli.run(["verify", "--source", str(shop), "--output", report]) == 2
    assert "write FORMAT=FILE" in sentence(capsys)


def test_sarif_names_files_from_the_root_of_the_repository(project, shop, tmp_path):
    (tmp_path / ".git").mkdir()
    (tmp_path / "outside.md").write_text("cmd/main.go:50\n")
    (project / "inside.md").write_text("cmd/main.go:50\n")
    files = ["inside.md", "../outside.md"]

    assert cli.run(["verify", "--source", str(shop), "--output", "sarif=out", *files]) == cli.FINDINGS

    results = json.loads((project / "out").read_text())["runs"][0]["results"]
    places = [one["locations"][0]["physicalLocation"]["artifactLocation"] for one in results]
    assert places == [
        {"uri": "project/inside.md", "uriBaseId": "SRCROOT"},
        {"uri": "outside.md", "uriBaseId": "SRCROOT"},
    ]


def test_source_may_be_a_file_url(project, shop):
    assert cli.run(["verify", "--source", shop.as_uri()]) == 0


def test_source_file_url_may_hold_spaces_and_quotes(project, shop):
    odd = shop.rename(shop.with_name("a b 'c' ü"))

    assert cli.run(["verify", "--source", odd.as_uri()]) == 0
    assert cli.run(["verify", "--source", str(odd)]) == 0


def test_mistyped_tag_and_glob_are_wrong_usage(project, shop, capsys):
    given = ["--source", str(shop)]

    assert cli.run(["verify", *given, "--tag", "nosuch"]) == cli.USAGE
    assert "the nearest are v2.0.0, v1.0.0" in sentence(capsys)
    assert cli.run(["track", *given, "store/store.go::Store", "--tags", "nosuch*"]) == cli.USAGE


def test_place_without_symbol_is_answered_with_the_form(project, shop, capsys):
    assert cli.run(["track", "store/store.go", "--source", str(shop)]) == cli.USAGE
    assert "write store/store.go::SYMBOL" in sentence(capsys)
