"""A client of GitHub's REST API for one repository; the token comes from the environment only."""

from __future__ import annotations

import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from email.message import Message
from http import HTTPStatus
from http.client import HTTPException
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from annotator.errors import AnnotatorError, InvalidInput, printable, shortened

_T = TypeVar("_T")

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}")
_ADDRESS = re.compile(r"(?P<scheme>https?)://(?P<name>[A-Za-z0-9.-]+)(?::[0-9]{1,5})?(?:/[A-Za-z0-9._/-]*)?")
_LOCAL = frozenset({"127.0.0.1", "localhost"})
_TIMEOUT = 30.0
_LARGEST = 32 * 1024 * 1024
_PER_PAGE = 100
_MOST_PAGES = 100
_TRIES = 3
_LONGEST_WAIT = 60.0

_ADVICE = {
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


class _Login(msgspec.Struct):
    """The account of a token."""

    login: str = ""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Follow no redirect: the token would go along to wherever it leads."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Refuse; the answer is then an error with its status."""


class GitHub:
    """One repository on GitHub or a GitHub server of one's own."""

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
            return self._sent("GET", "user", "", None, _Login).login
        except GitHubError:
            return ""

    def get(self, path: str, form: type[_T], **query: str | int) -> _T:
        """Return what a path below the repository holds; an empty one is the repository.

        Raises:
            GitHubError: It refuses, does not answer, or answers in another form.
        """
        return self._tried("GET", path, f"?{urlencode(query)}" if query else "", None, form)

    def send(self, method: str, path: str, body: Mapping[str, object], form: type[_T]) -> _T:
        """Create or change an object, and return its new state.

        Raises:
            GitHubError: It refuses, does not answer, or answers in another form.
        """
        return self._tried(method, path, "", msgspec.json.encode(body), form)

    def each(self, path: str, form: type[_T], **query: str | int) -> Iterator[_T]:
        """Yield what a list holds, over all its pages.

        Raises:
            GitHubError: It refuses, does not answer, or answers in another form.
        """
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
        advice, wait = _ADVICE.get(HTTPStatus(error.code), "") if error.code in set(HTTPStatus) else "", None
        if 300 <= error.code < 400:  # noqa: PLR2004 - the redirects
            advice = "it redirects, which is not followed; correct the address or the name of the repository"
        if error.code in (HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS):
            wait = _asked_wait(error.headers)
            advice = (
                "its limit of requests is reached; run the job again later" if wait is not None else advice
            )
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
        return (
            max(float(reset) - time.time(), 1.0) if re.fullmatch(r"[0-9]{1,12}", reset) else _LONGEST_WAIT + 1
        )
    return None
