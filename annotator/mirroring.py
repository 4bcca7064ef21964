"""The Python side of the site: read, mapped, and kept for each state of the files it rests on."""

from __future__ import annotations

import ast
import hashlib
import zlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from annotator import colouring, port
from annotator.kept import Kept
from annotator.mapping import coverage, rows, trace
from annotator.model import PythonObject, Use
from annotator.sources import examples
from annotator.writing.mirror import Example, Mirror, Module

if TYPE_CHECKING:
    from annotator.config import Project
    from annotator.sources.cache import Cache


class _Read(msgspec.Struct, frozen=True):
    """All that is kept for one state of the files."""

    objects: dict[str, PythonObject]
    uses: dict[str, tuple[Use, ...]]
    docs: dict[str, str]
    pairs: tuple[rows.Pair, ...]
    covered: tuple[coverage.Covered, ...]


class _File(msgspec.Struct, frozen=True):
    """What is kept of one file for as long as nothing in any file does anything else."""

    functions: dict[str, PythonObject]
    uses: tuple[Use, ...]


def mirror(project: Project, cache: Cache) -> Mirror:
    """What the pages show of the project's packages; read again only where a file has changed.

    Raises:
        InvalidInput: A file is not Python, the facts or the scope cannot be read, or a program fails.
    """
    data = {path: (project.root / path).read_bytes() for path in python_files(project)}
    key, does = state(project, data), examples.state(data, cache)
    with ThreadPoolExecutor(1) as beside:  # the traced run is another process: it needs no turn of ours
        walk = _walks(cache).get({key: key}).get(key)
        calls = _calls(project, cache, does, beside) if project.config.walk and walk is None else None
        read = Kept(cache, "mirror", _Read).one(
            key, lambda: _read(project, data, _Files(cache, f"{_made_by()}:{does.code}", data))
        )
        if calls is not None:
            walk = _walked(project, cache, key, calls(), read.objects)
    colours = colouring.colours(cache, data, "py")
    return Mirror(
        modules={path: Module(data[path], read.uses[path], read.docs[path], colours[path]) for path in data},
        objects=read.objects,
        pairs=read.pairs,
        covered=read.covered,
        examples=_examples(project, cache, data),
        walk=walk,
        home=project.config.home,
    )


def _walks(cache: Cache) -> Kept[trace.Walk]:
    return Kept(cache, "walk", trace.Walk)


def _calls(
    project: Project, cache: Cache, does: examples.State, beside: ThreadPoolExecutor
) -> Callable[[], bytes]:
    """What ran when the walk was traced, to be had later; traced again only if a file does something else."""
    key = f"{project.root}:{project.config.walk}:{does.placed}"
    kept = cache.get_values("trace", [key]).get(key)
    if kept is not None:
        return lambda: zlib.decompress(kept)
    running = beside.submit(port.traced, project)

    def ended() -> bytes:
        cache.put_values("trace", {key: zlib.compress(running.result())})
        return running.result()

    return ended


def _walked(
    project: Project, cache: Cache, key: str, calls: bytes, objects: Mapping[str, PythonObject]
) -> trace.Walk:
    made = port.walked(project, calls, objects)
    _walks(cache).put({key: made})
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


def _made_by() -> str:
    """A name for what reads a file's functions and names."""
    own = Path(__file__).parent
    found = hashlib.sha256()
    for file in (own / "model.py", *sorted(own.glob("reading/py*.py"))):
        found.update(file.read_bytes())
    return found.hexdigest()


class _Files:
    """What is kept of single files, by their bytes and by what all files do."""

    def __init__(self, cache: Cache, state: str, data: Mapping[str, bytes]) -> None:
        hashes = {path: hashlib.sha256(found).hexdigest() for path, found in data.items()}
        self._kept = Kept(cache, "python", _File)
        self._keys = {path: f"{state}:{path}:{name}" for path, name in hashes.items()}
        self.known = self._kept.get(self._keys)

    @property
    def functions(self) -> Mapping[str, PythonObject]:
        """The functions of all files that are known."""
        return {name: found for file in self.known.values() for name, found in file.functions.items()}

    @property
    def uses(self) -> Mapping[str, tuple[Use, ...]]:
        """The uses in each file that is known."""
        return {path: file.uses for path, file in self.known.items()}

    def keep(self, objects: Mapping[str, PythonObject], uses: Mapping[str, tuple[Use, ...]]) -> None:
        """Keep what was read of the others."""
        functions: dict[str, dict[str, PythonObject]] = {path: {} for path in self._keys}
        for name, found in objects.items():
            if found.kind in ("function", "signature"):
                functions[found.path][name] = found
        fresh = {path: _File(functions[path], uses[path]) for path in self._keys if path not in self.known}
        self._kept.put({self._keys[path]: file for path, file in fresh.items()})


def _read(project: Project, data: Mapping[str, bytes], files: _Files) -> _Read:
    from annotator.reading import pyfacts, pyuses

    folders = [project.root / package for package in project.config.packages]
    packages = pyfacts.load(folders, project.root)
    objects = pyfacts.facts(packages, files.functions)
    uses = pyuses.uses(packages, objects, data, files.uses)
    files.keep(objects, uses)
    mapped = port.mapped(project, objects)
    docs = {module.path: ast.get_docstring(module.tree) or "" for module in packages.modules.values()}
    return _Read(
        objects=dict(objects),
        uses=dict(uses),
        docs=docs,
        pairs=mapped.pairs,
        covered=mapped.coverage.symbols,
    )
