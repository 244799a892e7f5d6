"""How the rules fared: coverage, overlaps and conflicts, after the labelling-function analysis of Snorkel.

Ratner et al., "Snorkel: rapid training data creation with weak supervision", VLDB 2017.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from pipeline.settings import Labelling


def summarise_rules(votes: Sequence[pd.DataFrame], labelling: Labelling) -> dict[str, Any]:
    """What the rules did to all shards together, as a JSON value.

    ``messages``, ``labelled``, ``silent`` (no rule matched) and ``tied`` count messages, ``labels`` those of each
    label. For each rule, ``coverage`` counts the messages that it matched, ``overlaps`` those that another rule matched
    too, ``conflicts`` those that a rule of another label matched too, ``agreed`` those that got its label.
    """
    table = pd.concat(votes, ignore_index=True)
    label = table["label"]
    found = _incidence(table["rules"], [rule.id for rule in labelling.rules])
    silent = found.sum(axis=1) == 0
    return {
        "messages": len(table),
        "labelled": int(label.notna().sum()),
        "silent": int(silent.sum()),
        "tied": int((label.isna() & ~silent).sum()),
        "labels": {name: int((label == name).sum()) for name in labelling.labels},
        "rules": _per_rule(found, label, labelling),
    }


def _incidence(matched: pd.Series, ids: list[str]) -> sparse.csc_array:
    """Which rule matched which message: int64 [n_messages, n_rules]."""
    counts = matched.map(len).to_numpy(dtype=np.int64)
    place = {rule: number for number, rule in enumerate(ids)}
    columns = np.fromiter((place[rule] for rules in matched for rule in rules), dtype=np.int64, count=counts.sum())
    rows = np.repeat(np.arange(len(matched)), counts)
    shape = (len(matched), len(ids))
    return sparse.csc_array((np.ones(len(columns), dtype=np.int64), (rows, columns)), shape=shape)


def _per_rule(found: sparse.csc_array, label: pd.Series, labelling: Labelling) -> list[dict[str, Any]]:
    of_label = np.array([[rule.label == name for name in labelling.labels] for rule in labelling.rules], dtype=np.int64)
    matched = found.sum(axis=1)
    by_label = found @ of_label  # how many rules of each label matched each message: [n_messages, n_labels]
    rows = []
    for number, rule in enumerate(labelling.rules):
        where = found.indices[found.indptr[number] : found.indptr[number + 1]]
        own = by_label[where, labelling.labels.index(rule.label)]
        rows.append(
            {
                "id": rule.id,
                "label": rule.label,
                "why": rule.why,
                "coverage": len(where),
                "overlaps": int((matched[where] > 1).sum()),
                "conflicts": int((matched[where] > own).sum()),
                "agreed": int((label.iloc[where] == rule.label).sum()),
            }
        )
    return rows
