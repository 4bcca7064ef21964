import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from runtime.errdefs import EngineError
from runtime.pkg.plugins import transport
from runtime.pkg.plugins.client import new_client
from runtime.pkg.plugins.errors import TransportError
from runtime.pkg.plugins.transport import Timings, client_context

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One certificate for authority, server and client; its key open and locked."""
    folder = tmp_path_factory.mktemp("certificates")
    who = "-subj /CN=plugin -addext subjectAltName=IP:127.0.0.1"
    commands = (
        f"req -x509 -newkey rsa:2048 -nodes -days 3650 {who} -keyout key.pem -out cert.pem",
        "rsa -aes256 -passout pass:secret -in key.pem -out locked.pem",
    )
    for command in commands:
        subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture
def https(certificates: Path) -> Iterator[str]:
    """A plugin that speaks TLS and wants to know who calls."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"Implements":["VolumeDriver"]}' if self.connection.getpeercert() else b"{}")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Server(HTTPServer):
        def get_request(self) -> Any:
            connection, address = super().get_request()
            connection.settimeout(5)
            try:
                return context.wrap_socket(connection, server_side=True), address
            except OSError:
                connection.close()
                raise

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "cert.pem", certificates / "key.pem")
    context.load_verify_locations(certificates / "cert.pem")
    context.verify_mode = ssl.CERT_OPTIONAL
    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"https://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def activate(addr: str, options: Any, timings: Timings) -> dict[str, Any]:
    client = new_client(addr, options, name="secure", timings=timings)
    try:
        return client.call("Plugin.Activate", None, dict)
    finally:
        client.close()


def test_a_server_whose_authority_is_given_is_verified(
    https: str, certificates: Path, timings: Timings
) -> None:
    assert activate(https, transport.Options(ca_file=str(certificates / "cert.pem")), timings) == {}


def test_a_server_of_an_unknown_authority_is_refused(https: str, timings: Timings) -> None:
    with pytest.raises(
        TransportError, match=r"plugin secure: Plugin.Activate: dial tcp .*certificate verify"
    ):
        activate(https, None, timings)


def test_a_server_that_is_not_verified_may_be_anybody(https: str, timings: Timings) -> None:
    assert activate(https, transport.Options(insecure_skip_verify=True), timings) == {}


@pytest.mark.parametrize(("key", "passphrase"), [("key.pem", ""), ("locked.pem", "secret")])
def test_the_engine_proves_who_it_is(
    https: str, certificates: Path, timings: Timings, key: str, passphrase: str
) -> None:
    options = transport.Options(
        ca_file=str(certificates / "cert.pem"),
        cert_file=str(certificates / "cert.pem"),
        key_file=str(certificates / key),
        passphrase=passphrase,
        exclusive_root_pools=True,
    )
    assert activate(https, options, timings) == {"Implements": ["VolumeDriver"]}


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"ca_file": "/nowhere"}, 'could not read CA certificate "/nowhere": '),
        ({"ca_file": "{}/key.pem"}, 'failed to append certificates from PEM file: "{}/key.pem": '),
        ({"cert_file": "/nowhere"}, "Could not load X509 key pair: "),
        ({"key_file": "{}/key.pem"}, "Could not load X509 key pair: "),
        ({"cert_file": "{}/cert.pem", "key_file": "{}/locked.pem"}, "Could not load X509 key pair: "),
        ({"min_version": 0x0999}, "Invalid minimum TLS version: 999"),
        ({"min_version": 0x0301}, "Requested minimum TLS version is too low. Should be at-least: 303"),
    ],
)
def test_tls_files_that_cannot_be_used_are_an_error_and_never_a_question(
    certificates: Path, options: Any, text: str
) -> None:
    filled = {
        key: value.format(certificates) if isinstance(value, str) else value for key, value in options.items()
    }
    with pytest.raises(EngineError) as raised:
        client_context(transport.Options(**filled))
    assert str(raised.value).startswith(text.format(certificates))


def test_the_lowest_version_is_tls_1_2_unless_more_is_asked_for() -> None:
    assert client_context(transport.Options()).minimum_version == ssl.TLSVersion.TLSv1_2
    assert client_context(transport.Options(min_version=0x0304)).minimum_version == ssl.TLSVersion.TLSv1_3
