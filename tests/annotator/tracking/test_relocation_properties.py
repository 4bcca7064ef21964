"""Whatever edits do to a file: a line that is placed at all is placed where it went."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import relocated
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotator.golang.source_tree import SourceTree
from annotator.model.reference import Reference, Unplaced, Verified
from annotator.tracking import declaration_lookup

Line = tuple[int, str]
"""A line's identity, which edits keep, and its text."""

# Idioms that stand many times in a function, and lines that say something.
_POOL = (
    "\tif err != nil {",
    "\t\treturn err",
    "\t}",
    "",
    "\tcount++",
    "\tresult = append(result, count)",
    "\terr = measure(result, count, width)",
)


@st.composite
def functions(draw: st.DrawFn) -> list[list[Line]]:
    """Functions of a file, with lines that repeat in them and between them."""
    made: list[list[Line]] = []
    identity = 0
    for number in range(draw(st.integers(2, 4))):
        body = [
            text
            for block in draw(
                st.lists(st.sampled_from([(0, 1, 2), (3,), (4,), (5,), (6,), (6, 0, 1, 2)]), max_size=5)
            )
            for text in (_POOL[index] for index in block)
        ]
        texts = [
            f"// Step{number} is a step.",
            f"func Step{number}(count int) error {{",
            *body,
            "\treturn nil",
            "}",
            "",
        ]
        made.append([(identity + place, text) for place, text in enumerate(texts)])
        identity += len(texts)
    return made


@st.composite
def edited(draw: st.DrawFn, before: list[list[Line]]) -> list[list[Line]]:
    """The functions with lines removed, new ones inserted, and functions moved, added or removed."""
    after = [list(function) for function in before]
    for number in range(draw(st.integers(0, 4))):
        function = draw(st.sampled_from(after))
        inside = range(2, len(function) - 3)
        match draw(st.sampled_from(["insert", "remove", "swap", "add", "drop"])):
            case "insert":
                function.insert(
                    draw(st.integers(2, max(2, len(function) - 3))), (-1, f"\tfresh{number} := {number}")
                )
            case "remove" if inside:
                texts = [text for _, text in function]
                place = draw(st.sampled_from(inside))
                like = texts[place] in (texts[place - 1], texts[place + 1])  # nobody can say which is left
                if not like and texts[place] not in ("\tif err != nil {", "\t}"):  # the file stays Go
                    del function[place]
            case "swap":
                after.reverse()
            case "add":
                after.insert(0, [(-1, f"func Added{number}() {{"), (-1, "\t}"[1:]), (-1, "")])
            case "drop" if len(after) > 1:
                after.remove(function)
            case _:
                pass
    return after


def trees(grove: Callable[..., Any], *versions: list[Line]) -> Iterator[SourceTree]:
    """Yield a tree for each version of the lines of step.go."""
    texts = ["package step\n\n" + "".join(f"{text}\n" for _, text in lines) for lines in versions]
    snapshots = grove({str(number): {"step.go": text} for number, text in enumerate(texts)}).snapshots
    return (SourceTree(snapshots.snapshot(str(number))) for number in range(len(versions)))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_placed_line_is_the_cited_one(data, grove, carried):
    before = data.draw(functions())
    after = data.draw(edited(before))
    old, new = ([line for function in version for line in function] for version in (before, after))
    first, second = trees(grove, old, new)

    references = [Reference("step.go", line=number) for number in range(3, len(old) + 3)]
    outcomes = carried(references, first, second)

    for number, (identity, text), outcome in zip(range(3, len(old) + 3), old, outcomes, strict=True):
        if isinstance(outcome, Unplaced) or not text.strip():  # which empty line is which nobody can say
            continue
        line = outcome.anchor.line + outcome.anchor.offset
        assert new[line - 3][0] == identity, (number, text, line)
        assert isinstance(outcome, Verified) == (line == number)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_placed_range_ends_where_the_cited_one_does(data, grove, carried):
    before = data.draw(functions())
    after = data.draw(edited(before))
    old, new = ([line for function in version for line in function] for version in (before, after))
    first, second = trees(grove, old, new)
    start = data.draw(st.integers(0, len(old) - 1))

    ends = range(start + 1, min(start + 9, len(old)))
    references = [Reference("step.go", line=start + 3, end_line=end + 3) for end in ends]
    for end, outcome in zip(ends, carried(references, first, second), strict=True):
        if isinstance(outcome, Unplaced) or outcome.range_end is None:
            continue
        was = old[start : end + 1]
        # The empty line before the first function is no line of it.
        now = new[max(0, outcome.anchor.line + outcome.anchor.offset - 3) : outcome.range_end - 2]
        last = [[identity for identity, text in lines if text.strip()][-1:] for lines in (was, now)]
        same = [text for _, text in was] == [text for _, text in now]
        assert same or last[0] == last[1] or was[-1] == now[-1], (was, now)


def test_an_empty_line_at_the_same_distance_is_no_end(tree: Callable[..., SourceTree]) -> None:
    fields = "\tWidth int\n\tDepth int\n\n\tHeatLimitOfKiln int\n\n\tPots []string\n"
    more = fields.replace("\tHeat", "\t// Owner is new.\n\tOwner string\n\n\tHeat")
    first, second = (
        tree({"a.go": f"package a\n\ntype Shelf struct {{\n{text}}}\n"}, tag)
        for text, tag in ((fields, "v1"), (more, "v2"))
    )

    outcome = relocated.verdict(Reference("a.go", line=4, end_line=8), second, first).outcome

    assert not isinstance(outcome, Unplaced)
    assert outcome.range_end == 11


def test_the_file_of_the_property_is_read_as_it_is_meant(tree: Callable[..., SourceTree]) -> None:
    text = "package step\n\n// Step0 is a step.\nfunc Step0(count int) error {\n\tcount++\n\treturn nil\n}\n"
    found = declaration_lookup.verdict_at(Reference("step.go", line=5), tree({"step.go": text})).outcome

    assert not isinstance(found, Unplaced)
    assert found.anchor.symbol == "Step0"
