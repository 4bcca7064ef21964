"""Which files look as if they declared a name, told line by line: parsing them all would take seconds."""

from __future__ import annotations

import re
from bisect import bisect
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import accumulate

from annotator.model import Declaration, Kind

# How gofmt begins the line that declares a name, alone or in a group; it is never longer than this.
_FURTHEST = 500
_BEFORE = re.compile(rb"func (?:\([^)\n]{0,400}\) ?)?|type |var |const |\t")
# Letters beyond ASCII are letters in Go too.
_LETTER = re.compile(rb"[\w\x80-\xff]")
_DECLARED = re.compile(rb"^(%b)((?!\d)%b+)" % (_BEFORE.pattern, _LETTER.pattern), re.MULTILINE)
_FUNCTION, _METHOD = b"func ", b"func ("
# For so many names all files are looked through: an index of their names costs as much.
_WORTH_AN_INDEX = 20


class Names:
    """The names that some files may declare."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        """Take the files by their bytes; nothing is looked for yet."""
        self._files, self._paths = files, list(files)
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
        self.__dict__.pop("_text", None)  # which nobody needs any more
        return found

    @cached_property
    def _text(self) -> tuple[bytes, list[int]]:
        """All files one after the other, and where each begins: one search is faster than many."""
        starts = accumulate((len(data) + 1 for data in self._files.values()), initial=0)
        return b"\n".join(self._files.values()), list(starts)

    def _before(self, name: str) -> list[tuple[str, bytes]]:
        """The files that may declare a name, and what stands before it there."""
        self._asked += 1
        if self._asked > _WORTH_AN_INDEX or "index" in self.__dict__:
            return self.index.get(name.encode(), [])
        return list(self._looked_up(name.encode()))

    def _looked_up(self, name: bytes) -> Iterator[tuple[str, bytes]]:
        text, starts = self._text
        line = end = 0
        at = text.find(name) if name else -1
        while at >= 0:
            line = text.rfind(b"\n", end, at) + 1 or line  # no byte is looked at twice
            end = at + len(name)
            near = at - line <= _FURTHEST
            if near and _BEFORE.fullmatch(text, line, at) and not _LETTER.match(text, end):
                yield self._paths[bisect(starts, at) - 1], text[line:at]
            at = text.find(name, end)


def _fits(before: bytes, wanted: Declaration) -> bool:
    match wanted.kind:
        case Kind.METHOD:
            return before.startswith(_METHOD) and wanted.owner.encode() in before
        case Kind.FUNC:
            return before == _FUNCTION
        case _:
            return not before.startswith(_FUNCTION)
