"""A site that is built again after a change is the site that is built from nothing."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from annotator import cli

CHAPTER = """\
+++
number = "1"
title = "The store"
summary = "Where things are."
locks = ["store/store.go::Store"]
+++

It is `store/store.go::Store` that keeps things.
"""
SHOW = '''\
"""Shows a find."""

from port import Store


def main() -> None:
    """Find."""
    print(Store().get("abc"))


if __name__ == "__main__":
    main()
'''
SETTINGS = 'examples = { folder = "port/examples", command = "python -m port.examples.{name}" }\n'


@pytest.fixture
def site(project: Path, shop: Path) -> Path:
    """The project with a chapter, an example and the facts of the baseline, and its site."""
    (project / "port/examples").mkdir()
    (project / "port/examples/__init__.py").write_text("")
    (project / "port/examples/show.py").write_text(SHOW)
    (project / "site/chapters/1.md").write_text(CHAPTER)
    with (project / "annotator.toml").open("a") as settings:
        settings.write(SETTINGS)
    assert cli.run(["record", "--source", str(shop)]) == cli.OK
    build(project, shop)
    return project


def build(project: Path, shop: Path) -> Mapping[str, bytes]:
    """The pages after a build."""
    assert cli.run(["build", "--source", str(shop)]) == cli.OK
    docs = project / "site/docs"
    return {
        file.relative_to(docs).as_posix(): file.read_bytes() for file in docs.rglob("*") if file.is_file()
    }


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("site/chapters/1.md", "keeps things", "really keeps things"),
        ("site/chapters/1.md", 'locks = ["store/store.go::Store"]\n', ""),
        ("site/articles/shop.toml", "line = 9", "line = 10"),
        ("site/articles/shop.toml", 'symbol = "Store.Get"', 'symbol = "Store.Lost"'),
        ("port/__init__.py", "Keeps things.", "Really keeps things."),
        ("port/__init__.py", "Find a thing.", "Find a thing.\n\n        Or none."),
        ("port/__init__.py", "store/store.go::Store.Get", "store/store.go::Store.Lost"),
        ("port/__init__.py", "return len(name)", "return 2 * len(name)"),
        ("port/examples/show.py", '"abc"', '"abcd"'),
        ("annotator.toml", 'prefixes = ["src"]', 'prefixes = ["source"]'),
    ],
)
def test_after_a_change_the_site_is_as_if_built_from_nothing(
    site: Path, shop: Path, tmp_path: Path, path: str, old: str, new: str
) -> None:
    before = (site / path).read_text()
    (site / path).write_text(before.replace(old, new))
    changed = build(site, shop)
    shutil.rmtree(tmp_path / "cache")
    shutil.rmtree(site / "site/docs")

    assert changed == build(site, shop)
    assert (site / path).read_text() != before


def test_what_an_example_prints_is_on_its_page(site: Path) -> None:
    assert b"<code>3&#10;</code>" in (site / "site/docs/examples/show.md").read_bytes()


def test_an_example_that_fails_fails_the_build_in_a_sentence_and_the_old_site_stays(
    site: Path, shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (site / "site/docs/index.md").read_bytes()
    (site / "port/examples/show.py").write_text(SHOW.replace('"abc"', "None"))

    assert cli.run(["build", "--source", str(shop)]) == cli.USAGE

    assert "port/examples/show.py: the example ended with exit code 1" in capsys.readouterr().err
    assert (site / "site/docs/index.md").read_bytes() == before
