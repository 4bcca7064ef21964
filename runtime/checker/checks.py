"""The checks of a volume plugin, in the order in which the engine would call it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, TypeAlias

from runtime.checker.asking import ACCEPT, Answer, Plugin
from runtime.checker.checker import Checker
from runtime.checker.rules import Finding, Report, Step

SLOW: Final = 2.0
"""Seconds from which on a call is called slow."""

PARALLEL: Final = 8
"""Calls at the same time."""

SCOPES: Final = ("local", "global")

Check: TypeAlias = Callable[[Checker], Iterator[Finding]]


def check(plugin: Plugin, options: Mapping[str, str] | None = None) -> Report:
    """Check a plugin; what is made is removed.

    Args:
        plugin: The plugin.
        options: What volumes are created with, for plugins that need some.
    """
    checker = Checker(plugin, options or {})
    try:
        return Report(plugin.address, [_step(checker, name, one) for name, one in CHECKS.items()])
    finally:
        if checker.usable:
            checker.clean_up()


def handshake(checker: Checker) -> Iterator[Finding]:
    """`Plugin.Activate`, which says what the plugin implements."""
    answer = checker.plugin.ask("Plugin.Activate")
    if answer.failure:
        yield Finding(answer.failure, answer.shown())
        return
    if not answer.worked:
        yield Finding("activate-fails", answer.shown())
        return
    implements = answer.fields.get("Implements")
    if not isinstance(implements, list) or "VolumeDriver" not in implements:
        yield Finding("not-a-volume-driver", answer.shown())
        return
    checker.usable = True
    if not answer.content_type.startswith("application/vnd.docker.plugins.v1"):
        yield Finding("content-type", f"Plugin.Activate: {answer.content_type or 'none'}, expected {ACCEPT}")


def capabilities(checker: Checker) -> Iterator[Finding]:
    """`Capabilities`, which says whether volumes are this machine's or a cluster's."""
    answer = checker.ask("Capabilities")
    if answer.failure:
        yield Finding(answer.failure, answer.shown())
        return
    if not answer.worked:
        yield Finding("no-capabilities", answer.shown())
        return
    told = answer.fields.get("Capabilities")
    scope = told.get("Scope") if isinstance(told, dict) else None
    if not isinstance(scope, str) or scope.lower() not in SCOPES:
        yield Finding("unknown-scope", answer.shown())


def unknown_volume(checker: Checker) -> Iterator[Finding]:
    """A volume that does not exist, in every method that names one."""
    missing = f"{checker.prefix}-missing"
    answer = checker.ask("Get", Name=missing)
    if answer.worked:
        exists = answer.fields.get("Volume") is not None
        yield Finding("unknown-volume-exists" if exists else "unknown-volume-is-null", answer.shown())
    else:
        yield from refusal(answer)
    for method in ("Path", "Mount", "Unmount", "Remove"):
        use = {"ID": f"{checker.prefix}-1"} if method in {"Mount", "Unmount"} else {}
        answer = checker.ask(method, Name=missing, **use)
        if answer.worked:
            yield Finding("unknown-volume-accepted", answer.shown())
        else:
            yield from refusal(answer)


def creation(checker: Checker) -> Iterator[Finding]:
    """`Create`, and once more."""
    answer = checker.create(checker.name, checker.options or None)
    if answer.failure:
        yield Finding(answer.failure, answer.shown())
    elif not answer.worked:
        yield Finding("create-fails" if checker.options else "null-options", answer.shown())
    if checker.name not in checker.made:
        yield from second_creation(checker)
    again = checker.create(checker.name, checker.options or None)
    if not again.worked and checker.name in checker.made:
        yield Finding("create-again-fails", again.shown())


def second_creation(checker: Checker) -> Iterator[Finding]:
    """Without options it may work with an empty object of them."""
    answer = checker.create(checker.name, checker.options)
    if not answer.worked:
        yield Finding("create-fails", f"{answer.shown()}; does it need options? Give them with --opt")


def options(checker: Checker) -> Iterator[Finding]:
    """Options that no plugin has."""
    name = f"{checker.prefix}-options"
    answer = checker.create(name, {**checker.options, "no-such-option": "x"})
    if answer.worked:
        yield Finding("bad-options-accepted", answer.shown())
        checker.remove(name)
    else:
        yield from refusal(answer)


def getting(checker: Checker) -> Iterator[Finding]:
    """`Get` of the volume that was created."""
    answer = checker.ask("Get", Name=checker.name)
    volume = answer.fields.get("Volume")
    if not answer.worked or not isinstance(volume, dict):
        yield Finding(answer.failure or "get-fails", answer.shown())
        return
    yield from description(answer, volume, checker.name)


def description(answer: Answer, volume: Mapping[str, Any], name: str) -> Iterator[Finding]:
    """What a plugin tells of a volume."""
    if volume.get("Name") != name:
        yield Finding("wrong-name", answer.shown())
    if not isinstance(volume.get("Mountpoint", ""), str | None):
        yield Finding("wrong-type", f"{answer.shown()}: Mountpoint")
    if not _is_time(volume.get("CreatedAt")):
        yield Finding("bad-time", answer.shown())
    if not isinstance(volume.get("Status"), dict | None):
        yield Finding("bad-status", answer.shown())


def listing(checker: Checker) -> Iterator[Finding]:
    """`List`, with the volume in it once."""
    answer = checker.ask("List")
    if answer.failure:
        yield Finding(answer.failure, answer.shown())
        return
    volumes = answer.fields.get("Volumes")
    if (
        not answer.worked
        or not isinstance(volumes, list)
        or not all(isinstance(each, dict) for each in volumes)
    ):
        yield Finding("wrong-type", answer.shown())
        return
    found = [volume for volume in volumes if volume.get("Name") == checker.name]
    if not found:
        yield Finding("not-listed", f"VolumeDriver.List: {checker.name} is not among {len(volumes)}")
    if len(found) > 1:
        yield Finding("listed-twice", f"VolumeDriver.List: {checker.name} is there {len(found)} times")
    for volume in found:
        yield from description(answer, volume, checker.name)


def mounting(checker: Checker) -> Iterator[Finding]:
    """`Mount` for two users, and what is told of it meanwhile."""
    first = checker.ask("Mount", Name=checker.name, ID=f"{checker.prefix}-1")
    if not first.worked:
        yield Finding(first.failure or "mount-fails", first.shown())
        return
    place = first.fields.get("Mountpoint")
    if not isinstance(place, str) or not place:
        yield Finding("no-mountpoint", first.shown())
        return
    checker.mountpoint = place
    if not place.startswith("/"):
        yield Finding("relative-mountpoint", first.shown())
    elif not Path(place).is_dir():
        yield Finding("mountpoint-missing", first.shown())
    second = checker.ask("Mount", Name=checker.name, ID=f"{checker.prefix}-2")
    if not second.worked:
        yield Finding(second.failure or "mount-fails", f"the second user: {second.shown()}")
    elif second.fields.get("Mountpoint") != place:
        yield Finding("mountpoints-differ", f"{first.shown()}, and for the second user {second.shown()}")
    yield from told_places(checker)


def told_places(checker: Checker) -> Iterator[Finding]:
    """Where the volume is said to be while it is mounted."""
    path, got = checker.ask("Path", Name=checker.name), checker.ask("Get", Name=checker.name)
    volume = got.fields.get("Volume")
    places = {
        path: path.fields.get("Mountpoint"),
        got: volume.get("Mountpoint") if isinstance(volume, dict) else None,
    }
    for answer, place in places.items():
        if place != checker.mountpoint:
            yield Finding("path-differs", f"{answer.shown()}, but mounted at {checker.mountpoint}")


def unmounting(checker: Checker) -> Iterator[Finding]:
    """`Unmount` for one user, who must not take the volume from the other, and then for that."""
    before = _contents(checker.mountpoint)
    first = checker.ask("Unmount", Name=checker.name, ID=f"{checker.prefix}-1")
    if not first.worked:
        yield Finding(first.failure or "unmount-fails", first.shown())
    if before is not None and _contents(checker.mountpoint) != before:
        yield Finding("unmounted-too-early", f"{first.shown()}: {checker.mountpoint} is not what it was")
    removed = checker.ask("Remove", Name=checker.name)
    if removed.worked:
        yield Finding("removed-while-mounted", removed.shown())
        checker.create(checker.name, checker.options or None)
        return
    yield from refusal(removed)
    last = checker.ask("Unmount", Name=checker.name, ID=f"{checker.prefix}-2")
    if not last.worked:
        yield Finding(last.failure or "unmount-fails", f"the last user: {last.shown()}")


def removal(checker: Checker) -> Iterator[Finding]:
    """`Remove`, after which the volume is gone."""
    answer = checker.remove(checker.name)
    if not answer.worked:
        yield Finding(answer.failure or "remove-fails", answer.shown())
        return
    got = checker.ask("Get", Name=checker.name)
    if got.worked and got.fields.get("Volume") is not None:
        yield Finding("still-there", got.shown())
    elif checker.name in checker.listed():
        yield Finding("still-there", f"VolumeDriver.List: {checker.name} is still there")


def parallel(checker: Checker) -> Iterator[Finding]:
    """Several volumes created and removed at the same time."""
    names = [f"{checker.prefix}-p{number}" for number in range(PARALLEL)]
    with ThreadPoolExecutor(PARALLEL) as pool:
        created = list(pool.map(lambda name: checker.create(name, checker.options or None), names))
        listed = checker.listed()
        removed = list(pool.map(checker.remove, names))
    for answer in (*created, *removed):
        if not answer.worked:
            yield Finding("loses-parallel-calls", answer.shown())
            return
    if lost := [name for name in names if name not in listed]:
        yield Finding(
            "loses-parallel-calls", f"VolumeDriver.List: {len(lost)} of {PARALLEL} volumes are not there"
        )


def garbage(checker: Checker) -> Iterator[Finding]:
    """Requests that are no JSON, or of no method, which the plugin has to survive."""
    for request in (b"{", b"[]", b"\xff", b""):
        checker.plugin.ask("VolumeDriver.Get", request)
    unknown = checker.ask("NoSuchMethod")
    if unknown.status == HTTPStatus.OK and not unknown.err:
        yield Finding("unknown-method-accepted", unknown.shown())
    after = checker.ask("List")
    if not after.worked:
        yield Finding("fails-after-garbage", after.shown())


def refusal(answer: Answer) -> Iterator[Finding]:
    """The form of an answer that refuses."""
    if answer.failure:
        yield Finding(answer.failure, answer.shown())
    elif answer.err:
        return
    elif answer.status == HTTPStatus.OK:
        yield Finding("not-json", answer.shown())
    elif not answer.body.strip() or isinstance(answer.document, dict):
        yield Finding("error-without-text", answer.shown())
    else:
        yield Finding("error-as-text", answer.shown())


CHECKS: Final[Mapping[str, Check]] = {
    "handshake": handshake,
    "capabilities": capabilities,
    "unknown volume": unknown_volume,
    "create": creation,
    "options": options,
    "get": getting,
    "list": listing,
    "mount": mounting,
    "unmount": unmounting,
    "remove": removal,
    "parallel calls": parallel,
    "garbage": garbage,
}

NEEDS_VOLUME: Final = frozenset({"get", "list", "mount", "unmount", "remove"})


def _step(checker: Checker, name: str, one: Check) -> Step:
    if name != "handshake" and not checker.usable:
        return Step(name, skipped="the handshake failed")
    if name in NEEDS_VOLUME and checker.name not in checker.made:
        return Step(name, skipped="no volume could be created")
    if name == "unmount" and not checker.mountpoint:
        return Step(name, skipped="the volume could not be mounted")
    started = time.monotonic()
    findings = list(dict.fromkeys(one(checker)))
    seconds = time.monotonic() - started
    if seconds > SLOW and not any(finding.rule == "too-slow" for finding in findings):
        findings.append(Finding("slow", f"took {seconds:.1f} seconds"))
    return Step(name, findings, seconds=seconds)


def _is_time(value: object) -> bool:
    if value in (None, ""):
        return value is None
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _contents(place: str) -> tuple[int, int] | None:
    """What tells a mounted directory from another."""
    try:
        found = Path(place).stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
