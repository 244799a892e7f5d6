"""`nightsieve demo-data`: the same seed gives the same messages, of all labels, and the database holds them."""

import unicodedata
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import chain

import psycopg2
import pytest
from click.testing import CliRunner

from nightsieve.cli.commands.demo_data import command
from nightsieve.cli.demo_data import LABELS, generate
from nightsieve.cli.demo_data.messages import BLOCK
from nightsieve.cli.demo_data.phrases import labels

UNTIL = datetime(2026, 11, 21, tzinfo=UTC)


def rows(n, seed=0, reviewed=0.05):
    """All messages as tuples: key, body, sender, received_at, label, reviewed."""
    blocks = generate(n, seed, UNTIL, reviewed)
    return list(chain.from_iterable(zip(*block, strict=True) for block in blocks))


@pytest.fixture(scope="module")
def many():
    return rows(2 * BLOCK)


def test_fewer_rows_are_a_prefix_of_more(many):
    assert rows(BLOCK + 7) == many[: BLOCK + 7]


def test_another_seed_gives_other_messages(many):
    other = rows(BLOCK, seed=1)
    assert {row[0] for row in other}.isdisjoint(row[0] for row in many)
    assert [row[1] for row in other] != [row[1] for row in many[:BLOCK]]


def test_shares_of_labels_and_reviews(many):
    shares = {
        label: sum(row[4] == label for row in many) / len(many) for label in LABELS
    }
    assert shares == pytest.approx(
        {"personal": 0.45, "notification": 0.40, "spam": 0.15}, abs=0.02
    )
    assert sum(row[5] for row in many) / len(many) == pytest.approx(0.05, abs=0.01)
    assert all(row[1] is not None for row in many if row[5])
    more = rows(BLOCK, reviewed=0.5)
    assert {row[0] for row in many[:BLOCK] if row[5]} < {
        row[0] for row in more if row[5]
    }


def test_messages_are_as_various_as_real_ones(many):
    bodies = [row[1] for row in many]
    assert all(
        sum(len(family.texts) for family in label.families) >= 40
        for label in labels(LABELS)
    )
    assert 0.6 < len(set(bodies)) / len(bodies) < 0.95
    assert (
        None in bodies
        and "" in bodies
        and max(len(body or "") for body in bodies) > 3000
    )
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
    assert "\N{ZERO WIDTH JOINER}" in text and "\n" in text and "{" not in text
    times = [row[3].astype(datetime).replace(tzinfo=UTC) for row in many]
    assert UNTIL - timedelta(days=30) <= min(times) and max(times) < UNTIL


def test_the_database_holds_the_sample_once(database_url, monkeypatch):
    monkeypatch.setenv("NIGHTSIEVE_DATABASE_URL", database_url)
    for n in (500, 2000, 2000):
        arguments = ["--rows", str(n), "--until", "2026-11-20", "--reviewed", "0.2"]
        result = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert result.stdout.split()[:4] == ["0", "new", "messages", "2,000"]

    expected = rows(2000, reviewed=0.2)
    with (
        closing(psycopg2.connect(database_url)) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT key, body, sender, received_at FROM messages")
        assert set(cursor) == {
            (key, body, sender, at.astype(datetime).replace(tzinfo=UTC))
            for key, body, sender, at, _, _ in expected
        }
        cursor.execute("SELECT message_key, label, source FROM reviews")
        assert set(cursor) == {(row[0], row[4], "truth") for row in expected if row[5]}
