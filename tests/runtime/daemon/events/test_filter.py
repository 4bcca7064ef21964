from collections.abc import Mapping, Sequence

import pytest

from runtime.api.types.events import Actor, Message
from runtime.daemon.events.filter import Filter


class Args(dict[str, list[str]]):
    """Ten lines that satisfy what the filter needs."""

    def get(self, key: str) -> Sequence[str]:  # type: ignore[override]
        return dict.get(self, key, [])

    def contains(self, field: str) -> bool:
        return field in self

    def exact_match(self, key: str, source: str) -> bool:
        return key not in self or source in self[key]

    def fuzzy_match(self, key: str, source: str) -> bool:
        return key not in self or any(source.startswith(value) for value in self[key])

    def match_kv_list(self, key: str, sources: Mapping[str, str]) -> bool:
        wanted = [value.partition("=") for value in self[key]]
        return all(
            name in sources and (not equals or sources[name] == value) for name, equals, value in wanted
        )


EVENT = Message(
    type="volume", action="create", scope="local", actor=Actor("web-data", {"driver": "local", "name": "w"})
)
EXEC = Message(type="container", action="exec_create: ls", actor=Actor("c0ffee", {"image": "busybox"}))
PULL = Message(type="image", action="pull", actor=Actor("sha256:1", {"name": "busybox"}))


@pytest.mark.parametrize(
    ("event", "wanted"),
    [
        (EVENT, {}),
        (EVENT, {"type": ["plugin", "volume"], "event": ["create"]}),
        (EVENT, {"volume": ["web"]}),
        (EVENT, {"volume": ["w"]}),
        (EVENT, {"scope": ["local"]}),
        (EVENT, {"label": ["driver=local", "name"]}),
        (EXEC, {"event": ["exec_create"]}),
        (EXEC, {"image": ["busybox"], "container": ["c0f"]}),
        (PULL, {"image": ["busybox"]}),
    ],
)
def test_an_event_that_has_all_that_is_wanted_is_included(
    event: Message, wanted: dict[str, list[str]]
) -> None:
    assert Filter(Args(wanted)).include(event)


@pytest.mark.parametrize(
    ("event", "wanted"),
    [
        (EVENT, {"type": ["plugin"]}),
        (EVENT, {"event": ["crea"]}),
        (EVENT, {"volume": ["data"]}),
        (EVENT, {"plugin": ["x"]}),
        (EVENT, {"scope": ["swarm"]}),
        (EVENT, {"label": ["driver=nfs"]}),
        (EVENT, {"volume": ["web"], "event": ["destroy"]}),
        (EXEC, {"event": ["exec"]}),
        (EXEC, {"image": ["busy"]}),
        (PULL, {"image": ["alpine"]}),
    ],
)
def test_an_event_that_lacks_something_is_not(event: Message, wanted: dict[str, list[str]]) -> None:
    assert not Filter(Args(wanted)).include(event)
