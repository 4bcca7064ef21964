"""What the annotator knows of a project: `[tool.annotator]` in pyproject.toml, or annotator.toml."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import msgspec

from annotator.errors import InvalidInput


class Licence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Under what the annotated repository's code may be shown, and whose it is."""

    name: str = ""
    holder: str = ""
    path: str = ""


class Examples(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A folder of programs that show something: those whose `main` takes nothing and that run it.

    `command` is what a reader types to run one, `{name}` standing for the name of its file.
    """

    folder: str = ""
    command: str = ""


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The settings of one project.

    Attributes:
        repository: Address of the annotated Go repository, also the default source.
        baseline: The tag at which articles and counterparts are written.
        prefixes: Leading folders of cited paths that are the repository's root elsewhere.
        modules: Go import paths of the repository's root, through its history.
        packages: Python packages that hold counterparts, as folders from the project's root.
        site: The folder of the site's own files.
        walk: A script that runs what the counterparts are for, to be traced; from the project's root.
        debian: Debian source package that carries the repository, for `--source debian`.
        licence: Licence of the annotated repository.
        home: Address below which the project's own files are on the web, such as
            `https://example.org/us/it/blob/main`; empty if they are nowhere.
        examples: Where examples are and how they are run.
    """

    repository: str
    baseline: str
    prefixes: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    site: str = "site"
    walk: str = ""
    debian: str = ""
    licence: Licence = Licence()
    home: str = ""
    examples: Examples = Examples()


class Project(msgspec.Struct, frozen=True):
    """A project on disk: its root folder and its settings."""

    root: Path
    config: Config

    @property
    def site(self) -> Path:
        """The site folder."""
        return self.root / self.config.site

    @property
    def articles(self) -> tuple[Path, ...]:
        """The project's own manifests."""
        return tuple(sorted((self.site / "articles").glob("*.toml")))


def find(start: Path) -> Project:
    """The project that `start` lies in.

    Raises:
        InvalidInput: No folder from `start` up has settings, or they do not fit.
    """
    for folder in (start, *start.parents):
        for name, keys in (("annotator.toml", ()), ("pyproject.toml", ("tool", "annotator"))):
            file = folder / name
            if file.is_file() and (table := _table(file, keys)) is not None:
                return Project(root=folder, config=_convert(table, file, keys))
    raise InvalidInput(
        f"{start}: no annotator.toml and no [tool.annotator] in a pyproject.toml, here or above; "
        "run this in the project's folder"
    )


def _table(file: Path, keys: tuple[str, ...]) -> object | None:
    try:
        found: object = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise InvalidInput(f"{file}: cannot be read as TOML: {error}") from error
    for key in keys:
        if not isinstance(found, dict) or key not in found:
            return None
        found = found[key]
    return found


def _convert(table: object, file: Path, keys: tuple[str, ...]) -> Config:
    try:
        return msgspec.convert(table, Config)
    except msgspec.ValidationError as error:
        where = f" in [{'.'.join(keys)}]" if keys else ""
        raise InvalidInput(f"{file}:{_line(file, str(error))}: {error}{where}") from error


def _line(file: Path, message: str) -> int:
    """The line of the key that a decoder's message names, else the first."""
    names = re.findall(r"`\$?\.?(\w+)[^`]*`", message)
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if any(re.match(rf"\s*{re.escape(name)}\s*=", line) for name in names):
            return number
    return 1
