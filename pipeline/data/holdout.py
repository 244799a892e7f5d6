"""The slice of the texts that no night trains on: every model can be measured on it.

A cleaned text is in the slice or not, whatever the night: what one model was kept from,
the next one was kept from too.
"""

import hashlib
from collections.abc import Iterable

import numpy as np


def held_out(texts: Iterable[str], fraction: float) -> np.ndarray:
    """Return whether each cleaned text is in the slice, bool [n_texts].

    The slice of a larger fraction contains that of a smaller one.
    """
    bound = int(fraction * 2**64)
    return np.array([_hash(text) < bound for text in texts], dtype=bool)


def _hash(text: str) -> int:
    content = text.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "big")
