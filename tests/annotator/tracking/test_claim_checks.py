"""What the words of a document say of a cited line, and whether the code agrees."""

from __future__ import annotations

import pytest
import read_article
from small_repository import KILN

from annotator.model.reference import Code, Mistaken, Reference
from annotator.tracking import claim_checks, declaration_lookup

VASE = """package kiln

// Oven bakes.
type Oven struct{ heat int }

// Put adds bread.
func (o *Oven) Put(bread string) {
	o.heat++
}

// NewOven makes an oven.
func NewOven() *Oven {
	oven := &Oven{}
	return oven
}

func warm() {
	// The kiln is heated here.
	Fire(900)
}
"""
U = "https://github.com/acme/kiln/blob/v1.0.0"


def references(text: str, name: str = "a.md") -> tuple[Reference, ...]:
    return read_article.read(name, text.encode(), repository="https://github.com/acme/kiln").references


@pytest.fixture
def judged(tree):
    """Judges what an article of one line or more cites."""
    code = tree({"kiln.go": KILN, "oven.go": VASE})

    def judge(text, name="a.md"):
        return [claim_checks.judge(reference, code) for reference in references(text.replace("URL", U), name)]

    return judge


WRONG = [
    ("`Fire` is at `kiln.go:13`.", Code.CONTRADICTS_SENTENCE),
    ("`Cool` (kiln.go:4) waits.", Code.CONTRADICTS_SENTENCE),
    ("[Fire](URL/kiln.go#L13) heats.", Code.CONTRADICTS_LABEL),
    ("[`Shelf.Put`](URL/kiln.go#L19) adds.", Code.CONTRADICTS_LABEL),
    ("[kiln.go#Fire](URL/kiln.go#L13)", Code.CONTRADICTS_LABEL),
    ("| `Fire` | kiln.go:13 |", Code.CONTRADICTS_SENTENCE),
    ("| `Fire` | heats | kiln.go:13 | fast |", Code.CONTRADICTS_SENTENCE),
    (
        "| Function | Where |\n|---|---|\n| Cool | kiln.go:13 |\n| Fire | kiln.go:13 |",
        Code.CONTRADICTS_SENTENCE,
    ),
    ("The function `Fire` is defined in kiln.go:13.", Code.CONTRADICTS_SENTENCE),
    ("The `Fire` function (kiln.go:14) heats.", Code.CONTRADICTS_SENTENCE),
    ("The `Fire()` method lives in `kiln.go:20`.", Code.CONTRADICTS_SENTENCE),
    ("Fire() is at kiln.go:13.", Code.CONTRADICTS_SENTENCE),
    ("- `Fire`: kiln.go:13", Code.CONTRADICTS_SENTENCE),
    ("- `Fire` - kiln.go:13", Code.CONTRADICTS_SENTENCE),
    ("1. **`Fire`** — `kiln.go:13`", Code.CONTRADICTS_SENTENCE),
    ("* kiln.go:13 - `Fire`", Code.CONTRADICTS_SENTENCE),
    ("See kiln.go:13 (`Fire`).", Code.CONTRADICTS_SENTENCE),
    ("kiln.go:13 defines `Fire`.", Code.CONTRADICTS_SENTENCE),
    ("`Fire` is at line 13 of kiln.go.", Code.CONTRADICTS_SENTENCE),
    ("`Fire` ([kiln.go:13](URL/kiln.go#L13)) heats.", Code.CONTRADICTS_SENTENCE),
    ("`Fire` ([source](URL/kiln.go#L13)) heats.", Code.CONTRADICTS_SENTENCE),
    ("[the `Fire` function](URL/kiln.go#L13)", Code.CONTRADICTS_LABEL),
    ("[`(*Shelf).Put`](URL/kiln.go#L4)", Code.CONTRADICTS_LABEL),
    ("[`kiln.Fire`](URL/kiln.go#L13)", Code.CONTRADICTS_LABEL),
    ("[`Fire`][1]\n\n[1]: URL/kiln.go#L13", Code.CONTRADICTS_LABEL),
    ("`Shelf.Put` (oven.go:7) adds.", Code.CONTRADICTS_SENTENCE),
    ("[`Cool`](URL/oven.go#L7)", Code.CONTRADICTS_LABEL),
    ("`Fire` 函数定义在 kiln.go:13。", Code.CONTRADICTS_SENTENCE),
    ("函数`Fire`(kiln.go:13)", Code.CONTRADICTS_SENTENCE),
    ("unlike `Cool`, `Fire` is at kiln.go:13.", Code.CONTRADICTS_SENTENCE),
    ("kiln.go::Fire#L13", Code.CONTRADICTS_SYMBOL),
    ("[kiln.go:4](URL/kiln.go#L13)", Code.CONTRADICTS_LABEL),
    ("[kiln.go:13-15](URL/kiln.go#L13-L16)", Code.CONTRADICTS_LABEL),
    ("[other.go:13](URL/kiln.go#L13)", Code.CONTRADICTS_LABEL),
    ("[other.go](URL/kiln.go#L13)", Code.CONTRADICTS_LABEL),
    ("[L14](URL/kiln.go#L13)", Code.CONTRADICTS_LABEL),
    ("[line 14](URL/kiln.go#L13)", Code.CONTRADICTS_LABEL),
    ("[x][kiln-l13]\n\n[kiln-l13]: URL/kiln.go#L4", Code.CONTRADICTS_LABEL),
    ('<a href="URL/kiln.go#L13">kiln.go:4</a>', Code.CONTRADICTS_LABEL),
    ('<a href="URL/kiln.go#L13">line 14</a>', Code.CONTRADICTS_LABEL),
    ('<a href="URL/kiln.go#L13"><code>Fire</code></a>', Code.CONTRADICTS_LABEL),
    (
        '<p>See <a href="URL/kiln.go#L13" class="x"><code class="y">Fire</code></a>.</p>',
        Code.CONTRADICTS_LABEL,
    ),
    ('<a href="URL/kiln.go#L13"><b><code>Fire</code></b></a>', Code.CONTRADICTS_LABEL),
    ('<a href="URL/kiln.go#L13">the <em>Fire</em> function</a>', Code.CONTRADICTS_LABEL),
    ('<a href="URL/kiln.go#L13"><code>kiln.go:4</code></a>', Code.CONTRADICTS_LABEL),
    ('<a href="URL/kiln.go#L13"><b>line 14</b></a>', Code.CONTRADICTS_LABEL),
    ("[<code>Fire</code>](URL/kiln.go#L13)", Code.CONTRADICTS_LABEL),
    ("kiln.go:25\n\n```go\nfunc Cool(hours int) int {\n\trest := hours * 2\n```", Code.CONTRADICTS_LISTING),
    ("!FILENAME kiln.go:9\n\n```go\nfunc Fire(temp int) error {\n```", Code.CONTRADICTS_LISTING),
    ("See `kiln.go:25`:\n```\nrest   :=  hours*2 // twice\nreturn rest\n```", Code.CONTRADICTS_LISTING),
    ("```go\n// kiln.go:25\nfunc Cool(hours int) int {\n```", Code.CONTRADICTS_LISTING),
    (
        "- kiln.go:25\n\n  ```go\n  func Fire(temp int) error {\n  ...\n  return nil\n  ```",
        Code.CONTRADICTS_LISTING,
    ),
]


@pytest.mark.parametrize(("text", "code"), WRONG)
def test_words_that_name_another_place_contradict_the_line(judged, text, code):
    *_, judgement = judged(text)

    assert isinstance(judgement.outcome, Mistaken)
    assert judgement.outcome.code is code
    assert not judgement.evidence or not all(each.agrees for each in judgement.evidence)


RIGHT = [
    "`Fire` (kiln.go:4) is right.",
    "`Cool` at kiln.go:12.",
    "kiln.go:26, where `append` is called.",
    "Unlike `Cool`, kiln.go:4 heats.",
    "After `Cool`, kiln.go:4 starts.",
    "`Fire` calls `Cool` (kiln.go:4).",
    "`Fire` and `Cool` (kiln.go:4, kiln.go:13)",
    "`Fire` (kiln.go:4) and `Cool` (kiln.go:13)",
    "`Cool` is used by kiln.go:4.",
    "The kiln is heated by `Cool` before kiln.go:5 is reached.",
    "`errTooHot` (kiln.go:7) is returned.",
    "`Shelf` (kiln.go:26) holds pots.",
    "`Oven` (oven.go:13) is made.",
    "[`Oven`](URL/oven.go#L14)",
    "`Fire` is called at oven.go:19.",
    "`Fire` (oven.go:18) is called.",
    "[handled by `Fire`](URL/kiln.go#L13)",
    "[here](URL/kiln.go#L13) is `Fire` no more",
    "[Source](URL/kiln.go#L13)",
    "| `Cool` | `Fire` | kiln.go:4 |",
    "| Cool | kiln.go:4 |",
    "| Topic | Where |\n|---|---|\n| Cool | kiln.go:4 |",
    "| Function | Where |\n|---|---|\n| Fire | kiln.go:4 |",
    "| `Unknown` | kiln.go:4 |",
    "`http.Get` (kiln.go:4) is not ours.",
    "`kiln.Fire` (kiln.go:4)",
    "`Put` (oven.go:7) and `Put` (kiln.go:25)",
    "`Fire` (`kiln.go:3-10`)",
    "[kiln.go#L13](URL/kiln.go#L13)",
    "[`kiln.go:13-16`](URL/kiln.go#L13-L16)",
    "[L13](URL/kiln.go#L13) and [line 13](URL/kiln.go#L13)",
    '<a href="URL/kiln.go#L13"><code>Cool</code></a> <a href="URL/kiln.go#L4"><b><code>Fire</code></b></a>',
    '<a href="URL/kiln.go#L13"><code>kiln.go:13</code></a> <a href="URL/kiln.go#L13"><img src="x.png"></a>',
    "[kiln.go](URL/kiln.go#L13) [1](URL/kiln.go#L13)",
    "[kiln.go:13](URL/kiln.go#L13-L16)",
    "[URL/kiln.go#L1...](URL/kiln.go#L13)",
    "[`Fire`][1]\n\n[1]: URL/kiln.go#L4",
    "## Cool\n\nkiln.go:4 heats.",
    "kiln.go::Fire#L9",
    "`kiln.go:13`\n\n```go\nfunc Cool(hours int) int {\n```",
    "`kiln.go:4`:\n\n```go\n\tif temp > limit {\n\t\treturn errTooHot\n```",
    "`kiln.go:3`:\n\n```go\nfunc Fire(temp int) error {\n```",
    "kiln.go:4 calls this one:\n\n```go\nfunc Cool(hours int) int {\n```",
    "kiln.go:4\n\n```go\nfunc Gone(hours int) int {\n```",
    "kiln.go:4\n\n```go\nfunc Fire(temp int) error {\n\t// ...\n\treturn nil\n```",
    "kiln.go:7\n\n```go\n}\n```",
    "```go\n// kiln.go:4\nfunc Fire(temp int) error {\n// kiln.go:13\nfunc Cool(hours int) int {\n```",
]  # fmt: skip


@pytest.mark.parametrize("text", RIGHT)
def test_words_that_do_not_contradict_leave_a_reference_right(judged, text):
    found = judged(text)

    assert found
    assert [judgement.outcome for judgement in found] == [None] * len(found)


@pytest.mark.parametrize(
    ("name", "above", "below"),
    [
        ("a.md", "\n", "\n"),
        ("a.adoc", "\n[source,go]\n----\n", "----\n"),
        ("a.org", "\n#+begin_src go\n", "#+end_src\n"),
        ("a.rst", "\n.. code-block:: go\n\n", "\n"),
        ("a.rst", "\n::\n\n", "\n"),
        ("a.html", "<pre>", "</pre>"),
    ],
)
@pytest.mark.parametrize(("line", "code"), [(25, Code.CONTRADICTS_LISTING), (13, None)])
def test_listings_of_all_kinds_of_documents_are_read(judged, name, above, below, line, code):
    indent = "    " if name in {"a.md", "a.rst"} else ""
    listing = f"{indent}func Cool(hours int) int {{\n{indent}\trest := hours * 2\n"

    (judgement,) = judged(f"kiln.go:{line}\n{above}{listing}{below}", name)

    assert (judgement.outcome and judgement.outcome.code) == code
    assert judgement.evidence[0].agrees == (code is None)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "[`Fire`](URL/kiln.go#L14)",
            "the link's words name Fire (line 4), but the reference cites line 14, which lies in Cool",
        ),
        (
            "[`Fire`](URL/kiln.go#L14-L15)",
            "the link's words name Fire (line 4), but the reference cites lines 14-15, which lie in Cool",
        ),
        (
            "[`Fire`](URL/kiln.go#L13-L16)",
            "the link's words name Fire (line 4), but the reference cites lines 13-16, which declare Cool",
        ),
        (
            "`Fire` (kiln.go:1)",
            (
                "the sentence names Fire (line 4), but the reference cites line 1 of kiln.go, "
                "which lies outside any declaration"
            ),
        ),
        (
            "| `Fire` | kiln.go:13 |",
            "the table names Fire (line 4), but the reference cites line 13, which declares Cool",
        ),
        (
            "[kiln.go:4](URL/kiln.go#L13)",
            "the link's words say kiln.go:4, but the link's target is kiln.go:13",
        ),
        (
            "```console\n$ grep -n Fire -r .\n./kiln.go:4:func Fire(temp int) error {\n```",
            "the reference stands in the output of a program",
        ),
    ],
)
def test_the_reason_of_a_contradiction_is_one_sentence(judged, text, reason):
    *_, judgement = judged(text)

    assert judgement.outcome.reason == reason


def test_a_contradiction_says_what_was_named_and_where_it_is(judged):
    (judgement,) = judged("`Fire` is at `kiln.go:13`.")

    assert judgement.outcome.reason == (
        "the sentence names Fire (line 4), but the reference cites line 13, which declares Cool"
    )
    assert judgement.outcome.named.line == 4
    assert judgement.outcome.named.symbol == "Fire"


def test_swapped_lines_of_two_links_are_both_mistaken(judged):
    found = judged("[Fire](URL/kiln.go#L13) and [Cool](URL/kiln.go#L4)")

    assert [judgement.outcome.code for judgement in found] == [Code.CONTRADICTS_LABEL] * 2


def test_swapped_lines_in_brackets_are_both_mistaken(judged):
    found = judged("`Fire` (kiln.go:13) and `Cool` (kiln.go:4)")

    assert [judgement.outcome.code for judgement in found] == [Code.CONTRADICTS_SENTENCE] * 2


def test_a_listing_tells_where_the_line_should_be(judged):
    (judgement,) = judged("kiln.go:25\n\n```go\nfunc Cool(hours int) int {\n\trest := hours * 2\n```")

    named = judgement.outcome.named
    assert (named.symbol, named.line + named.offset) == ("Cool", 13)


def test_the_sentence_chooses_between_methods_of_one_name(tree):
    code = tree({"two.go": KILN + VASE.removeprefix("package kiln\n")})
    (reference,) = references("`Oven.Put` is two.go::Put.")

    assert claim_checks.narrow(reference, code).symbol == "Oven.Put"


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.md", "[kiln.go:13](URL/kiln.go#L13)", "kiln.go:13"),
        ("a.md", "see [`kiln.go:13-16`](URL/kiln.go#L13-L16)", "kiln.go:13-16"),
        ("a.md", "[L13](URL/kiln.go#L13)", "L13"),
        ("a.md", "[the line 13](URL/kiln.go#L13)", "line 13"),
        ("a.md", "[lines 13-16](URL/kiln.go#L13-L16)", "lines 13-16"),
        ("a.md", '<a href="URL/kiln.go#L13">kiln.go:13</a>', "kiln.go:13"),
        ("a.md", "[kiln-l13]: URL/kiln.go#L13", "l13"),
        ("a.html", '<p><a href="URL/kiln.go#L13">kiln.go:13</a>', "kiln.go:13"),
        ("a.html", '<p><a href="URL/kiln.go#L13">line 13</a>', "line 13"),
        ("a.rst", "`kiln.go:13 <URL/kiln.go#L13>`_", "kiln.go:13"),
        ("a.adoc", "URL/kiln.go#L13[kiln.go:13]", "kiln.go:13"),
        ("a.org", "[[URL/kiln.go#L13][kiln.go:13]]", "kiln.go:13"),
    ],
)
def test_a_label_is_one_reference_with_the_place_of_its_words(name, text, words):
    text = text.replace("URL", U)
    (reference,) = references(text, name)
    (label,) = (claim for claim in reference.claims if claim.line)

    assert label.line == 13
    assert text[label.at_column - 1 : label.at_end - 1] == words


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (12, "line 12 of kiln.go lies in the doc comment of Cool (func), whose name stands in line 13"),
        (13, "line 13 of kiln.go lies in Cool (func)"),
        (14, "line 14 of kiln.go lies in Cool (func), 1 line below its name"),
        (15, "line 15 of kiln.go lies in Cool (func), 2 lines below its name"),
        (17, "line 17 of kiln.go lies outside any declaration"),
    ],
)
def test_a_verified_line_is_told_by_its_place_in_a_declaration(tree, line, reason):
    (reference,) = references(f"`Cool` at kiln.go:{line}.")

    assert declaration_lookup.find_reference(reference, tree({"kiln.go": KILN})).reason == reason
