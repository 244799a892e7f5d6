"""The messages and votes of a night, read back from what the night wrote."""

import hashlib

import pandas as pd
import pytest

from nightsieve.nights.sample import NightSample
from pipeline.data.codecs import Table
from pipeline.errors import ArtefactError
from pipeline.records.receipt import Receipt
from pipeline.records.sample import Part
from tests.support.memory_store import MemoryStore
from tests.support.stored_objects import ACCOUNT, manifest

BODIES = {"1": "Code 12", "2": "see you", "3": "\u0663 at 9\n\x1b[2J", "4": "tea"}


def write(store: MemoryStore, key: str, schema: str, table: pd.DataFrame) -> dict:
    """Write a table; return what a manifest says of it."""
    content = Table(schema).encode(table)
    store.write(key, content)
    sha256 = hashlib.sha256(content).hexdigest()
    return {"key": key, "sha256": sha256, "bytes": len(content)}


@pytest.fixture
def sample() -> NightSample:
    """Two shards, of three messages and one; votes are in another order."""
    store = MemoryStore()
    parts = []
    receipts = []
    for shard, keys in enumerate((["1", "2", "3"], ["4"])):
        undated = pd.Series([pd.NaT] * len(keys), dtype="datetime64[us, UTC]")
        messages = pd.DataFrame(
            {
                "key": pd.Series(keys, dtype="str"),
                "body": pd.Series([BODIES[key] for key in keys], dtype="str"),
                "sender": pd.Series([None] * len(keys), dtype="str"),
                "received_at": undated,
            }
        )
        written = write(store, f"messages-{shard}", "messages", messages)
        parts.append(Part(rows=len(keys), **written))
        votes = pd.DataFrame(
            {"key": keys[::-1], "rules": [[f"rule-{key}"] for key in keys[::-1]]}
        ).astype({"key": "str"})
        written = write(store, f"votes-{shard}", "votes", votes)
        account = {**dict(ACCOUNT), "task": "ApplyRules"}
        account["parameters"] = {"shard": str(shard)}
        receipts.append(Receipt(**account, **written, rows_out=len(keys)))
    night = manifest()
    messages_of_night = night.results.messages.model_copy(
        update={"parts": tuple(parts)}
    )
    results = night.results.model_copy(update={"messages": messages_of_night})
    # Receipts come in the order in which tasks can run, not in that of the shards.
    update = {"results": results, "tasks": tuple(reversed(receipts))}
    return NightSample(store, night.model_copy(update=update))


def test_votes_are_those_of_the_messages_row_by_row(sample):
    assert len(sample) == 4
    shards = list(sample.shards())
    assert [list(messages["key"]) for messages, _ in shards] == [["1", "2", "3"], ["4"]]
    for messages, votes in shards:
        assert list(votes["key"]) == list(messages["key"])
        assert [list(rules) for rules in votes["rules"]] == [
            [f"rule-{key}"] for key in messages["key"]
        ]


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
