"""Messages of a file, and their human labels, into the database in one transaction."""

from collections.abc import Iterable
from dataclasses import dataclass

from nightsieve.database.connection import transaction
from nightsieve.database.tables import MESSAGES, REVIEWS
from nightsieve.database.upsert import STAGING, Upserted, stage, upsert

_COLUMNS = {
    "line": "bigint",
    "key": 'text COLLATE "C"',
    "body": "text",
    "sender": "text",
    "received_at": "timestamptz",
    "label": "text",
}
_NUMBERED = f"""
    SELECT *, row_number() OVER (PARTITION BY key ORDER BY line) AS occurrence
    FROM {STAGING}
"""
# Of the lines with a key of their own, the first one with each key.
_OWN_KEYS = f"SELECT * FROM ({_NUMBERED}) AS numbered WHERE occurrence = 1"
# A message without a key of its own is named by its content and by which of the equal
# lines it is: equal lines stay apart, and the same file gives the same keys again.
_CONTENT_KEYS = f"""
    SELECT key || '-' || occurrence AS key, body, sender, received_at, label
    FROM ({_NUMBERED}) AS numbered
"""
_MESSAGES = "SELECT key, body, sender, received_at FROM ({keyed}) AS keyed"
_REVIEWS = """
    SELECT key AS message_key, label, 'load' AS source
    FROM ({keyed}) AS keyed WHERE label IS NOT NULL
"""
_COUNTS = f"""
    SELECT count(*), count(*) FILTER (WHERE received_at IS NULL) FROM {STAGING}
"""


@dataclass(frozen=True)
class LoadedRows:
    """Rows by what became of them.

    Attributes
    ----------
    rows, undated
        All rows, and those without a time.
    messages
        Rows with different keys.
    new_reviews
        Human labels that were not there.
    """

    rows: int
    undated: int
    messages: Upserted
    new_reviews: int


def load_messages(
    blocks: Iterable[bytes], own_keys: bool, labelled: bool
) -> LoadedRows:
    """Load messages: all of them or, after an error, none.

    Parameters
    ----------
    blocks
        Rows ``line, key, body, sender, received_at, label`` in COPY's format.
    own_keys
        Whether the keys are the messages' own; else each is a hash of the content.
    labelled
        Whether the rows have labels.

    Raises
    ------
    SourceError
        The database cannot be used.
    """
    keyed = _OWN_KEYS if own_keys else _CONTENT_KEYS
    with transaction() as cursor:
        stage(cursor, _COLUMNS, blocks)
        cursor.execute(_COUNTS)
        rows, undated = cursor.fetchone()
        messages = upsert(
            cursor, MESSAGES, tuple(MESSAGES.columns), _MESSAGES.format(keyed=keyed)
        )
        new_reviews = 0
        if labelled:
            columns = ("message_key", "label", "source")
            select = _REVIEWS.format(keyed=keyed)
            new_reviews = upsert(cursor, REVIEWS, columns, select).new
    return LoadedRows(rows, undated, messages, new_reviews)
