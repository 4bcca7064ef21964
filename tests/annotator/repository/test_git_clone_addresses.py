"""Only addresses that can be nothing else than addresses reach git; their secrets stay inside."""

from __future__ import annotations

import pytest

from annotator.errors import InvalidInput
from annotator.repository.git_clone import folder_name, is_url, masked, public


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/moby/moby", "http://127.0.0.1/x", "git://host/x", "ssh://git@host:22/x",
        "git@host:x/y.git", "host:x",
    ],
)  # fmt: skip
def test_these_are_urls(url: str) -> None:
    assert is_url(url)


@pytest.mark.parametrize("path", ["moby", "/srv/moby", "./moby", "../moby.git", "~/moby"])
def test_these_are_paths(path: str) -> None:
    assert not is_url(path)


@pytest.mark.parametrize(
    "source",
    [
        "--upload-pack=touch pwned", "-x", "-oProxyCommand=x:y", "ext::sh -c 'touch pwned'", "ext://sh",
        "file:///srv/moby", "file://x", "fd::17", "https::https://host/x", "ftp://host/x",
        "ssh://-oProxyCommand=x/y", "ssh://a@-oProxyCommand=x/y", "https://", "https:///x", "HTTPS://host/x",
        "https://host/x\n--x", "git@host:-x\x00", "http://[x]/", "http://[::1", "http://host:99999/",
        "http://host:x/", "http://host/" + "x" * 5000,
    ],
)  # fmt: skip
def test_options_and_other_transports_never_reach_git(source: str) -> None:
    with pytest.raises(InvalidInput) as error:
        is_url(source)

    assert error.value.exit_code == 2


@pytest.mark.parametrize("source", ["http://user:secret@[x]/", "http://user:secret@/x", "x" * 100_000])
def test_a_refused_source_is_said_shortly_and_without_its_secrets(source: str) -> None:
    with pytest.raises(InvalidInput) as error:
        is_url(source)

    assert "secret" not in str(error.value)
    assert len(str(error.value)) < 300


def test_an_scp_address_whose_host_is_an_option_is_none() -> None:
    assert not is_url("git@-oProxyCommand=x:y")


def test_secrets_of_a_url_are_not_shown() -> None:
    url = "http://user:secret@example.org/x.git"

    assert public(url) == "http://example.org/x"
    assert (
        masked(f"fatal: unable to access '{url}'", url)
        == "fatal: unable to access 'http://example.org/x.git'"
    )


@pytest.mark.parametrize(
    "url", ["https://example.org/../..", "host:..", "https://example.org/x.git", "git@h:/"]
)
def test_a_folder_is_named_safely_and_once(url: str) -> None:
    name = folder_name(url)

    assert name.strip(".") == name
    assert "/" not in name
    assert name != folder_name(f"{url}2")
