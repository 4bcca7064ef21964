"""Decodes articles, and encodes them again without changing other bytes."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from charset_normalizer import from_bytes

from annotator.errors import InvalidInput

LARGEST = 64 * 1024 * 1024
"""Bytes of the largest file that is read as an article."""

_SAMPLE = 128 * 1024
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MAGIC = (b"%PDF-", b"\x89PNG", b"\x7fELF", b"PK\x03\x04", b"\x1f\x8b", b"GIF8", b"\xff\xd8\xff", b"BZh")
_CONTROLS = re.compile(rb"[\x01-\x07\x0e-\x1a\x1c-\x1f\x7f]")
_FEW = 0.02
"""Share of control characters that a text may have."""

_DECLARED = re.compile(
    rb"""(?:<meta[^>]{0,200}?\bcharset|<\?xml[^>]{0,100}?\bencoding|coding)\s{0,3}[=:]\s{0,3}["']?([\w.-]{2,40})""",
    re.IGNORECASE,
)

# Encodings in which articles are written; the detector need not try the other ninety.
_LIKELY = ["gb18030", "big5hkscs", "cp932", "euc_jp", "cp949", "cp1252", "cp1251", "koi8_r"]

# A name as it is declared, and the larger encoding that is meant.
_MEANT = {"gb2312": "gb18030", "gbk": "gb18030", "big5": "big5hkscs", "shift_jis": "cp932", "ascii": "utf-8"}

# Encodings that texts are written in; others, such as punycode, take too long over a long text.
_WRITTEN = (
    "utf_8", "gb", "big5", "shift", "cp9", "cp12", "euc", "iso", "koi8", "latin", "windows", "ks", "sjis",
)  # fmt: skip
_BROKEN = 0.1
"""Share of broken characters among the foreign ones up to which a text counts as damaged UTF-8."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text of a file with its own line ends, its encoding and its byte order mark.

    Attributes:
        text: The text, without a byte order mark.
        encoding: Python's name of the encoding.
        mark: The byte order mark in front of it, or nothing.
    """

    text: str
    encoding: str
    mark: bytes = b""

    def encode(self, text: str) -> bytes:
        """Encode a text as the file is encoded; raise UnicodeEncodeError if that cannot be."""
        return self.mark + text.encode(self.encoding)


def decode(name: str, data: bytes) -> str:
    """Decode a file; its lines end with a line feed alone.

    Raises:
        InvalidInput: The file is too large, or not text.
    """
    return decode_exactly(name, data).text.replace("\r\n", "\n").replace("\r", "\n")


def decode_exactly(name: str, data: bytes) -> Decoded:
    """Decode a file as `decode` does, but keep its line ends.

    Raises:
        InvalidInput: The file is too large, or not text.
    """
    if len(data) > LARGEST:
        raise InvalidInput(
            f"{name}: {-(-len(data) // 2**20)} MB are too much for an article (at most {LARGEST // 2**20}); "
            "give the part that cites"
        )
    decoded = None if data.startswith(_MAGIC) else _text(data)
    if decoded is None:
        raise InvalidInput(
            f"{name}: this is a binary file; give a manifest, or a text, Markdown or HTML file"
        )
    return decoded


def _text(data: bytes) -> Decoded | None:
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            text = data[len(bom) :].decode(encoding, errors="replace")
            # A mark that its text belies is no mark.
            if text.count("\N{REPLACEMENT CHARACTER}") <= _FEW * len(text) or encoding == "utf-8":
                return Decoded(text, encoding, bom)
    if b"\0" in data:
        return _wide(data)
    try:
        return Decoded(data.decode("utf-8"), "utf-8")
    except UnicodeDecodeError:
        binary = len(_CONTROLS.findall(data[:_SAMPLE])) > _FEW * len(data[:_SAMPLE])
        return None if binary else _declared(data) or _damaged(data) or _detected(data)


def _wide(data: bytes) -> Decoded | None:
    """Decode UTF-16 without a byte order mark: the half with more zero bytes holds the high bytes."""
    sample = data[: _SAMPLE & ~1]
    encoding = "utf-16-le" if sample[1::2].count(0) >= sample[::2].count(0) else "utf-16-be"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return None
    plain = sum(char.isprintable() or char in "\t\n\r" for char in text[:_SAMPLE])
    is_text = plain > 0.95 * len(text[:_SAMPLE]) and "\0" not in text
    return Decoded(text, encoding) if is_text else None


def _declared(data: bytes) -> Decoded | None:
    """Decode with the encoding that the head declares; return None if that does not fit."""
    match = _DECLARED.search(data[:4096])
    if match is None:
        return None
    name = match[1].decode("ascii", errors="replace").lower().replace("-", "_")
    meant = _MEANT.get(name, name)
    try:
        return Decoded(data.decode(meant), meant) if meant.startswith(_WRITTEN) else None
    except (LookupError, ValueError):
        return None


def _damaged(data: bytes) -> Decoded | None:
    """Decode UTF-8 with a few broken characters replaced; return None if there are too many."""
    text = data.decode("utf-8", errors="replace")
    foreign = len(text) - len(text.encode("ascii", errors="ignore"))
    return Decoded(text, "utf-8") if text.count("\ufffd") <= _BROKEN * foreign else None


def _detected(data: bytes) -> Decoded:
    """Decode with the encoding that is detected in the first lines.

    The detector gives up where code outweighs prose; then the first encoding that fits is good
    enough, since paths and lines are ASCII in all of them.
    """
    sample = data[:_SAMPLE]
    whole = sample[: sample.rfind(b"\n") + 1] or sample
    best = from_bytes(whole, cp_isolation=_LIKELY, enable_fallback=False).best()
    encoding = best.encoding if best else next(name for name in (*_LIKELY, "latin-1") if _fits(whole, name))
    return Decoded(data.decode(encoding, errors="replace"), encoding)


def _fits(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
