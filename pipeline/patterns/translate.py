"""Translate an expression of `re` to one over the bytes of a `ByteMap` for Hyperscan.

The expression is taken as `re` itself parses it. What Hyperscan cannot express is left
out in a way that matches more, never less: the translation is then a prefilter, and
`re` has to confirm its matches.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

# The parser of `re` is private, and typeshed does not describe it.
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

from pipeline.patterns.byte_classes import WORD_BYTES, ByteSet, CharacterClass

LARGE_REPEAT = 20  # a relaxed translation lifts the bounds of larger repeats
RELAXED = "large bounded repeats need re"

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
LINE_ANCHORS = (op.AT_BEGINNING, op.AT_END)
BOUNDARIES = {op.AT_BOUNDARY: "\\b"}
TYPE_FLAGS = parser.TYPE_FLAGS
ANYTHING = "[\\x00-\\xff]*"

Node = tuple[Any, Any]  # what a part of a pattern is, and its argument
Nodes = Iterable[Node]


class TranslationError(Exception):
    """No expression over bytes is worth running.

    The message says why.
    """


@dataclass
class Translation:
    """A translation in progress.

    Attributes
    ----------
    byte_set
        Returns the bytes of a character class.
    relaxed
        Whether large bounded repeats become unbounded. That compiles fast, and matches
        more.
    reason
        Why the translation may match more than the original; empty if it does not.
    word_boundaries
        Whether the expression asks for word boundaries.
    """

    byte_set: Callable[[CharacterClass], ByteSet]
    relaxed: bool = False
    reason: str = field(default="", init=False)
    word_boundaries: bool = field(default=False, init=False)

    def translate(self, expression: str) -> str:
        """Return the expression over bytes.

        Raises
        ------
        TranslationError
            Nothing is left of the expression without what only `re` can do.
        """
        try:
            parsed = parser.parse(expression, re.IGNORECASE)
            translated = self._sequence(parsed, parsed.state.flags)
        except RecursionError:
            raise TranslationError("its groups are nested too deeply") from None
        if not translated:
            raise TranslationError("nothing in it can be left to Hyperscan")
        return translated

    def _sequence(self, nodes: Nodes, flags: int) -> str:
        return "".join(self._node(code, argument, flags) for code, argument in nodes)

    def _node(self, code: Any, argument: Any, flags: int) -> str:  # noqa: PLR0911
        # One return for each kind of node.
        match code:
            case op.LITERAL:
                return self._class([(op.LITERAL, argument)], flags)
            case op.NOT_LITERAL:
                return self._class([(op.NEGATE, None), (op.LITERAL, argument)], flags)
            case op.IN:
                return self._class(argument, flags)
            case op.ANY:
                items: list[Node] = [(op.NEGATE, None)]
                if not flags & re.DOTALL:
                    items.append((op.LITERAL, ord("\n")))
                return self._class(items, flags)
            case op.BRANCH:
                _, branches = argument
                return self._alternatives(branches, flags)
            case op.SUBPATTERN:
                _, added, removed, inner = argument
                return self._alternatives([inner], _inner_flags(flags, added, removed))
            case op.MAX_REPEAT | op.MIN_REPEAT:
                return self._repeat(argument, flags)
            case op.AT:
                return self._position(argument, flags)
        return self._approximate(code, argument, flags)

    def _approximate(self, code: Any, argument: Any, flags: int) -> str:
        """Translate what only backtracking can do to something that matches more."""
        name = str(code).lower()
        self.reason = f"{name} needs re"
        match code:
            case op.ASSERT | op.ASSERT_NOT:
                return ""
            case op.ATOMIC_GROUP:
                return self._alternatives([argument], flags)
            case op.POSSESSIVE_REPEAT:
                return self._repeat(argument, flags)
            case op.GROUPREF:
                return ANYTHING
            case op.GROUPREF_EXISTS:
                _, present, absent = argument
                return self._alternatives([present, absent or []], flags)
        raise TranslationError(f"{name} has no counterpart in Hyperscan")

    def _alternatives(self, branches: Iterable[Nodes], flags: int) -> str:
        translated = [self._sequence(branch, flags) for branch in branches]
        return f"(?:{'|'.join(translated)})"

    def _repeat(self, argument: tuple[int, int, Nodes], flags: int) -> str:
        minimum, maximum, inner = argument
        group = self._alternatives([inner], flags)
        if group == "(?:)":
            return ""
        bounded = maximum != op.MAXREPEAT
        if self.relaxed and minimum < maximum and bounded and maximum > LARGE_REPEAT:
            self.reason = RELAXED
            bounded = False
        if self.relaxed and minimum > LARGE_REPEAT:
            self.reason = RELAXED
            minimum = LARGE_REPEAT
        return f"{group}{{{minimum},{maximum if bounded else ''}}}"

    def _position(self, position: Any, flags: int) -> str:
        if position in BOUNDARIES and not flags & re.ASCII:
            self.word_boundaries = True
            return BOUNDARIES[position]
        is_of_lines = bool(flags & re.MULTILINE) and position in LINE_ANCHORS
        if position in ANCHORS and not is_of_lines:
            return ANCHORS[position]
        # Hyperscan means something else by lines and by words of ASCII, and re finds
        # no \B in an empty text.
        self.reason = f"{str(position).lower()} needs re"
        return ""

    def _class(self, items: Sequence[Node], flags: int) -> str:
        byte_set = self.byte_set(_character_class(items, flags))
        if not byte_set.exact:
            self.reason = "more classes of characters than bytes can keep apart"
        if not byte_set.members:
            raise TranslationError("a set without a character")
        escaped = [_escaped_byte(byte) for byte in sorted(byte_set.members)]
        if len(escaped) == 1:
            return escaped[0]
        return f"[{''.join(escaped)}]"


def _inner_flags(flags: int, added: int, removed: int) -> int:
    """Return the flags inside of a group, as `re` computes them.

    An inner ASCII or Unicode flag replaces the outer one.
    """
    if added & TYPE_FLAGS:
        flags &= ~TYPE_FLAGS
    return (flags | added) & ~removed


def _character_class(items: Nodes, flags: int) -> CharacterClass:
    written: list[str] = []
    bounds: list[tuple[int, int]] = []
    negated = False
    for code, argument in items:
        match code:
            case op.NEGATE:
                negated = True
            case op.LITERAL:
                written.append(_escaped_character(argument))
                bounds.append((argument, argument))
            case op.RANGE:
                first, last = argument
                written.append(
                    f"{_escaped_character(first)}-{_escaped_character(last)}"
                )
                bounds.append((first, last))
            case op.CATEGORY:
                written.append(CATEGORY_NAMES[argument])
    class_flags = flags & (re.IGNORECASE | re.ASCII).value
    return CharacterClass(tuple(written), negated, class_flags, tuple(bounds))


def _escaped_character(code_point: int) -> str:
    return f"\\U{code_point:08x}"


def _escaped_byte(byte: int) -> str:
    return chr(byte) if byte in WORD_BYTES else f"\\x{byte:02x}"
