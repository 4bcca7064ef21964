"""The API of a real engine, asked without a socket between."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest

from runtime import Config, Daemon, Timings
from runtime.cmd.dockerd.daemon import DaemonCli, init_router
from runtime.pkg.plugins.transport import Timings as LegacyTimings
from runtime.volume.drivers.proxy import Timings as VolumeTimings

BRIEF = Timings(
    start=5.0,
    legacy=LegacyTimings(first_wait=0.01, default_timeout=0.05),
    volumes=VolumeTimings(probe=5.0, database_lock=0.1, database_retry=0.01),
)


class Api:
    """Asks an engine; what is neither bytes nor None is sent as JSON."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon
        command = DaemonCli(daemon.config)
        command.init_middlewares(command.api)
        init_router(command.api, daemon)
        self.server = command.api

    def ask(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        return asyncio.run(self._ask(method, path, body, dict(headers or {})))

    def get(self, path: str) -> httpx.Response:
        return self.ask("GET", path)

    def post(self, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> httpx.Response:
        return self.ask("POST", path, body, headers)

    def delete(self, path: str) -> httpx.Response:
        return self.ask("DELETE", path)

    async def _ask(self, method: str, path: str, body: Any, headers: dict[str, str]) -> httpx.Response:
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        transport = httpx.ASGITransport(self.server)
        async with httpx.AsyncClient(transport=transport, base_url="http://docker") as client:
            return await client.request(method, path, content=body, headers=headers)


@pytest.fixture
def root() -> Iterator[Path]:
    """A directory with a short path, as sockets need it."""
    with TemporaryDirectory(prefix="a") as made:
        yield Path(made)


@pytest.fixture
def api(root: Path) -> Iterator[Api]:
    (root / "plugins").mkdir()
    config = Config(root=root / "r", exec_root=root / "x", plugin_folders=(root / "plugins",), timings=BRIEF)
    with Daemon(config) as daemon:
        yield Api(daemon)
