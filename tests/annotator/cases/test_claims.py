"""Wrong words, labels and listings, and output of programs, through `verify` on a real repository."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest
import read_article
from hypothesis import given, settings
from hypothesis import strategies as st
from small_repository import KILN, SHIFTED

from annotator import cli
from annotator.golang.source_tree import SourceTree
from annotator.model.source import blob_id
from annotator.tracking import claim_checks

U = "https://github.com/acme/kiln/blob"
CONSTANTS = "package kiln\n\nconst (\n\tLow  = 1\n\tHigh = 2\n)\n\n" + KILN.split("\n", 2)[2]
REPOSITORIES: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "kiln": {"v1.0.0": {"kiln.go": KILN}, "v1.1.0": {"kiln.go": SHIFTED}},
    "pkg": {"v1.0.0": {"pkg/kiln.go": KILN}, "v1.1.0": {"pkg/kiln.go": SHIFTED}},
    "main": {"v1.0.0": {"kiln.go": KILN, "main.go": KILN.replace("package kiln", "package main")}},
    "constants": {"v1.0.0": {"kiln.go": CONSTANTS}},
}


@pytest.fixture
def verdicts(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    repositories: Mapping[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[..., list[tuple[str, str]]]:
    """Verifies a text: verdict and code of each reference, in order."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANNOTATOR_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
    Path("annotator.toml").write_text('repository = "https://github.com/acme/kiln"\nbaseline = "v1.0.0"\n')

    def run(source: str, text: str, *options: str, code: int | None = None) -> list[tuple[str, str]]:
        Path("article.md").write_text(text.replace("URL", f"{U}/v1.0.0"))
        capsys.readouterr()
        done = cli.run(
            ["verify", "--format=json", f"--source={repositories[source]}", *options, "article.md"]
        )
        assert code is None or done == code
        run.rows = json.loads(capsys.readouterr().out)["references"]
        return [(row["verdict"], row["code"]) for row in run.rows]

    return run


SENTENCES = """\
`Fire` is at `kiln.go:13`.
`Cool` (kiln.go:4) waits.
kiln.go:26, where `append` is called.
[Fire](URL/kiln.go#L13) heats.
[`Shelf.Put`](URL/kiln.go#L19) adds.
[kiln.go#Fire](URL/kiln.go#L13)
| `Fire` | kiln.go:13 |
`Cool` at kiln.go:12.
`Fire` (kiln.go:4) is right.
"""


def test_words_that_were_wrong_when_written_are_mistaken(verdicts):
    found = verdicts("kiln", SENTENCES, code=cli.FINDINGS)

    sentence, label, right = (
        ("mistaken", "contradicts-sentence"),
        ("mistaken", "contradicts-label"),
        ("verified", "ok"),
    )
    assert found == [sentence, sentence, right, label, label, label, sentence, right, right]


def test_listings_below_a_line_are_compared_with_it(verdicts):
    text = (
        "kiln.go:25\n\n```go\nfunc Cool(hours int) int {\n\trest := hours * 2\n```\n\n"
        "!FILENAME kiln.go:9\n\n```go\nfunc Fire(temp int) error {\n\tlimit := 1300\n```\n\n"
        "`kiln.go:13`\n\n```go\nfunc Cool(hours int) int {\n```\n"
    )

    found = verdicts("kiln", text, code=cli.FINDINGS)

    assert found == [("mistaken", "contradicts-listing")] * 2 + [("verified", "ok")]


LISTINGS = """\
```go
// pkg/kiln.go
func Cool(hours int) int {
	rest := hours * 2
```

```go title="pkg/kiln.go" linenums="13"
func Cool(hours int) int {
```

```13:16:pkg/kiln.go
func Cool(hours int) int {
```

The code is in pkg/kiln.go:

```go
func Gone(hours int) int {
```
"""


def test_listings_that_name_their_file_are_looked_for_in_it(verdicts):
    found = verdicts("pkg", LISTINGS, code=cli.FINDINGS)

    assert found == [("verified", "ok")] * 3 + [("missing", "text-gone")]
    assert verdicts.rows[0]["anchor"]["line"] == 13


def test_a_listing_that_moved_leaves_its_file_verified(verdicts):
    found = verdicts("pkg", LISTINGS.partition("```go title")[0], "--tag=v1.1.0", code=cli.OK)

    assert found == [("verified", "ok")]
    assert verdicts.rows[0]["anchor"]["line"] == 17


LABELS = """\
| a | [kiln.go#L13](URL/kiln.go#L13) |
| b | [`kiln.go:13-16`](URL/kiln.go#L13-L16) |
| c | [L13](URL/kiln.go#L13) |
| d | [line 13](URL/kiln.go#L13) |
| e | [kiln.go:4](URL/kiln.go#L13) |
| f | [kiln.go:13-15](URL/kiln.go#L13-L16) |
| g | [other.go:13](URL/kiln.go#L13) |
| h | [x][kiln-l13] |

[kiln-l13]: URL/kiln.go#L4
"""


def test_words_and_target_of_a_link_are_one_reference(verdicts):
    found = verdicts("kiln", LABELS, code=cli.FINDINGS)

    assert found == [("verified", "ok")] * 4 + [("mistaken", "contradicts-label")] * 4


OUTPUT = """\
```
{"level":"warn","caller":"heat/burner.go:212","msg":"x"}
I0102 03:04:05.678901       1 burner.go:116] "glowing"
panic: too hot

goroutine 1 [running]:
main.main()
	/home/u/pots/main.go:17 +0x1d
./vase.go:7:6: moved to heap: v
(dlv) b main.go:22
main.go:12:5: declared and not used: x
```

Write this to `vase.go`:

```go
// vase.go
package main
```

The output names `vase.go:7`.
"""


def test_output_and_examples_of_the_document_are_set_apart(verdicts):
    found = verdicts("main", OUTPUT, code=cli.OK)

    assert len(found) == 6
    assert set(found) == {("unknown", "program-output")}


def test_a_range_beside_a_symbol_may_not_end_behind_the_file(verdicts):
    found = verdicts("constants", "kiln.go::Fire#L9-L400\n", code=cli.FINDINGS)

    assert found == [("missing", "past-end")]


# ── Properties ───────────────────────────────────────────────────────────────────────────────────
NAMES = ("Alpha", "bravoTask", "Charlie", "deltaRun", "Echo", "Foxtrot")
FORMS = (
    "`{name}` is at {path}:{line}.",
    "The `{name}` function ({path}:{line}) works.",
    "[{name}](URL/{path}#L{line})",
    "[`{name}`](URL/{path}#L{line}) works",
    "| `{name}` | {path}:{line} |",
    "- `{name}`: {path}:{line}",
    "{path}:{line} (`{name}`)",
    "`{name}` is defined in {path}:{line}",
)
UNRELATED = (
    "Unlike `{other}`, the place {path}:{line} is quick.",
    "It calls `{other}` before {path}:{line} is reached.",
    "After `{other}()` has run, see {path}:{line}.",
    "We saw {other} above; now look at {path}:{line}, please.",
    "# {other}\n\nThe code is at {path}:{line}.",
    "`{other}` has no part in what {path}:{line} does.",
    "The result of `{other}` is not used in {path}:{line}.",
)


@pytest.fixture(scope="module")
def source_tree() -> Callable[[Mapping[str, str]], SourceTree]:
    """Makes trees of texts."""
    return lambda texts: SourceTree(Texts(texts))


class Texts:
    """A snapshot whose files are given as texts."""

    repository, tag, version, commit = "https://github.com/acme/kiln", "v1.0.0", "v1.0.0", None

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._data = {path: text.encode() for path, text in texts.items()}
        self.files = {path: blob_id(data) for path, data in self._data.items()}

    def read(self, paths: Iterable[str]) -> dict[str, bytes]:
        return {path: self._data[path] for path in paths}


@st.composite
def files(draw: st.DrawFn) -> tuple[str, dict[str, range]]:
    """Generate a Go file of functions that do not call each other, and the lines of each."""
    text, places = "package kiln\n", {}
    for name in draw(st.permutations(NAMES)):
        text += "\n" * draw(st.integers(1, 3))
        text += f"// {name} works.\n" if draw(st.booleans()) else ""
        first = text.count("\n") + 1
        body = "".join(f"\tprintln({number})\n" for number in range(draw(st.integers(1, 4))))
        text += f"func {name}() {{\n{body}}}\n"
        places[name] = range(first, text.count("\n") + 1)
    return text, places


def outcomes(tree, code: str, text: str) -> list[object]:
    article = read_article.read(
        "a.md", text.replace("URL", f"{U}/v1.0.0").encode(), repository="https://github.com/acme/kiln"
    )
    source = tree({"kiln.go": code})
    return [claim_checks.judge(reference, source).outcome for reference in article.references]


@settings(max_examples=25, deadline=None)
@given(made=files(), form=st.sampled_from(FORMS), data=st.data())
def test_a_named_line_is_mistaken_just_if_it_is_anothers(source_tree, made, form, data):
    code, places = made
    name, holder = data.draw(st.sampled_from(NAMES)), data.draw(st.sampled_from(NAMES))
    line = data.draw(st.sampled_from(places[holder]))

    (outcome,) = outcomes(source_tree, code, form.format(name=name, path="kiln.go", line=line))

    assert (outcome is None) == (name == holder)
    assert outcome is None or outcome.named.line == places[name][0]


@settings(max_examples=25, deadline=None)
@given(made=files(), form=st.sampled_from(UNRELATED), data=st.data())
def test_an_unrelated_sentence_makes_no_line_mistaken(source_tree, made, form, data):
    code, places = made
    holder, other = data.draw(st.sampled_from(NAMES)), data.draw(st.sampled_from(NAMES))
    line = data.draw(st.sampled_from(places[holder]))

    assert outcomes(source_tree, code, form.format(other=other, path="kiln.go", line=line)) == [None]
