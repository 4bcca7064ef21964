"""Open a root that dockerd made, in place: its volumes exist, and its database is unchanged."""

from __future__ import annotations

import base64
import fcntl
import tempfile
import zlib
from pathlib import Path

from runtime import Config, Daemon
from runtime.examples._story import say, show_error
from runtime.volume.drivers.extpoint import new_store as new_driver_store
from runtime.volume.drivers.proxy import Timings
from runtime.volume.service.store import new_store

WRITTEN = """
eNrt2z1Lw0Acx/EkbdXBoS9BbtClSN2k4OYi+PAaYr1C4PJA0wY0BF+Eo+9EEF+Bu7gIjkLfg3f00saIrZulfj9wXP73NIQuv2vr
OFNN209etyeeeWhP64bzVcv2G7X++WlP7I5P3hwAAAAAALBy3CX536utb9Zyf3kfsP9w+/54f5jxRgEAAAAAWD3erHdn9wEm+m/q
9qFbFqtxKNOft88vCHZ029LtzNayUiv/Uip9Vi7O/VCKnigHREccD4NMDs1Y3PfNwKmZS0UvF1F1ZdERF8koiCM9FY2VKhLlB1H1
0HJg+aGzld8O5SMBAAAAAFhDjQX5P3R/kf/nfxDo2m3K1ne1+4CXSj3QUbua3G29KLibdF4J67m4klnQN5tHYTJI9cpYP6fBjTw6
6Ia6HF0n89mi4AoCAAAAAPB/lb/nb9sv8ss43+LVAAAAAACwNlq1/O/V7gUAAAAAAAAAAAAAAAAAAAAAAMDf+wRdgLRx
"""
"""The records of three volumes, as a dockerd 20.10 wrote them in bolt's format."""


def main() -> None:
    """Create a root as dockerd leaves it, use it, and inspect it afterwards."""
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary) / "root"
        file = dockerd_has_been_here(root)
        before = file.read_bytes()
        say("A file of bolt's", f"{len(before)} bytes")

        with Daemon(Config(root=root, plugin_folders=())) as daemon:
            for volume in daemon.volumes.list().volumes:
                say(f"  {volume.name}", f"labels {volume.labels}, options {volume.options}")
            daemon.volumes.create("ours", "local", labels={"by": "us"})
            daemon.volumes.remove("plainvol")
            say("Meanwhile a dockerd cannot use the root", not is_free(file))

        say("Its file is as it was", file.read_bytes() == before)
        say("Ours is beside it", sorted(path.name for path in file.parent.glob("metadata.*")))
        with file.open("rb") as locked:
            fcntl.flock(locked, fcntl.LOCK_EX)
            show_error("Where a dockerd runs, we do not", lambda: opened(root))

        with Daemon(Config(root=root, plugin_folders=())) as daemon:
            names = sorted(volume.name for volume in daemon.volumes.list().volumes)
            say("What was removed here does not come back", names)


def dockerd_has_been_here(root: Path) -> Path:
    """Create the directories and files of three volumes, and return the file of their records."""
    base = root / "volumes"
    for name in ("plainvol", "labelvol", "fullvol"):
        (base / name / "_data").mkdir(parents=True)
    (base / "fullvol" / "opts.json").write_text(
        '{"MountType":"tmpfs","MountOpts":"size=10m","MountDevice":"tmpfs","Quota":{"Size":0}}'
    )
    file = base / "metadata.db"
    file.write_bytes(zlib.decompress(base64.b64decode(WRITTEN)))
    return file


def is_free(file: Path) -> bool:
    """Return whether another process could lock the file, as dockerd does."""
    with file.open("rb") as locked:
        try:
            fcntl.flock(locked, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def opened(root: Path) -> object:
    """Open the volumes of a root, with a short time limit."""
    return new_store(root, new_driver_store(None), timings=Timings(database_lock=0.1))


if __name__ == "__main__":
    main()
