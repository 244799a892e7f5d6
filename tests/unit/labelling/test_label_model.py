"""The label model recovers planted accuracies, from the counts of patterns alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from pipeline.labelling import label_model

N_LABELS = 3
OWN = np.repeat(np.arange(N_LABELS), 12)
SHARES = [0.25, 0.65, 0.1]


def planted(seed: int, n: int = 6000) -> tuple[np.ndarray, np.ndarray]:
    """Return which rules fire, bool [n, n_rules], and the hidden labels.

    Every fourth rule fires whatever the label is.
    """
    rng = np.random.default_rng(seed)
    hidden = rng.choice(N_LABELS, size=n, p=SHARES)
    when_own = rng.uniform(0.1, 0.3, len(OWN))
    seldom = rng.uniform(0.0, 0.01, len(OWN))
    is_uninformative = np.arange(len(OWN)) % 4 == 0
    when_other = np.where(is_uninformative, when_own, seldom)
    probability = np.where(hidden[:, None] == OWN, when_own, when_other)
    return rng.random((n, len(OWN))) < probability, hidden


def majority(fires: np.ndarray) -> np.ndarray:
    """Return the label with most votes; -1 on a tie."""
    votes = fires @ np.eye(N_LABELS, dtype=int)[OWN]
    n_leading = (votes == votes.max(axis=1, keepdims=True)).sum(axis=1)
    return np.where(n_leading == 1, votes.argmax(axis=1), -1)


def fit(fires: np.ndarray, counts: np.ndarray | None = None) -> label_model.LabelModel:
    if counts is None:
        counts = np.ones(len(fires), dtype=np.int64)
    incidence = sparse.csr_array(fires)
    return label_model.fit(incidence, counts, OWN, N_LABELS, start=majority(fires))


@pytest.mark.parametrize("seed", range(3))
def test_planted_accuracies_are_recovered_and_the_labels_beat_the_majority(seed):
    fires, hidden = planted(seed)
    fitted = fit(fires)
    correct_votes = (fires & (hidden[:, None] == OWN)).sum(axis=0)
    planted_accuracies = correct_votes / fires.sum(axis=0)
    assert np.abs(fitted.accuracies - planted_accuracies).max() < 0.06
    has_several_votes = fires.sum(axis=1) > 1
    is_correct = fitted.posterior.argmax(axis=1) == hidden
    is_majority_correct = majority(fires) == hidden
    assert is_correct[has_several_votes].mean() > 0.95
    assert is_majority_correct[has_several_votes].mean() < 0.9


def test_a_label_that_hardly_occurs_takes_no_messages_of_another():
    """Two groups of rules of one label seldom meet: they look like two labels."""
    rng = np.random.default_rng(0)
    group = rng.integers(0, 2, 6000)
    is_of_group = np.arange(len(OWN)) % 2 == group[:, None]
    of_label_1 = np.where(OWN == 1, np.where(is_of_group, 0.3, 0.01), 0)
    fires = rng.random((6000, len(OWN))) < of_label_1
    of_label_2 = np.where(OWN == 2, group[:, None] * 0.001, 0.0002)
    fires |= rng.random(fires.shape) < of_label_2
    has_label_1 = fit(fires).posterior.argmax(axis=1) == 1
    assert has_label_1[fires[:, OWN == 1].any(axis=1)].mean() > 0.99


def test_the_same_input_gives_the_same_bits_and_the_order_of_patterns_does_not_matter():
    fires, _ = planted(0, n=800)
    first = fit(fires)
    again = fit(fires)
    assert first.accuracies.tobytes() == again.accuracies.tobytes()
    assert first.posterior.tobytes() == again.posterior.tobytes()
    order = np.random.default_rng(1).permutation(len(fires))
    shuffled = fit(fires[order])
    assert np.allclose(shuffled.accuracies, first.accuracies, atol=1e-9)
    assert np.allclose(shuffled.posterior, first.posterior[order], atol=1e-9)


def test_a_count_of_n_stands_for_n_messages():
    fires, _ = planted(0, n=2000)
    patterns, pattern_of_message, counts = np.unique(
        fires, axis=0, return_inverse=True, return_counts=True
    )
    counted = fit(patterns, counts)
    single = fit(fires)
    assert np.allclose(counted.accuracies, single.accuracies, atol=1e-9)
    expanded = counted.posterior[pattern_of_message.ravel()]
    assert np.allclose(expanded, single.posterior, atol=1e-9)


def test_silence_has_no_label_and_a_rule_that_never_fires_no_accuracy():
    fires, _ = planted(0, n=500)
    fires[:, 3] = False
    fires[::5] = False
    fitted = fit(fires)
    assert np.flatnonzero(np.isnan(fitted.accuracies)).tolist() == [3]
    has_votes = fires.any(axis=1)
    assert not fitted.posterior[~has_votes].any()
    without_silence = fit(fires[has_votes])
    assert np.allclose(
        without_silence.accuracies, fitted.accuracies, atol=1e-9, equal_nan=True
    )
    assert np.allclose(
        without_silence.posterior, fitted.posterior[has_votes], atol=1e-9
    )


@pytest.mark.parametrize("n_patterns", [0, 1])
def test_without_any_vote_nothing_is_estimated(n_patterns):
    fitted = fit(np.zeros((n_patterns, len(OWN)), dtype=bool))
    assert np.isnan(fitted.accuracies).all()
    assert fitted.posterior.shape == (n_patterns, N_LABELS)
    assert not fitted.posterior.any()


def test_hundreds_of_rules_on_one_message_do_not_underflow():
    own = np.arange(400) % 2
    fires = np.vstack([np.ones(400, dtype=bool), own == 0, own == 1])
    counts = np.array([1, 10**9, 10**9])
    fitted = label_model.fit(
        sparse.csr_array(fires), counts, own, 2, start=np.array([-1, 0, 1])
    )
    assert np.isfinite(fitted.posterior).all()
    assert fitted.posterior[0] == pytest.approx([0.5, 0.5])
    assert fitted.posterior[1:] == pytest.approx(np.eye(2))


@given(
    st.lists(
        st.lists(st.booleans(), min_size=len(OWN), max_size=len(OWN)),
        min_size=1,
        max_size=12,
    )
)
def test_posteriors_are_distributions_and_accuracies_probabilities(rows):
    fires = np.array(rows)
    fitted = fit(fires)
    assert np.allclose(fitted.posterior.sum(axis=1), fires.any(axis=1))
    assert (fitted.posterior >= 0).all()
    known = fitted.accuracies[fires.any(axis=0)]
    assert ((known > 0) & (known < 1)).all()
