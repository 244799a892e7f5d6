"""Mistakes on the way from counted terms to the label."""

import math
import struct
from collections.abc import Callable

from scorers.python.nightsieve_scorer import Result, Scorer
from tests.unit.export.mutants.mutation import Mistake, holding, overriding
from tests.unit.export.mutants.tokens import ngrams, sizes


def int32(value: int) -> int:
    return (value + 2**31) % 2**32 - 2**31


def float32(value: float) -> float:
    return struct.unpack("f", struct.pack("f", value))[0]


def weighing(
    tf: Callable[[Scorer, int], int],
    add: Callable = lambda total, product: total + product,
) -> Mistake:
    """A scorer for which a term counts ``tf`` (of its count) in S."""

    def sums(self, counts: dict[int, int]) -> tuple[list, int]:
        S = [0] * len(self.labels)
        for place, count in counts.items():
            S = [
                add(s, tf(self, count) * weight)
                for s, weight in zip(S, self._weights[place], strict=True)
            ]
        return S, Scorer._sums(self, counts)[1]

    return overriding(_sums=sums)


def measuring(
    square: Callable[[Scorer, int, int], int],
    add: Callable = lambda total, term: total + term,
) -> Mistake:
    """A scorer for which a term counts ``square`` (of its place and count) in N."""

    def sums(self, counts: dict[int, int]) -> tuple[list, int]:
        S, N = Scorer._sums(self, counts)
        if self._l2:
            N = 0
            for place, count in counts.items():
                N = add(N, square(self, place, count))
        return S, N

    return overriding(_sums=sums)


def tf(scorer: Scorer, count: int) -> int:
    return scorer._term_frequency[scorer._row(count)]


def tf2(scorer: Scorer, count: int) -> int:
    return scorer._term_frequency_squared[scorer._row(count)]


def right_square(scorer: Scorer, place: int, count: int) -> int:
    return tf2(scorer, count) * scorer._idf_squared[place]


def beyond(table: list[int], count: int) -> int:
    """The table continued as its last step goes on, past its end."""
    if count <= len(table):
        return table[count - 1]
    return table[-1] + (count - len(table)) * (
        table[-1] - table[-2] if len(table) > 1 else table[0]
    )


def scoring(score: Callable[[Scorer, float, int, float], float]) -> Mistake:
    """A scorer with another formula of bias, S of a label, and the root of N; where N is 0 it is right."""

    def scores(self, S: list, N: int) -> list[float]:
        if not N:
            return list(self._biases)
        root = math.sqrt(N)
        return [
            score(self, bias, s, root) for s, bias in zip(S, self._biases, strict=True)
        ]

    return overriding(_scores=scores)


def without_terms(score: Callable[[float], float]) -> Mistake:
    """A scorer that gets something else from a bias where N is 0."""
    return overriding(
        _scores=lambda self, S, N: (
            Scorer._scores(self, S, N) if N else [score(bias) for bias in self._biases]
        )
    )


def choosing(choose: Callable[[Scorer, list[float]], int]) -> Mistake:
    return overriding(_winner=lambda self, scores: self.labels[choose(self, scores)])


def first_best(scores: list[float]) -> int:
    return scores.index(max(scores))


def last_best(scores: list[float]) -> int:
    return max(range(len(scores)), key=lambda k: (scores[k], k))


def first_positive(scorer: Scorer, scores: list[float]) -> int:
    return next((k for k, score in enumerate(scores) if score > 0), 0)


def normed_without_a_norm(self, counts: dict[int, int]) -> tuple[list, int]:
    S, N = Scorer._sums(self, counts)
    return S, N if self._l2 else sum(tf(self, count) ** 2 for count in counts.values())


def with_unknown(self, tokens: list[str]) -> Result:
    unknown = sum(
        gram not in self._term_indices for gram in ngrams(tokens, sizes(self))
    )
    S, N = self._sums(self._counts(tokens))
    N += unknown * self._term_frequency_squared[0] if self._l2 else 0
    scores = self._scores(S, N)
    return Result(tokens, S, N, scores, self._winner(scores))


def divided_first(self, text: str) -> Result:
    """Every term's part is divided before it is added, as when a text's vector is normalised first."""
    right = Scorer.evaluate(self, text)
    if not right.N:
        return right
    root, scores = math.sqrt(right.N), [0.0] * len(self.labels)
    for place, count in self._counts(right.tokens).items():
        part = tf(self, count) / root
        scores = [
            score + part * weight
            for score, weight in zip(scores, self._weights[place], strict=True)
        ]
    scores = [
        bias + score * self._score_unit
        for score, bias in zip(scores, self._biases, strict=True)
    ]
    return right._replace(scores=scores, label=self._winner(scores))


def transposed(scorer: Scorer) -> list[tuple[int, ...]]:
    """The rows of weights taken for columns."""
    K = len(scorer.labels)
    flat = [row[k] for k in range(K - 1) for row in scorer._weights]
    columns = [flat[i : i + K - 1] for i in range(0, len(flat), K - 1)]
    return [(*column, -sum(column)) for column in columns]


SUMS = {
    "presence in place of counts": weighing(
        lambda self, count: self._term_frequency[0]
    ),
    "counts in place of term_frequency": weighing(
        lambda self, count: count * self._term_frequency[0]
    ),
    "term_frequency one row too far": weighing(lambda self, count: tf(self, count + 1)),
    "term_frequency one row too early": weighing(
        lambda self, count: tf(self, max(count - 1, 1))
    ),
    "term_frequency never ends": weighing(
        lambda self, count: beyond(self._term_frequency, count)
    ),
    "term_frequency ends one row too early": weighing(
        lambda self, count: self._term_frequency[
            min(count, max(len(self._term_frequency) - 1, 1)) - 1
        ]
    ),
    "a count beyond term_frequency counts nothing": weighing(
        lambda self, count: tf(self, count) if count <= len(self._term_frequency) else 0
    ),
    "counts in a byte": weighing(lambda self, count: tf(self, max(count & 0xFF, 1))),
    "S overflows 32 bits": weighing(tf, lambda total, product: int32(total + product)),
    "S summed in single precision": weighing(
        tf, lambda total, product: int(float32(total + float32(product)))
    ),
    "weights without their sign": holding(
        _weights=lambda scorer: [tuple(map(abs, row)) for row in scorer._weights]
    ),
    "the last label's weights left at 0": holding(
        _weights=lambda scorer: [(*row[:-1], 0) for row in scorer._weights]
    ),
    "the last label's weights without the minus": holding(
        _weights=lambda scorer: [(*row[:-1], -row[-1]) for row in scorer._weights]
    ),
    "rows of weights taken for columns": holding(_weights=transposed),
    "tf * tf in place of term_frequency_squared": measuring(
        lambda self, place, count: tf(self, count) ** 2 * self._idf_squared[place]
    ),
    "presence in N": measuring(lambda self, place, count: right_square(self, place, 1)),
    "every occurrence by itself in N": measuring(
        lambda self, place, count: count * right_square(self, place, 1)
    ),
    "N without idf_squared": measuring(lambda self, place, count: tf2(self, count)),
    "term_frequency_squared never ends": measuring(
        lambda self, place, count: (
            beyond(self._term_frequency_squared, count) * self._idf_squared[place]
        )
    ),
    "idf_squared squared once more": measuring(
        lambda self, place, count: tf2(self, count) * self._idf_squared[place] ** 2
    ),
    "single tokens alone in N": measuring(
        lambda self, place, count: (
            0 if " " in self._terms[place] else right_square(self, place, count)
        )
    ),
    "terms without a weight left out of N": measuring(
        lambda self, place, count: (
            right_square(self, place, count) if any(self._weights[place]) else 0
        )
    ),
    "unknown n-grams in N": overriding(
        evaluate=lambda self, text: with_unknown(self, self.tokens(text))
    ),
    "N overflows 32 bits": measuring(
        right_square, lambda total, term: int32(total + term)
    ),
    "N summed in single precision": measuring(
        right_square, lambda total, term: int(float32(total + float32(term)))
    ),
    "a norm where there is none": overriding(_sums=normed_without_a_norm),
    "not divided by the root": scoring(
        lambda self, bias, s, root: bias + s * self._score_unit
    ),
    "divided by N, not by its root": scoring(
        lambda self, bias, s, root: bias + s / root**2 * self._score_unit
    ),
    "the root rounded to an integer": scoring(
        lambda self, bias, s, root: bias + s / max(int(root), 1) * self._score_unit
    ),
    "the quotient rounded to an integer": scoring(
        lambda self, bias, s, root: bias + int(s / root) * self._score_unit
    ),
    "multiplied by the reciprocal of the root": scoring(
        lambda self, bias, s, root: bias + s * (1 / root) * self._score_unit
    ),
    "divided term by term": overriding(evaluate=divided_first),
    "shifts.score with the other sign": scoring(
        lambda self, bias, s, root: bias + s / root / self._score_unit
    ),
    "shifts.score off by one": scoring(
        lambda self, bias, s, root: bias + s / root * self._score_unit * 2
    ),
    "shifts.score ignored": scoring(lambda self, bias, s, root: bias + s / root),
    "shifts.bias ignored": holding(
        _biases=lambda scorer: list(map(float, scorer._bias_integers))
    ),
    "shifts.bias with the other sign": holding(
        _biases=lambda scorer: [
            bias / scorer._bias_unit for bias in scorer._bias_integers
        ]
    ),
    "the bias forgotten": scoring(
        lambda self, bias, s, root: s / root * self._score_unit
    ),
    "the bias subtracted": scoring(
        lambda self, bias, s, root: s / root * self._score_unit - bias
    ),
    "the bias divided too": scoring(
        lambda self, bias, s, root: (bias + s * self._score_unit) / root
    ),
    "the root in single precision": scoring(
        lambda self, bias, s, root: bias + s / float32(root) * self._score_unit
    ),
    "scores in single precision": scoring(
        lambda self, bias, s, root: float32(
            float32(bias) + float32(s / root * self._score_unit)
        )
    ),
    "biases in single precision": holding(
        _biases=lambda scorer: list(map(float32, scorer._biases))
    ),
    "0 / 0 without a term": without_terms(lambda bias: math.nan),
    "scores of 0 without a term": without_terms(lambda bias: 0.0),
    "the last of equal scores wins": choosing(lambda self, scores: last_best(scores)),
    "the smallest score wins": choosing(lambda self, scores: scores.index(min(scores))),
    "the largest absolute score wins": choosing(
        lambda self, scores: max(range(len(scores)), key=lambda k: abs(scores[k]))
    ),
    "the first score above 0 wins": choosing(first_positive),
    "the second label wins only above 0": choosing(
        lambda self, scores: first_best(scores) if scores[1] > 0 else 0
    ),
    "the label without the biases": choosing(
        lambda self, scores: first_best(
            [score - bias for score, bias in zip(scores, self._biases, strict=True)]
        )
    ),
    "thresholds always applied": choosing(
        lambda self, scores: first_best(
            [a - b for a, b in zip(scores, self._thresholds, strict=True)]
        )
    ),
    "labels sorted the other way round": holding(
        labels=lambda scorer: tuple(sorted(scorer.labels, reverse=True))
    ),
    "labels without regard to case": holding(
        labels=lambda scorer: tuple(sorted(scorer.labels, key=str.lower))
    ),
}
