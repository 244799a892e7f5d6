"""A chosen threshold is the best there is, and is measured where it was not chosen."""

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
SCORE = st.integers(-16, 16).map(
    lambda eighths: eighths / 8
)  # sums and halves of these are exact
DOCUMENT = st.tuples(st.integers(0, 2), st.integers(1, 9), SCORE, SCORE, SCORE)
DOCUMENTS = st.lists(DOCUMENT, min_size=1, max_size=30)
BOUND = st.integers(1, 20).map(lambda twentieths: twentieths / 20)
GOAL = st.builds(
    lambda name, bound: Goal(**{name: bound}),
    st.sampled_from(["precision", "recall"]),
    BOUND,
)


def scored(rows) -> ScoredDocuments:
    """``(truth, weight, scores...)`` documents, every third one of a fold."""
    truth, weight, *scores = (np.array(column) for column in zip(*rows, strict=True))
    fold = np.arange(len(truth)) % 3
    return ScoredDocuments(np.array(scores).T, truth, weight, fold, LABELS)


def choose(documents: ScoredDocuments, goals: dict[str, Goal]) -> ChosenThresholds:
    return choose_thresholds(documents, goals, CONFIDENCE)


def lines(chosen: ChosenThresholds) -> list[str]:
    return goals_not_shown(chosen.thresholds)


def rates(
    given_label: np.ndarray, has_label: np.ndarray, weight: np.ndarray
) -> dict[str, float]:
    """Precision and recall of giving a label to these documents."""
    hits, support = weight[given_label & has_label].sum(), weight[has_label].sum()
    return {
        "precision": hits / weight[given_label].sum(),
        "recall": hits / support if support else 0.0,
    }


def lead(scores: np.ndarray, label: int) -> np.ndarray:
    return np.array([row[label] - max(np.delete(row, label)) for row in scores])


@given(DOCUMENTS, GOAL, st.sampled_from(range(3)))
def test_the_threshold_is_the_best_of_all_cuts(rows, goal, label):
    documents = scored(rows)
    chosen = choose(documents, {LABELS[label]: goal})
    margin, row = lead(documents.scores, label), chosen.thresholds[LABELS[label]]
    has_label = documents.truth == label
    every = [
        (rates(margin >= lowest, has_label, documents.weight), lowest)
        for lowest in margin
    ]
    other = "recall" if goal.measure == "precision" else "precision"
    enough = [
        (cut[other], cut[goal.measure], lowest)
        for cut, lowest in every
        if cut[goal.measure] >= goal.bound
    ]
    assert row.goal == goal
    if not enough:
        assert row.threshold == 0 and not row.reached and chosen.metrics is None
        return
    *_, lowest = max(enough)
    assert (margin > row.threshold).tolist() == (margin >= lowest).tolist()
    assert np.abs(margin - row.threshold).min() >= 1 / 16, (
        "no document lies nearer than halfway to the next margin"
    )


@given(
    DOCUMENTS,
    st.sampled_from([1, 40]),
    st.dictionaries(st.sampled_from(LABELS), GOAL),
    st.integers(1, 4),
)
def test_what_is_said_of_thresholds_is_measured_together_where_others_chose_them(
    rows, times, goals, n_folds
):
    documents = scored(rows * times)
    scores, truth, weight = documents.scores, documents.truth, documents.weight
    fold = np.arange(len(truth)) % n_folds

    def of(some: np.ndarray) -> ChosenThresholds:
        part = ScoredDocuments(
            scores[some], truth[some], weight[some], fold[some], LABELS
        )
        return choose(part, goals)

    found, decided = of(fold >= 0), np.empty_like(truth)
    within = {
        label: reachable(scores, truth, weight, LABELS.index(label), goal)
        for label, goal in goals.items()
    }
    for number in range(n_folds):
        chosen = {}
        if (fold != number).any():
            chosen = of(fold != number).thresholds
        apart = [
            chosen[label].threshold if label in chosen and within.get(label) else 0
            for label in LABELS
        ]
        decided[fold == number] = (scores[fold == number] - apart).argmax(axis=1)
    metrics = classification_report(truth, decided, weight, LABELS, CONFIDENCE)
    is_set = any(row.threshold for row in found.thresholds.values())
    assert found.metrics == (metrics if is_set else None)
    for label, row in found.thresholds.items():
        for name in ("precision", "recall", "support"):
            assert getattr(row, name) == getattr(metrics.per_label[label], name)
        shown = within[label] and row.documents >= MIN_DOCUMENTS
        asked = getattr(row, goals[label].measure).value
        assert row.reached == (shown and asked >= goals[label].bound)
    missed = [label for label, row in found.thresholds.items() if not row.reached]
    assert [line.split(":")[0] for line in lines(found)] == [
        f"release.goals.{label}" for label in missed
    ]


def reachable(
    scores: np.ndarray, truth: np.ndarray, weight: np.ndarray, label: int, goal: Goal
) -> bool:
    """Whether any cut on all documents reaches the goal."""
    margin = lead(scores, label)
    every = (
        rates(margin >= lowest, truth == label, weight) for lowest in np.unique(margin)
    )
    return any(cut[goal.measure] >= goal.bound for cut in every)


def test_luck_reaches_no_goal():
    """Scores are random: some cut is lucky, and elsewhere no better than chance."""
    said = []
    for seed in range(20):
        chance = np.random.default_rng(seed)
        truth, scores = chance.integers(0, 2, 400), chance.normal(size=(400, 2))
        documents = ScoredDocuments(
            scores, truth, np.ones_like(truth), np.arange(400) % 5, ("chat", "spam")
        )
        row = choose(documents, {"spam": Goal(precision=0.7)}).thresholds["spam"]
        said.append((bool(row.threshold), row.reached))
    assert [threshold for threshold, _ in said].count(True) >= 8
    assert not any(reached for _, reached in said)


def test_a_goal_is_reached_on_enough_texts_only_however_many_messages_they_are():
    def spam(texts: int, messages: int) -> ChosenThresholds:
        truth = np.array([0] * 60 + [1] * texts)
        documents = ScoredDocuments(
            scores=np.column_stack([1.0 - truth, 2.0 * truth]),
            truth=truth,
            weight=np.where(truth == 1, messages, 1),
            fold=np.arange(len(truth)) % 3,
            labels=("chat", "spam"),
        )
        return choose(documents, {"spam": Goal(precision=0.99)})

    enough = spam(MIN_DOCUMENTS, 1)
    assert enough.thresholds["spam"].reached and lines(enough) == []
    few = spam(4, 1_000)
    row = few.thresholds["spam"]
    assert (row.support, row.documents) == (4_000, 4)
    assert lines(few) == [
        "release.goals.spam: its precision is 1 [0.5101, 1], "
        "but on 4 distinct texts, and 30 are needed"
    ]


def test_a_goal_out_of_reach_sets_no_threshold_and_says_so():
    documents = [(0, 3, 1.0, 0.0, -1.0), (1, 1, 0.5, 0.0, -1.0), (1, 1, 2.0, 1.0, 0.0)]
    goals = {
        "bank": Goal(precision=0.8),
        "otp": Goal(recall=0.5),
        "gone": Goal(recall=0.1),
    }
    found = choose(scored(documents), goals)
    assert [row.threshold for row in found.thresholds.values()] == [0, 0, 0]
    assert [row.support for row in found.thresholds.values()] == [3, 0, 0]
    gone = found.thresholds["gone"]
    assert (gone.documents, gone.precision, gone.recall) == (0, UNDEFINED, UNDEFINED)
    precision = found.thresholds["bank"].precision
    assert lines(found) == [
        "release.goals.bank: no threshold gives it a precision of 0.8, so it has none; "
        f"its precision is 0.6 [{precision.low:.4g}, {precision.high:.4g}]",
        "release.goals.otp: no threshold gives it a recall of 0.5, so it has none; "
        "its recall is \N{EN DASH}",
        "release.goals.gone: no threshold gives it a recall of 0.1, so it has none; "
        "its recall is \N{EN DASH}",
    ]


def test_reviews_contradict_a_goal_by_their_whole_interval_or_say_nothing():
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
        "release.goals.bank: on the reviews its precision is at most "
        f"{high:.4g}, not 0.9"
    ]
    assert goals_contradicted(goals, on_reviews, {}) == contradicted
    assert goals_contradicted({"bank": Goal(precision=high)}, on_reviews, {}) == []
    assert goals_contradicted(goals, on_reviews, {"bank": ("spam",)}) == []
    assert goals_contradicted(goals, None, {}) == []


def test_goals_that_are_reached_alone_may_be_missed_beside_each_other():
    documents = [
        (0, 1, 1.0, 0.0, -9.0),
        (1, 1, 0.5, 0.0, -9.0),
        (1, 1, 0.0, 1.0, -9.0),
        (0, 1, 0.0, 0.75, -9.0),
    ]
    documents *= MIN_DOCUMENTS  # in folds of every third, which have all four
    goals = {label: Goal(recall=1.0) for label in ("bank", "chat")}
    for label, goal in goals.items():
        assert lines(choose(scored(documents), {label: goal})) == []
    assert lines(choose(scored(documents), goals)) == [
        f"release.goals.{label}: with all thresholds in place its recall is 0.5 "
        "[0.3774, 0.6226], not 1"
        for label in ("bank", "chat")
    ]


def test_margins_that_rounding_alone_parts_are_not_cut_apart():
    nearly = [
        (0, 1, 1.0 + 1e-13, 0.0, -9.0),
        (1, 1, 1.0, 0.0, -9.0),
        (0, 1, 2.0, 0.0, -9.0),
    ]
    found = choose(scored(nearly), {"bank": Goal(precision=0.6)})
    assert found.thresholds["bank"].threshold < 1
    assert len(found.curves["bank"]) == 2


@pytest.mark.parametrize("n_documents", [1, 3, 150, 20_000])
def test_a_curve_goes_from_one_end_to_the_other_in_a_few_points_that_lie_on_it(
    n_documents,
):
    chance = np.random.default_rng(n_documents)
    truth, weight = np.arange(n_documents) % 3, chance.integers(1, 5, n_documents)
    scores = chance.normal(size=(n_documents, 3)) + 2 * np.eye(3)[truth]
    found = choose(ScoredDocuments(scores, truth, weight, truth, LABELS), {})
    assert (found.thresholds, found.metrics) == ({}, None)
    for k, label in enumerate(LABELS):
        curve, margin = found.curves[label], margins(scores)[:, k]
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
        assert (margin > thresholds[0]).all() and recalls[-1] == top["recall"]
        assert (np.diff(thresholds) > 0).all() and (np.diff(recalls) <= 0).all()
        assert n_documents < MAX_POINTS or np.abs(np.diff(recalls)).max() < 0.02
