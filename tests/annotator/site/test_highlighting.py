"""Lines of Go as HTML."""

from __future__ import annotations

import html
import re

from hypothesis import given
from hypothesis import strategies as st

from annotator.model.go import ResolvedUse
from annotator.site import highlighting, inputs

HERE = highlighting.LineAnchors("go-L")


def text(line: highlighting.CodeLine) -> str:
    """What a browser shows of a line."""
    return html.unescape(re.sub(r"<[^>]*>", "", line.html))


@given(st.lists(st.sampled_from(['"', "`", "/*", "*/", "//", "func", "x", "é", " ", "\t", "'", "<b>", "0x"])))
def test_whatever_the_source_each_line_reads_as_it_stands_there(parts: list[str]) -> None:
    data = "".join(parts).encode() + b"\nlast"

    lines = highlighting.code_lines(data, 1, 99, anchors=HERE)

    assert [text(line) for line in lines] == data.decode().split("\n")


@given(st.binary())
def test_no_bytes_are_too_wild_to_be_shown(data: bytes) -> None:
    assert len(highlighting.code_lines(data, 1, 10_000, anchors=HERE)) == data.count(b"\n") + 1


def test_lines_have_their_own_numbers_and_anchors() -> None:
    lines = highlighting.code_lines(b"a\nb\nc\n", 2, 3, anchors=HERE)

    assert [(line.number, line.id, line.href) for line in lines] == [
        (2, "go-L2", "#go-L2"),
        (3, "go-L3", "#go-L3"),
    ]


def test_on_another_page_lines_lead_home_and_have_no_anchors() -> None:
    (line,) = highlighting.code_lines(b"a\n", 1, 1, anchors=highlighting.LineAnchors("go-L", "../x.html"))

    assert (line.id, line.href) == ("", "../x.html#go-L1")


def test_an_identifier_that_is_proven_to_name_something_is_linked() -> None:
    use = ResolvedUse(5, 8, 1, call=False, path="a.go", symbol="Jar")

    (line,) = highlighting.code_lines(
        "é x Jar // Jar".encode(), 1, 1, anchors=HERE, uses=[use], href=lambda _: ("#Jar", "a jar")
    )

    assert '<a href="&#35;Jar" title="a jar">Jar</a>' in line.html
    assert line.html.count("<a ") == 1


def test_an_identifier_without_a_place_is_plain() -> None:
    use = ResolvedUse(0, 3, 1, call=False, path="a.go", symbol="Jar")

    (line,) = highlighting.code_lines(b"Jar", 1, 1, anchors=HERE, uses=[use], href=lambda _: None)

    assert line.html == "Jar"


def test_a_comment_over_several_lines_is_coloured_on_each() -> None:
    lines = highlighting.code_lines(b"/* one\n two */ x", 1, 2, anchors=HERE)

    assert lines[0].html == '<span class="cm">&#47;&#42; one</span>'
    assert lines[1].html == '<span class="cm"> two &#42;&#47;</span> x'


def test_the_ends_of_dos_lines_are_not_shown() -> None:
    assert [text(line) for line in highlighting.code_lines(b"a\r\nb\r\n", 1, 2, anchors=HERE)] == ["a", "b"]


def test_lines_past_the_end_are_left_out() -> None:
    assert highlighting.code_lines(b"a", 5, 9, anchors=HERE) == ()


def test_a_cited_line_is_marked() -> None:
    lines = highlighting.code_lines(b"a\nb", 1, 2, anchors=HERE, cited=frozenset({2}))

    assert [line.cited for line in lines] == [False, True]


def test_a_line_that_was_shown_without_links_is_shown_with_them_where_they_are_known() -> None:
    data = b"get()\n"
    colours = inputs.HighlightedFile(highlighting.highlight(data))
    uses = [ResolvedUse(0, 3, 1, True, "store.go", "get")]

    bare, linked = (
        highlighting.code_lines(
            data, 1, 1, anchors=HERE, uses=uses, href=lambda _, found=found: found, highlighting=colours
        )[0].html
        for found in (None, ("get.html", "get"))
    )

    assert "<a " not in bare
    assert linked.count("<a ") == 1


def test_hidden_lines_leave_their_anchors_on_the_next_line() -> None:
    shown = highlighting.code_lines(
        b"a\nb\nc\n", 1, 3, anchors=highlighting.LineAnchors("L"), hidden=frozenset({2})
    )

    assert [line.number for line in shown] == [1, 3]
    assert '<a id="L2"></a>' in shown[1].markup


def test_hidden_last_lines_leave_their_anchors_on_the_line_before() -> None:
    [line] = highlighting.code_lines(
        b"a\nb\nc\n", 1, 3, anchors=highlighting.LineAnchors("L"), hidden=frozenset({2, 3})
    )
    assert line.skipped == ("L2", "L3")


def test_line_after_hidden_lines_is_marked() -> None:
    lines = highlighting.code_lines(
        b"a\nb\nc\n", 1, 3, anchors=highlighting.LineAnchors("L"), hidden=frozenset({2})
    )
    assert ["ln-gap" in line.markup for line in lines] == [False, True]
