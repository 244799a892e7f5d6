"""Import a filled-in sheet into the table of reviews, after a check of every line."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from nightsieve.cli.loading.bad_lines import BadLines
from nightsieve.cli.loading.labels import Labels, describe_wrong_label
from nightsieve.cli.review_sheet import Row, read
from nightsieve.database.reviews import Review, import_reviews, unknown_messages
from nightsieve.database.upsert import Upserted
from pipeline.errors import DataError
from pipeline.records.words import plural


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
    known: Collection[str],
    bad: BadLines,
    *,
    labels: Labels,
) -> Imported:
    """Import a sheet: all of it or, after an error, nothing.

    Parameters
    ----------
    known
        The labels that a review may have.
    bad
        Collects every line that is wrong.
    labels
        Renames the labels of the sheet, and counts them.

    Raises
    ------
    DataError
        The file cannot be read, or a line of it is wrong.
    SourceError
        The database cannot be used.
    """
    rows = read(path, bad)
    filled = [row._replace(label=labels.rename(row.label)) for row in rows if row.label]
    _check(filled, known, bad)
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
            "correct what is listed above; --label-map renames labels"
        )
    reviews = [Review(row.key, row.label, row.annotator) for row in distinct.values()]
    upserted = import_reviews(reviews, source, reviewed_at)
    return Imported(upserted, empty=len(rows) - len(filled))


def _check(rows: list[Row], known: Collection[str], bad: BadLines) -> None:
    """Collect rows with a wrong label or a second label by the same annotator."""
    first_rows: dict[tuple[str, str], Row] = {}
    for row in rows:
        first = first_rows.setdefault((row.key, row.annotator), row)
        if row.label not in known:
            bad.add(row.line, describe_wrong_label(row.label, known))
        elif first.label != row.label:
            bad.add(
                row.line,
                "the same annotator gave this message another label on line "
                f"{first.line}; keep one of them",
            )
