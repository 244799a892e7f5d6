"""Write and read the sheets that annotators fill in: CSV or JSON lines."""

import csv
import io
import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from pydantic import JsonValue

from nightsieve.cli.loading.bad_lines import BadLines
from nightsieve.cli.loading.csv_records import (
    Dialect,
    RecordError,
    describe_width,
    read_records,
)
from nightsieve.cli.loading.files import open_source
from pipeline.errors import ConfigError, DataError
from pipeline.reviews.choose import FIELDS
from pipeline.text.masking import hide_digits

SUFFIXES = (".csv", ".jsonl")
REQUIRED_COLUMNS = ("message_key", "label")
DELIMITERS = ",;\t"  # the delimiter of spreadsheets depends on the country
# Characters that make a spreadsheet read a cell as a formula (OWASP, "CSV injection"),
# and the mark that makes the cell plain text. A spreadsheet that splits at another
# delimiter than the comma has cells that begin in the middle of a text, perhaps with a
# quote.
FORMULA = "=+\\-@\uff1d\uff0b\uff0d\uff20"
PLAIN = "'"
_CELL_START = r"(?<![^;\t\r\n])"  # after one of these, or at the start of the text
_RISKY = re.compile(
    rf"{_CELL_START}(?=(?:[^\S\t\r\n]|\")*[{FORMULA}]|{PLAIN})|\A(?=[\t\r\n])"
)
_MARKED = re.compile(_CELL_START + PLAIN)
_REPLACEMENT = "\ufffd"


class Row(NamedTuple):
    """A row of a sheet, with the number of its line from 1; the label may be empty."""

    line: int
    key: str
    label: str
    annotator: str


@dataclass(frozen=True)
class _SheetFormat:
    """How a CSV sheet is read: its delimiter, and the index of each known column."""

    dialect: Dialect
    width: int
    indices: dict[str, int]


def check_suffix(path: Path) -> None:
    """Check that the suffix of the file is that of a sheet.

    Raises
    ------
    ConfigError
        It is another one.
    """
    if path.suffix not in SUFFIXES:
        raise ConfigError(f"--to {path}: not the name of a sheet; use *.csv or *.jsonl")


def readable_text(body: str, unmasked: bool) -> str:
    """Return a message as an annotator sees it.

    Control characters are replaced. Digits are hidden, unless the text is unmasked.

    Examples
    --------
    >>> readable_text("Your code is 123456", unmasked=False)
    'Your code is 000000'
    """
    text = body if unmasked else hide_digits(body)
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(map(_without_control, lines))


def encode(rows: pd.DataFrame, suffix: str) -> bytes:
    """Return the content of a sheet with this suffix.

    In a CSV, cells that a spreadsheet could run as a formula are marked as plain text.
    """
    records = rows[list(FIELDS)].to_dict("records")
    if suffix == ".jsonl":
        lines = (json.dumps(record, ensure_ascii=False) for record in records)
        return "".join(f"{line}\n" for line in lines).encode()
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(FIELDS)
    for record in records:
        writer.writerow(map(mark_formulas, record.values()))
    # Without the byte order mark, Excel does not read the file as UTF-8.
    return text.getvalue().encode("utf-8-sig")


def read(path: Path, bad: BadLines) -> list[Row]:
    """Return the rows of a sheet.

    Parameters
    ----------
    bad
        Collects the lines that are not rows.

    Raises
    ------
    DataError
        The file cannot be read, or has no columns for message and label.
    """
    with open_source(path) as source:
        content = source.stream.read()
    if path.suffix == ".jsonl":
        rows = _read_json_lines(content, bad)
    else:
        rows = _read_csv(path, content, bad)
    return [row for row in rows if _is_storable(row, bad)]


def mark_formulas(value: str) -> str:
    """Mark each place where a spreadsheet could begin a cell and run a formula.

    Examples
    --------
    >>> mark_formulas("=1+1")
    "'=1+1"
    """
    return _RISKY.sub(PLAIN, value)


def unmark(value: str) -> str:
    """Return the text without the marks of `mark_formulas`."""
    return _MARKED.sub("", value)


def _without_control(character: str) -> str:
    if character in "\n\t" or unicodedata.category(character) != "Cc":
        return character
    return _REPLACEMENT


def _read_csv(path: Path, content: bytes, bad: BadLines) -> Iterator[Row]:
    sheet_format = _detect_format(path, content)
    records = read_records(io.BytesIO(content), sheet_format.dialect)
    next(records)  # the header
    width = sheet_format.width
    for record in records:
        fields = record.fields
        if isinstance(fields, RecordError):
            bad.add(record.first, fields.reason)
        elif len(fields) not in (0, width):
            bad.add(record.first, describe_width(len(fields), width))
        elif fields:
            values = {
                name: fields[index] for name, index in sheet_format.indices.items()
            }
            yield Row(
                line=record.first,
                key=unmark(values["message_key"]),
                label=values["label"].strip(),
                annotator=values.get("annotator", "").strip(),
            )


def _detect_format(path: Path, content: bytes) -> _SheetFormat:
    """Return the delimiter of a sheet, and where its columns are."""
    for delimiter in DELIMITERS:
        dialect = Dialect(delimiter)
        header = next(read_records(io.BytesIO(content), dialect)).fields
        if isinstance(header, RecordError):
            continue
        if all(header.count(name) == 1 for name in REQUIRED_COLUMNS):
            columns = (*REQUIRED_COLUMNS, "annotator")
            indices = {name: header.index(name) for name in columns if name in header}
            return _SheetFormat(dialect, len(header), indices)
    raise DataError(
        f"{path}, line 1: not the header of a sheet; name the columns message_key and "
        "label once each"
    )


def _read_json_lines(content: bytes, bad: BadLines) -> Iterator[Row]:
    lines = content.removeprefix(b"\xef\xbb\xbf").splitlines()
    for line_number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        record = _json_object(line)
        key = record.get("message_key")
        label = record.get("label")
        annotator = record.get("annotator")
        if isinstance(label, int) and not isinstance(label, bool):
            label = str(label)
        if isinstance(key, str) and isinstance(label, str):
            yield Row(
                line=line_number,
                key=key,
                label=label.strip(),
                annotator="" if annotator is None else str(annotator).strip(),
            )
        else:
            bad.add(
                line_number, "not a JSON object with texts for message_key and label"
            )


def _json_object(line: bytes) -> dict[str, JsonValue]:
    """Return the JSON object on a line, or an empty one if there is none."""
    try:
        value: JsonValue = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _is_storable(row: Row, bad: BadLines) -> bool:
    """Return whether PostgreSQL can hold the row; if not, add it to the bad lines."""
    try:
        content = f"{row.key}{row.label}{row.annotator}".encode()
    except UnicodeEncodeError:
        bad.add(row.line, "bytes that are not UTF-8")
        return False
    if b"\0" in content:
        bad.add(row.line, "a NUL character, which PostgreSQL cannot store")
        return False
    return True
