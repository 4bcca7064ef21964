"""Answers for what this engine does not have."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import pytest

from runtime.api.server.router.absent import AbsentRouter

LISTS = ("/containers/json", "/images/json")
REFUSED = [route for route in AbsentRouter().routes if route.path not in LISTS]


@pytest.mark.parametrize("prefix", ["", "/v1.12", "/v1.39"])
@pytest.mark.parametrize("path", LISTS)
def test_lists_of_containers_and_images_are_empty(api: Any, path: str, prefix: str) -> None:
    answer = api.get(f"{prefix}{path}?all=1&filters=" + quote('{"label":["a"]}'))
    assert (answer.status_code, answer.content) == (200, b"[]\n")


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    ("filters", "sentence"),
    [
        ("x", "invalid character 'x' looking for beginning of value"),
        ('{"colour":["red"]}', "Invalid filter 'colour'"),
    ],
)
def test_empty_lists_check_filters(api: Any, path: str, filters: str, sentence: str) -> None:
    answer = api.get(f"{path}?filters={quote(filters)}")
    assert (answer.status_code, answer.json()) == (400, {"message": sentence})


@pytest.mark.parametrize("prefix", ["", "/v1.30"])
def test_absent_route_answers_501_with_a_sentence(api: Any, prefix: str) -> None:
    for route in REFUSED:
        path = re.sub(r"{\w+:path}", "some/thing:1", route.path)
        path = re.sub(r"{\w+}", "x", path)
        answer = api.ask(route.method, prefix + path, {} if route.method == "POST" else None)
        assert answer.status_code == 501, route
        if route.method != "HEAD":
            message = answer.json()["message"]
            assert message.endswith("not supported: this engine keeps volumes and runs plugins"), route


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/containers/json"), ("GET", "/containers/create"), ("GET", "/auth"), ("PUT", "/networks/x")],
)
def test_wrong_method_of_absent_route_is_not_found(api: Any, method: str, path: str) -> None:
    answer = api.ask(method, path)
    assert (answer.status_code, answer.json()["message"]) == (404, "page not found")
