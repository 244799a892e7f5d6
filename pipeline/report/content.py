"""What a report shows, as values: tables and figures that no renderer is part of."""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from pipeline.records.words import DASH, describe_interval
from pipeline.statistics.interval import Interval

#: Of a negative number: not a hyphen inside a word or a date.
_MINUS = re.compile(r"(?<![^\s\[(])-(?=\d)")


class CellType(StrEnum):
    """What the cells of a column hold."""

    WORDS = "words"
    SENTENCE = "sentence"
    CODE = "code"
    MARK = "mark"
    COUNT = "count"
    NUMBER = "number"
    PERCENT = "percent"
    INTERVAL = "interval"

    @property
    def is_text(self) -> bool:
        """Whether the cells are text, aligned to the left."""
        return self in _TEXTS


_TEXTS = frozenset({CellType.WORDS, CellType.SENTENCE, CellType.CODE, CellType.MARK})


@dataclass(frozen=True)
class Format:
    """How the value of a cell is written.

    Attributes
    ----------
    places
        Decimal places of a number.
    signed
        Whether a change has its sign; a change that rounds to 0 has none.
    """

    type: CellType
    places: int = 0
    signed: bool = False


WORDS = Format(CellType.WORDS)
#: Words with figures in them, such as ``at least -0.01``.
SENTENCE = Format(CellType.SENTENCE)
CODE = Format(CellType.CODE)
#: A verdict or an outcome, such as ``failed``.
MARK = Format(CellType.MARK)
COUNT = Format(CellType.COUNT)
COUNT_CHANGE = Format(CellType.COUNT, signed=True)
PERCENT = Format(CellType.PERCENT, places=1)
INTERVAL = Format(CellType.INTERVAL, places=3)
#: Precision, recall, F1.
SCORE = Format(CellType.NUMBER, places=3)
SCORE_CHANGE = Format(CellType.NUMBER, places=3, signed=True)
SECONDS = Format(CellType.NUMBER, places=1)


def points(places: int) -> Format:
    """Return the format of a change in percentage points."""
    return Format(CellType.NUMBER, places=places, signed=True)


@dataclass(frozen=True)
class Quantity:
    """A value with a format of its own instead of its column's."""

    value: float | int | None
    format: Format


@dataclass(frozen=True)
class Link:
    """A text that is a link where the renderer has links."""

    text: str
    address: str


#: A text is written as it is in a column of any type; None is undefined.
Value = str | int | float | Interval | None
Cell = Value | Quantity | Link
Row = tuple[Cell, ...]


@dataclass(frozen=True)
class Column:
    """A column by its heading, and how its cells are written."""

    title: str
    format: Format = WORDS


@dataclass(frozen=True)
class Table:
    """A table with its caption. The first column names the rows.

    Attributes
    ----------
    name
        Unique in a report.
    """

    name: str
    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]

    def without(self, title: str) -> "Table":
        """Return the table without the column of this title."""
        kept = [column.title != title for column in self.columns]
        return replace(
            self,
            columns=list(itertools.compress(self.columns, kept)),
            rows=[list(itertools.compress(row, kept)) for row in self.rows],
        )


@dataclass(frozen=True)
class Figure:
    """A drawing as SVG, on a light and on a dark background.

    Attributes
    ----------
    name
        The stem of its files.
    alt
        What it shows, in words.
    """

    name: str
    title: str
    alt: str
    light: str
    dark: str

    @property
    def files(self) -> dict[str, bytes]:
        """The files by their names."""
        return {
            f"{self.name}.svg": self.light.encode(),
            f"{self.name}-dark.svg": self.dark.encode(),
        }


@dataclass(frozen=True)
class Typography:
    """The minus and percent signs of a renderer.

    Examples
    --------
    >>> plain = Typography(minus="-", percent="%")
    >>> plain.write(0.1234, PERCENT)
    '12.3%'
    >>> plain.write(Interval(0.5, 0.25, 1.0), INTERVAL)
    '0.500 [0.250, 1.000]'
    """

    minus: str
    percent: str

    def write(self, cell: Cell, form: Format) -> str:
        """Return the text of a cell in a column of this format."""
        match cell:
            case Link():
                return cell.text
            case Quantity():
                return self.write(cell.value, cell.format)
            case str():
                is_sentence = form.type is CellType.SENTENCE
                return self.write_sentence(cell) if is_sentence else cell
            case None:
                return DASH
            case Interval():
                return self._write_interval(cell, form.places)
            case _:
                return self._write_number(cell, form)

    def write_sentence(self, sentence: str) -> str:
        """Return a sentence with the renderer's minus sign in its numbers.

        Examples
        --------
        >>> Typography(minus="~", percent="%").write_sentence("-1 on 2026-11-20")
        '~1 on 2026-11-20'
        """
        return _MINUS.sub(self.minus, sentence)

    def _write_number(self, value: float | int, form: Format) -> str:
        if form.type is CellType.PERCENT:
            return f"{self._digits(100 * value, form)}{self.percent}"
        return self._digits(value, form)

    def _write_interval(self, interval: Interval, places: int) -> str:
        return describe_interval(interval, f".{places}f").replace("-", self.minus)

    def _digits(self, value: float | int, form: Format) -> str:
        rounded = round(value, form.places)
        sign = "+" if form.signed and rounded else ""
        return f"{rounded or 0:{sign},.{form.places}f}".replace("-", self.minus)
