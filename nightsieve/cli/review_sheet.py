"""Sheets: files that annotators fill in, CSV for spreadsheets or JSON lines, and reading them back."""

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from nightsieve.cli.loading.bad_lines import BadLines
from nightsieve.cli.loading.csv_records import Dialect, Unreadable, records
from nightsieve.cli.loading.files import open_source
from pipeline.errors import ConfigError, DataError
from pipeline.reviews.choose import FIELDS

NEEDED = ("message_key", "label")
DELIMITERS = ",;\t"  # spreadsheets write what their country is used to
# What makes a spreadsheet take a cell for a formula (OWASP, "CSV injection"), and the mark that makes it plain text.
# One that cuts at another delimiter than the comma has cells that begin in the middle of a text, perhaps with a quote.
FORMULA = "=+\\-@\uff1d\uff0b\uff0d\uff20"
PLAIN = "'"
_BEGINS = r"(?<![^;\t\r\n])"  # after one of these, or nothing
_RISKY = re.compile(
    rf"{_BEGINS}(?=(?:[^\S\t\r\n]|\")*[{FORMULA}]|{PLAIN})|\A(?=[\t\r\n])"
)
_MARKED = re.compile(_BEGINS + PLAIN)


class Row(NamedTuple):
    """What stands on a line of a sheet, counted from 1; the label is empty where there is none yet."""

    line: int
    key: str
    label: str
    annotator: str


def check_suffix(path: Path) -> None:
    """Raise a ConfigError unless the file's name says what a sheet can be."""
    if path.suffix not in (".csv", ".jsonl"):
        raise ConfigError(f"--to {path}: the name must end in .csv or .jsonl")


def encode(rows: pd.DataFrame, suffix: str) -> bytes:
    """The sheet as a file of that suffix. Cells of a CSV that a spreadsheet could run are marked as plain text."""
    records = rows[list(FIELDS)].to_dict("records")
    if suffix == ".jsonl":
        return "".join(
            json.dumps(record, ensure_ascii=False) + "\n" for record in records
        ).encode()
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(FIELDS)
    writer.writerows(map(plain, record.values()) for record in records)
    return text.getvalue().encode(
        "utf-8-sig"
    )  # without the mark, Excel takes it for another encoding


def read(path: Path, bad: BadLines) -> list[Row]:
    """The rows of a sheet; lines that are none go to ``bad``.

    Raises
    ------
    DataError : the file cannot be read, or has no columns for message and label.
    """
    with open_source(path) as source:
        content = source.stream.read()
    found = (
        _json_lines(content, bad)
        if path.suffix == ".jsonl"
        else _csv(path, content, bad)
    )
    return [row for row in found if _storable(row, bad)]


def plain(value: str) -> str:
    """The text, marked wherever a cell of it could begin that is taken for a formula, or for marked."""
    return _RISKY.sub(PLAIN, value)


def unmarked(value: str) -> str:
    """The text that `plain` has marked."""
    return _MARKED.sub("", value)


def _csv(path: Path, content: bytes, bad: BadLines) -> Iterator[Row]:
    dialect, place = _columns(path, content)
    stream = records(io.BytesIO(content), dialect)
    width = len(next(stream).fields)
    for record in stream:
        fields = record.fields
        if isinstance(fields, Unreadable):
            bad.add(record.first, fields.reason)
        elif len(fields) not in (0, width):
            bad.add(record.first, f"fields: {len(fields)}, expected: {width}")
        elif fields:
            key, label, *annotator = (fields[place[name]] for name in place)
            yield Row(
                record.first, unmarked(key), label.strip(), "".join(annotator).strip()
            )


def _columns(path: Path, content: bytes) -> tuple[Dialect, dict[str, int]]:
    """How the file is cut, and where in a record message, label and, if there is one, annotator stand."""
    for delimiter in DELIMITERS:
        dialect = Dialect(delimiter)
        names = next(records(io.BytesIO(content), dialect)).fields
        if not isinstance(names, Unreadable) and all(
            names.count(name) == 1 for name in NEEDED
        ):
            return dialect, {
                name: names.index(name)
                for name in (*NEEDED, "annotator")
                if name in names
            }
    raise DataError(
        f"{path}, line 1: must name the columns message_key and label, once each, as the sheet did"
    )


def _json_lines(content: bytes, bad: BadLines) -> Iterator[Row]:
    for line, text in enumerate(
        content.removeprefix(b"\xef\xbb\xbf").splitlines(), start=1
    ):
        try:
            found = json.loads(text) if text.strip() else None
        except (ValueError, RecursionError):
            found = ()
        if isinstance(found, dict) and all(
            isinstance(found.get(name), str) for name in NEEDED
        ):
            annotator = found.get("annotator")
            name = "" if annotator is None else str(annotator).strip()
            yield Row(line, found["message_key"], found["label"].strip(), name)
        elif found is not None:
            bad.add(line, "no JSON object with texts for message_key and label")


def _storable(row: Row, bad: BadLines) -> bool:
    """Whether PostgreSQL can hold the row; if not, it is bad."""
    try:
        found = "".join(row[1:]).encode()
    except UnicodeEncodeError:
        bad.add(row.line, "bytes that are not UTF-8")
        return False
    if b"\0" in found:
        bad.add(row.line, "a NUL character, which PostgreSQL cannot hold")
    return b"\0" not in found
