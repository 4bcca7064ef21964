"""Go and Python are level where they correspond, and what nothing needs is folded."""

from __future__ import annotations

import html
import re

import msgspec

from annotator.site import code_panes, highlighting
from annotator.site.highlighting import FacingLine, LineAnchors, NoteMark
from annotator.site.view_models import Excerpt


def excerpt(path: str, text: str, links: dict[int, tuple[str, int]], *, first: int = 1) -> Excerpt:
    """A file as a page shows it, with links from lines to lines of the other language."""
    data = text.encode()
    last = first + text.count("\n") - 1
    facing = {line: FacingLine("#", "", *other) for line, other in links.items()}
    lines = highlighting.code_lines(
        b"\n" * (first - 1) + data, first, last, anchors=LineAnchors("L"), line_links=facing
    )
    language = path.rpartition(".")[2]
    return Excerpt(path=path, first=first, last=last, lines=lines, outside="", language=language)


def rows(pane: code_panes.Pane) -> dict[int, int]:
    """The row in which each block of a pane begins, by the number of its first line."""
    found, row = {}, pane.row + 1
    for span, block in re.findall(
        r'<span class="block"(?: style="grid-row:span (\d+)")?>(.*?)(?=<span class="block"|$)', pane.markup
    ):
        if number := re.search(r'data-n="(\d+)"', block):
            found[int(number[1])] = row
        row += int(span or 1)
    assert row == pane.row + pane.rows
    return found


def plain(markup: str) -> str:
    return html.unescape(re.sub("<[^>]*>", "", markup))


GO = excerpt("a.go", "func A() {\n\tb()\n\tc()\n\td()\n}\n", {2: ("a.py", 3), 4: ("a.py", 4)})
PYTHON = excerpt("a.py", "def a():\n    x()\n    b()\n    d()\n", {3: ("a.go", 2), 4: ("a.go", 4)})


def test_lines_that_correspond_begin_in_one_row() -> None:
    grid = code_panes.side_by_side(GO, [PYTHON])

    go, python = rows(grid.go), rows(grid.python[0])
    assert go[2] == python[3]
    assert go[4] == python[4]
    assert plain(grid.go.markup) == "func A() {\n\tb()\n\tc()\n\td()\n}\n"


def test_of_links_that_cross_the_most_are_level() -> None:
    go = excerpt("a.go", "1\n2\n3\n", {1: ("a.py", 3), 2: ("a.py", 1), 3: ("a.py", 2)})
    python = excerpt("a.py", "1\n2\n3\n", {})

    grid = code_panes.side_by_side(go, [python])

    assert rows(grid.go)[2] == rows(grid.python[0])[1]
    assert rows(grid.go)[3] == rows(grid.python[0])[2]


def test_a_link_that_a_note_is_about_outweighs_another() -> None:
    def noted(one: Excerpt, number: int) -> Excerpt:
        lines = (
            msgspec.structs.replace(line, notes=(NoteMark(1, "", ""),)) if line.number == number else line
            for line in one.lines
        )
        return msgspec.structs.replace(one, lines=tuple(lines))

    go = noted(excerpt("a.go", "1\n2\n3\n", {2: ("a.py", 3), 3: ("a.py", 2)}), 3)
    python = noted(excerpt("a.py", "1\n2\n3\n", {}), 2)

    grid = code_panes.side_by_side(go, [python])

    assert rows(grid.go)[3] == rows(grid.python[0])[2]
    assert 2 not in rows(grid.go)


def test_excerpts_of_one_file_share_a_pane_and_no_line_is_twice() -> None:
    whole, inner = excerpt("a.py", "1\n2\n3\n4\n", {}), excerpt("a.py", "2\n3\n", {}, first=2)
    further = excerpt("a.py", "9\n", {}, first=9)

    (pane,) = code_panes.side_by_side(GO, [whole, inner, further]).python

    assert [line.number for line in pane.excerpt.lines] == [1, 2, 3, 4, 9]
    assert [line.after_gap for line in pane.excerpt.lines] == [False, False, False, False, True]


def test_a_second_file_has_its_own_bar_and_stays_level() -> None:
    go = excerpt("a.go", "1\n2\n3\n", {1: ("a.py", 1), 3: ("b.py", 2)})

    grid = code_panes.side_by_side(go, [excerpt("a.py", "1\n2\n", {}), excerpt("b.py", "1\n2\n", {})])

    first, second = grid.python
    assert second.row == first.row + first.rows
    assert rows(grid.go)[3] == rows(second)[2]
    assert grid.go.rows == first.rows + second.rows


LONG = "".join(
    (
        "func A() {\n\tone()\n",
        "\tif err != nil {\n\t\treturn err\n\t}\n\n",
        "\t// Count <all> the things. Twice.\n",
        "".join(f"\tx = count({number})\n" for number in range(30)),
        "\tlast()\n",
        "\tif x {\n\t\tdeep()\n",
        "".join(f"\t\ty = {number}\n" for number in range(20)),
        "\t}\n}\n",
    )
)


def test_a_long_part_that_nothing_needs_is_folded_with_its_topic() -> None:
    lines = LONG.split("\n")
    needed = {lines.index(text) + 1: ("a.py", 1) for text in ("\tone()", "\tlast()", "\t\tdeep()")}
    folded = code_panes.single(excerpt("a.go", LONG, needed))

    summaries = re.findall(r"<summary>(.*?)</summary>", folded)
    assert [plain(summary) for summary in summaries] == [
        "… 32 lines: Count <all> the things",
        "… 20 lines",
    ]
    open_lines = plain(re.sub(r"<details.*?</details>", "", folded, flags=re.DOTALL))
    kept = "func A() {|one()|if err != nil {|return err|}|last()|if x {|deep()|}|}"
    assert [line.strip() for line in open_lines.splitlines()] == kept.split("|")
    assert plain(re.sub(r"<summary>.*?</summary>", "", folded)) == LONG


def test_nothing_is_folded_where_no_line_is_needed() -> None:
    assert "<details" not in code_panes.single(excerpt("a.go", LONG, {}))


def test_what_is_folded_without_a_comment_is_told_by_its_calls() -> None:
    calls = "".join(f"\tr.Call{number % 5}(len(x))\n" for number in range(60))
    folded = code_panes.single(excerpt("a.go", f"func A() {{\n\tone()\n{calls}}}\n", {2: ("a.py", 1)}))

    assert "… 60 lines: Call0; Call1; Call2; 2 more" in plain(folded)


def test_a_docstring_shows_its_first_line() -> None:
    text = 'def a():\n    """Do.\n\n    More.\n    """\n    text = (\n        """not\n        one"""\n    )\n'

    markup = code_panes.single(excerpt("a.py", text, {}))

    (summary,) = re.findall(r"<summary>(.*?)</summary>", markup)
    assert plain(summary) == '    """Do.\n'
    assert 'data-more="3 more lines"' in summary
    assert plain(markup) == text


def test_docstring_beside_go_is_folded_whole_and_named() -> None:
    python = excerpt("a.py", 'def a():\n    """Do."""\n    b()\n    d()\n', {3: ("a.go", 2)})

    markup = code_panes.side_by_side(GO, [python]).python[0].markup

    assert re.findall(r'fold-docstring"><summary><span [^>]*title="([^"]*)"', markup) == ["Do&#46;"]
    assert plain(re.sub(r"<details.*?</details>", "", markup)) == "def a():\n    b()\n    d()\n"


def test_long_signature_beside_go_is_shown_in_short() -> None:
    lines = [
        "    def a(",
        "        self,",
        "        *,",
        "        b: int = 3,",
        "    ) -> None:",
        '        """Do."""',
    ]
    python = excerpt("a.py", "\n".join([*lines, "        b()", ""]), {7: ("a.go", 2)})

    markup = code_panes.side_by_side(GO, [python]).python[0].markup

    (summary,) = re.findall(r"<summary>(.*?)</summary>", markup)
    assert plain(summary) == "    def a(self, *, b) -> None:"
    assert plain(markup).endswith("\n".join([*lines, "        b()", ""]))


def test_signature_with_a_line_that_corresponds_is_whole() -> None:
    python = excerpt("a.py", "def a(\n    b: int,\n) -> None:\n    b()\n", {2: ("a.go", 1)})

    assert "fold-signature" not in code_panes.side_by_side(GO, [python]).python[0].markup


def test_long_comment_of_go_shows_its_first_line() -> None:
    go = excerpt("a.go", "// A does.\n// More.\n// And more.\nfunc A() {\n\tb()\n}\n", {5: ("a.py", 3)})

    markup = code_panes.side_by_side(go, [PYTHON]).go.markup

    (summary,) = re.findall(r"<summary>(.*?)</summary>", markup)
    assert plain(summary) == "// A does.\n"


def test_no_link_pushes_the_first_line_of_code_down() -> None:
    words = "".join(f"\tx({number})\n" for number in range(9))
    go = excerpt("a.go", f"func A() {{\n{words}\tb()\n\td()\n}}\n", {11: ("a.py", 2), 12: ("a.py", 3)})
    python = excerpt("a.py", "def a():\n    b()\n    d()\n", {})

    grid = code_panes.side_by_side(go, [python])

    assert 2 not in rows(grid.python[0])
    assert rows(grid.go)[12] == rows(grid.python[0])[3]
