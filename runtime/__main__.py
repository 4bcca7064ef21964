"""`python -m runtime`."""

from __future__ import annotations

from runtime.cli import main

main()
