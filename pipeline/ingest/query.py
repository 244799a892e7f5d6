"""The source's description as SQL, for PostgreSQL and for SQLite.

A query gives the same columns in both: text, and times in microseconds since 1970
(UTC). So the reader need not know the database.
"""

import datetime
import warnings
from typing import Any

import sqlalchemy
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import SAWarning
from sqlalchemy.types import TypeEngine

from pipeline.config.settings import Column, MessageTable, ReviewTable, Source
from pipeline.errors import SourceError
from pipeline.ingest.condition import check_condition

# SQLite has no hash function: the reader of a SQLite source registers one by this name.
HASH_FUNCTION = "nightsieve_hash"
#: Columns that a table must have; the others may be null in the configuration.
_REQUIRED = ("key", "body", "message_key", "label")
_PYTHON_TYPES = {"int64": int, "timestamp": datetime.datetime}


def message_query(
    connection: Connection, source: Source, before: datetime.datetime
) -> str:
    """Return the SQL of the sample.

    Its columns are ``key``, ``body``, ``sender``, ``received_at``, and ``missing``: why
    the body is missing. A message belongs to the sample if the hash of its key, with
    the seed, is below the fraction. So the sample keeps its messages when the table
    grows or is rewritten. ``max_rows`` keeps the messages with the smallest hashes.
    """
    sql = _Sql(connection)
    table = source.messages
    columns = table.columns
    sql.check(table, "source.messages")
    key = sql.name(columns.key)
    body = sql.name(columns.body)
    fits = f"{sql.bytes(body)} <= {source.max_body_bytes}"
    missing = f"WHEN {body} IS NULL THEN 'null' WHEN {fits} THEN 'no' ELSE 'oversized'"
    selected = [
        f"{sql.text(key)} AS key",
        f"CASE WHEN {fits} THEN {sql.text(body)} END AS body",
        f"{sql.optional_text(columns.sender)} AS sender",
        f"{sql.microseconds(columns.received_at)} AS received_at",
        f"CASE {missing} END AS missing",
    ]
    key_hash = sql.hash(columns.key, source.sample.seed)
    conditions = sql.conditions(table, columns.received_at, before)
    if source.sample.fraction < 1:
        conditions.append(f"{key_hash} < {round(source.sample.fraction * 2**63)}")
    query = f"SELECT {', '.join(selected)} FROM {sql.table(table.table)}"
    query += _where(conditions)
    if source.sample.max_rows:
        query += f" ORDER BY {key_hash}, {key} LIMIT {source.sample.max_rows}"
    return query


def review_query(
    connection: Connection,
    source: Source,
    reviews: ReviewTable,
    before: datetime.datetime,
) -> str:
    """Return the SQL of the reviews before a time, with the messages they are about.

    Its columns are ``key``, ``body``, ``label``, ``source``, ``annotator`` and
    ``reviewed_at``.
    """
    sql = _Sql(connection)
    sql.check(source.messages, "source.messages")
    sql.check(reviews, "source.reviews")
    return (
        "SELECT r.key, m.body, r.label, r.source, r.annotator, r.reviewed_at "
        f"FROM ({_reviews(sql, reviews, before)}) r "
        f"JOIN ({_bodies(sql, source, before)}) m "
        "ON m.key = r.key ORDER BY 1, 4, 5, 3, 6"
    )


def _reviews(sql: "_Sql", table: ReviewTable, before: datetime.datetime) -> str:
    """Return the SQL of the reviews that have a label."""
    columns = table.columns
    selected = [
        f"{sql.text(sql.name(columns.message_key))} AS key",
        f"{sql.text(sql.name(columns.label))} AS label",
        f"{sql.optional_text(columns.source)} AS source",
        # An empty name is no name.
        f"NULLIF({sql.optional_text(columns.annotator)}, '') AS annotator",
        f"{sql.microseconds(columns.reviewed_at)} AS reviewed_at",
    ]
    conditions = [f"{sql.name(columns.label)} IS NOT NULL"]
    conditions += sql.conditions(table, columns.reviewed_at, before)
    from_table = f"FROM {sql.table(table.table)}{_where(conditions)}"
    return f"SELECT {', '.join(selected)} {from_table}"


def _bodies(sql: "_Sql", source: Source, before: datetime.datetime) -> str:
    """Return the SQL of the messages with a body that is not too long."""
    table = source.messages
    body = sql.name(table.columns.body)
    conditions = [
        f"{body} IS NOT NULL",
        f"{sql.bytes(body)} <= {source.max_body_bytes}",
        *sql.conditions(table, table.columns.received_at, before),
    ]
    key = sql.text(sql.name(table.columns.key))
    from_table = f"FROM {sql.table(table.table)}{_where(conditions)}"
    return f"SELECT {key} AS key, {sql.text(body)} AS body {from_table}"


def _where(conditions: list[str]) -> str:
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


class _Sql:
    """Expressions in the dialect of a connection."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.inspector = sqlalchemy.inspect(connection)
        self.dialect: Dialect = connection.dialect
        self.postgresql = connection.dialect.name == "postgresql"

    def quote(self, name: str) -> str:
        return self.dialect.identifier_preparer.quote_identifier(name)

    def table(self, name: str) -> str:
        return ".".join(map(self.quote, name.split(".")))

    def name(self, column: Column) -> str:
        return self.quote(column.name)

    def text(self, expression: str) -> str:
        return f"CAST({expression} AS TEXT)"

    def optional_text(self, column: Column | None) -> str:
        return self.text(self.name(column)) if column else "NULL"

    def bytes(self, expression: str) -> str:
        if self.postgresql:
            return f"octet_length({expression})"
        return f"length(CAST({expression} AS BLOB))"

    def microseconds(self, column: Column | None) -> str:
        if column is None:
            return "NULL"
        name = self.name(column)
        if not self.postgresql:
            fraction = f"CAST(substr(strftime('%f', {name}), 4) AS INTEGER)"
            return f"{self.seconds(name)} * 1000000 + {fraction} * 1000"
        # An infinite time, which PostgreSQL knows, is not a time of receipt.
        zoned = f"CAST({name} AS timestamptz)"
        microseconds = f"CAST(extract(epoch FROM {zoned}) * 1000000 AS int8)"
        return f"CASE WHEN isfinite({zoned}) THEN {microseconds} END"

    def seconds(self, name: str) -> str:
        """Return SQLite's text as seconds since 1970; NULL where it is not a time."""
        return f"CAST(strftime('%s', {name}) AS INTEGER)"

    def hash(self, column: Column, seed: int) -> str:
        """Return a hash of the key and the seed, from 0 to 2^63 - 1."""
        name = self.name(column)
        if not self.postgresql:
            return f"{HASH_FUNCTION}({self.text(name)}, {seed})"
        if column.dtype == "int64":
            key_hash = f"hashint8extended({name}, {seed})"
        else:
            key_hash = f"hashtextextended({self.text(name)}, {seed})"
        return f"({key_hash} & {2**63 - 1})"

    def conditions(
        self,
        table: MessageTable | ReviewTable,
        time: Column | None,
        before: datetime.datetime,
    ) -> list[str]:
        """Return the conditions on a row: the table's own, and a time before the end.

        A row without a time fulfils the second.
        """
        # On lines of its own, so that a comment in it ends with it.
        conditions = [f"(\n{table.where}\n)"] if table.where else []
        if time is None:
            return conditions
        end = int(before.timestamp())
        if self.postgresql:
            row_time = self.name(time)
            limit = f"to_timestamp({end})"
        else:
            # SQLite holds times as text; text that is not a time counts as NULL.
            row_time = self.seconds(self.name(time))
            limit = str(end)
        return [*conditions, f"({row_time} IS NULL OR {row_time} < {limit})"]

    def check(self, table: MessageTable | ReviewTable, setting: str) -> None:
        """Require the table, its columns with their types, and one condition.

        Raises
        ------
        SourceError
            The message names the setting, and the tables, columns or types that exist.
        """
        types = self._column_types(table, setting)
        for role, column in table.columns:
            if column is None:
                continue
            key = f"{setting}.columns.{role}"
            if column.name not in types:
                or_null = "" if role in _REQUIRED else ", or null"
                raise SourceError(
                    f"{key}: column {column.name} does not exist in {table.table}; "
                    f"use one of {', '.join(types)}{or_null}"
                )
            if isinstance(types[column.name], postgresql.BYTEA):
                raise SourceError(
                    f"{key}: {table.table}.{column.name} is BYTEA, not text; name a "
                    f"column of a view that has convert_from({column.name}, 'UTF8')"
                )
            python_type = _PYTHON_TYPES.get(column.dtype)
            if python_type is None or not self.postgresql:
                continue
            if not issubclass(types[column.name].python_type, python_type):
                raise SourceError(
                    f"{key}: {table.table}.{column.name} is {types[column.name]}, "
                    f"not {column.dtype}; correct its dtype, or name another column"
                )
        if table.where:
            where = f"{setting}.where"
            check_condition(
                self.connection, self.table(table.table), table.where, where
            )

    def _check_schema(self, schema: str, setting: str) -> None:
        schemas = sorted(self.inspector.get_schema_names())
        if schema not in schemas:
            raise SourceError(
                f"{setting}.table: schema {schema} does not exist; "
                f"use one of {', '.join(schemas)}"
            )

    def _column_types(
        self, table: MessageTable | ReviewTable, setting: str
    ) -> dict[str, TypeEngine[Any]]:
        """Return the type of each column of the table."""
        schema, _, name = table.table.rpartition(".")
        schema_or_none = schema or None
        if schema:
            self._check_schema(schema, setting)
        if not self.inspector.has_table(name, schema=schema_or_none):
            tables = sorted(self.inspector.get_table_names(schema=schema_or_none))
            remedy = f"use one of {', '.join(tables)}" if tables else "create it"
            raise SourceError(
                f"{setting}.table: table {table.table} does not exist; {remedy}"
            )
        with warnings.catch_warnings():
            # Columns that we do not read may have types that SQLAlchemy does not know.
            warnings.simplefilter("ignore", SAWarning)
            columns = self.inspector.get_columns(name, schema=schema_or_none)
        return {column["name"]: column["type"] for column in columns}
