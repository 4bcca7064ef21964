"""Hostile settings and documents: one clear error, nothing executed, nothing written outside."""

from __future__ import annotations

from pathlib import Path

import pytest
from sample_projects import KILN

from annotator import cli


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ANNOTATOR_CACHE", str(tmp_path / "cache"))
    (tmp_path / "work" / "docs").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def content(folder: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        ('source = "ext::sh -c touch% run"', cli.USAGE, "neither a URL nor a path"),
        ('source = "--upload-pack=touch run"', cli.USAGE, "neither a URL nor a path"),
        ('source = "fd::17"', cli.USAGE, "neither a URL nor a path"),
        ('source = "nosuch"', 3, "does not exist"),
        ('source = "docs"', 3, "is not a git repository"),
        ('articles = ["../*.md"]', cli.USAGE, "leads out of the project"),
        ('articles = ["/etc/*.md"]', cli.USAGE, "leads out of the project"),
        ('articles = ["docs/../../*.md"]', cli.USAGE, "leads out of the project"),
        ('articles = ["C:\\\\docs\\\\*.md"]', cli.USAGE, "leads out of the project"),
        ('articles = [""]', cli.USAGE, "is no pattern"),
        ('site = "docs/../../out"', cli.USAGE, "leads out of the project"),
        ("articles = 7", cli.USAGE, "Expected `array`"),
        (f'exclude = ["{"*" * 1001}"]', cli.USAGE, "more than 1000"),
    ],
)
def test_hostile_setting_is_one_clear_error(folder, capsys, line, code, says):
    KILN.build(folder / "kiln")
    source = "" if line.startswith("source") else 'source = "kiln"\n'
    (folder / "annotator.toml").write_text(
        f'repository = "{KILN.address}"\nbaseline = "v1.0.0"\n{source}{line}\n'
    )
    before = content(folder.parent / "work")

    assert cli.run(["verify"]) == code

    said = capsys.readouterr().err
    assert says in said
    assert said.count("\n") == 1
    assert content(folder.parent / "work") == before


def test_baseline_is_never_an_option_of_git(folder, capsys):
    KILN.build(folder / "kiln")
    (folder / "docs" / "a.md").write_text("`kiln.go:4`\n")
    (folder / "annotator.toml").write_text(
        f'repository = "{KILN.address}"\nbaseline = "--output=run"\nsource = "kiln"\narticles = ["docs"]\n'
    )

    assert cli.run(["verify"]) == cli.USAGE
    assert "cannot be the name of a tag" in capsys.readouterr().err
    assert cli.run(["affected", "--", "--output=run", "v1.0.0"]) == cli.USAGE
    assert not (folder / "run").exists()


def test_bump_writes_through_no_link_that_leads_out(folder, capsys):
    KILN.build(folder / "kiln")
    outside = folder.parent / "outside.md"
    outside.write_text("`kiln.go:4`\n")
    (folder / "docs" / "a.md").symlink_to(outside)
    (folder / "docs" / "b.md").write_text("`kiln.go:4`\n")
    (folder / "annotator.toml").write_text(
        f'repository = "{KILN.address}"\nbaseline = "v1.0.0"\nsource = "kiln"\narticles = ["docs/*.md"]\n'
    )

    assert cli.run(["bump"]) == cli.OK

    assert outside.read_text() == "`kiln.go:4`\n"
    assert (folder / "docs" / "b.md").read_text() == "`kiln.go:8`\n"


def test_site_is_built_in_no_folder_that_leads_out(folder, capsys):
    KILN.build(folder / "kiln")
    (folder.parent / "outside").mkdir()
    (folder / "site").symlink_to(folder.parent / "outside")
    (folder / "annotator.toml").write_text(
        f'repository = "{KILN.address}"\nbaseline = "v1.0.0"\nsource = "kiln"\n'
    )

    assert cli.run(["build"]) == cli.USAGE

    assert "leads out of the project; name another folder as `site`" in capsys.readouterr().err
    assert not list((folder.parent / "outside").iterdir())


def test_init_quotes_what_hostile_names_hold(folder, capsys):
    KILN.build(folder / "kiln")
    name = 'docs"]\nbaseline = "x'
    (folder / name).mkdir()
    (folder / name / "a.md").write_text("`kiln.go:4`\n")
    (folder / "docs" / "b.md").write_text("`kiln.go:4` <!-- annotator: " + "ignore" * 50_000 + " -->\n")

    assert cli.run(["init"]) == cli.OK

    text = (folder / "annotator.toml").read_text()
    assert text.count("baseline =") == 2
    assert '"docs\\"]\\nbaseline = \\"x/**/*.md"' in text


def test_site_without_texts_has_its_pages_of_code(folder, capsys):
    KILN.build(folder / "kiln")
    (folder / "docs" / "a.md").write_text("# Glazes\n\n`glaze/glaze.go:4`\n")
    (folder / "annotator.toml").write_text(
        f'repository = "{KILN.address}"\nbaseline = "v1.0.0"\nsource = "kiln"\narticles = ["docs/*.md"]\n'
    )

    assert cli.run(["build"]) == cli.OK

    docs = folder / "site" / "docs"
    assert (docs / "symbols.md").is_file()
    assert list((docs / "go").rglob("*.md"))
    assert 'title: "Glazes"' in (docs / "chapters" / "Glazes.md").read_text()
    assert 'site_name: "kiln annotated"' in (folder / "site" / "mkdocs.yml").read_text()
