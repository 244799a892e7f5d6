"""How the rules fared: coverage, overlaps and conflicts, after the labelling-function analysis of Snorkel, and beyond
it what each rule decides and how often humans agree with it.

Ratner et al., "Snorkel: rapid training data creation with weak supervision", VLDB 2017.

Messages on which the same rules matched are one row with a count, so the cost follows the distinct lists of rules.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from pipeline.config.settings import Evaluation, Labelling, Rule
from pipeline.data.reviewed_messages import aggregate, merged_labels
from pipeline.labelling.resolve import MILLION, incidence, leader, rule_accuracies
from pipeline.patterns import PatternDatabase
from pipeline.statistics.wilson import proportion

CONFLICTS_NAMED = 3
TOGETHER_AT_LEAST = 5  # messages; on fewer, rules may match together by chance


def summarise_rules(
    votes: Iterable[pd.DataFrame],
    verdicts: pd.DataFrame,
    reviews: pd.DataFrame,
    labelling: Labelling,
    evaluation: Evaluation,
    compiled: PatternDatabase,
) -> dict[str, Any]:
    """What the rules did to all shards together, as a JSON value.

    ``messages``, ``labelled``, ``silent`` (no rule matched) and ``tied`` (rules matched, no label came of it) count
    messages, ``labels`` those of each label. ``dead`` names the rules that matched nothing, ``duplicates`` groups those
    with the same pattern and field, ``always_together`` those that matched the very same messages, five at least.
    ``fallbacks`` are those that `re` had to confirm or to search for, and why.

    For each rule:

    ``coverage``, ``share``
        the messages that it matched, and their share of all (null: there are none).
    ``overlaps``, ``conflicts``, ``conflicts_with``
        those that another rule matched too, that a rule of another label matched too, and which ones most often.
    ``agreed``
        those that got its label.
    ``decides``, ``decides_share``
        those that got its label and, by the majority of weights, would abstain or get another one without it; and their
        share of the label's messages (null: there are none).
    ``reviewed``, ``correct``, ``precision``
        those with a human label, those whose human label is the rule's own, and the share with its interval. Labels are
        merged first, as ``evaluation.merge`` says; human labels that no rule votes for are left out.
    ``accuracy``
        what the label model estimates; null with a majority, or without a match.

    Parameters
    ----------
    votes : the votes of each shard; one is in memory at a time.
    """
    rules = labelling.rules
    messages, label = (
        verdicts["messages"].to_numpy(dtype=np.int64),
        verdicts["label"].astype(object),
    )
    found = _found(verdicts["rules"], labelling)
    silent, undecided = found.sum(axis=1) == 0, label.isna().to_numpy()
    rows = [
        {"id": rule.id, "label": rule.label, "field": rule.field, "why": rule.why}
        for rule in rules
    ]
    for columns in (
        _counts(found, messages, labelling),
        _agreements(found, messages, label.to_numpy(), labelling),
        _judged(votes, reviews, labelling, evaluation),
    ):
        for row, values in zip(rows, columns, strict=True):
            row.update(values)
    accuracies = rule_accuracies(verdicts, labelling)
    return {
        "messages": int(messages.sum()),
        "labelled": int(messages[~undecided].sum()),
        "silent": int(messages[silent].sum()),
        "tied": int(messages[undecided & ~silent].sum()),
        "labels": {
            name: int(messages[(label == name).to_numpy()].sum())
            for name in labelling.labels
        },
        "dead": [row["id"] for row in rows if row["coverage"] == 0],
        "duplicates": _groups(rules, [(rule.pattern, rule.field) for rule in rules]),
        "always_together": _always_together(found, messages, rules),
        "fallbacks": [asdict(fallback) for fallback in compiled.fallbacks()],
        "rules": [{**row, "accuracy": accuracies.get(row["id"])} for row in rows],
    }


def _found(lists: pd.Series, labelling: Labelling) -> sparse.csc_array:
    """Which rule stands in which list: int64 [n_lists, n_rules]."""
    return (
        incidence(lists, [rule.id for rule in labelling.rules]).astype(np.int64).tocsc()
    )


def _counts(
    found: sparse.csc_array, messages: np.ndarray, labelling: Labelling
) -> list[dict[str, Any]]:
    """What each rule matched, and beside which others."""
    rules, total = labelling.rules, int(messages.sum())
    together = (
        found.T @ (found * messages[:, None]).tocsc()
    ).toarray()  # messages that both matched
    others = found.sum(axis=1) > 1
    overlaps = found.T @ (messages * others)
    foreign = {
        name: found[:, [rule.label != name for rule in rules]].sum(axis=1) > 0
        for name in labelling.labels
    }  # whether a rule of another label matched
    conflicts = {name: found.T @ (messages * where) for name, where in foreign.items()}
    rows = []
    for number, rule in enumerate(rules):
        coverage = int(together[number, number])
        rivals = [
            (int(n), other.id)
            for n, other in zip(together[number], rules, strict=True)
            if other.label != rule.label
        ]
        worst = sorted(
            (rival for rival in rivals if rival[0]),
            key=lambda rival: (-rival[0], rival[1]),
        )
        rows.append(
            {
                "coverage": coverage,
                "share": coverage / total if total else None,
                "overlaps": int(overlaps[number]),
                "conflicts": int(conflicts[rule.label][number]),
                "conflicts_with": [
                    {"id": id_, "messages": n} for n, id_ in worst[:CONFLICTS_NAMED]
                ],
            }
        )
    return rows


def _agreements(
    found: sparse.csc_array,
    messages: np.ndarray,
    label: np.ndarray,
    labelling: Labelling,
) -> list[dict[str, Any]]:
    """How many messages got each rule's label, and how many of these hang on it alone."""
    rules, labels = labelling.rules, labelling.labels
    # Whole millionths, as the resolution adds them.
    weights = np.array([round(rule.weight * MILLION) for rule in rules], dtype=np.int64)
    least = labelling.resolution.min_confidence
    of_label = np.array(
        [[rule.label == name for name in labels] for rule in rules], dtype=np.int64
    )
    scores = found @ (weights[:, None] * of_label)  # [n_lists, n_labels]
    of_all = {name: int(messages[label == name].sum()) for name in labels}
    rows = []
    for number, rule in enumerate(rules):
        place = labels.index(rule.label)
        where = found.indices[found.indptr[number] : found.indptr[number + 1]]
        where = where[label[where] == rule.label]
        without = scores[where]
        without[:, place] -= weights[number]
        decisive = _wins(scores[where], place, least) & ~_wins(without, place, least)
        decides = int(messages[where[decisive]].sum())
        rows.append(
            {
                "agreed": int(messages[where].sum()),
                "decides": decides,
                "decides_share": decides / of_all[rule.label]
                if of_all[rule.label]
                else None,
            }
        )
    return rows


def _wins(scores: np.ndarray, place: int, least: float) -> np.ndarray:
    """Whether the label in that place gets the message, by the majority of weights: bool [n_lists]."""
    shares = scores / np.maximum(scores.sum(axis=1, keepdims=True), 1)
    return (leader(shares) == place) & (shares[:, place] >= least)


def _judged(
    votes: Iterable[pd.DataFrame],
    reviews: pd.DataFrame,
    labelling: Labelling,
    evaluation: Evaluation,
) -> list[dict[str, Any]]:
    """How often humans gave the messages that a rule matched its label."""
    merged = merged_labels(evaluation)
    own = [merged.get(rule.label, rule.label) for rule in labelling.rules]
    known, _ = aggregate(reviews, evaluation)
    known = known[known["label"].isin(own)]
    shards = [
        shard.loc[shard["key"].isin(known["key"]), ["key", "rules"]] for shard in votes
    ]
    table = (
        known.merge(pd.concat(shards), on="key")
        if shards
        else known.assign(rules=None).iloc[:0]
    )
    found = _found(table["rules"], labelling)
    truth = table["label"].to_numpy()
    document = table.groupby(["body", "label"]).ngroup().to_numpy()
    rows = []
    for number, label in enumerate(own):
        where = found.indices[found.indptr[number] : found.indptr[number + 1]]
        _, first, weight = np.unique(
            document[where], return_index=True, return_counts=True
        )
        right = truth[where] == label
        rows.append(
            {
                "reviewed": len(where),
                "correct": int(right.sum()),
                "precision": proportion(right[first], weight, evaluation.confidence),
            }
        )
    return rows


def _always_together(
    found: sparse.csc_array, messages: np.ndarray, rules: Sequence[Rule]
) -> list[list[str]]:
    found.sort_indices()
    lists = [
        found.indices[start:end]
        for start, end in zip(found.indptr, found.indptr[1:], strict=False)
    ]
    # A rule that matched too little is like no other rule.
    enough = [messages[where].sum() >= TOGETHER_AT_LEAST for where in lists]
    return _groups(
        rules,
        [
            where.tobytes() if often else rule.id
            for rule, where, often in zip(rules, lists, enough, strict=True)
        ],
    )


def _groups(rules: Sequence[Rule], keys: Sequence[Hashable]) -> list[list[str]]:
    """The ids of rules that share a key, where two do at least."""
    groups = defaultdict(list)
    for rule, key in zip(rules, keys, strict=True):
        groups[key].append(rule.id)
    return [group for group in groups.values() if len(group) > 1]
