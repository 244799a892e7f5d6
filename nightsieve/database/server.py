"""Create roles and databases on a PostgreSQL server of this machine."""

import contextlib
from dataclasses import dataclass

import psycopg2
from psycopg2 import sql

_MAINTENANCE = "postgres"  # the database that every server has


@dataclass(frozen=True)
class Server:
    """A server that listens on the loopback interface, and its superuser.

    Examples
    --------
    >>> Server(port=1, user="postgres", password="").is_ready()
    False
    """

    port: int
    user: str
    password: str

    def is_ready(self) -> bool:
        """Return whether the server answers this superuser."""
        try:
            self._query("SELECT 1")
        except psycopg2.OperationalError:
            return False
        return True

    def create_role(self, name: str, password: str) -> None:
        """Create a role that can log in, unless it exists."""
        if self._query("SELECT 1 FROM pg_roles WHERE rolname = %s", name):
            return
        statement = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}")
        self._query(statement.format(sql.Identifier(name), sql.Literal(password)))

    def create_database(self, name: str, owner: str) -> None:
        """Create a database, unless it exists."""
        if self._query("SELECT 1 FROM pg_database WHERE datname = %s", name):
            return
        statement = sql.SQL("CREATE DATABASE {} OWNER {}")
        self._query(statement.format(sql.Identifier(name), sql.Identifier(owner)))

    def _query(self, query: str | sql.Composed, *values: str) -> list[tuple]:
        connection = psycopg2.connect(
            host="127.0.0.1",
            port=self.port,
            dbname=_MAINTENANCE,
            user=self.user,
            password=self.password,
            connect_timeout=5,
        )
        with contextlib.closing(connection), connection.cursor() as cursor:
            connection.autocommit = True
            cursor.execute(query, values or None)
            return cursor.fetchall() if cursor.description else []
