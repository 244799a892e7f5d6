"""Texts made from a pattern's own parse: those on which it may backtrack for long, and samples of what it matches.

A search is slow where a repeat can take many characters and what follows it fails: at every length, when repeats can
share the text in several ways, or from every start. So a text is what leads to a repeat, then what the repeat takes,
many times over, then something that nothing expects; or the way to the repeat itself, many times over.
"""

import itertools
import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from re import _constants as op
from re import _parser as parser

MANY = (
    10  # turns; fewer, with those of the repeats around it, cannot make a search slow
)
MOST = 80  # texts made for one pattern
LONGEST = 1_000  # characters of a sample: repeats of repeats may ask for more than there is memory
UNEXPECTED = (
    "\n\0a"  # ends `.` and lines, then words and spaces, then all that is neither
)
USUAL = "a0 -_.\n"
OF_CATEGORY = {
    op.CATEGORY_DIGIT: "0",
    op.CATEGORY_NOT_DIGIT: "a",
    op.CATEGORY_SPACE: " ",
    op.CATEGORY_NOT_SPACE: "a",
    op.CATEGORY_WORD: "a",
    op.CATEGORY_NOT_WORD: "-",
}
CATEGORIES = {
    op.CATEGORY_DIGIT: str.isdigit,
    op.CATEGORY_SPACE: str.isspace,
    op.CATEGORY_WORD: lambda c: c.isalnum() or c == "_",
    op.CATEGORY_NOT_DIGIT: lambda c: not c.isdigit(),
    op.CATEGORY_NOT_SPACE: lambda c: not c.isspace(),
    op.CATEGORY_NOT_WORD: lambda c: not (c.isalnum() or c == "_"),
}
ANY = "ab0 .-"  # characters for `.` in samples
TURNS_MORE = (0, 1, 2, 50)  # turns beyond those that a repeat must take, in samples
REPEATS = (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT)


@dataclass(frozen=True)
class Attack:
    """A text of any length: ``prefix``, then ``pump`` over and over, then what nothing expects."""

    prefix: str
    pump: str

    def text(self, length: int) -> str:
        """About that many characters."""
        return self.prefix + self.pump * max(1, length // len(self.pump)) + UNEXPECTED

    def __str__(self) -> str:
        return (
            f"{self.prefix!r} and then {self.pump!r} many times"
            if self.prefix
            else f"{self.pump!r} many times"
        )


def attacks(pattern: str) -> list[Attack]:
    """Texts for a pattern that compiles; none, if nothing in it repeats."""
    repeats = list(_repeats(parser.parse(pattern, re.IGNORECASE), "", 1))
    pumps = list(
        dict.fromkeys(itertools.chain.from_iterable(taken for _, taken in repeats))
    )
    found: dict[Attack, None] = {}
    for prefix, taken in repeats:
        for pump in (*taken, *pumps):
            found[Attack(prefix, pump)] = None
        if prefix:
            for again in (prefix, prefix + taken[0], f"{prefix}{taken[0]} "):
                found[Attack("", again)] = None
    return list(found)[:MOST]


def samples(pattern: str, count: int) -> list[str]:
    """Up to so many different texts, always the same ones, most of which a pattern that compiles matches.

    Assertions and back-references are passed over, so there may be some that it does not match.
    """
    parsed, draw = parser.parse(pattern, re.IGNORECASE), _Draw()
    return list(dict.fromkeys(draw.text(parsed) for _ in range(count)))


class _Draw:
    """Draws what each part of a pattern takes: all its alternatives in turn, in an order that changes every time."""

    def __init__(self) -> None:
        self._random = random.Random(0)
        self._decks: dict[int, list] = {}  # by the part: what of it is still to come
        self._left = LONGEST  # parts that the text may still have

    def text(self, sequence: Iterable) -> str:
        """A text that the sequence takes."""
        self._left = LONGEST
        return self._all(sequence)

    def _all(self, sequence: Iterable) -> str:
        return "".join(self._part(code, argument) for code, argument in sequence)

    def _part(self, code, argument) -> str:
        self._left -= 1
        match code:
            case op.ANY:
                return self._one_of(code, ANY)
            case op.IN:
                return self._one_of(argument, _characters(argument))
            case op.BRANCH:
                return self._all(self._one_of(argument, argument[1]))
        if code in REPEATS:
            least, most, inner = argument
            turns = self._one_of(
                argument, {min(least + more, most) for more in TURNS_MORE}
            )
            return "".join(
                self._all(inner)
                for _ in itertools.takewhile(lambda _: self._left > 0, range(turns))
            )
        if code in (op.SUBPATTERN, op.ATOMIC_GROUP, op.GROUPREF_EXISTS):
            return self._all(_inside(code, argument)[0])
        return _sample(code, argument, full=False)

    def _one_of(self, part, choices: Iterable):
        deck = self._decks.setdefault(id(part), [])
        if not deck:
            deck += choices
            self._random.shuffle(deck)
        return deck.pop()


def _repeats(
    sequence: Iterable, before: str, times: int
) -> Iterator[tuple[str, list[str]]]:
    """Each repeat of many turns: a text that leads to it, and texts that one turn of it takes.

    ``times`` counts the turns of the repeats around the sequence.
    """
    for code, argument in sequence:
        turns = times
        if code in REPEATS:
            _, most, inner = argument
            turns = min(times * most, MANY)
            taken = [text for text in _turns(inner) if text]
            if turns >= MANY and taken:
                yield before, taken
        for inner in _inside(code, argument):
            yield from _repeats(inner, before, turns)
        before = (before + _sample(code, argument, full=False))[:LONGEST]


def _turns(inner) -> list[str]:
    """What one turn of a repeat may take: as little as it can, all that it can, or any kind of its characters."""
    texts = [_text(inner, full=False), _text(inner, full=True)]
    if len(inner) == 1 and inner[0][0] is op.IN:
        texts += _characters(inner[0][1])
    return list(dict.fromkeys(texts))


def _inside(code, argument) -> list:
    match code:
        case op.BRANCH:
            return argument[1]
        case op.SUBPATTERN:
            return [argument[3]]
        case op.ASSERT | op.ASSERT_NOT:
            return [argument[1]]
        case op.ATOMIC_GROUP:
            return [argument]
        case op.GROUPREF_EXISTS:
            return [part for part in argument[1:] if part]
    return [argument[2]] if code in REPEATS else []


def _text(sequence: Iterable, full: bool) -> str:
    return "".join(_sample(code, argument, full) for code, argument in sequence)[
        :LONGEST
    ]


def _sample(code, argument, full: bool) -> str:
    """A text that this part of a pattern takes; with ``full``, what may be left out is there."""
    match code:
        case op.LITERAL:
            return chr(argument)
        case op.NOT_LITERAL:
            return _characters([(op.NEGATE, None), (op.LITERAL, argument)])[0]
        case op.ANY:
            return "a"
        case op.IN:
            return _characters(argument)[0]
        case op.ASSERT | op.ASSERT_NOT:
            return ""
    if code in REPEATS:
        least, _, inner = argument
        return (_text(inner, full) * min(max(least, int(full)), 100))[:LONGEST]
    inside = _inside(code, argument)
    return _text(inside[0], full) if inside else ""


def _characters(items: list) -> list[str]:
    """One character of each kind that a set holds."""
    if items[0][0] is op.NEGATE:
        return [c for c in USUAL if not any(_holds(item, c) for item in items[1:])] or [
            "\u4e00"
        ]
    return [_of(item) for item in items]


def _of(item) -> str:
    code, argument = item
    if code is op.LITERAL:
        return chr(argument)
    if code is op.RANGE:
        return next((c for c in USUAL if _holds(item, c)), chr(argument[0]))
    return OF_CATEGORY[argument]


def _holds(item, character: str) -> bool:
    code, argument = item
    if code is op.LITERAL:
        return ord(character) == argument
    if code is op.RANGE:
        return argument[0] <= ord(character) <= argument[1]
    return CATEGORIES[argument](character)
