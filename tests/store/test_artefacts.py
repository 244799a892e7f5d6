"""Objects and their receipts: every read is held against what was written."""

import hashlib
import json

import pandas as pd
import pytest

from nightsieve.store import layout
from nightsieve.store.artefacts import Artefact, ShardedArtefact
from nightsieve.store.objects import RUN_AGAIN
from pipeline.data.codecs import Codec, Json, Raw, RecordJson, Table
from pipeline.errors import ArtefactError
from pipeline.records.receipt import Receipt
from pipeline.records.sample import SampleCounts
from tests.store.made_up import ACCOUNT
from tests.store.memory import MemoryStore, do_nothing

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


class Watched(MemoryStore):
    """A store that writes down what is asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, str]] = []

    def read_with_etag(self, key: str) -> tuple[bytes, str] | None:
        self.asked.append(("GET", key))
        return super().read_with_etag(key)

    def write(self, key: str, content: bytes) -> None:
        self.asked.append(("PUT", key))
        super().write(key, content)

    def delete(self, key: str) -> None:
        self.asked.append(("DELETE", key))
        super().delete(key)


@CODECS
def test_a_value_comes_back_as_it_was_for_one_more_small_request(codec, value):
    store = Watched()
    written = Artefact(store, "a/b", codec).dump(value, ACCOUNT)
    assert store.asked == [("PUT", "a/b.receipt.json"), ("PUT", "a/b")]
    store.asked.clear()
    artefact = Artefact(store, "a/b", codec)
    loaded = artefact.load()
    assert codec.encode(loaded) == codec.encode(value)
    assert store.asked == [("GET", "a/b.receipt.json"), ("GET", "a/b")]
    assert artefact.receipt() == written
    content = store.objects["a/b"]
    assert artefact.verified_bytes() == content
    assert len(store.asked) == 3  # the receipt is read once
    assert written.sha256 == hashlib.sha256(content).hexdigest()
    assert (written.key, written.bytes) == ("a/b", len(content))
    assert written.rows_out == (3 if isinstance(codec, Table) else None)
    assert ACCOUNT.model_dump().items() <= written.model_dump().items()


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


def test_an_object_that_is_missing_is_said_to_be():
    artefact = Artefact(MemoryStore(), "a/b", Json())
    assert not artefact.exists() and artefact.find_verified_bytes() is None
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


def test_who_is_killed_between_two_contents_of_one_key_leaves_none():
    store = Watched()
    Artefact(store, "a/b", Json(), replaceable=True).dump({"version": 1}, ACCOUNT)
    whole = {}
    for deadly in range(1, 5):
        requests = iter(range(1, 9))

        def count(requests=requests, deadly=deadly) -> None:
            if next(requests) == deadly:
                raise KeyboardInterrupt

        store.before = count
        try:
            again = Artefact(store, "a/b", Json(), replaceable=True)
            again.dump({"version": deadly}, ACCOUNT)
        except KeyboardInterrupt:
            pass
        finally:
            store.before = do_nothing
        content = Artefact(store, "a/b", Json()).find_verified_bytes()
        whole[deadly] = content and json.loads(content)["version"]
    assert whole == {1: 1, 2: None, 3: None, 4: 4}


def test_parts_are_held_against_the_manifest_that_is_written_last(tmp_path):
    store = Watched()
    store.upload = lambda key, file: store.write(key, file.read())
    files = []
    for index, keys in enumerate(["a", "bc"]):
        table = CLEANED[CLEANED["key"].isin(list(keys))].reset_index(drop=True)
        files.append(tmp_path / str(index))
        files[-1].write_bytes(Table("cleaned").encode(table))
    artefact = ShardedArtefact(store, "in/m.json", part_codec=Table("cleaned"))
    receipt = artefact.dump_parts(files, [1, 2], COUNTS, ACCOUNT)
    assert receipt.rows_out == 3
    *parts, receipt_key, key = [key for _, key in store.asked]
    assert (receipt_key, key) == (layout.receipt("in/m.json"), "in/m.json")
    assert [part.key for part in artefact.manifest.parts] == parts
    assert all(part.startswith("in/m/part-0000") for part in parts)
    assert artefact.manifest.counts == COUNTS
    store.asked.clear()
    assert artefact.load_shard(1)["key"].tolist() == ["b", "c"]
    assert store.asked == [("GET", parts[1])]  # its sha256 is in the manifest
    store.objects[parts[1]] = store.objects[parts[0]]
    for problem in ("is not the object that was written", "there is no such object"):
        with pytest.raises(ArtefactError) as error:
            artefact.load_shard(1)
        assert str(error.value) == (
            f"s3://memory/{parts[1]}: {problem}; delete s3://memory/in/m.json and run "
            "the night again; for a finished night: nightsieve runs repair DATE"
        )
        store.objects.pop(parts[1], None)


def test_a_receipt_is_json_in_one_way():
    receipt = Receipt(key="a", sha256="b", bytes=1, rows_out=None, **dict(ACCOUNT))
    assert Receipt.from_json(receipt.to_json()) == receipt
