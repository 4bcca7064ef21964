"""What the annotator knows of a project: `[tool.annotator]` in pyproject.toml, or annotator.toml."""

from __future__ import annotations

import codecs
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import msgspec

from annotator.errors import InvalidInput
from annotator.file_io import bytes_of
from annotator.toml_file import Path as Keys
from annotator.toml_file import Toml, nodes

LONGEST = 1000
"""Characters that a setting may have."""

# What names a place in the project itself, and never one outside it.
_INSIDE = frozenset({"articles", "exclude", "packages", "recordings", "site", "walk"})


class Licence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Under what the annotated repository's code may be shown, and whose it is.

    Attributes:
        name: The licence's name.
        holder: Who holds the rights.
        path: The licence's file in the repository.
    """

    name: str = ""
    holder: str = ""
    path: str = ""


class BrowserSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How pages run examples in a browser's Python.

    Attributes:
        module: The module whose function `run` takes the path and the text of a program and returns what it
            left as JSON.
        requirements: A file that pins the wheels of the packages, with hashes.
        not_in_page: The reasons of examples that a page cannot run, by name.
    """

    module: str = ""
    requirements: str = ""
    not_in_page: Mapping[str, str] = {}


class Examples(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A folder of programs that show something: those whose `main` takes nothing and that run it.

    Attributes:
        folder: The folder, from the project's root.
        command: What a reader types to run one, `{name}` standing for the name of its file.
        order: The names of those that are shown first, in that order.
        browser: How pages run them in a browser's Python.
    """

    folder: str = ""
    command: str = ""
    order: tuple[str, ...] = ()
    browser: BrowserSettings = BrowserSettings()


class Run(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A run of the project that the site plays back, step by step.

    Attributes:
        name: The argument of the script, and the name of its file on the site.
        title: Its title.
        of: The Go function, as `path::Symbol`, whose counterpart begins and ends the recording.
        about: What the run begins with.
    """

    name: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9-]*$")]
    title: str
    of: str
    about: str = ""


class RecordingSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of the recordings for the player.

    Attributes:
        script: The script that makes a run, whose name it gets as its argument.
        snapshot: `path/of/module.py::function`, which returns the project's state as plain data.
        runs: The runs, in the order in which they are offered.
    """

    script: str = ""
    snapshot: str = ""
    runs: tuple[Run, ...] = ()


class GoNames(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Names in the annotated source whose calls have a special meaning.

    Attributes:
        errors: Packages and values whose functions make errors; `errors` and `fmt` always do.
        locks: Tables of locks by name, as `locker.Locker`: a type of a package whose import path ends so.
            Mutexes of `sync` are always locks.
    """

    errors: tuple[str, ...] = ()
    locks: tuple[str, ...] = ()


class RepositorySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One `[[repository]]`: a repository that the articles cite.

    Attributes:
        url: Its address, also its default source.
        baseline: The tag at which articles cite it.
        source: Where it is read without `--source`: a folder, from the project's root, or a git URL.
        prefixes: Leading folders of cited paths that are its root elsewhere.
        modules: Go import paths of its root.
        also: Former names and forks: `owner/name`, addresses or import paths.
    """

    url: str
    baseline: str
    source: str = ""
    prefixes: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    also: tuple[str, ...] = ()

    def is_named(self, name: str) -> bool:
        """Return whether a name is one of the repository: `owner/name`, or its last part."""
        return any(name.lower() in (known, known.rpartition("/")[2]) for known in self.names)

    @property
    def names(self) -> frozenset[str]:
        """All names of the repository as `owner/name`, in lower case."""
        return frozenset(filter(None, map(_owner_and_name, (self.url, *self.also, *self.modules))))


def _owner_and_name(address: str) -> str:
    """Return `owner/name` of an address, an import path or such a name itself."""
    path = re.sub(r"^(?:[a-z+]+://)?(?:[^/@]*@)?", "", address.lower()).replace(":", "/")
    parts = path.strip("/").removesuffix(".git").split("/")
    return "/".join(parts[1:3] if "." in parts[0] and len(parts) > 2 else parts[:2])  # noqa: PLR2004


class SharedSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Settings that a project has once, however many repositories its articles cite.

    Attributes:
        articles: Documents that `verify` and `bump` read if none is named: patterns from the project's root
            such as `docs/**/*.md`.
        exclude: Documents that are never read, also if they are named: patterns, or folders with all in them.
        editions: What may follow the repository's name in the folder of a release: `ce` of `docker-ce`.
        go: Names in its source that tell what a call does.
        packages: Python packages that hold counterparts, as folders from the project's root.
        site: The folder of the site's own files.
        supported: Patterns of the tags of the release lines that still get releases, such as `v28.*`.
        walk: A script that runs what the counterparts are for, to be traced; from the project's root.
        recordings: What is recorded for the player.
        debian: Debian source package that carries the repository, for `--source debian`.
        languages: The codes of the languages in which the site is made besides English, such as `zh`.
        licence: Licence of the annotated repository.
        home: Address below which the project's own files are on the web, such as
            `https://example.org/us/it/blob/main`; empty if they are nowhere.
        examples: Where examples are and how they are run.
    """

    articles: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    editions: tuple[str, ...] = ()
    go: GoNames = GoNames()
    packages: tuple[str, ...] = ()
    site: str = "site"
    supported: tuple[str, ...] = ()
    walk: str = ""
    recordings: RecordingSettings = RecordingSettings()
    debian: str = ""
    languages: tuple[str, ...] = ()
    licence: Licence = Licence()
    home: str = ""
    examples: Examples = Examples()


class Config(SharedSettings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The settings of one project.

    Attributes:
        repository: Address of the annotated Go repository, also the default source.
        baseline: The tag at which articles and counterparts are written; `HEAD` for documents in the
            repository itself, whose lines are as old as the commits that wrote them.
        source: Where the repository is read without `--source`: a folder, from the project's root, or a
            git URL.
        prefixes: Leading folders of cited paths that are the repository's root elsewhere.
        modules: Go import paths of the repository's root, through its history.
        also: Former names and forks of the repository: `owner/name`, addresses or import paths.
        others: Further repositories that the articles cite.
    """

    repository: str
    baseline: str
    source: str = ""
    prefixes: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    others: tuple[RepositorySettings, ...] = ()

    @property
    def repositories(self) -> tuple[RepositorySettings, ...]:
        """All repositories, the annotated one first."""
        first = RepositorySettings(
            self.repository, self.baseline, self.source, self.prefixes, self.modules, self.also
        )
        return (first, *self.others)

    def other(self, name: str) -> RepositorySettings | None:
        """Return the settings of another repository that articles cite, by its `owner/name`, or None."""
        return next((each for each in self.others if name.lower() in each.names), None)

    def of(self, other: RepositorySettings) -> Config:
        """Return the settings with which references into another repository are judged."""
        return Config(
            repository=other.url,
            baseline=other.baseline,
            source=other.source,
            prefixes=other.prefixes,
            modules=other.modules,
            also=other.also,
        )


class _Tables(SharedSettings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Settings with a table for each repository."""

    repository: Annotated[tuple[RepositorySettings, ...], msgspec.Meta(min_length=1)]


class Project(msgspec.Struct, frozen=True):
    """A project on disk: its root folder and its settings, which may be guessed where no file has any."""

    root: Path
    config: Config
    has_settings: bool = True

    @property
    def site(self) -> Path:
        """The site folder."""
        return self.root / self.config.site

    @property
    def manifests(self) -> tuple[Path, ...]:
        """The project's own manifests."""
        return tuple(sorted((self.site / "articles").glob("*.toml")))

    def source_of(self, repository: RepositorySettings) -> str | None:
        """Return where the settings let a repository be read, or None for its address."""
        with suppress(OSError, ValueError):
            if repository.source and (folder := self.root / repository.source).is_dir():
                return str(folder)
        return repository.source or None


class NoSettings(InvalidInput):
    """No folder has settings."""


FILE = "annotator.toml"


def find(start: Path) -> Project:
    """Find the project that contains a folder.

    Raises:
        NoSettings: No folder from `start` up has settings.
        InvalidInput: The settings do not fit.
    """
    for folder in (start, *start.parents):
        for file, keys in _settings_files(folder):
            if (found := _read(file, keys)) is not None:
                return Project(root=folder, config=found)
    raise NoSettings(
        f"{start}: no annotator.toml and no [tool.annotator] in a pyproject.toml, here or above; "
        "run this in the project's folder, write them with `annotator init`, or give `--source`"
    )


def _settings_files(folder: Path) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Yield the files of a folder that may hold settings, each with the keys that lead to them."""
    for name, keys in ((FILE, ()), ("pyproject.toml", ("tool", "annotator"))):
        if (folder / name).is_file():
            yield folder / name, keys


def with_baseline(project: Project, tag: str) -> tuple[Path, bytes, bytes]:
    """Return the file that holds the settings, its content, and the content with another baseline.

    Raises:
        InvalidInput: It cannot be read.
    """
    for file, keys in _settings_files(project.root):
        data = bytes_of(file)
        toml = Toml(str(file), data)
        if toml.get(*keys) is None:
            continue
        table: Keys = ("repository", 0) if isinstance(toml.get(*keys, "repository"), list) else ()
        mark = data[: len(codecs.BOM_UTF8)] if data.startswith(codecs.BOM_UTF8) else b""
        text = data[len(mark) :]
        node = nodes(text.decode())[*keys, *table, "baseline"]
        value = json.dumps(tag, ensure_ascii=False).encode()
        return file, data, mark + text[: node.start_byte] + value + text[node.end_byte :]
    raise NoSettings(
        f"{project.root}: there are no settings to write the baseline into; run `annotator init`"
    )


def _read(file: Path, keys: tuple[str, ...]) -> Config | None:
    """Read the settings in a table of a file; return None if there is no such table."""
    try:
        toml = Toml(str(file), file.read_bytes())
    except OSError as error:
        raise InvalidInput(f"{file}: cannot be read: {error.strerror}") from error
    if toml.get(*keys) is None:
        return None
    has_tables = isinstance(toml.get(*keys, "repository"), list)
    settings = toml.convert(_Tables, *keys) if has_tables else toml.convert(Config, *keys)
    for path, text in _texts(settings):
        if why := _fault(path, text):
            raise InvalidInput(f"{file}:{toml.line(*keys, *path)}: `{'.'.join(map(str, path))}` {why}")
    if len(set(settings.languages)) < len(settings.languages):
        raise InvalidInput(f"{file}:{toml.line(*keys, 'languages')}: `languages` names one twice")
    return _joined(settings) if isinstance(settings, _Tables) else settings


def _joined(tables: _Tables) -> Config:
    """Return the settings of the first repository, which the site is about, with the others."""
    first, *others = tables.repository
    shared = {name: getattr(tables, name) for name in SharedSettings.__struct_fields__}
    own = Config(repository=first.url, baseline=first.baseline).of(first)
    return msgspec.structs.replace(own, **shared, others=tuple(others))


def _texts(config: Config | _Tables) -> Iterator[tuple[Keys, str]]:
    """Every text in the settings, by the keys that lead to it."""
    pending: list[tuple[Keys, object]] = [((), msgspec.to_builtins(config))]
    while pending:
        path, value = pending.pop()
        if isinstance(value, str):
            yield path, value
        elif isinstance(value, dict):
            pending += [((*path, key), inner) for key, inner in value.items()]
        elif isinstance(value, list | tuple):
            pending += [((*path, at), inner) for at, inner in enumerate(value)]


def _fault(path: Keys, text: str) -> str:
    """Return the error in the text of a setting, or an empty text."""
    if not text.isprintable() or len(text) > LONGEST:
        return f"holds characters that do not print, or more than {LONGEST}"
    first, *rest = re.split(r"[/\\]", text)
    is_absolute = (not first and bool(rest)) or first.startswith("~") or first.endswith(":")
    if path[0] in _INSIDE and (is_absolute or ".." in (first, *rest)):
        return "leads out of the project; give a path from its root"
    if path[:1] == ("packages",) and not text.strip("./"):
        return "is no package; give the folder of one"
    if path[0] in ("articles", "exclude") and not text.strip("./"):
        return "is no pattern; write one such as `docs/**/*.md`"
    if path[0] == "languages" and (text == "en" or not re.fullmatch("[a-z]{2,3}(_[A-Z][A-Za-z]+)?", text)):
        return "is no code of a language besides English, such as `zh`"
    if path[-1] in ("baseline", "url", "repository") and not text:
        return "is empty; name a tag"
    return ""


def name_of(project: Project, file: Path) -> str:
    """Return the file's name from the project's root, if it lies in it."""
    absolute, root = Path(os.path.normpath(file.absolute())), Path(os.path.normpath(project.root.absolute()))
    inside = absolute.is_relative_to(root)
    shown = (absolute.relative_to(root) if inside else absolute).as_posix()
    return os.fsencode(shown).decode("utf-8", "replace")


def name_in_repository(project: Project, name: str) -> str:
    """Return the path of a file from the root of the repository that the project lies in, if both are there.

    The file is named from the project's root, as `name_of` does, or absolutely.
    """
    root = Path(os.path.normpath(project.root.absolute()))
    above = next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), root)
    file = Path(os.path.normpath(root / name))
    return file.relative_to(above).as_posix() if file.is_relative_to(above) else name
