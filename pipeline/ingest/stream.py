"""Stream the rows of a query as Arrow tables: a few blocks are in memory at a time."""

import contextlib
import hashlib
import queue
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

import pyarrow as pa
import pyarrow.csv
import sqlalchemy
from sqlalchemy.engine import Connection

from pipeline.errors import SourceError
from pipeline.ingest.query import HASH_FUNCTION
from pipeline.text import join_surrogates

#: The names and types of a query's columns.
Columns: TypeAlias = Mapping[str, pa.DataType]

#: Rows of SQLite that are fetched at a time.
BATCH = 10_000
#: Bytes of CSV that are parsed at a time; several times the longest body.
BLOCK = 8 << 20
#: The maximum number of blocks that wait to be parsed.
AHEAD = 2


def stream(connection: Connection, query: str, columns: Columns) -> Iterator[pa.Table]:
    """Yield the rows of a query, a few megabytes at a time; no table is empty."""
    is_postgresql = connection.dialect.name == "postgresql"
    read = _copy if is_postgresql else _select
    for table in read(connection, query, columns):
        if len(table):
            yield table


def _copy(connection: Connection, query: str, columns: Columns) -> Iterator[pa.Table]:
    """Yield rows of PostgreSQL.

    COPY writes CSV in a thread of its own, and pyarrow parses it in this thread.
    """
    # FORCE_QUOTE distinguishes an empty string, which is quoted, from NULL.
    statement = f"COPY ({query}) TO STDOUT (FORMAT csv, FORCE_QUOTE *)"
    blocks = Blocks()

    def copy() -> None:
        # The blocks end even if there is no cursor: a connection can be lost by now.
        with blocks, contextlib.closing(connection.connection.cursor()) as cursor:
            cursor.copy_expert(statement, blocks)

    with ThreadPoolExecutor(1) as pool:
        copying = pool.submit(copy)
        try:
            for block in blocks:
                yield _parse(block, columns)
        finally:
            blocks.stop()
        copying.result()


class Blocks:
    """A queue of whole rows, from a thread that writes to a thread that iterates.

    At most `AHEAD` blocks of rows wait. pyarrow's own stream of CSV lets 32 blocks wait
    if its consumer is slower than COPY.
    """

    def __init__(self) -> None:
        self._room = threading.Semaphore(AHEAD)
        self._stopped = False
        self._blocks: queue.SimpleQueue[bytearray | None] = queue.SimpleQueue()
        self._block = bytearray()

    def write(self, row: bytes) -> None:
        """Take one row: in PostgreSQL's protocol, each message of a COPY is a row."""
        if len(row) > BLOCK:
            raise SourceError(
                f"source: a row is longer than {BLOCK >> 20} MB without its body\n"
                "leave it out by source.messages.where, or name another column for "
                "key, sender or annotator"
            )
        self._block += row
        if len(self._block) >= BLOCK:
            self._hand_over()

    def __enter__(self) -> "Blocks":
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        """End the iteration, after the last rows if writing has succeeded."""
        try:
            if self._block and not failed:
                self._hand_over()
        finally:
            self._blocks.put(None)

    def __iter__(self) -> Iterator[bytearray]:
        block = self._blocks.get()
        while block is not None:
            yield block
            self._room.release()
            block = self._blocks.get()

    def stop(self) -> None:
        """Make further writing fail, because the iteration has ended."""
        self._stopped = True
        self._room.release()

    def _hand_over(self) -> None:
        self._room.acquire()
        if self._stopped:
            raise BrokenPipeError
        self._blocks.put(self._block)
        self._block = bytearray()


def _parse(block: bytearray, columns: Columns) -> pa.Table:
    read_options = pa.csv.ReadOptions(column_names=list(columns), block_size=len(block))
    convert_options = pa.csv.ConvertOptions(
        column_types=columns,
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    try:
        return pa.csv.read_csv(
            pa.BufferReader(block),
            read_options=read_options,
            parse_options=pa.csv.ParseOptions(newlines_in_values=True),
            convert_options=convert_options,
        )
    except pa.ArrowInvalid as error:
        if "UTF8" not in str(error):
            raise
        raise SourceError(
            "source: a text is not valid UTF-8, which a database with the encoding "
            "SQL_ASCII accepts\n"
            "correct it there, or leave its row out by source.messages.where"
        ) from None


def _select(connection: Connection, query: str, columns: Columns) -> Iterator[pa.Table]:
    """Yield rows of SQLite.

    SQLite can hold text that is not Unicode: invalid bytes and lone surrogates become
    U+FFFD.
    """
    database = connection.connection.dbapi_connection
    assert isinstance(database, sqlite3.Connection)
    database.create_function(HASH_FUNCTION, 2, _hash, deterministic=True)
    database.text_factory = _decode
    statement = sqlalchemy.text(query.replace(":", "\\:"))
    rows = connection.execution_options(stream_results=True).execute(statement)
    for batch in rows.partitions(BATCH):
        columns_of_batch = zip(*batch, strict=True)
        arrays = {}
        for name, values in zip(columns, columns_of_batch, strict=True):
            arrays[name] = pa.array(values, columns[name])
        yield pa.table(arrays)


def _decode(content: bytes) -> str:
    return join_surrogates(content.decode("utf-8", "replace"))


def _hash(key: str, seed: int) -> int:
    """Return the hash of a key, from 0 to 2^63 - 1."""
    digest = hashlib.blake2b(
        key.encode(), digest_size=8, salt=seed.to_bytes(8)
    ).digest()
    return int.from_bytes(digest) >> 1
