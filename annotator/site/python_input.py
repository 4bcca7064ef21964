"""Modules of a Python package and what each of them imports."""

from __future__ import annotations

import ast
import io
import logging
import tempfile
import tokenize
import zlib
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import grimp
import msgspec
from grimp.application.config import settings
from grimp.application.ports.filesystem import AbstractFileSystem
from grimp.application.ports.packagefinder import AbstractPackageFinder
from grimp.exceptions import SourceSyntaxError

from annotator.cache import CacheKind
from annotator.errors import InvalidInput, counted
from annotator.model.port import ModuleImports, PackageImports
from annotator.parity import call_order, comparison, counterparts, examples, recording
from annotator.python_source import objects
from annotator.python_source.docstrings import DocstringIndex, NumberedCode, section_lines
from annotator.python_source.modules import SourceFile, dotted_name, read_packages
from annotator.site import highlighting
from annotator.site.fingerprint import port_fingerprint
from annotator.site.inputs import ExampleRun, HighlightedFile, PythonFile, PythonInput
from annotator.subprocess_pool import NOT_RUN, Finished, SubprocessPool, are_run_here

if TYPE_CHECKING:
    from annotator.cache import Cache
    from annotator.config import Project

_LOG = logging.getLogger(__name__)

OUTPUT = CacheKind("program output", bytes)
"""What the project's examples printed and what was traced, by a fingerprint of the code.

Lines in what was traced are numbers of lines of code, which docstrings do not move.
"""

PORT = CacheKind("port", bytes)
"""All that pages show of the packages, so that a changed chapter does not compare them again.

The fingerprint that is its key covers this program, too; hence its type may change without a new format.
"""

_WALK = ""
"""The name of the walk among the traced runs."""


class Started(msgspec.Struct, frozen=True):
    """Programs of the project that were started because their output is not cached.

    Attributes:
        examples: The examples.
        outputs: What cached examples printed, by name.
        running: The others, by name.
        traces: What the recorder wrote of runs before, by the name of the run; "" is the walk.
        traced: The runs that are traced now, by name.
        folder: Where these write, a file for each run.
    """

    examples: tuple[examples.Program, ...] = ()
    outputs: Mapping[str, bytes] = {}
    running: Mapping[str, Future[Finished]] = {}
    traces: Mapping[str, bytes] = {}
    traced: Mapping[str, Future[Finished]] = {}
    folder: tempfile.TemporaryDirectory[str] | None = None


class _Trace(msgspec.Struct, frozen=True):
    """A traced run.

    Attributes:
        title: Its name in messages.
        key: Its key in the cache.
        command: Returns the command that writes it to a file.
        read: Returns what was written to the file.
        with_lines: Returns the same with other lines.
    """

    title: str
    key: str
    command: Callable[[Path], list[str]]
    read: Callable[[Path, Finished], bytes]
    with_lines: Callable[[bytes, Callable[[str, int], int]], bytes]


class PythonReader:
    """The Python side of a project: read in this process while its programs run."""

    def __init__(self, project: Project, cache: Cache) -> None:
        """Read the files as they are now.

        Raises:
            InvalidInput: A package is not there, or a file of it is not Python.
        """
        self._project, self._cache = project, cache
        self._root = f"{project.root.resolve()}/"
        self._key = port_fingerprint(project)
        encoded = cache.get_many(PORT, {"": self._key}).get("")
        self._cached = msgspec.msgpack.decode(encoded, type=PythonInput) if encoded else None
        if self._cached is None:
            _LOG.info("reading %s", counted(len(self._files), "Python file"))

    @cached_property
    def _files(self) -> tuple[SourceFile, ...]:
        return read_packages(self._project.root, self._project.config.packages)

    @cached_property
    def docstrings(self) -> DocstringIndex:
        """What the packages' docstrings say of Go.

        Raises:
            InvalidInput: The facts cannot be read.
        """
        return counterparts.counterparts_in(self._project, self._files)

    @cached_property
    def source(self) -> PythonInput:
        """What the pages show of the packages but for what runs.

        Raises:
            InvalidInput: The facts cannot be read.
        """
        if self._cached is not None:
            return self._cached
        project = self._project
        highlights = highlighting.highlight_files(
            self._cache, {file.path: file.data for file in self._files}, "py"
        )
        packages = objects.load(self._files)
        defined = objects.facts(packages)
        uses = objects.uses_of(packages, defined)
        pairs, covered = comparison.compare_packages(project, defined, self.docstrings)
        return PythonInput(
            modules={
                file.path: PythonFile(
                    file.data,
                    uses[file.path],
                    ast.get_docstring(file.tree) or "",
                    section_lines(file),
                    HighlightedFile(highlights[file.path]),
                )
                for file in self._files
            },
            objects=defined,
            pairs=pairs,
            covered=covered.symbols,
            home=project.config.home,
        )

    @cached_property
    def _code(self) -> NumberedCode:
        return NumberedCode(self._files)

    def start(self, programs: SubprocessPool) -> Started:
        """Start the walk and the examples whose output is not cached for the present code."""
        if self._cached is not None:
            return Started()
        config = self._project.config
        programs_found = examples.find(self._files, config.examples.folder, config.examples.command)
        order = {name: at for at, name in enumerate(config.examples.order)}
        found = tuple(sorted(programs_found, key=lambda program: order.get(program.name, len(order))))
        keys = {program.name: self._example_key(program) for program in found}
        outputs = self._cache.get_many(OUTPUT, keys)
        traces = self._cache.get_many(OUTPUT, {name: one.key for name, one in self._traces.items()})
        if not are_run_here():
            return Started(found, {program.name: NOT_RUN.encode() for program in found} | outputs, {}, traces)
        missing = {name: one for name, one in self._traces.items() if name not in traces}
        folder = tempfile.TemporaryDirectory() if missing else None
        traced = {  # first, as the times of the walk are shown
            name: programs.start(one.title, one.command(Path(folder.name) / f"{name}.json"))
            for name, one in missing.items()
            if folder
        }
        running = {
            program.name: programs.start(f"{program.path}: the example", examples.arguments(program))
            for program in found
            if program.name not in outputs
        }
        return Started(found, outputs, running, traces, traced, folder)

    def with_output(self, started: Started) -> PythonInput:
        """Wait for the programs, and return the input with their output.

        Raises:
            InvalidInput: A program failed or did not end in time, or the facts cannot be read.
        """
        if self._cached is not None:
            return self._cached
        if started.running or started.traced:
            _LOG.info("running the project's examples, its walk and its recordings")
        outputs = {name: output.decode() for name, output in started.outputs.items()}
        for program in started.examples:
            if program.name in started.running:
                output = examples.output(program, started.running[program.name].result())
                outputs[program.name] = output
                self._cache.put_many(OUTPUT, {self._example_key(program): output.encode()})
        traces, browser = self._written(started), self._project.config.examples.browser
        counterparts, runs = self.docstrings.counterparts, self._project.config.recordings.runs
        complete = msgspec.structs.replace(
            self.source,
            examples=tuple(
                ExampleRun(
                    program.name,
                    program.path,
                    program.title,
                    program.command,
                    outputs[program.name],
                    browser.module,
                    browser.not_in_page.get(program.name, ""),
                )
                for program in started.examples
            ),
            walk=call_order.load_run(self._project, traces[_WALK], self.source.objects, counterparts)
            if _WALK in traces
            else None,
            recordings=tuple(
                recording.load(self._project, run, traces[run.name], self.source.objects, counterparts)
                for run in runs
                if run.name in traces
            ),
        )
        self._cache.put_many(PORT, {self._key: msgspec.msgpack.encode(complete)})
        return complete

    def _written(self, started: Started) -> Mapping[str, bytes]:
        """Return the recording of each traced run, by its name."""
        found = {name: zlib.decompress(trace) for name, trace in started.traces.items()}
        if started.folder is not None:
            with started.folder as folder:
                for name, running in started.traced.items():
                    trace = self._traces[name]
                    written = trace.read(Path(folder) / f"{name}.json", running.result())
                    found[name] = trace.with_lines(written, partial(self._in_code, self._code.number))
                    self._cache.put_many(OUTPUT, {trace.key: zlib.compress(found[name])})
        return {
            name: self._traces[name].with_lines(trace, partial(self._in_code, self._code.line))
            for name, trace in found.items()
        }

    def _in_code(self, convert: Callable[[str, int], int], file: str, line: int) -> int:
        return convert(file.removeprefix(self._root), line)

    @cached_property
    def _traces(self) -> Mapping[str, _Trace]:
        """The runs that are traced, by name: the walk and the recordings."""
        project, config = self._project, self._project.config
        place = f"{project.root}:{self._code.fingerprint}"
        found = {
            run.name: _Trace(
                f"{config.recordings.script}: the recording {run.name}",
                f"recorded:{run.name}:{config.recordings.script}:{config.recordings.snapshot}:{place}",
                partial(recording.command, project, run),
                partial(recording.read, run),
                partial(recording.with_lines, run),
            )
            for run in config.recordings.runs
        }
        if not config.walk:
            return found
        walk = _Trace(
            f"{config.walk}: the walk",
            f"traced:{config.walk}:{place}",
            partial(call_order.trace_command, project),
            partial(call_order.read_trace, project),
            call_order.with_lines,
        )
        return {_WALK: walk, **found}

    def _example_key(self, program: examples.Program) -> str:
        return f"example:{program.command}:{self._code.fingerprint}"


def package_imports(root: Path, folders: Iterable[str]) -> tuple[PackageImports, ...]:
    """Return the packages in some folders with their modules; imports from elsewhere are left out.

    Args:
        root: The folder that the packages are imported from.
        folders: The package folders, from the root.

    Raises:
        InvalidInput: A file is not Python.
    """
    names = [folder.strip("/").replace("/", ".") for folder in folders]
    files = {
        file.relative_to(root).as_posix()
        for name in names
        for file in (root / name.replace(".", "/")).rglob("*.py")
    }
    summaries = {dotted_name(path): (path, _summary(path, (root / path).read_bytes())) for path in files}
    # A package within another one is a part of its graph.
    outermost = [name for name in dict.fromkeys(names) if not any(name.startswith(f"{n}.") for n in names)]
    graph = _graph(root, outermost) if outermost else grimp.ImportGraph()
    modules = [
        ModuleImports(
            name, *summaries[name], tuple(sorted(graph.find_modules_directly_imported_by(name) - {name}))
        )
        for name in sorted(graph.modules & summaries.keys())
    ]
    return tuple(
        PackageImports(name, tuple(m for m in modules if m.name == name or m.name.startswith(f"{name}.")))
        for name in names
    )


class _FinderBelow(AbstractPackageFinder):
    """Finds packages below a folder.

    grimp's own finder takes them from `sys.path`, and a package that this process has imported from where
    that lies: reading `annotator` of another worktree would read the running one.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def determine_package_directories(self, package_name: str, file_system: AbstractFileSystem) -> set[str]:
        """Return the folder of a package."""
        return {file_system.join(str(self._root), *package_name.split("."))}


def _graph(root: Path, names: list[str]) -> grimp.ImportGraph:
    default = settings.PACKAGE_FINDER
    settings.configure(PACKAGE_FINDER=_FinderBelow(root.resolve()))
    try:
        return grimp.build_graph(*names, cache_dir=None)
    except SourceSyntaxError as error:
        file = Path(error.filename).relative_to(root.resolve()).as_posix()
        raise InvalidInput(f"{file}:{error.lineno or 1}: not Python that can be read") from error
    finally:
        settings.configure(PACKAGE_FINDER=default)


def _summary(path: str, data: bytes) -> str:
    """Return the first paragraph of a module's docstring on one line."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path}:1: not Python that can be read: {error}") from error
    return " ".join(_docstring(text).partition("\n\n")[0].split())


def _docstring(text: str) -> str:
    """Return a module's docstring; only its beginning is read, as parsing all takes 1 s for 180 files."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    significant = (token for token in tokens if token.type not in (tokenize.COMMENT, tokenize.NL))
    with suppress(tokenize.TokenError, SyntaxError, ValueError):  # what is not Python, grimp reports
        first, second = islice(significant, 2)
        if first.type == tokenize.STRING and second.type == tokenize.NEWLINE:
            return ast.get_docstring(ast.parse(first.string)) or ""
    return ""
