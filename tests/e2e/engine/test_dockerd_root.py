"""A root that dockerd made is used by ours, and by dockerd again."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).parents[3]


def plugin_tar() -> bytes:
    made = io.BytesIO()
    config = {
        "entrypoint": ["/none"],
        "interface": {"types": ["docker.volumedriver/1.0"], "socket": "s.sock"},
    }
    data = json.dumps(config).encode()
    with tarfile.open(fileobj=made, mode="w") as archive:
        entry = tarfile.TarInfo("config.json")
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))
        entry = tarfile.TarInfo("rootfs")
        entry.type = tarfile.DIRTYPE
        archive.addfile(entry)
        archive.addfile(tarfile.TarInfo("rootfs/none"))
    return made.getvalue()


def volumes(engine: Any) -> dict[str, Any]:
    """All that the engine says of its volumes, by name; when they were made is told in different zones."""
    found = engine.ask("GET", "/v1.39/volumes").json()
    assert found["Warnings"] is None
    return {
        volume.pop("Name"): {k: v for k, v in volume.items() if k != "CreatedAt"}
        for volume in found["Volumes"]
    }


def plugins(engine: Any) -> Any:
    """All that the engine says of its plugins; dockerd writes the reference with the next change only."""
    found = engine.ask("GET", "/v1.39/plugins").json()
    return [{k: v for k, v in plugin.items() if k != "PluginReference"} for plugin in found]


def fill(engine: Any) -> None:
    requests: list[dict[str, Any]] = [
        {"Name": "plain"},
        {"Name": "labelled", "Labels": {"a": "b", "": "<&>é"}},
        {"Name": "memory", "DriverOpts": {"type": "tmpfs", "device": "tmpfs", "o": "size=1m"}},
        {"Name": "empty", "Labels": {}, "DriverOpts": {}},
        {},
    ]
    for request in requests:
        assert engine.ask("POST", "/v1.39/volumes/create", request).status == 201
    created = engine.ask(
        "POST", "/v1.39/plugins/create?name=a/b", plugin_tar(), {"Content-Type": "application/x-tar"}
    )
    assert created.status == 204


def test_a_root_goes_from_dockerd_to_ours_and_back_with_all_that_is_in_it(engines: Any) -> None:
    dockerd = engines.dockerd().start()
    fill(dockerd)
    (dockerd.root / "volumes" / "plain" / "_data" / "file").write_text("kept")
    before = volumes(dockerd), plugins(dockerd)
    assert dockerd.stop() == 0

    ours = engines.ours(root=dockerd.root).start()
    assert volumes(ours) == before[0]
    assert plugins(ours) == before[1]
    ours.ask("POST", "/volumes/create", {"Name": "ours"})
    assert ours.ask("DELETE", "/volumes/labelled").status == 204
    after = volumes(ours), plugins(ours)
    assert ours.stop() == 0

    dockerd.start()
    assert volumes(dockerd).keys() == after[0].keys()
    assert plugins(dockerd) == after[1]
    assert (dockerd.root / "volumes" / "plain" / "_data" / "file").read_text() == "kept"


def test_ours_does_not_open_the_root_of_a_dockerd_that_runs(engines: Any) -> None:
    dockerd = engines.dockerd().start()
    ours = engines.ours(root=dockerd.root)
    done = subprocess.run(ours.command, capture_output=True, timeout=60, check=False, cwd=PROJECT)
    assert (done.returncode, done.stderr) == (
        2,
        f"another engine uses {dockerd.root}\n".encode(),
    )
    assert dockerd.answers()
