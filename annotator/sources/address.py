"""Addresses of repositories: which ones git may be given, and how they are shown and named."""

from __future__ import annotations

import hashlib
import re
import urllib.parse

from annotator.errors import InvalidInput, shortened

SCHEMES = ("https", "http", "git", "ssh")
"""Transports that git may use."""

LONGEST = 4096
"""Characters that a URL or path may have."""

_SCP = re.compile(r"(?:[\w.][\w.+-]*@)?[A-Za-z0-9][\w.-]*:(?!/*-)[^:\s][^\s]*", re.ASCII)


def without_scheme(source: str) -> str:
    """The path that a `file://` URL of this machine names; anything else as it is."""
    host, slash, path = source.removeprefix("file://").partition("/")
    is_path = source.startswith("file://") and slash and host in ("", "localhost")
    return urllib.parse.unquote(f"/{path}") if is_path else source


def is_url(source: str) -> bool:
    """Whether a source is a URL or scp-like address that git may be given.

    Raises:
        InvalidInput: It names a transport or an option that git is never given.
    """
    if len(source) > LONGEST:
        raise InvalidInput(f"--source {shortened(source)!r} is longer than any URL or path")
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
    if re.search(r"(?:^|@)-", host) or not _is_sound(source):
        shown = re.sub(r"://[^/]*@", "://", source)
        raise InvalidInput(f"--source {shown!r} names no host that can be asked")
    return True


def _is_sound(url: str) -> bool:
    """Whether a URL can be taken apart: it has a host, brackets hold an address, a port is a number."""
    try:
        parts = urllib.parse.urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


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
