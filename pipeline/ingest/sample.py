"""A night's sample: streamed out of the database into one Parquet file a shard, in memory for a few blocks of it.

Eight bytes a message are kept beside, twice for a moment, to see that no key occurs twice.
"""

import datetime
import hashlib
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
import sqlalchemy
from sqlalchemy.engine import Connection

from pipeline.config.settings import Source
from pipeline.data import schemas
from pipeline.errors import DataError, SourceError
from pipeline.ingest.query import HASH_FUNCTION, message_query, review_query
from pipeline.text import join_surrogates

BATCH = 10_000  # rows that SQLite gives at a time
BLOCK = (
    8 << 20
)  # bytes of CSV that are parsed at a time; several times the longest body
AHEAD = 2  # blocks that wait to be parsed, at most
_SPOOLED = pa.schema(
    {
        "key": pa.string(),
        "body": pa.string(),
        "sender": pa.string(),
        "received_at": pa.timestamp("us", "UTC"),
    }
)
_TEXT, _MICROSECONDS = pa.string(), pa.int64()
_MESSAGES = {
    "key": _TEXT,
    "body": _TEXT,
    "sender": _TEXT,
    "received_at": _MICROSECONDS,
    "missing": _TEXT,
}
_REVIEWS = {
    "key": _TEXT,
    "body": _TEXT,
    "label": _TEXT,
    "source": _TEXT,
    "annotator": _TEXT,
    "reviewed_at": _MICROSECONDS,
}


@dataclass(frozen=True)
class Sampled:
    """One Parquet file a shard with its rows, and how many messages were drawn, kept, or left out and why."""

    files: list[Path]
    rows: list[int]
    counts: dict[str, int]


def draw_sample(
    connection: Connection,
    source: Source,
    date: datetime.date,
    folder: Path,
    progress: Callable[[int], None] = lambda rows: None,
) -> Sampled:
    """The messages of the sample received before the end of the date (UTC), spooled to files in the folder.

    Message ``key`` belongs to shard ``hash(key) mod shards``. ``progress`` is told how many rows there are so far.

    Raises
    ------
    SourceError : a table or column is missing or of another type, or the keys are not unique.
    DataError : there is no message to work with.
    """
    query = message_query(connection, source, _end_of(date))
    counts = dict.fromkeys(("sampled", "null_bodies", "oversized_bodies", "kept"), 0)
    hashes: list[np.ndarray] = []
    with _ShardFiles(folder, source.shards) as shards:
        for batch in _stream(connection, query, _MESSAGES):
            missing = batch.column("missing")
            kept = (
                batch.filter(pc.equal(missing, "no"))
                .drop_columns("missing")
                .cast(_SPOOLED)
            )
            counts["sampled"] += len(batch)
            counts["null_bodies"] += pc.sum(pc.equal(missing, "null")).as_py() or 0
            counts["oversized_bodies"] += (
                pc.sum(pc.equal(missing, "oversized")).as_py() or 0
            )
            counts["kept"] += len(kept)
            if kept["key"].null_count:
                column = source.messages.columns.key.name
                raise SourceError(
                    f"source.messages.columns.key: {source.messages.table}.{column} holds NULL"
                )
            hashes.append(pd.util.hash_array(kept["key"].to_numpy()))
            _require_unique(hashes[-1].copy(), source)
            shards.write(kept, hashes[-1])
            progress(counts["sampled"])
    if not counts["kept"]:
        raise DataError(_nothing(source, date, counts))
    _require_unique(np.concatenate(hashes), source)
    return Sampled(shards.files, shards.rows, counts)


def read_reviews(
    connection: Connection, source: Source, date: datetime.date
) -> pd.DataFrame:
    """The reviews made before the end of the date, each with its message: a ``reviews`` table, possibly empty."""
    batches: list[pa.Table] = []
    if source.reviews is not None:
        batches = list(
            _stream(
                connection, review_query(connection, source, _end_of(date)), _REVIEWS
            )
        )
    table = pa.concat_tables(batches) if batches else pa.schema(_REVIEWS).empty_table()
    table = table.cast(
        pa.schema({**_REVIEWS, "reviewed_at": pa.timestamp("us", "UTC")})
    )
    return schemas.check(table.to_pandas(), "reviews")


def _require_unique(hashes: np.ndarray, source: Source) -> None:
    hashes.sort()  # in place: a tenth of the memory of np.unique's table
    if (hashes[1:] == hashes[:-1]).any():
        column = source.messages.columns.key.name
        raise SourceError(
            f"source.messages.columns.key: {source.messages.table}.{column} is not unique"
        )


def _end_of(date: datetime.date) -> datetime.datetime:
    return datetime.datetime.combine(
        date + datetime.timedelta(days=1), datetime.time(), datetime.UTC
    )


def _nothing(source: Source, date: datetime.date, counts: dict[str, int]) -> str:
    if counts["sampled"]:
        return f"source: all {counts['sampled']} messages sampled have no body or one over source.max_body_bytes"
    received = source.messages.columns.received_at
    when = f" with {received.name} up to {date}" if received else ""
    return (
        f"source: the sample is empty: no message in {source.messages.table}{when}"
        f" (where: {source.messages.where or 'no condition'}; fraction: {source.sample.fraction:g})"
    )


class _ShardFiles:
    """One Parquet writer a shard."""

    def __init__(self, folder: Path, shards: int):
        self.files = [folder / f"{shard}.parquet" for shard in range(shards)]
        self.rows = [0] * shards

    def __enter__(self) -> "_ShardFiles":
        self._writers = [
            pq.ParquetWriter(file, _SPOOLED, compression="zstd") for file in self.files
        ]
        return self

    def __exit__(self, *_: object) -> None:
        for writer in self._writers:
            writer.close()

    def write(self, batch: pa.Table, hashes: np.ndarray) -> None:
        """Write each row to its shard; the hashes of the keys, uint64 [n_rows], say which."""
        schemas.check(batch.to_pandas(), "messages")
        for shard, writer in enumerate(self._writers):
            mine = batch.filter(pa.array(hashes % len(self._writers) == shard))
            writer.write_table(mine)
            self.rows[shard] += len(mine)


def _stream(
    connection: Connection, query: str, columns: dict[str, pa.DataType]
) -> Iterator[pa.Table]:
    """The rows of a query, a few megabytes at a time."""
    stream = _copy if connection.dialect.name == "postgresql" else _select
    for table in stream(connection, query, columns):
        if len(table):
            yield table


def _copy(
    connection: Connection, query: str, columns: dict[str, pa.DataType]
) -> Iterator[pa.Table]:
    """COPY writes CSV in a thread of its own, pyarrow parses it in this one."""
    # FORCE_QUOTE tells an empty string, quoted, from NULL, which is not.
    statement = f"COPY ({query}) TO STDOUT (FORMAT csv, FORCE_QUOTE *)"
    blocks = _Blocks()

    def copy() -> None:
        with blocks, connection.connection.cursor() as cursor:
            cursor.copy_expert(statement, blocks)

    with ThreadPoolExecutor(1) as pool:
        copying = pool.submit(copy)
        try:
            for block in blocks:
                yield _parse(block, columns)
        finally:
            blocks.give_up()
        copying.result()


class _Blocks:
    """Whole rows from the thread that writes to the one that iterates; a few blocks of them wait at most.

    pyarrow's own stream of CSV lets 32 wait, wherever what is done with them is slower than COPY.
    """

    def __init__(self) -> None:
        self._room, self._wanted = threading.Semaphore(AHEAD), True
        self._blocks: queue.SimpleQueue[bytearray | None] = queue.SimpleQueue()
        self._block = bytearray()

    def write(self, row: bytes) -> None:
        """Take one row: in PostgreSQL's protocol each message of a COPY is one."""
        if len(row) > BLOCK:
            raise SourceError(
                f"source: a row is longer than {BLOCK >> 20} MB, its body aside\n"
                "leave it out by source.messages.where, or name another column for key, sender or annotator"
            )
        self._block += row
        if len(self._block) >= BLOCK:
            self._hand_over()

    def __enter__(self) -> "_Blocks":
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        """End the iteration, after what is left unless writing has failed."""
        try:
            if self._block and not failed:
                self._hand_over()
        finally:
            self._blocks.put(None)

    def __iter__(self) -> Iterator[bytearray]:
        while (block := self._blocks.get()) is not None:
            yield block
            self._room.release()

    def give_up(self) -> None:
        """Let writing fail from now on, as nobody iterates any more."""
        self._wanted = False
        self._room.release()

    def _hand_over(self) -> None:
        self._room.acquire()
        if not self._wanted:
            raise BrokenPipeError
        self._blocks.put(self._block)
        self._block = bytearray()


def _parse(block: bytearray, columns: dict[str, pa.DataType]) -> pa.Table:
    try:
        return pa.csv.read_csv(
            pa.BufferReader(block),
            read_options=pa.csv.ReadOptions(
                column_names=list(columns), block_size=len(block)
            ),
            parse_options=pa.csv.ParseOptions(newlines_in_values=True),
            convert_options=pa.csv.ConvertOptions(
                column_types=columns,
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid as error:
        if "UTF8" not in str(error):
            raise
        raise SourceError(
            "source: a text is no UTF-8, which a database of encoding SQL_ASCII lets be\n"
            "mend it there, or leave its row out by source.messages.where"
        ) from None


def _select(
    connection: Connection, query: str, columns: dict[str, pa.DataType]
) -> Iterator[pa.Table]:
    """The same from SQLite, which can hold what is no Unicode: bad bytes and lone surrogates become U+FFFD."""
    database = connection.connection.dbapi_connection
    database.create_function(HASH_FUNCTION, 2, _hash, deterministic=True)
    database.text_factory = lambda raw: join_surrogates(raw.decode("utf-8", "replace"))
    rows = connection.execution_options(stream_results=True).execute(
        sqlalchemy.text(query.replace(":", "\\:"))
    )
    for part in rows.partitions(BATCH):
        values = zip(columns.items(), zip(*part, strict=True), strict=True)
        yield pa.table(
            {name: pa.array(column, kind) for (name, kind), column in values}
        )


def _hash(key: str, seed: int) -> int:
    return (
        int.from_bytes(
            hashlib.blake2b(key.encode(), digest_size=8, salt=seed.to_bytes(8)).digest()
        )
        >> 1
    )
