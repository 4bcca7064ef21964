"""What `annotator record` writes."""

from __future__ import annotations

import json
from pathlib import Path

from annotator import cli

PORT = '''\
"""The shop in Python.

Go:
    store/store.go
"""


class Store:
    """Keeps things."""

    def get(self, name: str) -> int:
        """Find a thing."""
        return len(name)
'''


def test_originals_found_by_name_are_recorded(project: Path, shop: Path) -> None:
    (project / "port/__init__.py").write_text(PORT)

    for _ in range(2):
        assert cli.run(["record", "--source", str(shop)]) == cli.OK

    recorded = json.loads((project / "site/baseline.json").read_text())
    names = [symbol["symbol"] for symbol in recorded["symbols"]]
    assert names == ["Store", "Store.Get"]
    assert not any({"signature", "implements"} & set(symbol) for symbol in recorded["symbols"])
