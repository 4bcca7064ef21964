"""The command line as a program: exit codes, one sentence for each failure, and pipes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from runtime import Config, cli
from runtime.errdefs import InvalidParameter


def run(*words: str, program: str = "from runtime.__main__ import main; main()") -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-c", program, *words], capture_output=True, text=True, timeout=120, check=False
    )
    return done.returncode, done.stdout, done.stderr


def test_console_script_shows_its_version() -> None:
    script = Path(sys.executable).with_name("moby-engine")
    done = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("moby-engine ")
    assert "18.09.6" in done.stdout


def test_nearly_right_example_gets_a_suggestion() -> None:
    code, _, error = run("example", "own_plug")
    assert (code, error) == (2, "no example is called 'own_plug'; did you mean own_plugin?\n")


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ((), "cannot check {root}: {root}: No such file or directory\n"),
        (("",), "{root} is not an engine's root: it has neither a directory plugins nor one of volumes\n"),
    ],
)
def test_check_of_a_wrong_folder_says_so(tmp_path: Path, made: tuple[str, ...], said: str) -> None:
    root = tmp_path / "r"
    for name in made:
        (root / name).mkdir(parents=True)
    assert run("check", "--root", str(root)) == (2, "", said.format(root=root))


@pytest.mark.parametrize("directory", ["plugins", "volumes"])
def test_check_takes_a_root_with_one_kind_only(tmp_path: Path, directory: str) -> None:
    (tmp_path / directory).mkdir()
    assert run("check", "--root", str(tmp_path)) == (0, f"{tmp_path}: nothing is wrong\n", "")


BROKEN = """
import sys
from runtime import cli
def fail():
    raise ValueError("first line\\nsecond line")
cli.runnable = fail
cli.main()
"""


def test_internal_error_is_one_sentence() -> None:
    code, out, error = run("example", program=BROKEN)
    assert (code, out) == (cli.INTERNAL, "")
    assert error == (
        "internal error: ValueError: first line second line; put --debug before the command to see where\n"
    )


def test_debug_shows_the_traceback_of_an_internal_error() -> None:
    code, _, error = run("--debug", "example", program=BROKEN)
    assert code == cli.INTERNAL
    assert "in fail\n" in error


@pytest.mark.parametrize("words", [("example",), ("check", "--root", "{}")])
def test_closed_pipe_changes_no_exit_code(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / ("a" * 64)).mkdir()
    command = [sys.executable, "-m", "runtime", *(word.format(tmp_path) for word in words)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
        assert process.wait(60) == (1 if words[0] == "check" else 0)


def test_settings_accept_strings_as_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    given = Config(root="a b", exec_root="x", plugin_folders=["p", tmp_path / "q"])
    assert given.root == Path("a b")
    config = given.absolute()
    assert config.root == tmp_path / "a b"
    assert config.exec_root == tmp_path / "x"
    assert config.plugin_folders == (tmp_path / "p", tmp_path / "q")


@pytest.mark.parametrize(
    "wrong",
    [
        {"root": ""},
        {"root": 5},
        {"root": "a\0"},
        {"root": "a", "executor": "x"},
        {"root": "a", "plugin_folders": "p"},
    ],
)
def test_settings_refuse_what_is_no_path(wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidParameter):
        Config(**wrong)  # type: ignore[arg-type]
