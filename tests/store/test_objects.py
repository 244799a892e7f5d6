"""S3 itself: whole objects, verified reads, large files, and what a failure says."""

import hashlib
import io
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from nightsieve.store import s3, uploads
from nightsieve.store.objects import ObjectMissing, Store, StoreUnavailable
from pipeline.errors import ArtefactError, StorageError
from tests.support.commands import forget

PART = 5 << 20  # bytes, as small as S3 lets a part be


class Broken(io.BytesIO):
    """A file that cannot be read to its end."""

    def read(self, size: int | None = -1) -> bytes:
        if self.tell() >= 2 * PART:
            raise OSError("the disk is gone")
        return super().read(size)


@pytest.fixture
def store(environment) -> Store:
    return Store.from_environment()


def test_a_store_is_a_value_that_has_one_spelling():
    assert Store("s3://bucket/a/b/") == Store("s3://bucket/a/b")
    assert str(Store("s3://bucket/a/b/")) == "s3://bucket/a/b"
    assert str(Store("s3://bucket/")) == "s3://bucket"
    assert Store("s3://bucket/a").address("k") == "s3://bucket/a/k"
    with pytest.raises(AttributeError):
        Store("s3://bucket").prefix = "other"


@pytest.mark.parametrize("address", ["bucket/prefix", "s3://", "https://bucket/x"])
def test_what_is_not_an_address_is_refused_in_one_line(address):
    with pytest.raises(StorageError, match=f"^{address}: not an S3 address; use s3:"):
        Store(address)


def test_an_unset_variable_is_named(monkeypatch):
    monkeypatch.delenv("NIGHTSIEVE_STORAGE", raising=False)
    with pytest.raises(StorageError, match=r"^NIGHTSIEVE_STORAGE is not set; set it"):
        Store.from_environment()


def test_a_verified_read_names_the_damaged_object_and_what_to_do(store):
    store.write("whole", b"content")
    sha256 = hashlib.sha256(b"content").hexdigest()
    assert store.read_verified("whole", sha256) == b"content"
    store.write("whole", b"conten")
    address = store.address("whole")
    with pytest.raises(ArtefactError) as error:
        store.read_verified("whole", sha256, "fetch it again")
    assert str(error.value) == (
        f"{address}: is not the object that was written; fetch it again"
    )
    with pytest.raises(StorageError, match=f"^{address}s: there is no such object$"):
        store.read("wholes")
    problem = f"^{address}s: there is no such object; fetch it again$"
    with pytest.raises(ArtefactError, match=problem):
        store.read_verified("wholes", sha256, "fetch it again")


def test_listings_give_keys_below_the_prefix_the_last_written_one_last(store):
    assert not store.has_any("a/")
    for key in ("a/2", "a/1", "b/3"):
        store.write(key, b"")
    assert set(store.list_by_time("a/")) == {"a/1", "a/2"}
    assert store.has_any("a/")
    assert store.has_any("a/1")
    assert not store.has_any("a/3")
    assert set(store.last_modified("")) == {"a/1", "a/2", "b/3"}


def test_a_process_keeps_its_client_until_it_disconnects(store, monkeypatch):
    assert not store.exists("a")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    monkeypatch.setenv("NIGHTSIEVE_STORAGE_TIMEOUT", "0")
    assert not store.exists("a")
    forget()
    with pytest.raises(StorageError, match="check AWS_ENDPOINT_URL_S3"):
        store.exists("a")


def test_a_large_file_arrives_whole_or_not_at_all(store, monkeypatch):
    parts = []
    monkeypatch.setattr(uploads, "PART_SIZE", PART)
    client = s3.client()

    def count_part(**call: object) -> None:
        parts.append(call)

    client.meta.events.register("before-call.s3.UploadPart", count_part)
    content = os.urandom(2 * PART + 1)
    with pytest.raises(OSError, match="the disk is gone"):
        store.upload("broken", Broken(content))
    assert not store.exists("broken")
    assert store.list_by_time("") == []
    assert "Uploads" not in client.list_multipart_uploads(
        Bucket=store.bucket, Prefix=store.prefix
    )
    parts.clear()
    store.upload("whole", io.BytesIO(content))
    assert store.read("whole") == content
    assert len(parts) == 3


def test_a_missing_object_and_a_silent_store_are_different_errors(store, monkeypatch):
    with pytest.raises(ObjectMissing):
        store.read("absent")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    monkeypatch.setenv("NIGHTSIEVE_STORAGE_TIMEOUT", "0")
    forget()
    with pytest.raises(StoreUnavailable, match=r"127\.0\.0\.1:1 for 0 s; check AWS_"):
        store.read("absent")


def test_threads_that_begin_at_once_share_a_client(store):
    forget()
    store.write("shared", b"content")
    forget()
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(store.read, ["shared"] * 16)) == {b"content"}
    assert s3._client_of.cache_info().misses == 1
