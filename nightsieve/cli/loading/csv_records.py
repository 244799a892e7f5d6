"""Bytes -> records: the fields of each record and the lines that it stands on."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

# A quote that nothing closes would otherwise swallow, and hold in memory, the rest of the file.
MAX_RECORD = 8 << 20
REASONS = {
    "unexpected end of data": "a quote opens here and is never closed",
    "expected after": "text after a closing quote; inside a field it is written twice (all plain text? --no-quoting)",
    "new-line character": "a carriage return outside quotes",
    "field larger": f"a field of more than {MAX_RECORD:,} characters",
}


@dataclass(frozen=True)
class Dialect:
    """How a file is cut into fields: by one character, with or without quotes having a meaning."""

    delimiter: str
    quoting: bool = True


@dataclass(frozen=True)
class Unreadable:
    """What stands in place of the fields of a record that cannot be read."""

    reason: str


class Record(NamedTuple):
    """What stands on the lines from `first` to `last`, both counted from 1."""

    first: int
    last: int
    fields: list[str] | Unreadable


class TooLong(Exception):
    """A record that grew past `MAX_RECORD`."""


class Lines:
    """The physical lines of a stream as text, able to go back to the second line of the current record.

    Bytes that are not UTF-8 become lone surrogates, so that the record they are in can be named and left out.
    """

    def __init__(self, stream):
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
            raise TooLong
        return line

    def _decoded(self) -> str:
        line = next(self._raw).decode("utf-8", "surrogateescape")
        return line.removeprefix("\ufeff") if self.number == 0 else line

    def begin_record(self) -> int:
        """The number of the line that the next record starts on."""
        self._record.clear()
        self._size = 0
        return self.number + 1

    def keep_first_only(self) -> None:
        """Hand out the lines after the first of the current record again."""
        self.number -= len(self._record) - 1
        self._again.extend(reversed(self._record[1:]))


def records(stream, dialect: Dialect) -> Iterator[Record]:
    """The records of a binary stream, good and bad."""
    lines = Lines(stream)
    return (
        _quoted(lines, dialect.delimiter)
        if dialect.quoting
        else _unquoted(lines, dialect.delimiter)
    )


def _unquoted(lines: Lines, delimiter: str) -> Iterator[Record]:
    start = lines.begin_record()
    for line in lines:
        yield Record(
            start, start, line.removesuffix("\n").removesuffix("\r").split(delimiter)
        )
        start = lines.begin_record()


def _quoted(lines: Lines, delimiter: str) -> Iterator[Record]:
    # The reader's own limit covers one long line; `Lines` covers a record of many.
    csv.field_size_limit(MAX_RECORD)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        start = lines.begin_record()
        try:
            fields = next(reader)
        except StopIteration:
            return
        except TooLong:
            fields = Unreadable(
                f"a quote opens here and is not closed within {MAX_RECORD:,} characters"
            )
            lines.keep_first_only()
        except csv.Error as error:
            fields = Unreadable(
                next(
                    (text for part, text in REASONS.items() if part in str(error)),
                    "malformed",
                )
            )
            lines.keep_first_only()
        yield Record(start, lines.number, fields)
