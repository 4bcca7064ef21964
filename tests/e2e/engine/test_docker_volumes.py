"""`docker volume`, as a person uses it, against an engine of ours."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest

pytestmark = pytest.mark.slow


def now() -> str:
    """The time for `--until`; of "0s" the client sends whole seconds only."""
    return datetime.now(UTC).isoformat()


def test_a_volume_that_is_created_is_named_listed_and_shown(docker: Any, engine: Any) -> None:
    created = docker.says(engine.host, "volume", "create", "--label", "colour=blue", "data")
    listed = docker.says(engine.host, "volume", "ls")
    [shown] = json.loads("".join(docker.says(engine.host, "volume", "inspect", "data")))

    assert created == ["data"]
    assert [line.split() for line in listed] == [["DRIVER", "VOLUME", "NAME"], ["local", "data"]]
    assert shown["Mountpoint"] == f"{engine.root}/volumes/data/_data"
    assert (shown["Driver"], shown["Labels"], shown["Scope"]) == ("local", {"colour": "blue"}, "local")


def test_a_volume_without_a_name_gets_one(docker: Any, engine: Any) -> None:
    [name] = docker.says(engine.host, "volume", "create")
    assert re.fullmatch("[0-9a-f]{64}", name)


def test_a_volume_keeps_its_options(docker: Any, engine: Any) -> None:
    options = ("-o", "type=tmpfs", "-o", "device=tmpfs", "-o", "o=size=1m")
    docker.says(engine.host, "volume", "create", *options, "memory")
    shown = docker.says(engine.host, "volume", "inspect", "-f", "{{json .Options}}", "memory")
    assert json.loads(shown[0]) == {"type": "tmpfs", "device": "tmpfs", "o": "size=1m"}


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("label=k", ["one", "two"]),
        ("label=k=v", ["one"]),
        ("name=o", ["one", "two"]),
        ("name=^t", ["two", "three"]),
        ("driver=local", ["one", "two", "three"]),
        ("dangling=false", []),
    ],
)
def test_a_list_shows_what_is_asked_for(docker: Any, engine: Any, wanted: str, found: list[str]) -> None:
    for name, label in (("one", "k=v"), ("two", "k=w"), ("three", "l")):
        docker.says(engine.host, "volume", "create", "--label", label, name)
    assert sorted(docker.says(engine.host, "volume", "ls", "-q", "-f", wanted)) == sorted(found)


def test_removed_volumes_are_gone_from_the_list_and_from_the_disk(docker: Any, engine: Any) -> None:
    docker.says(engine.host, "volume", "create", "one")
    docker.says(engine.host, "volume", "create", "two")
    assert docker.says(engine.host, "volume", "rm", "one", "two") == ["one", "two"]
    assert docker.says(engine.host, "volume", "ls", "-q") == []
    assert not (engine.root / "volumes" / "one").exists()


def test_pruning_says_what_it_removed_and_how_much_room_that_made(docker: Any, engine: Any) -> None:
    docker.says(engine.host, "volume", "create", "one")
    docker.says(engine.host, "volume", "create", "--label", "keep", "two")
    (engine.root / "volumes" / "one" / "_data" / "file").write_bytes(b"x" * 2048)
    said = docker.says(engine.host, "volume", "prune", "-f", "--filter", "label!=keep")
    assert said == ["Deleted Volumes:", "one", "", "Total reclaimed space: 2.048kB"]
    assert docker.says(engine.host, "volume", "ls", "-q") == ["two"]


def test_the_disk_usage_counts_volumes(docker: Any, engine: Any) -> None:
    docker.says(engine.host, "volume", "create", "one")
    (engine.root / "volumes" / "one" / "_data" / "file").write_bytes(b"x" * 3000)
    said = docker.says(engine.host, "system", "df")
    assert any(re.match(r"Local Volumes +1 +0 +3kB +3kB \(100%\)", line) for line in said), said


def test_removing_what_is_not_there_is_refused_and_with_force_is_not(docker: Any, engine: Any) -> None:
    assert "No such volume: none" in docker.refuses(engine.host, "volume", "rm", "none") or (
        "get none: no such volume" in docker.refuses(engine.host, "volume", "rm", "none")
    )
    assert docker.says(engine.host, "volume", "rm", "-f", "none") == ["none"]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("create", "a"), "create a: volume name is too short, names should be at least two alphanumeric"),
        (("create", "a/b"), 'create a/b: "a/b" includes invalid characters for a local volume name'),
        (("create", "-o", "colour=blue", "bb"), 'create bb: invalid option key: "colour"'),
        (
            ("create", "-d", "none", "bb"),
            'create bb: error looking up volume plugin none: plugin "none" not found',
        ),
        (("ls", "-f", "colour=blue"), "Invalid filter 'colour'"),
        (("ls", "-f", "dangling=perhaps"), "Invalid filter 'dangling=[perhaps]'"),
    ],
)
def test_what_cannot_be_is_refused_in_moby_s_words(
    docker: Any, engine: Any, words: tuple[str, ...], complaint: str
) -> None:
    assert docker.refuses(engine.host, "volume", *words).startswith(
        f"Error response from daemon: {complaint}"
    )


def test_events_tell_of_volumes_as_they_come_and_go(docker: Any, new_engine: Any) -> None:
    docker.says(new_engine.host, "volume", "create", "one")
    docker.says(new_engine.host, "volume", "rm", "one")
    told = docker.says(new_engine.host, "events", "--since", "0", "--until", now())
    assert [line.split(" ", 1)[1] for line in told] == [
        "volume create one (driver=local)",
        "volume destroy one (driver=local)",
    ]


def test_events_of_one_kind_can_be_asked_for(docker: Any, new_engine: Any) -> None:
    docker.says(new_engine.host, "volume", "create", "one")
    docker.says(new_engine.host, "volume", "rm", "one")
    told = docker.says(
        new_engine.host,
        "events",
        "--since",
        "0",
        "--until",
        now(),
        "-f",
        "event=destroy",
        "--format",
        "{{json .}}",
    )
    assert [json.loads(line)["Action"] for line in told] == ["destroy"]


def test_a_client_that_listens_hears_at_once_and_hears_the_end(docker: Any, new_engine: Any) -> None:
    with docker.open(new_engine.host, "events") as listening:
        new_engine.wait_until(lambda: new_engine.ask("GET", "/info").json()["NEventsListener"] == 1)
        docker.says(new_engine.host, "volume", "create", "one")
        assert "volume create one" in listening.stdout.readline()
        new_engine.stop()
        listening.wait(30)


def test_the_engine_says_what_it_is(docker: Any, engine: Any) -> None:
    said = docker.says(engine.host, "version", "--format", "{{.Server.Version}} {{.Server.APIVersion}}")
    assert said == ["18.09.6 1.39"]
    assert str(engine.root) in docker(engine.host, "info", "--format", "{{.DockerRootDir}}").stdout


def test_no_containers_or_images_are_listed(docker: Any, engine: Any) -> None:
    assert docker.says(engine.host, "ps", "--quiet") == []
    assert docker.says(engine.host, "images", "--quiet") == []


def test_volumes_that_are_there_are_shown_beside_one_that_is_not(docker: Any, engine: Any) -> None:
    docker.says(engine.host, "volume", "create", "one")
    done = docker(engine.host, "volume", "inspect", "-f", "{{.Name}}", "one", "none")
    assert (done.returncode, done.stdout.split()) == (1, ["one"])
    assert "none" in done.stderr


def test_a_list_can_be_of_names_alone(docker: Any, engine: Any) -> None:
    docker.says(engine.host, "volume", "create", "one")
    assert docker.says(engine.host, "volume", "ls", "--format", "{{.Name}}") == ["one"]


def test_an_existing_volume_can_be_removed_by_force(docker: Any, engine: Any) -> None:
    docker.says(engine.host, "volume", "create", "one")
    assert docker.says(engine.host, "volume", "rm", "--force", "one") == ["one"]


def test_docker_shows_empty_lists_and_finds_volumes(docker: Any, engine: Any) -> None:
    docker.says(engine.host, "volume", "create", "data")
    assert len(docker.says(engine.host, "ps", "-a")) == 1
    assert len(docker.says(engine.host, "images")) == 1
    assert "0B" in docker.says(engine.host, "system", "df")[1]
    assert json.loads("".join(docker.says(engine.host, "inspect", "data")))[0]["Name"] == "data"


@pytest.mark.parametrize(
    "command",
    [
        ("create", "x"),
        ("pull", "x"),
        ("network", "ls"),
        ("system", "prune", "--force"),
        ("service", "ls"),
        ("rmi", "x"),
        ("login", "-u", "a", "-p", "b"),
    ],
    ids=" ".join,
)
def test_docker_says_what_is_not_supported(docker: Any, engine: Any, command: tuple[str, ...]) -> None:
    assert "not supported: this engine keeps volumes and runs plugins" in docker.refuses(
        engine.host, *command
    )
