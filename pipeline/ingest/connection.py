"""Connections to the source that only read, with failures told to an operator."""

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
# They end with the transaction, so that a connection pooler hands them to nobody else.
# If the transaction were committed by something unforeseen, the next one would be
# READ ONLY too.
_POSTGRESQL = (
    "SET default_transaction_read_only = on",
    "SET TIME ZONE 'UTC'",
)
_SQLITE = ("PRAGMA query_only = ON",)


@contextlib.contextmanager
def connect(url: URL) -> Iterator[Connection]:
    """Yield a connection that can only read and whose time is UTC; close it at the end.

    All statements are in one transaction, which never commits.

    Raises
    ------
    SourceError
        The server cannot be reached, refuses the account, or fails a statement. The
        message holds neither the password nor what the server says, which may quote a
        row.
    """
    # The query of a URL may hold a password, too.
    address = url.set(query={}).render_as_string(hide_password=True)
    is_postgresql = url.get_backend_name() == "postgresql"
    if not is_postgresql and not Path(url.database or "").is_file():
        raise SourceError(
            f"{address}: the file does not exist; "
            "set source.url to an existing SQLite database"
        )
    arguments: dict[str, int] = {}
    options: dict[str, bool] = {}
    if is_postgresql:
        url = url.set(drivername="postgresql+psycopg2")  # COPY is psycopg2's
        arguments = {"connect_timeout": CONNECT_TIMEOUT}
        options = {"postgresql_readonly": True}  # each transaction is BEGIN READ ONLY
    engine = sqlalchemy.create_engine(
        url,
        poolclass=sqlalchemy.NullPool,
        connect_args=arguments,
        execution_options=options,
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
            for statement in _POSTGRESQL if is_postgresql else _SQLITE:
                connection.exec_driver_sql(statement)
            yield connection
    except DBAPIError as error:
        raise SourceError(f"{address}: {describe_with_remedy(error.orig)}") from None
    except psycopg2.Error as error:
        raise SourceError(f"{address}: {describe_with_remedy(error)}") from None


def describe_with_remedy(error: BaseException | None) -> str:
    """Return a failed statement's SQLSTATE with its name, and what to check.

    They look like ``42883 undefined_function``. The server's message is added only if
    it says what is wrong with the statement: then it has a position in the statement,
    or is about a privilege. A message from the time when rows are read may quote a row.
    """
    remedy = "check the table's columns and dtypes, and where, under source"
    if isinstance(error, sqlite3.Error):
        return f"{error}; {remedy}"
    if not isinstance(error, psycopg2.Error) or not error.pgcode:
        return f"{type(error).__name__}; check that the database is up"
    code = error.pgcode
    is_of_statement = error.diag.statement_position is not None
    is_quotable = code.startswith("42") and is_of_statement
    is_quotable = is_quotable or code == errorcodes.INSUFFICIENT_PRIVILEGE
    details = f": {error.diag.message_primary}" if is_quotable else ""
    return f"{code} {errorcodes.lookup(code).lower()}{details}; {remedy}"


def _reason(error: BaseException | None) -> str:
    """Return why the connection failed.

    libpq's first line names host, port, user or database, but no password.
    """
    lines = [line for line in str(error).splitlines() if line.strip()]
    if not lines:
        return type(error).__name__
    return lines[0].split("FATAL: ")[-1].strip()
