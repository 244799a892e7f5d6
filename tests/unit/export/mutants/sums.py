"""Mistakes on the way from counted terms to the label."""

import math
import operator
import struct
from collections.abc import Callable

from scorers.python.nightsieve_scorer import Result, Scorer
from tests.unit.export.mutants.mutation import Mistake, holding, overriding
from tests.unit.export.mutants.tokens import ngrams, sizes


def int32(value: int) -> int:
    return (value + 2**31) % 2**32 - 2**31


def float32(value: float) -> float:
    return struct.unpack("f", struct.pack("f", value))[0]


Sums = tuple[list[int], int]  # S and N


def weighing(
    tf: Callable[[Scorer, int], int],
    add: Callable[[int, int], int] = operator.add,
) -> Mistake:
    """Return a scorer in whose S a term counts ``tf`` of its count."""

    def sums(scorer: Scorer, counts: dict[int, int]) -> Sums:
        S = [0] * len(scorer.labels)
        for index, count in counts.items():
            for label, weight in enumerate(scorer._weights[index]):
                S[label] = add(S[label], tf(scorer, count) * weight)
        return S, Scorer._sums(scorer, counts)[1]

    return overriding(_sums=sums)


def measuring(
    square: Callable[[Scorer, int, int], int],
    add: Callable[[int, int], int] = operator.add,
) -> Mistake:
    """Return a scorer in whose N a term counts ``square`` of its index and count."""

    def sums(scorer: Scorer, counts: dict[int, int]) -> Sums:
        S, N = Scorer._sums(scorer, counts)
        if scorer._l2:
            N = 0
            for index, count in counts.items():
                N = add(N, square(scorer, index, count))
        return S, N

    return overriding(_sums=sums)


def tf(scorer: Scorer, count: int) -> int:
    return scorer._term_frequency[scorer._row(count)]


def tf2(scorer: Scorer, count: int) -> int:
    return scorer._term_frequency_squared[scorer._row(count)]


def right_square(scorer: Scorer, index: int, count: int) -> int:
    return tf2(scorer, count) * scorer._idf_squared[index]


def beyond(table: list[int], count: int) -> int:
    """Return an entry of a table that goes on past its end with its last step."""
    if count <= len(table):
        return table[count - 1]
    last_step = table[-1] - table[-2] if len(table) > 1 else table[0]
    return table[-1] + (count - len(table)) * last_step


def scoring(score: Callable[[Scorer, float, int, float], float]) -> Mistake:
    """Return a scorer with another formula of bias, S and the root of N.

    Where N is 0 it is right.
    """

    def scores(scorer: Scorer, S: list[int], N: int) -> list[float]:
        if not N:
            return list(scorer._biases)
        root = math.sqrt(N)
        pairs = zip(S, scorer._biases, strict=True)
        return [score(scorer, bias, s, root) for s, bias in pairs]

    return overriding(_scores=scores)


def without_terms(score: Callable[[float], float]) -> Mistake:
    """Return a scorer that computes another score from a bias where N is 0."""

    def scores(scorer: Scorer, S: list[int], N: int) -> list[float]:
        if N:
            return Scorer._scores(scorer, S, N)
        return list(map(score, scorer._biases))

    return overriding(_scores=scores)


def choosing(choose: Callable[[Scorer, list[float]], int]) -> Mistake:
    """Return a scorer that chooses another label by its index."""

    def winner(scorer: Scorer, scores: list[float]) -> str:
        return scorer.labels[choose(scorer, scores)]

    return overriding(_winner=winner)


def first_best(scores: list[float]) -> int:
    return scores.index(max(scores))


def last_best(scores: list[float]) -> int:
    return len(scores) - 1 - scores[::-1].index(max(scores))


def first_positive(scorer: Scorer, scores: list[float]) -> int:
    return next((k for k, score in enumerate(scores) if score > 0), 0)


def normed_without_a_norm(scorer: Scorer, counts: dict[int, int]) -> Sums:
    S, N = Scorer._sums(scorer, counts)
    if not scorer._l2:
        N = sum(tf(scorer, count) ** 2 for count in counts.values())
    return S, N


def with_unknown(scorer: Scorer, tokens: list[str]) -> Result:
    grams = ngrams(tokens, sizes(scorer))
    n_unknown = sum(gram not in scorer._term_indices for gram in grams)
    S, N = scorer._sums(scorer._counts(tokens))
    if scorer._l2:
        N += n_unknown * scorer._term_frequency_squared[0]
    scores = scorer._scores(S, N)
    return Result(tokens, S, N, scores, scorer._winner(scores))


def divided_first(scorer: Scorer, text: str) -> Result:
    """Divide each term's part before adding it, as if the vector were normalised."""
    right = Scorer.evaluate(scorer, text)
    if not right.N:
        return right
    root = math.sqrt(right.N)
    sums = [0.0] * len(scorer.labels)
    for index, count in scorer._counts(right.tokens).items():
        part = tf(scorer, count) / root
        for label, weight in enumerate(scorer._weights[index]):
            sums[label] += part * weight
    pairs = zip(sums, scorer._biases, strict=True)
    scores = [bias + total * scorer._score_unit for total, bias in pairs]
    return right._replace(scores=scores, label=scorer._winner(scores))


def transposed(scorer: Scorer) -> list[tuple[int, ...]]:
    """Return the weights with rows read as columns."""
    n_columns = len(scorer.labels) - 1
    flat: list[int] = []
    for label in range(n_columns):
        flat += [row[label] for row in scorer._weights]
    starts = range(0, len(flat), n_columns)
    columns = [flat[start : start + n_columns] for start in starts]
    return [(*column, -sum(column)) for column in columns]


def presence_in_place_of_counts(scorer: Scorer, count: int) -> int:
    return scorer._term_frequency[0]


def counts_in_place_of_term_frequency(scorer: Scorer, count: int) -> int:
    return count * scorer._term_frequency[0]


def term_frequency_one_row_too_far(scorer: Scorer, count: int) -> int:
    return tf(scorer, count + 1)


def term_frequency_one_row_too_early(scorer: Scorer, count: int) -> int:
    return tf(scorer, max(count - 1, 1))


def term_frequency_never_ends(scorer: Scorer, count: int) -> int:
    return beyond(scorer._term_frequency, count)


def term_frequency_ends_one_row_too_early(scorer: Scorer, count: int) -> int:
    return scorer._term_frequency[
        min(count, max(len(scorer._term_frequency) - 1, 1)) - 1
    ]


def count_beyond_term_frequency_counts_nothing(scorer: Scorer, count: int) -> int:
    return tf(scorer, count) if count <= len(scorer._term_frequency) else 0


def counts_in_byte(scorer: Scorer, count: int) -> int:
    return tf(scorer, max(count & 0xFF, 1))


def s_overflows_32_bits(total: int, product: int) -> int:
    return int32(total + product)


def s_summed_in_single_precision(total: int, product: int) -> int:
    return int(float32(total + float32(product)))


def weights_without_their_sign(scorer: Scorer) -> list[tuple[int, ...]]:
    return [tuple(map(abs, row)) for row in scorer._weights]


def last_label_s_weights_left_at_0(scorer: Scorer) -> list[tuple[int, ...]]:
    return [(*row[:-1], 0) for row in scorer._weights]


def last_label_s_weights_without_minus(scorer: Scorer) -> list[tuple[int, ...]]:
    return [(*row[:-1], -row[-1]) for row in scorer._weights]


def tf_tf_in_place_of_term_frequency_squared(
    scorer: Scorer, index: int, count: int
) -> int:
    return tf(scorer, count) ** 2 * scorer._idf_squared[index]


def presence_in_n(scorer: Scorer, index: int, count: int) -> int:
    return right_square(scorer, index, 1)


def every_occurrence_by_itself_in_n(scorer: Scorer, index: int, count: int) -> int:
    return count * right_square(scorer, index, 1)


def n_without_idf_squared(scorer: Scorer, index: int, count: int) -> int:
    return tf2(scorer, count)


def term_frequency_squared_never_ends(scorer: Scorer, index: int, count: int) -> int:
    return beyond(scorer._term_frequency_squared, count) * scorer._idf_squared[index]


def idf_squared_squared_twice(scorer: Scorer, index: int, count: int) -> int:
    return tf2(scorer, count) * scorer._idf_squared[index] ** 2


def single_tokens_alone_in_n(scorer: Scorer, index: int, count: int) -> int:
    return 0 if " " in scorer.terms[index] else right_square(scorer, index, count)


def terms_without_weight_left_out_of_n(scorer: Scorer, index: int, count: int) -> int:
    return right_square(scorer, index, count) if any(scorer._weights[index]) else 0


def unknown_n_grams_in_n(scorer: Scorer, text: str) -> Result:
    return with_unknown(scorer, scorer.tokens(text))


def n_overflows_32_bits(total: int, term: int) -> int:
    return int32(total + term)


def n_summed_in_single_precision(total: int, term: int) -> int:
    return int(float32(total + float32(term)))


def not_divided_by_root(scorer: Scorer, bias: float, s: float, root: float) -> float:
    return bias + s * scorer._score_unit


def divided_by_n_not_by_its_root(
    scorer: Scorer, bias: float, s: float, root: float
) -> float:
    return bias + s / root**2 * scorer._score_unit


def root_rounded_to_integer(
    scorer: Scorer, bias: float, s: float, root: float
) -> float:
    return bias + s / max(int(root), 1) * scorer._score_unit


def quotient_rounded_to_integer(
    scorer: Scorer, bias: float, s: float, root: float
) -> float:
    return bias + int(s / root) * scorer._score_unit


def multiplied_by_reciprocal_of_root(
    scorer: Scorer, bias: float, s: float, root: float
) -> float:
    return bias + s * (1 / root) * scorer._score_unit


def shifts_score_with_other_sign(
    scorer: Scorer, bias: float, s: float, root: float
) -> float:
    return bias + s / root / scorer._score_unit


def shifts_score_off_by_one(
    scorer: Scorer, bias: float, s: float, root: float
) -> float:
    return bias + s / root * scorer._score_unit * 2


def shifts_score_ignored(scorer: Scorer, bias: float, s: float, root: float) -> float:
    return bias + s / root


def shifts_bias_ignored(scorer: Scorer) -> list[float]:
    return list(map(float, scorer._bias_integers))


def shifts_bias_with_other_sign(scorer: Scorer) -> list[float]:
    return [bias / scorer._bias_unit for bias in scorer._bias_integers]


def bias_forgotten(scorer: Scorer, bias: float, s: float, root: float) -> float:
    return s / root * scorer._score_unit


def bias_subtracted(scorer: Scorer, bias: float, s: float, root: float) -> float:
    return s / root * scorer._score_unit - bias


def bias_divided_too(scorer: Scorer, bias: float, s: float, root: float) -> float:
    return (bias + s * scorer._score_unit) / root


def root_in_single_precision(
    scorer: Scorer, bias: float, s: float, root: float
) -> float:
    return bias + s / float32(root) * scorer._score_unit


def scores_in_single_precision(
    scorer: Scorer, bias: float, s: float, root: float
) -> float:
    return float32(float32(bias) + float32(s / root * scorer._score_unit))


def biases_in_single_precision(scorer: Scorer) -> list[float]:
    return list(map(float32, scorer._biases))


def n_0_over_0_without_term(bias: float) -> float:
    return math.nan


def scores_of_0_without_term(bias: float) -> float:
    return 0.0


def last_of_equal_scores_wins(scorer: Scorer, scores: list[float]) -> int:
    return last_best(scores)


def smallest_score_wins(scorer: Scorer, scores: list[float]) -> int:
    return scores.index(min(scores))


def largest_absolute_score_wins(scorer: Scorer, scores: list[float]) -> int:
    absolute = list(map(abs, scores))
    return first_best(absolute)


def second_label_wins_only_above_0(scorer: Scorer, scores: list[float]) -> int:
    return first_best(scores) if scores[1] > 0 else 0


def label_without_biases(scorer: Scorer, scores: list[float]) -> int:
    return first_best(
        [score - bias for score, bias in zip(scores, scorer._biases, strict=True)]
    )


def thresholds_always_applied(scorer: Scorer, scores: list[float]) -> int:
    return first_best([a - b for a, b in zip(scores, scorer._thresholds, strict=True)])


def labels_sorted_other_way_round(scorer: Scorer) -> tuple[str, ...]:
    return tuple(sorted(scorer.labels, reverse=True))


def labels_without_regard_to_case(scorer: Scorer) -> tuple[str, ...]:
    return tuple(sorted(scorer.labels, key=str.lower))


SUMS = {
    "presence in place of counts": weighing(presence_in_place_of_counts),
    "counts in place of term_frequency": weighing(counts_in_place_of_term_frequency),
    "term_frequency one row too far": weighing(term_frequency_one_row_too_far),
    "term_frequency one row too early": weighing(term_frequency_one_row_too_early),
    "term_frequency never ends": weighing(term_frequency_never_ends),
    "term_frequency ends one row too early": weighing(
        term_frequency_ends_one_row_too_early
    ),
    "a count beyond term_frequency counts nothing": weighing(
        count_beyond_term_frequency_counts_nothing
    ),
    "counts in a byte": weighing(counts_in_byte),
    "S overflows 32 bits": weighing(tf, s_overflows_32_bits),
    "S summed in single precision": weighing(tf, s_summed_in_single_precision),
    "weights without their sign": holding(_weights=weights_without_their_sign),
    "the last label's weights left at 0": holding(
        _weights=last_label_s_weights_left_at_0
    ),
    "the last label's weights without the minus": holding(
        _weights=last_label_s_weights_without_minus
    ),
    "rows of weights taken for columns": holding(_weights=transposed),
    "tf * tf in place of term_frequency_squared": measuring(
        tf_tf_in_place_of_term_frequency_squared
    ),
    "presence in N": measuring(presence_in_n),
    "every occurrence by itself in N": measuring(every_occurrence_by_itself_in_n),
    "N without idf_squared": measuring(n_without_idf_squared),
    "term_frequency_squared never ends": measuring(term_frequency_squared_never_ends),
    "idf_squared squared twice": measuring(idf_squared_squared_twice),
    "single tokens alone in N": measuring(single_tokens_alone_in_n),
    "terms without a weight left out of N": measuring(
        terms_without_weight_left_out_of_n
    ),
    "unknown n-grams in N": overriding(evaluate=unknown_n_grams_in_n),
    "N overflows 32 bits": measuring(right_square, n_overflows_32_bits),
    "N summed in single precision": measuring(
        right_square, n_summed_in_single_precision
    ),
    "a norm where there is none": overriding(_sums=normed_without_a_norm),
    "not divided by the root": scoring(not_divided_by_root),
    "divided by N, not by its root": scoring(divided_by_n_not_by_its_root),
    "the root rounded to an integer": scoring(root_rounded_to_integer),
    "the quotient rounded to an integer": scoring(quotient_rounded_to_integer),
    "multiplied by the reciprocal of the root": scoring(
        multiplied_by_reciprocal_of_root
    ),
    "divided term by term": overriding(evaluate=divided_first),
    "shifts.score with the other sign": scoring(shifts_score_with_other_sign),
    "shifts.score off by one": scoring(shifts_score_off_by_one),
    "shifts.score ignored": scoring(shifts_score_ignored),
    "shifts.bias ignored": holding(_biases=shifts_bias_ignored),
    "shifts.bias with the other sign": holding(_biases=shifts_bias_with_other_sign),
    "the bias forgotten": scoring(bias_forgotten),
    "the bias subtracted": scoring(bias_subtracted),
    "the bias divided too": scoring(bias_divided_too),
    "the root in single precision": scoring(root_in_single_precision),
    "scores in single precision": scoring(scores_in_single_precision),
    "biases in single precision": holding(_biases=biases_in_single_precision),
    "0 / 0 without a term": without_terms(n_0_over_0_without_term),
    "scores of 0 without a term": without_terms(scores_of_0_without_term),
    "the last of equal scores wins": choosing(last_of_equal_scores_wins),
    "the smallest score wins": choosing(smallest_score_wins),
    "the largest absolute score wins": choosing(largest_absolute_score_wins),
    "the first score above 0 wins": choosing(first_positive),
    "the second label wins only above 0": choosing(second_label_wins_only_above_0),
    "the label without the biases": choosing(label_without_biases),
    "thresholds always applied": choosing(thresholds_always_applied),
    "labels sorted the other way round": holding(labels=labels_sorted_other_way_round),
    "labels without regard to case": holding(labels=labels_without_regard_to_case),
}
