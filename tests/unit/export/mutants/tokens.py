"""Mistakes on the way from mapped characters to counted terms."""

import itertools
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from scorers.python.nightsieve_scorer import Result, Scorer, _join_surrogates
from tests.unit.export.mutants.mutation import Mistake, holding, overriding


def pieces(scorer: Scorer, text: str) -> list[str]:
    """Return the pieces between separators, including empty ones."""
    return _join_surrogates(text).translate(scorer._characters).split(" ")


def filtering(counts: Callable[[Scorer, str], bool]) -> Mistake:
    """Return a scorer whose tokens are the pieces for which ``counts`` is true."""

    def tokens(scorer: Scorer, text: str) -> list[str]:
        return [word for word in pieces(scorer, text) if counts(scorer, word)]

    return overriding(tokens=tokens)


def long_enough(length: Callable[[str], int]) -> Mistake:
    """Return a scorer that measures a token's length in another unit."""

    def counts(scorer: Scorer, word: str) -> bool:
        if not word or length(word) < scorer._min_token:
            return False
        return word not in scorer._stop_words

    return filtering(counts)


def counting(grams: Callable[[Scorer, list[str]], Iterable[str]]) -> Mistake:
    """Return a scorer that looks up other n-grams of the tokens."""

    def counts(scorer: Scorer, tokens: list[str]) -> dict[int, int]:
        return counted(scorer, grams(scorer, tokens))

    return overriding(_counts=counts)


def counted(scorer: Scorer, grams: Iterable[str]) -> dict[int, int]:
    indices = map(scorer._term_indices.get, grams)
    return Counter(index for index in indices if index is not None)


def ngrams(
    tokens: Sequence[str], sizes: Iterable[int], missed: int = 0, joint: str = " "
) -> Iterable[str]:
    """Yield the n-grams of these sizes, except the last ``missed`` of each size."""
    for n in sizes:
        for start in range(len(tokens) - n + 1 - missed):
            yield joint.join(tokens[start : start + n])


def sizes(scorer: Scorer) -> range:
    return range(scorer._low, scorer._high + 1)


def afterwards(
    early: Callable[[Scorer, str], bool], late: Callable[[Scorer, str], bool]
) -> Mistake:
    """Return a scorer with right tokens that counts other n-grams.

    Parameters
    ----------
    early
        Returns whether a word is part of n-grams.
    late
        Returns whether an n-gram is counted.
    """

    def evaluate(scorer: Scorer, text: str) -> Result:
        words = [word for word in pieces(scorer, text) if word and early(scorer, word)]
        grams = [gram for gram in ngrams(words, sizes(scorer)) if late(scorer, gram)]
        S, N = scorer._sums(counted(scorer, grams))
        scores = scorer._scores(S, N)
        return Result(scorer.tokens(text), S, N, scores, scorer._winner(scores))

    return overriding(evaluate=evaluate)


def is_long(scorer: Scorer, word: str) -> bool:
    return len(word) >= scorer._min_token


def is_no_stop_word(scorer: Scorer, word: str) -> bool:
    return word not in scorer._stop_words


def without_stop_words_as_written(scorer: Scorer, text: str) -> list[str]:
    words = [word for word in text.split(" ") if word not in scorer._stop_words]
    return [word for word in pieces(scorer, " ".join(words)) if is_long(scorer, word)]


def mapped_word_by_word(scorer: Scorer, text: str) -> list[str]:
    """Split at white space first, so that other separators become spaces in a word."""
    tokens = []
    for word in text.split():
        mapped = _join_surrogates(word).translate(scorer._characters).strip(" ")
        if is_long(scorer, mapped) and is_no_stop_word(scorer, mapped):
            tokens.append(mapped)
    return tokens


def counts_in_a_plain_object(scorer: Scorer, tokens: list[str]) -> dict[int, int]:
    """Count as in JavaScript, where every object has a property ``constructor``."""
    if "constructor" in tokens and "constructor" not in scorer._term_indices:
        raise LookupError("constructor: not a term, but a property of every object")
    return Scorer._counts(scorer, tokens)


def canonically(scorer: Scorer) -> Scorer:
    """Return a scorer as in Swift, where canonically equivalent strings are equal."""
    term_of = {
        unicodedata.normalize("NFC", term): term
        for term in scorer.terms
        if not term.isascii()
    }

    def counts(scorer: Scorer, tokens: list[str]) -> dict[int, int]:
        equivalents = []
        for gram in ngrams(tokens, sizes(scorer)):
            composed = unicodedata.normalize("NFC", gram)
            equivalents.append(term_of.get(composed, gram))
        return counted(scorer, equivalents)

    return overriding(_counts=counts)(scorer)


def graphemes(word: str) -> int:
    """Return about how many characters a reader sees: marks belong to their letter."""
    categories = map(unicodedata.category, word)
    return sum(not category.startswith("M") for category in categories)


def non_overlapping(scorer: Scorer, tokens: list[str]) -> Iterable[str]:
    for n in sizes(scorer):
        for start in range(0, len(tokens) - n + 1, n):
            yield " ".join(tokens[start : start + n])


def min_token_one_too_high(word: str) -> int:
    return len(word) - 1


def min_token_one_too_low(word: str) -> int:
    return len(word) + 1


def min_token_ignored(scorer: Scorer, word: str) -> bool:
    return bool(word) and is_no_stop_word(scorer, word)


def min_token_in_utf_16_units(word: str) -> int:
    return len(word.encode("utf-16-be")) // 2


def min_token_in_utf_8_bytes(word: str) -> int:
    return len(word.encode())


def empty_pieces_are_tokens(scorer: Scorer, word: str) -> bool:
    return not word or (is_long(scorer, word) and is_no_stop_word(scorer, word))


def n_grams_with_stop_word_removed(scorer: Scorer, gram: str) -> bool:
    return scorer._stop_words.isdisjoint(gram.split(" "))


def n_grams_of_highest_n_alone(scorer: Scorer, tokens: list[str]) -> Iterable[str]:
    return ngrams(tokens, [scorer._high])


def n_grams_of_lowest_n_alone(scorer: Scorer, tokens: list[str]) -> Iterable[str]:
    return ngrams(tokens, [scorer._low])


def n_grams_from_1_on(scorer: Scorer, tokens: list[str]) -> Iterable[str]:
    return ngrams(tokens, range(1, scorer._high + 1))


def n_grams_without_lowest_n(scorer: Scorer, tokens: list[str]) -> Iterable[str]:
    return ngrams(tokens, list(sizes(scorer))[1:])


def last_n_gram_missed(scorer: Scorer, tokens: list[str]) -> Iterable[str]:
    return ngrams(tokens, sizes(scorer), missed=1)


def n_grams_joined_without_space(scorer: Scorer, tokens: list[str]) -> Iterable[str]:
    return ngrams(tokens, sizes(scorer), joint="")


def n_grams_of_different_tokens_alone(
    scorer: Scorer, tokens: list[str]
) -> Iterable[str]:
    return ngrams([*dict.fromkeys(tokens)], sizes(scorer))


def n_grams_of_sorted_tokens(scorer: Scorer, tokens: list[str]) -> Iterable[str]:
    return ngrams(sorted(tokens), sizes(scorer))


def repeats_next_to_each_other_taken_for_one(
    scorer: Scorer, tokens: list[str]
) -> Iterable[str]:
    return ngrams([token for token, _ in itertools.groupby(tokens)], sizes(scorer))


def no_more_than_128_tokens(scorer: Scorer, tokens: list[str]) -> Iterable[str]:
    return ngrams(tokens[:128], sizes(scorer))


def last_term_missed(scorer: Scorer) -> dict[str, int]:
    return {
        term: index
        for term, index in scorer._term_indices.items()
        if term != scorer.terms[-1]
    }


TOKENS = {
    "min_token one too high": long_enough(min_token_one_too_high),
    "min_token one too low": long_enough(min_token_one_too_low),
    "min_token ignored": filtering(min_token_ignored),
    "min_token in UTF-16 units": long_enough(min_token_in_utf_16_units),
    "min_token in UTF-8 bytes": long_enough(min_token_in_utf_8_bytes),
    "min_token in grapheme clusters": long_enough(graphemes),
    "min_token after the n-grams": afterwards(is_no_stop_word, is_long),
    "empty pieces are tokens": filtering(empty_pieces_are_tokens),
    "stop words ignored": filtering(is_long),
    "stop words removed after the n-grams": afterwards(is_long, is_no_stop_word),
    "n-grams with a stop word removed": afterwards(
        is_long, n_grams_with_stop_word_removed
    ),
    "stop words compared before the map": overriding(
        tokens=without_stop_words_as_written
    ),
    "split at white space before the map": overriding(tokens=mapped_word_by_word),
    "n-grams of the highest n alone": counting(n_grams_of_highest_n_alone),
    "n-grams of the lowest n alone": counting(n_grams_of_lowest_n_alone),
    "n-grams from 1 on": counting(n_grams_from_1_on),
    "n-grams without the lowest n": counting(n_grams_without_lowest_n),
    "the last n-gram missed": counting(last_n_gram_missed),
    "n-grams joined without a space": counting(n_grams_joined_without_space),
    "n-grams that do not overlap": counting(non_overlapping),
    "n-grams of different tokens alone": counting(n_grams_of_different_tokens_alone),
    "n-grams of sorted tokens": counting(n_grams_of_sorted_tokens),
    "repeats next to each other taken for one": counting(
        repeats_next_to_each_other_taken_for_one
    ),
    "no more than 128 tokens": counting(no_more_than_128_tokens),
    "terms in a plain object, which has a constructor": overriding(
        _counts=counts_in_a_plain_object
    ),
    "terms found by canonical equivalence": canonically,
    "the last term missed": holding(_term_indices=last_term_missed),
}
