"""The cards of symbols."""

from __future__ import annotations

import msgspec
from made_site import make_site

from annotator.site.inputs import PythonInput, SiteInput


def cards(given: SiteInput, folder: str) -> dict[str, list[object]]:
    data = make_site(given).data[f"cards/{folder}.js"]
    named, found = msgspec.json.decode(
        b"[" + data.removeprefix(b"annotatorCards(").removesuffix(b");\n") + b"]"
    )
    assert named == folder
    return found


def test_card_tells_signature_comment_place_and_chapters(given: SiteInput) -> None:
    found = cards(given, "go/pantry/shelf")

    assert found["Shelf.html#Shelf.Put"] == [
        "shelf.Shelf.Put",
        "func (s *Shelf) Put(jar *Jar) error",
        "Put places a jar.",
        "method in pantry/shelf/shelf.go, line 15",
        [],
        [["1.10 Put", "chapters/1.10.html"]],
    ]
    assert found["Shelf.html#go-L9"][:2] == ["shelf.Shelf.jars", "jars map[string]*Jar"]


def test_counterparts_and_originals_name_each_other(given: SiteInput, mirror: PythonInput) -> None:
    found = cards(msgspec.structs.replace(given, python=mirror), "go/pantry/shelf")

    assert found["Shelf.html#Shelf.Put"][4] == ["larder.shelves.Shelf.put"]
    (python,) = [card for card in found.values() if card[0] == "larder.shelves.Shelf.put"]
    assert python[4] == ["shelf.Shelf.Put"]


def test_long_comments_are_cut(given: SiteInput) -> None:
    shelf = given.sources["pantry/shelf/shelf.go"]
    declarations = tuple(
        msgspec.structs.replace(one, doc="word " * 200) for one in shelf.document.declarations
    )
    document = msgspec.structs.replace(shelf.document, declarations=declarations)
    sources = {**given.sources, "pantry/shelf/shelf.go": msgspec.structs.replace(shelf, document=document)}

    doc = cards(msgspec.structs.replace(given, sources=sources), "go/pantry/shelf")["Shelf.html#Shelf"][2]
    assert isinstance(doc, str)
    assert len(doc) == 401
