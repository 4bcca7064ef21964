"""Examples are found by what they are, run for real, and run again only when their code has changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from annotator.errors import InvalidInput
from annotator.sources import examples

GUARD = '\n\nif __name__ == "__main__":\n    main()\n'
COMMAND = "python -m shop.{name}"


class Kept(dict[tuple[str, str], bytes]):
    """A cache of values."""

    def get_values(self, kind: str, keys: Iterable[str]) -> Mapping[str, bytes]:
        return {key: self[kind, key] for key in keys if (kind, key) in self}

    def put_values(self, kind: str, values: Mapping[str, bytes]) -> None:
        self.update({(kind, key): value for key, value in values.items()})


def run(root: Path, kept: Kept, **programs: str) -> Mapping[str, str]:
    (root / "shop").mkdir(exist_ok=True)
    files = {f"shop/{name}.py": text.encode() for name, text in programs.items()}
    for path, data in files.items():
        (root / path).write_bytes(data)
    return examples.outputs(examples.find(files, "shop", COMMAND), files, root, kept)


def counting(words: str) -> str:
    """A program that leaves a line in a file for each run."""
    return f'"""{words}."""\ndef main() -> None:\n    print("hi")\n    open("runs", "a").write("x")\n{GUARD}'


def runs(root: Path) -> int:
    return len((root / "runs").read_text(encoding="utf-8"))


def test_what_an_example_prints_is_known(tmp_path: Path) -> None:
    assert run(tmp_path, Kept(), greet=counting("Greet")) == {"greet": "hi\n"}


def test_an_unchanged_example_is_not_run_again(tmp_path: Path) -> None:
    kept = Kept()
    run(tmp_path, kept, greet=counting("Greet"))

    assert run(tmp_path, kept, greet=counting("Greet")) == {"greet": "hi\n"}
    assert runs(tmp_path) == 1


def test_another_docstring_is_no_reason_to_run_again(tmp_path: Path) -> None:
    kept = Kept()
    run(tmp_path, kept, greet=counting("Greet"))

    run(tmp_path, kept, greet=counting("Greet, and more:\n\nin several lines"))

    assert runs(tmp_path) == 1


def test_other_code_is_run(tmp_path: Path) -> None:
    kept = Kept()
    run(tmp_path, kept, greet=counting("Greet"))

    assert run(tmp_path, kept, greet=counting("Greet").replace("hi", "ho")) == {"greet": "ho\n"}


def test_an_example_that_fails_is_one_sentence(tmp_path: Path) -> None:
    broken = f'"""Break."""\ndef main() -> None:\n    raise ValueError("no \\033[1m milk")\n{GUARD}'

    with pytest.raises(InvalidInput) as error:
        run(tmp_path, Kept(), broken=broken)

    assert str(error.value) == (
        "shop/broken.py: the example ended with exit code 1: "
        "ValueError: no \N{REPLACEMENT CHARACTER}[1m milk; run `python -m shop.broken` to see it all"
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
    assert list(examples.find({"shop/x.py": text.encode()}, "shop", COMMAND)) == []


def test_an_example_is_called_after_its_file_and_its_docstring() -> None:
    text = f'"""Buy milk,\nand bread.\n\nMore."""\ndef main() -> None: ...{GUARD}'

    (found,) = examples.find({"shop/milk.py": text.encode(), "milk.py": text.encode()}, "shop", COMMAND)

    assert (found.name, found.title, found.command) == ("milk", "Buy milk, and bread.", "python -m shop.milk")


def test_what_files_do_changes_with_neither_docstrings_nor_places() -> None:
    states = [
        examples.state({"milk.py": text.encode()}, Kept())
        for text in (
            '"""Milk."""\nx = 1',
            '"""Bread."""\nx = 1',
            '"""Milk\n\nand bread."""\nx = 1',
            "\nx = 2",
        )
    ]

    assert len({state.code for state in states}) == 2
    assert len({state.placed for state in states}) == 3
    assert states[0] == states[1]
