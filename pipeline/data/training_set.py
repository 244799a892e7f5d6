"""The training set: unique documents with labels and weights, tokenised once."""

from dataclasses import dataclass

import numpy as np

from pipeline.data.arrays import pack_strings, unpack_strings


@dataclass(frozen=True)
class TrainingSet:
    """Unique ``(text, label)`` documents in the order of their text, then label.

    Attributes
    ----------
    labels
        The names of the labels, sorted; ``y`` holds indices into them.
    vocabulary
        Every token of the documents, in code-point order; ``tokens`` holds indices into
        it.
    y
        int64 [n_documents], the label of each document.
    weight
        int64 [n_documents], how many messages the document stands for.
    label_weight
        float64 [n_documents], how much each of these messages counts in a solver's
        objective: 0 to 1 for a label of rules, any number above 0 for a person's label.
    group
        int64 [n_documents], counting from 0; equal for documents with the same text,
        which differ in label.
    tokens
        int32 [n_tokens], the tokens of all documents one after another.
    offsets
        int64 [n_documents + 1]; the tokens of document ``i`` are
        ``tokens[offsets[i]:offsets[i + 1]]``.
    """

    labels: tuple[str, ...]
    vocabulary: tuple[str, ...]
    y: np.ndarray
    weight: np.ndarray
    label_weight: np.ndarray
    group: np.ndarray
    tokens: np.ndarray
    offsets: np.ndarray

    def __len__(self) -> int:
        return len(self.y)

    @property
    def messages(self) -> int:
        """How many messages the documents stand for."""
        return int(self.weight.sum())

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Return plain arrays for an npz file.

        Strings are UTF-8, one in each line, since no token has a line break.
        """
        return {
            "labels": pack_strings(self.labels),
            "vocabulary": pack_strings(self.vocabulary),
            "y": self.y,
            "weight": self.weight,
            "label_weight": self.label_weight,
            "group": self.group,
            "tokens": self.tokens,
            "offsets": self.offsets,
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> "TrainingSet":
        """Return the training set of the arrays that `to_arrays` returned."""
        return cls(
            labels=unpack_strings(arrays["labels"]),
            vocabulary=unpack_strings(arrays["vocabulary"]),
            y=arrays["y"],
            weight=arrays["weight"],
            label_weight=arrays["label_weight"],
            group=arrays["group"],
            tokens=arrays["tokens"],
            offsets=arrays["offsets"],
        )


def label_of_texts(
    group: np.ndarray, y: np.ndarray, weight: np.ndarray, n_labels: int
) -> np.ndarray:
    """Return the label that most messages of each text have, int64 [n_texts].

    The parameters are arrays of a `TrainingSet`. On a tie it is the first label.

    Examples
    --------
    Two documents are of the first text, one is of the second:

    >>> label_of_texts(
    ...     group=np.array([0, 0, 1]),
    ...     y=np.array([0, 1, 1]),
    ...     weight=np.array([3, 2, 1]),
    ...     n_labels=2,
    ... )
    array([0, 1])
    """
    n_texts = group.max(initial=-1) + 1
    # One number for each pair of text and label.
    pairs = group * n_labels + y
    messages = np.bincount(pairs, weights=weight, minlength=n_texts * n_labels)
    return messages.reshape(n_texts, n_labels).argmax(axis=1)
