"""The messages of templates and code: each one is in the catalogue, and the catalogue has no others."""

from __future__ import annotations

import ast
import html
import re
import string
from functools import cache
from pathlib import Path

import pytest

from annotator.model.go import Kind
from annotator.model.port import Agreement, CoverageState
from annotator.model.reference import VERDICTS, TextState
from annotator.model.symbol_history import PlacementChange, TextChange
from annotator.site import fingerprint, language, rendering
from annotator.site.page_locations import TYPES
from annotator.tracking.symbol_diff import ADVICE

PROJECT = Path(__file__).parents[3]
SITE = PROJECT / "annotator" / "site"
TEMPLATES = sorted(fingerprint.templates().glob("*.jinja"))
IMPORTS = re.compile(rb"import .*\blanguage\b|language import")
CODE = sorted(file for file in SITE.rglob("*.py") if IMPORTS.search(file.read_bytes()))

CATALOGUE = language.language("zh")
CHINESE = {**CATALOGUE.messages, **{one: forms[0] for one, forms in CATALOGUE.plurals.items()}}

FORMS = {"_": 1, "html": 1, "deferred": 1, "plural": 2, "plural_html": 2}
"""How many forms of a message a function takes first."""

GO_WORDS = frozenset({Kind.FUNC, Kind.STRUCT, Kind.INTERFACE, Kind.TYPE, Kind.CONST, Kind.VAR})
"""Kinds that are keywords of Go, which every language shows as they are."""

PLACEHOLDER = re.compile(r"%\(\w+\)s|%%|\{\w+\}")
MARKUP = re.compile(r"</?[a-z]+[^>]*>|&#?\w+;")


@cache
def _of_templates() -> tuple[tuple[str, ...], ...]:
    environment = rendering._environment()
    found = []
    for file in TEMPLATES:
        calls = environment.extract_translations(file.read_text(encoding="utf-8"))
        messages = (message if isinstance(message, tuple) else (message,) for _, _, message in calls)
        found += [tuple(part for part in message if part is not None) for message in messages]
    return tuple(found)


@cache
def _of_code() -> tuple[tuple[str, ...], ...]:
    calls = (node for file in CODE for node in ast.walk(_tree(file)) if isinstance(node, ast.Call))
    found = ((call.args[: FORMS.get(_name(call), 0)]) for call in calls)
    return tuple(
        tuple(part.value for part in parts if isinstance(part, ast.Constant)) for parts in found if parts
    )


@cache
def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_bytes())


def _name(call: ast.Call) -> str:
    """Return the last name of what is called."""
    return getattr(call.func, "id", "") or getattr(call.func, "attr", "")


def _messages() -> list[tuple[str, ...]]:
    """Return the messages, those that depend on a number with their plural."""
    return sorted({message for message in (*_of_templates(), *_of_code()) if message})


def _words() -> frozenset[str]:
    """Return the words of values that pages show: states, verdicts and kinds."""
    of_rows = (
        "param",
        "parameter",
        "result",
        "error",
        "call",
        "order",
        "behaviour",
        "extra",
        "only in Python",
    )
    of_python = ("class", "function", "attribute", "signature", "module")
    of_figures = ("ours", "peer")
    enumerations = (TextState, Agreement, CoverageState, PlacementChange, TextChange, Kind)
    values = {str(value) for enumeration in enumerations for value in enumeration} - GO_WORDS
    of_titles = (kind.capitalize() for kind in ("package", *TYPES))
    return frozenset({*values, *VERDICTS, *of_rows, *of_python, *of_figures, *of_titles, *ADVICE.values()})


@pytest.mark.parametrize("messages", [_of_templates, _of_code], ids=["templates", "code"])
def test_every_message_has_a_chinese_translation(messages) -> None:
    assert not sorted({message[0] for message in messages() if message} - CHINESE.keys())


def test_every_word_of_a_value_has_a_chinese_translation() -> None:
    assert not sorted(_words() - CHINESE.keys())


def test_every_section_of_our_texts_has_a_chinese_name() -> None:
    texts = (file.read_text(encoding="utf-8") for file in (PROJECT / "site" / "pages").glob("*.md"))
    sections = {name for text in texts for name in re.findall(r'^section = "(.*)"$', text, re.MULTILINE)}
    assert not sorted(sections - CHINESE.keys())


def test_a_translation_has_the_placeholders_and_tags_of_its_message() -> None:
    plurals = {one: many for one, *others in _messages() for many in others}
    for english, chinese in CHINESE.items():
        message = plurals.get(english, english)
        for form in (PLACEHOLDER, MARKUP):
            assert sorted(set(form.findall(message))) == sorted(set(form.findall(chinese))), english


def test_no_translation_ends_an_attribute() -> None:
    quoted = re.compile(r'="\{\{ _\("([^"]*)"')
    found = [message for file in TEMPLATES for message in quoted.findall(file.read_text(encoding="utf-8"))]
    assert found
    assert not [message for message in found if '"' in CHINESE[message]]


def test_the_catalogue_is_sorted_and_has_no_comment_with_a_line() -> None:
    text = (language.CATALOGUES / "zh.po").read_text(encoding="utf-8")
    entries = [ast.literal_eval(found) for found in re.findall(r'^msgid (".*")$', text, re.MULTILINE)]
    assert entries == sorted(entries)
    assert "fuzzy" not in text
    assert not re.search(r"^#: .*:\d", text, re.MULTILINE)


# ── Nothing is in the catalogue that no page shows ───────────────────────────────────────────────
def test_the_catalogue_has_no_unused_entry() -> None:
    used = {message[0] for message in _messages()} | _words() | _summaries()
    used |= set(re.findall(r'say(?:With)?\(\s*"((?:[^"\\]|\\.)*)"', _text_of("site/assets/*.js")))

    data = _plain("".join(map(_text_of, DATA)))
    assert not sorted(english for english in CHINESE if english not in used and not _is_in(english, data))


DATA = (
    "pyproject.toml",
    "site/figures.json",
    "site/articles/*.toml",
    "site/pages/*.md",
    "site/scope.toml",
    "runtime/examples/*.py",
)
"""The files whose texts pages show by their translations."""


def _summaries() -> set[str]:
    """Return the entries for the summaries of modules, which may have got other words since."""
    text = (language.CATALOGUES / "zh.po").read_text(encoding="utf-8")
    found = re.findall(r'^#\. Summary of a module\.\n(?:#.*\n)*msgid (".*")$', text, re.MULTILINE)
    return set(map(ast.literal_eval, found))


def _text_of(pattern: str) -> str:
    return "\n".join(file.read_text(encoding="utf-8") for file in sorted(PROJECT.glob(pattern)))


def _plain(text: str) -> str:
    return " ".join(text.split())


def _is_in(english: str, data: str) -> bool:
    """Return whether some data have a text, or each part of a text with places for numbers and names."""
    parts = re.split(r"\{\w+\}", english)
    return all(_plain(part) in data for part in parts if part.strip(" ,;:"))


# ── Nothing that a page shows is outside the catalogue ───────────────────────────────────────────
NAMES = frozenset({"Go", "Python", "Markdown"})

JINJA = re.compile(r"\{#.*?#\}|\{% trans.*?\{% endtrans %\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda file: file.name)
def test_no_template_has_words_outside_messages(template: Path) -> None:
    text = JINJA.sub("", template.read_text(encoding="utf-8"))
    if template.name.endswith(".md.jinja"):
        text = re.sub(r"\A---\n.*?\n---\n|^hide: .*\n", "", text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r'style="[^"]*"', "", text)
    shown = re.findall(r'(?:title|aria-label|data-name|placeholder|alt)="([^"]*)"', text)
    shown += re.split(r"<[^>]*>", text)
    words = {word for part in shown for word in re.findall(r"[A-Za-z]{2,}", html.unescape(part))}
    assert words <= NAMES


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda file: file.name)
def test_no_expression_of_a_template_is_a_sentence(template: Path) -> None:
    for expression in re.findall(r"\{\{(.*?)\}\}", template.read_text(encoding="utf-8"), re.DOTALL):
        for before, text in re.findall(r'(\w+\()?"((?:[^"\\]|\\.)*)"', expression):
            assert before == "_(" or "translated" in expression or not PROSE.search(text), text


PROSE = re.compile(r"[A-Za-z]{2,},? [a-z]{2,}|(?:^| )in $|, line ")
"""Words as only sentences have them, or the beginning of one."""

NOT_SHOWN = frozenset({"InvalidInput", "Problem", "info", "warning", "compile", "Html"})
"""What takes texts that no page shows: diagnostics of the build, patterns, and markup."""

NO_SENTENCES = (
    "async def",
    "Python module",
    "Go file",
    "# Sphinx inventory",
    "\n# The remainder of this file",
)
"""Code, kinds that the finder's script translates, and what a file's format asks for."""

SHOWING = sorted(
    file
    for file in (
        *(SITE / "pages").glob("*.py"),
        *(SITE / "diagrams").glob("*.py"),
        *(
            SITE / f"{name}.py"
            for name in ("excerpts", "code_panes", "side_by_side", "data_files", "site_index")
        ),
    )
    if file.name != "__init__.py"
)


@pytest.mark.parametrize("module", SHOWING, ids=lambda file: file.stem)
def test_no_module_of_pages_has_sentences_outside_messages(module: Path) -> None:
    tree = _tree(module)
    ignored = {id(part) for node in ast.walk(tree) if _is_ignored(node) for part in ast.walk(node)}
    texts = (
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in ignored
    )
    assert not [text for text in texts if PROSE.search(text) and not text.startswith(NO_SENTENCES)]


def _is_ignored(node: ast.AST) -> bool:
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)  # a docstring
    if isinstance(node, ast.Call):
        return _name(node) in NOT_SHOWN | FORMS.keys()
    return isinstance(node, ast.Raise)


def test_a_chinese_message_takes_the_values_of_its_english() -> None:
    for one, *others in _messages():
        english = (others or [one])[-1]
        values = dict.fromkeys(re.findall(r"%\((\w+)\)s", english), string.ascii_uppercase)
        assert CHINESE[one] % values
