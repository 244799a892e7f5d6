"""Texts that show the first and last code points of a character map's ranges."""

import itertools
from collections.abc import Iterator
from typing import TypeAlias

from pipeline.export.conformance.material import Material
from pipeline.text.character_map import SEPARATOR, CharacterMap

LAST_CODE_POINT = 0x10FFFF
EDGES_PER_TEXT = 100
MAX_UNITS = 40_000  # of all texts that show the edges

#: The first and last code point; then for some kinds a string, or a step and a shift.
Entry: TypeAlias = tuple[int, int] | tuple[int, int, str] | tuple[int, int, int, int]


def edges(material: Material) -> Iterator[str]:
    """Yield texts that together show every code point at an edge of the map."""
    characters = material.model.tokeniser.characters
    code_points = {0, LAST_CODE_POINT}
    for entry in _all_entries(characters):
        code_points.update(_edge(entry))
    ordered = sorted(code_points)
    max_code_points = MAX_UNITS // len(_apart(material, [LAST_CODE_POINT]))
    # Only a `min_token` that no model has would make the texts this long.
    step = -(-len(ordered) // max_code_points)
    for batch in _batches(ordered[::step], EDGES_PER_TEXT):
        yield _apart(material, batch)


def corners(material: Material) -> str:
    """Return a short text with the edges of each kind's first and last range.

    Unusual ranges are shown too: a range with a step, one with a step that does not
    begin at a multiple of it, one that is replaced by a longer string, and one whose
    replacement the map would change further.
    """
    characters = material.model.tokeniser.characters
    code_points: set[int] = set()
    for ranges in _kinds(characters):
        for entry in (*ranges[:1], *ranges[-1:]):
            code_points.update(_edge(entry))
    stepping = [shift for shift in characters.shift if shift[2] > 1]
    misaligned = [shift for shift in stepping if shift[0] % shift[2]]
    for shift in (*stepping[:1], *misaligned[:1]):
        code_points.update(_edge(shift))
    longer = [range_ for range_ in characters.replace if len(range_[2]) > 1]
    changing = [range_ for range_ in longer if _changes(characters, range_[2])]
    for first, _, _ in (*longer[:1], *changing[:1]):
        code_points.add(first)
    return _chained(material, sorted(code_points))


def _kinds(characters: CharacterMap) -> tuple[tuple[Entry, ...], ...]:
    return characters.replace, characters.drop, characters.shift, characters.keep


def _all_entries(characters: CharacterMap) -> Iterator[Entry]:
    return itertools.chain.from_iterable(_kinds(characters))


def _changes(characters: CharacterMap, string: str) -> bool:
    return string.translate(characters.table) != string


def _edge(entry: Entry) -> list[int]:
    """Return the first and last code point of a range and their neighbours.

    In a range with a step, the code points next to its ends are stepped over, so they
    are returned too.
    """
    first = entry[0]
    last = entry[1]
    code_points = [first - 1, first, last, last + 1]
    if _step(entry) > 1:
        code_points += [first + 1, last - 1]
    return [c for c in code_points if 0 <= c <= LAST_CODE_POINT]


def _step(entry: Entry) -> int:
    """Return the step of a shifted range; other ranges have a step of 1."""
    match entry:
        case (int(), int(), int(step), int()):
            return step
    return 1


def _apart(material: Material, code_points: list[int]) -> str:
    """Return each code point in a word of its own, between letters.

    Each side has the letters that a token needs to be kept.
    """
    left, right = material.short_words
    return SEPARATOR.join(f"{left}{chr(c)}{right}" for c in code_points)


def _chained(material: Material, code_points: list[int]) -> str:
    """Return the code points with letters between them, in half as many units."""
    sides = itertools.cycle(material.short_words)
    pieces = [next(sides)]
    for code_point in code_points:
        pieces += [chr(code_point), next(sides)]
    return "".join(pieces)


def _batches(code_points: list[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(code_points), size):
        yield code_points[start : start + size]
