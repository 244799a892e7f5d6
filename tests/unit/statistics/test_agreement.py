"""Krippendorff's alpha, against the literature and against crowd-kit."""

from collections.abc import Sequence

import numpy as np
import pytest

from pipeline.statistics.agreement import krippendorff_alpha
from tests.unit.statistics import crowds

GOLDEN = crowds.read()


def counts(*annotators: Sequence[str]) -> np.ndarray:
    """Return how many annotators gave each unit each value.

    Each annotator has a value for each unit in turn; a dot stands for none.
    """
    values = sorted(set().union(*annotators) - {"."})
    rows = []
    for values_of_unit in zip(*annotators, strict=True):
        rows.append([values_of_unit.count(value) for value in values])
    return np.array(rows)


# Krippendorff, "Computing Krippendorff's alpha-reliability", 2011, sections A, B and C.
@pytest.mark.parametrize(
    ("annotators", "expected"),
    [
        (("0100000010", "1110010000"), 0.095),
        (("aabbdcccedda", "babbbcccedd" + "d"), 0.692),
        (("123321412...", "1233224125.3", ".3332342251.", "1233244125" + "1."), 0.743),
        (("aab", "aab"), 1.0),
    ],
)
def test_alpha_is_as_in_the_literature_and_is_in_its_interval(annotators, expected):
    alpha = krippendorff_alpha(counts(*annotators), confidence=0.95)
    assert alpha.value == pytest.approx(expected, abs=0.0005)
    assert alpha.low <= alpha.value <= alpha.high
    assert alpha == krippendorff_alpha(counts(*annotators), confidence=0.95)


@pytest.mark.parametrize("crowd", GOLDEN.values(), ids=GOLDEN)
def test_alpha_is_as_in_crowd_kit(crowd):
    annotators = zip(*crowd["reviews"], strict=True)
    alpha = krippendorff_alpha(counts(*annotators), confidence=0.95)
    assert alpha.value == pytest.approx(crowd["alpha"], abs=1e-8)


@pytest.mark.parametrize("annotators", [("aaa", "aaa"), ("ab", "..")])
def test_alpha_is_undefined_without_two_labels_or_two_reviews(annotators):
    assert not krippendorff_alpha(counts(*annotators), 0.95).defined
