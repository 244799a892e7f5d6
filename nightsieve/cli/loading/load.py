"""One file of messages into the database, in one transaction."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from nightsieve.cli.loading.bad_lines import BadLines
from nightsieve.cli.loading.columns import resolve
from nightsieve.cli.loading.copy_rows import rows
from nightsieve.cli.loading.csv_records import (
    Dialect,
    Record,
    RecordError,
    read_records,
)
from nightsieve.cli.loading.files import Source, open_source
from nightsieve.database.messages import load_messages
from pipeline.errors import DataError


@dataclass(frozen=True)
class Loaded:
    """Records of a file by what became of them, and ``reviews``, rows added."""

    read: int
    new: int
    known: int
    repeated_keys: int
    reviews: int
    undated: int
    bad: int


def load(
    path: Path,
    wanted: dict[str, str | None],
    dialect: Dialect,
    header: bool,
    bad: BadLines,
    progress: Callable[[int, int | None], None],
) -> Loaded:
    """Load the file: all of it is in the database or, after an error, nothing.

    Parameters
    ----------
    wanted
        The column of the file for ``body`` and, if the file has them, for ``key``,
        ``label``, ``sender`` and ``received_at``.
    bad
        Gets every line that is left out.
    progress
        Takes the bytes that were read, and the size of the file if it is known.

    Raises
    ------
    DataError
        The file cannot be read, or holds no good line.
    ConfigError
        A column is not there.
    SourceError
        The database cannot be used.
    """
    with open_source(path) as source:
        records = read_records(source.stream, dialect)
        first = _first_record(path, records)
        columns = resolve(wanted, first.fields, header)
        messages = records if header else chain([first], records)
        blocks = rows(messages, columns, bad)
        loaded = load_messages(
            _reported(blocks, source, progress),
            own_keys=columns.key is not None,
            labelled=columns.label is not None,
        )
    if loaded.rows == 0:
        reason = "there is only a header"
        if bad.count:
            reason = f"{bad.count:,} bad, first {bad.first[0]}"
        raise DataError(f"{path}: no line can be loaded: {reason}")
    return Loaded(
        read=loaded.rows + bad.count,
        new=loaded.messages.new,
        known=loaded.messages.unchanged,
        repeated_keys=loaded.rows - loaded.messages.total,
        reviews=loaded.new_reviews,
        undated=loaded.undated,
        bad=bad.count,
    )


def _first_record(path: Path, records: Iterator[Record]) -> Record:
    """Return the first record, which tells how many columns there are."""
    first = next(records)
    if isinstance(first.fields, RecordError) or not first.fields:
        reason = first.fields.reason if first.fields else "an empty line"
        raise DataError(
            f"{path}, line {first.first}: {reason}; "
            "the first line must name or hold the columns"
        )
    return first


def _reported(
    blocks: Iterable[bytes],
    source: Source,
    progress: Callable[[int, int | None], None],
) -> Iterator[bytes]:
    """Yield the blocks; report how far the file is read when one was used."""
    for block in blocks:
        yield block
        progress(source.position(), source.size)
