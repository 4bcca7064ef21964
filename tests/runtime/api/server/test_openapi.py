"""The description says exactly what is served."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from runtime.api.server.router.absent import AbsentRouter
from tests.e2e.engine import openapi

DESCRIBED = {(operation.method, operation.path) for operation in openapi.OPERATIONS}


def routes(api: Any) -> set[tuple[str, str]]:
    return {(route.method, route.path.replace(":path}", "}")) for route in api.server.routes}


def test_description_has_every_route_but_absent_ones(api: Any) -> None:
    absent = {(route.method, route.path.replace(":path}", "}")) for route in AbsentRouter().routes}
    assert routes(api) - absent == DESCRIBED


def test_it_is_a_document_of_json() -> None:
    document = json.loads(json.dumps(openapi.describe()))
    assert document["openapi"] == "3.1.0"
    assert set(document["paths"]) == {path for _, path in DESCRIBED}


@pytest.mark.parametrize("name", openapi.SCHEMAS)
def test_every_schema_is_one(name: str) -> None:
    Draft202012Validator.check_schema(openapi.SCHEMAS[name])


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/info", None),
        ("GET", "/version", None),
        ("GET", "/system/df", None),
        ("GET", "/volumes", None),
        ("GET", "/volumes/one", None),
        ("GET", "/volumes/none", None),
        ("POST", "/volumes/create", {"Name": "two", "Labels": {"a": "b"}}),
        ("POST", "/volumes/create", {"Name": "a/b"}),
        ("POST", "/volumes/prune", None),
        ("GET", "/plugins", None),
        ("GET", "/plugins/none/json", None),
        ("POST", "/plugins/pull", None),
        ("POST", "/plugins/none/enable?timeout=x", None),
    ],
)
def test_what_is_answered_is_as_it_is_described(api: Any, method: str, path: str, body: Any) -> None:
    api.post("/volumes/create", {"Name": "one"})
    answer = api.ask(method, path, body)
    document = openapi.describe()
    described = document["paths"][template(path)][method.lower()]["responses"][str(answer.status_code)]
    schema = {**described["content"]["application/json"]["schema"], "components": document["components"]}
    Draft202012Validator(schema).validate(answer.json())


def template(path: str) -> str:
    path = path.partition("?")[0]
    named = {"/volumes/one": "/volumes/{name}", "/volumes/none": "/volumes/{name}"}
    return named.get(path, path.replace("/plugins/none/", "/plugins/{name}/"))


def test_an_event_is_as_it_is_described(api: Any) -> None:
    api.post("/volumes/create", {"Name": "one"})
    [line] = api.get(f"/events?since=1&until={time.time():.9f}").text.splitlines()
    Draft202012Validator(openapi.SCHEMAS["Event"]).validate(json.loads(line))
