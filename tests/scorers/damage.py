"""Damage files as storage, networks and other programs do.

The damage is seeded, so that a failure comes back.
"""

import contextlib
import json
import random
from collections.abc import Callable

from pipeline.export.exporters.nightsieve_linear.format import sealed
from tests.scorers.edited import CHECKSUM_LENGTH, Entries, Json, read, settle, write

Damage = Callable[[random.Random, bytes], bytes]
SETTLED_SHARE = 0.8  # of edited files that get the limits and self-test of the edit
INTEGERS = [
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
    2**20,
    2**31 - 1,
    2**31,
    2**52,
    2**53 - 1,
    -(2**31),
    -(2**53) + 1,
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
DIGITS = b"0123456789"
LETTERS = b"abcdefghijklmnopqrstuvwxyz"


def damage_bytes(rng: random.Random, model: bytes) -> bytes:
    """Flip, overwrite, lose, double or move some bytes of the file."""
    while True:
        changed = rng.choice(BYTE_DAMAGE)(rng, model)
        if changed != model:
            return changed


def damage_and_seal(rng: random.Random, model: bytes) -> bytes:
    """Damage the bytes, and correct the checksum.

    Only the other checks of a reader can see it.
    """
    return sealed(damage_bytes(rng, model[:-CHECKSUM_LENGTH]))


def damage_entries(rng: random.Random, model: bytes) -> bytes:
    """Change a number, string, list or object, and often what follows from it."""
    entries = read(model)
    for _ in range(rng.choice((1, 1, 1, 2))):
        _change_a_value(rng, entries)
    if rng.random() < SETTLED_SHARE:
        # Nothing follows from entries that are too wrong to score with.
        with contextlib.suppress(
            TypeError, ValueError, LookupError, ArithmeticError, AttributeError
        ):
            settle(entries)
    return write(entries)


def _flip_bits(rng: random.Random, model: bytes) -> bytes:
    content = bytearray(model)
    for _ in range(rng.choice((1, 1, 2, 8))):
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    return bytes(content)


def _overwrite(rng: random.Random, model: bytes) -> bytes:
    content = bytearray(model)
    for _ in range(rng.choice((1, 2, 4))):
        replacement = b'0123456789abcdef",:[]{}-\\ \n\0\xff'
        content[rng.randrange(len(content))] = rng.choice(replacement)
    return bytes(content)


def _change_a_digit(rng: random.Random, model: bytes) -> bytes:
    return _change_one_of(DIGITS, rng, model)


def _change_a_letter(rng: random.Random, model: bytes) -> bytes:
    return _change_one_of(LETTERS, rng, model)


def _change_one_of(alphabet: bytes, rng: random.Random, model: bytes) -> bytes:
    indices = [index for index, byte in enumerate(model) if byte in alphabet]
    index = rng.choice(indices)
    return model[:index] + rng.choice(alphabet).to_bytes() + model[index + 1 :]


def _truncate(rng: random.Random, model: bytes) -> bytes:
    return model[: rng.randrange(len(model))]


def _lose(rng: random.Random, model: bytes) -> bytes:
    start, end = _bounds(rng, model)
    return model[:start] + model[end:]


def _double(rng: random.Random, model: bytes) -> bytes:
    start, end = _bounds(rng, model)
    return model[:end] + model[start:]


def _zero(rng: random.Random, model: bytes) -> bytes:
    start, end = _bounds(rng, model)
    return model[:start] + bytes(end - start) + model[end:]


def _swap_lines(rng: random.Random, model: bytes) -> bytes:
    lines = model.splitlines(keepends=True)
    first, second = rng.sample(range(len(lines)), 2)
    lines[first], lines[second] = lines[second], lines[first]
    return b"".join(lines)


def _bounds(rng: random.Random, model: bytes) -> tuple[int, int]:
    start = rng.randrange(len(model))
    return start, min(len(model), start + rng.choice((1, 2, 4, 64, 512)))


BYTE_DAMAGE: list[Damage] = [
    _flip_bits,
    _overwrite,
    _change_a_digit,
    _change_a_letter,
    _truncate,
    _lose,
    _double,
    _zero,
    _swap_lines,
]


def _change_a_value(rng: random.Random, entries: Entries) -> None:
    """Change one value somewhere; each entry is as likely as any other."""
    parent: Json = entries
    key: Json = rng.choice(list(entries))
    while _has_items(parent[key]) and rng.random() < 0.9:
        parent = parent[key]
        keys = list(parent) if isinstance(parent, dict) else range(len(parent))
        key = rng.choice(keys)
    match parent[key]:
        case int() as integer:
            parent[key] = _other_integer(rng, integer)
        case str() as string:
            parent[key] = _other_string(rng, string)
        case _:
            _reshape(rng, parent, key)


def _has_items(value: Json) -> bool:
    return isinstance(value, list | dict) and bool(value)


def _other_integer(rng: random.Random, value: int) -> int:
    known = rng.choice(INTEGERS)
    return rng.choice((value + 1, value - 1, -value, 2 * value, known))


def _other_string(rng: random.Random, value: str) -> str:
    known = rng.choice(STRINGS)
    return rng.choice((value + "a", value[:-1], value.upper(), known))


def _reshape(rng: random.Random, parent: Json, key: Json) -> None:
    """Change a list or an object."""
    value = parent[key]
    if isinstance(value, list) and value:
        copy = json.loads(json.dumps(rng.choice(value)))
        shuffled = rng.sample(value, len(value))
        shapes: tuple[list[Json], ...] = (
            value[:-1],
            value[1:],
            value[::-1],
            [*value, copy],
            [copy],
            [],
            shuffled,
        )
        parent[key] = rng.choice(shapes)
    elif rng.random() < 0.5:
        del parent[key]
    else:
        other: tuple[Json, ...] = (0, "", [], {}, [0], [[]], {"a": 0})
        parent[key] = rng.choice(other)
