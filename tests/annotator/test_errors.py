"""What works without the extras, and what is said where one is missing."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from annotator import cli, errors

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]

# Imported first by every Python of a test: hides packages as if they were not installed.
_HIDE = """\
from importlib.machinery import PathFinder

find = PathFinder.find_spec

def find_others(name, path=None, target=None):
    return None if name.partition(".")[0] in {packages!r} else find(name, path, target)

PathFinder.find_spec = find_others
"""


@pytest.fixture
def run_bare(tmp_path, project):
    """Run a module in a Python that has none of the extras."""
    # rich needs pygments, which is there without the extra
    hidden = {package for names in errors.EXTRAS.values() for package in names} - {"pygments"}
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "sitecustomize.py").write_text(_HIDE.format(packages=hidden))

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"PYTHONPATH": f"{tmp_path / 'bare'}{os.pathsep}{ROOT}"}
        return subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=project, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip

    return run


@pytest.fixture
def hidden(monkeypatch):
    """Hide a package as if it were not installed."""
    find = errors.find_spec
    return lambda name: monkeypatch.setattr(
        errors, "find_spec", lambda package: None if package == name else find(package)
    )


@pytest.mark.parametrize("output", ["text", "json", "sarif", "junit"])
def test_verify_works_without_extras(run_bare, shop, output):
    done = run_bare("annotator", "verify", "--source", str(shop), "--format", output)

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("date", "site/articles/shop.toml"), ("manifest", "site/articles/shop.toml"), ("symbols",),
        ("track", "store/store.go::Store"), ("verify", "--update"),
    ],
)  # fmt: skip
def test_other_checks_work_without_extras(run_bare, shop, arguments):
    source = () if arguments[0] == "manifest" else ("--source", str(shop))
    done = run_bare("annotator", *arguments, *source)

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", ["build", "serve"])
def test_missing_site_extra_is_named(run_bare, shop, command):
    done = run_bare("annotator", command, "--source", str(shop))

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "pip install 'moby-annotated[site]'" in done.stderr


def test_missing_cluster_extra_is_named(hidden, project, shop, capsys):
    hidden("distributed")

    assert cli.run(["build", "--all", "--source", str(shop), "--scheduler", "tcp://127.0.0.1:1"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "annotator: `--scheduler` needs more packages; run `pip install 'moby-annotated[cluster]'`"
    ]


@pytest.mark.parametrize("arguments", [("serve",), ("check", "--root", "nowhere"), ("example", "own_plugin")])
def test_missing_engine_extra_is_named(run_bare, arguments):
    done = run_bare("runtime", *arguments)

    assert done.returncode == 2
    assert "pip install 'moby-annotated[engine]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_walk_that_misses_the_engine_names_it(run_bare, project):
    (project / "walk.py").write_text("import httpx\n")
    settings = project / "annotator.toml"
    settings.write_text(f'walk = "walk.py"\n{settings.read_text()}')

    done = run_bare("annotator", "walk")

    assert done.returncode == 2
    assert "pip install 'moby-annotated[engine]'" in done.stderr


def test_extras_have_a_package_for_each_requirement():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    for extra, packages in errors.EXTRAS.items():
        assert len(project["optional-dependencies"][extra]) == len(packages)


@pytest.mark.parametrize("command", ["lsp", "mcp"])
def test_server_without_its_extra_shows_help_and_names_it(run_bare, command):
    assert run_bare("annotator", command, "--help").returncode == 0
    done = run_bare("annotator", command)

    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        f"annotator: `annotator {command}` needs more packages; run `pip install 'moby-annotated[{command}]'`"
    ]
