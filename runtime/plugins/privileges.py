"""What a plugin asks for beyond the default, and whether the user agreed to exactly that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runtime.errors import EngineError
from runtime.plugins.api_types import PluginConfig, PluginPrivilege

_NO_PRIVILEGE = ("null", "bridge", "")


def compute_privileges(c: PluginConfig) -> list[PluginPrivilege]:
    """The privileges that a user has to accept.

    Go:
        plugin/backend_linux.go::computePrivileges
    """
    return list(_privileges(c))


def _privileges(config: PluginConfig) -> Iterator[PluginPrivilege]:
    if config.network.type not in _NO_PRIVILEGE:
        yield PluginPrivilege("network", "permissions to access a network", [config.network.type])
    if config.ipc_host:
        yield PluginPrivilege("host ipc namespace", "allow access to host ipc namespace", ["true"])
    if config.pid_host:
        yield PluginPrivilege("host pid namespace", "allow access to host pid namespace", ["true"])
    for mount in config.mounts or ():
        if mount.source is not None:
            yield PluginPrivilege("mount", "host path to mount", [mount.source])
    for device in config.linux.devices or ():
        if device.path is not None:
            yield PluginPrivilege("device", "host device to access", [device.path])
    if config.linux.allow_all_devices:
        yield PluginPrivilege("allow-all-devices", "allow 'rwm' access to all devices", ["true"])
    if config.linux.capabilities:
        yield PluginPrivilege(
            "capabilities", "list of additional capabilities required", config.linux.capabilities
        )


def validate_privileges(
    required_privileges: Sequence[PluginPrivilege], privileges: Sequence[PluginPrivilege]
) -> None:
    """Check that the user accepted what is required, no less and no more.

    Go:
        plugin/manager.go::validatePrivileges

    Raises:
        EngineError: `incorrect privileges`.
    """
    if not is_equal(required_privileges, privileges):
        raise EngineError("incorrect privileges")


def is_equal(arr_one: Sequence[PluginPrivilege], arr_other: Sequence[PluginPrivilege]) -> bool:
    """Whether both hold the same privileges, in any order.

    Go:
        plugin/manager.go::isEqual

    Differs:
        param compare: always by name and value.
        call isEqualPrivilege: the one way to compare that moby hands to it.
        behaviour first: the first privilege is compared too; moby begins with the second, so a single one
            always passes.
        behaviour order: sorted by name and values; moby sorts values only while swapping, so equal lists can
            differ.
        behaviour sort: neither argument is changed.
    """
    return sorted(map(_key, arr_one)) == sorted(map(_key, arr_other))


def _key(privilege: PluginPrivilege) -> tuple[str, list[str]]:
    """By what privileges are the same: equal keys.

    Go:
        plugin/manager.go::isEqualPrivilege

    Differs:
        param a: called `privilege`: only one is taken, since two are compared by their keys.
        param b: the other one has a key of its own.
    """
    return privilege.name, sorted(privilege.value or ())
