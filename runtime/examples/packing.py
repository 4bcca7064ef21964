"""Packs the example as a managed plugin: a config.json, and a root file system with its Python."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

PLUGIN: Final = Path(__file__).with_name("plugin.py")
"""The example. It is not imported, since it imports this module to pack itself."""

SCRIPT: Final = "/plugin"
SOCKET: Final = "example.sock"
DATA: Final = "/data"

ENTRYPOINT: Final = [SCRIPT, "--socket", f"/run/docker/plugins/{SOCKET}", "--root", DATA]

SHEBANG_LIMIT: Final = 125
"""Bytes of a program's path that kernels since 2.6.28 read from a script's first line."""

CONFIG: Final = {
    "description": "A small volume plugin: a directory for each volume",
    "documentation": "https://docs.docker.com/engine/extend/plugins_volume/",
    "entrypoint": ENTRYPOINT,
    "workdir": "",
    "interface": {"types": ["docker.volumedriver/1.0"], "socket": SOCKET},
    "network": {"type": "none"},
    "propagatedMount": DATA,
    "linux": {"capabilities": []},
    "env": [{"name": "PYTHONDONTWRITEBYTECODE", "description": "", "settable": ["value"], "value": "1"}],
}

WHAT_IS_LOADED: Final = """
import sys
import tempfile
sys.modules["ssl"] = sys.modules["_hashlib"] = None  # the plugin can do without, and they are large
import encodings.idna, importlib.machinery, json, locale, pathlib, runpy, textwrap, traceback
runpy.run_path(sys.argv[1], run_name="packed")
modules = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
for name in list(sys.modules):  # a module may have put another one in its own place
    inside = getattr(sys.modules.get(name.rpartition(".")[0]), "__path__", None)
    spec = importlib.machinery.PathFinder.find_spec(name, inside)
    modules.append(spec.origin if spec is not None and spec.has_location else None)
mapped = [line.split(maxsplit=5)[5:] for line in pathlib.Path("/proc/self/maps").read_text().splitlines()]
mapped = [name[0] for name in mapped if name and name[0].startswith("/")]
print(json.dumps([sys.executable, *filter(None, modules), *mapped]))
"""
"""Run in an interpreter, prints its file and those of the modules and libraries that the plugin needs."""

LOADERS: Final = ("lib64/ld-*.so*", "lib/ld-*.so*", "etc/ld.so.cache")
"""The dynamic loader, and its cache of libraries."""

TOP: Final = ("bin", "sbin", "lib", "lib64")


def pack(directory: Path) -> Path:
    """Write DIRECTORY/config.json and DIRECTORY/rootfs, as `docker plugin create` expects them.

    The interpreter, the modules and the libraries of the plugin are copied to the paths that they have here,
    so that the plugin finds them in a container and without one.

    Raises:
        OSError: The directory is not empty, or cannot be written; nothing is left behind.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory.parent) as half:
        plugin = Path(half) / "plugin"
        plugin.mkdir()
        python = Path(sys._base_executable).resolve()  # type: ignore[attr-defined] # noqa: SLF001 - not a venv's
        _fill(plugin / "rootfs", python)
        config = CONFIG if _fits_shebang(python) else CONFIG | {"entrypoint": [str(python), *ENTRYPOINT]}
        (plugin / "config.json").write_text(json.dumps(config, indent=2) + "\n")
        return plugin.rename(directory)


def _fits_shebang(python: Path) -> bool:
    """Return whether a line `#!PATH` can name a program: without a space, and short enough."""
    return len(os.fsencode(python)) <= SHEBANG_LIMIT and not any(map(str.isspace, str(python)))


def _fill(rootfs: Path, python: Path) -> None:
    rootfs.mkdir()
    _link_top(rootfs)
    for path in sorted(_needed(python)):
        _copy(path, rootfs)
    script = rootfs / SCRIPT.lstrip("/")
    script.write_text(f"#!{python}\n{PLUGIN.read_text()}")
    script.chmod(0o755)
    (rootfs / DATA.lstrip("/")).mkdir()


def _needed(python: Path) -> set[Path]:
    command = [str(python), "-I", "-S", "-B", "-c", WHAT_IS_LOADED, str(PLUGIN)]
    finished = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - our interpreter
    paths = {Path(name) for name in json.loads(finished.stdout)} - {PLUGIN}
    encodings = {
        other for path in paths if path.parent.name == "encodings" for other in path.parent.glob("*.py")
    }
    loaders = {path for pattern in LOADERS for path in Path("/").glob(pattern)}
    return {path for path in paths | encodings | loaders if path.is_file()}


def _link_top(rootfs: Path) -> None:
    """Create the links of most systems from `/lib` and its like into `/usr`."""
    for top in TOP:
        if Path("/", top).is_symlink():
            (rootfs / top).symlink_to(Path("/", top).readlink())


def _copy(path: Path, rootfs: Path) -> None:
    target = rootfs / path.relative_to("/")
    target.parent.resolve().mkdir(parents=True, exist_ok=True)
    if not target.exists():
        shutil.copy2(path, target)
    if ".so" not in path.name:
        return
    for link in path.parent.iterdir():
        # Programs load a library by a name that is often a link to its file.
        if (
            link.is_symlink()
            and link.resolve() == path.resolve()
            and not (target.parent / link.name).exists()
        ):
            (target.parent / link.name).symlink_to(target.name)
