"""Create roles and databases on a PostgreSQL server of this machine."""

import contextlib
from dataclasses import dataclass

import psycopg2
from psycopg2 import sql

from nightsieve.database.tables import TABLES

_MAINTENANCE = "postgres"  # the database that every server has
# DEFAULT PRIVILEGES are for what the owner creates later.
_GRANTS = (
    "GRANT CONNECT ON DATABASE {database} TO {reader}",
    # Every account may create large objects, unless this is taken away.
    "REVOKE EXECUTE ON FUNCTION lo_creat(int), lo_create(oid),"
    " lo_from_bytea(oid, bytea) FROM PUBLIC",
    "ALTER ROLE {reader} SET default_transaction_read_only = on",
    "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT USAGE ON SCHEMAS TO {reader}",
    "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT SELECT ON TABLES TO {reader}",
)
_OWN_SCHEMAS = """
    SELECT nspname FROM pg_namespace
    WHERE nspowner = %s::regrole OR nspname = 'public'
"""
_GRANTS_IN_SCHEMA = (
    "GRANT USAGE ON SCHEMA {schema} TO {reader}",
    "GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {reader}",
)
_TABLES = """
    SELECT nspname, relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
    WHERE relkind = 'r' AND relname = ANY(%s)
"""
# Names of segments are in the order of the log. The first digits are a timeline.
_LATER_SEGMENTS = """
    SELECT count(*) FROM pg_ls_waldir()
    WHERE name ~ '^[0-9A-F]{24}$' AND name > pg_walfile_name(pg_current_wal_lsn())
"""


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

    def grant_reading(self, database: str, owner: str, reader: str) -> None:
        """Let one account read all tables of another one, and write nothing.

        This holds for the tables of today and for those that the owner creates later.
        """
        self.close_to_others(database)
        names = {
            "database": sql.Identifier(database),
            "owner": sql.Identifier(owner),
            "reader": sql.Identifier(reader),
        }
        for statement in _GRANTS:
            self._query(sql.SQL(statement).format(**names), database=database)
        for (schema,) in self._query(_OWN_SCHEMAS, owner, database=database):
            for statement in _GRANTS_IN_SCHEMA:
                composed = sql.SQL(statement).format(
                    schema=sql.Identifier(schema), **names
                )
                self._query(composed, database=database)

    def close_to_others(self, database: str) -> None:
        """Take from all accounts but the owner what they may do in every database."""
        statement = sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC")
        self._query(statement.format(sql.Identifier(database)))

    def discard_erased_rows(self, database: str) -> None:
        """Remove from the files of the server what was erased from a database.

        The tables are written into new files, with new statistics. The old statistics
        and the write-ahead log still hold rows of before. With ``wal_recycle`` off, a
        checkpoint removes the segments of the log before the current one. Segments that
        an earlier setting left for later use are used up first.
        """
        names = [table.name for table in TABLES]
        for schema, table in self._query(_TABLES, names, database=database):
            name = sql.Identifier(schema, table)
            statement = sql.SQL("VACUUM (FULL, ANALYZE) {}").format(name)
            self._query(statement, database=database)
        self._query("VACUUM FULL pg_catalog.pg_statistic", database=database)
        self._query("CHECKPOINT")
        ((segments,),) = self._query(_LATER_SEGMENTS)
        for _ in range(segments + 1):
            # A switch does nothing where nothing was written.
            self._query("SELECT pg_logical_emit_message(false, '', '')")
            self._query("SELECT pg_switch_wal()")
        self._query("CHECKPOINT")

    def _query(
        self,
        query: str | sql.Composed,
        *values: str | list[str],
        database: str = _MAINTENANCE,
    ) -> list[tuple]:
        connection = psycopg2.connect(
            host="127.0.0.1",
            port=self.port,
            dbname=database,
            user=self.user,
            password=self.password,
            connect_timeout=5,
        )
        with contextlib.closing(connection), connection.cursor() as cursor:
            connection.autocommit = True
            cursor.execute(query, values or None)
            return cursor.fetchall() if cursor.description else []
