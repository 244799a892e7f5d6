"""Files as storage, networks and other programs spoil them: seeded, so that a failure comes back."""

import contextlib
import json
import random
from collections.abc import Callable
from typing import Any

from pipeline.export.exporters.nightsieve_linear.format import sealed
from tests.scorers.edited import TAIL, Entries, read, settle, written

Damage = Callable[[random.Random, bytes], bytes]
INTEGERS = [
    *(
        0,
        1,
        -1,
        2,
        7,
        8,
        9,
        1000,
        1001,
        0xD7FF,
        0xD800,
        0xDFFF,
        0xFFFD,
        0x10FFFF,
        0x110000,
    ),
    *(2**20, 2**31 - 1, 2**31, 2**52, 2**53 - 1, -(2**31), -(2**53) + 1),
]
STRINGS = [
    "",
    " ",
    "a",
    "free",
    "none",
    "l2",
    "\ud83d",
    "😀",
    "\0",
    "__proto__",
    "0041",
    "1.0",
    "1.1",
]


def spoilt(chance: random.Random, model: bytes) -> bytes:
    """The file with some bytes flipped, overwritten, lost, doubled or moved."""
    while True:
        changed = chance.choice(WAYS)(chance, model)
        if changed != model:
            return changed


def spoilt_and_sealed(chance: random.Random, model: bytes) -> bytes:
    """The same, with a checksum that agrees: only the reader's other checks can see it."""
    return sealed(spoilt(chance, model[:-TAIL]))


def edited(chance: random.Random, model: bytes) -> bytes:
    """The file with one of its numbers, strings, lists or objects changed, and what follows from them too."""
    entries = read(model)
    for _ in range(chance.choice((1, 1, 1, 2))):
        _edit(chance, entries)
    if chance.random() < 0.8:
        # What is wrong enough has nothing that follows from it.
        with contextlib.suppress(
            TypeError, ValueError, LookupError, ArithmeticError, AttributeError
        ):
            settle(entries)
    return written(entries)


def _flipped(chance: random.Random, model: bytes) -> bytes:
    content = bytearray(model)
    for _ in range(chance.choice((1, 1, 2, 8))):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    return bytes(content)


def _overwritten(chance: random.Random, model: bytes) -> bytes:
    content = bytearray(model)
    for _ in range(chance.choice((1, 2, 4))):
        content[chance.randrange(len(content))] = chance.choice(
            b'0123456789abcdef",:[]{}-\\ \n\0\xff'
        )
    return bytes(content)


def _other_digit(chance: random.Random, model: bytes) -> bytes:
    places = [place for place, byte in enumerate(model) if byte in b"0123456789"]
    place = chance.choice(places)
    return model[:place] + chance.choice(b"0123456789").to_bytes() + model[place + 1 :]


def _other_letter(chance: random.Random, model: bytes) -> bytes:
    places = [
        place
        for place, byte in enumerate(model)
        if byte in b"abcdefghijklmnopqrstuvwxyz"
    ]
    place = chance.choice(places)
    return (
        model[:place]
        + chance.choice(b"abcdefghijklmnopqrstuvwxyz").to_bytes()
        + model[place + 1 :]
    )


def _truncated(chance: random.Random, model: bytes) -> bytes:
    return model[: chance.randrange(len(model))]


def _lost(chance: random.Random, model: bytes) -> bytes:
    start, end = _slice(chance, model)
    return model[:start] + model[end:]


def _doubled(chance: random.Random, model: bytes) -> bytes:
    start, end = _slice(chance, model)
    return model[:end] + model[start:]


def _zeroed(chance: random.Random, model: bytes) -> bytes:
    start, end = _slice(chance, model)
    return model[:start] + bytes(end - start) + model[end:]


def _swapped_lines(chance: random.Random, model: bytes) -> bytes:
    lines = model.splitlines(keepends=True)
    first, second = chance.sample(range(len(lines)), 2)
    lines[first], lines[second] = lines[second], lines[first]
    return b"".join(lines)


def _slice(chance: random.Random, model: bytes) -> tuple[int, int]:
    start = chance.randrange(len(model))
    return start, min(len(model), start + chance.choice((1, 2, 4, 64, 512)))


WAYS: list[Damage] = [
    _flipped,
    _overwritten,
    _other_digit,
    _other_letter,
    _truncated,
    _lost,
    _doubled,
    _zeroed,
    _swapped_lines,
]


def _edit(chance: random.Random, entries: Entries) -> None:
    """Changes one place, each entry being as likely as any other."""
    place, key = entries, chance.choice(list(entries))
    while isinstance(place[key], (list, dict)) and place[key] and chance.random() < 0.9:
        place = place[key]
        key = chance.choice(
            list(place) if isinstance(place, dict) else range(len(place))
        )
    match place[key]:
        case int() as number:
            place[key] = chance.choice(
                (number + 1, number - 1, -number, 2 * number, chance.choice(INTEGERS))
            )
        case str() as string:
            place[key] = chance.choice(
                (string + "a", string[:-1], string.upper(), chance.choice(STRINGS))
            )
        case _:
            _reshape(chance, place, key)


def _reshape(chance: random.Random, place: Any, key: Any) -> None:
    """Changes a list or an object."""
    value = place[key]
    if isinstance(value, list) and value:
        copy = json.loads(json.dumps(chance.choice(value)))
        place[key] = chance.choice(
            (
                value[:-1],
                value[1:],
                value[::-1],
                [*value, copy],
                [copy],
                [],
                chance.sample(value, len(value)),
            )
        )
    elif chance.random() < 0.5:
        del place[key]
    else:
        place[key] = chance.choice((0, "", [], {}, [0], [[]], {"a": 0}))
