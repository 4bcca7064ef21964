"""The pages of Python files: whole, each line with its anchor, each counterpart with its originals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from annotator.writing import code
from annotator.writing.atlas import Atlas, module_page, to
from annotator.writing.excerpts import Stretch, python
from annotator.writing.views import Defined, Link, ModulePage, Page

if TYPE_CHECKING:
    from annotator.writing.sides import Pair


def module(atlas: Atlas, path: str) -> Page:
    """The page of a Python file."""
    name, page = atlas.given.mirror.named(path), module_page(path)
    data = atlas.given.mirror.modules[path].data
    last = data.count(b"\n") + (not data.endswith(b"\n"))
    return Page(
        path=page,
        title=name,
        summary=f"The Python file {path}, whole, with the Go symbols that it mirrors.",
        view=ModulePage(
            name=name,
            doc=atlas.given.mirror.modules[path].doc.partition("\n\n")[0],
            excerpt=python(atlas, page, Stretch(path, 1, last), code.Anchors("py-L"), name),
            defined=tuple(_defined(atlas, page, pair) for pair in atlas.counterparts.get(path, ())),
        ),
    )


def _defined(atlas: Atlas, page: str, pair: Pair) -> Defined:
    known = pair.counterpart
    places = (atlas.places.get((one.path, one.symbol)) for one in pair.originals)
    line = atlas.given.mirror.objects[known.name].line
    return Defined(
        link=Link(known.name.removeprefix(f"{atlas.given.mirror.named(known.path)}."), f"#py-L{line}"),
        kind=known.kind,
        originals=tuple(to(page, place) for place in places if place),
    )
