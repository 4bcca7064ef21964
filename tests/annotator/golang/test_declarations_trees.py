"""The Go reader against universal-ctags, on a whole tree."""

import io
import json
import os
import re
import subprocess
import tarfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from annotator.golang import declarations

pytestmark = pytest.mark.slow

# Where the two differ, and why that is no error of ours.
EXPLAINED = {
    "_": "ctags leaves blank variables and constants out; they are declarations, and we keep them",
}

# The grammar takes `new` for the built-in alone, and what it is given for a type: a package's own `new`
# with a composite literal is broken for it. The declarations are read all the same.
OWN_NEW = re.compile(rb"\bnew\([\w.]+\{")

Place = tuple[str, int, str]


@pytest.fixture(params=["v20.10.24", "v26.1.5", "MOBY_SOURCE"])
def whole_tree(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The Go files of a release from Debian, or of the repository that MOBY_SOURCE names."""
    if request.param == "MOBY_SOURCE":
        return _archived(request.getfixturevalue("moby_repository"), tmp_path)
    tree = request.getfixturevalue("release")(request.param)
    for path, data in tree.read(tree.go_files).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    return tmp_path


def _archived(source: str, folder: Path) -> Path:
    tag = os.environ.get("MOBY_TAG", "v18.09.6")
    archive = subprocess.run(["git", "-C", source, "archive", tag], check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
        packed.extractall(folder, filter="data")
    return folder


def go_files(tree: Path) -> list[str]:
    paths = (path.relative_to(tree) for path in sorted(tree.rglob("*.go")))
    return [path.as_posix() for path in paths if "vendor" not in path.parts]


def by_us(tree: Path, files: list[str]) -> Iterator[Place]:
    for path in files:
        for found in declarations.read_go_file((tree / path).read_bytes()).declarations:
            yield path, found.line, found.name


def by_ctags(tree: Path, files: list[str]) -> Iterator[Place]:
    command = ["ctags", "--languages=Go", "--output-format=json", "--fields=+n", "--kinds-Go=acfistv"]
    listed = subprocess.run(
        [*command, "-f", "-", "-L", "-"],
        input="\n".join(files),
        cwd=tree,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for line in listed.splitlines():
        tag = json.loads(line)
        if tag["_type"] == "tag":
            yield tag["path"], tag["line"], tag["name"]


def test_universal_ctags_agrees_on_all_top_level_declarations(whole_tree: Path, universal_ctags: str) -> None:
    files = go_files(whole_tree)
    ours, theirs = Counter(by_us(whole_tree, files)), Counter(by_ctags(whole_tree, files))
    assert not theirs - ours
    assert {name for _, _, name in ours - theirs} <= set(EXPLAINED)
    assert len(theirs) > 1000


def test_no_file_of_a_release_is_broken(whole_tree: Path, universal_ctags: str) -> None:
    files = {path: (whole_tree / path).read_bytes() for path in go_files(whole_tree)}
    broken = {path for path, data in files.items() if declarations.read_go_file(data).broken}

    assert not {path for path in broken if not OWN_NEW.search(files[path])}
