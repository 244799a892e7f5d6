"""From a pattern of Python's `re` to one over the bytes of an `Alphabet`, in the syntax of Hyperscan.

The pattern is taken as `re` itself parses it. What the engine cannot express is left out so that more is found, never
less: such a pattern is a filter, and `re` has the last word on what passes it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from re import _constants as op
from re import _parser as parser

from pipeline.patterns.byte_classes import WORD_BYTES, CharacterSet

LARGE = 20  # repeats bounded by more are unbounded in a relaxed translation
RELAXED = "large bounded repeats are for re to judge"

CATEGORY_NAMES = {
    op.CATEGORY_DIGIT: "\\d",
    op.CATEGORY_NOT_DIGIT: "\\D",
    op.CATEGORY_SPACE: "\\s",
    op.CATEGORY_NOT_SPACE: "\\S",
    op.CATEGORY_WORD: "\\w",
    op.CATEGORY_NOT_WORD: "\\W",
}
ANCHORS = {
    op.AT_BEGINNING: "^",
    op.AT_BEGINNING_STRING: "^",
    op.AT_END: "$",
    op.AT_END_STRING: "\\z",
}
BOUNDARIES = {op.AT_BOUNDARY: "\\b"}
TYPES = parser.TYPE_FLAGS
ANYTHING = "[\\x00-\\xff]*"


class Untranslatable(Exception):
    """There is no pattern over bytes that finds at least what this one finds, and is worth running."""


@dataclass
class Translation:
    """A pattern over bytes while it is written.

    Attributes
    ----------
    characters : the bytes of a set of characters, and whether they stand for no others.
    relaxed : whether large bounded repeats are unbounded, which compiles fast and finds more.
    reason : why the pattern may find more than the original; empty if it does not.
    words : whether the pattern asks for the ends of words.
    """

    characters: Callable[[CharacterSet], tuple[frozenset[int], bool]]
    relaxed: bool = False
    reason: str = field(default="", init=False)
    words: bool = field(default=False, init=False)

    def of(self, pattern: str) -> str:
        """The pattern over bytes.

        Raises
        ------
        Untranslatable : it holds what only `re` can do.
        """
        try:
            parsed = parser.parse(pattern, re.IGNORECASE)
            written = self._sequence(parsed, parsed.state.flags)
        except RecursionError:
            raise Untranslatable("its groups are nested too deeply") from None
        if not written:
            raise Untranslatable("nothing in it is for the engine")
        return written

    def _sequence(self, parsed, flags: int) -> str:
        return "".join(self._node(code, argument, flags) for code, argument in parsed)

    def _node(self, code, argument, flags: int) -> str:
        match code:
            case op.LITERAL:
                return self._set([(op.LITERAL, argument)], flags)
            case op.NOT_LITERAL:
                return self._set([(op.NEGATE, None), (op.LITERAL, argument)], flags)
            case op.IN:
                return self._set(argument, flags)
            case op.ANY:
                return self._set(
                    [
                        (op.NEGATE, None),
                        *([] if flags & re.DOTALL else [(op.LITERAL, ord("\n"))]),
                    ],
                    flags,
                )
            case op.BRANCH:
                return f"(?:{'|'.join(self._sequence(branch, flags) for branch in argument[1])})"
            case op.SUBPATTERN:
                _, added, removed, inner = argument
                # As re has it: of ASCII and Unicode, the inner one replaces the outer.
                kept = flags & ~TYPES if added & TYPES else flags
                return f"(?:{self._sequence(inner, (kept | added) & ~removed)})"
            case op.MAX_REPEAT | op.MIN_REPEAT:
                return self._repeat(*argument, flags)
            case op.AT:
                return self._position(argument, flags)
        return self._approximate(code, argument, flags)

    def _approximate(self, code, argument, flags: int) -> str:
        """What only backtracking can do: more is found without it."""
        self.reason = f"{str(code).lower()} is for re to judge"
        match code:
            case op.ASSERT | op.ASSERT_NOT:
                return ""
            case op.ATOMIC_GROUP:
                return f"(?:{self._sequence(argument, flags)})"
            case op.POSSESSIVE_REPEAT:
                return self._repeat(*argument, flags)
            case op.GROUPREF:
                return ANYTHING
            case op.GROUPREF_EXISTS:
                _, present, absent = argument
                return f"(?:{self._sequence(present, flags)}|{self._sequence(absent or [], flags)})"
        raise Untranslatable(f"{str(code).lower()} has no counterpart")

    def _repeat(self, least: int, most: int, inner, flags: int) -> str:
        written = f"(?:{self._sequence(inner, flags)})"
        if written == "(?:)":
            return ""
        if self.relaxed and least < most and LARGE < most != op.MAXREPEAT:
            self.reason, most = RELAXED, op.MAXREPEAT
        if self.relaxed and least > LARGE:
            self.reason, least = RELAXED, LARGE
        return f"{written}{{{least},{'' if most == op.MAXREPEAT else most}}}"

    def _position(self, where, flags: int) -> str:
        if where in BOUNDARIES and not flags & re.ASCII:
            self.words = True
            return BOUNDARIES[where]
        if where in ANCHORS and not (
            flags & re.MULTILINE and where in (op.AT_BEGINNING, op.AT_END)
        ):
            return ANCHORS[where]
        # Words of ASCII alone and lines are not what the engine takes them for, and re finds no \B in an empty text.
        self.reason = f"{str(where).lower()} is for re to judge"
        return ""

    def _set(self, items, flags: int) -> str:
        bytes_, exact = self.characters(_character_set(items, flags))
        if not exact:
            self.reason = "more kinds of characters than the engine tells apart"
        if not bytes_:
            raise Untranslatable("a set of no character")
        written = [
            chr(byte) if byte in WORD_BYTES else f"\\x{byte:02x}"
            for byte in sorted(bytes_)
        ]
        return written[0] if len(written) == 1 else f"[{''.join(written)}]"


def _character_set(items, flags: int) -> CharacterSet:
    written, bounds, negated = [], [], False
    for code, argument in items:
        match code:
            case op.NEGATE:
                negated = True
            case op.LITERAL:
                written.append(_escaped(argument))
                bounds.append((argument, argument))
            case op.RANGE:
                written.append("-".join(map(_escaped, argument)))
                bounds.append(tuple(argument))
            case op.CATEGORY:
                written.append(CATEGORY_NAMES[argument])
    return CharacterSet(
        tuple(written), negated, flags & (re.IGNORECASE | re.ASCII).value, tuple(bounds)
    )


def _escaped(code_point: int) -> str:
    return f"\\U{code_point:08x}"
