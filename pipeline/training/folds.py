"""Folds over texts, so that no text is trained on and predicted in the same round."""

import numpy as np
from sklearn.model_selection import StratifiedKFold

from pipeline.data.training_set import TrainingSet
from pipeline.errors import DataError


def assign_folds(
    training_set: TrainingSet, n_folds: int, seed: int, key: str
) -> np.ndarray:
    """The fold of every document, int64 [n_documents]: stratified by label, shuffled, equal for equal texts.

    A text is of the label that most of its messages have (the first of them on a tie). ``key`` is where the
    configuration says how many folds there are.

    Raises
    ------
    DataError : there is one label only, or a label has fewer texts than there are folds.
    """
    require_two_labels(training_set)
    label = _label_of_texts(training_set)
    texts = np.bincount(label, minlength=len(training_set.labels))
    if short := [
        f"{name!r} has {n}"
        for name, n in zip(training_set.labels, texts.tolist(), strict=True)
        if n < n_folds
    ]:
        raise DataError(
            f"too few distinct documents for {n_folds} folds: {', '.join(short)}\n"
            f"lower {key} to at most the smallest of these (it must stay 2 or more), or label more messages"
        )
    fold = np.empty(len(label), dtype=np.int64)
    splitter = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
    for number, (_, held_out) in enumerate(splitter.split(np.zeros(len(label)), label)):
        fold[held_out] = number
    return fold[training_set.group]


def require_two_labels(training_set: TrainingSet) -> None:
    """Raise a DataError unless there are documents of two labels."""
    present = [training_set.labels[label] for label in np.unique(training_set.y)]
    if len(present) < 2:
        raise DataError(
            f"a classifier needs documents of at least two labels; there are {len(training_set)}, "
            f"{f'all labelled {present[0]!r}' if present else 'with no label'}: check labelling.rules and the sample"
        )


def _label_of_texts(training_set: TrainingSet) -> np.ndarray:
    """The heaviest label of every text, int64 [n_texts]."""
    n_labels = len(training_set.labels)
    n_texts = training_set.group.max() + 1
    cell = training_set.group * n_labels + training_set.y
    weights = np.bincount(
        cell, weights=training_set.weight, minlength=n_texts * n_labels
    )
    return weights.reshape(n_texts, n_labels).argmax(axis=1)
