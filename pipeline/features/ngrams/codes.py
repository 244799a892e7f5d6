"""Write n-grams as integers, for documents that do not fit in memory at once.

The ids of an n-gram's tokens, plus 1, are the digits of its code, in a base above all
of them. The digit 0 means that the n-gram is shorter than the longest. So ascending
codes are in the code-point order of the terms.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

MAX_CODES = 2**63


@dataclass(frozen=True)
class NgramCodes:
    """The codes of n-grams of up to ``longest`` tokens out of ``n_tokens``.

    Examples
    --------
    With 9 tokens the base is 10, so the digits are easy to see:

    >>> codes = NgramCodes(n_tokens=9, longest=2)
    >>> codes.encode(np.array([[2, 4], [2, -1]]))
    array([35, 30])
    >>> codes.decode(np.array([35, 30])).tolist()
    [[2, 4], [2, -1]]
    >>> codes.fit
    True
    """

    n_tokens: int
    longest: int

    @property
    def fit(self) -> bool:
        """Whether every n-gram has a code of 63 bits."""
        return self._base**self.longest <= MAX_CODES

    def encode(self, tokens: np.ndarray) -> np.ndarray:
        """Return the code of each row of token ids, int64 [n_terms].

        Parameters
        ----------
        tokens
            int64 [n_terms, longest], -1 where a term is shorter.
        """
        return (tokens + 1) @ self._place_values

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Return the token ids of each code, int64 [n_terms, longest]."""
        return codes[:, None] // self._place_values % self._base - 1

    @property
    def _base(self) -> int:
        return self.n_tokens + 1

    @property
    def _place_values(self) -> np.ndarray:
        return np.array([self._base**n for n in reversed(range(self.longest))])


@dataclass(frozen=True)
class CodeCounts:
    """Distinct codes, ascending, and a count for each.

    Attributes
    ----------
    codes
        int64 [n_codes].
    counts
        float64 [n_codes].

    Examples
    --------
    >>> counts = CodeCounts(np.array([30, 35]), np.array([2.0, 1.0]))
    >>> counts.counts_of(np.array([10, 35]))
    array([0., 1.])
    """

    codes: np.ndarray
    counts: np.ndarray

    def __len__(self) -> int:
        return len(self.codes)

    def counts_of(self, codes: np.ndarray) -> np.ndarray:
        """Return the count of each of these ascending codes, 0 for unknown codes."""
        counts = np.zeros(len(codes))
        index, is_known = find_codes(self.codes, codes)
        counts[index[is_known]] = self.counts[is_known]
        return counts


def add_up(parts: Sequence[CodeCounts]) -> CodeCounts:
    """Return the distinct codes of all parts, and the sum of the counts of each.

    Examples
    --------
    >>> first = CodeCounts(np.array([30, 35]), np.array([2.0, 1.0]))
    >>> second = CodeCounts(np.array([35]), np.array([4.0]))
    >>> add_up([first, second])
    CodeCounts(codes=array([30, 35]), counts=array([2., 5.]))
    """
    codes = np.concatenate([part.codes for part in parts])
    counts = np.concatenate([part.counts for part in parts])
    order = np.argsort(codes, kind="stable")  # a merge of what is sorted already
    sorted_codes = codes[order]
    first = np.flatnonzero(np.diff(sorted_codes, prepend=-1))
    return CodeCounts(sorted_codes[first], np.add.reduceat(counts[order], first))


def find_codes(codes: np.ndarray, among: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the index of each code among others, and whether it is there.

    Parameters
    ----------
    codes, among
        int64, both ascending.

    Returns
    -------
    tuple of ndarray
        int64 [n_codes], the index at which the code is or would be inserted, and
        bool [n_codes].

    Examples
    --------
    >>> index, is_known = find_codes(np.array([10, 35]), among=np.array([30, 35]))
    >>> index.tolist(), is_known.tolist()
    ([0, 1], [False, True])
    """
    index = np.searchsorted(among, codes)
    return index, np.append(among, -1)[index] == codes
