"""Folds over texts: equal texts are in one fold, so no text is in training and test."""

import numpy as np
from sklearn.model_selection import StratifiedKFold

from pipeline.data.training_set import TrainingSet, label_of_texts
from pipeline.errors import DataError

#: The minimum number of labels that a classifier distinguishes.
MIN_LABELS = 2


def assign_folds(
    training_set: TrainingSet, n_folds: int, seed: int, key: str
) -> np.ndarray:
    """Return the fold of every document, int64 [n_documents].

    Folds are stratified by label, shuffled, and equal for equal texts. A text counts
    for the label that most of its messages have (the first label on a tie).

    Parameters
    ----------
    key
        The key of the configuration that sets the number of folds, for the message.

    Raises
    ------
    DataError
        There is one label only, or a label has fewer texts than there are folds.

    Examples
    --------
    Documents 0 and 1 have the same text.

    >>> training_set = TrainingSet(
    ...     labels=("bank", "spam"),
    ...     vocabulary=("a", "b", "c", "d"),
    ...     y=np.array([0, 1, 0, 1, 1]),
    ...     weight=np.array([9, 1, 1, 1, 1]),
    ...     label_weight=np.ones(5),
    ...     group=np.array([0, 0, 1, 2, 3]),
    ...     tokens=np.array([0, 0, 1, 2, 3]),
    ...     offsets=np.arange(6),
    ... )
    >>> assign_folds(training_set, n_folds=2, seed=0, key="search.folds").tolist()
    [1, 1, 0, 0, 1]
    """
    require_two_labels(training_set)
    n_labels = len(training_set.labels)
    label = label_of_texts(
        training_set.group, training_set.y, training_set.weight, n_labels
    )
    n_texts = np.bincount(label, minlength=n_labels).tolist()
    too_few = [
        f"{name!r} has {count}"
        for name, count in zip(training_set.labels, n_texts, strict=True)
        if count < n_folds
    ]
    if too_few:
        raise DataError(
            f"{key}: too few distinct texts for {n_folds} folds: {', '.join(too_few)}\n"
            "lower it to the smallest of these numbers (2 is the minimum), or label "
            "more messages"
        )
    fold_of_text = np.empty(len(label), dtype=np.int64)
    splitter = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
    splits = splitter.split(np.zeros(len(label)), label)
    for fold_index, (_, held_out) in enumerate(splits):
        fold_of_text[held_out] = fold_index
    return fold_of_text[training_set.group]


def require_two_labels(training_set: TrainingSet) -> None:
    """Raise a `DataError` unless there are documents of two labels."""
    present = [training_set.labels[label] for label in np.unique(training_set.y)]
    if len(present) < MIN_LABELS:
        documents = f"all have {present[0]!r}" if present else "there are no documents"
        raise DataError(
            "labelling.rules: training needs documents of at least two labels, and "
            f"{documents}; check the rules and the sample"
        )
