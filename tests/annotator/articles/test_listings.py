"""Which lines of a document a program has written."""

from __future__ import annotations

import pytest
import read_article

OUTPUT = [
    '{"level":"warn","caller":"heat/burner.go:212","msg":"x"}',
    'I0102 03:04:05.678901       1 burner.go:116] "glowing"',
    "2021/03/04 05:06:07 burner.go:116: glowing",
    "2021-03-04T05:06:07.123Z\tINFO\theat/burner.go:116\tglowing",
    'time="2021-03-04T05:06:07Z" level=info msg="see burner.go:12"',
    "panic: too hot\n\ngoroutine 1 [running]:\nmain.main()\n\t/home/u/pots/main.go:17 +0x1d",
    "goroutine 7 [select]:\nmain.fire(0xc000, 0x1)\n\tpots/main.go:17",
    "main.fire\n\t/home/u/pots/main.go:17",
    "./vase.go:7:6: moved to heap: v",
    "vase.go:7:2: can inline add",
    "main.go:12:5: declared and not used: x",
    "main.go:12: undefined: x",
    '\t0x0000 00000 (vase.go:7)\tTEXT\t"".add(SB), $0-32',
    "  main.go:12\t0x45d1a3\t4883ec18\tSUBQ $0x18, SP",
    "Breakpoint 1 set at 0x49abc for main.main() ./main.go:22",
    "(dlv) b main.go:22",
    "#0  main.main () at /home/u/pots/main.go:22",
    "--- FAIL: TestVase (0.00s)\n    vase_test.go:12: got 1, want 2",
    "10ms 50.00% 50.00%       10ms 50.00%  main.fire /pots/main.go:22",
    "WARNING: DATA RACE\nRead at 0x00c0 by goroutine 7:\n  main.fire()\n      /pots/main.go:22 +0x44",
    "$ go run ./pots\nboom in main.go:22",
    "kiln.go:4:func Fire(temp int) error {\nkiln.go:13:func Cool(hours int) int {\nkiln.go:25:func Put()",
    "kiln.go:12.30,14.2 1 0",
    'kiln-1   | {"level":"info","ts":"2025-04-14T07:23:25Z","caller":"heat/burner.go:212","msg":"x"}',
    "    logger.go:146: 2024-04-08T09:45:27.734+0200\tINFO\tglowing",
    "#\t0x43b817\tmain.fire+0x157\t\t/pots/main.go:14",
    "make: *** [Makefile:134: fire] Error 255",
    "Makefile:123: the kiln has moved",
    "~/kiln git:main \u276f\u276f\u276f gocyclo -top 10 ./\n23 kiln Fire kiln.go:4:1",
    "23 kiln (*Shelf).Put kiln.go:25:1",
]
FENCES = ["console", "log", "text", "", "output"]


def outputs(text: str, name: str = "a.md") -> list[bool]:
    article = read_article.read(name, text.encode(), repository="https://github.com/acme/kiln")
    return [reference.in_output for reference in article.references]


@pytest.mark.parametrize("text", OUTPUT)
@pytest.mark.parametrize("fence", FENCES)
def test_output_in_a_fence_is_recognised(text, fence):
    found = outputs(f"```{fence}\n{text}\n```\n")

    assert all(found)


@pytest.mark.parametrize("text", OUTPUT[:5])
@pytest.mark.parametrize(
    "shown", ["> {}", "> > {}", "> `{}`", "`{}`", "- `{}`", "  1. ``{}``", ">   - `{}`."]
)
def test_line_of_a_log_is_recognised_in_quotes_and_spans(text, shown):
    found = outputs(f"The kiln says:\n\n{shown.format(text)}\n")

    assert found
    assert all(found)


def test_words_with_a_log_in_them_are_not_output():
    assert outputs('It logs `{"level":"warn"}` in kiln.go:4.\n\n- `kiln.go:4` at 12:30:11 `x`\n') == [
        False,
        False,
    ]


@pytest.mark.parametrize("text", OUTPUT[:6] + OUTPUT[8:10] + OUTPUT[12:16])
def test_output_without_a_fence_is_recognised(text):
    assert all(outputs(text))


@pytest.mark.parametrize("language", ["console", "log", "output", "shell-session"])
def test_every_line_of_an_output_fence_is_output(language):
    assert outputs(f"```{language}\nkiln.go:4 and kiln.go:13\n```\nkiln.go:25") == [True, True, False]


@pytest.mark.parametrize(
    "text",
    [
        "kiln.go:4: this heats.",
        "See kiln.go:4:2 for the column.",
        "kiln.go:13: `Cool` waits",
        "2021-03-04 see kiln.go:4",
        "- 12:30 kiln.go:4",
        "#123 (kiln.go:4) is open",
        "```\nkiln.go:4    Fire\nkiln.go:13   Cool\n```",
        "```\nkiln.go:4: heats\nkiln.go:13: waits\nkiln.go:25: adds\n```",
        "```go\n// kiln.go:4\nfunc Fire(temp int) error {\n```",
        "```go\nlog.Println() // see kiln.go:4\n```",
        "```bash\n# see kiln.go:4\nmake\n```",
        "```text\nmain -> Fire (kiln.go:4) -> Cool (kiln.go:13)\n```",
        "    kiln.go:4",
        "The panic: see kiln.go:4",
        "kiln.go:4\nkiln.go:13\nkiln.go:25",
    ],
)
def test_a_citation_of_an_author_is_no_output(text):
    found = outputs(text)

    assert found
    assert not any(found)
