"""Every block of the README runs as it is printed, in a scratch copy of the project.

The scratch folder has what the commands name: `.venv`, `my-article.md`, and `PATH`, a repository with the
tags of moby that the README names, which is also the project's own repository there. A folder of the test
replaces `/tmp/engine`.
"""

from __future__ import annotations

import ast
import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from annotator import config
from tests.sockets import accepts

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()

# Commands that are not run, and why; `make` shows what it would do for the first.
LISTED = {
    r"make (serve|build)\b": "test_set_up.py and test_serve.py run it",
    r"make (test|test-slow|test-all|check|bench|constraints)\b": "it runs this test, or takes long",
    r"docker run\b": "it downloads an image",
    r"git clone\b": "it needs the network",
    r"pipx? install\b": "it needs the network",
    r"^\s*annotator (init|verify|bump|affected)\b": "test_wheel.py and the tests of these commands run them",
    r"dask (scheduler|worker)\b|--scheduler\b": "test_cluster.py starts a cluster",
    r"(annotator|runtime) serve .*--port": "test_serve.py runs it",
}
ENGINE = "/tmp/engine"  # noqa: S108 - only its name is used
SERVER = re.compile(r"-m runtime serve\b|moby-engine serve\b")


@dataclass(frozen=True)
class Block:
    """A block of code of the README."""

    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.line}-{self.language}"


def blocks(text: str) -> Iterator[Block]:
    """Fenced blocks with their language, and indented ones with what they look like."""
    lines, number = text.splitlines(), 0
    while number < len(lines):
        first = number
        if fence := re.match(r"(`{3,}|~{3,})\s*(\w*)", lines[number]):
            number = next(n for n in range(first + 1, len(lines)) if lines[n].startswith(fence[1])) + 1
            body = "\n".join(lines[first + 1 : number - 1])
            yield Block(first + 1, _language(fence[2], body), body)
        elif lines[number].startswith("    ") and (not first or not lines[first - 1].strip()):
            while number < len(lines) and (not lines[number].strip() or lines[number].startswith("    ")):
                number += 1
            body = "\n".join(line[4:] for line in lines[first:number]).strip()
            yield Block(first + 1, _language("", body), body)
        else:
            number += 1


def _language(name: str, text: str) -> str:
    if name:
        return {"bash": "shell", "sh": "shell", "console": "shell", "py": "python", "yml": "yaml"}.get(
            name, name
        )
    if re.search(r"^(from|import) \w", text, re.MULTILINE):
        return "python"
    with contextlib.suppress(tomllib.TOMLDecodeError):
        if tomllib.loads(text):
            return "toml"
    return "yaml" if re.search(r"^\w[\w-]*:( |$)", text, re.MULTILINE) else "shell"


BLOCKS = list(blocks(README))


def of(language: str) -> list[Block]:
    return [block for block in BLOCKS if block.language == language]


def commands(block: Block) -> list[str]:
    """The lines of a shell block, without a prompt and with continued lines joined."""
    joined = block.text.replace("\\\n", " ")
    lines = (line.strip().removeprefix("$ ") for line in joined.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def without_comments(text: str) -> list[str]:
    """The lines of the blocks, without comments."""
    return [re.sub(r"(^|\s+)# .*", "", line) for block in blocks(text) for line in block.text.splitlines()]


def test_chinese_readme_has_the_same_commands():
    assert without_comments((ROOT / "README.zh.md").read_text()) == without_comments(README)


def test_every_block_is_of_a_kind_that_is_tested():
    assert len(BLOCKS) >= 8
    assert {block.language for block in BLOCKS} <= {"shell", "python", "toml", "yaml", "text", "mermaid"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("x\n\n    make serve\n\n    make test\n\ny", [("shell", "make serve\n\nmake test")]),
        ("```bash\na\n```\n~~~\nb: 1\n~~~", [("shell", "a"), ("yaml", "b: 1")]),
        ("x\n\n    from a import b\n", [("python", "from a import b")]),
        ("x\n\n    a = 1\n", [("toml", "a = 1")]),
    ],
)
def test_blocks_are_found(text, found):
    assert [(block.language, block.text) for block in blocks(text)] == found


# ── settings ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("block", of("toml"), ids=str)
def test_printed_settings_are_settings(block, tmp_path):
    (tmp_path / "annotator.toml").write_text(block.text)

    assert config.find(tmp_path).config.repository


@pytest.mark.parametrize("block", of("yaml"), ids=str)
def test_printed_workflows_name_inputs_and_hooks_that_exist(block):
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    hooks = {hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
    read = yaml.safe_load(block.text)

    if "repos" in read:
        assert {hook["id"] for repo in read["repos"] for hook in repo["hooks"]} <= hooks
        return
    (job,) = read["jobs"].values()
    (step,) = [step for step in job["steps"] if "moby-annotated" in step["uses"]]
    assert step["with"].keys() <= action["inputs"].keys()
    upload = next(each for each in job["steps"] if "upload-sarif" in each["uses"])
    assert upload["with"]["sarif_file"] == f"${{{{ steps.{step['id']}.outputs.sarif }}}}"
    assert job["permissions"]["security-events"] == "write"


# ── commands ─────────────────────────────────────────────────────────────────────────────────────

GO = {
    "volume/service/service.go": "package service\n\nfunc ds() int {\n\treturn 1\n}\n",
    "daemon/daemon.go": "package daemon\n\nfunc NewDaemon() int {\n\treturn 2\n}\n",
    "server.go": "package docker\n\nfunc NewServer() int {\n\treturn 3\n}\n",
}
ARTICLE = "`volume/service/service.go::ds` is in `daemon/daemon.go:3`.\n"


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project's files, with all that the commands name."""
    folder = tmp_path_factory.mktemp("readme") / "project"
    git = ["git", "-c", "user.name=shop", "-c", "user.email=shop@example.org", "-C"]
    listed = subprocess.run([*git, ROOT, "ls-files", "-z"], check=True, capture_output=True).stdout.split(
        b"\0"
    )
    for name in filter(None, map(os.fsdecode, listed)):
        if not name.startswith("tests/") and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    (folder / ".venv").symlink_to(sys.prefix)
    (folder / "my-article.md").write_text(ARTICLE)
    repository = folder / "PATH"
    repository.mkdir()
    subprocess.run([*git, repository, "init", "-q", "-b", "main"], check=True)
    named = set(re.findall(r"\bv\d+\.\d+\.\d+\b", README)) | {"v18.09.6"}
    for number, tag in enumerate(sorted(named, key=lambda tag: [*map(int, tag[1:].split("."))])):
        for name, text in GO.items():
            (repository / name).parent.mkdir(parents=True, exist_ok=True)
            (repository / name).write_text(f"// {number}\n{text}")
        subprocess.run([*git, repository, "add", "-A"], check=True)
        subprocess.run([*git, repository, "commit", "-qm", tag], check=True)
        subprocess.run([*git, repository, "tag", tag], check=True)
    settings = folder / "pyproject.toml"
    own = config.find(ROOT).config.repository
    settings.write_text(settings.read_text().replace(f'repository = "{own}"', f'repository = "{repository}"'))
    return folder


@pytest.fixture
def engine() -> Iterator[str]:
    """A folder that stands for /tmp/engine, short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="engine") as folder:
        yield f"{folder}/engine"


@pytest.fixture
def environment(scratch: Path) -> dict[str, str]:
    return os.environ | {"ANNOTATOR_CACHE": str(scratch.parent / "cache"), "PYTHONPATH": str(ROOT)}


@pytest.mark.slow
@pytest.mark.parametrize("block", of("shell"), ids=str)
def test_printed_commands_run(block, scratch, engine, environment):
    servers: list[subprocess.Popen[bytes]] = []
    try:
        for printed in commands(block):
            command = printed.replace(ENGINE, engine)
            if SERVER.search(command):
                servers.append(_started(command, scratch, environment, Path(f"{engine}.sock")))
            elif (reason := _listed(command)) is None:
                if not command.startswith("docker"):
                    _stop(servers)
                _run(command, scratch, environment)
            elif command.startswith("make"):
                dry = command.replace("make", "make --dry-run", 1)
                assert _code(dry, scratch, environment) == 0, f"{command}: {reason}"
    finally:
        _stop(servers)


def _listed(command: str) -> str | None:
    if command.startswith("docker") and not shutil.which("docker"):
        return "it needs docker"
    return next((reason for pattern, reason in LISTED.items() if re.search(pattern, command)), None)


def _started(
    command: str, folder: Path, environment: dict[str, str], socket: Path
) -> subprocess.Popen[bytes]:
    server = subprocess.Popen(f"exec {command}", shell=True, cwd=folder, env=environment)  # noqa: S602
    while not accepts(socket):
        assert server.poll() is None, command
        time.sleep(0.05)
    return server


def _stop(servers: list[subprocess.Popen[bytes]]) -> None:
    while servers:
        server = servers.pop()
        server.terminate()
        server.wait()


def _run(command: str, folder: Path, environment: dict[str, str]) -> None:
    """Findings are an answer, too; wrong usage, a source that is not there and internal errors are not."""
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environment, check=False, capture_output=True, text=True
    )
    assert done.returncode in (0, 1), f"{command}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr, f"{command}\n{done.stderr}"


def _code(command: str, folder: Path, environment: dict[str, str]) -> int:
    return subprocess.run(["bash", "-c", command], cwd=folder, env=environment, check=False).returncode


@pytest.mark.slow
@pytest.mark.parametrize("block", of("python"), ids=str)
def test_printed_python_runs(block, scratch, engine, environment):
    ast.parse(block.text)

    done = subprocess.run(
        [sys.executable, "-c", block.text.replace(ENGINE, engine)],
        cwd=scratch, env=environment, check=False, capture_output=True, text=True,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
