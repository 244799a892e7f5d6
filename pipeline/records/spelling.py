"""Which label was probably meant by one that is not known."""

import difflib
from collections.abc import Collection


def closest_label(label: str, known: Collection[str]) -> str | None:
    """Return the label that was probably meant; None if no label is close.

    Examples
    --------
    >>> closest_label("SPAM ", ["normal", "spam"])
    'spam'
    """
    names = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(label.strip().casefold(), names, n=1)
    return names[close[0]] if close else None
