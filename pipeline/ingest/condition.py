"""The SQL conditions of a configuration, each checked alone before it is used.

A configuration can come from somebody who may not write to the database. A condition is
text that becomes a part of a query, so it must be one expression and nothing else.
"""

import re
import sqlite3

import psycopg2
from psycopg2 import errorcodes, extensions
from sqlalchemy.engine import Connection

from pipeline.errors import SourceError

# Text that fits into both is one expression, whose brackets are its own: what would
# close the parenthesis of the first form does not fit into the second.
_FORMS = (
    "SELECT 1 FROM {table} WHERE (\n{condition}\n)",
    "SELECT CASE WHEN\n{condition}\nTHEN 1 END FROM {table}",
)
# Opening a cursor parses and plans a query, and returns no row. It refuses several
# statements, which psycopg2 itself would run one after another.
_OPEN = "DECLARE tried refcursor; BEGIN OPEN tried FOR EXECUTE {query}; END"
_REMEDY = "write one condition on the columns of the table, such as country = 'IN'"

_WORD = re.compile(r"[^\W\d][\w$]*")
_CALLED = re.compile(r"([^\W\d][\w$]*)\"?\s*\(")
_COMMENT = re.compile(r"--|/\*")  # can stand between a name and its parenthesis
_ESCAPED_NAME = re.compile(r'[uU]&\s*"')
_VOLATILE = """
    SELECT min(proname) FROM pg_catalog.pg_proc
    WHERE provolatile = 'v' AND (proname = ANY(%s) OR proname = ANY(%s))
"""


def check_condition(
    connection: Connection, table: str, condition: str, where: str
) -> None:
    """Require that a text is one condition on a table's rows.

    Parameters
    ----------
    table
        The quoted name of the table.
    where
        What messages call the condition.

    Raises
    ------
    SourceError
        The text is not one expression, names an unknown column, or calls a function
        with effects. The message holds what the database says about the statement, and
        never a row.
    """
    if "\0" in condition:
        raise SourceError(f"{where}: holds a NUL character; {_REMEDY}")
    queries = [form.format(table=table, condition=condition) for form in _FORMS]
    if connection.dialect.name == "postgresql":
        database = connection.connection.dbapi_connection
        assert isinstance(database, extensions.connection)
        _try_postgresql(database, queries, where)
        _refuse_effects(database, condition, where)
    else:
        database = connection.connection.dbapi_connection
        assert isinstance(database, sqlite3.Connection)
        _try_sqlite(database, queries, where)


def _try_postgresql(
    database: extensions.connection, queries: list[str], where: str
) -> None:
    with database.cursor() as cursor:
        for query in queries:
            block = _OPEN.format(query=_quote(query, database))
            try:
                cursor.execute(f"DO {_quote(block, database)}")
            except psycopg2.Error as error:
                if not error.pgcode:
                    raise
                raise SourceError(f"{where}: {_reason(error)}; {_REMEDY}") from None


def _quote(text: str, database: extensions.connection) -> str:
    """Return the text as a literal of SQL."""
    literal = extensions.QuotedString(text)
    literal.prepare(database)
    return literal.getquoted().decode(extensions.encodings[database.encoding])


def _reason(error: psycopg2.Error) -> str:
    if error.pgcode == errorcodes.INVALID_CURSOR_DEFINITION:
        return "holds several statements"
    name = f"{error.pgcode} {errorcodes.lookup(str(error.pgcode)).lower()}"
    # Messages of other classes may quote a row: planning can run functions.
    if not str(error.pgcode).startswith("42"):
        return name
    return f"{name}: {' '.join(str(error.diag.message_primary).split())}"


def _refuse_effects(
    database: extensions.connection, condition: str, where: str
) -> None:
    """Refuse functions that PostgreSQL itself calls volatile.

    A READ ONLY transaction stops what writes, and lets through what ends sessions,
    sleeps, takes locks, or connects to elsewhere. And with ``random()``, a night would
    not draw the same sample again.
    """
    if _ESCAPED_NAME.search(condition):
        raise SourceError(f'{where}: spells a name with U&"; write the name itself')
    pattern = _WORD if _COMMENT.search(condition) else _CALLED
    names = pattern.findall(condition)
    lower_names = [name.lower() for name in names]  # as PostgreSQL reads them
    with database.cursor() as cursor:
        cursor.execute(_VOLATILE, (names, lower_names))
        row = cursor.fetchone()
    if row is not None and row[0] is not None:
        raise SourceError(
            f"{where}: {row[0]}() is volatile, so it may have effects; use functions "
            "that are immutable or stable"
        )


def _try_sqlite(database: sqlite3.Connection, queries: list[str], where: str) -> None:
    for query in queries:
        try:
            database.execute(f"EXPLAIN {query}").close()
        except (sqlite3.Error, sqlite3.Warning) as error:
            reason = " ".join(str(error).split())
            raise SourceError(f"{where}: {reason}; {_REMEDY}") from None
