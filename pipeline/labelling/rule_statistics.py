"""Measure the rules: coverage, overlaps, conflicts, and how often humans agree.

This is Snorkel's analysis of labelling functions, and for each rule the messages that
it decides. Messages that the same rules match are one row with a count, so the cost
depends on the number of distinct lists of rules.

References
----------
Ratner et al., "Snorkel: rapid training data creation with weak supervision", VLDB 2017.
"""

import functools
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from pipeline.config.settings import Labelling, Rule
from pipeline.data.reviewed_messages import Merge, merged_labels
from pipeline.data.stages import Stage
from pipeline.labelling.resolve import rule_accuracies, rule_ids
from pipeline.patterns import PatternStrategy
from pipeline.records.rules import (
    Conflict,
    FallbackRule,
    LabellingSummary,
    RuleStatistics,
)
from pipeline.rules.majority import (
    label_indices,
    label_scores,
    leading_label,
    rule_incidence,
    shares_of,
    weights_in_millionths,
)
from pipeline.statistics.interval import Interval
from pipeline.statistics.wilson import wilson_interval

#: Conflicting rules that are named for each rule.
MAX_CONFLICTS = 3
#: Messages; on fewer, two rules may match together by chance.
MIN_TOGETHER = 5


@dataclass(frozen=True, eq=False)
class RuleStatisticsStage(Stage[pd.DataFrame, pd.DataFrame, LabellingSummary]):
    """Collect the votes on reviewed messages, then describe all rules.

    A shard is its ``votes`` table. A partial is a ``votes`` table, too: the votes on
    messages whose human label some rule votes for.

    Attributes
    ----------
    resolved_labels, reviewed
        The tables ``resolved_labels`` and ``reviewed_messages``.
    fallbacks
        The rules whose patterns `re` must confirm or search for.
    merge_labels
        ``evaluation.merge``: how rules' labels are merged before they are compared with
        human labels.
    confidence
        The confidence of the intervals, in (0, 1).
    """

    resolved_labels: pd.DataFrame
    reviewed: pd.DataFrame
    labelling: Labelling
    fallbacks: Sequence[PatternStrategy]
    merge_labels: Merge
    confidence: float

    def map(self, shard: pd.DataFrame) -> pd.DataFrame:
        """Return the votes on the reviewed messages of a shard."""
        return shard[shard["key"].isin(self._compared["key"])]

    def merge(self, partials: Iterable[pd.DataFrame]) -> pd.DataFrame:
        """Concatenate votes, in the order of their keys."""
        return pd.concat(partials).sort_values("key", ignore_index=True)

    def finish(self, partial: pd.DataFrame) -> LabellingSummary:
        """Return the statistics of all rules."""
        labelling = self.labelling
        matches = _Matches.of(self.resolved_labels, labelling)
        statistics = self._statistics(matches, partial)
        is_labelled = matches.label >= 0
        is_silent = matches.incidence.sum(axis=1) == 0
        messages = matches.messages
        return LabellingSummary(
            messages=int(messages.sum()),
            labelled=int(messages[is_labelled].sum()),
            silent=int(messages[is_silent].sum()),
            tied=int(messages[~is_labelled & ~is_silent].sum()),
            labels=dict(zip(labelling.labels, matches.of_labels(), strict=True)),
            dead=_dead(statistics),
            duplicates=_duplicates(labelling.rules),
            always_together=matches.always_together(),
            fallbacks=tuple(map(_fallback_rule, self.fallbacks)),
            rules=statistics,
        )

    def _statistics(
        self, matches: "_Matches", votes: pd.DataFrame
    ) -> tuple[RuleStatistics, ...]:
        """Return the statistics of each rule, in the order of the rules."""
        n_messages = int(matches.messages.sum())
        counts = zip(self.labelling.labels, matches.of_labels(), strict=True)
        messages_of_label = dict(counts)
        accuracies = rule_accuracies(self.resolved_labels, self.labelling)
        rows = zip(
            self.labelling.rules, matches.of_rules(), self._reviews(votes), strict=True
        )
        statistics = []
        for rule, matched, reviews in rows:
            rule_statistics = RuleStatistics(
                id=rule.id,
                label=rule.label,
                field=rule.field,
                why=rule.why,
                coverage=matched.coverage,
                share=_share(matched.coverage, n_messages),
                overlaps=matched.overlaps,
                conflicts=matched.conflicts,
                conflicts_with=matched.conflicts_with,
                agreed=matched.agreed,
                decides=matched.decides,
                decides_share=_share(matched.decides, messages_of_label[rule.label]),
                reviewed=reviews.reviewed,
                correct=reviews.correct,
                precision=reviews.precision,
                accuracy=accuracies.get(rule.id),
            )
            statistics.append(rule_statistics)
        return tuple(statistics)

    @functools.cached_property
    def _own_labels(self) -> list[str]:
        """The merged label of each rule, to compare with human labels."""
        merged = merged_labels(self.merge_labels)
        return [merged.get(rule.label, rule.label) for rule in self.labelling.rules]

    @functools.cached_property
    def _compared(self) -> pd.DataFrame:
        """The reviewed messages with a label that some rule votes for."""
        return self.reviewed[self.reviewed["label"].isin(self._own_labels)]

    def _reviews(self, votes: pd.DataFrame) -> list["_RuleReviews"]:
        """Return how often humans agree with each rule."""
        table = self._compared.merge(votes, on="key")
        document = table.groupby(["body", "label"]).ngroup().to_numpy()
        human = table["label"].to_numpy()
        votes_of_table = table["rules"].tolist()
        incidence = rule_incidence(votes_of_table, rule_ids(self.labelling)).tocsc()
        reviews = []
        for rule, own_label in enumerate(self._own_labels):
            rows = _rows_of(incidence, rule)
            is_correct = human[rows] == own_label
            reviews.append(
                _RuleReviews(
                    reviewed=len(rows),
                    correct=int(is_correct.sum()),
                    precision=_precision(is_correct, document[rows], self.confidence),
                )
            )
        return reviews


@dataclass(frozen=True)
class _RuleReviews:
    """How often humans gave the label of a rule to messages that it matches."""

    reviewed: int
    correct: int
    precision: Interval


@dataclass(frozen=True)
class _RuleMatches:
    """What a rule matches, as in `RuleStatistics`.

    For ``decides`` the majority of weights decides, also where the label model resolves
    votes.
    """

    coverage: int
    overlaps: int
    conflicts: int
    conflicts_with: tuple[Conflict, ...]
    agreed: int
    decides: int


@dataclass(frozen=True, eq=False)
class _Matches:
    """Which rules match which messages: one row for each distinct list of rules.

    Attributes
    ----------
    incidence
        int64 [n_lists, n_rules], 1 where the rule is in the list.
    messages
        int64 [n_lists], how many messages have the list.
    label
        int64 [n_lists], the index of the label that the list resolves to; -1 for none.
    rule_label
        int64 [n_rules], the index of each rule's label.
    """

    labelling: Labelling
    incidence: sparse.csc_array
    messages: np.ndarray
    label: np.ndarray
    rule_label: np.ndarray

    @classmethod
    def of(cls, resolved_labels: pd.DataFrame, labelling: Labelling) -> "_Matches":
        """Return the matches that a ``resolved_labels`` table holds."""
        lists = resolved_labels["rules"].tolist()
        incidence = rule_incidence(lists, rule_ids(labelling))
        label = pd.Categorical(resolved_labels["label"], categories=labelling.labels)
        return cls(
            labelling=labelling,
            incidence=incidence.astype(np.int64).tocsc(),
            messages=resolved_labels["messages"].to_numpy(dtype=np.int64),
            label=label.codes.astype(np.int64),
            rule_label=label_indices(labelling),
        )

    def of_labels(self) -> list[int]:
        """Return the number of messages of each label, in the order of the labels."""
        return [
            int(self.messages[self.label == index].sum())
            for index in range(len(self.labelling.labels))
        ]

    def of_rules(self) -> list[_RuleMatches]:
        """Return the matches of each rule, in the order of the rules."""
        return [self._of_rule(rule) for rule in range(len(self.rule_label))]

    def _of_rule(self, rule: int) -> _RuleMatches:
        lists = _rows_of(self.incidence, rule)
        label = self.rule_label[rule]
        n_rules = self._n_rules[lists]
        is_conflict = self._n_rules_of_label[lists, label] < n_rules
        agreed_lists = lists[self.label[lists] == label]
        decided_lists = agreed_lists[self._is_decisive(rule, agreed_lists)]
        return _RuleMatches(
            coverage=self._count_messages(lists),
            overlaps=self._count_messages(lists[n_rules > 1]),
            conflicts=self._count_messages(lists[is_conflict]),
            conflicts_with=self._most_frequent_conflicts(rule),
            agreed=self._count_messages(agreed_lists),
            decides=self._count_messages(decided_lists),
        )

    @functools.cached_property
    def _n_rules(self) -> np.ndarray:
        """The number of rules in each list: int64 [n_lists]."""
        return self.incidence.sum(axis=1)

    @functools.cached_property
    def _n_rules_of_label(self) -> np.ndarray:
        """The number of rules of each label in each list: int64 [n_lists, n_labels]."""
        has_label = np.eye(len(self.labelling.labels), dtype=np.int64)[self.rule_label]
        return self.incidence @ has_label

    @functools.cached_property
    def _conflicts_of_rules(self) -> sparse.csr_array:
        """How many messages two rules of other labels match: int64 [n_rules, n_rules].

        It is 0 for two rules of one label.
        """
        weighted = (self.incidence * self.messages[:, None]).tocsc()
        together = (self.incidence.T @ weighted).tocsr()
        rules = np.repeat(np.arange(together.shape[0]), np.diff(together.indptr))
        has_same_label = self.rule_label[rules] == self.rule_label[together.indices]
        together.data[has_same_label] = 0
        together.eliminate_zeros()
        return together

    @functools.cached_property
    def _scores(self) -> np.ndarray:
        """The summed weights of each label's rules: [n_lists, n_labels]."""
        return label_scores(self.incidence, self.labelling)

    @functools.cached_property
    def _weights(self) -> np.ndarray:
        """The weight of each rule, in millionths: [n_rules]."""
        return weights_in_millionths(self.labelling)

    def _is_decisive(self, rule: int, lists: np.ndarray) -> np.ndarray:
        """Return whether the label wins only with this rule: bool [n_lists]."""
        label = self.rule_label[rule]
        with_rule = self._scores[lists]
        without_rule = with_rule.copy()
        without_rule[:, label] -= self._weights[rule]
        return self._wins(with_rule, label) & ~self._wins(without_rule, label)

    def always_together(self) -> tuple[tuple[str, ...], ...]:
        """Return groups of rules that match exactly the same messages.

        A rule that matches fewer than `MIN_TOGETHER` messages is in no group.
        """
        keys: list[Hashable] = []
        for rule in range(len(self.rule_label)):
            lists = np.sort(_rows_of(self.incidence, rule))
            is_frequent = self.messages[lists].sum() >= MIN_TOGETHER
            keys.append(lists.tobytes() if is_frequent else rule)
        return _groups(self.labelling.rules, keys)

    def _count_messages(self, lists: np.ndarray) -> int:
        return int(self.messages[lists].sum())

    def _most_frequent_conflicts(self, rule: int) -> tuple[Conflict, ...]:
        """Return the rules that conflict most often, equal counts by their ids."""
        together = self._conflicts_of_rules
        row = slice(together.indptr[rule], together.indptr[rule + 1])
        others = together.indices[row].tolist()
        counts = together.data[row].tolist()
        conflicts = []
        for other, count in zip(others, counts, strict=True):
            other_id = self.labelling.rules[other].id
            conflicts.append(Conflict(id=other_id, messages=count))
        conflicts.sort(key=_most_messages_first)
        return tuple(conflicts[:MAX_CONFLICTS])

    def _wins(self, scores: np.ndarray, label: int) -> np.ndarray:
        """Return whether the label has the majority of weights: bool [n_lists]."""
        shares = shares_of(scores)
        min_confidence = self.labelling.resolution.min_confidence
        is_confident = shares[:, label] >= min_confidence
        return (leading_label(shares) == label) & is_confident


def _rows_of(matrix: sparse.csc_array, column: int) -> np.ndarray:
    """Return the indices of a column's rows that are not 0."""
    return matrix.indices[matrix.indptr[column] : matrix.indptr[column + 1]]


def _share(count: int, total: int) -> float | None:
    return count / total if total else None


def _precision(
    is_correct: np.ndarray, document: np.ndarray, confidence: float
) -> Interval:
    """Return the share of correct messages; equal texts are one document."""
    _, first, weight = np.unique(document, return_index=True, return_counts=True)
    return wilson_interval(is_correct[first], weight, confidence)


def _dead(statistics: Iterable[RuleStatistics]) -> tuple[str, ...]:
    """Return the ids of rules that match no message."""
    return tuple(rule.id for rule in statistics if rule.coverage == 0)


def _most_messages_first(conflict: Conflict) -> tuple[int, str]:
    return -conflict.messages, conflict.id


def _duplicates(rules: Sequence[Rule]) -> tuple[tuple[str, ...], ...]:
    """Return groups of rules with the same pattern and field."""
    return _groups(rules, [(rule.pattern, rule.field) for rule in rules])


def _groups(
    rules: Sequence[Rule], keys: Sequence[Hashable]
) -> tuple[tuple[str, ...], ...]:
    """Return the ids of rules that share a key, for each key of several rules."""
    groups: Mapping[Hashable, list[str]] = defaultdict(list)
    for rule, key in zip(rules, keys, strict=True):
        groups[key].append(rule.id)
    return tuple(tuple(group) for group in groups.values() if len(group) > 1)


def _fallback_rule(pattern: PatternStrategy) -> FallbackRule:
    return FallbackRule(
        id=pattern.id, strategy=pattern.strategy.value, reason=pattern.reason
    )
