"""A candidate scores as in GridSearchCV over the messages, on the same splits."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import GridSearchCV, PredefinedSplit
from sklearn.pipeline import Pipeline

from pipeline.config.settings import Training
from pipeline.data.training_set import TrainingSet
from pipeline.errors import DataError
from pipeline.records.training import CandidateResult, RankedCandidate
from pipeline.text import Tokeniser
from pipeline.training import cross_validate, evaluate_candidate, select_best
from pipeline.training.folds import assign_folds
from tests.support.training_corpus import (
    CONFIDENCE,
    ESTIMATORS,
    EVERY_SETTING,
    TEXT,
    Message,
    make_grid,
    make_messages,
    make_training,
    make_training_set,
    reference,
)


@pytest.mark.parametrize(
    ("repeats", "scoring", "estimator"),
    [
        *((1, "f1_macro", estimator) for estimator in ESTIMATORS),
        *((5, "f1_weighted", estimator) for estimator in ESTIMATORS),
        # It has the same predictions, so one estimator is enough.
        (5, "balanced_accuracy", "multinomial_nb"),
    ],
)
def test_scores_are_those_of_grid_search(repeats, scoring, estimator):
    messages = make_messages(90, seed=5, repeats=repeats)
    training_set = make_training_set(messages)
    ngrams = EVERY_SETTING["ngrams"] if repeats == 1 else ((1, 2),)
    grid = make_grid(estimator, **{**EVERY_SETTING, "ngrams": ngrams})
    training = make_training(grid, scoring=scoring, max_iter=1_000_000)

    scores = []
    for candidate in training.search.candidates:
        scores.append(evaluate_candidate(training_set, candidate, training).scores)
    expected = grid_search(messages, training_set, training)
    assert len(np.unique(expected)) > 10, "too easy: hardly two scores differ"
    np.testing.assert_allclose(scores, expected, rtol=0, atol=1e-9)


def grid_search(
    messages: list[Message], training_set: TrainingSet, training: Training
) -> np.ndarray:
    """Return the scores of scikit-learn's own search, [n_candidates, n_folds]."""
    candidates = training.search.candidates
    classifier = reference(candidates[0], training)
    pipeline = Pipeline([("tfidf", TfidfVectorizer()), ("estimator", classifier)])
    grid = [
        {
            "tfidf__analyzer": [Tokeniser.from_settings(TEXT, candidate.ngrams)],
            "tfidf__min_df": [candidate.min_df],
            "tfidf__sublinear_tf": [candidate.sublinear_tf],
            "tfidf__norm": [candidate.norm],
        }
        for candidate in candidates
    ]
    fold = assign_folds(training_set, training.search.folds, training.search.seed, "")
    splits = PredefinedSplit(np.repeat(fold, training_set.weight))
    texts, labels = zip(*messages, strict=True)
    search = GridSearchCV(
        pipeline,
        grid,
        scoring=training.search.scoring,
        cv=splits,
        refit=False,
        error_score="raise",
    )
    results = search.fit(texts, labels).cv_results_
    columns = [f"split{fold}_test_score" for fold in range(training.search.folds)]
    return np.column_stack([results[column] for column in columns])


def test_a_result_names_the_candidate_and_is_repeatable():
    training_set = make_training_set(make_messages(90, seed=6, repeats=3))
    training = make_training(make_grid("sgd"))
    fractions: list[float] = []
    (candidate,) = training.search.candidates
    result = evaluate_candidate(training_set, candidate, training, fractions.append)
    again = evaluate_candidate(training_set, candidate, training)
    assert result.to_json() == again.to_json()
    assert result.candidate == candidate
    assert result.description == "sgd alpha=0.01, 1-2 grams, min_df 2, sublinear tf"
    assert result.converged is True
    assert len(result.n_terms) == len(result.scores) == 3
    assert all(1 < iterations < training.max_iter for iterations in result.iterations)
    assert result.mean == np.mean(result.scores)
    assert result.std == np.std(result.scores)
    assert fractions == pytest.approx([1 / 3, 2 / 3, 1])


@pytest.mark.parametrize("estimator", ["logistic_regression", "linear_svm", "sgd"])
def test_a_solver_that_does_not_converge_is_reported_without_a_warning(
    estimator, recwarn
):
    training_set = make_training_set(make_messages(90, seed=6))
    training = make_training(make_grid(estimator), max_iter=1)
    (candidate,) = training.search.candidates
    result = evaluate_candidate(training_set, candidate, training)
    assert (result.converged, result.iterations) == (False, (1, 1, 1))
    validated = cross_validate(training_set, candidate, training, {}, CONFIDENCE)
    assert validated.converged is False
    assert not recwarn.list


def test_no_frequent_term_is_an_error_that_names_min_df():
    training_set = make_training_set(make_messages(60, seed=9))
    training = make_training(make_grid("complement_nb", min_df=(1000,)))
    with pytest.raises(DataError, match="min_df=1000 of the 40 messages"):
        evaluate_candidate(training_set, training.search.candidates[0], training)


def test_the_highest_mean_is_best_and_the_lowest_number_on_a_tie():
    (candidate,) = make_training(make_grid("sgd")).search.candidates
    results = []
    for index, mean in enumerate([1.0, 3.0, 2.0, 3.0]):
        result = CandidateResult(
            candidate=candidate,
            description=f"number {index}",
            scores=(mean,),
            mean=mean,
            std=0.25,
            n_terms=(1,),
            iterations=(1,),
            converged=index != 3,
        )
        results.append(result)
    best = select_best(results)
    assert best.best == 1
    assert [row.number for row in best.candidates] == [1, 3, 2, 0]
    assert [row.converged for row in best.candidates] == [True, False, True, True]
    assert best.candidates[0] == RankedCandidate(
        number=1, description="number 1", mean=3.0, std=0.25, converged=True
    )
