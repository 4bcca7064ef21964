"""The comment on a pull request and the pull request of a new tag, beside a server like GitHub's."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

import pytest
from github_server import TOKEN, Answer, GitHubServer, serving

from annotator import cli
from annotator.commands import pull_requests
from annotator.reports.markdown import LONGEST

COMMENTS = "issues/7/comments"
PERMISSION = "pull-requests: write"


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A server, and the environment of a workflow for pull request 7 in a work tree of git."""
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"action": "opened", "pull_request": {"number": 7, "title": "x"}}))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    with serving() as state:
        for name, value in {
            "GITHUB_API_URL": state.address, "GITHUB_REPOSITORY": "acme/docs", "GITHUB_TOKEN": TOKEN,
            "GITHUB_EVENT_PATH": str(event),
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        yield state


def comment(text: str = "### broken", *options: str) -> int:
    Path("report.md").write_text(text)
    return cli.run(["github", "comment", "report.md", *options])


# ── the comment ──────────────────────────────────────────────────────────────────────────────────


def test_one_comment_is_updated_on_each_push(server, capsys):
    server.add_comment("hello", "User", "reader")

    assert [comment("one"), comment("two"), comment("two")] == [0, 0, 0]

    assert [each["body"].rpartition("\n")[2] for each in server.comments] == ["hello", "two"]
    assert [method for method, _ in server.writes] == ["POST", "PATCH"]
    assert "https://host.invalid/c2" in capsys.readouterr().out


def test_the_comment_is_found_on_a_later_page(server):
    comment("one")
    (own,) = server.comments
    server.comments[:0] = [dict(own, body="x") for _ in range(250)]
    for number, each in enumerate(server.comments, 1):
        each["id"] = number

    assert comment("two") == 0
    assert server.comments[-1]["body"].endswith("two")
    assert len(server.comments) == 251


def test_a_comment_that_somebody_else_wrote_is_left_alone(server):
    comment("one")
    server.comments[0]["user"] = {"type": "User", "login": "mallory"}

    comment("two")

    assert [each["body"].rpartition("\n")[2] for each in server.comments] == ["one", "two"]


def test_a_token_of_an_account_updates_its_own_comment(server):
    comment("one")
    server.comments[0]["user"] = {"type": "User", "login": "maintainer"}
    server.order("GET /user", Answer(200, {"login": "maintainer"}))

    comment("two")

    assert [each["body"].rpartition("\n")[2] for each in server.comments] == ["two"]


def test_comments_of_several_names_stand_side_by_side(server):
    assert [comment("one", "--name", "a"), comment("two", "--name", "--> b")] == [0, 0]
    assert comment("three", "--name", "a") == 0

    assert [each["body"].rpartition("\n")[2] for each in server.comments] == ["three", "two"]


def test_all_is_well_is_told_only_where_a_comment_is(server):
    assert comment("well", "--only-update") == 0
    assert server.comments == []

    comment("broken")
    comment("well", "--only-update")
    assert server.comments[0]["body"].endswith("well")


def test_a_comment_fits_and_says_what_is_left_out(server):
    Path("long.md").write_text("ä" * (LONGEST // 2))
    Path("short.md").write_text("short")

    assert cli.run(["github", "comment", "long.md", "short.md", "long.md"]) == 0

    body = server.comments[0]["body"]
    assert len(body) <= 65_536
    assert "short" in body
    assert body.endswith("the summary of the job has it.")


def test_empty_reports_are_no_comment(server, capsys):
    assert comment(" \n") == 2
    assert "empty" in capsys.readouterr().err
    assert server.requests == []


LIMIT = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "99999999999"}
REFUSALS = {
    "token": (Answer(401, {"message": "Bad credentials"}), "GITHUB_TOKEN"),
    "permission": (Answer(403, {"message": "Resource not accessible by integration"}), PERMISSION),
    "not there": (Answer(404, {"message": "Not Found"}), "not there"),
    "not valid": (Answer(422, {"message": "Validation Failed"}), "Validation Failed"),
    "rate limit": (Answer(403, {}, LIMIT), "later"),
    "second limit": (Answer(429, {}, {"Retry-After": "3600"}), "later"),
    "redirect": (Answer(301, "", {"Location": "http://127.0.0.1:9/stolen"}), "redirects"),
    "no json": (Answer(200, "<html>\x1b[31m"), "cannot be read"),
    "another form": (Answer(200, {"id": "x"}), "cannot be read"),
    "a list of others": (Answer(200, [{"id": "../../x"}]), "cannot be read"),
    "deep": (Answer(200, "[" * 100_000), "cannot be read"),
    "cut off": (Answer(200, "[", {"Content-Length": "9"}), "GitHub"),
    "echo": (Answer(400, {"message": f"bad token {TOKEN} \x1b[31m\n" + "x" * 9000}), "***"),
    "strange status": (Answer(599, "x"), "599"),
    "odd numbers": (Answer(403, [], {"Retry-After": "-1", "X-RateLimit-Remaining": "0"}), "later"),
}  # fmt: skip


@pytest.mark.parametrize(("answer", "says"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_is_one_sentence_without_the_token(server, capsys, answer, says):
    server.order(f"GET .*{COMMENTS}", *[answer] * 3)

    assert comment() == 3

    told = capsys.readouterr()
    assert says in told.err
    assert TOKEN not in told.out + told.err
    assert told.err.count("\n") == 1
    assert told.err.removesuffix("\n").isprintable()
    assert len(told.err) < 700
    assert server.comments == []


@pytest.mark.parametrize(
    "answers",
    [
        [Answer(502, "x")] * 2,
        [Answer(429, {}, {"Retry-After": "7"})],
        [Answer(403, {}, {"Retry-After": "0"})],
    ],
    ids=["5xx", "429", "403"],
)
def test_a_passing_refusal_is_tried_again(server, monkeypatch, answers):
    waits = []
    monkeypatch.setattr(time, "sleep", waits.append)
    server.order(f"GET .*{COMMENTS}", *answers)

    assert comment() == 0
    assert len(waits) == len(answers)
    assert len(server.comments) == 1


def test_a_failed_post_is_not_sent_twice(server):
    server.order(f"POST .*{COMMENTS}", Answer(500, "x"))

    assert comment() == 3
    assert server.writes == [("POST", f"/repos/acme/docs/{COMMENTS}")]


ENVIRONMENTS = {
    "no token": {"GITHUB_TOKEN": ""},
    "a token of two lines": {"GITHUB_TOKEN": "secret\nX-Evil: 1"},
    "no repository": {"GITHUB_REPOSITORY": ""},
    "a path": {"GITHUB_REPOSITORY": "../.."},
    "a file": {"GITHUB_API_URL": "file:///etc/passwd"},
    "plain http": {"GITHUB_API_URL": "http://host.invalid"},
    "another host": {"GITHUB_API_URL": "http://127.0.0.1@host.invalid/"},
    "no address": {"GITHUB_API_URL": "http://[::1"},
    "no event": {"GITHUB_EVENT_PATH": ""},
    "no json": {"GITHUB_EVENT_PATH": "bad.json"},
    "a push": {"GITHUB_EVENT_PATH": "push.json"},
    "no file": {"GITHUB_EVENT_PATH": "nothing.json"},
}


@pytest.mark.parametrize("changes", ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_a_wrong_environment_is_told_before_anything_is_sent(server, capsys, monkeypatch, changes):
    Path("bad.json").write_text("{")
    Path("push.json").write_text('{"ref": "refs/heads/main"}')
    for name, value in changes.items():
        monkeypatch.setenv(name, value)

    assert comment() == 2

    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "secret" not in told
    assert server.requests == []


def test_the_number_may_be_given(server, monkeypatch):
    monkeypatch.delenv("GITHUB_EVENT_PATH")

    assert comment("x", "--number", "7") == 0
    assert len(server.comments) == 1


def test_a_server_that_is_not_there_is_one_sentence(server, capsys, monkeypatch):
    monkeypatch.setenv("GITHUB_API_URL", "http://127.0.0.1:9")

    assert comment() == 3
    assert "does not answer" in capsys.readouterr().err


def test_a_large_answer_is_not_read_to_its_end(server, capsys, monkeypatch):
    monkeypatch.setattr(pull_requests, "_LARGEST", 1000)
    server.order(f"GET .*{COMMENTS}", Answer(200, " " * 2000 + "[]"))

    assert comment() == 3
    assert "more than 1000 bytes" in capsys.readouterr().err


# ── the pull request ─────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def tree(server: GitHubServer, tmp_path):
    """A work tree in which a document is changed."""
    folder = tmp_path / "work"
    (folder / "docs").mkdir(parents=True)
    (folder / "docs" / "ä b.md").write_bytes(b"old\xff\r\n")
    (folder / "run.sh").write_text("old")
    (folder / "run.sh").chmod(0o755)
    (folder / "link").symlink_to("/etc/passwd")
    (folder / "same.md").write_text("same")
    git(folder, "init", "-q", "-b", "main", "--template=")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "one")
    (folder / "docs" / "ä b.md").write_bytes(b"new\xff\r\n")
    (folder / "run.sh").write_text("new")
    (folder / "not added.md").write_text("x")
    return folder


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=shop", "-c", "user.email=shop@example.org"]
    subprocess.run(["git", "-C", folder, *identity, *arguments], check=True)


def propose(folder: Path, title: str = "Bump to v2", *options: str) -> int:
    os.chdir(folder / "docs")
    return cli.run(["github", "propose", "--branch=annotator/bump-v2", f"--title={title}", *options])


def test_changed_files_become_a_pull_request(server, tree, capsys):
    (tree / "body.md").write_text("why")

    assert propose(tree, "Bump to v2", "--body=../body.md") == 0

    assert server.content("annotator/bump-v2") == {"docs/ä b.md": b"new\xff\r\n", "run.sh": b"new"}
    (pull,) = server.pulls
    assert (pull["title"], pull["body"], pull["base"]) == ("Bump to v2", "why", "main")
    assert capsys.readouterr().out == "opened https://host.invalid/p1\n"


def test_the_pull_request_is_updated_without_needless_commits(server, tree):
    assert [propose(tree), propose(tree)] == [0, 0]
    assert [path.rpartition("/")[2] for _, path in server.writes].count("commits") == 1

    (tree / "run.sh").write_text("newer")
    assert propose(tree) == 0

    assert server.content("annotator/bump-v2")["run.sh"] == b"newer"
    assert len(server.pulls) == 1


def test_a_pull_request_that_was_closed_stays_closed(server, tree, capsys):
    propose(tree)
    server.pulls[0]["state"] = "closed"
    before = len(server.writes)

    assert propose(tree) == 0
    assert "was closed" in capsys.readouterr().out
    assert len(server.writes) == before


def test_after_a_merge_there_may_be_another_pull_request(server, tree):
    propose(tree)
    server.pulls[0] |= {"state": "closed", "merged_at": "2026-01-01T00:00:00Z"}
    del server.refs["refs/heads/annotator/bump-v2"]

    assert propose(tree) == 0
    assert [pull["state"] for pull in server.pulls] == ["closed", "open"]


def test_branch_and_title_name_the_baseline(server, tree):
    (tree / "annotator.toml").write_text('repository = "https://example.org/a/b"\nbaseline = "v3"\n')
    os.chdir(tree)

    assert cli.run(["github", "propose"]) == 0
    assert (server.pulls[0]["head"], server.pulls[0]["title"]) == (
        "acme:annotator/bump-v3", "Move references to v3",
    )  # fmt: skip


def test_a_long_text_is_left_out_of_a_pull_request(server, tree):
    (tree / "body.md").write_text("x" * 70_000)

    assert propose(tree, "Bump to v2", "--body=../body.md") == 0
    assert "too long" in server.pulls[0]["body"]


def test_a_branch_that_others_have_written_to_is_left_alone(server, tree, capsys):
    propose(tree)
    sha = server.store("commit", {"message": "mine", "tree": {"sha": "0" * 40}, "parents": []})
    server.refs["refs/heads/annotator/bump-v2"] = sha

    assert propose(tree) == 0
    assert "others have written" in capsys.readouterr().out
    assert server.refs["refs/heads/annotator/bump-v2"] == sha


def test_nothing_changed_is_nothing_to_propose(server, tree, capsys):
    git(tree, "checkout", "-q", "--", ".")

    assert propose(tree) == 0
    assert "nothing to propose" in capsys.readouterr().out
    assert server.requests == []


@pytest.mark.parametrize(
    ("pattern", "answer", "says"),
    [
        ("POST .*/pulls", Answer(422, {"message": "No commits between"}), "No commits between"),
        ("POST .*/git/blobs", Answer(403, {"message": "no"}), "contents: write"),
        ("GET .*/git/ref/.*", Answer(200, {"object": {"sha": "../../x"}}), "cannot be read"),
        ("GET /repos/acme/docs", Answer(200, {}), "cannot be read"),
    ],
    ids=["422", "403", "hostile id", "no branch"],
)
def test_a_refused_pull_request_is_one_sentence(server, tree, capsys, pattern, answer, says):
    server.order(pattern, answer)

    assert propose(tree) == 3
    told = capsys.readouterr().err
    assert says in told
    assert told.count("\n") == 1


@pytest.mark.parametrize("branch", ["", "-x", "a..b", "a b", "x~1", "../../y"])
def test_a_name_that_is_no_branch_is_refused(server, tree, capsys, branch):
    assert cli.run(["github", "propose", f"--branch={branch}", "--title=x"]) == 2
    assert server.requests == []


def test_a_folder_without_git_is_told(server, capsys):
    assert cli.run(["github", "propose", "--branch=x", "--title=x"]) == 2
    assert "no work tree" in capsys.readouterr().err
