"""The source's description as SQL, for PostgreSQL and for SQLite.

Every query gives the same columns in both: text, with times in microseconds since 1970 (UTC), so that what reads them
need not know which database it was.
"""

import datetime
import warnings

import sqlalchemy
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import SAWarning

from pipeline.config.settings import Column, MessageTable, ReviewTable, Source
from pipeline.errors import SourceError

HASH_FUNCTION = (
    "nightsieve_hash"  # SQLite has none; the reader of a SQLite source registers it
)
_PYTHON_TYPES = {"int64": int, "timestamp": datetime.datetime}


def message_query(
    connection: Connection, source: Source, before: datetime.datetime
) -> str:
    """SQL of the sample: key, body, sender, received_at and why a body is missing.

    A message belongs to the sample when the hash of its key, with the seed, is below the fraction: the same messages
    as the table grows or is rewritten. ``max_rows`` keeps those with the smallest hashes.
    """
    sql = _Sql(connection)
    table, columns = source.messages, source.messages.columns
    sql.check(table, "source.messages")
    key, body = sql.name(columns.key), sql.name(columns.body)
    fits = f"{sql.bytes(body)} <= {source.max_body_bytes}"
    chosen = [
        f"{sql.text(key)} AS key",
        f"CASE WHEN {fits} THEN {sql.text(body)} END AS body",
        f"{sql.text(sql.name(columns.sender)) if columns.sender else 'NULL'} AS sender",
        f"{sql.microseconds(columns.received_at)} AS received_at",
        f"CASE WHEN {body} IS NULL THEN 'null' WHEN {fits} THEN 'no' ELSE 'oversized' END AS missing",
    ]
    place = sql.hash(columns.key, source.sample.seed)
    conditions = sql.conditions(table, columns.received_at, before)
    if source.sample.fraction < 1:
        conditions.append(f"{place} < {round(source.sample.fraction * 2**63)}")
    limit = (
        f" ORDER BY {place}, {key} LIMIT {source.sample.max_rows}"
        if source.sample.max_rows
        else ""
    )
    return f"SELECT {', '.join(chosen)} FROM {sql.table(table.table)}{_where(conditions)}{limit}"


def review_query(
    connection: Connection, source: Source, before: datetime.datetime
) -> str:
    """SQL of the reviews up to the date with the messages they are about.

    Its columns are key, body, label, source, annotator and reviewed_at.
    """
    sql = _Sql(connection)
    messages, reviews = source.messages, source.reviews
    sql.check(messages, "source.messages")
    sql.check(reviews, "source.reviews")
    columns = reviews.columns
    chosen = {
        "key": sql.text(sql.name(columns.message_key)),
        "label": sql.text(sql.name(columns.label)),
        "source": sql.text(sql.name(columns.source)) if columns.source else "NULL",
        "annotator": sql.text(sql.name(columns.annotator))
        if columns.annotator
        else "NULL",
        "reviewed_at": sql.microseconds(columns.reviewed_at),
    }
    body = sql.name(messages.columns.body)
    kept = [f"{body} IS NOT NULL", f"{sql.bytes(body)} <= {source.max_body_bytes}"]
    kept += sql.conditions(messages, messages.columns.received_at, before)
    key = sql.text(sql.name(messages.columns.key))
    inner = ", ".join(f"{expression} AS {name}" for name, expression in chosen.items())
    judged = [
        f"{sql.name(columns.label)} IS NOT NULL",
        *sql.conditions(reviews, columns.reviewed_at, before),
    ]
    return (
        "SELECT r.key, m.body, r.label, r.source, r.annotator, r.reviewed_at "
        f"FROM (SELECT {inner} FROM {sql.table(reviews.table)}{_where(judged)}) r "
        f"JOIN (SELECT {key} AS key, {sql.text(body)} AS body FROM {sql.table(messages.table)}{_where(kept)}) m "
        "ON m.key = r.key ORDER BY 1, 4, 5, 3, 6"
    )


def _where(conditions: list[str]) -> str:
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


class _Sql:
    """Expressions in the dialect of a connection."""

    def __init__(self, connection: Connection):
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

    def bytes(self, expression: str) -> str:
        return (
            f"octet_length({expression})"
            if self.postgresql
            else f"length(CAST({expression} AS BLOB))"
        )

    def microseconds(self, column: Column | None) -> str:
        if column is None:
            return "NULL"
        name = self.name(column)
        if not self.postgresql:
            fraction = f"CAST(substr(strftime('%f', {name}), 4) AS INTEGER)"
            return f"{self.seconds(name)} * 1000000 + {fraction} * 1000"
        zoned = f"CAST({name} AS timestamptz)"  # infinity is no time of receipt
        return f"CASE WHEN isfinite({zoned}) THEN CAST(extract(epoch FROM {zoned}) * 1000000 AS int8) END"

    def seconds(self, name: str) -> str:
        """SQLite's text as seconds since 1970; NULL where it is no time."""
        return f"CAST(strftime('%s', {name}) AS INTEGER)"

    def hash(self, column: Column, seed: int) -> str:
        """A hash of the key and the seed, from 0 to 2^63 - 1."""
        name = self.name(column)
        if not self.postgresql:
            return f"{HASH_FUNCTION}({self.text(name)}, {seed})"
        hashed = (
            f"hashint8extended({name}"
            if column.dtype == "int64"
            else f"hashtextextended({self.text(name)}"
        )
        return f"({hashed}, {seed}) & {2**63 - 1})"

    def conditions(
        self,
        table: MessageTable | ReviewTable,
        time: Column | None,
        before: datetime.datetime,
    ) -> list[str]:
        """The table's own condition, and that it was there before; what has no time was always there."""
        conditions = [f"({table.where})"] if table.where else []
        if time is not None:
            end = int(before.timestamp())
            # SQLite holds times as text: what it cannot read is no time either.
            moment, limit = (self.name(time), f"to_timestamp({end})")
            if not self.postgresql:
                moment, limit = self.seconds(moment), str(end)
            conditions.append(f"({moment} IS NULL OR {moment} < {limit})")
        return conditions

    def check(self, table: MessageTable | ReviewTable, where: str) -> None:
        """Raise a SourceError unless the table and its columns are there, with the types that the description says."""
        schema, _, name = table.table.rpartition(".")
        if schema and schema not in (there := self.inspector.get_schema_names()):
            raise SourceError(
                f"{where}.table: no schema {schema}; there are: {', '.join(sorted(there))}"
            )
        if not self.inspector.has_table(name, schema=schema or None):
            there = sorted(self.inspector.get_table_names(schema=schema or None))
            raise SourceError(
                f"{where}.table: no table {table.table}; there are: {', '.join(there) or 'none'}"
            )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SAWarning)  # of columns that are not ours
            types = {
                found["name"]: found["type"]
                for found in self.inspector.get_columns(name, schema=schema or None)
            }
        for ours, column in table.columns:
            if column is None:
                continue
            key = f"{where}.columns.{ours}"
            if column.name not in types:
                raise SourceError(
                    f"{key}: no column {column.name} in {table.table}; there are: {', '.join(types)}"
                )
            wanted = _PYTHON_TYPES.get(column.dtype)
            if (
                wanted
                and self.postgresql
                and not issubclass(types[column.name].python_type, wanted)
            ):
                raise SourceError(
                    f"{key}: {table.table}.{column.name} is {types[column.name]}, not {column.dtype}"
                )
