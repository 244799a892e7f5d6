"""From the rules that matched to at most one label a message."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from pipeline.labelling.engine import matches
from pipeline.settings import Labelling, Rule

CHUNK = 5_000  # messages between two reports of progress


def apply_rules(
    messages: pd.DataFrame, labelling: Labelling, progress: Callable[[float], None] = lambda fraction: None
) -> pd.DataFrame:
    """A ``votes`` table: for each message the ids of the rules that matched, and the label that won, if one did."""
    chunks = []
    for start in range(0, len(messages), CHUNK):
        chunks.append(_votes(messages.iloc[start : start + CHUNK], labelling))
        progress(min(1.0, (start + CHUNK) / len(messages)))
    if not chunks:
        chunks.append(_votes(messages, labelling))
    return pd.concat(chunks, ignore_index=True)


def winner(found: np.ndarray, rules: Sequence[Rule], labels: Sequence[str]) -> np.ndarray:
    """The label with the most weight behind it, as its number, or -1 on a tie or silence: int64 [n_messages].

    Weights are added as whole millionths, so that 0.1 + 0.2 against 0.3 is the tie that it looks like.
    """
    weights = np.zeros((len(rules), len(labels)), dtype=np.int64)
    for row, rule in enumerate(rules):
        weights[row, labels.index(rule.label)] = round(rule.weight * 1_000_000)
    scores = found.astype(np.int64) @ weights
    best = scores.max(axis=1, initial=0)
    decided = (best > 0) & ((scores == best[:, None]).sum(axis=1) == 1)
    return np.where(decided, scores.argmax(axis=1), -1)


def _votes(messages: pd.DataFrame, labelling: Labelling) -> pd.DataFrame:
    found = matches(messages, labelling.rules)
    ids = np.array([rule.id for rule in labelling.rules], dtype=object)
    names = np.array([*labelling.labels, None], dtype=object)  # -1, the abstention, is the last
    label = names[winner(found, labelling.rules, labelling.labels)]
    matched = pd.Series([ids[row].tolist() for row in found], dtype=object)
    return pd.DataFrame({"key": messages["key"].reset_index(drop=True), "rules": matched, "label": label}).astype(
        {"label": "str"}
    )
