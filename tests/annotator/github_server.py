"""A server that answers like GitHub's API, as far as `annotator github` asks it; on 127.0.0.1."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "ghs_secret0123456789"  # noqa: S105 - of the server below
LARGEST_BODY = 65_536


class Answer(NamedTuple):
    """An answer to give once instead of the right one; a text is sent as it is."""

    status: int
    body: Any = ""
    headers: Mapping[str, str] = MappingProxyType({})


class GitHubServer:
    """The state of one repository, what was asked, and answers that were ordered."""

    def __init__(self) -> None:
        self.comments: list[dict[str, Any]] = []
        self.pulls: list[dict[str, Any]] = []
        self.refs: dict[str, str] = {}
        self.objects: dict[str, dict[str, Any]] = {}
        self.requests: list[tuple[str, str]] = []
        self.ordered: list[tuple[str, Answer]] = []
        self.address = ""

    @property
    def writes(self) -> list[tuple[str, str]]:
        """What was asked for and changes something."""
        return [request for request in self.requests if request[0] != "GET"]

    def order(self, pattern: str, *answers: Answer) -> None:
        """Answer the next requests that match `METHOD path` otherwise."""
        self.ordered += [(pattern, answer) for answer in answers]

    def add_comment(self, body: str, kind: str = "Bot", login: str = "github-actions[bot]") -> int:
        number = len(self.comments) + 1
        self.comments.append({"id": number, "body": body, "user": {"type": kind, "login": login},
                              "html_url": f"https://host.invalid/c{number}"})  # fmt: skip
        return number

    def store(self, form: str, value: Any) -> str:
        sha = hashlib.sha1(json.dumps([form, value]).encode(), usedforsecurity=False).hexdigest()
        self.objects[sha] = value
        return sha

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> Answer:  # noqa: C901, PLR0912 - a table of routes
        """Return the answer of a GitHub that is well."""
        for number, (pattern, answer) in enumerate(self.ordered):
            if re.fullmatch(pattern, f"{method} {path}"):
                del self.ordered[number]
                return answer
        if path == "/user":
            return Answer(403, {"message": "Resource not accessible by integration"})
        place = path.removeprefix("/repos/acme/docs")
        if place == path:
            return Answer(404, {"message": "Not Found"})
        match method, place.split("/")[1:]:
            case "GET", []:
                return Answer(200, {"default_branch": "main"})
            case "GET", ["issues", "7", "comments"]:
                return self._page(self.comments, query)
            case "POST", ["issues", "7", "comments"]:
                if len(body["body"]) > LARGEST_BODY:
                    return Answer(422, {"message": "body is too long (maximum is 65536 characters)"})
                return Answer(201, self.comments[self.add_comment(body["body"]) - 1])
            case "PATCH", ["issues", "comments", number]:
                self.comments[int(number) - 1] |= body
                return Answer(200, self.comments[int(number) - 1])
            case "GET", ["pulls"]:
                found = [pull for pull in self.pulls if pull["head"] == query["head"]]
                return self._page(found, query)
            case "POST", ["pulls"]:
                return Answer(201, self.add_pull(**body | {"head": f"acme:{body['head']}"}))
            case "PATCH", ["pulls", number]:
                self.pulls[int(number) - 1] |= body
                return Answer(200, self.pulls[int(number) - 1])
            case _, ["git", *rest]:
                return self._git(method, rest, body)
        return Answer(404, {"message": "Not Found"})

    def add_pull(self, head: str, state: str = "open", **facts: Any) -> dict[str, Any]:
        number = len(self.pulls) + 1
        url = f"https://host.invalid/p{number}"
        self.pulls.append(facts | {"number": number, "state": state, "html_url": url, "head": head})
        return self.pulls[-1]

    def _git(self, method: str, place: list[str], body: Any) -> Answer:
        match method, place:
            case "GET", ["ref", *name]:
                sha = self.refs.get("refs/" + "/".join(name))
                return Answer(200, {"object": {"sha": sha}}) if sha else Answer(404, {"message": "Not Found"})
            case "POST", ["refs"]:
                if body["ref"] in self.refs:
                    return Answer(422, {"message": "Reference already exists"})
                self.refs[body["ref"]] = body["sha"]
                return Answer(201, {"object": {"sha": body["sha"]}})
            case "PATCH", ["refs", *name]:
                self.refs["refs/" + "/".join(name)] = body["sha"]
                return Answer(200, {"object": {"sha": body["sha"]}})
            case "GET", ["commits", sha]:
                return Answer(200, self.objects[sha] | {"sha": sha})
            case "POST", ["commits"]:
                value = body | {
                    "tree": {"sha": body["tree"]},
                    "parents": [{"sha": p} for p in body["parents"]],
                }
                return Answer(201, {"sha": self.store("commit", value)})
            case "POST", [kind]:
                return Answer(201, {"sha": self.store(kind, body)})
        return Answer(404, {"message": "Not Found"})

    @staticmethod
    def _page(found: list[Any], query: dict[str, str]) -> Answer:
        size, page = int(query.get("per_page", 30)), int(query.get("page", 1))
        return Answer(200, found[size * (page - 1) : size * page])

    def content(self, branch: str) -> dict[str, bytes]:
        """Return the files that the last commit of a branch writes."""
        tree = self.objects[self.objects[self.refs[f"refs/heads/{branch}"]]["tree"]["sha"]]
        return {
            entry["path"]: base64.b64decode(self.objects[entry["sha"]]["content"]) for entry in tree["tree"]
        }


@contextmanager
def serving() -> Iterator[GitHubServer]:
    """Serve on a free port of 127.0.0.1."""
    state = GitHubServer()

    class Handler(BaseHTTPRequestHandler):
        def handle_one(self) -> None:
            parts = urlsplit(self.path)
            path, query = unquote(parts.path), {key: one for key, (one, *_) in parse_qs(parts.query).items()}
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            state.requests.append((self.command, path))
            if self.headers["Authorization"] != f"Bearer {TOKEN}":
                status, answer, headers = Answer(401, {"message": "Bad credentials"})
            else:
                status, answer, headers = state.answer(self.command, path, query, body)
            data = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(data))} | dict(headers)).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = handle_one  # noqa: N815 - the library looks for these

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        state.address = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield state
        finally:
            server.shutdown()
            thread.join()
