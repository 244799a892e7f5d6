"""What is left of an object without some messages."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Erasure:
    """The content of an object without some messages.

    Attributes
    ----------
    rows
        The number of rows or documents that were erased.

    Examples
    --------
    >>> Erasure(b"content", rows=1).rows
    1
    """

    content: bytes
    rows: int
