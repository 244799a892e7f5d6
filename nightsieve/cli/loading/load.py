"""One file into the database, in one transaction."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from psycopg2.extensions import cursor as Cursor

from nightsieve.cli.loading.bad_lines import BadLines
from nightsieve.cli.loading.columns import Columns, resolve
from nightsieve.cli.loading.copy_rows import rows
from nightsieve.cli.loading.csv_records import Dialect, Record, Unreadable, records
from nightsieve.cli.loading.files import open_source
from nightsieve.database.connection import copy_rows, database
from pipeline.errors import DataError

STAGING = """
    CREATE TEMP TABLE staging (
        line bigint, key text COLLATE "C", body text, sender text, received_at timestamptz, label text
    ) ON COMMIT DROP
"""
# A message without a key of its own is named by its content and by which of the equal lines it is: equal
# lines stay apart, and the same file gives the same keys again.
KEYS = {"own": "key", "content": "key || '-' || occurrence"}
FIRST_LINES = {"own": "WHERE occurrence = 1", "content": ""}
MOVE = """
    WITH numbered AS (
        SELECT *, row_number() OVER (PARTITION BY key ORDER BY line) AS occurrence FROM staging
    ), keyed AS MATERIALIZED (
        SELECT {key} AS key, body, sender, received_at, label FROM numbered {first_lines}
    ), new AS (
        INSERT INTO messages (key, body, sender, received_at)
        SELECT key, body, sender, received_at FROM keyed
        ON CONFLICT (key) DO NOTHING RETURNING 1
    ), reviewed AS (
        INSERT INTO reviews (message_key, label, source)
        SELECT key, label, 'load' FROM keyed WHERE label IS NOT NULL
        ON CONFLICT DO NOTHING RETURNING 1
    )
    SELECT (SELECT count(*) FROM staging), (SELECT count(*) FROM keyed), (SELECT count(*) FROM new),
           (SELECT count(*) FROM reviewed), (SELECT count(*) FROM staging WHERE received_at IS NULL)
"""


@dataclass(frozen=True)
class Loaded:
    """Counts of one load, in records of the file; `reviews` in rows added."""

    read: int
    new: int
    known: int
    repeated_keys: int
    reviews: int
    undated: int
    bad: int


def load(
    path: Path,
    wanted: dict[str, str | None],
    dialect: Dialect,
    header: bool,
    bad: BadLines,
    progress: Callable[[int, int | None], None],
) -> Loaded:
    """What became of each record of the file; all of it is in the database, or, after an error, nothing.

    `wanted` names a column for `body` and, if the file has them, `key`, `label`, `sender`, `received_at`.
    `progress` is called with the bytes read and the size of the file.

    Raises
    ------
    DataError
        The file cannot be read, or holds no good line.
    ConfigError
        A column is not there.
    SourceError
        The database cannot be used.
    """
    with open_source(path) as source:
        stream = records(source.stream, dialect)
        columns, stream = _columns(path, stream, wanted, header)
        with database() as connection, connection, connection.cursor() as cursor:
            cursor.execute(STAGING)
            for block in rows(stream, columns, bad):
                copy_rows(cursor, "staging", block)
                progress(source.position(), source.size)
            return _move(cursor, path, columns, bad)


def _columns(
    path: Path, stream: Iterator[Record], wanted: dict, header: bool
) -> tuple[Columns, Iterator[Record]]:
    """The columns, told by the first record, and an iterator of the records that are messages."""
    first = next(stream)
    fields = first.fields
    if isinstance(fields, Unreadable) or not fields:
        reason = fields.reason if fields else "an empty line"
        raise DataError(
            f"{path}, line {first.first}: {reason}; the first line has to tell the columns"
        )
    return resolve(wanted, fields, header), stream if header else chain([first], stream)


def _move(cursor: Cursor, path: Path, columns: Columns, bad: BadLines) -> Loaded:
    kind = "content" if columns.key is None else "own"
    cursor.execute(MOVE.format(key=KEYS[kind], first_lines=FIRST_LINES[kind]))
    staged, keyed, new, reviews, undated = cursor.fetchone()
    if staged == 0:
        why = (
            f"{bad.count:,} bad, first {bad.first[0]}"
            if bad.count
            else "there is only a header"
        )
        raise DataError(f"{path}: no line can be loaded: {why}")
    return Loaded(
        read=staged + bad.count,
        new=new,
        known=keyed - new,
        repeated_keys=staged - keyed,
        reviews=reviews,
        undated=undated,
        bad=bad.count,
    )
