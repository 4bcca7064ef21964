"""Looks at the volumes of an engine that is stopped, and changes nothing."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path

from runtime.errors import EngineError
from runtime.volumes import bolt, local_options, metadata
from runtime.volumes.driver import DEFAULT_DRIVER_NAME
from runtime.volumes.local import VOLUMES_PATH_NAME, Root
from runtime.volumes.local_options import BrokenOptions
from runtime.volumes.local_steps import CREATING, REMOVING, aside
from runtime.volumes.local_volume import VOLUME_DATA_PATH_NAME


def inspect(root: Path) -> tuple[str, ...]:
    """What is wrong with the volumes under a root, one sentence each.

    Raises:
        OSError: The root cannot be read.
    """
    directory = root / VOLUMES_PATH_NAME
    return (*_inspect(root, directory),) if directory.is_dir() else ()


def _inspect(root: Path, directory: Path) -> Iterator[str]:
    records, problems = _records(directory)
    yield from problems
    drivers: dict[str, str] = {}
    for name, value in records.items():
        try:
            drivers[name] = metadata.decode(value).driver if value else ""
        except EngineError as error:
            yield f"volume {name}: its record cannot be understood: {error}"
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield from _directories(Root(root.absolute(), descriptor), drivers)
    finally:
        os.close(descriptor)


def _directories(root: Root, drivers: Mapping[str, str]) -> Iterator[str]:
    names, leftovers = root.on_disk()
    for leftover in sorted(leftovers):
        yield f"{root.path}/{leftover}: left by a crash; the next start ends what was begun"
    for name in sorted(names):
        yield from _directory(root, name)
    recorded = {name for name, driver in drivers.items() if driver == DEFAULT_DRIVER_NAME}
    for name in sorted(recorded - names):
        if leftovers.isdisjoint({aside(CREATING, name), aside(REMOVING, name)}):
            yield f"volume {name}: it is recorded, and has no directory"


def _directory(root: Root, name: str) -> Iterator[str]:
    try:
        local_options.read(f"{name}/{local_options.FILE}", root.descriptor)
    except BrokenOptions as error:
        yield f"volume {name}: its options cannot be understood: {error}"
    if not os.access(f"{name}/{VOLUME_DATA_PATH_NAME}", os.F_OK, dir_fd=root.descriptor):
        yield f"volume {name}: its directory {VOLUME_DATA_PATH_NAME} is missing"


def _records(directory: Path) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """The records in our database, or in dockerd's file if there is none."""
    path = directory / metadata.FILE
    if path.exists():
        return _rows(path)
    if (directory / metadata.BOLT_FILE).is_file() and (directory / metadata.BOLT_FILE).stat().st_size:
        snapshot = bolt.read(directory / metadata.BOLT_FILE)
        return {
            key.decode(errors="replace"): value for key, value in snapshot.records.items()
        }, snapshot.problems
    return {}, ()


def _rows(path: Path) -> tuple[dict[str, bytes], tuple[str, ...]]:
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        problems = [row[0] for row in database.execute("pragma integrity_check") if row[0] != "ok"]
        rows = dict(database.execute("select name, value from volumes"))
    except sqlite3.Error as error:
        return {}, (f"{path}: {error}",)
    finally:
        database.close()
    return rows, tuple(f"{path}: {problem}" for problem in problems)
