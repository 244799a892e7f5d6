"""Erase messages from the page of a night, which was rendered long ago."""

import re
from collections.abc import Iterable

from markupsafe import escape

from pipeline.records.words import describe_erased

#: What stands in place of a masked message.
ERASED = "(erased)"
_NOTICE = re.compile(r'<p class="erased">[^<]*</p>\n')
_END_OF_HEADER = "</header>"


def erase_from_page(page: bytes, shown: Iterable[str], erased: int) -> bytes:
    r"""Return the page of a night without some masked messages.

    Parameters
    ----------
    shown
        The masked messages.
    erased
        The number of erased messages of the night, which the page says at its top; 0
        leaves what it says.

    Examples
    --------
    >>> page = b"<header>\n</header>\n<th>\xe2\x96\x88 code</th>"
    >>> print(erase_from_page(page, ["\N{FULL BLOCK} code"], erased=1).decode())
    <header>
    <p class="erased">Of this night, 1 message was erased later.</p>
    </header>
    <th>(erased)</th>
    """
    text = page.decode()
    for masked in shown:
        text = text.replace(f">{escape(masked)}<", f">{ERASED}<")
    if erased:
        notice = f'<p class="erased">{describe_erased(erased)}</p>\n'
        text = _NOTICE.sub("", text)
        text = text.replace(_END_OF_HEADER, f"{notice}{_END_OF_HEADER}", 1)
    return text.encode()
