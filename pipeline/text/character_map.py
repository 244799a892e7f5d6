"""The character map: what becomes of every code point, as data that a device can carry.

A code point is replaced by a string, dropped, shifted by a number or kept; any other separates tokens. Presets are
built here, at training time, from this Python's Unicode data; what is exported, pickled and run is the resulting map,
so that no other runtime's Unicode version matters.
"""

import functools
import sys
import unicodedata
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass

SEPARATOR = " "
APOSTROPHES = "'\N{RIGHT SINGLE QUOTATION MARK}\N{MODIFIER LETTER APOSTROPHE}"  # dropped: don't is one word in any font


@dataclass(frozen=True)
class CharacterMap:
    """Looked up in this order: ``replace``, ``drop``, ``shift``, ``keep``; what stands in none separates.

    Every entry covers the code points from ``first`` to ``last``, both included; the entries of one kind are ascending
    and disjoint.

    Attributes
    ----------
    replace : ``(first, last, string)``, each becomes the string.
    drop, keep : ``(first, last)``.
    shift : ``(first, last, step, delta)``, every ``step``-th code point from the first on moves by ``delta``.
    """

    replace: tuple[tuple[int, int, str], ...]
    drop: tuple[tuple[int, int], ...]
    shift: tuple[tuple[int, int, int, int], ...]
    keep: tuple[tuple[int, int], ...]

    @functools.cached_property
    def table(self) -> "TranslationTable":
        """The map in the form that `str.translate` takes."""
        return TranslationTable(self)

    def __getstate__(self) -> dict:
        return {name: value for name, value in self.__dict__.items() if name != "table"}

    def lookup(self, code_point: int) -> str:
        """What the code point becomes: a string, empty when it is dropped, one space when it separates."""
        if found := _covering(self.replace, code_point):
            return found[2]
        if _covering(self.drop, code_point):
            return ""
        if (found := _covering(self.shift, code_point)) and (
            code_point - found[0]
        ) % found[2] == 0:
            return chr(code_point + found[3])
        return chr(code_point) if _covering(self.keep, code_point) else SEPARATOR


class TranslationTable(dict):
    """A lazily filled ``{code point: string}``: only characters that occur are ever looked up."""

    def __init__(self, characters: CharacterMap):
        super().__init__()
        self._characters = characters

    def __missing__(self, code_point: int) -> str:
        self[code_point] = string = self._characters.lookup(code_point)
        return string


def _covering(ranges: tuple, code_point: int) -> tuple | None:
    place = (
        bisect_right(ranges, (code_point, sys.maxunicode + 1)) - 1
    )  # behind the one that begins there
    return ranges[place] if place >= 0 and code_point <= ranges[place][1] else None


@functools.cache
def preset(name: str, digits: str) -> CharacterMap:
    """The map of ``ascii`` or ``casefold``; digits ``separate``, stay (``keep``) or become their ``shape``."""
    become = {"ascii": _ascii, "casefold": _casefold}[name]
    strings = {}
    for code_point in range(sys.maxunicode + 1):
        character = chr(code_point)
        string = become(character)
        if string == character and unicodedata.category(character) == "Nd":
            string = {"separate": SEPARATOR, "keep": character, "shape": "0"}[digits]
        if string != SEPARATOR:
            strings[code_point] = string
    return _compress(strings)


def _ascii(character: str) -> str:
    if character in APOSTROPHES:
        return ""
    if character.isascii():
        return character.lower() if character.isalnum() else SEPARATOR
    # Beyond ASCII only white space still parts words; anything else vanishes, accents and zero-width joiners alike.
    return (
        SEPARATOR
        if unicodedata.category(character).startswith("Z") or character == "\x85"
        else ""
    )


def _casefold(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Cn", "Co"):  # most of them
        return SEPARATOR
    if category == "Nd":
        return character
    if category == "Cf" or character in APOSTROPHES:
        return ""
    if category == "Mn" and "VARIATION SELECTOR" in unicodedata.name(character, ""):
        return ""
    return character.casefold() if category[0] in "LM" else SEPARATOR


def _compress(strings: dict[int, str]) -> CharacterMap:
    """The shortest entries that say the same as ``{code point: string}``."""
    shape = {
        c: s for c, s in strings.items() if len(s) > 1 or (s == "0" and c != ord("0"))
    }
    rest = {c: s for c, s in strings.items() if c not in shape}
    return CharacterMap(
        replace=tuple((first, last, shape[first]) for first, last in _runs(shape)),
        drop=tuple(_runs({c: s for c, s in rest.items() if not s})),
        shift=tuple(
            _progressions({c: ord(s) - c for c, s in rest.items() if s and s != chr(c)})
        ),
        # Looked up last, so a kept range may run across code points that an earlier entry has taken.
        keep=tuple(_runs({c: "" for c, s in strings.items() if s}, across=_unassigned)),
    )


def _unassigned(code_point: int) -> bool:
    return unicodedata.category(chr(code_point)) == "Cn"


def _runs(
    strings: dict[int, str], across: Callable[[int], bool] = lambda _: False
) -> list[tuple[int, int]]:
    """The ranges of neighbours with one string; a gap is bridged where all of it may be run ``across``."""
    runs: list[tuple[int, int]] = []
    for code_point, string in strings.items():
        if (
            runs
            and strings[runs[-1][0]] == string
            and all(map(across, range(runs[-1][1] + 1, code_point)))
        ):
            runs[-1] = (runs[-1][0], code_point)
        else:
            runs.append((code_point, code_point))
    return runs


def _progressions(shifts: dict[int, int]) -> list[tuple[int, int, int, int]]:
    """Disjoint runs of one delta with step 1, or 2 where capitals and small letters alternate."""
    found: list[tuple[int, int, int, int]] = []
    for code_point, delta in shifts.items():
        if found:
            first, last, step, before = found[-1]
            gap = code_point - last
            if delta == before and gap <= 2 and (first == last or gap == step):
                found[-1] = (first, code_point, gap, delta)
                continue
        found.append((code_point, code_point, 1, delta))
    return found
