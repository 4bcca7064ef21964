"""An OpenAPI description of exactly what the API serves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from runtime.api import DEFAULT_VERSION

Json = dict[str, Any]

JSON_TYPE: Final = "application/json"

TEXT: Final[Json] = {"type": "string"}
FLAG: Final[Json] = {"type": "boolean"}
NUMBER: Final[Json] = {"type": "integer"}
PAIRS: Final[Json] = {"type": ["object", "null"], "additionalProperties": TEXT}
TEXTS: Final[Json] = {"type": ["array", "null"], "items": TEXT}
ANYTHING: Final[Json] = {"type": ["object", "null"]}


def _object(required: Mapping[str, Json], optional: Mapping[str, Json] | None = None) -> Json:
    return {"type": "object", "required": [*required], "properties": {**required, **(optional or {})}}


def _list(items: str) -> Json:
    return {"type": "array", "items": _ref(items)}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


INTERFACE: Final[Json] = _object({"Socket": TEXT, "Types": TEXTS})

SCHEMAS: Final[Mapping[str, Json]] = {
    "ErrorResponse": _object({"message": TEXT}),
    "Volume": _object(
        {
            "Name": TEXT,
            "Driver": TEXT,
            "Mountpoint": TEXT,
            "Scope": {"enum": ["local", "global", ""]},
            "CreatedAt": {"type": "string", "format": "date-time"},
            "Labels": PAIRS,
            "Options": PAIRS,
        },
        {"Status": ANYTHING, "UsageData": _object({"Size": NUMBER, "RefCount": NUMBER})},
    ),
    "VolumeCreateBody": {
        "type": ["object", "null"],
        "properties": {"Name": TEXT, "Driver": TEXT, "DriverOpts": PAIRS, "Labels": PAIRS},
    },
    "VolumeListOKBody": _object({"Volumes": _list("Volume"), "Warnings": TEXTS}),
    "VolumesPruneReport": _object({"VolumesDeleted": TEXTS, "SpaceReclaimed": NUMBER}),
    "Plugin": _object(
        {
            "Name": TEXT,
            "Enabled": FLAG,
            "Config": _object({"Interface": INTERFACE, "Entrypoint": TEXTS}),
            "Settings": _object({"Args": TEXTS, "Env": TEXTS, "Mounts": {}, "Devices": {}}),
        },
        {"Id": TEXT, "PluginReference": TEXT},
    ),
    "Event": _object(
        {
            "Type": {"enum": ["plugin", "volume"]},
            "Action": TEXT,
            "Actor": _object({"ID": TEXT, "Attributes": PAIRS}),
            "scope": {"const": "local"},
            "time": NUMBER,
            "timeNano": NUMBER,
        }
    ),
    "Version": _object(
        {"Version": TEXT, "ApiVersion": TEXT, "MinAPIVersion": TEXT, "Os": TEXT, "Arch": TEXT}
    ),
    "Info": _object(
        {
            "ID": TEXT,
            "Name": TEXT,
            "ServerVersion": TEXT,
            "DockerRootDir": TEXT,
            "LiveRestoreEnabled": FLAG,
            "NEventsListener": NUMBER,
            "Plugins": _object({"Volume": TEXTS}),
            "Warnings": TEXTS,
        }
    ),
    "DiskUsage": _object(
        {
            "LayersSize": NUMBER,
            "Images": {"type": "array", "maxItems": 0},
            "Containers": {"type": "array", "maxItems": 0},
            "Volumes": _list("Volume"),
            "BuilderSize": NUMBER,
        }
    ),
}
"""The values that are sent and received."""

YES_OR_NO: Final[Json] = {"enum": ["true", "false", "1", "0"]}
TIME: Final[Json] = {
    "description": "Seconds since 1970, with a fraction; empty for none",
    "schema": {"type": "string", "pattern": r"^(0|[1-9][0-9]{0,11})(\.[0-9]{1,9})?$|^$"},
}
FORCE: Final[Json] = {
    "force": {"description": "Nothing, 0, no, false and none mean no; all else means yes", "schema": TEXT}
}
TIMEOUT: Final[Json] = {
    "description": "Seconds that each call to the plugin may take",
    "required": True,
    "schema": {"type": "integer", "minimum": -(1 << 63), "maximum": (1 << 63) - 1},
}
NAME: Final[Json] = {"description": "NAME or NAME:TAG", "required": True, "schema": TEXT}


def _filters(values: Mapping[str, Json], *, others: bool = False) -> Json:
    """The parameter `filters`, by what each key's values may be; its two forms are not mixed."""
    forms = [
        {
            "type": ["object", "null"],
            "properties": {key: form(value) for key, value in values.items()},
            "additionalProperties": form(TEXT) if others else False,
        }
        for form in (_flags, _values)
    ]
    return {
        "filters": {
            "description": "Values by key: {key: {value: true}}, or the older {key: [value]}",
            "content": {JSON_TYPE: {"schema": {"anyOf": forms}}},
        }
    }


def _flags(value: Json) -> Json:
    flag = {"const": True} if "enum" in value else FLAG
    return {"type": ["object", "null"], "propertyNames": value, "additionalProperties": flag}


def _values(value: Json) -> Json:
    return {"type": ["array", "null"], "items": value}


@dataclass(frozen=True, slots=True)
class Operation:
    """One route.

    Args:
        method: The HTTP method.
        path: The path, without a version.
        summary: What it does.
        answers: What is sent for each status; None for no body.
        query: What can be asked for: each parameter but for its name and place.
        body: What is received, by its type; None for nothing.
    """

    method: str
    path: str
    summary: str
    answers: Mapping[int, Json | None]
    query: Mapping[str, Json] = field(default_factory=dict)
    body: Mapping[str, Json] | None = None


OPERATIONS: Final[Sequence[Operation]] = (
    Operation("OPTIONS", "/{anyroute}", "Say that methods may be used", {200: None, 404: None}),
    Operation("GET", "/_ping", "Say that the engine is there", {200: {"const": "OK"}}),
    Operation("HEAD", "/_ping", "Say that the engine is there", {200: None}),
    Operation(
        "GET",
        "/events",
        "Send events, one JSON object a line, until `until` or for ever",
        {200: _ref("Event")},
        {
            "since": TIME,
            "until": TIME,
            **_filters(dict.fromkeys(("type", "event", "volume", "plugin", "label"), TEXT), others=True),
        },
    ),
    Operation("GET", "/info", "Say what the engine and its machine are", {200: _ref("Info")}),
    Operation("GET", "/version", "Say which version the engine is", {200: _ref("Version")}),
    Operation("GET", "/system/df", "Say what takes room on the disk", {200: _ref("DiskUsage")}),
    Operation(
        "GET",
        "/volumes",
        "List volumes",
        {200: _ref("VolumeListOKBody")},
        _filters({"name": TEXT, "driver": TEXT, "label": TEXT, "dangling": YES_OR_NO}),
    ),
    Operation("GET", "/volumes/{name}", "Show a volume", {200: _ref("Volume"), 404: None}),
    Operation(
        "POST",
        "/volumes/create",
        "Make a volume, or find the one that there is",
        {201: _ref("Volume"), 404: None, 409: None},
        body={JSON_TYPE: _ref("VolumeCreateBody")},
    ),
    Operation(
        "POST",
        "/volumes/prune",
        "Remove the local volumes that nobody uses",
        {200: _ref("VolumesPruneReport"), 409: None},
        _filters({"label": TEXT, "label!": TEXT}),
    ),
    Operation("DELETE", "/volumes/{name}", "Remove a volume", {204: None, 404: None, 409: None}, FORCE),
    Operation(
        "GET",
        "/plugins",
        "List plugins",
        {200: _list("Plugin")},
        _filters({"enabled": {"enum": ["true", "false"]}, "capability": TEXT}),
    ),
    Operation("GET", "/plugins/{name}/json", "Show a plugin", {200: _ref("Plugin"), 404: None}),
    Operation("GET", "/plugins/privileges", "Refused: there are no registries here", {501: None}),
    Operation("DELETE", "/plugins/{name}", "Remove a plugin", {200: None, 404: None, 409: None}, FORCE),
    Operation(
        "POST",
        "/plugins/{name}/enable",
        "Start a plugin",
        {200: None, 404: None, 409: None},
        {"timeout": TIMEOUT},
    ),
    Operation("POST", "/plugins/{name}/disable", "Stop a plugin", {200: None, 404: None, 409: None}, FORCE),
    Operation("POST", "/plugins/pull", "Refused: there are no registries here", {501: None}),
    Operation(
        "POST", "/plugins/{name}/push", "Refused: there are no registries here", {404: None, 501: None}
    ),
    Operation(
        "POST", "/plugins/{name}/upgrade", "Refused: there are no registries here", {404: None, 501: None}
    ),
    Operation(
        "POST",
        "/plugins/{name}/set",
        "Change settings of a plugin",
        {204: None, 404: None},
        body={JSON_TYPE: TEXTS},
    ),
    Operation(
        "POST",
        "/plugins/create",
        "Make a plugin from a tar with config.json and rootfs",
        {204: None, 409: None},
        {"name": NAME},
        {"application/x-tar": {"type": "string", "format": "binary"}},
    ),
)
"""All routes."""

WORDS: Final[Mapping[int, str]] = {
    200: "Done",
    201: "Made",
    204: "Done",
    400: "The request is no good",
    404: "There is none",
    409: "Its state does not allow it",
    500: "It could not be done",
    501: "Not implemented",
}


def describe() -> Json:
    """The description, as a document of OpenAPI 3.1."""
    paths: dict[str, Json] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "moby-annotated",
            "version": DEFAULT_VERSION,
            "description": "Volumes and plugins of Docker's Engine API, as v18.09.6 answers. Every path also "
            f"exists below /v1.12 to /v{DEFAULT_VERSION}. Names in paths may have slashes in them.",
        },
        "paths": paths,
        "components": {"schemas": dict(SCHEMAS)},
    }


def _operation(operation: Operation) -> Json:
    answers = {**operation.answers, 400: None, 500: None}
    described: Json = {
        "summary": operation.summary,
        "parameters": [*_in_path(operation.path), *_in_query(operation.query)],
        "responses": {str(status): _answer(operation, status, answers[status]) for status in sorted(answers)},
    }
    if operation.body is not None:
        content = {kind: {"schema": schema} for kind, schema in operation.body.items()}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _answer(operation: Operation, status: int, schema: Json | None) -> Json:
    described: Json = {"description": WORDS[status]}
    if status >= 400:
        schema = _ref("ErrorResponse")
    if schema is not None and operation.method != "HEAD":
        kind = "text/plain" if operation.path == "/_ping" and status < 400 else JSON_TYPE
        described["content"] = {kind: {"schema": schema}}
    return described


def _in_path(path: str) -> list[Json]:
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    return [{"name": name, "in": "path", "required": True, "schema": TEXT} for name in names]


def _in_query(query: Mapping[str, Json]) -> list[Json]:
    return [{"name": name, "in": "query", **described} for name, described in query.items()]
