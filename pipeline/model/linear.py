"""A linear text classifier as scikit-learn fits it: in floating point."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, Self

import numpy as np
import scipy.sparse as sp

from pipeline.model.counts import map_counts
from pipeline.text import Tokeniser


@dataclass(frozen=True, eq=False)
class LinearModel:
    """What an estimator decides by: K labels, V terms, a row of weights per label.

    Two labels have two rows as well.

    Attributes
    ----------
    labels
        K class names, in code-point order.
    tokeniser
        What turns a text into its n-grams.
    terms
        The V n-grams that count.
    idf
        float64 [V], the inverse document frequency of each term.
    weights
        float64 [K, V]; those of a term add up to 0.
    intercepts
        float64 [K].
    thresholds
        float64 [K]. A label wins only if its score exceeds the others' by its
        threshold; 0 means that it has none.
    sublinear_tf
        Whether a term that occurs tf times counts 1 + ln(tf) instead of tf.
    norm
        ``l2`` if a text's vector is scaled to length 1 before it is weighed.

    Examples
    --------
    >>> from sklearn.feature_extraction.text import TfidfVectorizer
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.svm import LinearSVC
    >>> from pipeline.model.counts import count_terms
    >>> from pipeline.model.from_sklearn import linear_model
    >>> from pipeline.text.character_map import preset
    >>> tokeniser = Tokeniser(preset("casefold", "shape"), 2, frozenset(), (1, 2))
    >>> fitted = make_pipeline(TfidfVectorizer(analyzer=tokeniser), LinearSVC())
    >>> texts = ["Free prize", "Free entry", "See you tonight", "See you there"]
    >>> fitted = fitted.fit(texts, ["spam", "spam", "chat", "chat"])
    >>> model = linear_model(fitted)
    >>> scores = model.scores(count_terms(model, ["See you", "A free prize"]))
    >>> [model.labels[index] for index in scores.argmax(axis=1)]
    ['chat', 'spam']
    """

    labels: tuple[str, ...]
    tokeniser: Tokeniser
    terms: tuple[str, ...]
    idf: np.ndarray
    weights: np.ndarray
    intercepts: np.ndarray
    thresholds: np.ndarray
    sublinear_tf: bool
    norm: Literal["l2"] | None

    def with_thresholds(self, thresholds: Mapping[str, float]) -> Self:
        """Return the model with these thresholds by label, 0 for other labels."""
        values = [thresholds.get(label, 0.0) for label in self.labels]
        return replace(self, thresholds=np.array(values))

    def term_frequency(self, counts: np.ndarray) -> np.ndarray:
        """Return what a term counts that occurs this often, float64; same shape."""
        if self.sublinear_tf:
            frequencies: np.ndarray = 1 + np.log(counts)
            return frequencies
        return counts.astype(np.float64)

    def term_frequency_squared(self, counts: np.ndarray) -> np.ndarray:
        """Return the square of `term_frequency`, float64; same shape."""
        squares: np.ndarray = self.term_frequency(counts) ** 2
        return squares

    def lengths(self, counts: sp.csr_array) -> np.ndarray:
        """Return what each text's vector is divided by, float64 [n_texts].

        With a norm it is the Euclidean length, or 1 for a text without a term.
        """
        if self.norm is None:
            return np.ones(counts.shape[0])
        squares = map_counts(counts, self.term_frequency_squared) @ self.idf**2
        return np.where(squares > 0, np.sqrt(squares), 1)

    def scores(self, counts: sp.csr_array) -> np.ndarray:
        """Return the score of each text for each label, float64 [n_texts, K].

        The largest wins, the first of equals.
        """
        frequencies = map_counts(counts, self.term_frequency)
        sums: np.ndarray = frequencies @ (self.idf * self.weights).T
        scores: np.ndarray = sums / self.lengths(counts)[:, None] + self.intercepts
        return scores

    def label_with_thresholds(self, scores: np.ndarray) -> np.ndarray:
        """Return the index of the label with thresholds, int64 [n_texts].

        Parameters
        ----------
        scores
            float64 [n_texts, K].
        """
        labels: np.ndarray = (scores - self.thresholds).argmax(axis=1)
        return labels
