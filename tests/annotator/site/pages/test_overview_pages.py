"""What the pages show and where they lead."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from made_site import make_site

from annotator.model.go import Acquisition, FileLockUsage, FunctionLockUsage, LockField, SymbolId
from annotator.model.port import ModuleImports, PackageImports
from annotator.model.reference import Anchor, Article, Chapter, FoundBy, Moved, Reference, Verdict
from annotator.site import project_texts, site_index
from annotator.site.inputs import PythonInput, SiteInput, VerifiedArticle
from annotator.site.view_models import ChapterPage, ErrataPage, HomePage, ReportPage, SitePage, SymbolPage

SHELF = "pantry/shelf/shelf.go"
CHAPTER = project_texts.parse(
    "1.3", '+++\nnumber = "1.3"\ntitle = "Ours"\n+++\nSee `pantry/shelf/shelf.go::tooLarge`.\n'
)


def made(given: SiteInput) -> dict[str, SitePage]:
    return {page.path: page for page in make_site(given).pages}


def test_chapters_come_in_the_order_of_their_numbers(given: SiteInput) -> None:
    chapters = [path for path, page in made(given).items() if isinstance(page.view, ChapterPage)]

    assert chapters == ["chapters/1.2.md", "chapters/1.10.md"]


def test_a_text_of_ours_has_a_chapter_even_if_the_article_cites_nothing_there(given: SiteInput) -> None:
    page = made(msgspec.structs.replace(given, texts=(CHAPTER,)))["chapters/1.3.md"]

    assert page.title == "1.3 Ours"
    assert isinstance(page.view, ChapterPage)
    assert 'href="&#46;&#46;&#47;go&#47;pantry&#47;shelf&#47;index&#46;html&#35;tooLarge"' in page.view.body


def test_what_our_texts_name_in_vain_is_told_with_its_line(given: SiteInput) -> None:
    text = project_texts.parse("home", '+++\ntitle = "Home"\n+++\n\nSee `pantry/shelf/shelf.go::Shlef`.\n')

    (remark,) = make_site(msgspec.structs.replace(given, texts=(text,))).problems

    assert (remark.file, remark.line) == ("home.md", 5)
    assert "pantry/shelf/shelf.go::Shlef" in remark.message


def test_a_chapter_and_the_symbols_it_cites_lead_to_each_other(given: SiteInput) -> None:
    found = made(given)
    chapter, symbol = found["chapters/1.2.md"].view, found["go/pantry/shelf/Shelf.md"].view

    assert isinstance(chapter, ChapterPage)
    assert isinstance(symbol, SymbolPage)
    assert chapter.citations[0].citation.found.href == "../go/pantry/shelf/Shelf.html#Shelf"
    assert [link.href for link in symbol.chapters] == [
        "../../../chapters/1.2.html",
        "../../../chapters/1.10.html",
    ]


def test_code_in_a_chapter_has_anchors_of_its_own(given: SiteInput) -> None:
    view = made(given)["chapters/1.2.md"].view

    assert isinstance(view, ChapterPage)
    assert view.citations[0].excerpt
    first = view.citations[0].excerpt.lines[0]
    assert (first.id, first.href) == ("go-L5", "#go-L5")
    assert [line.number for line in view.citations[0].excerpt.lines if line.cited] == [7]


def test_a_chapter_says_at_which_line_its_code_uses_what_it_names(given: SiteInput) -> None:
    text = project_texts.parse(
        "1.10", '+++\nnumber = "1.10"\ntitle = "Put"\n+++\n`pantry/shelf/shelf.go::tooLarge`\n'
    )

    view = made(msgspec.structs.replace(given, texts=(text,)))["chapters/1.10.md"].view

    assert isinstance(view, ChapterPage)
    (sign,) = view.citations[0].signs
    assert (sign.title, sign.text, sign.href) == (
        "shelf.tooLarge",
        "line 17",
        "#go-L17",
    )


def test_permalinks_name_the_commit_and_the_exact_lines(given: SiteInput) -> None:
    view = made(given)["go/pantry/shelf/Shelf.md"].view

    assert isinstance(view, SymbolPage)
    assert view.main
    assert view.main.excerpt.outside == f"https://example.org/pantry/blob/{'a' * 40}/{SHELF}#L5-L10"


def test_without_a_commit_permalinks_name_the_tag(given: SiteInput) -> None:
    view = made(msgspec.structs.replace(given, commit=None))["report.md"].view

    assert isinstance(view, ReportPage)
    assert view.articles[0].citations[0].outside == f"https://example.org/pantry/blob/v1/{SHELF}#L7-L10"


@pytest.mark.parametrize("repository", ["/srv/pantry.git", "javascript:alert(1)", ""])
def test_a_repository_that_is_not_on_the_web_has_no_permalinks(given: SiteInput, repository: str) -> None:
    view = made(msgspec.structs.replace(given, repository=repository))["report.md"].view

    assert isinstance(view, ReportPage)
    assert {citation.outside for citation in view.articles[0].citations} == {""}


def test_the_report_has_a_row_for_every_reference(given: SiteInput) -> None:
    view = made(given)["report.md"].view

    assert isinstance(view, ReportPage)
    assert [(one.verdict, one.place) for one in view.articles[0].citations] == [
        ("verified", f"{SHELF}, line\N{NO-BREAK SPACE}7"),
        ("verified", f"{SHELF}, line\N{NO-BREAK SPACE}15"),
        ("missing", ""),
    ]
    assert dict(view.articles[0].counts) == {
        "verified": 2,
        "moved": 0,
        "renamed": 0,
        "missing": 1,
        "mistaken": 0,
        "unknown": 0,
        "skipped": 0,
    }


def test_the_errata_name_the_heading_that_the_source_contradicts(given: SiteInput) -> None:
    view = made(given)["errata.md"].view

    assert isinstance(view, ErrataPage)
    assert [(one.symbol, one.heading, one.kind) for one in view.misheaded] == [
        ("Shelf.Put", "struct", "method")
    ]


def test_a_renamed_symbol_is_found_under_the_name_that_our_texts_use(
    given: SiteInput, anchor: Callable[[str, str], Anchor]
) -> None:
    reference = Reference("old.go", "Rack", 1, chapter="1.3")
    article = Article("x", "x", chapters=(Chapter("1.3", "Ours", (reference,)),))
    moved = Verdict(reference, Moved(anchor(SHELF, "Shelf"), FoundBy.BODY, "Renamed."))
    text = project_texts.parse("1.3", '+++\nnumber = "1.3"\ntitle = "Ours"\n+++\n`old.go::Rack`\n')

    view = made(msgspec.structs.replace(given, articles=(VerifiedArticle(article, (moved,)),), texts=(text,)))

    chapter = view["chapters/1.3.md"].view
    assert isinstance(chapter, ChapterPage)
    assert "Shelf&#46;html&#35;Shelf" in chapter.body


def test_articles_of_one_name_have_old_addresses_of_their_own(given: SiteInput) -> None:
    plan = make_site(msgspec.structs.replace(given, articles=given.articles * 3)).plan

    assert {"chapters/pantry/1.2.html", "chapters/pantry~2/1.2.html"} <= set(dict(plan.redirects))


def test_a_project_without_articles_and_texts_has_a_site(given: SiteInput) -> None:
    found = made(msgspec.structs.replace(given, articles=(), sources={}))

    assert set(found) == {"index.md", "chapters/index.md", "symbols.md", "report.md", "errata.md"}
    assert isinstance(found["index.md"].view, HomePage)
    assert found["index.md"].view.wide == ""


def test_the_pages_ask_for_the_packages_of_what_is_cited_and_named(given: SiteInput) -> None:
    text = project_texts.parse("home", '+++\ntitle = "x"\n+++\n`cellar/wine.go::Bottle`\n')

    assert site_index.shown_packages(given.articles, [text]) == {"pantry/shelf", "cellar"}


def test_a_text_shows_who_takes_the_locks_of_a_type(given: SiteInput, mirror: PythonInput) -> None:
    lock, put, count = (SymbolId(SHELF, name) for name in ("Shelf.mu", "Shelf.Put", "Shelf.Count"))
    locking = {
        SHELF: FileLockUsage(
            (LockField(lock, "sync.Mutex", 8),),
            (
                FunctionLockUsage(put, (Acquisition(lock, 16, reads=False),)),
                FunctionLockUsage(count, (Acquisition(lock, 99, reads=True),)),
            ),
        )
    }
    text = project_texts.parse("pages/locks", f'+++\ntitle = "Locks"\nlocks = ["{SHELF}::Shelf"]\n+++\n')

    site = made(msgspec.structs.replace(given, texts=(text,), locking=locking, python=mirror))

    view = site["pages/locks.md"].view
    assert isinstance(view, ChapterPage)
    assert view.holding
    (held,) = view.holding.locks
    assert (held.link.text, held.link.href) == ("shelf.Shelf.mu", "../go/pantry/shelf/Shelf.html#go-L8")
    assert [(one.text, one.href) for one in held.writers] == [("Put", "../go/pantry/shelf/Shelf.html#go-L16")]
    assert [one.text for one in held.readers] == ["Shelf.Count"]
    assert (held.python.text, held.reason) == ("Shelf", "one thread.")


def test_a_text_shows_the_parts_of_a_package(given: SiteInput) -> None:
    modules = (
        ModuleImports("shop", "shop/__init__.py", "A shop.", ("shop.till",)),
        ModuleImports("shop.bags", "shop/bags/__init__.py", "Bags.", ()),
        ModuleImports("shop.bags.big", "shop/bags/big.py", "Big ones.", ("shop.coins",)),
        ModuleImports("shop.coins", "shop/coins.py", "Coins.", ()),
        ModuleImports("shop.till", "shop/till.py", "The till.", ("shop.bags.big", "shop.coins")),
    )
    text = project_texts.parse("pages/parts", '+++\ntitle = "Parts"\npackages = ["shop"]\n+++\n')

    site = made(msgspec.structs.replace(given, texts=(text,), packages=(PackageImports("shop", modules),)))

    view = site["pages/parts.md"].view
    assert isinstance(view, ChapterPage)
    (structure,) = view.structures
    assert [(part.link.text, [one.text for one in part.imports]) for part in structure.parts] == [
        ("shop", ["till"]),
        ("shop.till", ["bags", "coins"]),
        ("shop.bags", ["coins"]),
        ("shop.coins", []),
    ]
    assert [inner.says for inner in structure.parts[2].modules] == ["Big ones."]
    assert "till imports bags&#44; coins" in structure.picture.wide


def test_further_articles_are_on_the_report_alone(given: SiteInput) -> None:
    (own,) = given.articles
    chapter = Chapter("1.2", "Elsewhere", own.article.chapters[0].references)
    other = VerifiedArticle(Article("other.toml", "Another", chapters=(chapter,)), own.verdicts)

    site = make_site(msgspec.structs.replace(given, articles=(own, other)))

    pages = {page.path: page for page in site.pages}
    assert [path for path in pages if path.startswith("chapters/other")] == []
    report, symbol = pages["report.md"].view, pages["go/pantry/shelf/Shelf.md"].view
    assert isinstance(report, ReportPage)
    assert [article.title for article in report.articles] == [own.article.title, "Another"]
    assert report.articles[1].citations[0].chapter.href == ""
    assert isinstance(symbol, SymbolPage)
    assert symbol.citations
    assert "1.2 Elsewhere" not in {one.chapter.text for one in symbol.citations}
    assert (
        dict(site.plan.redirects)["chapters/other/1.2.html"].targets[0].href == "../../report.html#article-2"
    )
