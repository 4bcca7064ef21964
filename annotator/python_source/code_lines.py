"""Lines of code in Python files, numbered without docstrings and empty lines."""

from __future__ import annotations

import codecs
import hashlib
import sys
from bisect import bisect_left
from collections.abc import Iterable

from annotator.python_source.modules import SourceFile, docstrings_of


class NumberedCode:
    """The lines of code of some files.

    A changed docstring changes neither the fingerprint nor the number of a line of code. So what ran need
    not run again if its lines were recorded by their numbers.

    Attributes:
        fingerprint: Changes with what the files do, not with what their docstrings say.
    """

    def __init__(self, files: Iterable[SourceFile]) -> None:
        digest = hashlib.sha256(sys.version.encode())
        self._lines: dict[str, list[int]] = {}
        for file in files:
            code = [(line, text) for line, text in enumerate(_without_docstrings(file), 1) if text.strip()]
            digest.update(b"\n".join([file.path.encode(), *(text for _, text in code), b""]))
            self._lines[file.path] = [line for line, _ in code]
        self.fingerprint = digest.hexdigest()

    def number(self, path: str, line: int) -> int:
        """Return the number of a line of a file; of the next line of code for a docstring."""
        return bisect_left(self._lines[path], line) if path in self._lines else line

    def line(self, path: str, number: int) -> int:
        """Return the line with a number."""
        lines = self._lines.get(path)
        return lines[min(number, len(lines) - 1)] if lines else number


def _without_docstrings(file: SourceFile) -> list[bytes]:
    """Return the lines of a file, without the text of its docstrings."""
    lines = file.data.removeprefix(codecs.BOM_UTF8).splitlines()
    for docstring in reversed(docstrings_of(file.tree)):  # so that the places of those before it hold
        first, last = docstring.lineno - 1, (docstring.end_lineno or docstring.lineno) - 1
        rest = lines[first][: docstring.col_offset].rstrip() + lines[last][docstring.end_col_offset :]
        lines[first : last + 1] = [rest, *[b""] * (last - first)]
    return lines
