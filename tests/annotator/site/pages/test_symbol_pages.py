"""The pages of Go types and packages."""

from __future__ import annotations

import re

import msgspec
import pytest
from made_site import make_site

from annotator.golang import declarations
from annotator.golang.build_constraints import platform_label
from annotator.model.go import Kind
from annotator.model.reference import Anchor, FoundBy, Reference, TextState, Verdict, Verified
from annotator.model.symbol_history import HistoryInput, ReferenceHistory, TagOutcome
from annotator.site import rendering
from annotator.site.inputs import GoSourceFile, SiteInput
from annotator.site.view_models import CodeBlock, SymbolPage

SHELF = "pantry/shelf/shelf.go"


def source(text: str) -> GoSourceFile:
    data = text.encode()
    return GoSourceFile(data, declarations.read_go_file(data))


def page(given: SiteInput, path: str = "go/pantry/shelf/Shelf.md") -> SymbolPage:
    (found,) = [one.view for one in make_site(given).pages if one.path == path]
    assert isinstance(found, SymbolPage)
    return found


def blocks(view: SymbolPage) -> list[CodeBlock]:
    main = [view.main] if view.main else []
    return [*main, *(block for group in view.groups for block in group.blocks)]


def with_files(given: SiteInput, **files: str) -> SiteInput:
    more = {f"pantry/shelf/{name}.go": source(text) for name, text in files.items()}
    return msgspec.structs.replace(given, sources={**given.sources, **more})


def test_outline_lists_fields_and_methods_by_name(given: SiteInput) -> None:
    outline = {one.title: one.symbols for one in page(given).outline}

    assert [(one.link.text, one.link.href) for one in outline["Fields"]] == [
        ("mu", "#go-L8"),
        ("jars", "#go-L9"),
    ]
    assert [one.link.text for one in outline["Methods"]] == ["Count", "Put"]
    assert all(not one.variants for one in outline["Methods"])


def test_variants_of_a_method_stand_together_with_labels(given: SiteInput) -> None:
    body = "package shelf\n\nfunc (s *Shelf) Lock() {}\n"
    view = page(with_files(given, shelf_linux=body, shelf_other=f"// +build !linux\n\n{body}"))

    (methods,) = [one for one in view.outline if one.title == "Methods"]
    (lock,) = [one for one in methods.symbols if one.link.text == "Lock"]
    assert [one.text for one in lock.variants] == ["linux", "!linux"]
    assert len({one.href for one in lock.variants}) == 2
    assert {head.platform for block in blocks(view) for head in block.heads} == {"", "linux", "!linux"}


@pytest.mark.parametrize(
    ("path", "constraint", "label"),
    [
        ("a/b_linux.go", "", "linux"),
        ("a/b_windows_amd64.go", "cgo", "windows amd64"),
        ("a/linux.go", "", ""),
        ("a/b_unsupported.go", "!linux", "!linux"),
        ("a/b_linux_test.go", "", "linux"),
    ],
)
def test_platform_label_is_the_name_or_the_constraint(path: str, constraint: str, label: str) -> None:
    assert platform_label(path, constraint) == label


def test_callers_are_named_with_the_lines_of_their_calls(given: SiteInput) -> None:
    view = page(given, "go/pantry/shelf/index.md")

    heads = {head.name: head for block in blocks(view) for head in block.heads}
    (caller,) = heads["tooLarge"].callers
    assert (caller.link.text, caller.link.href) == ("shelf.Shelf.Put", "Shelf.html#Shelf.Put")
    assert [(line.text, line.href) for line in caller.lines] == [("17", "Shelf.html#go-L17")]


def test_panels_without_rows_are_left_out(given: SiteInput) -> None:
    assert all(panel.rows for block in blocks(page(given)) for panel in block.panels)


def long_file(methods: int, lines: int) -> str:
    body = "\tprintln()\n" * lines
    return "package shelf\n" + "".join(
        f"\nfunc (s *Shelf) M{number:02}() {{\n{body}}}\n" for number in range(methods)
    )


def test_long_pages_fold_code_and_keep_every_line(given: SiteInput) -> None:
    site = make_site(with_files(given, more=long_file(40, 30)))
    (found,) = [one for one in site.pages if one.path == "go/pantry/shelf/Shelf.md"]
    assert isinstance(found.view, SymbolPage)

    shown = blocks(found.view)
    assert not shown[0].folded
    assert sum(block.folded for block in shown) > 30
    assert sum(block.weight for block in shown if not block.folded) < 440
    text = rendering.markdown(site.frame, found)
    assert len(re.findall(r' id="go.{0,9}more.{0,9}L', text)) == 40 * 32


def test_short_pages_fold_nothing(given: SiteInput) -> None:
    assert not any(block.folded for block in blocks(page(given)))


def test_lifetime_names_the_first_tag_and_the_last_change(given: SiteInput) -> None:
    reference = Reference(SHELF, "Shelf.Put", 15, ref="v1")
    verified = Verified(Anchor(SHELF, "Shelf.Put", Kind.METHOD, 15, 21), FoundBy.SYMBOL, "There.")
    states = {
        "v0.1": TextState.CHANGED,
        "v0.2": TextState.CHANGED,
        "v0.9": TextState.SAME,
        "v1": TextState.SAME,
    }
    stops = tuple(TagOutcome(tag, verified, state) for tag, state in states.items())
    history = HistoryInput(tuple(states), tuple(states), (ReferenceHistory(reference, stops),))

    view = page(
        msgspec.structs.replace(
            given, history=history, since_baseline=(Verdict(reference, verified, TextState.SAME),)
        )
    )

    heads = {head.name: head.lifetime for block in blocks(view) for head in block.heads}
    assert heads["Shelf.Put"] == "since v0.1, last changed in v0.9"
    assert heads["Shelf.Count"] == ""
