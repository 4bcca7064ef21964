"""A root as dockerd 20.10.24 leaves it, with a plugin that runs, and what an engine makes of it."""

from __future__ import annotations

# ruff: noqa: PTH115, PTH118, PTH119 - paths here are bytes: names need not be text
import base64
import gzip
import hashlib
import json
import os
import stat
import sys
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from runtime import Daemon

PLUGIN_ID = "57732231b242c2b272f935e5f6eb7de49ae3e401a1ce2dc104a5d7e59b62d9cb"
LOG_PLUGIN_ID = "34cb4bee18b6c688a415c198b0916055a9c506aaaf3962664ca2de82e95dc9b3"
PLUGIN = "my/testvol:v1"
PLUGINS = {PLUGIN: True, "log/plug:latest": False}
OF_THE_PLUGIN = ("a/b", "mv2", "x")

WRITTEN = """
eNrt2r9u00AcwPHYbQpIHfoATDdHadwFKVIRSBUghPgzwgJucpEs3dlW7LhNK08d2JCY2NlYUAfe
AokH6Dt0ZuUcX1z3EKGwUKHvJ7Lufmf75/NJGX4ndzq1dduen22e+1Vnq47XOpd1bbth25u2PTn7
9uXr5/JTBwAAAAAAXDveb+p/37l+3an/b9n2471Hr188PPBZUQAAAAAArh+/ab1mP6Aq/W+Y49Sc
LBI10zL79e0bTf+N3Q64a+MPNs07G9/26s8FHtj4lVd/XrBn4/deva2Q2vi7vf6+OaRO87kO0+xY
PA21FEPRjIie2JtGhZyaQZWMQmUGnoT7UmVieFz2xLM0j5J4EZSTmVLmjZokNl6ZQowS3ZeHoU6V
7Ifmin1z9si0gbiUXYxlEY2qrLlOJ9W0EtPPoiO5Gwx0bxaNTTsYmPF8nl5cVpaqelJ7VsuB1dMK
f5pCbN6m1MVOk8j02zn0fDuXWW4yD4uglau6z00TT7L2lOpw1YScJK3lGG4f2sUIx+PpbrBzpz8w
v6A3PbhYjHixFKkKo7j93OXAHzx5MX3+2AAAAADgWFtR/7+8Sv3fbfrPnfr/rVP/bzr1/2On3j+l
3v+Lep9CHQAAAABwBcvv+bfslwDL/YAuSwMAAAAAwH+j69T/vrMvAAAAAAAAAAAAAAAAAAAAAAAA
/r0fdJd4NQ==
"""
"""The metadata.db of the six volumes, as dockerd wrote it."""

RECORDS: Mapping[str, tuple[str, Mapping[str, str] | None, Mapping[str, str] | None]] = {
    "emptymaps": ("local", {}, {}),
    "fullvol": (
        "local",
        {"com.example.a": "b", "z": "1"},
        {"device": "tmpfs", "o": "size=10m,uid=1000", "type": "tmpfs"},
    ),
    "labelvol": ("local", {"a": "1"}, None),
    "mv2": (PLUGIN, None, None),
    "nfsvol": ("local", None, {"device": ":/x", "o": "addr=127.0.0.1,rw", "type": "nfs"}),
    "plainvol": ("local", None, None),
}
"""What is recorded: driver, labels and options."""

LOCAL = tuple(name for name, (driver, _, _) in RECORDS.items() if driver == "local")

OPTS = {
    "fullvol": '{"MountType":"tmpfs","MountOpts":"size=10m,uid=1000","MountDevice":"tmpfs",'
    '"Quota":{"Size":0}}',
    "nfsvol": '{"MountType":"nfs","MountOpts":"addr=127.0.0.1,rw","MountDevice":":/x","Quota":{"Size":0}}',
}

SERVER = r"""#!{python} -IS
import json, os, socket, threading

rootfs, sockets = os.environ["PLUGIN_ROOTFS"], os.environ["PLUGIN_SOCKETS"]

def volumes():
    try:
        with open(os.path.join(rootfs, os.pardir, "propagated-mount", "state.json")) as file:
            names = json.load(file)
        return {{name: {{"Name": name, "Mountpoint": "/mnt/volumes/" + name}} for name in names}}
    except (OSError, ValueError):
        return {{}}

def get(request):
    found = volumes().get(request.get("Name"))
    return {{"Volume": found}} if found else {{"Err": "no such volume"}}

ANSWERS = {{
    "/Plugin.Activate": lambda _: {{"Implements": ["VolumeDriver"]}},
    "/VolumeDriver.Capabilities": lambda _: {{"Capabilities": {{"Scope": "local"}}}},
    "/VolumeDriver.List": lambda _: {{"Volumes": list(volumes().values())}},
    "/VolumeDriver.Get": get,
}}

def serve(connection):
    with connection, connection.makefile("rb") as lines:
        while line := lines.readline():
            length = 0
            while (header := lines.readline().strip()):
                name, _, value = header.lower().partition(b":")
                length = int(value) if name == b"content-length" else length
            request = json.loads(lines.read(length) or b"{{}}")
            reply = json.dumps(ANSWERS[line.split()[1].decode()](request)).encode()
            head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
            connection.sendall((head % len(reply)).encode() + reply)

listener = socket.socket(socket.AF_UNIX)
listener.bind(os.path.join(sockets, "testvol.sock"))
listener.listen(64)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"""
"""A volume plugin whose volumes are those in propagated-mount/state.json."""


def build(root: Path, *, enabled: bool = True) -> None:
    """Lay out the root: five local volumes, a plugin with three, and one that is disabled."""
    root.mkdir(0o711, parents=True)
    _volumes(root / "volumes")
    plugins = root / "plugins"
    plugins.mkdir(0o700)
    (plugins / "tmp").mkdir(0o700)
    (plugins / "storage" / "blobs" / "sha256").mkdir(parents=True)
    (plugins / "storage" / "ingest").mkdir()
    _plugin(plugins, PLUGIN_ID, PLUGIN, "docker.volumedriver/1.0", enabled=enabled)
    _plugin(plugins, LOG_PLUGIN_ID, "log/plug:latest", "docker.logdriver/1.0", enabled=False)
    state = plugins / PLUGIN_ID / "propagated-mount" / "state.json"
    state.write_text(json.dumps(OF_THE_PLUGIN))
    state.chmod(0o600)


def _volumes(directory: Path) -> None:
    directory.mkdir(0o701)
    for name in LOCAL:
        (directory / name).mkdir(0o701)
        (directory / name / "_data").mkdir(0o755)
        (directory / name / "_data" / "precious").write_text(name)
    for name, opts in OPTS.items():
        (directory / name / "opts.json").write_text(opts)
        (directory / name / "opts.json").chmod(0o600)
    (directory / "metadata.db").write_bytes(zlib.decompress(base64.b64decode(WRITTEN)))
    (directory / "metadata.db").chmod(0o600)
    with suppress(PermissionError):  # only root makes devices
        os.mknod(directory / "backingFsBlockDev", stat.S_IFBLK | 0o600, os.makedev(254, 0))


def _plugin(plugins: Path, plugin_id: str, name: str, kind: str, *, enabled: bool) -> None:
    home = plugins / plugin_id
    home.mkdir(0o700)
    (home / "propagated-mount").mkdir()
    (home / "rootfs").mkdir(0o700)
    (home / "rootfs" / "mnt" / "volumes").mkdir(parents=True)
    program = home / "rootfs" / "testvol"
    program.write_text(SERVER.format(python=sys._base_executable))
    program.chmod(0o755)
    config = plugin_config(kind)
    layer = gzip.compress(f"the layer of {name}".encode(), mtime=0)
    file = {
        "plugin": {
            "Config": config,
            "Enabled": enabled,
            "Id": plugin_id,
            "Name": name,
            "PluginReference": name,
            "Settings": {"Args": [], "Devices": [], "Env": ["DEBUG=0"], "Mounts": []},
        },
        "Rootfs": str(home / "rootfs"),
        "Config": _blob(plugins, json.dumps(config).encode()),
        "Blobsums": [_blob(plugins, layer)],
        "SwarmServiceID": "",
    }
    (home / "config.json").write_text(json.dumps(file))
    (home / "config.json").chmod(0o600)


def plugin_config(kind: str) -> dict[str, Any]:
    """What the author of the plugin wrote down."""
    return {
        "Args": {"Description": "arguments", "Name": "args", "Settable": ["value"], "Value": []},
        "Description": "Test volume plugin",
        "DockerVersion": "20.10.24+dfsg1",
        "Documentation": "https://example.invalid/testvol",
        "Entrypoint": ["/testvol"],
        "Env": [{"Description": "debug flag", "Name": "DEBUG", "Settable": ["value"], "Value": "0"}],
        "Interface": {"Socket": "testvol.sock", "Types": [kind]},
        "IpcHost": False,
        "Linux": {"AllowAllDevices": False, "Capabilities": None, "Devices": None},
        "Mounts": None,
        "Network": {"Type": ""},
        "PidHost": False,
        "PropagatedMount": "/mnt/volumes",
        "User": {},
        "WorkDir": "",
    }


def _blob(plugins: Path, data: bytes) -> str:
    digest = hashlib.sha256(data).hexdigest()
    path = plugins / "storage" / "blobs" / "sha256" / digest
    if not path.exists():
        path.write_bytes(data)
        path.chmod(0o444)
    return f"sha256:{digest}"


Entry: TypeAlias = tuple[str, int, int, int, object]
"""Of what kind an entry is, its mode, owner and group, and what is in it."""


def snapshot(root: Path) -> dict[bytes, Entry]:
    """All that is below a root, links not followed."""
    return dict(_entries(os.fsencode(root), b""))


def _entries(root: bytes, below: bytes) -> Iterator[tuple[bytes, Entry]]:
    with os.scandir(os.path.join(root, below)) as found:
        for entry in found:
            path = os.path.join(below, entry.name)
            yield path, _entry(os.path.join(root, path))
            if entry.is_dir(follow_symlinks=False):
                yield from _entries(root, path)


def _entry(path: bytes) -> Entry:
    status = os.lstat(path)
    kind = stat.filemode(status.st_mode)[0]
    held: object = None
    if kind == "-":
        held = _digest(path, status)
    elif kind == "l":
        held = os.readlink(path)
    elif kind in "bc":
        held = status.st_rdev
    return kind, stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid, held


def _digest(path: bytes, status: os.stat_result) -> object:
    """The content of a file; of a config.json what it says, of a sparse one its size."""
    if status.st_size > 64 << 20:
        return status.st_size, status.st_blocks
    data = Path(os.fsdecode(path)).read_bytes()
    if os.path.basename(path) == b"config.json":
        with suppress(ValueError, RecursionError):
            return json.loads(data)
    return data


@dataclass(frozen=True, slots=True)
class Observed:
    """What an engine says of a root."""

    volumes: Mapping[str, tuple[str, Mapping[str, str] | None, Mapping[str, str] | None]]
    warnings: tuple[str, ...]
    plugins: Mapping[str, bool]


def observe(daemon: Daemon) -> Observed:
    """Ask an engine for all that it has."""
    volumes, warnings = daemon.volumes.list()
    plugins = daemon.plugins.list()
    return Observed(
        {volume.name: (volume.driver, volume.labels, volume.options) for volume in volumes},
        tuple(sorted(warnings)),
        {plugin.name: plugin.enabled for plugin in plugins},
    )
