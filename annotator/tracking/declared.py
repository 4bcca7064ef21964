"""Which files look as if they declared a name, told line by line: parsing them all would take seconds."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping

from annotator.model import Declaration, Kind

# How gofmt begins the line that declares a name, alone or in a group.
_DECLARED = re.compile(rb"^(func (?:\([^)\n]*\) ?)?|type |var |const |\t)([A-Za-z_]\w*)", re.MULTILINE)
_FUNCTION, _METHOD = b"func ", b"func ("

Names = Mapping[bytes, list[tuple[str, bytes]]]
"""Names to the files that may declare them, each with what stands before the name there."""


def index(files: Mapping[str, bytes]) -> Names:
    """The names of some files, by their bytes."""
    found: dict[bytes, list[tuple[str, bytes]]] = defaultdict(list)
    for path, data in files.items():
        for before, name in set(_DECLARED.findall(data)):
            found[name].append((path, before))
    return found


def naming(names: Names, name: str) -> list[str]:
    """The files that may declare a name, whatever it is of."""
    return list(dict.fromkeys(path for path, _ in names.get(name.encode(), ())))


def declaring(names: Names, wanted: Declaration) -> list[str]:
    """The files that may declare what has a declaration's name, receiver and kind, in order."""
    return sorted({path for path, before in names.get(wanted.name.encode(), ()) if _fits(before, wanted)})


def _fits(before: bytes, wanted: Declaration) -> bool:
    match wanted.kind:
        case Kind.METHOD:
            return before.startswith(_METHOD) and wanted.owner.encode() in before
        case Kind.FUNC:
            return before == _FUNCTION
        case _:
            return not before.startswith(_FUNCTION)
