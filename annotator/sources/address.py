"""Addresses of repositories: which ones git may be given, and how they are shown and named."""

from __future__ import annotations

import hashlib
import re
import urllib.parse

from annotator.errors import InvalidInput

SCHEMES = ("https", "http", "git", "ssh")
"""Transports that git may use."""

_SCP = re.compile(r"(?:[\w.][\w.+-]*@)?[A-Za-z0-9][\w.-]*:(?!/*-)[^:\s][^\s]*", re.ASCII)


def is_url(source: str) -> bool:
    """Whether a source is a URL or scp-like address that git may be given.

    Raises:
        InvalidInput: It names a transport or an option that git is never given.
    """
    scheme, separator, rest = source.partition("://")
    if source.startswith("-") or "::" in source or not source.isprintable():
        raise InvalidInput(f"--source {source!r} is neither a URL nor a path; for a folder write ./{source}")
    if not separator:
        return _SCP.fullmatch(source) is not None
    if scheme not in SCHEMES:
        raise InvalidInput(
            f"--source {source!r}: {scheme}:// is not read; "
            f"give an {', '.join(SCHEMES)} URL, or a folder as a path"
        )
    host = rest.partition("/")[0]
    if not host or re.search(r"(?:^|@)-", host):
        raise InvalidInput(f"--source {source!r} names no host")
    return True


def public(url: str) -> str:
    """A URL as it may be shown: without user name, password and the ending `.git`."""
    parts = urllib.parse.urlsplit(url)
    if not parts.scheme or "://" not in url:
        return url
    return (
        parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl().removesuffix("/").removesuffix(".git")
    )


def masked(text: str, url: str) -> str:
    """A text without the user name and password of a URL that it may quote."""
    secret = urllib.parse.urlsplit(url).netloc.rpartition("@")[0] if "://" in url else ""
    return text.replace(f"{secret}@", "") if secret else text


def folder_name(url: str) -> str:
    """A folder name for a URL: what people call it, and a hash so that no two are the same."""
    plain = re.sub(r"[^\w.-]+", "-", url.rstrip("/").removesuffix(".git").rpartition("/")[2])[:40].strip(".-")
    return f"{plain or 'repository'}-{hashlib.sha256(url.encode()).hexdigest()[:12]}"
