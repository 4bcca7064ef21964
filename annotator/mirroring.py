"""The Python side of the site: read, mapped, and kept for each state of the files it rests on."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from annotator import colouring
from annotator.mapping import coverage, rows, trace
from annotator.model import PythonObject, Use
from annotator.sources import examples
from annotator.writing.mirror import Example, Mirror, Module

if TYPE_CHECKING:
    from annotator.config import Project
    from annotator.sources.cache import Cache

Map = Callable[[Mapping[str, PythonObject]], tuple[tuple[rows.Pair, ...], coverage.Coverage]]
"""Makes the pairs and the coverage of what is known of Python's objects."""


class _Read(msgspec.Struct, frozen=True):
    """All that is kept for one state of the files."""

    objects: dict[str, PythonObject]
    uses: dict[str, tuple[Use, ...]]
    docs: dict[str, str]
    pairs: tuple[rows.Pair, ...]
    covered: tuple[coverage.Covered, ...]


def mirror(project: Project, cache: Cache, make: Map, walked: Callable[[], trace.Walk]) -> Mirror:
    """What the pages show of the project's packages; read again only where a file has changed.

    Raises:
        InvalidInput: A file is not Python, the facts or the scope cannot be read, or an example fails.
    """
    data = {path: (project.root / path).read_bytes() for path in python_files(project)}
    key = state(project, data)
    kept = cache.get_values("mirror", [key]).get(key)
    read = _decoded(kept) if kept else None
    if read is None:
        read = _read(project, data, make)
        cache.put_values("mirror", {key: msgspec.msgpack.encode(read)})
    colours = colouring.colours(cache, data, "py")
    return Mirror(
        modules={path: Module(data[path], read.uses[path], read.docs[path], colours[path]) for path in data},
        objects=read.objects,
        pairs=read.pairs,
        covered=read.covered,
        examples=_examples(project, cache, data),
        walk=_walk(cache, key, walked) if project.config.walk else None,
        home=project.config.home,
    )


def _walk(cache: Cache, key: str, walked: Callable[[], trace.Walk]) -> trace.Walk:
    """What ran when the walk was traced; it runs again only where a file has changed."""
    kept = cache.get_values("walk", [key]).get(key)
    with suppress(msgspec.MsgspecError):
        if kept:
            return msgspec.msgpack.decode(kept, type=trace.Walk)
    made = walked()
    cache.put_values("walk", {key: msgspec.msgpack.encode(made)})
    return made


def _examples(project: Project, cache: Cache, data: Mapping[str, bytes]) -> tuple[Example, ...]:
    config = project.config.examples
    programs = tuple(examples.find(data, config.folder, config.command))
    said = examples.outputs(programs, data, project.root, cache)
    return tuple(Example(one.name, one.path, one.title, one.command, said[one.name]) for one in programs)


def python_files(project: Project) -> Iterator[str]:
    """The files of the packages, by their paths from the project's root, in order."""
    for package in project.config.packages:
        for file in sorted((project.root / package).rglob("*.py")):
            yield file.relative_to(project.root).as_posix()


def state(project: Project, data: Mapping[str, bytes]) -> str:
    """A name for the state of all that the mapping rests on, the annotator's own code among it."""
    made_by = hashlib.sha256(msgspec.json.encode(project.config))
    own = Path(__file__).parent
    rests_on = [
        Path(__file__), own / "model.py", *own.glob("reading/py*.py"), *own.glob("mapping/*.py"),
        *(file for name in ("baseline.json", "scope.toml") if (file := project.site / name).is_file()),
    ]  # fmt: skip
    for file in sorted(rests_on):
        made_by.update(b"%s\0" % file.name.encode() + hashlib.sha256(file.read_bytes()).digest())
    for path, found in data.items():
        made_by.update(b"%s\0" % path.encode() + hashlib.sha256(found).digest())
    return made_by.hexdigest()


def _decoded(kept: bytes) -> _Read | None:
    try:
        return msgspec.msgpack.decode(kept, type=_Read)
    except msgspec.MsgspecError:
        return None


def _read(project: Project, data: Mapping[str, bytes], make: Map) -> _Read:
    from annotator.reading import pyfacts, pyuses  # noqa: PLC0415 - needed only where something has changed

    folders = [project.root / package for package in project.config.packages]
    packages = pyfacts.load(folders, project.root)
    objects = pyfacts.facts(packages)
    pairs, covered = make(objects)
    docs = {module.path: ast.get_docstring(module.tree) or "" for module in packages.modules.values()}
    return _Read(
        objects=dict(objects),
        uses=dict(pyuses.uses(packages, objects, data)),
        docs=docs,
        pairs=pairs,
        covered=covered.symbols,
    )
