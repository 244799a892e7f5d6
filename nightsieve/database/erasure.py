"""Erase messages from the tables that Nightsieve writes."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from psycopg2 import extensions, sql

from nightsieve.database.connection import connect, transaction
from nightsieve.database.tables import MESSAGES, REVIEWS

# The column of each table that has the key of the message.
_KEY_COLUMNS = {MESSAGES.name: "key", REVIEWS.name: "message_key"}
# The columns that every version of the table has had.
_OWN_COLUMNS = {
    MESSAGES.name: ("key", "body", "sender", "received_at"),
    REVIEWS.name: ("message_key", "label", "source"),
}
TABLE_NAMES = tuple(_KEY_COLUMNS)
# A table of the user's own may have the same name: it is left alone unless it has the
# columns of ours. A view is not ours either.
_IS_OURS = """
    SELECT count(*) = %s FROM pg_attribute
    JOIN pg_class ON pg_class.oid = attrelid
    WHERE attrelid = to_regclass(%s) AND relkind = 'r' AND attname = ANY(%s)
        AND NOT attisdropped
"""
_FOUND = "SELECT DISTINCT {column} FROM {table} WHERE {column} = ANY(%s)"
_COUNT = "SELECT count(*) FROM {table} WHERE {column} = ANY(%s)"
_DELETE = "DELETE FROM {table} WHERE {column} = ANY(%s)"
# FULL writes a new file without the old rows, and ANALYZE replaces the statistics,
# which hold the values of some rows.
_REWRITE = "VACUUM (FULL, ANALYZE) {table}"
_IS_OWNER = """
    SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass(%s)
"""


@dataclass(frozen=True)
class ErasedTable:
    """A table, and the number of its rows that were erased.

    Examples
    --------
    >>> ErasedTable("messages", rows=1).rows
    1
    """

    table: str
    rows: int


@dataclass(frozen=True)
class ErasedRows:
    """The rows of each table, and the keys that they have.

    Examples
    --------
    >>> ErasedRows(tables=[ErasedTable("messages", 1)], keys={"41"}).keys
    {'41'}
    """

    tables: list[ErasedTable]
    keys: set[str]


def count(keys: Collection[str]) -> ErasedRows:
    """Return the rows that `erase` would delete.

    Raises
    ------
    SourceError
        The database cannot be used.

    Examples
    --------
    >>> count(["41"]).keys
    set()
    """
    with transaction() as cursor:
        names = _own_tables(cursor)
        present = _present(cursor, names, keys)
        tables = []
        for table in names:
            cursor.execute(_statement(_COUNT, table), (list(keys),))
            tables.append(ErasedTable(table, cursor.fetchall()[0][0]))
        return ErasedRows(tables, present)


def erase(keys: Collection[str]) -> ErasedRows:
    r"""Delete the messages and their reviews.

    Their bytes stay in the files of the server: see `rewrite_tables`.

    Raises
    ------
    SourceError
        The database cannot be used.

    Examples
    --------
    >>> from nightsieve.database.messages import load_messages
    >>> row = b"1\t41\tWin a prize\t\\N\t\\N\tspam\n"
    >>> load_messages([row], own_keys=True, labelled=True).rows
    1
    >>> erase(["41"]).tables
    [ErasedTable(table='messages', rows=1), ErasedTable(table='reviews', rows=1)]
    """
    with transaction() as cursor:
        names = _own_tables(cursor)
        present = _present(cursor, names, keys)
        tables = []
        for table in names:
            cursor.execute(_statement(_DELETE, table), (list(keys),))
            tables.append(ErasedTable(table, cursor.rowcount))
    return ErasedRows(tables, present)


def rewrite_tables() -> bool:
    """Write the tables into new files, without deleted rows; return whether all were.

    PostgreSQL keeps a deleted row in the file of its table until then. It refuses this
    to an account that does not own the table.

    Raises
    ------
    SourceError
        The database cannot be used.

    Examples
    --------
    >>> rewrite_tables()
    True
    """
    with connect() as connection:
        with connection, connection.cursor() as cursor:
            names = _own_tables(cursor)
            owned = [name for name in names if _is_owner(cursor, name)]
        connection.autocommit = True
        with connection.cursor() as cursor:
            for table in owned:
                cursor.execute(_statement(_REWRITE, table))
        return owned == names


def _own_tables(cursor: extensions.cursor) -> list[str]:
    names = []
    for table in (MESSAGES, REVIEWS):
        columns = list(_OWN_COLUMNS[table.name])
        cursor.execute(_IS_OURS, (len(columns), table.name, columns))
        if cursor.fetchall()[0][0]:
            names.append(table.name)
    return names


def _is_owner(cursor: extensions.cursor, table: str) -> bool:
    cursor.execute(_IS_OWNER, (table,))
    return bool(cursor.fetchall()[0][0])


def _present(
    cursor: extensions.cursor, tables: Iterable[str], keys: Collection[str]
) -> set[str]:
    present: set[str] = set()
    for table in tables:
        cursor.execute(_statement(_FOUND, table), (list(keys),))
        present.update(key for (key,) in cursor)
    return present


def _statement(statement: str, table: str) -> sql.Composed:
    return sql.SQL(statement).format(
        table=sql.Identifier(table), column=sql.Identifier(_KEY_COLUMNS[table])
    )
