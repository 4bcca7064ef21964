"""Python files, comparison results and program output as the pages show them."""

from __future__ import annotations

import hashlib
import logging
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from annotator.cache import Kept
from annotator.errors import counted
from annotator.model.go import ResolvedUse
from annotator.model.port import Comparison, PythonObject, SymbolCoverage
from annotator.parity import call_order, examples, mapping, python_index
from annotator.programs import Finished, Programs
from annotator.site import go_input
from annotator.site.highlighting import HighlightedFile
from annotator.site.inputs import ExampleRun, PythonFile, PythonInput

if TYPE_CHECKING:
    from annotator.cache import Cache
    from annotator.config import Project

_LOG = logging.getLogger(__name__)


class _Read(msgspec.Struct, frozen=True):
    """All that is kept for one state of the files."""

    objects: dict[str, PythonObject]
    uses: dict[str, tuple[ResolvedUse, ...]]
    docs: dict[str, str]
    pairs: tuple[Comparison, ...]
    covered: tuple[SymbolCoverage, ...]


class Started(msgspec.Struct, frozen=True):
    """Programs of the project that were started because their output is not cached.

    Attributes:
        examples: The examples.
        outputs: What cached examples printed, by name.
        running: The others, by name.
        calls: What the tracer wrote of the walk, if that is cached.
        walk: The walk that is being traced otherwise, and the file that the tracer writes.
    """

    examples: tuple[examples.Program, ...]
    outputs: Mapping[str, bytes]
    running: Mapping[str, Future[Finished]]
    calls: bytes | None = None
    walk: tuple[Future[Finished], tempfile.TemporaryDirectory[str]] | None = None


class Python:
    """The Python side of a project: read in this process while its programs run."""

    def __init__(self, project: Project, cache: Cache) -> None:
        """Take the files as they are now."""
        self._project, self._cache = project, cache
        self._data = {path: (project.root / path).read_bytes() for path in python_files(project)}
        self._key = state(project, self._data)

    def read(self) -> PythonInput:
        """What the pages show of the packages but for what runs; read again only where a file has changed."""
        project, cache, data = self._project, self._cache, self._data
        _LOG.info("reading %s", counted(len(data), "Python file"))
        colours = go_input.highlight_files(cache, data, "py")
        read = Kept(cache, "mirror", _Read).one(self._key, lambda: _read(project, cache, data))
        return PythonInput(
            modules={
                path: PythonFile(data[path], read.uses[path], read.docs[path], HighlightedFile(colours[path]))
                for path in data
            },
            objects=read.objects,
            pairs=read.pairs,
            covered=read.covered,
            home=project.config.home,
        )

    def start(self, programs: Programs) -> Started:
        """Start the walk and the examples, except those whose output is cached for the code as it is."""
        config, cache = self._project.config, self._cache
        code = examples.state(self._data, cache)
        walk, calls = None, None
        if config.walk:  # first, as its times are shown
            calls = cache.get_values("trace", [self._walk_key(code)]).get(self._walk_key(code))
        if config.walk and calls is None:
            folder = tempfile.TemporaryDirectory()
            command = call_order.tracing(self._project, Path(folder.name) / "calls.json")
            walk = programs.start(f"{config.walk}: the walk", command), folder
        found = tuple(examples.find(self._data, config.examples.folder, config.examples.command))
        keys = {one.name: self._example_key(one, code) for one in found}
        cached = cache.get_values("example", keys.values())
        return Started(
            examples=found,
            outputs={name: cached[key] for name, key in keys.items() if key in cached},
            running={
                one.name: programs.start(f"{one.path}: the example", examples.arguments(one))
                for one in found
                if keys[one.name] not in cached
            },
            calls=calls,
            walk=walk,
        )

    def joined(self, read: PythonInput, started: Started) -> PythonInput:
        """Wait for the programs, and return what was read with what they did.

        Raises:
            InvalidInput: A program failed or did not end in time, or the facts cannot be read.
        """
        if started.running or started.walk:
            _LOG.info("running the project's examples and its walk")
        code = examples.state(self._data, self._cache)
        outputs = {name: output.decode() for name, output in started.outputs.items()}
        for one in started.examples:
            if one.name in started.running:
                output = outputs[one.name] = examples.output(one, started.running[one.name].result())
                self._cache.put_values("example", {self._example_key(one, code): output.encode()})
        calls = self._calls(started, code)
        return msgspec.structs.replace(
            read,
            examples=tuple(
                ExampleRun(one.name, one.path, one.title, one.command, outputs[one.name])
                for one in started.examples
            ),
            walk=call_order.walked(self._project, calls, read.objects) if calls else None,
        )

    def _calls(self, started: Started, code: examples.State) -> bytes:
        """Return what the tracer wrote of the walk; nothing if the project has none."""
        if started.walk is None:
            return zlib.decompress(started.calls) if started.calls is not None else b""
        running, folder = started.walk
        with folder:
            calls = call_order.traced(self._project, Path(folder.name) / "calls.json", running.result())
        self._cache.put_values("trace", {self._walk_key(code): zlib.compress(calls)})
        return calls

    def _walk_key(self, code: examples.State) -> str:
        return f"{self._project.root}:{self._project.config.walk}:{code.placed}"

    def _example_key(self, program: examples.Program, code: examples.State) -> str:
        return f"{program.command}:{code.code}"


def python_files(project: Project) -> Iterator[str]:
    """The files of the packages, by their paths from the project's root, in order."""
    for package in project.config.packages:
        for file in sorted((project.root / package).rglob("*.py")):
            yield file.relative_to(project.root).as_posix()


def state(project: Project, data: Mapping[str, bytes]) -> str:
    """A name for the state of all that the mapping rests on, the annotator's own code among it."""
    made_by = hashlib.sha256(msgspec.json.encode(project.config))
    rests_on = [
        *Path(__file__).parents[1].rglob("*.py"),
        *(file for name in ("baseline.json", "scope.toml") if (file := project.site / name).is_file()),
    ]
    for file in sorted(rests_on):
        made_by.update(b"%s\0" % file.name.encode() + hashlib.sha256(file.read_bytes()).digest())
    for path, found in data.items():
        made_by.update(b"%s\0" % path.encode() + hashlib.sha256(found).digest())
    return made_by.hexdigest()


def _read(project: Project, cache: Cache, data: Mapping[str, bytes]) -> _Read:
    found = python_index.defined(project, cache, data)
    mapped = mapping.mapped(project, found.objects)
    return _Read(
        objects=dict(found.objects),
        uses=dict(found.uses),
        docs=dict(found.docs),
        pairs=mapped.pairs,
        covered=mapped.coverage.symbols,
    )
