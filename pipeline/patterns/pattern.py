"""Define the regular expression that this package compiles and matches."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Pattern:
    r"""A regular expression and the column of a table that it is searched in.

    Attributes
    ----------
    id
        Names the pattern in results and errors; unique in its set.
    field
        The column, for example ``body``.
    expression
        In the syntax of `re`; case is ignored.

    Examples
    --------
    >>> Pattern(id="prize", field="body", expression=r"\bprize\b").field
    'body'
    """

    id: str
    field: str
    expression: str
