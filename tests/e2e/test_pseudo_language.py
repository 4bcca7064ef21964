"""Adding a language as the contributor page says: one in which every message stands between brackets."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.pofile import read_po, write_po

from tests.conftest import write
from tests.e2e.test_languages import ENGLISH, Page, pages

ROOT = Path(__file__).parents[2]
CODE = "eo"
MESSAGE = re.compile(r"⟦[^⟦⟧]*⟧")

pytestmark = pytest.mark.slow

TEXT = '+++\ntitle = "The counter"\n%s+++\n\nCups are sold here.\n'
PSEUDO = '+++\ntitle = "⟦The counter⟧"\n+++\n\n⟦Cups are sold here.⟧\n'


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """This program with one more language."""
    folder = tmp_path / "program"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "annotator", folder / "annotator", ignore=ignored)
    shutil.copytree(ROOT / "templates", folder / "templates")
    for name in ("assets", "theme"):
        shutil.copytree(ROOT / "site" / name, folder / "site" / name)
    for file in (ROOT / "site").glob("*.yml"):
        shutil.copy(file, folder / "site")
    settings = (folder / "site" / "mkdocs.zh.yml").read_text()
    settings = re.sub(r"docs-zh|html/zh", lambda found: found[0].replace("zh", CODE), settings)
    settings = settings.replace("language: zh", f"language: {CODE}").replace("lang: zh", "lang: en")
    (folder / "site" / f"mkdocs.{CODE}.yml").write_text(settings)
    catalogues = folder / "annotator" / "site" / "catalogues"
    with (catalogues / "zh.po").open("rb") as file:
        catalogue = read_po(file, locale=CODE)
    for message in catalogue:
        if message.id:
            ids = message.id if isinstance(message.id, tuple) else (message.id,)
            strings = tuple(f"⟦{one}⟧" for one in ids)
            message.string = strings if message.pluralizable else strings[0]
    with (catalogues / f"{CODE}.po").open("wb") as file:
        write_po(file, catalogue)
    return folder


def outside_messages(text: str) -> str:
    """Return a text without messages; one may stand in another."""
    before = ""
    while before != text:
        before, text = text, MESSAGE.sub("", text)
    return text


def run(program: Path, project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(program)}
    command = [sys.executable, "-P", "-m", "annotator", *arguments]
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)


def test_a_new_language_needs_settings_a_catalogue_and_texts(
    program: Path, project: Path, shop: Path
) -> None:
    settings = (project / "annotator.toml").read_text()
    write(
        project,
        {
            "annotator.toml": f'languages = ["{CODE}"]\n{settings}',
            "site/pages/counter.md": TEXT % "",
            f"site/pages/counter.{CODE}.md": PSEUDO,
            "site/pages/till.md": TEXT.replace("counter", "till") % "",
        },
    )

    built = run(program, project, "build", "--html", "--source", str(shop))

    assert built.returncode == 0, built.stderr
    html = project / "site" / "html"
    english = {path for path in pages(html) if not path.startswith(f"{CODE}/")}
    assert pages(html / CODE) == english
    untranslated = (html / CODE / "pages" / "till.html").read_text()
    assert "⟦This text has not been translated yet; here it is in English.⟧" in untranslated
    assert "Cups are sold here" in untranslated
    for name in sorted(english - {"pages/till.html"}):
        page = (html / CODE / name).read_text()
        assert f'<html lang="{CODE}"' in page
        assert not ENGLISH.search(outside_messages("\n".join(Page(page, CODE).words)))
    assert "⟦Cups are sold here.⟧" in (html / CODE / "pages" / "counter.html").read_text()

    command = [sys.executable, "-m", "zensical", "build", "-f", f"mkdocs.{CODE}.yml"]
    subprocess.run(command, cwd=project / "site", check=True, capture_output=True)
    page = (html / CODE / "pages" / "counter.html").read_text()
    assert "⟦Source⟧" in page  # zensical joins lists with those of inherited settings
    assert page.count('data-language="en"') == page.count('class="md-header__inner') == 1

    told = run(program, project, "translations")

    assert told.returncode == 1
    assert f"till.md:1: there is no till.{CODE}.md" in told.stdout
    assert f"counter.{CODE}.md:2: title is not recorded as a translation" in told.stdout
    run(program, project, "translations", "--accept")
    assert run(program, project, "translations").stdout.count("\n") == 1
