"""What a user reads when a legacy plugin cannot be used: moby's texts and kinds, as a table."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from runtime import errdefs
from runtime.errdefs import EngineError
from runtime.pkg.plugins.discovery import LocalRegistry
from runtime.pkg.plugins.plugins import Plugins
from runtime.pkg.plugins.transport import Timings

SPECS = {
    "scheme.spec": "localhost:8080",
    "empty.spec": "",
    "refused.spec": "tcp://127.0.0.1:1",
    "gone.spec": "unix:///nowhere.sock",
    "long.spec": "unix:///" + "x" * 200,
    "json.json": '{"Addr": 5}',
    "tls.json": '{"Addr": "https://127.0.0.1:1", "TLSConfig": {"CAFile": "/nowhere.pem"}}',
}
REPLIES = {
    "other": b'{"Implements": ["NetworkDriver"]}',
    "case": b'{"Implements": ["volumedriver"]}',
    "nothing": b"",
    "wrong": b'{"Implements": 1}',
}
TABLE = {
    "none": "could not find plugin none in v1 plugin registry: plugin not found",
    "scheme": "Unknown protocol",
    "empty": "Unknown protocol",
    "refused": "plugin refused: Plugin.Activate: dial tcp 127.0.0.1:1: connect: connection refused",
    "gone": "plugin gone: Plugin.Activate: dial unix /nowhere.sock: connect: no such file or directory",
    "long": f'Unix socket path "/{"x" * 200}" is too long',
    "json": "FOLDER/json.json: json: cannot unmarshal number into Go struct field Spec.Addr of type string",
    "tls": 'could not read CA certificate "/nowhere.pem": [Errno 2] No such file or directory',
    "other": "Plugin does not implement the requested driver",
    "case": "Plugin does not implement the requested driver",
    "nothing": "plugin nothing: Plugin.Activate: EOF",
    "wrong": "plugin wrong: Plugin.Activate: "
    "json: cannot unmarshal number into Go struct field Manifest.Implements of type []string",
    "status": "Plugin.Activate: not yet\n",
    "err": "Plugin.Activate: no licence",
}


@pytest.fixture
def plugins(folder: Path, serve: Callable[..., Any], timings: Timings) -> Iterator[Plugins]:
    """One plugin for each row of the table."""
    for name, text in SPECS.items():
        (folder / name).write_text(text)
    for name, reply in REPLIES.items():
        serve(folder / f"{name}.sock").on("/Plugin.Activate", lambda asked, reply=reply: asked.reply(reply))
    failing = {"status": b"not yet\n", "err": b'{"Err": "no licence"}'}
    for name, reply in failing.items():
        serve(folder / f"{name}.sock").on(
            "/Plugin.Activate", lambda asked, reply=reply: asked.reply(reply, 500)
        )
    made = Plugins(LocalRegistry.of_folders([folder], timings), timings)
    yield made
    made.close()


def test_each_error_has_moby_s_text_and_no_kind_of_its_own(plugins: Plugins, folder: Path) -> None:
    told = {}
    for name in TABLE:
        with pytest.raises(EngineError) as raised:
            plugins.get(name, "VolumeDriver")
        told[name] = str(raised.value).replace(str(folder), "FOLDER")
        assert errdefs.kind(raised.value) is None
    assert told == TABLE


def test_under_the_store_s_prefix_it_is_a_fault_of_the_system(plugins: Plugins) -> None:
    with pytest.raises(EngineError) as raised:
        plugins.get("other", "VolumeDriver")
    shown = (
        errdefs.System(raised.value)
        .with_text("legacy plugin")
        .with_text("error looking up volume plugin other")
    )
    assert errdefs.kind(shown) is errdefs.System
    assert str(shown) == (
        "error looking up volume plugin other: legacy plugin: Plugin does not implement the requested driver"
    )
