"""Fit the best candidate to every document."""

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
    """Return a scikit-learn pipeline of the steps ``tfidf`` and ``estimator``.

    The pipeline takes raw text and returns a label. ``classes_`` are the labels as
    strings, and ``estimator.converged_`` is whether the solver converged. The pipeline
    is linear: a score is ``X @ coef.T + intercept`` (naive Bayes:
    ``X @ feature_log_prob_.T``, and multinomial ``+ class_log_prior_``), and the label
    of the highest score wins.

    Parameters
    ----------
    text
        The settings that the training set was cleaned with.

    Raises
    ------
    DataError
        There is one label only, no term reaches ``min_df``, or there are more documents
        than fit into memory and a candidate cannot be trained in blocks.
    """
    require_two_labels(training_set)
    one_fold = np.zeros(len(training_set), dtype=np.int64)
    vectoriser = vectorise(training_set, candidate, training, one_fold)
    df = vectoriser.df[0]
    terms = select_terms(df, training_set.messages, candidate.min_df)
    tfidf = TfidfVectorizer(
        analyzer=Tokeniser.from_settings(text, candidate.ngrams),
        vocabulary=vectoriser.terms(terms.columns),
        norm=candidate.norm,
        sublinear_tf=candidate.sublinear_tf,
    )
    tfidf.idf_ = terms.idf
    every_document = np.ones(len(training_set), dtype=bool)
    labels = np.array(training_set.labels)[training_set.y]
    classifier = vectoriser.train(terms, every_document, labels)
    return Pipeline([("tfidf", tfidf), ("estimator", classifier.estimator)])
