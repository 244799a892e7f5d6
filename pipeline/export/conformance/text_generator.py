"""Who makes up texts: from nothing but a model's terms and its character map, so that no message is among them."""

import itertools
import random
import unicodedata
from collections.abc import Iterator

import numpy as np

from pipeline.model.fixed_point import FixedPointModel
from pipeline.text.character_map import SEPARATOR, CharacterMap

SEED = 20
LONG, LONGEST = (
    1000,
    1300,
)  # code points of the long text for a self-test; scorers were seen to cut texts at the former
OVER_LONG = 5000
EDGES = 64  # code points whose fate one text shows
EDGE_UNITS = 40_000  # in all texts that show the edges of the character map
KEPT = 200  # terms or characters of one sort that are drawn from
SEPARATORS = (
    " ",
    "\0",
    "\t",
    "\n",
    "\r\n",
    "\x0b",
    "\x1c",
    "\x85",
    "\xa0",
    "\u2009",
    "\u2028",
    "\u3000",
)
SEPARATORS += (
    ".",
    ",",
    "!",
    "-",
    "_",
    "/",
    "@",
    "...",
    "\ufffd",
    "\ud83d",
    "\udd11",
    "\U0001f511",
    "\ufeff ",
    "\u200b ",
)
# Where the Unicode versions, locales and normal forms of runtimes part: case, width, marks, digits, ligatures, planes.
ZOO = (
    "\u0130I\u0131i \u0394\u039f\u03a3 \u03c3\u03c2 \xdf\u1e9eSS \u0149 \u01f0 \u017fs \xb5\u03bc \u212aK \u212b\xc5",
    "\u13a0\uab70\u13f8 \u10d0\u1c90 \U00010400\U00010428 \U0001e900\U0001e922 \u1e9a \u01c4\u01c5\u01c6 \u0345\u03b9",
    "e\u0301e \xe9 s\u0323\u0307 s\u0307\u0323 \u1e69 \uac00 \u1100\u1161 a\u0308\u0301\u20e3 \u0939\u093f\u0928\u094d",
    "\uff21\uff42\uff43 \ufb01n \u2460 \u2122 \xaa\xba x\xb2 \u2167 \u3392 \u33a1 \U0001d400\U0001d7d8 \u210e",
    "482913 4 8a2913b \u0664\u0665 \u096a\u0968 \uff11\uff12 \U0001d7d9\U0001d7da \u0be7\u0bf0 \xbd\xb3",
    "don't don\u2019t don\u02bct fr\u200dee fr\xadee \u200efree\u200f free\ufe0f \U000e0001a\U000e0100b \ufefffree",
    "constructor",
    "toString __proto__ valueOf hasOwnProperty null NaN undefined",
    "a_b a-b a.b a,b a:b a/b a\\b a\"b a'b a\u00b7b a\u203fb &amp; \\u0041 \\n http://x.y %20",
    "\u4f60\u597d \u0e20\u0e32\u0e29 \u0645\u062c\u0627 \U00020000\U0002a6d6 \U0001f1e9\U0001f1ea \U0010ffff",
)


class Author:
    """Writes texts at random, always the same ones for the same model."""

    def __init__(self, model: FixedPointModel):
        self._random = random.Random(SEED)
        self._model, self._tokeniser = model, model.tokeniser
        self._characters = model.tokeniser.characters
        largest = np.abs(model.weights).max(axis=0)
        order = np.argsort(-largest, kind="stable")
        self._heavy = [model.terms[place] for place in order[:KEPT]]
        self._weightless = [
            model.terms[place] for place in np.flatnonzero(largest == 0)[:KEPT]
        ]
        self._foreign = self._some(term for term in model.terms if not term.isascii())
        self._phrases = self._some(term for term in model.terms if SEPARATOR in term)
        self._words = self._some(
            term for term in model.terms if SEPARATOR not in term
        ) or list(model.terms[:KEPT])
        self._known = {token for term in model.terms for token in term.split(SEPARATOR)}
        self._stop_words = sorted(self._tokeniser.stop_words)
        self._sources, self._ligatures = _sources(self._characters)
        self._dropped = [
            chr(c) for first, last in self._characters.drop for c in {first: 0, last: 0}
        ][:KEPT]
        kept = (
            c
            for c in dict.fromkeys("ab" + "".join(self._words))
            if self._characters.lookup(ord(c)) == c
        )
        self._letters = [*itertools.islice(kept, 2), "a", "b"][:2]

    def plain(self, fewest: int = 4, most: int = 15) -> str:
        """Terms, one space between them."""
        return SEPARATOR.join(
            self._term() for _ in range(self._random.randint(fewest, most))
        )

    def varied(self) -> str:
        """Terms in other characters that mean the same, unknown words and stop words among them, oddly separated."""
        share = self._random.choice((0.1, 0.4, 0.8))
        words = []
        for _ in range(self._random.randint(2, 12)):
            words.append(self._disguised(self._term(), share))
            if self._random.random() < share / 2:
                words.append(
                    self._random.choice(
                        [self._unknown(), *self._stop_words[:KEPT], *self._letters]
                    )
                )
            if self._random.random() < share / 4:
                words.append(words[-1])
        text = "".join(word + self._separator(share) for word in words)
        return self._random.choice((str, str, str.upper, str.title, _decomposed))(text)

    def filled(self, pattern: str) -> str:
        """The pattern with heavy terms for ``{0}`` to ``{3}``."""
        return pattern.format(*itertools.islice(itertools.cycle(self._heavy), 4))

    def unknown(self, words: int) -> str:
        """Words that are no terms, nor any n-gram of them."""
        return SEPARATOR.join(self._unknown() for _ in range(words))

    def phrases(self) -> Iterator[str]:
        """Terms of several tokens, and the same with something between the tokens."""
        between = [self._unknown(), *self._letters[:1], "\0", "!", "-", "\n", "\u2028"]
        between += [
            word
            for stop in self._stop_words[:3]
            for word in (stop, stop.title(), stop.upper())
        ]
        for separator in between:
            chosen = self._random.choices(self._phrases or self._words, k=4)
            yield f" {separator} ".join([*chosen[:2], *chosen[2].split(SEPARATOR)])
            yield " ".join(term.replace(SEPARATOR, f"{separator} ") for term in chosen)
            yield " ".join(term.replace(SEPARATOR, separator) for term in chosen)

    def repeats(self) -> Iterator[str]:
        """Terms more than once, next to each other or not."""
        for count in (2, 3, 4, 8, 20):
            term, other, third = self._random.choices(
                [*self._heavy, *self._phrases, *self._words], k=3
            )
            yield " ".join([term] * count + [other] * 2 + [third])
            yield " ".join([term, other] * count + [third])
        for weightless in self._weightless[:3]:
            yield f"{weightless} {self._random.choice(self._heavy)} {weightless}"

    def first_and_last(self) -> str:
        """The terms at either end of the table, twice."""
        return SEPARATOR.join([self._model.terms[0], self._model.terms[-1]] * 2)

    def strong(self) -> Iterator[str]:
        """For each label the terms that speak most for it, and enough of them for sums that 32 bits do not hold."""
        for label in range(len(self._model.labels)):
            yield SEPARATOR.join(self._strongest(label, 12))
            yield SEPARATOR.join(self._strongest(label, 6) * 6)

    def leaning(self, label: int) -> Iterator[str]:
        """For ever, none to some of the terms that speak most for the label, and others: its lead is left to chance."""
        strongest = self._strongest(label, KEPT)
        while True:
            strong = self._random.choices(strongest, k=self._random.randint(0, 8))
            yield SEPARATOR.join([*strong, self.plain(1, 8)])

    def lengths(self) -> Iterator[str]:
        """Words around the least length of a token, in letters of one and two UTF-16 units, and with marks."""
        least = self._tokeniser.min_token
        letters = [
            self._letters[0],
            *(
                c
                for c in "\xe4\u4f60\U00010428\U00020000"
                if self._characters.lookup(ord(c)) == c
            ),
        ]
        for letter in letters:
            words = [letter * length for length in range(max(least - 2, 1), least + 3)]
            term = self._random.choice(self._heavy)
            yield " ".join([*words, *(f"{word}\u0301" for word in words[:2]), term])
            yield f" {words[0]} ".join(self._random.choices(self._heavy, k=3))

    def zoo(self) -> Iterator[str]:
        """The characters that are most often treated in another way, with heavy terms."""
        for words in ZOO:
            yield f"{words} {self._heavy[0]}"

    def separated(self) -> str:
        """Terms with each kind of separator between them."""
        chosen = self._random.choices(self._heavy, k=len(SEPARATORS))
        return "".join(
            term + separator for term, separator in zip(chosen, SEPARATORS, strict=True)
        )

    def long_text(self) -> str:
        """A term beyond the table's end, and strong terms before and after where scorers cut texts."""
        term = min(
            self._model.terms, key=lambda term: (SEPARATOR in term, len(term), term)
        )
        text = f"{term} " * min(
            len(self._model.term_frequency) + 4, LONGEST // (len(term) + 1)
        )
        strong = itertools.cycle(self._strongest(0, 4))
        while len(text) < LONG:
            text += f"{next(strong)} "
        return text + SEPARATOR.join(self._heavy[:3])

    def over_long(self) -> str:
        """Some thousand units: a token longer than any term, terms at random, and one more often than a table holds."""
        token = "".join(self._letters) * (OVER_LONG // 8)
        parts = [
            token,
            f"{self._heavy[0]} " * (OVER_LONG // 4 // (len(self._heavy[0]) + 1)),
        ]
        while len(SEPARATOR.join(parts)) < OVER_LONG:
            parts.append(self.varied())
        return SEPARATOR.join(parts)

    def edges(self) -> dict[str, str]:
        """Every code point at an edge of the character map, between letters, in texts of some dozen; with why."""
        code_points = sorted(
            set(itertools.chain.from_iterable(_edges(self._characters))) | {0, 0x10FFFF}
        )
        most = EDGE_UNITS // len(self._shown(0x10FFFF))
        # Only a least length of tokens that no model has makes the texts so long.
        code_points = code_points[:: -(-len(code_points) // most)]
        return {
            self._shown(
                *batch
            ): f"edges of the character map, U+{batch[0]:04X} to U+{batch[-1]:04X}"
            for batch in (
                code_points[start : start + EDGES]
                for start in range(0, len(code_points), EDGES)
            )
        }

    def corners(self) -> str:
        """The edges of the first and last range of each kind, and what is peculiar among the others, in one text."""
        characters = self._characters
        kinds = (characters.replace, characters.drop, characters.shift, characters.keep)
        found = [_edge(chosen) for kind in kinds for chosen in [*kind[:1], *kind[-1:]]]
        stepping = [chosen for chosen in characters.shift if chosen[2] > 1]
        found += map(
            _edge,
            [
                *stepping[:1],
                *[chosen for chosen in stepping if chosen[0] % chosen[2]][:1],
            ],
        )
        longer = [chosen for chosen in characters.replace if len(chosen[2]) > 1]
        again = [
            chosen
            for chosen in longer
            if chosen[2].translate(characters.table) != chosen[2]
        ]
        found += [chosen[:1] for chosen in [*longer[:1], *again[:1]]]
        return self._shown(*sorted(set(itertools.chain.from_iterable(found))))

    def _shown(self, *code_points: int) -> str:
        """Each code point between letters, as many on each side as a token needs to be kept."""
        left, right = (letter * self._tokeniser.min_token for letter in self._letters)
        return SEPARATOR.join(
            f"{left}{chr(code_point)}{right}" for code_point in code_points
        )

    def _strongest(self, label: int, count: int) -> list[str]:
        places = np.argsort(-self._model.weights[label], kind="stable")[:count]
        return [self._model.terms[place] for place in places]

    def _some(self, terms: Iterator[str]) -> list[str]:
        found = list(terms)
        return self._random.sample(found, min(len(found), KEPT))

    def _term(self) -> str:
        sorts = (
            self._heavy,
            self._phrases,
            self._words,
            self._foreign,
            self._weightless,
        )
        (sort,) = self._random.choices(
            sorts, [4 * bool(sorts[0]), *(bool(sort) for sort in sorts[1:])]
        )
        return self._random.choice(sort)

    def _unknown(self) -> str:
        """A word of the terms' characters that is no token of any term, found by making it longer."""
        word = "".join(
            self._random.choices("".join(self._random.choices(self._words, k=3)), k=5)
        )
        for _ in range(self._tokeniser.min_token + 20):
            tokens = self._tokeniser.tokens(word)
            if tokens and self._known.isdisjoint(tokens):
                break
            word += self._random.choice(self._letters)
        return word

    def _disguised(self, term: str, share: float) -> str:
        for string, source in self._random.sample(
            self._ligatures, min(8, len(self._ligatures))
        ):
            term = term.replace(string, source)
        return "".join(self._source(character, share) for character in term)

    def _source(self, character: str, share: float) -> str:
        if character in self._sources and self._random.random() < share:
            character = self._random.choice(self._sources[character])
        if self._dropped and self._random.random() < share / 8:
            character += self._random.choice(self._dropped)
        return character

    def _separator(self, share: float) -> str:
        return (
            self._random.choice(SEPARATORS)
            if self._random.random() < share
            else SEPARATOR
        )


def _decomposed(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def _edges(characters: CharacterMap) -> Iterator[list[int]]:
    for ranges in (
        characters.replace,
        characters.drop,
        characters.shift,
        characters.keep,
    ):
        yield from map(_edge, ranges)


def _edge(found: tuple) -> list[int]:
    """The first and last code point of a range and their neighbours; within one with steps, those stepped over too."""
    first, last = found[:2]
    inside = [first + 1, last - 1] if len(found) == 4 and found[2] > 1 else []
    return [
        c for c in (first - 1, first, *inside, last, last + 1) if 0 <= c <= 0x10FFFF
    ]


def _sources(
    characters: CharacterMap,
) -> tuple[dict[str, list[str]], list[tuple[str, str]]]:
    """What becomes a character, by that character, and what becomes a longer string: ``(string, character)``."""
    sources, ligatures = {}, []
    for first, last, string in characters.replace:
        if len(string) > 1:
            ligatures.append((string, chr(first)))
        else:
            sources.setdefault(string, []).extend(
                map(chr, range(first, min(last + 1, first + KEPT)))
            )
    for first, last, step, delta in characters.shift:
        for c in range(first, min(last + 1, first + KEPT * step), step):
            if characters.lookup(c) == chr(c + delta):
                sources.setdefault(chr(c + delta), []).append(chr(c))
    return sources, ligatures
