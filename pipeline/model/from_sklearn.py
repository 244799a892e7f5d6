"""From a fitted scikit-learn `Pipeline` to a `LinearModel`."""

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.naive_bayes import ComplementNB, MultinomialNB
from sklearn.pipeline import Pipeline
from sklearn.svm import LinearSVC

from pipeline.model.decision_function import both, centred
from pipeline.model.linear import LinearModel
from pipeline.text import Tokeniser


def assemble(fitted: Pipeline) -> LinearModel:
    """The model that predicts what ``fitted``, a vectoriser and a linear classifier, predicts; without thresholds.

    Raises
    ------
    TypeError
        A step is none that can be exported.
    """
    vectoriser, estimator = (step for _, step in fitted.steps)
    if not isinstance(vectoriser, TfidfVectorizer) or not isinstance(
        vectoriser.analyzer, Tokeniser
    ):
        raise TypeError(
            f"only a TfidfVectorizer over a pipeline.text.Tokeniser can be exported, not {vectoriser!r}"
        )
    vocabulary = vectoriser.vocabulary_
    idf = vectoriser.idf_ if vectoriser.use_idf else np.ones(len(vocabulary))
    # Terms of one idf stand together: the file is smaller for it.
    terms = tuple(sorted(vocabulary, key=lambda term: (idf[vocabulary[term]], term)))
    columns = np.array([vocabulary[term] for term in terms], dtype=np.intp)
    weights, intercepts = map(centred, _rows(estimator))
    return LinearModel(
        labels=tuple(map(str, estimator.classes_)),
        tokeniser=vectoriser.analyzer,
        terms=terms,
        idf=idf[columns],
        weights=weights[:, columns],
        intercepts=intercepts,
        thresholds=np.zeros(len(intercepts)),
        sublinear_tf=bool(vectoriser.sublinear_tf),
        norm=vectoriser.norm,
    )


def _rows(estimator) -> tuple[np.ndarray, np.ndarray]:
    """Weights [K, V] and intercepts [K] whose largest score, the first of equals, is what the estimator predicts.

    Source: ``predict``, ``decision_function`` and ``_joint_log_likelihood`` of scikit-learn 1.9.
    """
    match estimator:
        case LogisticRegression() | LinearSVC() | SGDClassifier():
            return both(estimator.coef_), both(estimator.intercept_)
        case MultinomialNB():
            return estimator.feature_log_prob_, estimator.class_log_prior_
        case ComplementNB():
            # The sign that makes the largest score win is in its weights; it uses no prior with two classes or more.
            return estimator.feature_log_prob_, np.zeros(len(estimator.classes_))
    raise TypeError(
        f"{type(estimator).__name__} cannot be exported: it is none of the five linear classifiers"
    )
