"""`nightsieve demo-data`: a seed gives the same messages; the database holds them."""

import unicodedata
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pandas as pd
import psycopg2
import pytest
from click.testing import CliRunner

from nightsieve.cli.commands.demo_data import command
from nightsieve.cli.demo_data import LABELS, generate
from nightsieve.cli.demo_data.messages import BLOCK
from nightsieve.cli.demo_data.phrases import labels

UNTIL = datetime(2026, 11, 21, tzinfo=UTC)
SCRIPTS = {
    "LATIN",
    "DEVANAGARI",
    "ARABIC",
    "CYRILLIC",
    "CJK",
    "GREEK",
    "HIRAGANA",
    "HANGUL",
    "TAMIL",
}


def generate_messages(n: int, seed: int = 0, reviewed: float = 0.05) -> pd.DataFrame:
    """Return a row for each message, with the members of a block as columns."""
    tables = []
    for block in generate(n, seed, UNTIL, reviewed):
        bodies = pd.Series(block.bodies, dtype=object)
        tables.append(pd.DataFrame(block._asdict()).assign(bodies=bodies))
    messages = pd.concat(tables, ignore_index=True)
    messages["received_at"] = messages["received_at"].dt.tz_localize(UTC)
    return messages


@pytest.fixture(scope="module")
def many() -> pd.DataFrame:
    return generate_messages(2 * BLOCK)


def test_fewer_rows_are_a_prefix_of_more(many):
    fewer = generate_messages(BLOCK + 7)
    pd.testing.assert_frame_equal(fewer, many.head(BLOCK + 7))


def test_another_seed_gives_other_messages(many):
    other = generate_messages(BLOCK, seed=1)
    assert set(other["keys"]).isdisjoint(many["keys"])
    assert other["bodies"].tolist() != many["bodies"].head(BLOCK).tolist()


def test_shares_of_labels_and_reviews(many):
    shares = many["labels"].value_counts(normalize=True).to_dict()
    assert shares == pytest.approx(
        {"personal": 0.45, "notification": 0.40, "spam": 0.15}, abs=0.02
    )
    assert many["reviewed"].mean() == pytest.approx(0.05, abs=0.01)
    assert many.loc[many["reviewed"], "bodies"].notna().all()


def test_messages_of_a_smaller_share_of_reviews_are_among_those_of_a_larger_one(many):
    fewer = many.head(BLOCK)["reviewed"]
    more = generate_messages(BLOCK, reviewed=0.5)["reviewed"]
    assert more[fewer].all()
    assert more.sum() > fewer.sum()


def test_messages_are_as_various_as_real_ones(many):
    for label in labels(LABELS):
        assert sum(len(family.texts) for family in label.families) >= 40
    bodies = many["bodies"].tolist()
    assert 0.6 < len(set(bodies)) / len(bodies) < 0.95
    assert None in bodies
    assert "" in bodies
    assert many["bodies"].str.len().max() > 3000
    text = "".join(filter(None, bodies))
    names = {unicodedata.name(character, "?") for character in set(text)}
    assert {name.split()[0] for name in names} >= SCRIPTS
    assert "\N{ZERO WIDTH JOINER}" in text
    assert "\n" in text
    assert "{" not in text
    assert many["received_at"].min() >= UNTIL - timedelta(days=30)
    assert many["received_at"].max() < UNTIL


def test_the_database_holds_the_messages_once(database_url, monkeypatch):
    monkeypatch.setenv("NIGHTSIEVE_DATABASE_URL", database_url)
    for n in (500, 2000, 2000):
        arguments = ["--rows", str(n), "--until", "2026-11-20", "--reviewed", "0.2"]
        result = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert result.stdout.split()[:4] == ["0", "new", "messages", "2,000"]

    expected = generate_messages(2000, reviewed=0.2)
    columns = [expected[name] for name in ("keys", "bodies", "senders", "received_at")]
    reviewed = expected[expected["reviewed"]]
    with (
        closing(psycopg2.connect(database_url)) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT key, body, sender, received_at FROM messages")
        assert set(cursor) == set(zip(*columns, strict=True))
        cursor.execute("SELECT message_key, label FROM reviews WHERE source = 'truth'")
        assert set(cursor) == set(
            zip(reviewed["keys"], reviewed["labels"], strict=True)
        )
        cursor.execute("SELECT count(*) FROM reviews")
        assert cursor.fetchone() == (len(reviewed),)
