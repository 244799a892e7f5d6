"""Resolve votes to at most one label a message, once for each list of rules."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from scipy import sparse

from pipeline.config.settings import Labelling
from pipeline.data.stages import Stage
from pipeline.labelling import label_model

#: How many messages each list of rule ids matches.
RuleListCounts: TypeAlias = Counter[tuple[str, ...]]

MILLION = 1_000_000
TIE = 1e-9  # probabilities that differ by less are equal


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
        shares = _weight_shares(incidence, labelling)
    confidence = shares.max(axis=1, initial=0)
    is_confident = confidence >= labelling.resolution.min_confidence
    winner = np.where(is_confident, leading_label(shares), -1)
    # The last name is that of -1, which is no label.
    names = np.array([*labelling.labels, None], dtype=object)
    return pd.DataFrame(
        {
            "rules": pd.Series(lists, dtype=object),
            "messages": messages,
            "label": pd.Series(names[winner], dtype="str"),
            "confidence": confidence,
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


def leading_label(shares: np.ndarray) -> np.ndarray:
    """Return the index of the label with the largest share, int64 [n_lists].

    It is -1 on a tie, and where no label has a share.
    """
    ranked = np.sort(shares, axis=1)
    decided = (ranked[:, -1] > 0) & (ranked[:, -1] - ranked[:, -2] > TIE)
    return np.where(decided, shares.argmax(axis=1), -1)


def rule_incidence(
    lists: Sequence[Sequence[str]], ids: Sequence[str]
) -> sparse.csr_array:
    """Return which rule is in which list: bool [n_lists, n_rules]."""
    column_of_rule = {rule_id: column for column, rule_id in enumerate(ids)}
    columns: list[int] = []
    bounds = [0]
    for rules in lists:
        columns.extend(column_of_rule[rule_id] for rule_id in rules)
        bounds.append(len(columns))
    present = np.ones(len(columns), dtype=bool)
    indices = np.array(columns, dtype=np.int64)
    shape = (len(lists), len(ids))
    return sparse.csr_array((present, indices, bounds), shape=shape)


def weights_in_millionths(labelling: Labelling) -> np.ndarray:
    """Return each rule's weight as whole millionths, int64 [n_rules].

    They add up exactly: 0.1 + 0.2 against 0.3 is the tie that it looks like.
    """
    weights = [round(rule.weight * MILLION) for rule in labelling.rules]
    return np.array(weights, dtype=np.int64)


def label_indices(labelling: Labelling) -> np.ndarray:
    """Return the index of each rule's label, int64 [n_rules]."""
    index_of_label = {label: index for index, label in enumerate(labelling.labels)}
    indices = [index_of_label[rule.label] for rule in labelling.rules]
    return np.array(indices, dtype=np.int64)


def label_scores(
    incidence: sparse.csr_array | sparse.csc_array, labelling: Labelling
) -> np.ndarray:
    """Return the weight that votes for each label: int64 [n_lists, n_labels]."""
    is_own = np.eye(len(labelling.labels), dtype=np.int64)[label_indices(labelling)]
    weights = weights_in_millionths(labelling)
    return incidence.astype(np.int64) @ (weights[:, None] * is_own)


def shares_of(scores: np.ndarray) -> np.ndarray:
    """Return each label's share of the scores of a list; 0 where all scores are 0."""
    return scores / np.maximum(scores.sum(axis=1, keepdims=True), 1)


def _most_frequent_first(item: tuple[tuple[str, ...], int]) -> tuple[object, ...]:
    rules, count = item
    return -count, rules


def _weight_shares(incidence: sparse.csr_array, labelling: Labelling) -> np.ndarray:
    return shares_of(label_scores(incidence, labelling))


def _estimate(
    incidence: sparse.csr_array, messages: np.ndarray, labelling: Labelling
) -> label_model.LabelModel:
    return label_model.fit(
        incidence,
        messages,
        label_indices(labelling),
        len(labelling.labels),
        start=leading_label(_weight_shares(incidence, labelling)),
    )
