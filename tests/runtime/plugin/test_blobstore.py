"""Blobs by the digest of their content."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from runtime.errdefs import EngineError
from runtime.plugin.blobstore import BasicBlobStore, from_bytes

CONTENT = b"content"
HEX = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def blobs(tmp_path: Path) -> BasicBlobStore:
    return BasicBlobStore(tmp_path / "blobs")


def keep(blobs: BasicBlobStore, content: bytes = CONTENT) -> str:
    with blobs.new() as blob:
        blob.write(content[:3])
        blob.write(content[3:])
        return blob.commit()


def test_a_blob_is_kept_under_its_digest(blobs: BasicBlobStore) -> None:
    digest = keep(blobs)
    assert digest == f"sha256:{HEX}" == from_bytes(CONTENT)
    assert (blobs.path / "sha256" / HEX).read_bytes() == CONTENT
    assert blobs.size(digest) == len(CONTENT)
    with blobs.get(digest) as blob:
        assert blob.read() == CONTENT


def test_a_blob_that_is_given_up_leaves_nothing_behind(blobs: BasicBlobStore) -> None:
    with blobs.new() as blob:
        blob.write(CONTENT)
    assert list((blobs.path / "tmp").iterdir()) == []
    assert not (blobs.path / "sha256").exists()


def test_keeping_the_same_blob_twice_is_fine(blobs: BasicBlobStore) -> None:
    assert keep(blobs) == keep(blobs)


@pytest.mark.parametrize(
    "digest", ["", "x", "sha256:../../etc/passwd", "sha256:" + "A" * 64, "md5:" + "a" * 64]
)
def test_what_is_no_digest_never_leads_out_of_the_store(blobs: BasicBlobStore, digest: str) -> None:
    with pytest.raises(EngineError, match="invalid digest"):
        blobs.get(digest)


def test_garbage_goes_and_what_is_no_blob_stays(blobs: BasicBlobStore) -> None:
    kept, garbage = keep(blobs), keep(blobs, b"garbage")
    foreign = blobs.path / "sha256" / "notes"
    foreign.mkdir()
    blobs.gc({kept})
    assert blobs.size(kept) == len(CONTENT)
    assert not (blobs.path / "sha256" / garbage.removeprefix("sha256:")).exists()
    assert foreign.is_dir()


def test_garbage_is_collected_where_there_is_nothing(blobs: BasicBlobStore) -> None:
    blobs.gc(set())
    assert not (blobs.path / "sha256").exists()
