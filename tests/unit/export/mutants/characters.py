"""Mistakes on the way from UTF-16 units to mapped characters."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

from scorers.python.nightsieve_scorer import (
    Scorer,
    _Characters,
    _covering,
    _join_surrogates,
)
from tests.unit.export.mutants.mutation import Mistake, holding, overriding, reading

KINDS = ("replace", "drop", "shift", "keep")
SEPARATOR = " "
HIGH = re.compile("[\ud800-\udbff]")
LOW = re.compile("[\udc00-\udfff]")
PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")


#: Returns the string of a code point, given the right map too.
Lookup = Callable[[_Characters, int], str]
#: A range: first and last code point; of ``shift`` also a step and a distance.
Range = Sequence[int]
Shift = Sequence[int]


class _WrongCharacters(dict[int, str]):
    """A character map that calls ``lookup`` once for each code point."""

    def __init__(self, right: _Characters, lookup: Lookup) -> None:
        super().__init__()
        self._right = right
        self._lookup = lookup

    def __missing__(self, code_point: int) -> str:
        string = self._lookup(self._right, code_point)
        self[code_point] = string
        return string


def mapping(lookup: Lookup) -> Mistake:
    """Return a scorer with another lookup in the character map."""

    def characters(scorer: Scorer) -> _WrongCharacters:
        return _WrongCharacters(scorer._characters, lookup)

    return holding(_characters=characters)


def ranging(changed: str, change: Callable[[list[Range]], list[Range]]) -> Mistake:
    """Return a scorer that reads other ranges of the ``changed`` kind."""

    def characters(scorer: Scorer) -> _Characters:
        ranges: dict[str, Any] = {}
        kinds = zip(KINDS, scorer._characters._kinds, strict=True)
        for kind, (_, ranges_of_kind) in kinds:
            ranges[kind] = ranges_of_kind
        ranges[changed] = change(ranges[changed])
        return _Characters(**ranges)

    return holding(_characters=characters)


def raw(change: Callable[[str], str]) -> Mistake:
    """Return a scorer that maps a changed text, in which lone surrogates may remain."""

    def tokens(scorer: Scorer, text: str) -> list[str]:
        words = change(text).translate(scorer._characters).split(SEPARATOR)
        return [word for word in words if is_token(scorer, word)]

    return overriding(tokens=tokens)


def is_token(scorer: Scorer, word: str) -> bool:
    return len(word) >= scorer._min_token and word not in scorer._stop_words


def pairs_joined(text: str) -> str:
    return PAIR.sub(_join_match, text)


def _join_match(pair: re.Match[str]) -> str:
    return _join_surrogates(pair[0])


def units(text: str) -> str:
    """Return the text with every code point beyond U+FFFF as two surrogates."""
    encoded = text.encode("utf-16-be", "surrogatepass")
    starts = range(0, len(encoded), 2)
    return "".join(chr(int.from_bytes(encoded[i : i + 2])) for i in starts)


def greedily_paired(text: str) -> str:
    """Join every high surrogate with the unit after it, as if that were a low one."""
    return re.sub("([\ud800-\udbff])(.?)", _paired, units(text), flags=re.DOTALL)


def _paired(pair: re.Match[str]) -> str:
    high = ord(pair[1]) & 0x3FF
    low = ord(pair[2] or "\0") & 0x3FF
    return chr(0x10000 + (high << 10) + low)


def letters(convert: Callable[[str], str]) -> Mistake:
    """Return a scorer with a library's conversion of letters instead of the map's."""

    def lookup(right: _Characters, c: int) -> str:
        if chr(c).isalpha():
            return convert(chr(c))
        return right[c]

    return mapping(lookup)


def below(limit: int, otherwise: Callable[[int], str]) -> Mistake:
    """Return a scorer that maps only the code points below a limit rightly."""

    def lookup(right: _Characters, c: int) -> str:
        if c < limit:
            return right[c]
        return otherwise(c)

    return mapping(lookup)


def separate(_code_point: int) -> str:
    return SEPARATOR


def drop(_code_point: int) -> str:
    return ""


def matching(pattern: str) -> Mistake:
    """Return a scorer that splits where a pattern of word characters does not match."""
    word = re.compile(pattern)

    def lookup(right: _Characters, c: int) -> str:
        if not word.match(chr(c)):
            return SEPARATOR
        return right[c] if right[c] != SEPARATOR else chr(c)

    return mapping(lookup)


def before(kind: str, later: str) -> Mistake:
    """Return a scorer that looks up a kind before another kind that is first."""
    early = KINDS.index(later)
    late = KINDS.index(kind)

    def lookup(right: _Characters, c: int) -> str:
        covering = _covering(right._kinds[late], c)
        if not covering or not _covering(right._kinds[early], c):
            return right[c]
        if kind == "shift" and (c - covering[0]) % covering[2]:
            return right[c]
        return {"drop": "", "keep": chr(c), "shift": chr(c + covering[-1])}[kind]

    return mapping(lookup)


def shifting(moved: Callable[[int, Shift], str | None]) -> Mistake:
    """Return a scorer that shifts code points elsewhere; None falls through to keep."""

    def lookup(right: _Characters, c: int) -> str:
        replace, drop, shift, keep = (_covering(kind, c) for kind in right._kinds)
        if replace or drop or not shift:
            return right[c]
        string = moved(c, shift)
        if string is not None:
            return string
        return chr(c) if keep else SEPARATOR

    return mapping(lookup)


def stepwise(c: int, shift: Shift, first: int) -> str | None:
    """Return where a range moves a code point; None if its step passes it over."""
    if (c - first) % shift[2]:
        return None
    return chr(c + shift[3])


def without_first(ranges: list[Range]) -> list[Range]:
    return ranges[1:]


def without_last(ranges: list[Range]) -> list[Range]:
    return ranges[:-1]


def edges(kind: str) -> dict[str, Mistake]:
    """Return searches among the ranges of a kind that go wrong at an edge."""

    def moved(left: int, right: int) -> Callable[[list[Range]], list[Range]]:
        def move(range_: Range) -> Range:
            # A range of shift moves by whole steps; otherwise it would have other code
            # points.
            step = range_[2] if kind == "shift" else 1
            first, last, *others = range_
            return (first + left * step, last + right * step, *others)

        def move_all(ranges: list[Range]) -> list[Range]:
            return list(map(move, ranges))

        return move_all

    return {
        f"the last code point of a range of {kind} missed": ranging(kind, moved(0, -1)),
        f"the first code point of a range of {kind} missed": ranging(kind, moved(1, 0)),
        f"a range of {kind} one code point too long": ranging(kind, moved(0, 1)),
        f"the first range of {kind} never found": ranging(kind, without_first),
        f"the last range of {kind} never found": ranging(kind, without_last),
    }


def text_cut_at_160_characters(text: str) -> str:
    return text[:160]


def text_cut_at_1000_characters(text: str) -> str:
    return text[:1000]


def text_cut_at_nul(text: str) -> str:
    return text.partition("\x00")[0]


def nul_removed(text: str) -> str:
    return text.replace("\x00", "")


def only_first_line_read(text: str) -> str:
    return (text.splitlines() or [""])[0]


def utf_8_bytes_taken_for_characters(text: str) -> str:
    return _join_surrogates(text).encode("utf-8").decode("latin-1")


def lone_surrogates_dropped(text: str) -> str:
    return HIGH.sub("", LOW.sub("", pairs_joined(text)))


def lone_surrogates_become_question_marks(text: str) -> str:
    return HIGH.sub("?", LOW.sub("?", pairs_joined(text)))


def two_replacement_for_lone_surrogate(text: str) -> str:
    return HIGH.sub("\ufffd" * 2, LOW.sub("\ufffd" * 2, pairs_joined(text)))


def text_ends_at_lone_surrogate(text: str) -> str:
    return re.split("[\ud800-\udfff]", pairs_joined(text))[0]


def surrogate_pairs_of_wrong_order_joined(text: str) -> str:
    return _join_surrogates(
        re.sub("([\udc00-\udfff])([\ud800-\udbff])", "\\2\\1", units(text))
    )


def nfc_before_map(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def nfd_before_map(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def nfkc_before_map(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def turkish_lower_case_before_map(text: str) -> str:
    return text.replace("I", "\u0131").lower()


def upper_and_then_lower_in_place_of_map(letter: str) -> str:
    return letter.upper().lower()


def nfkc_in_place_of_map(letter: str) -> str:
    return unicodedata.normalize("NFKC", letter).casefold()


def accents_stripped(right: _Characters, c: int) -> str:
    return unicodedata.normalize("NFD", right[c])[:1] or right[c]


def strip_lower_and_split_in_place_of_map_and_tokens(
    scorer: Scorer, text: str
) -> list[str]:
    return text.strip().lower().split()


def what_map_leaves_out_dropped(right: _Characters, c: int) -> str:
    return "" if right[c] == SEPARATOR else right[c]


def what_map_leaves_out_kept(right: _Characters, c: int) -> str:
    return chr(c) if right[c] == SEPARATOR else right[c]


def drop_taken_for_separator(right: _Characters, c: int) -> str:
    return right[c] or SEPARATOR


def drop_ignored(right: _Characters, c: int) -> str:
    return right[c] or chr(c)


def replace_cut_to_one_character(right: _Characters, c: int) -> str:
    return right[c][:1]


def replace_ignored_where_it_is_longer_than_character(
    right: _Characters, c: int
) -> str:
    return right[c] if len(right[c]) < 2 else chr(c)


def digits_kept_as_they_are(right: _Characters, c: int) -> str:
    return chr(c) if chr(c).isdecimal() else right[c]


def digits_beyond_ascii_kept_as_they_are(right: _Characters, c: int) -> str:
    return chr(c) if chr(c).isdecimal() and c > 0x7F else right[c]


def runs_of_digits_taken_for_one(text: str) -> str:
    return re.sub("\\d+", "0", text)


def map_applied_twice(right: _Characters, c: int) -> str:
    return right[c].translate(right)


def step_of_shift_ignored(c: int, shift: Shift) -> str | None:
    return stepwise(c, [*shift[:2], 1, shift[3]], shift[0])


def step_of_shift_counted_from_zero(c: int, shift: Shift) -> str | None:
    return stepwise(c, shift, 0)


def what_shift_steps_over_separates(c: int, shift: Shift) -> str | None:
    return stepwise(c, shift, shift[0]) or SEPARATOR


def shift_in_16_bits(c: int, shift: Shift) -> str | None:
    return stepwise(c, shift, shift[0]) and chr(c + shift[3] & 0xFFFF)


CHARACTERS = {
    "the text cut at 160 characters": reading(text_cut_at_160_characters),
    "the text cut at 1,000 characters": reading(text_cut_at_1000_characters),
    "the text cut at NUL": reading(text_cut_at_nul),
    "NUL removed": reading(nul_removed),
    "only the first line read": reading(only_first_line_read),
    "UTF-8 bytes taken for characters": reading(
        utf_8_bytes_taken_for_characters,
    ),
    "surrogate pairs not joined": raw(units),
    "surrogates left alone where they stand alone": raw(pairs_joined),
    "lone surrogates dropped": raw(lone_surrogates_dropped),
    "lone surrogates become question marks": raw(lone_surrogates_become_question_marks),
    "two U+FFFD for a lone surrogate": raw(two_replacement_for_lone_surrogate),
    "a high surrogate joined with whatever follows": raw(greedily_paired),
    "the text ends at a lone surrogate": reading(text_ends_at_lone_surrogate),
    "surrogate pairs of the wrong order joined": raw(
        surrogate_pairs_of_wrong_order_joined
    ),
    "NFC before the map": reading(nfc_before_map),
    "NFD before the map": reading(nfd_before_map),
    "NFKC before the map": reading(nfkc_before_map),
    "lower() before the map": reading(str.lower),
    "upper() before the map": reading(str.upper),
    "Turkish lower case before the map": reading(turkish_lower_case_before_map),
    "lower() in place of the map": letters(str.lower),
    "casefold() in place of the map": letters(str.casefold),
    "upper() and then lower() in place of the map": letters(
        upper_and_then_lower_in_place_of_map
    ),
    "NFKC in place of the map": letters(nfkc_in_place_of_map),
    "accents stripped": mapping(accents_stripped),
    "strip(), lower() and split() in place of map and tokens": overriding(
        tokens=strip_lower_and_split_in_place_of_map_and_tokens
    ),
    r"\w in place of the map's separators": matching(r"\w"),
    r"\w of ASCII alone in place of the map's separators": matching(r"(?a:\w)"),
    "white space in place of the map's separators": matching(r"\S"),
    "characters beyond ASCII separate": below(0x80, separate),
    "characters beyond ASCII kept as they are": below(0x80, chr),
    "characters beyond U+FFFF separate": below(0x10000, separate),
    "characters beyond U+FFFF dropped": below(0x10000, drop),
    "what the map leaves out dropped": mapping(what_map_leaves_out_dropped),
    "what the map leaves out kept": mapping(what_map_leaves_out_kept),
    "drop taken for a separator": mapping(drop_taken_for_separator),
    "drop ignored": mapping(drop_ignored),
    "replace cut to one character": mapping(replace_cut_to_one_character),
    "replace ignored where it is longer than a character": mapping(
        replace_ignored_where_it_is_longer_than_character
    ),
    "digits kept as they are": mapping(digits_kept_as_they_are),
    "digits beyond ASCII kept as they are": mapping(
        digits_beyond_ascii_kept_as_they_are
    ),
    "runs of digits taken for one": reading(runs_of_digits_taken_for_one),
    "the map applied twice": mapping(map_applied_twice),
    "keep looked up before shift": before("keep", "shift"),
    "keep looked up before replace": before("keep", "replace"),
    "keep looked up before drop": before("keep", "drop"),
    "shift looked up before replace": before("shift", "replace"),
    "the step of shift ignored": shifting(step_of_shift_ignored),
    "the step of shift counted from U+0000": shifting(step_of_shift_counted_from_zero),
    "what shift steps over separates": shifting(what_shift_steps_over_separates),
    "shift in 16 bits": shifting(
        shift_in_16_bits,
    ),
    **edges("replace"),
    **edges("drop"),
    **edges("shift"),
    **edges("keep"),
}
