"""What one classifier has more than another, as values; `bootstrap` computes them."""

from pydantic.dataclasses import dataclass

from pipeline.statistics.interval import STRICT, Interval


@dataclass(frozen=True, config=STRICT)
class Difference:
    """A figure of one classifier less that of another on the same texts.

    Attributes
    ----------
    texts
        Distinct texts behind the figure of the classifier that has fewer of them.
    """

    interval: Interval
    texts: int


@dataclass(frozen=True, config=STRICT)
class LabelDifference:
    """The differences of one label."""

    precision: Difference
    recall: Difference


@dataclass(frozen=True, config=STRICT)
class ClassifierDifference:
    """The differences of two classifiers.

    Attributes
    ----------
    macro_f1
        Undefined where no label has an F1.
    per_label
        By label, of those that macro F1 is the mean of.
    """

    macro_f1: Interval
    per_label: dict[str, LabelDifference]
