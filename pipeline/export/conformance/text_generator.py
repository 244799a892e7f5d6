"""A generator of random texts: the same model and seed give the same texts."""

import random
import unicodedata

from pipeline.export.conformance.material import MAX_CHOICES, Material
from pipeline.text.character_map import SEPARATOR

WHITE_SPACE = (" ", "\0", "\t", "\n", "\r\n", "\x0b", "\x1c", "\x85", "\xa0")
WIDE_SPACE = ("\u2009", "\u2028", "\u3000", "\ufeff ", "\u200b ")
PUNCTUATION = (".", ",", "!", "-", "_", "/", "@", "...")
UNPAIRED = ("\ufffd", "\ud83d", "\udd11", "\U0001f511")
SEPARATORS = (*WHITE_SPACE, *WIDE_SPACE, *PUNCTUATION, *UNPAIRED)
#: The share of its characters that a text disguises is one of these.
SHARES = (0.1, 0.4, 0.8)


class TextGenerator:
    """A generator of texts from the `Material` of a model."""

    def __init__(self, material: Material, seed: str) -> None:
        self.material = material
        self.random = random.Random(seed)
        self._tokeniser = material.model.tokeniser
        self._term_sorts = (
            material.heavy,
            material.phrases,
            material.words,
            material.foreign,
            material.weightless,
        )
        heavy, *others = map(bool, self._term_sorts)
        self._sort_weights = (4 * heavy, *others)

    def term(self) -> str:
        """Return a term; on average every other one is heavy."""
        (terms,) = self.random.choices(self._term_sorts, self._sort_weights)
        return self.random.choice(terms)

    def plain(self, min_terms: int, max_terms: int) -> str:
        """Return a random number of terms with a space between them."""
        count = self.random.randint(min_terms, max_terms)
        return SEPARATOR.join(self.term() for _ in range(count))

    def unknown_word(self) -> str:
        """Return a word of the terms' characters that is not a token of a term."""
        three_words = "".join(self.random.choices(self.material.words, k=3))
        word = "".join(self.random.choices(three_words, k=5))
        for _ in range(self._tokeniser.min_token + 20):
            tokens = self._tokeniser.tokens(word)
            if tokens and self.material.tokens.isdisjoint(tokens):
                break
            word += self.random.choice(self.material.letters)
        return word

    def varied(self, min_terms: int = 2, max_terms: int = 12) -> str:
        """Return terms as people may write them.

        They have equivalent characters and unusual separators, with unknown words and
        stop words among them.
        """
        share = self.random.choice(SHARES)
        words = []
        for _ in range(self.random.randint(min_terms, max_terms)):
            words.append(self.disguised(self.term(), share))
            if self.random.random() < share / 2:
                words.append(self._filler())
            if self.random.random() < share / 4:
                words.append(words[-1])
        text = "".join(word + self._separator(share) for word in words)
        change = self.random.choice((str, str, str.upper, str.title, _decompose))
        return change(text)

    def disguised(self, term: str, share: float) -> str:
        """Return the term with this share of its characters replaced.

        The character map maps the replacements to the same term.
        """
        ligatures = self.material.ligatures
        for string, character in self.random.sample(ligatures, min(8, len(ligatures))):
            term = term.replace(string, character)
        return "".join(self._source(character, share) for character in term)

    def _source(self, character: str, share: float) -> str:
        sources = self.material.sources.get(character)
        if sources and self.random.random() < share:
            character = self.random.choice(sources)
        if self.material.dropped and self.random.random() < share / 8:
            character += self.random.choice(self.material.dropped)
        return character

    def _filler(self) -> str:
        stop_words = self.material.stop_words[:MAX_CHOICES]
        letters = self.material.letters
        return self.random.choice([self.unknown_word(), *stop_words, *letters])

    def _separator(self, share: float) -> str:
        if self.random.random() < share:
            return self.random.choice(SEPARATORS)
        return SEPARATOR


def _decompose(text: str) -> str:
    return unicodedata.normalize("NFD", text)
