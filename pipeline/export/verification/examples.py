"""Texts that an error names without quoting them."""

import itertools
from collections.abc import Iterable

from pipeline.export.verification.chunks import sha256

MAX_EXAMPLES = 3
DIGITS = 12  # shown of a sha256


class Examples:
    """The first few texts with an error, by the start of their sha256."""

    def __init__(self) -> None:
        self._digests: list[str] = []

    def add(self, texts: Iterable[str]) -> None:
        """Remember the first of these texts while there is room."""
        room = MAX_EXAMPLES - len(self._digests)
        for text in itertools.islice(texts, room):
            digest = sha256(text)[:DIGITS]
            if digest not in self._digests:
                self._digests.append(digest)

    def __str__(self) -> str:
        digests = ", ".join(self._digests)
        return f"the first by sha256: {digests}"
