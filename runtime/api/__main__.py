"""Prints the OpenAPI description: `python -m runtime.api`."""

from __future__ import annotations

import json
import sys

from runtime.api.openapi import describe
from runtime.stdout import survive_closed_pipe

if __name__ == "__main__":
    survive_closed_pipe()
    json.dump(describe(), sys.stdout, indent=2)
    sys.stdout.write("\n")
