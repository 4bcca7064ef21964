"""The checks of a volume plugin, each a generator of findings."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final, TypeAlias

from runtime.checker import places
from runtime.checker.client import Answer, Plugin
from runtime.checker.rules import Finding, Report, Step
from runtime.errdefs import InvalidParameter
from runtime.golang.time import is_strict
from runtime.pkg.plugins.transport import VERSION_MIMETYPE
from runtime.pkg.signal import Stops
from runtime.volume.drivers.proxy import ProxyVolume
from runtime.volume.volume import SCOPES


@dataclass(slots=True)
class Checker:
    """The state that the checks share.

    Args:
        plugin: The plugin.
        options: The options for new volumes.
        restart: The shell command that restarts the plugin, or empty.
        engine: The socket at which the plugin looks for the engine, or empty.
        prefix: The prefix of the names of volumes.
        usable: Whether the handshake has succeeded.
        mountpoint: The path of the mounted volume, or empty.
        tracks_mounts: Whether the plugin refuses to remove a mounted volume.
        created: The volumes that were created.
        tried: The volumes that may exist.
        uses: The number of mounts of each volume for each ID.
    """

    plugin: Plugin
    options: Mapping[str, str]
    restart: str = ""
    engine: str = ""
    prefix: str = field(default_factory=lambda: f"check-{secrets.token_hex(4)}")
    usable: bool = False
    mountpoint: str = ""
    tracks_mounts: bool = False
    created: set[str] = field(default_factory=set)
    tried: set[str] = field(default_factory=set)
    uses: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def name(self) -> str:
        """The name of the volume of most checks."""
        return f"{self.prefix}-a"

    def ref(self, user: str) -> str:
        """Return the ID of a user of volumes."""
        return f"{self.prefix}-{user}"

    def create(self, name: str, options: Mapping[str, str] | None) -> Answer:
        """Create a volume, which `clean_up` removes."""
        self.tried.add(name)
        answer = self.plugin.create(name, options)
        if answer.worked:
            self.created.add(name)
        return answer

    def new(self, name: str) -> Answer:
        """Create a volume with the options of the command."""
        return self.create(name, self.options or None)

    def remove(self, name: str) -> Answer:
        """Remove a volume."""
        answer = self.plugin.remove(name)
        if answer.worked:
            self.created.discard(name)
        return answer

    def mount(self, name: str, user: str) -> Answer:
        """Mount a volume for a user; `clean_up` unmounts it."""
        self.uses[name, user] += 1
        answer = self.plugin.mount(name, self.ref(user))
        if not answer.worked and not answer.failure:
            self.uses[name, user] -= 1
        return answer

    def unmount(self, name: str, user: str) -> Answer:
        """Unmount a volume for a user."""
        answer = self.plugin.unmount(name, self.ref(user))
        if answer.worked and self.uses[name, user]:
            self.uses[name, user] -= 1
        return answer

    def identity(self, place: str) -> tuple[int, int] | None:
        """Return the identity of the directory at a path in the plugin's view."""
        return places.view(self.plugin.address).identity(place)

    def listed(self) -> list[str]:
        """Return the names of all volumes."""
        return [volume.name for volume in self.plugin.list().value or ()]

    def clean_up(self) -> Sequence[str]:
        """Remove all volumes of the checks, late ones too; return those that cannot be removed."""
        self.plugin.wait_for_late_answers()
        if not self.tried:
            return ()
        listed = set(self.listed())
        left = sorted(self.created | (self.tried & listed))
        for name in left:
            for (volume, user), count in tuple(self.uses.items()):
                for _ in range(count if volume == name else 0):
                    self.unmount(name, user)
            self.remove(name)
        if left:
            listed = set(self.listed())
        return [name for name in left if name in listed or (name in self.created and self._exists(name))]

    def _exists(self, name: str) -> bool:
        got = self.plugin.get(name)
        return bool(got.failure) or got.value is not None


SLOW: Final = 2.0
"""Seconds after which a call is slow."""

PARALLEL: Final = 8
"""Number of simultaneous calls."""

RESTART: Final = 30.0
"""Seconds that a plugin has to answer after a restart."""

Check: TypeAlias = Callable[[Checker], Iterator[Finding]]


def check(
    plugin: Plugin,
    options: Mapping[str, str] | None = None,
    *,
    restart: str = "",
    engine: str = "",
    stops: Stops | None = None,
) -> Report:
    """Run all checks of a plugin, then remove their volumes.

    Args:
        plugin: The plugin.
        options: Options for new volumes, for plugins that need some.
        restart: The shell command that restarts the plugin.
        engine: The socket at which the plugin looks for the engine, on which one check listens.
        stops: The signals that end the check.
    """
    checker = Checker(plugin, options or {}, restart, engine)
    left: Sequence[str] = ()
    try:
        steps = [_step(checker, name, run) for name, run in CHECKS.items()]
    finally:
        if stops is not None:
            stops.begin_clean_up()
        started = time.monotonic()
        if checker.usable:
            left = checker.clean_up()
        findings = [Finding("left-behind", f"{name} could not be removed") for name in left]
    idle = "" if checker.usable else "nothing was made"
    last = Step("clean up", findings, idle, time.monotonic() - started)
    return Report(plugin.address, [*steps, last])


def handshake(checker: Checker) -> Iterator[Finding]:
    """Check `Plugin.Activate`, which returns the interfaces of the plugin."""
    answer = checker.plugin.activate()
    if not answer.worked:
        unusable = {"", "not-json", "wrong-type"}
        yield Finding("activate-fails" if answer.failure in unusable else answer.failure, answer.shown())
        return
    if "VolumeDriver" not in answer.value.implements:
        yield Finding("not-a-volume-driver", answer.shown())
        return
    checker.usable = True
    if not answer.exchange.content_type.startswith("application/vnd.docker.plugins.v1"):
        kind = answer.exchange.content_type or "none"
        yield Finding("content-type", f"Plugin.Activate: {kind}, expected {VERSION_MIMETYPE}")


def call_back(checker: Checker) -> Iterator[Finding]:
    """Check `Plugin.Activate` while a server at the engine's socket does not answer."""
    with _listening(checker.engine) as called:
        answer = checker.plugin.activate()
        if called():
            yield Finding("calls-engine", f"{answer.shown()}, after it had connected to {checker.engine}")


def capabilities(checker: Checker) -> Iterator[Finding]:
    """Check `Capabilities`, which returns the scope of volumes."""
    answer = checker.plugin.capabilities()
    if not answer.worked:
        yield Finding("no-capabilities" if not answer.failure else answer.failure, answer.shown())
    elif not answer.value.scope:
        yield Finding("no-capabilities", answer.shown())
    elif answer.value.scope.lower() not in SCOPES:
        yield Finding("unknown-scope", answer.shown())


def unknown_volume(checker: Checker) -> Iterator[Finding]:
    """Check every method that names a volume with one that does not exist."""
    missing, ref = f"{checker.prefix}-missing", checker.ref("1")
    plugin = checker.plugin
    got = plugin.get(missing)
    if got.worked:
        yield Finding("unknown-volume-is-null" if got.value is None else "unknown-volume-exists", got.shown())
    else:
        yield from refusal(got)
    answers = (
        plugin.path(missing),
        plugin.mount(missing, ref),
        plugin.unmount(missing, ref),
        plugin.remove(missing),
    )
    for answer in answers:
        if answer.worked:
            yield Finding("unknown-volume-accepted", answer.shown())
        else:
            yield from refusal(answer)


def creation(checker: Checker) -> Iterator[Finding]:
    """Check `Create`, twice."""
    answer = checker.new(checker.name)
    if answer.failure:
        yield Finding(answer.failure, answer.shown())
    elif not answer.worked:
        yield Finding("create-fails" if checker.options else "null-options", answer.shown())
    if checker.name not in checker.created:
        yield from second_creation(checker)
    again = checker.new(checker.name)
    if not again.worked and checker.name in checker.created:
        yield Finding("create-again-fails", again.shown())


def second_creation(checker: Checker) -> Iterator[Finding]:
    """Check `Create` with an empty object of options, if it fails without."""
    answer = checker.create(checker.name, checker.options)
    if not answer.worked:
        yield Finding("create-fails", f"{answer.shown()}; does it need options? Give them with --opt")


def options(checker: Checker) -> Iterator[Finding]:
    """Check `Create` with an option that no plugin has."""
    name = f"{checker.prefix}-options"
    answer = checker.create(name, {**checker.options, "no-such-option": "x"})
    if answer.worked:
        yield Finding("bad-options-accepted", answer.shown())
        checker.remove(name)
    else:
        yield from refusal(answer)


def getting(checker: Checker) -> Iterator[Finding]:
    """Check `Get` and `Path` of a volume that is not mounted."""
    got = checker.plugin.get(checker.name)
    if not got.worked or got.value is None:
        yield Finding(got.failure or "get-fails", got.shown())
    else:
        yield from description(got, got.value, checker.name)
    path = checker.plugin.path(checker.name)
    if not path.worked:
        yield Finding(path.failure or "path-fails", path.shown())
    elif path.value and not path.value.startswith("/"):
        yield Finding("relative-path", path.shown())


def description(answer: Answer, volume: ProxyVolume, name: str) -> Iterator[Finding]:
    """Check a plugin's description of a volume."""
    if volume.name != name:
        yield Finding("wrong-name", answer.shown())
    if volume.mountpoint and not volume.mountpoint.startswith("/"):
        yield Finding("relative-path", answer.shown())
    if volume.created_text is not None and not is_strict(volume.created_text):
        yield Finding("odd-time", answer.shown())
    if b"\\u" in _time_as_sent(answer):
        yield Finding("bad-time", f"{answer.shown()}: escapes in CreatedAt")


def listing(checker: Checker) -> Iterator[Finding]:
    """Check that `List` has the volume, once."""
    answer = checker.plugin.list()
    if not answer.worked:
        yield Finding(answer.failure or "list-fails", answer.shown())
        return
    document = answer.document
    raw = {key.lower(): value for key, value in document.items()}.get("volumes")
    if isinstance(raw, list) and None in raw:
        yield Finding("null-in-list", answer.shown())
    entries = [volume for volume in answer.value if volume.name == checker.name]
    if not entries:
        yield Finding("not-listed", f"VolumeDriver.List: {checker.name} is not among {len(answer.value)}")
    if len(entries) > 1:
        yield Finding("listed-twice", f"VolumeDriver.List: {checker.name} is there {len(entries)} times")
    for volume in entries:
        yield from description(answer, volume, checker.name)


def mounting(checker: Checker) -> Iterator[Finding]:
    """Check `Mount` for two users, and `Path` and `Get` meanwhile."""
    first = checker.mount(checker.name, "1")
    if not first.worked:
        yield Finding(first.failure or "mount-fails", first.shown())
        return
    if not first.value:
        yield Finding("no-mountpoint", first.shown())
        return
    checker.mountpoint = first.value
    yield from place(checker, first)
    second = checker.mount(checker.name, "2")
    if not second.worked:
        yield Finding(second.failure or "mount-fails", f"the second user: {second.shown()}")
    elif second.value != checker.mountpoint:
        yield Finding("mountpoints-differ", f"{first.shown()}, and for the second user {second.shown()}")
    path, got = checker.plugin.path(checker.name), checker.plugin.get(checker.name)
    for answer, stated in ((path, path.value), (got, got.value and got.value.mountpoint)):
        if stated != checker.mountpoint:
            yield Finding("path-differs", f"{answer.shown()}, but mounted at {checker.mountpoint}")


def place(checker: Checker, answer: Answer) -> Iterator[Finding]:
    """Check the path of a mounted volume, from inside the plugin's container if it has one."""
    path = answer.value
    if not path.startswith("/"):
        yield Finding("relative-mountpoint", answer.shown())
        return
    view = places.view(checker.plugin.address)
    if not view.readable:
        if not Path(path).is_dir():
            yield Finding("mountpoint-not-seen", answer.shown())
    elif not view.inside(path).is_dir():
        yield Finding("mountpoint-missing", answer.shown())
    elif view.contained and not view.is_on_host(path):
        rule = "mountpoint-inside" if view.is_propagated(path) else "mountpoint-not-shared"
        yield Finding(rule, answer.shown())


def unmounting(checker: Checker) -> Iterator[Finding]:
    """Check `Unmount` for one user, which must not affect the other, and then for that."""
    before = checker.identity(checker.mountpoint)
    first = checker.unmount(checker.name, "1")
    if not first.worked:
        yield Finding(first.failure or "unmount-fails", first.shown())
    if before is not None and checker.identity(checker.mountpoint) != before:
        yield Finding("unmounted-too-early", f"{first.shown()}: {checker.mountpoint} is not what it was")
    removed = checker.remove(checker.name)
    if removed.worked:
        yield Finding("removed-while-mounted", removed.shown())
        checker.new(checker.name)
        return
    checker.tracks_mounts = not removed.failure
    yield from refusal(removed)
    last = checker.unmount(checker.name, "2")
    if not last.worked:
        yield Finding(last.failure or "unmount-fails", f"the last user: {last.shown()}")


def removal(checker: Checker) -> Iterator[Finding]:
    """Check that the volume is gone after `Remove`."""
    answer = checker.remove(checker.name)
    if not answer.worked:
        yield Finding(answer.failure or "remove-fails", answer.shown())
        return
    got = checker.plugin.get(checker.name)
    if got.worked and got.value is not None:
        yield Finding("still-there", got.shown())
    elif checker.name in checker.listed():
        yield Finding("still-there", f"VolumeDriver.List: {checker.name} is still there")


def one_id_twice(checker: Checker) -> Iterator[Finding]:
    """Mount one ID twice and unmount it once, as `docker cp` does with a running container."""
    yield from sequence(checker, "twice", ("+1", "+1", "-1", "-1"), "counts-ids-once")


def last_in_first_out(checker: Checker) -> Iterator[Finding]:
    """Mount for two users, and unmount for the second first."""
    yield from sequence(checker, "order", ("+1", "+2", "-2", "-1"), "unmounted-too-early")


def wrong_id(checker: Checker) -> Iterator[Finding]:
    """Unmount for an ID for which the volume was never mounted."""
    yield from sequence(checker, "stranger", ("+1", "-3", "-1"), "unmounted-by-stranger")


def sequence(checker: Checker, suffix: str, calls: Sequence[str], rule: str) -> Iterator[Finding]:
    """Mount and unmount one volume, which must stay mounted as long as it has users."""
    name = f"{checker.prefix}-{suffix}"
    created = checker.new(name)
    if not created.worked:
        yield Finding(created.failure or "create-fails", created.shown())
        return
    users: Counter[str] = Counter()
    path, before = "", None
    for position, call in enumerate(calls):
        done = " ".join(calls[: position + 1])
        user = call[1:]
        answer = checker.mount(name, user) if call[0] == "+" else checker.unmount(name, user)
        is_user = call[0] == "+" or users[user] > 0
        if is_user and not answer.worked:
            fails = "mount-fails" if call[0] == "+" else "unmount-fails"
            fails = "id-twice-refused" if call[0] == "+" and users[user] else fails
            yield Finding(answer.failure or fails, f"{done}: {answer.shown()}")
            return
        users[user] += (1 if call[0] == "+" else -1) if is_user else 0
        if not position:
            path, before = answer.value, checker.identity(answer.value)
        if not users.total():
            continue
        if before is not None and checker.identity(path) != before:
            yield Finding(rule, f"{done}: {path} is not what it was")
            return
        if call[0] == "-" and checker.tracks_mounts and checker.remove(name).worked:
            yield Finding(rule, f"{done}: the volume could be removed, though it is mounted")
            return
    removed = checker.remove(name)
    if not removed.worked:
        yield Finding(removed.failure or "remove-fails", f"{' '.join(calls)}: {removed.shown()}")


def restarting(checker: Checker) -> Iterator[Finding]:
    """Restart the plugin between Mount and Unmount."""
    name = f"{checker.prefix}-restart"
    for answer in (checker.new(name), checker.mount(name, "1")):
        if not answer.worked:
            yield Finding(answer.failure or "mount-fails", answer.shown())
            return
    path = answer.value
    if failure := _run(checker.restart):
        yield Finding("restart-fails", failure)
        return
    again = _wait_until_active(checker)
    if not again.worked:
        yield Finding("restart-fails", f"{again.shown()}, for {RESTART:g} seconds after {checker.restart}")
        return
    got = checker.plugin.get(name)
    if not got.worked or got.value is None:
        yield Finding("lost-by-restart", got.shown())
    elif checker.identity(path) is None:
        yield Finding("lost-by-restart", f"{path} is no longer there")
    if checker.tracks_mounts and checker.remove(name).worked:
        yield Finding("forgets-mounts", "the volume could be removed, though it is mounted")
        return
    unmounted = checker.unmount(name, "1")
    if not unmounted.worked:
        yield Finding("unmount-fails", f"after a restart: {unmounted.shown()}")
    removed = checker.remove(name)
    if not removed.worked:
        yield Finding("remove-fails", f"after a restart: {removed.shown()}")


def parallel(checker: Checker) -> Iterator[Finding]:
    """Create and remove several volumes at the same time."""
    names = [f"{checker.prefix}-p{number}" for number in range(PARALLEL)]
    with ThreadPoolExecutor(PARALLEL) as pool:
        created = list(pool.map(checker.new, names))
        listed = checker.listed()
        removed = list(pool.map(checker.remove, names))
    for answer in (*created, *removed):
        if not answer.worked:
            yield Finding(answer.failure or "loses-parallel-calls", answer.shown())
            return
    if lost := [name for name in names if name not in listed]:
        yield Finding(
            "loses-parallel-calls", f"VolumeDriver.List: {len(lost)} of {PARALLEL} volumes are not there"
        )


def garbage(checker: Checker) -> Iterator[Finding]:
    """Send requests without JSON or a known method, which the plugin must survive."""
    for request in (b"{", b"[]", b"\xff", b""):
        checker.plugin.post("VolumeDriver.Get", request)
    unknown = checker.plugin.post("VolumeDriver.NoSuchMethod", b"{}\n")
    if unknown.exchange.status == HTTPStatus.OK and not unknown.err:
        yield Finding("unknown-method-accepted", unknown.shown())
    after = checker.plugin.list()
    if not after.worked:
        yield Finding("fails-after-garbage", after.shown())


def refusal(answer: Answer) -> Iterator[Finding]:
    """Check the form of an answer with an error."""
    if answer.failure:
        yield Finding(answer.failure, answer.shown())
    elif answer.err:
        return
    elif not answer.exchange.body.strip() or isinstance(answer.document, dict):
        yield Finding("error-without-text", answer.shown())
    else:
        yield Finding("error-as-text", answer.shown())


CHECKS: Final[Mapping[str, Check]] = {
    "handshake": handshake,
    "call back": call_back,
    "capabilities": capabilities,
    "unknown volume": unknown_volume,
    "create": creation,
    "options": options,
    "get": getting,
    "list": listing,
    "mount": mounting,
    "unmount": unmounting,
    "remove": removal,
    "one id twice": one_id_twice,
    "order": last_in_first_out,
    "wrong id": wrong_id,
    "restart": restarting,
    "parallel calls": parallel,
    "garbage": garbage,
}

NEEDS_VOLUME: Final = frozenset({"get", "list", "mount", "unmount", "remove"})
NEEDS_MOUNT: Final = frozenset({"unmount", "one id twice", "order", "wrong id", "restart"})


def _step(checker: Checker, name: str, run: Check) -> Step:
    if reason := _reason_to_skip(checker, name):
        return Step(name, skipped=reason)
    started = time.monotonic()
    findings = list(dict.fromkeys(run(checker)))
    seconds = time.monotonic() - started
    if name != "restart" and seconds > SLOW and not any(finding.rule == "too-slow" for finding in findings):
        findings.append(Finding("slow", f"took {seconds:.1f} seconds"))
    return Step(name, findings, seconds=seconds)


def _reason_to_skip(checker: Checker, name: str) -> str:
    if name != "handshake" and not checker.usable:
        return "the handshake failed"
    if name == "call back" and not checker.engine:
        return "not asked; --engine SOCKET says where the plugin looks for the engine"
    if name == "restart" and not checker.restart:
        return "not asked; --restart COMMAND says how the plugin is restarted"
    if name in NEEDS_VOLUME and checker.name not in checker.created:
        return "no volume could be created"
    if name in NEEDS_MOUNT and not checker.mountpoint:
        return "the volume could not be mounted"
    return ""


def _time_as_sent(answer: Answer) -> bytes:
    """Return the value of the first CreatedAt, with its escapes."""
    body = bytes(answer.exchange.body)
    at = body.lower().find(b'"createdat"')
    return b"" if at < 0 else body[at + 11 :].partition(b'"')[2].partition(b'"')[0]


@contextmanager
def _listening(path: str) -> Iterator[Callable[[], bool]]:
    """Listen at a path without answering; yield a function that returns whether a client has connected."""
    with socket.socket(socket.AF_UNIX) as server:
        try:
            server.bind(path)
        except OSError as error:
            raise InvalidParameter(
                f"--engine {path}: cannot listen there: {error.strerror or error}"
            ) from error
        try:
            server.listen()
            server.settimeout(0)

            def called() -> bool:
                try:
                    server.accept()[0].close()
                except BlockingIOError:
                    return False
                return True

            yield called
        finally:
            os.unlink(path)  # noqa: PTH108 - as it was bound


def _run(command: str) -> str:
    """Run a shell command; return its output if it fails, else an empty text."""
    with TemporaryFile() as output:  # a daemon that the command starts may keep its output open
        code = subprocess.run(  # noqa: S603 - the user's own command
            ["/bin/sh", "-c", command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            check=False,
        ).returncode
        output.seek(0)
        return f"{command}: exit code {code}: {output.read(300).decode('utf-8', 'replace')}" if code else ""


def _wait_until_active(checker: Checker) -> Answer:
    end = time.monotonic() + RESTART
    while not (answer := checker.plugin.activate()).worked and time.monotonic() < end:
        time.sleep(0.1)
    return answer
