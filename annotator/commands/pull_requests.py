"""`github`: the comment on a pull request, and the pull request of a new tag."""

from __future__ import annotations

import base64
import hashlib
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from email.message import Message
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from annotator.errors import AnnotatorError, InvalidInput, printable, shortened
from annotator.file_io import bytes_of
from annotator.reports.markdown import LONGEST
from annotator.repository.local_git import GitError, Repository, check_name

_T = TypeVar("_T")

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
    if found is None:
        if only_update:
            return ""
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
        if error.status != HTTPStatus.NOT_FOUND:
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


# ── The client ───────────────────────────────────────────────────────────────────────────────────
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}")
_ADDRESS = re.compile(r"(?P<scheme>https?)://(?P<name>[A-Za-z0-9.-]+)(?::[0-9]{1,5})?(?:/[A-Za-z0-9._/-]*)?")
_LOCAL = frozenset({"127.0.0.1", "localhost"})
_TIMEOUT = 30.0
_LARGEST = 32 * 1024 * 1024
_PER_PAGE = 100
_MOST_PAGES = 100
_TRIES = 3
_LONGEST_WAIT = 60.0

_ADVICE: Mapping[int, str] = {
    HTTPStatus.UNAUTHORIZED: "it does not accept the token; give the job's token as GITHUB_TOKEN",
    HTTPStatus.FORBIDDEN: "the token may not do this; the job needs the permission `pull-requests: write`, "
    "and to open a pull request `contents: write`, too (a pull request from a fork has neither)",
    HTTPStatus.NOT_FOUND: "it is not there, or the token may not see it",
}


class GitHubError(AnnotatorError):
    """GitHub refuses a request or does not answer; `status` is 0 where there is no answer."""

    exit_code = 3

    def __init__(self, sentence: str, status: int = 0, wait: float | None = None) -> None:
        """Take the sentence, and how many seconds to wait if the request may be tried again."""
        super().__init__(sentence)
        self.status, self.wait = status, wait


class _Refusal(msgspec.Struct):
    """What GitHub says of an error."""

    message: str = ""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Follow no redirect: the token would go along to wherever it leads."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Refuse; the answer is then an error with its status."""


class GitHub:
    """One repository on GitHub or a GitHub server of one's own.

    Requests raise GitHubError if it refuses, does not answer, or answers in another form.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Take the variables of a workflow: GITHUB_API_URL, GITHUB_REPOSITORY and GITHUB_TOKEN.

        Raises:
            InvalidInput: One of them is missing or not of its form.
        """
        address = environment.get("GITHUB_API_URL") or "https://api.github.com"
        self.repository = environment.get("GITHUB_REPOSITORY", "")
        self._token = environment.get("GITHUB_TOKEN", "").strip()
        if not _NAME.fullmatch(self.repository):
            raise InvalidInput(
                "GITHUB_REPOSITORY is not OWNER/NAME; run this in a workflow of GitHub, or set it"
            )
        if not re.fullmatch(r"[\x21-\x7e]+", self._token):  # never shown: it may be half right
            raise InvalidInput("GITHUB_TOKEN holds no token; pass the job's token in the step's `env`")
        host = _ADDRESS.fullmatch(address)
        is_local = host is not None and host["name"] in _LOCAL
        if host is None or not (is_local or host["scheme"] == "https"):
            raise InvalidInput("GITHUB_API_URL is no https:// address; the token is sent nowhere else")
        self._base = address.rstrip("/")
        handlers = [urllib.request.ProxyHandler({})] if is_local else []
        self._open = urllib.request.build_opener(_NoRedirects, *handlers).open

    @property
    def owner(self) -> str:
        """The account that the repository belongs to."""
        return self.repository.partition("/")[0]

    def own_name(self) -> str:
        """Return the name of the token's account, or "" for the token of a job, which has none."""
        try:
            return self._sent("GET", "user", "", None, _Account).login
        except GitHubError:
            return ""

    def get(self, path: str, form: type[_T], **query: str | int) -> _T:
        """Return what a path below the repository holds; an empty one is the repository."""
        return self._tried("GET", path, f"?{urlencode(query)}" if query else "", None, form)

    def send(self, method: str, path: str, body: Mapping[str, object], form: type[_T]) -> _T:
        """Create or change an object, and return its new state."""
        return self._tried(method, path, "", msgspec.json.encode(body), form)

    def each(self, path: str, form: type[_T], **query: str | int) -> Iterator[_T]:
        """Yield what a list holds, over all its pages."""
        for page in range(1, _MOST_PAGES + 1):
            found = self.get(path, list[form], per_page=_PER_PAGE, page=page, **query)  # type: ignore[valid-type]
            yield from found
            if len(found) < _PER_PAGE:
                return

    def _tried(self, method: str, path: str, query: str, body: bytes | None, form: type[_T]) -> _T:
        """Send a request, and again where GitHub asks for patience."""
        place = f"repos/{self.repository}" + (f"/{path}" if path else "")
        for left in reversed(range(_TRIES)):
            try:
                return self._sent(method, place, query, body, form)
            except GitHubError as error:
                # A POST that failed may have been carried out: twice would make two comments.
                is_safe = method != "POST" or error.status < HTTPStatus.INTERNAL_SERVER_ERROR
                if error.wait is None or error.wait > _LONGEST_WAIT or not left or not is_safe:
                    raise
                time.sleep(error.wait)
        raise AssertionError  # the last try returns or raises

    def _sent(self, method: str, path: str, query: str, body: bytes | None, form: type[_T]) -> _T:
        where = f"{method} {printable(shortened(path))}"
        address = f"{self._base}/{quote(path)}{query}"
        request = urllib.request.Request(address, data=body, method=method)  # noqa: S310 - https, or local
        request.add_header("Accept", "application/vnd.github+json")
        request.add_header("X-GitHub-Api-Version", "2022-11-28")
        request.add_header("User-Agent", "moby-annotated")
        request.add_header("Content-Type", "application/json")
        # It is not sent along to wherever a proxy or a redirect leads.
        request.add_unredirected_header("Authorization", f"Bearer {self._token}")
        try:
            with self._open(request, timeout=_TIMEOUT) as answer:
                data: bytes = answer.read(_LARGEST + 1)
        except urllib.error.HTTPError as error:
            with error:
                raise self._refusal(where, error) from None
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            raise GitHubError(f"GitHub does not answer ({where}): {self._shown(str(reason))}") from None
        try:
            if len(data) <= _LARGEST:
                return msgspec.json.decode(data, type=form)
            fault = f"more than {_LARGEST} bytes"
        except (msgspec.DecodeError, RecursionError) as error:
            fault = str(error)
        raise GitHubError(f"GitHub's answer cannot be read ({where}): {self._shown(fault)}")

    def _refusal(self, where: str, error: urllib.error.HTTPError) -> GitHubError:
        try:
            told = msgspec.json.decode(error.read(_LARGEST), type=_Refusal).message
        except (msgspec.DecodeError, RecursionError, OSError, HTTPException):
            told = ""
        advice, wait = _ADVICE.get(error.code, ""), None
        if 300 <= error.code < 400:  # noqa: PLR2004 - the redirects
            advice = "it redirects, which is not followed; correct the address or the name of the repository"
        if error.code in (HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS):
            wait = _asked_wait(error.headers)
            if wait is not None:
                advice = "its limit of requests is reached; run the job again later"
        elif error.code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            wait = 2.0
        said = f" ({self._shown(told)})" if told else ""
        reason = f": {advice}" if advice else ""
        return GitHubError(f"GitHub answers {where} with {error.code}{said}{reason}", error.code, wait)

    def _shown(self, words: str) -> str:
        """Return foreign words on one line, without the token."""
        return printable(shortened(words.replace(self._token, "***")))


def _asked_wait(headers: Message) -> float | None:
    """Return the seconds until a limit of requests ends, or None if the answer names no limit."""
    after = headers.get("Retry-After", "")
    if re.fullmatch(r"[0-9]{1,6}", after):
        return float(after)
    if headers.get("X-RateLimit-Remaining") == "0":
        reset = headers.get("X-RateLimit-Reset", "")
        is_time = re.fullmatch(r"[0-9]{1,12}", reset)
        return max(float(reset) - time.time(), 1.0) if is_time else _LONGEST_WAIT + 1
    return None
