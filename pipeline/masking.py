"""Messages that a person may see: a token that the model has no term for is blocks, every digit is 0."""

import re
from collections.abc import Collection

from pipeline.characters import SEPARATOR

BLOCK = "\N{FULL BLOCK}"


def mask(cleaned: str, terms: Collection[str]) -> str:
    """The cleaned text, its tokens as long as they were; those that are none of the ``terms`` can be read no more.

    So no name, code or address gets through that is not in the exported file anyway.
    """
    tokens = cleaned.split(SEPARATOR)
    return SEPARATOR.join(hide_digits(token) if token in terms else BLOCK * len(token) for token in tokens)


def hide_digits(text: str) -> str:
    """The text with every digit, of any script, as 0."""
    return re.sub(r"\d", "0", text)
