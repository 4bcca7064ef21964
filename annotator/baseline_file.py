"""Reads and writes the recorded facts of the baseline, `baseline.json`."""

from __future__ import annotations

import re

import msgspec

from annotator.config import Project, name_of
from annotator.errors import InvalidInput, shortened
from annotator.model.port import Baseline

BASELINE = "baseline.json"
RECORD_AGAIN = "write it again with `annotator record`"
_LAST_LINE = 999_999_999

_decode = msgspec.json.Decoder(Baseline).decode


def encode(baseline: Baseline) -> str:
    """Return the file's text."""
    head = msgspec.json.encode({"tag": baseline.tag, "commit": baseline.commit}).decode()
    ordered = sorted(baseline.symbols, key=lambda each: (each.path, each.line, each.symbol))
    lines = ",\n".join(msgspec.json.encode(symbol).decode() for symbol in ordered)
    return f'{head[:-1]},"symbols":[\n{lines}\n]}}\n'


def decode(name: str, text: bytes) -> Baseline:
    """Return the facts that a file records.

    Raises:
        InvalidInput: The file does not hold baseline facts; the message says how to write it again.
    """
    try:
        found = _decode(text)
    except msgspec.MsgspecError as error:
        why = shortened(str(error))
        raise InvalidInput(f"{name}:{_line(why, text)}: {why}; {RECORD_AGAIN}") from error
    for number, symbol in enumerate(found.symbols, 2):
        if not 1 <= symbol.line <= symbol.end_line <= _LAST_LINE:
            why = f"{shortened(symbol.notation)} stands in lines {symbol.line} to {symbol.end_line}"
            raise InvalidInput(f"{name}:{number}: {why}, which no file has; {RECORD_AGAIN}")
    return found


def _line(why: str, text: bytes) -> int:
    """Return the line that a decoder's message is about; each symbol has its own line."""
    if symbol := re.search(r"\$\.symbols\[(\d+)\]", why):
        return int(symbol[1]) + 2
    byte = re.search(r"\(byte (\d+)\)", why)
    end = int(byte[1]) if byte else len(text) if "truncated" in why else 0
    return 1 + text.count(b"\n", 0, end)


def recorded(project: Project) -> Baseline:
    """Return the facts in the site's folder.

    Raises:
        InvalidInput: There are none, or they cannot be read.
    """
    file = project.site / BASELINE
    if not file.is_file():
        raise InvalidInput(f"{file} is not there; make it with `annotator record`")
    return decode(name_of(project, file), file.read_bytes())
