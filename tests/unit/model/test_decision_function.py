"""Scores of estimators, whether they have a row per class or a single row."""

import numpy as np
import pytest

from pipeline.model.decision_function import (
    as_two_rows,
    centre_rows,
    centred_decision_function,
    decision_function,
)
from tests.support.exported_models import ESTIMATORS, corpus, fit, identify


@pytest.mark.parametrize("labels", [2, 3])
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=identify)
def test_the_largest_score_is_what_the_estimator_predicts(estimator, labels):
    fitted = fit(estimator, labels)
    texts = corpus(labels)[0]
    vectors = fitted[0].transform(texts)
    for scores in (
        decision_function(fitted[1], vectors),
        centred_decision_function(fitted[1], vectors),
    ):
        assert scores.shape == (len(texts), labels)
        predicted = fitted[1].classes_[scores.argmax(axis=1)]
        assert predicted.tolist() == fitted.predict(texts).tolist()
    np.testing.assert_allclose(scores.sum(axis=1), 0, atol=1e-9)


def test_a_single_row_speaks_for_the_second_class():
    assert as_two_rows(np.array([[1.0, -2.0]])).tolist() == [[-1, 2], [1, -2]]
    assert as_two_rows(np.eye(3)).tolist() == np.eye(3).tolist()


def test_what_all_labels_share_is_subtracted():
    assert centre_rows(np.array([[1.0, 4.0], [3.0, 0.0]])).tolist() == [
        [-1, 2],
        [1, -2],
    ]
