"""Runs tasks on a Dask cluster through the interface of `concurrent.futures`."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

from annotator import extras
from annotator.errors import AnnotatorError, InvalidInput, shortened

PATIENCE = 10.0
"""Seconds in which a scheduler has to answer and to have a worker."""

_ADDRESS = re.compile(r"(?:tcp|tls)://(?:[\w.-]+|\[[0-9a-fA-F:.]+\]):\d{1,5}", re.ASCII)


@contextmanager
def connected(address: str, patience: float = PATIENCE) -> Iterator[Executor]:
    """Connect to a Dask scheduler, whose workers run the submitted tasks; a lost worker's task is retried.

    Dask's own configuration says how often a task is retried (`distributed.scheduler.allowed-failures`)
    and names the certificates for `tls://` (`distributed.comm.tls`).

    Args:
        address: `tcp://HOST:PORT` or `tls://HOST:PORT`.
        patience: Seconds to wait for the scheduler and for its first worker.

    Raises:
        InvalidInput: It is not such an address, or the extra `cluster` is not installed.
        AnnotatorError: The scheduler does not answer, or has no worker.
    """
    if not _ADDRESS.fullmatch(address):
        raise InvalidInput(f"`--scheduler {shortened(address)}`: write tcp://HOST:PORT or tls://HOST:PORT")
    extras.require("cluster", "`--scheduler`")
    from distributed import Client, Security  # noqa: PLC0415 - of an extra, and takes half a second

    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # the errors below say what it would log
    try:
        security = Security()  # type: ignore[no-untyped-call]
        if address.startswith("tls") and not security.get_connection_args("client")["ssl_context"]:  # type: ignore[no-untyped-call]
            raise InvalidInput(
                f"`--scheduler {address}` needs certificates; name them in Dask's configuration "
                "`distributed.comm.tls`, as with DASK_DISTRIBUTED__COMM__TLS__CA_FILE"
            )
        client = Client(address, security=security, timeout=patience, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise AnnotatorError(f"no Dask scheduler answers at {address}: {shortened(str(error))}") from error
    with client:
        try:
            client.wait_for_workers(1, timeout=patience)
        except TimeoutError as error:
            raise AnnotatorError(
                f"the Dask scheduler at {address} has no worker; start one with `dask worker {address}`"
            ) from error
        yield client.get_executor(pure=False)  # type: ignore[no-untyped-call]
