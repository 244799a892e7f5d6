"""A chosen threshold is the best possible, and is measured where it was not chosen."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config.settings import Goal
from pipeline.statistics.classification import classification_report
from pipeline.statistics.interval import UNDEFINED
from pipeline.training import goals_contradicted, goals_not_shown
from pipeline.training.thresholds import (
    MAX_POINTS,
    MIN_DOCUMENTS,
    ChosenThresholds,
    ScoredDocuments,
    choose_thresholds,
    margins,
)
from tests.support.training_corpus import CONFIDENCE

LABELS = ("bank", "chat", "otp")
#: The index of the label, the weight, and the score of each label.
Row = tuple[int, int, float, float, float]
# Sums and halves of eighths are exact.
SCORE = st.sampled_from([eighths / 8 for eighths in range(-16, 17)])
ROW = st.tuples(st.integers(0, 2), st.integers(1, 9), SCORE, SCORE, SCORE)
ROWS = st.lists(ROW, min_size=1, max_size=30)
BOUND = st.sampled_from([twentieths / 20 for twentieths in range(1, 21)])
GOAL = st.builds(Goal, precision=BOUND) | st.builds(Goal, recall=BOUND)


def scored(rows: Sequence[Row]) -> ScoredDocuments:
    """Return documents of which every third one is in the same fold."""
    truth, weight, *scores = map(np.array, zip(*rows, strict=True))
    fold = np.arange(len(truth)) % 3
    return ScoredDocuments(np.array(scores).T, truth, weight, fold, LABELS)


def choose(documents: ScoredDocuments, goals: dict[str, Goal]) -> ChosenThresholds:
    return choose_thresholds(documents, goals, CONFIDENCE)


def lines(chosen: ChosenThresholds) -> list[str]:
    return goals_not_shown(chosen.thresholds)


def rates(
    given_label: np.ndarray, has_label: np.ndarray, weight: np.ndarray
) -> dict[str, float]:
    """Return the precision and the recall of giving a label to these documents."""
    correct = weight[given_label & has_label].sum()
    support = weight[has_label].sum()
    return {
        "precision": correct / weight[given_label].sum(),
        "recall": correct / support if support else 0.0,
    }


def margin_of(scores: np.ndarray, label: int) -> np.ndarray:
    """Return each document's margin of a label, by its definition."""
    return np.array([row[label] - max(np.delete(row, label)) for row in scores])


@given(ROWS, GOAL, st.sampled_from(range(3)))
def test_the_threshold_is_the_best_of_all_cuts(rows, goal, label):
    documents = scored(rows)
    chosen = choose(documents, {LABELS[label]: goal})
    threshold = chosen.thresholds[LABELS[label]]
    margin = margin_of(documents.scores, label)
    has_label = documents.truth == label
    other_measure = "recall" if goal.measure == "precision" else "precision"
    reaching = []
    for cut in margin:
        measures = rates(margin >= cut, has_label, documents.weight)
        if measures[goal.measure] >= goal.bound:
            reaching.append((measures[other_measure], measures[goal.measure], cut))
    assert threshold.goal == goal
    if not reaching:
        assert threshold.threshold == 0
        assert not threshold.reached
        assert chosen.metrics is None
        return
    *_, best_cut = max(reaching)
    gets_label = margin > threshold.threshold
    assert gets_label.tolist() == (margin >= best_cut).tolist()
    assert np.abs(margin - threshold.threshold).min() >= 1 / 16, (
        "a document lies nearer than halfway to the next margin"
    )


def subset(documents: ScoredDocuments, chosen: np.ndarray) -> ScoredDocuments:
    return ScoredDocuments(
        documents.scores[chosen],
        documents.truth[chosen],
        documents.weight[chosen],
        documents.fold[chosen],
        documents.labels,
    )


def is_reachable(documents: ScoredDocuments, label: str, goal: Goal) -> bool:
    """Return whether any cut on all documents reaches the goal."""
    index = LABELS.index(label)
    margin = margin_of(documents.scores, index)
    has_label = documents.truth == index
    for cut in np.unique(margin):
        measures = rates(margin >= cut, has_label, documents.weight)
        if measures[goal.measure] >= goal.bound:
            return True
    return False


def predict_cross_fitted(
    documents: ScoredDocuments, goals: dict[str, Goal]
) -> np.ndarray:
    """Return the labels with the thresholds that the other folds choose."""
    thresholds = np.zeros(documents.scores.shape)
    for fold in np.unique(documents.fold):
        in_fold = documents.fold == fold
        if in_fold.all():
            continue
        chosen = choose(subset(documents, ~in_fold), goals).thresholds
        for label, goal in goals.items():
            if is_reachable(documents, label, goal):
                index = LABELS.index(label)
                thresholds[in_fold, index] = chosen[label].threshold
    return (documents.scores - thresholds).argmax(axis=1)


@given(
    ROWS,
    st.sampled_from([1, 40]),
    st.dictionaries(st.sampled_from(LABELS), GOAL),
    st.integers(1, 4),
)
def test_thresholds_are_measured_together_and_where_other_folds_chose_them(
    rows, times, goals, n_folds
):
    documents = scored(rows * times)
    fold = np.arange(len(documents.truth)) % n_folds
    documents = replace(documents, fold=fold)
    chosen = choose(documents, goals)
    metrics = classification_report(
        documents.truth,
        predict_cross_fitted(documents, goals),
        documents.weight,
        LABELS,
        CONFIDENCE,
    )
    is_any_set = any(row.threshold for row in chosen.thresholds.values())
    assert chosen.metrics == (metrics if is_any_set else None)
    for label, threshold in chosen.thresholds.items():
        goal = goals[label]
        measured = metrics.per_label[label]
        assert threshold.precision == measured.precision
        assert threshold.recall == measured.recall
        assert threshold.support == measured.support
        is_shown = (
            is_reachable(documents, label, goal)
            and threshold.documents >= MIN_DOCUMENTS
            and getattr(threshold, goal.measure).value >= goal.bound
        )
        assert threshold.reached == is_shown
    missed = [label for label, row in chosen.thresholds.items() if not row.reached]
    warned_of = [line.partition(":")[0] for line in lines(chosen)]
    assert warned_of == [f"release.goals.{label}" for label in missed]


def test_luck_reaches_no_goal():
    """Scores are random: a cut is lucky, and no better than chance elsewhere."""
    n_set = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        truth = rng.integers(0, 2, 400)
        scores = rng.normal(size=(400, 2))
        documents = ScoredDocuments(
            scores, truth, np.ones_like(truth), np.arange(400) % 5, ("chat", "spam")
        )
        threshold = choose(documents, {"spam": Goal(precision=0.7)}).thresholds["spam"]
        n_set += bool(threshold.threshold)
        assert not threshold.reached
    assert n_set >= 8


def thresholds_on_spam(texts: int, messages: int) -> ChosenThresholds:
    """Return the thresholds on texts of spam that stand for some messages each."""
    truth = np.array([0] * 60 + [1] * texts)
    documents = ScoredDocuments(
        scores=np.column_stack([1.0 - truth, 2.0 * truth]),
        truth=truth,
        weight=np.where(truth == 1, messages, 1),
        fold=np.arange(len(truth)) % 3,
        labels=("chat", "spam"),
    )
    return choose(documents, {"spam": Goal(precision=0.99)})


def test_a_goal_is_reached_only_on_enough_texts_however_many_messages_they_are():
    enough = thresholds_on_spam(MIN_DOCUMENTS, messages=1)
    assert enough.thresholds["spam"].reached
    assert lines(enough) == []
    few = thresholds_on_spam(texts=4, messages=1_000)
    threshold = few.thresholds["spam"]
    assert (threshold.support, threshold.documents) == (4_000, 4)
    assert lines(few) == [
        "release.goals.spam: the precision is 1 [0.5101, 1], but measured on 4 "
        "distinct texts; at least 30 are needed"
    ]


def test_a_goal_out_of_reach_sets_no_threshold_and_is_reported():
    rows = [(0, 3, 1.0, 0.0, -1.0), (1, 1, 0.5, 0.0, -1.0), (1, 1, 2.0, 1.0, 0.0)]
    goals = {
        "bank": Goal(precision=0.8),
        "otp": Goal(recall=0.5),
        "gone": Goal(recall=0.1),
    }
    chosen = choose(scored(rows), goals)
    assert [row.threshold for row in chosen.thresholds.values()] == [0, 0, 0]
    assert [row.support for row in chosen.thresholds.values()] == [3, 0, 0]
    gone = chosen.thresholds["gone"]
    assert (gone.documents, gone.precision, gone.recall) == (0, UNDEFINED, UNDEFINED)
    precision = chosen.thresholds["bank"].precision
    assert lines(chosen) == [
        "release.goals.bank: no threshold reaches a precision of 0.8, so none is set; "
        f"the precision is 0.6 [{precision.low:.4g}, {precision.high:.4g}]",
        "release.goals.otp: no threshold reaches a recall of 0.5, so none is set; "
        "the recall is \N{EN DASH}",
        "release.goals.gone: no threshold reaches a recall of 0.1, so none is set; "
        "the recall is \N{EN DASH}",
    ]


def test_reviews_contradict_a_goal_only_by_their_whole_interval():
    truth = np.array([0] * 80 + [1] * 20 + [2] * 3)
    predicted = np.where(truth == 2, 2, 0)
    on_reviews = classification_report(
        truth, predicted, np.ones_like(truth), LABELS, CONFIDENCE
    )
    high = on_reviews.per_label["bank"].precision.high
    assert 0.8 < high < 0.9
    goals = {
        "bank": Goal(precision=0.9),
        "otp": Goal(recall=1.0),
        "gone": Goal(recall=0.1),
        "chat": Goal(precision=0.9),
    }
    contradicted = [
        "release.goals.bank: on the reviews, the precision is at most "
        f"{high:.4g}, below the goal of 0.9"
    ]
    assert goals_contradicted(goals, on_reviews, {}) == contradicted
    assert goals_contradicted({"bank": Goal(precision=high)}, on_reviews, {}) == []
    assert goals_contradicted(goals, on_reviews, {"bank": ("spam",)}) == []
    assert goals_contradicted(goals, None, {}) == []


def test_goals_that_are_reached_alone_may_be_missed_beside_each_other():
    rows = [
        (0, 1, 1.0, 0.0, -9.0),
        (1, 1, 0.5, 0.0, -9.0),
        (1, 1, 0.0, 1.0, -9.0),
        (0, 1, 0.0, 0.75, -9.0),
    ]
    # Every third document is in a fold, so each fold has all four kinds.
    documents = scored(rows * MIN_DOCUMENTS)
    goals = {"bank": Goal(recall=1.0), "chat": Goal(recall=1.0)}
    for label, goal in goals.items():
        assert lines(choose(documents, {label: goal})) == []
    shortfall = (
        "with all thresholds in place, the recall is 0.5 [0.3774, 0.6226], below the "
        "goal of 1"
    )
    assert lines(choose(documents, goals)) == [
        f"release.goals.bank: {shortfall}",
        f"release.goals.chat: {shortfall}",
    ]


def test_there_is_no_cut_between_margins_that_differ_by_rounding():
    nearly_equal = [
        (0, 1, 1.0 + 1e-13, 0.0, -9.0),
        (1, 1, 1.0, 0.0, -9.0),
        (0, 1, 2.0, 0.0, -9.0),
    ]
    chosen = choose(scored(nearly_equal), {"bank": Goal(precision=0.6)})
    assert chosen.thresholds["bank"].threshold < 1
    assert len(chosen.curves["bank"]) == 2


@pytest.mark.parametrize("n_documents", [1, 3, 150, 20_000])
def test_a_curve_goes_from_end_to_end_in_a_few_points_that_are_on_it(n_documents):
    rng = np.random.default_rng(n_documents)
    truth = np.arange(n_documents) % 3
    weight = rng.integers(1, 5, n_documents)
    scores = rng.normal(size=(n_documents, 3)) + 2 * np.eye(3)[truth]
    chosen = choose(ScoredDocuments(scores, truth, weight, truth, LABELS), {})
    assert (chosen.thresholds, chosen.metrics) == ({}, None)
    for k, label in enumerate(LABELS):
        curve = chosen.curves[label]
        margin = margins(scores)[:, k]
        assert min(n_documents, 2) <= len(curve) <= MAX_POINTS
        assert n_documents < MAX_POINTS or len(curve) > MAX_POINTS / 2
        for point in curve:
            assert rates(margin > point.threshold, truth == k, weight) == {
                "precision": point.precision,
                "recall": point.recall,
            }
        recalls = np.array([point.recall for point in curve])
        thresholds = np.array([point.threshold for point in curve])
        top = rates(margin == margin.max(), truth == k, weight)
        assert (margin > thresholds[0]).all()
        assert recalls[-1] == top["recall"]
        assert (np.diff(thresholds) > 0).all()
        assert (np.diff(recalls) <= 0).all()
        assert n_documents < MAX_POINTS or np.abs(np.diff(recalls)).max() < 0.02
