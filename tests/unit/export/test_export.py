"""An exported model, read by the plain scorer, predicts what the fitted pipeline predicts."""

import functools
import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from sklearn.linear_model import RidgeClassifier

from pipeline.errors import VerificationError
from pipeline.export import assemble, decode, encode, verify
from scorers.python import nightsieve_scorer
from tests.unit.export.exported_models import ESTIMATORS, KINDS, NASTY, PROVENANCE, WORDY_TEXT, corpus, fit, identify


@functools.cache
def exported(*kind) -> nightsieve_scorer.Scorer:
    return nightsieve_scorer.load(encode(assemble(fit(*kind)), PROVENANCE))


def decision_scores(fitted, texts) -> np.ndarray:
    """What the estimator decides by, a column a label."""
    vectors, estimator = fitted[0].transform(texts), fitted[1]
    if hasattr(estimator, "predict_joint_log_proba"):
        return estimator.predict_joint_log_proba(vectors)
    scores = estimator.decision_function(vectors)
    return np.stack([-scores, scores], axis=1) if scores.ndim == 1 else scores


def assert_agreement(kind, texts):
    fitted, scorer = fit(*kind), exported(*kind)
    assert [scorer.label(text) for text in texts] == fitted.predict(texts).tolist()
    scores = [list(scorer.scores(text).values()) for text in texts]
    np.testing.assert_allclose(scores, decision_scores(fitted, texts), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: "-".join(map(identify, kind)))
def test_every_kind_of_model_agrees_with_its_pipeline(kind):
    assert_agreement(kind, corpus(3)[0] + NASTY)


@settings(max_examples=50, deadline=None)
@given(WORDY_TEXT)
def test_models_agree_on_any_text(text):
    for estimator in ESTIMATORS:
        assert_agreement((estimator, 2, "l2", True), [text])
        assert_agreement((estimator, 3, None, False), [text])


def test_terms_are_in_order_whatever_the_order_of_the_vocabulary():
    in_order = tuple(fit(ESTIMATORS[0])[0].get_feature_names_out())
    kind = (ESTIMATORS[0], 3, "l2", True, in_order[::-1])
    assert assemble(fit(*kind)).terms == in_order
    assert_agreement(kind, corpus(3)[0])


def test_another_estimator_cannot_be_exported():
    with pytest.raises(TypeError, match="RidgeClassifier"):
        assemble(fit(RidgeClassifier()))


def test_verification_counts_distinct_texts_and_reports_its_progress():
    fitted, fractions = fit(ESTIMATORS[0], 2), []
    texts = [f"{text} {number}" for number in range(300) for text in corpus(3)[0]]
    summary = verify(
        encode(assemble(fitted), PROVENANCE), fitted, texts + texts[:500], len(texts) + 500, fractions.append
    )
    assert summary["texts"] == len(set(texts))
    assert summary["differences"] == 0
    assert summary["largest_score_difference"] < 1e-12
    ranked = np.sort(decision_scores(fitted, texts), axis=1)
    assert summary["smallest_margin"] == pytest.approx((ranked[:, -1] - ranked[:, -2]).min(), abs=1e-9)
    assert fractions == sorted(fractions) and fractions[0] < 0.5 and fractions[-1] == 1


def test_a_tampered_weight_fails_verification_without_naming_a_text():
    fitted = fit(ESTIMATORS[0])
    model = decode(encode(assemble(fitted), PROVENANCE))
    model.weights[0, model.terms.index("free")] += 100
    texts = iter(["the secret is free", "secret: hello", "free free", "free hello", "free \ud83d", "free"])
    with pytest.raises(VerificationError, match=r"labels 5 of 6 texts") as failure:
        verify(encode(model, PROVENANCE), fitted, texts, 6)
    assert "secret" not in str(failure.value)
    assert hashlib.sha256(b"the secret is free").hexdigest()[:12] in str(failure.value)
