"""Sheets that annotators fill in: CSV for spreadsheets, or JSON lines."""

import csv
import io
import json
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from nightsieve.cli.loading.bad_lines import BadLines
from nightsieve.cli.loading.csv_records import Dialect, RecordError, read_records
from nightsieve.cli.loading.files import open_source
from pipeline.errors import ConfigError, DataError
from pipeline.reviews.choose import FIELDS
from pipeline.text.masking import hide_digits

SUFFIXES = (".csv", ".jsonl")
REQUIRED_COLUMNS = ("message_key", "label")
DELIMITERS = ",;\t"  # spreadsheets write what is usual in their country
# What makes a spreadsheet take a cell for a formula (OWASP, "CSV injection"), and the
# mark that makes it plain text. A spreadsheet that cuts at another delimiter than the
# comma has cells that begin in the middle of a text, perhaps with a quote.
FORMULA = "=+\\-@\uff1d\uff0b\uff0d\uff20"
PLAIN = "'"
_CELL_START = r"(?<![^;\t\r\n])"  # after one of these, or at the start of the text
_RISKY = re.compile(
    rf"{_CELL_START}(?=(?:[^\S\t\r\n]|\")*[{FORMULA}]|{PLAIN})|\A(?=[\t\r\n])"
)
_MARKED = re.compile(_CELL_START + PLAIN)
_REPLACEMENT = "\ufffd"


class Row(NamedTuple):
    """A line of a sheet, counted from 1; the label is empty until it is filled in."""

    line: int
    key: str
    label: str
    annotator: str


def check_suffix(path: Path) -> None:
    """Check that the file's name says what kind of sheet it is.

    Raises
    ------
    ConfigError
        It does not.
    """
    if path.suffix not in SUFFIXES:
        raise ConfigError(f"--to {path}: the name must end in .csv or .jsonl")


def readable_text(body: str, unmasked: bool) -> str:
    """Return a message as an annotator sees it.

    Control characters are replaced and, unless it is to be unmasked, digits are hidden.
    """
    text = body if unmasked else hide_digits(body)
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(map(_without_control, lines))


def encode(rows: pd.DataFrame, suffix: str) -> bytes:
    """Return the sheet as a file of that suffix.

    Cells of a CSV that a spreadsheet could run are marked as plain text.
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
    # Without the byte order mark, Excel takes it for another encoding.
    return text.getvalue().encode("utf-8-sig")


def read(path: Path, bad: BadLines) -> list[Row]:
    """Return the rows of a sheet.

    Parameters
    ----------
    bad
        Gets the lines that are not rows.

    Raises
    ------
    DataError
        The file cannot be read, or has no columns for message and label.
    """
    with open_source(path) as source:
        content = source.stream.read()
    is_json = path.suffix == ".jsonl"
    rows = _json_lines(content, bad) if is_json else _csv(path, content, bad)
    return [row for row in rows if _storable(row, bad)]


def mark_formulas(value: str) -> str:
    """Mark each place where a spreadsheet could begin a cell and run a formula."""
    return _RISKY.sub(PLAIN, value)


def unmark(value: str) -> str:
    """Return the text that `mark_formulas` marked."""
    return _MARKED.sub("", value)


def _without_control(character: str) -> str:
    is_control = unicodedata.category(character) == "Cc"
    return _REPLACEMENT if is_control and character not in "\n\t" else character


def _csv(path: Path, content: bytes, bad: BadLines) -> Iterator[Row]:
    dialect, indices = _columns(path, content)
    records = read_records(io.BytesIO(content), dialect)
    width = len(next(records).fields)
    for record in records:
        fields = record.fields
        if isinstance(fields, RecordError):
            bad.add(record.first, fields.reason)
        elif len(fields) not in (0, width):
            bad.add(record.first, f"fields: {len(fields)}, expected: {width}")
        elif fields:
            values = {name: fields[index] for name, index in indices.items()}
            yield Row(
                line=record.first,
                key=unmark(values["message_key"]),
                label=values["label"].strip(),
                annotator=values.get("annotator", "").strip(),
            )


def _columns(path: Path, content: bytes) -> tuple[Dialect, dict[str, int]]:
    """Return how the file is cut, and the index of each column that counts."""
    for delimiter in DELIMITERS:
        dialect = Dialect(delimiter)
        header = next(read_records(io.BytesIO(content), dialect)).fields
        if isinstance(header, RecordError):
            continue
        if all(header.count(name) == 1 for name in REQUIRED_COLUMNS):
            columns = (*REQUIRED_COLUMNS, "annotator")
            return dialect, {
                name: header.index(name) for name in columns if name in header
            }
    raise DataError(
        f"{path}, line 1: must name the columns message_key and label, once each, "
        "as the sheet did"
    )


def _json_lines(content: bytes, bad: BadLines) -> Iterator[Row]:
    lines = content.removeprefix(b"\xef\xbb\xbf").splitlines()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        record = _json_object(line)
        if all(isinstance(record.get(name), str) for name in REQUIRED_COLUMNS):
            annotator = record.get("annotator")
            yield Row(
                line=number,
                key=record["message_key"],
                label=record["label"].strip(),
                annotator="" if annotator is None else str(annotator).strip(),
            )
        else:
            bad.add(number, "not a JSON object with texts for message_key and label")


def _json_object(line: bytes) -> dict[str, Any]:
    """Return the JSON object on a line; an empty one for anything else."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _storable(row: Row, bad: BadLines) -> bool:
    """Tell whether PostgreSQL can hold the row; if not, add it to the bad lines."""
    try:
        content = f"{row.key}{row.label}{row.annotator}".encode()
    except UnicodeEncodeError:
        bad.add(row.line, "bytes that are not UTF-8")
        return False
    if b"\0" in content:
        bad.add(row.line, "a NUL character, which PostgreSQL cannot hold")
        return False
    return True
