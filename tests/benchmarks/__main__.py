"""`make bench`: figures and ratios, each beside its peer in the same run.

    python tests/benchmarks [NAME]...      names are those of the modules in this folder

MOBY_SOURCE names the repository that is measured on (default: the settings' own); MOBY_TAG its tag.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all; exit 1 if one of them could not run."""
    known = sorted(path.stem for path in HERE.glob("*.py") if not path.stem.startswith("_"))
    unknown = [name for name in names if name not in known]
    if unknown:
        sys.stderr.write(f"bench: no benchmark {', '.join(unknown)}; there are {', '.join(known)}\n")
        return 2
    console = Console()
    for name in names or known:
        table = Table(title=name, title_justify="left", box=None)
        for heading in ("what", "figure", "peer", "ratio", "goal"):
            table.add_column(heading, justify="left" if heading == "what" else "right")
        for row in importlib.import_module(name).run():
            table.add_row(*row)
        console.print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
