"""Mistakes on the way from UTF-16 units to mapped characters."""

import re
import unicodedata
from collections.abc import Callable

from scorers.python.nightsieve_scorer import (
    Scorer,
    _Characters,
    _covering,
    _join_surrogates,
)
from tests.unit.export.mutants.mutation import Mistake, holding, overriding, reading

KINDS = ("replace", "drop", "shift", "keep")
SEPARATOR = " "
HIGH, LOW = re.compile("[\ud800-\udbff]"), re.compile("[\udc00-\udfff]")
PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")


class _WrongCharacters(dict):
    """A character map that asks ``lookup`` (of the right map and a code point) once for each code point."""

    def __init__(self, right: _Characters, lookup: Callable[[_Characters, int], str]):
        super().__init__()
        self._right, self._lookup = right, lookup

    def __missing__(self, code_point: int) -> str:
        self[code_point] = string = self._lookup(self._right, code_point)
        return string


def mapping(lookup: Callable[[_Characters, int], str]) -> Mistake:
    return holding(
        _characters=lambda scorer: _WrongCharacters(scorer._characters, lookup)
    )


def ranging(changed: str, change: Callable[[list], list]) -> Mistake:
    """A scorer that reads other ranges of the ``changed`` kind."""

    def characters(scorer: Scorer) -> _Characters:
        ranges = {
            kind: found
            for kind, (_, found) in zip(KINDS, scorer._characters._kinds, strict=True)
        }
        return _Characters(**{**ranges, changed: change(ranges[changed])})

    return holding(_characters=characters)


def raw(change: Callable[[str], str]) -> Mistake:
    """A scorer that maps what ``change`` makes of a text that may hold lone surrogates, which are mapped too."""

    def tokens(self, text: str) -> list[str]:
        words = change(text).translate(self._characters).split(" ")
        return [
            word
            for word in words
            if len(word) >= self._min_token and word not in self._stop_words
        ]

    return overriding(tokens=tokens)


def pairs_joined(text: str) -> str:
    return PAIR.sub(lambda pair: _join_surrogates(pair[0]), text)


def units(text: str) -> str:
    """The text with every code point beyond U+FFFF as two surrogates."""
    encoded = text.encode("utf-16-be", "surrogatepass")
    return "".join(
        chr(int.from_bytes(encoded[i : i + 2])) for i in range(0, len(encoded), 2)
    )


def greedily_paired(text: str) -> str:
    """Every high surrogate joined with whatever follows it, as if that were a low one."""
    return re.sub(
        "([\ud800-\udbff])(.?)",
        lambda pair: chr(
            0x10000 + ((ord(pair[1]) & 0x3FF) << 10) + (ord(pair[2] or "\0") & 0x3FF)
        ),
        units(text),
        flags=re.DOTALL,
    )


def letters(convert: Callable[[str], str]) -> Mistake:
    """A scorer with a library's conversion of letters in place of the map's."""
    return mapping(lambda right, c: convert(chr(c)) if chr(c).isalpha() else right[c])


def only(belongs: Callable[[int], bool], otherwise: Callable[[int], str]) -> Mistake:
    """A scorer that maps some code points as it should."""
    return mapping(lambda right, c: right[c] if belongs(c) else otherwise(c))


def matching(pattern: str) -> Mistake:
    """A scorer that parts words where a regular expression of word characters does not match."""
    word = re.compile(pattern)

    def lookup(right: _Characters, c: int) -> str:
        if not word.match(chr(c)):
            return SEPARATOR
        return right[c] if right[c] != SEPARATOR else chr(c)

    return mapping(lookup)


def before(kind: str, later: str) -> Mistake:
    """A scorer that looks up one kind before another that comes first by rights."""
    early, late = KINDS.index(later), KINDS.index(kind)

    def characters(right: _Characters, c: int) -> str:
        found = _covering(right._kinds[late], c)
        stepped_over = found and kind == "shift" and (c - found[0]) % found[2]
        if not found or stepped_over or not _covering(right._kinds[early], c):
            return right[c]
        return {"drop": "", "keep": chr(c), "shift": chr(c + found[-1])}[kind]

    return mapping(characters)


def shifting(moved: Callable[[int, list], str | None]) -> Mistake:
    """A scorer that moves a code point within a range of ``shift`` elsewhere; None falls through."""

    def lookup(right: _Characters, c: int) -> str:
        replace, drop, shift, keep = (_covering(kind, c) for kind in right._kinds)
        if replace or drop or not shift:
            return right[c]
        found = moved(c, shift)
        return found if found is not None else chr(c) if keep else SEPARATOR

    return mapping(lookup)


def stepwise(c: int, shift: list, first: int) -> str | None:
    return chr(c + shift[3]) if (c - first) % shift[2] == 0 else None


def edges(kind: str) -> dict[str, Mistake]:
    """A search among the ranges of one kind that goes wrong at an edge."""

    def moved(left: int, right: int) -> Callable[[list], list]:
        # A range of shift starts a whole step later, or else all of it would stand on other code points.
        def step(found):
            return found[2] if kind == "shift" else 1

        return lambda ranges: [
            (found[0] + left * step(found), found[1] + right * step(found), *found[2:])
            for found in ranges
        ]

    return {
        f"the last code point of a range of {kind} missed": ranging(kind, moved(0, -1)),
        f"the first code point of a range of {kind} missed": ranging(kind, moved(1, 0)),
        f"a range of {kind} one code point too long": ranging(kind, moved(0, 1)),
        f"the first range of {kind} never found": ranging(
            kind, lambda ranges: ranges[1:]
        ),
        f"the last range of {kind} never found": ranging(
            kind, lambda ranges: ranges[:-1]
        ),
    }


CHARACTERS = {
    "the text cut at 160 characters": reading(lambda text: text[:160]),
    "the text cut at 1,000 characters": reading(lambda text: text[:1000]),
    "the text cut at NUL": reading(lambda text: text.partition("\0")[0]),
    "NUL removed": reading(lambda text: text.replace("\0", "")),
    "only the first line read": reading(lambda text: (text.splitlines() or [""])[0]),
    "UTF-8 bytes taken for characters": reading(
        lambda text: _join_surrogates(text).encode("utf-8").decode("latin-1"),
    ),
    "surrogate pairs not joined": raw(units),
    "surrogates left alone where they stand alone": raw(pairs_joined),
    "lone surrogates dropped": raw(
        lambda text: HIGH.sub("", LOW.sub("", pairs_joined(text)))
    ),
    "lone surrogates become question marks": raw(
        lambda text: HIGH.sub("?", LOW.sub("?", pairs_joined(text)))
    ),
    "two U+FFFD for a lone surrogate": raw(
        lambda text: HIGH.sub("\ufffd" * 2, LOW.sub("\ufffd" * 2, pairs_joined(text)))
    ),
    "a high surrogate joined with whatever follows": raw(greedily_paired),
    "the text ends at a lone surrogate": reading(
        lambda text: re.split("[\ud800-\udfff]", pairs_joined(text))[0]
    ),
    "surrogate pairs of the wrong order joined": raw(
        lambda text: _join_surrogates(
            re.sub("([\udc00-\udfff])([\ud800-\udbff])", r"\2\1", units(text))
        )
    ),
    "NFC before the map": reading(lambda text: unicodedata.normalize("NFC", text)),
    "NFD before the map": reading(lambda text: unicodedata.normalize("NFD", text)),
    "NFKC before the map": reading(lambda text: unicodedata.normalize("NFKC", text)),
    "lower() before the map": reading(str.lower),
    "upper() before the map": reading(str.upper),
    "Turkish lower case before the map": reading(
        lambda text: text.replace("I", "\N{LATIN SMALL LETTER DOTLESS I}").lower()
    ),
    "lower() in place of the map": letters(str.lower),
    "casefold() in place of the map": letters(str.casefold),
    "upper() and then lower() in place of the map": letters(
        lambda letter: letter.upper().lower()
    ),
    "NFKC in place of the map": letters(
        lambda letter: unicodedata.normalize("NFKC", letter).casefold()
    ),
    "accents stripped": mapping(
        lambda right, c: unicodedata.normalize("NFD", right[c])[:1] or right[c]
    ),
    "strip(), lower() and split() in place of map and tokens": overriding(
        tokens=lambda self, text: text.strip().lower().split()
    ),
    r"\w in place of the map's separators": matching(r"\w"),
    r"\w of ASCII alone in place of the map's separators": matching(r"(?a:\w)"),
    "white space in place of the map's separators": matching(r"\S"),
    "characters beyond ASCII separate": only(lambda c: c < 0x80, lambda c: SEPARATOR),
    "characters beyond ASCII kept as they are": only(lambda c: c < 0x80, chr),
    "characters beyond U+FFFF separate": only(
        lambda c: c < 0x10000, lambda c: SEPARATOR
    ),
    "characters beyond U+FFFF dropped": only(lambda c: c < 0x10000, lambda c: ""),
    "what the map leaves out dropped": mapping(
        lambda right, c: "" if right[c] == SEPARATOR else right[c]
    ),
    "what the map leaves out kept": mapping(
        lambda right, c: chr(c) if right[c] == SEPARATOR else right[c]
    ),
    "drop taken for a separator": mapping(lambda right, c: right[c] or SEPARATOR),
    "drop ignored": mapping(lambda right, c: right[c] or chr(c)),
    "replace cut to one character": mapping(lambda right, c: right[c][:1]),
    "replace ignored where it is longer than a character": mapping(
        lambda right, c: right[c] if len(right[c]) < 2 else chr(c)
    ),
    "digits kept as they are": mapping(
        lambda right, c: chr(c) if chr(c).isdecimal() else right[c]
    ),
    "digits beyond ASCII kept as they are": mapping(
        lambda right, c: chr(c) if chr(c).isdecimal() and c > 0x7F else right[c]
    ),
    "runs of digits taken for one": reading(lambda text: re.sub(r"\d+", "0", text)),
    "the map applied twice": mapping(lambda right, c: right[c].translate(right)),
    "keep looked up before shift": before("keep", "shift"),
    "keep looked up before replace": before("keep", "replace"),
    "keep looked up before drop": before("keep", "drop"),
    "shift looked up before replace": before("shift", "replace"),
    "the step of shift ignored": shifting(
        lambda c, shift: stepwise(c, [*shift[:2], 1, shift[3]], shift[0])
    ),
    "the step of shift counted from U+0000": shifting(
        lambda c, shift: stepwise(c, shift, 0)
    ),
    "what shift steps over separates": shifting(
        lambda c, shift: stepwise(c, shift, shift[0]) or SEPARATOR
    ),
    "shift in 16 bits": shifting(
        lambda c, shift: stepwise(c, shift, shift[0]) and chr((c + shift[3]) & 0xFFFF),
    ),
    **edges("replace"),
    **edges("drop"),
    **edges("shift"),
    **edges("keep"),
}
