"""The slice of the texts that no night trains on, so that every model can be measured on it.

A cleaned text is in the slice or not, whatever the night: what one model was kept from, the next one was kept from too.
"""

import hashlib
from collections.abc import Iterable

import numpy as np


def held_out(texts: Iterable[str], fraction: float) -> np.ndarray:
    """Whether each cleaned text is in the slice, bool [n_texts]; a larger fraction holds all of a smaller one's."""
    bound = int(fraction * 2**64)
    return np.array([_place(text) < bound for text in texts], dtype=bool)


def _place(text: str) -> int:
    return int.from_bytes(
        hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(),
        "big",
    )
