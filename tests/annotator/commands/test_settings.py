"""The page of all settings is that of their types."""

from __future__ import annotations

from pathlib import Path

from annotator import cli
from annotator.commands import settings

PAGE = Path(__file__).parents[3] / "site" / "pages" / "settings.md"


def test_page_is_made_from_the_types():
    assert PAGE.read_text() == settings.page(), "run python -m annotator.commands.settings"


def test_every_setting_has_a_meaning():
    listed = [(table.head, each) for table in settings.tables() for each in table.settings]

    assert [(head, each.key) for head, each in listed if not each.meaning] == []
    assert {"repository", "baseline", "articles", "exclude"} <= {
        each.key for head, each in listed if not head
    }
    assert {"[licence]", "[[recordings.runs]]", "[[repository]]"} <= {head for head, _ in listed}


def test_settings_are_listed(capsys):
    assert cli.run(["settings"]) == cli.OK
    assert "  repository (text, required): Address of the annotated Go repository" in capsys.readouterr().out
