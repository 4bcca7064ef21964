"""Tars that no honest client sends: each is refused with a reason or makes a plugin, and nothing else."""

from __future__ import annotations

import io
import json
import tarfile
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies

pytestmark = pytest.mark.slow

CONFIG = json.dumps(
    {
        "description": "a plugin of the tests",
        "entrypoint": ["/none"],
        "interface": {"types": ["docker.volumedriver/1.0"], "socket": "none.sock"},
    }
).encode()
HUGE = str(1 << 70)


def entry(name: str, size: int = 0, **attributes: Any) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.size = size
    for key, value in attributes.items():
        setattr(made, key, value)
    return made


def tar(*entries: tarfile.TarInfo, style: int = tarfile.PAX_FORMAT) -> bytes:
    """A plugin's tar with more in it; what the entries say of their sizes is not true."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=style) as archive:
        archive.addfile(entry("config.json", len(CONFIG)), io.BytesIO(CONFIG))
        archive.addfile(entry("rootfs", type=tarfile.DIRTYPE, mode=0o755))
        archive.addfile(entry("rootfs/file", 5), io.BytesIO(b"12345"))
        for more in entries:
            made.write(more.tobuf(style))
            archive.offset = made.tell()
    return made.getvalue()


def pax(**headers: str) -> tarfile.TarInfo:
    return entry("rootfs/x", pax_headers={name.replace("_", "."): value for name, value in headers.items()})


TARS = {
    "a time that is no number": tar(pax(mtime="nan")),
    "a time that never comes": tar(pax(mtime="inf")),
    "a time beyond all clocks": tar(pax(mtime=HUGE)),
    "an owner beyond all numbers": tar(pax(uid=HUGE, gid=HUGE)),
    "a negative owner": tar(entry("rootfs/x", uid=-5, gid=-5), style=tarfile.GNU_FORMAT),
    "a size that is a lie": tar(pax(size="1000000000000")),
    "a size beyond all numbers": tar(pax(size=HUGE)),
    "a negative size": tar(pax(size="-5")),
    "a size that is no number": tar(pax(size="x")),
    "a path in another header": tar(pax(path="/etc/passwd-of-nobody")),
    "a way out in another header": tar(pax(path="rootfs/../../../out")),
    "a link in another header": tar(entry("rootfs/l", type=b"1", pax_headers={"linkpath": "/etc/passwd"})),
    "a name of a zero": tar(pax(path="rootfs/a\0b")),
    "a name of a thousand characters": tar(entry("rootfs/" + "n" * 1000)),
    "a path of a thousand folders": tar(entry("rootfs/" + "d/" * 3000 + "x")),
    "a name that is no text": tar(entry("rootfs/\udcff\udcfe"), style=tarfile.GNU_FORMAT),
    "a giant that is all holes": tar(pax(GNU_sparse_major="1", GNU_sparse_minor="0", GNU_sparse_size=HUGE)),
    "holes of an older kind": tar(pax(GNU_sparse_map="0,99999999999999", GNU_sparse_size="99999999999999")),
    "holes that are no numbers": tar(pax(GNU_sparse_map="x,y", GNU_sparse_size="z")),
    "an unknown encoding": tar(pax(hdrcharset="BINARY", comment="\udcff")),
    "a type that nobody knows": tar(entry("rootfs/x", type=b"Z")),
    "the config as a folder": tar(entry("config.json", type=tarfile.DIRTYPE)),
    "the config as a link": tar(entry("config.json", type=tarfile.SYMTYPE, linkname="/etc/passwd")),
    "a file in a file": tar(entry("rootfs/file/x")),
    "a folder in the place of a file": tar(entry("rootfs/file", type=tarfile.DIRTYPE)),
    "a file in the place of a folder": tar(entry("rootfs/d", type=tarfile.DIRTYPE), entry("rootfs/d")),
    "a link to itself": tar(entry("rootfs/l", type=tarfile.SYMTYPE, linkname="l"), entry("rootfs/l/x")),
    "a device": tar(entry("rootfs/n", type=tarfile.CHRTYPE, devmajor=1, devminor=3)),
    "a pipe": tar(entry("rootfs/p", type=tarfile.FIFOTYPE)),
    "everybody's bits": tar(entry("rootfs/x", mode=0o7777)),
}  # fmt: skip


def create(watched: Any, data: bytes) -> None:
    """Make a plugin of a tar, and remove it if there is one; the engine has no surprise to tell of."""
    answer = watched.engine.ask("POST", "/plugins/create?name=fuzzed", data)
    assert answer.status in {204, 400, 500}
    assert answer.status == 204 or answer.json()["message"]
    assert b"internal error" not in answer.body
    watched.engine.ask("DELETE", "/plugins/fuzzed")
    assert watched.engine.ask("GET", "/plugins").json() == []


@pytest.mark.parametrize("name", TARS)
def test_a_tar_that_lies_is_refused_or_harmless(watched: Any, name: str) -> None:
    create(watched, TARS[name])


@hypothesis.settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=300,
    phases=[hypothesis.Phase.generate],
    suppress_health_check=list(hypothesis.HealthCheck),
)
@hypothesis.given(
    base=strategies.sampled_from(sorted(TARS)),
    changes=strategies.lists(
        strategies.tuples(strategies.integers(0, 6000), strategies.binary(min_size=1, max_size=12)),
        max_size=4,
    ),
    end=strategies.integers(1, 20_000),
)
def test_a_tar_with_other_bytes_in_it_is_refused_or_harmless(
    watched: Any, base: str, changes: list[tuple[int, bytes]], end: int
) -> None:
    data = bytearray(TARS[base])
    for at, new in changes:
        data[at : at + len(new)] = new
    create(watched, bytes(data[:end]))
