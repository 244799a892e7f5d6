"""Resolve votes to at most one label a message, once for each list of rules."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from scipy import sparse

from pipeline.config.settings import Labelling
from pipeline.data.stages import Stage
from pipeline.labelling import label_model
from pipeline.rules.majority import (
    confident_label,
    label_indices,
    leading_label,
    rule_incidence,
    weight_shares,
)

#: How many messages each list of rule ids matches.
RuleListCounts: TypeAlias = Counter[tuple[str, ...]]


@dataclass(frozen=True, eq=False)
class ResolutionStage(Stage[pd.DataFrame, RuleListCounts, pd.DataFrame]):
    """Count the lists of rules that match messages, then decide on each list's label.

    A shard is its ``votes`` table, the result a ``resolved_labels`` table.
    """

    labelling: Labelling

    def map(self, shard: pd.DataFrame) -> RuleListCounts:
        """Return how many messages of a shard each list of rules matches."""
        return Counter(map(tuple, shard["rules"]))

    def merge(self, partials: Iterable[RuleListCounts]) -> RuleListCounts:
        """Add up counts."""
        counts: RuleListCounts = Counter()
        for partial in partials:
            counts.update(partial)
        return counts

    def finish(self, partial: RuleListCounts) -> pd.DataFrame:
        """Return the label of each list."""
        return resolve_counts(partial, self.labelling)


def resolve_counts(counts: RuleListCounts, labelling: Labelling) -> pd.DataFrame:
    """Return a ``resolved_labels`` table.

    The most frequent list of rules comes first, lists of equal counts in the order of
    their ids. A tie, silence, and too little confidence give no label. The confidence
    is the share of the weight, or of the posterior, behind the leading label.
    """
    ordered = sorted(counts.items(), key=_most_frequent_first)
    lists = [list(rules) for rules, _ in ordered]
    messages = np.array([count for _, count in ordered], dtype=np.int64)
    incidence = rule_incidence(lists, [rule.id for rule in labelling.rules])
    if labelling.resolution.method == "label_model":
        shares = _estimate(incidence, messages, labelling).posterior
    else:
        shares = weight_shares(incidence, labelling)
    winner = confident_label(shares, labelling.resolution.min_confidence)
    # The last name is that of -1, which is no label.
    names = np.array([*labelling.labels, None], dtype=object)
    return pd.DataFrame(
        {
            "rules": pd.Series(lists, dtype=object),
            "messages": messages,
            "label": pd.Series(names[winner], dtype="str"),
            "confidence": shares.max(axis=1, initial=0),
        }
    )


def rule_accuracies(
    resolved_labels: pd.DataFrame, labelling: Labelling
) -> dict[str, float]:
    """Return the accuracy that the label model estimates for each rule, by its id.

    It is the share of a rule's matches that have the rule's label. Rules without a
    match are left out; all of them are if a majority resolves the votes.
    """
    if labelling.resolution.method != "label_model":
        return {}
    ids = [rule.id for rule in labelling.rules]
    incidence = rule_incidence(resolved_labels["rules"], ids)
    messages = resolved_labels["messages"].to_numpy()
    accuracies = _estimate(incidence, messages, labelling).accuracies
    return {
        rule_id: float(accuracy)
        for rule_id, accuracy in zip(ids, accuracies, strict=True)
        if not np.isnan(accuracy)
    }


def _most_frequent_first(item: tuple[tuple[str, ...], int]) -> tuple[object, ...]:
    rules, count = item
    return -count, rules


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
