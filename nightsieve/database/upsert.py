"""Write many rows into a table.

They are copied into a temporary table, and inserted or updated from there.
"""

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg2 import extensions

from nightsieve.database.tables import Table

STAGING = "staging"
NULL = "\\N"  # of PostgreSQL's text COPY format
_COPY_BUFFER = 1 << 18
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_UPSERT = """
    WITH selected AS MATERIALIZED (
        {select}
    ), written AS (
        INSERT INTO {table} ({columns}) SELECT {columns} FROM selected
        ON CONFLICT {on_conflict}
        RETURNING xmax = 0 AS is_new
    )
    SELECT
        (SELECT count(*) FROM selected),
        count(*) FILTER (WHERE is_new),
        count(*) FILTER (WHERE NOT is_new)
    FROM written
"""


_UPSERT_EACH = """
    INSERT INTO {table} ({columns}) {select}
    ON CONFLICT {on_conflict}
    RETURNING {key}, xmax = 0
"""


@dataclass(frozen=True)
class Upserted:
    """The numbers of rows that were new, changed and unchanged.

    Examples
    --------
    >>> Upserted(new=2, changed=0, unchanged=1).total
    3
    """

    new: int
    changed: int
    unchanged: int

    @property
    def total(self) -> int:
        """The number of all rows."""
        return self.new + self.changed + self.unchanged


def stage(
    cursor: extensions.cursor, columns: Mapping[str, str], blocks: Iterable[bytes]
) -> None:
    r"""Copy rows into the table `STAGING`, which lasts until the transaction ends.

    Parameters
    ----------
    columns
        The SQL type of each column of the temporary table by its name.
    blocks
        Rows in PostgreSQL's text COPY format.

    Examples
    --------
    >>> from nightsieve.database.connection import transaction
    >>> with transaction() as cursor:
    ...     stage(cursor, {"key": "text"}, [b"41\n", b"42\n"])
    ...     fetch_row(cursor, f"SELECT count(*) FROM {STAGING}")
    (2,)
    """
    columns_and_types = [f"{name} {sql_type}" for name, sql_type in columns.items()]
    definition = ", ".join(columns_and_types)
    cursor.execute(f"CREATE TEMP TABLE {STAGING} ({definition}) ON COMMIT DROP")
    for block in blocks:
        cursor.copy_expert(
            f"COPY {STAGING} FROM STDIN", io.BytesIO(block), size=_COPY_BUFFER
        )


def upsert(
    cursor: extensions.cursor,
    table: Table,
    columns: Sequence[str],
    select: str,
    *,
    parameters: Mapping[str, object] | None = None,
    overwrite_if_changed: str | None = None,
) -> Upserted:
    r"""Insert the rows of a query; a row whose key the table has stays as it is.

    Parameters
    ----------
    columns
        The names of the columns of the table that the query returns.
    select
        The query, usually over `STAGING`. No two of its rows may have the same key.
    parameters
        The parameters of the query by name.
    overwrite_if_changed
        A row that the table has is overwritten if this column has another value there.
        None never overwrites.

    Examples
    --------
    >>> from nightsieve.database.connection import transaction
    >>> from nightsieve.database.tables import MESSAGES
    >>> with transaction() as cursor:
    ...     stage(cursor, {"key": "text"}, [b"41\n", b"42\n"])
    ...     upsert(cursor, MESSAGES, ["key"], f"SELECT key FROM {STAGING}")
    Upserted(new=2, changed=0, unchanged=0)
    """
    on_conflict = "DO NOTHING"
    if overwrite_if_changed is not None:
        on_conflict = _overwrite(table, columns, overwrite_if_changed)
    statement = _UPSERT.format(
        select=select,
        table=table.name,
        columns=", ".join(columns),
        on_conflict=on_conflict,
    )
    selected, new, changed = fetch_row(cursor, statement, parameters)
    return Upserted(new=new, changed=changed, unchanged=selected - new - changed)


def upsert_each(
    cursor: extensions.cursor,
    table: Table,
    columns: Sequence[str],
    select: str,
    *,
    parameters: Mapping[str, object] | None = None,
    overwrite_if_changed: str,
) -> dict[tuple[Any, ...], bool]:
    r"""Do what `upsert` does, for few rows; say of each that was written if it is new.

    Returns
    -------
    dict
        Whether the row was inserted, by its primary key; otherwise it was overwritten.
        Rows that stay as they are, are missing.

    Examples
    --------
    >>> from nightsieve.database.connection import transaction
    >>> from nightsieve.database.tables import MESSAGES
    >>> select = "SELECT '41' AS key, 'Hello' AS body"
    >>> columns = ["key", "body"]
    >>> with transaction() as cursor:
    ...     upsert_each(cursor, MESSAGES, columns, select, overwrite_if_changed="body")
    ...     upsert_each(cursor, MESSAGES, columns, select, overwrite_if_changed="body")
    {('41',): True}
    {}
    """
    statement = _UPSERT_EACH.format(
        select=select,
        table=table.name,
        columns=", ".join(columns),
        on_conflict=_overwrite(table, columns, overwrite_if_changed),
        key=", ".join(table.key),
    )
    cursor.execute(statement, parameters)
    return {tuple(key): is_new for *key, is_new in cursor}


def fetch_row(
    cursor: extensions.cursor,
    query: str,
    parameters: Mapping[str, object] | None = None,
) -> tuple[Any, ...]:
    """Return the first row of a query that always has one.

    Examples
    --------
    >>> from nightsieve.database.connection import transaction
    >>> with transaction() as cursor:
    ...     fetch_row(cursor, "SELECT 1, 2")
    (1, 2)
    """
    cursor.execute(query, parameters)
    row = cursor.fetchone()
    if row is None:
        raise LookupError("the query returned no row")
    return row


def copy_text(value: str) -> str:
    r"""Return the value as one field of PostgreSQL's text COPY format.

    Examples
    --------
    >>> print(copy_text("two\nlines"))
    two\nlines
    """
    # Most messages hold none of these characters; to look is cheaper than to translate.
    if "\\" in value or "\n" in value or "\t" in value or "\r" in value:
        return value.translate(_ESCAPES)
    return value


def _overwrite(table: Table, columns: Sequence[str], changed_column: str) -> str:
    """Return the ON CONFLICT clause that overwrites rows with another value."""
    values = [name for name in columns if name not in table.key]
    assignments = ", ".join(f"{name} = EXCLUDED.{name}" for name in values)
    stored = f"{table.name}.{changed_column}"
    return (
        f"({', '.join(table.key)}) DO UPDATE SET {assignments} "
        f"WHERE {stored} IS DISTINCT FROM EXCLUDED.{changed_column}"
    )
