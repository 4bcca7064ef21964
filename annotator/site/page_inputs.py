"""What a page of code is made from, so that a changed Python file changes only pages that show some of it."""

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
    from annotator.site.site_index import SiteIndex


class PageInputs:
    """What each page of a Go symbol or of a Python file is made from, encoded.

    Such a page shows lines of some Python files, and links to the lines of what they use. It is made from

    - these files and those in which the used objects are defined, with all their objects and pairs;
    - the names, but not the lines, of everything else that is Python;
    - all that is not Python.
    """

    def __init__(self, index: SiteIndex) -> None:
        self._index = index

    def of_symbol_page(self, page: str) -> bytes:
        """Return what the page of a type or of a package is made from."""
        facing = self._index.side_by_side.by_page.get(page)
        return self._encoded(page, [side.path for side in facing.sides] if facing else [])

    def of_module_page(self, path: str) -> bytes:
        """Return what the page of a Python file is made from."""
        return self._encoded(module_page(path), [path])

    def _encoded(self, page: str, shown: Iterable[str]) -> bytes:
        files = {file for path in shown for file in (path, *self._used_files[path])}
        return msgspec.msgpack.encode(
            [page, self._common, [(path, self._files[path]) for path in sorted(files)]]
        )

    @cached_property
    def _common(self) -> bytes:
        """What every page is made from."""
        given, python = self._index.input, self._index.input.python
        # Only texts show packages; notes make a page of each Go symbol in which they have a line.
        without_python = msgspec.structs.replace(given, python=PythonInput(), packages=(), notes=())
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
