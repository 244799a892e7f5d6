"""The texts that no night trains on: every model can be measured on them.

A cleaned text is held out or not, whatever the night. So a text that is held out from
one model is also held out from the next one.
"""

import hashlib
from collections.abc import Iterable

import numpy as np


def held_out(texts: Iterable[str], fraction: float) -> np.ndarray:
    """Return whether each cleaned text is held out, bool [n_texts].

    A text that a fraction holds out is also held out by every larger fraction.

    Examples
    --------
    >>> held_out(["see you soon", "win a prize", "your code"], fraction=0.5)
    array([ True, False, False])
    """
    bound = int(fraction * 2**64)
    return np.array([_hash(text) < bound for text in texts], dtype=bool)


def _hash(text: str) -> int:
    content = text.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "big")
