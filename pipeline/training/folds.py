"""Folds over texts, so that no text is trained on and predicted with the same fold."""

import numpy as np
from sklearn.model_selection import StratifiedKFold

from pipeline.data.training_set import TrainingSet, label_of_texts
from pipeline.errors import DataError


def assign_folds(
    training_set: TrainingSet, n_folds: int, seed: int, key: str
) -> np.ndarray:
    """Return the fold of every document, int64 [n_documents].

    Folds are stratified by label, shuffled, and equal for equal texts. A text is of the
    label that most of its messages have (the first of them on a tie).

    Parameters
    ----------
    key
        Where the configuration says how many folds there are.

    Raises
    ------
    DataError
        There is one label only, or a label has fewer texts than there are folds.
    """
    require_two_labels(training_set)
    n_labels = len(training_set.labels)
    label = label_of_texts(
        training_set.group, training_set.y, training_set.weight, n_labels
    )
    texts = np.bincount(label, minlength=n_labels)
    too_few = [
        f"{name!r} has {count}"
        for name, count in zip(training_set.labels, texts.tolist(), strict=True)
        if count < n_folds
    ]
    if too_few:
        raise DataError(
            f"too few distinct documents for {n_folds} folds: {', '.join(too_few)}\n"
            f"lower {key} to at most the smallest of these (it must stay 2 or more), "
            "or label more messages"
        )
    fold_of_text = np.empty(len(label), dtype=np.int64)
    splitter = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
    splits = splitter.split(np.zeros(len(label)), label)
    for fold_index, (_, held_out) in enumerate(splits):
        fold_of_text[held_out] = fold_index
    return fold_of_text[training_set.group]


def require_two_labels(training_set: TrainingSet) -> None:
    """Raise a DataError unless there are documents of two labels."""
    present = [training_set.labels[label] for label in np.unique(training_set.y)]
    if len(present) < 2:
        labelled = f"all labelled {present[0]!r}" if present else "with no label"
        raise DataError(
            "a classifier needs documents of at least two labels; there are "
            f"{len(training_set)}, {labelled}: check labelling.rules and the sample"
        )
