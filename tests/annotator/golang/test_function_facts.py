"""Facts of Go functions: texts of errors."""

from __future__ import annotations

import pytest

from annotator.config import GoNames
from annotator.golang import declarations, function_facts


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        (r'"a \"b\" c\n"', 'a "b" c\n'),
        (r'"tab\there, back\\slash"', "tab\there, back\\slash"),
        (r'"\\n is no line end"', "\\n is no line end"),
        (r'"caf\u00e9 \U0001F600 \xc3\xa9 \303\251"', "café 😀 é é"),
        (r'"\ud800 \U00110000"', "? \N{REPLACEMENT CHARACTER}"),
        (r"`raw \n and \" stay`", r"raw \n and \" stay"),
        ("`two\r\nlines`", "two\nlines"),
    ],
)
def test_error_text_is_the_value_of_its_literal(literal: str, value: str) -> None:
    data = f"package p\n\nfunc F() error {{ return errors.New({literal}) }}\n".encode()
    (declaration,) = declarations.read_go_file(data).declarations

    assert function_facts.read_function(data, declaration, GoNames()).errors == (value,)


CALLS = b"""package p

func F() error {
	klog.Errorf("retrying")
	return fail.Missing("no such volume")
}
"""


@pytest.mark.parametrize(
    ("names", "errors"),
    [
        (GoNames(), ()),
        (GoNames(errors=("fail",)), ("no such volume",)),
        (GoNames(errors=("other", "fai")), ()),
    ],
)
def test_error_texts_follow_the_configured_names(names: GoNames, errors: tuple[str, ...]) -> None:
    (declaration,) = declarations.read_go_file(CALLS).declarations

    assert function_facts.read_function(CALLS, declaration, names).errors == errors
