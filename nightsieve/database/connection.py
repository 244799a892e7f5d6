"""The connection to the database that Nightsieve writes to."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
from psycopg2 import extensions
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from nightsieve.database.tables import create_tables
from pipeline.config import DATABASE_URL
from pipeline.errors import SourceError

#: The database for an account that may write. Nights use `DATABASE_URL`, whose account
#: needs to read only.
WRITER_URL = "NIGHTSIEVE_DATABASE_WRITER_URL"
_REMEDY = (
    'start the embedded one: nightsieve up; eval "$(nightsieve env)"; '
    f"or set {WRITER_URL}"
)


def writer_variable() -> str:
    """Return the name of the variable whose database the commands write to.

    Examples
    --------
    >>> os.environ["NIGHTSIEVE_DATABASE_WRITER_URL"] = ""
    >>> writer_variable()
    'NIGHTSIEVE_DATABASE_URL'
    """
    return WRITER_URL if os.environ.get(WRITER_URL) else DATABASE_URL


@contextmanager
def connect() -> Iterator[extensions.connection]:
    """Yield a connection to the database that ``NIGHTSIEVE_DATABASE_WRITER_URL`` names.

    If that variable is not set, ``NIGHTSIEVE_DATABASE_URL`` names it. Its tables exist.
    At the end the connection is closed, without a commit.

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
    variable = writer_variable()
    connection = open_connection(variable)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("SET client_min_messages = warning")
            create_tables(cursor)
        yield connection
    except psycopg2.Error as error:
        raise refused_statement(variable, error) from error
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


def open_connection(
    variable: str, connect_timeout: int | None = None
) -> extensions.connection:
    """Return a connection to the database that a variable of the environment names.

    Parameters
    ----------
    connect_timeout
        Seconds for each address of the database; None is no limit.

    Raises
    ------
    SourceError
        The variable is not set, or the database does not answer.

    Examples
    --------
    >>> connection = open_connection(writer_variable())
    >>> connection.encoding
    'UTF8'
    >>> connection.close()
    """
    url = os.environ.get(variable)
    if not url:
        raise SourceError(
            f"{variable} is not set, so no database is chosen;\n{_REMEDY}"
        )
    try:
        parsed = make_url(url)
        address, mark, parameters = (
            parsed.set(drivername="postgresql")
            .render_as_string(hide_password=False)
            .partition("?")
        )
        return psycopg2.connect(
            # SQLAlchemy writes a space as a plus, which libpq takes for a plus.
            address + mark + parameters.replace("+", "%20"),
            client_encoding="UTF8",
            connect_timeout=connect_timeout,
        )
    except (ArgumentError, ValueError, psycopg2.ProgrammingError):
        # The driver's message may quote any part of the URL, the password too.
        raise SourceError(
            f"{variable}: not a database URL; "
            "use postgresql://user:password@host:port/name"
        ) from None
    except psycopg2.OperationalError as error:
        reason = str(error).strip().splitlines()[0]
        if parsed.password:
            reason = reason.replace(str(parsed.password), "***")
        raise SourceError(
            f"{variable}: the database does not answer: {reason};\n{_REMEDY}"
        ) from None


def refused_statement(variable: str, error: psycopg2.Error) -> SourceError:
    """Return what to raise for a statement that the database did not execute.

    Examples
    --------
    >>> str(refused_statement("NIGHTSIEVE_DATABASE_URL", psycopg2.OperationalError()))
    'NIGHTSIEVE_DATABASE_URL: the database refused a statement: the connection was ...'
    """
    # Only the primary message: detail and context may quote a row.
    reason = error.diag.message_primary or "the connection was lost"
    return SourceError(
        f"{variable}: the database refused a statement: {reason}; check its "
        f"tables, and that the account of {WRITER_URL} may write"
    )
