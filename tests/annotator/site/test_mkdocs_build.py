"""The settings of mkdocs in each language, and the HTML that it makes from them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from annotator.errors import AnnotatorError
from annotator.site import mkdocs_build, output

SITE = Path(__file__).resolve().parents[3] / "site"

WORDS = {"INHERIT", "site_name", "site_description", "docs_dir", "site_dir", "plugins"}
"""Settings that are a language's own."""


def settings(name: str) -> dict[str, object]:
    return yaml.safe_load((SITE / name).read_text(encoding="utf-8"))


def test_chinese_settings_are_the_english_ones_but_for_words() -> None:
    english, chinese = settings("mkdocs.yml"), settings("mkdocs.zh.yml")

    assert english.keys() == chinese.keys()
    for key in english.keys() - WORDS - {"theme", "extra_css", "extra_javascript", "extra"}:
        assert english[key] == chinese[key], key
    shared = [*english["extra_css"], *english["extra_javascript"], *english["extra"]["polyfills"]]
    own = [*chinese["extra_css"], *chinese["extra_javascript"], *chinese["extra"]["polyfills"]]
    assert chinese["extra_javascript"][0] == "assets/words.js"
    assert [path.removeprefix("../") for path in own if path != "assets/words.js"] == shared
    for key in english["theme"].keys() - {"language", "favicon", "palette"}:
        assert english["theme"][key] == chinese["theme"][key], key


@pytest.mark.parametrize(("code", "name"), [("en", "mkdocs.yml"), ("zh", "mkdocs.zh.yml")])
def test_each_language_has_settings(code: str, name: str) -> None:
    assert mkdocs_build.settings_file(code) == name
    assert (SITE / name).is_file()


def test_html_that_a_killed_run_had_moved_comes_back(tmp_path: Path) -> None:
    (tmp_path / "mkdocs.yml").write_text("nothing: [")
    moved = tmp_path / ".cache" / "html.made" / "old"
    moved.mkdir(parents=True)
    (moved / "index.html").touch()

    with pytest.raises(AnnotatorError):
        mkdocs_build.make(tmp_path, ())

    assert (tmp_path / "html" / "index.html").is_file()


def test_two_builds_do_not_write_the_same_html(tmp_path: Path) -> None:
    (tmp_path / ".cache").mkdir()

    with (
        output.locked(tmp_path / ".cache" / "html.lock", tmp_path / "html"),
        pytest.raises(output.SiteBusy, match="another build is writing it"),
    ):
        mkdocs_build.make(tmp_path, ())


def test_pages_that_mkdocs_refuses_leave_the_old_html(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("[x](nowhere.md)\n")
    (tmp_path / "mkdocs.yml").write_text("site_name: t\n")
    (tmp_path / "html").mkdir()
    (tmp_path / "html" / "old.html").touch()

    with pytest.raises(AnnotatorError, match=r"mkdocs cannot build it: .*"):
        mkdocs_build.make(tmp_path, ())

    assert [file.name for file in (tmp_path / "html").iterdir()] == ["old.html"]


@pytest.mark.slow
def test_version_that_mkdocs_refuses_is_quoted(tmp_path: Path) -> None:
    site = tmp_path / "site"
    (site / "theme").mkdir(parents=True)
    (site / "mkdocs.yml").write_text("site_name: t\nsite_dir: html\nplugins: []\n")
    (site / "versions.yml").write_text("INHERIT: mkdocs.yml\ntheme: {name: mkdocs, custom_dir: theme}\n")

    with pytest.raises(AnnotatorError, match=r"mkdocs cannot build it: .*nowhere\.md"):
        mkdocs_build.make_version({"en": {"index.md": b"[x](nowhere.md)\n"}}, site, tmp_path / "v1")
