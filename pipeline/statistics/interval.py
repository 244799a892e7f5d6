"""A figure with its confidence interval."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Interval:
    """A value and the bounds of its interval; all three are None where it is undefined.

    Attributes
    ----------
    value, low, high
        Of one unit; ``low <= value <= high``.
    """

    value: float | None
    low: float | None
    high: float | None

    @property
    def defined(self) -> bool:
        """Whether there is a value."""
        return self.value is not None


UNDEFINED = Interval(None, None, None)
