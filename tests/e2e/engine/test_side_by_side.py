"""The same requests to dockerd 20.10 and to ours: every difference has a reason, or is a fault."""

from __future__ import annotations

import io
import itertools
import json
import re
import tarfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import quote

import pytest

pytestmark = pytest.mark.slow

VERSIONS = ("", "/v1.24", "/v1.30", "/v1.39")


@dataclass(frozen=True)
class Step:
    method: str
    path: str
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        shown = self.body
        if isinstance(shown, bytes):
            shown = f"{len(shown)} bytes" if len(shown) > 200 else shown.decode("latin-1")
        elif shown is not None:
            shown = json.dumps(shown)
        headers = "".join(f" [{name}: {value}]" for name, value in self.headers.items())
        return f"{self.method} {self.path}{headers}" + (f" {shown}" if shown is not None else "")


def get(path: str) -> Step:
    return Step("GET", path)


def post(path: str, body: Any = None, **headers: str) -> Step:
    return Step("POST", path, body, {name.replace("_", "-"): value for name, value in headers.items()})


def delete(path: str) -> Step:
    return Step("DELETE", path)


def filtered(path: str, filters: Any) -> str:
    text = filters if isinstance(filters, str) else json.dumps(filters)
    return f"{path}?filters={quote(text)}"


def tar(config: Any = None, *, rootfs: bool = True) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        if config is not None:
            data = config if isinstance(config, bytes) else json.dumps(config).encode()
            entry = tarfile.TarInfo("config.json")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
        if rootfs:
            entry = tarfile.TarInfo("rootfs")
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(entry)
    return made.getvalue()


CONFIG: dict[str, Any] = {
    "description": "a plugin <&> of the tests",
    "entrypoint": ["/none"],
    "interface": {"types": ["docker.volumedriver/1.0"], "socket": "none.sock"},
    "network": {"type": "none"},
    "env": [
        {"name": "DEBUG", "description": "", "settable": ["value"], "value": "0"},
        {"name": "FIXED", "description": "", "value": "1"},
    ],
    "args": {"name": "args", "description": "", "settable": ["value"], "value": []},
    "mounts": [
        {"name": "data", "source": "/tmp", "destination": "/data", "type": "bind", "settable": ["source"]},
        {"name": "fixed", "source": "/tmp", "destination": "/fixed", "type": "bind"},
    ],
    "linux": {"capabilities": ["CAP_SYS_ADMIN"], "devices": [{"name": "fuse", "path": "/dev/fuse"}]},
}

NAMES = (
    "a", "ab", "Ab9", "a.b", "a-b", "a_b", "-ab", ".ab", "_ab", "a/b", "a b", "a:b", "é1", "a" * 255, "..", "a..",
    "a\nb", "a%b", "0", "00", "a@b", "~ab", "a,b", "a+b",
)  # fmt: skip
BODIES = (
    b"", b"{", b"}", b"[]", b"null", b"nul", b"true", b"tru", b'"x"', b"12", b"-", b"-x", b"1.", b"1.x", b"1e", b"1ex",
    b"01", b"{a}", b'{"a"}', b'{"a" 1}', b'{"a":1', b'{"a":1,}', b'{"a":1 "b"}', b"[1", b"[1,]", b"[1 2]", b'{"Name":"',
    b'{"Name":"\x01"}', b'{"Name":"\\x"}', b'{"Name":"\\u12g4"}', b"{'Name':1}", b"\xff", b'{"Name":1}',
    b'{"Name":true}', b'{"Name":{}}', b'{"Name":[]}', b'{"Name":1.5e3}', b'{"Driver":1}', b'{"Labels":1}',
    b'{"Labels":[]}', b'{"Labels":{"a":1}}', b'{"Labels":{"a":{}}}', b'{"DriverOpts":"x"}', b'{"DriverOpts":{"a":true}}',
    b"  \n", b"nulls", b"falsy", b"fals", b'{"a":tru}', b'{"a":nulx}', b"/", b'{"Name":"x1","Name":1}', b"{,}",
    b'{"Name":"\xff\xfe"}', b"\x00", b"[" * 20, b'{"name":1}', b"\xc3\xa9",
)  # fmt: skip
FILTERS: tuple[Any, ...] = (
    "{}", "", "x", "[]", "1", '"x"', "null", "{", '{"a"', '{"name":1}', '{"name":{"a":1}}', '{"name":["a"],"x":{}}',
    '{"name":null}', "{}x", '{"name":["ab"]', "  ", {"bogus": ["x"]}, {"bogus": {"x": True}}, {"name": ["ab"]},
    {"name": {"ab": True}}, {"name": ["^f"]}, {"name": ["["]}, {"name": ["f1", "f2"]}, {"driver": ["local"]},
    {"driver": ["nope"]}, {"label": ["k"]}, {"label": ["k=v"]}, {"label": ["k=w"]}, {"label": ["k", "l"]},
    {"label!": ["k"]}, {"label!": ["k=v"]}, {"dangling": ["true"]}, {"dangling": ["false"]}, {"dangling": ["1"]},
    {"dangling": ["0"]}, {"dangling": ["x"]}, {"dangling": ["true", "false"]}, {"dangling": []},
    {"name": {"f1": False}}, {"label": ["k"], "name": ["f1"]}, {"name": []}, {"label": [""]}, {"name": [""]},
)  # fmt: skip
OPTIONS = (
    {"type": "tmpfs", "device": "tmpfs", "o": "size=1m"}, {"bogus": "1"}, {"device": "/none"}, {"type": "tmpfs"},
    {"o": "x"}, {}, {"size": "1"}, {"size": "x"}, {"type": "nfs", "device": ":/x", "o": "addr=127.0.0.1"}, {"": ""},
    {"DEVICE": "/none"},
)  # fmt: skip
CONFIGS: tuple[Any, ...] = (
    None, b"", b"{", b"{}", b"null", b"[]", b"{}x", {**CONFIG, "interface": {"types": ["x"], "socket": "s"}},
    {**CONFIG, "interface": {"types": [1], "socket": "s"}}, {**CONFIG, "env": 1}, {**CONFIG, "entrypoint": "x"},
    {**CONFIG, "interface": {"types": ["docker.volumedriver/1.0"], "socket": ".."}}, {"Description": None},
)  # fmt: skip
REFERENCES = ("", "UP/x", "a", "a/b/c", "a:b:c", "x y", "-a", "a@sha256:" + "0" * 64, "a:" + "t" * 129, "a..b", "h:1/a:2")
SETTINGS: tuple[Any, ...] = (
    ["DEBUG=1"], ["FIXED=2"], ["NONE=1"], ["args=a b"], ["data.source=/var"], ["data=/usr"], ["data.x=1"], ["fixed.source=/"],
    ["="], [""], ["DEBUG"], ["DEBUG.value=1"], [], ["fuse.path=/dev/null"], ["DEBUG=1", "NONE=1"], ["a.b.c=1"],
)  # fmt: skip
TIMES = ("", "0", "1", "x", "1.5", "1.x", "-1", "9999999999999999999", "1.123456789", "2020-01-01", " 1", "+1", "1e3")
PATHS = (
    "/", "/v1.39", "/v1.39/", "/volumes/", "/volumes//ab", "/volumes/./ab", "/volumes/../volumes", "//volumes", "/v1.39//volumes",
    "/nope", "/v1.39/nope", "/v1.23/nope", "/v9/nope", "/v1.39/volumes/", "/volumes/ab/", "/volumes/a%2Fb", "/volumes/%61b",
    "/volumes/%zz", "/volumes/a%20b", "/volumes/%E9", "/volumes/..%2f", "/VOLUMES", "/volumes?x=%zz", "/volumes/create", "/volumes/prune",
    "/plugins/", "/plugins//json", "/plugins/json", "/plugins/a/b/json", "/plugins/create", "/v/volumes", "/vx/volumes",
    "/v1.x/volumes", "/v1/volumes", "/v1.11/volumes", "/v1.40.1/nope", "/v1.12/volumes/none", "/v1.23/volumes/none",
    "/v1.24/volumes/none", "/v0/volumes", "/v1.39.0/volumes/none", "/v.1/volumes", "/v1.11/_ping", "/v1.22/plugins/none/json",
    "/containers/json", "/info/", "/version/", "/events/", "/system/df/", "/_ping/", "/volumes/ab?filters=x", "/volumes?a;b",
    "/volumes/none;x", "/volumes/none?x#y",
)  # fmt: skip


def steps() -> Iterator[Step]:
    yield from system()
    yield from volumes()
    yield from plugins()


def system() -> Iterator[Step]:
    for version in VERSIONS:
        yield get(f"{version}/_ping")
        yield Step("HEAD", f"{version}/_ping")
        yield get(f"{version}/version")
        yield get(f"{version}/volumes")
        yield get(f"{version}/plugins")
        yield get(f"{version}/system/df")
        yield Step("OPTIONS", f"{version}/anything")
    for path in PATHS:
        yield get(path)
    for method, path in itertools.product(("PUT", "PATCH", "POST", "DELETE"), ("/volumes", "/_ping", "/info", "/v1.39/version")):
        yield Step(method, path)
    for path in ("/volumes/none", "/volumes/create", "/plugins/none"):
        yield Step("HEAD", path)
        yield Step("PUT", path)
    for time in TIMES:
        yield get(f"/events?until=1&since={quote(time)}")
    for until in ("0", "x", "1.x", "2"):
        yield get(f"/v1.39/events?since=1&until={quote(until)}")
    for filters in ("x", "[]", {"type": ["volume"]}, {"type": {"volume": True}}, {"bogus": ["x"]}):
        yield get(filtered("/v1.39/events", filters) + "&since=1&until=2")


def volumes() -> Iterator[Step]:
    for name in NAMES:
        yield post("/v1.39/volumes/create", {"Name": name})
        yield get(f"/v1.39/volumes/{quote(name, '')}")
    yield get("/v1.39/volumes")
    for name in NAMES:
        yield delete(f"/v1.39/volumes/{quote(name, '')}")
        yield delete(f"/v1.39/volumes/{quote(name, '')}?force=1")
    for body in BODIES:
        yield post("/v1.39/volumes/create", body, Content_Type="application/json")
    yield post("/v1.23/volumes/create", b"{", Content_Type="application/json")
    yield post("/v1.39/volumes/prune")
    for kind in ("", "text/plain", "application/json; charset=utf-8", "APPLICATION/JSON", "application/jsonx", "a/b/c", "application/json;", "json"):
        yield post("/v1.39/volumes/create", b'{"Name":"typed"}', Content_Type=kind)
    yield post("/v1.39/volumes/create", b'{"Name":"typed"}')
    yield post("/v1.39/volumes/create")
    yield post("/v1.39/volumes/create", {"name": "folded", "LABELS": {"A": "b"}, "driveropts": None, "unknown": 1})
    yield post("/v1.39/volumes/create", b'{"Name":"first"}{"Name":"second"}', Content_Type="application/json")
    yield post("/v1.39/volumes/create", b'{"Name":"trailed"}]', Content_Type="application/json")
    yield post("/v1.39/volumes/create", {"Name": "nulled", "Labels": {"a": None}})
    yield post("/v1.39/volumes/create", {"Name": "labels", "Labels": {"b": "2", "a": "<&>\u2028", "": "é"}})
    for driver in ("local", "", "LOCAL", "a b", "local:latest"):
        yield post("/v1.39/volumes/create", {"Name": f"d-{len(driver)}", "Driver": driver})
    for position, options in enumerate(OPTIONS):
        yield post("/v1.39/volumes/create", {"Name": f"o{position}", "DriverOpts": options})
        yield get(f"/v1.39/volumes/o{position}")
    yield post("/v1.39/volumes/create", {"Name": "o0", "DriverOpts": {"type": "x"}, "Labels": {"new": "1"}})
    yield get("/v1.39/volumes")
    yield get("/v1.39/system/df")
    yield post("/v1.39/volumes/prune")
    yield get("/v1.39/volumes")
    for name in ("f1", "f2", "f3"):
        yield post("/v1.39/volumes/create", {"Name": name, "Labels": {"k": "v", name: ""} if name != "f3" else None})
    for filters in FILTERS:
        yield get(filtered("/v1.39/volumes", filters))
    for filters in FILTERS:
        yield post("/v1.39/volumes/create", {"Name": "f1", "Labels": {"k": "v"}})
        yield post(filtered("/v1.39/volumes/prune", filters))
    yield get("/v1.39/events?since=0&until=1")


def plugins() -> Iterator[Step]:
    for config in CONFIGS:
        yield post("/v1.39/plugins/create?name=cfg", tar(config), Content_Type="application/x-tar")
        yield get("/v1.39/plugins/cfg/json")
        yield delete("/v1.39/plugins/cfg")
    yield post("/v1.39/plugins/create?name=cfg", b"no tar", Content_Type="application/x-tar")
    yield post("/v1.39/plugins/create?name=cfg", b"", Content_Type="application/x-tar")
    yield post("/v1.39/plugins/create?name=cfg", tar(CONFIG, rootfs=False), Content_Type="application/x-tar")
    for name in REFERENCES:
        yield post(f"/v1.39/plugins/create?name={quote(name)}", tar(CONFIG), Content_Type="application/x-tar")
    yield get("/v1.39/plugins")
    for name in REFERENCES:
        yield get(f"/v1.39/plugins/{quote(name)}/json")
        yield delete(f"/v1.39/plugins/{quote(name)}")
    yield post("/v1.39/plugins/create?name=p/q", tar(CONFIG), Content_Type="application/x-tar")
    yield post("/v1.39/plugins/create?name=p/q:latest", tar(CONFIG), Content_Type="application/x-tar")
    for name in ("p/q", "p/q:latest", "docker.io/p/q", "p/q:other", "P", "none"):
        yield get(f"/v1.39/plugins/{name}/json")
    for settings in SETTINGS:
        yield post("/v1.39/plugins/p/q/set", settings)
    yield get("/v1.39/plugins/p/q/json")
    for body in BODIES:
        yield post("/v1.39/plugins/p/q/set", body, Content_Type="application/json")
    yield post("/v1.39/plugins/p/q/set", b'["DEBUG=1"]', Content_Type="text/plain")
    for query in ("", "?timeout=", "?timeout=x", "?timeout=1.5", "?timeout=99999999999999999999"):
        yield post(f"/v1.39/plugins/p/q/enable{query}")
        yield post(f"/v1.39/plugins/none/enable{query}")
    for force in ("", "?force=1", "?force=false", "?force=no"):
        yield post(f"/v1.39/plugins/p/q/disable{force}")
        yield post(f"/v1.39/plugins/none/disable{force}")
        yield delete(f"/v1.39/plugins/none{force}")
    for filters in (*FILTERS[:18], {"enabled": ["true"]}, {"enabled": ["false"]}, {"enabled": ["x"]}, {"enabled": ["true", "false"]},
                    {"capability": ["volumedriver"]}, {"capability": ["logdriver"]}, {"capability": ["volume"]}):  # fmt: skip
        yield get(filtered("/v1.39/plugins", filters))
    yield post("/v1.39/plugins/pull?remote=localhost:1/a/b", [])
    yield post("/v1.39/plugins/p/q/push")
    yield post("/v1.39/plugins/p/q/upgrade?remote=localhost:1/a/b", [])
    yield get("/v1.39/plugins/privileges?remote=localhost:1/a/b")
    yield delete("/v1.39/plugins/p/q")
    yield delete("/v1.39/plugins/p/q")
    yield get("/v1.39/plugins")
