"""The examples run and tell what they promise, and the command line finds them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from runtime.cli import app, runnable, title
from runtime.examples import dockerd_root, driver_gone, mount, own_plugin, restart, shared, start
from runtime.volume.drivers.extpoint import new_store as new_driver_store
from runtime.volume.local.local import new as new_local
from runtime.volume.service.store import new_store

OURS = (dockerd_root, driver_gone, mount, own_plugin, restart, shared, start)
ROOT = Path(__file__).parents[2]


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Callable[[Callable[[], None]], list[str]]:
    def run(main: Callable[[], None]) -> list[str]:
        main()
        return capsys.readouterr().out.splitlines()

    return run


def test_starting_shows_each_step_and_its_go_file(told: Callable[..., list[str]]) -> None:
    lines = told(start.main)
    steps = [line.strip().partition("::")[0] for line in lines if line.startswith("  ")]
    expected = [
        "Daemon.__init__: daemon/daemon.go",
        "Manager.__init__: plugin/manager.go",
        "Daemon.create_plugin_exec: daemon/daemon.go",
        "Manager.reload: plugin/manager.go",
        "Store.set_all: plugin/store.go",
        "new_volume_service: volume/service/service.go",
        "new_store: volume/drivers/extpoint.go",
        "_setup_default_driver: volume/service/default_driver.go",
        "new: volume/local/local.go",
        "Store.register: volume/drivers/extpoint.go",
        "new_store: volume/service/store.go",
        "Daemon.shutdown: daemon/daemon.go",
        "VolumesService.shutdown: volume/service/service.go",
        "ManagerLinux.shutdown: plugin/manager_linux.go",
    ]
    assert [step for step in steps if step in expected][: len(expected)] == expected
    assert any(line.endswith("the inventory that the start began with: True") for line in lines)


def test_our_own_plugin_is_reached_and_what_it_is_asked_is_shown(told: Callable[..., list[str]]) -> None:
    lines = told(own_plugin.main)
    assert '  /VolumeDriver.Create: {"Name":"photos","Opts":null} -> {}' in lines
    assert '  /Plugin.Activate: (nothing) -> {"Implements": ["VolumeDriver"]}' in lines
    assert lines[-1] == "The way there: Daemon → VolumesService → VolumeStore → Store → Store"


def test_mounting_tells_of_use_and_release(told: Callable[..., list[str]]) -> None:
    lines = told(mount.main)
    assert "Nor by force: remove data: volume is in use - [container-1]" in lines
    assert "What was written is still there: dear diary" in lines


def test_sharing_counts_by_name(told: Callable[..., list[str]]) -> None:
    lines = told(shared.main)
    assert "Both are named, each once: remove shared: volume is in use - [web, worker]" in lines
    assert lines[-1] == "After the last it can go: []"


def test_a_restart_loses_nothing(told: Callable[..., list[str]]) -> None:
    lines = told(restart.main)
    assert [line for line in lines if line.endswith("False")] == []
    assert lines[-1] == "And nothing is wrong on disk: True"


def test_a_driver_that_is_gone_comes_back(told: Callable[..., list[str]]) -> None:
    lines = told(driver_gone.main)
    assert "And a warning: ('list tiny: volume driver not found: tiny',)" in lines
    assert lines[-2:] == [
        "The plugin comes back, and the warning goes: ()",
        "With it the volumes: {'year': '2000'}",
    ]


def test_a_root_of_dockerd_is_opened_in_place(told: Callable[..., list[str]]) -> None:
    lines = told(dockerd_root.main)
    assert "Its file is as it was: True" in lines
    assert "  labelvol: labels {'n': 'labelvol'}, options None" in lines


def test_all_examples_are_listed_with_their_question() -> None:
    result = CliRunner().invoke(app, ["example"])
    assert result.exit_code == 0
    for module in OURS:
        assert title(module) in result.stdout
    assert {"legacy", "load", "enable"} <= runnable().keys()


def test_an_example_is_run_by_its_name() -> None:
    command = [sys.executable, "-m", "runtime", "example", "shared"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "The second reads what the first wrote: a job of web's" in result.stdout


def test_an_unknown_example_is_wrong_usage() -> None:
    result = CliRunner().invoke(app, ["example", "unknown"])
    assert (result.exit_code, "no example is called 'unknown'" in result.stderr) == (2, True)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with one volume that is sound."""
    ds = new_driver_store(None)
    assert ds.register(new_local(tmp_path), "local")
    vs = new_store(tmp_path, ds)
    vs.create("sound", "local", labels={"a": "1"})
    vs.shutdown()
    (tmp_path / "plugins").mkdir()
    return tmp_path


def checked(root: Path) -> tuple[int, list[str]]:
    result = CliRunner().invoke(app, ["check", "--root", str(root)])
    return result.exit_code, result.stdout.splitlines()


def entries(directory: Path) -> list[Path]:
    """All that is in a directory but what SQLite keeps beside a file that is open."""
    return sorted(path for path in directory.rglob("*") if not path.name.endswith(("-shm", "-wal")))


def test_nothing_is_wrong_with_a_sound_root(root: Path) -> None:
    assert checked(root) == (0, [f"{root}: nothing is wrong"])


def test_what_is_wrong_is_told_and_left_as_it_is(root: Path) -> None:
    volumes = root / "volumes"
    (volumes / "broken").mkdir()
    (volumes / "broken" / "opts.json").write_text("{")
    (volumes / ".+half" / "_data").mkdir(parents=True)
    (volumes / "sound" / "_data").rmdir()
    (volumes / "sound").rmdir()
    before = entries(volumes)
    code, lines = checked(root)
    assert code == 1
    assert "volume sound: it is recorded, and has no directory" in lines
    assert any(line.startswith("volume broken: its options cannot be understood") for line in lines)
    assert any(line.startswith(f"{volumes}/.+half: left by a crash") for line in lines)
    assert entries(volumes) == before


def test_a_root_that_is_in_use_is_not_checked(root: Path) -> None:
    ds = new_driver_store(None)
    vs = new_store(root, ds)
    result = CliRunner().invoke(app, ["check", "--root", str(root)])
    vs.shutdown()
    assert (result.exit_code, "another engine uses" in result.stderr) == (2, True)


def test_a_root_that_is_not_there_is_a_finding_or_wrong_usage(tmp_path: Path) -> None:
    assert checked(tmp_path / "nowhere")[0] in (1, 2)
