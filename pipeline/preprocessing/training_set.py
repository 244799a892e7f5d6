"""Build the training set: labelled messages collapsed to unique documents.

Messages repeat: one-time passwords differ only in their digits. A document of weight n
stands for n messages. The weights change no objective, save work, and keep equal texts
in one fold.
"""

import functools
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import pandas as pd

from pipeline.data.holdout import held_out
from pipeline.data.resolved_labels import LabelLookup
from pipeline.data.stages import Stage
from pipeline.data.training_set import TrainingSet, label_of_texts
from pipeline.errors import DataError
from pipeline.text.character_map import SEPARATOR

#: The minimum number of labels that a classifier distinguishes.
MIN_LABELS = 2

#: The votes and the cleaned texts of a shard.
TrainingShard: TypeAlias = tuple[pd.DataFrame, pd.DataFrame]


@dataclass(frozen=True)
class RareLabel:
    """A label with fewer distinct texts than folds."""

    label: str
    texts: int
    folds: int

    def __str__(self) -> str:
        texts = "text" if self.texts == 1 else "texts"
        return (
            f"{self.label!r} has {self.texts} distinct {texts} for {self.folds} folds"
        )


@dataclass(frozen=True)
class BuiltTrainingSet:
    """A training set, and the rare labels that were left out of it."""

    training_set: TrainingSet
    left_out: tuple[RareLabel, ...]


@dataclass(frozen=True, eq=False)
class TrainingSetStage(Stage[TrainingShard, pd.DataFrame, BuiltTrainingSet]):
    """Count labelled messages by text and label, and tokenise the texts.

    Messages without a label and held-out texts do not train. A partial is a table with
    a row for each distinct ``text``, ``label`` and ``label_weight``, and the number of
    its ``messages``. Only whole numbers are added until all shards are merged, so the
    sums are exact.

    Attributes
    ----------
    resolved_labels
        The table of that name.
    human_labels
        The table of that name; None if no review trains. A human label is ignored if
        the rules give it to no message.
    soft_labels
        Whether the rules' confidence is the weight of a message; otherwise it is 1. A
        human label has a weight of its own.
    holdout_fraction
        The share of distinct texts that is held out, in [0, 1).
    folds
        How many distinct texts a label must have, so that each fold has one. A text
        counts for the label that most of its messages have.
    rare_labels
        Whether a label with fewer texts is an error, or is left out.
    """

    resolved_labels: pd.DataFrame
    human_labels: pd.DataFrame | None = None
    soft_labels: bool = False
    holdout_fraction: float = 0.0
    folds: int = 0
    rare_labels: Literal["error", "drop"] = "error"

    def map(self, shard: TrainingShard) -> pd.DataFrame:
        """Return the counted documents of a shard."""
        votes, cleaned = shard
        labels = self._labels(votes).dropna(subset="label")
        labelled = labels.merge(cleaned, on="key", validate="one_to_one")
        documents = _counted(labelled.assign(messages=1))
        return documents[~held_out(documents["text"], self.holdout_fraction)]

    def merge(self, partials: Iterable[pd.DataFrame]) -> pd.DataFrame:
        """Add up the messages of equal documents."""
        return _counted(pd.concat(partials))

    def finish(self, partial: pd.DataFrame) -> BuiltTrainingSet:
        """Return the training set.

        A document's label weight is the mean of the label weights of its messages.

        Raises
        ------
        DataError
            There are fewer than two labels; or a label is rare, and ``rare_labels``
            is ``error``.
        """
        documents = _documents(partial)
        _require_two_labels(documents, "the rules give")
        left_out = self._rare_labels(documents)
        if left_out and self.rare_labels == "error":
            raise DataError(_too_few_texts(left_out))
        rare_names = [rare_label.label for rare_label in left_out]
        kept = documents[~documents["label"].isin(rare_names)]
        _require_two_labels(kept, "without rare labels there is")
        return BuiltTrainingSet(_training_set(kept), left_out)

    @functools.cached_property
    def _lookup(self) -> LabelLookup:
        return LabelLookup(self.resolved_labels)

    @functools.cached_property
    def _human_labels(self) -> pd.DataFrame | None:
        """The human labels that the rules give to a message, too, by key."""
        if self.human_labels is None:
            return None
        is_known = self.human_labels["label"].isin(self.resolved_labels["label"])
        return self.human_labels[is_known].set_index("key")

    def _labels(self, votes: pd.DataFrame) -> pd.DataFrame:
        """Return ``key``, ``label`` and ``label_weight`` of each message."""
        labels = self._lookup.labels(votes)
        labels = labels.rename(columns={"confidence": "label_weight"})
        if not self.soft_labels:
            labels["label_weight"] = 1.0
        if self._human_labels is None:
            return labels
        human = self._human_labels.reindex(labels["key"]).reset_index(drop=True)
        return labels.assign(
            label=human["label"].fillna(labels["label"]),
            label_weight=human["weight"].fillna(labels["label_weight"]),
        )

    def _rare_labels(self, documents: pd.DataFrame) -> tuple[RareLabel, ...]:
        """Return the labels with fewer distinct texts than there are folds."""
        y, names = pd.factorize(documents["label"], sort=True)
        group, _ = pd.factorize(documents["text"])
        weight = documents["weight"].to_numpy()
        label_of_text = label_of_texts(group, y, weight, len(names))
        n_texts = np.bincount(label_of_text, minlength=len(names)).tolist()
        rare_labels = []
        for label, count in zip(names, n_texts, strict=True):
            if count < self.folds:
                rare_labels.append(RareLabel(label, count, self.folds))
        return tuple(rare_labels)


def _counted(documents: pd.DataFrame) -> pd.DataFrame:
    """Return each distinct document with the number of its messages, in order."""
    columns = ["text", "label", "label_weight"]
    return documents.groupby(columns, as_index=False)[["messages"]].sum()


def _documents(partial: pd.DataFrame) -> pd.DataFrame:
    """Return ``text``, ``label``, ``weight`` and the mean ``label_weight``."""
    total = partial["label_weight"] * partial["messages"]
    grouped = partial.assign(total=total).groupby(["text", "label"], as_index=False)
    documents = grouped.agg(weight=("messages", "sum"), total=("total", "sum"))
    return documents.assign(label_weight=documents["total"] / documents["weight"])


def _training_set(documents: pd.DataFrame) -> TrainingSet:
    y, names = pd.factorize(documents["label"], sort=True)
    group, _ = pd.factorize(documents["text"])
    tokenised = _tokenise(documents["text"])
    return TrainingSet(
        labels=tuple(names),
        vocabulary=tokenised.vocabulary,
        y=y.astype(np.int64),
        weight=documents["weight"].to_numpy(dtype=np.int64),
        label_weight=documents["label_weight"].to_numpy(dtype=np.float64),
        group=group.astype(np.int64),
        tokens=tokenised.tokens,
        offsets=tokenised.offsets,
    )


class _TokenisedTexts(NamedTuple):
    """The token ids of texts, as the `TrainingSet` fields of these names."""

    tokens: np.ndarray
    offsets: np.ndarray
    vocabulary: tuple[str, ...]


def _tokenise(texts: Iterable[str]) -> _TokenisedTexts:
    """Return the token ids of texts; no token is in memory more than once."""
    ids: dict[str, int] = {}
    token_ids = array("i")
    lengths = array("q")
    for text in texts:
        tokens = text.split(SEPARATOR) if text else []
        token_ids.extend([ids.setdefault(token, len(ids)) for token in tokens])
        lengths.append(len(tokens))
    vocabulary = tuple(sorted(ids))
    rank_of_token = {token: rank for rank, token in enumerate(vocabulary)}
    rank_of_id = np.array([rank_of_token[token] for token in ids], dtype=np.int32)
    ranks = rank_of_id[np.frombuffer(token_ids, dtype=np.int32)]
    offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(np.frombuffer(lengths, dtype=np.int64), out=offsets[1:])
    return _TokenisedTexts(ranks, offsets, vocabulary)


def _require_two_labels(documents: pd.DataFrame, subject: str) -> None:
    """Raise a `DataError` unless documents have two labels.

    Parameters
    ----------
    subject
        The beginning of the sentence that names the labels.
    """
    labels = sorted(documents["label"].unique())
    if len(labels) < MIN_LABELS:
        present = f"only {labels[0]}" if labels else "no label"
        raise DataError(
            f"labelling: two labels are needed to train, but {subject} {present}; "
            "check labelling.rules"
        )


def _too_few_texts(rare_labels: Sequence[RareLabel]) -> str:
    return (
        f"labelling: too few to train on: {', '.join(map(str, rare_labels))}\n"
        "write rules that match more messages, leave such labels out with "
        "training.rare_labels: drop, or lower training.search.folds and "
        "training.cross_validation.folds"
    )
