"""The regular expression that everything here compiles and matches."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Pattern:
    """A regular expression and the column of a table that it is searched in.

    Attributes
    ----------
    id
        Names the pattern in results and errors; unique in its set.
    field
        The column, for example ``body``.
    expression
        In the syntax of `re`; case is ignored.
    """

    id: str
    field: str
    expression: str
