"""How cells are written, by both renderers."""

import pytest

from pipeline.report.content import (
    COUNT,
    COUNT_CHANGE,
    INTERVAL,
    PERCENT,
    SCORE,
    SENTENCE,
    WORDS,
    Cell,
    Column,
    Format,
    Link,
    Quantity,
    Table,
    Typography,
    points,
)
from pipeline.statistics.interval import UNDEFINED, Interval

PLAIN = Typography(minus="-", percent="%")
FINE = Typography(minus="\u2212", percent="\u202f%")


@pytest.mark.parametrize(
    ("cell", "form", "plain"),
    [
        ("spam", WORDS, "spam"),
        ("at least -0.01", SENTENCE, "at least -0.01"),
        (1234567, COUNT, "1,234,567"),
        (-12, COUNT_CHANGE, "-12"),
        (12, COUNT_CHANGE, "+12"),
        (0.12345, SCORE, "0.123"),
        (0.1234, PERCENT, "12.3%"),
        (-0.5, points(1), "-0.5"),
        (0.5, points(2), "+0.50"),
        (-0.004, points(2), "0.00"),
        (Interval(0.5, 0.25, 1.0), INTERVAL, "0.500 [0.250, 1.000]"),
        (None, SCORE, "\u2013"),
        (UNDEFINED, INTERVAL, "\u2013"),
        ("no reviews", SCORE, "no reviews"),
        (Quantity(3, COUNT), SCORE, "3"),
        (Quantity(None, COUNT), WORDS, "\u2013"),
        (Link("2026-11-20", "index.html"), WORDS, "2026-11-20"),
    ],
)
def test_a_cell_is_written_as_its_format_says(cell: Cell, form: Format, plain: str):
    assert PLAIN.write(cell, form) == plain
    fine = plain
    if not isinstance(cell, Link):
        fine = plain.replace("%", "\u202f%").replace("-", "\u2212")
    assert FINE.write(cell, form) == fine


def test_a_hyphen_that_is_no_minus_sign_stays_in_a_sentence():
    sentence = "held-out on 2026-11-20, spam-2: -0.1 [-0.2, 0.1], (-1)"
    assert PLAIN.write(sentence, SENTENCE) == sentence
    assert FINE.write(sentence, SENTENCE) == (
        "held-out on 2026-11-20, spam-2: \u22120.1 [\u22120.2, 0.1], (\u22121)"
    )
    assert FINE.write("spam -1", WORDS) == "spam -1"


def test_a_column_can_be_left_out():
    columns = (Column("label"), Column("messages", COUNT), Column("F1", SCORE))
    table = Table("metrics", "Metrics", columns, [("spam", 3, 0.5), ("ham", 4, 0.6)])
    narrow = table.without("messages")
    assert [column.title for column in narrow.columns] == ["label", "F1"]
    assert narrow.rows == [["spam", 0.5], ["ham", 0.6]]
