"""The text contract: characters -> tokens -> n-grams, in training and on the device.

Everything that happens to the characters of a message is one context-free map
(`pipeline.text.character_map`). The exported file holds this map, so a device needs no
`lower`, no regular expression, no normalisation and no locale.
"""

import dataclasses
from collections.abc import Iterable, Iterator

from pipeline.config.settings import Text
from pipeline.text.character_map import SEPARATOR, CharacterMap, preset


def join_surrogates(text: str) -> str:
    r"""Return the text as a device reads it.

    Surrogate pairs are joined, and every lone surrogate is replaced by U+FFFD.

    Examples
    --------
    >>> join_surrogates("\ud83d\ude00") == "\U0001f600"
    True
    >>> join_surrogates("a\ud83d") == "a\ufffd"
    True
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def ngrams(tokens: list[str], low: int, high: int) -> Iterator[str]:
    """Yield every run of ``low`` to ``high`` tokens, joined by U+0020.

    Shorter runs come first.

    Examples
    --------
    >>> list(ngrams(["see", "you", "soon"], 1, 2))
    ['see', 'you', 'soon', 'see you', 'you soon']
    """
    for length in range(low, high + 1):
        if length == 1:
            yield from tokens
        else:
            yield from _runs_of_length(tokens, length)


def _runs_of_length(tokens: list[str], length: int) -> Iterable[str]:
    shifted = [tokens[start:] for start in range(length)]
    return map(SEPARATOR.join, zip(*shifted, strict=False))


@dataclasses.dataclass(frozen=True)
class Tokeniser:
    """The way from a text to its tokens and n-grams.

    Called with a text, it returns the n-grams, so it is an ``analyzer`` for
    scikit-learn.

    Attributes
    ----------
    characters
        What becomes of every code point.
    min_token
        The minimum length of a token in code points.
    stop_words
        Tokens that do not count.
    ngrams
        The lowest and the highest number of tokens in an n-gram.

    Examples
    --------
    >>> from pipeline.text.character_map import preset
    >>> tokeniser = Tokeniser(
    ...     preset("casefold", digits="shape"),
    ...     min_token=2,
    ...     stop_words=frozenset({"is"}),
    ...     ngrams=(1, 2),
    ... )
    >>> tokeniser.tokens("Your OTP is 4711!")
    ['your', 'otp', '0000']
    >>> tokeniser("Your OTP is 4711!")
    ['your', 'otp', '0000', 'your otp', 'otp 0000']
    """

    characters: CharacterMap = dataclasses.field(repr=False)
    min_token: int
    stop_words: frozenset[str]
    ngrams: tuple[int, int] = (1, 1)

    @classmethod
    def from_settings(cls, text: Text, ngrams: tuple[int, int] = (1, 1)) -> "Tokeniser":
        """Return the tokeniser of a configuration.

        Stop words go through the character map, as messages do.

        Examples
        --------
        >>> text = Text(preset="ascii", digits="keep", min_token=1, stop_words=("The",))
        >>> Tokeniser.from_settings(text).tokens("The cat")
        ['cat']
        """
        characters = preset(text.preset, text.digits)
        mapped = SEPARATOR.join(text.stop_words).translate(characters.table)
        stop_words = frozenset(mapped.split(SEPARATOR)) - {""}
        return cls(characters, text.min_token, stop_words, ngrams)

    def tokens(self, text: str) -> list[str]:
        """Return the tokens that count.

        A token has at least ``min_token`` code points and is no stop word.
        """
        words = join_surrogates(text).translate(self.characters.table).split(SEPARATOR)
        return [
            word
            for word in words
            if len(word) >= self.min_token and word not in self.stop_words
        ]

    def cleaned(self, text: str) -> str:
        """Return the tokens, joined by U+0020."""
        return SEPARATOR.join(self.tokens(text))

    def __reduce__(self) -> tuple[object, ...]:
        # In order, since each process iterates over the same frozenset in another one.
        stop_words = tuple(sorted(self.stop_words))
        return _unpickle, (self.characters, self.min_token, stop_words, self.ngrams)

    def __call__(self, text: str) -> list[str]:
        """Return the n-grams of a text."""
        return list(ngrams(self.tokens(text), *self.ngrams))

    def ngrams_of_cleaned(self, cleaned: str) -> list[str]:
        """Return the n-grams of a text that `cleaned` returned.

        Examples
        --------
        >>> text = Text(preset="ascii", digits="keep", min_token=1, stop_words=())
        >>> Tokeniser.from_settings(text, ngrams=(2, 2)).ngrams_of_cleaned("a b c")
        ['a b', 'b c']
        """
        tokens = cleaned.split(SEPARATOR) if cleaned else []
        return list(ngrams(tokens, *self.ngrams))


def _unpickle(
    characters: CharacterMap,
    min_token: int,
    stop_words: tuple[str, ...],
    ngrams: tuple[int, int],
) -> Tokeniser:
    return Tokeniser(characters, min_token, frozenset(stop_words), ngrams)
