"""Store what users of a service correct."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from psycopg2 import extensions

from nightsieve.database.reviews import Review
from nightsieve.database.tables import REVIEWS
from nightsieve.database.upsert import upsert_each
from pipeline.config.settings import CORRECTION

# A longer body is not read: 1,000 of them must fit into the memory of a service.
_MAX_BODY_BYTES = 50_000

Outcome = Literal["new", "changed", "unchanged"]

# The lock keeps the message until the commit: if `nightsieve forget` erases it at the
# same time, no review of it is left behind. Sorted, so that two requests cannot wait
# for each other.
_MESSAGES = """
    SELECT key, CASE WHEN octet_length(body) <= %(max_bytes)s THEN body END
    FROM messages WHERE key = ANY(%(keys)s)
    ORDER BY key FOR KEY SHARE
"""
_SELECT = """
    SELECT message_key, label, %(source)s, annotator, %(reviewed_at)s::timestamptz
    FROM unnest(%(keys)s::text[], %(labels)s::text[], %(annotators)s::text[])
        AS corrections (message_key, label, annotator)
    ORDER BY message_key, annotator
"""
_COLUMNS = ("message_key", "label", "source", "annotator", "reviewed_at")


class UnknownMessagesError(LookupError):
    """No message has these keys, so nothing was stored.

    Examples
    --------
    >>> UnknownMessagesError(frozenset({"41"})).keys
    frozenset({'41'})
    """

    def __init__(self, keys: frozenset[str]) -> None:
        super().__init__("no message has some of the keys")
        self.keys = keys


@dataclass(frozen=True)
class StoredCorrection:
    """What became of a correction, and the message that it corrects.

    Attributes
    ----------
    body
        None if the message has none, or too long a one.

    Examples
    --------
    >>> StoredCorrection(outcome="new", body="Win a prize").outcome
    'new'
    """

    outcome: Outcome
    body: str | None


def store_corrections(
    cursor: extensions.cursor, corrections: Sequence[Review], reviewed_at: datetime
) -> list[StoredCorrection]:
    r"""Write corrections into the table of reviews, in the transaction of a cursor.

    The same correction again changes nothing, not even its time. Another label of the
    same annotator for the same message replaces the first label.

    Parameters
    ----------
    cursor
        Its transaction must be rolled back after an error.
    corrections
        Those of the same message and annotator have the same label.

    Returns
    -------
    list
        For each correction, in the same order.

    Raises
    ------
    UnknownMessagesError
        The table of messages lacks some of the keys; nothing was written.

    Examples
    --------
    >>> from nightsieve.database.connection import transaction
    >>> from nightsieve.database.messages import load_messages
    >>> row = b"1\t41\tWin a prize\t\\N\t\\N\t\\N\n"
    >>> load_messages([row], own_keys=True, labelled=False).rows
    1
    >>> corrections = [Review(message_key="41", label="spam", annotator="Ada")]
    >>> with transaction() as cursor:
    ...     store_corrections(cursor, corrections, datetime(2026, 11, 20))
    ...     store_corrections(cursor, corrections, datetime(2026, 11, 21))
    [StoredCorrection(outcome='new', body='Win a prize')]
    [StoredCorrection(outcome='unchanged', body='Win a prize')]
    """
    distinct = list(dict.fromkeys(corrections))
    keys = [correction.message_key for correction in distinct]
    cursor.execute(_MESSAGES, {"keys": keys, "max_bytes": _MAX_BODY_BYTES})
    bodies = dict(cursor.fetchall())
    if unknown := frozenset(keys) - bodies.keys():
        raise UnknownMessagesError(unknown)
    written = upsert_each(
        cursor,
        REVIEWS,
        _COLUMNS,
        _SELECT,
        parameters={
            "keys": keys,
            "labels": [correction.label for correction in distinct],
            "annotators": [correction.annotator for correction in distinct],
            "source": CORRECTION,
            "reviewed_at": reviewed_at,
        },
        overwrite_if_changed="label",
    )
    return [
        StoredCorrection(_outcome(correction, written), bodies[correction.message_key])
        for correction in corrections
    ]


def _outcome(correction: Review, written: dict[tuple[str, ...], bool]) -> Outcome:
    key = (correction.message_key, CORRECTION, correction.annotator)
    if key not in written:
        return "unchanged"
    return "new" if written[key] else "changed"
