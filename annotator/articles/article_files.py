"""Article files: which files arguments name, and reading them."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec

from annotator.articles import manifest_file, text_lines
from annotator.articles.own_names import OwnNames
from annotator.config import Project, name_of
from annotator.errors import InvalidInput, shortened
from annotator.file_io import bytes_of
from annotator.model.port import Counterpart
from annotator.model.reference import Article, Reference


def article(project: Project, file: Path, own: OwnNames | None = None, data: bytes | None = None) -> Article:
    """Read the article in a file: a manifest if it is TOML, else the references in its text.

    Without the names of the repository, less of the text can be understood. The file's bytes are given if
    they are read already or not saved yet.

    Raises:
        InvalidInput: The file cannot be read, or is TOML of another kind: settings are no manifests.
    """
    data = bytes_of(file) if data is None else data
    if not is_article(project, file, data):
        raise InvalidInput(f"{file}: not a manifest of references: it has no `chapters`")
    return read_article(project, file, data, own)


def is_article(project: Project, file: Path, data: bytes | None = None) -> bool:
    """Return whether a file is a text or a manifest, not TOML of another kind; InvalidInput if unreadable."""
    if file.suffix != ".toml" or manifest_file.is_manifest(bytes_of(file) if data is None else data):
        return True
    # What lies in the folder of the manifests is meant as one, even while it is empty.
    return os.path.realpath(file.parent) == os.path.realpath(project.site / "articles")


def read_article(project: Project, file: Path, data: bytes, own: OwnNames | None = None) -> Article:
    """Read the article in some bytes, as if they were the content of a file."""
    config, name = project.config, name_of(project, file)
    if file.suffix == ".toml":
        return manifest_file.read(name, data, config.prefixes)
    # Reading texts takes 20 modules and 200 patterns: a quarter of the time of verifying a manifest.
    from annotator.articles import document, source_paths  # noqa: PLC0415

    roots = source_paths.roots(
        config.repository,
        config.prefixes,
        config.modules,
        config.editions,
        also=config.also,
        own=own,
        folder=_folder(project, name, own),
    )
    found = document.read(name, data, config.repository, roots)
    tag = text_lines.written_at(data)
    if tag is None:
        return found
    replace = msgspec.structs.replace
    chapters = tuple(
        replace(chapter, references=tuple(replace(each, written_at=tag) for each in chapter.references))
        for chapter in found.chapters
    )
    return replace(found, tag=tag, chapters=chapters)


def _folder(project: Project, name: str, own: OwnNames | None) -> str | None:
    """Return the folder of an article in its own work tree, or None if its place is not known.

    The settings can lie outside that work tree, so a path from their folder says nothing.
    """
    file = Path(os.path.normpath(project.root.absolute() / name))
    tree = next((folder for folder in file.parents if (folder / ".git").exists()), None)
    if tree is not None:
        folder = file.parent.relative_to(tree).as_posix()
        return "" if folder == "." else folder
    # In an unpacked archive, the project's folder holds what the repository's root holds.
    return name.rpartition("/")[0] or None if own is not None and name in own.paths else None


def own_articles(project: Project, own: Callable[[], OwnNames] | None = None) -> tuple[Article, ...]:
    """Read the project's documents, and its manifests of the baseline; others are verified only if named.

    `own` returns what is known of the repository; it is not called for manifests alone.
    """
    manifests = (article(project, file) for file in project.manifests)
    current = [entry for entry in manifests if entry.tag in ("", project.config.baseline)]
    files = documents(project)
    known = own() if own and files else None
    return (*current, *(article(project, file, known) for file in files))


def documents(project: Project) -> tuple[Path, ...]:
    """Return the documents that the settings name as `articles`.

    Raises:
        InvalidInput: A pattern names no file.
    """
    root, found = project.root, dict[Path, None]()
    for pattern in project.config.articles:
        files = _files(pattern, root)
        if not any(file.is_file() for file in files):
            raise InvalidInput(
                f"{root}: the settings name {pattern!r} in `articles`, and no file is like that"
            )
        found.update(dict.fromkeys(files))
    # A link could lead to a file elsewhere, which an update would rewrite.
    inside = Path(os.path.realpath(root))
    return tuple(
        file
        for file in found
        if Path(os.path.realpath(file)).is_relative_to(inside) and not is_excluded(project, file)
    )


def is_excluded(project: Project, file: Path) -> bool:
    """Return whether the settings exclude a document."""
    name = name_of(project, file)
    return any(_fits(name, pattern) for pattern in project.config.exclude)


def _fits(name: str, pattern: str) -> bool:
    """Return whether a pattern matches a path or a folder on its way; `**` matches any folders."""
    wanted = [part for part in pattern.split("/") if part not in ("", ".")]
    reached = {0}
    for part in name.split("/"):
        for at, part_wanted in enumerate(wanted):
            if at in reached and part_wanted == "**":  # it may also stand for no folder
                reached.add(at + 1)
        here = [at for at in reached if at < len(wanted)]
        reached = {at for at in here if wanted[at] == "**"}
        reached |= {at + 1 for at in here if wanted[at] != "**" and fnmatchcase(part, wanted[at])}
        if len(wanted) in reached:
            return True
    return wanted[-1] == "**" and len(wanted) - 1 in reached


def followed_references(project: Project, counterparts: Iterable[Counterpart]) -> list[Reference]:
    """Return the references of the project's counterparts and articles, each symbol once."""
    mirrored = (reference for counterpart in counterparts for reference in counterpart.mirrors)
    cited = (reference for entry in own_articles(project) for reference in entry.references)
    return list({(ref.path, ref.symbol): ref for ref in (*mirrored, *cited)}.values())


SUFFIXES = frozenset(
    {
        ".adoc", ".asc", ".asciidoc", ".htm", ".html", ".ipynb", ".markdown", ".md", ".mdx", ".org", ".rst",
        ".toml", ".tour", ".txt", ".xhtml",
    }
)  # fmt: skip
"""Endings of the files that are taken from a folder."""

_MAGIC = re.compile(r"[*?\[]")


def expand(arguments: Iterable[Path], *, allow_none: bool = False) -> tuple[Path, ...]:
    """Return the files that arguments name, each once.

    An argument is a file, a folder, a pattern such as `docs/**/*.md`, or `@FILE`: a file that lists such
    arguments, one or several a line.

    Raises:
        InvalidInput: A pattern or a folder names no file, or a list cannot be read.
    """
    found: dict[Path, None] = {}
    for argument in arguments:
        for name in _listed(str(argument)):
            files = _files(name)
            if not files and not allow_none:
                what = "no file in it that can be an article" if Path(name).is_dir() else "no file matches"
                raise InvalidInput(f"{shortened(name)}: {what}")
            found.update(dict.fromkeys(files))
    return tuple(found)


def _listed(argument: str) -> Iterator[str]:
    """Yield the names in an `@FILE`, or else the argument itself."""
    if not argument.startswith("@") or os.path.lexists(argument):
        yield argument
        return
    for line in os.fsdecode(bytes_of(Path(argument[1:]))).splitlines():
        if "\0" in line:
            raise InvalidInput(f"{argument[1:]}: not a list of files; write one a line")
        if line.strip() and not line.lstrip().startswith("#"):
            yield from _words(line.strip())


def _words(line: str) -> list[str]:
    """Split a line as a shell does, unless a file has the whole line as its name."""
    if os.path.lexists(line) or (_MAGIC.search(line) and _matches(line)):
        return [line]
    lexer = shlex.shlex(line, posix=True)
    lexer.whitespace_split, lexer.commenters, lexer.escape = True, "", ""
    try:
        return list(lexer)
    except ValueError:  # a quote that is never closed is a part of a name
        return line.split()


def _files(name: str, root: Path = Path()) -> list[Path]:
    path = root / name
    if path.is_dir():
        return [file for file in _visible(path, "**/*", hidden=False) if file.suffix.lower() in SUFFIXES]
    if os.path.lexists(path) or not _MAGIC.search(name):
        return [path]
    return _matches(name, root)


def _matches(pattern: str, root: Path = Path()) -> list[Path]:
    """Return the files that a pattern matches; of all endings only if it names one."""
    parts = Path(pattern).parts
    first = next(number for number, part in enumerate(parts) if _MAGIC.search(part))
    # `**` is a whole part or else no more than `*`, as in a shell.
    wanted = [part if part == "**" else re.sub(r"\*\*+", "*", part) for part in parts[first:]]
    wanted += ["*"] if wanted[-1] == "**" else []
    named = bool(re.search(r"\.[^*?\[\]]+$", wanted[-1]))
    hidden = any(part.startswith(".") for part in wanted)
    files = _visible(root.joinpath(*parts[:first]), "/".join(wanted), hidden=hidden)
    return [file for file in files if named or file.suffix.lower() in SUFFIXES]


def _visible(folder: Path, pattern: str, *, hidden: bool) -> list[Path]:
    """Return the files below a folder in order; none in hidden folders such as `.git` unless asked for."""
    return sorted(
        path
        for path in folder.glob(pattern)
        if (hidden or not any(part.startswith(".") for part in path.relative_to(folder).parts))
        and path.is_file()
    )
