"""The label model: planted accuracies are found; only the counted patterns decide."""

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
    when_other = np.where(
        np.arange(len(OWN)) % 4 == 0, when_own, rng.uniform(0.0, 0.01, len(OWN))
    )
    return rng.random((n, len(OWN))) < np.where(
        hidden[:, None] == OWN, when_own, when_other
    ), hidden


def majority(fires: np.ndarray) -> np.ndarray:
    votes = fires @ np.eye(N_LABELS, dtype=int)[OWN]
    return np.where(
        (votes == votes.max(axis=1, keepdims=True)).sum(axis=1) == 1,
        votes.argmax(axis=1),
        -1,
    )


def fit(fires: np.ndarray, counts: np.ndarray | None = None) -> label_model.LabelModel:
    counts = np.ones(len(fires), dtype=np.int64) if counts is None else counts
    return label_model.fit(
        sparse.csr_array(fires), counts, OWN, N_LABELS, majority(fires)
    )


@pytest.mark.parametrize("seed", range(3))
def test_planted_accuracies_are_recovered_and_the_labels_beat_the_majority(seed):
    fires, hidden = planted(seed)
    found = fit(fires)
    planted_accuracies = (fires & (hidden[:, None] == OWN)).sum(axis=0) / fires.sum(
        axis=0
    )
    assert np.abs(found.accuracies - planted_accuracies).max() < 0.06
    several = fires.sum(axis=1) > 1
    right, before = found.posterior.argmax(axis=1) == hidden, majority(fires) == hidden
    assert right[several].mean() > 0.95 > before[several].mean() + 0.05


def test_a_label_that_hardly_occurs_takes_no_messages_of_another():
    """Two groups of rules of one label seldom meet: they look like two labels."""
    rng = np.random.default_rng(0)
    group = rng.integers(0, 2, 6000)
    fires = rng.random((6000, len(OWN))) < np.where(
        OWN == 1, np.where(np.arange(len(OWN)) % 2 == group[:, None], 0.3, 0.01), 0
    )
    fires |= rng.random(fires.shape) < np.where(
        OWN == 2, group[:, None] * 0.001, 0.0002
    )
    found = fit(fires)
    assert (found.posterior.argmax(axis=1) == 1)[
        fires[:, OWN == 1].any(axis=1)
    ].mean() > 0.99


def test_the_same_input_gives_the_same_bits_and_the_order_of_patterns_does_not_matter():
    fires, _ = planted(0, n=800)
    first, again = fit(fires), fit(fires)
    assert first.accuracies.tobytes() == again.accuracies.tobytes()
    assert first.posterior.tobytes() == again.posterior.tobytes()
    order = np.random.default_rng(1).permutation(len(fires))
    shuffled = fit(fires[order])
    assert np.allclose(shuffled.accuracies, first.accuracies, atol=1e-9)
    assert np.allclose(shuffled.posterior, first.posterior[order], atol=1e-9)


def test_a_count_stands_for_that_many_messages():
    fires, _ = planted(0, n=2000)
    patterns, place, counts = np.unique(
        fires, axis=0, return_inverse=True, return_counts=True
    )
    counted, each = fit(patterns, counts), fit(fires)
    assert np.allclose(counted.accuracies, each.accuracies, atol=1e-9)
    assert np.allclose(counted.posterior[place.ravel()], each.posterior, atol=1e-9)


def test_silence_has_no_label_and_a_rule_that_never_fires_no_accuracy():
    fires, _ = planted(0, n=500)
    fires[:, 3] = False
    fires[::5] = False
    found = fit(fires)
    assert np.flatnonzero(np.isnan(found.accuracies)).tolist() == [3]
    spoken = fires.any(axis=1)
    assert not found.posterior[~spoken].any()
    heard = fit(fires[spoken])
    assert np.allclose(heard.accuracies, found.accuracies, atol=1e-9, equal_nan=True)
    assert np.allclose(heard.posterior, found.posterior[spoken], atol=1e-9)


@pytest.mark.parametrize("n_patterns", [0, 1])
def test_without_any_vote_there_is_nothing_to_learn(n_patterns):
    found = fit(np.zeros((n_patterns, len(OWN)), dtype=bool))
    assert np.isnan(found.accuracies).all()
    assert found.posterior.shape == (n_patterns, N_LABELS) and not found.posterior.any()


def test_hundreds_of_rules_on_one_message_do_not_underflow():
    own = np.arange(400) % 2
    fires = np.vstack([np.ones(400, dtype=bool), own == 0, own == 1])
    counts = np.array([1, 10**9, 10**9])
    found = label_model.fit(
        sparse.csr_array(fires), counts, own, 2, np.array([-1, 0, 1])
    )
    assert np.isfinite(found.posterior).all()
    assert found.posterior[0] == pytest.approx([0.5, 0.5])
    assert found.posterior[1:] == pytest.approx(np.eye(2))


@given(
    st.lists(
        st.lists(st.booleans(), min_size=len(OWN), max_size=len(OWN)),
        min_size=1,
        max_size=12,
    )
)
def test_posteriors_are_distributions_and_accuracies_probabilities(rows):
    fires = np.array(rows)
    found = fit(fires)
    assert np.allclose(found.posterior.sum(axis=1), fires.any(axis=1))
    assert (found.posterior >= 0).all()
    known = found.accuracies[fires.any(axis=0)]
    assert ((known > 0) & (known < 1)).all()
