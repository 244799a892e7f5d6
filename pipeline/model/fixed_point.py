"""A linear text classifier as a device runs it: in integers, as docs/format.md says."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import scipy.sparse as sp

from pipeline.model.counts import map_counts
from pipeline.text import Tokeniser

MAX_EXACT = 2**53 - 1  # up to here a double holds every integer


class Limits(NamedTuple):
    """The integers that no text's S and N exceed."""

    S: int
    N: int


class Sums(NamedTuple):
    """The exact integers of texts: S, int64 [n_texts, K], and N, int64 [n_texts]."""

    S: np.ndarray
    N: np.ndarray


@dataclass(frozen=True, eq=False)
class FixedPointModel:
    """A model of K labels and V terms that computes with integers.

    Attributes
    ----------
    labels, tokeniser, terms, norm
        As in `LinearModel`.
    term_frequency
        int64 [T], what a term counts in S that occurs 1 to T times; the last serves
        every higher count.
    term_frequency_squared, idf_squared
        int64 [T] and [V], what they count in N; empty without a norm.
    weights
        int64 [K, V]; those of a term add up to 0.
    biases, thresholds
        int64 [K], in units of ``2 ** bias_shift``.
    score_shift
        ``S / sqrt(N)`` is in units of ``2 ** score_shift``.

    Examples
    --------
    The model of docs/format.md scores the text ``The code: 1234`` as the page says:

    >>> from pathlib import Path
    >>> from pipeline.export.exporters.nightsieve_linear.format import decode
    >>> from pipeline.model.counts import count_terms
    >>> model = decode(Path("model.json").read_bytes())
    >>> counts = count_terms(model, ["The code: 1234"])
    >>> S, N = model.sums(counts)
    >>> S.tolist(), N.tolist()
    ([[-56, 56]], [400])
    >>> model.scores(counts).tolist()
    [[-1.15, 1.4]]
    >>> model.limits
    Limits(S=126, N=1334)
    """

    labels: tuple[str, ...]
    tokeniser: Tokeniser
    terms: tuple[str, ...]
    norm: Literal["l2"] | None
    term_frequency: np.ndarray
    term_frequency_squared: np.ndarray
    idf_squared: np.ndarray
    weights: np.ndarray
    biases: np.ndarray
    thresholds: np.ndarray
    bias_shift: int
    score_shift: int

    @property
    def limits(self) -> Limits:
        """The integers that no text's sums exceed: no count goes beyond the tables.

        Sums are exact only if both are at most `MAX_EXACT`. They are computed with
        integers of any size.
        """
        largest_row = max(sum(map(abs, row)) for row in self.weights.tolist())
        S = largest_row * int(self.term_frequency[-1])
        if self.norm is None:
            return Limits(S, 1)
        N = sum(self.idf_squared.tolist()) * int(self.term_frequency_squared[-1])
        return Limits(S, N)

    def sums(self, counts: sp.csr_array) -> Sums:
        """Return the exact sums of each text, from counts [n_texts, V]."""
        S = map_counts(counts, self._term_frequency_of) @ self.weights.T
        if self.norm is None:
            return Sums(S, np.ones(counts.shape[0], dtype=np.int64))
        N = map_counts(counts, self._term_frequency_squared_of) @ self.idf_squared
        return Sums(S, N)

    def scores(self, counts: sp.csr_array) -> np.ndarray:
        """Return the scores that a device computes, to the last bit.

        They are float64 [n_texts, K], from counts [n_texts, V].
        """
        S, N = self.sums(counts)
        roots = np.sqrt(N)[:, None]
        has_terms = (N > 0)[:, None]
        quotients = np.divide(S, roots, where=has_terms, out=np.zeros(S.shape))
        biases = np.ldexp(self.biases.astype(np.float64), self.bias_shift)
        scores: np.ndarray = biases + np.ldexp(quotients, self.score_shift)
        return scores

    def subtract_thresholds(self, scores: np.ndarray) -> np.ndarray:
        """Return the scores [n_texts, K] less thresholds, as a device computes them."""
        thresholds = np.ldexp(self.thresholds.astype(np.float64), self.bias_shift)
        reduced_scores: np.ndarray = scores - thresholds
        return reduced_scores

    def label_with_thresholds(self, scores: np.ndarray) -> np.ndarray:
        """Return the index of the label with thresholds, int64 [n_texts].

        Parameters
        ----------
        scores
            float64 [n_texts, K].
        """
        labels: np.ndarray = self.subtract_thresholds(scores).argmax(axis=1)
        return labels

    def _term_frequency_of(self, counts: np.ndarray) -> np.ndarray:
        frequencies: np.ndarray = self.term_frequency[self._rows(counts)]
        return frequencies

    def _term_frequency_squared_of(self, counts: np.ndarray) -> np.ndarray:
        squares: np.ndarray = self.term_frequency_squared[self._rows(counts)]
        return squares

    def _rows(self, counts: np.ndarray) -> np.ndarray:
        rows: np.ndarray = np.minimum(counts, len(self.term_frequency)) - 1
        return rows
