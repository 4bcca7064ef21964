"""Foreign text becomes inert HTML."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotator.site.markup import Html, escape, join, label, quote, web

CHINESE = "\u2014\u2018\u2019\u201c\u201d\u2026\u3001-\u303f\u3400-\u9fff\uff01-\uff0f\uff1a-\uff1f"
"""Characters that no reader of markup acts on: Chinese ones, and marks of punctuation."""


@given(st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs"])))
def test_escaped_text_reads_as_the_text_and_holds_nothing_but_letters_and_references(text: str) -> None:
    escaped = escape(text)

    assert html.unescape(escaped) == text
    assert re.fullmatch(rf"(?:[A-Za-z0-9 {CHINESE}]|&#[0-9]+;)*", escaped)


def test_tabs_and_newlines_are_kept_as_references() -> None:
    assert escape("\t\n") == "&#9;&#10;"


def test_what_is_formatted_into_html_is_escaped() -> None:
    assert Html("<b>%s</b>") % "<i>*" == "<b>&#60;i&#62;&#42;</b>"


def test_html_is_not_escaped_twice() -> None:
    assert join((Html("<b>"), "<", Html("</b>"))) == "<b>&#60;</b>"


@pytest.mark.parametrize("character", ["\u202e", "\u2066", "\u200f"])
def test_a_character_that_turns_the_reading_direction_is_shown_by_its_number(character: str) -> None:
    assert html.unescape(escape(character)) == f"[U+{ord(character):04X}]"


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\r", "\x85", "\udc80"])
def test_a_character_that_html_cannot_hold_becomes_the_replacement_character(character: str) -> None:
    assert escape(character) == "&#65533;"


@given(st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs"])))
def test_a_label_reads_as_the_text_and_ends_neither_a_yaml_string_nor_html(text: str) -> None:
    labelled = label(text)

    assert html.unescape(labelled) == text
    assert not set(labelled) & set('<>"\\{}\n`*[]')


def test_an_ordinary_title_stays_as_it_is_in_a_label() -> None:
    assert label("2.1 NewDaemon: everything's in order (é)") == "2.1 NewDaemon: everything's in order (é)"


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "data:text/html,x", "//host/x", "/etc/passwd", "https://", "ext::sh"]
)
def test_only_addresses_of_the_web_become_links(address: str) -> None:
    assert web(address) == ""


def test_an_address_of_the_web_stays() -> None:
    assert web("https://example.org/a?b=c#d") == "https://example.org/a?b=c#d"


def test_a_path_is_quoted_for_an_address() -> None:
    assert quote('a b/"<é>?#.go') == "a%20b/%22%3C%C3%A9%3E%3F%23.go"
