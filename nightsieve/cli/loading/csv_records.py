"""Read records from bytes: the fields of each record, and the lines that hold it."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from pipeline.records.words import plural

# Without a limit, the record of a quote that is never closed would hold the rest of the
# file in memory.
MAX_RECORD = 8 << 20
BYTE_ORDER_MARK = "\ufeff"
#: The reasons that users see, each by a part of the csv module's message.
REASONS = {
    "unexpected end of data": "a quote opens here and is never closed",
    "expected after": (
        "text after a closing quote; write a quote inside a field twice, or add "
        "--no-quoting"
    ),
    "new-line character": "a carriage return outside quotes",
    "field larger": f"a field of more than {MAX_RECORD:,} characters",
}
_NOT_CLOSED = f"a quote opens here and is not closed within {MAX_RECORD:,} characters"


@dataclass(frozen=True)
class Dialect:
    """How a line is split into fields.

    Attributes
    ----------
    quoting
        Whether a quoted field may hold delimiters and line ends.
    """

    delimiter: str
    quoting: bool = True


@dataclass(frozen=True)
class RecordError:
    """The reason why a record cannot be read, in place of its fields."""

    reason: str


class Record(NamedTuple):
    """The fields on the lines from ``first`` to ``last``, both counted from 1."""

    first: int
    last: int
    fields: list[str] | RecordError


class RecordTooLongError(Exception):
    """A record is longer than `MAX_RECORD`."""


class Lines:
    """The lines of a stream as text, with a way back to a record's second line.

    Bytes that are not UTF-8 become lone surrogates, so that the record that holds them
    can be reported and left out.
    """

    def __init__(self, stream: Iterable[bytes]) -> None:
        self._raw = iter(stream)
        self._record: list[str] = []
        self._size = 0
        self._again: list[str] = []
        self.line_number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.pop() if self._again else self._decoded()
        self.line_number += 1
        self._record.append(line)
        self._size += len(line)
        if self._size > MAX_RECORD and len(self._record) > 1:
            raise RecordTooLongError
        return line

    def _decoded(self) -> str:
        line = next(self._raw).decode("utf-8", "surrogateescape")
        if self.line_number == 0:
            return line.removeprefix(BYTE_ORDER_MARK)
        return line

    def begin_record(self) -> int:
        """Return the number of the line that the next record starts on."""
        self._record.clear()
        self._size = 0
        return self.line_number + 1

    def keep_first_only(self) -> None:
        """Give the lines after the first one of the current record again."""
        self.line_number -= len(self._record) - 1
        self._again.extend(reversed(self._record[1:]))


def describe_width(count: int, width: int) -> str:
    """Return the reason why a record with this many fields is left out."""
    return f"{plural(count, 'field')} where the first line has {width}"


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
        yield Record(start, lines.line_number, fields)


def _reason(error: csv.Error) -> str:
    for part, reason in REASONS.items():
        if part in str(error):
            return reason
    return "not CSV"
