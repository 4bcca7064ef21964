"""Where the documentation of packages outside the repository is on pkg.go.dev, at the version in use."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote

import msgspec

from annotator.golang.source_tree import SourceTree

_SITE = "https://pkg.go.dev"
_VENDOR = "vendor/"

_GO_VERSIONS = (
    ("Dockerfile", re.compile(r"^(?:ARG|ENV) GO_VERSION[= ]\"?(\d+\.\d+(?:\.\d+)?)", re.MULTILINE)),
    ("Dockerfile", re.compile(r"^FROM (?:\S+ )?golang:(\d+\.\d+(?:\.\d+)?)", re.MULTILINE)),
    ("go.mod", re.compile(r"^toolchain go(\d+\.\d+(?:\.\d+)?)", re.MULTILINE)),
    ("go.mod", re.compile(r"^go (\d+\.\d+(?:\.\d+)?)", re.MULTILINE)),
)
"""Files that say which Go builds the repository, and how: the surest first."""

_LISTS = ("vendor/modules.txt", "vendor.conf", "go.mod")
"""Files that list the versions of other modules: the surest first."""

_TAG = re.compile(r"v(\d+)\.\d+\.\d+[\w.+-]*")
_HAS_MAJOR = re.compile(r"/v\d+$|^gopkg\.in/")


class Module(msgspec.Struct, frozen=True):
    """A module at a version, where pkg.go.dev has it; a fork has another path than its importers write."""

    path: str
    version: str


class ExternalPackages(msgspec.Struct, frozen=True):
    """The version of Go, and the modules by the import path at which they are used."""

    go: str = ""
    modules: Mapping[str, Module] = {}

    def url(self, package: str, symbol: str, system: str = "") -> str:
        """Return the address of a symbol's documentation; empty if the version in use is not known.

        Args:
            package: An import path, or the vendored file that declares the symbol.
            symbol: Its dotted name.
            system: The system that the code is built for, if that is not Linux.
        """
        path = package
        if package.startswith(_VENDOR):
            path = package.removeprefix(_VENDOR).rpartition("/")[0]
        parts = path.split("/")
        if "." not in parts[0]:
            if not self.go:
                return ""
            address = f"{quote(path)}@go{self.go}"
        else:
            candidates = ("/".join(parts[:count]) for count in range(len(parts), 0, -1))
            used = next((one for one in candidates if one in self.modules), None)
            if used is None:
                return ""
            module, below = self.modules[used], path.removeprefix(used)
            address = f"{quote(module.path)}@{quote(module.version, safe='+')}{quote(below)}"
        return f"{_SITE}/{address}{f'?GOOS={system}' if system else ''}#{quote(symbol)}"


def read(tree: SourceTree) -> ExternalPackages:
    """Return what a repository's own files say of the packages that it uses."""
    names = {name for name, _ in _GO_VERSIONS} | {*_LISTS}
    texts = {
        name: data.decode("utf-8", "replace")
        for name, data in tree.read(name for name in names if tree.has(name)).items()
    }
    versions = (pattern.search(texts.get(name, "")) for name, pattern in _GO_VERSIONS)
    go = next((found[1] for found in versions if found), "")
    listed = next((name for name in _LISTS if name in texts), "")
    read_modules = {_LISTS[0]: _vendored, _LISTS[1]: _configured, _LISTS[2]: _required}.get(listed)
    return ExternalPackages(_go_tag(go), dict(read_modules(texts[listed])) if read_modules else {})


def _go_tag(version: str) -> str:
    """Return Go's name of a version: since 1.21 a first release ends in `.0`, before it does not."""
    major, _, rest = version.partition(".")
    minor, _, patch = rest.partition(".")
    if not minor:
        return ""
    if (int(major), int(minor)) >= (1, 21):
        return f"{major}.{minor}.{patch or 0}"
    return f"{major}.{minor}" if patch in ("", "0") else version


def _vendored(text: str) -> Iterable[tuple[str, Module]]:
    """Yield the modules of `vendor/modules.txt`: `# PATH VERSION [=> PATH [VERSION]]`."""
    for line in text.splitlines():
        words = line.split()
        if words[:1] == ["#"] and len(words) > 2:  # noqa: PLR2004 - the mark, path and version
            yield from _replaced(words[1], words[2], words[3:])


def _required(text: str) -> Iterable[tuple[str, Module]]:
    """Yield the modules that `go.mod` requires, and then its replacements."""
    for required in re.finditer(r"^(?:require )?\s*(\S+\.\S+) (v\S+)", text, re.MULTILINE):
        yield required[1], Module(required[1], required[2])
    for replaced in re.finditer(r"^(?:replace )?\s*(\S+\.\S+)(?: v\S+)? => (\S+) (v\S+)", text, re.MULTILINE):
        yield replaced[1], Module(replaced[2], replaced[3])


def _replaced(path: str, version: str, rest: list[str]) -> Iterable[tuple[str, Module]]:
    if rest[:1] != ["=>"]:
        yield path, Module(path, version)
    elif len(rest) > 2:  # noqa: PLR2004 - without a version the replacement is a folder
        yield path, Module(rest[1], rest[2])


def _configured(text: str) -> Iterable[tuple[str, Module]]:
    """Yield the modules of `vendor.conf`: `PATH COMMIT-OR-TAG [REPOSITORY]`."""
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if len(words) > 1:
            path = words[0]
            if len(words) > 2:  # noqa: PLR2004 - the code is that of a fork
                path = re.sub(r"^\w+://|\.git$", "", words[2])
            tag = _TAG.fullmatch(words[1])
            # A major version that the path does not name is marked by those who know modules.
            marked = tag and int(tag[1]) > 1 and not _HAS_MAJOR.search(path)
            yield words[0], Module(path, f"{words[1]}+incompatible" if marked else words[1])
