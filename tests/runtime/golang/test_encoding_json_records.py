"""config.json as Go reads and writes it, hostile ones included."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.api.types.plugin import Plugin, PluginConfig, PluginFile, PluginInterfaceType
from runtime.errdefs import EngineError
from runtime.golang import encoding_json

# As dockerd 20.10.24 writes it.
CONFIG = {
    "Args": {"Description": "arguments", "Name": "args", "Settable": ["value"], "Value": []},
    "Description": "Test volume plugin (stdlib Go)",
    "DockerVersion": "20.10.24+dfsg1",
    "Documentation": "https://example.invalid/testvol",
    "Entrypoint": ["/testvol"],
    "Env": [{"Description": "debug flag", "Name": "DEBUG", "Settable": ["value"], "Value": "0"}],
    "Interface": {"Socket": "testvol.sock", "Types": ["docker.volumedriver/1.0"]},
    "IpcHost": False,
    "Linux": {"AllowAllDevices": False, "Capabilities": ["CAP_SYS_ADMIN"], "Devices": None},
    "Mounts": None,
    "Network": {"Type": "host"},
    "PidHost": False,
    "PropagatedMount": "/mnt/volumes",
    "User": {},
    "WorkDir": "/",
    "rootfs": {"diff_ids": ["sha256:" + "b" * 64], "type": "layers"},
}
DOCKERD = {
    "plugin": {
        "Config": CONFIG,
        "Enabled": True,
        "Id": "5" * 64,
        "Name": "testvol:latest",
        "PluginReference": "docker.io/library/testvol:latest",
        "Settings": {"Args": [], "Devices": [], "Env": ["DEBUG=0"], "Mounts": []},
    },
    "Rootfs": "/var/lib/docker/plugins/" + "5" * 64 + "/rootfs",
    "Config": "sha256:" + "8" * 64,
    "Blobsums": ["sha256:" + "f" * 64],
    "SwarmServiceID": "",
}


def dump(document: object) -> bytes:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def read(data: bytes) -> PluginFile:
    return encoding_json.decode(data, PluginFile, limit=encoding_json.SIZE_LIMIT)


def rewritten(data: bytes) -> bytes:
    document = encoding_json.parse(data)
    return encoding_json.encode(encoding_json.convert(document, PluginFile), document)


def test_what_dockerd_wrote_is_written_again_byte_for_byte() -> None:
    assert rewritten(dump(DOCKERD)) == dump(DOCKERD)


def test_unknown_keys_stay_at_every_level() -> None:
    document: dict[str, Any] = json.loads(json.dumps(DOCKERD))
    document["New"] = {"a": [1, None]}
    document["plugin"]["Config"]["Env"][0]["New"] = 1
    document["plugin"]["Config"]["Interface"]["New"] = "x"
    assert json.loads(rewritten(dump(document))) == document


def test_a_field_that_was_emptied_does_not_come_back_from_what_was_read() -> None:
    document = encoding_json.parse(dump(DOCKERD))
    value = encoding_json.convert(document, PluginFile)
    emptied = msgspec.structs.replace(
        value, plugin_obj=msgspec.structs.replace(value.plugin_obj, plugin_reference="")
    )
    assert b"PluginReference" not in encoding_json.encode(emptied, document)


def test_keys_match_whatever_their_case_as_in_go() -> None:
    text = b'{"DESCRIPTION":"d","interface":{"types":["docker.authz/1.0"],"socket":"s"}}'
    config = encoding_json.decode(text, PluginConfig)
    assert config.description == "d"
    assert config.interface.types == [PluginInterfaceType("authz", "docker", "1.0")]


def test_null_leaves_the_default_as_in_go() -> None:
    assert read(b'{"plugin":{"Config":null,"Enabled":null,"Id":null},"Blobsums":null}') == PluginFile()
    assert read(b"null") == PluginFile()


def test_a_key_given_twice_counts_as_given_last() -> None:
    assert read(b'{"Rootfs":"a","Rootfs":"b"}').rootfs == "b"


def test_text_is_escaped_as_go_escapes_it() -> None:
    plugin = Plugin(name='<a&b>\u2028\b\f\\b"')
    assert b'"Name":"\\u003ca\\u0026b\\u003e\\u2028\\u0008\\u000c\\\\b\\""' in encoding_json.encode(plugin)


@pytest.mark.parametrize(
    ("text", "prefix", "capability", "version"),
    [
        ("docker.volumedriver/1.0", "docker", "volumedriver", "1.0"),
        ("my.own.volumedriver/1.0", "my.own", "volumedriver", "1.0"),
        ("docker.volumedriver", "docker", "volumedriver", ""),
        ("volumedriver/1.0", "", "volumedriver", "1.0"),
        ("volumedriver", "", "volumedriver", ""),
        ("", "", "", ""),
        ("docker.a/b.c/d", "docker", "a", "b.c/d"),
    ],
)
def test_an_interface_type_is_split_without_losing_a_letter(
    text: str, prefix: str, capability: str, version: str
) -> None:
    found = PluginInterfaceType.parse(text)
    assert (found.prefix, found.capability, found.version) == (prefix, capability, version)


@pytest.mark.parametrize(
    ("types", "text"),
    [
        ("[5]", '"5" is not a plugin interface type'),
        ("[null]", '"null" is not a plugin interface type'),
        ('[{"a":1}]', '"{\\"a\\":1}" is not a plugin interface type'),
    ],
)
def test_an_interface_type_that_is_no_text_is_refused_in_mobys_words(types: str, text: str) -> None:
    with pytest.raises(EngineError) as error:
        read(f'{{"plugin":{{"Config":{{"Interface":{{"Types":{types}}}}}}}}}'.encode())
    assert str(error.value) == text


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b'{"plugin":1}',
        b'{"plugin":{"Enabled":1}}',
        b'{"plugin":{"Name":[]}}',
        b'{"plugin":{"Config":{"Env":{}}}}',
        b'{"plugin":{"Config":{"Env":[1]}}}',
        b'{"plugin":{"Config":{"User":{"UID":-1}}}}',
        b'{"plugin":{"Config":{"User":{"UID":4294967296}}}}',
        b'{"Blobsums":"x"}',
        b"{} {}",
        b"[" * 100_000,
        b'{"plugin":' * 100_000 + b"1" + b"}" * 100_000,
        b" " * (encoding_json.SIZE_LIMIT + 1),
    ],
)
def test_what_is_no_plugin_is_an_error_and_never_a_crash(data: bytes) -> None:
    with pytest.raises(EngineError):
        read(data)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def paths(document: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    below: list[tuple[Any, ...]] = [path]
    children = (
        document.items()
        if isinstance(document, dict)
        else enumerate(document)
        if isinstance(document, list)
        else ()
    )
    for key, child in children:
        below += paths(child, (*path, key))
    return below


def replaced(document: object, path: tuple[Any, ...], value: object) -> object:
    if not path:
        return value
    copy: Any = json.loads(json.dumps(document))
    place = copy
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return copy


@settings(deadline=None)
@given(st.sampled_from(paths(DOCKERD)), ANYTHING)
def test_anything_anywhere_either_loads_and_saves_stably_or_is_an_error(
    path: tuple[Any, ...], value: object
) -> None:
    data = dump(replaced(DOCKERD, path, value)) if _encodes(value) else b"\xff"
    try:
        once = rewritten(data)
    except EngineError:
        return
    assert rewritten(once) == once


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_plugin_or_an_error(data: bytes) -> None:
    with suppress(EngineError):
        assert isinstance(read(data), PluginFile)


@settings(deadline=None)
@given(st.dictionaries(st.text(st.characters(codec="utf-8"), min_size=1, max_size=6), ANYTHING, max_size=4))
def test_unknown_keys_survive_whatever_they_hold(extra: dict[str, Any]) -> None:
    known = {"plugin", "rootfs", "config", "blobsums", "swarmserviceid"}
    extra = {key: value for key, value in extra.items() if key.casefold() not in known and _encodes(value)}
    document = {**DOCKERD, **extra}
    assert json.loads(rewritten(dump(document))) == json.loads(dump(document))


def _encodes(value: object) -> bool:
    """Integers beyond 64 bits and lone surrogates are no JSON that the decoder takes."""
    try:
        msgspec.json.decode(dump(value))
    except (msgspec.DecodeError, UnicodeError):
        return False
    return True
