"""`nightsieve demo-data`: a seed gives the same messages; the database holds them."""

import unicodedata
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np
import psycopg2
import pytest
from click.testing import CliRunner

from nightsieve.cli.commands.demo_data import command
from nightsieve.cli.demo_data import LABELS, generate
from nightsieve.cli.demo_data.messages import BLOCK
from nightsieve.cli.demo_data.phrases import labels

UNTIL = datetime(2026, 11, 21, tzinfo=UTC)


class Message(NamedTuple):
    key: str
    body: str | None
    sender: str
    received_at: np.datetime64
    label: str
    reviewed: bool


def generate_messages(n: int, seed: int = 0, reviewed: float = 0.05) -> list[Message]:
    messages: list[Message] = []
    for block in generate(n, seed, UNTIL, reviewed):
        messages += map(Message._make, zip(*block, strict=True))
    return messages


def in_utc(received_at: np.datetime64) -> datetime:
    return received_at.astype(datetime).replace(tzinfo=UTC)


def reviewed_keys(messages: list[Message]) -> set[str]:
    return {message.key for message in messages if message.reviewed}


@pytest.fixture(scope="module")
def many():
    return generate_messages(2 * BLOCK)


def test_fewer_rows_are_a_prefix_of_more(many):
    assert generate_messages(BLOCK + 7) == many[: BLOCK + 7]


def test_another_seed_gives_other_messages(many):
    other = generate_messages(BLOCK, seed=1)
    keys = {message.key for message in many}
    assert keys.isdisjoint(message.key for message in other)
    bodies = [message.body for message in many[:BLOCK]]
    assert [message.body for message in other] != bodies


def test_shares_of_labels_and_reviews(many):
    counts = Counter(message.label for message in many)
    shares = {label: counts[label] / len(many) for label in LABELS}
    assert shares == pytest.approx(
        {"personal": 0.45, "notification": 0.40, "spam": 0.15}, abs=0.02
    )
    reviewed = [message for message in many if message.reviewed]
    assert len(reviewed) / len(many) == pytest.approx(0.05, abs=0.01)
    assert all(message.body is not None for message in reviewed)
    more = generate_messages(BLOCK, reviewed=0.5)
    assert reviewed_keys(many[:BLOCK]) < reviewed_keys(more)


def test_messages_are_as_various_as_real_ones(many):
    for label in labels(LABELS):
        assert sum(len(family.texts) for family in label.families) >= 40
    bodies = [message.body for message in many]
    assert 0.6 < len(set(bodies)) / len(bodies) < 0.95
    assert None in bodies
    assert "" in bodies
    assert max(len(body or "") for body in bodies) > 3000
    text = "".join(filter(None, bodies))
    scripts = {unicodedata.name(char, "?").split()[0] for char in set(text)}
    assert {
        "LATIN",
        "DEVANAGARI",
        "ARABIC",
        "CYRILLIC",
        "CJK",
        "GREEK",
        "HIRAGANA",
        "HANGUL",
        "TAMIL",
    } <= scripts
    assert "\N{ZERO WIDTH JOINER}" in text
    assert "\n" in text
    assert "{" not in text
    times = [in_utc(message.received_at) for message in many]
    assert UNTIL - timedelta(days=30) <= min(times)
    assert max(times) < UNTIL


def test_the_database_holds_the_sample_once(database_url, monkeypatch):
    monkeypatch.setenv("NIGHTSIEVE_DATABASE_URL", database_url)
    for n in (500, 2000, 2000):
        arguments = ["--rows", str(n), "--until", "2026-11-20", "--reviewed", "0.2"]
        result = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert result.stdout.split()[:4] == ["0", "new", "messages", "2,000"]

    expected = generate_messages(2000, reviewed=0.2)
    with (
        closing(psycopg2.connect(database_url)) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT key, body, sender, received_at FROM messages")
        assert set(cursor) == {
            (message.key, message.body, message.sender, in_utc(message.received_at))
            for message in expected
        }
        cursor.execute("SELECT message_key, label, source FROM reviews")
        assert set(cursor) == {
            (message.key, message.label, "truth")
            for message in expected
            if message.reviewed
        }
