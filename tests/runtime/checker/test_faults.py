"""A plugin that is good but for one fault: each fault is found, and nothing is found where there is none."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from runtime.checker import checks, client, reports
from runtime.checker.rules import RULES, Report, Severity
from runtime.errdefs import InvalidParameter
from runtime.examples.plugin import MIMETYPE, Handler, Refused, Server, Volumes

pytestmark = pytest.mark.slow

Json = dict[str, Any]
GOOD = {"bad-options-accepted"}
"""What the example plugin does of its own accord."""


class Broken(Volumes):
    """The example plugin with a fault: a function that may answer in its place."""

    def __init__(self, root: Path, fault: Callable[[Broken, str, Json], Json | None]) -> None:
        super().__init__(root)
        self.fault = fault
        self.memory: dict[str, Any] = {}

    def call(self, method: str, request: Json) -> Json:
        answer = self.fault(self, method.rpartition(".")[2], request)
        return super().call(method, request) if answer is None else answer

    def well(self, method: str, request: Json) -> Json:
        """What the plugin answers without its fault."""
        return super().call(f"/VolumeDriver.{method}", request)


class Raw(Exception):
    """Bytes that are sent as an answer, with a status."""

    def __init__(self, body: bytes, status: int = 200, *, close: bool = False, kind: str = MIMETYPE) -> None:
        super().__init__()
        self.body, self.status, self.close, self.kind = body, status, close, kind


class BrokenHandler(Handler):
    """Sends what the plugin wants sent."""

    def do_POST(self) -> None:  # noqa: N802 - the name that http.server calls
        try:
            super().do_POST()
        except Raw as raw:
            if raw.close:
                self.close_connection = True
                return
            self.send_response(HTTPStatus(raw.status))
            self.send_header("Content-Type", raw.kind)
            self.send_header("Content-Length", str(len(raw.body)))
            self.end_headers()
            self.wfile.write(raw.body)


def answer(wanted: str, made: Json) -> Callable[[Broken, str, Json], Json | None]:
    """The same answer whatever is asked of one method."""
    return lambda _plugin, method, _request: made if method == wanted else None


def raw(
    wanted: str, body: bytes, status: int = 200, *, close: bool = False
) -> Callable[[Broken, str, Json], Json | None]:
    def fault(_plugin: Broken, method: str, _request: Json) -> None:
        if method == wanted:
            raise Raw(body, status, close=close)

    return fault


def changed(wanted: str, change: Callable[[Json], Any]) -> Callable[[Broken, str, Json], Json | None]:
    """The plugin's own answer, changed."""

    def fault(plugin: Broken, method: str, request: Json) -> Json | None:
        if method != wanted:
            return None
        made = plugin.well(method, request)
        change(made)
        return made

    return fault


def accepts_unknown(plugin: Broken, method: str, request: Json) -> Json | None:
    try:
        return plugin.well(method, request) if method == "Remove" else None
    except Refused:
        return {}


def every_name_exists(_plugin: Broken, method: str, request: Json) -> Json | None:
    return {"Volume": {"Name": request.get("Name")}} if method == "Get" else None


def missing_is_null(plugin: Broken, method: str, request: Json) -> Json | None:
    missing = method == "Get" and not plugin._path(request).is_dir()
    return {"Volume": None} if missing else None


def refuses_null(_plugin: Broken, method: str, request: Json) -> None:
    if method == "Create" and request["Opts"] is None:
        raise Refused("NoneType has no attribute get")


def unmounts_all(plugin: Broken, method: str, request: Json) -> Json | None:
    if method == "Unmount":
        take_away(plugin, request)
    return None


def take_away(plugin: Broken, request: Json) -> None:
    data = plugin._existing(request) / "data"
    shutil.rmtree(data.with_name("gone"), ignore_errors=True)
    data.rename(data.with_name("gone"))
    data.mkdir()


def unmounts_with_the_last_mount(plugin: Broken, method: str, request: Json) -> None:
    """Remember the IDs in a list, and take the volume away with the one mounted last."""
    users = plugin.memory.setdefault(request.get("Name", ""), [])
    if method == "Mount":
        users.append(request["ID"])
    if method == "Unmount" and users and request["ID"] == users.pop() and len(users) == 1:
        take_away(plugin, request)


def forgets_second_mount(plugin: Broken, method: str, request: Json) -> Json | None:
    """Keep a set of IDs, as the example plugin once did."""
    users = plugin.memory.setdefault(request.get("Name", ""), set())
    if method == "Mount":
        users.add(request["ID"])
    if method == "Unmount":
        plugin._existing(request)
        users.discard(request["ID"])
        return {}
    if method == "Remove" and plugin._path(request).exists():
        if users:
            raise Refused("mounted")
        plugin._keep_mounts(plugin._existing(request), Counter())
    return None


def refuses_id_twice(plugin: Broken, method: str, request: Json) -> None:
    if method == "Mount" and plugin._mounts(plugin._existing(request))[request["ID"]]:
        raise Refused("volume is already mounted by this id")


def unmounts_for_anybody(plugin: Broken, method: str, request: Json) -> Json | None:
    """Count mounts, and do not look at the ID."""
    name = request.get("Name", "")
    if method == "Mount":
        plugin.memory[name] = plugin.memory.get(name, 0) + 1
    if method == "Unmount":
        plugin._existing(request)
        plugin.memory[name] = max(0, plugin.memory.get(name, 0) - 1)
        return {}
    if method == "Remove" and plugin._path(request).exists():
        if plugin.memory.get(name):
            raise Refused("mounted")
        plugin._keep_mounts(plugin._existing(request), Counter())
    return None


def mounts_elsewhere(plugin: Broken, method: str, request: Json) -> Json | None:
    if method != "Mount":
        return None
    place = plugin._existing(request) / request["ID"]
    place.mkdir(exist_ok=True)
    return {"Mountpoint": str(place)}


def removes_mounted(plugin: Broken, method: str, request: Json) -> Json | None:
    if method == "Remove":
        plugin._keep_mounts(plugin._existing(request), Counter())
    return None


def keeps_listing(plugin: Broken, method: str, request: Json) -> Json | None:
    if method == "Create":
        plugin.memory[request["Name"]] = {"Name": request["Name"]}
    return {"Volumes": list(plugin.memory.values())} if method == "List" else None


def loses_parallel(plugin: Broken, method: str, _request: Json) -> None:
    if method != "Create":
        return
    plugin.memory["now"] = plugin.memory.get("now", 0) + 1
    time.sleep(0.05)
    crowded = plugin.memory["now"] > 1
    plugin.memory["now"] -= 1
    if crowded:
        raise Refused("busy")


def dies_of_garbage(plugin: Broken, method: str, request: Json) -> None:
    if plugin.memory.get("dead") or (method == "Get" and not request):
        plugin.memory["dead"] = True
        raise Raw(b"", close=True)


def hangs(plugin: Broken, method: str, _request: Json) -> None:
    if method == "List":
        time.sleep(1.0)


def refuses_again(plugin: Broken, method: str, request: Json) -> None:
    if method == "Create" and plugin._path(request).exists():
        raise Refused("it exists")


def accepts_any_method(_plugin: Broken, method: str, _request: Json) -> Json | None:
    return {} if method == "NoSuchMethod" else None


def path_when_mounted(plugin: Broken, method: str, request: Json) -> None:
    if method == "Path" and not plugin._mounts(plugin._existing(request)).total():
        raise Refused("not mounted")


def plain_text(plugin: Broken, method: str, request: Json) -> None:
    if method == "Activate":
        raise Raw(b'{"Implements":["VolumeDriver"]}', kind="text/plain")


def escapes_plus(plugin: Broken, method: str, request: Json) -> None:
    """Write `+` as .NET's encoder does."""
    if method == "Get":
        made = plugin.well(method, request)
        made["Volume"]["CreatedAt"] = "2020-01-01T01:00:00+00:00"
        raise Raw(json.dumps(made).replace("+", "\\u002b").encode())


def remove_fails(_plugin: Broken, method: str, _request: Json) -> None:
    if method == "Remove":
        raise Refused("no")


def first(volumes: Json, **fields: Any) -> None:
    for volume in volumes["Volumes"]:
        volume.update(fields)


FAULTS: dict[str, tuple[str, Callable[[Broken, str, Json], Json | None]]] = {
    "the handshake is not found": ("activate-fails", raw("Activate", b"404 page not found\n", 404)),
    "the handshake is no JSON": ("activate-fails", raw("Activate", b"hello")),
    "the handshake is broken off": ("no-answer", raw("Activate", b"", close=True)),
    "another capability": ("not-a-volume-driver", answer("Activate", {"Implements": ["NetworkDriver"]})),
    "the capability in lower case": (
        "not-a-volume-driver",
        answer("Activate", {"Implements": ["volumedriver"]}),
    ),
    "capabilities that are not there": ("no-capabilities", raw("Capabilities", b"404\n", 404)),
    "a scope that is none": ("unknown-scope", answer("Capabilities", {"Capabilities": {"Scope": "cluster"}})),
    "every name exists": ("unknown-volume-exists", every_name_exists),
    "a missing volume is null": ("unknown-volume-is-null", missing_is_null),
    "what is not there can be removed": ("unknown-volume-accepted", accepts_unknown),
    "no options are too few": ("null-options", refuses_null),
    "nothing can be created": ("create-fails", answer("Create", {"Err": "no"})),
    "creating again is an error": ("create-again-fails", refuses_again),
    "an error without a text": ("error-without-text", raw("Path", b'{"Err":""}', 500)),
    "an error as plain text": ("error-as-text", raw("Path", b"oh no\n", 500)),
    "an error page that says it is well": ("not-json", raw("Path", b"<html>", 200)),
    "another name": ("wrong-name", changed("Get", lambda made: made["Volume"].update(Name="other"))),
    "a time without a zone": (
        "bad-time",
        changed("Get", lambda made: made["Volume"].update(CreatedAt="2020-01-01T00:00:00")),
    ),
    "a time that is none": ("bad-time", changed("List", lambda made: first(made, CreatedAt="yesterday"))),
    "a status that is a text": (
        "bad-status",
        changed("Get", lambda made: made["Volume"].update(Status="fine")),
    ),
    "a mountpoint that is a number": (
        "wrong-type",
        changed("Get", lambda made: made["Volume"].update(Mountpoint=1)),
    ),
    "a list that is an object": ("wrong-type", answer("List", {"Volumes": {}})),
    "a list of nulls": ("null-in-list", answer("List", {"Volumes": [None]})),
    "an empty list": ("not-listed", answer("List", {"Volumes": []})),
    "everything is listed twice": (
        "listed-twice",
        changed("List", lambda made: made.update(Volumes=made["Volumes"] * 2)),
    ),
    "get does not find it": ("get-fails", answer("Get", {"Err": "no"})),
    "mount fails": ("mount-fails", answer("Mount", {"Err": "no"})),
    "mount without a mountpoint": ("no-mountpoint", answer("Mount", {})),
    "a relative mountpoint": ("relative-mountpoint", answer("Mount", {"Mountpoint": "data"})),
    "a mountpoint that does not exist": (
        "mountpoint-missing",
        answer("Mount", {"Mountpoint": "/no/such/place"}),
    ),
    "a mountpoint for each user": ("mountpoints-differ", mounts_elsewhere),
    "another path": ("path-differs", changed("Path", lambda made: made.update(Mountpoint="/elsewhere"))),
    "the first unmount takes it from all": ("unmounted-too-early", unmounts_all),
    "unmount fails": ("unmount-fails", answer("Unmount", {"Err": "no"})),
    "a mounted volume can be removed": ("removed-while-mounted", removes_mounted),
    "remove fails": ("remove-fails", answer("Remove", {"Err": "no"})),
    "removed volumes stay in the list": ("still-there", keeps_listing),
    "one call at a time": ("loses-parallel-calls", loses_parallel),
    "garbage kills it": ("fails-after-garbage", dies_of_garbage),
    "any method will do": ("unknown-method-accepted", accepts_any_method),
    "an endless answer": ("reply-too-long", raw("List", b" " * (client.ONE_TRY.reply_limit + 1))),
    "no answer": ("too-slow", hangs),
    "a slow answer": ("slow", hangs),
    "text instead of JSON": ("content-type", plain_text),
    "a list that fails": ("list-fails", answer("List", {"Err": "no"})),
    "an unmounted volume without a path": ("path-fails", path_when_mounted),
    "a path that is relative": ("relative-path", answer("Path", {"Mountpoint": "data"})),
    "a time of old Go": (
        "odd-time",
        changed("Get", lambda made: made["Volume"].update(CreatedAt="2020-01-01T1:00:00,5Z")),
    ),
    "a time with escapes": (
        "bad-time",
        escapes_plus,
    ),
    "the volume goes with the second mount": ("unmounted-too-early", unmounts_with_the_last_mount),
    "a set of IDs": ("counts-ids-once", forgets_second_mount),
    "one mount for each ID": ("id-twice-refused", refuses_id_twice),
    "unmount for anybody": ("unmounted-by-stranger", unmounts_for_anybody),
    "remove hides the volume": ("left-behind", remove_fails),
}
"""What is wrong with a plugin, and the rule that has to be found."""

ELSEWHERE = {
    *GOOD,
    "unreachable",
    "calls-engine",
    "lost-by-restart",
    "forgets-mounts",
    "restart-fails",
    "mountpoint-inside",
    "mountpoint-not-shared",
    "mountpoint-not-seen",
}
"""Rules with a test of their own."""


@contextmanager
def serving(fault: Callable[[Broken, str, Json], Json | None]) -> Iterator[str]:
    """The address of a plugin with a fault."""
    with TemporaryDirectory(prefix="c", dir="/tmp") as made:
        path = Path(made) / "s"
        server = Server(path, Broken(Path(made) / "root", fault), lambda _: None)
        server.RequestHandlerClass = BrokenHandler
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"unix://{path}"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def checked(fault: Callable[[Broken, str, Json], Json | None], timeout: float = 30.0, **more: Any) -> Report:
    with serving(fault) as address, client.Plugin(address, timeout) as plugin:
        return checks.check(plugin, **more)


def rules(report: Report) -> set[str]:
    return {finding.rule for step in report.steps for finding in step.findings}


def no_fault(_plugin: Broken, _method: str, _request: Json) -> None:
    return None


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_found(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rule, broken = FAULTS[fault]
    if rule == "slow":
        monkeypatch.setattr(checks, "SLOW", 0.5)
    assert rule in rules(checked(broken, 0.3 if rule == "too-slow" else 30.0))


def test_nothing_is_found_where_there_is_no_fault() -> None:
    assert rules(checked(no_fault)) == GOOD


def test_what_was_made_is_removed_again() -> None:
    with serving(no_fault) as address, client.Plugin(address, 30.0) as plugin:
        checks.check(plugin)
        assert plugin.list().value == ()


def test_what_a_check_cannot_remove_at_once_is_removed_in_the_end() -> None:
    with serving(refuses_again) as address, client.Plugin(address, 30.0) as plugin:
        checks.check(plugin)
        assert plugin.list().value == ()


def test_a_plugin_that_is_not_there_is_unreachable_and_the_rest_is_skipped() -> None:
    with client.Plugin("unix:///no/such.sock", 1.0) as plugin:
        report = checks.check(plugin)
    assert rules(report) == {"unreachable"}
    assert all(step.skipped for step in report.steps[1:])


@pytest.mark.parametrize("address", ["", "/run/x.sock", "unix://", "npipe://x"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(InvalidParameter, match="expected unix://PATH or tcp://HOST:PORT"):
        client.Plugin(address, 1.0)


def test_the_text_says_what_was_found_and_what_the_engine_makes_of_it() -> None:
    said = reports.text(checked(FAULTS["another name"][1]))
    assert "error wrong-name: VolumeDriver.Get: 200" in said
    assert f"The engine: {RULES['wrong-name'].engine}" in said


def test_the_json_counts_what_was_found() -> None:
    report = checked(FAULTS["another name"][1])
    told = json.loads(reports.json(report))
    assert told["summary"] == {str(each): report.count(each) for each in Severity}
    assert {"rule", "severity", "detail", "engine"} == told["steps"][5]["findings"][0].keys()


def test_the_junit_report_has_a_case_for_each_step() -> None:
    report = checked(raw("Path", b"\x00\x1b<&>\xff", 500))
    suite = ET.fromstring(reports.junit(report))  # noqa: S314 - ours
    assert len(suite) == int(suite.attrib["tests"]) == len(report.steps)
    assert int(suite.attrib["failures"]) == len(suite.findall("testcase/failure"))


@pytest.mark.parametrize(("strict", "failures"), [(False, 0), (True, 1)])
def test_junit_warnings_fail_with_strict_only(strict: bool, failures: int) -> None:
    suite = ET.fromstring(reports.junit(checked(no_fault), strict=strict))  # noqa: S314 - ours
    assert int(suite.attrib["failures"]) == failures
    assert "bad-options-accepted" in ET.tostring(suite, encoding="unicode")


def test_one_finding_is_counted_in_the_singular() -> None:
    assert "0 errors, 1 warning, 0 notes." in reports.text(checked(no_fault))


def test_every_rule_says_what_the_engine_makes_of_it() -> None:
    assert all(rule.engine.endswith(".") for rule in RULES.values())


def test_every_rule_is_found_by_a_test() -> None:
    assert {rule for rule, _ in FAULTS.values()} | ELSEWHERE == set(RULES)


def lower_case(plugin: Broken, method: str, request: Json) -> Json | None:
    """Spell all keys in lower case."""

    def lower(value: Any) -> Any:
        if isinstance(value, dict):
            return {key.lower(): lower(item) for key, item in value.items()}
        return [lower(item) for item in value] if isinstance(value, list) else value

    if method == "Activate":
        return {"implements": ["VolumeDriver"]}
    if method == "NoSuchMethod":
        return None
    made: Json = lower(plugin.well(method, request))
    return made


def test_the_case_of_keys_does_not_matter() -> None:
    assert rules(checked(lower_case)) == GOOD


def test_an_error_in_lower_case_is_an_error() -> None:
    assert "create-fails" in rules(checked(answer("Create", {"err": "disk full"})))


def test_a_plugin_that_calls_the_engine_when_activated_is_found() -> None:
    with TemporaryDirectory(prefix="c", dir="/tmp") as made:
        path = f"{made}/engine"

        def calls_engine(_plugin: Broken, method: str, _request: Json) -> None:
            if method == "Activate":
                with socket.socket(socket.AF_UNIX) as engine:
                    engine.connect_ex(path)

        assert "calls-engine" in rules(checked(calls_engine, engine=path))
        assert "calls-engine" not in rules(checked(no_fault, engine=path))
        assert not Path(path).exists()


@pytest.mark.parametrize("path", ["/", "/no/such/dir/s", "/" + "x" * 200])
def test_an_engine_socket_that_cannot_be_made_is_refused(path: str) -> None:
    with pytest.raises(InvalidParameter, match=f"--engine {path}: "):
        checked(no_fault, engine=path)


@pytest.mark.parametrize(("step", "option"), [("call back", "--engine"), ("restart", "--restart")])
def test_what_is_not_asked_is_said_with_the_option(step: str, option: str) -> None:
    steps = {each.name: each for each in checked(no_fault).steps}
    assert steps[step].skipped.startswith(f"not asked; {option} ")


def test_a_restart_command_that_fails_is_reported() -> None:
    assert "restart-fails" in rules(checked(no_fault, restart="echo no; exit 3"))


@pytest.mark.parametrize(
    ("rule", "forget"), [("forgets-mounts", "mounts.json"), ("lost-by-restart", "options.json"), ("", "")]
)
def test_what_a_restart_makes_a_plugin_forget_is_found(rule: str, forget: str) -> None:
    with serving(no_fault) as address, client.Plugin(address, 30.0) as plugin:
        root = Path(address.removeprefix("unix://")).with_name("root")
        command = f"rm {root}/*/{forget}" if forget else "true"
        found = rules(checks.check(plugin, restart=command))
        assert rule in found if rule else found == GOOD


def test_volumes_created_late_are_removed() -> None:
    def late(_plugin: Broken, method: str, _request: Json) -> None:
        if method == "Create":
            time.sleep(0.6)

    with serving(late) as address, client.Plugin(address, 0.2) as plugin:
        report = checks.check(plugin)
        assert plugin.list().value == ()
    assert "too-slow" in rules(report)
    assert "left-behind" not in rules(report)


@pytest.mark.parametrize(
    ("number", "wanted"),
    [
        (signal.SIGTERM, "Mount"),
        (signal.SIGTERM, "Create"),
        (signal.SIGINT, "Create"),
        (signal.SIGHUP, "Mount"),
    ],
)
def test_a_signal_leaves_no_volume(number: int, wanted: str) -> None:
    asked = threading.Event()

    def waits(_plugin: Broken, method: str, request: Json) -> None:
        if method == wanted and not str(request.get("Name")).endswith("-missing"):
            asked.set()
            time.sleep(0.5)

    with serving(waits) as address:
        command = [sys.executable, "-m", "runtime", "check-plugin", address]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
            assert asked.wait(30)
            process.send_signal(number)
            said, _ = process.communicate(timeout=30)
        with client.Plugin(address, 30.0) as plugin:
            assert plugin.list().value == ()
    assert process.returncode == 128 + number
    assert said == b""


def test_check_plugin_writes_no_log() -> None:
    with serving(raw("List", b"not json")) as address:
        command = [sys.executable, "-m", "runtime", "check-plugin", address]
        done = subprocess.run(command, capture_output=True, check=False)
    assert b"list" in done.stdout
    assert done.stderr == b""
