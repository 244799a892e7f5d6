"""The character map: what becomes of every code point, as data for a device.

A code point is replaced by a string, dropped, shifted by a number or kept; any other
separates tokens. Presets are built at training time from the Unicode data of this
Python. The resulting map is what is exported, pickled and run, so the Unicode version
of another runtime does not matter.
"""

import functools
import sys
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

SEPARATOR = " "
# Apostrophes are dropped, so that "don't" is one word whichever of them it has.
APOSTROPHES = "'\N{RIGHT SINGLE QUOTATION MARK}\N{MODIFIER LETTER APOSTROPHE}"
#: Capitals and small letters alternate in many alphabets: their shifts have this step.
_ALTERNATING = 2

#: ``(first, last, string)``
Replacement: TypeAlias = tuple[int, int, str]
#: ``(first, last)``
Range: TypeAlias = tuple[int, int]
#: ``(first, last, step, delta)``
Shift: TypeAlias = tuple[int, int, int, int]

Entry = TypeVar("Entry", Replacement, Range, Shift)


@dataclass(frozen=True)
class CharacterMap:
    """What becomes of every code point, as ranges.

    A code point is looked up in ``replace``, ``drop``, ``shift`` and ``keep``, in this
    order; a code point in none of them separates tokens. Every entry covers the code
    points from ``first`` to ``last``, both included. The entries of one kind are
    ascending and disjoint.

    Attributes
    ----------
    replace
        ``(first, last, string)``: each code point becomes the string.
    drop, keep
        ``(first, last)``.
    shift
        ``(first, last, step, delta)``: every ``step``-th code point, beginning with
        ``first``, moves by ``delta``.

    Examples
    --------
    >>> characters = CharacterMap(
    ...     replace=((0x30, 0x39, "0"),),
    ...     drop=((0x27, 0x27),),
    ...     shift=((0x41, 0x5A, 1, 32),),
    ...     keep=((0x61, 0x7A),),
    ... )
    >>> "Don't: 42".translate(characters.table)
    'dont  00'
    """

    replace: tuple[Replacement, ...]
    drop: tuple[Range, ...]
    shift: tuple[Shift, ...]
    keep: tuple[Range, ...]

    @functools.cached_property
    def table(self) -> "TranslationTable":
        """The map in the form that `str.translate` takes."""
        return TranslationTable(self)

    def __getstate__(self) -> dict[str, object]:
        # The table can be built again: it is not pickled.
        return {name: value for name, value in self.__dict__.items() if name != "table"}

    def lookup(self, code_point: int) -> str:
        """Return what the code point becomes.

        Returns
        -------
        str
            Empty for a code point that is dropped, one space for a separator.

        Examples
        --------
        >>> preset("casefold", digits="shape").lookup(ord("A"))
        'a'
        """
        replacement = _entry_covering(self.replace, code_point)
        if replacement is not None:
            return replacement[2]
        if _entry_covering(self.drop, code_point):
            return ""
        shift = _entry_covering(self.shift, code_point)
        if shift is not None:
            first, _, step, delta = shift
            if (code_point - first) % step == 0:
                return chr(code_point + delta)
        if _entry_covering(self.keep, code_point):
            return chr(code_point)
        return SEPARATOR


class TranslationTable(dict[int, str]):
    """A lazy ``{code point: string}``: only characters that occur are looked up.

    Examples
    --------
    >>> table = TranslationTable(preset("ascii", digits="keep"))
    >>> "It's 9 a.m.".translate(table)
    'its 9 a m '
    """

    def __init__(self, characters: CharacterMap) -> None:
        super().__init__()
        self._characters = characters

    def __missing__(self, code_point: int) -> str:
        string = self._characters.lookup(code_point)
        self[code_point] = string
        return string


def _entry_covering(entries: Sequence[Entry], code_point: int) -> Entry | None:
    # Larger than every entry that begins at the code point, smaller than the next one.
    after_entry = (code_point, sys.maxunicode + 1)
    index = bisect_right(entries, after_entry) - 1
    if index < 0:
        return None
    entry = entries[index]
    last = entry[1]
    return entry if code_point <= last else None


@functools.cache
def preset(name: str, digits: str) -> CharacterMap:
    """Return the map of a preset.

    Parameters
    ----------
    name
        ``ascii``: the letters a to z and digits alone; ``casefold``: letters of any
        script, case folded, with their marks.
    digits
        Digits ``separate`` tokens, stay (``keep``), or become 0 (``shape``).

    Examples
    --------
    >>> characters = preset("casefold", digits="shape")
    >>> "STRASSE 4711".translate(characters.table)
    'strasse 0000'
    """
    map_character = {"ascii": _ascii, "casefold": _casefold}[name]
    strings = {}
    for code_point in range(sys.maxunicode + 1):
        character = chr(code_point)
        string = map_character(character)
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
    # Beyond ASCII, white space alone separates words; anything else vanishes, accents
    # and zero-width joiners alike.
    is_white_space = unicodedata.category(character).startswith("Z")
    if is_white_space or character == "\x85":
        return SEPARATOR
    return ""


def _casefold(character: str) -> str:
    category = unicodedata.category(character)
    # Most code points are unassigned or private: they are decided first.
    if category in ("Cn", "Co"):
        return SEPARATOR
    if category == "Nd":
        return character
    if category == "Cf" or character in APOSTROPHES:
        return ""
    if category == "Mn" and "VARIATION SELECTOR" in unicodedata.name(character, ""):
        return ""
    return character.casefold() if category[0] in "LM" else SEPARATOR


def _compress(strings: Mapping[int, str]) -> CharacterMap:
    """Return the shortest entries with the same meaning as ``{code point: string}``."""
    replaced: dict[int, str] = {}
    dropped: dict[int, str] = {}
    deltas: dict[int, int] = {}
    not_dropped: dict[int, str] = {}
    for code_point, string in strings.items():
        if string:
            not_dropped[code_point] = ""
        if len(string) > 1 or (string == "0" and code_point != ord("0")):
            replaced[code_point] = string
        elif not string:
            dropped[code_point] = string
        elif ord(string) != code_point:
            deltas[code_point] = ord(string) - code_point
    return CharacterMap(
        replace=tuple(
            (first, last, replaced[first]) for first, last in _runs(replaced)
        ),
        drop=tuple(_runs(dropped)),
        shift=tuple(_shifts(deltas)),
        # Looked up last, so a kept range may cover code points of an earlier entry.
        keep=tuple(_runs(not_dropped, may_cover=_is_unassigned)),
    )


def _is_unassigned(code_point: int) -> bool:
    return unicodedata.category(chr(code_point)) == "Cn"


def _runs(
    strings: Mapping[int, str], may_cover: Callable[[int], bool] | None = None
) -> list[Range]:
    """Return the ranges of neighbours with one string.

    Parameters
    ----------
    may_cover
        Returns whether a range may cover a code point that has no string. A gap is
        bridged if this is so of all of it; None: no gap is bridged.
    """
    runs: list[Range] = []
    for code_point, string in strings.items():
        if runs:
            first, last = runs[-1]
            gap = range(last + 1, code_point)
            is_bridged = not gap or (may_cover is not None and all(map(may_cover, gap)))
            if strings[first] == string and is_bridged:
                runs[-1] = (first, code_point)
                continue
        runs.append((code_point, code_point))
    return runs


def _shifts(deltas: Mapping[int, int]) -> list[Shift]:
    """Return disjoint runs of one delta, given ``{code point: delta}``.

    The step is 1, or 2 where capitals and small letters alternate.
    """
    shifts: list[Shift] = []
    for code_point, delta in deltas.items():
        if shifts:
            first, last, step, previous_delta = shifts[-1]
            gap = code_point - last
            continues = first == last or gap == step
            if delta == previous_delta and gap <= _ALTERNATING and continues:
                shifts[-1] = (first, code_point, gap, delta)
                continue
        shifts.append((code_point, code_point, 1, delta))
    return shifts
