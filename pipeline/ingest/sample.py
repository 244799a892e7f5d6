"""A night's sample: streamed out of the database into one Parquet file a shard, in memory that does not grow."""

import contextlib
import datetime
import hashlib
import io
import os
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

from pipeline import schemas
from pipeline.errors import DataError, SourceError
from pipeline.ingest.query import HASH_FUNCTION, message_query, review_query
from pipeline.settings import Source
from pipeline.text import join_surrogates

BATCH = 10_000  # rows that SQLite gives at a time
BLOCK = 8 << 20  # bytes of CSV that are parsed at a time; several times the longest body
AHEAD = 3  # blocks that may be read before what was parsed of the first is asked for
_SPOOLED = pa.schema(
    {"key": pa.string(), "body": pa.string(), "sender": pa.string(), "received_at": pa.timestamp("us", "UTC")}
)
_TEXT, _MICROSECONDS = pa.string(), pa.int64()
_MESSAGES = {"key": _TEXT, "body": _TEXT, "sender": _TEXT, "received_at": _MICROSECONDS, "missing": _TEXT}
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
            kept = batch.filter(pc.equal(missing, "no")).drop_columns("missing").cast(_SPOOLED)
            counts["sampled"] += len(batch)
            counts["null_bodies"] += pc.sum(pc.equal(missing, "null")).as_py() or 0
            counts["oversized_bodies"] += pc.sum(pc.equal(missing, "oversized")).as_py() or 0
            counts["kept"] += len(kept)
            if kept["key"].null_count:
                column = source.messages.columns.key.name
                raise SourceError(f"source.messages.columns.key: {source.messages.table}.{column} holds NULL")
            hashes.append(_unique(pd.util.hash_array(kept["key"].to_numpy()), source))
            shards.write(kept, hashes[-1])
            progress(counts["sampled"])
    if not counts["kept"]:
        raise DataError(_nothing(source, date, counts))
    _unique(np.concatenate(hashes), source)
    return Sampled(shards.files, shards.rows, counts)


def read_reviews(connection: Connection, source: Source, date: datetime.date) -> pd.DataFrame:
    """The reviews made before the end of the date, each with its message: a ``reviews`` table, possibly empty."""
    batches: list[pa.Table] = []
    if source.reviews is not None:
        batches = list(_stream(connection, review_query(connection, source, _end_of(date)), _REVIEWS))
    table = pa.concat_tables(batches) if batches else pa.schema(_REVIEWS).empty_table()
    table = table.cast(pa.schema({**_REVIEWS, "reviewed_at": pa.timestamp("us", "UTC")}))
    return schemas.check(table.to_pandas(), "reviews")


def _unique(hashes: np.ndarray, source: Source) -> np.ndarray:
    ordered = np.sort(hashes)  # a tenth of the memory of np.unique's table
    if (ordered[1:] == ordered[:-1]).any():
        column = source.messages.columns.key.name
        raise SourceError(f"source.messages.columns.key: {source.messages.table}.{column} is not unique")
    return hashes


def _end_of(date: datetime.date) -> datetime.datetime:
    return datetime.datetime.combine(date + datetime.timedelta(days=1), datetime.time(), datetime.UTC)


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
        self._writers = [pq.ParquetWriter(file, _SPOOLED, compression="zstd") for file in self.files]
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
        return hashes


def _stream(connection: Connection, query: str, columns: dict[str, pa.DataType]) -> Iterator[pa.Table]:
    """The rows of a query, a few megabytes at a time."""
    stream = _copy if connection.dialect.name == "postgresql" else _select
    for table in stream(connection, query, columns):
        if len(table):
            yield table


def _copy(connection: Connection, query: str, columns: dict[str, pa.DataType]) -> Iterator[pa.Table]:
    """COPY writes CSV into a pipe in a thread of its own, pyarrow parses the other end."""
    read, write = os.pipe()
    # FORCE_QUOTE tells an empty string, quoted, from NULL, which is not.
    statement = f"COPY ({query}) TO STDOUT (FORMAT csv, FORCE_QUOTE *)"

    def copy() -> None:
        with os.fdopen(write, "wb") as pipe, connection.connection.cursor() as cursor:
            cursor.copy_expert(statement, pipe)

    with ThreadPoolExecutor(1) as pool, contextlib.ExitStack() as stack:
        copying = pool.submit(copy)
        pipe = stack.enter_context(_Paced(os.fdopen(read, "rb", buffering=0)))
        try:
            yield from _parse(pipe, columns)
        except pa.ArrowInvalid as error:
            if "straddling" in str(error):
                raise SourceError(
                    f"source: a row is longer than {BLOCK >> 20} MB, its body aside\n"
                    "leave it out by source.messages.where, or name another column for key, sender or annotator"
                ) from None
            copying.result()  # when the statement failed, that is the cause; a cut or empty stream only follows from it
            if "Empty CSV" not in str(error):
                raise
        copying.result()


class _Paced(io.BufferedReader):
    """The end of a pipe, of which `AHEAD` blocks can be read, and then one for each that there is more ``room`` for.

    By itself pyarrow reads 32 of them ahead: 256 MB, wherever parsing and writing are slower than COPY.
    """

    def __init__(self, pipe: io.RawIOBase):
        super().__init__(pipe)
        self.room = threading.Semaphore(AHEAD)

    def read(self, size: int | None = -1) -> bytes:
        self.room.acquire()
        return super().read(size)


def _parse(pipe: _Paced, columns: dict[str, pa.DataType]) -> Iterator[pa.Table]:
    options = {
        "read_options": pa.csv.ReadOptions(column_names=list(columns), block_size=BLOCK),
        "parse_options": pa.csv.ParseOptions(newlines_in_values=True),
        "convert_options": pa.csv.ConvertOptions(
            column_types=columns, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False
        ),
    }
    try:
        for batch in pa.csv.open_csv(pipe, **options):
            yield pa.Table.from_batches([batch])
            pipe.room.release()
    finally:
        pipe.room.release(100)  # more than it reads ahead: it ends with a read, which would wait where we have given up


def _select(connection: Connection, query: str, columns: dict[str, pa.DataType]) -> Iterator[pa.Table]:
    """The same from SQLite, which can hold what is no Unicode: bad bytes and lone surrogates become U+FFFD."""
    database = connection.connection.dbapi_connection
    database.create_function(HASH_FUNCTION, 2, _hash, deterministic=True)
    database.text_factory = lambda raw: join_surrogates(raw.decode("utf-8", "replace"))
    rows = connection.execution_options(stream_results=True).execute(sqlalchemy.text(query.replace(":", "\\:")))
    for part in rows.partitions(BATCH):
        values = zip(columns.items(), zip(*part, strict=True), strict=True)
        yield pa.table({name: pa.array(column, kind) for (name, kind), column in values})


def _hash(key: str, seed: int) -> int:
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8, salt=seed.to_bytes(8)).digest()) >> 1
