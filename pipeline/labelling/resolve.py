"""From the rules that matched to at most one label a message, decided once for each list of rules that occurs."""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from scipy import sparse

from pipeline.config.settings import Labelling
from pipeline.labelling import label_model

MILLION = 1_000_000
TIE = 1e-9  # posteriors as near as this are as good as equal


def resolve(votes: Iterable[pd.DataFrame], labelling: Labelling) -> pd.DataFrame:
    """A ``verdicts`` table, the most frequent list of rules first, then in the order of their ids.

    A tie, silence, and less than the least confidence abstain. The confidence is the share of the weight, or of the
    posterior, behind the label that leads.
    """
    lists, counts = _distinct(votes)
    found = incidence(lists, [rule.id for rule in labelling.rules])
    if labelling.resolution.method == "label_model":
        belief = _estimate(found, counts, labelling).posterior
    else:
        belief = _shares(found, labelling)
    confidence = belief.max(axis=1, initial=0)
    winner = np.where(
        confidence >= labelling.resolution.min_confidence, leader(belief), -1
    )
    names = np.array(
        [*labelling.labels, None], dtype=object
    )  # -1, the abstention, is the last
    return pd.DataFrame(
        {
            "rules": pd.Series(lists, dtype=object),
            "messages": counts,
            "label": pd.Series(names[winner], dtype="str"),
            "confidence": confidence,
        }
    )


def rule_accuracies(verdicts: pd.DataFrame, labelling: Labelling) -> dict[str, float]:
    """By the rules' ids, the share of a rule's matches that have its label, as the label model estimates it.

    Rules without a match are left out; all of them are where a majority resolves the votes.
    """
    if labelling.resolution.method != "label_model":
        return {}
    ids = [rule.id for rule in labelling.rules]
    model = _estimate(
        incidence(verdicts["rules"], ids), verdicts["messages"].to_numpy(), labelling
    )
    return {
        rule: float(share)
        for rule, share in zip(ids, model.accuracies, strict=True)
        if not np.isnan(share)
    }


def leader(belief: np.ndarray) -> np.ndarray:
    """The number of the label with the largest share, or -1 on a tie or silence: int64 [n_lists]."""
    ranked = np.sort(belief, axis=1)
    decided = (ranked[:, -1] > 0) & (ranked[:, -1] - ranked[:, -2] > TIE)
    return np.where(decided, belief.argmax(axis=1), -1)


def incidence(lists: Sequence[Sequence[str]], ids: Sequence[str]) -> sparse.csr_array:
    """Which rule stands in which list: bool [n_lists, n_rules]."""
    place = {rule: number for number, rule in enumerate(ids)}
    lengths = np.array([len(rules) for rules in lists], dtype=np.int64)
    columns = np.fromiter(
        (place[rule] for rules in lists for rule in rules),
        dtype=np.int64,
        count=lengths.sum(),
    )
    bounds = np.concatenate([[0], np.cumsum(lengths)])
    return sparse.csr_array(
        (np.ones(len(columns), dtype=bool), columns, bounds),
        shape=(len(lists), len(ids)),
    )


def _distinct(votes: Iterable[pd.DataFrame]) -> tuple[list[list[str]], np.ndarray]:
    counted: Counter[tuple[str, ...]] = Counter()
    for table in votes:
        counted.update(map(tuple, table["rules"]))
    ordered = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return [list(rules) for rules, _ in ordered], np.array(
        [count for _, count in ordered], dtype=np.int64
    )


def _estimate(
    found: sparse.csr_array, counts: np.ndarray, labelling: Labelling
) -> label_model.LabelModel:
    own = np.array([labelling.labels.index(rule.label) for rule in labelling.rules])
    return label_model.fit(
        found, counts, own, len(labelling.labels), leader(_shares(found, labelling))
    )


def _shares(found: sparse.csr_array, labelling: Labelling) -> np.ndarray:
    """Each label's share of the weight that votes: float64 [n_lists, n_labels], 0 where none does.

    Weights are added as whole millionths, so that 0.1 + 0.2 against 0.3 is the tie that it looks like.
    """
    weights = np.zeros((len(labelling.rules), len(labelling.labels)), dtype=np.int64)
    for row, rule in enumerate(labelling.rules):
        weights[row, labelling.labels.index(rule.label)] = round(rule.weight * MILLION)
    scores = found.astype(np.int64) @ weights
    return scores / np.maximum(scores.sum(axis=1, keepdims=True), 1)
