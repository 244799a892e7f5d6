"""The training set: messages collapsed to unique documents.

Messages repeat: one-time passwords differ only in their digits. A document that stands for n messages, with weight n,
changes no objective, shrinks the work, and keeps identical texts in one fold.
"""

from array import array
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from pipeline.data.holdout import held_out
from pipeline.data.training_set import TrainingSet
from pipeline.errors import DataError
from pipeline.text.character_map import SEPARATOR


def build_training_set(
    votes: Iterable[pd.DataFrame],
    verdicts: pd.DataFrame,
    cleaned: Iterable[pd.DataFrame],
    soft: bool,
    holdout: float = 0.0,
    human: Sequence[pd.DataFrame] = (),
) -> TrainingSet:
    """The labelled messages as unique ``(text, label)`` documents.

    Those without a label do not train, nor do those in the slice that is held out, see
    `pipeline.data.holdout`. A document's confidence is the mean of its
    messages'. That of a message is its weight where a human's label is in place of the
    rules'; else the rules' with ``soft``, and 1 without.

    Raises
    ------
    DataError : no message has a label, or all have the same one.

    Parameters
    ----------
    votes, cleaned : the tables of each shard; one of each is in memory at a time.
    human : ``human_labels`` tables, one or none; a label that the rules give no message trains nothing.
    """
    if not soft:
        verdicts = verdicts.assign(confidence=1.0)
    place = {tuple(rules): row for row, rules in enumerate(verdicts["rules"])}
    parts = [
        _documents(*shard, verdicts, place, holdout, human)
        for shard in zip(votes, cleaned, strict=True)
    ]
    documents = (
        pd.concat(parts).groupby(["text", "label"], as_index=False, sort=True).sum()
    )
    names = tuple(sorted(documents["label"].unique()))
    if len(names) < 2:
        found = f"only {names[0]}" if names else "none"
        raise DataError(
            f"labelling: two labels are needed to train, the rules gave {found}; see labelling.rules"
        )
    weight = documents["weight"].to_numpy(dtype=np.int64)
    tokens, offsets, vocabulary = _tokenise(documents["text"])
    return TrainingSet(
        labels=names,
        vocabulary=vocabulary,
        y=np.searchsorted(names, documents["label"].to_numpy(dtype=object)).astype(
            np.int64
        ),
        weight=weight,
        confidence=documents["confidence"].to_numpy(dtype=np.float64) / weight,
        group=pd.factorize(documents["text"])[0].astype(np.int64),
        tokens=tokens,
        offsets=offsets,
    )


def _documents(
    votes: pd.DataFrame,
    cleaned: pd.DataFrame,
    verdicts: pd.DataFrame,
    place: dict[tuple[str, ...], int],
    holdout: float,
    human: Sequence[pd.DataFrame],
) -> pd.DataFrame:
    """A shard's documents: text, label, how many messages are it, and the sum of their confidences."""
    rows = np.array([place[tuple(rules)] for rules in votes["rules"]], dtype=np.int64)
    labels = (
        verdicts[["label", "confidence"]].iloc[rows].assign(key=votes["key"].to_numpy())
    )
    for table in human:
        labels = _overridden(labels, table[table["label"].isin(verdicts["label"])])
    labelled = labels.dropna(subset="label").merge(
        cleaned, on="key", validate="one_to_one"
    )
    grouped = labelled.groupby(["text", "label"], as_index=False, sort=False)
    documents = grouped.agg(weight=("key", "size"), confidence=("confidence", "sum"))
    return documents[~held_out(documents["text"], holdout)]


def _overridden(labels: pd.DataFrame, human: pd.DataFrame) -> pd.DataFrame:
    """Labels and confidences with those that humans gave in their place."""
    said = human.set_index("key").reindex(labels["key"]).reset_index(drop=True)
    labels = labels.reset_index(drop=True)
    label, confidence = (
        said["label"].fillna(labels["label"]),
        said["weight"].fillna(labels["confidence"]),
    )
    return labels.assign(label=label, confidence=confidence)


def _tokenise(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Token ids and offsets as a `TrainingSet` has them, and the vocabulary. No token is held more than once."""
    number: dict[str, int] = {}
    tokens, lengths = array("i"), array("q")
    for text in texts:
        words = text.split(SEPARATOR) if text else []
        tokens.extend([number.setdefault(word, len(number)) for word in words])
        lengths.append(len(words))
    vocabulary = tuple(sorted(number))
    place = {token: rank for rank, token in enumerate(vocabulary)}
    rank = np.array(
        [place[token] for token in number], dtype=np.int32
    )  # of the tokens in the order of their numbers
    offsets = np.concatenate(
        [[0], np.cumsum(np.frombuffer(lengths, dtype=np.int64))]
    ).astype(np.int64)
    return rank[np.frombuffer(tokens, dtype=np.int32)], offsets, vocabulary
