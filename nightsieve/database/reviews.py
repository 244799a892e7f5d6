"""Filled-in sheets into the review table, in one transaction."""

import difflib
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from psycopg2.extensions import cursor as Cursor

from nightsieve.cli.loading.bad_lines import BadLines
from nightsieve.cli.review_sheet import Row, read
from nightsieve.database.connection import copy_rows, copy_text, database
from pipeline.errors import DataError

# A table that an earlier version made knows no annotators, and holds one review a message and source.
KNOWS_ANNOTATORS = """
    SELECT FROM pg_attribute WHERE attrelid = 'reviews'::regclass AND attname = 'annotator' AND NOT attisdropped
"""
ADD_ANNOTATORS = """
    ALTER TABLE reviews ADD COLUMN annotator text NOT NULL DEFAULT '', DROP CONSTRAINT reviews_pkey,
        ADD PRIMARY KEY (message_key, source, annotator)
"""
STAGING = """
    CREATE TEMP TABLE staging (line bigint, key text, label text, annotator text) ON COMMIT DROP
"""
UNKNOWN = "SELECT line FROM staging WHERE NOT EXISTS (SELECT FROM messages m WHERE m.key = staging.key) ORDER BY line"
# The same review again changes nothing, its time neither; another label of the same annotator's takes its place.
MOVE = """
    WITH moved AS (
        INSERT INTO reviews (message_key, label, source, annotator, reviewed_at)
        SELECT key, label, %(source)s, annotator, %(reviewed_at)s FROM staging
        ON CONFLICT (message_key, source, annotator)
            DO UPDATE SET label = EXCLUDED.label, reviewed_at = EXCLUDED.reviewed_at
            WHERE reviews.label <> EXCLUDED.label
        RETURNING xmax = 0 AS new
    )
    SELECT (SELECT count(*) FROM staging), count(*) FILTER (WHERE new), count(*) FILTER (WHERE NOT new) FROM moved
"""


@dataclass(frozen=True)
class Imported:
    """Rows of the sheet by what became of them; ``empty`` have no label."""

    new: int
    changed: int
    known: int
    empty: int


def import_sheet(
    path: Path,
    source: str,
    reviewed_at: datetime,
    labels: Collection[str],
    bad: BadLines,
) -> Imported:
    """What became of each row of the sheet; all of it is in the review table, or, after an error, nothing.

    Parameters
    ----------
    labels : those that a review can have.
    bad : is told of every line that is wrong.

    Raises
    ------
    DataError : the file cannot be read or a line of it is wrong.
    SourceError : the database cannot be used.
    """
    rows = read(path, bad)
    filled = [row for row in rows if row.label]
    _check(filled, labels, bad)
    with database() as connection, connection, connection.cursor() as cursor:
        _stage(cursor, filled)
        cursor.execute(UNKNOWN)
        for (line,) in cursor:
            bad.add(
                line, "no message has this key; did a spreadsheet take it for a number?"
            )
        if bad.count:
            raise DataError(
                f"{path}: {bad.count:,} wrong line(s), nothing was imported"
            )
        cursor.execute(MOVE, {"source": source, "reviewed_at": reviewed_at})
        staged, new, changed = cursor.fetchone()
    return Imported(
        new, changed, known=staged - new - changed, empty=len(rows) - len(filled)
    )


def _check(rows: list[Row], labels: Collection[str], bad: BadLines) -> None:
    """Tell of labels that there are not, and of a second label for the same message by the same annotator."""
    first: dict[tuple[str, str], Row] = {}
    for row in rows:
        before = first.setdefault((row.key, row.annotator), row)
        if row.label not in labels:
            bad.add(
                row.line,
                f"{_shown(row.label)} is no label; {_right(row.label, labels)}",
            )
        elif before.label != row.label:
            bad.add(
                row.line,
                f"the same annotator gave this message another label on line {before.line}",
            )


def _shown(label: str) -> str:
    """The label, if it looks like one: in a wrong column stands what nobody may see."""
    return repr(label) if re.fullmatch(r"[\w-]{1,32}", label) else "what stands there"


def _right(label: str, labels: Collection[str]) -> str:
    close = difflib.get_close_matches(label.lower(), labels, n=1)
    return (
        f"did you mean {close[0]}?"
        if close
        else f"there are: {', '.join(sorted(labels))}"
    )


def _stage(cursor: Cursor, rows: list[Row]) -> None:
    """Put the rows, each review once, where the database can look at them."""
    cursor.execute(KNOWS_ANNOTATORS)
    if cursor.fetchone() is None:
        cursor.execute(ADD_ANNOTATORS)
    cursor.execute(STAGING)
    distinct = {(row.key, row.annotator): row for row in rows}.values()
    lines = (
        "\t".join([str(row.line), *map(copy_text, row[1:])]) + "\n" for row in distinct
    )
    copy_rows(cursor, "staging", "".join(lines).encode())
