"""Whole nights compute what they computed when the expectations were written."""

import operator

import pytest

from tests.golden.compare import differences, read_expectation
from tests.golden.night import CASES, Case, run_nights
from tests.golden.observe import observe


# A night takes a minute alone on two cores, and several beside other tests.
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("case", CASES, ids=operator.attrgetter("name"))
def test_night_is_as_expected(case: Case) -> None:
    if case.obstacle:
        pytest.skip(case.obstacle)
    for night in run_nights(case):
        found = differences(read_expectation(night.expectation), observe(night))
        assert not found, "\n".join([night.name, *map(str, found)])
