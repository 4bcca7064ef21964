"""`make bench`: figures and ratios, each beside its peer in the same run.

    python tests/benchmarks [--json FILE] [NAME]...      names are those of the modules in this folder

MOBY_SOURCE names the repository that is measured on (default: the settings' own); MOBY_TAG its tag.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
HEADINGS = ("what", "figure", "peer", "ratio", "goal")


def main(arguments: list[str]) -> int:
    """Run the named benchmarks, or all, and write the figures to a file if one is named."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--json", type=Path, help="write all figures to this file too")
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args(arguments)
    names: list[str] = options.names
    known = sorted(path.stem for path in HERE.glob("*.py") if not path.stem.startswith("_"))
    unknown = [name for name in names if name not in known]
    if unknown:
        sys.stderr.write(f"bench: no benchmark {', '.join(unknown)}; there are {', '.join(known)}\n")
        return 2
    console = Console()
    measured: dict[str, list[dict[str, object]]] = {}
    for name in names or known:
        table = Table(title=name, title_justify="left", box=None)
        for heading in HEADINGS:
            table.add_column(heading, justify="left" if heading == "what" else "right")
        rows = list(importlib.import_module(name).run())
        measured[name] = [
            row._asdict() if hasattr(row, "_asdict") else dict(zip(HEADINGS, row, strict=False))
            for row in rows
        ]
        for row in rows:
            table.add_row(*map(str, row))
        console.print(table)
    if options.json is not None:
        options.json.write_text(json.dumps(measured, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
