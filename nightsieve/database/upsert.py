"""Many rows into a table: copied into a temporary table, then inserted or updated."""

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg2.extensions import cursor as Cursor

from nightsieve.database.tables import Table

STAGING = "staging"
NULL = "\\N"  # of PostgreSQL's text COPY format
_COPY_BUFFER = 1 << 18
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_UPSERT = """
    WITH given AS MATERIALIZED (
        {select}
    ), written AS (
        INSERT INTO {table} ({columns}) SELECT {columns} FROM given
        ON CONFLICT {on_conflict}
        RETURNING xmax = 0 AS is_new
    )
    SELECT
        (SELECT count(*) FROM given),
        count(*) FILTER (WHERE is_new),
        count(*) FILTER (WHERE NOT is_new)
    FROM written
"""


@dataclass(frozen=True)
class Upserted:
    """Rows by what became of them."""

    new: int
    changed: int
    unchanged: int

    @property
    def total(self) -> int:
        """All rows that were given."""
        return self.new + self.changed + self.unchanged


def stage(cursor: Cursor, columns: Mapping[str, str], blocks: Iterable[bytes]) -> None:
    """Copy rows into the table `STAGING`, which lasts until the transaction ends.

    Parameters
    ----------
    columns
        The SQL type of each column of the temporary table by its name.
    blocks
        Rows in PostgreSQL's text COPY format.
    """
    definition = ", ".join(f"{name} {type_}" for name, type_ in columns.items())
    cursor.execute(f"CREATE TEMP TABLE {STAGING} ({definition}) ON COMMIT DROP")
    for block in blocks:
        cursor.copy_expert(
            f"COPY {STAGING} FROM STDIN", io.BytesIO(block), size=_COPY_BUFFER
        )


def upsert(
    cursor: Cursor,
    table: Table,
    columns: Sequence[str],
    select: str,
    parameters: Mapping[str, Any] | None = None,
    overwrite_if_changed: str | None = None,
) -> Upserted:
    """Insert the rows of a query; a row whose key is there already stays as it is.

    Parameters
    ----------
    columns
        Of the table, those that the query returns, under these names.
    select
        The query, usually over `STAGING`. No two of its rows may have the same key.
    overwrite_if_changed
        The column that decides whether a row that is there is overwritten: it is, if
        its value there is another one. None: it never is.
    """
    on_conflict = "DO NOTHING"
    if overwrite_if_changed is not None:
        values = [name for name in columns if name not in table.key]
        assignments = ", ".join(f"{name} = EXCLUDED.{name}" for name in values)
        column = overwrite_if_changed
        on_conflict = (
            f"({', '.join(table.key)}) DO UPDATE SET {assignments} "
            f"WHERE {table.name}.{column} IS DISTINCT FROM EXCLUDED.{column}"
        )
    statement = _UPSERT.format(
        select=select,
        table=table.name,
        columns=", ".join(columns),
        on_conflict=on_conflict,
    )
    cursor.execute(statement, parameters)
    given, new, changed = cursor.fetchone()
    return Upserted(new=new, changed=changed, unchanged=given - new - changed)


def copy_text(value: str) -> str:
    """Return the value as one field of PostgreSQL's text COPY format."""
    # Most messages hold none of these; a look is cheaper than a translation.
    if "\\" in value or "\n" in value or "\t" in value or "\r" in value:
        return value.translate(_ESCAPES)
    return value
