"""The final fit, on every document."""

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import Pipeline

from pipeline.config import settings
from pipeline.config.settings import Candidate, Training
from pipeline.data.training_set import TrainingSet
from pipeline.features.ngrams.tfidf import select_terms
from pipeline.text import Tokeniser
from pipeline.training.folds import require_two_labels
from pipeline.training.vectoriser import vectorise


def fit(
    training_set: TrainingSet,
    candidate: Candidate,
    training: Training,
    text: settings.Text,
) -> Pipeline:
    """A scikit-learn pipeline, raw text in and label out, of the steps ``tfidf`` and ``estimator``.

    ``classes_`` are the labels as strings, and ``estimator.converged_`` says whether its solver ended. It is linear:
    a score is ``X @ coef.T + intercept`` (naive Bayes: ``X @ feature_log_prob_.T``, for the multinomial one
    ``+ class_log_prior_``) and the highest wins. ``text`` must be what the training set was cleaned with.

    Raises
    ------
    DataError : one label only, no term reaches ``min_df``, or blocks are needed as in `evaluate_candidate` and cannot
        be had.
    """
    require_two_labels(training_set)
    everything = np.ones(len(training_set), dtype=bool)
    vectors = vectorise(
        training_set,
        candidate,
        training,
        fold=np.zeros(len(training_set), dtype=np.int64),
    )
    columns, idf = select_terms(vectors.df[0], training_set.messages, candidate.min_df)
    tfidf = TfidfVectorizer(
        analyzer=Tokeniser.from_settings(text, candidate.ngrams),
        vocabulary=vectors.terms(columns),
        norm=candidate.norm,
        sublinear_tf=candidate.sublinear_tf,
    )
    tfidf.idf_ = idf
    estimator, _ = vectors.train(
        columns, idf, everything, np.array(training_set.labels)[training_set.y]
    )
    return Pipeline([("tfidf", tfidf), ("estimator", estimator)])
