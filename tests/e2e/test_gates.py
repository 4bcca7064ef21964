"""The gates for other projects: the steps of the Action, and the hooks in a real pre-commit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from github_server import TOKEN, GitHubServer, serving

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
STEPS = ACTION["runs"]["steps"]
NAMED = {step["name"]: step for step in STEPS}
VERIFY, COMMENT = NAMED["Verify the references"], NAMED["Comment on the pull request"]

pytestmark = pytest.mark.slow


def run_step(
    step: dict[str, object], folder: Path, environment: dict[str, str]
) -> subprocess.CompletedProcess:
    """Run the shell of a step as the runner does; outside `folder` it may write nothing."""
    script = folder.parent / "step.sh"
    script.write_text(step["run"])
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
        env=environment, cwd=folder, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.fixture
def verify(project, shop, tmp_path):
    """Run the Action's step in the project, with inputs; return what it did and its SARIF run."""
    programs = tmp_path / "temp" / "annotator" / "bin"
    programs.mkdir(parents=True)
    (programs / "annotator").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m annotator "$@"\n')
    (programs / "annotator").chmod(0o755)

    def run(folder: Path = project, **inputs: str) -> tuple[subprocess.CompletedProcess, dict]:
        defaults = {name: str(value.get("default", "")) for name, value in ACTION["inputs"].items()}
        given = {name.replace("-", "_"): value for name, value in defaults.items()}
        given |= {"source": str(shop), "sarif": "out.sarif"} | inputs
        environment = {name.upper(): value for name, value in given.items()}
        environment |= {"PYTHONPATH": str(ROOT), "RUNNER_TEMP": str(tmp_path / "temp"), "BASE": "v1.0.0"}
        environment |= {"GITHUB_WORKSPACE": str(project), "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}
        done = run_step(VERIFY, folder, os.environ | environment)
        (log,) = json.loads((project / "out.sarif").read_text())["runs"]
        return done, log

    return run


def test_the_action_writes_findings_and_fails_on_them(verify):
    done, log = verify(tag="v2.0.0")

    assert done.returncode == 1
    assert {result["ruleId"] for result in log["results"]} == {"moved"}
    assert "3 references at v2.0.0" in done.stdout


ARTICLES = {
    "one file": "docs/a.md",
    "a name with a space": "docs/b c.md",
    "a pattern": "docs/*.md",
    "a deep pattern": "docs/**/*.md",
    "a folder": "docs",
    "lines": "docs/a.md\ndocs/b c.md\n\ndocs/in/d.rst\n",
    "two in a line": "docs/a.md docs/in/d.rst",
    "quoted": "docs/a.md 'docs/b c.md'",
    "windows lines": "docs/a.md\r\ndocs/b c.md\r\n",
    "indented": "  docs/a.md\n\tdocs/in\n",
}
FILES = {"docs/a.md": "cmd/main.go:5\n", "docs/b c.md": "cmd/main.go:6\n", "docs/in/d.rst": "cmd/main.go:7\n"}


@pytest.mark.parametrize(
    ("articles", "references"),
    list(zip(ARTICLES.values(), [1, 1, 2, 2, 3, 3, 2, 2, 2, 2], strict=True)),
    ids=ARTICLES,
)
def test_the_action_reads_all_articles(verify, project, articles, references):
    for name, text in FILES.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)

    done, log = verify(articles=articles)

    assert f"{references} reference" in done.stdout, done.stderr
    assert done.returncode == 0
    assert log["results"] == []


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ({"source": "/nothing/here"}, 3),
        ({"tag": "nothing"}, 2),
        ({"tag": "-x"}, 2),
        ({"articles": "nothing.md"}, 2),
        ({"articles": "docs/*.md"}, 2),
        ({"articles": "empty.md"}, 2),
        ({"articles": "$(touch pwned) `touch pwned` ; touch pwned", "tag": "$(touch pwned)"}, 2),
    ],
    ids=["source", "tag", "option", "article", "pattern", "no reference", "hostile"],
)
def test_the_action_writes_valid_sarif_whatever_goes_wrong(verify, project, inputs, code):
    (project / "empty.md").write_text("")

    done, log = verify(**inputs)

    assert done.returncode == code
    assert log["results"] == []
    assert log["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"] in done.stderr
    assert not list(project.rglob("pwned"))


def test_the_action_without_articles_and_manifests_fails(verify, project):
    (project / "site" / "articles" / "shop.toml").unlink()
    (project / "port" / "__init__.py").write_text("")

    assert verify()[0].returncode == 2
    assert verify(articles=" \n")[0].returncode == 2
    assert verify(allow_none="true")[0].returncode == 0


def test_the_action_runs_in_another_folder_with_names_from_the_root(verify, project):
    folder = project / "my docs"
    folder.mkdir()
    (project / ".git").mkdir()
    (project / "annotator.toml").rename(folder / "annotator.toml")
    (folder / "a b.md").write_text("cmd/main.go:50\n")

    done, log = verify(folder=folder, articles="a b.md")

    assert done.returncode == 1
    (place,) = [each["locations"][0]["physicalLocation"] for each in log["results"]]
    assert place["artifactLocation"]["uri"] == "my%20docs/a%20b.md"


def test_a_repository_that_does_not_answer_is_told_in_the_report(verify, project):
    settings = project / "annotator.toml"
    settings.write_text(settings.read_text().replace("https://example.org/shop.git", "http://127.0.0.1:9/x"))

    done, log = verify(source="")

    assert done.returncode == 3
    assert not log["invocations"][0]["executionSuccessful"]


# ── the comment ──────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def comment(verify, tmp_path):
    """Run the Action's step that comments, after the one that verifies."""
    event = tmp_path / "event.json"
    event.write_text('{"pull_request": {"number": 7}}')
    with serving() as server:

        def run(outcome: str, token: str = TOKEN, name: str = "references") -> GitHubServer:
            environment = os.environ | {
                "PYTHONPATH": str(ROOT), "RUNNER_TEMP": str(tmp_path / "temp"),
                "OUTCOME": outcome, "NAME": name,
                "GITHUB_TOKEN": token, "GITHUB_API_URL": server.address, "GITHUB_REPOSITORY": "acme/docs",
                "GITHUB_EVENT_PATH": str(event),
            }  # fmt: skip
            return run_step(COMMENT, tmp_path / "project", environment), server

        yield run


def test_the_action_tells_findings_in_summary_and_comment(verify, comment, project, tmp_path):
    (project / "a.md").write_text("`cmd/main.go::main#L5`\n")
    verify(tag="v2.0.0", articles="a.md")

    done, server = comment("failure")

    assert done.returncode == 0, done.stderr
    (written,) = server.comments
    assert "**What broke**" in written["body"]
    assert "+`cmd/main.go::main#L7`" in written["body"]
    assert (tmp_path / "summary.md").read_text().strip() in written["body"]
    assert (
        (tmp_path / "temp" / "annotator-references.patch")
        .read_text()
        .startswith("diff --git a/a.md b/a.md\n")
    )

    verify(tag="v1.0.0", articles="a.md")
    comment("success")
    assert len(server.comments) == 1
    assert "What broke" not in server.comments[0]["body"]


def test_the_action_tells_what_a_change_of_code_affects(verify, comment, project):
    (project / "a.md").write_text("`cmd/main.go::main`\n")
    verify(articles="a.md", affected="true")
    assert comment("success")[1].comments == []  # the lines above it are not cited

    (project / "a.md").write_text("`store/store.go::Store`\n")
    done, _ = verify(articles="a.md", affected="true")
    assert done.returncode == 0
    assert "Store" in comment("success")[1].comments[0]["body"]


@pytest.mark.parametrize("name", ["references", "$(touch pwned) `touch pwned`; -->"])
def test_the_action_does_not_comment_where_all_is_well(verify, comment, project, name):
    verify()

    done, server = comment("success", name=name)

    assert done.returncode == 0, done.stderr
    assert server.comments == []
    assert not list(project.rglob("pwned"))


def test_a_comment_that_may_not_be_written_is_a_warning(verify, comment):
    verify(tag="v2.0.0")

    done, _ = comment("failure", token="other")  # noqa: S106 - a wrong one

    assert done.returncode == 0
    assert "::warning" in done.stdout
    assert "GITHUB_TOKEN" in done.stderr
    assert "other" not in done.stdout + done.stderr


# ── a new tag ────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def bump(verify, project, shop, tmp_path):
    """Run the Action's two steps for a new tag in a work tree; return what they did, and the server."""
    settings = project / "annotator.toml"
    settings.write_text(settings.read_text() + 'articles = ["docs/*.md"]\n')
    (project / "port" / "__init__.py").write_text("")
    (project / "site" / "articles" / "shop.toml").unlink()
    (project / "docs").mkdir()
    with serving() as server:

        def run(text: str, **inputs: str) -> tuple[list[subprocess.CompletedProcess], GitHubServer]:
            (project / "docs" / "a.md").write_text(text)
            commit(project)
            environment = os.environ | {
                "PYTHONPATH": str(ROOT), "RUNNER_TEMP": str(tmp_path / "temp"), "SOURCE": str(shop),
                "TAG": "", "GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": server.address,
                "GITHUB_REPOSITORY": "acme/docs",
                "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
            }  # fmt: skip
            done = []
            for name in ("Move the documents to the new tag", "Open the pull request"):
                done.append(run_step(NAMED[name], project, environment | inputs))
                if done[-1].returncode:
                    break
            return done, server

        yield run


def test_the_action_opens_a_pull_request_for_a_new_tag(bump, tmp_path):
    done, server = bump("`cmd/main.go:5` and `store/store.go:9`\n")

    assert [each.returncode for each in done] == [0, 0], done[-1].stderr
    changed = server.content("annotator/bump-v2.0.0")
    assert changed["docs/a.md"] == b"`cmd/main.go:7` and `pkg/store/store.go:9`\n"
    assert b'baseline = "v2.0.0"' in changed["annotator.toml"]
    (pull,) = server.pulls
    assert pull["title"] == "Move references to v2.0.0"
    assert pull["body"] == (tmp_path / "summary.md").read_text()
    assert "2 files rewritten" in pull["body"]


def test_the_action_opens_none_where_nothing_is_new(bump):
    done, server = bump("`cmd/main.go:5`\n", TAG="v1.0.0")

    assert [each.returncode for each in done] == [0, 0]
    assert server.requests == []


@pytest.mark.parametrize("tag", ["nothing", "--force", "$(touch pwned)"])
def test_the_action_fails_on_a_wrong_tag(bump, project, tag):
    done, server = bump("`cmd/main.go:5`\n", TAG=tag)

    assert [each.returncode for each in done] == [2]
    assert server.requests == []
    assert not list(project.rglob("pwned"))


def test_only_steps_that_write_to_github_have_the_token():
    holders = [step["name"] for step in STEPS if "token" in json.dumps(step.get("env", {}))]

    assert holders == [COMMENT["name"], "Open the pull request"]
    assert "${{" not in "".join(step.get("run", "") for step in STEPS)


def test_the_report_that_the_action_begins_with_is_valid(tmp_path):
    done = run_step(STEPS[0], tmp_path, os.environ | {"SARIF": "out.sarif"})

    assert done.returncode == 0
    (log,) = json.loads((tmp_path / "out.sarif").read_text())["runs"]
    assert log["results"] == []


def test_the_action_installs_in_an_environment_of_its_own(project, tmp_path):
    (step,) = [step for step in STEPS if step.get("id") == "install"]
    output, temp = tmp_path / "output", tmp_path / "temp dir"
    temp.mkdir()
    environment = {
        "PYTHON": sys.executable, "RUNNER_TEMP": str(temp), "GITHUB_ACTION_PATH": str(ROOT),
        "GITHUB_OUTPUT": str(output), "WORKING_DIRECTORY": ".", "TAG": "", "SOURCE": "",
    }  # fmt: skip
    key = {}
    for name, inputs in {"settings": {}, "tag": {"TAG": "v2.0.0"}, "source": {"SOURCE": "a, b"}}.items():
        done = run_step(step, project, os.environ | environment | inputs)
        assert done.returncode == 0, done.stderr
        key[name] = output.read_text().splitlines()[-1]

    assert len(set(key.values())) == 3
    assert all(value.startswith("key=") and "," not in value for value in key.values())
    program = temp / "annotator" / "bin" / "annotator"
    assert subprocess.run([program, "--version"], check=True, capture_output=True).stdout
    installed = {path.name for path in temp.glob("annotator/lib/*/site-packages/*")}
    assert not installed & {"mkdocs", "uvicorn", "httpcore"}


def test_the_action_pins_its_steps_and_caches_by_repository_and_tag():
    uses = {step["uses"].partition("@")[0]: step for step in STEPS if "uses" in step}

    assert uses["actions/setup-python"]["with"]["update-environment"] is False
    cache = uses["actions/cache"]["with"]
    assert cache["path"] == VERIFY["env"]["ANNOTATOR_CACHE"]
    assert "steps.install.outputs.key" in cache["key"]


# ── pre-commit ───────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def hooks(tmp_path_factory):
    """A repository of this project's files as they are here, for pre-commit to clone; and its home."""
    folder = tmp_path_factory.mktemp("hooks") / "moby annotated"
    listed = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        check=True, capture_output=True,
    ).stdout.split(b"\0")  # fmt: skip
    for name in filter(None, map(os.fsdecode, listed)):
        if (ROOT / name).is_file() and not name.startswith("tests/"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((ROOT / name).read_bytes())
    commit(folder)
    return folder


def commit(folder: Path) -> None:
    git = ["git", "-C", folder, "-c", "user.name=shop", "-c", "user.email=shop@example.org"]
    subprocess.run([*git, "init", "-q", "-b", "main"], check=True)
    subprocess.run([*git, "add", "-A"], check=True)
    subprocess.run([*git, "commit", "-qm", "files"], check=True)


@pytest.fixture
def pre_commit(hooks, project, shop, monkeypatch):
    """Run a hook on all files of the project, as `pre-commit run -a` does."""
    monkeypatch.setenv("PRE_COMMIT_HOME", str(hooks.parent / "home"))
    head = subprocess.run(
        ["git", "-C", hooks, "rev-parse", "HEAD"], check=True, capture_output=True, text=True
    )
    own = {"id": "verify-references", "args": ["--source", str(shop)]}
    update = {"id": "update-references", "args": ["--source", str(shop), "--tag", "v2.0.0"]}
    each = {"repo": str(hooks), "rev": head.stdout.strip(), "hooks": [own, update]}
    (project / ".pre-commit-config.yaml").write_text(yaml.safe_dump({"repos": [each]}))

    def run(hook: str) -> subprocess.CompletedProcess:
        if not (project / ".git").exists():
            commit(project)
        subprocess.run(["git", "add", "-A"], check=True)
        return subprocess.run(
            [sys.executable, "-m", "pre_commit", "run", "-a", "--color=never", hook],
            check=False, capture_output=True, text=True,
        )  # fmt: skip

    return run


SETTINGS = {
    "pyproject.toml": '[project]\nname = "x"\n',
    "Cargo.toml": '[package]\nname = "x"\n',
    "hugo.toml": 'title = "My site"\n',
    "README.md": "No reference.\n",
}
NOTEBOOK = {
    "cells": [{"cell_type": "markdown", "metadata": {}, "source": ["cmd/main.go:50\n"]}],
    "metadata": {}, "nbformat": 4, "nbformat_minor": 5,
}  # fmt: skip


def test_the_hook_passes_in_a_repository_with_settings(pre_commit, project):
    for name, text in SETTINGS.items():
        (project / name).write_text(text)
    (project / "a b.md").write_text("cmd/main.go:5\n")

    done = pre_commit("verify-references")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Passed" in done.stdout


def test_the_hook_reads_every_kind_of_document(pre_commit, project):
    names = ("a.md", "b.mdx", "c.html", "d.txt", "e.rst", "f.adoc")
    for name in names:
        (project / name).write_text("cmd/main.go:50\n")
    (project / "g.ipynb").write_text(json.dumps(NOTEBOOK))

    done = pre_commit("verify-references")

    assert done.returncode == 1
    assert "exit code: 1" in done.stdout
    assert all(f"{name}:" in done.stdout for name in names), done.stdout
    assert "g.ipynb cell 1" in done.stdout
    assert "annotator.toml" not in done.stdout


def test_the_updating_hook_rewrites_and_then_passes(pre_commit, project):
    (project / "a.md").write_text("`cmd/main.go::main#L5`\n")

    first, second = pre_commit("update-references"), pre_commit("update-references")

    assert (first.returncode, second.returncode) == (1, 0), first.stdout + second.stdout
    assert (project / "a.md").read_text() == "`cmd/main.go::main#L7`\n"
