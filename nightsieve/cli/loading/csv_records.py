"""Bytes -> records: the fields of each record and the lines that hold it."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

# Without a limit, a quote that nothing closes would swallow the rest of the file and
# hold it in memory.
MAX_RECORD = 8 << 20
#: What is wrong, by a part of the csv module's message.
REASONS = {
    "unexpected end of data": "a quote opens here and is never closed",
    "expected after": "text after a closing quote; inside a field it is written twice "
    "(all plain text? --no-quoting)",
    "new-line character": "a carriage return outside quotes",
    "field larger": f"a field of more than {MAX_RECORD:,} characters",
}
_NOT_CLOSED = f"a quote opens here and is not closed within {MAX_RECORD:,} characters"


@dataclass(frozen=True)
class Dialect:
    """How a line is cut into fields.

    Attributes
    ----------
    quoting
        Whether quotes mean anything.
    """

    delimiter: str
    quoting: bool = True


@dataclass(frozen=True)
class RecordError:
    """Stands for the fields of a record that cannot be read."""

    reason: str


class Record(NamedTuple):
    """What is on the lines from ``first`` to ``last``, both counted from 1."""

    first: int
    last: int
    fields: list[str] | RecordError


class RecordTooLongError(Exception):
    """A record grew past `MAX_RECORD`."""


class Lines:
    """The lines of a stream as text; it can go back to a record's second line.

    Bytes that are not UTF-8 become lone surrogates, so that the record that holds them
    can be named and left out.
    """

    def __init__(self, stream: Iterable[bytes]) -> None:
        self._raw = iter(stream)
        self._record: list[str] = []
        self._size = 0
        self._again: list[str] = []
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.pop() if self._again else self._decoded()
        self.number += 1
        self._record.append(line)
        self._size += len(line)
        if self._size > MAX_RECORD and len(self._record) > 1:
            raise RecordTooLongError
        return line

    def _decoded(self) -> str:
        line = next(self._raw).decode("utf-8", "surrogateescape")
        return line.removeprefix("\ufeff") if self.number == 0 else line

    def begin_record(self) -> int:
        """Return the number of the line that the next record starts on."""
        self._record.clear()
        self._size = 0
        return self.number + 1

    def keep_first_only(self) -> None:
        """Hand out the lines after the first of the current record again."""
        self.number -= len(self._record) - 1
        self._again.extend(reversed(self._record[1:]))


def read_records(stream: Iterable[bytes], dialect: Dialect) -> Iterator[Record]:
    """Yield the records of a binary stream, good and bad."""
    lines = Lines(stream)
    if dialect.quoting:
        return _quoted(lines, dialect.delimiter)
    return _unquoted(lines, dialect.delimiter)


def _unquoted(lines: Lines, delimiter: str) -> Iterator[Record]:
    start = lines.begin_record()
    for line in lines:
        text = line.removesuffix("\n").removesuffix("\r")
        yield Record(start, start, text.split(delimiter))
        start = lines.begin_record()


def _quoted(lines: Lines, delimiter: str) -> Iterator[Record]:
    # The reader's own limit covers one long line; `Lines` covers a record of many.
    csv.field_size_limit(MAX_RECORD)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        start = lines.begin_record()
        fields: list[str] | RecordError
        try:
            fields = next(reader)
        except StopIteration:
            return
        except RecordTooLongError:
            fields = RecordError(_NOT_CLOSED)
            lines.keep_first_only()
        except csv.Error as error:
            fields = RecordError(_reason(error))
            lines.keep_first_only()
        yield Record(start, lines.number, fields)


def _reason(error: csv.Error) -> str:
    for part, reason in REASONS.items():
        if part in str(error):
            return reason
    return "malformed"
