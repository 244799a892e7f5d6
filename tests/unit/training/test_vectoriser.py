"""Training in blocks gives the results of training in memory, in small matrices."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.typing import ArrayLike
from sklearn.linear_model import SGDClassifier
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import Pipeline

from pipeline.config.settings import Goal, Grid, Training
from pipeline.data.training_set import TrainingSet
from pipeline.errors import DataError
from pipeline.features.ngrams.tfidf import select_terms
from pipeline.records.record import Record
from pipeline.records.training import CurvePoint
from pipeline.training import cross_validate, evaluate_candidate, fit, vectoriser
from tests.support.training_corpus import (
    CONFIDENCE,
    EVERY_SETTING,
    TEXT,
    TOPICS,
    make_grid,
    make_messages,
    make_training,
    make_training_set,
)

GOALS = {"bank": Goal(precision=0.3), "otp": Goal(recall=0.6)}


def training_in_blocks(*grids: Grid, max_iter: int = 1000, seed: int = 7) -> Training:
    return make_training(
        *grids, max_iter=max_iter, max_in_memory_documents=1, seed=seed
    )


def training_in_memory(*grids: Grid, max_iter: int = 1000) -> Training:
    return make_training(*grids, max_iter=max_iter, max_in_memory_documents=1_000_000)


def make_documents(
    n: int, seed: int, labels: tuple[str, ...] = tuple(TOPICS)
) -> TrainingSet:
    """Return weighted documents of these labels, one of them without a token."""
    messages = make_messages(n, seed, repeats=5)
    of_labels = [message for message in messages if message[1] in labels]
    documents = make_training_set([*of_labels, ("", labels[0])], labels)
    label_weight = np.random.default_rng(seed).uniform(0.2, 1, len(documents))
    return replace(documents, label_weight=label_weight)


def assert_close(actual: ArrayLike, expected: ArrayLike) -> None:
    np.testing.assert_allclose(
        np.asarray(actual), np.asarray(expected), rtol=0, atol=1e-9
    )


# Every fifth candidate still has every value of each setting.
@pytest.mark.parametrize(("size", "step"), [(1, 5), (7, 1), (1000, 1)])
@pytest.mark.parametrize("estimator", ["multinomial_nb", "complement_nb"])
def test_naive_bayes_learns_the_same_in_blocks_as_in_memory(
    monkeypatch, estimator, size, step
):
    monkeypatch.setattr(vectoriser, "BLOCK", size)
    documents = make_documents(30, seed=5)
    grid = make_grid(estimator, **EVERY_SETTING)
    in_blocks = training_in_blocks(grid)
    in_memory = make_training(grid, max_in_memory_documents=len(documents))
    scores = []
    for candidate in in_blocks.search.candidates[::step]:
        result = evaluate_candidate(documents, candidate, in_blocks)
        expected = evaluate_candidate(documents, candidate, in_memory)
        scores.append(expected.scores)
        assert expected.iterations == (0, 0, 0)
        assert_close(result.scores, expected.scores)
        assert_close(result.mean, expected.mean)
        assert_close(result.std, expected.std)
        figures = ("scores", "mean", "std")
        assert without(result, *figures) == without(expected, *figures)
        assert_same_model(
            fit(documents, candidate, in_blocks, TEXT),
            fit(documents, candidate, in_memory, TEXT),
        )
    assert len(np.unique(scores)) > 5, "too easy: hardly two scores differ"


def without(record: Record, *fields: str) -> dict[str, object]:
    return record.model_dump(exclude=set(fields))


def assert_same_model(model: Pipeline, expected: Pipeline) -> None:
    terms = model["tfidf"].get_feature_names_out().tolist()
    assert terms == expected["tfidf"].get_feature_names_out().tolist()
    assert model["tfidf"].idf_.tolist() == expected["tfidf"].idf_.tolist()
    assert model.classes_.tolist() == expected.classes_.tolist()
    estimator = model["estimator"]
    expected_estimator = expected["estimator"]
    assert_close(estimator.feature_log_prob_, expected_estimator.feature_log_prob_)
    assert_close(estimator.class_log_prior_, expected_estimator.class_log_prior_)
    texts = [*TOPICS.values(), "", "Hello HELLO bank"]
    assert model.predict(texts).tolist() == expected.predict(texts).tolist()


def test_cross_validation_gives_the_same_in_blocks_as_in_memory(monkeypatch):
    monkeypatch.setattr(vectoriser, "BLOCK", 16)
    documents = make_documents(90, seed=8)
    results = []
    for make in (training_in_blocks, training_in_memory):
        training = make(make_grid("complement_nb"))
        (candidate,) = training.search.candidates
        results.append(
            cross_validate(documents, candidate, training, GOALS, CONFIDENCE)
        )
    result, expected = results
    # Sums in another order differ in their last digits.
    for label in TOPICS:
        assert_close(points(result.curves[label]), points(expected.curves[label]))
    for label in GOALS:
        threshold = result.thresholds[label]
        expected_threshold = expected.thresholds[label]
        assert expected_threshold.threshold
        assert_close(threshold.threshold, expected_threshold.threshold)
        figures = without(threshold, "threshold")
        assert figures == without(expected_threshold, "threshold")
    assert result.with_thresholds != result.metrics
    compared = ("curves", "thresholds")
    assert without(result, *compared) == without(expected, *compared)


def points(curve: tuple[CurvePoint, ...]) -> list[tuple[float, float, float]]:
    return [(point.recall, point.precision, point.threshold) for point in curve]


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize("labels", [tuple(TOPICS), ("bank", "otp")])
def test_a_pass_of_sgd_is_scikit_learns_over_the_shuffled_messages(
    monkeypatch, size, labels
):
    monkeypatch.setattr(vectoriser, "BLOCK", size)
    documents = make_documents(60, seed=4, labels=labels)
    training = training_in_blocks(make_grid("sgd"), max_iter=1)
    fitted = fit_only_candidate(documents, training)

    messages = np.repeat(np.arange(len(documents)), documents.weight)
    np.random.default_rng(training.seed).shuffle(messages)
    X = fitted["tfidf"].transform(texts_of(documents))[messages]
    y = documents.y[messages]
    sample_weight = documents.label_weight[messages]
    expected = SGDClassifier(alpha=0.01, shuffle=False, max_iter=1, tol=None)
    expected.fit(X, y, sample_weight=sample_weight)
    assert_close(fitted["estimator"].coef_, expected.coef_)
    assert_close(fitted["estimator"].intercept_, expected.intercept_)


def fit_only_candidate(documents: TrainingSet, training: Training) -> Pipeline:
    (candidate,) = training.search.candidates
    return fit(documents, candidate, training, TEXT)


def texts_of(documents: TrainingSet) -> list[str]:
    tokens = np.array(documents.vocabulary)[documents.tokens]
    parts = np.split(tokens, documents.offsets[1:-1])
    return list(map(" ".join, parts))


def test_blocks_change_no_step_of_several_passes_of_sgd(monkeypatch):
    documents = make_documents(60, seed=4)
    training = training_in_blocks(make_grid("sgd"), max_iter=4)
    monkeypatch.setattr(vectoriser, "BLOCK", 7)
    small_blocks = fit_only_candidate(documents, training)
    monkeypatch.setattr(vectoriser, "BLOCK", 1000)
    one_block = fit_only_candidate(documents, training)
    assert_close(small_blocks["estimator"].coef_, one_block["estimator"].coef_)


def test_sgd_in_blocks_has_nearly_the_scores_and_passes_of_sgd_in_memory(monkeypatch):
    monkeypatch.setattr(vectoriser, "BLOCK", 100)
    messages = make_messages(300, seed=4)
    for text, label in make_messages(600, 3, repeats=2):
        # Two words of the topic make a message easy.
        words = TOPICS[label].split()[:2]
        messages.append((" ".join([text, *words]), label))
    documents = make_training_set(messages)
    grid = make_grid("sgd", alpha=(1e-3,))
    in_blocks = training_in_blocks(grid)
    in_memory = training_in_memory(grid)
    (candidate,) = in_blocks.search.candidates
    result = evaluate_candidate(documents, candidate, in_blocks)
    expected = evaluate_candidate(documents, candidate, in_memory)
    assert 0.8 < expected.mean < 0.99, "too hard or too easy"
    assert result.mean == pytest.approx(expected.mean, abs=0.01)
    assert result.n_terms == expected.n_terms
    assert result.converged is expected.converged is True
    assert len(result.iterations) == 3
    assert min(result.iterations) > 1
    passes = fit_only_candidate(documents, in_blocks)["estimator"].n_iter_
    expected_passes = fit_only_candidate(documents, in_memory)["estimator"].n_iter_
    assert passes == pytest.approx(expected_passes, rel=0.5)


def test_sgd_gives_the_same_bytes_again_and_others_with_another_seed(monkeypatch):
    monkeypatch.setattr(vectoriser, "BLOCK", 16)
    documents = make_documents(60, seed=6)
    models = []
    for seed in (7, 7, 8):
        training = training_in_blocks(make_grid("sgd"), seed=seed, max_iter=5)
        fitted = fit_only_candidate(documents, training)
        models.append(pickle.dumps(fitted["estimator"]))
    assert models[0] == models[1] != models[2]


def test_sgd_that_runs_out_of_passes_is_reported():
    documents = make_documents(60, seed=6)
    training = training_in_blocks(make_grid("sgd"), max_iter=3)
    (candidate,) = training.search.candidates
    assert evaluate_candidate(documents, candidate, training).converged is False


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
    weight = documents.weight.copy()
    weight[3] = 200
    documents = replace(documents, weight=weight)
    rows: list[int] = []
    count_ngrams = vectoriser.count_ngrams

    class WatchedArray(sp.csr_array):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            rows.append(self.shape[0])

    def watched_count(*args):
        ngrams = count_ngrams(*args)
        rows.append(ngrams.counts.shape[0])
        return ngrams

    def watched(method):
        def call(self, X, *args, **kwargs):
            rows.append(X.shape[0])
            return method(self, X, *args, **kwargs)

        return call

    monkeypatch.setattr(sp, "csr_array", WatchedArray)
    monkeypatch.setattr(vectoriser, "count_ngrams", watched_count)
    monkeypatch.setattr(learner, "partial_fit", watched(learner.partial_fit))
    monkeypatch.setattr(learner, scores, watched(getattr(learner, scores)))
    training = training_in_blocks(make_grid(estimator), max_iter=2)
    (candidate,) = training.search.candidates
    evaluate_candidate(documents, candidate, training)
    fit(documents, candidate, training, TEXT)
    assert max(rows) == 10
    evaluate_candidate(documents, candidate, training_in_memory(make_grid(estimator)))
    assert max(rows) == len(documents), "no matrix was watched"


@pytest.fixture
def no_work(monkeypatch):
    def refuse(*args):
        raise AssertionError("n-grams were counted before the refusal")

    monkeypatch.setattr(vectoriser, "count_ngrams", refuse)


def refusal(documents: TrainingSet, training: Training) -> str:
    """Return the error of all that trains a candidate, which must be the same."""
    candidate = training.search.candidates[0]
    with pytest.raises(DataError) as evaluating:
        evaluate_candidate(documents, candidate, training)
    with pytest.raises(DataError) as validating:
        cross_validate(documents, candidate, training, {}, CONFIDENCE)
    with pytest.raises(DataError) as fitting:
        fit(documents, candidate, training, TEXT)
    message = str(evaluating.value)
    assert str(validating.value) == message
    assert str(fitting.value) == message
    return message


def test_candidates_that_cannot_learn_in_blocks_are_refused_before_any_work(no_work):
    grids = [
        make_grid("sgd"),
        make_grid("logistic_regression", C=(1.0, 2.0)),
        make_grid("linear_svm"),
    ]
    documents = make_documents(60, seed=6)
    training = make_training(*grids, max_in_memory_documents=len(documents) - 1)
    assert refusal(documents, training).splitlines() == [
        f"training.max_in_memory_documents: {len(documents)} documents exceed "
        f"{len(documents) - 1}, and logistic_regression, linear_svm (candidates "
        "1, 2, 3) cannot be trained in blocks",
        "use only sgd, multinomial_nb and complement_nb in training.search.grids, "
        f"or raise the limit to {len(documents)} if the memory allows",
    ]


def test_ngrams_that_do_not_fit_into_codes_are_refused_before_any_work(no_work):
    documents = make_documents(60, seed=6)
    documents = replace(documents, vocabulary=many_tokens(2**21))
    training = training_in_blocks(
        make_grid("complement_nb"), make_grid("sgd", ngrams=((1, 3),))
    )
    problem, remedy = refusal(documents, training).splitlines()
    assert problem.endswith(
        "exceed 1, and n-grams of 3 out of 2097152 tokens do not fit into 63-bit codes"
    )
    assert "lower ngrams in training.search.grids to at most 2" in remedy


def many_tokens(n: int) -> tuple[str, ...]:
    return tuple(f"{i:07}" for i in range(n))


def test_the_longest_codes_of_63_bits_are_distinct(monkeypatch):
    monkeypatch.setattr(vectoriser, "BLOCK", 7)
    documents = make_documents(60, seed=6)
    documents = replace(
        documents,
        vocabulary=many_tokens(2**21 - 1),
        tokens=2**21 - 2 - documents.tokens,
    )
    grid = make_grid("complement_nb", ngrams=((1, 3),))
    assert_same_model(
        fit_only_candidate(documents, training_in_blocks(grid)),
        fit_only_candidate(documents, training_in_memory(grid)),
    )


def test_a_linear_svm_depends_only_on_its_start_and_not_on_earlier_calls():
    documents = make_documents(90, seed=5)
    training = training_in_memory(make_grid("linear_svm", min_df=(1,)))
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
    assert len(left_out)
    assert not fewer.start[:, left_out].any()
    optimum = np.column_stack([fewer.estimator.coef_, fewer.estimator.intercept_])
    assert (fewer.start[:, [*rare.columns, -1]] == optimum).all()


@pytest.mark.parametrize("estimator", ["logistic_regression", "multinomial_nb"])
def test_other_solvers_have_no_start(estimator):
    documents = make_documents(60, seed=5)
    training = training_in_memory(make_grid(estimator))
    (candidate,) = training.search.candidates
    one_fold = np.zeros(len(documents), dtype=np.int64)
    vectors = vectoriser.vectorise(documents, candidate, training, one_fold)
    terms = select_terms(vectors.df[0], documents.messages, 2)
    assert vectors.train(terms, one_fold == 0, documents.y).start is None
