"""Turn a fitted scikit-learn `Pipeline` into a `LinearModel`."""

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.naive_bayes import ComplementNB, MultinomialNB
from sklearn.pipeline import Pipeline
from sklearn.svm import LinearSVC

from pipeline.model.decision_function import as_two_rows, centre_rows
from pipeline.model.linear import LinearModel
from pipeline.text import Tokeniser


def linear_model(fitted: Pipeline) -> LinearModel:
    """Return the model that predicts what a vectoriser and a classifier predict.

    It has no thresholds. `LinearModel` has an example.

    Raises
    ------
    TypeError
        A step cannot be exported.
    """
    vectoriser, estimator = (step for _, step in fitted.steps)
    tokeniser = _tokeniser(vectoriser)
    vocabulary = vectoriser.vocabulary_
    idf = vectoriser.idf_ if vectoriser.use_idf else np.ones(len(vocabulary))
    # Terms with the same idf are neighbours, which makes the file smaller.
    by_idf = sorted((idf[column], term) for term, column in vocabulary.items())
    terms = [term for _, term in by_idf]
    columns = np.array([vocabulary[term] for term in terms], dtype=np.intp)
    weights = centre_rows(_weights(estimator))
    intercepts = centre_rows(_intercepts(estimator))
    return LinearModel(
        labels=tuple(map(str, estimator.classes_)),
        tokeniser=tokeniser,
        terms=tuple(terms),
        idf=idf[columns],
        weights=weights[:, columns],
        intercepts=intercepts,
        thresholds=np.zeros(len(intercepts)),
        sublinear_tf=bool(vectoriser.sublinear_tf),
        norm=vectoriser.norm,
    )


def _tokeniser(vectoriser: object) -> Tokeniser:
    if isinstance(vectoriser, TfidfVectorizer):
        analyzer = vectoriser.analyzer
        if isinstance(analyzer, Tokeniser):
            return analyzer
    raise TypeError(
        f"{vectoriser!r}: cannot be exported; "
        "use a TfidfVectorizer over a pipeline.text.Tokeniser"
    )


def _weights(estimator: ClassifierMixin) -> np.ndarray:
    """Return weights [K, V] by which the largest score is what `predict` returns.

    Source: ``predict``, ``decision_function`` and ``_joint_log_likelihood`` of
    scikit-learn 1.9.
    """
    match estimator:
        case LogisticRegression() | LinearSVC() | SGDClassifier():
            return as_two_rows(estimator.coef_)
        case MultinomialNB() | ComplementNB():
            # ComplementNB's weights have the sign that makes the largest score win.
            weights: np.ndarray = estimator.feature_log_prob_
            return weights
    raise TypeError(
        f"{type(estimator).__name__}: cannot be exported; "
        "use one of the five linear classifiers"
    )


def _intercepts(estimator: ClassifierMixin) -> np.ndarray:
    match estimator:
        case MultinomialNB():
            intercepts: np.ndarray = estimator.class_log_prior_
            return intercepts
        case ComplementNB():
            # With two classes or more, it uses no prior.
            return np.zeros(len(estimator.classes_))
    return as_two_rows(estimator.intercept_)
