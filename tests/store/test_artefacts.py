"""Objects and their receipts: every read is checked against what was written."""

import contextlib
import hashlib
import io
import itertools
import json
import pickle
import zipfile
from collections.abc import Callable

import pandas as pd
import pytest

from nightsieve.store import layout
from nightsieve.store.artefacts import Artefact, ShardedArtefact
from nightsieve.store.objects import RUN_AGAIN
from pipeline.data.codecs import Codec, FittedNpz, Json, Npz, Raw, RecordJson, Table
from pipeline.errors import ArtefactError
from pipeline.records.receipt import Receipt
from pipeline.records.sample import SampleCounts
from tests.support.memory_store import MemoryStore, do_nothing
from tests.support.stored_objects import ACCOUNT


def zip_files(files: dict[str, bytes]) -> bytes:
    """Return a ZIP archive of these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


COUNTS = SampleCounts(sampled=3, null_bodies=0, oversized_bodies=0, kept=3)
CLEANED = pd.DataFrame({"key": ["a", "b", "c"], "text": ["x", "y", "z"]})
VALUES: list[tuple[Codec, object]] = [
    (Json(), {"a": 1}),
    (Raw("json"), b"{}"),
    (RecordJson(SampleCounts), COUNTS),
    (Table("cleaned"), CLEANED),
]
CODECS = pytest.mark.parametrize(
    ("codec", "value"), VALUES, ids=[type(codec).__name__ for codec, _ in VALUES]
)


class RecordingStore(MemoryStore):
    """A store that records its requests."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[tuple[str, str]] = []

    def read_with_etag(self, key: str) -> tuple[bytes, str] | None:
        self.requests.append(("GET", key))
        return super().read_with_etag(key)

    def exists(self, key: str) -> bool:
        self.requests.append(("HEAD", key))
        return super().exists(key)

    def write(self, key: str, content: bytes) -> None:
        self.requests.append(("PUT", key))
        super().write(key, content)

    def delete(self, key: str) -> None:
        self.requests.append(("DELETE", key))
        super().delete(key)


@CODECS
def test_a_value_is_read_back_with_one_more_small_request(codec, value):
    store = RecordingStore()
    written = Artefact(store, "a/b", codec).dump(value, ACCOUNT)
    assert store.requests == [
        ("HEAD", "a/b"),
        ("PUT", "a/b.receipt.json"),
        ("PUT", "a/b"),
    ]
    store.requests.clear()
    artefact = Artefact(store, "a/b", codec)
    loaded = artefact.load()
    assert codec.encode(loaded) == codec.encode(value)
    assert store.requests == [("GET", "a/b.receipt.json"), ("GET", "a/b")]
    assert artefact.receipt() == written
    content = store.objects["a/b"]
    assert artefact.verified_bytes() == content
    assert len(store.requests) == 3  # the receipt is read once
    assert written.sha256 == hashlib.sha256(content).hexdigest()
    assert (written.key, written.bytes) == ("a/b", len(content))
    assert written.rows_out == (3 if isinstance(codec, Table) else None)
    assert ACCOUNT.model_dump().items() <= written.model_dump().items()


def kill_at(last_request: int) -> Callable[[], None]:
    """Return what kills a process ahead of this request."""
    requests = itertools.count(1)

    def kill() -> None:
        if next(requests) == last_request:
            raise KeyboardInterrupt

    return kill


@CODECS
@pytest.mark.parametrize("damage", [b"", b"other"])
def test_a_damaged_object_is_one_error_for_every_codec(codec, value, damage):
    store = MemoryStore()
    Artefact(store, "a/b", codec).dump(value, ACCOUNT)
    store.objects["a/b"] = damage
    artefact = Artefact(store, "a/b", codec)
    for read in (artefact.load, artefact.verified_bytes, artefact.find_verified_bytes):
        with pytest.raises(ArtefactError) as error:
            read()
        assert str(error.value) == (
            "s3://memory/a/b: is not the object that was written; delete it and run "
            "the night again; for a finished night: nightsieve runs repair DATE"
        )


@pytest.mark.parametrize(
    ("receipt", "problem"),
    [
        (None, "s3://memory/a/b: has no receipt; delete it"),
        (b"{", "s3://memory/a/b.receipt.json: is not whole JSON; it was damaged"),
        (b"{}", "s3://memory/a/b.receipt.json: does not hold what this version writes"),
    ],
)
def test_an_object_whose_receipt_is_missing_or_damaged_is_not_read(receipt, problem):
    store = MemoryStore()
    Artefact(store, "a/b", Json()).dump({}, ACCOUNT)
    del store.objects["a/b.receipt.json"]
    if receipt is not None:
        store.objects["a/b.receipt.json"] = receipt
    artefact = Artefact(store, "a/b", Json())
    for read in (artefact.load, artefact.receipt, artefact.find_verified_bytes):
        with pytest.raises(ArtefactError) as error:
            read()
        assert str(error.value).startswith(problem)
        assert str(error.value).endswith(RUN_AGAIN)


def test_a_missing_object_is_an_error_with_a_remedy():
    artefact = Artefact(MemoryStore(), "a/b", Json())
    assert not artefact.exists()
    assert artefact.find_verified_bytes() is None
    for read in (artefact.load, artefact.receipt):
        with pytest.raises(ArtefactError) as error:
            read()
        assert str(error.value) == (
            "s3://memory/a/b: there is no such object; run the night again; for a "
            "finished night: nightsieve runs repair DATE"
        )


def test_an_object_with_other_fields_than_this_version_s_names_the_key():
    store = MemoryStore()
    Artefact(store, "a/b", Json()).dump({"sampled": 1, "extra": 2}, ACCOUNT)
    with pytest.raises(ArtefactError) as error:
        Artefact(store, "a/b", RecordJson(SampleCounts)).load()
    message = str(error.value)
    assert message.startswith("s3://memory/a/b: does not hold what this version")
    assert message.endswith(f"; {RUN_AGAIN}")


def test_a_table_that_fails_its_schema_names_the_key_and_leaves_no_object():
    store = MemoryStore()
    wrong = CLEANED.rename(columns={"text": "words"})
    with pytest.raises(ArtefactError, match="table cleaned"):
        Artefact(store, "a/b", Table("cleaned")).dump(wrong, ACCOUNT)
    assert store.objects == {}
    content = wrong.to_parquet(index=False)
    Artefact(store, "a/b", Raw("parquet")).dump(content, ACCOUNT)
    with pytest.raises(ArtefactError) as error:
        Artefact(store, "a/b", Table("cleaned")).load()
    assert str(error.value).startswith("s3://memory/a/b: table cleaned: column ")


def test_a_process_killed_while_it_replaces_an_object_leaves_none():
    store = RecordingStore()
    Artefact(store, "a/b", Json(), replaceable=True).dump({"version": 1}, ACCOUNT)
    versions = {}
    for last_request in range(1, 5):
        store.before = kill_at(last_request)
        with contextlib.suppress(KeyboardInterrupt):
            again = Artefact(store, "a/b", Json(), replaceable=True)
            again.dump({"version": last_request}, ACCOUNT)
        store.before = do_nothing
        content = Artefact(store, "a/b", Json()).find_verified_bytes()
        versions[last_request] = None
        if content is not None:
            versions[last_request] = json.loads(content)["version"]
    assert versions == {1: 1, 2: None, 3: None, 4: 4}


def test_an_artefact_that_is_there_is_not_written_again():
    store = RecordingStore()
    first = Artefact(store, "a/b", Json()).dump({"seconds": 1}, ACCOUNT)
    written = dict(store.objects)
    store.requests.clear()
    # A worker that was given up still writes, and measured other seconds.
    second = Artefact(store, "a/b", Json()).dump({"seconds": 2}, ACCOUNT)
    assert second == first
    assert store.objects == written
    assert store.requests == [("HEAD", "a/b"), ("GET", "a/b.receipt.json")]
    assert Artefact(store, "a/b", Json()).load() == {"seconds": 1}


@pytest.mark.parametrize("receipt", [None, b"", b"{}"])
def test_an_object_whose_receipt_is_damaged_is_written_again(receipt):
    store = MemoryStore()
    Artefact(store, "a/b", Json()).dump({"seconds": 1}, ACCOUNT)
    del store.objects["a/b.receipt.json"]
    if receipt is not None:
        store.objects["a/b.receipt.json"] = receipt
    Artefact(store, "a/b", Json()).dump({"seconds": 2}, ACCOUNT)
    assert Artefact(store, "a/b", Json()).load() == {"seconds": 2}


def test_a_given_up_worker_that_dies_after_its_receipt_damages_nothing(monkeypatch):
    store = MemoryStore()
    Artefact(store, "a/b", Json()).dump({"seconds": 1}, ACCOUNT)
    write = store.write

    def die_after(key: str, content: bytes) -> None:
        write(key, content)
        raise KeyboardInterrupt

    monkeypatch.setattr(store, "write", die_after)
    with contextlib.suppress(KeyboardInterrupt):
        Artefact(store, "a/b", Json()).dump({"seconds": 2}, ACCOUNT)
    assert Artefact(store, "a/b", Json()).load() == {"seconds": 1}


@pytest.mark.parametrize("read", ["load", "find_verified_bytes"])
@pytest.mark.parametrize("is_known", [True, False])
def test_a_reader_whose_object_is_replaced_reads_both_again(read, is_known):
    store = MemoryStore()
    Artefact(store, "a/b", Json(), replaceable=True).dump({"version": 1}, ACCOUNT)
    artefact = Artefact(store, "a/b", Json(), replaceable=True)
    if is_known:
        artefact.receipt()
    requests = []
    object_request = 1 if is_known else 2

    def replace() -> None:
        requests.append(None)
        if len(requests) == object_request:  # between the receipt and the object
            store.before = do_nothing
            again = Artefact(store, "a/b", Json(), replaceable=True)
            again.dump({"version": 2}, ACCOUNT)

    store.before = replace
    value = getattr(artefact, read)()
    assert value in ({"version": 2}, Json().encode({"version": 2}))
    assert store.before is do_nothing
    assert artefact.receipt().sha256 == hashlib.sha256(store.objects["a/b"]).hexdigest()


@pytest.mark.parametrize("read", ["load", "find_verified_bytes", "receipt"])
def test_a_reader_that_is_ahead_of_the_receipt_reads_it_again(read):
    store = MemoryStore()
    requests = []

    def write() -> None:
        requests.append(None)
        if len(requests) == 2:  # it looked for the receipt, in vain
            store.before = do_nothing
            Artefact(store, "a/b", Json()).dump({"a": 1}, ACCOUNT)

    store.before = write
    assert getattr(Artefact(store, "a/b", Json()), read)()


def test_the_receipt_of_another_object_is_refused():
    store = MemoryStore()
    for key in ("a/b", "a/c"):
        Artefact(store, key, Json()).dump({}, ACCOUNT)
    store.objects["a/b.receipt.json"] = store.objects["a/c.receipt.json"]
    artefact = Artefact(store, "a/b", Json())
    for read in (artefact.load, artefact.receipt, artefact.find_verified_bytes):
        with pytest.raises(ArtefactError) as error:
            read()
        assert str(error.value) == (
            f"s3://memory/a/b.receipt.json: is the receipt of a/c; {RUN_AGAIN}"
        )


@pytest.mark.parametrize(
    ("codec", "content"),
    [
        (Table("cleaned"), b"PAR1 hush"),
        (Npz(), b"PK\x03\x04 hush"),
        (Npz(), zip_files({"hush.npy": b"hush"})),
        (Npz(), zip_files({})),
        (FittedNpz(), b"PK\x03\x04 hush"),
        (FittedNpz(), zip_files({"hush.npy": b"hush"})),
        (FittedNpz(), pickle.dumps({"hush"})),
        (Json(), b'{"hush'),
        (Json(), b"\xff hush"),
    ],
)
def test_bytes_that_a_codec_cannot_read_are_one_error(codec, content):
    store = MemoryStore()
    Artefact(store, "a/b", Raw("bin")).dump(content, ACCOUNT)
    with pytest.raises(ArtefactError) as error:
        Artefact(store, "a/b", codec).load()
    message = str(error.value)
    assert message.startswith("s3://memory/a/b: cannot be decoded (")
    assert message.endswith(f"); {RUN_AGAIN}")
    cause = error.value.__cause__
    assert cause is not None
    assert f"({type(cause).__name__})" in message
    assert "hush" not in message


def test_a_lack_of_memory_is_not_a_damaged_object(monkeypatch):
    def decode(codec: Json, content: bytes) -> None:
        raise MemoryError

    store = MemoryStore()
    Artefact(store, "a/b", Json()).dump({}, ACCOUNT)
    monkeypatch.setattr(Json, "decode", decode)
    with pytest.raises(MemoryError):
        Artefact(store, "a/b", Json()).load()


def test_parts_are_checked_against_the_manifest_that_is_written_last(tmp_path):
    store = RecordingStore()
    files = []
    for index, keys in enumerate(["a", "bc"]):
        table = CLEANED[CLEANED["key"].isin(list(keys))].reset_index(drop=True)
        file = tmp_path / str(index)
        file.write_bytes(Table("cleaned").encode(table))
        files.append(file)
    artefact = ShardedArtefact(store, "in/m.json", part_codec=Table("cleaned"))
    receipt = artefact.dump_parts(files, [1, 2], COUNTS, ACCOUNT)
    assert receipt.rows_out == 3
    keys_put = [key for method, key in store.requests if method == "PUT"]
    *parts, receipt_key, key = keys_put
    assert (receipt_key, key) == (layout.receipt("in/m.json"), "in/m.json")
    assert [part.key for part in artefact.manifest.parts] == parts
    assert all(part.startswith("in/m/part-0000") for part in parts)
    assert artefact.manifest.counts == COUNTS
    store.requests.clear()
    assert artefact.load_shard(1)["key"].tolist() == ["b", "c"]
    assert store.requests == [("GET", parts[1])]  # its sha256 is in the manifest
    store.objects[parts[1]] = store.objects[parts[0]]
    for problem in ("is not the object that was written", "there is no such object"):
        with pytest.raises(ArtefactError) as error:
            artefact.load_shard(1)
        assert str(error.value) == (
            f"s3://memory/{parts[1]}: {problem}; delete s3://memory/in/m.json and run "
            "the night again; for a finished night: nightsieve runs repair DATE"
        )
        store.objects.pop(parts[1], None)


def test_a_receipt_is_read_back_from_its_json():
    receipt = Receipt(key="a", sha256="b", bytes=1, rows_out=None, **dict(ACCOUNT))
    assert Receipt.from_json(receipt.to_json()) == receipt
