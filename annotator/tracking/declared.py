"""Which files look as if they declared a name, told line by line: parsing them all would take seconds."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cached_property

from annotator.model import Declaration, Kind

# How gofmt begins the line that declares a name, alone or in a group.
_BEFORE = rb"^(func (?:\([^)\n]*\) ?)?|type |var |const |\t)"
# Letters beyond ASCII are letters in Go too.
_LETTER = rb"[\w\x80-\xff]"
_DECLARED = re.compile(_BEFORE + rb"((?!\d)" + _LETTER + rb"+)", re.MULTILINE)
_FUNCTION, _METHOD = b"func ", b"func ("
# For so many names all files are looked through one by one: an index of their names costs as much.
_WORTH_AN_INDEX = 20


class Names:
    """The names that some files may declare."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        """Take the files by their bytes; nothing is looked for yet."""
        self._files = files
        self._asked = 0

    def naming(self, name: str) -> list[str]:
        """The files that may declare a name, whatever it is of."""
        return list(dict.fromkeys(path for path, _ in self._before(name)))

    def declaring(self, wanted: Declaration) -> list[str]:
        """The files that may declare what has a declaration's name, receiver and kind, in order."""
        return sorted({path for path, before in self._before(wanted.name) if _fits(before, wanted)})

    @cached_property
    def index(self) -> Mapping[bytes, list[tuple[str, bytes]]]:
        """All names, each with the files that may declare it and with what stands before it there."""
        found: dict[bytes, list[tuple[str, bytes]]] = defaultdict(list)
        for path, data in self._files.items():
            for before, name in set(_DECLARED.findall(data)):
                found[name].append((path, before))
        return found

    def _before(self, name: str) -> list[tuple[str, bytes]]:
        """The files that may declare a name, and what stands before it there."""
        self._asked += 1
        if self._asked > _WORTH_AN_INDEX or "index" in self.__dict__:
            return self.index.get(name.encode(), [])
        return list(self._looked_up(name.encode()))

    def _looked_up(self, name: bytes) -> Iterator[tuple[str, bytes]]:
        declared = re.compile(_BEFORE + re.escape(name) + rb"(?!" + _LETTER + rb")", re.MULTILINE)
        for path, data in self._files.items():
            if name in data:
                yield from ((path, before) for before in set(declared.findall(data)))


def _fits(before: bytes, wanted: Declaration) -> bool:
    match wanted.kind:
        case Kind.METHOD:
            return before.startswith(_METHOD) and wanted.owner.encode() in before
        case Kind.FUNC:
            return before == _FUNCTION
        case _:
            return not before.startswith(_FUNCTION)
