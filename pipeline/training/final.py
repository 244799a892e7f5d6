"""The final fit, on every document."""

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import Pipeline

from pipeline import settings
from pipeline.dataset import TrainingSet
from pipeline.settings import Candidate, Training
from pipeline.text import Tokeniser
from pipeline.training.estimators import train
from pipeline.training.folds import require_two_labels
from pipeline.training.ngrams import count_ngrams
from pipeline.training.tfidf import document_frequency, select_terms, term_frequency, weigh


def fit(training_set: TrainingSet, candidate: Candidate, training: Training, text: settings.Text) -> Pipeline:
    """A scikit-learn pipeline, raw text in and label out, of the steps ``tfidf`` and ``estimator``.

    ``classes_`` are the labels as strings, and ``estimator.converged_`` says whether its solver ended. It is linear:
    a score is ``X @ coef.T + intercept`` (naive Bayes: ``X @ feature_log_prob_.T``, for the multinomial one
    ``+ class_log_prior_``) and the highest wins. ``text`` must be what the training set was cleaned with.

    Raises
    ------
    DataError : one label only, or no term reaches ``min_df``.
    """
    require_two_labels(training_set)
    grams = count_ngrams(training_set, *candidate.ngrams)
    df = document_frequency(grams.counts, training_set.weight)
    columns, idf = select_terms(df, training_set.messages, candidate.min_df)
    tfidf = TfidfVectorizer(
        analyzer=Tokeniser.from_settings(text, candidate.ngrams),
        vocabulary=grams.terms(training_set.vocabulary, columns),
        norm=candidate.norm,
        sublinear_tf=candidate.sublinear_tf,
    )
    tfidf.idf_ = idf
    X = weigh(term_frequency(grams.counts[:, columns], candidate), idf, candidate)
    y = np.array(training_set.labels)[training_set.y]
    estimator = train(candidate, training, X, y, training_set.weight, training_set.confidence)
    return Pipeline([("tfidf", tfidf), ("estimator", estimator)])
