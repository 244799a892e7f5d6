"""Whole nights have the results that they had when the expectations were written."""

import operator

import pytest

from tests.golden.compare import differences, read_expectation
from tests.golden.night import CASES, Case, run_nights
from tests.golden.observe import observe


# A night takes a minute alone on two cores, and several minutes beside other tests.
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("case", CASES, ids=operator.attrgetter("name"))
def test_night_is_as_expected(case: Case) -> None:
    if case.obstacle:
        pytest.skip(case.obstacle)
    for night in run_nights(case):
        differing = differences(read_expectation(night.expectation), observe(night))
        assert not differing, "\n".join([night.name, *map(str, differing)])
