"""Articles in many encodings: what is read, and that writing it again changes no byte."""

from __future__ import annotations

import codecs

import pytest

from annotator.articles.document import decode, decode_exactly

TEXT = "\u770b kiln.go:13\r\n\u518d\u770b kiln.go:4\rEnde\n" * 20


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (b"", "utf-8"),
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (b"", "utf-16-le"),
        (b"", "gb18030"),
    ],
)
def test_a_decoded_text_is_encoded_to_the_same_bytes(mark, encoding):
    head = "<!-- coding: gb18030 -->" if encoding == "gb18030" else ""
    data = mark + (head + TEXT).encode(encoding)

    decoded = decode_exactly("a.md", data)

    assert decoded.text == head + TEXT
    assert decoded.encode(decoded.text) == data
    assert "\r" not in decode("a.md", data)
