"""Which files look as if they declared a name, told line by line: parsing them all would take seconds."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property

from annotator.model import Declaration, Kind

# How gofmt begins the line that declares a name, alone or in a group.
_BEFORE = re.compile(rb"func (?:\([^)\n]{0,400}\) ?)?|type |var |const |\t")
# Letters beyond ASCII are letters in Go too.
_LETTER = re.compile(rb"[\w\x80-\xff]")
_DECLARED = re.compile(rb"^(%b)((?!\d)%b+)" % (_BEFORE.pattern, _LETTER.pattern), re.MULTILINE)
_FUNCTION, _METHOD = b"func ", b"func ("


class Names:
    """Index of the names that some files may declare; several times faster than parsing them."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files

    def naming(self, name: str) -> list[str]:
        """Return the files that may declare a name, whatever it is of."""
        return list(dict.fromkeys(path for path, _ in self._before(name)))

    def declaring(self, wanted: Declaration) -> list[str]:
        """Return the files that may declare what has a declaration's name, receiver and kind, in order."""
        return sorted({path for path, before in self._before(wanted.name) if _fits(before, wanted)})

    def _before(self, name: str) -> Sequence[tuple[str, bytes]]:
        """Return the files that may declare a name, and what stands before it there."""
        return self._index.get(name.encode(), ())

    @cached_property
    def _index(self) -> Mapping[bytes, list[tuple[str, bytes]]]:
        found: dict[bytes, list[tuple[str, bytes]]] = defaultdict(list)
        for path, data in self._files.items():
            for before, name in set(_DECLARED.findall(data)):
                found[name].append((path, before))
        return found


def _fits(before: bytes, wanted: Declaration) -> bool:
    match wanted.kind:
        case Kind.METHOD:
            return before.startswith(_METHOD) and wanted.owner.encode() in before
        case Kind.FUNC:
            return before == _FUNCTION
        case _:
            return not before.startswith(_FUNCTION)
