"""Messages of 1,000,000 characters go through a whole night, in bounded time."""

import random
import time
from contextlib import closing

import psycopg2
import pytest

from tests.support.commands import fork, nightsieve
from tests.support.nights import NIGHT, SMALL, objects, retrain, sample

LENGTH = 1_000_000
#: Seconds of a night with these messages; without them it takes some 20.
BOUND = 240
WORDS = ("free", "prize", "call", "account", "hello", "see you", "http://a.b", "12345")


def long_texts() -> dict[str, str]:
    """Return texts of the greatest length that a configuration allows, by key."""
    chance = random.Random(0)
    words = chance.choices(WORDS, k=LENGTH // 4)
    symbols = "".join(chance.choices("abc 1.\n/@:&<", k=LENGTH))
    texts = {
        "words": " ".join(words),
        "lines": "\n".join(words),
        "token": "a" * LENGTH,
        "digits": "7" * LENGTH,
        "breaks": "\n" * LENGTH,
        "symbols": symbols,
        # Two tokens of half a million characters, and the pair of them.
        "halves": "b" * (LENGTH // 2 - 1) + " " + "c" * (LENGTH // 2),
    }
    return {key: text[:LENGTH] for key, text in texts.items()}


def load(environment: dict[str, str]) -> None:
    """Write each long text twice, so that its tokens are terms of the model."""
    url = environment["NIGHTSIEVE_DATABASE_WRITER_URL"]
    with closing(psycopg2.connect(url)) as connection, connection:
        cursor = connection.cursor()
        for key, text in long_texts().items():
            for copy in ("x", "y"):
                # A word of the rules labels them, and makes the copies differ.
                body = f"{text[:-9]} {copy} prize"
                cursor.execute(
                    "INSERT INTO messages (key, body, received_at) VALUES (%s, %s, %s)",
                    (f"{key}-{copy}", body, f"{NIGHT} 12:00:00+00"),
                )


@pytest.mark.timeout(2 * BOUND)
def test_messages_of_a_million_characters_go_through_a_whole_night(environment):
    sample(environment, 1_000)
    load(environment)
    patches = [
        *SMALL,
        f"source.max_body_bytes={LENGTH}",
        # The messages are as long as their tokens are many.
        "release.gate.device.microseconds=1000000",
    ]
    started = time.monotonic()
    night = fork(*retrain(patches=patches), environment=environment)
    seconds = time.monotonic() - started
    assert night.returncode == 0, night.stderr
    assert "Published as model 1" in night.stdout
    assert seconds < BOUND
    families = {key.partition("/")[0] for key in objects(environment)}
    assert {"reports", "models"} <= families
    # Neither the log nor the summary nor the page shows such a text.
    page = [
        body for key, body in objects(environment).items() if key.endswith("index.html")
    ]
    for shown in (night.stdout, night.stderr, *(body.decode() for body in page)):
        assert "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" not in shown
    matched = nightsieve("rules", "match", "prize " * 100_000, environment=environment)
    assert matched.returncode == 0, matched.stderr
