"""Write demo messages to the database, block by block."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from nightsieve.cli.demo_data.messages import Block
from nightsieve.database.connection import connect
from nightsieve.database.tables import MESSAGES, REVIEWS
from nightsieve.database.upsert import NULL, STAGING, copy_text, stage, upsert

_COLUMNS = {
    "key": "text",
    "body": "text",
    "sender": "text",
    "received_at": "timestamptz",
    "label": "text",
}
_MESSAGES = f"SELECT key, body, sender, received_at FROM {STAGING}"
_REVIEWS = f"""
    SELECT key AS message_key, label, 'truth' AS source, received_at AS reviewed_at
    FROM {STAGING} WHERE label IS NOT NULL
"""
_ROW = "%s\t%s\t%s\t%s\t%s\n"


@dataclass
class Written:
    """Counts of rows that were written, and of messages that were there already."""

    new: int = 0
    known: int = 0
    reviews: int = 0


def write_blocks(blocks: Iterable[Block], progress: Callable[[int], None]) -> Written:
    """Write each block in a transaction of its own; return what was written.

    After an interruption, writing the same blocks again adds what is missing.

    Parameters
    ----------
    progress
        Receives the number of messages that are done.
    """
    written = Written()
    with connect() as connection:
        with connection, connection.cursor() as cursor:
            # A crash of the server may lose the last blocks; writing again adds them.
            cursor.execute("SET synchronous_commit = off")
        for block in blocks:
            with connection, connection.cursor() as cursor:
                stage(cursor, _COLUMNS, [copy_rows(block)])
                messages = upsert(cursor, MESSAGES, tuple(MESSAGES.columns), _MESSAGES)
                reviews = upsert(
                    cursor,
                    REVIEWS,
                    ("message_key", "label", "source", "reviewed_at"),
                    _REVIEWS,
                )
            written.new += messages.new
            written.known += messages.unchanged
            written.reviews += reviews.new
            progress(written.new + written.known)
    return written


def copy_rows(block: Block) -> bytes:
    """Return the block in COPY's format; only reviewed messages have a label."""
    bodies = [NULL if body is None else copy_text(body) for body in block.bodies]
    times = np.datetime_as_string(block.received_at, timezone="UTC").tolist()
    labels = np.array(block.labels, dtype=object)
    reviews = np.where(block.reviewed, labels, NULL).tolist()
    rows = zip(block.keys, bodies, block.senders, times, reviews, strict=True)
    return "".join(map(_ROW.__mod__, rows)).encode()
