"""Import the reviews of people into the database, in one transaction."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from nightsieve.database.connection import transaction
from nightsieve.database.tables import REVIEWS, add_annotators
from nightsieve.database.upsert import STAGING, Upserted, copy_text, stage, upsert

_COLUMNS = {"message_key": "text", "label": "text", "annotator": "text"}
_KNOWN = "SELECT key FROM messages WHERE key = ANY(%s)"
_SELECT = f"""
    SELECT
        message_key,
        label,
        %(source)s AS source,
        annotator,
        %(reviewed_at)s::timestamptz AS reviewed_at
    FROM {STAGING}
"""


@dataclass(frozen=True)
class Review:
    """The label that an annotator gave a message; the annotator's name may be empty.

    Examples
    --------
    >>> Review(message_key="41", label="spam", annotator="Ada").label
    'spam'
    """

    message_key: str
    label: str
    annotator: str


def unknown_messages(keys: Collection[str]) -> set[str]:
    """Return the keys that no message in the database has.

    Raises
    ------
    SourceError
        The database cannot be used.

    Examples
    --------
    >>> unknown_messages(["41"])
    {'41'}
    """
    with transaction() as cursor:
        cursor.execute(_KNOWN, (list(keys),))
        return set(keys) - {key for (key,) in cursor}


def import_reviews(
    reviews: Collection[Review], source: str, reviewed_at: datetime
) -> Upserted:
    """Write reviews into the table of reviews: all of them or, after an error, none.

    The same review again changes nothing, not even its time. Another label of the same
    annotator for the same message replaces the first label.

    Parameters
    ----------
    reviews
        At most one review for each message and annotator.
    source
        The name of the process that the reviews come from.

    Raises
    ------
    SourceError
        The database cannot be used.

    Examples
    --------
    >>> reviews = [Review(message_key="41", label="spam", annotator="Ada")]
    >>> import_reviews(reviews, "crowd", datetime(2026, 11, 20))
    Upserted(new=1, changed=0, unchanged=0)
    """
    with transaction() as cursor:
        add_annotators(cursor)
        stage(cursor, _COLUMNS, ["".join(_rows(reviews)).encode()])
        return upsert(
            cursor,
            REVIEWS,
            ("message_key", "label", "source", "annotator", "reviewed_at"),
            _SELECT,
            parameters={"source": source, "reviewed_at": reviewed_at},
            overwrite_if_changed="label",
        )


def _rows(reviews: Collection[Review]) -> Iterator[str]:
    for review in reviews:
        fields = (review.message_key, review.label, review.annotator)
        yield "\t".join(map(copy_text, fields)) + "\n"
