"""The blocks of the page about editors and agents, which tests run."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = (Path(__file__).parents[3] / "site/pages/your-editor.md").read_text()
_BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def shown(language: str, number: int = 0) -> str:
    """Return a block of a language."""
    return [text for each, text in _BLOCKS if each == language][number]
