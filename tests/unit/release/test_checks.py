"""Which checks the gate makes, and the decision that follows from them.

What each kind of check accepts, and how it reads, is in tests/spec/gate-checks.md.
"""

import datetime

import pytest

from pipeline.records.release import (
    CheckKind,
    Decision,
    F1Figures,
    ReferenceFigures,
    Verdict,
)
from pipeline.records.words import describe_check, name_check
from pipeline.statistics.difference import Difference, LabelDifference
from pipeline.statistics.interval import Interval
from tests.support.gate_records import (
    ALIKE,
    ALONE,
    CHAMPION,
    GATE,
    MEASURED,
    OVERRIDE,
    SAME,
    changed,
    decision,
    export_manifest,
    f1,
    first_night,
    gate_input,
    label_metrics,
    labelling_summary,
    metrics,
    review_evaluation,
)

TOO_MANY_TERMS = export_manifest(terms=101)
LOSS = Interval(-0.02, -0.03, -0.001)


def failed_checks(decided: Decision) -> list[str]:
    return [name_check(check) for check in decided.failed]


def test_a_good_night_passes_every_check():
    decided = decision()
    assert decided.publish
    assert decided.champion == 7
    assert {check.verdict for check in decided.checks} == {Verdict.PASSED}
    assert (decided.failed, decided.override) == ((), None)
    assert Decision.from_json(decided.to_json()) == decided


def test_the_checks_have_a_fixed_order():
    decided = decision(gate_input(with_thresholds=ALIKE))
    questions = [
        (check.kind, check.subject, check.measure, check.with_thresholds)
        for check in decided.checks
    ]

    def comparisons(with_thresholds: bool) -> list[tuple]:
        return [
            (CheckKind.EVIDENCE, None, None, with_thresholds),
            (CheckKind.REGRESSION_ON_REVIEWS, None, None, with_thresholds),
            (CheckKind.REGRESSION_OF_LABEL, "spam", "precision", with_thresholds),
            (CheckKind.REGRESSION_OF_LABEL, "spam", "recall", with_thresholds),
            (CheckKind.REGRESSION_ON_HOLDOUT, None, None, with_thresholds),
            (CheckKind.REGRESSION_SINCE_EARLIER, None, None, with_thresholds),
            (CheckKind.CHURN, None, None, with_thresholds),
            (CheckKind.CHURN_OF_LABEL, "ham", None, with_thresholds),
            (CheckKind.CHURN_OF_LABEL, "spam", None, with_thresholds),
        ]

    assert questions == [
        (CheckKind.VERIFIED, None, None, False),
        (CheckKind.SIZE, None, None, False),
        (CheckKind.TERMS, None, None, False),
        (CheckKind.SPEED, None, None, False),
        (CheckKind.REVIEWS, None, None, False),
        (CheckKind.FLOOR, "spam", "precision", False),
        (CheckKind.FLOOR, "spam", "recall", False),
        (CheckKind.NOT_OLDER, None, None, False),
        *comparisons(False),
        *comparisons(True),
        (CheckKind.DRIFT_OF_MESSAGES, None, None, False),
        (CheckKind.DRIFT_OF_COVERAGE, None, None, False),
        (CheckKind.DRIFT_OF_SHARE, "ham", None, False),
        (CheckKind.DRIFT_OF_SHARE, "spam", None, False),
        (CheckKind.DRIFT_OF_REVIEWS, None, None, False),
        (CheckKind.DRIFT_OF_REVIEWS, "spam", None, False),
    ]


def test_the_first_night_skips_what_needs_a_champion():
    decided = decision(first_night())
    assert decided.publish
    assert decided.champion is None
    assert decided.earlier is None
    assert decided.predecessors == ()
    skipped = [check for check in decided.checks if check.verdict is Verdict.SKIPPED]
    assert [name_check(check) for check in skipped] == [
        "date",
        "regression on reviews",
        "regression on held-out messages",
        "regression since an earlier model",
        "churn",
        "label shares",
        "drift of reviews",
    ]


def test_a_night_without_any_evidence_is_refused_even_if_no_review_is_required():
    nothing = changed(ALONE, documents=0, messages=0)
    decided = decision(
        gate_input(compared=nothing, earlier=None, on_reviews=None),
        gate={"floors": {}, "min_reviewed_messages": 0},
    )
    assert failed_checks(decided) == ["evidence"]


def test_without_reviews_the_number_and_every_floor_fail():
    decided = decision(gate_input(reviews=review_evaluation(None)))
    assert failed_checks(decided) == [
        "number of reviews",
        "floor of spam",
        "floor of spam",
    ]


def test_a_label_that_moves_away_from_another_fails_for_both():
    decided = decision(gate_input(rules=labelling_summary(ham=500, spam=300)))
    assert failed_checks(decided) == ["share of ham", "share of spam"]
    decided = decision(gate_input(rules=labelling_summary(ham=600, new=200)))
    assert failed_checks(decided) == ["share of new", "share of spam"]


@pytest.mark.parametrize(
    ("macro", "spam", "failed"),
    [
        (0.9, 0.0, ["drift of reviews of spam"]),
        (1.0, 0.91, ["drift of reviews of spam"]),
        (0.81, 0.71, []),
    ],
)
def test_reviews_of_one_label_may_drift(macro: float, spam: float, failed: list[str]):
    on_reviews = metrics(macro=macro, spam=label_metrics(0.9, 0.9, spam))
    assert failed_checks(decision(gate_input(on_reviews=on_reviews))) == failed


def test_reviews_of_other_labels_are_not_compared():
    other = F1Figures(macro=f1(0.5), per_label={"ham": f1(0.5)})
    figures = changed(CHAMPION.figures, reviews=other)
    decided = decision(gate_input(champion=changed(CHAMPION, figures=figures)))
    kind = CheckKind.DRIFT_OF_REVIEWS
    (check,) = [check for check in decided.checks if check.kind is kind]
    assert decided.publish
    assert check.verdict is Verdict.SKIPPED


def test_a_label_may_lose_compared_with_the_earlier_model():
    lost = Difference(Interval(-1.0, -1.0, -0.9), 30)
    spam = LabelDifference(precision=lost, recall=Difference(SAME, 30))
    earlier = changed(ALIKE, per_label={"spam": spam})
    assert decision(gate_input(earlier=earlier)).publish


def test_a_label_with_too_few_texts_keeps_its_figure():
    lost = Difference(Interval(-1.0, -1.0, -0.9), 29)
    spam = LabelDifference(precision=lost, recall=Difference(SAME, 30))
    decided = decision(gate_input(compared=changed(ALIKE, per_label={"spam": spam})))
    (check,) = [c for c in decided.checks if c.verdict is Verdict.SKIPPED]
    assert (check.value, check.bound) == (-1.0, None)


def test_only_an_older_date_is_no_refusal():
    before = datetime.date(2026, 11, 18)
    assert decision(gate_input(date=before)).only_older
    assert not decision(gate_input(date=before, export=TOO_MANY_TERMS)).only_older
    assert not decision(gate_input(export=TOO_MANY_TERMS)).only_older
    assert not decision().only_older


def test_a_champion_that_cannot_be_read_is_compared_with_nothing():
    decided = decision(
        gate_input(compared=ALONE, earlier=None, on_reviews=None, unsupported="2.0")
    )
    (check,) = decided.failed
    assert (check.kind, check.note) == (CheckKind.READABLE, "2.0")
    assert CheckKind.EVIDENCE not in {check.kind for check in decided.checks}


def test_floors_apply_to_the_labels_with_thresholds_if_there_are_any():
    low_recall = metrics(spam=label_metrics(0.99, 0.4))
    decided = decision(gate_input(reviews=review_evaluation(MEASURED, low_recall)))
    assert failed_checks(decided) == ["floor of spam, with thresholds"]
    poor = metrics(spam=label_metrics(0.5, 0.6))
    sufficient = metrics(spam=label_metrics(0.99, 0.5))
    assert decision(gate_input(reviews=review_evaluation(poor, sufficient))).publish


@pytest.mark.parametrize(
    ("change", "names"),
    [
        (
            {"macro_f1": LOSS},
            ["regression on reviews", "regression on held-out messages"],
        ),
        (
            {"churn": 0.06, "churn_per_label": {"spam": 0.21}},
            ["churn", "churn of spam"],
        ),
        ({}, []),
    ],
    ids=str,
)
def test_labels_may_change_neither_with_thresholds_nor_without(
    change: dict[str, object], names: list[str]
):
    other = changed(ALIKE, **change)
    assert failed_checks(decision(gate_input(with_thresholds=other))) == [
        f"{name}, with thresholds" for name in names
    ]
    without = decision(gate_input(with_thresholds=ALIKE, compared=other))
    assert failed_checks(without) == names


def test_an_override_publishes_what_failed_and_keeps_its_reason():
    gate = {"override": OVERRIDE}
    decided = decision(gate_input(export=TOO_MANY_TERMS), gate)
    assert decided.publish
    assert decided.override == OVERRIDE["reason"]
    (check,) = decided.failed
    assert describe_check(check) == (
        "terms: the number of terms is 101; it must be at most 100"
    )
    assert decision(gate=gate).override is None


def test_a_later_night_is_compared_with_tonights_figures():
    assert decision().figures == ReferenceFigures(
        messages=1000,
        coverage=0.8,
        shares={"ham": 0.75, "spam": 0.25},
        reviews=CHAMPION.figures.reviews,
    )
    unreviewed = decision(
        gate_input(reviews=review_evaluation(None)),
        gate={"floors": {}, "min_reviewed_messages": 0},
    )
    assert unreviewed.figures.reviews is None


def test_predecessors_are_the_models_before_and_an_override_starts_a_new_line():
    assert (decision().predecessors, decision().earlier) == ((4, 6, 7), 4)
    gate = {"override": OVERRIDE}
    assert decision(gate=gate).predecessors == (4, 6, 7)
    assert decision(gate_input(export=TOO_MANY_TERMS), gate).predecessors == ()
    champion = changed(CHAMPION, predecessors=tuple(range(500)), serial=500)
    decided = decision(gate_input(champion=champion))
    assert decided.predecessors == tuple(range(401, 501))


def test_no_earlier_model_is_asked_for_if_the_setting_is_null():
    regression = {**GATE["regression"], "publications_back": None}
    decided = decision(gate_input(earlier=None), gate={"regression": regression})
    kinds = {check.kind for check in decided.checks}
    assert CheckKind.REGRESSION_SINCE_EARLIER not in kinds


def test_an_override_of_another_night_overrides_nothing():
    next_night = datetime.date(2026, 11, 21)
    tonight = gate_input(date=next_night, export=TOO_MANY_TERMS)
    decided = decision(tonight, gate={"override": OVERRIDE})
    assert (decided.publish, decided.override) == (False, None)
