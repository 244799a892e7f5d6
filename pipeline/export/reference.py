"""What every scorer must compute from a text.

It is computed with matrices, which no scorer uses, so a mistake is not made twice.
"""

import json
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from pipeline.model.counts import count_terms
from pipeline.model.fixed_point import FixedPointModel
from pipeline.text.character_map import SEPARATOR

DOUBLE_DIGITS = 16
_ENCODE = json.JSONEncoder(separators=(",", ":")).encode


class Outcome(NamedTuple):
    """The content of a line of a scorer's output; scores are hexadecimal doubles."""

    tokens: list[str]
    S: list[int]
    N: int
    scores: list[str]
    label: str

    def to_line(self) -> bytes:
        """Return the line that a scorer must write."""
        return _ENCODE(self._asdict()).encode()


def evaluate(model: FixedPointModel, texts: Sequence[str]) -> list[Outcome]:
    """Return the outcome of each text."""
    tokens = list(map(model.tokeniser.tokens, texts))
    cleaned = map(SEPARATOR.join, tokens)
    return outcomes(model, tokens, count_terms(model, cleaned, cleaned=True))


def outcomes(
    model: FixedPointModel, tokens: Sequence[list[str]], counts: sp.csr_array
) -> list[Outcome]:
    """Return the outcomes of texts with these tokens and counts, int64 [n_texts, V]."""
    S, N = model.sums(counts)  # noqa: N806 - the names of docs/format.md
    scores = model.scores(counts)
    winners = scores.argmax(axis=1).tolist()
    labels = [model.labels[winner] for winner in winners]
    rows = zip(tokens, S.tolist(), N.tolist(), hexadecimal(scores), labels, strict=True)
    return [Outcome._make(row) for row in rows]


def decisions(model: FixedPointModel, results: Sequence[Outcome]) -> list[str]:
    """Return the label with thresholds of each outcome, step 7 of docs/format.md."""
    if not results:
        return []
    indices = model.label_with_thresholds(scores_of(results))
    return [model.labels[index] for index in indices.tolist()]


def scores_of(results: Sequence[Outcome]) -> np.ndarray:
    """Return the scores of outcomes as doubles, float64 [n_texts, K]."""
    digits = "".join("".join(outcome.scores) for outcome in results)
    doubles = np.frombuffer(bytes.fromhex(digits), dtype=">f8")
    return doubles.astype(np.float64).reshape(len(results), -1)


def units(text: str) -> str:
    r"""Return the text's UTF-16 units, four hexadecimal digits each.

    A lone surrogate stays a lone surrogate.

    Examples
    --------
    >>> units("a\u00e9")
    '006100e9'
    """
    return text.encode("utf-16-be", "surrogatepass").hex()


def from_units(digits: str) -> str:
    """Return the text that `units` wrote."""
    return bytes.fromhex(digits).decode("utf-16-be", "surrogatepass")


def hexadecimal(scores: np.ndarray) -> list[list[str]]:
    """Return the doubles of ``scores`` [n_texts, K] as 16 hexadecimal digits each.

    The most significant digit is first.
    """
    digits = scores.astype(">f8").tobytes().hex()
    starts = range(0, len(digits), DOUBLE_DIGITS)
    doubles = [digits[start : start + DOUBLE_DIGITS] for start in starts]
    columns = scores.shape[1]
    rows = range(0, len(doubles), columns)
    return [doubles[start : start + columns] for start in rows]
