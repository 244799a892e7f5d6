"""The training set: messages collapsed to unique documents.

Messages repeat: one-time passwords differ only in their digits. A document that stands for n messages, with weight n,
changes no objective, shrinks the work, and keeps identical texts in one fold.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from pipeline.characters import SEPARATOR
from pipeline.dataset import TrainingSet
from pipeline.errors import DataError


def build_training_set(
    votes: Sequence[pd.DataFrame], verdicts: pd.DataFrame, cleaned: Sequence[pd.DataFrame], soft: bool
) -> TrainingSet:
    """The labelled messages as unique ``(text, label)`` documents; those without a label do not train.

    With ``soft``, a document's confidence is the mean of its messages', else 1.

    Raises
    ------
    DataError : no message has a label, or all have the same one.
    """
    labels = _labels(pd.concat(votes, ignore_index=True), verdicts)
    labelled = labels.merge(pd.concat(cleaned, ignore_index=True), on="key", validate="one_to_one")
    names = tuple(sorted(labelled["label"].unique()))
    if len(names) < 2:
        found = f"only {names[0]}" if names else "none"
        raise DataError(f"labelling: two labels are needed to train, the rules gave {found}; see labelling.rules")
    documents = labelled.groupby(["text", "label"], as_index=False, sort=True).agg(
        weight=("key", "size"), confidence=("confidence", "mean")
    )
    tokens, offsets, vocabulary = _tokenise(documents["text"])
    return TrainingSet(
        labels=names,
        vocabulary=vocabulary,
        y=np.searchsorted(names, documents["label"].to_numpy(dtype=object)).astype(np.int64),
        weight=documents["weight"].to_numpy(dtype=np.int64),
        confidence=documents["confidence"].to_numpy(dtype=np.float64) if soft else np.ones(len(documents)),
        group=pd.factorize(documents["text"])[0].astype(np.int64),
        tokens=tokens,
        offsets=offsets,
    )


def _labels(votes: pd.DataFrame, verdicts: pd.DataFrame) -> pd.DataFrame:
    """Each labelled message's key, label and confidence."""
    place = {tuple(rules): row for row, rules in enumerate(verdicts["rules"])}
    rows = np.array([place[tuple(rules)] for rules in votes["rules"]], dtype=np.int64)
    given = verdicts[["label", "confidence"]].iloc[rows].reset_index(drop=True)
    return pd.concat([votes["key"], given], axis=1).dropna(subset="label")


def _tokenise(texts: pd.Series) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    split = [text.split(SEPARATOR) if text else [] for text in texts]
    offsets = np.concatenate([[0], np.cumsum([len(tokens) for tokens in split])]).astype(np.int64)
    every = np.array([token for tokens in split for token in tokens], dtype=object)
    vocabulary = sorted(set(every))
    number = {token: place for place, token in enumerate(vocabulary)}
    return np.array([number[token] for token in every], dtype=np.int32), offsets, tuple(vocabulary)
