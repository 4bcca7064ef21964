"""How a plugin's server is verified, and how the engine proves who it is."""

from __future__ import annotations

import ssl

import msgspec

from runtime.errors import EngineError

TLS_VERSIONS = {
    0x0300: ssl.TLSVersion.SSLv3,
    0x0301: ssl.TLSVersion.TLSv1,
    0x0302: ssl.TLSVersion.TLSv1_1,
    0x0303: ssl.TLSVersion.TLSv1_2,
    0x0304: ssl.TLSVersion.TLSv1_3,
}
LOWEST = 0x0303


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """The `TLSConfig` of a JSON spec, as go-connections' `tlsconfig.Options` has it.

    Args:
        ca_file: PEM file of the authorities that sign the server's certificate.
        cert_file: PEM file of the engine's own certificate.
        key_file: PEM file of its key.
        insecure_skip_verify: Whether to accept any server.
        client_auth: For servers alone; kept, not used.
        exclusive_root_pools: Whether the authorities of `ca_file` count alone, or besides the system's.
        min_version: The lowest TLS version, as on the wire (0x0303 is 1.2); 0 for the default.
        passphrase: What decrypts the key.
    """

    ca_file: str = msgspec.field(default="", name="CAFile")
    cert_file: str = msgspec.field(default="", name="CertFile")
    key_file: str = msgspec.field(default="", name="KeyFile")
    insecure_skip_verify: bool = msgspec.field(default=False, name="InsecureSkipVerify")
    client_auth: int = msgspec.field(default=0, name="ClientAuth")
    exclusive_root_pools: bool = msgspec.field(default=False, name="ExclusiveRootPools")
    min_version: int = msgspec.field(default=0, name="MinVersion")
    passphrase: str = msgspec.field(default="", name="Passphrase")


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
