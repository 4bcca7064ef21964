"""Lines of code keep their numbers, whatever docstrings say."""

from __future__ import annotations

import pytest

from annotator.python_source.code_lines import NumberedCode
from annotator.python_source.modules import SourceFile, parse


def code(text: str) -> NumberedCode:
    data = text.encode()
    return NumberedCode([SourceFile("milk.py", "milk", data, parse("milk.py", data))])


def test_fingerprint_leaves_out_docstrings() -> None:
    texts = ['"""Milk."""\nx = 1', '"""Bread."""\nx = 1', '"""Milk\n\nand bread."""\nx = 1']

    assert len({code(text).fingerprint for text in texts}) == 1
    assert code("\nx = 2").fingerprint != code(texts[0]).fingerprint


def test_empty_line_of_a_printed_text_counts() -> None:
    assert code('print("""a\n\nb""")').fingerprint != code('print("""a\nb""")').fingerprint


def test_function_of_a_docstring_alone_keeps_its_line() -> None:
    known = code('def f():\n    """Milk."""\n\n\ndef g():\n    return 1\n')

    assert known.line("milk.py", known.number("milk.py", 2)) == 1


def test_code_beside_a_docstring_counts() -> None:
    texts = ['"""Milk."""; "b"; x = 1', '"""Milk."""; "b"; x = 2', 'def f(): """é"""; "b"\nx = 1']

    assert len({code(text).fingerprint for text in texts}) == len(texts)


def test_number_leads_to_a_line_that_has_moved() -> None:
    before = code('"""Milk."""\ndef f():\n    """Milk."""\n    return 1\n')
    after = code('"""Milk.\n\nAnd bread.\n"""\n\n\ndef f():\n    return 1\n')

    assert [after.line("milk.py", before.number("milk.py", line)) for line in (2, 4)] == [7, 8]


@pytest.mark.parametrize(("line", "same"), [(1, 3), (2, 3), (3, 3), (4, 3)])
def test_line_without_code_leads_to_code(line: int, same: int) -> None:
    known = code('"""Milk."""\n\nx = 1\n"""Bread."""\n')

    assert known.line("milk.py", known.number("milk.py", line)) == same


def test_unknown_file_keeps_its_lines() -> None:
    known = code("x = 1\n")

    assert known.line("bread.py", known.number("bread.py", 7)) == 7
