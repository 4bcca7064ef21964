"""Which files look as if they declared a name, told line by line: parsing them all would take seconds."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping

# How gofmt begins the line that declares a name, alone or in a group.
_DECLARED = re.compile(rb"^(?:func (?:\([^)\n]*\) ?)?|type |var |const |\t)([A-Za-z_]\w*)", re.MULTILINE)

Names = Mapping[bytes, list[str]]
"""Names to the files that may declare them."""


def index(files: Mapping[str, bytes]) -> Names:
    """The names of some files, by their bytes."""
    found: dict[bytes, list[str]] = defaultdict(list)
    for path, data in files.items():
        for name in set(_DECLARED.findall(data)):
            found[name].append(path)
    return found
