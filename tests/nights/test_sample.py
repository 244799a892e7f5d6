"""The messages and votes of a night are read from what the night wrote."""

import pandas as pd
import pytest

from nightsieve.nights.sample import NightSample
from nightsieve.store.artefacts import Artefact
from pipeline.data.codecs import Table
from pipeline.errors import ArtefactError
from pipeline.records.receipt import Receipt
from pipeline.records.sample import Part
from tests.support.memory_store import MemoryStore
from tests.support.stored_objects import ACCOUNT, manifest

BODIES = {"1": "Code 12", "2": "see you", "3": "\u0663 at 9\n\x1b[2J", "4": "tea"}


def write_messages(store: MemoryStore, shard: int, keys: list[str]) -> Part:
    """Write the messages of a shard."""
    undated = pd.Series([pd.NaT] * len(keys), dtype="datetime64[us, UTC]")
    messages = pd.DataFrame(
        {
            "key": pd.Series(keys, dtype="str"),
            "body": pd.Series([BODIES[key] for key in keys], dtype="str"),
            "sender": pd.Series([None] * len(keys), dtype="str"),
            "received_at": undated,
        }
    )
    artefact = Artefact(store, f"messages-{shard}", Table("messages"))
    receipt = artefact.dump(messages, ACCOUNT)
    return Part(
        key=receipt.key, sha256=receipt.sha256, bytes=receipt.bytes, rows=len(keys)
    )


def write_votes(store: MemoryStore, shard: int, keys: list[str]) -> Receipt:
    """Write the votes of a shard: of each message, a rule that has its key."""
    rules = [[f"rule-{key}"] for key in keys]
    votes = pd.DataFrame({"key": keys, "rules": rules}).astype({"key": "str"})
    changes = {"task": "ApplyRules", "parameters": {"shard": str(shard)}}
    account = ACCOUNT.model_copy(update=changes)
    return Artefact(store, f"votes-{shard}", Table("votes")).dump(votes, account)


@pytest.fixture
def sample() -> NightSample:
    """Return shards of three messages and of one; votes are in another order."""
    store = MemoryStore()
    parts = []
    receipts = []
    for shard, keys in enumerate((["1", "2", "3"], ["4"])):
        parts.append(write_messages(store, shard, keys))
        receipts.append(write_votes(store, shard, keys[::-1]))
    night = manifest()
    messages_of_night = night.results.messages.model_copy(
        update={"parts": tuple(parts)}
    )
    results = night.results.model_copy(update={"messages": messages_of_night})
    # Receipts are in the order in which tasks can run, not in the order of shards.
    update = {"results": results, "tasks": tuple(reversed(receipts))}
    return NightSample(store, night.model_copy(update=update))


def test_votes_are_those_of_the_messages_row_by_row(sample):
    assert len(sample) == 4
    shards = list(sample.shards())
    assert [list(messages["key"]) for messages, _ in shards] == [["1", "2", "3"], ["4"]]
    for messages, votes in shards:
        assert list(votes["key"]) == list(messages["key"])
        rules = [list(matching) for matching in votes["rules"]]
        assert rules == [[f"rule-{key}"] for key in messages["key"]]


def test_digits_of_any_script_are_hidden_in_texts(sample):
    assert sample.masked_texts({"1", "3", "unknown"}) == {
        "1": "Code 00",
        "3": "0 at 0\n\x1b[0J",
    }


@pytest.mark.parametrize("key", ["messages-1", "votes-0"])
def test_a_table_that_is_not_what_the_night_wrote_is_refused(sample, key):
    sample.store.objects[key] += b"\0"
    with pytest.raises(ArtefactError, match=f"{key}: is not the object that was"):
        list(sample.shards())
