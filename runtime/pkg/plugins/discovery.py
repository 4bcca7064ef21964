"""Finds legacy plugins by their sockets and spec files.

Go: pkg/plugins/discovery.go, pkg/plugins/discovery_unix.go
"""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

import msgspec

from runtime.errdefs import EngineError
from runtime.golang import encoding_json
from runtime.pkg.plugins import transport
from runtime.pkg.plugins.errors import PluginNotFound
from runtime.pkg.plugins.plugins import Plugin, new_local_plugin
from runtime.pkg.plugins.transport import DEFAULT, Timings

log = logging.getLogger(__name__)

SOCKETS_PATH: Final = "/run/docker/plugins"
"""The directory of sockets.

Go: pkg/plugins/discovery.go::socketsPath
"""

SPECS_PATHS: Final = ("/etc/docker/plugins", "/usr/lib/docker/plugins")
"""The directories of specs, the first one first.

Go: pkg/plugins/discovery_unix.go::specsPaths
"""

SPEC_SUFFIXES: Final = (".spec", ".json")
SPEC_LIMIT: Final = 1024 * 1024


class _Spec(msgspec.Struct, frozen=True):
    addr: str = msgspec.field(default="", name="Addr")
    tls_config: transport.Options | None = msgspec.field(default=None, name="TLSConfig")


@dataclass(frozen=True, slots=True)
class LocalRegistry:
    """Finds plugins in this machine's folders.

    Go:
        pkg/plugins/discovery.go::localRegistry
        pkg/plugins/discovery.go::newLocalRegistry
    """

    sockets_paths: Sequence[str | Path] = (SOCKETS_PATH,)
    specs_paths: Sequence[str | Path] = SPECS_PATHS
    timings: Timings = DEFAULT
    reported: set[Path] = field(
        default_factory=set, init=False, compare=False
    )  # unreadable folders, logged once

    @classmethod
    def of_folders(cls, folders: Sequence[str | Path], timings: Timings = DEFAULT) -> Self:
        """Return a registry of the sockets and specs in these folders, instead of moby's."""
        return cls(tuple(folders), tuple(folders), timings)

    def scan(self) -> list[str]:
        """Return the names of all plugins, sockets first.

        Go: pkg/plugins/discovery.go::Scan
        Differs:
            behaviour folders: the registry's own; moby's function reads globals.
            behaviour twice: each name is listed once.
            behaviour nested: any spec with its folder's name counts; moby looks at the first file of that
                name only, and takes a folder `x.spec` for a spec.
            behaviour symlink: a link to a socket counts in every place, as in a look-up.
            error error-reading-dir-entries: an unreadable folder is logged once and skipped; dockerd, which
                is root, creates one that others cannot read.
        """
        names = [name for folder in self.sockets_paths for name in _scan_sockets(self._entries(folder))]
        names += [name for folder in self.specs_paths for name in _scan_specs(self._entries(folder))]
        return list(dict.fromkeys(names))

    def _entries(self, folder: str | Path) -> list[Path]:
        """Return the paths in a folder, or none if it cannot be read."""
        path = Path(folder)
        try:
            entries = sorted(path.iterdir())
        except FileNotFoundError:
            return []
        except OSError as error:
            if path not in self.reported:
                self.reported.add(path)
                reason = (error.strerror or str(error)).lower()
                log.warning("legacy plugins in %s are ignored: %s", path, reason)
            return []
        self.reported.discard(path)
        return entries

    def plugin(self, name: str) -> Plugin:
        """Return the plugin of a name: sockets before specs, `.spec` before `.json`, flat before nested.

        Raises:
            PluginNotFound: No folder has it.
            EngineError: Its spec cannot be read or used.

        Differs:
            behaviour name: names that lead out of the folders are refused.
            behaviour kind: only regular files are specs; reading a pipe would wait for ever.
        """
        if not _is_inside(name):
            raise PluginNotFound(name)
        for path in self._candidates(name, self.sockets_paths, (".sock",)):
            if _is_socket(path):
                return new_local_plugin(name, f"unix://{path}", self.timings)
        for path in self._candidates(name, self.specs_paths, SPEC_SUFFIXES):
            if _is_file(path) and path.suffix == ".json":
                return read_plugin_json_info(name, path, self.timings)
            if _is_file(path):
                return read_plugin_info(name, path, self.timings)
        raise PluginNotFound(name)

    @staticmethod
    def _candidates(name: str, folders: Sequence[str | Path], suffixes: Sequence[str]) -> Iterator[Path]:
        for folder in folders:
            for suffix in suffixes:
                yield from plugin_paths(folder, name, suffix)


def read_plugin_info(name: str, path: Path, timings: Timings = DEFAULT) -> Plugin:
    """Return the plugin whose address is in a `.spec`.

    Raises:
        EngineError: The file cannot be read, or holds no usable address.

    Differs:
        behaviour protocol: `Unknown protocol` for `host:8080` too; moby takes `host` for a scheme.
    """
    try:
        addr = _read(path).decode().strip()
    except UnicodeDecodeError as error:
        raise EngineError(f"{path}: {error}") from error
    transport.parse(addr)
    return new_local_plugin(name, addr, timings)


def read_plugin_json_info(name: str, path: Path, timings: Timings = DEFAULT) -> Plugin:
    """Return the plugin whose address and TLS files are in a `.json`, under the file's name.

    Raises:
        EngineError: The file cannot be read or decoded.
    """
    try:
        spec = encoding_json.decode(_read(path), _Spec)
    except encoding_json.DecodeError as error:
        raise EngineError(f"{path}: {error}") from error
    options = spec.tls_config
    if options is not None and not options.ca_file:
        options = msgspec.structs.replace(options, insecure_skip_verify=True)
    return Plugin(name, spec.addr, options, timings=timings)


def plugin_paths(base: str | Path, name: str, ext: str) -> list[Path]:
    """Return the possible paths of a plugin's file: in the folder, or in a folder of the plugin's name."""
    return [Path(base, name + ext), Path(base, name, name + ext)]


def _scan_sockets(entries: list[Path]) -> Iterator[str]:
    for entry in entries:
        path = entry / f"{entry.name}.sock" if stat.S_ISDIR(_mode(entry)) else entry
        if _is_socket(path):
            yield path.stem


def _scan_specs(entries: list[Path]) -> Iterator[str]:
    for entry in entries:
        nested = [entry / f"{entry.name}{suffix}" for suffix in SPEC_SUFFIXES]
        paths = nested if stat.S_ISDIR(_mode(entry)) else [entry]
        if any(path.suffix in SPEC_SUFFIXES and _is_file(path) for path in paths):
            yield paths[0].stem


def _is_socket(path: Path) -> bool:
    return stat.S_ISSOCK(_mode(path))


def _is_file(path: Path) -> bool:
    return stat.S_ISREG(_mode(path))


def _mode(path: Path) -> int:
    """Return the mode of a path, links followed; 0 if it cannot be read."""
    try:
        return path.stat().st_mode
    except OSError:
        return 0


def _is_inside(name: str) -> bool:
    try:
        os.fsencode(name)
    except UnicodeEncodeError:
        return False
    return "\0" not in name and not any(part in {"", ".", ".."} for part in name.split("/"))


def _read(path: Path) -> bytes:
    try:
        # If the file was replaced by a pipe, opening it must not wait for a writer.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            content = file.read(SPEC_LIMIT + 1)
    except OSError as error:
        raise EngineError(f"open {path}: {(error.strerror or str(error)).lower()}", error) from error
    if len(content) > SPEC_LIMIT:
        raise EngineError(f"{path}: a spec of more than {SPEC_LIMIT} bytes")
    return content
