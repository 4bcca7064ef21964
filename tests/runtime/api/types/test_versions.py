"""Versions, and what is done for every request because of them."""

from __future__ import annotations

from typing import Any

import pytest

from runtime.api.types.versions import compare

BAD = {
    "/v1.11": "client version 1.11 is too old. Minimum supported API version is 1.12, please upgrade",
    "/v1.40": "client version 1.40 is too new. Maximum supported API version is 1.39",
    "/v9": "client version 9 is too new. Maximum supported API version is 1.39",
}


@pytest.mark.parametrize(
    ("one", "other", "order"),
    [
        ("1.12", "1.12", 0),
        ("1.0.0", "1", 0),
        ("1", "1.0.0", 0),
        ("1.05.00.0156", "1.0.221.9289", 1),
        ("1", "1.0.1", -1),
        ("1.0.1", "1", 1),
        ("1.0.02.03", "1.0.2.4", -1),
        ("1.9", "1.10", -1),
        ("x", "0", 0),
        ("9" * 30, "1.39", 1),
    ],
)
def test_versions_are_compared_part_by_part(one: str, other: str, order: int) -> None:
    assert compare(one, other) == order


@pytest.mark.parametrize("prefix", ["", "/v1.12", "/v1.24", "/v1.39", "/v1.39.0"])
def test_versions_within_the_bounds_are_served_and_every_answer_says_which_is_the_newest(
    api: Any, prefix: str
) -> None:
    answer = api.get(f"{prefix}/_ping")
    told = {name: answer.headers[name] for name in ("server", "api-version", "ostype", "docker-experimental")}
    assert answer.text == "OK"
    assert told == {
        "server": "Docker/18.09.6 (linux)",
        "api-version": "1.39",
        "ostype": "linux",
        "docker-experimental": "false",
    }


@pytest.mark.parametrize("prefix", BAD)
def test_versions_beyond_the_bounds_are_refused_and_still_told_which_is_the_newest(
    api: Any, prefix: str
) -> None:
    answer = api.get(f"{prefix}/volumes")
    assert (answer.status_code, answer.headers["api-version"]) == (400, "1.39")
    assert BAD[prefix] in answer.text


@pytest.mark.parametrize(
    ("prefix", "json"), [("", True), ("/v1.24", True), ("/v1.23", False), ("/v1.11", False)]
)
def test_errors_are_json_from_1_24_on(api: Any, prefix: str, json: bool) -> None:
    answer = api.get(f"{prefix}/volumes/none")
    kind = "application/json" if json else "text/plain; charset=utf-8"
    assert answer.headers["content-type"] == kind
    assert answer.text.endswith("\n")


def test_a_head_request_is_answered_as_today_s_clients_need_it(api: Any) -> None:
    answer = api.ask("HEAD", "/_ping")
    assert (answer.status_code, answer.headers["api-version"], answer.content) == (200, "1.39", b"")
