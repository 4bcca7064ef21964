"""Where a function ends is told by its braces, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotator.reading import golang
from annotator.tracking import functions

REST = "\n\nfunc next() {}\n"

WHOLE = {
    "plain": "func f() {\n\treturn\n}",
    "one line": "func f() {}",
    "empty interfaces": "func f(a interface{}, b struct{}) interface{} {\n\treturn a\n}",
    "a struct in the signature": "func f(a struct {\n\tx int\n}) {\n\treturn\n}",
    "braces in strings": 'func f() string {\n\treturn "}" + "\\"}" + `\n}\n`\n}',
    "braces in runes": "func f() rune {\n\treturn '}' + '\\''\n}",
    "braces in comments": "func f() {\n\t// }\n/*\n}\n*/\n}",
    "inner braces at the margin": "func f() {\nif true {\n}\n}",
    "a closure that is called": "func f() {\n\tfunc() {\n\t}()\n}",
}


@pytest.mark.parametrize("text", WHOLE.values(), ids=WHOLE.keys())
def test_the_end_is_the_parsers(text):
    data = f"package a\n\n{text}{REST}".encode()
    span = golang.read(data).declarations[0].span

    assert functions.end(data, span.start) == span.end


@pytest.mark.parametrize(
    "text",
    [
        "func f() {} // said",
        'func f() {\n\tx := "\n}',
        "func f() {\n\tx := `\n}",
        "func f() {\n/*\n}",
        "func f() {\n\treturn\n",
        "func f()\n\nvar x = 1 }",
    ],
    ids=["more on its line", "string", "raw string", "comment", "no end", "no beginning"],
)
def test_what_leaves_a_doubt_has_no_end(text):
    assert functions.end(text.encode(), 0) is None


@given(st.lists(st.sampled_from(["{", "}", "\n", '"', "`", "x", " ", ",", ")", "/*", "*/", "//"])))
def test_an_end_is_behind_a_brace_at_the_end_of_a_line(parts):
    data = "".join(["func f(", *parts]).encode()

    end = functions.end(data, 0)

    assert end is None or (data[end - 1 : end] == b"}" and data[end : end + 1] in (b"\n", b""))
