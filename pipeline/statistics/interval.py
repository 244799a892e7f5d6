"""A value with its confidence interval."""

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

#: For every value that records hold. A wrong type, or a number that is not finite, is
#: refused where the value is made, not where it is written.
STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, defer_build=True)


@dataclass(frozen=True, config=STRICT)
class Interval:
    """A value and the bounds of its interval; all three are None where it is undefined.

    Attributes
    ----------
    value, low, high
        In one unit; ``low <= value <= high``.

    Examples
    --------
    >>> Interval(value=0.5, low=0.25, high=0.75).defined
    True
    >>> UNDEFINED.defined
    False
    """

    value: float | None
    low: float | None
    high: float | None

    @property
    def defined(self) -> bool:
        """Whether there is a value."""
        return self.value is not None


UNDEFINED = Interval(None, None, None)
