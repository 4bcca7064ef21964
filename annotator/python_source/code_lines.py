"""Lines of code in Python files, numbered without docstrings and empty lines."""

from __future__ import annotations

import codecs
import hashlib
import sys
from bisect import bisect_right
from collections.abc import Iterable
from typing import TypeGuard

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
            lines = _without_docstrings(file)
            # An empty line counts, as it may stand in a text that is printed.
            digest.update(b"\n".join([file.path.encode(), *filter(_is_kept, lines), b""]))
            self._lines[file.path] = [line for line, text in enumerate(lines, 1) if text and text.strip()]
        self.fingerprint = digest.hexdigest()

    def number(self, path: str, line: int) -> int:
        """Return the number of a line of a file; for a docstring, that of the line of code before it.

        A function whose body is a docstring runs the line of that.
        """
        return max(0, bisect_right(self._lines[path], line) - 1) if path in self._lines else line

    def line(self, path: str, number: int) -> int:
        """Return the line with a number."""
        lines = self._lines.get(path)
        return lines[min(number, len(lines) - 1)] if lines else number


def _is_kept(text: bytes | None) -> TypeGuard[bytes]:
    return text is not None


def _without_docstrings(file: SourceFile) -> list[bytes | None]:
    """Return the lines of a file without its docstrings; None for lines that held nothing else."""
    lines: list[bytes | None] = [*file.data.removeprefix(codecs.BOM_UTF8).splitlines()]
    for docstring in reversed(docstrings_of(file.tree)):  # so that the places of those before it hold
        first, last = docstring.lineno - 1, (docstring.end_lineno or docstring.lineno) - 1
        before, after = lines[first] or b"", lines[last] or b""
        rest = before[: docstring.col_offset].rstrip() + after[docstring.end_col_offset :]
        lines[first : last + 1] = [rest if rest.strip() else None, *[None] * (last - first)]
    return lines
