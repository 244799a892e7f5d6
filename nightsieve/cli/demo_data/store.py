"""Sample messages into the database, block by block."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from nightsieve.cli.demo_data.messages import Block
from nightsieve.database.connection import copy_rows, copy_text, database

STAGING = """
    CREATE TEMP TABLE staging (key text, body text, sender text, received_at timestamptz, label text)
    ON COMMIT DELETE ROWS
"""
MESSAGES = """
    INSERT INTO messages (key, body, sender, received_at)
    SELECT key, body, sender, received_at FROM staging ON CONFLICT (key) DO NOTHING
"""
REVIEWS = """
    INSERT INTO reviews (message_key, label, source, reviewed_at)
    SELECT key, label, 'truth', received_at FROM staging WHERE label IS NOT NULL
    ON CONFLICT DO NOTHING
"""


@dataclass
class Stored:
    """Rows written so far, and rows that were there already."""

    new: int = 0
    known: int = 0
    reviews: int = 0


def store(blocks: Iterable[Block], progress: Callable[[int], None]) -> Stored:
    """What was written; each block is committed on its own, so an interrupted run is simply run again."""
    stored = Stored()
    with database() as connection, connection.cursor() as cursor:
        # A crash of the server may cost the last blocks; running again brings them back.
        cursor.execute("SET synchronous_commit = off")
        cursor.execute(STAGING)
        connection.commit()
        for block in blocks:
            copy_rows(cursor, "staging", copy_lines(block))
            cursor.execute(MESSAGES)
            stored.new += cursor.rowcount
            stored.known += len(block.keys) - cursor.rowcount
            cursor.execute(REVIEWS)
            stored.reviews += cursor.rowcount
            connection.commit()
            progress(len(block.keys))
    return stored


def copy_lines(block: Block) -> bytes:
    """The block in PostgreSQL's COPY format; the label only where the message is reviewed."""
    bodies = ["\\N" if body is None else copy_text(body) for body in block.bodies]
    times = np.datetime_as_string(block.received_at, timezone="UTC").tolist()
    reviews = np.where(
        block.reviewed, np.array(block.labels, dtype=object), "\\N"
    ).tolist()
    return "".join(
        map(
            "%s\t%s\t%s\t%s\t%s\n".__mod__,
            zip(block.keys, bodies, block.senders, times, reviews, strict=True),
        )
    ).encode()
