"""From the rules that matched to at most one label a message.

Each list of rules that occurs is decided once.
"""

from collections import Counter
from collections.abc import Iterable

import numpy as np
import pandas as pd
from scipy import sparse

from pipeline.config.settings import Labelling
from pipeline.labelling import label_model
from pipeline.rules.majority import (
    confident_label,
    label_indices,
    leading_label,
    rule_incidence,
    weight_shares,
)

RuleList = tuple[str, ...]  # the ids of the rules that matched a message, in order


def resolve(votes: Iterable[pd.DataFrame], labelling: Labelling) -> pd.DataFrame:
    """Return the ``verdicts`` table of votes, as `resolve_counts` does."""
    return resolve_counts(count_votes(votes), labelling)


def count_votes(votes: Iterable[pd.DataFrame]) -> Counter[RuleList]:
    """Return how many messages each list of rules stands for."""
    counts: Counter[RuleList] = Counter()
    for table in votes:
        counts.update(map(tuple, table["rules"]))
    return counts


def resolve_counts(counts: Counter[RuleList], labelling: Labelling) -> pd.DataFrame:
    """Return a ``verdicts`` table, the most frequent list of rules first.

    Lists that are equally frequent are in the order of their ids. A tie, silence, and
    less than the minimum confidence abstain. The confidence is the share of the
    weight, or of the posterior, behind the label that leads.
    """
    ordered = sorted(counts.items(), key=_by_frequency)
    rule_lists = [list(rule_list) for rule_list, _ in ordered]
    messages = np.array([count for _, count in ordered], dtype=np.int64)
    incidence = rule_incidence(rule_lists, [rule.id for rule in labelling.rules])
    if labelling.resolution.method == "label_model":
        shares = _estimate(incidence, messages, labelling).posterior
    else:
        shares = weight_shares(incidence, labelling)
    winners = confident_label(shares, labelling.resolution.min_confidence)
    # -1, the abstention, is the last name.
    names = np.array([*labelling.labels, None], dtype=object)
    return pd.DataFrame(
        {
            "rules": pd.Series(rule_lists, dtype=object),
            "messages": messages,
            "label": pd.Series(names[winners], dtype="str"),
            "confidence": shares.max(axis=1, initial=0),
        }
    )


def rule_accuracies(verdicts: pd.DataFrame, labelling: Labelling) -> dict[str, float]:
    """Return the accuracy of each rule, by its id, as the label model estimates it.

    It is the share of a rule's matches that have its label. Rules without a match are
    left out; all of them are where a majority resolves the votes.
    """
    if labelling.resolution.method != "label_model":
        return {}
    ids = [rule.id for rule in labelling.rules]
    incidence = rule_incidence(verdicts["rules"], ids)
    model = _estimate(incidence, verdicts["messages"].to_numpy(), labelling)
    return {
        rule_id: float(accuracy)
        for rule_id, accuracy in zip(ids, model.accuracies, strict=True)
        if not np.isnan(accuracy)
    }


def _by_frequency(item: tuple[RuleList, int]) -> tuple[int, RuleList]:
    rule_list, count = item
    return -count, rule_list


def _estimate(
    incidence: sparse.csr_array, messages: np.ndarray, labelling: Labelling
) -> label_model.LabelModel:
    return label_model.fit(
        incidence,
        messages,
        label_indices(labelling),
        len(labelling.labels),
        start=leading_label(weight_shares(incidence, labelling)),
    )
