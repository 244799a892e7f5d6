"""Where the ranges of a character map begin and end, shown between letters."""

import itertools
from collections.abc import Iterator

from pipeline.export.conformance.material import Material
from pipeline.text.character_map import SEPARATOR, CharacterMap

LAST_CODE_POINT = 0x10FFFF
EDGES_PER_TEXT = 100
MAX_UNITS = 40_000  # of all texts that show the edges

#: An entry of the map: first and last code point, and for some kinds what they become.
Entry = tuple


def edges(material: Material) -> Iterator[str]:
    """Yield texts that together show every code point at an edge of the map."""
    characters = material.model.tokeniser.characters
    code_points = {0, LAST_CODE_POINT}
    for entry in _all_entries(characters):
        code_points.update(_edge(entry))
    ordered = sorted(code_points)
    max_code_points = MAX_UNITS // len(_apart(material, [LAST_CODE_POINT]))
    # Texts get as long as this only with a `min_token` that no model has.
    step = -(-len(ordered) // max_code_points)
    for batch in _batches(ordered[::step], EDGES_PER_TEXT):
        yield _apart(material, batch)


def corners(material: Material) -> str:
    """Return the edges of each kind's first and last range, in as few units as can be.

    Ranges that are peculiar are shown too: with a step, with a step that does not begin
    at a multiple of it, replaced by a longer string, and by one that the map changes
    again.
    """
    characters = material.model.tokeniser.characters
    code_points: set[int] = set()
    for ranges in _kinds(characters):
        for entry in (*ranges[:1], *ranges[-1:]):
            code_points.update(_edge(entry))
    stepping = [entry for entry in characters.shift if entry[2] > 1]
    misaligned = [entry for entry in stepping if entry[0] % entry[2]]
    for entry in (*stepping[:1], *misaligned[:1]):
        code_points.update(_edge(entry))
    longer = [entry for entry in characters.replace if len(entry[2]) > 1]
    changing = [entry for entry in longer if _changes(characters, entry[2])]
    code_points.update(entry[0] for entry in (*longer[:1], *changing[:1]))
    return _chained(material, sorted(code_points))


def _kinds(characters: CharacterMap) -> tuple[tuple[Entry, ...], ...]:
    return characters.replace, characters.drop, characters.shift, characters.keep


def _all_entries(characters: CharacterMap) -> Iterator[Entry]:
    return itertools.chain.from_iterable(_kinds(characters))


def _changes(characters: CharacterMap, string: str) -> bool:
    return string.translate(characters.table) != string


def _edge(entry: Entry) -> list[int]:
    """Return the first and last code point of a range and their neighbours.

    Within a range with steps, those next to its ends are stepped over, and so they are
    returned as well.
    """
    first, last = entry[:2]
    code_points = [first - 1, first, last, last + 1]
    if len(entry) == 4 and entry[2] > 1:
        code_points += [first + 1, last - 1]
    return [c for c in code_points if 0 <= c <= LAST_CODE_POINT]


def _apart(material: Material, code_points: list[int]) -> str:
    """Return each code point in a word of its own, between letters.

    There are as many letters on each side as a token needs to be kept.
    """
    left, right = material.short_words
    return SEPARATOR.join(f"{left}{chr(c)}{right}" for c in code_points)


def _chained(material: Material, code_points: list[int]) -> str:
    """Return the code points with letters between them, in half the units."""
    sides = itertools.cycle(material.short_words)
    pieces = [next(sides)]
    for code_point in code_points:
        pieces += [chr(code_point), next(sides)]
    return "".join(pieces)


def _batches(code_points: list[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(code_points), size):
        yield code_points[start : start + size]
