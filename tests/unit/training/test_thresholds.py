"""A chosen threshold is the best of all that there are; what is said of it is what it does where it was not chosen."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config.settings import Goal
from pipeline.statistics.classification import measure
from pipeline.training import missed_on_reviews, thresholds_of, unreached
from pipeline.training.thresholds import LEAST, POINTS, margins, operate
from tests.unit.training.training_corpus import EVALUATION

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


def operated(
    documents, goals: dict[str, Goal]
) -> tuple[dict, np.ndarray, np.ndarray, np.ndarray]:
    """The result for ``(truth, weight, scores...)`` documents, every third one of a fold, and the three as arrays."""
    truth, weight, *scores = (
        np.array(column) for column in zip(*documents, strict=True)
    )
    scores = np.array(scores).T
    return (
        operate(
            scores, truth, weight, np.arange(len(truth)) % 3, LABELS, goals, EVALUATION
        ),
        truth,
        weight,
        scores,
    )


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
def test_the_threshold_is_the_best_of_all_cuts(documents, goal, label):
    found, truth, weight, scores = operated(documents, {LABELS[label]: goal})
    margin, row = lead(scores, label), found["thresholds"][LABELS[label]]
    every = [
        (rates(margin >= lowest, truth == label, weight), lowest) for lowest in margin
    ]
    other = "recall" if goal.measure == "precision" else "precision"
    enough = [
        (cut[other], cut[goal.measure], lowest)
        for cut, lowest in every
        if cut[goal.measure] >= goal.bound
    ]
    assert row["goal"] == {goal.measure: goal.bound}
    if not enough:
        assert (
            row["threshold"] == 0
            and not row["reached"]
            and found["with_thresholds"] is None
        )
        return
    *_, lowest = max(enough)
    assert (margin > row["threshold"]).tolist() == (margin >= lowest).tolist()
    assert np.abs(margin - row["threshold"]).min() >= 1 / 16, (
        "no document lies nearer than halfway to the next margin"
    )


@given(
    DOCUMENTS,
    st.sampled_from([1, 40]),
    st.dictionaries(st.sampled_from(LABELS), GOAL),
    st.integers(1, 4),
)
def test_what_is_said_of_thresholds_is_measured_together_where_others_chose_them(
    documents, times, goals, n_folds
):
    _, truth, weight, scores = operated(documents * times, goals)
    fold = np.arange(len(truth)) % n_folds

    def of(some: np.ndarray) -> dict:
        return operate(
            scores[some],
            truth[some],
            weight[some],
            fold[some],
            LABELS,
            goals,
            EVALUATION,
        )

    found, decided = of(fold >= 0), np.empty_like(truth)
    within = {
        label: reachable(scores, truth, weight, LABELS.index(label), goal)
        for label, goal in goals.items()
    }
    for number in range(n_folds):
        chosen = thresholds_of([of(fold != number)]) if (fold != number).any() else {}
        apart = [chosen.get(label, 0) if within.get(label) else 0 for label in LABELS]
        decided[fold == number] = (scores[fold == number] - apart).argmax(axis=1)
    metrics = measure(truth, decided, weight, LABELS, EVALUATION)
    assert found["with_thresholds"] == (
        metrics if any(thresholds_of([found]).values()) else None
    )
    for label, row in found["thresholds"].items():
        stated = {name: row[name] for name in ("precision", "recall", "support")}
        assert stated == {name: metrics["per_label"][label][name] for name in stated}
        shown = within[label] and row["documents"] >= LEAST
        assert row["reached"] == (
            shown and row[goals[label].measure]["value"] >= goals[label].bound
        )
    missed = [label for label, row in found["thresholds"].items() if not row["reached"]]
    assert [line.split(":")[0] for line in unreached(found)] == [
        f"release.goals.{label}" for label in missed
    ]
    assert json.loads(json.dumps(found, allow_nan=False)) == found


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
    """Scores that know nothing of the label: some cut is always lucky, and elsewhere no better than chance."""
    said = []
    for seed in range(20):
        chance = np.random.default_rng(seed)
        truth, scores = chance.integers(0, 2, 400), chance.normal(size=(400, 2))
        given = (scores, truth, np.ones_like(truth), np.arange(400) % 5)
        row = operate(
            *given, ("chat", "spam"), {"spam": Goal(precision=0.7)}, EVALUATION
        )["thresholds"]["spam"]
        said.append((bool(row["threshold"]), row["reached"]))
    assert [threshold for threshold, _ in said].count(True) >= 8
    assert not any(reached for _, reached in said)


def test_a_goal_is_reached_on_enough_texts_only_however_many_messages_they_are():
    def spam(texts: int, messages: int) -> dict:
        truth = np.array([0] * 60 + [1] * texts)
        scores = np.column_stack([1.0 - truth, 2.0 * truth])
        given = (
            scores,
            truth,
            np.where(truth == 1, messages, 1),
            np.arange(len(truth)) % 3,
        )
        return operate(
            *given, ("chat", "spam"), {"spam": Goal(precision=0.99)}, EVALUATION
        )

    assert (
        spam(LEAST, 1)["thresholds"]["spam"]["reached"]
        and unreached(spam(LEAST, 1)) == []
    )
    found = spam(4, 1_000)
    assert (
        found["thresholds"]["spam"]["support"],
        found["thresholds"]["spam"]["documents"],
    ) == (4_000, 4)
    assert unreached(found) == [
        "release.goals.spam: its precision is 1 (0.5101 to 1), but on 4 distinct texts, and 30 are needed"
    ]


def test_a_goal_out_of_reach_sets_no_threshold_and_says_so():
    documents = [(0, 3, 1.0, 0.0, -1.0), (1, 1, 0.5, 0.0, -1.0), (1, 1, 2.0, 1.0, 0.0)]
    goals = {
        "bank": Goal(precision=0.8),
        "otp": Goal(recall=0.5),
        "gone": Goal(recall=0.1),
    }
    found, *_ = operated(documents, goals)
    assert thresholds_of([found]) == {"bank": 0, "otp": 0, "gone": 0}
    assert [row["support"] for row in found["thresholds"].values()] == [3, 0, 0]
    low, high = (
        found["thresholds"]["bank"]["precision"][bound] for bound in ("low", "high")
    )
    assert unreached(found) == [
        "release.goals.bank: no threshold gives it a precision of 0.8, so it has none; "
        f"its precision is 0.6 ({low:.4g} to {high:.4g})",
        "release.goals.otp: no threshold gives it a recall of 0.5, so it has none; its recall is undefined",
        "release.goals.gone: no threshold gives it a recall of 0.1, so it has none; its recall is undefined",
    ]


def test_reviews_deny_a_goal_by_their_whole_interval_or_say_nothing():
    truth = np.array([0] * 80 + [1] * 20 + [2] * 3)
    decided = measure(
        truth, np.where(truth == 2, 2, 0), np.ones_like(truth), LABELS, EVALUATION
    )
    high = decided["per_label"]["bank"]["precision"]["high"]
    assert 0.8 < high < 0.9
    goals = {
        "bank": Goal(precision=0.9),
        "otp": Goal(recall=1.0),
        "gone": Goal(recall=0.1),
        "chat": Goal(precision=0.9),
    }
    denied = [
        f"release.goals.bank: on the reviews its precision is at most {high:.4g}, not 0.9"
    ]
    assert missed_on_reviews(goals, decided, EVALUATION) == denied
    assert missed_on_reviews({"bank": Goal(precision=high)}, decided, EVALUATION) == []
    assert (
        missed_on_reviews(
            goals, decided, EVALUATION.model_copy(update={"merge": {"bank": ("spam",)}})
        )
        == []
    )
    assert missed_on_reviews(goals, None, EVALUATION) == []


def test_goals_that_are_reached_alone_may_be_missed_beside_each_other():
    documents = [
        (0, 1, 1.0, 0.0, -9.0),
        (1, 1, 0.5, 0.0, -9.0),
        (1, 1, 0.0, 1.0, -9.0),
        (0, 1, 0.0, 0.75, -9.0),
    ]
    documents *= LEAST  # in folds of every third, which have all four
    goals = {label: Goal(recall=1.0) for label in ("bank", "chat")}
    for label, goal in goals.items():
        assert unreached(operated(documents, {label: goal})[0]) == []
    assert unreached(operated(documents, goals)[0]) == [
        "release.goals.bank: with all thresholds in place its recall is 0.5 (0.3774 to 0.6226), not 1",
        "release.goals.chat: with all thresholds in place its recall is 0.5 (0.3774 to 0.6226), not 1",
    ]


def test_margins_that_rounding_alone_parts_are_not_cut_apart():
    nearly = [
        (0, 1, 1.0 + 1e-13, 0.0, -9.0),
        (1, 1, 1.0, 0.0, -9.0),
        (0, 1, 2.0, 0.0, -9.0),
    ]
    found, *_ = operated(nearly, {"bank": Goal(precision=0.6)})
    assert found["thresholds"]["bank"]["threshold"] < 1
    assert len(found["curves"]["bank"]) == 2


@pytest.mark.parametrize("n_documents", [1, 3, 150, 20_000])
def test_a_curve_goes_from_one_end_to_the_other_in_a_few_points_that_lie_on_it(
    n_documents,
):
    chance = np.random.default_rng(n_documents)
    truth, weight = np.arange(n_documents) % 3, chance.integers(1, 5, n_documents)
    scores = chance.normal(size=(n_documents, 3)) + 2 * np.eye(3)[truth]
    found = operate(scores, truth, weight, truth, LABELS, {}, EVALUATION)
    assert (found["thresholds"], found["with_thresholds"]) == ({}, None)
    for k, label in enumerate(LABELS):
        curve, margin = found["curves"][label], margins(scores)[:, k]
        assert min(n_documents, 2) <= len(curve) <= POINTS and (
            n_documents < POINTS or len(curve) > POINTS / 2
        )
        for recall, precision, threshold in curve:
            assert rates(margin > threshold, truth == k, weight) == {
                "precision": precision,
                "recall": recall,
            }
        recalls, _, thresholds = np.array(curve).T
        top = rates(margin == margin.max(), truth == k, weight)
        assert (margin > thresholds[0]).all() and recalls[-1] == top["recall"]
        assert (np.diff(thresholds) > 0).all() and (np.diff(recalls) <= 0).all()
        assert n_documents < POINTS or np.abs(np.diff(recalls)).max() < 0.02
