"""What each page is made from: as long as that stays the same, the page is not made again."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from annotator.site.inputs import PythonInput
from annotator.site.site_index import annotated_symbols, module_page

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from annotator.model.port import Comparison, PythonObject
    from annotator.site.site_index import SiteChapter, SiteIndex


class PageInputs:
    """What each page of a Go symbol, of a Python file or of a chapter is made from, encoded.

    Such a page shows lines of some Python files, and links to the lines of what they use. It is made from

    - these files and those in which the used objects are defined, with all their objects and pairs;
    - the names, but not the lines, of everything else that is Python;
    - all that is not Python, without the words of our texts; a chapter from its own words, too.
    """

    def __init__(self, index: SiteIndex) -> None:
        self._index = index

    def of_symbol_page(self, page: str) -> bytes:
        """Return what the page of a type or of a package is made from."""
        return self._encoded(page, self._counterpart_files(page))

    def of_module_page(self, path: str) -> bytes:
        """Return what the page of a Python file is made from."""
        return self._encoded(module_page(path), {path})

    def of_chapter(self, chapter: SiteChapter) -> bytes:
        """Return what the page of a chapter is made from."""
        index = self._index
        notes = index.notes.get(chapter.text.name, ()) if chapter.text else ()
        lines = [line for note in notes for line in note.lines]
        noted = (index.locations.get((line.path, line.symbol)) for line in lines)
        pages = {place.page for place in (*index.named_symbols(chapter), *noted) if place}
        shown = {line.path for line in lines if line.path in index.input.python.modules}
        steps = [index.recordings.by_note.get((chapter.page, number + 1)) for number in range(len(notes))]
        return self._encoded(
            chapter.page, shown.union(*map(self._counterpart_files, pages)), [chapter, notes, steps]
        )

    def _counterpart_files(self, page: str) -> set[str]:
        """Return the Python files of which the page of a Go symbol shows counterparts."""
        facing = self._index.side_by_side.by_page.get(page)
        return {side.path for side in facing.sides} if facing else set()

    def _encoded(self, page: str, shown: Iterable[str], own: object = None) -> bytes:
        files = {file for path in shown for file in (path, *self._used_files[path])}
        return msgspec.msgpack.encode(
            [page, self._common, [(path, self._files[path]) for path in sorted(files)], own]
        )

    @cached_property
    def _common(self) -> bytes:
        """What every page is made from."""
        given, python = self._index.input, self._index.input.python
        # No chapter shows packages; notes make a page of each Go symbol in which they have a line.
        without_python = msgspec.structs.replace(
            given.without_prose(), python=PythonInput(), packages=(), notes=()
        )
        names = (
            tuple(python.modules),
            [(name, known.kind, known.path) for name, known in python.objects.items()],
            [(pair.counterpart.name, pair.counterpart.path, pair.originals) for pair in python.pairs],
            python.covered,
            python.home,
            python.examples,
            [[use.symbol for use in python.modules[one.path].uses] for one in python.examples],
        )
        return _digest([without_python, list(annotated_symbols(given.notes)), names])

    @cached_property
    def _files(self) -> Mapping[str, bytes]:
        """By Python file, all that is known of it."""
        python = self._index.input.python
        objects: dict[str, list[PythonObject]] = defaultdict(list)
        pairs: dict[str, list[Comparison]] = defaultdict(list)
        for known in python.objects.values():
            objects[known.path].append(known)
        for pair in python.pairs:
            pairs[pair.counterpart.path].append(pair)
        return {path: _digest([file, objects[path], pairs[path]]) for path, file in python.modules.items()}

    @cached_property
    def _used_files(self) -> Mapping[str, frozenset[str]]:
        """By Python file, the files of the objects that it uses."""
        python = self._index.input.python
        defined = {name: known.path for name, known in python.objects.items() if known.path in python.modules}
        return {
            path: frozenset(defined[use.symbol] for use in file.uses if use.symbol in defined)
            for path, file in python.modules.items()
        }


def _digest(values: object) -> bytes:
    return hashlib.sha256(msgspec.msgpack.encode(values)).digest()
