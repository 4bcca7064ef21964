"""Options of TLS made into what a connection needs."""

from __future__ import annotations

import ssl
from typing import Final

from runtime.errors import EngineError
from runtime.plugins.tls import Options

TLS_VERSIONS: Final = {
    0x0300: ssl.TLSVersion.SSLv3,
    0x0301: ssl.TLSVersion.TLSv1,
    0x0302: ssl.TLSVersion.TLSv1_1,
    0x0303: ssl.TLSVersion.TLSv1_2,
    0x0304: ssl.TLSVersion.TLSv1_3,
}
LOWEST: Final = 0x0303


def client_context(options: Options) -> ssl.SSLContext:
    """What a client needs to speak TLS under these options.

    Raises:
        EngineError: A file cannot be read, or the version is too low or unknown.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = _minimum(options.min_version)
    if options.insecure_skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        _trust(context, options)
    _identify(context, options)
    return context


def _minimum(version: int) -> ssl.TLSVersion:
    if version == 0:
        return TLS_VERSIONS[LOWEST]
    if version not in TLS_VERSIONS:
        raise EngineError(f"Invalid minimum TLS version: {version:x}")
    if version < LOWEST:
        raise EngineError(f"Requested minimum TLS version is too low. Should be at-least: {LOWEST:x}")
    return TLS_VERSIONS[version]


def _trust(context: ssl.SSLContext, options: Options) -> None:
    if not (options.ca_file and options.exclusive_root_pools):
        context.load_default_certs()
    if not options.ca_file:
        return
    try:
        context.load_verify_locations(options.ca_file)
    except ssl.SSLError as error:
        raise EngineError(
            f'failed to append certificates from PEM file: "{options.ca_file}": {error}'
        ) from error
    except (OSError, ValueError) as error:
        raise EngineError(f'could not read CA certificate "{options.ca_file}": {error}') from error


def _identify(context: ssl.SSLContext, options: Options) -> None:
    if not options.cert_file and not options.key_file:
        return
    try:
        # Without a password OpenSSL would ask for one on the terminal, and wait.
        context.load_cert_chain(options.cert_file, options.key_file, password=lambda: options.passphrase)
    except (OSError, ValueError) as error:
        raise EngineError(f"Could not load X509 key pair: {error}") from error
