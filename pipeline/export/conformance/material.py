"""The parts of made-up texts: only a model's terms and its character map.

So no text is a message.
"""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.model.fixed_point import FixedPointModel
from pipeline.text import Tokeniser
from pipeline.text.character_map import SEPARATOR, CharacterMap

SEED = 20
MAX_CHOICES = 200  # terms or characters of one kind to choose from


@dataclass(frozen=True, eq=False)
class Material:
    """The parts of a model's made-up texts; the same model has the same parts.

    Attributes
    ----------
    columns
        int64, the columns of the terms that a text can have, by their number of tokens.
        All lists of terms are drawn from these.
    heavy
        Terms with the largest absolute weights, the heaviest first.
    weightless
        Terms whose weights are all 0.
    foreign, phrases, words
        Terms with characters beyond ASCII, of several tokens, and of one token. Without
        a term of one token, ``words`` has any terms.
    tokens
        All tokens of all terms.
    stop_words
        The stop words that the character map does not change, in code-point order.
    sources
        The characters that are mapped to a character, by that character.
    ligatures
        ``(string, character)`` for characters that are mapped to a longer string.
    dropped
        Characters that are mapped to nothing.
    letters
        Two characters that are mapped to themselves, if there are any.
    """

    model: FixedPointModel
    columns: np.ndarray
    heavy: list[str]
    weightless: list[str]
    foreign: list[str]
    phrases: list[str]
    words: list[str]
    tokens: frozenset[str]
    stop_words: list[str]
    sources: dict[str, list[str]]
    ligatures: list[tuple[str, str]]
    dropped: list[str]
    letters: tuple[str, str]

    @classmethod
    def of(cls, model: FixedPointModel) -> "Material":
        """Return the material of a model."""
        columns = _countable(model)
        terms = [model.terms[column] for column in columns]
        characters = model.tokeniser.characters

        largest_weights = np.abs(model.weights[:, columns]).max(axis=0)
        by_weight = np.argsort(-largest_weights, kind="stable")[:MAX_CHOICES]
        weightless = np.flatnonzero(largest_weights == 0)[:MAX_CHOICES]

        # The samples are drawn from one generator: another order draws other terms.
        generator = random.Random(SEED)
        words = _sample(generator, [term for term in terms if SEPARATOR not in term])
        foreign = _sample(generator, [term for term in terms if not term.isascii()])
        phrases = _sample(generator, [term for term in terms if SEPARATOR in term])
        return cls(
            model=model,
            columns=columns,
            heavy=[terms[index] for index in by_weight],
            weightless=[terms[index] for index in weightless],
            foreign=foreign,
            phrases=phrases,
            words=words or terms[:MAX_CHOICES],
            tokens=_tokens(terms),
            stop_words=_effective_stop_words(model.tokeniser),
            sources=_sources(characters),
            ligatures=_ligatures(characters),
            dropped=list(_dropped(characters))[:MAX_CHOICES],
            letters=_letters(characters, words),
        )

    def strongest(self, label: int, count: int) -> list[str]:
        """Return the terms with the largest weights for a label, given by its index."""
        weights = self.model.weights[label, self.columns]
        by_weight = np.argsort(-weights, kind="stable")[:count]
        return [self.model.terms[column] for column in self.columns[by_weight]]

    @property
    def shortest(self) -> str:
        """The shortest of the terms with the fewest tokens."""
        return min([*self.words, *self.phrases], key=_size)

    @property
    def short_words(self) -> list[str]:
        """Two words that are just long enough for tokens."""
        return [letter * self.model.tokeniser.min_token for letter in self.letters]

    def is_kept(self, character: str) -> bool:
        """Return whether the character is mapped to itself."""
        return _is_kept(self.model.tokeniser.characters, character)


def _is_kept(characters: CharacterMap, character: str) -> bool:
    return characters.lookup(ord(character)) == character


def _countable(model: FixedPointModel) -> np.ndarray:
    lowest, highest = model.tokeniser.ngrams
    n_tokens = np.array([term.count(SEPARATOR) + 1 for term in model.terms])
    columns = np.flatnonzero((n_tokens >= lowest) & (n_tokens <= highest))
    if len(columns):
        return columns
    return np.arange(len(model.terms))


def _sample(generator: random.Random, terms: Sequence[str]) -> list[str]:
    return generator.sample(terms, min(len(terms), MAX_CHOICES))


def _tokens(terms: Iterable[str]) -> frozenset[str]:
    tokens: set[str] = set()
    for term in terms:
        tokens.update(term.split(SEPARATOR))
    return frozenset(tokens)


def _size(term: str) -> tuple[int, int, str]:
    """Return a key that orders terms by tokens, length and code points."""
    return term.count(SEPARATOR), len(term), term


def _effective_stop_words(tokeniser: Tokeniser) -> list[str]:
    table = tokeniser.characters.table
    words = [word for word in tokeniser.stop_words if SEPARATOR not in word]
    return sorted(word for word in words if word.translate(table) == word)


def _letters(characters: CharacterMap, words: list[str]) -> tuple[str, str]:
    candidates = dict.fromkeys("ab" + "".join(words))
    kept = [letter for letter in candidates if _is_kept(characters, letter)]
    match kept:
        case [first, second, *_]:
            return first, second
        case [letter]:
            return letter, letter
    return "a", "b"


def _dropped(characters: CharacterMap) -> Iterator[str]:
    """Yield the first and last character of each range that is dropped."""
    for first, last in characters.drop:
        yield chr(first)
        if last != first:
            yield chr(last)


def _sources(characters: CharacterMap) -> dict[str, list[str]]:
    sources: dict[str, list[str]] = {}
    for first, last, string in characters.replace:
        if len(string) == 1:
            code_points = range(first, min(last + 1, first + MAX_CHOICES))
            sources.setdefault(string, []).extend(map(chr, code_points))
    for first, last, step, delta in characters.shift:
        end = min(last + 1, first + MAX_CHOICES * step)
        for code_point in range(first, end, step):
            target = chr(code_point + delta)
            if characters.lookup(code_point) == target:
                sources.setdefault(target, []).append(chr(code_point))
    return sources


def _ligatures(characters: CharacterMap) -> list[tuple[str, str]]:
    return [
        (string, chr(first))
        for first, _, string in characters.replace
        if len(string) > 1
    ]
