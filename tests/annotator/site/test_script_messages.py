"""What readers see of the scripts in the browser is a message, and each message has a translation."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from annotator.site.language import CATALOGUES, language

SCRIPTS = Path(__file__).parents[3] / "site" / "assets"

OWN = sorted(script for script in SCRIPTS.glob("*.js") if script.name != "iframe-worker.js")
"""Without the one that comes from others."""

LITERAL = re.compile(
    r"""(?P<comment>(?<!\\)//[^\n]*|/\*.*?\*/)
    |(?P<selector>\b(?:closest|matches|querySelector(?:All)?)\(\s*)?
     (?P<function>\bsay(?:With)?\(\s*)?
     (?P<shown>(?:textContent|title|placeholder|ariaLabel)\s*[=:]\s*|"(?:aria-(?:label|description|valuetext)|title)",\s*)?
     (?P<text>"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`)""",
    re.DOTALL | re.VERBOSE,
)
PROSE = re.compile(r"[A-Za-z][,;]? +[A-Za-z]|^[A-Z][a-z]+[.?!]?$")
KEYS = {"Enter", "Esc", "Escape", "ArrowDown", "ArrowUp", "Ctrl K", "Home", "End"}
NAMES = {"Go", "Python", "MainThread", "use strict", "import sys; sys.path.insert(0, '/project')"}


def unsaid(script: str) -> Iterator[str]:
    """Yield the texts of a script that a reader may see, and that are no messages."""
    for found in LITERAL.finditer(script):
        if any(found.group("comment", "selector", "function")) or script.startswith(": say(", found.end()):
            continue
        text = re.sub(r"\$\{[^{}]*\}", "", found["text"][1:-1])
        is_prose = PROSE.search(text) and not re.search(r"[#\[]|(^|\s)\.|\w-+(\w|$)", text)
        if (is_prose or (found["shown"] and re.search(r"[A-Za-z]", text))) and text not in KEYS | NAMES:
            yield text


def messages() -> dict[str, str]:
    """Return the messages of all scripts with the name of one script."""
    return {
        json.loads(found["text"]): script.name
        for script in OWN
        for found in LITERAL.finditer(script.read_text(encoding="utf-8"))
        if found["function"]
    }


def placeholders(text: str) -> list[str]:
    return sorted(re.findall(r"\{\w+\}", text))


@pytest.mark.parametrize(
    "line",
    [
        'button.textContent = "copy";',
        'field.setAttribute("aria-label", "filter");',
        'make("p", "", "It has ended.");',
        "make(`step ${at} of ${all}`);",
    ],
)
def test_a_text_that_is_no_message_is_found(line: str) -> None:
    assert list(unsaid(line))


@pytest.mark.parametrize("script", OWN, ids=lambda script: script.name)
def test_scripts_show_messages_only(script: Path) -> None:
    assert list(unsaid(script.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("sheet", sorted(SCRIPTS.glob("*.css")), ids=lambda sheet: sheet.name)
def test_no_style_sheet_has_words(sheet: Path) -> None:
    shown = re.findall(r'content:\s*"([^"]*)"', sheet.read_text(encoding="utf-8"))
    assert [text for text in shown if PROSE.search(text) and text not in NAMES] == []


@pytest.mark.parametrize("code", sorted(catalogue.stem for catalogue in CATALOGUES.glob("*.po")))
def test_messages_of_scripts_are_translated(code: str) -> None:
    translations = language(code).messages

    assert len(messages()) > 100
    assert [message for message in messages() if message not in translations] == []
    changed = [one for one in messages() if placeholders(one) != placeholders(translations[one])]
    assert changed == []
