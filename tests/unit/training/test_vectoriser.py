"""Training in blocks: as in memory, in scikit-learn's steps, without a large matrix."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.linear_model import SGDClassifier
from sklearn.naive_bayes import MultinomialNB

from pipeline.config.settings import CrossValidation, Goal, Grid, Search, Training
from pipeline.errors import DataError
from pipeline.features.ngrams.tfidf import select_terms
from pipeline.records.record import Record
from pipeline.records.training import CurvePoint
from pipeline.training import cross_validate, evaluate_candidate, fit, vectoriser
from tests.support.training_corpus import (
    CONFIDENCE,
    NO_REVIEWS,
    TEXT,
    TOPICS,
    make_grid,
    make_messages,
    make_training_set,
)

EVERY_KNOB = {
    "ngrams": ((1, 1), (1, 2), (2, 3)),
    "min_df": (1, 4),
    "sublinear_tf": (True, False),
    "norm": ("l2", None),
}
IN_MEMORY, IN_BLOCKS = 1_000_000, 1
GOALS = {"bank": Goal(precision=0.3), "otp": Goal(recall=0.6)}


def make_training(
    *grids: Grid, max_in_memory_documents: int = IN_BLOCKS, **solver
) -> Training:
    search = Search(folds=3, seed=1, scoring="f1_macro", grids=grids)
    cross_validation = CrossValidation(folds=3, seed=2)
    solver = {
        "seed": 7,
        "max_iter": 1000,
        "max_in_memory_documents": max_in_memory_documents,
        "holdout_fraction": 0.0,
        "rare_labels": "error",
        "reviews": NO_REVIEWS,
        **solver,
    }
    return Training(search=search, cross_validation=cross_validation, **solver)


def make_documents(
    n: int, seed: int, repeats: int = 5, labels: tuple[str, ...] = tuple(TOPICS)
):
    """Return weighted documents of these labels, one of them without a token."""
    messages = [
        message for message in make_messages(n, seed, repeats) if message[1] in labels
    ]
    documents = make_training_set([*messages, ("", labels[0])], labels)
    return replace(
        documents,
        label_weight=np.random.default_rng(seed).uniform(0.2, 1, len(documents)),
    )


@pytest.mark.parametrize(
    ("size", "step"), [(1, 5), (7, 1), (1000, 1)]
)  # every fifth still turns every knob
@pytest.mark.parametrize("estimator", ["multinomial_nb", "complement_nb"])
def test_naive_bayes_learns_what_it_learns_in_memory(
    monkeypatch, estimator, size, step
):
    monkeypatch.setattr(vectoriser, "BLOCK", size)
    documents, grid = make_documents(30, seed=5), make_grid(estimator, **EVERY_KNOB)
    whole, parts = (
        make_training(grid, max_in_memory_documents=len(documents)),
        make_training(grid),
    )
    scores = []
    for candidate in parts.search.candidates[::step]:
        found, expected = (
            evaluate_candidate(documents, candidate, training)
            for training in (parts, whole)
        )
        scores.append(expected.scores)
        assert expected.iterations == (0, 0, 0)
        figures = ("scores", "mean", "std")
        for name in figures:
            pair = (getattr(result, name) for result in (found, expected))
            np.testing.assert_allclose(*pair, rtol=0, atol=1e-9)
        assert without(found, *figures) == without(expected, *figures)
        found, expected = (
            fit(documents, candidate, training, TEXT) for training in (parts, whole)
        )
        assert_same_model(found, expected)
    assert len(np.unique(scores)) > 5, "too easy: hardly two scores differ"


def without(record: Record, *fields: str) -> dict:
    return record.model_dump(exclude=set(fields))


def assert_same_model(found, expected):
    assert (
        found["tfidf"].get_feature_names_out().tolist()
        == expected["tfidf"].get_feature_names_out().tolist()
    )
    assert found["tfidf"].idf_.tolist() == expected["tfidf"].idf_.tolist()
    assert found.classes_.tolist() == expected.classes_.tolist()
    for name in ("feature_log_prob_", "class_log_prior_"):
        weights = [getattr(model["estimator"], name) for model in (found, expected)]
        np.testing.assert_allclose(*weights, rtol=0, atol=1e-9)
    texts = [*TOPICS.values(), "", "Hello HELLO bank"]
    assert found.predict(texts).tolist() == expected.predict(texts).tolist()


def test_cross_validation_is_that_in_memory(monkeypatch):
    monkeypatch.setattr(vectoriser, "BLOCK", 16)
    documents, grid = make_documents(90, seed=8), make_grid("complement_nb")
    found, expected = (
        cross_validate(
            documents, training.search.candidates[0], training, GOALS, CONFIDENCE
        )
        for training in (
            make_training(grid),
            make_training(grid, max_in_memory_documents=IN_MEMORY),
        )
    )
    for label in TOPICS:  # sums of other orders differ in their last digits
        pair = (points(result.curves[label]) for result in (found, expected))
        np.testing.assert_allclose(*pair, rtol=0, atol=1e-9)
    for label in GOALS:
        rows = (found.thresholds[label], expected.thresholds[label])
        assert rows[1].threshold
        np.testing.assert_allclose(*(row.threshold for row in rows), rtol=0, atol=1e-9)
        assert without(rows[0], "threshold") == without(rows[1], "threshold")
    assert found.with_thresholds != found.metrics
    compared = ("curves", "thresholds")
    assert without(found, *compared) == without(expected, *compared)


def points(curve: tuple[CurvePoint, ...]) -> list[tuple[float, float, float]]:
    return [(point.recall, point.precision, point.threshold) for point in curve]


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize("labels", [tuple(TOPICS), ("bank", "otp")])
def test_a_pass_of_sgd_is_scikit_learns_over_the_shuffled_messages(
    monkeypatch, size, labels
):
    monkeypatch.setattr(vectoriser, "BLOCK", size)
    documents, training = (
        make_documents(60, seed=4, labels=labels),
        make_training(make_grid("sgd"), max_iter=1),
    )
    found = fit(documents, training.search.candidates[0], training, TEXT)

    messages = np.repeat(np.arange(len(documents)), documents.weight)
    np.random.default_rng(training.seed).shuffle(messages)
    texts = [
        " ".join(documents.vocabulary[t] for t in part)
        for part in np.split(documents.tokens, documents.offsets)
    ]
    X = found["tfidf"].transform(texts[1:-1])[messages]
    expected = SGDClassifier(alpha=0.01, shuffle=False, max_iter=1, tol=None)
    expected.fit(
        X, documents.y[messages], sample_weight=documents.label_weight[messages]
    )
    np.testing.assert_allclose(
        found["estimator"].coef_, expected.coef_, rtol=0, atol=1e-9
    )
    np.testing.assert_allclose(
        found["estimator"].intercept_, expected.intercept_, rtol=0, atol=1e-9
    )


def test_blocks_change_no_step_of_several_passes_of_sgd(monkeypatch):
    documents, training = (
        make_documents(60, seed=4),
        make_training(make_grid("sgd"), max_iter=4),
    )
    coefficients = []
    for size in (7, 1000):
        monkeypatch.setattr(vectoriser, "BLOCK", size)
        coefficients.append(
            fit(documents, training.search.candidates[0], training, TEXT)[
                "estimator"
            ].coef_
        )
    np.testing.assert_allclose(*coefficients, rtol=0, atol=1e-9)


def test_sgd_scores_as_in_memory_and_ends_as_soon(monkeypatch):
    monkeypatch.setattr(vectoriser, "BLOCK", 100)
    easy = [
        (f"{text} {' '.join(TOPICS[label].split()[:2])}", label)
        for text, label in make_messages(600, 3, repeats=2)
    ]
    hard = make_messages(300, seed=4)
    documents, grid = make_training_set(easy + hard), make_grid("sgd", alpha=(1e-3,))
    parts, whole = (
        make_training(grid),
        make_training(grid, max_in_memory_documents=IN_MEMORY),
    )
    (candidate,) = parts.search.candidates
    found, expected = (
        evaluate_candidate(documents, candidate, training)
        for training in (parts, whole)
    )
    assert 0.8 < expected.mean < 0.99, "too hard or too easy"
    assert found.mean == pytest.approx(expected.mean, abs=0.01)
    assert found.n_terms == expected.n_terms
    assert found.converged is expected.converged is True
    assert len(found.iterations) == 3 and min(found.iterations) > 1
    passes = [
        fit(documents, candidate, training, TEXT)["estimator"].n_iter_
        for training in (parts, whole)
    ]
    assert passes[0] == pytest.approx(passes[1], rel=0.5)


def test_sgd_is_the_same_bytes_again_and_others_by_another_seed(monkeypatch):
    monkeypatch.setattr(vectoriser, "BLOCK", 16)
    documents = make_documents(60, seed=6)
    models = []
    for seed in (7, 7, 8):
        training = make_training(make_grid("sgd"), seed=seed, max_iter=5)
        models.append(
            pickle.dumps(
                fit(documents, training.search.candidates[0], training, TEXT)[
                    "estimator"
                ]
            )
        )
    assert models[0] == models[1] != models[2]


def test_sgd_that_runs_out_of_passes_is_reported():
    documents, training = (
        make_documents(60, seed=6),
        make_training(make_grid("sgd"), max_iter=3),
    )
    result = evaluate_candidate(documents, training.search.candidates[0], training)
    assert result.converged is False


@pytest.mark.parametrize(
    ("estimator", "learner", "scores"),
    [
        ("sgd", SGDClassifier, "decision_function"),
        ("multinomial_nb", MultinomialNB, "predict_joint_log_proba"),
    ],
)
def test_no_matrix_is_larger_than_a_block(monkeypatch, estimator, learner, scores):
    monkeypatch.setattr(vectoriser, "BLOCK", 10)
    documents = make_documents(90, seed=2)
    documents = replace(
        documents,
        weight=np.where(np.arange(len(documents)) == 3, 200, documents.weight),
    )
    rows = []

    class Watched(sp.csr_array):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            rows.append(self.shape[0])

    def watched(method):
        return lambda self, X, *args, **kwargs: (
            rows.append(X.shape[0]) or method(self, X, *args, **kwargs)
        )

    monkeypatch.setattr(sp, "csr_array", Watched)
    monkeypatch.setattr(
        vectoriser,
        "count_ngrams",
        lambda *args, count=vectoriser.count_ngrams: seen(count(*args), rows),
    )
    monkeypatch.setattr(learner, "partial_fit", watched(learner.partial_fit))
    monkeypatch.setattr(learner, scores, watched(getattr(learner, scores)))
    training = make_training(make_grid(estimator), max_iter=2)
    evaluate_candidate(documents, training.search.candidates[0], training)
    fit(documents, training.search.candidates[0], training, TEXT)
    assert max(rows) == 10
    training = make_training(make_grid(estimator), max_in_memory_documents=IN_MEMORY)
    evaluate_candidate(documents, training.search.candidates[0], training)
    assert max(rows) == len(documents), "nothing was watched"


def seen(grams, rows):
    rows.append(grams.counts.shape[0])
    return grams


@pytest.fixture
def no_work(monkeypatch):
    def refuse(*args):
        raise AssertionError("n-grams were counted before the refusal")

    monkeypatch.setattr(vectoriser, "count_ngrams", refuse)


def refusals(documents, training):
    candidate = training.search.candidates[0]
    for ask in (
        lambda: evaluate_candidate(documents, candidate, training),
        lambda: cross_validate(documents, candidate, training, {}, CONFIDENCE),
        lambda: fit(documents, candidate, training, TEXT),
    ):
        with pytest.raises(DataError) as error:
            ask()
        yield str(error.value)


def test_candidates_that_cannot_learn_in_blocks_are_refused_before_any_work(no_work):
    grids = [
        make_grid("sgd"),
        make_grid("logistic_regression", C=(1.0, 2.0)),
        make_grid("linear_svm"),
    ]
    documents = make_documents(60, seed=6)
    training = make_training(*grids, max_in_memory_documents=len(documents) - 1)
    for message in refusals(documents, training):
        assert message.splitlines() == [
            f"{len(documents)} documents are more than "
            f"training.max_in_memory_documents={len(documents) - 1}, and "
            "logistic_regression, linear_svm (candidates 1, 2, 3) cannot be trained "
            "in blocks",
            "leave sgd, multinomial_nb and complement_nb alone in "
            "training.search.grids, or raise training.max_in_memory_documents to "
            f"{len(documents)}, if the memory allows",
        ]


def test_ngrams_without_a_code_are_refused_before_any_work(no_work):
    documents = replace(make_documents(60, seed=6), vocabulary=range(2**21))
    training = make_training(
        make_grid("complement_nb"), make_grid("sgd", ngrams=((1, 3),))
    )
    for message in refusals(documents, training):
        found, mend = message.splitlines()
        assert (
            "training.max_in_memory_documents=1, and n-grams of 3 tokens out of "
            "2097152 have no 63-bit code" in found
        )
        assert "lower ngrams in training.search.grids to 2 at most" in mend


def test_the_longest_codes_of_63_bits_are_told_apart(monkeypatch):
    monkeypatch.setattr(vectoriser, "BLOCK", 7)
    documents = make_documents(60, seed=6)
    documents = replace(
        documents,
        vocabulary=tuple(f"{number:07}" for number in range(2**21 - 1)),
        tokens=2**21 - 2 - documents.tokens,
    )
    grid = make_grid("complement_nb", ngrams=((1, 3),))
    found, expected = (
        fit(documents, training.search.candidates[0], training, TEXT)
        for training in (
            make_training(grid),
            make_training(grid, max_in_memory_documents=IN_MEMORY),
        )
    )
    assert_same_model(found, expected)


def test_a_linear_svm_depends_on_the_start_that_it_is_given_and_on_no_call_before():
    documents = make_documents(90, seed=5)
    training = make_training(
        make_grid("linear_svm", min_df=(1,)), max_in_memory_documents=IN_MEMORY
    )
    (candidate,) = training.search.candidates
    fold = np.arange(len(documents)) % 3
    vectors = vectoriser.vectorise(documents, candidate, training, fold)
    chosen = fold != 0
    rare = select_terms(vectors.df[0], int(documents.weight[fold == 0].sum()), 3)
    terms = select_terms(vectors.df.sum(axis=0), documents.messages, 1)

    first = vectors.train(terms, chosen, documents.y)
    warm = vectors.train(terms, chosen, documents.y, first.start)
    again = vectors.train(terms, chosen, documents.y)
    assert (again.estimator.coef_ == first.estimator.coef_).all()
    assert again.estimator.n_iter_ == first.estimator.n_iter_ > 1
    assert warm.estimator.n_iter_ == 0, "it began at the optimum"

    fewer = vectors.train(rare, chosen, documents.y, first.start)
    left_out = np.setdiff1d(np.arange(vectors.df.shape[1]), rare.columns)
    assert len(left_out) and not fewer.start[:, left_out].any()
    optimum = np.column_stack([fewer.estimator.coef_, fewer.estimator.intercept_])
    assert (fewer.start[:, [*rare.columns, -1]] == optimum).all()


@pytest.mark.parametrize("estimator", ["logistic_regression", "multinomial_nb"])
def test_other_solvers_have_no_start(estimator):
    documents = make_documents(60, seed=5)
    training = make_training(make_grid(estimator), max_in_memory_documents=IN_MEMORY)
    (candidate,) = training.search.candidates
    one_fold = np.zeros(len(documents), dtype=np.int64)
    vectors = vectoriser.vectorise(documents, candidate, training, one_fold)
    terms = select_terms(vectors.df[0], documents.messages, 2)
    assert vectors.train(terms, one_fold == 0, documents.y).start is None
