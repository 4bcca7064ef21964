"""`make bench`: figures and ratios, each beside its peer in the same run.

    python tests/benchmarks [--json FILE] [NAME]...      names are those of the modules in this folder

`--json site/figures.json` replaces what was measured before of the same name there: the site has its page of
figures from that file. Without it nothing is written. MOBY_SOURCE names the repository that is measured on
(default: the settings' own); MOBY_TAG its tag.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
HEADINGS = ("what", "figure", "peer", "ratio", "goal")


def main(arguments: list[str]) -> int:
    """Run the named benchmarks, or all, and print the figures; write them to a file if one is given."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--json", type=Path, help="write the figures to this file, too")
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args(arguments)
    names: list[str] = options.names
    known = sorted(path.stem for path in HERE.glob("*.py") if not path.stem.startswith("_"))
    unknown = [name for name in names if name not in known]
    if unknown:
        sys.stderr.write(f"bench: no benchmark {', '.join(unknown)}; there are {', '.join(known)}\n")
        return 2
    console = Console()
    for name in names or known:
        module = importlib.import_module(name)
        machine = _machine()
        rows = [dict(zip(HEADINGS, map(str, row), strict=True)) for row in module.run()]
        console.print(_shown(name, rows))
        if options.json is not None:
            _write(options.json, name, {"about": _about(module), "machine": machine, "rows": rows})
    return 0


def _shown(name: str, rows: Iterable[dict[str, str]]) -> Table:
    table = Table(title=name, title_justify="left", box=None)
    for heading in HEADINGS:
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for row in rows:
        table.add_row(*row.values())
    return table


def _about(module: ModuleType) -> str:
    return (module.__doc__ or "").partition("\n")[0].rstrip(".")


def _machine() -> dict[str, object]:
    """What matters of the machine, and nothing by which to know it."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "load": round(os.getloadavg()[0], 1),
    }


def _write(file: Path, name: str, table: dict[str, object]) -> None:
    """Put the figures of one benchmark beside those of the others, at once or not at all."""
    before = json.loads(file.read_text()) if file.is_file() else {}
    aside = file.with_name(f".{file.name}.new")
    aside.write_text(json.dumps({**before, name: table}, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    aside.replace(file)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
