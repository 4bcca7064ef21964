"""What holds of every step from one tree to another, on files made at random."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotator.model.reference import Missing

BODIES = [
    "\tif a > b {\n\t\treturn a - b\n\t}\n\treturn b*a + 1\n",
    "\tfor a < b {\n\t\ta = a*2 + b\n\t}\n\treturn a % 7\n",
    "\tswitch {\n\tcase a == b:\n\t\treturn 0\n\tdefault:\n\t\treturn call(a, b)\n\t}\n",
    '\tfmt.Println("sum of", a, "and", b, "is", a+b)\n\treturn a + b\n',
    "\tdefer unlock(a)\n\tlock(a)\n\treturn shelves[a].count(b)\n",
    "\tx, y := b, a\n\tx, y = y, x+y\n\treturn third(x, y, 3)\n",
]
FUNCTIONS = [f"func F{n}(a, b int) int {{\n{body}}}\n" for n, body in enumerate(BODIES)]
QUIET = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)

# A file with a NUL is binary: what is to be followed would not be there to begin with.
plain = st.characters(codec="utf-8", exclude_characters="\0")
orders = st.permutations(range(len(FUNCTIONS)))
gaps = st.lists(
    st.sampled_from(["\n", "\n// a remark\n\n", "\nvar _ = 1\n\n"]),
    min_size=len(FUNCTIONS),
    max_size=len(FUNCTIONS),
)


def written(order: list[int], gaps: list[str]) -> str:
    return "package a\n" + "".join(gap + FUNCTIONS[n] for n, gap in zip(order, gaps, strict=True))


def line_of(text: str, number: int) -> int:
    return text.split("\n").index(FUNCTIONS[number].split("\n")[0]) + 1


PLAIN = written(list(range(len(FUNCTIONS))), ["\n"] * len(FUNCTIONS))


@QUIET
@given(order=orders, gaps=gaps, number=st.integers(0, len(FUNCTIONS) - 1))
def test_in_whatever_order_functions_stand_each_is_found_in_its_line(carry, order, gaps, number):
    after = written(order, gaps)

    found = carry({"a/a.go": PLAIN}, {"a/a.go": after}, "a/a.go", f"F{number}")

    assert found.outcome.anchor.line == line_of(after, number)


@QUIET
@given(home=st.sampled_from(["a", "b", "a/c", "x/y/z"]), order=orders, gaps=gaps)
def test_wherever_a_file_goes_its_functions_are_found_in_it(carry, home, order, gaps):
    after = written(order, gaps)

    found = carry({"a/a.go": PLAIN}, {f"{home}/new.go": after}, "a/a.go", "F2")

    assert (found.outcome.anchor.path, found.outcome.anchor.line) == (f"{home}/new.go", line_of(after, 2))


@QUIET
@given(kept=st.sets(st.integers(0, len(FUNCTIONS) - 1)), number=st.integers(0, len(FUNCTIONS) - 1))
def test_a_function_is_answered_if_and_only_if_it_is_there(carry, kept, number):
    after = "package a\n" + "".join(f"\n{FUNCTIONS[n]}" for n in sorted(kept)) + "\nvar end = 1\n"

    found = carry({"a/a.go": PLAIN}, {"a/a.go": after}, "a/a.go", f"F{number}")

    if number in kept:
        assert found.outcome.anchor.line == line_of(after, number)
    else:
        assert isinstance(found.outcome, Missing)


@QUIET
@given(before=st.text(plain, max_size=200), after=st.text(st.characters(codec="utf-8"), max_size=200))
def test_no_text_makes_a_step_fail(carry, before, after):
    files = {"a/a.go": f"{PLAIN}\n{before}", "a/b.go": before}

    found = carry(files, {"a/a.go": after, "a/b.go": f"package a\n{after}"}, "a/a.go", "F1")

    assert found.outcome.reason


@pytest.mark.parametrize("number", range(len(FUNCTIONS)))
def test_the_way_back_leads_to_where_it_began(carry, number):
    after = {"b/b.go": written([5, 3, 1, 0, 2, 4], ["\n"] * 6)}

    there = carry({"a/a.go": PLAIN}, after, "a/a.go", f"F{number}").outcome.anchor
    back = carry(after, {"a/a.go": PLAIN}, there.path, there.symbol).outcome.anchor

    assert (back.path, back.line) == ("a/a.go", line_of(PLAIN, number))
