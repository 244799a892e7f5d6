"""Connections to the source, and what its failures mean to an operator."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import sqlalchemy
from psycopg2 import errorcodes
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import DBAPIError

from pipeline.errors import SourceError

CONNECT_TIMEOUT = 10  # seconds


@contextlib.contextmanager
def connect(url: URL) -> Iterator[Connection]:
    """Yield a connection in which time is UTC, and close it at the end.

    Raises
    ------
    SourceError
        The server cannot be reached, refuses the account, or fails a statement. The
        message holds neither the password nor what the server says, which may quote a
        row.
    """
    # The query of a URL may hold a password too.
    address = url.set(query={}).render_as_string(hide_password=True)
    is_postgresql = url.get_backend_name() == "postgresql"
    if not is_postgresql and not Path(url.database or "").is_file():
        raise SourceError(
            f"{address}: no such file; source.url must name an existing SQLite database"
        )
    arguments: dict[str, int] = {}
    if is_postgresql:
        url = url.set(drivername="postgresql+psycopg2")  # COPY is psycopg2's
        arguments = {"connect_timeout": CONNECT_TIMEOUT}
    engine = sqlalchemy.create_engine(
        url, poolclass=sqlalchemy.NullPool, connect_args=arguments
    )
    try:
        connection = engine.connect()
    except DBAPIError as error:
        raise SourceError(
            f"{address}: {_reason(error.orig)}; "
            "check source.url and that the database is up"
        ) from None
    try:
        with connection:
            if is_postgresql:
                connection.execute(sqlalchemy.text("SET TIME ZONE 'UTC'"))
            yield connection
    except DBAPIError as error:
        raise SourceError(f"{address}: {describe(error.orig)}") from None
    except psycopg2.Error as error:
        raise SourceError(f"{address}: {describe(error)}") from None


def describe(error: BaseException | None) -> str:
    """Return a failed statement's SQLSTATE and name, and what to check.

    The name is like ``42883 undefined_function``. The server's own words are added
    where they name parts of the statement, never a row.
    """
    remedy = "check the table's columns and dtypes, and where, under source"
    if isinstance(error, sqlite3.Error):
        return f"{error}; {remedy}"
    if not isinstance(error, psycopg2.Error) or not error.pgcode:
        return type(error).__name__
    code = error.pgcode
    details = f": {error.diag.message_primary}" if code.startswith("42") else ""
    return f"{code} {errorcodes.lookup(code).lower()}{details}; {remedy}"


def _reason(error: BaseException | None) -> str:
    """Return why no connection was made.

    libpq's first line names host, port, user or database, but no password.
    """
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[0].split("FATAL: ")[-1].strip() if lines else type(error).__name__
