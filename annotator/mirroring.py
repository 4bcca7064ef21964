"""The Python side of the site: read, mapped and run, and kept for each state of the files it rests on."""

from __future__ import annotations

import hashlib
import logging
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from annotator import colouring, cores, defined, port
from annotator.errors import counted
from annotator.kept import Kept
from annotator.mapping import coverage, rows, trace
from annotator.model import PythonObject, Use
from annotator.sources import examples
from annotator.writing.code import Coloured
from annotator.writing.mirror import Example, Mirror, Module

if TYPE_CHECKING:
    from annotator.config import Project
    from annotator.sources.cache import Cache


_LOG = logging.getLogger(__name__)


class _Read(msgspec.Struct, frozen=True):
    """All that is kept for one state of the files."""

    objects: dict[str, PythonObject]
    uses: dict[str, tuple[Use, ...]]
    docs: dict[str, str]
    pairs: tuple[rows.Pair, ...]
    covered: tuple[coverage.Covered, ...]


@contextmanager
def mirrored(project: Project, cache: Cache) -> Iterator[tuple[Mirror, Callable[[], Mirror]]]:
    """What the pages show of the project's packages, and the same with what its programs do.

    The programs run in other processes meanwhile; the second is a call that waits for them.

    Raises:
        InvalidInput: A file is not Python, the facts or the scope cannot be read, or a program fails.
    """
    python = _Python(project, cache)
    with cores.aside(python.run) as ran:
        read = python.read()
        yield read, lambda: python.joined(read, _waited(ran))


def _waited(ran: cores.Answer[_Ran]) -> _Ran:
    _LOG.info("running the project's examples and its walk")
    return ran()


class _Ran(msgspec.Struct, frozen=True):
    """What the project's programs did.

    Attributes:
        examples: Its examples, with what they printed.
        walk: What its walk did, if that is known for the files as they are.
        calls: What the tracer wrote of its walk otherwise; empty if it has none.
    """

    examples: tuple[Example, ...]
    walk: trace.Walk | None = None
    calls: bytes = b""


class _Python:
    """The Python side of a project: read here, run anywhere, and joined when both are done."""

    def __init__(self, project: Project, cache: Cache) -> None:
        """Take the files as they are now."""
        self._project, self._cache = project, cache
        self._data = {path: (project.root / path).read_bytes() for path in python_files(project)}
        self._key = state(project, self._data)
        self._walks = Kept(cache, "walk", trace.Walk)

    def read(self) -> Mirror:
        """What the pages show of the packages but for what runs; read again only where a file has changed."""
        project, cache, data = self._project, self._cache, self._data
        _LOG.info("reading %s", counted(len(data), "Python file"))
        colours = colouring.colours(cache, data, "py")
        read = Kept(cache, "mirror", _Read).one(self._key, lambda: _read(project, cache, data))
        return Mirror(
            modules={
                path: Module(data[path], read.uses[path], read.docs[path], Coloured(colours[path]))
                for path in data
            },
            objects=read.objects,
            pairs=read.pairs,
            covered=read.covered,
            home=project.config.home,
        )

    def run(self) -> _Ran:
        """Run what does not surely do what it did before: first the walk, whose times are shown.

        Raises:
            InvalidInput: A file is not Python, or a program fails.
        """
        walk = self._walks.get({self._key: self._key}).get(self._key)
        calls = self._calls() if self._project.config.walk and walk is None else b""
        return _Ran(self._examples(), walk, calls)

    def joined(self, read: Mirror, ran: _Ran) -> Mirror:
        """What was read, with what ran.

        Raises:
            InvalidInput: The facts cannot be read.
        """
        walk = ran.walk
        if ran.calls:
            walk = port.walked(self._project, ran.calls, read.objects)
            self._walks.put({self._key: walk})
        return msgspec.structs.replace(read, examples=ran.examples, walk=walk)

    def _calls(self) -> bytes:
        """What ran when the walk was traced; traced again only if a file does something else."""
        project, cache = self._project, self._cache
        key = f"{project.root}:{project.config.walk}:{examples.state(self._data, cache).placed}"
        kept = cache.get_values("trace", [key]).get(key)
        if kept is not None:
            return zlib.decompress(kept)
        traced = port.traced(project)
        cache.put_values("trace", {key: zlib.compress(traced)})
        return traced

    def _examples(self) -> tuple[Example, ...]:
        config = self._project.config.examples
        programs = tuple(examples.find(self._data, config.folder, config.command))
        said = examples.outputs(programs, self._data, self._project.root, self._cache)
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
        *(own / name for name in (Path(__file__).name, "defined.py", "model.py")),
        *own.glob("reading/py*.py"), *own.glob("mapping/*.py"),
        *(file for name in ("baseline.json", "scope.toml") if (file := project.site / name).is_file()),
    ]  # fmt: skip
    for file in sorted(rests_on):
        made_by.update(b"%s\0" % file.name.encode() + hashlib.sha256(file.read_bytes()).digest())
    for path, found in data.items():
        made_by.update(b"%s\0" % path.encode() + hashlib.sha256(found).digest())
    return made_by.hexdigest()


def _read(project: Project, cache: Cache, data: Mapping[str, bytes]) -> _Read:
    found = defined.defined(project, cache, data)
    mapped = port.mapped(project, found.objects)
    return _Read(
        objects=dict(found.objects),
        uses=dict(found.uses),
        docs=dict(found.docs),
        pairs=mapped.pairs,
        covered=mapped.coverage.symbols,
    )
