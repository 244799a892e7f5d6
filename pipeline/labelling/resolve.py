"""Resolve votes to at most one label for each message.

Messages that the same rules match get the same label, so each list of rules is resolved
once.
"""

import math
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

    Examples
    --------
    >>> from pipeline.config.settings import Engine, Resolution, Rule
    >>> prize = Rule(id="prize", label="spam", pattern="prize", why="a lottery")
    >>> hello = Rule(id="hello", label="personal", pattern="hello", why="a greeting")
    >>> labelling = Labelling(
    ...     rules=(prize, hello),
    ...     engine=Engine(compile_timeout_seconds=60, search_timeout_seconds=60),
    ...     resolution=Resolution(
    ...         method="majority", min_confidence=0, soft_labels=False
    ...     ),
    ... )
    >>> counts = Counter({("hello", "prize"): 1, ("prize",): 3, (): 7})
    >>> resolve_counts(counts, labelling)
                rules  messages label  confidence
    0              []         7   NaN         0.0
    1         [prize]         3  spam         1.0
    2  [hello, prize]         1   NaN         0.5
    """
    lists: list[list[str]] = []
    list_counts: list[int] = []
    for rules, count in sorted(counts.items(), key=_most_frequent_first):
        lists.append(list(rules))
        list_counts.append(count)
    messages = np.array(list_counts, dtype=np.int64)
    incidence = rule_incidence(lists, rule_ids(labelling))
    if labelling.resolution.method == "label_model":
        shares = _estimate(incidence, messages, labelling).posterior
    else:
        shares = weight_shares(incidence, labelling)
    label_index = confident_label(shares, labelling.resolution.min_confidence)
    # The index of no label is -1, which selects the last name.
    names = np.array([*labelling.labels, None], dtype=object)
    return pd.DataFrame(
        {
            "rules": pd.Series(lists, dtype=object),
            "messages": messages,
            "label": pd.Series(names[label_index], dtype="str"),
            "confidence": shares.max(axis=1, initial=0),
        }
    )


def rule_accuracies(
    resolved_labels: pd.DataFrame, labelling: Labelling
) -> dict[str, float]:
    """Return the accuracy that the label model estimates for each rule, by its id.

    The accuracy is the share of a rule's matches that have the rule's label. A rule
    without a match has none, and no rule has one if a majority resolves the votes.
    """
    if labelling.resolution.method != "label_model":
        return {}
    ids = rule_ids(labelling)
    incidence = rule_incidence(resolved_labels["rules"].tolist(), ids)
    messages = resolved_labels["messages"].to_numpy()
    estimates = _estimate(incidence, messages, labelling).accuracies.tolist()
    accuracies = {}
    for rule_id, accuracy in zip(ids, estimates, strict=True):
        if not math.isnan(accuracy):
            accuracies[rule_id] = accuracy
    return accuracies


def rule_ids(labelling: Labelling) -> list[str]:
    """Return the ids of the rules, in the order of the rules."""
    return [rule.id for rule in labelling.rules]


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
