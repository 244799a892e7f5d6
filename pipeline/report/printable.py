"""Text that XML and HTML allow."""

import re

_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]"
)


def printable(text: str) -> str:
    """Return the text with U+FFFD for every character that XML forbids.

    Examples
    --------
    >>> printable("no bell") == "no bell"
    True
    """
    if not _UNPRINTABLE.search(text):
        return text
    return _UNPRINTABLE.sub("\ufffd", text)
