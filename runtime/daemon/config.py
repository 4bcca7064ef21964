"""The engine's settings: directories, executor, hooks and time limits.

Go: daemon/config/config_common_unix.go, daemon/config/config_unix.go
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from runtime import workers
from runtime.errdefs import InvalidParameter
from runtime.pkg.plugins.plugins import Handler
from runtime.pkg.plugins.transport import Timings as LegacyTimings
from runtime.plugin.defs import Timings as PluginTimings
from runtime.plugin.v2.plugin import SpecOpt
from runtime.volume.drivers.proxy import Timings as VolumeTimings
from runtime.workers import Threads, Workers

ExecutorName: TypeAlias = Literal["process", "runc"]
"""How managed plugins run: as plain processes, or in containers."""

EXEC_ROOT = "run"
"""The default exec root under a root; moby's is /run/docker, which needs root."""


@dataclass(frozen=True, slots=True)
class Timings:
    """An engine's time limits, in seconds.

    Args:
        start: How long plugins and drivers that do not answer may delay the start, all together.
        volumes: Those of volumes and their drivers.
        plugins: Those of managed plugins.
        legacy: Those of legacy plugins.
    """

    start: float = 1.0
    volumes: VolumeTimings = field(default_factory=VolumeTimings)
    plugins: PluginTimings = field(default_factory=PluginTimings)
    legacy: LegacyTimings = field(default_factory=LegacyTimings)


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of an engine.

    Args:
        root: The directory of persistent data.
        exec_root: The directory of sockets and other runtime state; under `root` by default. No two engines
            can share it.
        executor: How managed plugins run.
        plugin_folders: The folders of legacy plugins; None for moby's folders.
        hosts: The addresses of the API, about which `docker info` warns.
        live_restore_enabled: Whether managed plugins run on while the engine is stopped.
        spec_options: Functions that change the specs of managed plugins, by capability.
        handlers: Functions called for each plugin that becomes active, by capability.
        timings: Time limits.
        workers: Run tasks in the background; each task must start at once (no pool of fixed size).

    """

    root: Path
    exec_root: Path | None = None
    executor: ExecutorName = "process"
    plugin_folders: Sequence[Path] | None = None
    live_restore_enabled: bool = False
    hosts: Sequence[str] = ()
    spec_options: Mapping[str, Sequence[SpecOpt]] = field(default_factory=dict)
    handlers: Mapping[str, Sequence[Handler]] = field(default_factory=dict)
    timings: Timings = field(default_factory=Timings)
    workers: Workers = field(default_factory=Threads)

    if TYPE_CHECKING:

        def __init__(  # noqa: PLR0913, PLR0917 - the fields, with the wider types that are accepted
            self,
            root: str | os.PathLike[str],
            exec_root: str | os.PathLike[str] | None = None,
            executor: ExecutorName = "process",
            plugin_folders: Sequence[str | os.PathLike[str]] | None = None,
            live_restore_enabled: bool = False,  # noqa: FBT001, FBT002 - as a dataclass makes it
            hosts: Sequence[str] = ...,
            spec_options: Mapping[str, Sequence[SpecOpt]] = ...,
            handlers: Mapping[str, Sequence[Handler]] = ...,
            timings: Timings = ...,
            workers: Workers = ...,
        ) -> None: ...

    def __post_init__(self) -> None:
        """Accept paths as strings.

        Raises:
            InvalidParameter: A path is empty or not a path, the executor is unknown, or `workers` is a pool
                of fixed size.
        """
        object.__setattr__(self, "root", _path("root", self.root))
        if self.exec_root is not None:
            object.__setattr__(self, "exec_root", _path("exec_root", self.exec_root))
        if isinstance(self.plugin_folders, (str, os.PathLike)):
            raise InvalidParameter("plugin_folders must be a sequence of paths, not a single path")
        if self.plugin_folders is not None:
            folders = tuple(_path("plugin_folders", folder) for folder in self.plugin_folders)
            object.__setattr__(self, "plugin_folders", folders)
        workers.check(self.workers)
        if self.executor not in get_args(ExecutorName):
            raise InvalidParameter(f"executor must be one of {get_args(ExecutorName)}, not {self.executor!r}")

    def absolute(self) -> Config:
        """Return the settings with absolute paths, which a change of directory does not affect."""
        return replace(
            self,
            root=self.root.absolute(),
            exec_root=self.exec_root and self.exec_root.absolute(),
            plugin_folders=self.plugin_folders
            and tuple(Path(folder).absolute() for folder in self.plugin_folders),
        )

    def get_exec_root(self) -> Path:
        """Return the directory of sockets and other runtime state."""
        return self.exec_root or self.root / EXEC_ROOT


def _path(name: str, path: str | bytes | os.PathLike[str] | os.PathLike[bytes]) -> Path:
    try:
        text = os.fsdecode(path)
    except TypeError as error:
        raise InvalidParameter(f"{name} must be a path, not {path!r}") from error
    if not text or "\0" in text:
        raise InvalidParameter(f"{name} must be a path, not {path!r}")
    return Path(text)
