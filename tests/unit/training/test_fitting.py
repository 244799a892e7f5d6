"""The final pipeline takes raw text, and is what the derived matrix trained."""

import subprocess
import sys
from dataclasses import replace

import joblib
import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from pipeline.errors import DataError
from pipeline.features.ngrams.counts import count_ngrams
from pipeline.features.ngrams.tfidf import (
    document_frequency,
    select_terms,
    term_frequency,
    weigh,
)
from pipeline.text import Tokeniser
from pipeline.training import fit
from pipeline.training.estimators import Weights, train
from tests.support.training_corpus import (
    TEXT,
    TOPICS,
    make_grid,
    make_messages,
    make_training,
    make_training_set,
    reference,
)

NEW = [
    "",
    "Hello HELLO bank",
    "unseen words only",
    "login code 99, password!",
    "\ud83d card",
]
ESTIMATORS = [
    "logistic_regression",
    "linear_svm",
    "sgd",
    "multinomial_nb",
    "complement_nb",
]


def fitted(estimator: str, seed: int = 4, **knobs):
    messages = make_messages(90, seed, repeats=4)
    training = make_training(make_grid(estimator, **knobs))
    (candidate,) = training.search.candidates
    training_set = make_training_set(messages)
    return (
        fit(training_set, candidate, training, TEXT),
        messages,
        training_set,
        training,
        candidate,
    )


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_it_is_the_pipeline_that_scikit_learn_fits_to_the_messages(estimator):
    found, messages, _, training, candidate = fitted(
        estimator, ngrams=((1, 3),), min_df=(3,)
    )
    texts, labels = zip(*messages, strict=True)
    tfidf = TfidfVectorizer(
        analyzer=Tokeniser.from_settings(TEXT, (1, 3)), min_df=3, sublinear_tf=True
    )
    expected = Pipeline(
        [("tfidf", tfidf), ("estimator", reference(candidate, training))]
    ).fit(texts, labels)

    assert (
        found["tfidf"].get_feature_names_out().tolist()
        == expected["tfidf"].get_feature_names_out().tolist()
    )
    np.testing.assert_allclose(found["tfidf"].idf_, expected["tfidf"].idf_, rtol=1e-15)
    assert found.classes_.tolist() == ["bank", "chat", "otp"]
    np.testing.assert_allclose(
        scores(found, [*texts, *NEW]),
        scores(expected, [*texts, *NEW]),
        rtol=0,
        atol=1e-5,
    )
    assert found["estimator"].converged_


def scores(model: Pipeline, texts) -> np.ndarray:
    X, estimator = model["tfidf"].transform(texts), model["estimator"]
    if hasattr(estimator, "coef_"):
        return X @ estimator.coef_.T + estimator.intercept_
    return X @ estimator.feature_log_prob_.T


def tfidf(counts, training_set, candidate):
    """The selected terms, and the matrix that a fit derives from counts."""
    df = document_frequency(counts, training_set.weight)
    terms = select_terms(df, training_set.messages, candidate.min_df)
    frequencies = term_frequency(counts[:, terms.columns], candidate)
    return terms, weigh(frequencies, terms.idf, candidate)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_raw_texts_get_what_the_estimator_says_of_the_derived_matrix(estimator):
    found, messages, training_set, _, candidate = fitted(estimator)
    counts = count_ngrams(training_set, *candidate.ngrams).counts
    _, X = tfidf(counts, training_set, candidate)
    expected = found["estimator"].predict(X)
    assert (
        found.predict([text for text, _ in messages]).tolist()
        == np.repeat(expected, training_set.weight).tolist()
    )


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_a_message_counts_as_much_as_it_is_confident(estimator):
    training_set = make_training_set(make_messages(90, seed=4, repeats=4))
    training = make_training(make_grid(estimator, min_df=(3,)))
    (candidate,) = training.search.candidates
    sure = fit(training_set, candidate, training, TEXT)
    less_sure = replace(
        training_set,
        label_weight=np.random.default_rng(1).uniform(0.2, 1, len(training_set)),
    )
    found = fit(less_sure, candidate, training, TEXT)

    counts = count_ngrams(training_set, *candidate.ngrams).counts
    terms, X = tfidf(counts, training_set, candidate)
    assert found["tfidf"].idf_.tolist() == terms.idf.tolist(), (
        "document frequencies count messages, sure or not"
    )
    messages = np.repeat(np.arange(len(training_set)), training_set.weight)
    y = np.array(training_set.labels)[training_set.y[messages]]
    expected = reference(candidate, training).fit(
        X[messages], y, sample_weight=less_sure.label_weight[messages]
    )
    model = Pipeline([("tfidf", found["tfidf"]), ("estimator", expected)])
    texts = list(TOPICS.values())
    np.testing.assert_allclose(
        scores(found, texts), scores(model, texts), rtol=0, atol=1e-4
    )
    assert np.abs(scores(found, texts) - scores(sure, texts)).max() > 1e-3


def test_joblib_carries_it_into_a_new_process(tmp_path):
    found, messages, *_ = fitted("linear_svm")
    texts = NEW + [text for text, _ in messages]
    joblib.dump(
        {"model": found, "texts": texts, "predicted": found.predict(texts)},
        tmp_path / "model.joblib",
    )
    code = (
        "import joblib, sys; found = joblib.load(sys.argv[1]);"
        "assert (found['model'].predict(found['texts']) == found['predicted']).all()"
    )
    subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "model.joblib")], check=True
    )


def test_one_label_or_no_frequent_term_is_an_error():
    messages = make_messages(40, seed=3)
    training = make_training(make_grid("linear_svm", min_df=(500,)))
    (candidate,) = training.search.candidates
    with pytest.raises(DataError, match="at least two labels"):
        fit(
            make_training_set([m for m in messages if m[1] == "otp"]),
            candidate,
            training,
            TEXT,
        )
    with pytest.raises(DataError, match="min_df=500"):
        fit(make_training_set(messages), candidate, training, TEXT)


def test_importing_the_package_does_not_import_scikit_learn():
    code = "import sys, pipeline.training; assert 'sklearn' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_number_of_threads_changes_no_digit():
    rng = np.random.default_rng(0)
    X, y = (
        sp.random_array((400, 40_000), density=0.001, format="csr", rng=rng),
        rng.integers(0, 2, 400),
    )
    training = make_training(make_grid("logistic_regression"))
    (candidate,) = training.search.candidates
    weights = Weights(messages=np.ones(400), label=np.ones(400))
    coefficients = []
    for n_threads in (1, 2):
        with threadpool_limits(n_threads):
            coefficients.append(train(candidate, training, X, y, weights).coef_)
    assert (coefficients[0] == coefficients[1]).all()
