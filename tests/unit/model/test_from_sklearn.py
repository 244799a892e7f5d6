"""From a fitted scikit-learn pipeline to the model that predicts the same."""

import numpy as np
import pytest
from sklearn.linear_model import RidgeClassifier

from pipeline.model.counts import count_terms
from pipeline.model.decision_function import centred_decision_function
from pipeline.model.from_sklearn import linear_model
from tests.support.exported_models import (
    ESTIMATORS,
    KINDS,
    NASTY,
    corpus,
    fit,
    fixed,
    identify,
)

TEXTS = corpus(3)[0] + NASTY


def name_of(kind: tuple) -> str:
    return "-".join(map(identify, kind))


@pytest.mark.parametrize("kind", KINDS, ids=name_of)
def test_the_floating_point_model_is_the_estimator(kind):
    fitted = fit(*kind)
    model = linear_model(fitted)
    vectors = fitted[0].transform(TEXTS)
    scores = model.scores(count_terms(model, TEXTS))
    np.testing.assert_allclose(
        scores, centred_decision_function(fitted[1], vectors), rtol=1e-12, atol=1e-12
    )
    labels = np.array(model.labels)[scores.argmax(axis=1)]
    assert labels.tolist() == fitted.predict(TEXTS).tolist()


def test_terms_are_in_order_whatever_the_order_of_the_vocabulary():
    in_order = tuple(fit(ESTIMATORS[0])[0].get_feature_names_out())
    kind = (ESTIMATORS[0], 3, "l2", True)
    forwards = fixed(*kind, in_order)
    backwards = fixed(*kind, in_order[::-1])
    assert forwards.terms == backwards.terms
    # The solver's last digits depend on the order.
    np.testing.assert_allclose(forwards.weights, backwards.weights, atol=1)


def test_another_estimator_cannot_be_exported():
    with pytest.raises(TypeError, match="RidgeClassifier"):
        linear_model(fit(RidgeClassifier()))
