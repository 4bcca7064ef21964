"""The notation, read and written."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotator.articles import reference_notation
from annotator.model.reference import Reference

# A busy machine is no failure.
unhurried = settings(deadline=None)

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,12}", fullmatch=True)
PATHS = st.lists(NAMES, min_size=1, max_size=5).map(lambda names: "/".join(names) + ".go")
SYMBOLS = st.lists(NAMES, min_size=1, max_size=3).map(".".join)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("daemon/daemon.go::NewDaemon", ("daemon/daemon.go", "NewDaemon", None, None)),
        (
            "volume/service/store.go::VolumeStore.Create#L38",
            ("volume/service/store.go", "VolumeStore.Create", 38, None),
        ),
        ("a/b.go::F.closure#L38-L52", ("a/b.go", "F.closure", 38, 52)),
        ("  ./a//b.go::F  ", ("a/b.go", "F", None, None)),
        ("a/b.go::Größe", ("a/b.go", "Größe", None, None)),
    ],
)
def test_a_notation_is_read_into_its_parts(
    text: str, expected: tuple[str, str, int | None, int | None]
) -> None:
    found = reference_notation.parse(text)
    assert (found.path, found.symbol, found.line, found.end_line) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("daemon/daemon.go", "has no '::'"),
        ("daemon/daemon.go::", "'' is not a Go name"),
        ("::NewDaemon", "its path must lead"),
        ("../etc/passwd::F", "its path must lead"),
        ("/etc/passwd::F", "its path must lead"),
        ("a.go::(*Store).Get", "is not a Go name; write Func, Type, Type.Method"),
        ("a.go::F#38", "lines are written #L38 or #L38-L52, not '#38'"),
        ("a.go::F#L9-L8", "a range ends after it starts"),
        ("a.go::F#L0", "lines count from 1"),
        ("a.go::" + "F" * 5000, "at most 4096 characters"),
        ("\x1b[31ma.go::F", "'[31ma.go::F': its path must lead"),
    ],
)
def test_what_is_wrong_with_a_notation_is_said_in_one_sentence(text: str, says: str) -> None:
    with pytest.raises(reference_notation.NotationError) as caught:
        reference_notation.parse(text)
    assert says in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert "\n" not in str(caught.value)


@unhurried
@given(PATHS, SYMBOLS, st.none() | st.tuples(st.integers(1, 10**6), st.none() | st.integers(0, 10**6)))
def test_every_rendered_notation_is_read_back(
    path: str, symbol: str, lines: tuple[int, int | None] | None
) -> None:
    line, more = lines or (None, None)
    end_line = line + more if line is not None and more is not None else None
    reference = Reference(path=path, symbol=symbol, line=line, end_line=end_line, cited=path)
    assert reference_notation.parse(reference_notation.of(reference)) == reference


@unhurried
@given(st.text())
def test_any_text_is_a_reference_or_a_notation_error(text: str) -> None:
    try:
        found = reference_notation.parse(text)
    except reference_notation.NotationError:
        return
    assert reference_notation.parse(reference_notation.of(found)).path == found.path


MODULES = ("github.com/docker/docker", "github.com/moby/moby/v2", "github.com/moby/moby")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("components/engine/daemon/daemon.go", "daemon/daemon.go"),
        ("/home/me/docker-ce/components/engine/daemon/daemon.go", "daemon/daemon.go"),
        ("./daemon//daemon.go", "daemon/daemon.go"),
        ("daemon/../api/server.go", "api/server.go"),
        ("/go/src/github.com/docker/docker/daemon/daemon.go", "daemon/daemon.go"),
        ("$GOPATH/src/github.com/moby/moby/daemon/daemon.go", "daemon/daemon.go"),
        ("github.com/moby/moby/v2/daemon/daemon.go", "daemon/daemon.go"),
        ("/go/pkg/mod/github.com/docker/docker@v20.10.24+incompatible/client/ping.go", "client/ping.go"),
        (
            "vendor/github.com/containerd/containerd/client.go",
            "vendor/github.com/containerd/containerd/client.go",
        ),
        (
            "vendor/github.com/moby/moby/api/types/mount.go",
            "vendor/github.com/moby/moby/api/types/mount.go",
        ),
        ("components/engine", "components/engine"),
    ],
)
def test_a_path_is_made_relative_to_the_root(path: str, expected: str) -> None:
    assert reference_notation.normalise(path, ("components/engine",), MODULES) == expected


@pytest.mark.parametrize(
    "path", ["", "..", "../x.go", "a/../../x.go", "/etc/x.go", "a\x00.go", "a\\b.go", "./"]
)
def test_a_path_that_leads_out_of_the_root_is_none(path: str) -> None:
    assert reference_notation.normalise(path, ("components/engine",), MODULES) is None


@unhurried
@given(st.text(alphabet="ab./v@\x00\u202e", max_size=40))
def test_a_normalised_path_stays_normalised(path: str) -> None:
    once = reference_notation.normalise(path, ("a/b",), ("v/a",))
    assert once is None or reference_notation.normalise(once) == once
