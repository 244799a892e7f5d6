"""The templates of conformance texts, which are filled with a model's own terms.

Each template reveals mistakes that the author of a scorer may make: in reading UTF-16,
in characters, tokens, n-grams, counts, sums, scores or labels. The tests run scorers
with such mistakes against the texts of many kinds of models.
"""

import itertools
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from pipeline.export.conformance.character_edges import corners, edges
from pipeline.export.conformance.decisive_texts import (
    around_thresholds,
    odd_winners,
    smallest_margins,
)
from pipeline.export.conformance.made_up_text import MadeUpText, Written
from pipeline.export.conformance.material import Material
from pipeline.export.conformance.patterns import (
    BETWEEN_LETTERS,
    CHARACTER_ZOO,
    SURROGATES,
)
from pipeline.export.conformance.text_generator import SEPARATORS, TextGenerator
from pipeline.text.character_map import SEPARATOR

CUT = 1000  # characters after which some scorers cut a text
MAX_REPEATED = 1060  # characters of the repeated term in the text for a self-test
OVER_LONG = 5000
VARIED_TEXTS = 6
PHRASES_PER_TEXT = 8


@dataclass(frozen=True)
class Template:
    """A way to make up texts of one purpose.

    Attributes
    ----------
    purpose
        What the texts are for, in words; each vector's ``why`` begins with it.
    write
        Makes up the texts.
    in_self_test
        Whether a model's self-test should have them.
    """

    purpose: str
    write: Callable[[Material], Iterable[Written]]
    in_self_test: bool = False

    def texts(self, material: Material) -> Iterator[MadeUpText]:
        """Yield the template's texts for a model."""
        for text, detail in self.write(material):
            why = f"{self.purpose}: {detail}" if detail else self.purpose
            yield MadeUpText(text, why, self.in_self_test)


def _empty(material: Material) -> Iterator[Written]:
    yield Written("")


def _nul(material: Material) -> Iterator[Written]:
    yield Written("\0")
    yield Written(_filled(material.heavy, "{0}\0{1}\0{2} {3}\0"))


def _surrogates(material: Material) -> Iterator[Written]:
    for pattern in SURROGATES:
        yield Written(_filled(material.heavy, pattern))


def _surrogates_together(material: Material) -> Iterator[Written]:
    yield Written(_filled(material.short_words, SEPARATOR.join(SURROGATES[2:6])))


def _between_letters(material: Material) -> Iterator[Written]:
    yield Written(_filled(material.short_words, BETWEEN_LETTERS))


def _separators(material: Material) -> Iterator[Written]:
    generator = TextGenerator(material, "separators")
    terms = generator.random.choices(material.heavy, k=len(SEPARATORS))
    pairs = zip(terms, SEPARATORS, strict=True)
    yield Written("".join(f"{term}{separator}" for term, separator in pairs))


def _unknown_words(material: Material) -> Iterator[Written]:
    generator = TextGenerator(material, "unknown words")
    yield Written(SEPARATOR.join(generator.unknown_word() for _ in range(8)))


def _zoo(material: Material) -> Iterator[Written]:
    remaining = CHARACTER_ZOO[1:]
    for first, second in zip(remaining[::2], remaining[1::2], strict=True):
        yield Written(f"{first} {second} {material.heavy[0]}")


def _varied(material: Material) -> Iterator[Written]:
    generator = TextGenerator(material, "varied")
    for _ in range(VARIED_TEXTS):
        yield Written(generator.varied())


def _disguised(material: Material) -> Iterator[Written]:
    generator = TextGenerator(material, "disguised")
    sorts = (material.foreign, material.phrases, material.heavy, material.words)
    terms = [generator.random.choice(sort) for sort in sorts if sort]
    words = [generator.disguised(term, 0.8) for term in terms]
    yield Written(SEPARATOR.join([*words, *_equivalents(material)]))


def _equivalents(material: Material) -> Iterator[str]:
    """Yield a text that is canonically equivalent to a term, but has other tokens."""
    tokeniser = material.model.tokeniser
    for term in sorted(material.foreign, key=len):
        for form in ("NFC", "NFD"):
            equivalent = unicodedata.normalize(form, term)
            cleaned = tokeniser.cleaned(equivalent)
            if cleaned != term and _compose(cleaned) == _compose(term):
                yield equivalent
                return


def _compose(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _cases_and_lengths(material: Material) -> Iterator[Written]:
    min_token = material.model.tokeniser.min_token
    astral_and_others = filter(material.is_kept, "\xe4\u4f60\U00010428")
    words = []
    for letter in (material.letters[0], *astral_and_others):
        shorter = letter * (min_token - 1)
        words += [shorter, f"{shorter}\u0301", letter * min_token]
    yield Written(SEPARATOR.join([CHARACTER_ZOO[0], *words, material.heavy[0]]))


def _phrases(material: Material) -> Iterator[Written]:
    generator = TextGenerator(material, "phrases")
    phrases = material.phrases or material.words
    between = [generator.unknown_word(), material.letters[0], "\0", "!", "-", "\u2028"]
    for stop_word in material.stop_words[:3]:
        between += [stop_word, stop_word.title(), stop_word.upper()]
    parts = []
    for separator in between:
        phrase = generator.random.choice(phrases)
        parts.append(phrase.replace(SEPARATOR, f" {separator} "))
        parts.append(phrase.replace(SEPARATOR, separator))
    for start in range(0, len(parts), PHRASES_PER_TEXT):
        yield Written(SEPARATOR.join(parts[start : start + PHRASES_PER_TEXT]))


def _phrases_together(material: Material) -> Iterator[Written]:
    generator = TextGenerator(material, "phrases together")
    phrases = sorted(material.phrases or material.words, key=len)
    between = [material.letters[0], generator.unknown_word()]
    for stop_word in material.stop_words[:1]:
        between += [stop_word, stop_word.title()]
    parts = []
    for separator, phrase in zip(between, itertools.cycle(phrases[:2]), strict=False):
        parts.append(phrase.replace(SEPARATOR, f" {separator} "))
    parts += [phrases[0], phrases[0]]
    longest = max(phrases, key=_count_tokens)
    parts += [f"{token} {token}" for token in longest.split(SEPARATOR)]
    terms = material.model.terms
    yield Written(SEPARATOR.join([*parts, terms[0], terms[-1]]))


def _count_tokens(term: str) -> int:
    return term.count(SEPARATOR) + 1


def _repeats(material: Material) -> Iterator[Written]:
    generator = TextGenerator(material, "repeats")
    terms = [*material.heavy, *material.phrases, *material.words]
    for count in (2, 5):
        first, second, third = generator.random.choices(terms, k=3)
        in_a_row = [*[first] * count, *[second] * 2]
        taking_turns = [*[third, second] * count]
        yield Written(SEPARATOR.join([*in_a_row, *taking_turns]))


def _weightless(material: Material) -> Iterator[Written]:
    for term in material.weightless[:1]:
        yield Written(f"{term} {material.heavy[0]} {term}")


def _strong(material: Material) -> Iterator[Written]:
    for index, label in enumerate(material.model.labels):
        # With logarithms the fourth table entry is odd, so sums need all their digits.
        yield Written(SEPARATOR.join(material.strongest(index, 3) * 4), label)


def _edges(material: Material) -> Iterator[Written]:
    yield from map(Written, edges(material))


def _corners(material: Material) -> Iterator[Written]:
    yield Written(corners(material))


def _long(material: Material) -> Iterator[Written]:
    """Yield a term repeated beyond the table, and others where scorers cut texts."""
    generator = TextGenerator(material, "long")
    term = material.shortest
    count = len(material.model.term_frequency) + 4
    if count * (len(term) + 1) > MAX_REPEATED:
        count = 20
    text = SEPARATOR.join([term] * count)
    strongest = iter(material.strongest(0, 4) * 3)
    while len(text) < CUT:
        text += f" {next(strongest, None) or generator.varied(2, 4)}"
    tail = SEPARATOR.join(material.heavy[:3])
    yield Written(f"{text} {tail}")


def _over_long(material: Material) -> Iterator[Written]:
    """Yield a very long token, a term repeated beyond the table, and many others."""
    generator = TextGenerator(material, "over-long")
    token = "".join(material.letters) * (OVER_LONG // 8)
    beyond_table = len(material.model.term_frequency) + 4
    count = min(beyond_table, OVER_LONG // (len(material.shortest) + 1))
    repeated = SEPARATOR.join([material.shortest] * count)
    text = f"{token} {repeated}"
    while len(text) < OVER_LONG:
        text += f" {generator.varied()}"
    yield Written(text)


def _filled(terms: list[str], pattern: str) -> str:
    """Return the pattern with terms for ``{0}`` to ``{3}``."""
    return pattern.format(*itertools.islice(itertools.cycle(terms), 4))


#: In the order in which a self-test takes them.
TEMPLATES = (
    Template("empty", _empty, True),
    Template("long, with a term more often than the table holds", _long, True),
    Template("terms in other characters", _disguised, True),
    Template("surrogates in several positions", _surrogates_together, True),
    Template("characters between letters", _between_letters, True),
    Template("case, and tokens around the minimum length", _cases_and_lengths, True),
    Template("phrases and the first and last term", _phrases_together, True),
    Template("corners of the character map", _corners, True),
    Template("a label wins", odd_winners, True),
    Template("the strongest terms", _strong, True),
    Template("NUL", _nul),
    Template("surrogates, alone or in pairs", _surrogates),
    Template("no known term", _unknown_words),
    Template("over-long", _over_long),
    Template("separators of many kinds", _separators),
    Template("characters that runtimes do not agree on", _zoo),
    Template("terms in other characters and oddly separated", _varied),
    Template("a phrase with something between its tokens", _phrases),
    Template("terms more than once", _repeats),
    Template("a term without a weight", _weightless),
    Template("edges of the character map", _edges),
    Template("the smallest margin", smallest_margins),
    Template("the smallest margin", around_thresholds),
)
