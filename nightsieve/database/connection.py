"""The connection to the database that Nightsieve writes to."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
from psycopg2 import extensions
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from nightsieve.database.tables import create_tables
from pipeline.errors import SourceError

DATABASE_URL = "NIGHTSIEVE_DATABASE_URL"
_REMEDY = (
    'start the embedded one: nightsieve up; eval "$(nightsieve env)"; '
    f"or set {DATABASE_URL}"
)


@contextmanager
def connect() -> Iterator[extensions.connection]:
    """Yield a connection to the database that ``NIGHTSIEVE_DATABASE_URL`` names.

    Its tables exist. At the end the connection is closed, without a commit.

    Raises
    ------
    SourceError
        The variable is not set, the database does not answer, or it refuses a
        statement.

    Examples
    --------
    >>> with connect() as connection, connection.cursor() as cursor:
    ...     cursor.execute("SELECT count(*) FROM messages")
    ...     cursor.fetchone()
    (0,)
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
            f"{DATABASE_URL}: the database refused a statement: {reason}; check its "
            "tables and the rights of the account"
        ) from error
    finally:
        connection.close()


@contextmanager
def transaction() -> Iterator[extensions.cursor]:
    """Yield a cursor; its work is committed at the end, or undone by an error.

    Raises
    ------
    SourceError
        The variable is not set, the database does not answer, or it refuses a
        statement.

    Examples
    --------
    >>> with transaction() as cursor:
    ...     cursor.execute("INSERT INTO messages (key, body) VALUES ('1', 'Hello')")
    >>> with transaction() as cursor:
    ...     cursor.execute("SELECT key, body FROM messages")
    ...     cursor.fetchall()
    [('1', 'Hello')]
    """
    with connect() as connection, connection, connection.cursor() as cursor:
        yield cursor


def _open(url: str | None) -> extensions.connection:
    if not url:
        raise SourceError(
            f"{DATABASE_URL} is not set, so no database is chosen;\n{_REMEDY}"
        )
    try:
        parsed = make_url(url)
        dsn = parsed.set(drivername="postgresql").render_as_string(hide_password=False)
        return psycopg2.connect(dsn)
    except (ArgumentError, ValueError, psycopg2.ProgrammingError):
        # The driver's message may quote any part of the URL, the password too.
        raise SourceError(
            f"{DATABASE_URL}: not a database URL; "
            "use postgresql://user:password@host:port/name"
        ) from None
    except psycopg2.OperationalError as error:
        reason = str(error).strip().splitlines()[0]
        if parsed.password:
            reason = reason.replace(str(parsed.password), "***")
        raise SourceError(
            f"{DATABASE_URL}: the database does not answer: {reason};\n{_REMEDY}"
        ) from None
