"""Load one file of messages into the database, in one transaction."""

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
from nightsieve.cli.loading.labels import Labels
from nightsieve.database.messages import load_messages
from pipeline.errors import DataError


@dataclass(frozen=True)
class Loaded:
    """Counts of a file's records by what became of them.

    Attributes
    ----------
    reviews
        Rows that were added to the table of reviews.
    relabelled
        Rows of the table of reviews that have another label now.
    """

    read: int
    new: int
    known: int
    repeated_keys: int
    reviews: int
    relabelled: int
    undated: int
    bad: int


def load(
    path: Path,
    wanted: dict[str, str | None],
    dialect: Dialect,
    *,
    header: bool,
    bad: BadLines,
    labels: Labels,
    progress: Callable[[int, int | None], None],
) -> Loaded:
    """Load a file: all of it is in the database or, after an error, nothing.

    Parameters
    ----------
    wanted
        The column of the file for ``body`` and, if the file has them, for ``key``,
        ``label``, ``sender`` and ``received_at``.
    bad
        Collects every line that is left out.
    labels
        Renames the human labels, and counts them.
    progress
        Receives the number of bytes that were read, and the size of the file if it is
        known.

    Raises
    ------
    DataError
        The file cannot be read, or has no good line.
    ConfigError
        A column does not exist.
    SourceError
        The database cannot be used.
    """
    with open_source(path) as source:
        records = read_records(source.stream, dialect)
        first = next(records)
        columns = resolve(wanted, _first_fields(path, first), header)
        messages = records if header else chain([first], records)
        blocks = rows(messages, columns, bad, labels)
        loaded = load_messages(
            _reported(blocks, source, progress),
            own_keys=columns.key is not None,
            labelled=columns.label is not None,
        )
    if loaded.rows == 0:
        reason = "the file has only a header"
        if bad.count:
            reason = f"bad lines: {bad.count:,}, first {bad.first[0]}"
        raise DataError(f"{path}: nothing can be loaded; {reason}")
    return Loaded(
        read=loaded.rows + bad.count,
        new=loaded.messages.new,
        known=loaded.messages.unchanged,
        repeated_keys=loaded.rows - loaded.messages.total,
        reviews=loaded.reviews.new,
        relabelled=loaded.reviews.changed,
        undated=loaded.undated,
        bad=bad.count,
    )


def _first_fields(path: Path, first: Record) -> list[str]:
    """Return the fields of the first record, which has as many as all others."""
    fields = first.fields
    reason = ""
    if isinstance(fields, RecordError):
        reason = fields.reason
    elif fields:
        return fields
    raise DataError(
        f"{path}, line {first.first}: {reason or 'an empty line'}; begin the file with "
        "a header or a message"
    )


def _reported(
    blocks: Iterable[bytes],
    source: Source,
    progress: Callable[[int, int | None], None],
) -> Iterator[bytes]:
    """Yield the blocks, and report the progress after each."""
    for block in blocks:
        yield block
        progress(source.position(), source.size)
