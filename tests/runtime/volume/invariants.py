"""What must be true of a root's volumes at any time, and what is not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from runtime.volume.local.local import Root
from runtime.volume.service import db
from runtime.volume.volume import DEFAULT_DRIVER_NAME

if TYPE_CHECKING:
    from runtime.volume.service.store import VolumeStore


def check(store: VolumeStore) -> tuple[str, ...]:
    """What is wrong, one sentence each; nothing if all is as it should be.

    No work must go on meanwhile.
    """
    return (*store.records.problems, *store.db.warnings(), *_records(store), *_memory(store), *_local(store))


def _records(store: VolumeStore) -> Iterator[str]:
    """What is in memory is what is on disk."""
    found = dict(store.db.database.execute("select name, value from volumes"))
    for name, meta in store.db.rows.items():
        if name not in found:
            yield f"volume {name}: its record is in memory and not on disk"
        elif db.decode(found[name]) != meta:
            yield f"volume {name}: its record on disk is another than in memory"
    unknown = found.keys() - store.db.rows.keys() - store.db.broken.keys()
    yield from (f"volume {name}: its record is on disk and not in memory" for name in unknown if found[name])
    for driver, volumes in store.db.drivers.items():
        counted = sum(meta.driver == driver for meta in store.db.rows.values())
        if counted != volumes:
            yield f"driver {driver}: {volumes} volumes are counted, and {counted} are recorded"


def _memory(store: VolumeStore) -> Iterator[str]:
    """Who is known is recorded, who is used is known, and nobody holds a lock."""
    for name, volume in store.names.items():
        meta = store.db.rows.get(name)
        if meta is None:
            yield f"volume {name}: it is known and not recorded"
        elif meta.driver != volume.driver_name:
            yield f"volume {name}: it is of driver {volume.driver_name}, and recorded as of {meta.driver}"
    for name, refs in store.refs.items():
        if name not in store.names:
            yield f"volume {name}: it is not known and used by {', '.join(sorted(refs))}"
    yield from (f"volume {name}: it is held and not known" for name in store.held - store.names.keys())
    yield from (f"volume {name}: its lock is held" for name in store.locks.locks)


def _local(store: VolumeStore) -> Iterator[str]:
    """The local driver's volumes are directories, nothing is left over, and each record has its volume."""
    root = store.drivers.extensions.get(DEFAULT_DRIVER_NAME)
    if not isinstance(root, Root):
        return
    yield from root.warnings()
    there, leftovers = root.on_disk()
    for name in leftovers:
        yield f"{root.path}/{name}: a directory that is left over"
    known = {volume.name for volume in root.list()}
    yield from (f"volume {name}: it is known and has no directory" for name in sorted(known - there))
    yield from (f"volume {name}: it has a directory and is not known" for name in sorted(there - known))
    recorded = {name for name, meta in store.db.rows.items() if meta.driver == root.name}
    yield from (f"volume {name}: it is recorded and does not exist" for name in sorted(recorded - known))
