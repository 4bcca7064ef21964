"""The input of each page; a page with an unchanged input is not rebuilt."""

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
    """The encoded input of each page of a Go symbol, of a Python file or of a chapter.

    Such a page shows lines of some Python files, and links to the lines of what they use. Its input is

    - these files and those in which the used objects are defined, with all their objects and pairs;
    - of all other Python files the names, kinds and originals of their objects, but not the lines; and the
      examples;
    - all that is not Python, without the bodies of our texts and without what only other pages show;
    - for a chapter its own body, its notes, and the recorded steps on their lines.
    """

    def __init__(self, index: SiteIndex) -> None:
        self._index = index

    def of_symbol_page(self, page: str) -> bytes:
        """Return the encoded input of the page of a type or of a package."""
        return self._encoded(page, self._counterpart_files(page))

    def of_module_page(self, path: str) -> bytes:
        """Return the encoded input of the page of a Python file."""
        pairs, objects = self._index.input.python.pairs, self._index.input.python.objects
        # A module of a package may have the name of an object of that package, and is found by it.
        found = (objects.get(pair.counterpart.name) for pair in pairs if pair.counterpart.path == path)
        return self._encoded(module_page(path), {path, *(each.path for each in found if each)})

    def of_chapter(self, chapter: SiteChapter) -> bytes:
        """Return the encoded input of the page of a chapter."""
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
        sides = facing.sides if facing else ()
        return {path for side in sides for path in (side.path, side.pair.counterpart.path)}

    def _encoded(self, page: str, shown: Iterable[str], own: object = None) -> bytes:
        files = {file for path in shown for file in (path, *self._used_files.get(path, ()))}
        known = [(path, self._files.get(path)) for path in sorted(files)]
        return msgspec.msgpack.encode([page, self._common, known, own])

    @cached_property
    def _common(self) -> bytes:
        """The digest of the input that all these pages share."""
        given, python = self._index.input, self._index.input.python
        # None of these pages shows the packages, locks, figures, moved files or changes to port. Of the notes
        # of other texts only the Go symbols are known to them: each has a page.
        without_python = msgspec.structs.replace(
            given.without_prose(),
            python=PythonInput(),
            packages=(),
            notes=(),
            locking={},
            figures={},
            redirects=(),
            history=msgspec.structs.replace(given.history, porting=None),
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
        """By Python file, the digest of all its facts."""
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
