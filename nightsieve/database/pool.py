"""Connections that are kept open, for a service with short transactions."""

import os
import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg2
from psycopg2 import extensions

from nightsieve.database.connection import (
    open_connection,
    refused_statement,
    writer_variable,
)
from nightsieve.database.tables import add_annotators, create_tables

_CONNECT_SECONDS = 3
# For one transaction: SET LOCAL also reaches the server through a pooler such as
# PgBouncer. What was answered must be on disk, also where the account's default is
# synchronous_commit = off; a stricter setting stays.
_BEGIN = """
    SET LOCAL statement_timeout = {milliseconds};
    SELECT set_config('synchronous_commit', 'on', true)
    WHERE current_setting('synchronous_commit') = 'off'
"""


class ConnectionPool:
    """Connections to the database that commands write to; threads share them.

    A connection is opened when a transaction finds none idle. So there are as many as
    there are threads that have a transaction at the same time. After an error a
    connection is closed, and the next transaction opens another one.

    Parameters
    ----------
    statement_seconds
        How long a statement may take.

    Examples
    --------
    >>> pool = ConnectionPool()
    >>> with pool.transaction() as cursor:
    ...     cursor.execute("SELECT count(*) FROM messages")
    ...     cursor.fetchone()
    (0,)
    >>> pool.close()
    """

    def __init__(self, statement_seconds: float = 3.0) -> None:
        self._begin = _BEGIN.format(milliseconds=round(statement_seconds * 1_000))
        self._lock = threading.Lock()
        self._idle: list[extensions.connection] = []
        # When the transaction of each connection began.
        self._in_use: dict[extensions.connection, float] = {}

    @contextmanager
    def transaction(self) -> Iterator[extensions.cursor]:
        """Yield a cursor; its work is committed at the end, or undone by an error.

        Raises
        ------
        SourceError
            The database does not answer, or refuses a statement. If the connection was
            lost during the commit, the work may be done.
        """
        connection = self._take()
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(self._begin)
                yield cursor
        except psycopg2.Error as error:
            connection.close()
            raise refused_statement(writer_variable(), error) from error
        finally:
            self._give_back(connection)

    def hang_up(self, seconds: float) -> None:
        """Cut the connections whose transactions last longer; their threads go on.

        The server bounds its statements itself. This is for a server that hangs, or
        behind a network that swallows packets.
        """
        latest = time.monotonic() - seconds
        with self._lock:
            stuck = [c for c, begun in self._in_use.items() if begun <= latest]
        for connection in stuck:
            _cut(connection)

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            idle = self._idle
            self._idle = []
        for connection in idle:
            connection.close()
        self.hang_up(0.0)

    def _take(self) -> extensions.connection:
        connection = self._idle_connection()
        if connection is None:
            connection = _open()
        with self._lock:
            self._in_use[connection] = time.monotonic()
        return connection

    def _idle_connection(self) -> extensions.connection | None:
        while True:
            with self._lock:
                if not self._idle:
                    return None
                connection = self._idle.pop()
            if not _was_dropped(connection):
                return connection
            connection.close()

    def _give_back(self, connection: extensions.connection) -> None:
        with self._lock:
            del self._in_use[connection]
            if not connection.closed:
                self._idle.append(connection)


def _open() -> extensions.connection:
    variable = writer_variable()
    connection = open_connection(variable, _CONNECT_SECONDS)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("SET client_min_messages = warning")
            create_tables(cursor)
            add_annotators(cursor)
    except psycopg2.Error as error:
        connection.close()
        raise refused_statement(variable, error) from error
    return connection


def _was_dropped(connection: extensions.connection) -> bool:
    """Return whether the server has ended an idle connection.

    An idle server sends nothing but the reason why it hangs up.
    """
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))


def _cut(connection: extensions.connection) -> None:
    """End the connection below the driver, which waits for the server in a thread."""
    with suppress(psycopg2.InterfaceError, OSError):
        descriptor = os.dup(connection.fileno())
        with socket.socket(fileno=descriptor) as own_socket:
            own_socket.shutdown(socket.SHUT_RDWR)
