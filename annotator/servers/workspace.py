"""The workspace of an editor: open documents, their projects, and which documents cite a declaration."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

import msgspec

from annotator import config
from annotator.articles.article_files import SUFFIXES, article, documents, expand, is_excluded
from annotator.commands import init
from annotator.errors import AnnotatorError, counted
from annotator.file_io import write_aside
from annotator.golang import declarations
from annotator.golang.source_tree import SourceTree
from annotator.model.go import Declaration, Kind
from annotator.model.reference import Anchor, Article, Reference, Verdict
from annotator.model.source import Warn
from annotator.project_source import SourceOptions
from annotator.repository.factory import cache_folder
from annotator.repository.local_git import DocumentHistory, GitSnapshot
from annotator.servers.open_document import LARGEST, OpenDocument, overlaps
from annotator.servers.open_project import OpenProject, hover, origin_tree, permalink
from annotator.tracking.verification import verify_references

_SETTINGS = ("annotator.toml", "pyproject.toml")
_REFS = ("HEAD", "packed-refs", "refs/heads", "refs/tags", "logs/HEAD", "FETCH_HEAD")
_MOST_COMPLETIONS = 200

_MOST_DOCUMENTS = 2_000
"""Documents that are looked through."""

_LARGEST_DOCUMENT = 2_000_000
"""Bytes of the largest document that is looked through."""

# What is being typed: a path, and a symbol if `::` follows it.
_TYPED = re.compile(r"(?P<path>[\w.@+~-]+(?:/[\w.@+~-]*)*)(?P<colons>::(?P<symbol>[\w.]*))?$")


class Completion(msgspec.Struct, frozen=True):
    """A path or a symbol that completes the typed text, which begins at `start` in its line, from 0."""

    label: str
    detail: str
    start: int


class Definition(msgspec.Struct, frozen=True):
    """Where a cited place is: a read-only copy of its file, or None and an address that may be empty.

    Lines count from 1.
    """

    file: Path | None
    line: int
    end_line: int
    address: str


class Lens(msgspec.Struct, frozen=True):
    """A declaration of a Go file and the documents that cite it; `line` counts from 1."""

    line: int
    title: str
    references: tuple[tuple[Path, Reference], ...]


class _GoFile(msgspec.Struct, frozen=True):
    """A Go file that is open: its path in the repository, and the tag whose content it is most like."""

    opened: OpenProject
    path: str
    tag: str


class Workspace:
    """The open documents and the projects that they belong to."""

    def __init__(self, options: SourceOptions, warn: Warn) -> None:
        self.options, self._warn = options, warn
        self.folders: list[Path] = []
        self._projects: dict[Path, OpenProject] = {}
        self._states: dict[Path, object] = {}
        self._indexes: dict[Path, CitationIndex] = {}
        self._documents: dict[Path, OpenDocument] = {}
        self._copies: dict[Path, _GoFile] = {}
        self._failed: dict[Path, AnnotatorError] = {}

    def close(self) -> None:
        """Close all sources."""
        for opened in self._projects.values():
            opened.close()
        self._projects.clear()
        self._documents.clear()
        self._indexes.clear()

    def is_checked(self, file: Path) -> bool:
        """Return whether a file can cite source code and lies in the workspace."""
        is_text = file.suffix.lower() in SUFFIXES or file.suffix == ".py"
        return is_text and file.name not in _SETTINGS and self._is_inside(file)

    def open(self, file: Path) -> OpenDocument:
        """Return an open document; AnnotatorError if it belongs to no project that can be opened."""
        if file not in self._documents:
            self._documents[file] = OpenDocument(self._project(file).session, file)
        return self._documents[file]

    def forget(self, file: Path) -> None:
        """Forget a document that is closed."""
        self._documents.pop(file, None)

    def saved(self, file: Path) -> bool:
        """Note that a file was saved; return whether all documents have to be read again."""
        if file in self._documents:
            self._documents[file].saved()
        had_failed = bool(self._failed)
        self._failed.clear()
        changed = [root for root, opened in self._projects.items() if self._states[root] != _state(opened)]
        for root in changed:
            gone = self._projects.pop(root)
            self._indexes.pop(root, None)
            self._documents = {
                path: each for path, each in self._documents.items() if each.session is not gone.session
            }
            gone.close()
        return bool(changed) or had_failed

    # ── Answers ──────────────────────────────────────────────────────────────────────────────────
    def verdict(self, file: Path, line: int, column: int) -> Verdict | None:
        """Return the verdict on what a place in a document cites; both count from 1."""
        document = self._documents.get(file)
        verdicts = document.verdicts() if document else ()
        return next((each for each in verdicts if overlaps(each.reference, line, column, line, column)), None)

    def hover(self, verdict: Verdict, file: Path) -> str:
        """Return the facts about a reference, as Markdown."""
        return hover(self._project_of(file), verdict)

    def definition(self, verdict: Verdict, file: Path) -> Definition | None:
        """Return where the cited place is, at the tag that documents are checked against or at its origin."""
        opened = self._project_of(file)
        tree, at = opened.session.tree, verdict.anchor
        if at is None:
            tree_then = origin_tree(opened.session, verdict)
            path = verdict.reference.path
            if tree_then is None or not tree_then.has(path):
                return None
            line = verdict.reference.line or 1
            at, tree = Anchor(path, "", Kind.FILE, line, line), tree_then
        line = at.line + at.offset
        last = verdict.reference.end_line or line
        address = permalink(tree, at.path, line)
        return Definition(self._copy(opened, tree, at.path), line, max(line, last), address)

    def completions(self, file: Path, before: str) -> list[Completion]:
        """Return what can follow the words before the cursor: paths of Go files, or symbols of one."""
        document, match = self._documents.get(file), _TYPED.search(before[-1000:])
        if document is None or match is None:
            return []
        start = match.start() + max(len(before) - 1000, 0)
        tree = document.session.tree
        path, prefixes = match["path"], document.session.project.config.prefixes
        below = next((path[len(each) + 1 :] for each in prefixes if path.startswith(f"{each}/")), path)
        written = path[: len(path) - len(below)]
        if match["colons"] is None:
            found = [each for each in tree.go_files if each.startswith(below)] if "/" in path else []
            labels = sorted({_up_to_folder(each, below) for each in found})[:_MOST_COMPLETIONS]
            return [
                Completion(written + label, "Go file" if label.endswith(".go") else "folder", start)
                for label in labels
            ]
        if tree.go_blob(below) is None:
            return []
        symbol = (match["symbol"] or "").lower()
        declared = {each.symbol: each.kind for each in tree.document(below).walk()}
        matching = [each for each in declared if each.lower().startswith(symbol)]
        others = [each for each in declared if symbol in each.lower() and each not in matching]
        return [
            Completion(f"{path}::{each}", str(declared[each]), start)
            for each in (matching + others)[:_MOST_COMPLETIONS]
        ]

    def lenses(self, file: Path, text: str) -> Iterator[Lens]:
        """Yield which declarations of an open Go file are cited, and where."""
        known = self._go_file(file)
        if known is None or len(text) > LARGEST:
            return
        opened = known.opened
        index = self._indexes.setdefault(opened.project.root, CitationIndex(opened))
        cited = index.at(known.tag).get(known.path, {})
        for declaration in declarations.read_go_file(text.encode(errors="replace")).walk():
            references = cited.get(declaration.symbol, [])
            if references:
                yield _lens(opened, declaration, references)

    # ── Projects and files ───────────────────────────────────────────────────────────────────────
    def _project(self, file: Path) -> OpenProject:
        """Return the project of a file; one that cannot be opened is tried again when a file is saved."""
        if file.parent in self._failed:
            raise self._failed[file.parent]
        try:
            return self._opened(file)
        except AnnotatorError as error:
            self._failed[file.parent] = error
            raise

    def _project_of(self, file: Path) -> OpenProject:
        """Return the project of an open document."""
        return self._projects[self._documents[file].session.project.root]

    def _opened(self, file: Path) -> OpenProject:
        try:
            found = config.find(file.parent)
        except config.NoSettings:
            # The document's folder alone would know nothing of the other documents.
            folder = next((each for each in self.folders if file.is_relative_to(each)), file.parent)
            guessed = init.guess_project(folder, self.options.source)
            if guessed is None:
                raise
            found = guessed
        if found.root not in self._projects:
            opened = OpenProject(found, self.options, self._warn)
            self._projects[found.root] = opened
            self._states[found.root] = _state(opened)
        return self._projects[found.root]

    def _is_inside(self, file: Path) -> bool:
        """Return whether a file lies in a folder of the workspace, links resolved; without one all do."""
        real = Path(os.path.realpath(file))
        roots = [Path(os.path.realpath(folder)) for folder in self.folders]
        return not roots or any(real.is_relative_to(root) for root in roots)

    def _copy(self, opened: OpenProject, tree: SourceTree, path: str) -> Path | None:
        """Write a file of the source to the cache, read-only, unless it is there."""
        name = quote(tree.snapshot.commit or tree.tag, safe="")
        file = cache_folder() / "documents" / name / path
        try:
            data = tree.data(path)
            if not file.is_file() or file.read_bytes() != data:
                file.parent.mkdir(parents=True, exist_ok=True)
                write_aside(file, data)
                file.chmod(0o444)
        except (AnnotatorError, OSError, KeyError):
            return None
        self._copies[file] = _GoFile(opened, path, tree.tag)
        return file

    def _go_file(self, file: Path) -> _GoFile | None:
        """Return which file of a source an open Go file is, or None if it is of none."""
        if file in self._copies:
            return self._copies[file]
        folder = DocumentHistory(file).folder
        if folder is None or not self._is_inside(file):
            return None
        for root in (file.parent, *self.folders):
            try:
                self._project(root / "-")
            except AnnotatorError:  # a folder without settings, or whose source cannot be read
                continue
        for opened in self._projects.values():
            snapshot = opened.session.tree.snapshot
            if isinstance(snapshot, GitSnapshot) and snapshot.store.folder.resolve() == folder:
                return _GoFile(opened, file.resolve().relative_to(folder).as_posix(), "HEAD")
        return None


class CitationIndex:
    """Which documents of a project cite which declarations; one that has changed is read again."""

    def __init__(self, opened: OpenProject) -> None:
        self._opened = opened
        self._articles: dict[Path, tuple[tuple[int, int], Article | None]] = {}

    def at(self, tag: str) -> Mapping[str, Mapping[str, list[Reference]]]:
        """Return the references by the file and the symbol that they cite at a tag."""
        references = [each for found in self._read() for each in found.references]
        session = self._opened.at(tag)
        cited: dict[str, dict[str, list[Reference]]] = defaultdict(lambda: defaultdict(list))
        for verdict in verify_references(session, references):
            if (place := verdict.anchor) is not None:
                cited[place.path][place.symbol].append(verdict.reference)
        return cited

    def _read(self) -> Iterator[Article]:
        project, names = self._opened.project, self._opened.session.own_names
        known, self._articles = self._articles, {}
        texts = documents(project) if project.config.articles else expand([project.root], allow_none=True)
        for file in dict.fromkeys([*project.manifests, *texts][:_MOST_DOCUMENTS]):
            if is_excluded(project, file):
                continue
            try:
                state = file.stat()
                key = (state.st_mtime_ns, state.st_size)
                found = known.get(file)
                if found is None or found[0] != key:
                    found = key, article(project, file, names) if state.st_size <= _LARGEST_DOCUMENT else None
            except (AnnotatorError, OSError):  # a file that cannot be read cites nothing
                continue
            self._articles[Path(os.path.normpath(file))] = found
            if found[1] is not None:
                yield found[1]


def _lens(opened: OpenProject, declaration: Declaration, references: Sequence[Reference]) -> Lens:
    files = {each.file for each in references}
    places = tuple((opened.project.root / each.file, each) for each in references)
    return Lens(declaration.line, f"cited in {counted(len(files), 'document')}", places)


def _up_to_folder(path: str, typed: str) -> str:
    """Return a path up to the end of the folder that is being typed."""
    end = path.find("/", len(typed))
    return path if end < 0 else path[: end + 1]


def _state(opened: OpenProject) -> object:
    """Return what changes with the settings and with the refs of a local repository."""
    files = [opened.project.root / name for name in _SETTINGS]
    snapshot = opened.session.tree.snapshot
    if isinstance(snapshot, GitSnapshot):
        folder = snapshot.store.folder
        files += [base / name for base in (folder, folder / ".git") for name in _REFS]
    return [file.stat().st_mtime_ns if file.exists() else 0 for file in files]
