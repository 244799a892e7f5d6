"""Cross-validation has folds of its own, and its thresholds come from its scores."""

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import (
    confusion_matrix,
    precision_recall_curve,
    precision_score,
    recall_score,
)
from sklearn.model_selection import PredefinedSplit, cross_val_predict
from sklearn.pipeline import Pipeline

from pipeline.config.settings import Goal
from pipeline.text import Tokeniser
from pipeline.training import cross_validate
from pipeline.training.folds import assign_folds
from tests.support.training_corpus import (
    CONFIDENCE,
    TEXT,
    make_grid,
    make_messages,
    make_training,
    make_training_set,
    reference,
)


def test_cross_validation_measures_on_folds_of_its_own():
    messages = make_messages(90, seed=8, repeats=4)
    training_set = make_training_set(messages)
    training = make_training(make_grid("multinomial_nb"))
    (candidate,) = training.search.candidates
    goals = {"bank": Goal(recall=0.9)}
    result = cross_validate(training_set, candidate, training, goals, CONFIDENCE)

    texts, labels = map(np.array, zip(*messages, strict=True))
    tfidf = TfidfVectorizer(
        analyzer=Tokeniser.from_settings(TEXT, (1, 2)), min_df=2, sublinear_tf=True
    )
    model = Pipeline([("tfidf", tfidf), ("estimator", reference(candidate, training))])
    fold = assign_folds(training_set, 3, training.cross_validation.seed, "")
    splits = PredefinedSplit(np.repeat(fold, training_set.weight))
    predicted = cross_val_predict(model, texts, labels, cv=splits)
    matrix = confusion_matrix(labels, predicted).tolist()
    assert result.metrics.confusion == tuple(map(tuple, matrix))
    assert (result.folds, result.metrics.n) == (3, len(messages))

    scores = cross_val_predict(
        model, texts, labels, cv=splits, method="predict_log_proba"
    )
    is_bank = labels == "bank"
    margin = scores[:, 0] - scores[:, 1:].max(axis=1)
    curve = result.curves["bank"]
    assert len(curve) > 30
    for point in curve:
        given_label = margin > point.threshold
        assert point.recall == recall_score(is_bank, given_label)
        assert point.precision == precision_score(is_bank, given_label)
    given_label = margin > result.thresholds["bank"].threshold
    precision, recall, _ = precision_recall_curve(is_bank, margin)
    assert recall_score(is_bank, given_label) >= 0.9
    assert precision_score(is_bank, given_label) == precision[recall >= 0.9].max()
