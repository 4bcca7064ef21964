"""Python for browsers (Pyodide), with which a page runs the project's examples."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import logging
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from annotator import file_io
from annotator.errors import AnnotatorError, printable
from annotator.repository.factory import cache_folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from annotator.config import Project

_LOG = logging.getLogger(__name__)

FOLDER: Final = "assets/run"
"""Where the files are on the site."""

_VERSION: Final = "314.0.7"
_INTEGRITY: Final = "0YvXxEhfEdpLfb/XkM2BFAeMROq0iMUX2bzzH9pOttyMcWkwq+HbE5uyuGD82LN7y2q+SNvi/6V5JEsOlD2R1A=="
"""The SHA-512 of Pyodide's package, in base64, as its registry writes it."""
_FILES: Final = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")
_LOCK: Final = "pyodide-lock.json"
_TARGET: Final = (
    "--platform=pyemscripten_2026_0_wasm32",
    "--python-version=3.14",
    "--implementation=cp",
    "--abi=cp314",
)
_LIMIT: Final = 120.0
"""Seconds of a download."""


def install(project: Project) -> Mapping[str, Path] | None:
    """Return the Python in which the project's examples run, as files by their paths on the site.

    It is downloaded into the cache once, into a folder that is named by a hash of its sources.

    Without npm or a network the site goes without it, and a line says so.

    Raises:
        InvalidInput: The file of requirements cannot be read.
    """
    settings = project.config.examples.browser
    if not settings.module:
        return None
    requirements = project.root / settings.requirements
    pins = file_io.bytes_of(requirements)
    name = hashlib.sha256(b"\n".join([_VERSION.encode(), pins, " ".join(_TARGET).encode()])).hexdigest()[:16]
    target = cache_folder() / "browser-python" / name
    try:
        if not target.is_dir():
            with file_io.locked(target):
                if not target.is_dir():
                    file_io.written(target, lambda folder: _download(folder, requirements))
    except AnnotatorError as error:
        _LOG.warning("the pages run no examples: %s", error)
        return None
    return {f"{FOLDER}/{file.name}": file for file in sorted(target.iterdir())}


def archive(project: Project) -> Mapping[str, bytes]:
    """Return the project's packages as an archive, always the same for the same files, by its path."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as written:
        for package in project.config.packages:
            for file in sorted((project.root / package).rglob("*.py")):
                name = zipfile.ZipInfo(file.relative_to(project.root).as_posix())
                written.writestr(name, file.read_bytes(), zipfile.ZIP_DEFLATED)
    return {f"{FOLDER}/project.zip": packed.getvalue()}


def _download(folder: Path, requirements: Path) -> None:
    """Download Pyodide and the wheels, check their hashes, and write what pages load.

    Raises:
        AnnotatorError: npm is missing, a download fails, or a hash differs.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise AnnotatorError(
            "install npm (Debian: `apt install npm`) and build again to get their Run buttons"
        )
    _LOG.info("downloading Python for browsers (6 MB), once")
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        _run("npm", [npm, "pack", "--silent", "--fetch-retries=1", f"pyodide@{_VERSION}"], work)
        package = next(work.glob("*.tgz")).read_bytes()
        if base64.b64encode(hashlib.sha512(package).digest()).decode() != _INTEGRITY:
            raise AnnotatorError(f"npm's pyodide {_VERSION} is not the one whose hash is known")
        _unpack(package, folder)
        wheels = ["download", "--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:", *_TARGET]
        requirement = ["--requirement", str(requirements.resolve())]
        _run("pip", [sys.executable, "-m", "pip", *wheels, *requirement], work)
        _merge(sorted(work.glob("*.whl")), folder / "packages.zip")


def _run(name: str, command: Sequence[str], folder: Path) -> None:
    try:
        finished = subprocess.run(  # noqa: S603 - npm and pip, with our own arguments
            command, cwd=folder, capture_output=True, timeout=_LIMIT, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise AnnotatorError(f"{name} failed: {error}") from error
    if finished.returncode:
        lines = finished.stderr.decode("utf-8", "replace").strip().splitlines() or ["it says nothing"]
        raise AnnotatorError(
            f"{name} could not download what they need ({printable(lines[-1])}); "
            "build again with a network to get their Run buttons"
        )


def _unpack(package: bytes, folder: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(package), mode="r:gz") as packed:
        for name in (*_FILES, _LOCK):
            member = packed.extractfile(f"package/{name}")
            assert member is not None  # noqa: S101 - the hash is that of a package with these files
            data = member.read()
            if name == _LOCK:  # without the list of packages for other programs
                data = json.dumps({**json.loads(data), "packages": {}}).encode()
            (folder / name).write_bytes(data)


def _merge(wheels: Sequence[Path], target: Path) -> None:
    """Write the modules of all wheels into one archive."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as merged:
        for wheel in wheels:
            with zipfile.ZipFile(wheel) as packed:
                for info in packed.infolist():
                    if ".dist-info/" not in info.filename:
                        merged.writestr(info, packed.read(info), zipfile.ZIP_DEFLATED)
