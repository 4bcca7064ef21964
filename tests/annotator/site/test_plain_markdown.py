"""Pages become Markdown without HTML."""

from __future__ import annotations

import pytest

from annotator.site import plain_markdown
from annotator.site.view_models import Link, SiteFrame

HEAD = '---\ntitle: "A"\n---\n\n'


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<h1 id='a'>A&#46;b <span>func</span></h1>", "# A.b func\n"),
        ("See [home](pages/home.md#x) and `a <b>`.", "See [home](pages/home.md.txt#x) and `a <b>`.\n"),
        (
            'Ask <a class="sym" href="&#46;&#46;&#47;go&#47;S&#46;html&#35;S"><code>S</code></a>.',
            "Ask [`S`](../go/S.md.txt#S).\n",
        ),
        ('<a href="https&#58;//e.org/a.html">out</a>', "[out](https://e.org/a.html)\n"),
        ("<svg><text>x</text></svg>after", "after\n"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "| a | b\n"),
        ("<ul><li>one</li><li>two</li></ul>", "- one\n- two\n"),
        ('Read.<a class="note-ref" id="n" href="#note-2" data-note="2">2</a>', "Read.[^2]\n"),
        (
            '<li id="note&#45;2" data-note="2">So. <a href="#note-ref-2" class="note-back">↑</a></li>',
            "[^2]: So.\n",
        ),
    ],
)
def test_html_in_a_page_becomes_markdown(page: str, expected: str) -> None:
    assert plain_markdown.plain(HEAD + page) == expected


def test_code_keeps_every_character_and_tells_its_language() -> None:
    line = '<span class="ln"><a href="#" data-n="1"></a>if a &#60; b &#123;&#96;&#96;&#96;&#10;</span>'
    page = f'<div class="source source-go"><pre tabindex="0"><code>{line}\t&#38;amp;</code></pre></div>'

    assert plain_markdown.plain(HEAD + page) == "````go\nif a < b {```\n\t&amp;\n````\n"


def test_a_fenced_block_of_ours_stays_as_it_is() -> None:
    page = "```python\na: list[int] = <b>[x](y.md)</b>\n```"

    assert plain_markdown.plain(HEAD + page) == f"{page}\n"


def test_the_list_has_each_page_once_and_in_reading_order() -> None:
    frame = SiteFrame(Link("example.org/us", ""), "v1", "v1", Link("", ""), "v1", "", Link("", ""), "")
    pages = {path: Link(path.upper(), path, f"About <{path}>.") for path in ("index.md", "z.md", "a.md")}

    listing = plain_markdown.listing(frame, pages, {"First": ("a.md",)})

    entries = [line for line in listing.splitlines() if line.startswith("- ")]
    assert listing.startswith("# INDEX.MD\n\n> About <index.md>.\n")
    assert entries == [
        "- [A.MD](a.md.txt): About a.md.",
        "- [INDEX.MD](index.md.txt): About index.md.",
        "- [Z.MD](z.md.txt): About z.md.",
    ]
