"""No answer shows the wording of Python, msgspec or SQLite."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

FOREIGN = re.compile(
    r"\[Errno|Traceback|Error\(|\bNone\b|object has no|msgspec|malformed|truncated|Object missing|Expected `|"
    r"codec can't|unexpected keyword|positional argument|<class|sqlite|internal error|b'",
)
"""What tells a user that Python or a library speaks."""

BODIES: tuple[bytes | None, ...] = (
    None,
    b"",
    b"x",
    b"{",
    b"[]",
    b"null",
    b'"\xff"',
    b'{"Name":1}',
    b'{"Name":"a/b"}',
    b'{"Name":"a\\u0000b"}',
    b'{"Name":"n","DriverOpts":{"type":1}}',
    b'{"Name":"n","DriverOpts":{"o":"nonsense","type":"x","device":"y"}}',
    b'{"Name":"n","DriverOpts":{"unknown":"x"}}',
    b'{"Name":"n","Labels":[]}',
    b'{"Name":"n","Driver":"bro ken"}',
    b'{"Name":"' + b"n" * 300 + b'"}',
    b'["DEBUG"]',
    b'["NOPE=1",""]',
    b"\x1f\x8b broken tar",
    b"[" * 100_000,
)
NAMES = ("none", "no:such", "%00", "%ff", "..%2f..%2fetc", "a%0Ab", "x" * 300, "%F0%9F%90%8B", "a@sha256:zz")
QUERIES = (
    "",
    "filters=x",
    "filters=" + quote('{"a":1}'),
    "filters=" + quote('{"nope":["x"]}'),
    "filters=" + quote('{"label":["("],"name":["("],"dangling":["x"],"enabled":["x"]}'),
    "force=%zz",
    "timeout=x&name=" + quote("bad name!"),
    "timeout=99999999999999999999&name=",
    "timeout=-1&name=a/b",
    "since=x",
    "since=9&until=1",
)


def requests(api: Any) -> Iterator[tuple[str, str]]:
    """Every route that can fail, with every name and query."""
    for route in api.server.routes:
        if route.path == "/{anyroute:path}" or route.method == "HEAD":
            continue
        names = NAMES if "{" in route.path else NAMES[:1]
        for name in names:
            path = re.sub(r"{\w+(:path)?}", name, route.path)
            for query in QUERIES:
                if route.path == "/events":
                    query += "&until=1"  # noqa: PLW2901 - else the stream does not end
                yield route.method, f"{path}?{query}"


def complain(answer: Any, asked: str) -> str | None:
    if answer.status_code < 400:
        return None
    found = FOREIGN.search(answer.text)
    return f"{asked}: {answer.status_code} {answer.text[:200]}" if found else None


def test_wrong_requests_are_refused_in_plain_words(api: Any) -> None:
    own = [
        r for r in requests(api) if r[1].startswith(("/volumes", "/plugins", "/events", "/info", "/system"))
    ]
    complaints = []
    for method, path in own:
        complaints.append(complain(api.ask(method, path), f"{method} {path}"))
    for path in (
        "/volumes/create",
        "/plugins/none/set",
        "/plugins/create?name=p",
        "/plugins/create?name=x/y",
    ):
        for body in BODIES:
            headers = {"Content-Type": "application/json"} if body is not None else {}
            complaints.append(complain(api.ask("POST", path, body, headers), f"POST {path} {body!r:.60}"))
    assert [each for each in complaints if each] == []


@pytest.mark.skipif(os.geteuid() != 0, reason="damage as root finds it")
def test_damaged_root_is_reported_in_plain_words(api: Any, root: Path) -> None:
    engine = root / "r"
    for name in ("one", "two", "three", "four"):
        api.post("/volumes/create", {"Name": name, "DriverOpts": {"type": "tmpfs", "device": "tmpfs"}})
    (engine / "volumes" / "one" / "opts.json").write_text("{")
    (engine / "volumes" / "two" / "_data").rmdir()
    (engine / "volumes" / "two" / "_data").write_text("a file")
    (engine / "volumes" / "five").write_text("a file")
    (engine / "volumes" / "six").symlink_to("/nowhere")
    (engine / "plugins" / "tmp").rename(engine / "plugins" / "moved")
    complaints = []
    for name in ("one", "two", "three", "four", "five", "six"):
        for method, path, body in (
            ("GET", f"/volumes/{name}", None),
            ("POST", "/volumes/create", {"Name": name}),
            ("DELETE", f"/volumes/{name}", None),
            ("DELETE", f"/volumes/{name}?force=1", None),
        ):
            complaints.append(complain(api.ask(method, path, body), f"{method} {path}"))
    complaints.append(complain(api.post("/plugins/create?name=x/y", b"tar"), "create plugin"))
    complaints.append(complain(api.get("/system/df"), "df"))
    assert [each for each in complaints if each] == []
