"""Messages are erased from every object of a night, and every read still succeeds."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightsieve.database import erasure
from nightsieve.database.erasure import ErasedRows
from nightsieve.nights.find import find_night
from nightsieve.nights.forget import Forgotten, forget_messages
from nightsieve.nights.repair import repair_nights
from nightsieve.nights.retention import erase_old_messages
from nightsieve.nights.sample import NightSample
from nightsieve.store import layout
from nightsieve.store.artefacts import Artefact
from nightsieve.store.receipts import UnsignedReceipt, open_receipt
from nightsieve.store.reports import read_report
from pipeline.data.codecs import Npz, RecordJson, Table
from pipeline.errors import ConfigError
from pipeline.records.run import ModelDifference
from pipeline.text.masking import hides, mask
from tests.support.erasable_night import (
    COMMON_KEY,
    KEY,
    MASKED,
    SHARDS,
    WORDS,
    write_night,
)
from tests.support.memory_store import MemoryStore
from tests.support.nights import assert_whole
from tests.support.stored_objects import NIGHT
from tests.tasks.canaries import decode

KEYS = [KEY, COMMON_KEY]
LATER = NIGHT + datetime.timedelta(days=8)


class Killed(BaseException):
    """What happens to a process that is killed."""


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> MemoryStore:
    """A store with one night; the database has none of its messages."""
    nothing = ErasedRows(tables=[], keys=set())
    for name in ("count", "erase"):
        monkeypatch.setattr(erasure, name, lambda _: nothing)
    store = MemoryStore()
    write_night(store)
    return store


def holders(store: MemoryStore, *words: str) -> list[str]:
    """Return the keys of the objects that hold one of the words, decoded or not."""
    return [
        key
        for key, content in store.objects.items()
        if any(word in decode(key, content).casefold() for word in words)
    ]


def assert_sound(store: MemoryStore) -> None:
    """Require that every verified read succeeds, also by what the run manifest says."""
    assert_whole(store.objects)
    (repair,) = repair_nights(store, NIGHT)
    assert repair.damage == ()
    sample = NightSample(store, find_night(store, NIGHT))
    assert [len(votes) for _, votes in sample.shards()] == list(map(len, SHARDS))
    assert read_report(store, layout.Run(NIGHT, find_night(store, NIGHT).config))


def receipts(store: MemoryStore) -> dict[str, int]:
    """Return how many rows each receipt says were erased, without those of none."""
    erased = {}
    for key, content in store.objects.items():
        if layout.is_receipt(key) and open_receipt(content).erased:
            erased[layout.described(key).partition("-9f3a")[0]] = open_receipt(
                content
            ).erased
    return erased


def test_a_message_is_in_no_object_after_it_was_forgotten(store):
    assert len(holders(store, *WORDS)) == 7
    assert len(holders(store, KEY)) == 6
    forgotten = forget_messages(store, KEYS)
    assert holders(store, *WORDS, *KEYS) == []
    assert (forgotten.unknown, forgotten.removed, forgotten.damaged) == ([], [], [])
    assert_sound(store)
    manifest = find_night(store, NIGHT)
    assert manifest.erased == 2
    assert receipts(store)["ingest/messages"] == 2
    assert receipts(store)["preprocessing/training-set"] == 1
    run = layout.Run(NIGHT, manifest.config)
    (page,) = read_report(store, run).values()
    assert b"2 messages were erased later" in page
    assert MASKED.encode() not in page
    assert "████ other".encode() in page


def test_other_messages_stay_as_they_are(store):
    forget_messages(store, KEYS)
    sample = NightSample(store, find_night(store, NIGHT))
    for shard, (messages, votes) in enumerate(sample.shards()):
        for row, (key, body, sender, rules) in enumerate(SHARDS[shard]):
            assert list(votes["rules"][row]) == rules
            if key in KEYS:
                assert messages["key"][row] == f"erased-{shard}-{row}"
                assert messages.loc[row, ["sender", "received_at"]].isna().all()
                assert messages["body"][row] == ""
            else:
                assert messages["key"][row] == key
                assert messages["body"][row] == body
                assert messages["sender"].fillna("")[row] == (sender or "")


def test_a_text_that_another_message_has_stays(store):
    """The common text is that of message 3, too."""
    forget_messages(store, [COMMON_KEY])
    training = Artefact(store, "preprocessing/training-set-9f3a.npz", Npz()).load()
    assert len(training.offsets) == 5
    assert {"see", "you"} < set(training.vocabulary)
    evaluation = Artefact(
        store, "preprocessing/evaluation-set-9f3a.parquet", Table("evaluation_set")
    ).load()
    assert "See you" in set(evaluation["body"])
    forget_messages(store, ["3", "4"])
    training = Artefact(store, "preprocessing/training-set-9f3a.npz", Npz()).load()
    assert not {"see", "you", "at"} & set(training.vocabulary)
    assert len(training) == 4


def test_the_same_again_changes_nothing(store):
    forget_messages(store, KEYS)
    before = dict(store.objects)
    again = forget_messages(store, KEYS)
    assert store.objects == before
    assert again.unknown == KEYS
    assert again.objects == again.nights == []


def test_a_dry_run_changes_nothing_and_names_the_same_objects(store):
    before = dict(store.objects)
    looked = forget_messages(store, [*KEYS, "9"], dry_run=True)
    assert store.objects == before
    assert looked.unknown == ["9"]
    done = forget_messages(store, KEYS)
    assert _counts(looked) == _counts(done)


def _counts(forgotten: Forgotten) -> dict[str, int]:
    return {object_.address: object_.rows for object_ in forgotten.objects}


class KillableStore(MemoryStore):
    """A store whose process is killed before it changes something."""

    def __init__(self, objects: dict[str, bytes], changes: int):
        super().__init__()
        self.objects = dict(objects)
        self.changes = changes

    def write(self, key: str, content: bytes) -> None:
        self._change()
        super().write(key, content)

    def delete(self, key: str) -> None:
        self._change()
        super().delete(key)

    def _change(self) -> None:
        self.changes -= 1
        if self.changes < 0:
            raise Killed


def forget_all(store: MemoryStore) -> None:
    forget_messages(store, KEYS)


def erase_old(store: MemoryStore) -> None:
    erase_old_messages(store, LATER, days=7)


@pytest.mark.parametrize("command", [forget_all, erase_old])
def test_after_a_kill_before_any_write_the_same_command_goes_on(store, command):
    whole = dict(store.objects)
    command(store)
    for changes in range(1_000):
        killed = KillableStore(whole, changes)
        try:
            command(killed)
        except Killed:
            store_again = KillableStore(killed.objects, 1_000)
            command(store_again)
            assert store_again.objects == store.objects, changes
        else:
            break
    assert changes > 20
    assert holders(store, *WORDS) == []
    assert_sound(store)


def test_a_killed_ingest_and_a_killed_replay_are_searched_too(store):
    part = next(key for key in store.objects if "/part-00000-" in key)
    left = part.replace("messages-9f3a/", "messages-77/")
    store.objects[left] = store.objects[part]
    whole = {f"replays/01ab/{key}": body for key, body in store.objects.items()}
    memory = MemoryStore()
    memory.objects = whole
    forget_messages(store, KEYS)
    assert left not in store.objects
    assert holders(store, *WORDS) == []


def test_a_damaged_object_that_holds_messages_is_removed(store):
    cleaned = "preprocessing/cleaned-9f3a0.parquet"
    store.objects[cleaned] = store.objects[cleaned][:-9]
    forgotten = forget_messages(store, KEYS)
    assert forgotten.removed == [store.address(cleaned)]
    assert cleaned not in store.objects
    assert layout.receipt(cleaned) not in store.objects


def test_a_dry_run_goes_on_over_a_damaged_object(store):
    damaged = "preprocessing/cleaned-9f3a1.parquet"
    store.objects[damaged] = b"damaged"
    before = dict(store.objects)
    assert forget_messages(store, KEYS, dry_run=True).removed == [
        store.address(damaged)
    ]
    assert store.objects == before


def test_a_damaged_manifest_is_told_and_left(store):
    (key,) = [
        key
        for key in store.objects
        if key.startswith("runs/") and not layout.is_receipt(key)
    ]
    store.objects[key] = store.objects[key].replace(b'"texts": 9', b'"texts": 8')
    forgotten = forget_messages(store, KEYS)
    assert holders(store, *WORDS) == []
    (problem,) = forgotten.damaged
    assert problem.startswith(f"{store.address(key)}: is not the object")


def test_signed_receipts_need_their_key(store, monkeypatch):
    monkeypatch.setenv("NIGHTSIEVE_RECEIPT_KEY", "0f" * 16)
    store.objects.clear()
    write_night(store)
    monkeypatch.delenv("NIGHTSIEVE_RECEIPT_KEY")
    before = dict(store.objects)
    with pytest.raises(ConfigError, match="NIGHTSIEVE_RECEIPT_KEY: is not set"):
        forget_messages(store, KEYS)
    assert store.objects == before
    monkeypatch.setenv("NIGHTSIEVE_RECEIPT_KEY", "0f" * 16)
    forget_messages(store, KEYS)
    assert_sound(store)


def test_receipts_without_a_signature_are_to_be_signed_first(store, monkeypatch):
    monkeypatch.setenv("NIGHTSIEVE_RECEIPT_KEY", "0f" * 16)
    before = dict(store.objects)
    with pytest.raises(UnsignedReceipt, match="sign it: nightsieve runs sign"):
        forget_messages(store, KEYS)
    assert store.objects == before


def test_the_messages_of_an_old_night_are_erased_and_its_keys_stay(store):
    nothing = erase_old_messages(store, LATER, days=8)
    assert nothing.nights == nothing.problems == []
    assert erase_old_messages(store, LATER, days=None).nights == []
    retention = erase_old_messages(store, LATER, days=7)
    assert [run.date for run in retention.nights] == [NIGHT]
    assert holders(store, "prize", "see", *WORDS) == []
    assert len(holders(store, KEY)) == 6
    assert_sound(store)
    assert find_night(store, NIGHT).erased == 5
    difference = Artefact(
        store, "report/comparison-9f3a.json", RecordJson(ModelDifference)
    ).load()
    assert difference.churned == ()


def test_objects_without_a_signature_are_named_and_stay(store, monkeypatch):
    monkeypatch.setenv("NIGHTSIEVE_RECEIPT_KEY", "0f" * 16)
    before = dict(store.objects)
    retention = erase_old_messages(store, LATER, days=1)
    assert retention.nights == []
    assert any("nightsieve runs sign" in problem for problem in retention.problems)
    assert store.objects == before


def test_what_killed_nights_left_goes_when_it_is_old(store):
    for key in list(store.objects):
        if key.startswith(("runs/", "reports/", "ingest/messages-9f3a.json")):
            del store.objects[key]
    store.objects["replays/01ab/ingest/reviews-1.parquet"] = b"zqbcanary"
    before = dict(store.objects)
    erase_old_messages(store, LATER, days=1)
    assert store.objects == before
    store.old = set(store.objects)
    retention = erase_old_messages(store, LATER, days=1)
    assert retention.problems == []
    left = holders(store, *WORDS)
    assert [key.partition("-")[0] for key in left] == []


@given(st.lists(st.text("abc1", min_size=1), min_size=1, max_size=6), st.data())
def test_a_masked_text_is_known_again(tokens, data):
    text = " ".join(tokens)
    weights = {token: data.draw(st.floats(0, 1)) for token in tokens}
    assert hides(mask(text, weights, data.draw(st.floats(0, 0.99))), text)
