"""The Go reader against universal-ctags, on a whole tree."""

import io
import json
import os
import shutil
import subprocess
import tarfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from annotator.reading import golang

pytestmark = pytest.mark.slow

# Where the two differ, and why that is no error of ours.
EXPLAINED = {
    "_": "ctags leaves blank variables and constants out; they are declarations, and we keep them",
}

Place = tuple[str, int, str]


@pytest.fixture(scope="session")
def debian_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = os.environ.get("MOBY_SOURCE")
    if source is None:
        pytest.skip("MOBY_SOURCE names no git repository of moby")
    tag = os.environ.get("MOBY_TAG", "v18.09.6")
    archive = subprocess.run(["git", "-C", source, "archive", tag], check=True, capture_output=True).stdout
    tree = tmp_path_factory.mktemp("moby")
    with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
        packed.extractall(tree, filter="data")
    return tree


def go_files(tree: Path) -> list[str]:
    paths = (path.relative_to(tree) for path in sorted(tree.rglob("*.go")))
    return [path.as_posix() for path in paths if "vendor" not in path.parts]


def by_us(tree: Path, files: list[str]) -> Iterator[Place]:
    for path in files:
        for found in golang.read((tree / path).read_bytes()).declarations:
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


def test_universal_ctags_agrees_on_all_top_level_declarations(debian_tree: Path) -> None:
    if shutil.which("ctags") is None:
        pytest.skip("needs Debian's package universal-ctags")
    files = go_files(debian_tree)
    ours, theirs = Counter(by_us(debian_tree, files)), Counter(by_ctags(debian_tree, files))
    assert not theirs - ours
    assert {name for _, _, name in ours - theirs} <= set(EXPLAINED)
    assert len(theirs) > 1000


def test_no_file_of_a_release_is_broken(debian_tree: Path) -> None:
    broken = {path for path in go_files(debian_tree) if golang.read((debian_tree / path).read_bytes()).broken}
    assert broken == set()
