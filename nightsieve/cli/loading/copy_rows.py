"""Turn records into rows of the temporary table, in PostgreSQL's COPY format."""

from collections.abc import Iterable, Iterator
from hashlib import sha256

from nightsieve.cli.loading.bad_lines import BadLines
from nightsieve.cli.loading.columns import Columns
from nightsieve.cli.loading.csv_records import Record, RecordError, describe_width
from nightsieve.cli.loading.labels import Labels
from nightsieve.cli.loading.timestamps import parse_timestamp
from nightsieve.database.upsert import NULL, copy_text

BLOCK = 4 << 20
# An index entry of PostgreSQL has at most 2,704 bytes.
MAX_KEY = 2000


class BadRecordError(Exception):
    """A record cannot become a row; the message is the reason."""


def rows(
    records: Iterable[Record], columns: Columns, bad: BadLines, labels: Labels
) -> Iterator[bytes]:
    """Yield blocks of rows: line, key, body, sender, received_at, label.

    Parameters
    ----------
    labels
        Renames and counts the labels.
    bad
        Collects every record that cannot become a row.
    """
    block: list[str] = []
    size = 0
    for record in records:
        try:
            row = _row(record, columns, labels)
        except BadRecordError as error:
            bad.add(record.first, str(error))
            continue
        block.append(row)
        size += len(row)
        if size > BLOCK:
            yield "".join(block).encode()
            block = []
            size = 0
    if block:
        yield "".join(block).encode()


def _row(record: Record, columns: Columns, labels: Labels) -> str:
    fields = _fields(record, columns.width)
    digest = _digest(fields)
    key = digest
    if columns.key is not None:
        key = _key(fields[columns.key])
    label = NULL
    if columns.label is not None:
        label = _filled(fields[columns.label], "label")
    sender = NULL
    if columns.sender is not None:
        sender = copy_text(fields[columns.sender])
    received_at = NULL
    if columns.received_at is not None:
        received_at = _timestamp(fields[columns.received_at])
    body = copy_text(fields[columns.body])
    # Last: a record that cannot become a row is not counted.
    if columns.label is not None:
        label = copy_text(labels.rename(label))
    return f"{record.first}\t{key}\t{body}\t{sender}\t{received_at}\t{label}\n"


def _fields(record: Record, width: int) -> list[str]:
    """Return the fields of a record, if it could be read and has all of them."""
    fields = record.fields
    if isinstance(fields, RecordError):
        raise BadRecordError(fields.reason)
    if len(fields) != width:
        raise BadRecordError(_describe_width(record, fields, width))
    return fields


def _digest(fields: list[str]) -> str:
    """Return the hash of a record's content, if PostgreSQL can store the content."""
    content = "\0".join(fields)
    if content.count("\0") != len(fields) - 1:
        raise BadRecordError("a NUL character, which PostgreSQL cannot store")
    try:
        return sha256(content.encode()).hexdigest()[:32]
    except UnicodeEncodeError:
        raise BadRecordError("bytes that are not UTF-8") from None


def _describe_width(record: Record, fields: list[str], width: int) -> str:
    if not fields:
        return "an empty line"
    span = ""
    if record.last > record.first:
        span = f", in the record on lines {record.first} to {record.last}"
    return f"{describe_width(len(fields), width)}{span}"


def _key(text: str) -> str:
    if len(_filled(text, "key").encode()) > MAX_KEY:
        raise BadRecordError(f"a key of more than {MAX_KEY:,} bytes")
    return copy_text(text)


def _timestamp(text: str) -> str:
    moment = parse_timestamp(text)
    return moment.isoformat() if moment else NULL


def _filled(text: str, role: str) -> str:
    if not text.strip():
        raise BadRecordError(f"an empty {role}")
    return text
