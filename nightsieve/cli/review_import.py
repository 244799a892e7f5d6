"""Import a filled-in sheet into the table of reviews, after a check of every line."""

import difflib
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from nightsieve.cli.loading.bad_lines import BadLines
from nightsieve.cli.review_sheet import Row, read
from nightsieve.database.reviews import Review, import_reviews, unknown_messages
from nightsieve.database.upsert import Upserted
from pipeline.errors import DataError
from pipeline.records.words import plural

_LABEL = re.compile(r"[\w-]{1,32}")


@dataclass(frozen=True)
class Imported:
    """Counts of a sheet's rows.

    Attributes
    ----------
    reviews
        Rows with a label, by whether they were new.
    empty
        Rows without a label.
    """

    reviews: Upserted
    empty: int


def import_sheet(
    path: Path,
    source: str,
    reviewed_at: datetime,
    labels: Collection[str],
    bad: BadLines,
) -> Imported:
    """Import a sheet: all of it or, after an error, nothing.

    Parameters
    ----------
    labels
        The labels that a review may have.
    bad
        Collects every line that is wrong.

    Raises
    ------
    DataError
        The file cannot be read, or a line of it is wrong.
    SourceError
        The database cannot be used.
    """
    rows = read(path, bad)
    filled = [row for row in rows if row.label]
    _check(filled, labels, bad)
    distinct = {(row.key, row.annotator): row for row in filled}
    unknown = unknown_messages({row.key for row in filled})
    for row in distinct.values():
        if row.key in unknown:
            bad.add(
                row.line,
                "no message has this key; check whether a spreadsheet has changed it, "
                "as in 0012 to 12",
            )
    if bad.count:
        raise DataError(
            f"{path}: {plural(bad.count, 'wrong line')}, so nothing was imported; "
            "correct what is listed above"
        )
    reviews = [Review(row.key, row.label, row.annotator) for row in distinct.values()]
    upserted = import_reviews(reviews, source, reviewed_at)
    return Imported(upserted, empty=len(rows) - len(filled))


def _check(rows: list[Row], labels: Collection[str], bad: BadLines) -> None:
    """Collect rows with a wrong label or a second label by the same annotator."""
    first_rows: dict[tuple[str, str], Row] = {}
    for row in rows:
        first = first_rows.setdefault((row.key, row.annotator), row)
        if row.label not in labels:
            bad.add(row.line, _wrong_label(row.label, labels))
        elif first.label != row.label:
            bad.add(
                row.line,
                "the same annotator gave this message another label on line "
                f"{first.line}; keep one of them",
            )


def _wrong_label(label: str, labels: Collection[str]) -> str:
    """Say what is wrong; show no text of a message, which a wrong column may hold."""
    name = repr(label) if _LABEL.fullmatch(label) else "the text in this column"
    close = difflib.get_close_matches(label.lower(), labels, n=1)
    if close:
        return f"{name}: not a label; did you mean {close[0]}?"
    return f"{name}: not a label; use one of {', '.join(sorted(labels))}"
