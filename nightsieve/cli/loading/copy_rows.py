"""Records -> rows of the staging table, in blocks of PostgreSQL's COPY format; the bad ones apart."""

from collections.abc import Iterable, Iterator
from hashlib import sha256

from nightsieve.cli.loading.bad_lines import BadLines
from nightsieve.cli.loading.columns import Columns
from nightsieve.cli.loading.csv_records import Record, Unreadable
from nightsieve.cli.loading.timestamps import parse_timestamp
from nightsieve.database.connection import copy_text

BLOCK = 4 << 20
# PostgreSQL's index takes entries of up to 2,704 bytes.
MAX_KEY = 2000


class BadRecord(Exception):
    """A record that cannot become a row; the message is the reason."""


def rows(records: Iterable[Record], columns: Columns, bad: BadLines) -> Iterator[bytes]:
    """Blocks of rows `line, key, body, sender, received_at, label`; what cannot become a row goes to `bad`."""
    block: list[str] = []
    size = 0
    for record in records:
        try:
            row = _row(record, columns)
        except BadRecord as reason:
            bad.add(record.first, str(reason))
            continue
        block.append(row)
        size += len(row)
        if size > BLOCK:
            yield "".join(block).encode()
            block, size = [], 0
    if block:
        yield "".join(block).encode()


def _row(record: Record, columns: Columns) -> str:
    digest = _digest(record, columns.width)
    fields = record.fields
    key = digest if columns.key is None else _key(fields[columns.key])
    label = (
        "\\N"
        if columns.label is None
        else copy_text(_filled(fields[columns.label], "label"))
    )
    sender = "\\N" if columns.sender is None else copy_text(fields[columns.sender])
    moment = (
        None
        if columns.received_at is None
        else parse_timestamp(fields[columns.received_at])
    )
    received_at = moment.isoformat() if moment else "\\N"
    return f"{record.first}\t{key}\t{copy_text(fields[columns.body])}\t{sender}\t{received_at}\t{label}\n"


def _digest(record: Record, width: int) -> str:
    """The hash of a record's content, once the record has proved whole."""
    fields = record.fields
    if isinstance(fields, Unreadable):
        raise BadRecord(fields.reason)
    if len(fields) != width:
        raise BadRecord(_miscounted(record, width))
    content = "\0".join(fields)
    if content.count("\0") != width - 1:
        raise BadRecord("a NUL character, which PostgreSQL cannot hold")
    try:
        return sha256(content.encode()).hexdigest()[:32]
    except UnicodeEncodeError:
        raise BadRecord("bytes that are not UTF-8") from None


def _miscounted(record: Record, width: int) -> str:
    if not record.fields:
        return "an empty line"
    span = (
        f", on the lines {record.first} to {record.last}"
        if record.last > record.first
        else ""
    )
    return f"fields: {len(record.fields)}, expected: {width}{span}"


def _key(text: str) -> str:
    if len(_filled(text, "key").encode()) > MAX_KEY:
        raise BadRecord(f"a key of more than {MAX_KEY:,} bytes")
    return copy_text(text)


def _filled(text: str, role: str) -> str:
    if not text.strip():
        raise BadRecord(f"an empty {role}")
    return text
