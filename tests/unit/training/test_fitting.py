"""The final pipeline takes raw text, and is trained on the derived matrix."""

import subprocess
import sys
from dataclasses import dataclass, replace
from typing import Any

import joblib
import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from pipeline.config.settings import Candidate, Training
from pipeline.data.training_set import TrainingSet
from pipeline.errors import DataError
from pipeline.features.ngrams.counts import count_ngrams
from pipeline.features.ngrams.tfidf import (
    SelectedTerms,
    document_frequency,
    select_terms,
    term_frequency,
    weigh,
)
from pipeline.text import Tokeniser
from pipeline.training import fit
from pipeline.training.estimators import Weights, train
from tests.support.training_corpus import (
    ESTIMATORS,
    TEXT,
    TOPICS,
    Estimator,
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


@dataclass(frozen=True)
class Fitted:
    """A pipeline, and all that it was fitted with."""

    pipeline: Pipeline
    messages: list[tuple[str, str]]
    training_set: TrainingSet
    training: Training
    candidate: Candidate

    @property
    def texts(self) -> list[str]:
        return [text for text, _ in self.messages]


def fitted(estimator: Estimator, **settings: tuple[Any, ...]) -> Fitted:
    messages = make_messages(90, seed=4, repeats=4)
    training = make_training(make_grid(estimator, **settings))
    (candidate,) = training.search.candidates
    training_set = make_training_set(messages)
    pipeline = fit(training_set, candidate, training, TEXT)
    return Fitted(pipeline, messages, training_set, training, candidate)


def terms_of(model: Pipeline) -> list[str]:
    return model["tfidf"].get_feature_names_out().tolist()


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_it_is_the_pipeline_that_scikit_learn_fits_to_the_messages(estimator):
    ours = fitted(estimator, ngrams=((1, 3),), min_df=(3,))
    texts, labels = zip(*ours.messages, strict=True)
    vectorizer = TfidfVectorizer(
        analyzer=Tokeniser.from_settings(TEXT, (1, 3)), min_df=3, sublinear_tf=True
    )
    classifier = reference(ours.candidate, ours.training)
    expected = Pipeline([("tfidf", vectorizer), ("estimator", classifier)])
    expected.fit(texts, labels)

    pipeline = ours.pipeline
    assert terms_of(pipeline) == terms_of(expected)
    idf = pipeline["tfidf"].idf_
    np.testing.assert_allclose(idf, expected["tfidf"].idf_, rtol=1e-15)
    assert pipeline.classes_.tolist() == ["bank", "chat", "otp"]
    all_texts = [*texts, *NEW]
    np.testing.assert_allclose(
        scores(pipeline, all_texts), scores(expected, all_texts), rtol=0, atol=1e-5
    )
    assert pipeline["estimator"].converged_


def scores(model: Pipeline, texts: list[str]) -> np.ndarray:
    X = model["tfidf"].transform(texts)
    estimator = model["estimator"]
    if hasattr(estimator, "coef_"):
        return X @ estimator.coef_.T + estimator.intercept_
    return X @ estimator.feature_log_prob_.T


def tfidf(
    counts: sp.csr_array, training_set: TrainingSet, candidate: Candidate
) -> tuple[SelectedTerms, sp.csr_array]:
    """Return the selected terms, and the matrix that a fit derives from counts."""
    df = document_frequency(counts, training_set.weight)
    terms = select_terms(df, training_set.messages, candidate.min_df)
    frequencies = term_frequency(counts[:, terms.columns], candidate)
    return terms, weigh(frequencies, terms.idf, candidate)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_raw_texts_get_the_predictions_of_the_derived_matrix(estimator):
    ours = fitted(estimator)
    training_set = ours.training_set
    counts = count_ngrams(training_set, *ours.candidate.ngrams).counts
    _, X = tfidf(counts, training_set, ours.candidate)
    predicted = ours.pipeline["estimator"].predict(X)
    expected = np.repeat(predicted, training_set.weight).tolist()
    assert ours.pipeline.predict(ours.texts).tolist() == expected


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_a_message_counts_by_its_label_weight(estimator):
    training_set = make_training_set(make_messages(90, seed=4, repeats=4))
    training = make_training(make_grid(estimator, min_df=(3,)))
    (candidate,) = training.search.candidates
    unweighted = fit(training_set, candidate, training, TEXT)
    label_weight = np.random.default_rng(1).uniform(0.2, 1, len(training_set))
    weighted_set = replace(training_set, label_weight=label_weight)
    weighted = fit(weighted_set, candidate, training, TEXT)

    counts = count_ngrams(training_set, *candidate.ngrams).counts
    terms, X = tfidf(counts, training_set, candidate)
    assert weighted["tfidf"].idf_.tolist() == terms.idf.tolist(), (
        "document frequencies count messages, whatever their label weights are"
    )
    messages = np.repeat(np.arange(len(training_set)), training_set.weight)
    y = np.array(training_set.labels)[training_set.y[messages]]
    expected = reference(candidate, training).fit(
        X[messages], y, sample_weight=label_weight[messages]
    )
    model = Pipeline([("tfidf", weighted["tfidf"]), ("estimator", expected)])
    texts = list(TOPICS.values())
    weighted_scores = scores(weighted, texts)
    np.testing.assert_allclose(weighted_scores, scores(model, texts), rtol=0, atol=1e-4)
    assert np.abs(weighted_scores - scores(unweighted, texts)).max() > 1e-3


def test_joblib_carries_it_into_a_new_process(tmp_path):
    ours = fitted("linear_svm")
    texts = NEW + ours.texts
    file = tmp_path / "model.joblib"
    predicted = ours.pipeline.predict(texts)
    joblib.dump((ours.pipeline, texts, predicted), file)
    code = (
        "import joblib, sys; model, texts, predicted = joblib.load(sys.argv[1]);"
        "assert (model.predict(texts) == predicted).all()"
    )
    subprocess.run([sys.executable, "-c", code, str(file)], check=True)


def test_one_label_or_no_frequent_term_is_an_error():
    messages = make_messages(40, seed=3)
    training = make_training(make_grid("linear_svm", min_df=(500,)))
    (candidate,) = training.search.candidates
    one_label = make_training_set([m for m in messages if m[1] == "otp"])
    with pytest.raises(DataError, match="at least two labels"):
        fit(one_label, candidate, training, TEXT)
    with pytest.raises(DataError, match="min_df=500"):
        fit(make_training_set(messages), candidate, training, TEXT)


def test_importing_the_package_does_not_import_scikit_learn():
    code = "import sys, pipeline.training; assert 'sklearn' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_number_of_threads_changes_no_digit():
    rng = np.random.default_rng(0)
    X = sp.random_array((400, 40_000), density=0.001, format="csr", rng=rng)
    y = rng.integers(0, 2, 400)
    training = make_training(make_grid("logistic_regression"))
    (candidate,) = training.search.candidates
    weights = Weights(messages=np.ones(400), label=np.ones(400))
    coefficients = []
    for n_threads in (1, 2):
        with threadpool_limits(n_threads):
            coefficients.append(train(candidate, training, X, y, weights).coef_)
    assert (coefficients[0] == coefficients[1]).all()
