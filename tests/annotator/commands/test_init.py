"""`init`, and commands in folders without settings."""

from __future__ import annotations

import json
import subprocess
import tomllib
from pathlib import Path

import pytest
from sample_projects import KILN, MILL, POST

from annotator import cli, config
from annotator.repository import discovery


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    (tmp_path / "work").mkdir()
    monkeypatch.setenv("ANNOTATOR_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def write(folder: Path, documents) -> None:
    for name, text in documents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def test_own_repository_is_found_with_its_documents(folder, capsys):
    KILN.check_out(folder)

    assert cli.run(["init"]) == cli.OK

    settings = tomllib.loads((folder / "annotator.toml").read_text())
    assert settings == {
        "repository": "https://example.org/pottery/kiln",
        "source": ".",
        "baseline": "HEAD",
        "articles": ["README.md", "docs/**/*.md"],
    }
    assert "docs/**/*.md: 4 references in 1 document" in capsys.readouterr().out
    assert cli.run(["verify"]) == cli.FINDINGS
    assert "kiln.go in line 8, not in line 4" in capsys.readouterr().out


def test_repository_beside_the_documents_dates_them(folder, capsys):
    POST.build(folder / "post")
    write(folder, POST.documents)
    write(folder, {"CHANGELOG.md": "Fixed in queue/queue.go:3.\n"})

    assert cli.run(["init", "--format", "json"]) == cli.OK

    found = json.loads(capsys.readouterr().out)
    assert (found["source"], found["repository"]) == ("post", "https://example.org/office/post")
    assert found["baseline"] == "v2.0.0"  # the newest one at which line 14 is Push
    assert found["excluded"] == ["CHANGELOG.md"]
    assert [each["file"] for each in found["documents"]] == ["architecture.rst", "pinned.md"]
    assert config.find(folder).config.exclude == ("CHANGELOG.md",)


def test_modules_below_the_root_are_one_repository(folder, capsys):
    MILL.build(folder / "mill.git")
    write(folder, MILL.documents)

    assert cli.run(["init"]) == cli.OK

    assert "repository  https://example.org/river/mill, read from mill.git" in capsys.readouterr().out


def test_settings_are_not_overwritten_without_force(folder, capsys):
    KILN.check_out(folder)
    (folder / "annotator.toml").write_text("mine = 1\n")

    assert cli.run(["init"]) == cli.USAGE
    assert "is there already; `annotator init --force` replaces it" in capsys.readouterr().err
    assert (folder / "annotator.toml").read_text() == "mine = 1\n"
    assert cli.run(["init", "--force"]) == cli.OK


def test_link_in_place_of_settings_is_never_followed(folder, capsys):
    KILN.check_out(folder)
    outside = folder.parent / "outside.toml"
    (folder / "annotator.toml").symlink_to(outside)

    assert cli.run(["init", "--force"]) == cli.USAGE
    assert not outside.exists()


def test_several_repositories_have_to_be_chosen_from(folder, capsys):
    KILN.build(folder / "a")
    POST.build(folder / "b")

    assert cli.run(["init"]) == cli.USAGE
    assert "several Go repositories are here: a, b; name one with `--source`" in capsys.readouterr().err
    assert cli.run(["init", "--source", "b"]) == cli.OK
    assert config.find(folder).config.source == "b"


def test_folder_without_any_go_is_told_so(folder, capsys):
    assert cli.run(["init"]) == cli.USAGE
    assert "no Go repository is here or beside it" in capsys.readouterr().err
    assert not list(folder.iterdir())


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("git@github.com:us/kiln.git", "https://github.com/us/kiln"),
        ("ssh://git@git.example.org:2222/us/kiln.git", "https://git.example.org/us/kiln"),
        ("https://me:secret@example.org/us/kiln.git", "https://example.org/us/kiln"),
        ("../kiln", ""),
        ("ext::sh -c id", ""),
        ("https://-oops/us/kiln", ""),
    ],
)
def test_remote_becomes_a_web_address(remote, address):
    assert discovery.web_address(remote) == address


def test_remote_names_the_repository(folder):
    POST.build(folder / "post")
    subprocess.run(
        ["git", "-C", "post", "config", "remote.origin.url", "git@github.com:us/mail.git"], check=True
    )

    found = discovery.read(folder / "post")

    assert found is not None
    assert found.address == "https://github.com/us/mail"


# ── without settings ──────────────────────────────────────────────────────────────────────────────
def test_document_without_settings_is_dated_and_verified(folder, capsys):
    POST.build(folder / "post")
    write(folder, POST.documents)

    assert cli.run(["verify", "architecture.rst", "--source", "post", "--tag", "v2.1.0"]) == cli.FINDINGS
    assert "stands in queue/queue.go in line 17, not in line 14" in capsys.readouterr().out
    assert [file.name for file in folder.iterdir() if file.name == "annotator.toml"] == []


def test_own_repository_needs_neither_settings_nor_source(folder, capsys):
    KILN.check_out(folder)

    assert cli.run(["verify", "docs"]) == cli.FINDINGS
    assert cli.run(["track", "kiln.go::Fire"]) == cli.OK
    assert cli.run(["date", "docs/guide.md"]) == cli.OK


def test_broken_settings_are_not_passed_over(folder, capsys):
    KILN.check_out(folder)
    (folder / "annotator.toml").write_text("baseline = 1\n")

    assert cli.run(["verify", "docs", "--source", "."]) == cli.USAGE
    assert "annotator.toml:1" in capsys.readouterr().err


def test_no_settings_and_no_repository_is_one_sentence(folder, capsys):
    write(folder, POST.documents)

    assert cli.run(["verify", "pinned.md"]) == cli.USAGE
    assert "write them with `annotator init`, or give `--source`" in capsys.readouterr().err
