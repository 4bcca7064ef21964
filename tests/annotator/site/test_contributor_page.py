"""The contributor page names modules that exist."""

from __future__ import annotations

import re
from pathlib import Path

PROJECT = Path(__file__).parents[3]
PAGE = PROJECT / "site" / "pages" / "contributing.md"
ROOTS = (PROJECT / "annotator", PROJECT / "runtime", PROJECT)
# Names of moby's files and of patterns, which are no paths of this project.
_NOT_OURS = re.compile(r"\.go\b|[*:A-Z ]|^_")


def _exists(name: str) -> bool:
    return any((root / name).exists() or (root / f"{name}.py").exists() for root in ROOTS)


def test_every_path_on_the_contributor_page_exists() -> None:
    names = re.findall(r"`([^`\n]+)`", PAGE.read_text(encoding="utf-8"))
    paths = {name for name in names if ("/" in name or name.endswith(".py")) and not _NOT_OURS.search(name)}
    assert len(paths) > 40
    lost = sorted(name for name in paths if not _exists(name))
    assert lost == ["backend.py", "manager.py", "manager_linux.py"]  # as examples, without their folder
