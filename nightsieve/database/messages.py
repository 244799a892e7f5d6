"""Load the messages of a file, with their human labels, in one transaction."""

from collections.abc import Iterable
from dataclasses import dataclass

from nightsieve.database.connection import transaction
from nightsieve.database.tables import MESSAGES, REVIEWS, add_annotators
from nightsieve.database.upsert import (
    STAGING,
    Upserted,
    fetch_row,
    stage,
    upsert,
)

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
# For messages with keys of their own: the first line with each key.
_OWN_KEYS = f"SELECT * FROM ({_NUMBERED}) AS numbered WHERE occurrence = 1"
# For messages without keys: a digest of the content, numbered among equal lines. So
# equal lines stay apart, and the same file gives the same keys again.
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
    """The numbers of rows that were loaded.

    Attributes
    ----------
    rows
        All rows.
    undated
        Rows without a time of receipt.
    messages
        Rows with different keys, by whether they are new.
    reviews
        Human labels, by whether they are new.

    Examples
    --------
    >>> new = Upserted(new=2, changed=0, unchanged=1)
    >>> LoadedRows(rows=3, undated=0, messages=new, reviews=new).messages.total
    3
    """

    rows: int
    undated: int
    messages: Upserted
    reviews: Upserted


def load_messages(
    blocks: Iterable[bytes], own_keys: bool, labelled: bool
) -> LoadedRows:
    r"""Load messages: all of them or, after an error, none.

    A message that is there already stays as it is, but its label is replaced.

    Parameters
    ----------
    blocks
        Rows ``line, key, body, sender, received_at, label`` in COPY's format.
    own_keys
        Whether the keys are the messages' own; otherwise each is a digest of the
        content.
    labelled
        Whether the rows have labels.

    Raises
    ------
    SourceError
        The database cannot be used.

    Examples
    --------
    >>> row = b"1\t41\tWin a prize\t\\N\t\\N\tspam\n"
    >>> load_messages([row], own_keys=True, labelled=True).messages
    Upserted(new=1, changed=0, unchanged=0)
    """
    keyed = _OWN_KEYS if own_keys else _CONTENT_KEYS
    with transaction() as cursor:
        stage(cursor, _COLUMNS, blocks)
        rows, undated = fetch_row(cursor, _COUNTS)
        select_messages = _MESSAGES.format(keyed=keyed)
        messages = upsert(cursor, MESSAGES, tuple(MESSAGES.columns), select_messages)
        reviews = Upserted(new=0, changed=0, unchanged=0)
        if labelled:
            add_annotators(cursor)
            reviews = upsert(
                cursor,
                REVIEWS,
                ("message_key", "label", "source"),
                _REVIEWS.format(keyed=keyed),
                overwrite_if_changed="label",
            )
    return LoadedRows(rows, undated, messages, reviews)
