"""What a plugin asks for, and whether the user agreed to exactly that."""

from __future__ import annotations

import pytest

from runtime.api.types.plugin import (
    PluginConfig,
    PluginConfigLinux,
    PluginConfigNetwork,
    PluginDevice,
    PluginMount,
    PluginPrivilege,
)
from runtime.errdefs import EngineError
from runtime.plugin.defs import compute_privileges, is_equal, validate_privileges


def privilege(name: str, *value: str) -> PluginPrivilege:
    return PluginPrivilege(name, "Description", list(value))


ONE = privilege("Privilege1", "abc", "def", "GHI")
TWO = privilege("Privilege2", "123", "456", "789")


def test_the_same_privileges_in_another_order_are_accepted() -> None:
    validate_privileges([ONE, TWO], [TWO, privilege("Privilege1", "GHI", "abc", "def")])


@pytest.mark.parametrize(
    ("required", "accepted"),
    [
        ([ONE], [ONE, TWO]),
        (
            [ONE, TWO],
            [privilege("Privilege1", "abc", "def", "GHI"), privilege("Privilege2", "123", "456", "***")],
        ),
        ([ONE], [privilege("Privilege1", "abc")]),
        ([ONE], [privilege("Privilege3", "abc", "def", "GHI")]),
        ([ONE, TWO], [privilege("Privilege1", "x"), TWO]),
        ([ONE], []),
    ],
    ids=["length", "last value", "single value", "single name", "first value", "none"],
)
def test_other_privileges_are_refused(
    required: list[PluginPrivilege], accepted: list[PluginPrivilege]
) -> None:
    with pytest.raises(EngineError, match=r"^incorrect privileges$"):
        validate_privileges(required, accepted)


def test_comparing_does_not_change_what_is_compared() -> None:
    values = ["b", "a"]
    assert is_equal([PluginPrivilege("n", "", values)], [PluginPrivilege("n", "", ["a", "b"])])
    assert values == ["b", "a"]


def test_a_config_asks_for_all_that_goes_beyond_the_default() -> None:
    config = PluginConfig(
        network=PluginConfigNetwork("host"),
        ipc_host=True,
        pid_host=True,
        mounts=[PluginMount(source="/dev"), PluginMount()],
        linux=PluginConfigLinux(
            allow_all_devices=True,
            capabilities=["CAP_SYS_ADMIN"],
            devices=[PluginDevice(path="/dev/fuse"), PluginDevice()],
        ),
    )
    assert [(asked.name, asked.value) for asked in compute_privileges(config)] == [
        ("network", ["host"]),
        ("host ipc namespace", ["true"]),
        ("host pid namespace", ["true"]),
        ("mount", ["/dev"]),
        ("device", ["/dev/fuse"]),
        ("allow-all-devices", ["true"]),
        ("capabilities", ["CAP_SYS_ADMIN"]),
    ]


@pytest.mark.parametrize("network", ["", "null", "bridge"])
def test_a_plain_config_asks_for_nothing(network: str) -> None:
    assert compute_privileges(PluginConfig(network=PluginConfigNetwork(network))) == []
