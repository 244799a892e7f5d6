"""Make texts from the parse of a pattern: samples of what it matches, and ReDoS inputs.

A search is slow where a repeat can take many characters and what follows it fails: then
`re` tries again at every length, in every way in which repeats can share the text, or
from every start. So each input is a prefix that reaches a repeat, many iterations of
the repeat, and a suffix that cannot match. Or it is the prefix, repeated.
"""

import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

# The parser of `re` is private, and typeshed does not describe it.
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, NamedTuple

# Iterations of a repeat, those of the repeats around it included. Repeats of fewer
# iterations cannot make a search slow.
MANY_ITERATIONS = 10
MAX_INPUTS = 80  # for one pattern
# Characters of a sample. Nested repeats may ask for more than there is memory.
MAX_SAMPLE = 1_000
# Ends `.` and lines, then words and spaces, then all that is neither.
SUFFIX = "\n\0a"
USUAL_CHARACTERS = "a0 -_.\n"
CHARACTER_OF_CATEGORY = {
    op.CATEGORY_DIGIT: "0",
    op.CATEGORY_NOT_DIGIT: "a",
    op.CATEGORY_SPACE: " ",
    op.CATEGORY_NOT_SPACE: "a",
    op.CATEGORY_WORD: "a",
    op.CATEGORY_NOT_WORD: "-",
}
SAMPLES_OF_ANY = "ab0 .-"  # characters for `.` in samples
OTHER_CHARACTER = "\u4e00"  # for a set without a usual character
# Iterations in samples, beyond those that a repeat must have.
MORE_ITERATIONS = (0, 1, 2, 50)
MAX_ITERATIONS = 100  # of one repeat in the shortest text that a pattern matches
REPEATS = (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT)

Node = tuple[Any, Any]  # what a part of a pattern is, and its argument
Nodes = Iterable[Node]


@dataclass(frozen=True)
class RedosInput:
    r"""A text of any length: the prefix, then the pump repeated, then `SUFFIX`.

    Examples
    --------
    >>> RedosInput("win ", "a").text(5)
    'win aaaaa\n\x00a'
    """

    prefix: str
    pump: str

    def text(self, length: int) -> str:
        """Return the text with a pump of about that many characters."""
        return self.prefix + self.pump * max(1, length // len(self.pump)) + SUFFIX

    def __str__(self) -> str:
        pumped = f"{self.pump!r} many times"
        return f"{self.prefix!r} and then {pumped}" if self.prefix else pumped


def redos_inputs(pattern: str) -> list[RedosInput]:
    """Return inputs for a pattern that compiles; none if nothing in it repeats.

    Examples
    --------
    >>> for redos_input in redos_inputs("win (a+)+b"):
    ...     print(redos_input)
    'win ' and then 'a' many times
    'win ' many times
    'win a' many times
    'win a ' many times
    """
    repeats = list(_repeats(parser.parse(pattern, re.IGNORECASE), "", 1))
    all_pumps: dict[str, None] = {}
    for repeat in repeats:
        all_pumps.update(dict.fromkeys(repeat.iterations))
    inputs: list[RedosInput] = []
    for prefix, iterations in repeats:
        for pump in (*iterations, *all_pumps):
            inputs.append(RedosInput(prefix, pump))
        if prefix:
            with_iteration = prefix + iterations[0]
            for pump in (prefix, with_iteration, f"{with_iteration} "):
                inputs.append(RedosInput("", pump))
    return list(dict.fromkeys(inputs))[:MAX_INPUTS]


def sample_texts(pattern: str, count: int) -> list[str]:
    """Return up to ``count`` different texts, most of which the pattern matches.

    They are the same at each call. Assertions and back-references are passed over, so
    the pattern may not match some of the texts.

    Examples
    --------
    >>> sorted(sample_texts("free (?:gift|prize)", count=10))
    ['free gift', 'free prize']
    """
    parsed = parser.parse(pattern, re.IGNORECASE)
    sampler = _Sampler()
    return list(dict.fromkeys(sampler.text(parsed) for _ in range(count)))


class _Sampler:
    """Samples what each part of a pattern matches.

    It takes all alternatives of a part in turn, in an order that changes each time.
    """

    def __init__(self) -> None:
        self._random = random.Random(0)
        self._remaining: dict[int, list[Any]] = {}  # alternatives to take, by part
        self._parts_left = MAX_SAMPLE

    def text(self, sequence: Nodes) -> str:
        """Return a text that the sequence matches."""
        self._parts_left = MAX_SAMPLE
        return self._sequence(sequence)

    def _sequence(self, sequence: Nodes) -> str:
        return "".join(self._part(code, argument) for code, argument in sequence)

    def _part(self, code: Any, argument: Any) -> str:
        self._parts_left -= 1
        match code:
            case op.ANY:
                return self._take(code, SAMPLES_OF_ANY)
            case op.IN:
                return self._take(argument, _characters(argument))
            case op.BRANCH:
                return self._sequence(self._take(argument, argument[1]))
        if code in REPEATS:
            return self._repeat(argument)
        if code in (op.SUBPATTERN, op.ATOMIC_GROUP, op.GROUPREF_EXISTS):
            return self._sequence(_inner_sequences(code, argument)[0])
        return _shortest(code, argument, with_optional=False)

    def _repeat(self, argument: tuple[int, int, Nodes]) -> str:
        minimum, maximum, inner = argument
        choices = {min(minimum + more, maximum) for more in MORE_ITERATIONS}
        text = ""
        for _ in range(self._take(argument, choices)):
            if self._parts_left <= 0:
                break
            text += self._sequence(inner)
        return text

    def _take(self, part: Any, alternatives: Iterable[Any]) -> Any:
        remaining = self._remaining.setdefault(id(part), [])
        if not remaining:
            remaining.extend(alternatives)
            self._random.shuffle(remaining)
        return remaining.pop()


class _Repeat(NamedTuple):
    """A text that leads to a repeat, and texts of one iteration of the repeat."""

    prefix: str
    iterations: list[str]


def _repeats(sequence: Nodes, prefix: str, outer_iterations: int) -> Iterator[_Repeat]:
    """Yield each repeat of many iterations.

    Parameters
    ----------
    outer_iterations
        Those of the repeats around the sequence, multiplied.
    """
    for code, argument in sequence:
        iterations = outer_iterations
        if code in REPEATS:
            _, maximum, inner = argument
            iterations = min(outer_iterations * maximum, MANY_ITERATIONS)
            texts = [text for text in _iteration_texts(inner) if text]
            if iterations >= MANY_ITERATIONS and texts:
                yield _Repeat(prefix, texts)
        for inner in _inner_sequences(code, argument):
            yield from _repeats(inner, prefix, iterations)
        prefix = (prefix + _shortest(code, argument, with_optional=False))[:MAX_SAMPLE]


def _iteration_texts(inner: Any) -> list[str]:
    """Return what one iteration may take.

    These are the shortest text, the text with all that is optional, and each kind of
    character.
    """
    texts = [
        _shortest_of_sequence(inner, with_optional=False),
        _shortest_of_sequence(inner, with_optional=True),
    ]
    if len(inner) == 1 and inner[0][0] is op.IN:
        texts += _characters(inner[0][1])
    return list(dict.fromkeys(texts))


def _inner_sequences(code: Any, argument: Any) -> list[Nodes]:
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


def _shortest_of_sequence(sequence: Nodes, with_optional: bool) -> str:
    texts = (_shortest(code, argument, with_optional) for code, argument in sequence)
    return "".join(texts)[:MAX_SAMPLE]


# One return for each kind of part.
def _shortest(code: Any, argument: Any, with_optional: bool) -> str:  # noqa: PLR0911
    """Return a text that this part of a pattern matches.

    Parameters
    ----------
    with_optional
        Whether what may be left out is in the text.
    """
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
        minimum, _, inner = argument
        iterations = min(max(minimum, int(with_optional)), MAX_ITERATIONS)
        return (_shortest_of_sequence(inner, with_optional) * iterations)[:MAX_SAMPLE]
    inner_sequences = _inner_sequences(code, argument)
    if not inner_sequences:
        return ""
    return _shortest_of_sequence(inner_sequences[0], with_optional)


def _characters(items: list[Node]) -> list[str]:
    """Return one character for each item of a set.

    Of a negated set, return the usual characters that no item excludes.
    """
    first_code, _ = items[0]
    if first_code is not op.NEGATE:
        return list(map(_character, items))
    remaining = list(USUAL_CHARACTERS)
    for item in items[1:]:
        remaining = [c for c in remaining if not _contains(item, c)]
    return remaining or [OTHER_CHARACTER]


def _character(item: Node) -> str:
    code, argument = item
    if code is op.LITERAL:
        return chr(argument)
    if code is op.RANGE:
        usual = (c for c in USUAL_CHARACTERS if _contains(item, c))
        return next(usual, chr(argument[0]))
    return CHARACTER_OF_CATEGORY[argument]


# One return for each kind of item.
def _contains(item: Node, character: str) -> bool:  # noqa: PLR0911
    code, argument = item
    if code is op.LITERAL:
        return ord(character) == argument
    if code is op.RANGE:
        return argument[0] <= ord(character) <= argument[1]
    match argument:
        case op.CATEGORY_DIGIT:
            return character.isdigit()
        case op.CATEGORY_NOT_DIGIT:
            return not character.isdigit()
        case op.CATEGORY_SPACE:
            return character.isspace()
        case op.CATEGORY_NOT_SPACE:
            return not character.isspace()
        case op.CATEGORY_WORD:
            return character.isalnum() or character == "_"
        case _:
            return not (character.isalnum() or character == "_")
