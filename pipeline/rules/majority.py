"""Find the label that the weights of the matching rules favour.

Weights are added as whole millionths, so that 0.1 + 0.2 against 0.3 is a tie.
"""

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from pipeline.config.settings import Labelling

MILLION = 1_000_000
TIE = 1e-9  # shares that differ by no more are equal
NO_LABEL = -1  # an index that no label has


def rule_incidence(
    lists: Sequence[Sequence[str]], ids: Sequence[str]
) -> sparse.csr_array:
    """Return which rule is in which list: bool [n_lists, n_rules].

    Examples
    --------
    >>> rule_incidence([["prize"], []], ids=["prize", "tonight"]).toarray().tolist()
    [[True, False], [False, False]]
    """
    column_of_rule = {rule_id: column for column, rule_id in enumerate(ids)}
    columns: list[int] = []
    bounds = [0]
    for rules in lists:
        columns.extend(column_of_rule[rule_id] for rule_id in rules)
        bounds.append(len(columns))
    return sparse.csr_array(
        (np.ones(len(columns), dtype=bool), columns, bounds),
        shape=(len(lists), len(ids)),
    )


def weights_in_millionths(labelling: Labelling) -> np.ndarray:
    """Return each rule's weight in millionths: int64 [n_rules]."""
    weights = [round(rule.weight * MILLION) for rule in labelling.rules]
    return np.array(weights, dtype=np.int64)


def label_indices(labelling: Labelling) -> np.ndarray:
    """Return the index of each rule's label: int64 [n_rules]."""
    index_of = {label: index for index, label in enumerate(labelling.labels)}
    labels = [index_of[rule.label] for rule in labelling.rules]
    return np.array(labels, dtype=np.int64)


def label_scores(
    incidence: sparse.csr_array | sparse.csc_array, labelling: Labelling
) -> np.ndarray:
    """Return the weight that votes for each label: int64 [n_lists, n_labels]."""
    is_own = np.eye(len(labelling.labels), dtype=np.int64)[label_indices(labelling)]
    weights = weights_in_millionths(labelling)
    return incidence.astype(np.int64) @ (weights[:, None] * is_own)


def shares_of(scores: np.ndarray) -> np.ndarray:
    """Return scores as shares of their list's sum; 0 where all scores are 0.

    Examples
    --------
    >>> shares_of(np.array([[1, 3], [0, 0]])).tolist()
    [[0.25, 0.75], [0.0, 0.0]]
    """
    return scores / np.maximum(scores.sum(axis=1, keepdims=True), 1)


def weight_shares(
    incidence: sparse.csr_array | sparse.csc_array, labelling: Labelling
) -> np.ndarray:
    """Return each label's share of the weight: float64 [n_lists, n_labels]."""
    return shares_of(label_scores(incidence, labelling))


def leading_label(shares: np.ndarray) -> np.ndarray:
    """Return the index of the label with the largest share: int64 [n_lists].

    It is `NO_LABEL` on a tie, and where no label has a share.

    Examples
    --------
    >>> leading_label(np.array([[0.4, 0.6], [0.5, 0.5]])).tolist()
    [1, -1]
    """
    ranked = np.sort(shares, axis=1)
    is_decided = (ranked[:, -1] > 0) & (ranked[:, -1] - ranked[:, -2] > TIE)
    return np.where(is_decided, shares.argmax(axis=1), NO_LABEL)


def confident_label(shares: np.ndarray, min_confidence: float) -> np.ndarray:
    """Return the `leading_label` where its share is large enough, else `NO_LABEL`.

    Examples
    --------
    >>> shares = np.array([[0.4, 0.6], [0.1, 0.9]])
    >>> confident_label(shares, min_confidence=0.8).tolist()
    [-1, 1]
    """
    is_confident = shares.max(axis=1, initial=0) >= min_confidence
    return np.where(is_confident, leading_label(shares), NO_LABEL)
