"""Templates print nothing that was not escaped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import jinja2
import msgspec
import pytest
import yaml
from made_site import make_site

from annotator.site import fingerprint, language, pages, rendering
from annotator.site.inputs import SiteInput

TEMPLATES = sorted(fingerprint.templates().glob("*.jinja"))


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda file: file.name)
def test_no_template_can_switch_the_escaping_off_or_weaken_it(template: Path) -> None:
    source = template.read_text(encoding="utf-8")

    assert not re.search(r"\|\s*(safe|e|escape|forceescape|join|replace|urlize)\b|autoescape|[^-]~", source)


def test_every_value_of_a_template_is_escaped_without_its_doing() -> None:
    environment = rendering._environment()  # the rule itself, not a template that might obey it by chance

    template = environment.from_string("{% macro m(x) %}<b>{{ x }}</b>{% endmacro %}{{ x }}{{ m(x) }}")

    assert template.render(x="<*>") == "&#60;&#42;&#62;<b>&#60;&#42;&#62;</b>"


def test_a_name_that_a_template_misspells_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError):
        rendering._environment().from_string("{{ nme }}").render(name="x")


def test_every_page_has_a_head_with_title_and_description(given: SiteInput) -> None:
    site = make_site(given)

    for page in site.pages:
        _, head, body = rendering.markdown(site.frame, page).split("---\n", 2)
        fields = yaml.safe_load(head)
        assert set(fields) <= {"title", "description", "hide", "search"}
        assert fields["title"]
        assert body.startswith("\n<div")


def test_search_counts_prose_more_and_leaves_tables_out(given: SiteInput) -> None:
    site = make_site(given)
    heads = {}
    for page in site.pages:
        text = rendering.markdown(site.frame, page)
        heads[page.path] = yaml.safe_load(text.split("---\n", 2)[1]).get("search", {"boost": 1})["boost"]
        assert "<table>" not in text
        assert text.count("<table") == text.count("<table data-search-exclude")

    chapter = next(path for path in heads if path.startswith("chapters/") and "index" not in path)
    assert heads[chapter] > heads["go/pantry/shelf/Shelf.md"] > heads["report.md"]


def test_a_page_with_code_credits_its_licence(given: SiteInput) -> None:
    site = make_site(given)

    rendered = {page.path: rendering.markdown(site.frame, page) for page in site.pages}

    credited = {path for path, text in rendered.items() if "Some Licence" in text and "The pantry" in text}
    assert credited == {
        path for path, text in rendered.items() if 'class="highlight source source-go' in text
    }
    assert "go/pantry/shelf/Shelf.md" in credited


def test_every_page_names_the_tag_and_the_notice(given: SiteInput) -> None:
    site = make_site(msgspec.structs.replace(given, notice="Not the usual tag."))

    for page in site.pages:
        text = rendering.markdown(site.frame, page)
        assert '<span class="frame-tag">v1</span>' in text
        assert "Not the usual tag&#46;" in text


def test_a_distribution_s_version_is_named_beside_the_tag(given: SiteInput) -> None:
    site = make_site(msgspec.structs.replace(given, version="1.0+dfsg1-1"))

    text = rendering.markdown(site.frame, site.pages[0])

    assert '<span class="frame-tag">v1</span>' in text
    assert "<span>1&#46;0&#43;dfsg1&#45;1</span>" in text


def test_the_navigation_names_pages_that_there_are(given: SiteInput) -> None:
    files = rendering.files(pages.plan_site(given))

    listed = list(leaves(yaml.safe_load(files[rendering.SETTINGS])["nav"]))
    by_links = ("go/", "py/", "examples/")
    assert set(listed) <= set(files)
    pages_of_ours = [path for path in files if path.endswith(".md") and not path.startswith(by_links)]
    assert [path for path in pages_of_ours if path not in listed] == []


def leaves(nav: object) -> Iterator[str]:
    match nav:
        case str():
            yield nav
        case list():
            for entry in nav:
                yield from leaves(entry)
        case dict():
            yield from leaves(list(nav.values()))


def test_one_process_renders_pages_of_several_languages(given: SiteInput) -> None:
    def headings(code: str) -> list[str]:
        with language.active(code):
            site = make_site(msgspec.structs.replace(given, language=code))
            page = next(page for page in site.pages if page.path == "symbols.md")
            return re.findall(r"<h\d[^>]*>(.*?)</h\d>", rendering.markdown(site.frame, page))

    english = ["Symbols and files", "Go by package", "Go by file"]
    chinese = ["符号与文件", "按包浏览 Go", "按文件浏览 Go"]
    assert [headings(code) for code in ("en", "zh", "en")] == [english, chinese, english]


def test_a_verdict_is_explained_in_the_language_of_the_page(given: SiteInput) -> None:
    with language.active("zh"):
        site = make_site(msgspec.structs.replace(given, language="zh"))
    report = next(page.view for page in site.pages if page.path == "report.md")

    assert [one.reason for one in report.articles[0].citations] == [
        "Shelf（struct）在 pantry/shelf/shelf.go 的第 7 行，与引用一致",
        "Shelf.Put（方法）在 pantry/shelf/shelf.go 的第 15 行，与引用一致",
        "没有哪个声明能确定就是 pantry/gone.go 的 Gone",
    ]
