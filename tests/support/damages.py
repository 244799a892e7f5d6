"""What can happen to an object in a store."""

from collections.abc import Callable


def _cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _empty(content: bytes) -> bytes:
    return b""


def _garbage(content: bytes) -> bytes:
    return b"\x00\xff" * (len(content) // 2 + 1)


def _flip(content: bytes) -> bytes:
    """Flip a bit of a digit or a letter, which often leaves the JSON valid."""
    flipped = bytearray(content)
    index = next(i for i in range(len(content) // 2, -1, -1) if content[i] > 47)
    flipped[index] ^= 1
    return bytes(flipped)


def _no_fields(content: bytes) -> bytes:
    return b"{}\n"


def _another_record(content: bytes) -> bytes:
    return b'{\n  "folds": 3,\n  "seed": 7\n}\n'


#: By name, what makes the damaged content of the content.
DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut": _cut,
    "empty": _empty,
    "garbage": _garbage,
    "flipped": _flip,
    "no fields": _no_fields,
    "another record": _another_record,
}
