"""Names of plugins as users write them."""

from __future__ import annotations

import pytest

from runtime.errdefs import EngineError
from runtime.vendor import reference

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "familiar"),
    [
        ("test", "test:latest"),
        ("test:v1", "test:v1"),
        ("me/vol", "me/vol:latest"),
        ("docker.io/library/test", "test:latest"),
        ("index.docker.io/me/vol:1", "me/vol:1"),
        ("localhost/vol", "localhost/vol:latest"),
        ("host:5000/a/b:c", "host:5000/a/b:c"),
        ("library/x", "x:latest"),
    ],
)
def test_a_name_gets_its_default_tag_and_loses_the_default_domain(text: str, familiar: str) -> None:
    parsed = reference.parse_normalized_named(text)
    assert reference.familiar_string(reference.tag_name_only(parsed)) == familiar


def test_a_digest_makes_a_reference_canonical() -> None:
    parsed = reference.parse_normalized_named(f"me/vol@{DIGEST}")
    assert parsed.canonical
    assert reference.familiar_string(reference.tag_name_only(parsed)) == f"me/vol@{DIGEST}"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Upper", "invalid reference format: repository name must be lowercase"),
        ("", "invalid reference format"),
        ("a b", "invalid reference format"),
        ("name:", "invalid reference format"),
        ("a" * 64, f"invalid repository name ({'a' * 64}), cannot specify 64-byte hexadecimal strings"),
        ("a" * 63 + "/" + "b" * 250, "repository name must not be more than 255 characters"),
        ("name\n", "invalid reference format"),
    ],
)
def test_what_is_no_name_is_refused(text: str, why: str) -> None:
    with pytest.raises(EngineError) as error:
        reference.parse_normalized_named(text)
    assert str(error.value) == why
