"""What schemathesis makes of the description: each answer is as described, and none is a fault of ours."""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies

from tests.e2e.engine import openapi

pytestmark = pytest.mark.slow

EXAMPLES = 30
"""Requests for each operation and each way to make them."""
BOUNDED = hypothesis.settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=EXAMPLES,
    phases=[hypothesis.Phase.generate],
    suppress_health_check=list(hypothesis.HealthCheck),
)
PAST = re.compile(r"[0-9]{1,9}(\.[0-9]*)?|.*[^0-9.].*", re.DOTALL)
"""A time before 2001, or what is no time."""
KNOWN = {"/volumes/{name}": "known", "/plugins/{name}": "known/plugin"}
"""What is there, so that not all is missing."""


@dataclass(frozen=True)
class Reason:
    """Why an answer may be a server's error.

    Args:
        request: A pattern of the operation.
        message: A pattern of what is said.
        why: Why it is no other status.
    """

    request: str
    message: str
    why: str


REASONS = (
    Reason("", "^this engine does not talk to registries", "it is not implemented, and says so"),
    Reason("/enable", r"^strconv\.Atoi: parsing ", "moby answers so, see 6.19 of its oddities"),
    Reason("/events", r"^strconv\.ParseInt: parsing ", "moby answers so"),
    Reason("/plugins/create", "^failed to parse reference|^no rootfs found: EOF", "moby answers so"),
    Reason("/plugins/create", "^failed to read from tar: ", "moby answers so"),
    Reason(
        "/set",
        "^setting .* not found in the plugin configuration|^invalid format|is not settable$",
        "moby answers so",
    ),
)


@pytest.fixture(scope="module")
def described() -> Any:
    """The description, as schemathesis reads it; it takes a second to import."""
    import schemathesis  # noqa: PLC0415 - the other tests do not wait for it

    schemathesis.serializer("application/x-tar")(lambda _, value: getattr(value, "data", value))
    return schemathesis.openapi.from_dict(openapi.describe())


@pytest.fixture
def known(watched: Any, packed: Path) -> None:
    """A volume and a plugin that are there."""
    watched.engine.ask("POST", "/volumes/create", {"Name": "known"})
    if watched.engine.ask("GET", "/plugins/known/plugin/json").status == 200:
        return
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        archive.add(packed, ".")
    watched.engine.ask("POST", "/plugins/create?name=known/plugin", tar.getvalue())


def cases(described: Any, operation: openapi.Operation) -> Iterator[Any]:
    """Strategies: what the description allows, what it does not, and what is about things that are there."""
    from schemathesis import GenerationMode  # noqa: PLC0415 - the other tests do not wait for it

    found = described[operation.path][operation.method]
    yield found.as_strategy(generation_mode=GenerationMode.POSITIVE)
    if operation.query or operation.body:
        yield found.as_strategy(generation_mode=GenerationMode.NEGATIVE)
    for prefix, name in KNOWN.items():
        if operation.path.startswith(prefix):
            yield found.as_strategy(path_parameters={"name": name})


def bounded(case: Any) -> Any:
    """A request that ends: its events are past, and no driver is waited for that is not there."""
    if case.path == "/events" and isinstance(case.query, dict):
        until = str(case.query.get("until", ""))
        case.query["until"] = "2" if not until or PAST.fullmatch(until) is None else until
    if case.path == "/volumes/create" and isinstance(case.body, dict) and "Driver" in case.body:
        case.body["Driver"] = "local" if isinstance(case.body["Driver"], str) else case.body["Driver"]
    return case


def unchecked(operation: openapi.Operation) -> list[Any]:
    """What an operation is not held to."""
    from schemathesis import checks  # noqa: PLC0415 - the other tests do not wait for it

    # Server's errors have reasons of their own; and an unknown method is 404, as in moby.
    excluded = [checks.not_a_server_error, checks.unsupported_method]
    if operation.path == "/events":
        # Any number of JSON values, one a line; and `since` may be after `until`.
        excluded += [checks.response_schema_conformance, checks.positive_data_acceptance]
    if operation.path == "/volumes/create":
        # What names and options there may be is the driver's to say.
        excluded += [checks.positive_data_acceptance]
    return excluded


def check_server_error(operation: openapi.Operation, response: Any) -> None:
    """A server's error has a reason."""
    if response.status_code < 500:
        return
    message = response.json()["message"]
    assert any(
        re.search(reason.request, operation.path) and re.search(reason.message, message) for reason in REASONS
    ), message


@pytest.mark.parametrize(
    "operation", openapi.OPERATIONS, ids=lambda operation: f"{operation.method} {operation.path}"
)
def test_every_answer_is_as_it_is_described(
    described: Any, watched: Any, known: None, operation: openapi.Operation
) -> None:
    excluded = unchecked(operation)

    @BOUNDED
    @hypothesis.given(case=strategies.one_of(*cases(described, operation)))
    def ask(case: Any) -> None:
        response = bounded(case).call(base_url=f"http://127.0.0.1:{watched.port}", timeout=30)
        assert b"Traceback" not in response.content
        check_server_error(operation, response)
        case.validate_response(response, excluded_checks=excluded)

    ask()
    assert watched.engine.ask("GET", "/_ping").body == b"OK"
