"""The population stability index."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightsieve.serving.monitoring.drift import (
    FLOOR,
    MINIMUM_MESSAGES,
    measure_drift,
    population_stability_index,
)
from pipeline.records.reference import MarginBin, Reference

COUNTS = st.lists(st.integers(0, 10_000), min_size=2, max_size=12).filter(any)
REFERENCE = Reference(
    messages=1000,
    labels={"chat": 0.8, "spam": 0.2},
    margins=(MarginBin(low=0.0, share=0.5), MarginBin(low=1.5, share=0.5)),
)


def shares(counts: list[int]) -> list[float]:
    """Return the counts as shares of their sum."""
    return [count / sum(counts) for count in counts]


def slow_index(live: list[float], expected: list[float]) -> float:
    """Return the index as the books write it, as a sum of two divergences."""
    live = [FLOOR if share < FLOOR else share for share in live]
    expected = [FLOOR if share < FLOOR else share for share in expected]
    pairs = list(zip(live, expected, strict=True))
    forward = sum(p * (math.log(p) - math.log(q)) for p, q in pairs)
    return forward + sum(q * (math.log(q) - math.log(p)) for p, q in pairs)


@given(st.data())
def test_the_index_is_that_of_the_formula(data):
    counts = data.draw(COUNTS)
    n_bins = len(counts)
    expected = shares(
        data.draw(
            st.lists(st.integers(0, 99), min_size=n_bins, max_size=n_bins).filter(any)
        )
    )
    index = population_stability_index(counts, expected)
    assert index == pytest.approx(slow_index(shares(counts), expected), abs=1e-9)
    assert index >= 0
    assert math.isfinite(index)


@given(COUNTS)
def test_the_index_of_the_same_shares_is_0(counts):
    doubled = [2 * count for count in counts]
    assert population_stability_index(doubled, shares(counts)) == 0


def test_known_values():
    # By hand: 0.1 * ln(0.6 / 0.5) - 0.1 * ln(0.4 / 0.5).
    assert population_stability_index([60, 40], [0.5, 0.5]) == pytest.approx(0.0405465)
    # A bin that was empty in the night, and one that is empty now.
    one_empty = (0.1 - FLOOR) * math.log(0.1 / FLOOR)
    assert population_stability_index([900, 100], [1.0, 0.0]) == pytest.approx(
        one_empty + 0.1 * math.log(1 / 0.9)
    )
    assert population_stability_index([100, 0], [0.9, 0.1]) == pytest.approx(
        one_empty + 0.1 * math.log(1 / 0.9)
    )


def test_a_label_that_the_hold_out_lacks_counts_as_drift():
    same = measure_drift(REFERENCE, {"chat": 800, "spam": 200}, [500, 500])
    new_label = measure_drift(
        REFERENCE, {"chat": 700, "spam": 200, "code": 100}, [500, 500]
    )
    assert same == (0, 0)
    assert new_label is not None
    assert new_label.labels > 0.25


def test_few_messages_have_no_drift():
    few = MINIMUM_MESSAGES - 1
    assert measure_drift(REFERENCE, {"spam": few}, [few, 0]) is None
    assert measure_drift(REFERENCE, {"spam": few + 1}, [few + 1, 0]) is not None
