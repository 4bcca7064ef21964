"""`bump` moves documents and the baseline to another tag, together or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sample_projects import KILN, MILL, POST

from annotator import cli, config
from annotator.file_io import write_together


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ANNOTATOR_CACHE", str(tmp_path / "cache"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def set_up(folder: Path, project, documents=None, settings: str = "") -> None:
    project.build(folder / "source")
    for name, text in (documents or project.documents).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.encode())
    text = settings or (
        f'repository = "{project.address}"\nsource = "source"\nbaseline = "v1.0.0" # as of it\n'
        f"articles = {json.dumps(sorted(documents or project.documents))}\n"
    )
    (folder / "annotator.toml").write_bytes(text.encode())


def content(folder: Path) -> dict[str, bytes]:
    files = (file for file in folder.rglob("*") if file.is_file())
    return {str(file.relative_to(folder)): file.read_bytes() for file in files if "source" not in file.parts}


@pytest.mark.parametrize("project", [POST, MILL], ids=lambda project: project.name)
def test_documents_and_baseline_move_to_the_newest_release(folder, project, capsys):
    set_up(folder, project)

    assert cli.run(["bump"]) == cli.OK

    assert config.find(folder).config.baseline == "v2.1.0"
    assert "1 reference to read again, 0 left" in capsys.readouterr().out
    assert 'baseline = "v2.1.0" # as of it\n' in (folder / "annotator.toml").read_text()
    assert cli.run(["verify"]) == cli.OK
    assert cli.run(["bump"]) == cli.OK
    assert "0 files rewritten" in capsys.readouterr().out


def test_links_to_the_old_baseline_name_the_new_one(folder):
    set_up(folder, POST)

    assert cli.run(["bump", "v1.2.0"]) == cli.OK

    assert "blob/v1.2.0/queue/queue.go#L23" in (folder / "pinned.md").read_text()


def test_check_shows_all_and_writes_nothing(folder, capsys):
    set_up(folder, KILN)
    before = content(folder)

    assert cli.run(["bump", "v1.2.0", "--check"]) == cli.FINDINGS

    shown = capsys.readouterr().out
    assert '+baseline = "v1.2.0" # as of it\n' in shown
    assert "docs/guide.md:3: read it again: the code of kiln.go#L4 changed\n" in shown
    assert "v1.0.0 → v1.2.0: 2 files to rewrite, 1 reference to read again, 0 left" in shown
    assert content(folder) == before


def test_lost_symbol_is_left_and_told(folder, capsys):
    set_up(folder, KILN)

    assert cli.run(["bump", "--format", "json"]) == cli.FINDINGS

    report = json.loads(capsys.readouterr().out)
    assert report["written"] is True
    assert [each["cited"] for each in report["remaining"]] == ["kiln.go::Shelf.Put#L25"]
    assert not report["hidden"]
    assert config.find(folder).config.baseline == "v2.1.0"


def test_nothing_is_written_if_rot_would_be_hidden(folder, capsys):
    set_up(folder, KILN, {"a.md": "See `kiln.go:26` and `kiln.go:4`.\n"})
    before = content(folder)

    assert cli.run(["bump"]) == cli.FINDINGS
    said = capsys.readouterr()
    assert "as of v2.1.0 it would pass for right" in said.out
    assert "nothing is written: 1 reference would pass for right at v2.1.0" in said.err
    assert content(folder) == before

    assert cli.run(["bump", "--force"]) == cli.FINDINGS
    assert (folder / "a.md").read_text() == "See `kiln.go:26` and `kiln.go:8`.\n"


def test_failure_leaves_every_file_as_it_was(folder, capsys):
    set_up(folder, KILN)
    before = content(folder)
    (folder / ".annotator.toml.new").mkdir()  # in the way of the settings, which come last

    assert cli.run(["bump", "v1.2.0"]) == cli.USAGE

    assert "cannot be written" in capsys.readouterr().err
    assert content(folder) == before


def test_replaced_files_are_restored_when_interrupted(tmp_path, monkeypatch):
    files = [tmp_path / name for name in "abc"]
    for file in files:
        file.write_bytes(b"old")
    real, calls = Path.replace, []

    def interrupted(self, target):
        calls.append(self)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(self, target)

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_together([(file, b"new") for file in files])

    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == dict.fromkeys("abc", b"old")


@pytest.mark.parametrize(
    "settings",
    [
        (
            '\ufeffsource = "source"\r\nrepository = "R"\r\n  baseline   =   \'v1.0.0\'  # c\r\n'
            'articles = ["a.md"]\r\n'
        ),
        (
            'articles = ["a.md"]\n[[repository]]\nurl = "R"\nsource = "source"\nbaseline = "v1.0.0"\n'
            '[[repository]]\nurl = "https://example.org/us/other"\nbaseline = "v1.0.0"\n'
        ),
    ],
)
def test_only_the_baseline_of_the_settings_changes(folder, settings):
    settings = settings.replace('"R"', f'"{KILN.address}"')
    set_up(folder, KILN, {"a.md": "`kiln.go:4`\n"}, settings)

    assert cli.run(["bump", "v1.1.0"]) == cli.OK

    after = (folder / "annotator.toml").read_bytes().decode()
    quoted = "'v1.0.0'" if "'v1.0.0'" in settings else '"v1.0.0"'
    assert after == settings.replace(quoted, '"v1.1.0"', 1)


def test_table_of_pyproject_is_moved_too(folder):
    set_up(folder, KILN, {"a.md": "`kiln.go:4`\n"})
    lines = (folder / "annotator.toml").read_text()
    (folder / "annotator.toml").unlink()
    (folder / "pyproject.toml").write_text(f'[project]\nbaseline = "x"\n[tool.annotator]\n{lines}')

    assert cli.run(["bump", "v1.1.0"]) == cli.OK
    assert 'baseline = "x"' in (folder / "pyproject.toml").read_text()
    assert config.find(folder).config.baseline == "v1.1.0"


def test_own_repository_stays_at_head(folder, capsys):
    KILN.check_out(folder)
    assert cli.run(["init"]) == cli.OK
    (folder / "docs" / "guide.md").write_text("`Fire` is at `kiln.go:8`.\n")

    assert cli.run(["bump"]) == cli.OK
    assert "HEAD → HEAD: 0 files rewritten" in capsys.readouterr().out


def test_unknown_tag_and_missing_settings_are_wrong_usage(folder, capsys):
    assert cli.run(["bump"]) == cli.USAGE
    set_up(folder, KILN)
    before = content(folder)

    assert cli.run(["bump", "v9.9.9"]) == cli.USAGE
    assert "no tag, ref or commit 'v9.9.9'" in capsys.readouterr().err
    assert content(folder) == before


def test_the_text_of_a_pull_request_lists_tasks(folder, capsys):
    set_up(folder, KILN)

    cli.run(["bump", "--format", "markdown", "--check"])

    text = capsys.readouterr().out
    assert "- [ ] `docs/guide.md:3` cites `kiln.go#L4`" in text
    assert "**Left: it is not certain what is right**" in text


def test_links_to_head_are_not_pinned(folder):
    KILN.check_out(folder)
    assert cli.run(["init"]) == cli.OK
    text = f"[Fire]({KILN.address}/blob/HEAD/kiln.go#L8)\n"
    (folder / "docs" / "guide.md").write_text(text)

    assert cli.run(["bump"]) == cli.OK
    assert (folder / "docs" / "guide.md").read_text() == text
