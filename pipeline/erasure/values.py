"""Erase messages from the values that tasks hand over.

Rows and documents stay where they are, without their text: the tables of a shard are
read row beside row.
"""

from collections.abc import Collection
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd

from pipeline.data.training_set import TrainingSet
from pipeline.records.run import ChurnedText, ModelDifference
from pipeline.text.character_map import SEPARATOR
from pipeline.text.masking import hides

#: The columns of tables that hold what a person wrote.
TEXTS = ("body", "text")


def holds_messages(table: pd.DataFrame) -> np.ndarray:
    """Return whether each row of a table has a text or a sender, bool [n_rows].

    Examples
    --------
    >>> holds_messages(pd.DataFrame({"key": ["1", "2"], "text": ["win", ""]}))
    array([ True, False])
    """
    holds = np.zeros(len(table), dtype=bool)
    for column in TEXTS:
        if column in table:
            holds |= (table[column] != "").to_numpy(dtype=bool)
    if "sender" in table:
        holds |= table["sender"].notna().to_numpy()
    return holds


def erase_rows(table: pd.DataFrame, is_erased: np.ndarray) -> pd.DataFrame:
    """Return a table without the texts, the senders and the times of some rows.

    Examples
    --------
    >>> cleaned = pd.DataFrame({"key": ["1", "2"], "text": ["win", "hello"]})
    >>> erase_rows(cleaned, np.array([True, False]))["text"].tolist()
    ['', 'hello']
    """
    erased = table.copy()
    for column in TEXTS:
        if column in table:
            erased[column] = table[column].mask(is_erased, "")
    for column in ("sender", "received_at"):
        if column in table:
            erased[column] = table[column].mask(is_erased)
    return erased


def erase_keys(
    table: pd.DataFrame, is_erased: np.ndarray, origin: str | int
) -> pd.DataFrame:
    """Return a table with other keys in some rows, which do not tell the old ones.

    A row with the same key as an earlier one gets the same new key. A new key has the
    index of the row, so the tables of a shard keep the same keys in the same rows.

    Parameters
    ----------
    origin
        Where the rows come from, such as the index of their shard.

    Examples
    --------
    >>> votes = pd.DataFrame({"key": ["+4366012345", "2"]})
    >>> erase_keys(votes, np.array([True, False]), origin=3)["key"].tolist()
    ['erased-3-0', '2']
    """
    keys = table["key"].tolist()
    new_keys: dict[str, str] = {}
    for row in np.flatnonzero(is_erased).tolist():
        new_key = new_keys.setdefault(keys[row], f"erased-{origin}-{row}")
        keys[row] = new_key
    return table.assign(key=pd.Series(keys, index=table.index, dtype="str"))


def documents_with(training_set: TrainingSet, texts: Collection[str]) -> np.ndarray:
    """Return whether each document has one of these cleaned texts, bool [n_documents].

    Examples
    --------
    >>> training_set = TrainingSet(
    ...     labels=("ham", "spam"),
    ...     vocabulary=("hello", "win"),
    ...     y=np.array([0, 1]),
    ...     weight=np.array([1, 1]),
    ...     label_weight=np.array([1.0, 1.0]),
    ...     group=np.array([0, 1]),
    ...     tokens=np.array([0, 1, 1], dtype=np.int32),
    ...     offsets=np.array([0, 1, 3]),
    ... )
    >>> documents_with(training_set, {"win win"})
    array([False,  True])
    """
    ids = {token: i for i, token in enumerate(training_set.vocabulary)}
    wanted = set()
    for text in texts:
        tokens = text.split(SEPARATOR) if text else []
        if tokens and ids.keys() >= set(tokens):
            row = np.array([ids[token] for token in tokens], dtype=np.int32)
            wanted.add(row.tobytes())
    documents = training_set.tokens.astype(np.int32, copy=False)
    offsets = training_set.offsets.tolist()
    return np.array(
        [documents[start:end].tobytes() in wanted for start, end in pairwise(offsets)],
        dtype=bool,
    )


def erase_documents(training_set: TrainingSet, is_erased: np.ndarray) -> TrainingSet:
    """Return a training set without the tokens of some documents.

    Tokens that no other document has leave the vocabulary, too.

    Parameters
    ----------
    is_erased
        bool [n_documents].

    Examples
    --------
    >>> training_set = TrainingSet(
    ...     labels=("ham", "spam"),
    ...     vocabulary=("hello", "win"),
    ...     y=np.array([0, 1]),
    ...     weight=np.array([1, 1]),
    ...     label_weight=np.array([1.0, 1.0]),
    ...     group=np.array([0, 1]),
    ...     tokens=np.array([0, 1, 1], dtype=np.int32),
    ...     offsets=np.array([0, 1, 3]),
    ... )
    >>> erased = erase_documents(training_set, np.array([True, False]))
    >>> erased.vocabulary, erased.tokens.tolist(), erased.offsets.tolist()
    (('win',), [0, 0], [0, 0, 2])
    """
    lengths = np.diff(training_set.offsets)
    kept = training_set.tokens[~np.repeat(is_erased, lengths)]
    used, tokens = np.unique(kept, return_inverse=True)
    offsets = np.zeros_like(training_set.offsets)
    np.cumsum(np.where(is_erased, 0, lengths), out=offsets[1:])
    return replace(
        training_set,
        vocabulary=tuple(training_set.vocabulary[token] for token in used.tolist()),
        tokens=tokens.astype(training_set.tokens.dtype),
        offsets=offsets,
    )


def shown_texts(
    comparison: ModelDifference, texts: Collection[str] | None
) -> tuple[ChurnedText, ...]:
    """Return the masked messages of a comparison that may be one of these texts.

    Parameters
    ----------
    texts
        Cleaned texts; None for every message.
    """
    if texts is None:
        return comparison.churned
    return tuple(
        shown
        for shown in comparison.churned
        if any(hides(shown.text, text) for text in texts)
    )
