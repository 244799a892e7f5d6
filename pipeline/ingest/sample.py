"""Draw a night's sample, and read the reviews.

The sample is streamed from the database into one Parquet file for each shard. A few
blocks of it are in memory, and eight bytes for each message (sixteen for a moment), to
check that no key occurs twice.
"""

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy.engine import Connection

from pipeline.config.settings import Source
from pipeline.data import schemas
from pipeline.errors import DataError, SourceError
from pipeline.ingest.query import message_query, review_query
from pipeline.ingest.stream import stream
from pipeline.records.sample import SampleCounts

_STORED = pa.schema(
    {
        "key": pa.string(),
        "body": pa.string(),
        "sender": pa.string(),
        "received_at": pa.timestamp("us", "UTC"),
    }
)
# The columns of the queries; times are microseconds since 1970 (UTC).
_MESSAGES = {
    "key": pa.string(),
    "body": pa.string(),
    "sender": pa.string(),
    "received_at": pa.int64(),
    "missing": pa.string(),
}
_REVIEWS = {
    "key": pa.string(),
    "body": pa.string(),
    "label": pa.string(),
    "source": pa.string(),
    "annotator": pa.string(),
    "reviewed_at": pa.int64(),
}


def _no_progress(messages: int) -> None:
    """Ignore the number of messages."""


@dataclass(frozen=True)
class Sampled:
    """A sample on disk.

    Attributes
    ----------
    files, rows
        One Parquet file for each shard, and how many rows it has.
    counts
        How many messages were drawn, kept, and left out.
    """

    files: list[Path]
    rows: list[int]
    counts: SampleCounts


def draw_sample(
    connection: Connection,
    source: Source,
    date: datetime.date,
    folder: Path,
    progress: Callable[[int], None] = _no_progress,
) -> Sampled:
    """Write the messages received before the end of the date (UTC) to files.

    A message belongs to the shard ``hash(key) mod shards``.

    Parameters
    ----------
    progress
        Receives the number of messages drawn so far.

    Raises
    ------
    SourceError
        A table or column is missing or of another type, or the keys are not unique.
    DataError
        The sample has no message with a body.
    """
    query = message_query(connection, source, _end_of(date))
    counts = SampleCounts(sampled=0, null_bodies=0, oversized_bodies=0, kept=0)
    hashes: list[np.ndarray] = []
    with _ShardFiles(folder, source.shards) as shards:
        for batch in stream(connection, query, _MESSAGES):
            counts = _added(counts, batch["missing"])
            kept = _kept(batch)
            _require_keys(kept, source)
            hashes.append(pd.util.hash_array(kept["key"].to_numpy()))
            _require_unique(hashes[-1].copy(), source)
            shards.write(kept, hashes[-1])
            progress(counts.sampled)
    if not counts.kept:
        raise DataError(_no_message(source, date, counts))
    _require_unique(np.concatenate(hashes), source)
    return Sampled(shards.files, shards.rows, counts)


def read_reviews(
    connection: Connection, source: Source, date: datetime.date
) -> pd.DataFrame:
    """Return the ``reviews`` table of the reviews made before the end of the date.

    It is empty if the source has no table of reviews.
    """
    batches = [pa.schema(_REVIEWS).empty_table()]
    if source.reviews is not None:
        query = review_query(connection, source, source.reviews, _end_of(date))
        batches.extend(stream(connection, query, _REVIEWS))
    stored = {**_REVIEWS, "reviewed_at": pa.timestamp("us", "UTC")}
    table = pa.concat_tables(batches).cast(pa.schema(stored))
    return schemas.check(table.to_pandas(), "reviews")


def _added(counts: SampleCounts, missing: pa.ChunkedArray) -> SampleCounts:
    """Return the counts with those of a batch added.

    Parameters
    ----------
    missing
        Why the batch has no body of a message: ``null``, ``oversized``, or ``no``.
    """
    reasons = pc.value_counts(missing).to_pylist()
    messages = {reason["values"]: reason["counts"] for reason in reasons}
    return SampleCounts(
        sampled=counts.sampled + len(missing),
        null_bodies=counts.null_bodies + messages.get("null", 0),
        oversized_bodies=counts.oversized_bodies + messages.get("oversized", 0),
        kept=counts.kept + messages.get("no", 0),
    )


def _kept(batch: pa.Table) -> pa.Table:
    """Return the messages with a body, as they are stored."""
    has_body = pc.equal(batch["missing"], "no")
    return batch.filter(has_body).drop_columns("missing").cast(_STORED)


def _require_keys(messages: pa.Table, source: Source) -> None:
    if messages["key"].null_count:
        raise SourceError(
            f"{_key_column(source)} holds NULL; "
            "name another column, or leave the rows out by source.messages.where"
        )


def _require_unique(hashes: np.ndarray, source: Source) -> None:
    hashes.sort()  # in place, with a tenth of the memory that np.unique takes
    if (hashes[1:] == hashes[:-1]).any():
        raise SourceError(f"{_key_column(source)} is not unique; name a column that is")


def _key_column(source: Source) -> str:
    column = source.messages.columns.key.name
    return f"source.messages.columns.key: {source.messages.table}.{column}"


def _end_of(date: datetime.date) -> datetime.datetime:
    next_day = date + datetime.timedelta(days=1)
    return datetime.datetime.combine(next_day, datetime.time(), datetime.UTC)


def _no_message(source: Source, date: datetime.date, counts: SampleCounts) -> str:
    if counts.sampled:
        return (
            f"source: {counts.sampled} of {counts.sampled} sampled messages have no "
            "body, or a body over source.max_body_bytes; raise the limit, or check "
            "source.messages.columns.body"
        )
    received = source.messages.columns.received_at
    when = f" with {received.name} up to {date}" if received else ""
    return (
        f"source: the sample is empty: {source.messages.table} has no message{when}\n"
        f"check the date, source.messages.where ({source.messages.where or '-'}) and "
        f"source.sample.fraction ({source.sample.fraction:g})"
    )


class _ShardFiles:
    """One Parquet writer for each shard."""

    def __init__(self, folder: Path, shards: int) -> None:
        self.files = [folder / f"{shard}.parquet" for shard in range(shards)]
        self.rows = [0] * shards

    def __enter__(self) -> "_ShardFiles":
        self._writers = [
            pq.ParquetWriter(file, _STORED, compression="zstd") for file in self.files
        ]
        return self

    def __exit__(self, *_: object) -> None:
        for writer in self._writers:
            writer.close()

    def write(self, batch: pa.Table, hashes: np.ndarray) -> None:
        """Write each row to its shard.

        Parameters
        ----------
        hashes
            uint64 [n_rows], of the keys; they choose the shard.
        """
        schemas.check(batch.to_pandas(), "messages")
        shard_of_row = hashes % len(self._writers)
        for shard, writer in enumerate(self._writers):
            rows = batch.filter(pa.array(shard_of_row == shard))
            writer.write_table(rows)
            self.rows[shard] += len(rows)
