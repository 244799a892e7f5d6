"""Figures and texts are printed as people read them."""

import pytest

from nightsieve.cli.terminal import percent, printable
from pipeline.records.words import DASH


@pytest.mark.parametrize(
    ("share", "decimals", "expected"),
    [(0.1234, 1, "12.3%"), (0.1234, 2, "12.34%"), (0.0, 1, "0.0%"), (None, 1, DASH)],
)
def test_a_share_is_a_percentage(share, decimals, expected):
    assert percent(share, decimals) == expected


def test_no_character_that_controls_a_terminal_is_printed():
    text = "a\x1b[2Jb\nc\u202ed\u009b"
    assert printable(text) == "a [2Jb c d "
