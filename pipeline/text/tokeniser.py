"""The text contract: characters -> tokens -> n-grams, in training and on the device.

Everything that happens to a message's characters is one context-free map (``pipeline.text.character_map``),
written out in the exported file, so that no device needs `lower`, a regular expression, normalisation or a locale.
"""

import dataclasses
from collections.abc import Iterator

from pipeline.config.settings import Text
from pipeline.text.character_map import SEPARATOR, CharacterMap, preset


def join_surrogates(text: str) -> str:
    """The text with surrogate pairs joined and every lone surrogate replaced by U+FFFD, as on a device."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def ngrams(tokens: list[str], low: int, high: int) -> Iterator[str]:
    """Every run of ``low`` to ``high`` tokens, joined by U+0020, shorter runs first."""
    for n in range(low, high + 1):
        yield from (
            tokens
            if n == 1
            else map(
                SEPARATOR.join,
                zip(*(tokens[start:] for start in range(n)), strict=False),
            )
        )


@dataclasses.dataclass(frozen=True)
class Tokeniser:
    """Text in, tokens out. Called with a text it gives the n-grams, which makes it an ``analyzer`` for scikit-learn."""

    characters: CharacterMap = dataclasses.field(repr=False)
    min_token: int
    stop_words: frozenset[str]
    ngrams: tuple[int, int] = (1, 1)

    @classmethod
    def from_settings(cls, text: Text, ngrams: tuple[int, int] = (1, 1)) -> "Tokeniser":
        """The tokeniser of a configuration; its stop words go through the character map themselves."""
        characters = preset(text.preset, text.digits)
        words = (
            SEPARATOR.join(text.stop_words).translate(characters.table).split(SEPARATOR)
        )
        return cls(characters, text.min_token, frozenset(words) - {""}, ngrams)

    def tokens(self, text: str) -> list[str]:
        """The tokens that count: of at least ``min_token`` code points, and no stop word."""
        words = join_surrogates(text).translate(self.characters.table).split(SEPARATOR)
        return [
            word
            for word in words
            if len(word) >= self.min_token and word not in self.stop_words
        ]

    def cleaned(self, text: str) -> str:
        """The tokens, joined by U+0020."""
        return SEPARATOR.join(self.tokens(text))

    def __call__(self, text: str) -> list[str]:
        return list(ngrams(self.tokens(text), *self.ngrams))

    def ngrams_of_cleaned(self, cleaned: str) -> list[str]:
        """The n-grams of a text whose tokens were joined by U+0020 already."""
        return list(ngrams(cleaned.split(SEPARATOR) if cleaned else [], *self.ngrams))
