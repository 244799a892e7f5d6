"""The connection to the database that we write to, and what its failures mean."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from nightsieve.database.tables import create_tables
from pipeline.errors import SourceError

DATABASE_URL = "NIGHTSIEVE_DATABASE_URL"
_REMEDY = (
    'start the embedded one with: nightsieve up; eval "$(nightsieve env)" '
    f"(or set {DATABASE_URL})"
)


@contextmanager
def connect() -> Iterator[Connection]:
    """Yield a connection to the database that ``NIGHTSIEVE_DATABASE_URL`` names.

    The tables are there. The connection is closed at the end, not committed.

    Raises
    ------
    SourceError
        The variable is not set, the database does not answer, or it refuses a
        statement.
    """
    connection = _open(os.environ.get(DATABASE_URL))
    try:
        connection.set_client_encoding("UTF8")
        with connection, connection.cursor() as cursor:
            cursor.execute("SET client_min_messages = warning")
            create_tables(cursor)
        yield connection
    except psycopg2.Error as error:
        # Only the primary message: detail and context may quote a row.
        reason = error.diag.message_primary or "the connection was lost"
        raise SourceError(
            f"the database of {DATABASE_URL} refuses: {reason}"
        ) from error
    finally:
        connection.close()


@contextmanager
def transaction() -> Iterator[Cursor]:
    """Yield a cursor; its work is committed at the end, or undone by an error.

    Raises
    ------
    SourceError
        As `connect` does.
    """
    with connect() as connection, connection, connection.cursor() as cursor:
        yield cursor


def _open(url: str | None) -> Connection:
    if not url:
        raise SourceError(
            f"{DATABASE_URL} is not set, so there is no database to work with;\n"
            f"{_REMEDY}"
        )
    try:
        parsed = make_url(url)
        dsn = parsed.set(drivername="postgresql").render_as_string(hide_password=False)
        return psycopg2.connect(dsn)
    except (ArgumentError, ValueError, psycopg2.ProgrammingError):
        # The driver's words may quote any part of the URL, the password too.
        raise SourceError(
            f"{DATABASE_URL}: not a database URL; "
            "use postgresql://user:password@host:port/name"
        ) from None
    except psycopg2.OperationalError as error:
        reason = str(error).strip().splitlines()[0]
        if parsed.password:
            reason = reason.replace(str(parsed.password), "***")
        raise SourceError(
            f"the database of {DATABASE_URL} does not answer: {reason}\n{_REMEDY}"
        ) from None
