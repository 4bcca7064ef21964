"""Example programs are found by what they are; their code has a fingerprint."""

from __future__ import annotations

import sys

import pytest

from annotator.errors import InvalidInput
from annotator.parity import examples
from annotator.python_source.modules import SourceFile, dotted_name, parse
from annotator.subprocess_pool import Finished

GUARD = '\n\nif __name__ == "__main__":\n    main()\n'
COMMAND = "python -m shop.{name}"


def python(path: str, text: str) -> SourceFile:
    data = text.encode()
    return SourceFile(path, dotted_name(path), data, parse(path, data))


def test_a_command_runs_with_the_python_that_runs_this() -> None:
    program = examples.Program("greet", "shop/greet.py", "Greet", "python -m 'my shop' --greet")

    assert examples.arguments(program) == [sys.executable, "-m", "my shop", "--greet"]


def test_an_example_that_fails_is_one_sentence() -> None:
    program = examples.Program("break", "shop/broken.py", "Break", "python -m shop.broken")
    finished = Finished(1, b"", b"Traceback\n  more\nValueError: no \033[1m milk\n")

    with pytest.raises(InvalidInput) as error:
        examples.output(program, finished)

    assert str(error.value) == (
        "shop/broken.py: the example ended with exit code 1: "
        "ValueError: no \N{REPLACEMENT CHARACTER}[1m milk; `python -m shop.broken` shows it all"
    )


@pytest.mark.parametrize(
    "text",
    [
        f"def main(words: str) -> None: ...{GUARD}",
        f"import argparse\ndef main() -> None: ...{GUARD}",
        "def main() -> None: ...",
        "x = 1",
    ],
    ids=["takes something", "reads a command line", "does not run", "has no main"],
)
def test_what_is_no_example_is_not_taken_for_one(text: str) -> None:
    assert list(examples.find([python("shop/x.py", text)], "shop", COMMAND)) == []


def test_an_example_is_called_after_its_file_and_its_docstring() -> None:
    text = f'"""Buy milk,\nand bread.\n\nMore."""\ndef main() -> None: ...{GUARD}'

    (found,) = examples.find([python("shop/milk.py", text), python("milk.py", text)], "shop", COMMAND)

    assert (found.name, found.title, found.command) == ("milk", "Buy milk, and bread.", "python -m shop.milk")
