"""The `Go:` and `Differs:` sections of Python docstrings."""

from __future__ import annotations

from pathlib import Path

import pytest

from annotator.python_source.docstrings import DocstringIndex, NumberedCode, read_docstrings, section_lines
from annotator.python_source.modules import SourceFile, parse, read_packages

SOURCE = '''\
"""A module.

Go:
    store/store.go::package
"""

raise RuntimeError("a package that is read must never be run")

LIMIT = 3
"""How many.

Go:
    store/store.go::limit
"""


class Store:
    """The things that are known.

    Go:
        store/store.go::Store
        store/more.go::Extra

    Differs:
        field names: a dict;
            it needs no lock here.
        extra path: Python has
            no globals.

    Raises:
        ValueError: never.
    """

    def get(self) -> int:
        """One thing.

        Go:
            store/store.go::Store.Get#L10
        """
        return 1


def broken():
    """Wrong in three ways.

    Go:
        store/store.go
        store/store.go::New

    Differs:
        colour blue: no such kind
        field without a colon
    """


def lonely():
    """Says how it differs from nothing.

    Differs:
        call Lock: none here.
    """


def go():
    """A word in the text: Go: is not a section."""
'''


@pytest.fixture
def package(tmp_path: Path) -> DocstringIndex:
    folder = tmp_path / "pkg"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "store.py").write_text(SOURCE)
    return read_docstrings(read_packages(tmp_path, [folder.name]))


def counterpart(package: DocstringIndex, name: str):
    return next(c for c in package.counterparts if c.name == name)


def test_a_package_is_read_without_being_run(package):
    assert {c.name for c in package.counterparts} == {
        "pkg.store",
        "pkg.store.LIMIT",
        "pkg.store.Store",
        "pkg.store.Store.get",
        "pkg.store.broken",
    }


def test_every_go_line_is_a_reference_with_its_place_in_the_file(package):
    store = counterpart(package, "pkg.store.Store")

    assert [(m.path, m.symbol, m.at_line) for m in store.mirrors] == [
        ("store/store.go", "Store", 21),
        ("store/more.go", "Extra", 22),
    ]
    text = SOURCE.splitlines()[store.mirrors[0].at_line - 1]
    assert text[store.mirrors[0].at_column - 1 : store.mirrors[0].at_end - 1] == "store/store.go::Store"


def test_a_difference_may_go_on_in_the_next_line(package):
    differences = counterpart(package, "pkg.store.Store").differences

    assert [(d.kind, d.name, d.reason) for d in differences] == [
        ("field", "names", "a dict; it needs no lock here."),
        ("extra", "path", "Python has no globals."),
    ]


def test_a_section_ends_where_the_next_one_begins(package):
    assert all("never" not in d.reason for d in counterpart(package, "pkg.store.Store").differences)


def test_a_mirror_may_give_its_line(package):
    assert counterpart(package, "pkg.store.Store.get").mirrors[0].line == 10


def test_what_does_not_fit_the_grammar_is_a_remark_with_file_and_line(package):
    found = {(remark.rule, SOURCE.splitlines()[remark.line - 1].strip()) for remark in package.remarks}

    assert found == {
        ("go-notation", "store/store.go"),
        ("differs-item", "colour blue: no such kind"),
        ("differs-item", "field without a colon"),
        ("differs-without-go", "call Lock: none here."),
    }


def test_go_line_and_grouped_differences(tmp_path):
    folder = tmp_path / "port"
    folder.mkdir()
    (folder / "__init__.py").write_text(
        '"""A module.\n\nGo: a/a.go, a/b.go\n"""\n\n'
        'class Store:\n    """It.\n\n    Go: a/a.go::Store\n    Differs:\n        fields a, b.c: not here.\n'
        '        calls Run, Stop: neither.\n    """\n\n'
        'def run() -> None:\n    """Run.\n\n    Go: a/a.go::Run, a/b.go::Walk#L3\n    """\n\n'
        'def walk() -> None:\n    """Walk."""\n'
    )

    found = read_docstrings(read_packages(tmp_path, [folder.name]))

    assert found.remarks == ()
    store, run, walk = found.counterparts
    assert [(d.kind, d.name, d.reason) for d in store.differences] == [
        ("field", "a,b.c", "not here."),
        ("call", "Run,Stop", "neither."),
    ]
    assert [(m.path, m.symbol, m.line, m.at_line) for m in run.mirrors] == [
        ("a/a.go", "Run", None, 18),
        ("a/b.go", "Walk", 3, 18),
    ]
    assert (walk.mirrors, walk.files) == ((), ("a/a.go", "a/b.go"))
    line = (folder / "__init__.py").read_text().splitlines()[17]
    marked = [line[m.at_column - 1 : m.at_end - 1] for m in run.mirrors]
    assert marked == ["a/a.go::Run", "a/b.go::Walk#L3"]


SECTIONS = b'''"""A store.

Go: volume/service/store.go
"""

class Store:
    """All volumes.

    Safe to use from several threads.

    Go:
        volume/service/store.go::VolumeStore
    Differs:
        field db: SQLite instead
            of bolt.

    Raises:
        OSError: The disk.
    """

    limit = 3
    """How many.

    Go: a.go::limit
    """
'''


def test_lines_that_name_originals_and_differences_are_found() -> None:
    text = SECTIONS.decode().splitlines()
    file = SourceFile("port.py", "port", SECTIONS, parse("port.py", SECTIONS))

    left = [line.strip() for number, line in enumerate(text, 1) if number not in section_lines(file)]

    assert [line for line in left if line] == [
        '"""A store.',
        '"""',
        "class Store:",
        '"""All volumes.',
        "Safe to use from several threads.",
        "Raises:",
        "OSError: The disk.",
        '"""',
        "limit = 3",
        '"""How many.',
        '"""',
    ]


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
