"""Connecting to a Dask scheduler, and what is said where that fails."""

from __future__ import annotations

import socket

import pytest

from annotator import parallel
from annotator.errors import AnnotatorError, InvalidInput


@pytest.mark.parametrize(
    "address",
    ["", "host:1", "tcp://", "tcp://host", "tcp://host:x", "inproc://a:1", "http://a:1", "tcp://a:1/b"],
)  # fmt: skip
def test_other_addresses_are_refused(address: str) -> None:
    with (
        pytest.raises(InvalidInput, match="write tcp://HOST:PORT or tls://HOST:PORT"),
        parallel.cluster_executor(address),
    ):
        pass


def test_scheduler_that_does_not_answer_is_reported() -> None:
    pytest.importorskip("distributed", reason="needs the extra `cluster`")
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
    with (
        pytest.raises(AnnotatorError, match=f"no Dask scheduler answers at {address}: "),
        parallel.cluster_executor(address, patience=0.1),
    ):
        pass


def test_tls_without_certificates_is_reported() -> None:
    pytest.importorskip("distributed", reason="needs the extra `cluster`")

    with (
        pytest.raises(InvalidInput, match="needs certificates"),
        parallel.cluster_executor("tls://127.0.0.1:1"),
    ):
        pass
