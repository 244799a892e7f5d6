"""What the gate asks, and what it makes of the answers."""

import datetime
from typing import Any

import pytest

from pipeline.config.settings import Gate
from pipeline.records.export import (
    MODEL_FILE,
    ExportManifest,
    FileDescription,
    Verification,
)
from pipeline.records.models import ModelEntry, ModelTraits
from pipeline.records.record import Record
from pipeline.records.release import (
    Bound,
    Check,
    CheckKind,
    Compared,
    Comparison,
    Decision,
    F1Figures,
    Latency,
    ModelComparison,
    ReferenceFigures,
    Verdict,
)
from pipeline.records.reviews import ReviewEvaluation
from pipeline.records.rules import LabellingSummary
from pipeline.records.sample import SampleCounts, ShardManifest
from pipeline.records.words import describe_check, name_check
from pipeline.release.checks import GateInput, Measurements
from pipeline.release.decision import decide
from pipeline.statistics.difference import Difference, LabelDifference
from pipeline.statistics.interval import UNDEFINED, Interval
from pipeline.statistics.metrics import LabelMetrics, Metrics

DATE = datetime.date(2026, 11, 20)

GATE = {
    "min_reviewed_messages": 10,
    "floors": {"spam": {"precision": 0.9, "recall": 0.5}},
    "regression": {
        "max_loss": {"macro_f1": 0.01, "precision": 0.03, "recall": 0.1},
        "min_texts": 30, "publications_back": 7,
        "confidence": 0.95, "resamples": 100, "seed": 1,
    },
    "churn": {"overall": 0.05, "label": 0.2},
    "drift": {
        "min_messages_ratio": 0.6, "max_coverage_change": 0.1, "max_share_change": 0.1,
        "max_f1_change_on_reviews": 0.1,
    },
    "device": {"gzipped_bytes": 1000, "terms": 100, "microseconds": 50.0},
    "override": None,
}  # fmt: skip


def f1(value: float) -> Interval:
    return Interval(value, value - 0.04, value + 0.04)


def exactly(value: float | None) -> Interval:
    return Interval(value, value, value)


def label(
    precision: float | None, recall: float | None, f1_value: float = 0.8
) -> LabelMetrics:
    return LabelMetrics(
        precision=exactly(precision),
        recall=exactly(recall),
        f1=f1(f1_value),
        support=10,
        predicted=10,
    )


def metrics(n: int = 20, macro: float = 0.9, **per_label: LabelMetrics) -> Metrics:
    return Metrics(
        labels=tuple(per_label),
        n=n,
        per_label=per_label,
        macro_f1=f1(macro),
        accuracy=f1(macro),
        confusion=(),
    )


def evaluation(
    measured: Metrics | None, with_thresholds: Metrics | None = None
) -> ReviewEvaluation:
    return ReviewEvaluation(
        reviews=25,
        messages=0 if measured is None else measured.n,
        ties=0,
        unknown_labels={},
        metrics=measured,
        with_thresholds=with_thresholds,
    )


def rules(labelled: int = 800, **labels: int) -> LabellingSummary:
    return LabellingSummary(
        messages=1000,
        labelled=labelled,
        silent=1000 - labelled,
        tied=0,
        labels=labels,
        dead=(),
        duplicates=(),
        always_together=(),
        fallbacks=(),
        rules=(),
    )


def sample(kept: int) -> ShardManifest:
    counts = SampleCounts(sampled=kept, null_bodies=0, oversized_bodies=0, kept=kept)
    return ShardManifest(parts=(), counts=counts)


def export(
    terms: int = 90, gzipped_bytes: int = 900, differences: int = 0
) -> ExportManifest:
    model = FileDescription(sha256="00", bytes=2000, gzipped_bytes=gzipped_bytes)
    return ExportManifest(
        format="nightsieve-manifest",
        version="1.0",
        training="00",
        labels=("ham", "spam"),
        terms=terms,
        bits=12,
        files={MODEL_FILE: model},
        verification=Verification(
            texts=9,
            vectors=2,
            languages=("python",),
            differences=differences,
            flips=0,
            proved=9,
            observed=0,
            largest_score_difference=0.0,
        ),
    )


MEASURED = metrics(spam=label(0.95, 0.6))
MEASUREMENTS = Measurements(
    sample=sample(1000),
    rules=rules(ham=600, spam=200),
    export=export(),
    reviews=evaluation(MEASURED),
    latency=Latency(messages=1000, microseconds=10.0),
)
CHAMPION = ModelEntry(
    serial=7,
    publication="0123456789abcdef",
    files={},
    traits=ModelTraits(
        date=datetime.date(2026, 11, 19), holdout=0.05, text="00", taught_by=()
    ),
    config="00",
    figures=ReferenceFigures(
        messages=1100,
        coverage=0.8,
        shares={"ham": 0.76, "spam": 0.24},
        reviews=F1Figures(macro=f1(0.9), per_label={"spam": f1(0.8)}),
    ),
    champion=6,
    predecessors=(4, 6),
)
SAME = Interval(0.0, -0.01, 0.01)
ALIKE = Compared(
    documents=50,
    messages=60,
    macro_f1=SAME,
    per_label={"spam": LabelDifference(Difference(SAME, 30), Difference(SAME, 30))},
    churn=0.01,
    churn_per_label={"ham": 0.01, "spam": 0.1},
)
ALONE = Compared(
    documents=50,
    messages=60,
    macro_f1=None,
    per_label={},
    churn=None,
    churn_per_label={},
)
OVERRIDE = {"night": DATE, "reason": "the vendor's new template is known"}


def changed(record: Record, **fields: Any) -> Any:
    return type(record)(**{**dict(record), **fields})


def decision(
    champion: ModelEntry | None = CHAMPION,
    compared: Compared = ALIKE,
    with_thresholds: Compared | None = None,
    earlier: Compared | None = ALIKE,
    on_reviews: Metrics | None = MEASURED,
    unsupported: str | None = None,
    date: datetime.date = DATE,
    gate: dict[str, Any] | None = None,
    **measurements: Any,
) -> Decision:
    def both(on_all: Compared) -> ModelComparison:
        return ModelComparison(reviews=on_all, holdout=on_all, earlier=earlier)

    night = GateInput(
        date=date,
        measurements=Measurements(**{**vars(MEASUREMENTS), **measurements}),
        champion=champion,
        unsupported=unsupported,
        earlier=None if earlier is None else 4,
        compared=both(compared),
        compared_with_thresholds=with_thresholds and both(with_thresholds),
        champion_on_reviews=on_reviews,
    )
    return decide(Gate.model_validate({**GATE, **(gate or {})}), night)


def failed(found: Decision) -> list[str]:
    return [name_check(check) for check in found.failed]


def test_a_night_that_nothing_can_be_said_of_is_refused():
    nothing = changed(ALONE, documents=0, messages=0)
    found = decision(
        compared=nothing,
        earlier=None,
        on_reviews=None,
        gate={"floors": {}, "min_reviewed_messages": 0},
    )
    assert failed(found) == ["evidence"]
    first = decision(champion=None, compared=nothing, earlier=None, on_reviews=None)
    assert first.publish


def test_a_good_night_passes_every_check():
    found = decision()
    assert found.publish and found.champion == 7
    assert {check.verdict for check in found.checks} == {Verdict.PASSED}
    assert (found.failed, found.override) == ((), None)
    assert Decision.from_json(found.to_json()) == found


def test_the_checks_stand_in_one_order():
    asked = [
        (check.kind, check.subject, check.measure, check.with_thresholds)
        for check in decision(with_thresholds=ALIKE).checks
    ]

    def compared(with_thresholds: bool) -> list[tuple]:
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

    assert asked == [
        (CheckKind.VERIFIED, None, None, False),
        (CheckKind.SIZE, None, None, False),
        (CheckKind.TERMS, None, None, False),
        (CheckKind.SPEED, None, None, False),
        (CheckKind.REVIEWS, None, None, False),
        (CheckKind.FLOOR, "spam", "precision", False),
        (CheckKind.FLOOR, "spam", "recall", False),
        (CheckKind.NOT_OLDER, None, None, False),
        *compared(False),
        *compared(True),
        (CheckKind.DRIFT_OF_MESSAGES, None, None, False),
        (CheckKind.DRIFT_OF_COVERAGE, None, None, False),
        (CheckKind.DRIFT_OF_SHARE, "ham", None, False),
        (CheckKind.DRIFT_OF_SHARE, "spam", None, False),
        (CheckKind.DRIFT_OF_REVIEWS, None, None, False),
        (CheckKind.DRIFT_OF_REVIEWS, "spam", None, False),
    ]


def test_the_first_night_has_no_champion_and_says_so():
    found = decision(champion=None, compared=ALONE, earlier=None, on_reviews=None)
    assert found.publish and found.champion is found.earlier is None
    assert found.predecessors == ()
    skipped = [check for check in found.checks if check.verdict is Verdict.SKIPPED]
    assert [name_check(check) for check in skipped] == [
        "newer",
        "regression on reviews",
        "regression on holdout",
        "regression since an earlier model",
        "churn",
        "drift",
        "drift of reviews",
    ]
    assert any(check.note == "nothing is published yet" for check in skipped)


LOSS = Interval(-0.02, -0.03, -0.001)
UNSURE = Interval(-0.02, -0.05, 0.01)
SMALL = Interval(-0.009, -0.0095, -0.001)


def lost(texts: int = 30, **measures: float) -> dict:
    """What the label has lost for certain."""
    own = {
        name: Difference(Interval(-by, -by - 0.01, -0.001), texts)
        for name, by in measures.items()
    }
    unchanged = Difference(SAME, 30)
    return {
        "per_label": {
            "spam": LabelDifference(
                precision=own.get("precision", unchanged),
                recall=own.get("recall", unchanged),
            )
        }
    }


def measured(macro: float, spam: float) -> Metrics:
    """What the champion measures tonight."""
    return metrics(macro=macro, spam=label(0.9, 0.9, spam))


def on_reviews(n: int = 20, precision: float | None = 0.95) -> ReviewEvaluation:
    return evaluation(metrics(n=n, spam=label(precision, 0.6)))


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"export": export(differences=1)}, ["verified"]),
        ({"export": export(gzipped_bytes=1001)}, ["size"]),
        ({"export": export(terms=101)}, ["terms"]),
        ({"latency": Latency(messages=9, microseconds=51.0)}, ["speed"]),
        ({"latency": Latency(messages=0, microseconds=None)}, []),
        ({"reviews": on_reviews(n=9)}, ["reviews"]),
        ({"reviews": evaluation(None)}, ["reviews", "floor spam", "floor spam"]),
        ({"reviews": on_reviews(precision=0.89)}, ["floor spam"]),
        ({"reviews": on_reviews(precision=None)}, ["floor spam"]),
        ({"date": datetime.date(2026, 11, 18)}, ["newer"]),
        ({"date": datetime.date(2026, 11, 19)}, []),
        (
            {"compared": {"macro_f1": LOSS}},
            ["regression on reviews", "regression on holdout"],
        ),
        ({"compared": {"macro_f1": UNSURE}}, []),
        ({"compared": {"macro_f1": SMALL}}, []),
        ({"compared": {"macro_f1": UNDEFINED}}, []),
        ({"compared": lost(precision=0.031)}, ["regression of spam"]),
        ({"compared": lost(recall=0.101)}, ["regression of spam"]),
        ({"compared": lost(precision=0.029, recall=0.099)}, []),
        ({"compared": lost(precision=1.0, recall=1.0, texts=29)}, []),
        ({"earlier": {"macro_f1": LOSS}}, ["regression since an earlier model"]),
        ({"earlier": {"macro_f1": UNSURE}}, []),
        ({"earlier": lost(precision=1.0)}, []),
        ({"on_reviews": measured(0.79, 0.8)}, ["drift of reviews"]),
        ({"on_reviews": measured(0.9, 0.0)}, ["drift of reviews of spam"]),
        ({"on_reviews": measured(1.0, 0.91)}, ["drift of reviews of spam"]),
        ({"on_reviews": measured(0.81, 0.71)}, []),
        ({"compared": {"churn": 0.06}}, ["churn"]),
        ({"compared": {"churn_per_label": {"spam": 0.21}}}, ["churn of spam"]),
        ({"sample": sample(600)}, ["messages"]),
        ({"rules": rules(690, ham=520, spam=170)}, ["coverage"]),
        ({"rules": rules(ham=500, spam=300)}, ["share of ham", "share of spam"]),
        ({"rules": rules(ham=600, new=200)}, ["share of new", "share of spam"]),
    ],
    ids=str,
)
def test_each_check_alone_refuses_and_is_named(change, names):
    change = {
        name: changed(ALIKE, **value) if name in ("compared", "earlier") else value
        for name, value in change.items()
    }
    found = decision(**change)
    assert failed(found) == names
    assert found.publish == (not names)
    lines = [describe_check(check) for check in found.failed]
    assert [line.partition(":")[0] for line in lines] == names


def test_a_check_says_what_was_found_and_asked_for():
    loss = decision(compared=changed(ALIKE, macro_f1=LOSS)).failed[0]
    assert loss == Check(
        kind=CheckKind.REGRESSION_ON_REVIEWS,
        value=-0.02,
        bound=Bound(comparison=Comparison.AT_LEAST, value=-0.01, unless_uncertain=True),
        verdict=Verdict.FAILED,
        interval=LOSS,
        texts=50,
    )
    few = decision(compared=changed(ALIKE, **lost(precision=1.0, texts=29)))
    (skipped,) = [check for check in few.checks if check.verdict is Verdict.SKIPPED]
    assert (skipped.value, skipped.bound) == (-1.0, None)
    assert skipped.note == "of 29 texts, fewer than 30"


def test_only_an_older_night_is_told_from_one_that_fails_otherwise():
    before = datetime.date(2026, 11, 18)
    assert decision(date=before).only_older
    assert not decision(date=before, export=export(terms=101)).only_older
    assert not decision(export=export(terms=101)).only_older
    assert not decision().only_older


def test_a_champion_that_cannot_be_read_is_a_reason_and_nothing_is_compared():
    found = decision(compared=ALONE, earlier=None, on_reviews=None, unsupported="2.0")
    (check,) = found.failed
    assert (check.kind, check.note) == (CheckKind.READABLE, "2.0")
    assert CheckKind.EVIDENCE not in {check.kind for check in found.checks}


BOUND = metrics(spam=label(0.99, 0.4))


def test_floors_are_held_by_what_the_file_decides_with_its_thresholds():
    found = decision(reviews=evaluation(MEASURED, BOUND))
    assert failed(found) == ["floor spam, with thresholds"]
    poor, enough = metrics(spam=label(0.5, 0.6)), metrics(spam=label(0.99, 0.5))
    assert decision(reviews=evaluation(poor, enough)).publish


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"macro_f1": LOSS}, ["regression on reviews", "regression on holdout"]),
        (
            {"churn": 0.06, "churn_per_label": {"spam": 0.21}},
            ["churn", "churn of spam"],
        ),
        ({}, []),
    ],
    ids=str,
)
def test_no_label_may_change_for_apps_that_ask_for_thresholds_nor_for_others(
    change, names
):
    other = changed(ALIKE, **change)
    assert failed(decision(with_thresholds=other)) == [
        f"{name}, with thresholds" for name in names
    ]
    assert failed(decision(with_thresholds=ALIKE, compared=other)) == names


def test_an_override_publishes_what_failed_and_keeps_its_reason():
    why = {"override": OVERRIDE}
    found = decision(gate=why, export=export(terms=101))
    assert found.publish and found.override == OVERRIDE["reason"]
    (check,) = found.failed
    assert describe_check(check) == "terms: terms 101, must be at most 100"
    assert decision(gate=why).override is None


def test_a_change_that_may_be_an_accident_of_few_reviews_is_no_drift():
    wide = Metrics(**{**vars(MEASURED), "macro_f1": Interval(0.75, 0.5, 0.9)})
    assert decision(on_reviews=wide).publish


@pytest.mark.parametrize(
    "then",
    [None, F1Figures(macro=f1(0.5), per_label={"ham": f1(0.5)})],
    ids=["none", "other labels"],
)
def test_reviews_that_cannot_be_held_against_earlier_ones_are_not_and_it_is_said(then):
    figures = changed(CHAMPION.figures, reviews=then)
    found = decision(champion=changed(CHAMPION, figures=figures))
    kind = CheckKind.DRIFT_OF_REVIEWS
    (check,) = [check for check in found.checks if check.kind is kind]
    assert found.publish and check.verdict is Verdict.SKIPPED
    assert check.note == "nothing to compare"


def test_a_later_night_knows_what_the_model_measures_on_tonights_reviews():
    assert decision().figures == ReferenceFigures(
        messages=1000,
        coverage=0.8,
        shares={"ham": 0.75, "spam": 0.25},
        reviews=CHAMPION.figures.reviews,
    )
    none = {"floors": {}, "min_reviewed_messages": 0}
    assert decision(reviews=evaluation(None), gate=none).figures.reviews is None


def test_a_model_has_those_before_it_for_predecessors_and_an_override_begins_again():
    assert (decision().predecessors, decision().earlier) == ((4, 6, 7), 4)
    why = {"override": OVERRIDE}
    assert decision(gate=why).predecessors == (4, 6, 7)
    assert decision(gate=why, export=export(terms=101)).predecessors == ()
    champion = changed(CHAMPION, predecessors=tuple(range(500)), serial=500)
    assert decision(champion=champion).predecessors == tuple(range(401, 501))


def test_a_loss_since_an_earlier_model_names_it():
    (check,) = decision(earlier=changed(ALIKE, macro_f1=LOSS)).failed
    assert describe_check(check).endswith("; the earlier model is 4")


def test_whoever_wants_no_earlier_model_is_not_asked_for_one():
    regression = {**GATE["regression"], "publications_back": None}
    found = decision(gate={"regression": regression}, earlier=None)
    kinds = {check.kind for check in found.checks}
    assert CheckKind.REGRESSION_SINCE_EARLIER not in kinds


def test_an_override_that_was_left_in_place_lets_no_later_failure_through():
    next_night = datetime.date(2026, 11, 21)
    why = {"override": OVERRIDE}
    found = decision(gate=why, date=next_night, export=export(terms=101))
    assert (found.publish, found.override) == (False, None)
