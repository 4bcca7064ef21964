"""How a plugin's server is to be verified, and how the engine proves who it is."""

from __future__ import annotations

import msgspec


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
