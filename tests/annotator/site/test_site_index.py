"""The project's own chapters: complete, in their places, and in our own words."""

from __future__ import annotations

from pathlib import Path

import pytest

from annotator import config
from annotator.site import project_texts
from annotator.site.site_index import chapter_sort_key

SITE = Path(__file__).resolve().parents[3] / "site"
ALL = project_texts.own_texts(config.find(SITE))
TEXTS = [text for text in ALL if "/" not in text.name]
CHAPTERS = [text for text in TEXTS if text.number]
PAGES = [text for text in ALL if text.name.startswith("pages/")]
QUESTIONS = [page for page in PAGES if page.section == "Questions"]


def test_the_chapters_cover_the_walk_without_a_gap() -> None:
    numbers = {chapter.number for chapter in CHAPTERS}

    parents = {number.rpartition(".")[0] for number in numbers} - {"2", "3"}
    assert parents <= numbers
    assert (min(numbers, key=chapter_sort_key), max(numbers, key=chapter_sort_key)) == ("2.1", "3.5")


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text.name)
def test_a_text_has_a_title_a_summary_and_a_file_of_its_number(text: project_texts.MarkdownText) -> None:
    assert text.title
    assert text.summary.endswith(".")
    assert text.number in {"", text.name}


@pytest.mark.parametrize("text", CHAPTERS, ids=lambda text: text.name)
def test_a_chapter_is_read_in_a_few_minutes(text: project_texts.MarkdownText) -> None:
    assert 120 <= len(text.body.split()) <= 350


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text.name)
def test_no_code_stands_in_our_texts_it_is_shown_from_the_source(text: project_texts.MarkdownText) -> None:
    assert "```" not in text.body
    assert "\n    " not in text.body
    assert project_texts.mentions(text) or text.name == "home"


@pytest.mark.parametrize("text", QUESTIONS, ids=lambda text: text.name)
def test_a_question_is_answered_in_one_picture_one_paragraph_and_one_example(
    text: project_texts.MarkdownText,
) -> None:
    assert text.picture is not None
    assert len(text.picture.way) > 5
    assert "\n\n" not in text.body
    assert text.example


def test_both_questions_are_there() -> None:
    assert [text.order for text in sorted(QUESTIONS, key=lambda text: text.order)] == [1, 2]
