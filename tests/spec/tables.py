"""Reads the tables of a Markdown page."""

import re
from dataclasses import dataclass
from pathlib import Path

HEADING = re.compile(r"#+ +(?P<title>.+)")
RULE = re.compile(r"\|(?: *:?-+:? *\|)+")
CELL_END = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True)
class Row:
    r"""A row of a table.

    Attributes
    ----------
    section
        The heading above the table.
    line
        The number of the row's line in the page, from 1.
    cells
        What the columns hold, by their headings. The bar of a cell is written ``\|``.
    """

    section: str
    line: int
    cells: dict[str, str]

    def __str__(self) -> str:
        return f"{self.section}, line {self.line}"


def read_rows(page: Path) -> list[Row]:
    """Return the rows of all tables of a page, from top to bottom."""
    section = ""
    columns: list[str] = []
    rows = []
    lines = page.read_text(encoding="utf-8").splitlines()
    for line_number, line in enumerate(lines, 1):
        heading = HEADING.fullmatch(line)
        if heading is not None:
            section = heading["title"]
        if not line.startswith("|"):
            columns = []
        elif not columns:
            columns = split_cells(line)
        elif not RULE.fullmatch(line):
            cells = dict(zip(columns, split_cells(line), strict=True))
            rows.append(Row(section, line_number, cells))
    return rows


def split_cells(line: str) -> list[str]:
    """Return the cells of a table's line, without the spaces around them."""
    cells = CELL_END.split(line)[1:-1]
    return [cell.strip().replace("\\|", "|") for cell in cells]
