"""Runs apt-get with private state, under a watchdog."""

from __future__ import annotations

import errno
import os
import re
import shlex
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

from annotator.errors import SourceUnavailable
from annotator.file_io import unwritable
from annotator.model.source import Progress, Warn


class Watchdog:
    """Calls a function when there is no progress for some seconds; a context manager."""

    def __init__(self, end: Callable[[], None], seconds: float) -> None:
        self.has_expired = False
        self._end, self._seconds = end, seconds
        self._last = ""
        self._timer = threading.Timer(seconds, self._expire)

    def progress(self, state: str) -> None:
        """Note progress, if the state is not the last one."""
        if state != self._last:
            self._last = state
            self._timer.cancel()
            timer = threading.Timer(self._seconds, self._expire)
            timer.start()
            self._timer = timer  # one that has started, so that it can be joined

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._timer.join()

    def _expire(self) -> None:
        self.has_expired = True
        self._end()


_ROOM = 200 << 20
_PATIENCE = 30.0
_SUITES = ("oldstable", "stable", "testing", "unstable")
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]+")
_VERSION = re.compile(r"[0-9][A-Za-z0-9.+~:-]*")
_ARCHIVE = re.compile(r"/debian(?:/\d{8}T\d{6}Z|\.list)?/?$")  # not debian-security, nor a vendor's own
_STEP = re.compile(r"dlstatus:[^:]*:([\d.]+):")
_COMPLAINT = re.compile(r"Err:\d+ (.*)")
_TARBALL = re.compile(r"[^/]*\.orig\.tar\.(?:xz|gz|bz2)")
_LEGACY = re.compile(r"(deb|deb-src)\s+(?:\[([^]]*)\]\s*)?(\S+)\s+(\S+)\s+(.+)")

# These say how a mirror is verified; `Trusted` would switch that off.
_COPIED = ("signed-by", "check-valid-until", "valid-until-max", "check-date")

# Hooks of the machine's own configuration act on the whole system, and stay out.
_CONFIGURATION = """\
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Invoke;
#clear DPkg::Post-Invoke;
"""
_SETTINGS = (
    "Dir::Etc::sourcelist=/dev/null",
    "APT::Sandbox::User=root",  # nobody else may read a private folder
    "APT::Get::AllowUnauthenticated=false",
    "Acquire::AllowInsecureRepositories=false",
    "Acquire::AllowDowngradeToInsecureRepositories=false",
    "Acquire::GzipIndexes=true",
    "Acquire::Languages=none",
    "Acquire::Retries=0",
    "Acquire::http::Timeout=10",
    "Acquire::https::Timeout=10",
)


class Apt:
    """Apt with private state; it reads the Debian mirrors that this machine's sources name."""

    def __init__(self, folder: Path, *, progress: Progress, warn: Warn) -> None:
        """Keep lists and apt's state under a folder; call `warn` for each suite that is left out."""
        self._folder = folder
        self._progress = progress
        self._warn = warn

    def versions(self, package: str) -> list[str]:
        """Return the versions of a source package in the suites, after updating the lists.

        Raises:
            SourceUnavailable: There is no apt, no mirror of Debian, no answer, or no such package.
        """
        _check(_PACKAGE, package, "the name of a Debian source package")
        stanzas = list(machine_sources())
        for sources in (debian_suites(stanzas), own_suites(stanzas)):
            if sources and (versions := self._listed(package, sources)):
                return versions
        raise SourceUnavailable(f"this machine's apt sources name no mirror that has the source of {package}")

    def download(self, package: str, version: str, into: Path) -> Path:
        """Download a source package's tarballs into a folder; apt checks them. Return the main `.orig` one.

        Raises:
            SourceUnavailable: It cannot be downloaded, or does not match the signed lists.
        """
        _check(_PACKAGE, package, "the name of a Debian source package")
        _check(_VERSION, version, "a version of a Debian package")
        if not list((self._folder / "state" / "lists").glob("*Sources*")):
            self.versions(package)
        what = ("source", "--download-only", "--tar-only", "--only-source", f"{package}={version}")
        is_done, complaints = self._get(f"Downloading {package} {version}", *what, folder=into)
        tarballs = [file for file in sorted(into.iterdir()) if _TARBALL.fullmatch(file.name)]
        if not is_done or not tarballs:
            why = complaints[-1] if complaints else "no mirror has its .orig tarball"
            raise SourceUnavailable(f"Debian's source of {package} {version} cannot be had: {why}")
        return tarballs[0]

    def _listed(self, package: str, sources: list[str]) -> list[str]:
        self._prepare(sources)
        _, complaints = self._get("Reading Debian's lists of packages", "update")
        versions = self._show(package)
        if not versions and complaints:
            raise SourceUnavailable(f"Debian's lists of packages cannot be had: {complaints[-1]}")
        for complaint in complaints:
            self._warn(f"a list of Debian's packages is left out: {complaint}")
        return versions

    def _prepare(self, sources: list[str]) -> None:
        for name in ("state/lists/partial", "cache/archives/partial", "sources"):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        (self._folder / "status").touch()
        (self._folder / "apt.conf").write_text(_CONFIGURATION, encoding="utf-8")
        (self._folder / "sources" / "annotator.sources").write_text("\n".join(sources), encoding="utf-8")

    def _show(self, package: str) -> list[str]:
        shown = _output(self._command("apt-cache", "showsrc", "--only-source", package))
        return [
            line.split()[1]
            for stanza in shown.split("\n\n")
            if f"Package: {package}\n" in f"{stanza}\n"
            for line in stanza.splitlines()
            if line.startswith("Version: ")
        ]

    def _get(self, doing: str, *arguments: str, folder: Path | None = None) -> tuple[bool, list[str]]:
        """Run apt-get and report its progress; return whether it succeeded, and its complaints."""
        self._check_room()
        process = subprocess.Popen(  # noqa: S603 - apt's own tools, arguments checked
            self._command("apt-get", "--quiet", "-o", "APT::Status-Fd=1", *arguments),
            cwd=folder,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # so that it can be ended with the programs that it starts
        )
        watchdog = Watchdog(lambda: _end(process), _PATIENCE)
        with process, watchdog:
            try:
                complaints = list(self._followed(doing, process.stdout or (), watchdog))
            except BaseException:
                _end(process)
                raise
        if watchdog.has_expired:
            complaints.append(f"apt did not come on for {_PATIENCE:g} seconds")
        return process.returncode == 0, complaints

    def _followed(self, doing: str, lines: Iterable[str], watchdog: Watchdog) -> Iterator[str]:
        complaint = ""
        for line in lines:
            if complaint:
                yield f"{complaint} {line.strip()}" if line.startswith(" ") else complaint
            match = _COMPLAINT.match(line)
            complaint = match[1].strip() if match else ""
            if step := _STEP.match(line):
                watchdog.progress(step[1])
                self._progress(doing, int(float(step[1])), 100)
        if complaint:
            yield complaint

    def _check_room(self) -> None:
        # Apt waits without end when the disk fills up.
        free = shutil.disk_usage(self._folder).free
        if free < _ROOM:
            why = f"{free >> 20} MiB are free there and {_ROOM >> 20} are needed"
            raise unwritable(self._folder, OSError(errno.ENOSPC, why))

    def _command(self, tool: str, *arguments: str) -> list[str]:
        private = {
            "Dir::State": "state",
            "Dir::State::lists": "state/lists",
            "Dir::State::status": "status",
            "Dir::State::extended_states": "state/extended_states",
            "Dir::Cache": "cache",
            "Dir::Cache::archives": "cache/archives",
            "Dir::Etc::sourceparts": "sources",
            "Dir::Log": "log",
        }
        places = [f"{name}={self._folder / place}" for name, place in private.items()]
        options = [word for setting in (*places, *_SETTINGS) for word in ("-o", setting)]
        return [_tool(tool), "-c", str(self._folder / "apt.conf"), *options, *arguments]


def machine_sources() -> Iterator[Mapping[str, str]]:
    """Yield the stanzas of this machine's apt sources in both formats, with keys in lower case.

    Raises:
        SourceUnavailable: There is no apt.
    """
    query = ("shell", "LIST", "Dir::Etc::sourcelist/f", "PARTS", "Dir::Etc::sourceparts/d")
    words = shlex.split(_output([_tool("apt-config"), *query]))
    places = dict(word.split("=", 1) for word in words)
    parts = sorted(Path(places.get("PARTS", "/nowhere")).glob("*"))
    for file in (Path(places.get("LIST", "/nowhere")), *parts):
        reader = {".list": _legacy, ".sources": _deb822}.get(file.suffix)
        if reader and file.is_file():
            yield from reader(file.read_text(encoding="utf-8", errors="replace"))


def debian_suites(stanzas: Iterable[Mapping[str, str]]) -> list[str]:
    """Return sources of Debian's suites, from stanzas that name a mirror of its main archive."""
    mirrors = [
        (uri, stanza)
        for stanza in stanzas
        for uri in stanza["uris"].split()
        if _ARCHIVE.search(uri) and "main" in stanza.get("components", "").split()
    ]
    best = sorted(mirrors, key=lambda mirror: "debian.org" not in mirror[0])[:1]
    return [
        _stanza(uri, suite, {**stanza, "components": "main"}) for uri, stanza in best for suite in _SUITES
    ]


def own_suites(stanzas: Iterable[Mapping[str, str]]) -> list[str]:
    """Return sources of only the suites that the machine uses."""
    return [
        _stanza(uri, suite, stanza)
        for stanza in stanzas
        for uri in stanza["uris"].split()
        for suite in stanza["suites"].split()
    ]


def _output(command: list[str]) -> str:
    """Return the output of one of apt's tools that need no time limit."""
    return subprocess.run(  # noqa: S603 - apt's own tools, arguments checked
        command, env=_environment(), capture_output=True, text=True, errors="replace", check=False
    ).stdout


def _end(process: subprocess.Popen[str]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _environment() -> dict[str, str]:
    return {**os.environ, "LC_ALL": "C", "LANGUAGE": "C"}


def _tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise SourceUnavailable("this machine has no apt, which `debian` is read with")
    return found


def _check(rule: re.Pattern[str], word: str, what: str) -> None:
    if not rule.fullmatch(word):
        raise SourceUnavailable(f"{word!r} is not {what}")


def _stanza(uri: str, suite: str, stanza: Mapping[str, str]) -> str:
    components = "" if suite.endswith("/") else f"Components: {stanza.get('components', 'main')}\n"
    copied = "".join(f"{key}: {stanza[key]}\n" for key in _COPIED if key in stanza)
    return f"Types: deb-src\nURIs: {uri}\nSuites: {suite}\n{components}{copied}"


def _deb822(text: str) -> Iterator[Mapping[str, str]]:
    text = re.sub(r"^#.*\n?", "", text, flags=re.MULTILINE)
    for block in re.split(r"\n[ \t]*\n", text):
        fields = re.findall(r"^([\w-]+):[ \t]*(.*(?:\n[ \t].*)*)", block, flags=re.MULTILINE)
        stanza = {key.lower(): value.rstrip() for key, value in fields}
        if _is_read(stanza):
            yield stanza


def _legacy(text: str) -> Iterator[Mapping[str, str]]:
    for line in text.splitlines():
        if match := _LEGACY.match(line.partition("#")[0].strip()):
            types, options, uris, suites, components = match.groups(default="")
            pairs = (option.split("=", 1) for option in options.split() if "=" in option)
            stanza = {key.lower(): value.replace(",", " ") for key, value in pairs}
            stanza |= {"types": types, "uris": uris, "suites": suites, "components": components}
            if _is_read(stanza):
                yield stanza


def _is_read(stanza: Mapping[str, str]) -> bool:
    enabled = stanza.get("enabled", "yes").lower() not in {"no", "false", "off", "0", "without", "disable"}
    return enabled and bool(stanza.get("suites")) and not stanza.get("uris", "cdrom:").startswith("cdrom:")
