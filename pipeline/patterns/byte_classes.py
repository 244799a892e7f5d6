"""The characters that a pack of rules tells apart, as an alphabet of bytes.

Two characters that stand in the same character sets of all patterns cannot make a difference, if both or neither are
of a word and neither ends a line. So every text becomes bytes, one for each class of characters, and every pattern one
over these bytes, with no notion of case or Unicode left in it. Which character stands in which set is asked of ``re``.
"""

import functools
import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

CODE_POINTS = 0x110000
BLOCK = (
    0x100  # most blocks of so many code points know no case, and are told so at once
)
ASCII = 0x80
LINE_END = ord(
    "\n"
)  # a byte of its own: before it, at the end of a text, the engine's $ finds its place as re's does
WORD_BYTES = tuple(
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
)  # what a word is of, in bytes
OTHER_BYTES = tuple(
    byte for byte in range(0x100) if byte not in WORD_BYTES and byte != LINE_END
)
CATEGORIES = ("\\w", "\\d", "\\s")


@dataclass(frozen=True)
class CharacterSet:
    """A set of characters as a pattern names it.

    Attributes
    ----------
    items : what stands between the brackets: escaped characters, ranges and categories.
    negated : whether it is all others.
    flags : of `re`, as far as they change which characters these are.
    bounds : first and last code point of each item that is no category.
    """

    items: tuple[str, ...]
    negated: bool
    flags: int
    bounds: tuple[tuple[int, int], ...]

    def found_in(self, characters: str) -> np.ndarray:
        """Whether each of the characters is in the set: bool [len(characters)]."""
        if not self.items:
            return np.full(len(characters), self.negated)
        pattern = re.compile(
            f"[{'^' if self.negated else ''}{''.join(self.items)}]", self.flags
        )
        return np.isin(
            _code_points(characters), _code_points("".join(pattern.findall(characters)))
        )


@dataclass(frozen=True)
class Alphabet:
    """Which byte each code point becomes, and which bytes a set of characters is.

    Attributes
    ----------
    table : uint8 [0x110000].
    sets : for each set its bytes, and whether they stand for no other characters; if they do, a pattern over them finds
        more than it should.
    """

    table: np.ndarray
    sets: dict[CharacterSet, tuple[frozenset[int], bool]]

    @property
    def exact(self) -> bool:
        """Whether each set is told apart from all that is not in it."""
        return all(exact for _, exact in self.sets.values())


def encode(texts: Sequence[str], table: np.ndarray) -> tuple[bytes, np.ndarray]:
    """All texts one after another, a byte a character, and where each begins: int64 [n_texts + 1]."""
    offsets = np.zeros(len(texts) + 1, dtype=np.int64)
    np.cumsum([len(text) for text in texts], out=offsets[1:])
    return table[_code_points("".join(texts))].tobytes(), offsets


def build(sets: Iterable[CharacterSet], words: bool) -> Alphabet:
    """The alphabet in which these sets can be told apart, as far as there are bytes for it.

    ``words`` is whether patterns ask for the ends of words, so that bytes must be of words where the characters are.
    Where there are more classes of characters than bytes, those beyond ASCII of the fewest characters share bytes, and
    the sets that part them are no longer exact.
    """
    sets = list(dict.fromkeys(sets))
    starts = _starts(sets)
    characters = "".join(map(chr, starts))
    members = np.array(
        [each.found_in(characters) for each in sets], dtype=bool
    ).reshape(len(sets), len(starts))
    word = CharacterSet(("\\w",), False, 0, ()).found_in(characters) & words
    sizes = np.diff([*starts, CODE_POINTS])
    symbols = _symbols(starts, np.vstack([members, word, starts == LINE_END]), sizes)
    table = np.repeat(symbols, sizes)
    return Alphabet(
        table,
        {
            each: _bytes_of(row, symbols)
            for each, row in zip(sets, members, strict=True)
        },
    )


def _starts(sets: list[CharacterSet]) -> np.ndarray:
    """Where runs of code points begin that no set can part, ascending: each has case alone, or differs in nothing."""
    cuts = {*range(ASCII + 1), *_category_starts()}
    for code_point in _cased():
        cuts |= {code_point, code_point + 1}
    for first, last in itertools.chain.from_iterable(each.bounds for each in sets):
        cuts |= {first, last + 1}
    return np.array(sorted(cut for cut in cuts if cut < CODE_POINTS), dtype=np.int64)


@functools.cache
def _category_starts() -> frozenset[int]:
    everything = "".join(map(chr, range(CODE_POINTS)))
    found = (
        CharacterSet((category,), False, 0, ()).found_in(everything)
        for category in CATEGORIES
    )
    return frozenset(
        itertools.chain.from_iterable(
            (np.flatnonzero(np.diff(row)) + 1).tolist() for row in found
        )
    )


@functools.cache
def _cased() -> frozenset[int]:
    """Every code point that any notion of case connects with another one."""
    found = set()
    blocks = (
        "".join(map(chr, range(start, start + BLOCK)))
        for start in range(0, CODE_POINTS, BLOCK)
    )
    for character in itertools.chain.from_iterable(
        block for block in blocks if _forms(block) != {block}
    ):
        if (forms := _forms(character)) != {character}:
            found |= {ord(character), *(ord(form) for form in forms if len(form) == 1)}
    return frozenset(found)


def _forms(text: str) -> set[str]:
    return {text.lower(), text.upper(), text.title(), text.casefold()}


def _symbols(
    starts: np.ndarray, told_apart: np.ndarray, sizes: np.ndarray
) -> np.ndarray:
    """The byte of each run, uint8: that of its class. The last two rows say what is of a word, and what ends a line."""
    kinds, classes = np.unique(told_apart, axis=1, return_inverse=True)
    classes = classes.ravel()
    of_words, line_end = kinds[-2], kinds[-1]
    # ASCII first, which texts are mostly made of, then by how many characters a class has.
    weight = np.bincount(classes, weights=sizes + CODE_POINTS * (starts < ASCII))
    byte = np.full(kinds.shape[1], LINE_END, dtype=np.uint8)
    pools = ((of_words, WORD_BYTES), (~of_words & ~line_end, OTHER_BYTES))
    if not of_words.any():
        pools = ((~line_end, OTHER_BYTES + WORD_BYTES),)
    natural = _natural(starts, classes)
    for chosen, pool in pools:
        members = np.flatnonzero(chosen)
        ranked = members[np.argsort(-weight[members], kind="stable")]
        own = {
            each: natural[each]
            for each in ranked[: len(pool) - len(pool) // 4].tolist()
            if each in natural
        }
        rest = [each for each in ranked.tolist() if each not in own]
        free = [each for each in pool if each not in own.values()]
        byte[list(own)] = list(own.values())
        byte[rest] = np.array(free, dtype=np.uint8)[
            _place(np.arange(len(rest)), len(free))
        ]
    return byte[classes]


def _natural(starts: np.ndarray, classes: np.ndarray) -> dict[int, int]:
    """The classes that hold a character of ASCII, and the last of theirs, which is a small letter if one is."""
    ascii_ = starts < ASCII
    return dict(zip(classes[ascii_].tolist(), starts[ascii_].tolist(), strict=True))


def _place(rank: np.ndarray, room: int) -> np.ndarray:
    """The first get a byte of their own, up to three quarters of the room; unless all fit, others share the rest."""
    if len(rank) <= room:
        return rank
    own = room - room // 4
    return np.where(rank < own, rank, own + (rank - own) % (room - own))


def _bytes_of(row: np.ndarray, symbols: np.ndarray) -> tuple[frozenset[int], bool]:
    inside, outside = set(symbols[row].tolist()), set(symbols[~row].tolist())
    return frozenset(inside), not inside & outside


def _code_points(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
