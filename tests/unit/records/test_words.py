"""A check of the gate in words."""

import pytest

from pipeline.records.release import Bound, Check, CheckKind, Comparison, Verdict
from pipeline.records.words import (
    DASH,
    describe_check,
    describe_interval,
    describe_value,
    name_check,
)
from pipeline.statistics.interval import UNDEFINED, Interval

LABEL_KINDS = {
    CheckKind.FLOOR,
    CheckKind.REGRESSION_OF_LABEL,
    CheckKind.CHURN_OF_LABEL,
    CheckKind.DRIFT_OF_SHARE,
    CheckKind.DRIFT_OF_REVIEWS,
}
WHOLE_MODEL_KINDS = set(CheckKind) - LABEL_KINDS | {
    CheckKind.DRIFT_OF_SHARE,
    CheckKind.DRIFT_OF_REVIEWS,
}


def at_least(value: float | str, unless_uncertain: bool = False) -> Bound:
    return Bound(
        comparison=Comparison.AT_LEAST, value=value, unless_uncertain=unless_uncertain
    )


def at_most(value: float, unless_uncertain: bool = False) -> Bound:
    return Bound(
        comparison=Comparison.AT_MOST, value=value, unless_uncertain=unless_uncertain
    )


def check(kind: CheckKind, value, bound: Bound | None, **fields) -> Check:
    return Check(kind=kind, value=value, bound=bound, verdict=Verdict.FAILED, **fields)


@pytest.mark.parametrize(
    ("described", "line"),
    [
        (
            check(
                CheckKind.FLOOR,
                0.9,
                at_least(0.95),
                subject="spam",
                measure="precision",
            ),
            "floor of spam: the precision on reviews is 0.9; it must be at least 0.95",
        ),
        (
            check(
                CheckKind.FLOOR,
                None,
                at_least(0.95),
                subject="spam",
                measure="f1",
                with_thresholds=True,
            ),
            "floor of spam, with thresholds: the F1 on reviews is \N{EN DASH}; "
            "it must be at least 0.95; the reviews give no such figure",
        ),
        (
            check(CheckKind.SIZE, 500_001, at_most(500_000)),
            "size: the size of the gzipped model in bytes is 500,001; it must be at "
            "most 500,000",
        ),
        (
            check(CheckKind.NOT_OLDER, "2026-11-18", at_least("2026-11-19")),
            "date: the night of this model is 2026-11-18; it must be "
            "2026-11-19 or later",
        ),
        (
            check(
                CheckKind.READABLE,
                "unreadable",
                Bound(comparison=Comparison.IS, value="readable"),
                note="version 2.0",
            ),
            "format of the published model: the published model's file is unreadable; "
            "it must be readable; version 2.0",
        ),
        (
            check(CheckKind.EVIDENCE, 0, at_least(1)),
            "evidence: the number of texts to compare the two models on is 0; it must "
            "be at least 1; "
            "see source.reviews and training.holdout_fraction",
        ),
        (
            check(
                CheckKind.REGRESSION_ON_REVIEWS,
                -0.02,
                at_least(-0.01, unless_uncertain=True),
                interval=Interval(-0.02, -0.03, -0.001),
                texts=1_050,
            ),
            "regression on reviews: the change of macro F1 from the published model's "
            "is -0.02; it must be at least -0.01, unless its interval reaches 0; "
            "interval -0.03 to -0.001 on 1,050 texts",
        ),
        (
            check(
                CheckKind.DRIFT_OF_REVIEWS,
                0.2,
                at_most(0.1, unless_uncertain=True),
                subject="spam",
                note="0.9 then, 0.7 now",
            ),
            "drift of reviews of spam: the change of the published model's F1 is 0.2; "
            "it must be at most 0.1, unless the intervals overlap; 0.9 then, 0.7 now",
        ),
    ],
)
def test_a_check_is_described_in_a_line(described, line):
    assert describe_check(described) == line


def test_every_kind_has_its_own_name_and_a_description():
    checks = [check(kind, 1, at_most(0)) for kind in WHOLE_MODEL_KINDS]
    for kind in LABEL_KINDS:
        label_check = check(kind, 1, at_most(0), subject="spam", measure="recall")
        assert "spam" in name_check(label_check)
        checks.append(label_check)
    names = list(map(name_check, checks))
    assert len(set(names)) == len(names)
    for named, name in zip(checks, names, strict=True):
        assert describe_check(named).startswith(f"{name}: ")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, DASH),
        ("2026-11-19", "2026-11-19"),
        (0, "0"),
        (200_000, "200,000"),
        (2_000.0, "2,000"),
        (123.45, "123.5"),
        (9_999.49, "9,999"),
        (9_999.5, "10,000"),
        (1_234_567.8, "1,234,568"),
        (-12_345.6, "-12,346"),
        (-0.012346, "-0.01235"),
    ],
)
def test_a_value_has_commas_whatever_its_type_and_never_an_exponent(value, written):
    assert describe_value(value) == written


def test_a_comparison_on_one_text_is_in_the_singular():
    made = check(
        CheckKind.REGRESSION_ON_REVIEWS,
        -0.02,
        at_least(-0.01),
        interval=Interval(-0.02, -0.03, -0.001),
        texts=1,
    )
    assert describe_check(made).endswith("; interval -0.03 to -0.001 on 1 text")


def test_an_interval_is_described_with_its_bounds_and_an_undefined_one_as_a_dash():
    assert describe_interval(Interval(0.5, 0.25, 1.0)) == "0.500 [0.250, 1.000]"
    assert describe_interval(Interval(0.5, 0.25, 1.0), ".4g") == "0.5 [0.25, 1]"
    assert describe_interval(UNDEFINED) == DASH
