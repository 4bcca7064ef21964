"""`github`: the comment on a pull request, and the pull request of a new tag."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from annotator.errors import InvalidInput
from annotator.file_io import bytes_of
from annotator.github_client import GitHub, GitHubError
from annotator.reports.markdown import LONGEST
from annotator.repository.local_git import GitError, Repository, check_name

_NOT_FOUND = 404
_TOO_LONG = "A report is left out here, as it is too long for a comment; the summary of the job has it."
_MODES = ("100644", "100755")


class _Account(msgspec.Struct):
    type: str = ""
    login: str = ""


class _Comment(msgspec.Struct):
    id: int
    body: str | None = None
    user: _Account | None = None
    html_url: str = ""


class _Number(msgspec.Struct):
    number: int


class _PullRequest(msgspec.Struct):
    number: int
    state: str
    html_url: str = ""
    merged_at: str | None = None


class _Event(msgspec.Struct):
    pull_request: _Number | None = None


class _Object(msgspec.Struct):
    sha: str


class _Reference(msgspec.Struct):
    object: _Object


class _Commit(msgspec.Struct):
    sha: str
    message: str
    tree: _Object
    parents: list[_Object] = []


class _RepositoryFacts(msgspec.Struct):
    default_branch: str


def pull_request_of(environment: Mapping[str, str]) -> int:
    """Return the number of the pull request that a workflow runs for.

    Raises:
        InvalidInput: It runs for none.
    """
    file = environment.get("GITHUB_EVENT_PATH", "")
    try:
        event = msgspec.json.decode(bytes_of(Path(file)) if file else b"{}", type=_Event)
    except msgspec.DecodeError as error:
        raise InvalidInput(f"{file}: this is no event of GitHub: {error}") from error
    if event.pull_request is None:
        raise InvalidInput("this workflow runs for no pull request; give its number as `--number`")
    return event.pull_request.number


def connect(environment: Mapping[str, str]) -> GitHub:
    """Return a client of GitHub with the address and token of the environment."""
    return GitHub(environment)


def comment(
    github: GitHub, number: int, files: Iterable[Path], *, name: str, only_update: bool = False
) -> str:
    """Write reports as the one comment of that name on a pull request; return where it is.

    Only a comment of a bot or of the token's account is changed: anybody can write one that begins like ours.

    Raises:
        InvalidInput: A report cannot be read.
        GitHubError: GitHub refuses or does not answer.
    """
    # Nothing of a name can end the HTML comment.
    mark = f"<!-- moby-annotated {hashlib.sha256(name.encode()).hexdigest()[:16]} -->"
    body = mark
    for file in files:
        text = bytes_of(file).decode("utf-8", "replace").strip()
        if text:
            part = text if len(f"{body}\n\n{text}".encode()) <= LONGEST + 200 else _TOO_LONG
            body = f"{body}\n\n{part}"
    if body == mark:
        raise InvalidInput("the reports are empty; write them with `annotator verify --output markdown=FILE`")
    listed = github.each(f"issues/{number}/comments", _Comment)
    marked = [each for each in listed if each.user and (each.body or "").startswith(mark)]
    found = next((each for each in marked if each.user and each.user.type == "Bot"), None)
    if marked and found is None and (own := github.own_name()):
        found = next((each for each in marked if each.user and each.user.login == own), None)
    if found is None and only_update:
        return ""
    if found is None:
        return github.send("POST", f"issues/{number}/comments", {"body": body}, _Comment).html_url
    if found.body == body:
        return found.html_url
    return github.send("PATCH", f"issues/comments/{found.id}", {"body": body}, _Comment).html_url


class Proposal(msgspec.Struct, frozen=True):
    """A pull request to open: its branch, its title, and the text that describes it."""

    branch: str
    title: str
    body: str


def propose(github: GitHub, folder: Path, proposal: Proposal) -> str:
    """Open a pull request with the changed files of a work tree, or update it; return a sentence about it.

    A pull request that was closed unmerged stays closed; a branch that others have written to is left alone.

    Raises:
        InvalidInput: The folder is no work tree, or the branch cannot be the name of one.
        GitHubError: GitHub refuses or does not answer.
    """
    check_name(proposal.branch)
    head, tree, changed = _changes(folder)
    if not changed:
        return "no file is changed, so there is nothing to propose"
    base = github.get("", _RepositoryFacts).default_branch
    query = {"head": f"{github.owner}:{proposal.branch}", "base": base, "state": "all"}
    pulls = list(github.each("pulls", _PullRequest, **query))
    is_open = [pull for pull in pulls if pull.state == "open"]
    refused = [pull for pull in pulls if pull.state != "open" and pull.merged_at is None]
    if refused and not is_open:
        return f"pull request #{refused[0].number} for {proposal.branch} was closed; it is not opened again"
    if not _push(github, proposal, (head, tree), changed):
        return f"others have written to {proposal.branch}; it is left as it is"
    body = proposal.body if len(proposal.body.encode()) <= LONGEST else _TOO_LONG
    text = {"title": proposal.title, "body": body}
    if is_open:
        pull = github.send("PATCH", f"pulls/{is_open[0].number}", text, _PullRequest)
        return f"updated {pull.html_url}"
    pull = github.send("POST", "pulls", text | {"head": proposal.branch, "base": base}, _PullRequest)
    return f"opened {pull.html_url}"


def _changes(folder: Path) -> tuple[str, str, dict[str, tuple[str, bytes]]]:
    """Return the commit and the tree of a work tree, and the mode and content of changed files by path."""
    root = next((each for each in (folder, *folder.parents) if (each / ".git").exists()), None)
    if root is None:
        raise InvalidInput(f"{folder}: this is no work tree of git")
    store = Repository(root)
    try:
        head, tree = store.run("rev-parse", "HEAD", "HEAD^{tree}").decode().split()
        options = (f"--work-tree={root}", "diff-index", "-z", "--diff-filter=M")
        words = store.run(*options, "HEAD", "--").decode("utf-8", "surrogateescape").split("\0")
    except GitError as error:
        raise InvalidInput(f"{root}: git cannot read it: {error}") from error
    changed = {}
    for facts, path in zip(words[::2], words[1::2], strict=False):
        mode = facts.split()[1]
        if mode in _MODES and not (root / path).is_symlink():
            changed[path] = (mode, (root / path).read_bytes())
    return head, tree, changed


def _push(
    github: GitHub, proposal: Proposal, at: tuple[str, str], changed: Mapping[str, tuple[str, bytes]]
) -> bool:
    """Commit files to the branch; return whether it is ours to write to."""
    head, base_tree = at
    reference = f"heads/{proposal.branch}"
    try:
        current: str | None = github.get(f"git/ref/{reference}", _Reference).object.sha
    except GitHubError as error:
        if error.status != _NOT_FOUND:
            raise
        current = None
    entries = []
    for path, (mode, data) in changed.items():
        content = {"content": base64.b64encode(data).decode(), "encoding": "base64"}
        blob = github.send("POST", "git/blobs", content, _Object)
        entries.append({"path": path, "mode": mode, "type": "blob", "sha": blob.sha})
    tree = github.send("POST", "git/trees", {"base_tree": base_tree, "tree": entries}, _Object)
    if current is not None:
        last = github.get(f"git/commits/{_hex(current)}", _Commit)
        if last.message != proposal.title:
            return False
        if last.tree.sha == tree.sha and [parent.sha for parent in last.parents] == [head]:
            return True
    commit = {"message": proposal.title, "tree": tree.sha, "parents": [head]}
    sha = github.send("POST", "git/commits", commit, _Object).sha
    if current is None:
        github.send("POST", "git/refs", {"ref": f"refs/{reference}", "sha": sha}, _Reference)
    else:
        github.send("PATCH", f"git/refs/{reference}", {"sha": sha, "force": True}, _Reference)
    return True


def _hex(sha: str) -> str:
    """Return an object's id, which becomes a part of an address."""
    if not re.fullmatch(r"[0-9a-f]{40,64}", sha):
        raise GitHubError("GitHub's answer cannot be read: the id of a commit is not of its form")
    return sha
