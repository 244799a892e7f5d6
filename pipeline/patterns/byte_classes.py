"""Map characters to bytes, so that Hyperscan matches over bytes what `re` matches.

Two characters are equivalent for a set of patterns if every character class of the
patterns holds both or neither, both or neither are word characters, and neither ends
a line. Each equivalence class becomes one byte. Texts are encoded with that table, and
patterns are written over the same bytes, so no case and no Unicode is left in them.
RE2 calls such a table a byte map. `re` itself decides which class holds a character.
"""

import functools
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

CODE_POINTS = 0x110000
BLOCK = 0x100  # code points that are checked for case together
ASCII = 0x80
# No other character has this byte, so Hyperscan's $ matches before a final line end, as
# re's does.
LINE_END = ord("\n")
# The bytes that are word characters to Hyperscan.
WORD_BYTES = tuple(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")
OTHER_BYTES = tuple(
    byte for byte in range(0x100) if byte not in WORD_BYTES and byte != LINE_END
)
CATEGORIES = ("\\w", "\\d", "\\s")


@dataclass(frozen=True)
class CharacterClass:
    """A set of characters as a pattern writes it, such as ``[a-z_]``.

    Attributes
    ----------
    items
        What is between the brackets: escaped characters, ranges and categories.
    negated
        Whether it is the set of all other characters.
    flags
        The flags of `re` that change which characters these are.
    bounds
        First and last code point of each item that is not a category.
    """

    items: tuple[str, ...]
    negated: bool
    flags: int
    bounds: tuple[tuple[int, int], ...]

    def contains(self, characters: str) -> np.ndarray:
        """Return whether the class holds each character: bool [len(characters)]."""
        if not self.items:
            return np.full(len(characters), self.negated)
        negation = "^" if self.negated else ""
        pattern = re.compile(f"[{negation}{''.join(self.items)}]", self.flags)
        members = "".join(pattern.findall(characters))
        return np.isin(_code_points(characters), _code_points(members))


@dataclass(frozen=True)
class ByteSet:
    """The bytes of a character class.

    Attributes
    ----------
    members
        Every byte that a character of the class is mapped to.
    exact
        Whether no other character is mapped to these bytes. If not, a pattern over
        the bytes matches more than it should.
    """

    members: frozenset[int]
    exact: bool


@dataclass(frozen=True)
class ByteMap:
    """The byte of every code point, and the bytes of every character class.

    Attributes
    ----------
    table
        uint8 [0x110000], by code point.
    byte_sets
        The bytes of each character class that the map was built for.
    """

    table: np.ndarray
    byte_sets: dict[CharacterClass, ByteSet]

    @property
    def exact(self) -> bool:
        """Whether the map keeps every character class apart from all others."""
        return all(byte_set.exact for byte_set in self.byte_sets.values())


@dataclass(frozen=True)
class EncodedTexts:
    """Texts as bytes, one byte a character.

    Attributes
    ----------
    content
        All texts, one after the other.
    offsets
        int64 [n_texts + 1], where each text begins, and where the last one ends.
    """

    content: bytes
    offsets: np.ndarray


def encode(texts: Sequence[str], table: np.ndarray) -> EncodedTexts:
    """Return the texts in the bytes of a `ByteMap.table`.

    Examples
    --------
    >>> capitals = CharacterClass(("A-Z",), negated=False, flags=0, bounds=((65, 90),))
    >>> byte_map = build_byte_map([capitals], word_boundaries=False)
    >>> encoded = encode(["AZ", "ab"], byte_map.table)
    >>> encoded.offsets.tolist()
    [0, 2, 4]
    >>> encoded.content[0] == encoded.content[1]
    True
    """
    offsets = np.zeros(len(texts) + 1, dtype=np.int64)
    np.cumsum(list(map(len, texts)), out=offsets[1:])
    content = table[_code_points("".join(texts))].tobytes()
    return EncodedTexts(content, offsets)


def build_byte_map(classes: Iterable[CharacterClass], word_boundaries: bool) -> ByteMap:
    r"""Return the map that keeps these character classes apart, if bytes suffice.

    Where there are more equivalence classes than bytes, the smallest ones beyond ASCII
    share bytes. The character classes that this affects are not exact.

    Parameters
    ----------
    word_boundaries
        Whether patterns ask for word boundaries. Then word characters, and no others,
        must become bytes that are word characters to Hyperscan.

    Examples
    --------
    >>> digits = CharacterClass((r"\d",), negated=False, flags=0, bounds=())
    >>> byte_map = build_byte_map([digits], word_boundaries=False)
    >>> byte_map.exact
    True
    >>> byte_map.table[ord("0")] == byte_map.table[ord("9")]
    np.True_
    """
    classes = list(dict.fromkeys(classes))
    starts = _run_starts(classes)
    characters = "".join(map(chr, starts))
    membership = np.array(
        [character_class.contains(characters) for character_class in classes],
        dtype=bool,
    ).reshape(len(classes), len(starts))
    is_word = _category("\\w").contains(characters) & word_boundaries
    run_sizes = np.diff([*starts, CODE_POINTS])
    signatures = np.vstack([membership, is_word, starts == LINE_END])
    run_bytes = _assign_bytes(starts, run_sizes, signatures)
    byte_sets = {
        character_class: _byte_set(members, run_bytes)
        for character_class, members in zip(classes, membership, strict=True)
    }
    return ByteMap(np.repeat(run_bytes, run_sizes), byte_sets)


def _category(name: str) -> CharacterClass:
    return CharacterClass((name,), negated=False, flags=0, bounds=())


def _run_starts(classes: list[CharacterClass]) -> np.ndarray:
    """Return where runs of code points begin that no class can split, ascending.

    A character of ASCII, and one that has case, is a run by itself.
    """
    starts = {*range(ASCII + 1), *_category_starts()}
    for code_point in _cased_code_points():
        starts |= {code_point, code_point + 1}
    for character_class in classes:
        for first, last in character_class.bounds:
            starts |= {first, last + 1}
    starts.discard(CODE_POINTS)
    return np.array(sorted(starts), dtype=np.int64)


@functools.cache
def _category_starts() -> frozenset[int]:
    r"""Return the code points at which a category such as ``\w`` begins or ends."""
    all_characters = "".join(map(chr, range(CODE_POINTS)))
    starts: set[int] = set()
    for name in CATEGORIES:
        membership = _category(name).contains(all_characters)
        changes = np.flatnonzero(np.diff(membership)) + 1
        starts.update(changes.tolist())
    return frozenset(starts)


@functools.cache
def _cased_code_points() -> frozenset[int]:
    """Return every code point that any notion of case relates to another one."""
    cased: set[int] = set()
    for character in itertools.chain.from_iterable(_blocks_with_case()):
        forms = _case_forms(character)
        if forms != {character}:
            cased.add(ord(character))
            cased.update(ord(form) for form in forms if len(form) == 1)
    return frozenset(cased)


def _blocks_with_case() -> Iterator[str]:
    """Yield the blocks of characters in which at least one has case."""
    for start in range(0, CODE_POINTS, BLOCK):
        block = "".join(map(chr, range(start, start + BLOCK)))
        if _case_forms(block) != {block}:
            yield block


def _case_forms(text: str) -> set[str]:
    return {text.lower(), text.upper(), text.title(), text.casefold()}


def _assign_bytes(
    starts: np.ndarray, run_sizes: np.ndarray, signatures: np.ndarray
) -> np.ndarray:
    """Return the byte of each run: uint8 [n_runs].

    Parameters
    ----------
    signatures
        bool [n_properties, n_runs]. Runs with equal columns are equivalent. The last
        two rows say which runs are word characters, and which one is the line end.
    """
    kinds, class_of_run = np.unique(signatures, axis=1, return_inverse=True)
    class_of_run = class_of_run.ravel()
    is_word = kinds[-2]
    is_line_end = kinds[-1]
    # ASCII first, which most texts consist of; then the larger classes.
    is_ascii = starts < ASCII
    weights = np.bincount(class_of_run, weights=run_sizes + CODE_POINTS * is_ascii)
    # A class with ASCII characters keeps the byte of its last one: a small letter, if
    # it has one.
    natural_bytes = dict(
        zip(class_of_run[is_ascii].tolist(), starts[is_ascii].tolist(), strict=True)
    )
    byte_of_class = np.full(kinds.shape[1], LINE_END, dtype=np.uint8)
    if is_word.any():
        pools = [(is_word, WORD_BYTES), (~is_word & ~is_line_end, OTHER_BYTES)]
    else:
        pools = [(~is_line_end, OTHER_BYTES + WORD_BYTES)]
    for is_in_pool, pool in pools:
        members = np.flatnonzero(is_in_pool)
        ranked = members[np.argsort(-weights[members], kind="stable")].tolist()
        for equivalence_class, byte in _fill_pool(ranked, pool, natural_bytes).items():
            byte_of_class[equivalence_class] = byte
    return byte_of_class[class_of_run]


def _fill_pool(
    ranked: list[int], pool: Sequence[int], natural_bytes: dict[int, int]
) -> dict[int, int]:
    """Return the byte of each equivalence class, given in order of importance.

    As many classes as three quarters of the pool keep their natural bytes, if they
    have any. The other classes take the bytes that are left.
    """
    assigned: dict[int, int] = {}
    rest: list[int] = []
    for rank, equivalence_class in enumerate(ranked):
        if rank < _unshared(len(pool)) and equivalence_class in natural_bytes:
            assigned[equivalence_class] = natural_bytes[equivalence_class]
        else:
            rest.append(equivalence_class)
    taken = set(assigned.values())
    free = [byte for byte in pool if byte not in taken]
    for rank, equivalence_class in enumerate(rest):
        assigned[equivalence_class] = free[_index_in(len(free), rank, len(rest))]
    return assigned


def _index_in(n_bytes: int, rank: int, n_classes: int) -> int:
    """Return which of the bytes a class gets: its own, or one of the shared quarter."""
    unshared = _unshared(n_bytes)
    if n_classes <= n_bytes or rank < unshared:
        return rank
    return unshared + (rank - unshared) % (n_bytes - unshared)


def _unshared(n_bytes: int) -> int:
    """Return how many bytes never stand for more than one class: three quarters."""
    return n_bytes - n_bytes // 4


def _byte_set(members: np.ndarray, run_bytes: np.ndarray) -> ByteSet:
    inside = frozenset(run_bytes[members].tolist())
    outside = set(run_bytes[~members].tolist())
    return ByteSet(inside, exact=not inside & outside)


def _code_points(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
