import json
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.errdefs import EngineError
from runtime.pkg.plugins import discovery
from runtime.pkg.plugins.discovery import LocalRegistry
from runtime.pkg.plugins.errors import PluginNotFound
from runtime.pkg.plugins.transport import Options


@contextmanager
def listening(path: Path) -> Iterator[Path]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        yield path


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.fixture
def registry(folder: Path) -> LocalRegistry:
    return LocalRegistry.of_folders([folder])


def test_the_folders_are_moby_s_unless_others_are_given() -> None:
    registry = LocalRegistry()
    assert registry.sockets_paths == ("/run/docker/plugins",)
    assert registry.specs_paths == ("/etc/docker/plugins", "/usr/lib/docker/plugins")


@pytest.mark.parametrize(
    ("path", "addr"),
    [
        ("echo.spec", "unix://var/lib/docker/plugins/echo.sock"),
        ("echo/echo.spec", "unix://var/lib/docker/plugins/echo.sock"),
        ("foo.spec", "tcp://localhost:8080"),
        ("foo/foo.spec", " tcp://localhost:8080\n\n"),
    ],
)
def test_a_spec_flat_or_nested_gives_name_and_address_and_skips_verification(
    registry: LocalRegistry, folder: Path, path: str, addr: str
) -> None:
    write(folder / path, addr)
    plugin = registry.plugin(Path(path).stem)
    assert (plugin.name, plugin.addr) == (Path(path).stem, addr.strip())
    assert plugin.tls_config == Options(insecure_skip_verify=True)


@pytest.mark.parametrize("addr", ["localhost:8080", "127.0.0.1:8080", "", "/a/path", "ftp://host"])
def test_a_spec_without_a_protocol_is_refused(registry: LocalRegistry, folder: Path, addr: str) -> None:
    write(folder / "bar.spec", addr)
    with pytest.raises(EngineError, match=r"^Unknown protocol$"):
        registry.plugin("bar")


def test_a_json_spec_gives_address_and_tls_files_and_the_file_s_name_counts(
    registry: LocalRegistry, folder: Path
) -> None:
    files = {"CAFile": "/c/ca.pem", "CertFile": "/c/cert.pem", "KeyFile": "/c/key.pem"}
    spec = {"Name": "plugin-example", "Addr": "https://example.com/docker/plugin", "TLSConfig": files}
    write(folder / "example.json", json.dumps(spec))
    plugin = registry.plugin("example")
    assert (plugin.name, plugin.addr) == ("example", "https://example.com/docker/plugin")
    assert plugin.tls_config == Options(ca_file="/c/ca.pem", cert_file="/c/cert.pem", key_file="/c/key.pem")


def test_a_json_spec_without_tls_has_none(registry: LocalRegistry, folder: Path) -> None:
    write(folder / "example.json", '{"Name": "x", "Addr": "https://example.com/docker/plugin"}')
    plugin = registry.plugin("example")
    assert (plugin.addr, plugin.tls_config) == ("https://example.com/docker/plugin", None)


def test_a_json_spec_without_an_authority_skips_verification(registry: LocalRegistry, folder: Path) -> None:
    write(folder / "example.json", '{"addr": "https://h", "tlsconfig": {"KEYFILE": "/k"}}')
    assert registry.plugin("example").tls_config == Options(key_file="/k", insecure_skip_verify=True)


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"Addr": 5}', '{"Addr": "tcp://h", "TLSConfig": {"MinVersion": "x"}}']
)
def test_a_broken_json_spec_is_an_error_that_names_the_file(
    registry: LocalRegistry, folder: Path, text: str
) -> None:
    path = write(folder / "broken.json", text)
    with pytest.raises(EngineError, match=rf"^{path}: "):
        registry.plugin("broken")


def test_a_socket_flat_or_nested_is_found(registry: LocalRegistry, folder: Path) -> None:
    for path in (folder / "echo.sock", folder / "nest" / "nest.sock"):
        with listening(path):
            plugin = registry.plugin(path.stem)
            assert (plugin.name, plugin.addr) == (path.stem, f"unix://{path}")
            assert plugin.tls_config == Options(insecure_skip_verify=True)


def test_the_empty_registry_has_no_names_and_a_spec_is_one(registry: LocalRegistry, folder: Path) -> None:
    assert registry.scan() == []
    write(folder / "echo.spec", "unix://var/lib/docker/plugins/echo.sock")
    assert registry.scan() == [registry.plugin("echo").name]


def test_in_a_folder_only_files_with_its_name_count(registry: LocalRegistry, folder: Path) -> None:
    with listening(folder / "not-a-plugin" / "foo.sock"):
        write(folder / "not-a-plugin" / "foo.spec", "")
        assert registry.scan() == []
    write(folder / "not-a-plugin" / "not-a-plugin.spec", "")
    assert registry.scan() == ["not-a-plugin"]


def test_the_order_is_socket_spec_json_and_flat_before_nested_and_folder_by_folder(folder: Path) -> None:
    etc, lib = folder / "etc", folder / "lib"
    registry = LocalRegistry((folder / "run",), (etc, lib))
    places = [folder / "run" / "p.sock", folder / "run" / "p" / "p.sock"]
    specs = [base / name for base in (etc, lib) for name in ("p.spec", "p/p.spec", "p.json", "p/p.json")]
    with ExitStack() as open_sockets:
        for place in places:
            open_sockets.enter_context(listening(place))
        for spec in specs:
            addr = f"tcp://h{spec}"
            write(spec, addr if spec.suffix == ".spec" else json.dumps({"Addr": addr}))
        found = []
        for place in [*places, *specs]:
            found.append(registry.plugin("p").addr)
            place.unlink()
    assert found == [f"unix://{path}" for path in places] + [f"tcp://h{path}" for path in specs]


def test_a_name_is_listed_once_wherever_it_is_found(registry: LocalRegistry, folder: Path) -> None:
    with listening(folder / "twice.sock"):
        write(folder / "twice.spec", "tcp://h")
        write(folder / "broken.json", "{")
        assert registry.scan() == ["twice", "broken"]


@pytest.mark.parametrize(
    "name", ["../secret", "a/../../secret", "/secret", ".", "..", "", "a\0b", "a//b", "\ud800"]
)
def test_a_name_never_leads_out_of_the_folders(folder: Path, name: str) -> None:
    write(folder / "secret.spec", "tcp://h")
    (folder / "plugins" / "a").mkdir(parents=True)
    with pytest.raises(PluginNotFound):
        LocalRegistry.of_folders([folder / "plugins"]).plugin(name)


def test_what_is_no_plugin_is_passed_over(registry: LocalRegistry, folder: Path) -> None:
    write(folder / "file.sock", "")
    os.mkfifo(folder / "pipe.spec")
    (folder / "dir.spec").mkdir()
    (folder / "loop").symlink_to(folder / "loop")
    (folder / "gone.json").symlink_to(folder / "nowhere")
    (folder / ("x" * 255)).mkdir()
    assert registry.scan() == []
    for name in ("file", "pipe", "dir", "loop", "gone", "x" * 255):
        with pytest.raises(
            PluginNotFound, match=rf"^could not find plugin {name} in v1 plugin registry: plugin "
        ):
            registry.plugin(name)


def test_folder_that_cannot_be_read_is_reported_once_and_ignored(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write(folder / "file", "")
    write(folder / "good" / "one.spec", "tcp://127.0.0.1:1")
    registry = LocalRegistry.of_folders([path, folder / "good"])
    assert [registry.scan() for _ in range(3)] == [["one"]] * 3
    assert caplog.messages == [f"legacy plugins in {path} are ignored: not a directory"]
    with pytest.raises(PluginNotFound):
        registry.plugin("none")


def test_a_spec_without_end_is_refused(registry: LocalRegistry, folder: Path) -> None:
    with (folder / "huge.spec").open("wb") as file:
        file.truncate(discovery.SPEC_LIMIT + 1)
    assert stat.S_ISREG((folder / "huge.spec").stat().st_mode)
    with pytest.raises(EngineError, match=r"a spec of more than 1048576 bytes"):
        registry.plugin("huge")


@given(content=st.binary())
@settings(deadline=None)
def test_any_content_of_a_spec_gives_a_plugin_or_an_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    folder = tmp_path_factory.mktemp("specs")
    for suffix in discovery.SPEC_SUFFIXES:
        (folder / f"any{suffix}").write_bytes(content)
        try:
            assert LocalRegistry.of_folders([folder]).plugin("any").name == "any"
        except EngineError:
            (folder / f"any{suffix}").unlink()
