"""The pages of Python files."""

from __future__ import annotations

import msgspec
from made_site import make_site

from annotator.model.port import PythonObject
from annotator.site.inputs import PythonFile, PythonInput, SiteInput
from annotator.site.view_models import ModulePage

PATH = "larder/long.py"


def module(given: SiteInput, functions: int) -> ModulePage:
    text = "".join(f"\n\n@cached\ndef f{at}():\n" + "    x = 1\n" * 30 for at in range(functions))
    starts = [at for at, line in enumerate(text.split("\n"), 1) if line.startswith("def ")]
    objects = {
        f"larder.long.f{at}": PythonObject(f"larder.long.f{at}", "function", PATH, line, line + 30)
        for at, line in enumerate(starts)
    }
    mirror = PythonInput(modules={PATH: PythonFile(text.encode())}, objects=objects)
    site = make_site(msgspec.structs.replace(given, python=mirror))
    (view,) = [page.view for page in site.pages if page.path == "py/larder/long.md"]
    assert isinstance(view, ModulePage)
    return view


def test_long_files_fold_in_parts_that_begin_with_definitions(given: SiteInput) -> None:
    parts = module(given, 40).parts

    lines = [line.number for part in parts for line in part.excerpt.lines]
    assert lines == list(range(1, 40 * 34 + 1))
    assert [part.folded for part in parts[:4]] == [False, False, True, True]
    assert parts[0].names == ("f0", "f1", "f2", "f3")
    assert "cached" in parts[1].excerpt.lines[0].html


def test_short_files_are_shown_at_once(given: SiteInput) -> None:
    assert [part.folded for part in module(given, 3).parts] == [False]
