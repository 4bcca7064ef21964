"""The part of the OCI runtime specification that plugins use, and the engine's defaults.

Go: oci/defaults.go, oci/devices_linux.go, oci/namespaces.go, pkg/system/path.go
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec

from runtime.errdefs import EngineError
from runtime.golang.strconv import quote

VERSION = "1.0.1-dev"
"""The version of the specification in moby's vendored copy."""

DEFAULT_PATH_ENV = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""The PATH in a container.

Go: pkg/system/path.go::DefaultPathEnv
"""

_DEFAULT_CAPABILITIES = (
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FSETID",
    "CAP_FOWNER",
    "CAP_MKNOD",
    "CAP_NET_RAW",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETFCAP",
    "CAP_SETPCAP",
    "CAP_NET_BIND_SERVICE",
    "CAP_SYS_CHROOT",
    "CAP_KILL",
    "CAP_AUDIT_WRITE",
)
_DEFAULT_MOUNTS = (
    ("/proc", "proc", "proc", "nosuid noexec nodev"),
    ("/dev", "tmpfs", "tmpfs", "nosuid strictatime mode=755 size=65536k"),
    ("/dev/pts", "devpts", "devpts", "nosuid noexec newinstance ptmxmode=0666 mode=0620 gid=5"),
    ("/sys", "sysfs", "sysfs", "nosuid noexec nodev ro"),
    ("/sys/fs/cgroup", "cgroup", "cgroup", "ro nosuid noexec nodev"),
    ("/dev/mqueue", "mqueue", "mqueue", "nosuid noexec nodev"),
    ("/dev/shm", "tmpfs", "shm", "nosuid noexec nodev mode=1777"),  # noqa: S108 -- a path in the container
)
_MASKED_PATHS = (
    "/proc/asound",
    "/proc/acpi",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/sys/firmware",
)
_READONLY_PATHS = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")
_NAMESPACES = ("mount", "network", "uts", "pid", "ipc")
_DEVICE_RULES = (
    (True, 1, 5),
    (True, 1, 3),
    (True, 1, 9),
    (True, 1, 8),
    (True, 5, 0),
    (True, 5, 1),
    (False, 10, 229),
)
"""Allow, major and minor of zero, null, urandom, random, tty, console and fuse."""


class OciValue(msgspec.Struct, rename="camel", omit_defaults=True):
    """A value with the specification's names; not frozen, since a SpecOpt changes the spec in place."""


class User(OciValue, omit_defaults=False):
    """The user and group of a process."""

    uid: int = 0
    gid: int = 0


class LinuxCapabilities(OciValue):
    """The capabilities that a process keeps."""

    bounding: list[str] = msgspec.field(default_factory=list)
    effective: list[str] = msgspec.field(default_factory=list)
    inheritable: list[str] = msgspec.field(default_factory=list)
    permitted: list[str] = msgspec.field(default_factory=list)


class Process(OciValue):
    """The process to start."""

    terminal: bool = False
    user: User = msgspec.field(default_factory=User)
    args: list[str] = msgspec.field(default_factory=list)
    env: list[str] = msgspec.field(default_factory=list)
    cwd: str = ""
    capabilities: LinuxCapabilities = msgspec.field(default_factory=LinuxCapabilities)


class Root(OciValue):
    """The root file system, by its path on the host."""

    path: str
    readonly: bool = False


class Mount(OciValue):
    """A mount; `source` is on the host."""

    destination: str
    type: str = ""
    source: str = ""
    options: list[str] = msgspec.field(default_factory=list)


class LinuxDeviceCgroup(OciValue):
    """A rule that allows or forbids access to devices."""

    allow: bool
    type: str = ""
    major: int | None = None
    minor: int | None = None
    access: str = ""


class LinuxDevice(OciValue):
    """A device node to create."""

    path: str
    type: str
    major: int
    minor: int
    file_mode: int | None = None
    uid: int | None = None
    gid: int | None = None


class LinuxResources(OciValue):
    """Limits; only devices are used here."""

    devices: list[LinuxDeviceCgroup] = msgspec.field(default_factory=list)


class LinuxNamespace(OciValue):
    """A new namespace of the container."""

    type: str


class Linux(OciValue):
    """The settings for Linux."""

    resources: LinuxResources = msgspec.field(default_factory=LinuxResources)
    namespaces: list[LinuxNamespace] = msgspec.field(default_factory=list)
    devices: list[LinuxDevice] = msgspec.field(default_factory=list)
    rootfs_propagation: str = ""
    masked_paths: list[str] = msgspec.field(default_factory=list)
    readonly_paths: list[str] = msgspec.field(default_factory=list)


class Spec(OciValue):
    """The configuration of a container."""

    oci_version: str
    process: Process = msgspec.field(default_factory=Process)
    root: Root = msgspec.field(default_factory=lambda: Root(""))
    mounts: list[Mount] = msgspec.field(default_factory=list)
    linux: Linux = msgspec.field(default_factory=Linux)


def default_spec() -> Spec:
    """Return the default spec of a container.

    Go:
        oci/defaults.go::DefaultSpec
        oci/defaults.go::DefaultLinuxSpec
    """
    return Spec(
        oci_version=VERSION,
        process=Process(capabilities=LinuxCapabilities(*(list(_DEFAULT_CAPABILITIES) for _ in range(4)))),
        mounts=[
            Mount(where, kind, source, options.split()) for where, kind, source, options in _DEFAULT_MOUNTS
        ],
        linux=Linux(
            masked_paths=list(_MASKED_PATHS),
            readonly_paths=list(_READONLY_PATHS),
            namespaces=[LinuxNamespace(kind) for kind in _NAMESPACES],
            resources=LinuxResources(
                [
                    LinuxDeviceCgroup(allow=False, access="rwm"),
                    *(
                        LinuxDeviceCgroup(allow, "c", major, minor, "rwm")
                        for allow, major, minor in _DEVICE_RULES
                    ),
                ]
            ),
        ),
    )


def remove_namespace(s: Spec, ns_type: str) -> None:
    """Make the container share a namespace of the host."""
    s.linux.namespaces = [namespace for namespace in s.linux.namespaces if namespace.type != ns_type]


def devices_from_path(
    path_on_host: str, path_in_container: str, cgroup_permissions: str
) -> list[tuple[LinuxDevice, LinuxDeviceCgroup]]:
    """Return the device at a path, or those in a directory, each with a rule that allows it.

    Raises:
        EngineError: there is no device.
    """
    resolved = Path(os.path.realpath(path_on_host))
    try:
        device = _device(resolved, path_in_container, cgroup_permissions)
    except OSError as error:
        raise _no_device(path_on_host, str(error)) from error
    if device:
        return [device]
    below = [
        device
        for path in _below(resolved)
        if (
            device := _device(
                path, str(Path(path_in_container) / path.relative_to(resolved)), cgroup_permissions
            )
        )
    ]
    if not below:
        raise _no_device(path_on_host, "not a device node")
    return below


def _no_device(path: str, reason: str) -> EngineError:
    return EngineError(
        f"error gathering device information while adding custom device {quote(path)}: {reason}"
    )


def _device(
    path: Path, path_in_container: str, permissions: str
) -> tuple[LinuxDevice, LinuxDeviceCgroup] | None:
    status = path.lstat()
    if not (stat.S_ISBLK(status.st_mode) or stat.S_ISCHR(status.st_mode)):
        return None
    kind = "b" if stat.S_ISBLK(status.st_mode) else "c"
    major, minor = os.major(status.st_rdev), os.minor(status.st_rdev)
    device = LinuxDevice(
        path_in_container, kind, major, minor, stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid
    )
    return device, LinuxDeviceCgroup(allow=True, type=kind, major=major, minor=minor, access=permissions)


def _below(directory: Path) -> Iterator[Path]:
    for where, _, names in os.walk(directory):
        yield from (Path(where, name) for name in sorted(names))
