"""Manifests: what is read, and what is said of one that cannot be."""

from __future__ import annotations

import pytest

from annotator import toml_file
from annotator.articles import manifest_file
from annotator.errors import InvalidInput

MANIFEST = """\
title = "A reading"
address = "https://example.org/1"
tag = "v1"
prefix = "components/engine/"

[[chapters]]
number = "1"
title = "One"  # path = "a comment is no key"
references = [
  { path = "components/engine/a/a.go", symbol = "A", line = 3, heading = "struct" },
  { path = "b.go", line = 7, end_line = 9 },
]

[[chapters]]
number = "2"
title = "Two, without references"
"""


def test_a_manifest_gives_its_chapters_and_references_in_order():
    found = manifest_file.read("x/m.toml", MANIFEST.encode())

    assert [chapter.number for chapter in found.chapters] == ["1", "2"]
    assert [reference.path for reference in found.references] == ["a/a.go", "b.go"]


def test_a_reference_knows_where_it_stands_and_how_it_was_written():
    first, second = manifest_file.read("x/m.toml", MANIFEST.encode()).references

    assert (first.at_line, first.cited, first.cited_in) == (10, "components/engine/a/a.go", "m.toml 1")
    assert (second.at_line, second.line, second.end_line, second.ref) == (11, 7, 9, "v1")


def test_the_settings_prefixes_are_stripped_too():
    text = MANIFEST.replace('"b.go"', '"src/c.go"')

    assert manifest_file.read("m.toml", text.encode(), ("src",)).references[1].path == "c.go"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('title = "t"\ncolour = 1\n', "m.toml:2: Object contains unknown field `colour`"),
        ("title = 3\n", "m.toml:1: Expected `str`, got `int`"),
        ('\n\ntitle = "t\n', "m.toml:3: not valid TOML"),
        ("address = 'x'\n", "missing required field `title`"),
        (MANIFEST.replace("line = 7", 'line = "7"'), "m.toml:11: Expected `int | null`, got `str`"),
        (MANIFEST.replace("symbol", "symbl"), "m.toml:10: Object contains unknown field `symbl`"),
        (MANIFEST.replace('number = "2"\n', ""), "m.toml:14: Object missing required field `number`"),
        (MANIFEST.replace("line = 7", "line = 0"), "m.toml:11: `line` is 0"),
        (MANIFEST.replace("end_line = 9", "end_line = 2"), "m.toml:11: `end_line` is before `line`"),
        (MANIFEST.replace(", line = 7, end_line = 9", ""), "gives neither `symbol` nor `line`"),
        (MANIFEST.replace('"b.go"', '"../../etc/passwd"'), "is not a path inside the repository"),
        (MANIFEST.replace('"b.go"', '"/etc/passwd"'), "is not a path inside the repository"),
        ("a = " + "[" * 20000, "m.toml"),
    ],
)
def test_what_is_wrong_is_said_with_file_line_and_key(text, says):
    with pytest.raises(InvalidInput) as caught:
        manifest_file.read("m.toml", text.encode())

    assert says in str(caught.value)


def test_a_binary_file_is_no_manifest():
    with pytest.raises(InvalidInput, match=r"m\.toml:2: not a text file"):
        manifest_file.read("m.toml", b"a = 1\n\x00\xff\xfe")


def test_a_manifest_with_windows_line_ends_and_a_byte_order_mark_is_read():
    data = b"\xef\xbb\xbf" + MANIFEST.replace("\n", "\r\n").encode()

    assert manifest_file.read("m.toml", data).references[1].at_line == 11


def test_a_huge_manifest_is_refused_in_one_sentence():
    with pytest.raises(InvalidInput, match="over the limit"):
        manifest_file.read("m.toml", b"#" * (toml_file.MAX_BYTES + 1))
