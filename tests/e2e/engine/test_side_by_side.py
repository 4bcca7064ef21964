"""The same requests to dockerd 20.10 and to ours: every difference has a reason, or is a fault."""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import re
import tarfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
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


@dataclass(frozen=True)
class Reason:
    """Why some answers differ; what the groups of both patterns match must be the same.

    Args:
        kind: A change of moby's since 18.09, a mended oddity, or what this engine does not have.
        why: The change, the row of the table of oddities, or what is not there.
        request: A pattern of requests.
        theirs: A pattern of dockerd's answers.
        ours: A pattern of ours.
    """

    kind: Literal["version", "mended", "not part of this engine"]
    why: str
    request: str
    theirs: str
    ours: str

    def explains(self, step: Step, theirs: str, ours: str) -> bool:
        matches = re.search(self.theirs, theirs, re.DOTALL), re.search(self.ours, ours, re.DOTALL)
        if not re.search(self.request, str(step)) or not all(matches):
            return False
        first, second = (match.groups() for match in matches if match)
        return first == second


REASONS = (
    Reason("version", "18.09.6 and 20.10.24 say which they are", "/version$", '"20.10.24', '"18.09.6'),
    Reason(
        "version",
        "built with Go 1.17 or later, it takes no semicolons between values of a query",
        r"\?a;b",
        "^400 .*invalid semicolon separator",
        "^200 ",
    ),
    Reason(
        "version",
        "v20.10.0 names the option in other words",
        "/volumes/create .*DriverOpts",
        "^400 (.*)invalid option: (.*)$",
        "^400 (.*)invalid option key: (.*)$",
    ),
    Reason(
        "version",
        "v19.03.0 (d5b271c155) wants device and type at creation",
        "/volumes/create .*DriverOpts",
        "^400 .*missing required option",
        "^201 ",
    ),
    Reason(
        "version",
        "v19.03.0 (d5b271c155): so the volume is not there either",
        "(GET|DELETE) /v1.39/volumes/o[234]$",
        "^404 ",
        "^20[04] ",
    ),
    Reason(
        "version",
        "v20.10.0 has quotas, an option `size`",
        '/volumes/create .*"size"',
        "size",
        "^400 .*invalid option key",
    ),
    Reason(
        "mended",
        "6.18: filters that cannot be read are the client's fault in every route",
        "GET /v1.39/(events|plugins)|POST /v1.39/volumes/prune",
        "^500 (.*)$",
        "^400 (.*)$",
    ),
    Reason(
        "mended",
        "a socket's name may not lead out of the plugin's directory, see `creation.validate_config`",
        "/plugins/create",
        "^204",
        "^400 .*leads out of the plugin's directory",
    ),
    Reason(
        "mended",
        "the same: such a plugin is not there",
        "(GET|DELETE) /v1.39/plugins/cfg",
        "^200",
        "^404 .*plugin .*cfg.* not found",
    ),
    Reason(
        "mended",
        "6.4: an interface type without `/` or `.` is read whole",
        "GET /v1.39/plugins/cfg/json",
        '\\[".\\\\\\\\\\\\"]/"\\]',
        '\\[".x/"\\]',
    ),
    Reason(
        "mended",
        "6.32: a setting does not change the config",
        "GET /v1.39/plugins",
        '"Source": "/usr", "Type"',
        '"Source": "/srv", "Type"',
    ),
    Reason(
        "not part of this engine",
        "registries",
        "/plugins/(pull|privileges|p/q/push|p/q/upgrade)",
        "",
        "^501 ",
    ),
)


def get(path: str) -> Step:
    return Step("GET", path)


def post(path: str, body: Any = None, **headers: str) -> Step:
    return Step("POST", path, body, {name.replace("_", "-"): value for name, value in headers.items()})


def delete(path: str) -> Step:
    return Step("DELETE", path)


def filtered(path: str, filters: Any) -> str:
    text = filters if isinstance(filters, str) else json.dumps(filters)
    return f"{path}?filters={quote(text)}"


def tar(config: Any = None, *, rootfs: bool = True, unique: str = "") -> bytes:
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
            archive.addfile(tarfile.TarInfo(f"rootfs/{unique or 'file'}"))
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
        {"name": "data", "source": "/srv", "destination": "/data", "type": "bind", "settable": ["source"]},
        {"name": "fixed", "source": "/srv", "destination": "/fixed", "type": "bind"},
    ],
    "linux": {"capabilities": ["CAP_SYS_ADMIN"], "devices": [{"name": "fuse", "path": "/dev/fuse"}]},
}

NAMES = (
    "a", "ab", "Ab9", "a.b", "a-b", "a_b", "-ab", ".ab", "_ab", "a/b", "a b", "a:b", "é1", "a" * 253, "..",
    "a..", "a\nb", "a%b", "0", "00", "a@b", "~ab", "a,b", "a+b",
)  # fmt: skip
BODIES = (
    b"", b"{", b"}", b"[]", b"null", b"nul", b"true", b"tru", b'"x"', b"12", b"-", b"-x", b"1.", b"1.x",
    b"1e", b"1ex", b"01", b"{a}", b'{"a"}', b'{"a" 1}', b'{"a":1', b'{"a":1,}', b'{"a":1 "b"}', b"[1",
    b"[1,]", b"[1 2]", b'{"Name":"', b'{"Name":"\x01"}', b'{"Name":"\\x"}', b'{"Name":"\\u12g4"}',
    b"{'Name':1}", b"\xff", b'{"Name":1}', b'{"Name":true}', b'{"Name":{}}', b'{"Name":[]}',
    b'{"Name":1.5e3}', b'{"Driver":1}', b'{"Labels":1}', b'{"Labels":[]}', b'{"Labels":{"a":1}}',
    b'{"Labels":{"a":{}}}', b'{"DriverOpts":"x"}', b'{"DriverOpts":{"a":true}}', b"  \n", b"nulls",
    b"falsy", b"fals", b'{"a":tru}', b'{"a":nulx}', b"/", b'{"Name":"x1","Name":1}', b"{,}",
    b'{"Name":"\xff\xfe"}', b"\x00", b"[" * 20, b'{"name":1}', b"\xc3\xa9",
)  # fmt: skip
FILTERS: tuple[Any, ...] = (
    "{}", "", "x", "[]", "1", '"x"', "null", "{", '{"a"', '{"name":1}', '{"name":{"a":1}}',
    '{"name":["a"],"x":{}}', '{"name":null}', "{}x", '{"name":["ab"]', "  ", {"bogus": ["x"]},
    {"bogus": {"x": True}}, {"name": ["ab"]}, {"name": {"ab": True}}, {"name": ["^f"]}, {"name": ["["]},
    {"name": ["f1", "f2"]}, {"driver": ["local"]}, {"driver": ["nope"]}, {"label": ["k"]},
    {"label": ["k=v"]}, {"label": ["k=w"]}, {"label": ["k", "l"]}, {"label!": ["k"]}, {"label!": ["k=v"]},
    {"dangling": ["true"]}, {"dangling": ["false"]}, {"dangling": ["1"]}, {"dangling": ["0"]},
    {"dangling": ["x"]}, {"dangling": ["true", "false"]}, {"dangling": []}, {"name": {"f1": False}},
    {"label": ["k"], "name": ["f1"]}, {"name": []}, {"label": [""]}, {"name": [""]},
)  # fmt: skip
OPTIONS = (
    {"type": "tmpfs", "device": "tmpfs", "o": "size=1m"}, {"bogus": "1"}, {"device": "/none"},
    {"type": "tmpfs"}, {"o": "x"}, {}, {"size": "1"}, {"size": "x"},
    {"type": "nfs", "device": ":/x", "o": "addr=127.0.0.1"}, {"": ""}, {"DEVICE": "/none"},
)  # fmt: skip
CONFIGS: tuple[Any, ...] = (
    None, b"", b"{", b"{}", b"null", b"[]", b"{}x",
    {**CONFIG, "interface": {"types": ["x"], "socket": "s"}},
    {**CONFIG, "interface": {"types": [1], "socket": "s"}}, {**CONFIG, "env": 1},
    {**CONFIG, "entrypoint": "x"},
    {**CONFIG, "interface": {"types": ["docker.volumedriver/1.0"], "socket": ".."}}, {"Description": None},
)  # fmt: skip
REFERENCES = (
    "", "UP/x", "a", "a/b/c", "a:b:c", "x y", "-a", "a@sha256:" + "0" * 64, "a:" + "t" * 129, "a..b",
    "h:1/a:2",
)  # fmt: skip
SETTINGS: tuple[Any, ...] = (
    ["DEBUG=1"], ["FIXED=2"], ["NONE=1"], ["args=a b"], ["data.source=/var"], ["data=/usr"], ["data.x=1"],
    ["fixed.source=/"], ["="], [""], ["DEBUG"], ["DEBUG.value=1"], [], ["fuse.path=/dev/null"],
    ["DEBUG=1", "NONE=1"], ["a.b.c=1"],
)  # fmt: skip
TIMES = (
    "", "0", "1", "x", "1.5", "1.x", "-1", "9999999999999999999", "1.123456789", "2020-01-01", " 1", "+1",
    "1e3",
)  # fmt: skip
PATHS = (
    "/", "/v1.39", "/v1.39/", "/volumes/", "/volumes//ab", "/volumes/./ab", "/volumes/../volumes",
    "//volumes", "/v1.39//volumes", "/nope", "/v1.39/nope", "/v1.23/nope", "/v9/nope", "/v1.39/volumes/",
    "/volumes/ab/", "/volumes/a%2Fb", "/volumes/%61b", "/volumes/%zz", "/volumes/a%20b", "/volumes/%E9",
    "/volumes/..%2f", "/VOLUMES", "/volumes?x=%zz", "/volumes/create", "/volumes/prune", "/plugins/",
    "/plugins//json", "/plugins/json", "/plugins/a/b/json", "/plugins/create", "/v/volumes", "/vx/volumes",
    "/v1.x/volumes", "/v1/volumes", "/v1.11/volumes", "/v1.40.1/nope", "/v1.12/volumes/none",
    "/v1.23/volumes/none", "/v1.24/volumes/none", "/v0/volumes", "/v1.39.0/volumes/none", "/v.1/volumes",
    "/v1.11/_ping", "/v1.22/plugins/none/json", "/containers/json", "/info/", "/version/", "/events/",
    "/system/df/", "/_ping/", "/volumes/ab?filters=x", "/volumes?a;b", "/volumes/none;x",
    "/volumes/none?x#y",
)  # fmt: skip


def steps() -> Iterator[Step]:
    yield from system()
    yield from volumes()
    yield from options()
    yield from filters_of_volumes()
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
    for method, path in itertools.product(
        ("PUT", "PATCH", "POST", "DELETE"), ("/volumes", "/_ping", "/info", "/v1.39/version")
    ):
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
    for kind in (
        "",
        "text/plain",
        "application/json; charset=utf-8",
        "APPLICATION/JSON",
        "application/jsonx",
        "a/b/c",
        "application/json;",
        "json",
    ):
        yield post("/v1.39/volumes/create", b'{"Name":"typed"}', Content_Type=kind)
    yield post("/v1.39/volumes/create", b'{"Name":"typed"}')
    yield post("/v1.39/volumes/create")
    yield post(
        "/v1.39/volumes/create", {"name": "folded", "LABELS": {"A": "b"}, "driveropts": None, "unknown": 1}
    )
    yield post("/v1.39/volumes/create", b'{"Name":"first"}{"Name":"second"}', Content_Type="application/json")
    yield post("/v1.39/volumes/create", b'{"Name":"trailed"}]', Content_Type="application/json")
    yield post("/v1.39/volumes/create", {"Name": "nulled", "Labels": {"a": None}})
    yield post("/v1.39/volumes/create", {"Name": "labels", "Labels": {"b": "2", "a": "<&>\u2028", "": "é"}})


def options() -> Iterator[Step]:
    for driver in ("local", "", "a b"):
        yield post("/v1.39/volumes/create", {"Name": f"d-{len(driver)}", "Driver": driver})
    for position, options in enumerate(OPTIONS):
        yield post("/v1.39/volumes/create", {"Name": f"o{position}", "DriverOpts": options})
        yield get(f"/v1.39/volumes/o{position}")
    for position in (2, 3, 4):
        yield delete(f"/v1.39/volumes/o{position}")
    yield post("/v1.39/volumes/create", {"Name": "o0", "DriverOpts": {"type": "x"}, "Labels": {"new": "1"}})
    yield get("/v1.39/volumes")
    yield get("/v1.39/system/df")
    yield post("/v1.39/volumes/prune")
    yield get("/v1.39/volumes")


def filters_of_volumes() -> Iterator[Step]:
    for name in ("f1", "f2", "f3"):
        yield post(
            "/v1.39/volumes/create", {"Name": name, "Labels": {"k": "v", name: ""} if name != "f3" else None}
        )
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
        # dockerd 20.10 does not take the same content twice.
        made = tar({**CONFIG, "description": name}, unique=hashlib.sha256(name.encode()).hexdigest())
        yield post(f"/v1.39/plugins/create?name={quote(name)}", made, Content_Type="application/x-tar")
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
    for filters in (
        *FILTERS[:18],
        {"enabled": ["true"]},
        {"enabled": ["false"]},
        {"enabled": ["x"]},
        {"enabled": ["true", "false"]},
        {"capability": ["volumedriver"]},
        {"capability": ["logdriver"]},
        {"capability": ["volume"]},
    ):
        yield get(filtered("/v1.39/plugins", filters))
    yield post("/v1.39/plugins/pull?remote=localhost:1/a/b", [])
    yield post("/v1.39/plugins/p/q/push")
    yield post("/v1.39/plugins/p/q/upgrade?remote=localhost:1/a/b", [])
    yield get("/v1.39/plugins/privileges?remote=localhost:1/a/b")
    yield delete("/v1.39/plugins/p/q")
    yield delete("/v1.39/plugins/p/q")
    yield get("/v1.39/plugins")


class Seen(NamedTuple):
    """A request, and what both engines answered."""

    step: Step
    theirs: str
    ours: str


HEADERS = ("content-type", "location", "docker-experimental", "ostype", "x-content-type-options")
MASKS = (
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", "$TIME"),
    (r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])", "$ID"),
    (r'"DockerVersion": "[^"]*"', '"DockerVersion": "$VERSION"'),
)
"""What is never the same twice."""


def shown(engine: Any, step: Step) -> str:
    """An answer as one text, without what is never the same twice."""
    answer = engine.ask(step.method, step.path, step.body, step.headers)
    headers = {name: answer.headers[name] for name in HEADERS if name in answer.headers}
    text = f"{answer.status} {body(answer.body)} {headers}".replace(str(engine.root), "$ROOT")
    for pattern, mask in MASKS:
        text = re.sub(pattern, mask, text)
    return text


def body(data: bytes) -> str:
    """JSON with its lists in order: dockerd's is random."""
    try:
        document = json.loads(data)
    except ValueError:
        return data.decode("utf-8", "replace")
    if isinstance(document, dict):
        document = {key: in_order(value) for key, value in document.items()}
    return json.dumps(in_order(document), ensure_ascii=False, sort_keys=True)


def in_order(value: Any) -> Any:
    by_name = isinstance(value, list) and all(isinstance(item, str) or "Name" in item for item in value)
    return (
        sorted(value, key=lambda item: item if isinstance(item, str) else item["Name"]) if by_name else value
    )


@pytest.fixture(scope="module")
def seen(module_engines: tuple[Any, Any]) -> list[Seen]:
    """What both engines answered to all requests, each in its own thread."""
    requests = list(steps())
    with ThreadPoolExecutor(2) as pool:
        theirs, ours = pool.map(lambda engine: [shown(engine, step) for step in requests], module_engines)
    return [Seen(*each) for each in zip(requests, theirs, ours, strict=True)]


def unexplained(seen: list[Seen]) -> list[Seen]:
    return [
        each for each in seen if each.theirs != each.ours and not any(one.explains(*each) for one in REASONS)
    ]


def told(each: Seen) -> str:
    """A difference, from shortly before it begins."""
    pairs = enumerate(zip(each.theirs, each.ours, strict=False))
    same = next((at for at, (one, other) in pairs if one != other), 0)
    begin = max(0, same - 60) if same > 150 else 0
    theirs, ours = (text[begin : begin + 300] for text in (each.theirs, each.ours))
    return f"{each.step}\n  dockerd: {theirs}\n  ours:    {ours}"


def test_every_difference_has_a_reason(seen: list[Seen]) -> None:
    faults = unexplained(seen)
    assert not faults, "\n".join(map(told, faults))


def test_several_hundred_requests_were_compared(seen: list[Seen]) -> None:
    assert len(seen) >= 500


@pytest.mark.parametrize("reason", REASONS, ids=lambda reason: reason.why)
def test_every_reason_is_still_one(reason: Reason, seen: list[Seen]) -> None:
    assert any(each.theirs != each.ours and reason.explains(*each) for each in seen)
