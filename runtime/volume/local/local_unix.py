"""Options of local volumes: the mount that they describe, and the file that holds them.

The methods of `LocalVolume` are in `local.py`.

Go: volume/local/local.go, volume/local/local_unix.go, daemon/names/names.go
"""

from __future__ import annotations

import ipaddress
import os
import re
import socket
import stat
from collections.abc import Mapping
from typing import Final, TypeAlias

import msgspec

from runtime.errdefs import EngineError, InvalidParameter
from runtime.golang import encoding_json
from runtime.golang.strconv import cause, quote


class VolumeNotFound(EngineError):
    """The local driver has no such volume.

    Go: volume/local/local.go::ErrNotFound
    """

    def __init__(self) -> None:
        super().__init__("volume not found")


class ValidationError(InvalidParameter):
    """A name or an option that the local driver refuses."""


VOLUME_DATA_PATH_NAME: Final = "_data"
"""The directory of the data in a volume's directory.

Go: volume/local/local.go::VolumeDataPathName
"""

FILE: Final = "opts.json"
ASIDE: Final = ".opts.json"
MASKED: Final = "password="
FILE_MODE: Final = 0o600
LARGEST: Final = 1 << 20
"""Bytes of an options file; no options take a megabyte."""

VALID_OPTS: Final = frozenset({"type", "o", "device"})
"""The options that a local volume takes: the file system's type, mount's options, and the device.

Go: volume/local/local_unix.go::validOpts
"""

RESTRICTED_NAME_CHARS: Final = "[a-zA-Z0-9][a-zA-Z0-9_.-]"
"""The characters of a name: one of the first kind, then some of the second.

Go: daemon/names/names.go::RestrictedNameChars
"""

RESTRICTED_NAME_PATTERN: Final = re.compile(rf"{RESTRICTED_NAME_CHARS}+", re.ASCII)
"""The pattern that a whole name matches.

Go:
    daemon/names/names.go::RestrictedNamePattern
    volume/local/local.go::volumeNameRegex
"""


class OptsConfig(msgspec.Struct, frozen=True):
    """The options of a volume, to be mounted."""

    mount_type: str = msgspec.field(default="", name="MountType")
    mount_opts: str = msgspec.field(default="", name="MountOpts")
    mount_device: str = msgspec.field(default="", name="MountDevice")

    def __str__(self) -> str:
        """Return the options for an error.

        Go: volume/local/local_unix.go::optsConfig.String
        Differs:
            behaviour password: hidden; moby shows it in errors.
        """
        options = without_password(self.mount_opts)
        return f"type='{self.mount_type}' device='{self.mount_device}' o='{options}'"


NO_OPTS: Final = OptsConfig()

Opts: TypeAlias = OptsConfig | None
"""The options of a volume, or None without any."""


class BrokenOptions(EngineError):
    """An options file that cannot be understood."""


def validate_name(name: str) -> None:
    """Check that a name is valid for a volume and its directory.

    Raises:
        ValidationError: It is not.

    Go: volume/local/local.go::Root.validateName
    Differs:
        behaviour end: a newline at the end is refused, as in Go, where `$` matches at the very end only.
    """
    if len(name.encode(errors="replace")) == 1:
        raise ValidationError(
            "volume name is too short, names should be at least two alphanumeric characters"
        )
    if not RESTRICTED_NAME_PATTERN.fullmatch(name):
        raise ValidationError(
            f"{quote(name)} includes invalid characters for a local volume name, only "
            f"{quote(RESTRICTED_NAME_CHARS)} are allowed. If you intended to pass a host directory, "
            "use absolute path"
        )


def set_opts(opts: Mapping[str, str] | None) -> Opts:
    """Return a client's options, or None without any.

    Raises:
        ValidationError: An option is unknown.
    """
    if not opts:
        return None
    _validate_opts(opts)
    return OptsConfig(opts.get("type", ""), opts.get("o", ""), opts.get("device", ""))


def _validate_opts(opts: Mapping[str, str]) -> None:
    """Check that all options are known.

    Go: volume/local/local.go::validateOpts
    """
    for option in opts:
        if option not in VALID_OPTS:
            raise ValidationError(f"invalid option key: {quote(option)}")


def get_address(opts: str) -> str:
    """Return the host in the mount options, or an empty text."""
    addresses = (option[5:] for option in opts.split(",") if option.startswith("addr="))
    return next(addresses, "")


def without_password(opts: str) -> str:
    """Return the mount options with the password of CIFS hidden, as in moby since v23.0."""
    return ",".join(
        f"{MASKED}********" if option.startswith(MASKED) else option for option in opts.split(",")
    )


def resolved(opts: str) -> str:
    """Return the mount options with the host as an address, because mount(2) does not resolve names.

    Raises:
        OSError: The name is unknown.
    """
    host = get_address(opts)
    if not host or _is_ipv4(host):
        return opts
    addresses = sorted(socket.getaddrinfo(host, None), key=lambda entry: entry[0] != socket.AF_INET)
    return opts.replace(f"addr={host}", f"addr={addresses[0][4][0]}", 1)


def write(directory: int, opts: OptsConfig) -> None:
    """Write the options file into the directory of this descriptor, atomically, and sync it.

    Raises:
        OSError: It cannot be written.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(ASIDE, flags, FILE_MODE, dir_fd=directory), "wb") as file:
        file.write(msgspec.json.encode(opts))
        file.flush()
        os.fsync(file.fileno())
    os.rename(ASIDE, FILE, src_dir_fd=directory, dst_dir_fd=directory)


def read(path: str, directory: int) -> OptsConfig | None:
    """Read the options file at a path below a descriptor; None if it has no options.

    Raises:
        BrokenOptions: The file cannot be understood.
    """
    try:
        descriptor = os.open(
            path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=directory
        )
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BrokenOptions(cause(error)) from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise BrokenOptions("not a regular file")
        opts = _decode(os.read(descriptor, LARGEST + 1))
    finally:
        os.close(descriptor)
    return None if opts == NO_OPTS else opts


def _decode(raw: bytes) -> OptsConfig:
    """Decode an options file; older engines wrote null or an empty file for no options."""
    if not raw:
        return NO_OPTS
    if len(raw) > LARGEST:
        raise BrokenOptions("the file is too large")
    try:
        return encoding_json.decode(raw, OptsConfig)
    except encoding_json.DecodeError as error:
        raise BrokenOptions(str(error)) from None


def _is_ipv4(host: str) -> bool:
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True
