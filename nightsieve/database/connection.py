"""The two tables that messages and reviews live in, and the way to their database."""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from pipeline.errors import SourceError

DATABASE_URL = "NIGHTSIEVE_DATABASE_URL"
CREATE_TABLES = """
    CREATE TABLE IF NOT EXISTS messages (
        key text PRIMARY KEY,
        body text,
        sender text,
        received_at timestamptz
    );
    CREATE TABLE IF NOT EXISTS reviews (
        message_key text NOT NULL,
        label text NOT NULL,
        source text NOT NULL,
        annotator text NOT NULL DEFAULT '',
        reviewed_at timestamptz,
        PRIMARY KEY (message_key, source, annotator)
    );
"""
COPY_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


@contextmanager
def database() -> Iterator[Connection]:
    """A connection to the database of ``NIGHTSIEVE_DATABASE_URL``, the tables in it; closed, not committed, at the end.

    Raises
    ------
    SourceError
        The variable is missing, the database does not answer, or it refuses what is asked of it.
    """
    connection = _connect()
    try:
        connection.set_client_encoding("UTF8")
        with connection, connection.cursor() as cursor:
            cursor.execute("SET client_min_messages = warning")
            # Asked first: an account that may only write to the tables may not even ask to make them.
            cursor.execute(
                "SELECT count(*) FROM unnest('{messages,reviews}'::text[]) t WHERE to_regclass(t) IS NULL"
            )
            if cursor.fetchone()[0]:
                cursor.execute(CREATE_TABLES)
        yield connection
    except psycopg2.Error as error:
        # Only the primary message: detail and context may quote a row.
        reason = error.diag.message_primary or "the connection was lost"
        raise SourceError(
            f"the database of {DATABASE_URL} refuses: {reason}"
        ) from error
    finally:
        connection.close()


def copy_rows(cursor: Cursor, table: str, rows: bytes) -> None:
    """Append rows, encoded in PostgreSQL's text COPY format, to a table."""
    cursor.copy_expert(f"COPY {table} FROM STDIN", io.BytesIO(rows), size=1 << 18)


def copy_text(value: str) -> str:
    """The value as one field of PostgreSQL's text COPY format."""
    # Most messages hold none of these; a look is cheaper than a translation.
    if "\\" in value or "\n" in value or "\t" in value or "\r" in value:
        return value.translate(COPY_ESCAPES)
    return value


def _connect() -> Connection:
    mend = f'start the embedded one with: nightsieve up; eval "$(nightsieve env)" (or set {DATABASE_URL})'
    url = os.environ.get(DATABASE_URL)
    if not url:
        raise SourceError(
            f"{DATABASE_URL} is not set, so there is no database to work with;\n{mend}"
        )
    try:
        parsed = make_url(url)
        dsn = parsed.set(drivername="postgresql").render_as_string(hide_password=False)
        return psycopg2.connect(dsn)
    except (ArgumentError, ValueError, psycopg2.ProgrammingError):
        # The driver's words may quote any part of the URL, the password too.
        raise SourceError(
            f"{DATABASE_URL} is no URL of the form postgresql://user:password@host:port/name"
        ) from None
    except psycopg2.OperationalError as error:
        reason = str(error).strip().splitlines()[0]
        if parsed.password:
            reason = reason.replace(str(parsed.password), "***")
        raise SourceError(
            f"the database of {DATABASE_URL} does not answer: {reason}\n{mend}"
        ) from None
