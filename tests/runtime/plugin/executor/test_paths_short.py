"""Short paths for sockets: where they lead, who can enter them, and what hostile neighbours change."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from runtime.errdefs import EngineError
from runtime.pkg.plugins.transport import MAX_UNIX_PATH
from runtime.plugin.executor.paths import LONGEST_NAME, ShortPaths

ID = "0123456789abcdef" * 4


@pytest.fixture
def short() -> Iterator[Path]:
    with TemporaryDirectory(prefix="s", dir="/tmp") as made:
        yield Path(made)


@pytest.fixture(params=["plain", "with 'quotes' \"and\" spaces", "ü" * 40])
def deep(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    path = tmp_path / request.param / ("d" * 100)
    (path / ID).mkdir(parents=True)
    return path


def test_socket_with_the_longest_name_can_be_bound_below_a_deep_root(short: Path, deep: Path) -> None:
    paths = ShortPaths(deep, [str(short)])
    name = "n" * LONGEST_NAME
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(paths.make(ID) / name))
    assert (deep / ID / name).is_socket()
    [made] = short.iterdir()
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    paths.remove(ID)
    assert list(short.iterdir()) == []


def test_short_root_needs_no_link(short: Path) -> None:
    root = Path("/x/run/plugins")
    assert ShortPaths(root, [str(short)]).make(ID) == root / ID
    assert len(f"{root}/{ID}/{'n' * LONGEST_NAME}") <= MAX_UNIX_PATH
    assert list(short.iterdir()) == []


def test_two_exec_roots_have_two_directories(short: Path, deep: Path) -> None:
    other = deep.with_name("e" * 100)
    (other / ID).mkdir(parents=True)
    links = [ShortPaths(root, [str(short)]).make(ID) for root in (deep, other)]
    assert [link.resolve() for link in links] == [deep / ID, other / ID]


@pytest.mark.parametrize("planted", ["link", "file", "open", "foreign"])
def test_planted_directory_is_not_used(short: Path, deep: Path, planted: str) -> None:
    first = ShortPaths(deep, [str(short)])
    place = first.make(ID).parent
    first.remove(ID)
    if planted == "link":
        (short / "theirs").mkdir(0o700)
        place.symlink_to(short / "theirs")
    elif planted == "file":
        place.write_text("")
    elif planted == "open":
        place.mkdir()
        place.chmod(0o777)
    else:
        if os.geteuid() != 0:
            pytest.skip("needs root to give a directory away")
        place.mkdir(0o700)
        os.chown(place, 65534, -1)
    link = ShortPaths(deep, [str(short)]).make(ID)
    assert link.parent != place
    assert link.resolve() == deep / ID


def test_no_place_for_links_is_refused_with_a_remedy(short: Path, deep: Path) -> None:
    short.chmod(0o777)  # and not sticky
    with pytest.raises(EngineError, match="give an --exec-root of at most 11 bytes"):
        ShortPaths(deep, [str(short), str(short / "nowhere")])


def test_link_of_an_earlier_engine_is_replaced(short: Path, deep: Path) -> None:
    link = ShortPaths(deep, [str(short)]).make(ID)
    link.unlink()
    link.symlink_to("/nowhere")
    assert ShortPaths(deep, [str(short)]).make(ID).resolve() == deep / ID


def test_ending_plugin_leaves_the_directory_to_a_starting_one(deep: Path, short: Path) -> None:
    paths = ShortPaths(deep, [str(short)])
    ids = [digit * 64 for digit in "0123"]

    def start_and_end(plugin_id: str) -> None:
        for _ in range(100):
            assert paths.make(plugin_id).is_symlink()
            paths.remove(plugin_id)

    with ThreadPoolExecutor(len(ids)) as threads:
        list(threads.map(start_and_end, ids))
