"""Mistakes on the way from mapped characters to counted terms."""

import itertools
import unicodedata
from collections.abc import Callable, Iterable, Sequence

from scorers.python.nightsieve_scorer import Result, Scorer, _join_surrogates
from tests.unit.export.mutants.mutation import Mistake, holding, overriding


def pieces(scorer: Scorer, text: str) -> list[str]:
    """What stands between separators, empty pieces too."""
    return _join_surrogates(text).translate(scorer._characters).split(" ")


def filtering(counts: Callable[[Scorer, str], bool]) -> Mistake:
    """A scorer that keeps the pieces for which ``counts`` is true."""
    return overriding(
        tokens=lambda self, text: [
            word for word in pieces(self, text) if counts(self, word)
        ]
    )


def long_enough(length: Callable[[str], int]) -> Mistake:
    return filtering(
        lambda self, word: (
            word and length(word) >= self._min_token and word not in self._stop_words
        )
    )


def counting(grams: Callable[[Scorer, list[str]], Iterable[str]]) -> Mistake:
    """A scorer that looks up these n-grams of the tokens."""
    return overriding(_counts=lambda self, tokens: counted(self, grams(self, tokens)))


def counted(scorer: Scorer, grams: Iterable[str]) -> dict[int, int]:
    counts = {}
    for gram in grams:
        place = scorer._term_indices.get(gram)
        if place is not None:
            counts[place] = counts.get(place, 0) + 1
    return counts


def ngrams(
    tokens: Sequence[str], sizes: Iterable[int], missed: int = 0, joint: str = " "
) -> Iterable[str]:
    """The n-grams of these sizes, but for the last ``missed`` of each."""
    for n in sizes:
        for start in range(len(tokens) - n + 1 - missed):
            yield joint.join(tokens[start : start + n])


def sizes(scorer: Scorer) -> range:
    return range(scorer._low, scorer._high + 1)


def afterwards(
    early: Callable[[Scorer, str], bool], late: Callable[[Scorer, str], bool]
) -> Mistake:
    """A scorer whose tokens are right, but whose n-grams are of what passes ``early``, and are counted if ``late``."""

    def evaluate(self, text: str) -> Result:
        words = [word for word in pieces(self, text) if word and early(self, word)]
        S, N = self._sums(
            counted(
                self, (gram for gram in ngrams(words, sizes(self)) if late(self, gram))
            )
        )
        scores = self._scores(S, N)
        return Result(self.tokens(text), S, N, scores, self._winner(scores))

    return overriding(evaluate=evaluate)


def is_long(scorer: Scorer, word: str) -> bool:
    return len(word) >= scorer._min_token


def is_no_stop_word(scorer: Scorer, word: str) -> bool:
    return word not in scorer._stop_words


def without_stop_words_as_written(self, text: str) -> list[str]:
    words = [word for word in text.split(" ") if word not in self._stop_words]
    return [word for word in pieces(self, " ".join(words)) if is_long(self, word)]


def mapped_word_by_word(self, text: str) -> list[str]:
    """Split at white space first: what separates within a word stays in it as a space."""
    words = [
        _join_surrogates(word).translate(self._characters).strip(" ")
        for word in text.split()
    ]
    return [
        word for word in words if is_long(self, word) and is_no_stop_word(self, word)
    ]


def counts_in_a_plain_object(self, tokens: list[str]) -> dict[int, int]:
    """As in JavaScript, where every object has a constructor that no one put there."""
    if "constructor" in tokens and "constructor" not in self._term_indices:
        raise LookupError("what stands under constructor is no place of a term")
    return Scorer._counts(self, tokens)


def counts_of_equivalents(self, tokens: list[str]) -> dict[int, int]:
    """As in Swift, where strings are equal that are canonically equivalent."""
    grams = list(ngrams(tokens, sizes(self)))
    if all(map(str.isascii, grams)):
        return counted(self, grams)
    return counted(
        self,
        (
            self._composed.get(unicodedata.normalize("NFC", gram), gram)
            for gram in grams
        ),
    )


def canonically(scorer: Scorer) -> Scorer:
    composed = {
        unicodedata.normalize("NFC", term): term
        for term in scorer._terms
        if not term.isascii()
    }
    mutant = overriding(_counts=counts_of_equivalents)(scorer)
    mutant._composed = composed
    return mutant


def graphemes(word: str) -> int:
    """About as many as a reader counts: marks belong to what they stand on."""
    return sum(
        not unicodedata.category(character).startswith("M") for character in word
    )


def non_overlapping(scorer: Scorer, tokens: list[str]) -> Iterable[str]:
    for n in sizes(scorer):
        yield from (
            " ".join(tokens[start : start + n])
            for start in range(0, len(tokens) - n + 1, n)
        )


TOKENS = {
    "min_token one too high": long_enough(lambda word: len(word) - 1),
    "min_token one too low": long_enough(lambda word: len(word) + 1),
    "min_token ignored": filtering(
        lambda self, word: word and is_no_stop_word(self, word)
    ),
    "min_token in UTF-16 units": long_enough(
        lambda word: len(word.encode("utf-16-be")) // 2
    ),
    "min_token in UTF-8 bytes": long_enough(lambda word: len(word.encode())),
    "min_token in grapheme clusters": long_enough(graphemes),
    "min_token after the n-grams": afterwards(is_no_stop_word, is_long),
    "empty pieces are tokens": filtering(
        lambda self, word: (
            not word or (is_long(self, word) and is_no_stop_word(self, word))
        )
    ),
    "stop words ignored": filtering(is_long),
    "stop words removed after the n-grams": afterwards(is_long, is_no_stop_word),
    "n-grams with a stop word removed": afterwards(
        is_long, lambda self, gram: self._stop_words.isdisjoint(gram.split(" "))
    ),
    "stop words compared before the map": overriding(
        tokens=without_stop_words_as_written
    ),
    "split at white space before the map": overriding(tokens=mapped_word_by_word),
    "n-grams of the highest n alone": counting(
        lambda self, tokens: ngrams(tokens, [self._high])
    ),
    "n-grams of the lowest n alone": counting(
        lambda self, tokens: ngrams(tokens, [self._low])
    ),
    "n-grams from 1 on": counting(
        lambda self, tokens: ngrams(tokens, range(1, self._high + 1))
    ),
    "n-grams without the lowest n": counting(
        lambda self, tokens: ngrams(tokens, list(sizes(self))[1:])
    ),
    "the last n-gram missed": counting(
        lambda self, tokens: ngrams(tokens, sizes(self), missed=1)
    ),
    "n-grams joined without a space": counting(
        lambda self, tokens: ngrams(tokens, sizes(self), joint="")
    ),
    "n-grams that do not overlap": counting(non_overlapping),
    "n-grams of different tokens alone": counting(
        lambda self, tokens: ngrams([*dict.fromkeys(tokens)], sizes(self))
    ),
    "n-grams of sorted tokens": counting(
        lambda self, tokens: ngrams(sorted(tokens), sizes(self))
    ),
    "repeats next to each other taken for one": counting(
        lambda self, tokens: ngrams(
            [token for token, _ in itertools.groupby(tokens)], sizes(self)
        )
    ),
    "no more than 128 tokens": counting(
        lambda self, tokens: ngrams(tokens[:128], sizes(self))
    ),
    "terms in a plain object, which has a constructor": overriding(
        _counts=counts_in_a_plain_object
    ),
    "terms found by canonical equivalence": canonically,
    "the last term missed": holding(
        _term_indices=lambda scorer: {
            term: place
            for term, place in scorer._term_indices.items()
            if term != scorer._terms[-1]
        }
    ),
}
