"""Settings: where they are found, and what is said of wrong ones."""

from __future__ import annotations

import pytest

from annotator import config
from annotator.errors import InvalidInput


def test_settings_are_found_from_a_folder_below(tmp_path):
    (tmp_path / "annotator.toml").write_text('repository = "https://e.org/r"\nbaseline = "v1"\n')
    (tmp_path / "a" / "b").mkdir(parents=True)

    assert config.find(tmp_path / "a" / "b").root == tmp_path


def test_a_table_in_pyproject_serves_as_well(tmp_path):
    (tmp_path / "pyproject.toml").write_text(
        '[tool.annotator]\nrepository = "https://e.org/r"\nbaseline = "v2"\n'
    )

    assert config.find(tmp_path).config.baseline == "v2"


def test_a_pyproject_without_the_table_is_passed_over(tmp_path):
    (tmp_path / "annotator.toml").write_text('repository = "r"\nbaseline = "v1"\n')
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "pyproject.toml").write_text("[project]\n")

    assert config.find(tmp_path / "in").root == tmp_path


SOUND = 'repository = "r"\nbaseline = "v1"\n'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('repository = "r"\nbaseline = "v1"\ncolour = 1\n', "annotator.toml:3: Object contains unknown"),
        ('repository = "r"\nbaseline = 7\n', "annotator.toml:2: Expected `str`"),
        ('repository = "r\n', "annotator.toml:1: not valid TOML"),
        ('repository = "r"\n', "missing required field `baseline`"),
        ('repository = "r"\nbaseline = ""\n', "annotator.toml:2: `baseline` is empty"),
        (SOUND + 'site = "a\\u0000b"\n', "annotator.toml:3: `site` holds characters that do not print"),
        (
            SOUND + '[recordings]\nscript = "../run.py"\n',
            "annotator.toml:4: `recordings.script` leads out of the project",
        ),
        (
            SOUND + '[recordings]\nruns = [{ name = "../x", title = "X", of = "a.go::A" }]\n',
            "annotator.toml:4: Expected `str` matching regex",
        ),
        (SOUND + f'walk = "{"x" * 2000}"\n', "annotator.toml:3: `walk` holds characters"),
        (
            SOUND + 'packages = [\n"a",\n"/etc"]\n',
            "annotator.toml:5: `packages.1` leads out of the project",
        ),
        (SOUND + 'site = "../site"\n', "annotator.toml:3: `site` leads out of the project"),
        (SOUND + 'packages = ["."]\n', "annotator.toml:3: `packages.0` is no package"),
        (SOUND + 'artcles = ["a.md"]\n', "unknown field `artcles`; the nearest is `articles`"),
        (SOUND + '[licence]\nhold = "x"\n', "unknown field `hold` - at `$.licence`; the nearest is `holder`"),
        (SOUND + "[go]\nzzz = 1\n", "unknown field `zzz` - at `$.go`; the keys are errors, locks"),
        (SOUND + 'languages = ["zh", "zh"]\n', "annotator.toml:3: `languages` names one twice"),
        (SOUND + 'languages = ["en"]\n', "`languages.0` is no code of a language besides English"),
        (SOUND + 'languages = ["zh", "../x"]\n', "`languages.1` is no code of a language"),
        (SOUND + 'articles = ["../a.md"]\n', "`articles.0` leads out of the project"),
        (SOUND + 'exclude = ["./"]\n', "`exclude.0` is no pattern"),
        (SOUND + "[licence]\nname = 3\n", "annotator.toml:4: Expected `str`"),
    ],
)
def test_wrong_settings_are_said_with_file_and_line(tmp_path, text, says):
    (tmp_path / "annotator.toml").write_text(text)

    with pytest.raises(InvalidInput) as caught:
        config.find(tmp_path)

    assert says in str(caught.value)


def test_tables_name_several_repositories(tmp_path):
    (tmp_path / "annotator.toml").write_text(
        'site = "docs"\n[[repository]]\nurl = "https://e.org/us/r"\nbaseline = "v1"\nprefixes = ["src"]\n'
        '[[repository]]\nurl = "git@e.org:us/other.git"\nbaseline = "v2"\nmodules = ["example.org/us/old"]\n'
    )

    settings = config.find(tmp_path).config

    assert (settings.repository, settings.baseline, settings.prefixes) == (
        "https://e.org/us/r",
        "v1",
        ("src",),
    )
    assert settings.site == "docs"
    assert [other.names for other in settings.others] == [{"us/other", "us/old"}]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[[repository]]\nurl = "r"\n', "missing required field `baseline`"),
        ('[[repository]]\nurl = "r"\nbaseline = ""\n', "annotator.toml:3: `repository.0.baseline` is empty"),
        ('[[repository]]\nurl = "r"\nbaselin = "v1"\n', "the nearest is `baseline`"),
        ("repository = []\n", "annotator.toml:1: Expected `array` of length >= 1"),
    ],
)
def test_wrong_tables_are_said_with_file_and_line(tmp_path, text, says):
    (tmp_path / "annotator.toml").write_text(text)

    with pytest.raises(InvalidInput) as caught:
        config.find(tmp_path)

    assert says in str(caught.value)
