"""A linear text classifier as a value: in floating point as scikit-learn fits it, in fixed point as a device runs it.

Both score a matrix of term counts, so that neither knows where the counts come from.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from sklearn.feature_extraction.text import CountVectorizer

from pipeline.text import Tokeniser

MOST_EXACT = 2**53 - 1  # up to here a double holds every integer


@dataclass(frozen=True, eq=False)
class LinearModel:
    """What the estimator decides by: K labels, V terms, one row of weights a label, also with two labels.

    Attributes
    ----------
    labels : K class names, in code-point order.
    tokeniser : turns a text into its n-grams.
    terms : the V n-grams that count.
    idf : float64 [V], the inverse document frequency of each term.
    weights : float64 [K, V], those of a term add up to 0.
    intercepts : float64 [K].
    thresholds : float64 [K], what a label's score must have on top of the others' before it is decided for; 0: none.
    sublinear_tf : whether a term that occurs tf times counts 1 + ln(tf) instead of tf.
    norm : ``l2`` when a text's vector is scaled to length 1 before it is weighed, else None.
    """

    labels: tuple[str, ...]
    tokeniser: Tokeniser
    terms: tuple[str, ...]
    idf: np.ndarray
    weights: np.ndarray
    intercepts: np.ndarray
    thresholds: np.ndarray
    sublinear_tf: bool
    norm: str | None

    def with_thresholds(self, thresholds: Mapping[str, float]) -> "LinearModel":
        """The model with these thresholds of its labels, 0 for those that are not named."""
        return replace(
            self,
            thresholds=np.array([thresholds.get(label, 0.0) for label in self.labels]),
        )

    def term_frequency(self, counts: np.ndarray) -> np.ndarray:
        """What a term counts that occurs so often, float64; same shape."""
        return 1 + np.log(counts) if self.sublinear_tf else counts.astype(np.float64)

    def lengths(self, counts: sp.csr_array) -> np.ndarray:
        """By what each text's vector is divided, float64 [n_texts]: its Euclidean length if that counts, else 1."""
        if self.norm is None:
            return np.ones(counts.shape[0])
        squares = (
            mapped(counts, lambda count: self.term_frequency(count) ** 2) @ self.idf**2
        )
        return np.where(squares > 0, np.sqrt(squares), 1)

    def scores(self, counts: sp.csr_array) -> np.ndarray:
        """The score of each text for each label, float64 [n_texts, K]; the largest, the first of equals, wins."""
        sums = mapped(counts, self.term_frequency) @ (self.idf * self.weights).T
        return sums / self.lengths(counts)[:, None] + self.intercepts

    def decide(self, scores: np.ndarray) -> np.ndarray:
        """The label with the thresholds for each row of scores [n_texts, K], int64 [n_texts]."""
        return (scores - self.thresholds).argmax(axis=1)


@dataclass(frozen=True, eq=False)
class FixedPointModel:
    """The model that a device runs, in integers, as docs/format.md has it: K labels, V terms.

    Attributes
    ----------
    labels, tokeniser, terms, norm : as in `LinearModel`.
    term_frequency : int64 [T], what a term counts in S that occurs 1 to T times; the last serves any higher count.
    term_frequency_squared, idf_squared : int64 [T] and [V], what they count in N; empty without a norm.
    weights : int64 [K, V], those of a term add up to 0.
    biases, thresholds : int64 [K], in units of ``2 ** bias_shift``.
    score_shift : ``S / sqrt(N)`` is in units of ``2 ** score_shift``.
    """

    labels: tuple[str, ...]
    tokeniser: Tokeniser
    terms: tuple[str, ...]
    norm: str | None
    term_frequency: np.ndarray
    term_frequency_squared: np.ndarray
    idf_squared: np.ndarray
    weights: np.ndarray
    biases: np.ndarray
    thresholds: np.ndarray
    bias_shift: int
    score_shift: int

    @property
    def limits(self) -> dict[str, int]:
        """What no text's S and N can exceed, for no count exceeds the table's last; exact only up to `MOST_EXACT`."""
        S = max(sum(map(abs, row)) for row in self.weights.tolist()) * int(
            self.term_frequency[-1]
        )
        if self.norm is None:
            return {"S": S, "N": 1}
        return {
            "S": S,
            "N": sum(self.idf_squared.tolist()) * int(self.term_frequency_squared[-1]),
        }

    def sums(self, counts: sp.csr_array) -> tuple[np.ndarray, np.ndarray]:
        """The exact integers S, int64 [n_texts, K], and N, int64 [n_texts]."""
        row = mapped(
            counts, lambda count: np.minimum(count, len(self.term_frequency)) - 1
        ).data
        S = mapped(counts, lambda _: self.term_frequency[row]) @ self.weights.T
        if self.norm is None:
            return S, np.ones(counts.shape[0], dtype=np.int64)
        return S, mapped(
            counts, lambda _: self.term_frequency_squared[row]
        ) @ self.idf_squared

    def scores(self, counts: sp.csr_array) -> np.ndarray:
        """The score of each text for each label, float64 [n_texts, K], to the last bit what a device computes."""
        S, N = self.sums(counts)
        quotients = np.divide(
            S, np.sqrt(N)[:, None], where=(N > 0)[:, None], out=np.zeros(S.shape)
        )
        return np.ldexp(self.biases.astype(np.float64), self.bias_shift) + np.ldexp(
            quotients, self.score_shift
        )

    def less_thresholds(self, scores: np.ndarray) -> np.ndarray:
        """The scores, [n_texts, K], each less its label's threshold, to the last bit what a device computes."""
        return scores - np.ldexp(self.thresholds.astype(np.float64), self.bias_shift)

    def decide(self, scores: np.ndarray) -> np.ndarray:
        """The label with the thresholds for each row of scores [n_texts, K], int64 [n_texts]."""
        return self.less_thresholds(scores).argmax(axis=1)


def count_terms(
    model: LinearModel | FixedPointModel, texts: Iterable[str], cleaned: bool = False
) -> sp.csr_array:
    """How often each of the model's terms stands in each text, which may be cleaned already; int64 [n_texts, V]."""
    analyzer = model.tokeniser.ngrams_of_cleaned if cleaned else model.tokeniser
    return sp.csr_array(
        CountVectorizer(analyzer=analyzer, vocabulary=model.terms).transform(texts)
    )


def mapped(counts: sp.csr_array, function) -> sp.csr_array:
    """The matrix with the function of every stored count in its place."""
    return sp.csr_array(
        (function(counts.data), counts.indices, counts.indptr), shape=counts.shape
    )
