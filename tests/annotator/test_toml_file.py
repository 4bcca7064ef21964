"""Where a value of a TOML file stands, and what is said of a file that is none."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotator.errors import InvalidInput
from annotator.toml_file import MAX_BYTES, Toml

TEXT = """\
title = "a # b = 3"  # title = 4
x.y = 1
[licence]
'na me' = "n"
[[chapters]]
number = "1"
references = [
  { path = "a", line = 3 },
  { path = "b" }, [1,
   3], \"""
multi = line \\\""" \""",
  'x', # y
]
[chapters.sub]
k = 1.5
[[chapters]]
number = '''
2'''
[[chapters.deep]]
z = { a.b = [1,
2], c = 3 }
after = 1979-05-27T07:32:00Z
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("title",), 1),
        (("x", "y"), 2),
        (("licence",), 3),
        (("licence", "na me"), 4),
        (("chapters", 0), 5),
        (("chapters", 0, "references"), 7),
        (("chapters", 0, "references", 0, "line"), 8),
        (("chapters", 0, "references", 1), 9),
        (("chapters", 0, "references", 2, 1), 10),
        (("chapters", 0, "references", 3), 10),
        (("chapters", 0, "references", 4), 12),
        (("chapters", 0, "sub", "k"), 15),
        (("chapters", 1, "number"), 17),
        (("chapters", 1, "deep", 0, "z", "a", "b", 1), 21),
        (("chapters", 1, "deep", 0, "z", "c"), 21),
        (("chapters", 1, "deep", 0, "after"), 22),
        (("chapters", 1, "nothing", "there"), 16),
        (("nothing",), 1),
    ],
)
def test_a_value_stands_where_it_is_given(path: tuple[str | int, ...], line: int) -> None:
    assert Toml("x.toml", TEXT.encode()).line(*path) == line


values = st.recursive(
    st.sampled_from(['"x # = ["', "'{'", "12", "-1.5e3", "true", "1979-05-27", '"""a\n]b = 1\n"""']),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda found: "[" + ",\n".join(found) + "]")
        | st.lists(inner, max_size=3).map(
            lambda found: "{" + ", ".join(f"k{at} = {value}" for at, value in enumerate(found)) + "}"
        )
    ),
    max_leaves=6,
)


@settings(deadline=None)
@given(st.lists(values, min_size=1, max_size=6))
def test_what_follows_any_values_is_found_in_its_line(written: list[str]) -> None:
    lines = [f"key{at} = {value}" for at, value in enumerate(written)]
    found = Toml("x.toml", "\n".join([*lines, "[[t]]", "[[t]]", "here = 1"]).encode())
    for at in range(len(written)):
        assert found.line(f"key{at}") == 1 + sum(line.count("\n") + 1 for line in lines[:at])
    assert found.line("t", 1, "here") == 3 + sum(line.count("\n") + 1 for line in lines)


class Settings(msgspec.Struct, forbid_unknown_fields=True):
    names: tuple[str, ...] = ()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"\n\na = 1\na = 2\n", "x.toml:4: not valid TOML: Cannot overwrite a value"),
        (b"a = \n", "x.toml:1: not valid TOML"),
        (b"a = 1\nb", "x.toml:2: not valid TOML"),
        (b"\n# \xff\n", "x.toml:2: not a text file in UTF-8"),
        (b"\nnames = [\n'a',\n7]\n", "x.toml:4: Expected `str`, got `int`"),
        (b"\ncolour = 1\n", "x.toml:2: Object contains unknown field `colour`"),
        (b"#" * (MAX_BYTES + 1), "x.toml:1: 4194305 bytes are over the limit"),
        (b"\na = " + b"[" * 20_000, "x.toml:1: nested too deeply"),
        (b"\n" + b"a." * 20_000 + b"a = 1", "x.toml:2: nested too deeply"),
        (b"[" + b'"a" . ' * 20_000 + b"a]", "x.toml:1: nested too deeply"),
        (b"a = " + b"{a=" * 5_000, "x.toml:1: nested too deeply"),
        (b"a = " + b"9" * 5_000, "x.toml:1: not valid TOML"),
    ],
)
def test_what_is_wrong_is_one_sentence_with_its_line(data: bytes, says: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Toml("x.toml", data).convert(Settings)

    assert str(caught.value).startswith(says)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "piece", [b"a", b" ", b".", b"a.", b'"', b"'", b"[", b"\\", b"\n", b"#", b"a\n", b"\xc3\xa9="]
)
def test_a_megabyte_of_anything_is_read_or_refused(piece: bytes) -> None:
    with pytest.raises(InvalidInput):
        Toml("x.toml", b"a = '" + piece * (1_000_000 // len(piece)))


def test_a_part_of_a_file_counts_from_its_first_line() -> None:
    assert Toml("x.md", b"a = 1\nb = 2", first=2).line("b") == 3
