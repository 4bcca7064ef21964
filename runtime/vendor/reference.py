"""Names of plugins as users write them: `name`, `user/name:tag`, `host:port/name@digest`.

Go:
    vendor/github.com/docker/distribution/reference/helpers.go
    vendor/github.com/docker/distribution/reference/normalize.go
    vendor/github.com/docker/distribution/reference/reference.go
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from runtime.errdefs import EngineError

DEFAULT_DOMAIN = "docker.io"
LEGACY_DEFAULT_DOMAIN = "index.docker.io"
OFFICIAL_REPOSITORY = "library"
DEFAULT_TAG = "latest"
NAME_TOTAL_LENGTH_MAX = 255

_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|[-]+)[a-z0-9]+)*"
_DOMAIN_PART = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_REFERENCE = re.compile(
    rf"(?P<domain>{_DOMAIN_PART}(?:\.{_DOMAIN_PART})*(?::[0-9]+)?)/(?P<path>{_COMPONENT}(?:/{_COMPONENT})*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?"
    r"(?:@(?P<digest>[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?"
)
_IDENTIFIER = re.compile(r"[a-f0-9]{64}")


@dataclass(frozen=True, slots=True)
class Reference:
    """A parsed name: domain, path, and a tag and a digest, which may be empty.

    Go: vendor/github.com/docker/distribution/reference/reference.go::Named
    """

    domain: str
    path: str
    tag: str = ""
    digest: str = ""

    @property
    def canonical(self) -> bool:
        """Whether it has a digest.

        Go: vendor/github.com/docker/distribution/reference/reference.go::Canonical
        """
        return bool(self.digest)


def parse_normalized_named(s: str) -> Reference:
    """Parse a name as users write it.

    Raises:
        EngineError: the name is not valid.

    """
    if _IDENTIFIER.fullmatch(s):
        raise EngineError(f"invalid repository name ({s}), cannot specify 64-byte hexadecimal strings")
    domain, remainder = _split_docker_domain(s)
    name = remainder.partition(":")[0]
    if name.lower() != name:
        raise EngineError("invalid reference format: repository name must be lowercase")
    match = _REFERENCE.fullmatch(f"{domain}/{remainder}")
    if match is None:
        raise EngineError("invalid reference format")
    if len(match["domain"]) + 1 + len(match["path"]) > NAME_TOTAL_LENGTH_MAX:
        raise EngineError(f"repository name must not be more than {NAME_TOTAL_LENGTH_MAX} characters")
    return Reference(match["domain"], match["path"], match["tag"] or "", match["digest"] or "")


def tag_name_only(ref: Reference) -> Reference:
    """Add the default tag to a reference without tag and digest.

    Go:
        vendor/github.com/docker/distribution/reference/normalize.go::TagNameOnly
        vendor/github.com/docker/distribution/reference/helpers.go::IsNameOnly
    """
    return ref if ref.tag or ref.digest else replace(ref, tag=DEFAULT_TAG)


def familiar_string(ref: Reference) -> str:
    """Return the reference as users write it, without the default domain."""
    name = f"{ref.domain}/{ref.path}"
    if ref.domain == DEFAULT_DOMAIN:
        owner, _, official = ref.path.partition("/")
        name = official if owner == OFFICIAL_REPOSITORY and "/" not in official else ref.path
    return name + (f":{ref.tag}" if ref.tag else "") + (f"@{ref.digest}" if ref.digest else "")


def _split_docker_domain(name: str) -> tuple[str, str]:
    first, slash, rest = name.partition("/")
    has_domain = bool(slash) and (any(sign in first for sign in ".:") or first == "localhost")
    domain, remainder = (first, rest) if has_domain else (DEFAULT_DOMAIN, name)
    if domain == LEGACY_DEFAULT_DOMAIN:
        domain = DEFAULT_DOMAIN
    if domain == DEFAULT_DOMAIN and "/" not in remainder:
        remainder = f"{OFFICIAL_REPOSITORY}/{remainder}"
    return domain, remainder
