"""The characters of a text file, whatever its encoding."""

from __future__ import annotations

import codecs
import re

from charset_normalizer import from_bytes

from annotator.errors import InvalidInput

LARGEST = 64 * 1024 * 1024
"""Bytes of the largest file that is read as an article."""

_SAMPLE = 128 * 1024
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
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
    "utf_8",
    "gb",
    "big5",
    "shift",
    "cp9",
    "cp12",
    "euc",
    "iso",
    "koi8",
    "latin",
    "windows",
    "ks",
    "sjis",
)
_BROKEN = 0.1
"""Share of broken characters among the foreign ones up to which a text counts as damaged UTF-8."""


def decode(name: str, data: bytes) -> str:
    """The text of a file, its lines ended with a line feed alone.

    Raises:
        InvalidInput: The file is too large, or not text.
    """
    if len(data) > LARGEST:
        raise InvalidInput(
            f"{name}: {-(-len(data) // 2**20)} MB are too much for an article (at most {LARGEST // 2**20}); "
            "give the part that cites"
        )
    text = None if data.startswith(_MAGIC) else _text(data)
    if text is None:
        raise InvalidInput(
            f"{name}: this is a binary file; give a manifest, or a text, Markdown or HTML file"
        )
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _text(data: bytes) -> str | None:
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            text = data.decode(encoding, errors="replace")
            # A mark that its text belies is no mark.
            if text.count("\N{REPLACEMENT CHARACTER}") <= _FEW * len(text) or encoding == "utf-8-sig":
                return text
    if b"\0" in data:
        return _wide(data)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        binary = len(_CONTROLS.findall(data[:_SAMPLE])) > _FEW * len(data[:_SAMPLE])
        return None if binary else _declared(data) or _damaged(data) or _detected(data)


def _wide(data: bytes) -> str | None:
    """The text of UTF-16 without a mark: the half with more zero bytes holds the high ones."""
    sample = data[: _SAMPLE & ~1]
    encoding = "utf-16-le" if sample[1::2].count(0) >= sample[::2].count(0) else "utf-16-be"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return None
    plain = sum(char.isprintable() or char in "\t\n\r" for char in text[:_SAMPLE])
    return text if plain > 0.95 * len(text[:_SAMPLE]) and "\0" not in text else None


def _declared(data: bytes) -> str | None:
    """The text in the encoding that its head declares, if that fits."""
    match = _DECLARED.search(data[:4096])
    if match is None:
        return None
    name = match[1].decode("ascii", errors="replace").lower().replace("-", "_")
    meant = _MEANT.get(name, name)
    try:
        return data.decode(meant) if meant.startswith(_WRITTEN) else None
    except (LookupError, ValueError):
        return None


def _damaged(data: bytes) -> str | None:
    """The text as UTF-8 with a few broken characters replaced."""
    text = data.decode("utf-8", errors="replace")
    foreign = len(text) - len(text.encode("ascii", errors="ignore"))
    return text if text.count("\ufffd") <= _BROKEN * foreign else None


def _detected(data: bytes) -> str:
    """The text in the encoding that a sample with whole lines is found to have.

    The detector gives up where code outweighs prose; then the first encoding that fits is good
    enough, since paths and lines are ASCII in all of them.
    """
    sample = data[:_SAMPLE]
    whole = sample[: sample.rfind(b"\n") + 1] or sample
    best = from_bytes(whole, cp_isolation=_LIKELY, enable_fallback=False).best()
    encoding = best.encoding if best else next(name for name in (*_LIKELY, "latin-1") if _fits(whole, name))
    return data.decode(encoding, errors="replace")


def _fits(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
