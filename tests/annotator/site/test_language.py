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


def test_values_in_a_message_of_html_are_escaped() -> None:
    with language.active("zh"):
        shown = language.html("<b>%(name)s</b>", name="<i>*a*")
    assert shown == "<b>&#60;i&#62;&#42;a&#42;</b>"
    assert language.html("%(one)s", one=Html("<i>")) == "<i>"


@pytest.mark.parametrize("code", ["xx", "../zh", ""])
def test_an_unknown_language_is_refused(code: str) -> None:
    with pytest.raises(InvalidInput, match="there are: zh"):
        language.language(code)
