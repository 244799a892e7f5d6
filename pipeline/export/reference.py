"""What every scorer must get from a text: computed from matrices, by another way than any scorer goes."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp

from pipeline.model.counts import count_terms
from pipeline.model.fixed_point import FixedPointModel
from pipeline.text.character_map import SEPARATOR


def evaluate(model: FixedPointModel, texts: Sequence[str]) -> list[dict[str, Any]]:
    """For each text what a line of a scorer's output holds: tokens, S, N, scores as hexadecimal doubles, and label."""
    tokens = [model.tokeniser.tokens(text) for text in texts]
    return outcomes(
        model, tokens, count_terms(model, map(SEPARATOR.join, tokens), cleaned=True)
    )


def outcomes(
    model: FixedPointModel, tokens: Sequence[list[str]], counts: sp.csr_array
) -> list[dict[str, Any]]:
    """The same for texts of these tokens, in which the model's terms stand so often, [n_texts, V]."""
    S, N = model.sums(counts)
    scores = model.scores(counts)
    labels = [model.labels[winner] for winner in scores.argmax(axis=1).tolist()]
    found = zip(
        tokens, S.tolist(), N.tolist(), hexadecimal(scores), labels, strict=True
    )
    return [
        dict(zip(("tokens", "S", "N", "scores", "label"), outcome, strict=True))
        for outcome in found
    ]


def decisions(model: FixedPointModel, found: Sequence[dict[str, Any]]) -> list[str]:
    """The label with the thresholds of each outcome, step 7 of docs/format.md."""
    return [
        model.labels[label] for label in model.label_with_thresholds(scores_of(found))
    ]


def scores_of(found: Sequence[dict[str, Any]]) -> np.ndarray:
    """The scores of the outcomes as doubles again, float64 [n_texts, K]."""
    written = itertools.chain.from_iterable(outcome["scores"] for outcome in found)
    return (
        np.frombuffer(bytes.fromhex("".join(written)), dtype=">f8")
        .astype(np.float64)
        .reshape(len(found), -1)
    )


def units(text: str) -> str:
    """The text's UTF-16 units, four hexadecimal digits each; a lone surrogate stays one."""
    return text.encode("utf-16-be", "surrogatepass").hex()


def hexadecimal(scores: np.ndarray) -> list[list[str]]:
    """The 64 bits of each double of ``scores`` [.., K] as 16 hexadecimal digits, the most significant first."""
    digits = scores.astype(">f8").tobytes().hex()
    each = [digits[start : start + 16] for start in range(0, len(digits), 16)]
    return [
        each[start : start + scores.shape[1]]
        for start in range(0, len(each), scores.shape[1])
    ]
