"""The command line when the project's repository does not answer and Debian's release stands in."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from annotator import cli


@pytest.fixture
def offline(tmp_path: Path, mirror: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose repository refuses connections; Debian has v1.3.0."""
    mirror("stable", "1.3.0-1")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    folder = tmp_path / "project"
    (folder / "site" / "articles").mkdir(parents=True)
    (folder / "annotator.toml").write_text(
        f'repository = "http://127.0.0.1:{port}/origin"\nbaseline = "v1.2.0"\ndebian = "origin.go"\n'
    )
    monkeypatch.setenv("ANNOTATOR_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(folder)
    return folder


def manifest(line: int, symbol: str) -> str:
    return (
        'title = "t"\ntag = "v1.2.0"\n[[chapters]]\nnumber = "1"\ntitle = "c"\n'
        f'references = [{{ path = "main.go", symbol = "{symbol}", line = {line} }}]\n'
    )


def test_a_moved_reference_does_not_count_in_the_release_that_stands_in(offline, capsys):
    (offline / "site" / "articles" / "a.toml").write_text(manifest(2, "main"))

    assert cli.run(["verify", "--output", "sarif=out"]) == cli.OK

    said = capsys.readouterr()
    assert "does not answer: this is v1.3.0 from Debian's origin.go instead of v1.2.0" in said.err
    assert "1 reference at v1.3.0" in said.out
    assert "1 moved" in said.out
    assert "only `missing` counts as a finding there" in said.out
    (run,) = json.loads((offline / "out").read_text())["runs"]
    assert run["results"] == []
    assert "v1.3.0" in run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]


def test_a_missing_reference_counts_there(offline, capsys):
    (offline / "site" / "articles" / "a.toml").write_text(manifest(2, "nothing"))

    assert cli.run(["verify"]) == cli.FINDINGS
    assert "1 missing" in capsys.readouterr().out


def test_nothing_is_rewritten_to_the_release_that_stands_in(offline, capsys):
    file = offline / "site" / "articles" / "a.toml"
    file.write_text(manifest(2, "main"))

    assert cli.run(["verify", "--update"]) == 3
    assert file.read_text() == manifest(2, "main")
    assert "nothing is rewritten" in capsys.readouterr().err


@pytest.mark.parametrize("asked", [["--source", "OWN"], ["--tag", "v1.2.0"]])
def test_no_release_stands_in_for_what_was_asked_for(offline, capsys, asked):
    (offline / "site" / "articles" / "a.toml").write_text(manifest(2, "main"))
    own = (offline / "annotator.toml").read_text().split('"')[1]

    assert cli.run(["verify", *(own if word == "OWN" else word for word in asked)]) == 3


def test_a_date_needs_the_repository_itself(offline, capsys):
    (offline / "site" / "articles" / "a.toml").write_text(manifest(2, "main"))

    assert cli.run(["date", "site/articles/a.toml"]) == 3
