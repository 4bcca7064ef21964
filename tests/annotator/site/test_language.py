"""Messages of the pages in other languages."""

import pytest

from annotator.errors import InvalidInput
from annotator.site import language
from annotator.site.markup import Html


def test_a_message_is_english_without_a_language() -> None:
    assert language._("Chapters") == "Chapters"


def test_a_message_is_translated_within_its_language() -> None:
    with language.active("zh"):
        assert language._("Chapters") == "章节"
    assert language._("Chapters") == "Chapters"


def test_a_message_without_a_translation_stays_english() -> None:
    with language.active("zh"):
        assert language._("%(number)s unheard-of things", number=3) == "3 unheard-of things"


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("0.06 s, 8 volumes, 1 warnings", "0.06 s，8 个卷，1 条警告"),
        (
            "recorded: starts 15.79 s; live: starts 15.13 s",
            "录下的：启动用时 15.79 s；实测：启动用时 15.13 s",
        ),
        ("1339 of 1364 declarations at v19.03.15", "v19.03.15：1364 个声明中的 1339 个"),
        ("of driver tiny", "驱动为 tiny"),
        ("{1} begins: %s, {name} {2}", "{1} begins: %s, {name} {2}"),
        ("", ""),
    ],
)
def test_a_text_of_parts_is_translated_part_by_part(english: str, chinese: str) -> None:
    assert language.translated_parts(english) == english
    with language.active("zh"):
        assert language.translated_parts(english) == chinese


def test_values_in_a_message_of_html_are_escaped() -> None:
    with language.active("zh"):
        shown = language.html("<b>%(name)s</b>", name="<i>*a*")
    assert shown == "<b>&#60;i&#62;&#42;a&#42;</b>"
    assert language.html("%(one)s", one=Html("<i>")) == "<i>"


@pytest.mark.parametrize("code", ["xx", "../zh", ""])
def test_an_unknown_language_is_refused(code: str) -> None:
    with pytest.raises(InvalidInput, match="there are: zh"):
        language.language(code)
